// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#include "energy/bpf/tracker.h"

#include <assert.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "energy.skel.h"
#include "energy/bpf/topology.h"

#define BTF_FILE	"/sys/kernel/btf/vmlinux"
#define RING_BYTES	(4u << 20)
#define COST_READINGS	16
#define COST_MAX_NS	1000	/* a counter that takes longer to read is not used */
#define HARVESTS	8	/* of one tick, while the ring is too small for all threads */

static_assert(sizeof(struct wattle_bpf_cpu) % 64 == 0, "CPUs do not share a cache line");
static_assert(sizeof(struct wattle_bpf_clock) % 64 == 0, "CPUs do not share a cache line");

/* What one CPU did since the start, its open slice included. */
struct reading {
	uint64_t	busy_ns;
	uint64_t	idle_ns;
	uint64_t	lost_w;
	uint64_t	residency_ns[WATTLE_BPF_IDLE_STATES];
};

struct wattle_tracker {
	struct energy_bpf		*skel;
	struct ring_buffer		*ring;
	struct wattle_attribution	*into;		/* where records go, or NULL */
	const struct wattle_bpf_cpu	*cpus;		/* shared with the programs */
	struct reading			*last;
	unsigned int			*domain_of;
	bool				*online;
	int				*counters;	/* cycles, then instructions */
	unsigned int			nr_cpus;
	uint64_t			counter_ns;	/* too long to read one */
	uint64_t			stamp_ns;	/* when CPUs were read last */
	bool				cycles;
	bool				instr;
	bool				clock;
	bool				smt;
};

/* libbpf's last complaint: the sentence for the user is made of it. */
static char complaint[256];

static int keep_complaint(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (level == LIBBPF_WARN) {
		vsnprintf(complaint, sizeof(complaint), fmt, ap);
		complaint[strcspn(complaint, "\n")] = '\0';
	}
	return 0;
}

static int fail(int ret, char *err, size_t errsz, const char *what)
{
	if (ret == -EPERM || ret == -EACCES) {
		snprintf(err, errsz,
			 "attribution needs CAP_BPF and CAP_PERFMON: run it as root, or grant them once with: setcap cap_bpf,cap_perfmon+ep $(command -v wattle); whoever may run that file then sees everybody's use, so give it to a group first (chgrp, chmod 750)");
		return -EPERM;
	}
	snprintf(err, errsz, "%s failed: %s (%s)", what, strerror(-ret),
		 *complaint ? complaint : "libbpf said nothing more");
	return ret;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	/* As bpf_ktime_get_ns(). */
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int perf_open(unsigned int cpu, uint64_t config)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE, .size = sizeof(attr), .config = config,
		/* A counter that takes turns with others would lose slices. */
		.pinned = 1,
	};

	return (int)syscall(SYS_perf_event_open, &attr, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static void close_counters(int *fds, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

/* One counter on every CPU that is online, or none at all. */
static bool open_counters(struct wattle_tracker *t, int *fds, uint64_t config)
{
	unsigned int i, n = 0;

	for (i = 0; i < t->nr_cpus; i++) {
		if (!t->online[i])
			continue;
		fds[i] = perf_open(i, config);
		if (fds[i] < 0)
			break;
		n++;
	}
	if (i == t->nr_cpus && n)
		return true;
	close_counters(fds, t->nr_cpus);
	return false;
}

/* The least that a reading of @fd took, system call included. */
static uint64_t read_cost(int fd)
{
	uint64_t least = UINT64_MAX, value, start, ns;
	int i;

	for (i = 0; i < COST_READINGS; i++) {
		start = now_ns();
		if (read(fd, &value, sizeof(value)) != sizeof(value))
			return UINT64_MAX;
		ns = now_ns() - start;
		if (ns < least)
			least = ns;
	}
	return least;
}

/*
 * What a hardware counter costs beyond one that is none. Some hypervisors emulate the
 * instruction that reads it: microseconds, at every switch of every CPU.
 */
static uint64_t counter_cost(const struct wattle_tracker *t)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_CPU_CLOCK,
	};
	int cpu = sched_getcpu(), soft;
	uint64_t hard_ns, soft_ns;

	if (cpu < 0 || (unsigned int)cpu >= t->nr_cpus || t->counters[cpu] < 0)
		return 0;
	soft = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (soft < 0)
		return 0;
	hard_ns = read_cost(t->counters[cpu]);
	soft_ns = read_cost(soft);
	close(soft);
	return hard_ns > soft_ns ? hard_ns - soft_ns : 0;
}

static void choose_counters(struct wattle_tracker *t)
{
	uint64_t cost;

	t->cycles = open_counters(t, t->counters, PERF_COUNT_HW_CPU_CYCLES);
	if (!t->cycles)
		return;
	cost = counter_cost(t);
	if (cost > COST_MAX_NS) {
		t->counter_ns = cost;
		t->cycles = false;
		close_counters(t->counters, t->nr_cpus);
		return;
	}
	t->instr = open_counters(t, t->counters + t->nr_cpus, PERF_COUNT_HW_INSTRUCTIONS);
}

static void publish_counters(struct bpf_map *map, const int *fds, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (fds[i] >= 0)
			bpf_map_update_elem(bpf_map__fd(map), &i, &fds[i], BPF_ANY);
}

/* Frequencies count when all CPUs tell theirs; siblings when any has one. */
static int describe_cpus(struct wattle_tracker *t, struct wattle_bpf_clock *clocks)
{
	unsigned int i, max, most = 0;
	int sibling;

	t->clock = true;
	for (i = 0; i < t->nr_cpus; i++) {
		sibling = wattle_topology_sibling(i, t->nr_cpus);
		clocks[i].sibling = sibling < 0 ? WATTLE_BPF_NO_CPU : (unsigned int)sibling;
		t->smt |= sibling >= 0;
		clocks[i].per_ns = WATTLE_BPF_ONE;
		if (!t->online[i])
			continue;
		clocks[i].khz = wattle_topology_khz(i, &max);
		if (!clocks[i].khz)
			t->clock = false;
		else if (max > most)
			most = max;
	}
	for (i = 0; t->clock && i < t->nr_cpus; i++)
		if (clocks[i].khz)
			clocks[i].per_ns = (uint64_t)clocks[i].khz * WATTLE_BPF_ONE / most;
	t->skel->rodata->have_clock = t->clock;
	t->skel->rodata->have_smt = t->smt;
	t->skel->rodata->max_khz = most ? most : 1;
	return 0;
}

static int load(struct wattle_tracker *t, const struct wattle_tracker_config *cfg)
{
	struct wattle_bpf_clock *clocks;
	struct wattle_bpf_cpu *cpus;
	unsigned int i;
	int ret;

	clocks = calloc(t->nr_cpus, sizeof(*clocks));
	cpus = calloc(t->nr_cpus, sizeof(*cpus));
	if (!clocks || !cpus) {
		ret = -ENOMEM;
		goto free_values;
	}
	describe_cpus(t, clocks);
	if (!cfg->no_pmu)
		choose_counters(t);
	t->skel->rodata->have_cycles = t->cycles;
	t->skel->rodata->have_instr = t->instr;
	bpf_program__set_autoload(t->skel->progs.on_frequency, t->clock);
	bpf_map__set_max_entries(t->skel->maps.cpus, t->nr_cpus);
	bpf_map__set_max_entries(t->skel->maps.clocks, t->nr_cpus);
	bpf_map__set_max_entries(t->skel->maps.cycle_counters, t->nr_cpus);
	bpf_map__set_max_entries(t->skel->maps.instr_counters, t->nr_cpus);
	bpf_map__set_max_entries(t->skel->maps.records, RING_BYTES);
	ret = energy_bpf__load(t->skel);
	if (ret)
		goto free_values;
	publish_counters(t->skel->maps.cycle_counters, t->counters, t->nr_cpus);
	publish_counters(t->skel->maps.instr_counters, t->counters + t->nr_cpus, t->nr_cpus);
	for (i = 0; i < t->nr_cpus && !ret; i++) {
		cpus[i].package = t->domain_of[i];
		ret = bpf_map_update_elem(bpf_map__fd(t->skel->maps.cpus), &i, &cpus[i], BPF_ANY);
		if (!ret)
			ret = bpf_map_update_elem(bpf_map__fd(t->skel->maps.clocks), &i,
						  &clocks[i], BPF_ANY);
	}
free_values:
	free(clocks);
	free(cpus);
	return ret;
}

static int run_on(const struct bpf_program *prog, int cpu)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	if (cpu >= 0) {
		opts.flags = BPF_F_TEST_RUN_ON_CPU;
		opts.cpu = (unsigned int)cpu;
	}
	return bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);
}

/* Visit every thread. */
static int iterate(struct wattle_tracker *t)
{
	int fd = bpf_iter_create(bpf_link__fd(t->skel->links.each_task));
	char nothing[64];
	ssize_t n;
	int ret = 0;

	if (fd < 0)
		return fd;
	/* The programs write to the ring; reading only drives them. */
	do {
		n = read(fd, nothing, sizeof(nothing));
	} while (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)));
	if (n < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int attach_one(struct bpf_program *prog, struct bpf_link **link)
{
	*link = bpf_program__attach(prog);
	return *link ? 0 : -errno;
}

/*
 * In this order nobody is missed: threads born from now on get their accounts, then those
 * there are, then switches are looked at, then what runs without ever switching.
 */
static int attach(struct wattle_tracker *t, const struct wattle_tracker_config *cfg)
{
	struct energy_bpf *s = t->skel;
	unsigned int i;
	int ret;

	s->links.each_task = bpf_program__attach_iter(s->progs.each_task, NULL);
	if (!s->links.each_task)
		return -errno;
	s->bss->target = (uint32_t)cfg->target;
	ret = attach_one(s->progs.on_fork, &s->links.on_fork);
	if (ret)
		return ret;
	s->bss->prime = 1;
	ret = iterate(t);
	s->bss->prime = 0;
	if (ret)
		return ret;
	if (cfg->target && !s->bss->nr_tagged)
		return -ESRCH;
	if (t->clock)
		ret = attach_one(s->progs.on_frequency, &s->links.on_frequency);
	if (!ret)
		ret = attach_one(s->progs.on_idle, &s->links.on_idle);
	if (!ret)
		ret = attach_one(s->progs.on_switch, &s->links.on_switch);
	for (i = 0; i < t->nr_cpus && !ret; i++)
		if (t->online[i])
			ret = run_on(s->progs.touch, (int)i);
	if (!ret && cfg->launch) {
		ret = run_on(s->progs.whoami, -1);
		s->bss->launcher = s->bss->my_tgid;
	}
	return ret;
}

static int on_record(void *ctx, void *data, size_t size)
{
	const struct wattle_bpf_record *r = data;
	struct wattle_tracker *t = ctx;

	if (size >= sizeof(*r) && t->into)
		wattle_attribution_add(t->into, r);
	return 0;
}

static uint64_t later(uint64_t now, uint64_t since)
{
	return since && now > since ? now - since : 0;
}

/* Copy @cpu's accounts while its programs go on writing. */
static struct wattle_bpf_cpu stable_copy(const struct wattle_bpf_cpu *c)
{
	struct wattle_bpf_cpu copy;
	uint64_t seq;

	do {
		seq = __atomic_load_n(&c->seq, __ATOMIC_ACQUIRE);
		memcpy(&copy, c, sizeof(copy));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while ((seq & 1) || seq != __atomic_load_n(&c->seq, __ATOMIC_RELAXED));
	return copy;
}

static struct reading read_cpu(struct wattle_tracker *t, unsigned int cpu)
{
	struct wattle_bpf_cpu c = stable_copy(&t->cpus[cpu]);
	uint64_t now = now_ns(), open = t->online[cpu] ? later(now, c.since) : 0;
	struct reading r = {
		.busy_ns = c.task_ns + c.lost_ns, .idle_ns = c.idle_ns, .lost_w = c.lost_w,
	};

	t->stamp_ns = now;
	memcpy(r.residency_ns, c.residency_ns, sizeof(r.residency_ns));
	/* What is open is not woken to be asked: it goes on as it is. */
	if (c.cur)
		r.busy_ns += open;
	else
		r.idle_ns += open;
	if (t->online[cpu] && c.idle_state < WATTLE_BPF_IDLE_STATES)
		r.residency_ns[c.idle_state] += later(now, c.idle_since);
	return r;
}

/* What grew; and the larger of the two is remembered, so that nothing is counted twice. */
static uint64_t growth(uint64_t *last, uint64_t now)
{
	uint64_t d = now > *last ? now - *last : 0;

	*last += d;
	return d;
}

static void collect_cpu(struct wattle_tracker *t, unsigned int cpu, struct wattle_split_tick *d)
{
	struct reading now = read_cpu(t, cpu), *last = &t->last[cpu];
	uint64_t idle, state;
	unsigned int k;

	d->nr_cpus += t->online[cpu];
	d->busy_ns += growth(&last->busy_ns, now.busy_ns);
	d->lost_weight += growth(&last->lost_w, now.lost_w);
	idle = growth(&last->idle_ns, now.idle_ns);
	for (k = 1; k < WATTLE_BPF_IDLE_STATES; k++) {
		state = growth(&last->residency_ns[k], now.residency_ns[k]);
		/* Never more states than idle time: the two are read a moment apart. */
		if (state > idle)
			state = idle;
		d->idle_ns[k] += state;
		idle -= state;
	}
	/* The idle task itself, and polling. */
	d->idle_ns[0] += idle;
}

int wattle_tracker_tick(struct wattle_tracker *t, struct wattle_attribution *a)
{
	struct wattle_split_tick scratch = { 0 }, *d;
	unsigned int i;
	int ret, n;

	wattle_topology_online(t->online, t->nr_cpus);
	/* Counters are read on their own CPU; an idle one is left asleep, it has none to tell. */
	for (i = 0; t->cycles && i < t->nr_cpus; i++)
		if (t->online[i] && __atomic_load_n(&t->cpus[i].cur, __ATOMIC_RELAXED))
			run_on(t->skel->progs.touch, (int)i);
	for (n = 0; n < HARVESTS; n++) {
		t->skel->bss->nr_deferred = 0;
		ret = iterate(t);
		wattle_tracker_drain(t, a);
		if (ret || !t->skel->bss->nr_deferred)
			break;
	}
	if (ret)
		return ret;
	for (i = 0; i < t->nr_cpus; i++) {
		d = a ? wattle_attribution_domain(a, t->domain_of[i]) : NULL;
		collect_cpu(t, i, d ? d : &scratch);
	}
	return 0;
}

void wattle_tracker_drain(struct wattle_tracker *t, struct wattle_attribution *a)
{
	t->into = a;
	ring_buffer__consume(t->ring);
	t->into = NULL;
}

int wattle_tracker_fd(const struct wattle_tracker *t)
{
	return ring_buffer__epoll_fd(t->ring);
}

static int allocate(struct wattle_tracker *t, const struct wattle_tracker_config *cfg)
{
	int n = libbpf_num_possible_cpus();
	unsigned int i;

	if (n < 0)
		return n;
	t->nr_cpus = (unsigned int)n;
	t->last = calloc(t->nr_cpus, sizeof(*t->last));
	t->domain_of = calloc(t->nr_cpus, sizeof(*t->domain_of));
	t->online = calloc(t->nr_cpus, sizeof(*t->online));
	t->counters = malloc(2 * t->nr_cpus * sizeof(*t->counters));
	if (!t->last || !t->domain_of || !t->online || !t->counters)
		return -ENOMEM;
	for (i = 0; i < t->nr_cpus; i++) {
		t->counters[i] = -1;
		t->counters[t->nr_cpus + i] = -1;
		if (cfg->domain_of && i < cfg->nr_cpus)
			t->domain_of[i] = cfg->domain_of[i];
	}
	wattle_topology_online(t->online, t->nr_cpus);
	return 0;
}

static int begin(struct wattle_tracker *t, const struct wattle_tracker_config *cfg, char *err,
		 size_t errsz)
{
	void *map;
	int ret;

	t->skel = energy_bpf__open();
	if (!t->skel)
		return fail(-errno, err, errsz, "reading the BPF object");
	ret = load(t, cfg);
	if (ret)
		return fail(ret, err, errsz, "loading the BPF programs");
	map = mmap(NULL, t->nr_cpus * sizeof(*t->cpus), PROT_READ, MAP_SHARED,
		   bpf_map__fd(t->skel->maps.cpus), 0);
	if (map == MAP_FAILED)
		return fail(-errno, err, errsz, "mapping the CPUs' accounts");
	t->cpus = map;
	t->ring = ring_buffer__new(bpf_map__fd(t->skel->maps.records), on_record, t, NULL);
	if (!t->ring)
		return fail(-errno, err, errsz, "opening the ring of records");
	ret = attach(t, cfg);
	if (ret == -ESRCH) {
		snprintf(err, errsz, "there is no process %d", (int)cfg->target);
		return ret;
	}
	/* What was used before now is nobody's business. */
	if (!ret)
		ret = wattle_tracker_tick(t, NULL);
	return ret ? fail(ret, err, errsz, "attaching the BPF programs") : 0;
}

int wattle_tracker_open(struct wattle_tracker **out, const struct wattle_tracker_config *cfg,
			char *err, size_t errsz)
{
	struct wattle_tracker *t;
	int ret;

	*out = NULL;
	libbpf_set_print(keep_complaint);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	if (access(BTF_FILE, R_OK)) {
		snprintf(err, errsz,
			 "%s is not there: attribution needs a kernel with BTF (CONFIG_DEBUG_INFO_BTF), as Debian's are",
			 BTF_FILE);
		return -ENOTSUP;
	}
	if (cfg->target && !wattle_topology_first_pids()) {
		snprintf(err, errsz,
			 "a process id means another process inside a container (PID namespace): run it on the host");
		return -ENOTSUP;
	}
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	ret = allocate(t, cfg);
	if (ret)
		fail(ret, err, errsz, "preparing to load the BPF programs");
	else
		ret = begin(t, cfg, err, errsz);
	if (ret)
		wattle_tracker_close(t);
	else
		*out = t;
	return ret;
}

void wattle_tracker_info(const struct wattle_tracker *t, struct wattle_tracker_info *info)
{
	struct wattle_bpf_cpu c;
	unsigned int i;

	memset(info, 0, sizeof(*info));
	info->cycles = t->cycles;
	info->counter_ns = t->counter_ns;
	info->instr = t->instr;
	info->clock = t->clock;
	info->smt = t->smt;
	info->no_storage = t->skel->bss->nr_storage;
	info->stamp_ns = t->stamp_ns;
	for (i = 0; i < t->nr_cpus; i++) {
		c = stable_copy(&t->cpus[i]);
		info->switches += c.nr_switches;
		info->unknown += c.nr_unknown;
		info->dropped += c.nr_dropped;
		info->lost_ns += c.lost_ns;
	}
}

void wattle_tracker_close(struct wattle_tracker *t)
{
	if (!t)
		return;
	ring_buffer__free(t->ring);
	if (t->cpus)
		munmap((void *)t->cpus, t->nr_cpus * sizeof(*t->cpus));
	energy_bpf__destroy(t->skel);
	if (t->counters)
		close_counters(t->counters, 2 * t->nr_cpus);
	free(t->counters);
	free(t->online);
	free(t->domain_of);
	free(t->last);
	free(t);
}
