// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* Writing the log, and reading it back. See record.h. */
#include <linux/errno.h>

#include "core/policy_cpu.h"
#include "core/record.h"

/* Records are compared as words: none of the structures has padding (tested). */
static void clear(void *to, __u64 bytes)
{
	__u64 *w = to, n;

	for (n = 0; n < bytes / 8; n++)
		w[n] = 0;
}

static int same(const void *a, const void *b, __u64 bytes)
{
	const __u64 *x = a, *y = b;
	__u64 n;

	for (n = 0; n < bytes / 8; n++)
		if (x[n] != y[n])
			return 0;
	return 1;
}

void wattle_record_begin(struct wattle_record *r, enum wattle_record_type type, __u32 cpu,
			 const struct wattle_item *item, __u64 now_ns)
{
	clear(r, sizeof(*r));
	r->type = type;
	r->cpu = cpu;
	r->now_ns = now_ns;
	r->item = item ? item->id : WATTLE_RECORD_NO_ITEM;
}

/* Could a caller have made it, in the state that things are in? */
static int possible(const struct wattle_policy *p, const struct wattle_record *r,
		    const struct wattle_item *item)
{
	switch (r->type) {
	case WATTLE_RECORD_TOPOLOGY:
	case WATTLE_RECORD_LIMITS:
	case WATTLE_RECORD_SPEED:
		return r->cpu < p->nr_cpus;
	case WATTLE_RECORD_SUBMIT:
		return item && item->state == WATTLE_ITEM_OUT;
	case WATTLE_RECORD_DECIDE:
		return r->cpu < p->nr_cpus &&
		       (!item || (item->state == WATTLE_ITEM_WAITING && item->cpu == r->cpu));
	case WATTLE_RECORD_START:
		return item && item->state == WATTLE_ITEM_WAITING && !p->cpus[item->cpu].running;
	case WATTLE_RECORD_DONE:
		return item && item->state == WATTLE_ITEM_RUNNING;
	case WATTLE_RECORD_CANCEL:
		return item && item->state == WATTLE_ITEM_WAITING;
	}
	return 0;
}

int wattle_record_replay(struct wattle_policy *p, const struct wattle_record *r,
			 struct wattle_item *items, __u64 nr_items)
{
	struct wattle_item *item = r->item < nr_items ? &items[r->item] : NULL;
	struct wattle_admit_verdict v;
	struct wattle_decision d;

	if ((!item && r->item != WATTLE_RECORD_NO_ITEM) || !possible(p, r, item))
		return -EINVAL;
	switch (r->type) {
	case WATTLE_RECORD_TOPOLOGY:
		wattle_policy_topology(p, r->cpu, r->arg[0], r->arg[1]);
		break;
	case WATTLE_RECORD_LIMITS:
		wattle_policy_limits(p, r->cpu, r->arg[0], r->arg[1], r->arg[2], r->arg[3],
				     r->now_ns);
		break;
	case WATTLE_RECORD_SPEED:
		wattle_policy_speed(p, r->cpu, r->arg[0], r->now_ns);
		break;
	case WATTLE_RECORD_SUBMIT:
		item->id = r->item;
		item->in = r->work;
		wattle_policy_submit(p, item, &v, r->now_ns);
		return same(&v, &r->verdict, sizeof(v)) ? 0 : -EILSEQ;
	case WATTLE_RECORD_DECIDE:
		wattle_policy_decide(p, r->cpu, item, &d, r->now_ns);
		return same(&d, &r->decision, sizeof(d)) ? 0 : -EILSEQ;
	case WATTLE_RECORD_START:
		wattle_policy_start(p, item, r->now_ns);
		break;
	case WATTLE_RECORD_DONE:
		item->run_ns = r->run_ns;
		item->unfit = r->arg[0];
		wattle_policy_done(p, item, r->now_ns);
		break;
	case WATTLE_RECORD_CANCEL:
		wattle_policy_cancel(p, item, r->now_ns);
		break;
	}
	return 0;
}
