// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * One sentence per failure: what was wrong and what to do. The common case, an
 * errno of an ioctl, is remembered as two numbers and only worded when somebody
 * asks, because most failures of NEXT are time-outs nobody asks about.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

struct sentence {
	unsigned long	cmd;	/* 0: any command */
	int		err;
	const char	*text;
};

static const struct sentence sentences[] = {
	{ WATTLE_IOC_QUEUE_CREATE, EINVAL,
	  "a queue parameter is out of range or the name is not printable ASCII of at most 31 "
	  "bytes; <linux/wattle.h> gives the ranges" },
	{ WATTLE_IOC_QUEUE_CREATE, EPERM,
	  "the latency class needs CAP_SYS_NICE; run as root or use the batch class" },
	{ WATTLE_IOC_QUEUE_CREATE, EMFILE,
	  "this client has as many queues as it may; destroy one, or open another client" },
	{ WATTLE_IOC_QUEUE_CREATE, EUSERS,
	  "this user has as many queues as one user may; destroy some, or have the "
	  "administrator raise the module's limit" },
	{ WATTLE_IOC_QUEUE_CREATE, ENFILE,
	  "the module has as many queues as it takes in all; have the administrator raise its "
	  "limit" },
	{ WATTLE_IOC_QUEUE_UPDATE, EINVAL,
	  "a queue parameter is out of range, an unknown field was named, or a field that was "
	  "not named is not 0" },
	{ WATTLE_IOC_QUEUE_UPDATE, EPERM,
	  "the latency class needs CAP_SYS_NICE; run as root or use the batch class" },
	{ WATTLE_IOC_SUBMIT, EINVAL,
	  "a batch is not valid (work below 2^43 kcycles, stall below 2^32 us, flags 0), or "
	  "the count is 0; the index of the bad batch is reported" },
	{ WATTLE_IOC_SUBMIT, E2BIG,
	  "too many batches in one vector (QUERY's max_vector is the most), or they use what "
	  "this module does not know" },
	{ WATTLE_IOC_SUBMIT, EAGAIN,
	  "the queue is full (max_inflight); wait for batches to end, or raise max_inflight" },
	{ WATTLE_IOC_SUBMIT, EDQUOT,
	  "this user has as many batches queued as one user may; wait for some to end" },
	{ WATTLE_IOC_SUBMIT, ENOSPC,
	  "the module has as many batches queued as it takes in all; wait for some to end" },
	{ WATTLE_IOC_NEXT, EBUSY,
	  "this thread still holds a grant; complete it, or name it in prev_token" },
	{ WATTLE_IOC_NEXT, EACCES,
	  "prev_token is the grant of another thread; the thread that got a grant completes it" },
	{ WATTLE_IOC_NEXT, ESTALE, "prev_token names no grant of this thread" },
	{ WATTLE_IOC_NEXT, EMFILE,
	  "as many threads call NEXT on this client as may; QUERY's max_workers is the most" },
	{ WATTLE_IOC_NEXT, ETIMEDOUT, "no batch came in time" },
	{ WATTLE_IOC_NEXT, EINTR, "a signal ended the wait; call again" },
	{ WATTLE_IOC_NEXT, EINVAL, "flags or padding not 0, or an unknown prev_status" },
	{ WATTLE_IOC_COMPLETE, EALREADY, "this grant has been completed before" },
	{ WATTLE_IOC_COMPLETE, ESTALE,
	  "the grant's lease had expired, or it is none of this client; give the queue a "
	  "longer lease_ns if batches take this long" },
	{ WATTLE_IOC_COMPLETE, EACCES,
	  "the grant is another thread's; the thread that got a grant completes it" },
	{ WATTLE_IOC_COMPLETE, EINVAL, "token 0 or an unknown status" },
	{ WATTLE_IOC_CANCEL, EBUSY, "the batch is running; only queued batches can be withdrawn" },
	{ WATTLE_IOC_CANCEL, ENOENT, "no such queue or batch: it has ended, or never was" },
	{ WATTLE_IOC_MODEL_SET, EPERM, "the power table is the administrator's; run as root" },
	{ WATTLE_IOC_MODEL_SET, EDOM,
	  "the power table contradicts itself; its fault field says how" },
	{ WATTLE_IOC_MODEL_SET, ERANGE,
	  "the power table is not of a machine like this; its fault field says why" },
	{ WATTLE_IOC_MODEL_SET, ENOENT, "there is no power table to forget" },
	{ WATTLE_IOC_MODEL_SET, EINVAL,
	  "unknown flags, padding not 0, or a name that is not printable ASCII" },
	{ WATTLE_IOC_MODEL_GET, ENODATA,
	  "the module has no power table; 'wattle calibrate' measures one" },
	{ WATTLE_IOC_ATTACH, EOPNOTSUPP,
	  "only the module can steer a program, and the embedded backend was chosen; load it, or "
	  "run the program unsteered" },
	{ WATTLE_IOC_ATTACH, EPERM,
	  "the program belongs to another user; run as that user, or with CAP_SYS_PTRACE" },
	{ WATTLE_IOC_ATTACH, ESRCH, "there is no such process" },
	{ WATTLE_IOC_ATTACH, EBUSY, "another queue steers the program already" },
	{ WATTLE_IOC_ATTACH, EEXIST, "the queue steers a program already; use another queue" },
	{ WATTLE_IOC_ATTACH, ENXIO, "the queue steers nothing" },
	{ WATTLE_IOC_ATTACH, EBADF, "the target is no open directory of a cgroup v2" },
	{ WATTLE_IOC_ATTACH, ERANGE,
	  "a slice that cannot be: its cycles, stalls and time do not fit" },
	{ WATTLE_IOC_ATTACH, EUSERS,
	  "this user has as many programs steered as one user may; end some" },
	{ WATTLE_IOC_ATTACH, ENFILE, "as many programs are steered as the module takes in all" },
	{ 0, ENOENT, "no such queue in this client" },
	{ 0, ESHUTDOWN,
	  "the module is being drained and takes no new work; try again later, or use the "
	  "embedded backend" },
	{ 0, ENOMEM, "out of memory" },
	{ 0, ENODEV,
	  "the wattle device has gone; load the module again, or use the embedded backend" },
	{ 0, EBADFD, "this client was opened before fork(2); open a new one in the child" },
	{ 0, ENOTTY,
	  "the device does not know this request; load the module that matches this library" },
};

static const char *command_name(unsigned long cmd)
{
	static const char *const names[] = {
		"query", "queue create", "queue update", "queue destroy", "submit", "next",
		"complete", "cancel", "queue statistics", "attach", "power table",
		"reading the power table",
	};
	unsigned int nr = _IOC_NR(cmd);

	return nr < sizeof(names) / sizeof(names[0]) ? names[nr] : "request";
}

static __thread struct {
	unsigned long	cmd;
	int		err;
	char		text[512];
} last;

int wattle_error_note(unsigned long cmd, int err)
{
	last.cmd = cmd;
	last.err = -err;
	return err;
}

int wattle_error_set(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(last.text, sizeof(last.text), fmt, ap);
	va_end(ap);
	last.cmd = 0;
	last.err = 0;
	return err;
}

const char *wattle_client__error(void)
{
	const char *text = NULL;
	size_t i;

	if (!last.err)
		return last.text;
	for (i = 0; i < sizeof(sentences) / sizeof(sentences[0]) && !text; i++) {
		const struct sentence *s = &sentences[i];

		if (s->err == last.err && (!s->cmd || s->cmd == last.cmd))
			text = s->text;
	}
	snprintf(last.text, sizeof(last.text), "%s: %s", command_name(last.cmd),
		 text ? text : strerror(last.err));
	last.err = 0;
	return last.text;
}
