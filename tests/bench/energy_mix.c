// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The same batches under the kernel's governors, at every fixed frequency and under
 * wattle, in a guest with virtual time on the virtual platform: joules by the
 * platform's own referee over the same window, idle time included. Simulated joules.
 *
 *	energy_mix [--check | --governors | --advise] [MIX...]
 *
 * --advise: what wattle advise says that enforce would save over governor performance,
 * against what it saves by the referee. Needs a power table and build/wattle.
 *
 * All runs pass through /dev/wattle. For the governors it is in mode observe, which
 * grants at once in order of deadlines and touches nothing; for wattle in mode enforce,
 * over governor performance. A batch is missed when it ends after its deadline; without a
 * deadline when it ran longer than its queue's max_slowdown_pm allows.
 *
 * Best fixed: the frequency with the fewest misses, and of those the fewest joules,
 * known in hindsight only. Debian's kernel has governor powersave as a module that a guest
 * in virtual time lacks; what it does, the lowest frequency always, is one of the fixed.
 */
#include "bench.h"

#include <math.h>
#include <pthread.h>
#include <stdbool.h>

#include "../kselftest/harness.h"
#include "../platform/selftest/lib.h"
#include "energy_jobs.h"

#define CPUS		4
#define OBSERVE_RUNS	10
#define WATTLE		OBSERVE_RUNS
#define ADVISE		(OBSERVE_RUNS + 1)
#define SEED		20261123
#define LINGER		(20 * MS)	/* from setting up to the first batch */
#define GIVE_UP		(30 * SEC)
#define STOP		(~0ULL)

struct run {
	const char	*name;
	const char	*governor;
	uint32_t	khz;		/* fixed, 0 = the governor's choice */
	const char	*mode;
	double		joules;
	double		seconds;	/* until the last batch had ended */
	double		awake;		/* of them, with a CPU awake */
	uint64_t	wakeups;	/* out of idle states, all CPUs */
	uint64_t	changes;	/* of clocks */
	uint32_t	missed;
	bool		failed;
	bool		skip;
	bool		late[ENERGY_JOBS_MAX];
};

#define RUN(_name, _governor, _khz, _mode) \
	{ .name = _name, .governor = _governor, .khz = _khz, .mode = _mode }

static struct run runs[OBSERVE_RUNS + 2] = {
	RUN("performance", "performance", 0, "observe"),
	RUN("schedutil", "schedutil", 0, "observe"),
	RUN("powersave", "performance", 800000, "observe"),
	RUN("1.0 GHz", "performance", 1000000, "observe"),
	RUN("1.2 GHz", "performance", 1200000, "observe"),
	RUN("1.4 GHz", "performance", 1400000, "observe"),
	RUN("1.6 GHz", "performance", 1600000, "observe"),
	RUN("2.0 GHz", "performance", 2000000, "observe"),
	RUN("2.4 GHz", "performance", 2400000, "observe"),
	RUN("2.8 GHz", "performance", 2800000, "observe"),
	RUN("wattle", "performance", 0, "enforce"),
	RUN("advise", "performance", 0, "advise"),
};
#define SCHEDUTIL	1
#define POWERSAVE	2

static const struct energy_mix *mix;
static struct run *now_run;
static int fd;
static int queues[ENERGY_QUEUES];
static uint64_t begin_ns, last_ns[CPUS];

static void governor(const struct run *r)
{
	unsigned int cpu;

	pt_fix_khz(r->khz ? r->khz : ENERGY_FULL_KHZ);
	for (cpu = 0; cpu < CPUS; cpu++)
		if (pt_write(r->governor,
			     "/sys/devices/system/cpu/cpufreq/policy%u/scaling_governor", cpu))
			bench_die("governor %s is not there", r->governor);
}

static bool too_slow(const struct energy_job *j, uint64_t ran_ns)
{
	uint32_t slow_pm = mix->queues[j->queue].max_slowdown_pm;
	uint64_t full_ns = j->kcycles * 1000000000ULL / ENERGY_FULL_KHZ + j->stall_us * 1000;

	/* A hundredth for what interrupts take. */
	return ran_ns > full_ns * (1010 + slow_pm) / 1000;
}

static void *work(void *arg)
{
	unsigned int cpu = (unsigned int)(uintptr_t)arg;
	struct wattle_next n = { 0 };
	int pt = pt_open(), err;

	pt_pin(cpu);
	while (!(err = kt_next(fd, n.token, begin_ns + GIVE_UP, &n))) {
		const struct energy_job *j = &energy_jobs[n.user_data];
		int64_t ran;

		if (n.user_data == STOP) {
			err = kt_complete(fd, n.token);
			break;
		}
		pt_task(pt, j->activity_pm, 0);
		ran = pt_work(pt, j->kcycles, j->stall_us);
		last_ns[cpu] = kt_now();
		if (ran < 0)
			break;
		now_run->late[n.user_data] = j->due_ns ? last_ns[cpu] > begin_ns + j->due_ns :
						 too_slow(j, (uint64_t)ran);
	}
	if (err)
		now_run->failed = true;
	close(pt);
	return NULL;
}

static void sleep_until(uint64_t ns)
{
	const struct timespec t = { .tv_sec = (time_t)(ns / SEC), .tv_nsec = (long)(ns % SEC) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL))
		;
}

/* Each batch when its time has come, those of one time and queue together. */
static void submit(void)
{
	static struct wattle_batch b[ENERGY_JOBS_MAX];
	unsigned int i = 0, n;

	while (i < energy_nr_jobs) {
		const struct energy_job *first = &energy_jobs[i];

		for (n = 0; i + n < energy_nr_jobs; n++) {
			const struct energy_job *j = &energy_jobs[i + n];

			if (j->release_ns != first->release_ns || j->queue != first->queue)
				break;
			b[n] = (struct wattle_batch){
				.user_data = i + n, .work_kcycles = j->kcycles,
				.stall_us = j->stall_us,
				.deadline_ns = j->due_ns ? begin_ns + j->due_ns : 0,
			};
		}
		sleep_until(begin_ns + first->release_ns);
		if (kt_submit_batches(fd, (uint32_t)queues[first->queue], b, n, NULL) != n)
			now_run->failed = true;
		i += n;
	}
}

static uint64_t nanojoules(const struct pt_snapshot *s)
{
	uint64_t nj = 0;
	unsigned int i;

	for (i = 0; i < s->nr_packages; i++)
		nj += s->package[i].energy_nj + s->package[i].dram_nj;
	return nj;
}

/* From @a to @b, by the referee. */
static void account(struct run *r, const struct pt_snapshot *a, const struct pt_snapshot *b)
{
	unsigned int i;

	r->joules = (double)(nanojoules(b) - nanojoules(a)) * 1e-9;
	r->awake = 0;
	for (i = 0; i < b->nr_packages; i++)
		r->awake += (double)(b->package[i].level_ns[PT_LEVEL_RUN] -
				     a->package[i].level_ns[PT_LEVEL_RUN]) * 1e-9;
	r->wakeups = 0;
	r->changes = 0;
	for (i = 0; i < CPUS; i++) {
		r->wakeups += pt_wakeups(&b->cpu[i]) - pt_wakeups(&a->cpu[i]);
		r->changes += b->cpu[i].changes - a->cpu[i].changes;
	}
}

/* After everything else each worker gets one of these, and goes. */
static void dismiss(void)
{
	struct wattle_batch b[CPUS] = { 0 };
	unsigned int i;

	for (i = 0; i < CPUS; i++)
		b[i].user_data = STOP;
	i = queues[1] ? 1 : 0;
	if (kt_submit_batches(fd, (uint32_t)queues[i], b, CPUS, NULL) != CPUS)
		bench_die("the workers cannot be dismissed");
}

static void run(struct run *r)
{
	static struct pt_snapshot before, after;
	pthread_t id[CPUS];
	unsigned int i;

	now_run = r;
	r->failed = false;
	r->missed = 0;
	memset(r->late, 1, sizeof(r->late));
	memset(last_ns, 0, sizeof(last_ns));
	governor(r);
	r->failed |= kt_mode(r->mode) != 0;
	fd = kt_open();
	for (i = 0; i < ENERGY_QUEUES; i++)
		queues[i] = mix->queues[i].class ? kt_queue(fd, &mix->queues[i]) : 0;
	pt_quiet();
	begin_ns = kt_now() + LINGER;
	for (i = 0; i < CPUS; i++)
		if (pthread_create(&id[i], NULL, work, (void *)(uintptr_t)i))
			bench_die("a thread cannot be made");
	sleep_until(begin_ns);
	pt_snapshot(&before);
	submit();
	sleep_until(begin_ns + mix->window_ns);
	pt_snapshot(&after);
	account(r, &before, &after);
	dismiss();
	r->seconds = 0;
	for (i = 0; i < CPUS; i++) {
		pthread_join(id[i], NULL);
		if (last_ns[i] > begin_ns && (double)(last_ns[i] - begin_ns) * 1e-9 > r->seconds)
			r->seconds = (double)(last_ns[i] - begin_ns) * 1e-9;
	}
	/* What the window did not hold is counted until it is done. */
	if (r->seconds > (double)mix->window_ns * 1e-9) {
		pt_snapshot(&after);
		account(r, &before, &after);
	}
	close(fd);
	for (i = 0; i < energy_nr_jobs; i++)
		r->missed += r->late[i];
}

/* The best of the fixed ones; performance is 3.2 GHz and powersave 0.8. */
static const struct run *best_fixed(void)
{
	const struct run *best = &runs[0];
	unsigned int i;

	for (i = 0; i < OBSERVE_RUNS; i++) {
		if (i == SCHEDUTIL || runs[i].skip)
			continue;
		if (runs[i].missed < best->missed ||
		    (runs[i].missed == best->missed && runs[i].joules < best->joules))
			best = &runs[i];
	}
	return best;
}

/* Batches that wattle missed and somebody did not. */
static unsigned int harmed(void)
{
	unsigned int i, k, n = 0;

	for (i = 0; i < energy_nr_jobs; i++) {
		bool met = false;

		for (k = 0; k < OBSERVE_RUNS; k++)
			met |= !runs[k].skip && !runs[k].late[i];
		n += met && runs[WATTLE].late[i];
	}
	return n;
}

static unsigned int fewest_missed(void)
{
	unsigned int k, least = ENERGY_JOBS_MAX;

	for (k = 0; k < OBSERVE_RUNS; k++)
		if (!runs[k].skip && runs[k].missed < least)
			least = runs[k].missed;
	return least;
}

static void bar(double joules, double most)
{
	int i, n = (int)(40 * joules / most + 0.5);

	for (i = 0; i < n; i++)
		putchar('#');
	putchar('\n');
}

static void table(const struct run *best)
{
	double most = 0;
	unsigned int i;

	for (i = 0; i <= WATTLE; i++)
		if (!runs[i].skip)
			most = fmax(runs[i].joules, most);
	printf("# %s: %s; %u batches in %.1f s (simulated joules)\n", mix->name, mix->text,
	       energy_nr_jobs, (double)mix->window_ns * 1e-9);
	for (i = 0; i <= WATTLE; i++) {
		if (runs[i].skip)
			continue;
		printf("#  %-11s %6.2f J %3u missed %5.2f s, awake %5.2f, %5llu wakes %4llu changes %s ",
		       runs[i].name, runs[i].joules, runs[i].missed, runs[i].seconds,
		       runs[i].awake, (unsigned long long)runs[i].wakeups,
		       (unsigned long long)runs[i].changes, &runs[i] == best ? "best" : "    ");
		bar(runs[i].joules, most);
	}
	printf("#  wattle missed %u that others met; the fewest missed by any other are %u\n",
	       harmed(), fewest_missed());
	fflush(stdout);
}

/* What wattle advise says was spent and saved since load, 0 before it says anything. */
static void advised(double *spent_j, double *saved_j)
{
	static char text[1 << 16];
	FILE *p = popen("build/wattle advise -j 2>/dev/null", "r");
	const char *saved, *spent;

	*spent_j = 0;
	*saved_j = 0;
	if (!p)
		bench_die("build/wattle cannot be run");
	text[fread(text, 1, sizeof(text) - 1, p)] = '\0';
	pclose(p);
	saved = strstr(text, "\"saved_joules\":");
	spent = strstr(text, "\"spent_joules\":");
	if (!saved || !spent)
		return;
	*saved_j = strtod(strchr(saved, ':') + 1, NULL);
	*spent_j = strtod(strchr(spent, ':') + 1, NULL);
}

static void advise(void)
{
	double spent_j, saved_j, spent2_j, saved2_j, all, really;

	advised(&spent_j, &saved_j);
	run(&runs[ADVISE]);
	advised(&spent2_j, &saved2_j);
	run(&runs[0]);
	run(&runs[WATTLE]);
	all = runs[ADVISE].joules;
	really = runs[0].joules - runs[WATTLE].joules;
	printf("%s: performance %.2f J, advise %.2f J (of it the table's %.2f), enforce %.2f J; advised to save %.2f J (%.1f %%), saves %.2f J (%.1f %%) (simulated)\n",
	       mix->name, runs[0].joules, all, spent2_j - spent_j, runs[WATTLE].joules,
	       saved2_j - saved_j, 100 * (saved2_j - saved_j) / all, really,
	       100 * really / runs[0].joules);
}

static void figure(const char *mix_name, const char *against, double ours, double peer,
		   const char *peer_name)
{
	char name[64];

	snprintf(name, sizeof(name), "energy.%s_vs_%s", mix_name, against);
	bench_figure(name, ours, peer, peer_name, "simulated J", 0);
}

int main(int argc, char **argv)
{
	double log_schedutil = 0, log_fixed = 0;
	unsigned int m, i, n = 0, bad = 0;
	bool check = argc > 1 && !strcmp(argv[1], "--check");
	bool governors = argc > 1 && !strcmp(argv[1], "--governors");
	bool advises = argc > 1 && !strcmp(argv[1], "--advise");
	int first = 1 + (check || governors || advises), a;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (pt_cpus() != CPUS || !pt_virtual_time())
		kt_skip_all("needs four CPUs in virtual time");
	if (pt_write("0-3", "/sys/class/misc/wattle/managed_cpus"))
		bench_die("the CPUs cannot be managed");
	for (i = POWERSAVE + 1; governors && i < OBSERVE_RUNS; i++)
		runs[i].skip = true;
	for (m = 0; m < energy_nr_mixes; m++) {
		const struct run *best;
		char peer[64];

		mix = &energy_mixes[m];
		for (a = first; a < argc && strcmp(argv[a], mix->name); a++)
			;
		if (first < argc && a == argc)
			continue;
		energy_fill(mix, SEED + m);
		if (advises) {
			advise();
			n++;
			continue;
		}
		for (i = 0; i <= WATTLE; i++) {
			if (runs[i].skip)
				continue;
			run(&runs[i]);
			if (runs[i].failed)
				bench_die("%s: %s: a call failed", mix->name, runs[i].name);
		}
		best = best_fixed();
		table(best);
		if (governors) {
			n++;
			continue;
		}
		figure(mix->name, "schedutil", runs[WATTLE].joules, runs[SCHEDUTIL].joules,
		       "governor schedutil");
		snprintf(peer, sizeof(peer), "best fixed frequency in hindsight: %s", best->name);
		figure(mix->name, "best_fixed", runs[WATTLE].joules, best->joules, peer);
		log_schedutil += log(runs[WATTLE].joules / runs[SCHEDUTIL].joules);
		log_fixed += log(runs[WATTLE].joules / best->joules);
		bad += runs[WATTLE].missed > fewest_missed() ||
		       runs[WATTLE].joules >= runs[SCHEDUTIL].joules;
		n++;
	}
	if (!n)
		bench_die("no such mix");
	if (check || governors || advises)
		return bad != 0;
	figure("geomean", "schedutil", exp(log_schedutil / n), 1, "governor schedutil");
	figure("geomean", "best_fixed", exp(log_fixed / n), 1, "best fixed frequency");
	return 0;
}
