/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine's power table: what MODEL_SET brought, immutable, under RCU.
 */
#ifndef WATTLE_MODEL_H
#define WATTLE_MODEL_H

#include <linux/compiler.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <linux/wattle.h>

#include "core/power.h"

struct file;

/**
 * struct wattle_model_table - a table that was checked; never written once it is published
 * @rcu:	defers freeing until its readers are done
 * @flags:	WATTLE_MODEL_SIMULATED or 0
 * @error_pm:	how far it was off where it could be checked
 * @name:	where it is from
 * @power:	the table, and what decisions need of it
 */
struct wattle_model_table {
	struct rcu_head		rcu;
	u32			flags;
	u32			error_pm;
	char			name[WATTLE_NAME_MAX];
	struct wattle_power	power;
};

extern struct wattle_model_table __rcu *wattle_model_now;

/**
 * wattle_model() - the table in force
 *
 * Return: NULL if there is none; valid until the RCU read side that it is called in ends.
 */
static inline const struct wattle_model_table *wattle_model(void)
{
	return rcu_dereference(wattle_model_now);
}

long wattle_model_set(struct file *file, void __user *arg, u32 size);
long wattle_model_get(void __user *arg, u32 size);
void wattle_model_exit(void);

#endif
