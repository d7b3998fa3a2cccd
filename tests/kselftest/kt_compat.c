// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * 32-bit programs: the ABI has the same layout for them, so their ioctls do the
 * same. int $0x80 enters the kernel as such a program does, from this one; the
 * structs lie below 4 GiB, where it can point.
 */
#include "harness.h"

#include <sys/mman.h>

static char *low;

static long ioctl32(int fd, unsigned int cmd, void *arg)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret)
			 : "a"(54L), "b"((long)fd), "c"((long)cmd), "d"(arg)
			 : "memory", "r8", "r9", "r10", "r11");
	ret = (int)ret;
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

static void test_all_calls(void)
{
	struct wattle_query *q = (void *)low;
	struct wattle_queue_create *c = (void *)(low + 1024);
	struct wattle_batch *b = (void *)(low + 2048);
	struct wattle_verdict *v = (void *)(low + 3072);
	struct wattle_submit *s = (void *)(low + 4096);
	struct wattle_next *n = (void *)(low + 5120);
	struct wattle_complete *d = (void *)(low + 6144);
	struct wattle_queue_stats *st = (void *)(low + 7168);
	struct wattle_cancel *x = (void *)(low + 8192);
	struct wattle_queue_destroy *k = (void *)(low + 9216);
	struct wattle_queue_update *u = (void *)(low + 10240);
	int fd = kt_open();

	memset(low, 0, 16384);
	q->size = sizeof(*q);
	EXPECT_EQ(ioctl32(fd, WATTLE_IOC_QUERY, q), 0);
	EXPECT_EQ(q->abi_major, WATTLE_ABI_MAJOR);
	c->size = sizeof(*c);
	EXPECT_EQ(ioctl32(fd, WATTLE_IOC_QUEUE_CREATE, c), 0);
	u->size = sizeof(*u);
	u->queue = c->queue;
	u->mask = WATTLE_UPDATE_WEIGHT;
	u->params.weight = 3;
	EXPECT_EQ(ioctl32(fd, WATTLE_IOC_QUEUE_UPDATE, u), 0);
	b[0].user_data = 0x1234567890abcdefULL;
	b[0].deadline_ns = kt_now() + 100 * SEC;
	*s = (struct wattle_submit){ .size = sizeof(*s), .queue = c->queue, .count = 3,
				     .batch_size = sizeof(*b), .batches = (uintptr_t)b,
				     .verdicts = (uintptr_t)v, .verdict_size = sizeof(*v) };
	EXPECT_EQ(ioctl32(fd, WATTLE_IOC_SUBMIT, s), 3);
	EXPECT_EQ(s->processed, 3);
	EXPECT(v[0].batch && v[2].batch != v[0].batch);
	n->size = sizeof(*n);
	EXPECT_EQ(ioctl32(fd, WATTLE_IOC_NEXT, n), 0);
	EXPECT_EQ(n->user_data, b[0].user_data);
	EXPECT_EQ(n->deadline_ns, b[0].deadline_ns);
	*d = (struct wattle_complete){ .size = sizeof(*d), .token = n->token };
	EXPECT_EQ(ioctl32(fd, WATTLE_IOC_COMPLETE, d), 0);
	EXPECT_ERR(ioctl32(fd, WATTLE_IOC_COMPLETE, d), EALREADY);
	*x = (struct wattle_cancel){ .size = sizeof(*x), .queue = c->queue, .batch = v[2].batch };
	EXPECT_EQ(ioctl32(fd, WATTLE_IOC_CANCEL, x), 0);
	st->size = sizeof(*st);
	st->queue = c->queue;
	EXPECT_EQ(ioctl32(fd, WATTLE_IOC_QUEUE_STATS, st), 0);
	EXPECT_EQ(st->submitted, 3);
	EXPECT_EQ(st->completed, 1);
	EXPECT_EQ(st->cancelled, 1);
	EXPECT_EQ(st->queued, 1);
	*k = (struct wattle_queue_destroy){ .size = sizeof(*k), .queue = c->queue };
	EXPECT_EQ(ioctl32(fd, WATTLE_IOC_QUEUE_DESTROY, k), 0);
	EXPECT_EQ(k->cancelled, 1);
	EXPECT_ERR(ioctl32(fd, 0xc0107700, low), ENOTTY);
	close(fd);
}

int main(void)
{
	static const struct kt_case cases[] = {
		{ "every ioctl by the 32-bit entry", test_all_calls },
	};

#ifndef __x86_64__
	kt_skip_all("the 32-bit entry is reached by int $0x80, on x86-64 only");
#endif
	low = mmap(NULL, 16384, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED)
		kt_skip_all("no memory below 4 GiB");
	/*
	 * A kernel built without the 32-bit entry has no such sysctl; trying int $0x80 there
	 * would leave a general protection fault in its log.
	 */
	if (access("/proc/sys/abi/vsyscall32", F_OK))
		kt_skip_all("this kernel has no 32-bit system calls (CONFIG_IA32_EMULATION)");
	/* getpid by the 32-bit table: it may be switched off at boot (SIGSEGV or ENOSYS). */
	{
		pid_t pid = fork();
		int st;

		if (!pid) {
			long r;

			__asm__ volatile("int $0x80" : "=a"(r) : "a"(20L)
					 : "memory", "r8", "r9", "r10", "r11");
			_exit(r != getpid());
		}
		if (waitpid(pid, &st, 0) != pid || st)
			kt_skip_all("32-bit system calls are switched off (ia32_emulation=)");
	}
	return kt_run(cases, ARRAY_SIZE(cases));
}
