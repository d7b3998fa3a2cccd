// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The whole policy on a CPU that does what it is told, after a delay: whatever
 * comes, what was promised is in time, and every decision says why.
 */
#include <errno.h>

#include "policy_help.h"
#include "core/record.h"

#define N	64
#define CPUS	3

static struct wattle_power power;
static struct wattle_policy policy;
static struct wattle_policy_cpu cpus[CPUS];
static struct wattle_item items[N];

static int logging;

static void keep(void *data, const struct wattle_record *r);

static void begin(uint32_t nr)
{
	wattle_policy_init(&policy, &power, NULL, cpus, nr, 0);
	policy.log = logging ? keep : NULL;
	memset(items, 0, sizeof(items));
}

static struct wattle_admit_verdict submit(int i, uint64_t kc, uint64_t deadline, uint64_t now)
{
	struct wattle_admit_verdict v;

	items[i].id = i;
	items[i].in.kcycles = kc;
	items[i].in.deadline_ns = deadline;
	wattle_policy_submit(&policy, &items[i], &v, now);
	return v;
}

static struct wattle_decision decide(uint32_t cpu, const struct wattle_item *next, uint64_t now)
{
	struct wattle_decision d;

	wattle_policy_decide(&policy, cpu, next, &d, now);
	return d;
}

static void reasons(void **state)
{
	struct wattle_admit_verdict v;
	struct wattle_decision d;

	(void)state;
	begin(1);
	d = decide(0, NULL, 0);
	assert_int_equal(d.binding, WATTLE_BIND_NONE);
	assert_int_equal(d.khz, 0);
	/* Plenty of time: energy decides (alone in its package). */
	v = submit(0, 1000000, 100 * SEC, 0);
	assert_int_equal(v.status, WATTLE_ADMISSION_PROMISED);
	assert_true(v.cost_pj > 0);
	d = decide(0, &items[0], 0);
	assert_int_equal(d.binding, WATTLE_BIND_FLOOR);
	assert_int_equal(d.khz, 2600000);
	assert_int_equal(d.start_ns, 0);
	/* The deadline decides. */
	v = submit(1, 3000000, 1300 * MS, 0);
	assert_int_equal(v.status, WATTLE_ADMISSION_PROMISED);
	d = decide(0, &items[1], 0);
	assert_int_equal(d.binding, WATTLE_BIND_FLOOR);
	v = submit(2, 800000, 1300 * MS, 0);
	assert_int_equal(v.status, WATTLE_ADMISSION_PROMISED);
	d = decide(0, &items[1], 0);
	assert_int_equal(d.binding, WATTLE_BIND_DEMAND);
	assert_int_equal(d.khz, 3200000);
	/* 3.8 G in 1.3 s, less waking, a change and the guard. */
	assert_in_range(d.demand_khz, 2923077, 2923600);
	/* A cap that does not bind shows in cap_khz; one that does is the reason. */
	wattle_policy_limits(&policy, 0, 0, 3000000, 0, 1, 0);
	d = decide(0, &items[1], 0);
	assert_int_equal(d.binding, WATTLE_BIND_LATE);
	assert_int_equal(d.khz, 2600000);
	wattle_policy_limits(&policy, 0, 0, ~0U, 0, 1, 0);
	/* No time left for another: the earliest that there is, and not for a strict one. */
	items[3].in.flags = WATTLE_WORK_STRICT;
	v = submit(3, 800000, 1350 * MS, 0);
	assert_int_equal(v.status, WATTLE_ADMISSION_REFUSED);
	assert_int_equal(v.reason, WATTLE_ADMIT_INFEASIBLE);
	items[3].in.flags = 0;
	v = submit(3, 800000, 1350 * MS, 0);
	assert_int_equal(v.status, WATTLE_ADMISSION_BEST_EFFORT);
	assert_true(items[3].order_ns > 1350 * MS);
	d = decide(0, &items[1], 0);
	assert_int_not_equal(d.binding, WATTLE_BIND_LATE);
	v = submit(4, 1, 1, 2);
	assert_int_equal(v.reason, WATTLE_ADMIT_PAST);
	v = submit(5, 0, SEC, 2);
	assert_int_equal(v.reason, WATTLE_ADMIT_UNKNOWN);
	items[6].in.energy_cap_uj = 1;
	v = submit(6, 1000000, 1000 * SEC, 2);
	assert_int_equal(v.reason, WATTLE_ADMIT_OVER_CAP);
	assert_int_equal(v.status, WATTLE_ADMISSION_REFUSED);
	wattle_policy_limits(&policy, 0, 0, ~0U, 0, 0, 2);
	v = submit(7, 1, 1000 * SEC, 2);
	assert_int_equal(v.reason, WATTLE_ADMIT_NO_CPU);
}

static void reasons_without_deadline(void **state)
{
	struct wattle_decision d;

	(void)state;
	begin(1);
	/* Unknown: at full speed, to be learned. */
	submit(0, 0, 0, 0);
	d = decide(0, &items[0], 0);
	assert_int_equal(d.binding, WATTLE_BIND_UNKNOWN);
	assert_int_equal(d.khz, 3200000);
	wattle_policy_cancel(&policy, &items[0], 0);
	/* No slowdown allowed. */
	submit(0, 1000000, 0, 0);
	d = decide(0, &items[0], 0);
	assert_int_equal(d.binding, WATTLE_BIND_SLOWDOWN);
	assert_int_equal(d.khz, 3200000);
	items[0].in.slowdown_pm = 300;
	d = decide(0, &items[0], 0);
	assert_int_equal(d.khz, 2600000);
	assert_int_equal(d.binding, WATTLE_BIND_FLOOR);
	/* A foreign minimum is not undercut. */
	wattle_policy_limits(&policy, 0, 2700000, ~0U, 0, 1, 0);
	d = decide(0, &items[0], 0);
	assert_int_equal(d.khz, 3200000);
	assert_int_equal(d.binding, WATTLE_BIND_MINIMUM);
	wattle_policy_limits(&policy, 0, 0, 2000000, 0, 1, 0);
	d = decide(0, &items[0], 0);
	assert_int_equal(d.khz, 2000000);
	/* A backlog makes the node's time dear: nothing is saved by slowing it. */
	wattle_policy_limits(&policy, 0, 0, ~0U, 0, 1, 0);
	items[0].in.slowdown_pm = 10000;
	items[0].in.objective = WATTLE_OBJECTIVE_THROUGHPUT;
	d = decide(0, &items[0], 0);
	assert_int_equal(d.khz, 3200000);
	assert_int_equal(d.binding, WATTLE_BIND_FLOOR);
	/* It takes longer than it said. */
	wattle_policy_start(&policy, &items[0], 0);
	d = decide(0, NULL, 0);
	assert_true(d.recheck_ns > 312500000 && d.recheck_ns < 400 * MS);
	d = decide(0, NULL, d.recheck_ns);
	assert_int_equal(d.binding, WATTLE_BIND_OVERRUN);
	wattle_policy_done(&policy, &items[0], SEC);
	d = decide(0, NULL, SEC);
	assert_int_equal(d.binding, WATTLE_BIND_NONE);
}

/* Progress is reckoned with the speed there was. */
static void half_done_is_half_done(void **state)
{
	struct wattle_decision d;

	(void)state;
	begin(1);
	submit(0, 3200000, 2 * SEC, 0);
	wattle_policy_start(&policy, &items[0], 0);
	wattle_policy_speed(&policy, 0, 3200000, 0);
	d = decide(0, NULL, 500 * MS);
	assert_in_range(d.demand_khz, 1066600, 1066800);
	wattle_policy_speed(&policy, 0, 800000, 500 * MS);
	d = decide(0, NULL, 1000 * MS);
	assert_in_range(d.demand_khz, 1200000, 1200100);
	/* Too slow for what is left. */
	d = decide(0, NULL, 1800 * MS);
	assert_int_equal(d.binding, WATTLE_BIND_DEMAND);
	d = decide(0, NULL, 1950 * MS);
	assert_int_equal(d.binding, WATTLE_BIND_LATE);
}

/* Two operating points around the speed that is needed: the faster first. */
static void a_batch_between_two_points_is_split(void **state)
{
	struct wattle_decision d;
	uint64_t end;

	(void)state;
	begin(1);
	submit(0, 2900000, SEC + policy.params.guard_ns, 0);
	wattle_policy_start(&policy, &items[0], 0);
	d = decide(0, NULL, 0);
	assert_int_equal(d.khz, 3200000);
	assert_in_range(d.recheck_ns, 499 * MS, 501 * MS);
	wattle_policy_speed(&policy, 0, d.khz, 0);
	end = d.recheck_ns;
	d = decide(0, NULL, end);
	assert_int_equal(d.khz, 2600000);
	/* And that is enough. */
	assert_true(d.demand_khz <= 2600000);
}

struct sim {
	uint64_t	seed, now;
	int		misses, promised, switches, defers;
};

static struct wattle_item *ready(uint32_t cpu, uint64_t now, uint64_t *next)
{
	struct wattle_item *best = NULL;
	int i;

	for (i = 0; i < N; i++) {
		struct wattle_item *it = &items[i];

		if (it->state != WATTLE_ITEM_WAITING || it->cpu != cpu)
			continue;
		if (it->in.release_ns > now) {
			*next = it->in.release_ns < *next ? it->in.release_ns : *next;
			continue;
		}
		if (!best || it->order_ns < best->order_ns)
			best = it;
	}
	return best;
}

/*
 * One CPU in small exact steps of its own reckoning: work left as a fraction of
 * C, each change of frequency stops it for the transition, waking takes the
 * deepest exit latency. Runs until @until or the next decision point.
 */
struct cpu_model {
	uint64_t	at, stop, recheck;
	double		left;		/* 1 = all of it */
	uint32_t	khz;
	struct wattle_item *run;
};

/* Of all of it, per nanosecond. */
static double rate(const struct cpu_model *m)
{
	return 1.0 / (m->run->in.kcycles * 1e9 / m->khz + m->run->in.stall_ns);
}

static void follow(struct sim *s, struct cpu_model *m, uint32_t cpu,
		   const struct wattle_decision *d)
{
	m->recheck = d->recheck_ns;
	if (!d->khz || d->khz == m->khz)
		return;
	m->khz = d->khz;
	s->switches++;
	/* Nothing runs for the transition. */
	m->stop = s->now + power.t.transition_us * US;
	wattle_policy_speed(&policy, cpu, d->khz, s->now);
}

static void advance(struct sim *s, struct cpu_model *m, uint64_t to)
{
	uint64_t from = m->at > m->stop ? m->at : m->stop;

	if (m->run && to > from)
		m->left -= (to - from) * rate(m);
	m->at = to;
	s->now = to;
}

static uint64_t end_of(const struct cpu_model *m)
{
	uint64_t from = m->at > m->stop ? m->at : m->stop;

	return m->run ? from + (uint64_t)(m->left / rate(m)) + 1 : ~0ULL;
}

static void one_run(struct sim *s, uint64_t gap_ns, int future)
{
	struct cpu_model m = { 0, 0, 0, 0, 0, NULL };
	uint64_t arrive = MS, start = ~0ULL;
	int left = 400;

	begin(1);
	m.khz = cpus[0].khz;
	s->now = 0;
	while (left || m.run || cpus[0].nr_waiting) {
		uint64_t next = ~0ULL, at = left ? arrive : ~0ULL;
		struct wattle_decision d;
		struct wattle_item *it;

		it = m.run ? NULL : ready(0, s->now, &next);
		if (it && start < at)
			at = start;
		if (!m.run && next < at)
			at = next;
		if (m.run && m.recheck && m.recheck < at)
			at = m.recheck;
		if (end_of(&m) < at)
			at = end_of(&m);
		if (at < s->now)
			at = s->now;
		advance(s, &m, at);
		if (m.run && m.left * 1e7 <= 1) {
			s->misses += m.run->promised && s->now > m.run->in.deadline_ns;
			wattle_policy_done(&policy, m.run, s->now);
			m.run = NULL;
		}
		if (left && s->now >= arrive) {
			struct wattle_admit_verdict v;
			int i;

			for (i = 0; i < N && items[i].state != WATTLE_ITEM_OUT; i++)
				;
			arrive = s->now + policy_rng(&s->seed) % (2 * gap_ns);
			left--;
			if (i < N) {
				uint64_t rel = future && policy_rng(&s->seed) % 3 == 0 ?
					       s->now + policy_rng(&s->seed) % (4 * gap_ns) : 0;

				memset(&items[i], 0, sizeof(items[i]));
				items[i].in.release_ns = rel;
				items[i].in.stall_ns = policy_rng(&s->seed) % (gap_ns / 8);
				items[i].in.max_delay_ns = policy_rng(&s->seed) % (4 * gap_ns);
				v = submit(i, 1 + policy_rng(&s->seed) % (gap_ns / 500),
					   (rel ? rel : s->now) + gap_ns / 2 +
					   policy_rng(&s->seed) % (8 * gap_ns), s->now);
				s->promised += v.status == WATTLE_ADMISSION_PROMISED;
			}
		}
		if (m.run) {
			d = decide(0, NULL, s->now);
			follow(s, &m, 0, &d);
			continue;
		}
		it = ready(0, s->now, &next);
		d = decide(0, it, s->now);
		start = d.start_ns;
		if (!it)
			continue;
		if (start > s->now) {
			s->defers++;
			continue;
		}
		/* Waking takes the worst there is after any gap. */
		m.stop = s->now;
		if (cpus[0].idle_ns != s->now)
			m.stop += power.t.idle[2].exit_us * US;
		m.run = it;
		m.left = 1;
		m.recheck = 0;
		wattle_policy_start(&policy, it, s->now);
		d = decide(0, NULL, s->now);
		if (d.khz != m.khz) {
			uint64_t awake = m.stop;

			follow(s, &m, 0, &d);
			m.stop += awake - s->now;
		} else {
			m.recheck = d.recheck_ns;
		}
	}
}

static void what_was_promised_is_in_time(void **state)
{
	static const uint64_t gaps[] = { 400 * US, 2 * MS, 10 * MS, 100 * MS };
	struct sim s = { 37, 0, 0, 0, 0, 0 };
	size_t g;
	int round;

	(void)state;
	for (g = 0; g < sizeof(gaps) / sizeof(gaps[0]); g++)
		for (round = 0; round < 60; round++)
			one_run(&s, gaps[g], round % 2);
	print_message("%d promised, %d missed, %d changes of frequency, %d held back\n",
		      s.promised, s.misses, s.switches, s.defers);
	assert_true(s.promised > 20000);
	assert_true(s.switches > 1000);
	assert_true(s.defers > 100);
	assert_int_equal(s.misses, 0);
}

#define LOG_MAX	100000

static struct wattle_record *records;
static size_t nr_records;

static void keep(void *data, const struct wattle_record *r)
{
	(void)data;
	assert_true(nr_records < LOG_MAX);
	records[nr_records++] = *r;
}

static struct wattle_item again_items[N];

static int replay(struct wattle_policy *p, const struct wattle_record *r)
{
	return wattle_record_replay(p, r, again_items, N);
}

/* The same log in, the same decisions out; and one bit changed is found. */
static void a_log_brings_the_same_decisions(void **state)
{
	static struct wattle_policy_cpu again_cpus[CPUS];
	struct wattle_policy again;
	struct wattle_record odd;
	struct sim s = { 79, 0, 0, 0, 0, 0 };
	uint64_t seed = 83;
	size_t i, wrong = 0, decisions = 0;
	int round;

	(void)state;
	/* No padding, so that records can be compared as they are. */
	assert_int_equal(sizeof(struct wattle_work), 7 * 8 + 4 * 4);
	assert_int_equal(sizeof(struct wattle_admit_verdict), 4 * 4 + 8);
	assert_int_equal(sizeof(struct wattle_decision), 2 * 8 + 10 * 4 + 5 * 8);
	assert_int_equal(sizeof(odd), 48 + sizeof(odd.work) + sizeof(odd.verdict) +
			 sizeof(odd.decision));
	records = calloc(LOG_MAX, sizeof(*records));
	assert_non_null(records);
	for (round = 0; round < 4; round++) {
		nr_records = 0;
		logging = 1;
		one_run(&s, round % 2 ? 400 * US : 10 * MS, round / 2);
		logging = 0;
		wattle_policy_init(&again, &power, NULL, again_cpus, 1, 0);
		memset(again_items, 0, sizeof(again_items));
		for (i = 0; i < nr_records; i++) {
			decisions += records[i].type == WATTLE_RECORD_DECIDE;
			assert_int_equal(replay(&again, &records[i]), 0);
		}
		/* What was decided otherwise is noticed, and noise does no harm. */
		wattle_policy_init(&again, &power, NULL, again_cpus, 1, 0);
		memset(again_items, 0, sizeof(again_items));
		for (i = 0; i < nr_records; i++) {
			odd = records[i];
			if (odd.type == WATTLE_RECORD_DECIDE && policy_rng(&seed) % 8 == 0) {
				odd.decision.energy_pj++;
				wrong++;
				assert_int_equal(replay(&again, &odd), -EILSEQ);
				continue;
			}
			odd.type = policy_rng(&seed) % 2 ? 0 : WATTLE_RECORD_CANCEL + 1;
			assert_int_equal(replay(&again, &odd), -EINVAL);
			odd = records[i];
			odd.item = N + policy_rng(&seed) % 100;
			assert_int_equal(replay(&again, &odd), -EINVAL);
			assert_int_equal(replay(&again, &records[i]), 0);
		}
	}
	free(records);
	assert_true(decisions > 1000 && wrong > 100);
}

static int setup(void **state)
{
	(void)state;
	policy_power(&power);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reasons),
		cmocka_unit_test(reasons_without_deadline),
		cmocka_unit_test(half_done_is_half_done),
		cmocka_unit_test(a_batch_between_two_points_is_split),
		cmocka_unit_test(what_was_promised_is_in_time),
		cmocka_unit_test(a_log_brings_the_same_decisions),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
