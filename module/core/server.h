/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Shares: who gets the CPU when all want it.
 *
 * A constant-bandwidth server (Abeni and Buttazzo, "Integrating multimedia
 * applications in hard real-time systems", RTSS 1998) gives a queue Q of every
 * period P and charges what ran, not what was said: whoever takes longer is
 * postponed, and nobody else is.
 *
 * Classes go before one another, except that background is owed a twentieth.
 * Inside a class users share equally and queues by weight, each by start-time
 * fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996).
 */
#ifndef WATTLE_CORE_SERVER_H
#define WATTLE_CORE_SERVER_H

#include <linux/types.h>

#define WATTLE_CLASSES		3	/* latency, batch, background */
#define WATTLE_CLASS_LAST	2
#define WATTLE_OWED_PART	19	/* background: 1 for every 19 of the others, 5 % */

/**
 * struct wattle_server - a bandwidth reserved
 * @budget_ns:	Q
 * @period_ns:	P, not below Q
 * @left_ns:	of Q, until @due_ns
 * @due_ns:	deadline of the server, by which its work is ordered
 */
struct wattle_server {
	__u64	budget_ns;
	__u64	period_ns;
	__u64	left_ns;
	__u64	due_ns;
};

/**
 * wattle_server_init() - a server that has not run
 * @s:		out
 * @budget_ns:	Q; at least 1
 * @period_ns:	P; raised to Q when below
 */
void wattle_server_init(struct wattle_server *s, __u64 budget_ns, __u64 period_ns);

/**
 * wattle_server_wake() - work has come to a server that had none
 * @s:		server
 * @now_ns:	the time
 *
 * What is left may be used up until the old deadline only if that is not more
 * than its bandwidth; otherwise it begins anew.
 */
void wattle_server_wake(struct wattle_server *s, __u64 now_ns);

/**
 * wattle_server_charge() - its work has run
 * @s:		server
 * @ran_ns:	for how long
 *
 * Each Q used up moves the deadline by P.
 */
void wattle_server_charge(struct wattle_server *s, __u64 ran_ns);

/**
 * struct wattle_classes - what background is owed
 * @owed_ns:	run time
 * @part_ns:	of others' run time that has not made a nanosecond owed
 */
struct wattle_classes {
	__u64	owed_ns;
	__u64	part_ns;
};

/**
 * wattle_classes_charge() - a class has run
 * @c:		account
 * @class:	0 to WATTLE_CLASS_LAST
 * @ran_ns:	for how long
 * @waiting:	background had work waiting: only then is it owed anything
 * @slice_ns:	longest that one background batch may run; no more is ever owed
 */
void wattle_classes_charge(struct wattle_classes *c, __u32 class, __u64 ran_ns, int waiting,
			   __u64 slice_ns);

/**
 * wattle_classes_pick() - the class whose turn it is
 * @c:		account
 * @ready:	bit k: class k has work
 * @need_ns:	what background's next batch is expected to take
 *
 * Return: the class; WATTLE_CLASSES when none has work.
 */
__u32 wattle_classes_pick(const struct wattle_classes *c, __u32 ready, __u64 need_ns);

/**
 * struct wattle_share - one among equals: a user, or a queue
 * @vtime:	weighted run time, saturating
 * @weight:	1 to 10000
 * @pad:	0
 */
struct wattle_share {
	__u64	vtime;
	__u32	weight;
	__u32	pad;
};

/**
 * wattle_share_wake() - it has work again
 * @s:		share
 * @floor:	virtual time of what ran last: sleeping saves up nothing
 */
void wattle_share_wake(struct wattle_share *s, __u64 floor);

/**
 * wattle_share_charge() - it has run
 * @s:		share
 * @ran_ns:	for how long
 */
void wattle_share_charge(struct wattle_share *s, __u64 ran_ns);

/**
 * wattle_share_before() - whose turn is it, of one class?
 * @user_a:	share of a's user
 * @queue_a:	a's share among the queues of that user
 * @user_b:	share of b's user; the same object if it is the same user
 * @queue_b:	b's share
 *
 * Return: 1 if a goes before b, else 0.
 */
int wattle_share_before(const struct wattle_share *user_a, const struct wattle_share *queue_a,
			const struct wattle_share *user_b, const struct wattle_share *queue_b);

#endif
