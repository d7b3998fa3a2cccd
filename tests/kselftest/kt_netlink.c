// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The generic netlink family: get, dump, set, notifications, and the module's end
 * while somebody is in the middle of it.
 */
#include "harness.h"
#include "nl.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* Room for more queues than fit a message. */
#define LIMITS	"max_queues_per_client=256 max_queues_per_user=1024 max_queues=1024"

static struct nl nl;

static void test_device(void)
{
	struct nl_attrs a, st;
	struct nl_msg copy;
	int fd = kt_open(), q = kt_queue(fd, NULL);

	EXPECT_EQ(kt_submit(fd, q, 1, 3), 3);
	EXPECT_EQ(kt_mode("observe"), 0);
	EXPECT_EQ(nl_queue_get(&nl, 0, 0, &copy, &a), 0);
	EXPECT_EQ(nl_get_u32(a.a[WATTLE_A_MODE]), WATTLE_MODE_OBSERVE);
	EXPECT_EQ(nl_get_u32(a.a[WATTLE_A_ABI_MAJOR]), WATTLE_ABI_MAJOR);
	EXPECT_EQ(nl_get_u32(a.a[WATTLE_A_CPUS_ONLINE]), sysconf(_SC_NPROCESSORS_ONLN));
	EXPECT_EQ(nl_get_u32(a.a[WATTLE_A_CLIENTS]), 1);
	EXPECT_EQ(nl_get_u32(a.a[WATTLE_A_QUEUES]), 1);
	EXPECT_EQ(nl_get_u32(a.a[WATTLE_A_WAITING]), 3);
	EXPECT(!a.a[WATTLE_A_DRAINING]);
	EXPECT(a.a[WATTLE_A_STATS] && a.a[WATTLE_A_ENERGY]);
	nl_inner(a.a[WATTLE_A_STATS], &st);
	EXPECT_EQ(nl_get_u64(st.a[WATTLE_A_STATS_SUBMITTED]), kt_sysfs("stats/submitted"));
	close(fd);
}

/* What the ioctl says of a queue is what netlink says of it. */
static void test_queue_get(void)
{
	struct wattle_queue_params p = { .weight = 250, .max_slowdown_pm = 50,
					 .max_delay_us = 7000, .max_inflight = 9 };
	int fd = kt_open(), q = kt_queue(fd, &p);
	struct wattle_queue_stats want;
	struct nl_attrs a, in;
	struct nl_msg copy;
	uint64_t id = nl_own_client(&nl);

	EXPECT(id > 0);
	EXPECT_EQ(kt_submit(fd, q, 1, 5), 5);
	EXPECT_EQ(kt_stats(fd, q, &want), 0);
	EXPECT_EQ(nl_queue_get(&nl, id, q, &copy, &a), 0);
	EXPECT_EQ(nl_get_u64(a.a[WATTLE_A_CLIENT]), id);
	EXPECT_EQ(nl_get_u32(a.a[WATTLE_A_QUEUE]), q);
	EXPECT_EQ(nl_get_u32(a.a[WATTLE_A_PID]), getpid());
	EXPECT_EQ(nl_get_u32(a.a[WATTLE_A_UID]), geteuid());
	EXPECT(!strcmp(nl_get_str(a.a[WATTLE_A_NAME]), "test"));
	nl_inner(a.a[WATTLE_A_PARAMS], &in);
	EXPECT_EQ(nl_get_u32(in.a[WATTLE_A_PARAMS_CLASS]), WATTLE_CLASS_BATCH);
	EXPECT_EQ(nl_get_u32(in.a[WATTLE_A_PARAMS_WEIGHT]), 250);
	EXPECT_EQ(nl_get_u32(in.a[WATTLE_A_PARAMS_MAX_SLOWDOWN_PM]), 50);
	EXPECT_EQ(nl_get_u64(in.a[WATTLE_A_PARAMS_MAX_DELAY_US]), 7000);
	EXPECT_EQ(nl_get_u32(in.a[WATTLE_A_PARAMS_MAX_INFLIGHT]), 9);
	EXPECT(!in.a[WATTLE_A_PARAMS_ENERGY_BUDGET_UJ]);
	nl_inner(a.a[WATTLE_A_STATS], &in);
	EXPECT_EQ(nl_get_u64(in.a[WATTLE_A_STATS_SUBMITTED]), want.submitted);
	EXPECT_EQ(nl_get_u64(in.a[WATTLE_A_STATS_ADMITTED]), want.admitted);
	EXPECT_EQ(nl_get_u64(in.a[WATTLE_A_STATS_QUEUED]), 5);
	/* There is no meter: joules are absent, not 0. */
	EXPECT(!in.a[WATTLE_A_STATS_ENERGY_UJ]);
	EXPECT_EQ(in.a[WATTLE_A_STATS_WAIT_HIST]->nla_len, NLA_HDRLEN + sizeof(want.wait_hist));
	/* It has not been slowed: by how much is absent. */
	nl_inner(a.a[WATTLE_A_GUARD], &in);
	EXPECT_EQ(nl_get_u64(in.a[WATTLE_A_GUARD_DEMOTIONS]), 0);
	EXPECT(!in.a[WATTLE_A_GUARD_DEMOTED] && !in.a[WATTLE_A_GUARD_SLOWDOWN_PM]);
	close(fd);
}

#define STABLE	200

/* How often each queue of the two clients was told. */
struct seen {
	uint64_t	client[2];
	unsigned int	n[2][STABLE + 1];
	unsigned int	others;
	unsigned int	messages;
};

static void see(const struct nl_attrs *a, void *arg)
{
	struct seen *s = arg;
	uint64_t client = nl_get_u64(a->a[WATTLE_A_CLIENT]);
	uint32_t queue = nl_get_u32(a->a[WATTLE_A_QUEUE]);
	int i;

	s->messages++;
	for (i = 0; i < 2; i++) {
		if (client == s->client[i] && queue <= STABLE) {
			s->n[i][queue]++;
			return;
		}
	}
	s->others++;
}

static int dump(uint64_t client, struct seen *s)
{
	struct nl_msg m;

	nl_begin(&nl, &m, WATTLE_CMD_QUEUE_GET, NLM_F_DUMP);
	if (client)
		nl_u64(&m, WATTLE_A_CLIENT, client);
	return nl_call(&nl, &m, see, s);
}

static int each_once(const struct seen *s, int i)
{
	unsigned int q;

	for (q = 1; q <= STABLE; q++) {
		if (s->n[i][q] != 1) {
			kt_fail(__FILE__, __LINE__, "queue %u told %u times", q, s->n[i][q]);
			return 0;
		}
	}
	return 1;
}

/* Makes and removes queues, and opens and closes files, until it is killed. */
static void churn(volatile unsigned int *rounds)
{
	for (;;) {
		int fd = open("/dev/wattle", O_RDWR), i;
		struct wattle_queue_create c = { .size = sizeof(c) };

		for (i = 0; i < 20; i++) {
			struct wattle_queue_destroy d = { .size = sizeof(d) };

			c.queue = 0;
			if (ioctl(fd, WATTLE_IOC_QUEUE_CREATE, &c))
				_exit(1);
			d.queue = c.queue;
			if (i % 3 && ioctl(fd, WATTLE_IOC_QUEUE_DESTROY, &d))
				_exit(2);
		}
		close(fd);
		++*rounds;
	}
}

static void test_dump_while_queues_come_and_go(void)
{
	volatile unsigned int *rounds = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	static struct seen s;
	uint64_t id[2];
	unsigned int i, from, most = 0;
	int fd[2], st;
	pid_t pid;

	/* The youngest of this process is the one just opened. */
	for (i = 0; i < 2; i++) {
		unsigned int q;

		fd[i] = kt_open();
		for (q = 1; q <= STABLE; q++)
			EXPECT_EQ(kt_queue(fd[i], NULL), q);
		id[i] = nl_own_client(&nl);
		EXPECT(id[i] > 0);
	}
	EXPECT(id[0] < id[1]);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		close(fd[0]);
		close(fd[1]);
		churn(rounds);
	}
	/* 20 dumps, and the queues were churned during and between them. */
	from = *rounds;
	for (i = 0; i < 20 || *rounds < from + 10; i++) {
		memset(&s, 0, sizeof(s));
		memcpy(s.client, id, sizeof(id));
		EXPECT_EQ(dump(0, &s), 0);
		EXPECT(each_once(&s, 0) && each_once(&s, 1));
		if (s.others > most)
			most = s.others;
		EXPECT_EQ(waitpid(pid, &st, WNOHANG), 0);
	}
	kill(pid, SIGKILL);
	EXPECT_EQ(waitpid(pid, &st, 0), pid);
	printf("# %u dumps, %u rounds, up to %u passing queues told\n", i, *rounds - from, most);

	memset(&s, 0, sizeof(s));
	memcpy(s.client, id, sizeof(id));
	EXPECT_EQ(dump(id[1], &s), 0);
	EXPECT_EQ(s.messages, STABLE);
	EXPECT(each_once(&s, 1));
	/* Of an unknown client there is nothing. */
	s.messages = 0;
	EXPECT_EQ(dump(1ULL << 60, &s), 0);
	EXPECT_EQ(s.messages, 0);
	close(fd[0]);
	close(fd[1]);
	munmap((void *)rounds, 4096);
}

static void count_cpu(const struct nl_attrs *a, void *arg)
{
	int *n = arg;

	n[0]++;
	n[1] += !!a->a[WATTLE_A_ONLINE];
	n[2] += !!a->a[WATTLE_A_MANAGED];
	n[3] += !!a->a[WATTLE_A_GATED];
	n[4] += nl_get_u32(a->a[WATTLE_A_BUSY]);
}

static void test_cpu_dump(void)
{
	struct nl_msg m;
	int fd = kt_open(), q = kt_queue(fd, NULL), n[5] = { 0 };
	struct wattle_next next;

	EXPECT_EQ(kt_put("/sys/class/misc/wattle/managed_cpus", "0"), 0);
	EXPECT_EQ(kt_mode("enforce"), 0);
	EXPECT_EQ(kt_pin(0), 0);
	EXPECT_EQ(kt_submit(fd, q, 1, 1), 1);
	EXPECT_EQ(kt_next(fd, 0, kt_now() + 10 * SEC, &next), 0);
	nl_begin(&nl, &m, WATTLE_CMD_CPU_GET, NLM_F_DUMP);
	EXPECT_EQ(nl_call(&nl, &m, count_cpu, n), 0);
	EXPECT(n[0] >= sysconf(_SC_NPROCESSORS_CONF));
	EXPECT_EQ(n[1], sysconf(_SC_NPROCESSORS_ONLN));
	EXPECT_EQ(n[2], 1);
	EXPECT_EQ(n[3], 1);
	EXPECT_EQ(n[4], 1);
	EXPECT_EQ(kt_complete(fd, next.token), 0);
	EXPECT_EQ(kt_mode("observe"), 0);
	EXPECT_EQ(kt_put("/sys/class/misc/wattle/managed_cpus", "\n"), 0);
	close(fd);
}

static void set_begin(struct nl_msg *m, uint64_t client, uint32_t queue)
{
	nl_begin(&nl, m, WATTLE_CMD_QUEUE_SET, NLM_F_ACK);
	nl_u64(m, WATTLE_A_CLIENT, client);
	nl_u32(m, WATTLE_A_QUEUE, queue);
}

static void test_set(void)
{
	static const struct wattle_batch batches[3];
	int fd = kt_open(), q = kt_queue(fd, NULL);
	uint64_t id = nl_own_client(&nl);
	struct nl_msg m, copy;
	struct nl_attrs a, p;
	size_t nest;

	set_begin(&m, id, q);
	nest = nl_nest(&m, WATTLE_A_CHANGE);
	nl_u32(&m, WATTLE_A_PARAMS_WEIGHT, 321);
	nl_u32(&m, WATTLE_A_PARAMS_MAX_SLOWDOWN_PM, 75);
	nl_u64(&m, WATTLE_A_PARAMS_MAX_DELAY_US, 1234);
	nl_u32(&m, WATTLE_A_PARAMS_MAX_INFLIGHT, 2);
	nl_nest_end(&m, nest);
	EXPECT_EQ(nl_call(&nl, &m, NULL, NULL), 0);
	EXPECT_EQ(nl_queue_get(&nl, id, q, &copy, &a), 0);
	nl_inner(a.a[WATTLE_A_PARAMS], &p);
	EXPECT_EQ(nl_get_u32(p.a[WATTLE_A_PARAMS_WEIGHT]), 321);
	EXPECT_EQ(nl_get_u32(p.a[WATTLE_A_PARAMS_MAX_SLOWDOWN_PM]), 75);
	EXPECT_EQ(nl_get_u64(p.a[WATTLE_A_PARAMS_MAX_DELAY_US]), 1234);
	EXPECT_EQ(nl_get_u32(p.a[WATTLE_A_PARAMS_MAX_INFLIGHT]), 2);
	/* It is in force: a third batch is too many. */
	EXPECT_EQ(kt_submit_batches(fd, q, batches, 3, NULL), 2);

	/* One value leaves the others as they are; 0 is a value where it may be. */
	set_begin(&m, id, q);
	nest = nl_nest(&m, WATTLE_A_CHANGE);
	nl_u32(&m, WATTLE_A_PARAMS_MAX_SLOWDOWN_PM, 0);
	nl_nest_end(&m, nest);
	EXPECT_EQ(nl_call(&nl, &m, NULL, NULL), 0);
	EXPECT_EQ(nl_queue_get(&nl, id, q, &copy, &a), 0);
	nl_inner(a.a[WATTLE_A_PARAMS], &p);
	EXPECT_EQ(nl_get_u32(p.a[WATTLE_A_PARAMS_MAX_SLOWDOWN_PM]), 0);
	EXPECT_EQ(nl_get_u32(p.a[WATTLE_A_PARAMS_WEIGHT]), 321);
	EXPECT_EQ(nl_get_u64(p.a[WATTLE_A_PARAMS_MAX_DELAY_US]), 1234);
	close(fd);
}

static void test_mode_notified(void)
{
	static const uint32_t modes[] = { WATTLE_MODE_ENFORCE, WATTLE_MODE_OFF,
					  WATTLE_MODE_OBSERVE };
	static const char *const names[] = { "enforce", "off", "observe" };
	uint32_t before = WATTLE_MODE_OBSERVE;
	uint64_t seq = 0, from = kt_now();
	struct nl ev;
	struct nl_attrs a;
	size_t i;

	EXPECT_EQ(kt_mode("observe"), 0);
	EXPECT_EQ(nl_open(&ev), 0);
	EXPECT_EQ(nl_join(&ev, 0), 0);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		/* Setting the mode there is says nothing. */
		EXPECT_EQ(kt_mode(names[i]), 0);
		EXPECT_EQ(kt_mode(names[i]), 0);
	}
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		EXPECT_EQ(nl_event(&ev, &a), 0);
		EXPECT_EQ(a.cmd, WATTLE_CMD_MODE_NTF);
		EXPECT_EQ(nl_get_u32(a.a[WATTLE_A_MODE]), modes[i]);
		EXPECT_EQ(nl_get_u32(a.a[WATTLE_A_MODE_BEFORE]), before);
		EXPECT(nl_get_u64(a.a[WATTLE_A_TIME_NS]) >= from);
		if (i)
			EXPECT_EQ(nl_get_u64(a.a[WATTLE_A_SEQ]), seq + 1);
		seq = nl_get_u64(a.a[WATTLE_A_SEQ]);
		before = modes[i];
	}
	nl_close(&ev);
}

static void test_queue_notified(void)
{
	struct wattle_queue_params p = { .flags = WATTLE_QUEUE_STRICT, .lease_ns = 20 * MS };
	struct wattle_batch late = { .user_data = 77, .deadline_ns = 1 };
	int fd = kt_open(), q = kt_queue(fd, &p);
	struct wattle_queue_update u = { .size = sizeof(u), .queue = q,
					 .mask = WATTLE_UPDATE_WEIGHT, .params.weight = 555 };
	uint64_t id = nl_own_client(&nl);
	struct wattle_next next;
	struct wattle_verdict v;
	struct nl_attrs a, in;
	struct nl ev;

	EXPECT_EQ(nl_open(&ev), 0);
	EXPECT_EQ(nl_join(&ev, 1), 0);
	EXPECT_EQ(ioctl(fd, WATTLE_IOC_QUEUE_UPDATE, &u), 0);
	EXPECT_EQ(nl_event(&ev, &a), 0);
	EXPECT_EQ(a.cmd, WATTLE_CMD_QUEUE_NTF);
	EXPECT_EQ(nl_get_u64(a.a[WATTLE_A_CLIENT]), id);
	nl_inner(a.a[WATTLE_A_PARAMS], &in);
	EXPECT_EQ(nl_get_u32(in.a[WATTLE_A_PARAMS_WEIGHT]), 555);

	EXPECT_EQ(kt_mode("enforce"), 0);
	EXPECT_EQ(kt_submit_batches(fd, q, &late, 1, &v), 1);
	EXPECT_EQ(v.status, WATTLE_VERDICT_REFUSED);
	EXPECT_EQ(nl_event(&ev, &a), 0);
	EXPECT_EQ(a.cmd, WATTLE_CMD_REFUSE_NTF);
	EXPECT_EQ(nl_get_u64(a.a[WATTLE_A_CLIENT]), id);
	EXPECT_EQ(nl_get_u32(a.a[WATTLE_A_QUEUE]), q);
	EXPECT_EQ(nl_get_u64(a.a[WATTLE_A_USER_DATA]), 77);
	EXPECT_EQ(nl_get_u32(a.a[WATTLE_A_REASON]), WATTLE_REASON_DEADLINE_PAST);
	EXPECT_EQ(nl_get_u64(a.a[WATTLE_A_DEADLINE_NS]), 1);
	EXPECT_EQ(kt_mode("observe"), 0);

	/* The lease ends by itself while this thread waits for the news of it. */
	EXPECT_EQ(kt_submit(fd, q, 88, 1), 1);
	EXPECT_EQ(kt_next(fd, 0, kt_now() + 10 * SEC, &next), 0);
	EXPECT_EQ(nl_event(&ev, &a), 0);
	EXPECT_EQ(a.cmd, WATTLE_CMD_LEASE_NTF);
	EXPECT_EQ(nl_get_u64(a.a[WATTLE_A_CLIENT]), id);
	EXPECT_EQ(nl_get_u64(a.a[WATTLE_A_USER_DATA]), 88);
	EXPECT_EQ(nl_get_u64(a.a[WATTLE_A_BATCH]), next.batch);
	EXPECT_EQ(nl_get_u32(a.a[WATTLE_A_TID]), getpid());
	EXPECT(nl_get_u64(a.a[WATTLE_A_RUN_NS]) >= 20 * MS);
	nl_close(&ev);
	close(fd);
}

/* Who does not read is told by its socket, and by the numbers what it missed. */
static void test_listener_that_does_not_read(void)
{
	struct wattle_queue_params p = { .flags = WATTLE_QUEUE_STRICT };
	static struct wattle_batch late[64];
	int fd = kt_open(), q = kt_queue(fd, &p), size = 1, err, i;
	uint64_t seq = 0, now, gaps = 0, told = 0;
	const uint64_t all = 50 * ARRAY_SIZE(late);
	struct nl_attrs a;
	struct nl ev;

	for (i = 0; i < (int)ARRAY_SIZE(late); i++)
		late[i].deadline_ns = 1;
	EXPECT_EQ(nl_open(&ev), 0);
	EXPECT_EQ(setsockopt(ev.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	EXPECT_EQ(nl_join(&ev, 1), 0);
	EXPECT_EQ(kt_mode("enforce"), 0);
	for (i = 0; i < 50; i++)
		EXPECT_EQ(kt_submit_batches(fd, q, late, ARRAY_SIZE(late), NULL),
			  ARRAY_SIZE(late));
	/* The last one refused is told or lost; a change after it is told in the end. */
	for (err = 0; told + gaps < all && err != -ETIMEDOUT;) {
		struct wattle_queue_update u = { .size = sizeof(u), .queue = q,
						 .mask = WATTLE_UPDATE_WEIGHT,
						 .params.weight = 9 };

		EXPECT_EQ(ioctl(fd, WATTLE_IOC_QUEUE_UPDATE, &u), 0);
		err = nl_event(&ev, &a);
		if (err)
			continue;
		now = nl_get_u64(a.a[WATTLE_A_SEQ]);
		EXPECT(now > seq);
		if (seq)
			gaps += now - seq - 1;
		seq = now;
		told++;
	}
	EXPECT(err != -ETIMEDOUT);
	EXPECT(gaps > 0);
	printf("# %llu told, %llu missed\n", (unsigned long long)told, (unsigned long long)gaps);
	EXPECT_EQ(kt_mode("observe"), 0);
	nl_close(&ev);
	close(fd);
}

/* Nothing outlives the module: a dump that was begun keeps it, a listener does not. */
static void test_module_goes(void)
{
	int fd = kt_open(), i, err;
	uint64_t end;
	struct nl ev, half;
	struct nl_msg m;

	for (i = 0; i < 100; i++)
		EXPECT(kt_queue(fd, NULL) > 0);
	EXPECT_EQ(nl_open(&half), 0);
	EXPECT_EQ(nl_open(&ev), 0);
	EXPECT_EQ(nl_join(&ev, 0), 0);
	EXPECT_EQ(nl_join(&ev, 1), 0);
	nl_begin(&half, &m, WATTLE_CMD_QUEUE_GET, NLM_F_DUMP);
	EXPECT_EQ(nl_send(&half, &m), 0);
	close(fd);
	EXPECT_EQ(kt_wait_sysfs("stats/clients", 0), 0);
	err = kt_rmmod("wattle");
	EXPECT(err == -EWOULDBLOCK || err == -EBUSY);
	/* The rest of it is told: the queues are gone, and so it ends. */
	EXPECT_EQ(nl_wait(&half, NULL, NULL), 0);
	EXPECT_EQ(kt_rmmod("wattle"), 0);
	nl_begin(&half, &m, WATTLE_CMD_DEVICE_GET, NLM_F_ACK);
	EXPECT_EQ(nl_call(&half, &m, NULL, NULL), -ENOENT);
	nl_close(&half);
	nl_close(&ev);
	EXPECT_EQ(nl_open(&ev), -ENOENT);

	EXPECT_EQ(kt_reload(LIMITS), 0);
	nl_close(&nl);
	EXPECT_EQ(nl_open(&nl), 0);
	/* Closed in the middle is as good as read to the end. */
	fd = kt_open();
	for (i = 0; i < 100; i++)
		EXPECT(kt_queue(fd, NULL) > 0);
	EXPECT_EQ(nl_open(&half), 0);
	nl_begin(&half, &m, WATTLE_CMD_QUEUE_GET, NLM_F_DUMP);
	EXPECT_EQ(nl_send(&half, &m), 0);
	close(fd);
	nl_close(&half);
	EXPECT_EQ(kt_wait_sysfs("stats/clients", 0), 0);
	/* The kernel may end the dump a little after the socket. */
	end = kt_now() + 20 * SEC;
	do
		err = kt_rmmod("wattle");
	while (err == -EWOULDBLOCK && kt_now() < end && !sched_yield());
	EXPECT_EQ(err, 0);
	EXPECT_EQ(kt_reload(LIMITS), 0);
	nl_close(&nl);
	EXPECT_EQ(nl_open(&nl), 0);
}

int main(void)
{
	static const struct kt_case cases[] = {
		{ "the device", test_device },
		{ "a queue, as the ioctl tells it", test_queue_get },
		{ "dumps while queues come and go", test_dump_while_queues_come_and_go },
		{ "CPUs", test_cpu_dump },
		{ "a queue is changed", test_set },
		{ "mode switches are told", test_mode_notified },
		{ "changes, refusals and ends of leases are told", test_queue_notified },
		{ "a listener that does not read", test_listener_that_does_not_read },
		{ "the module goes", test_module_goes },
	};
	int err = kt_reload(LIMITS);

	if (err) {
		printf("1..0 # SKIP cannot load build/kmod/*/wattle.ko here: %s\n", strerror(-err));
		return 77;
	}
	err = nl_open(&nl);
	if (err) {
		printf("1..1\nnot ok 1 - the family is there: %s\n", strerror(-err));
		return 1;
	}
	err = kt_run(cases, ARRAY_SIZE(cases));
	kt_reload("");
	return err;
}
