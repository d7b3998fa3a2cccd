// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* See harness.h. */
#include "harness.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

static int failed, skipped;
static char skip_reason[256];

void kt_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	failed = 1;
	printf("# %s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

void kt_skip(const char *fmt, ...)
{
	va_list ap;

	skipped = 1;
	va_start(ap, fmt);
	vsnprintf(skip_reason, sizeof(skip_reason), fmt, ap);
	va_end(ap);
}

void kt_skip_all(const char *reason)
{
	printf("1..0 # SKIP %s\n", reason);
	exit(77);
}

int kt_run(const struct kt_case *cases, size_t n)
{
	size_t i, bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (access("/dev/" WATTLE_DEVICE_NAME, F_OK) && !kt_loaded("wattle") &&
	    kt_reload(""))
		kt_skip_all("there is no /dev/wattle and no module to load");
	printf("1..%zu\n", n);
	for (i = 0; i < n; i++) {
		failed = 0;
		skipped = 0;
		cases[i].fn();
		if (!failed && skipped)
			printf("ok %zu - %s # SKIP %s\n", i + 1, cases[i].name, skip_reason);
		else
			printf("%sok %zu - %s\n", failed ? "not " : "", i + 1, cases[i].name);
		bad += failed;
	}
	return bad ? 1 : 0;
}

uint64_t kt_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SEC + ts.tv_nsec;
}

uint64_t kt_rand(void)
{
	static uint64_t x = 88172645463325252ULL;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

int kt_open_flags(int flags)
{
	int fd = open("/dev/" WATTLE_DEVICE_NAME, O_RDWR | O_CLOEXEC | flags);

	if (fd < 0)
		kt_fail(__FILE__, __LINE__, "open: %s", strerror(errno));
	return fd;
}

int kt_open(void)
{
	return kt_open_flags(0);
}

int kt_queue(int fd, const struct wattle_queue_params *p)
{
	struct wattle_queue_create c = { .size = sizeof(c), .name = "test" };

	if (p)
		c.params = *p;
	if (ioctl(fd, WATTLE_IOC_QUEUE_CREATE, &c)) {
		kt_fail(__FILE__, __LINE__, "QUEUE_CREATE: %s", strerror(errno));
		return -1;
	}
	return c.queue;
}

long kt_submit_batches(int fd, uint32_t queue, const struct wattle_batch *b, uint32_t count,
		       struct wattle_verdict *v)
{
	struct wattle_submit s = {
		.size = sizeof(s), .queue = queue, .count = count, .batch_size = sizeof(*b),
		.batches = (uintptr_t)b, .verdicts = (uintptr_t)v,
		.verdict_size = v ? sizeof(*v) : 0,
	};

	return ioctl(fd, WATTLE_IOC_SUBMIT, &s);
}

long kt_submit(int fd, uint32_t queue, uint64_t first, uint32_t n)
{
	struct wattle_batch b[256];
	uint32_t i, k, done = 0;
	long r;

	while (done < n) {
		k = n - done < 256 ? n - done : 256;
		memset(b, 0, k * sizeof(b[0]));
		for (i = 0; i < k; i++)
			b[i].user_data = first + done + i;
		r = kt_submit_batches(fd, queue, b, k, NULL);
		if (r != k) {
			kt_fail(__FILE__, __LINE__, "SUBMIT of %u: %ld, %s", k, r,
				r < 0 ? strerror(errno) : "short");
			return -1;
		}
		done += k;
	}
	return done;
}

int kt_next(int fd, uint64_t prev, uint64_t timeout_ns, struct wattle_next *out)
{
	memset(out, 0, sizeof(*out));
	out->size = sizeof(*out);
	out->prev_token = prev;
	out->timeout_ns = timeout_ns;
	return ioctl(fd, WATTLE_IOC_NEXT, out) ? -errno : 0;
}

int kt_complete(int fd, uint64_t token)
{
	struct wattle_complete c = { .size = sizeof(c), .token = token };

	return ioctl(fd, WATTLE_IOC_COMPLETE, &c) ? -errno : 0;
}

int kt_stats(int fd, uint32_t queue, struct wattle_queue_stats *st)
{
	memset(st, 0, sizeof(*st));
	st->size = sizeof(*st);
	st->queue = queue;
	if (ioctl(fd, WATTLE_IOC_QUEUE_STATS, st)) {
		kt_fail(__FILE__, __LINE__, "QUEUE_STATS: %s", strerror(errno));
		return -1;
	}
	return 0;
}

int kt_identity(const struct wattle_queue_stats *st)
{
	if (st->submitted == st->refused + st->completed + st->cancelled + st->aborted +
	    st->queued + st->granted)
		return 1;
	kt_fail(__FILE__, __LINE__,
		"submitted %llu is not refused %llu + completed %llu + cancelled %llu + aborted %llu + queued %llu + granted %llu",
		st->submitted, st->refused, st->completed, st->cancelled, st->aborted, st->queued,
		st->granted);
	return 0;
}

static int sysfs_open(const char *file, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/misc/wattle/%s", file);
	return open(path, flags | O_CLOEXEC);
}

int kt_mode(const char *mode)
{
	int fd = sysfs_open("mode", O_WRONLY), err;

	if (fd < 0)
		return -errno;
	err = write(fd, mode, strlen(mode)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

long long kt_sysfs(const char *file)
{
	int fd = sysfs_open(file, O_RDONLY);
	char buf[64] = "";
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	return n > 0 ? atoll(buf) : -1;
}

/* Polls with the CPU given away: the condition is what is waited for, not the time. */
static int until(int (*cond)(const void *arg), const void *arg, const char *what)
{
	uint64_t end = kt_now() + 10 * SEC;

	while (!cond(arg)) {
		if (kt_now() > end) {
			kt_fail(__FILE__, __LINE__, "waited 10 s in vain until %s", what);
			return -1;
		}
		sched_yield();
	}
	return 0;
}

struct granted_arg {
	int		fd;
	uint32_t	queue;
	uint64_t	n;
};

static int granted_cond(const void *arg)
{
	const struct granted_arg *a = arg;
	struct wattle_queue_stats st;

	return kt_stats(a->fd, a->queue, &st) || st.granted == a->n;
}

int kt_wait_granted(int fd, uint32_t queue, uint64_t n)
{
	struct granted_arg a = { fd, queue, n };

	return until(granted_cond, &a, "as many batches are granted");
}

static int asleep_cond(const void *arg)
{
	char path[64], buf[512], *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", *(const pid_t *)arg);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	buf[n] = 0;
	p = strrchr(buf, ')');
	return p && p[2] == 'S';
}

int kt_wait_asleep(pid_t tid)
{
	return until(asleep_cond, &tid, "the thread sleeps");
}

struct sysfs_arg {
	const char	*file;
	long long	want;
};

static int sysfs_cond(const void *arg)
{
	const struct sysfs_arg *a = arg;

	return kt_sysfs(a->file) == a->want;
}

int kt_wait_sysfs(const char *file, long long want)
{
	struct sysfs_arg a = { file, want };

	return until(sysfs_cond, &a, file);
}

int kt_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

int kt_insmod(const char *name, const char *params)
{
	struct utsname u;
	char path[512];
	int fd, err;

	uname(&u);
	snprintf(path, sizeof(path), "build/kmod/%s/%s.ko", u.release, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = syscall(SYS_finit_module, fd, params, 0) ? -errno : 0;
	close(fd);
	return err;
}

int kt_rmmod(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

int kt_loaded(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", name);
	return !access(path, F_OK);
}

int kt_reload(const char *params)
{
	int err = kt_loaded("wattle") ? kt_rmmod("wattle") : 0;

	if (!err && !kt_loaded("wattle_registry"))
		err = kt_insmod("wattle_registry", "");
	return err ? err : kt_insmod("wattle", params);
}

int kt_put(const char *path, const char *text)
{
	int f = open(path, O_WRONLY), err = 0;

	if (f < 0)
		return -errno;
	if (write(f, text, strlen(text)) < 0)
		err = -errno;
	close(f);
	return err;
}

int kt_as_user(uid_t uid, int (*fn)(void))
{
	pid_t pid;
	int st;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
			_exit(99);
		_exit(fn());
	}
	return waitpid(pid, &st, 0) == pid && WIFEXITED(st) ? WEXITSTATUS(st) : 98;
}
