/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Generic netlink by hand, so that a message can be wrong in any way.
 */
#ifndef TESTS_KSELFTEST_NL_H
#define TESTS_KSELFTEST_NL_H

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/wattle_netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

/**
 * struct nl - a socket and what the last request on it was answered
 * @fd:		the socket
 * @family:	id of the family
 * @group:	ids of the groups mode and queue
 * @seq:	of the last request
 * @text:	the kernel's message, "" if none
 * @offset:	attribute meant, as an offset in the request; 0 none
 * @missing:	attribute that was missing; 0 none
 */
struct nl {
	int		fd;
	uint16_t	family;
	uint32_t	group[2];
	uint32_t	seq;
	char		text[256];
	uint32_t	offset;
	uint32_t	missing;
};

/* A request or an answer; @len is what is sent, whatever its header says. */
struct nl_msg {
	size_t	len;
	union {
		char		buf[8192];
		struct nlmsghdr	h;
	};
};

/* Top-level attributes of an answer, by number. */
struct nl_attrs {
	uint8_t			cmd;
	const struct nlattr	*a[64];
};

/* 0, or -errno: -ENOENT the family is not there. */
int nl_open(struct nl *nl);
void nl_close(struct nl *nl);
int nl_join(struct nl *nl, unsigned int group);

void nl_begin(struct nl *nl, struct nl_msg *m, uint8_t cmd, uint16_t flags);
struct nlattr *nl_put(struct nl_msg *m, uint16_t type, const void *data, size_t len);
void nl_u32(struct nl_msg *m, uint16_t type, uint32_t v);
void nl_u64(struct nl_msg *m, uint16_t type, uint64_t v);
/* Opens a nest; nl_nest_end() closes it. */
size_t nl_nest(struct nl_msg *m, uint16_t type);
void nl_nest_end(struct nl_msg *m, size_t at);

/* Sends @m as it is: 0 or -errno. */
int nl_send(struct nl *nl, const struct nl_msg *m);
/* Waits for the end of the answer to the last request; @fn (may be NULL) for each message of it. */
int nl_wait(struct nl *nl, void (*fn)(const struct nl_attrs *a, void *arg), void *arg);
int nl_call(struct nl *nl, const struct nl_msg *m,
	    void (*fn)(const struct nl_attrs *a, void *arg), void *arg);
/* The next notification, 20 s at most: 0, -ETIMEDOUT, -ENOBUFS. Valid until the next call. */
int nl_event(struct nl *nl, struct nl_attrs *a);

void nl_parse(const void *data, size_t len, struct nl_attrs *a);
void nl_inner(const struct nlattr *nest, struct nl_attrs *a);
uint32_t nl_get_u32(const struct nlattr *a);
uint64_t nl_get_u64(const struct nlattr *a);
const char *nl_get_str(const struct nlattr *a);

/* DEVICE_GET, QUEUE_GET into *@copy (kept there): 0 or -errno. */
int nl_queue_get(struct nl *nl, uint64_t client, uint32_t queue, struct nl_msg *copy,
		 struct nl_attrs *a);
/* The number of this process's youngest open file; 0 if none. */
uint64_t nl_own_client(struct nl *nl);

#endif
