// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause
/* The fit of T(f) = C / f + M, and by how much declared work is wrong. See learn.h. */
#include <linux/errno.h>

#include "core/learn.h"
#include "core/null.h"
#include "core/power.h"
#include "core/sat.h"

#define PERIOD		1000000000000LL	/* x = PERIOD / kHz: 3 GHz is 333333 */
#define X_MAX		(1LL << 24)	/* 60 MHz */
#define Y_MAX		(1LL << 36)	/* dx x dy stays below 2^61 */
#define MEMORY		32
#define STRANGE_MAX	3
#define RATIO_MAX	(8U * WATTLE_LEARN_ONE)

void wattle_learn_entry_init(struct wattle_learn_entry *e, __u64 key)
{
	e->key = key;
	e->mean_x = 0;
	e->mean_y = 0;
	e->cxx = 0;
	e->cxy = 0;
	e->dev_ns = 0;
	e->n = 0;
	e->shift = 0;
	e->strange = 0;
	e->nr_ratio = 0;
	e->ratio = WATTLE_LEARN_ONE;
	e->ratio_dev = 0;
}

/* Not enough spread, 1/16 of the mean, and the slope would be noise. */
static int two_frequencies(const struct wattle_learn_entry *e)
{
	__s64 least = e->mean_x >> 4;

	return e->cxx >= least * least && e->cxx > 0;
}

/* @x x slope, slope = cxy / cxx >= 0: the remainder scaled down until the product fits. */
static __u64 times_slope(const struct wattle_learn_entry *e, __u64 x)
{
	__u64 num = e->cxy, den = e->cxx;
	__u64 whole = num / den, rest = num % den;

	while (den >> 39) {
		den >>= 1;
		rest >>= 1;
	}
	return wattle_sat_add(wattle_sat_mul(x, whole), x * rest / den);
}

static __u64 unscale(const struct wattle_learn_entry *e, __u64 y)
{
	return wattle_sat_mul(y, 1ULL << e->shift);
}

int wattle_learn_get(const struct wattle_learn_entry *e, struct wattle_learned *out)
{
	__u64 sloping, mean_y = e->mean_y;

	if (!e->n)
		return -ENODATA;
	out->both = two_frequencies(e);
	out->pad = 0;
	out->margin_ns = wattle_sat_mul(e->dev_ns, 4);
	sloping = out->both && e->cxy > 0 ? times_slope(e, e->mean_x) : 0;
	if (!out->both || sloping > mean_y) {
		/* y = C x / 1000, all of it. */
		out->kcycles = unscale(e, mean_y * 1000 / e->mean_x);
		out->stall_ns = 0;
		return 0;
	}
	out->kcycles = e->cxy > 0 ? unscale(e, times_slope(e, 1000)) : 0;
	out->stall_ns = unscale(e, mean_y - sloping);
	return 0;
}

static void rescale(struct wattle_learn_entry *e, __u64 run_ns)
{
	while (run_ns >> e->shift >= Y_MAX) {
		e->shift++;
		e->mean_y >>= 1;
		e->cxy /= 2;
	}
}

/* Welford's update (1962), with a gain that stops at 1 / MEMORY. */
static void update(struct wattle_learn_entry *e, __s64 x, __s64 y)
{
	__s64 n = e->n < MEMORY ? e->n : MEMORY;
	__s64 dx = x - e->mean_x, dy = y - e->mean_y;

	e->mean_x += dx / n;
	e->mean_y += dy / n;
	e->cxx += (dx * (x - e->mean_x) - e->cxx) / n;
	e->cxy += (dx * (y - e->mean_y) - e->cxy) / n;
}

static int fits_not_at_all(const struct wattle_learn_entry *e, __u64 pred, __u64 err)
{
	return e->n >= 8 && err > wattle_sat_add(wattle_sat_mul(e->dev_ns, 4), pred / 4);
}

int wattle_learn_sample(struct wattle_learn_entry *e, __u32 khz, __u64 run_ns, __u32 unfit)
{
	struct wattle_learned is;
	__u64 pred = 0, err = 0;
	__s64 x;

	if (unfit || !khz || !run_ns || run_ns >= 1ULL << 62)
		return 0;
	x = PERIOD / khz;
	if (x > X_MAX || !x)
		return 0;
	if (!wattle_learn_get(e, &is)) {
		pred = wattle_power_run_ns(is.kcycles, is.stall_ns, khz);
		err = run_ns > pred ? run_ns - pred : pred - run_ns;
		if (fits_not_at_all(e, pred, err)) {
			/* One that slipped through, or the work is another now. */
			if (++e->strange < STRANGE_MAX)
				return 0;
			wattle_learn_entry_init(e, e->key);
		}
	}
	e->strange = 0;
	if (e->n < ~0U)
		e->n++;
	rescale(e, run_ns);
	if (e->n == 1) {
		e->mean_x = x;
		e->mean_y = run_ns >> e->shift;
		/* RFC 6298: half of the first until there is a second. */
		e->dev_ns = run_ns / 2;
		return 1;
	}
	update(e, x, run_ns >> e->shift);
	if (e->n == 2)
		e->dev_ns = err;
	else
		e->dev_ns = e->dev_ns - (e->dev_ns >> 2) + (err >> 2);
	return 1;
}

void wattle_learn_ratio(struct wattle_learn_entry *e, __u64 ratio)
{
	__u32 r = ratio < RATIO_MAX ? (__u32)ratio : RATIO_MAX;
	__u32 err = r > e->ratio ? r - e->ratio : e->ratio - r;

	/* Jacobson 1988: gains of 1/8 and 1/4, by rounding to nearest. */
	e->ratio = (7 * e->ratio + r + 4) / 8;
	e->ratio_dev = (3 * e->ratio_dev + err + 2) / 4;
	if (e->nr_ratio < ~0U)
		e->nr_ratio++;
}

__u32 wattle_learn_factor(const struct wattle_learn_entry *e)
{
	__u32 f = e->ratio + 2 * e->ratio_dev;

	return f > WATTLE_LEARN_ONE ? f : WATTLE_LEARN_ONE;
}
