// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/misc/wattle: the mode, the managed CPUs, statistics. One value per
 * file; Documentation/ABI/testing/sysfs-class-wattle has an entry for each.
 */
#include <linux/capability.h>
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/sysfs.h>

#include "cpus.h"
#include "device.h"
#include "energy.h"
#include "mode.h"
#include "model.h"
#include "plan.h"
#include "sysfs.h"
#include "trace.h"
#include "worker.h"

static ssize_t mode_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", wattle_mode_name(wattle_mode_get()));
}

static ssize_t mode_store(struct device *dev, struct device_attribute *attr, const char *buf,
			  size_t count)
{
	u32 mode;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = wattle_mode_parse(buf, &mode);
	if (!err)
		err = wattle_mode_set(mode);
	return err ? err : count;
}
static DEVICE_ATTR_RW(mode);

static ssize_t managed_cpus_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return wattle_cpus_print_managed(buf);
}

static ssize_t managed_cpus_store(struct device *dev, struct device_attribute *attr,
				  const char *buf, size_t count)
{
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = wattle_cpus_set_managed(buf);
	return err ? err : count;
}
static DEVICE_ATTR_RW(managed_cpus);

static ssize_t draining_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", !!READ_ONCE(wattle.sched.draining));
}

/* One way: a drained module is to be unloaded. */
static ssize_t draining_store(struct device *dev, struct device_attribute *attr, const char *buf,
			      size_t count)
{
	u64 now_ns;
	bool on;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = kstrtobool(buf, &on);
	if (err)
		return err;
	if (!on)
		return READ_ONCE(wattle.sched.draining) ? -EINVAL : count;
	wattle_device_lock();
	now_ns = ktime_get_ns();
	wattle_trace_call(.op = WATTLE_CALL_DRAIN, .now_ns = now_ns);
	wattle_sched_drain(&wattle.sched, now_ns);
	wattle_plan_redo(WATTLE_WHY_MODE);
	wattle_device_unlock();
	return count;
}
static DEVICE_ATTR_RW(draining);

static ssize_t supply_khz_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	u32 khz = wattle_cpus_supply_khz();

	return khz ? sysfs_emit(buf, "%u\n", khz) : sysfs_emit(buf, "unavailable\n");
}
static DEVICE_ATTR_RO(supply_khz);

static struct attribute *wattle_sysfs_main_attrs[] = {
	&dev_attr_mode.attr,
	&dev_attr_managed_cpus.attr,
	&dev_attr_draining.attr,
	&dev_attr_supply_khz.attr,
	NULL
};

static const struct attribute_group wattle_sysfs_main = {
	.attrs	= wattle_sysfs_main_attrs,
};

/* A sum over all queues ever: a __u64 of struct wattle_queue_stats. */
struct wattle_sysfs_total {
	struct device_attribute	dev_attr;
	size_t			offset;
};

/*
 * A sum walks all queues under the device lock, and anybody may read the files,
 * in a loop. So whoever could not stop the module by other means gets sums that
 * may be this old.
 */
#define WATTLE_SYSFS_TOTALS_AGE	(100 * NSEC_PER_MSEC)

static DEFINE_MUTEX(wattle_sysfs_totals_mutex);		/* the two below */
static struct wattle_queue_stats wattle_sysfs_totals;
static u64 wattle_sysfs_totals_ns;

static ssize_t wattle_sysfs_total_show(struct device *dev, struct device_attribute *attr,
				       char *buf)
{
	size_t offset = container_of(attr, struct wattle_sysfs_total, dev_attr)->offset;
	bool fresh = ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN);
	u64 now_ns, value;

	if (mutex_lock_killable(&wattle_sysfs_totals_mutex))
		return -EINTR;
	now_ns = ktime_get_ns();
	if (fresh || !wattle_sysfs_totals_ns ||
	    now_ns - wattle_sysfs_totals_ns >= WATTLE_SYSFS_TOTALS_AGE) {
		wattle_device_lock();
		now_ns = ktime_get_ns();
		wattle_sched_totals(&wattle.sched, &wattle_sysfs_totals, now_ns);
		wattle_device_unlock();
		wattle_sysfs_totals_ns = now_ns;
	}
	value = *(u64 *)((char *)&wattle_sysfs_totals + offset);
	mutex_unlock(&wattle_sysfs_totals_mutex);
	return sysfs_emit(buf, "%llu\n", value);
}

#define WATTLE_SYSFS_TOTAL(field)						\
static struct wattle_sysfs_total wattle_sysfs_total_##field = {			\
	.dev_attr = __ATTR(field, 0444, wattle_sysfs_total_show, NULL),		\
	.offset = offsetof(struct wattle_queue_stats, field),			\
}

WATTLE_SYSFS_TOTAL(submitted);
WATTLE_SYSFS_TOTAL(admitted);
WATTLE_SYSFS_TOTAL(best_effort);
WATTLE_SYSFS_TOTAL(refused);
WATTLE_SYSFS_TOTAL(completed);
WATTLE_SYSFS_TOTAL(cancelled);
WATTLE_SYSFS_TOTAL(aborted);
WATTLE_SYSFS_TOTAL(queued);
WATTLE_SYSFS_TOTAL(granted);
WATTLE_SYSFS_TOTAL(failed);
WATTLE_SYSFS_TOTAL(late);
WATTLE_SYSFS_TOTAL(missed);
WATTLE_SYSFS_TOTAL(lease_expired);
WATTLE_SYSFS_TOTAL(migrated);
WATTLE_SYSFS_TOTAL(requeued);
WATTLE_SYSFS_TOTAL(would_refuse);
WATTLE_SYSFS_TOTAL(run_ns);
WATTLE_SYSFS_TOTAL(cpu_ns);
WATTLE_SYSFS_TOTAL(wait_ns);

static ssize_t clients_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(wattle.sched.nr_clients));
}
static DEVICE_ATTR_RO(clients);

static ssize_t queues_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(wattle.sched.nr_queues));
}
static DEVICE_ATTR_RO(queues);

static ssize_t workers_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", wattle_worker_count());
}
static DEVICE_ATTR_RO(workers);

static ssize_t events_lost_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(wattle.events_lost));
}
static DEVICE_ATTR_RO(events_lost);

static struct attribute *wattle_sysfs_stats_attrs[] = {
	&wattle_sysfs_total_submitted.dev_attr.attr,
	&wattle_sysfs_total_admitted.dev_attr.attr,
	&wattle_sysfs_total_best_effort.dev_attr.attr,
	&wattle_sysfs_total_refused.dev_attr.attr,
	&wattle_sysfs_total_completed.dev_attr.attr,
	&wattle_sysfs_total_cancelled.dev_attr.attr,
	&wattle_sysfs_total_aborted.dev_attr.attr,
	&wattle_sysfs_total_queued.dev_attr.attr,
	&wattle_sysfs_total_granted.dev_attr.attr,
	&wattle_sysfs_total_failed.dev_attr.attr,
	&wattle_sysfs_total_late.dev_attr.attr,
	&wattle_sysfs_total_missed.dev_attr.attr,
	&wattle_sysfs_total_lease_expired.dev_attr.attr,
	&wattle_sysfs_total_migrated.dev_attr.attr,
	&wattle_sysfs_total_requeued.dev_attr.attr,
	&wattle_sysfs_total_would_refuse.dev_attr.attr,
	&wattle_sysfs_total_run_ns.dev_attr.attr,
	&wattle_sysfs_total_cpu_ns.dev_attr.attr,
	&wattle_sysfs_total_wait_ns.dev_attr.attr,
	&dev_attr_clients.attr,
	&dev_attr_queues.attr,
	&dev_attr_workers.attr,
	&dev_attr_events_lost.attr,
	NULL
};

static const struct attribute_group wattle_sysfs_stats = {
	.name	= "stats",
	.attrs	= wattle_sysfs_stats_attrs,
};

static ssize_t source_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct wattle_energy_report r;
	int err = wattle_energy_peek(&r);

	return err ? err : sysfs_emit(buf, "%s\n", r.source[0] ? r.source : "unavailable");
}
static DEVICE_ATTR_RO(source);

static ssize_t quality_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct wattle_energy_report r;
	int err = wattle_energy_peek(&r);

	if (err)
		return err;
	return sysfs_emit(buf, "%s%s\n", wattle_energy_quality_name(r.quality),
			  r.simulated ? " simulated" : "");
}
static DEVICE_ATTR_RO(quality);

/*
 * A number of the energy report. Joules are root's to read: they leak what
 * others compute, and without a source there are none.
 */
struct wattle_sysfs_energy {
	struct device_attribute	dev_attr;
	size_t			offset;
	bool			joules;
};

static ssize_t wattle_sysfs_energy_show(struct device *dev, struct device_attribute *attr,
					char *buf)
{
	const struct wattle_sysfs_energy *a =
		container_of(attr, struct wattle_sysfs_energy, dev_attr);
	struct wattle_energy_report r;
	int err;

	/* Only who may read joules makes the meters be read. */
	err = a->joules ? wattle_energy_report(&r) : wattle_energy_peek(&r);
	if (err)
		return err;
	if (a->joules && r.quality == WATTLE_QUALITY_NONE)
		return sysfs_emit(buf, "unavailable\n");
	return sysfs_emit(buf, "%llu\n", *(u64 *)((char *)&r + a->offset));
}

#define WATTLE_SYSFS_ENERGY(file, field, is_joules)				\
static struct wattle_sysfs_energy wattle_sysfs_energy_##file = {		\
	.dev_attr = __ATTR(file, (is_joules) ? 0400 : 0444,			\
			   wattle_sysfs_energy_show, NULL),			\
	.offset = offsetof(struct wattle_energy_report, field),			\
	.joules = is_joules,							\
}

WATTLE_SYSFS_ENERGY(package_uj, total_uj, true);
WATTLE_SYSFS_ENERGY(charged_uj, charged_uj, true);
WATTLE_SYSFS_ENERGY(unattributed_uj, rest_uj, true);
WATTLE_SYSFS_ENERGY(read_errors, read_errors, false);
WATTLE_SYSFS_ENERGY(unsure_epochs, unsure_epochs, false);

static struct attribute *wattle_sysfs_energy_attrs[] = {
	&dev_attr_source.attr,
	&dev_attr_quality.attr,
	&wattle_sysfs_energy_package_uj.dev_attr.attr,
	&wattle_sysfs_energy_charged_uj.dev_attr.attr,
	&wattle_sysfs_energy_unattributed_uj.dev_attr.attr,
	&wattle_sysfs_energy_read_errors.dev_attr.attr,
	&wattle_sysfs_energy_unsure_epochs.dev_attr.attr,
	NULL
};

static const struct attribute_group wattle_sysfs_energy = {
	.name	= "energy",
	.attrs	= wattle_sysfs_energy_attrs,
};

/* A figure of the power table. */
struct wattle_sysfs_model {
	struct device_attribute	dev_attr;
	u32			(*value)(const struct wattle_model_table *t);
};

static ssize_t wattle_sysfs_model_show(struct device *dev, struct device_attribute *attr,
				       char *buf)
{
	const struct wattle_sysfs_model *a =
		container_of(attr, struct wattle_sysfs_model, dev_attr);
	const struct wattle_model_table *t;
	ssize_t n;

	rcu_read_lock();
	t = wattle_model();
	n = t ? sysfs_emit(buf, "%u\n", a->value(t)) : sysfs_emit(buf, "unavailable\n");
	rcu_read_unlock();
	return n;
}

#define WATTLE_SYSFS_MODEL(file, expr)						\
static u32 wattle_sysfs_model_##file(const struct wattle_model_table *t)	\
{										\
	return expr;								\
}										\
static struct wattle_sysfs_model wattle_sysfs_model_attr_##file = {		\
	.dev_attr = __ATTR(file, 0444, wattle_sysfs_model_show, NULL),		\
	.value = wattle_sysfs_model_##file,					\
}

WATTLE_SYSFS_MODEL(opps, t->power.t.nr_opps);
WATTLE_SYSFS_MODEL(idle_states, t->power.t.nr_idle);
WATTLE_SYSFS_MODEL(error_pm, t->error_pm);
WATTLE_SYSFS_MODEL(critical_khz, t->power.t.opp[t->power.crit[t->power.t.nr_idle - 1][1]].khz);

static ssize_t name_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct wattle_model_table *t;
	ssize_t n;

	rcu_read_lock();
	t = wattle_model();
	n = t ? sysfs_emit(buf, "%s%s\n", t->name,
			   t->flags & WATTLE_MODEL_SIMULATED ? " simulated" : "") :
		sysfs_emit(buf, "unavailable\n");
	rcu_read_unlock();
	return n;
}
static DEVICE_ATTR_RO(name);

static struct attribute *wattle_sysfs_model_attrs[] = {
	&dev_attr_name.attr,
	&wattle_sysfs_model_attr_opps.dev_attr.attr,
	&wattle_sysfs_model_attr_idle_states.dev_attr.attr,
	&wattle_sysfs_model_attr_error_pm.dev_attr.attr,
	&wattle_sysfs_model_attr_critical_khz.dev_attr.attr,
	NULL
};

static const struct attribute_group wattle_sysfs_model = {
	.name	= "model",
	.attrs	= wattle_sysfs_model_attrs,
};

const struct attribute_group *wattle_sysfs_groups[] = {
	&wattle_sysfs_main,
	&wattle_sysfs_stats,
	&wattle_sysfs_energy,
	&wattle_sysfs_model,
	NULL
};
