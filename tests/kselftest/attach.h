/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What the cases of kt_attach share: programs that run when told to, and the call.
 */
#ifndef KT_ATTACH_H
#define KT_ATTACH_H

#include "actuator.h"

/* A client of a new case: what one before it that failed left behind is gone. */
int fresh_open(void);

/* In memory that parents and children share. */
struct scene {
	int	spin;		/* who was told to run does so */
	int	alive;		/* descendants that are there */
};

extern struct scene *scene;

void scene_spin(bool on);
/* A child on the last CPU that spins while the scene says so, and sleeps otherwise. */
pid_t spinner(void);
/* Spins and sleeps with the scene, never returns. */
void spin_forever(void) __attribute__((noreturn));
int attach_exec_spin(void);
void end_process(pid_t pid);
int steer_queue(int fd, unsigned int slowdown_pm);
/* 0, or -1 with errno. */
int attach(int fd, int queue, unsigned int op, int target, unsigned int flags,
	   struct wattle_attach *a);
int report(int fd, int queue, uint64_t cycles, uint64_t stalls, uint64_t ns,
	   struct wattle_attach *a);
/* CPU time of the members. */
uint64_t ran(int fd, int queue);
/* Until as many threads are followed. */
bool wait_members(int fd, int queue, unsigned int n);

void test_tree(void);
void test_before(void);
void test_threads(void);
void test_cgroup(void);
void test_permission(void);
void test_nonsense(void);
void test_unborn(void);
void test_limits(void);
void test_storm(void);
void test_unload(void);

#endif
