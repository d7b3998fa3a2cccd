/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * On which CPU: each batch is charged to one. Dated work goes to as few CPUs as
 * serve it at or under their cheapest point, so that the others sleep together;
 * undated work goes where it starts first.
 */
#ifndef WATTLE_CORE_PLACE_H
#define WATTLE_CORE_PLACE_H

#include <linux/types.h>

/**
 * struct wattle_place_offer - what one CPU has to offer for one batch
 * @feasible:	the deadline can be promised there
 * @active:	it has work already
 * @khz:	speed its deadlines ask for with the batch
 * @cheap_khz:	its cheapest frequency
 * @wait_ns:	time until undated work would start
 */
struct wattle_place_offer {
	__u32	feasible;
	__u32	active;
	__u32	khz;
	__u32	cheap_khz;
	__u64	wait_ns;
};

/**
 * wattle_place_better() - is one offer better than another?
 * @a:		an offer
 * @b:		another
 * @dated:	is it for a batch with a deadline?
 *
 * Return: 1 if @a is strictly better, 0 otherwise: of equals the first stays.
 */
int wattle_place_better(const struct wattle_place_offer *a, const struct wattle_place_offer *b,
			int dated);

#endif
