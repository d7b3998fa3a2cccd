// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* The whole scheduler: initialisation, mode, supply, draining, the timer. */
#include "core/internal.h"

void wattle_sched_init(struct wattle_sched *s, const struct wattle_sched_ops *ops,
		       const struct wattle_sched_limits *limits,
		       struct wattle_sched_cpu *cpus, __u32 nr_cpus)
{
	static const struct wattle_sched zero;
	__u32 i;

	*s = zero;
	s->ops = ops;
	s->limits = *limits;
	s->cpus = cpus;
	s->nr_cpus = nr_cpus;
	s->nr_supply = nr_cpus;
	s->mode = WATTLE_MODE_OBSERVE;
	wattle_list_init(&s->clients);
	wattle_list_init(&s->queues);
	wattle_list_init(&s->running);
	wattle_heap_init(&s->delayed);
	for (i = 0; i < WATTLE_SCHED_CLASSES; i++)
		wattle_admit_init(&s->admit[i], nr_cpus);
	for (i = 0; i < nr_cpus; i++) {
		cpus[i].managed = 1;
		cpus[i].nr_busy = 0;
		wattle_list_init(&cpus[i].parked);
	}
}

int wattle_sched_set_mode(struct wattle_sched *s, __u32 mode, __u64 now_ns)
{
	struct wattle_sched_client *c;

	if (mode > WATTLE_MODE_ENFORCE)
		return -EINVAL;
	s->mode = mode;
	s->hold_ns = 0;
	/* Less gating lets workers go; more takes nothing back and acts from the next grant on. */
	wattle_list_for_each(c, &s->clients, sched_link)
		wattle_sched_rescan_client(c, now_ns);
	return 0;
}

void wattle_sched_set_supply(struct wattle_sched *s, __u32 nr_cpus, __u32 khz)
{
	int i;

	s->nr_supply = nr_cpus;
	s->supply_khz = khz;
	wattle_sched_hold_end(s);
	for (i = 0; i < WATTLE_SCHED_CLASSES; i++)
		wattle_admit_set_cpus(&s->admit[i], nr_cpus);
}

int wattle_sched_settle_supply(struct wattle_sched *s, __u32 max)
{
	int i, more = 0;

	for (i = 0; i < WATTLE_SCHED_CLASSES; i++)
		more |= wattle_admit_settle(&s->admit[i], max);
	return more;
}

void wattle_sched_cpu_manage(struct wattle_sched *s, __u32 cpu, __u32 managed, __u64 now_ns)
{
	if (cpu >= s->nr_cpus)
		return;
	s->cpus[cpu].managed = !!managed;
	wattle_sched_rescan_cpu(s, cpu, now_ns);
}

void wattle_sched_drain(struct wattle_sched *s, __u64 now_ns)
{
	struct wattle_sched_client *c;

	(void)now_ns;
	s->draining = 1;
	wattle_sched_hold_end(s);
	wattle_list_for_each(c, &s->clients, sched_link)
		wattle_sched_settle(c);
}

/* Batches released in one tick: what more is due waits for the next, which follows at once. */
#define RELEASE_MAX	64

static void release_due(struct wattle_sched *s, __u64 now_ns)
{
	struct wattle_heap_node *n;
	int left = RELEASE_MAX;

	while (left-- && (n = wattle_heap_first(&s->delayed)) && n->key <= now_ns) {
		struct wattle_sched_batch *b;

		b = wattle_container_of(n, struct wattle_sched_batch, node);
		wattle_heap_remove(&s->delayed, n);
		/* Its promise now counts from here, without the blocking it was given room for. */
		if (b->due.height && b->due.kind == WATTLE_ADMIT_DELAYED) {
			wattle_sched_ledger_sub(b);
			wattle_sched_ledger_add(b, now_ns);
		}
		wattle_sched_make_ready(b);
		wattle_sched_offer(b, now_ns);
	}
}

void wattle_sched_tick(struct wattle_sched *s, __u64 now_ns)
{
	struct wattle_sched_worker *w, *tmp;
	struct wattle_sched_client *c;
	struct wattle_heap_node *n;
	__u64 next = WATTLE_U64_MAX;

	s->timer_ns = 0;
	release_due(s, now_ns);
	wattle_sched_hold_tick(s, now_ns);
	/* Expiry takes nobody but @w off the list, and what it may grant goes to the end. */
	wattle_list_for_each_safe(w, tmp, &s->running, run_link) {
		if (w->state != WATTLE_WORKER_GRANTED)
			continue;
		if (wattle_lease_over(w->lease_ns, now_ns))
			wattle_sched_expire(w, now_ns);
	}
	wattle_list_for_each(w, &s->running, run_link) {
		if (w->state == WATTLE_WORKER_GRANTED && w->lease_ns < next)
			next = w->lease_ns;
	}
	n = wattle_heap_first(&s->delayed);
	if (n && n->key < next)
		next = n->key;
	if (s->hold_ns && s->hold_ns < next)
		next = s->hold_ns;
	wattle_sched_arm(s, next);
	if (s->draining) {
		wattle_list_for_each(c, &s->clients, sched_link)
			wattle_sched_settle(c);
	}
}
