// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The generic netlink family refuses: an errno, words, and the attribute meant, for
 * every mistake; what is cut off or random changes nothing; who may not, may not.
 */
#include "harness.h"
#include "nl.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define ALICE	30001
#define BOB	30002

static struct nl nl;

/* Refused with @err and words; if @attr, that attribute (of the top level) is the one. */
static int refused(struct nl_msg *m, int err, uint16_t attr)
{
	int got = nl_call(&nl, m, NULL, NULL);
	const struct nlattr *a;

	if (got != err || !nl.text[0]) {
		kt_fail(__FILE__, __LINE__, "%s, \"%s\"; not %s with words", strerror(-got),
			nl.text, strerror(-err));
		return 0;
	}
	if (!attr)
		return 1;
	a = (const void *)(m->buf + nl.offset);
	if (nl.missing ? nl.missing == attr :
	    nl.offset && (a->nla_type & NLA_TYPE_MASK) == attr)
		return 1;
	kt_fail(__FILE__, __LINE__, "\"%s\" does not mean attribute %u (missing %u, offset %u)",
		nl.text, attr, nl.missing, nl.offset);
	return 0;
}

static void test_missing(void)
{
	struct nl_msg m;

	nl_begin(&nl, &m, WATTLE_CMD_QUEUE_GET, NLM_F_ACK);
	EXPECT(refused(&m, -EINVAL, WATTLE_A_CLIENT));
	nl_begin(&nl, &m, WATTLE_CMD_QUEUE_GET, NLM_F_ACK);
	nl_u64(&m, WATTLE_A_CLIENT, 1);
	EXPECT(refused(&m, -EINVAL, WATTLE_A_QUEUE));
	nl_begin(&nl, &m, WATTLE_CMD_QUEUE_SET, NLM_F_ACK);
	nl_u64(&m, WATTLE_A_CLIENT, 1);
	nl_u32(&m, WATTLE_A_QUEUE, 1);
	EXPECT(refused(&m, -EINVAL, WATTLE_A_CHANGE));
}

static void test_unknown(void)
{
	static const uint16_t unknown[] = { WATTLE_A_MAX + 1, 1000, 0x3fff };
	/* Known, but only in answers. */
	static const uint16_t answers[] = { WATTLE_A_PAD, WATTLE_A_PARAMS, WATTLE_A_MODE };
	struct nl_msg m;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		nl_begin(&nl, &m, WATTLE_CMD_DEVICE_GET, NLM_F_ACK);
		nl_u32(&m, unknown[i], 1);
		EXPECT(refused(&m, -EINVAL, unknown[i]));
	}
	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		nl_begin(&nl, &m, WATTLE_CMD_DEVICE_GET, NLM_F_ACK);
		nl_u32(&m, answers[i], 1);
		EXPECT(refused(&m, -EINVAL, answers[i]));
	}
	/* Taken by another request, not by this one. */
	nl_begin(&nl, &m, WATTLE_CMD_DEVICE_GET, NLM_F_ACK);
	nl_u64(&m, WATTLE_A_CLIENT, 1);
	EXPECT(refused(&m, -EINVAL, WATTLE_A_CLIENT));
	nl_begin(&nl, &m, WATTLE_CMD_QUEUE_GET, NLM_F_DUMP);
	nl_u32(&m, WATTLE_A_QUEUE, 1);
	EXPECT(refused(&m, -EINVAL, 0));
	nl_begin(&nl, &m, WATTLE_CMD_CPU_GET, NLM_F_DUMP);
	nl_u64(&m, WATTLE_A_CLIENT, 1);
	EXPECT(refused(&m, -EINVAL, 0));
	/* Unknown commands, and a get that is a dump only. */
	nl_begin(&nl, &m, WATTLE_CMD_MAX + 1, NLM_F_ACK);
	EXPECT_EQ(nl_call(&nl, &m, NULL, NULL), -EOPNOTSUPP);
	nl_begin(&nl, &m, WATTLE_CMD_MODE_NTF, NLM_F_ACK);
	EXPECT_EQ(nl_call(&nl, &m, NULL, NULL), -EOPNOTSUPP);
	nl_begin(&nl, &m, WATTLE_CMD_CLIENT_GET, NLM_F_ACK);
	EXPECT_EQ(nl_call(&nl, &m, NULL, NULL), -EOPNOTSUPP);
	nl_begin(&nl, &m, WATTLE_CMD_QUEUE_SET, NLM_F_DUMP);
	EXPECT_EQ(nl_call(&nl, &m, NULL, NULL), -EOPNOTSUPP);
}

static void get(struct nl_msg *m)
{
	nl_begin(&nl, m, WATTLE_CMD_QUEUE_GET, NLM_F_ACK);
}

static void test_wrong_types(void)
{
	struct nl_msg m;
	uint16_t half = 1;

	get(&m);
	nl_u32(&m, WATTLE_A_CLIENT, 1);		/* 4 bytes of 8 */
	nl_u32(&m, WATTLE_A_QUEUE, 1);
	EXPECT(refused(&m, -EINVAL, WATTLE_A_CLIENT));
	get(&m);
	nl_u64(&m, WATTLE_A_CLIENT, 1);
	nl_put(&m, WATTLE_A_QUEUE, &half, sizeof(half));
	EXPECT(refused(&m, -EINVAL, WATTLE_A_QUEUE));
	get(&m);
	nl_u64(&m, WATTLE_A_CLIENT, 1);
	nl_u64(&m, WATTLE_A_QUEUE, 1);		/* 8 bytes of 4 */
	EXPECT(refused(&m, -EINVAL, WATTLE_A_QUEUE));
	get(&m);
	nl_put(&m, WATTLE_A_CLIENT, NULL, 0);
	EXPECT(refused(&m, -EINVAL, WATTLE_A_CLIENT));
	get(&m);
	nl_u64(&m, WATTLE_A_CLIENT, 0);
	nl_u32(&m, WATTLE_A_QUEUE, 1);
	EXPECT(refused(&m, -ERANGE, WATTLE_A_CLIENT));
	get(&m);
	nl_u64(&m, WATTLE_A_CLIENT, 1ULL << 60);
	nl_u32(&m, WATTLE_A_QUEUE, 1);
	EXPECT(refused(&m, -ENOENT, WATTLE_A_CLIENT));
}

/* A change of queue 1 of @client by one attribute in the nest. */
static void change(struct nl_msg *m, uint64_t client, uint16_t attr, const void *v, size_t len)
{
	size_t nest;

	nl_begin(&nl, m, WATTLE_CMD_QUEUE_SET, NLM_F_ACK);
	nl_u64(m, WATTLE_A_CLIENT, client);
	nl_u32(m, WATTLE_A_QUEUE, 1);
	nest = nl_nest(m, WATTLE_A_CHANGE);
	if (attr)
		nl_put(m, attr, v, len);
	nl_nest_end(m, nest);
}

static void test_changes_refused(void)
{
	int fd = kt_open();
	uint64_t id = nl_own_client(&nl), delay = 1;
	uint32_t v;
	struct nl_msg m;

	EXPECT_EQ(kt_queue(fd, NULL), 1);
	change(&m, id, 0, NULL, 0);
	EXPECT(refused(&m, -EINVAL, WATTLE_A_CHANGE));
	v = 0;
	change(&m, id, WATTLE_A_PARAMS_WEIGHT, &v, sizeof(v));
	EXPECT(refused(&m, -ERANGE, WATTLE_A_PARAMS_WEIGHT));
	change(&m, id, WATTLE_A_PARAMS_MAX_INFLIGHT, &v, sizeof(v));
	EXPECT(refused(&m, -ERANGE, WATTLE_A_PARAMS_MAX_INFLIGHT));
	v = 10001;
	change(&m, id, WATTLE_A_PARAMS_WEIGHT, &v, sizeof(v));
	EXPECT(refused(&m, -ERANGE, WATTLE_A_PARAMS_WEIGHT));
	change(&m, id, WATTLE_A_PARAMS_MAX_SLOWDOWN_PM, &v, sizeof(v));
	EXPECT(refused(&m, -ERANGE, WATTLE_A_PARAMS_MAX_SLOWDOWN_PM));
	v = UINT32_MAX;
	change(&m, id, WATTLE_A_PARAMS_MAX_INFLIGHT, &v, sizeof(v));
	EXPECT(refused(&m, -ERANGE, WATTLE_A_PARAMS_MAX_INFLIGHT));
	/* Of the same set, but not to be changed here; and of no set. */
	v = WATTLE_CLASS_LATENCY;
	change(&m, id, WATTLE_A_PARAMS_CLASS, &v, sizeof(v));
	EXPECT(refused(&m, -EINVAL, WATTLE_A_PARAMS_CLASS));
	change(&m, id, WATTLE_A_PARAMS_LEASE_NS, &delay, sizeof(delay));
	EXPECT(refused(&m, -EINVAL, WATTLE_A_PARAMS_LEASE_NS));
	change(&m, id, 500, &v, sizeof(v));
	EXPECT(refused(&m, -EINVAL, 500));
	change(&m, id, WATTLE_A_PARAMS_MAX_DELAY_US, &v, sizeof(v));
	EXPECT(refused(&m, -EINVAL, WATTLE_A_PARAMS_MAX_DELAY_US));
	/* No nest at all. */
	nl_begin(&nl, &m, WATTLE_CMD_QUEUE_SET, NLM_F_ACK);
	nl_u64(&m, WATTLE_A_CLIENT, id);
	nl_u32(&m, WATTLE_A_QUEUE, 1);
	nl_u32(&m, WATTLE_A_CHANGE, 5);
	EXPECT(refused(&m, -EINVAL, WATTLE_A_CHANGE));
	v = 5;
	change(&m, 1ULL << 60, WATTLE_A_PARAMS_WEIGHT, &v, sizeof(v));
	EXPECT(refused(&m, -ENOENT, WATTLE_A_CLIENT));
	/* The same, right: so it was what was wrong that was refused. */
	change(&m, id, WATTLE_A_PARAMS_WEIGHT, &v, sizeof(v));
	EXPECT_EQ(nl_call(&nl, &m, NULL, NULL), 0);
	close(fd);
}

static uint32_t weight(uint64_t id)
{
	struct nl_attrs a, p;
	struct nl_msg copy;

	if (nl_queue_get(&nl, id, 1, &copy, &a))
		return 0;
	nl_inner(a.a[WATTLE_A_PARAMS], &p);
	return nl_get_u32(p.a[WATTLE_A_PARAMS_WEIGHT]);
}

/* Cut off at every byte, with its header told and not told of it: nothing is changed. */
static void test_truncated(void)
{
	struct nl_msg whole, m;
	int fd = kt_open(), told;
	uint32_t v = 4321;
	uint64_t id = nl_own_client(&nl);
	size_t len;

	EXPECT_EQ(kt_queue(fd, NULL), 1);
	change(&whole, id, WATTLE_A_PARAMS_WEIGHT, &v, sizeof(v));
	for (len = 0; len < whole.len; len++) {
		for (told = 0; told < 2; told++) {
			change(&m, id, WATTLE_A_PARAMS_WEIGHT, &v, sizeof(v));
			m.len = len;
			if (told)
				m.h.nlmsg_len = len;
			/* The kernel does not answer what is no message at all. */
			EXPECT(nl_send(&nl, &m) == 0 || errno == EINVAL || errno == ENODATA);
			if (told && len >= NLMSG_HDRLEN)
				EXPECT(nl_wait(&nl, NULL, NULL) < 0);
			EXPECT_EQ(weight(id), 100);
		}
	}
	change(&whole, id, WATTLE_A_PARAMS_WEIGHT, &v, sizeof(v));
	EXPECT_EQ(nl_call(&nl, &whole, NULL, NULL), 0);
	EXPECT_EQ(weight(id), 4321);
	close(fd);
}

/* Random bytes in right messages, and random messages: the device is as before. */
static void test_random(void)
{
	int fd = kt_open(), i, accepted = 0;
	uint64_t id = nl_own_client(&nl);
	struct nl_msg m;
	uint32_t v = 50;
	struct nl fuzz;

	EXPECT_EQ(kt_queue(fd, NULL), 1);
	EXPECT_EQ(nl_open(&fuzz), 0);
	for (i = 0; i < 4000; i++) {
		size_t flips = 1 + kt_rand() % 6, at;

		if (i % 4) {
			change(&m, id, WATTLE_A_PARAMS_WEIGHT, &v, sizeof(v));
		} else {
			nl_begin(&nl, &m, kt_rand() % 12, kt_rand() % 2 ? NLM_F_DUMP : NLM_F_ACK);
			for (at = kt_rand() % 6; at; at--) {
				uint64_t junk[4] = { kt_rand(), kt_rand(), kt_rand(), kt_rand() };

				nl_put(&m, kt_rand() % 48, junk, kt_rand() % sizeof(junk));
			}
			flips = 0;
		}
		/* What comes behind the family's number: a header of its own would be another's. */
		while (flips--) {
			at = NLMSG_HDRLEN + kt_rand() % (m.len - NLMSG_HDRLEN);
			m.buf[at] ^= 1 << kt_rand() % 8;
		}
		accepted += nl_send(&fuzz, &m) == 0;
		/* Answers are thrown away with the socket, now and then. */
		if (i % 100 == 99) {
			nl_close(&fuzz);
			EXPECT_EQ(nl_open(&fuzz), 0);
		}
	}
	nl_close(&fuzz);
	EXPECT(accepted > 0);
	/* Still there, and a change by the book works. */
	v = 60;
	change(&m, id, WATTLE_A_PARAMS_WEIGHT, &v, sizeof(v));
	EXPECT_EQ(nl_call(&nl, &m, NULL, NULL), 0);
	EXPECT_EQ(weight(id), 60);
	close(fd);
}

static uint64_t client_of_root, client_of_alice;
static int alice_ready[2], alice_done[2];

static int nobody_reads(void)
{
	struct nl_msg m;

	nl_close(&nl);
	if (nl_open(&nl))
		return 1;
	nl_begin(&nl, &m, WATTLE_CMD_DEVICE_GET, NLM_F_ACK);
	if (nl_call(&nl, &m, NULL, NULL) != -EPERM)
		return 2;
	nl_begin(&nl, &m, WATTLE_CMD_QUEUE_GET, NLM_F_DUMP);
	if (nl_call(&nl, &m, NULL, NULL) != -EPERM)
		return 3;
	nl_begin(&nl, &m, WATTLE_CMD_CLIENT_GET, NLM_F_DUMP);
	if (nl_call(&nl, &m, NULL, NULL) != -EPERM)
		return 4;
	nl_begin(&nl, &m, WATTLE_CMD_CPU_GET, NLM_F_DUMP);
	if (nl_call(&nl, &m, NULL, NULL) != -EPERM)
		return 5;
	if (nl_join(&nl, 0) != -EPERM || nl_join(&nl, 1) != -EPERM)
		return 6;
	return 0;
}

static int set_as_me(uint64_t client, uint32_t v)
{
	struct nl_msg m;

	change(&m, client, WATTLE_A_PARAMS_WEIGHT, &v, sizeof(v));
	return nl_call(&nl, &m, NULL, NULL);
}

static int bob(void)
{
	nl_close(&nl);
	if (nl_open(&nl))
		return 1;
	/* Root's, Alice's, nobody's: all the same to Bob. */
	if (set_as_me(client_of_root, 7) != -EPERM || !nl.text[0])
		return 2;
	if (set_as_me(client_of_alice, 7) != -EPERM)
		return 3;
	if (set_as_me(1ULL << 60, 7) != -EPERM)
		return 4;
	return 0;
}

/* Alice has a queue and may change it, though she may not read. */
static int alice(void)
{
	int fd = kt_open();
	char c;

	nl_close(&nl);
	if (kt_queue(fd, NULL) != 1 || nl_open(&nl))
		return 1;
	if (write(alice_ready[1], "", 1) != 1 || read(alice_done[0], &client_of_alice, 8) != 8)
		return 2;
	if (set_as_me(client_of_alice, 222))
		return 3;
	if (write(alice_ready[1], "", 1) != 1 || read(alice_done[0], &c, 1) != 1)
		return 4;
	return 0;
}

static void oldest_of_alice(const struct nl_attrs *a, void *arg)
{
	(void)arg;
	if (nl_get_u32(a->a[WATTLE_A_UID]) == ALICE)
		client_of_alice = nl_get_u64(a->a[WATTLE_A_CLIENT]);
}

static void test_who_may(void)
{
	struct nl_msg m;
	int fd = kt_open(), st;
	pid_t pid;
	char c;

	EXPECT_EQ(kt_queue(fd, NULL), 1);
	client_of_root = nl_own_client(&nl);
	EXPECT_EQ(kt_as_user(ALICE, nobody_reads), 0);

	EXPECT_EQ(pipe(alice_ready), 0);
	EXPECT_EQ(pipe(alice_done), 0);
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(kt_as_user(ALICE, alice));
	EXPECT_EQ(read(alice_ready[0], &c, 1), 1);
	nl_begin(&nl, &m, WATTLE_CMD_CLIENT_GET, NLM_F_DUMP);
	EXPECT_EQ(nl_call(&nl, &m, oldest_of_alice, NULL), 0);
	EXPECT(client_of_alice > 0);
	EXPECT_EQ(write(alice_done[1], &client_of_alice, 8), 8);
	EXPECT_EQ(read(alice_ready[0], &c, 1), 1);
	EXPECT_EQ(weight(client_of_alice), 222);
	EXPECT_EQ(kt_as_user(BOB, bob), 0);
	EXPECT_EQ(weight(client_of_root), 100);
	EXPECT_EQ(weight(client_of_alice), 222);
	/* Root may all. */
	EXPECT_EQ(set_as_me(client_of_alice, 333), 0);
	EXPECT_EQ(weight(client_of_alice), 333);
	EXPECT_EQ(write(alice_done[1], "", 1), 1);
	EXPECT_EQ(waitpid(pid, &st, 0), pid);
	EXPECT_EQ(st, 0);
	close(fd);
}

/* A socket of Bob's does not act for root when root is made to write to it. */
static int writer(void)
{
	struct nl_msg m;
	uint32_t v = 444;

	change(&m, client_of_root, WATTLE_A_PARAMS_WEIGHT, &v, sizeof(v));
	return write(nl.fd, m.buf, m.len) == (ssize_t)m.len ? 0 : 1;
}

static void test_borrowed_socket(void)
{
	int fd = kt_open();

	EXPECT_EQ(kt_queue(fd, NULL), 1);
	client_of_root = nl_own_client(&nl);
	nl_close(&nl);
	EXPECT_EQ(setresuid(-1, BOB, -1), 0);
	EXPECT_EQ(nl_open(&nl), 0);
	EXPECT_EQ(setresuid(-1, 0, -1), 0);
	EXPECT_EQ(writer(), 0);
	EXPECT_EQ(nl_wait(&nl, NULL, NULL), -EPERM);
	nl_close(&nl);
	EXPECT_EQ(nl_open(&nl), 0);
	EXPECT_EQ(weight(client_of_root), 100);
	close(fd);
}

int main(void)
{
	static const struct kt_case cases[] = {
		{ "what is missing is named", test_missing },
		{ "unknown attributes and commands", test_unknown },
		{ "wrong types and lengths", test_wrong_types },
		{ "changes out of range or not to be made", test_changes_refused },
		{ "messages cut off at every byte", test_truncated },
		{ "random messages", test_random },
		{ "who may read, join and change", test_who_may },
		{ "a socket somebody else opened", test_borrowed_socket },
	};
	int err = kt_reload(""), ret;

	if (err) {
		printf("1..0 # SKIP cannot load build/kmod/*/wattle.ko here: %s\n", strerror(-err));
		return 77;
	}
	if (chmod("/dev/wattle", 0666))
		return 1;
	err = nl_open(&nl);
	if (err) {
		printf("1..1\nnot ok 1 - the family is there: %s\n", strerror(-err));
		return 1;
	}
	ret = kt_run(cases, ARRAY_SIZE(cases));
	kt_reload("");
	return ret;
}
