// SPDX-License-Identifier: GPL-2.0-only
/*
 * The referee's figures, in debugfs wattle_platform/, for tests and reports.
 * `snapshot` has everything; the files beside it have one figure each. Reading
 * integrates up to now from wherever the reader runs and wakes nobody.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "platform.h"

static struct dentry *root;

static const char * const state_names[WP_NR_STATES] = {
	"run", "idle-loop", "C1", "C1E", "C6", "offline",
};

static const char * const level_names[WP_NR_LEVELS] = { "run", "shallow", "deep" };

static u64 spent(const struct wp_meter *m)
{
	return m->nj - m->base_nj;
}

struct sums {
	u64 core_nj;
	u64 uncore_nj;
	u64 dram_nj;
};

/* A package's sums, all parts integrated up to @now. */
static void package_sums(struct wp_pkg *p, u64 now, struct sums *s)
{
	unsigned long flags;
	unsigned int cpu;

	memset(s, 0, sizeof(*s));
	for_each_possible_cpu(cpu) {
		struct wp_cpu *c = wp_cpu(cpu);

		if (c->pkg != p)
			continue;
		raw_spin_lock_irqsave(&c->lock, flags);
		wp_referee_accrue(c, now);
		s->core_nj += spent(&c->core);
		s->uncore_nj += spent(&c->traffic);
		s->dram_nj += spent(&c->dram);
		raw_spin_unlock_irqrestore(&c->lock, flags);
	}
	raw_spin_lock_irqsave(&p->lock, flags);
	wp_referee_accrue_pkg(p, now);
	s->uncore_nj += spent(&p->uncore);
	s->dram_nj += spent(&p->dram);
	raw_spin_unlock_irqrestore(&p->lock, flags);
}

static void show_package(struct seq_file *m, struct wp_pkg *p, u64 now)
{
	u64 level_ns[WP_NR_LEVELS];
	unsigned long flags;
	struct sums s;
	unsigned int i;

	package_sums(p, now, &s);
	raw_spin_lock_irqsave(&p->lock, flags);
	memcpy(level_ns, p->level_ns, sizeof(level_ns));
	raw_spin_unlock_irqrestore(&p->lock, flags);

	seq_printf(m, "package %u energy_nj %llu core_nj %llu uncore_nj %llu dram_nj %llu\n",
		   p->id, s.core_nj + s.uncore_nj, s.core_nj, s.uncore_nj, s.dram_nj);
	for (i = 0; i < WP_NR_LEVELS; i++)
		seq_printf(m, "package %u level %s ns %llu\n", p->id, level_names[i], level_ns[i]);
}

/* Under c->lock; seq_printf() only writes to the buffer. */
static void show_cpu(struct seq_file *m, struct wp_cpu *c)
{
	unsigned int i;

	seq_printf(m, "cpu %u package %u online %d now %s khz %u changes %llu energy_nj %llu traffic_nj %llu dram_nj %llu stolen_ns %llu timer_fires %llu\n",
		   c->cpu, c->pkg->id, c->online, state_names[c->state], c->clock.khz,
		   c->clock.changes, spent(&c->core), spent(&c->traffic), spent(&c->dram),
		   c->stolen_ns, c->timer_fires);
	for (i = 0; i < WP_NR_STATES; i++)
		seq_printf(m, "cpu %u state %s ns %llu entries %llu\n", c->cpu, state_names[i],
			   c->state_ns[i], c->entries[i]);
	for (i = 0; i < WP_NR_BUCKETS; i++)
		if (c->freq_ns[i])
			seq_printf(m, "cpu %u khz %u ns %llu run_ns %llu\n", c->cpu,
				   i * WP_BUCKET_KHZ, c->freq_ns[i], c->freq_run_ns[i]);
}

static int snapshot_show(struct seq_file *m, void *unused)
{
	u64 now = wp_now();
	unsigned long flags;
	unsigned int i;

	seq_printf(m, "now_ns %llu\n", now);
	for (i = 0; i < wp_nr_pkgs; i++)
		show_package(m, &wp_pkgs[i], now);
	for_each_possible_cpu(i) {
		struct wp_cpu *c = wp_cpu(i);

		raw_spin_lock_irqsave(&c->lock, flags);
		wp_referee_accrue(c, now);
		show_cpu(m, c);
		raw_spin_unlock_irqrestore(&c->lock, flags);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(snapshot);

static int package_energy_get(void *data, u64 *val)
{
	struct sums s;

	package_sums(data, wp_now(), &s);
	*val = s.core_nj + s.uncore_nj;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(package_energy_fops, package_energy_get, NULL, "%llu\n");

static int package_dram_get(void *data, u64 *val)
{
	struct sums s;

	package_sums(data, wp_now(), &s);
	*val = s.dram_nj;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(package_dram_fops, package_dram_get, NULL, "%llu\n");

/* What the registry's consumers see; zones alternate package and DRAM. */
static int package_counter_get(void *data, u64 *val)
{
	return wp_counter_uj(2 * ((struct wp_pkg *)data - wp_pkgs), val);
}
DEFINE_DEBUGFS_ATTRIBUTE(package_counter_fops, package_counter_get, NULL, "%llu\n");

static int package_dram_counter_get(void *data, u64 *val)
{
	return wp_counter_uj(2 * ((struct wp_pkg *)data - wp_pkgs) + 1, val);
}
DEFINE_DEBUGFS_ATTRIBUTE(package_dram_counter_fops, package_dram_counter_get, NULL, "%llu\n");

static void cpu_sync(struct wp_cpu *c)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&c->lock, flags);
	wp_referee_accrue(c, wp_now());
	raw_spin_unlock_irqrestore(&c->lock, flags);
}

static int cpu_energy_get(void *data, u64 *val)
{
	struct wp_cpu *c = data;

	cpu_sync(c);
	*val = spent(&c->core);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(cpu_energy_fops, cpu_energy_get, NULL, "%llu\n");

static int cpu_khz_get(void *data, u64 *val)
{
	struct wp_cpu *c = data;

	cpu_sync(c);
	*val = READ_ONCE(c->clock.khz);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(cpu_khz_fops, cpu_khz_get, NULL, "%llu\n");

static int reset_set(void *data, u64 val)
{
	wp_referee_reset();
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(reset_fops, NULL, reset_set, "%llu\n");

/* debugfs may be off or refuse: then the platform works without it. */
void wp_debugfs_init(void)
{
	struct dentry *dir;
	unsigned int i;
	char name[16];

	root = debugfs_create_dir(WP_NAME, NULL);
	debugfs_create_file("snapshot", 0400, root, NULL, &snapshot_fops);
	debugfs_create_file("reset", 0200, root, NULL, &reset_fops);
	for (i = 0; i < wp_nr_pkgs; i++) {
		snprintf(name, sizeof(name), "package%u", wp_pkgs[i].id);
		dir = debugfs_create_dir(name, root);
		debugfs_create_file("energy_nj", 0400, dir, &wp_pkgs[i], &package_energy_fops);
		debugfs_create_file("dram_nj", 0400, dir, &wp_pkgs[i], &package_dram_fops);
		debugfs_create_file("counter_uj", 0400, dir, &wp_pkgs[i], &package_counter_fops);
		debugfs_create_file("dram_counter_uj", 0400, dir, &wp_pkgs[i],
				    &package_dram_counter_fops);
	}
	for_each_possible_cpu(i) {
		snprintf(name, sizeof(name), "cpu%u", i);
		dir = debugfs_create_dir(name, root);
		debugfs_create_file("energy_nj", 0400, dir, wp_cpu(i), &cpu_energy_fops);
		debugfs_create_file("khz", 0400, dir, wp_cpu(i), &cpu_khz_fops);
	}
}

void wp_debugfs_exit(void)
{
	debugfs_remove(root);
}
