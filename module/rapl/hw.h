/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU's own answers: who it is, where a CPU sits, what a register holds.
 * All that the rest of this module does not decide by itself, so that a test
 * can put recorded registers in its place.
 */
#ifndef WATTLE_RAPL_HW_H
#define WATTLE_RAPL_HW_H

#include <linux/types.h>

#include "rapl/decode.h"

/* Shown to users. */
extern const char * const wattle_rapl_name;
extern const bool wattle_rapl_simulated;

/**
 * struct wattle_rapl_place - where a CPU sits
 * @package:	physical package id
 * @die:	die id in it
 * @core:	core id in that
 */
struct wattle_rapl_place {
	u32	package;
	u32	die;
	u32	core;
};

/**
 * wattle_rapl_hw_id() - the CPU this machine has
 * @id: filled
 */
void wattle_rapl_hw_id(struct wattle_rapl_id *id);

/**
 * wattle_rapl_hw_place() - where @cpu, which has been online, sits
 * @cpu:	its number
 * @place:	filled
 */
void wattle_rapl_hw_place(unsigned int cpu, struct wattle_rapl_place *place);

/**
 * wattle_rapl_hw_read() - read a register of the CPU this runs on
 * @msr:	which
 * @value:	filled if 0 is returned
 *
 * A register that does not exist is an error, not a fault. Preemption off, or a
 * thread that stays on its CPU.
 *
 * Return: 0 or -EIO.
 */
int wattle_rapl_hw_read(u32 msr, u64 *value);

/**
 * wattle_rapl_hw_filtered() - does this CPU's package blur its energy counters
 *
 * As wattle_rapl_hw_read().
 */
bool wattle_rapl_hw_filtered(void);

#endif
