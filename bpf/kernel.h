/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few kernel types the programs read, as they are relocated against the
 * running kernel (CO-RE): only names and types of members matter, not their
 * places. A whole vmlinux.h would have to be generated from a kernel with BTF,
 * which a build machine need not have.
 */
#ifndef WATTLE_BPF_KERNEL_H
#define WATTLE_BPF_KERNEL_H

#include <stdbool.h>
#include <linux/types.h>
#include <linux/bpf.h>

#define PF_KTHREAD	0x00200000

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
	__u64	id;
};

struct cgroup {
	struct kernfs_node	*kn;
};

struct css_set {
	struct cgroup	*dfl_cgrp;
};

struct thread_info {
	__u32	cpu;
};

struct task_struct {
	struct thread_info	thread_info;
	unsigned int		flags;
	int			exit_state;
	__u32			pid;
	__u32			tgid;
	struct task_struct	*real_parent;
	struct task_struct	*group_leader;
	__u64			start_boottime;
	char			comm[16];
	struct css_set		*cgroups;
};

/* Before 5.16 the CPU was a member of its own. */
struct task_struct___before_5_16 {
	unsigned int	cpu;
};

struct bpf_iter__task {
	struct bpf_iter_meta	*meta;
	struct task_struct	*task;
};

#pragma clang attribute pop

#endif
