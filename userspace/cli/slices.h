/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Slices of a program's run by hardware counters: cycles, those of them that waited, CPU time.
 */
#ifndef WATTLE_CLI_SLICES_H
#define WATTLE_CLI_SLICES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum slices_counter { SLICES_TIME, SLICES_CYCLES, SLICES_STALLS, SLICES_NR };

/**
 * struct slices - counters of a process and what it starts
 * @fd:		of each counter, -1 = there is none
 * @last:	what they showed when the last slice was taken
 */
struct slices {
	int		fd[SLICES_NR];
	uint64_t	last[SLICES_NR];
};

/* False where the machine has not all of them; @why then says which and what that means. */
bool slices_open(struct slices *s, pid_t pid, char *why, size_t size);
/* Since the last call; false when there was nothing to speak of, or it cannot be read. */
bool slices_take(struct slices *s, uint64_t v[SLICES_NR]);
void slices_close(struct slices *s);

#endif
