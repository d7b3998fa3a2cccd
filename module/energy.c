// SPDX-License-Identifier: GPL-2.0-only
/*
 * Energy accounts. The registry's best provider of each package is read, the
 * deltas summed, and at the end of an epoch split over the queues by CPU time
 * (core/energy.c). Epochs end lazily: when somebody asks, when a thread that
 * runs anyway finds one overdue, or by a deferrable work that does not wake an
 * idle CPU. They end at all only because counters wrap.
 *
 * Locks: the energy mutex guards the meters and totals; the device lock is
 * taken inside it, for the split. The registry's notifier takes the mutex under
 * the registry's locks; nothing here calls into those while holding it but the
 * SRCU walk, which waits for nobody.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpufreq.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include <linux/suspend.h>
#include <linux/workqueue.h>

#include "device.h"
#include "energy.h"
#include "registry/registry.h"
#include "trace.h"

#define WATTLE_METERS_MAX	64
#define WATTLE_EPOCH_MIN_NS	NSEC_PER_SEC
#define WATTLE_EPOCH_MAX_NS	(10 * NSEC_PER_SEC)

/**
 * struct wattle_meter - the best package counter of one package
 * @provider:	whose; only compared outside a walk of the registry, never followed
 * @index:	its zone
 * @rating:	the provider's
 * @zone:	copy of the zone's description
 * @last_uj:	reading that the next delta is against
 * @based:	@last_uj is valid
 */
struct wattle_meter {
	struct wattle_energy_provider	*provider;
	unsigned int			index;
	int				rating;
	struct wattle_energy_zone	zone;
	u64				last_uj;
	bool				based;
};

/**
 * struct wattle_reading - one round over the meters
 * @delta_uj:	energy since the last round, of the meters that could say
 * @nr:		how many could
 */
struct wattle_reading {
	u64		delta_uj;
	unsigned int	nr;
};

/**
 * struct wattle_cpu_busy - a CPU's idle accounting at the last epoch's end
 * @wall_us:	time passed
 * @idle_us:	of it, idle
 * @based:	both are valid
 */
struct wattle_cpu_busy {
	u64	wall_us;
	u64	idle_us;
	bool	based;
};

static const char * const wattle_energy_quality_names[] = {
	[WATTLE_QUALITY_NONE]		= "unavailable",
	[WATTLE_QUALITY_MODEL]		= "model",
	[WATTLE_QUALITY_CPUTIME]	= "cputime",
	[WATTLE_QUALITY_CYCLES]		= "cycles",
	[WATTLE_QUALITY_MEASURED]	= "measured",
};

/* All under the mutex, but for the due time. */
static DEFINE_MUTEX(wattle_energy_mutex);
static struct wattle_meter wattle_meters[WATTLE_METERS_MAX];
static unsigned int wattle_nr_meters;
static struct wattle_energy_provider *wattle_energy_leaving;
static struct wattle_energy_report wattle_energy_now;	/* charged and rest: the state machine's */
static u64 wattle_energy_epoch_ns;	/* longest time an epoch may last */
static u64 wattle_energy_tick_ns;	/* the counters do not advance more often */
static bool wattle_energy_asleep;	/* suspending or resuming: counters may start at 0 */
static DEFINE_PER_CPU(struct wattle_cpu_busy, wattle_cpu_busy);

/* When the epoch is overdue, for wattle_energy_poke(). */
u64 wattle_energy_due_ns = U64_MAX;

static void wattle_energy_work_fn(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(wattle_energy_work, wattle_energy_work_fn);

/**
 * wattle_energy_quality_name() - a quality for people
 * @quality: enum wattle_quality
 */
const char *wattle_energy_quality_name(u32 quality)
{
	return quality < ARRAY_SIZE(wattle_energy_quality_names) ?
	       wattle_energy_quality_names[quality] : "unknown";
}

/* A walk's visit: keep the best package zone of each package. */
static int wattle_energy_pick_one(struct wattle_energy_provider *p, unsigned int index, void *arg)
{
	const struct wattle_energy_zone *z = &p->zones[index];
	struct wattle_meter *m;
	unsigned int i;

	if (z->zone != WATTLE_ZONE_PACKAGE || p == wattle_energy_leaving)
		return 0;
	for (i = 0; i < wattle_nr_meters; i++)
		if (wattle_meters[i].zone.package == z->package)
			break;
	if (i == WATTLE_METERS_MAX) {
		pr_warn_once("more than %u packages offer energy: package %u is left out\n",
			     WATTLE_METERS_MAX, z->package);
		return 0;
	}
	m = &wattle_meters[i];
	if (i < wattle_nr_meters && m->rating >= p->rating)
		return 0;
	if (i == wattle_nr_meters)
		wattle_nr_meters++;
	*m = (struct wattle_meter) {
		.provider	= p,
		.index		= index,
		.rating		= p->rating,
		.zone		= *z,
	};
	/* One name stands for all: the first package's source. */
	if (!i)
		strscpy(wattle_energy_now.source, p->name, sizeof(wattle_energy_now.source));
	return 0;
}

/* A walk's visit: read a meter; @arg is the struct wattle_reading. */
static int wattle_energy_read_one(struct wattle_energy_provider *p, unsigned int index, void *arg)
{
	struct wattle_reading *r = arg;
	unsigned int i;
	u64 uj;
	int err;

	for (i = 0; i < wattle_nr_meters; i++) {
		struct wattle_meter *m = &wattle_meters[i];

		if (m->provider != p || m->index != index)
			continue;
		err = wattle_energy_read(p, index, &uj);
		if (err) {
			/* The next good reading starts afresh: what lies between is unknown. */
			wattle_energy_now.read_errors++;
			m->based = false;
			return 0;
		}
		if (m->based && uj < m->last_uj && !m->zone.range_uj) {
			wattle_energy_now.read_errors++;
		} else if (m->based) {
			r->delta_uj += uj - m->last_uj;
			if (uj < m->last_uj)
				r->delta_uj += m->zone.range_uj;
			r->nr++;
		}
		m->last_uj = uj;
		m->based = true;
	}
	return 0;
}

/* A meter that has no reading to start from says nothing, and vouches for nothing. */
static void wattle_energy_weigh(void)
{
	u32 quality = WATTLE_QUALITY_NONE;
	unsigned int i;

	wattle_energy_now.simulated = false;
	for (i = 0; i < wattle_nr_meters; i++) {
		const struct wattle_meter *m = &wattle_meters[i];

		wattle_energy_now.simulated |= m->zone.simulated;
		if (m->based)
			quality = quality ? min(quality, m->zone.quality) : m->zone.quality;
	}
	wattle_energy_now.quality = quality;
}

/*
 * Time all online CPUs together were busy since the last call. Idle CPUs are
 * looked at from here, they are not woken.
 */
static u64 wattle_energy_busy_ns(void)
{
	u64 busy_us = 0;
	unsigned int cpu;

	cpus_read_lock();
	for_each_possible_cpu(cpu) {
		struct wattle_cpu_busy *b = per_cpu_ptr(&wattle_cpu_busy, cpu);
		u64 wall, idle;

		if (!cpu_online(cpu)) {
			b->based = false;
			continue;
		}
		idle = get_cpu_idle_time(cpu, &wall, 0);
		if (b->based && wall > b->wall_us && idle >= b->idle_us &&
		    wall - b->wall_us > idle - b->idle_us)
			busy_us += (wall - b->wall_us) - (idle - b->idle_us);
		b->wall_us = wall;
		b->idle_us = idle;
		b->based = true;
	}
	cpus_read_unlock();
	return busy_us * NSEC_PER_USEC;
}

/* A counter of this range cannot wrap faster than this: 1 kW turns 1 uJ a ns. */
static bool wattle_energy_may_have_wrapped(u64 elapsed_ns)
{
	unsigned int i;

	for (i = 0; i < wattle_nr_meters; i++) {
		const struct wattle_meter *m = &wattle_meters[i];

		if (m->based && m->zone.range_uj && elapsed_ns > m->zone.range_uj)
			return true;
	}
	return false;
}

/*
 * In mode off nobody is charged; the times are forgotten. So are those of
 * quality NONE: nobody knows what they cost, which is not the same as nothing.
 */
static void wattle_energy_split(u64 delta_uj, u64 busy_ns, u32 quality)
{
	u64 now_ns;

	wattle_device_lock();
	now_ns = ktime_get_ns();
	if (wattle.sched.mode == WATTLE_MODE_OFF) {
		wattle.sched.unattributed_uj += delta_uj;
		delta_uj = 0;
		quality = WATTLE_QUALITY_NONE;
	}
	wattle_trace_call(.op = WATTLE_CALL_EPOCH, .id = delta_uj, .value = busy_ns,
			  .arg = quality, .now_ns = now_ns);
	wattle_sched_energy_epoch(&wattle.sched, delta_uj, busy_ns, quality, now_ns);
	wattle_device_unlock();
}

static void wattle_energy_close_locked(void)
{
	struct wattle_reading r = {};
	u64 now_ns = ktime_get_ns();
	u32 quality;

	if (!wattle_nr_meters || wattle_energy_asleep)
		return;
	if (wattle_energy_may_have_wrapped(now_ns - wattle_energy_now.stamp_ns))
		wattle_energy_now.unsure_epochs++;
	wattle_energy_for_each(wattle_energy_read_one, &r);
	wattle_energy_weigh();
	quality = r.nr ? min_t(u32, wattle_energy_now.quality, WATTLE_QUALITY_CPUTIME) :
			 WATTLE_QUALITY_NONE;
	wattle_energy_now.total_uj += r.delta_uj;
	wattle_energy_now.stamp_ns = ktime_get_ns();
	wattle_energy_split(r.delta_uj, wattle_energy_busy_ns(), quality);
	WRITE_ONCE(wattle_energy_due_ns, now_ns + wattle_energy_epoch_ns);
}

/* Every meter starts afresh: what it counted up to now is in the sums or in none. */
static void wattle_energy_rebase(void)
{
	struct wattle_reading ignored = {};
	unsigned int i;

	for (i = 0; i < wattle_nr_meters; i++)
		wattle_meters[i].based = false;
	if (!wattle_energy_asleep)
		wattle_energy_for_each(wattle_energy_read_one, &ignored);
	wattle_energy_weigh();
	if (!wattle_nr_meters) {
		WRITE_ONCE(wattle_energy_due_ns, U64_MAX);
		return;
	}
	wattle_energy_now.stamp_ns = ktime_get_ns();
	/* What ran before the base reading, nobody metered. */
	wattle_energy_split(0, wattle_energy_busy_ns(), WATTLE_QUALITY_NONE);
	WRITE_ONCE(wattle_energy_due_ns, wattle_energy_now.stamp_ns + wattle_energy_epoch_ns);
	queue_delayed_work(system_unbound_wq, &wattle_energy_work,
			   nsecs_to_jiffies(wattle_energy_epoch_ns));
}

/*
 * Choose the meters anew, @leaving excepted, and take their base readings. What
 * the old ones had measured has been accounted by the caller.
 */
static void wattle_energy_pick(struct wattle_energy_provider *leaving)
{
	u64 epoch_ns = WATTLE_EPOCH_MAX_NS;
	unsigned int i;

	wattle_nr_meters = 0;
	wattle_energy_leaving = leaving;
	wattle_energy_now.source[0] = '\0';
	wattle_energy_for_each(wattle_energy_pick_one, NULL);
	wattle_energy_leaving = NULL;

	wattle_energy_tick_ns = NSEC_PER_MSEC;
	for (i = 0; i < wattle_nr_meters; i++) {
		const struct wattle_energy_zone *z = &wattle_meters[i].zone;

		wattle_energy_tick_ns = max(wattle_energy_tick_ns, z->update_ns);
		/* Half of what 1 kW needs to wrap it. */
		if (z->range_uj)
			epoch_ns = min(epoch_ns, z->range_uj / 2);
	}
	wattle_energy_epoch_ns = max_t(u64, epoch_ns, WATTLE_EPOCH_MIN_NS);
	wattle_energy_rebase();
}

/* A provider came (it may be better than the present one) or is about to go. */
static int wattle_energy_notify(struct notifier_block *nb, unsigned long added, void *data)
{
	mutex_lock(&wattle_energy_mutex);
	wattle_energy_close_locked();
	wattle_energy_pick(added ? NULL : data);
	mutex_unlock(&wattle_energy_mutex);
	return NOTIFY_OK;
}

static struct notifier_block wattle_energy_nb = {
	.notifier_call = wattle_energy_notify,
};

/*
 * Suspend and hibernation. RAPL starts again at 0 after S3, which is no wrap; and a
 * work may run between the resume and its notification, so until then no meter is
 * read. Notifications come in pairs, also when a suspend is called off.
 */
static int wattle_energy_pm(struct notifier_block *nb, unsigned long action, void *data)
{
	mutex_lock(&wattle_energy_mutex);
	switch (action) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		wattle_energy_close_locked();
		wattle_energy_asleep = true;
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		wattle_energy_asleep = false;
		wattle_energy_rebase();
		break;
	}
	mutex_unlock(&wattle_energy_mutex);
	return NOTIFY_OK;
}

static struct notifier_block wattle_energy_pm_nb = {
	.notifier_call = wattle_energy_pm,
};

static void wattle_energy_work_fn(struct work_struct *work)
{
	mutex_lock(&wattle_energy_mutex);
	wattle_energy_close_locked();
	if (wattle_nr_meters)
		mod_delayed_work(system_unbound_wq, &wattle_energy_work,
				 nsecs_to_jiffies(wattle_energy_epoch_ns));
	mutex_unlock(&wattle_energy_mutex);
}

/**
 * __wattle_energy_poke() - have the overdue epoch closed soon, by a work
 */
void __wattle_energy_poke(void)
{
	/* One is enough. */
	WRITE_ONCE(wattle_energy_due_ns, U64_MAX);
	mod_delayed_work(system_unbound_wq, &wattle_energy_work, 0);
}

/**
 * wattle_energy_close() - account for the energy used up to now
 *
 * Readings more frequent than the counters advance would only cost. Sleeps.
 *
 * Return: 0; -EINTR the thread is being killed while others read a slow meter.
 */
int wattle_energy_close(void)
{
	if (mutex_lock_killable(&wattle_energy_mutex))
		return -EINTR;
	if (ktime_get_ns() - wattle_energy_now.stamp_ns >= wattle_energy_tick_ns)
		wattle_energy_close_locked();
	mutex_unlock(&wattle_energy_mutex);
	return 0;
}

/**
 * wattle_energy_peek() - the accounts as of the last epoch's end
 * @r: filled, but for what was charged to whom
 *
 * Reads no meter and takes no device lock: what anybody may ask for, as often as
 * they like.
 *
 * Return: 0; -EINTR the thread is being killed.
 */
int wattle_energy_peek(struct wattle_energy_report *r)
{
	if (mutex_lock_killable(&wattle_energy_mutex))
		return -EINTR;
	*r = wattle_energy_now;
	mutex_unlock(&wattle_energy_mutex);
	return 0;
}

/**
 * wattle_energy_report() - the accounts as of now
 * @r: filled
 *
 * Return: 0; -EINTR the thread is being killed.
 */
int wattle_energy_report(struct wattle_energy_report *r)
{
	struct wattle_queue_stats st = {};

	if (wattle_energy_close() || mutex_lock_killable(&wattle_energy_mutex))
		return -EINTR;
	*r = wattle_energy_now;
	wattle_device_lock();
	wattle_sched_totals(&wattle.sched, &st, ktime_get_ns());
	r->charged_uj = st.energy_uj;
	r->rest_uj = wattle.sched.unattributed_uj;
	wattle_device_unlock();
	mutex_unlock(&wattle_energy_mutex);
	return 0;
}

/**
 * wattle_energy_query() - the energy fields of QUERY
 * @q: filled
 * @allowed: the client may read metered energy
 *
 * Return: 0; -EINTR the thread is being killed.
 */
int wattle_energy_query(struct wattle_query *q, bool allowed)
{
	if ((allowed && wattle_energy_close()) || mutex_lock_killable(&wattle_energy_mutex))
		return -EINTR;
	strscpy(q->energy_source, wattle_energy_now.source, sizeof(q->energy_source));
	if (wattle_energy_now.simulated)
		q->energy_flags |= WATTLE_ENERGY_SIMULATED;
	if (!allowed && wattle_nr_meters) {
		q->energy_flags |= WATTLE_ENERGY_DENIED;
	} else if (wattle_energy_now.quality != WATTLE_QUALITY_NONE) {
		q->energy_quality = wattle_energy_now.quality;
		q->energy_uj = wattle_energy_now.total_uj;
		q->energy_stamp_ns = wattle_energy_now.stamp_ns;
	}
	mutex_unlock(&wattle_energy_mutex);
	return 0;
}

/**
 * wattle_energy_init() - choose meters and follow providers
 *
 * Return: 0 or a negative errno.
 */
int wattle_energy_init(void)
{
	int err;

	/* First, as it leaves nothing to undo but itself: there is no meter yet. */
	err = register_pm_notifier(&wattle_energy_pm_nb);
	if (err)
		return err;
	/* Tells of the providers there are, which is when meters are picked and the work queued. */
	err = wattle_energy_register_notifier(&wattle_energy_nb);
	if (err)
		unregister_pm_notifier(&wattle_energy_pm_nb);
	return err;
}

/**
 * wattle_energy_exit() - follow nobody; the device is gone
 */
void wattle_energy_exit(void)
{
	wattle_energy_unregister_notifier(&wattle_energy_nb);
	unregister_pm_notifier(&wattle_energy_pm_nb);
	mutex_lock(&wattle_energy_mutex);
	wattle_nr_meters = 0;
	mutex_unlock(&wattle_energy_mutex);
	cancel_delayed_work_sync(&wattle_energy_work);
}
