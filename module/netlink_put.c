// SPDX-License-Identifier: GPL-2.0-only
/*
 * What netlink messages hold. Views are taken under the device lock; putting them into
 * a message needs no lock. All return 0, or -EMSGSIZE when the message is full.
 */
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <net/netlink.h>

#include <linux/wattle_netlink.h>

#include "advise.h"
#include "chardev.h"
#include "cpus.h"
#include "device.h"
#include "domain.h"
#include "mode.h"
#include "model.h"
#include "netlink_put.h"
#include "notify.h"
#include "queue.h"
#include "user.h"
#include "watch.h"

/**
 * wattle_view_queue() - take a queue's view; called under the device lock
 * @v: filled
 * @q: the queue
 */
void wattle_view_queue(struct wattle_queue_view *v, struct wattle_queue *q)
{
	struct wattle_client *c = wattle_client_of(q->sched.client);

	v->client = c->id;
	v->uid = c->user->uid;
	v->pid = c->pid;
	v->id = q->sched.id;
	v->params = q->sched.params;
	wattle_sched_queue_stats(&q->sched, &v->stats, ktime_get_ns());
	wattle_watch_stats(q, &v->stats);
	v->advice = q->advice;
}

/**
 * wattle_view_client() - take a client's view; called under the device lock
 * @v: filled
 * @c: the client
 */
void wattle_view_client(struct wattle_client_view *v, struct wattle_client *c)
{
	v->id = c->id;
	v->uid = c->user->uid;
	v->pid = c->pid;
	v->queues = c->sched.nr_queues;
	v->workers = c->sched.nr_workers;
	v->waiting = c->sched.nr_waiting;
}

/**
 * wattle_view_device() - take the device's view; called under the device lock
 * @v: filled
 *
 * Walks all queues.
 */
void wattle_view_device(struct wattle_device_view *v)
{
	const struct wattle_sched *s = &wattle.sched;

	v->mode = s->mode;
	v->draining = s->draining;
	v->clients = s->nr_clients;
	v->queues = s->nr_queues;
	v->workers = s->nr_workers;
	v->events_lost = wattle.events_lost;
	wattle_sched_totals(s, &v->totals, ktime_get_ns());
	v->waiting = v->totals.queued;
	v->advice = *wattle_advise_total();
}

/* Every set has its padding first. */
static int put64(struct sk_buff *skb, int attr, u64 value)
{
	return nla_put_u64_64bit(skb, attr, value, WATTLE_A_PAD);
}

static int put_params(struct sk_buff *skb, const struct wattle_queue_params *p)
{
	struct nlattr *nest = nla_nest_start(skb, WATTLE_A_PARAMS);

	if (!nest ||
	    nla_put_u32(skb, WATTLE_A_PARAMS_CLASS, p->class) ||
	    nla_put_u32(skb, WATTLE_A_PARAMS_WEIGHT, p->weight) ||
	    nla_put_u32(skb, WATTLE_A_PARAMS_FLAGS, p->flags) ||
	    nla_put_u32(skb, WATTLE_A_PARAMS_MAX_SLOWDOWN_PM, p->max_slowdown_pm) ||
	    put64(skb, WATTLE_A_PARAMS_MAX_DELAY_US, p->max_delay_us) ||
	    nla_put_u32(skb, WATTLE_A_PARAMS_MAX_INFLIGHT, p->max_inflight) ||
	    (p->energy_budget_uj &&
	     put64(skb, WATTLE_A_PARAMS_ENERGY_BUDGET_UJ, p->energy_budget_uj)) ||
	    put64(skb, WATTLE_A_PARAMS_LEASE_NS, p->lease_ns))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

struct wattle_put_count {
	u16	attr;
	u16	offset;
};

#define COUNT(ATTR, field)	\
	{ WATTLE_A_STATS_##ATTR, offsetof(struct wattle_queue_stats, field) }

static const struct wattle_put_count put_counts[] = {
	COUNT(SUBMITTED, submitted), COUNT(ADMITTED, admitted), COUNT(BEST_EFFORT, best_effort),
	COUNT(REFUSED, refused), COUNT(COMPLETED, completed), COUNT(CANCELLED, cancelled),
	COUNT(ABORTED, aborted), COUNT(QUEUED, queued), COUNT(GRANTED, granted),
	COUNT(FAILED, failed), COUNT(LATE, late), COUNT(MISSED, missed),
	COUNT(LEASE_EXPIRED, lease_expired), COUNT(MIGRATED, migrated), COUNT(REQUEUED, requeued),
	COUNT(WOULD_REFUSE, would_refuse), COUNT(RUN_NS, run_ns), COUNT(WAIT_NS, wait_ns),
	COUNT(CPU_NS, cpu_ns),
};

static int put_guard(struct sk_buff *skb, const struct wattle_queue_stats *st)
{
	struct nlattr *nest = nla_nest_start(skb, WATTLE_A_GUARD);

	if (!nest ||
	    (st->demoted && nla_put_flag(skb, WATTLE_A_GUARD_DEMOTED)) ||
	    (st->slowdown_pm &&
	     nla_put_u32(skb, WATTLE_A_GUARD_SLOWDOWN_PM, st->slowdown_pm)) ||
	    put64(skb, WATTLE_A_GUARD_DEMOTIONS, st->demotions))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* What there is nothing to say of is absent; joules are the power table's, and its error's. */
static int put_advice(struct sk_buff *skb, const struct wattle_advice *a, bool energy)
{
	const struct wattle_model_table *t;
	struct nlattr *nest;
	u32 error_pm = 0;
	bool simulated = false;

	if (!a->run_ns && !a->unknown_ns)
		return 0;
	rcu_read_lock();
	t = wattle_model();
	if (t) {
		error_pm = t->error_pm;
		simulated = t->flags & WATTLE_MODEL_SIMULATED;
	}
	rcu_read_unlock();
	nest = nla_nest_start(skb, WATTLE_A_ADVICE);
	if (!nest ||
	    put64(skb, WATTLE_A_ADVICE_RUN_NS, a->run_ns) ||
	    put64(skb, WATTLE_A_ADVICE_UNKNOWN_NS, a->unknown_ns) ||
	    put64(skb, WATTLE_A_ADVICE_LONGER_NS, a->longer_ns) ||
	    put64(skb, WATTLE_A_ADVICE_PRICED_NS, a->priced_ns) ||
	    (simulated && nla_put_flag(skb, WATTLE_A_ADVICE_SIMULATED)) ||
	    (error_pm && nla_put_u32(skb, WATTLE_A_ADVICE_ERROR_PM, error_pm)))
		return -EMSGSIZE;
	if (energy && a->priced_ns &&
	    (put64(skb, WATTLE_A_ADVICE_SPENT_UJ, a->spent_nj / 1000) ||
	     put64(skb, WATTLE_A_ADVICE_WOULD_UJ, a->would_nj / 1000)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_stats(struct sk_buff *skb, const struct wattle_queue_stats *st, bool energy)
{
	struct nlattr *nest = nla_nest_start(skb, WATTLE_A_STATS);
	unsigned int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < ARRAY_SIZE(put_counts); i++) {
		const u64 *value = (const void *)st + put_counts[i].offset;

		if (put64(skb, put_counts[i].attr, *value))
			return -EMSGSIZE;
	}
	/* An unknown figure is left out, never 0; so is one the caller may not see. */
	if (energy && nla_put_u32(skb, WATTLE_A_STATS_ENERGY_QUALITY, st->energy_quality))
		return -EMSGSIZE;
	if (energy && st->energy_quality != WATTLE_QUALITY_NONE &&
	    put64(skb, WATTLE_A_STATS_ENERGY_UJ, st->energy_uj))
		return -EMSGSIZE;
	if (nla_put(skb, WATTLE_A_STATS_WAIT_HIST, sizeof(st->wait_hist), st->wait_hist) ||
	    nla_put(skb, WATTLE_A_STATS_RUN_HIST, sizeof(st->run_hist), st->run_hist))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_opener(struct sk_buff *skb, u64 client, kuid_t uid, pid_t pid)
{
	return put64(skb, WATTLE_A_CLIENT, client) ||
	       nla_put_u32(skb, WATTLE_A_UID, from_kuid(&init_user_ns, uid)) ||
	       nla_put_u32(skb, WATTLE_A_PID, pid) ? -EMSGSIZE : 0;
}

/**
 * wattle_put_queue() - a queue
 * @skb: the message
 * @v: the queue's view
 * @energy: whoever gets this may see joules
 */
int wattle_put_queue(struct sk_buff *skb, const struct wattle_queue_view *v, bool energy)
{
	if (put_opener(skb, v->client, v->uid, v->pid) ||
	    nla_put_u32(skb, WATTLE_A_QUEUE, v->id) ||
	    nla_put_string(skb, WATTLE_A_NAME, v->stats.name) ||
	    put_params(skb, &v->params) ||
	    put_stats(skb, &v->stats, energy) ||
	    put_guard(skb, &v->stats) ||
	    put_advice(skb, &v->advice, energy))
		return -EMSGSIZE;
	return 0;
}

/**
 * wattle_put_client() - a client
 * @skb: the message
 * @v: the client's view
 */
int wattle_put_client(struct sk_buff *skb, const struct wattle_client_view *v)
{
	if (put_opener(skb, v->id, v->uid, v->pid) ||
	    nla_put_u32(skb, WATTLE_A_QUEUES, v->queues) ||
	    nla_put_u32(skb, WATTLE_A_WORKERS, v->workers) ||
	    nla_put_u32(skb, WATTLE_A_WAITING, v->waiting))
		return -EMSGSIZE;
	return 0;
}

static int put_energy(struct sk_buff *skb, const struct wattle_energy_report *e, bool energy)
{
	struct nlattr *nest = nla_nest_start(skb, WATTLE_A_ENERGY);

	if (!nest ||
	    (e->source[0] && nla_put_string(skb, WATTLE_A_ENERGY_SOURCE, e->source)) ||
	    nla_put_u32(skb, WATTLE_A_ENERGY_QUALITY, e->quality) ||
	    (e->simulated && nla_put_flag(skb, WATTLE_A_ENERGY_SIMULATED)) ||
	    put64(skb, WATTLE_A_ENERGY_READ_ERRORS, e->read_errors) ||
	    put64(skb, WATTLE_A_ENERGY_UNSURE_EPOCHS, e->unsure_epochs))
		return -EMSGSIZE;
	if (e->quality != WATTLE_QUALITY_NONE && !energy) {
		if (nla_put_flag(skb, WATTLE_A_ENERGY_DENIED))
			return -EMSGSIZE;
	} else if (e->quality != WATTLE_QUALITY_NONE) {
		if (put64(skb, WATTLE_A_ENERGY_TOTAL_UJ, e->total_uj) ||
		    put64(skb, WATTLE_A_ENERGY_CHARGED_UJ, e->charged_uj) ||
		    put64(skb, WATTLE_A_ENERGY_UNATTRIBUTED_UJ, e->rest_uj) ||
		    put64(skb, WATTLE_A_ENERGY_STAMP_NS, e->stamp_ns))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * wattle_put_device() - the device
 * @skb: the message
 * @v: its view
 * @e: its energy accounts
 * @energy: whoever gets this may see joules
 */
int wattle_put_device(struct sk_buff *skb, const struct wattle_device_view *v,
		      const struct wattle_energy_report *e, bool energy)
{
	u32 khz = wattle_cpus_supply_khz();

	if (nla_put_u32(skb, WATTLE_A_ABI_MAJOR, WATTLE_ABI_MAJOR) ||
	    nla_put_u32(skb, WATTLE_A_ABI_MINOR, WATTLE_ABI_MINOR) ||
	    nla_put_u32(skb, WATTLE_A_MODE, v->mode) ||
	    (v->draining && nla_put_flag(skb, WATTLE_A_DRAINING)) ||
	    nla_put_u32(skb, WATTLE_A_CPUS_ONLINE, num_online_cpus()) ||
	    nla_put_u32(skb, WATTLE_A_CPUS_MANAGED, wattle_cpus_nr_managed()) ||
	    (khz && nla_put_u32(skb, WATTLE_A_SUPPLY_KHZ, khz)) ||
	    nla_put_u32(skb, WATTLE_A_CLIENTS, v->clients) ||
	    nla_put_u32(skb, WATTLE_A_QUEUES, v->queues) ||
	    nla_put_u32(skb, WATTLE_A_WORKERS, v->workers) ||
	    nla_put_u32(skb, WATTLE_A_WAITING, v->waiting) ||
	    put64(skb, WATTLE_A_EVENTS_LOST, v->events_lost) ||
	    put_energy(skb, e, energy) ||
	    put_stats(skb, &v->totals, energy) ||
	    put_advice(skb, &v->advice, energy))
		return -EMSGSIZE;
	return 0;
}

/* What we hold of a CPU's clock, 0 nothing. */
static u32 wattle_put_requested_khz(u32 cpu)
{
	const struct wattle_clock *k;
	u32 khz;

	down_read(&wattle_domain_sem);
	k = wattle_domain_clock_of(cpu);
	khz = k ? READ_ONCE(k->held_khz) : 0;
	up_read(&wattle_domain_sem);
	return khz;
}

/**
 * wattle_put_cpu() - a possible CPU
 * @skb: the message
 * @cpu: its number
 */
int wattle_put_cpu(struct sk_buff *skb, u32 cpu)
{
	const struct wattle_sched_cpu *sc = &wattle.sched.cpus[cpu];
	bool online = cpu_online(cpu);
	u32 khz = wattle_cpus_observed_khz(cpu), asked = wattle_put_requested_khz(cpu);

	if (nla_put_u32(skb, WATTLE_A_CPU, cpu) ||
	    (online && nla_put_flag(skb, WATTLE_A_ONLINE)) ||
	    (wattle_cpus_is_managed(cpu) && nla_put_flag(skb, WATTLE_A_MANAGED)) ||
	    (READ_ONCE(sc->managed) && wattle_mode_get() == WATTLE_MODE_ENFORCE &&
	     nla_put_flag(skb, WATTLE_A_GATED)) ||
	    nla_put_u32(skb, WATTLE_A_BUSY, READ_ONCE(sc->nr_busy)) ||
	    (asked && nla_put_u32(skb, WATTLE_A_KHZ_REQUESTED, asked)) ||
	    (khz && nla_put_u32(skb, WATTLE_A_KHZ_OBSERVED, khz)))
		return -EMSGSIZE;
	return 0;
}

static int put_note_batch(struct sk_buff *skb, const struct wattle_note *n)
{
	if (put64(skb, WATTLE_A_USER_DATA, n->user_data) ||
	    (n->deadline_ns && put64(skb, WATTLE_A_DEADLINE_NS, n->deadline_ns)))
		return -EMSGSIZE;
	if (n->cmd == WATTLE_CMD_REFUSE_NTF)
		return nla_put_u32(skb, WATTLE_A_REASON, n->arg);
	if (put64(skb, WATTLE_A_BATCH, n->batch) ||
	    (n->cpu != WATTLE_CPU_ANY && nla_put_u32(skb, WATTLE_A_CPU, n->cpu)) ||
	    nla_put_u32(skb, WATTLE_A_TID, n->tid) ||
	    put64(skb, WATTLE_A_RUN_NS, n->run_ns))
		return -EMSGSIZE;
	return 0;
}

/**
 * wattle_put_note() - a notification, but for a queue's own attributes
 * @skb: the message
 * @n: what happened
 */
int wattle_put_note(struct sk_buff *skb, const struct wattle_note *n)
{
	if (put64(skb, WATTLE_A_SEQ, n->seq) ||
	    put64(skb, WATTLE_A_LOST, n->lost) ||
	    put64(skb, WATTLE_A_TIME_NS, n->time_ns))
		return -EMSGSIZE;
	switch (n->cmd) {
	case WATTLE_CMD_MODE_NTF:
		return nla_put_u32(skb, WATTLE_A_MODE, n->arg) ||
		       nla_put_u32(skb, WATTLE_A_MODE_BEFORE, n->before) ? -EMSGSIZE : 0;
	case WATTLE_CMD_LEASE_NTF:
	case WATTLE_CMD_REFUSE_NTF:
		if (put64(skb, WATTLE_A_CLIENT, n->client) ||
		    nla_put_u32(skb, WATTLE_A_QUEUE, n->queue))
			return -EMSGSIZE;
		return put_note_batch(skb, n);
	}
	return 0;
}
