// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family: requests. What they may hold is in netlink_policy.c,
 * what answers hold in netlink_put.c, notifications begin in notify.c.
 *
 * Requests run in the sender's context under netlink's own locks, which nothing of
 * ours is ever held around (parallel_ops: not even one family's requests wait for one
 * another). One object is looked at under one hold of the device lock. A dump keeps a
 * number between two holds, never a reference; netlink holds the module while a dump
 * has been begun and not been read to its end.
 *
 * Every refusal says why, and where there is one which attribute is meant. The
 * exceptions are netlink's own: missing CAP_NET_ADMIN is a bare -EPERM.
 */
#include <linux/cpumask.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include <linux/wattle_netlink.h>

#include "chardev.h"
#include "compat/compat.h"
#include "device.h"
#include "energy.h"
#include "index.h"
#include "netlink.h"
#include "netlink_policy.h"
#include "netlink_put.h"
#include "notify.h"
#include "queue.h"
#include "user.h"

static struct genl_family wattle_netlink_family;

/**
 * struct wattle_netlink_dump - where a dump goes on, in struct netlink_callback.ctx
 * @after:	key of the last object told; for CPUs the next number
 */
struct wattle_netlink_dump {
	u64	after;
};

static struct wattle_netlink_dump *wattle_netlink_dump_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct wattle_netlink_dump) > sizeof(cb->ctx));
	return (struct wattle_netlink_dump *)cb->ctx;
}

/* The policy is one for all requests: refuse what another request would take. */
static int wattle_netlink_only(struct nlattr **attrs, u64 takes, struct netlink_ext_ack *extack)
{
	unsigned int i;

	for (i = 1; i <= WATTLE_NETLINK_POLICY_MAX; i++) {
		if (attrs[i] && !(takes & BIT_ULL(i))) {
			NL_SET_ERR_MSG_ATTR(extack, attrs[i],
					    "this request does not take this attribute");
			return -EINVAL;
		}
	}
	return 0;
}

static int wattle_netlink_need(struct genl_info *info, unsigned int attr)
{
	if (info->attrs[attr])
		return 0;
	NL_SET_ERR_ATTR_MISS(info->extack, NULL, attr);
	if (attr == WATTLE_A_CLIENT)
		NL_SET_ERR_MSG(info->extack, "the client's number is missing");
	else if (attr == WATTLE_A_QUEUE)
		NL_SET_ERR_MSG(info->extack, "the queue's id is missing");
	else
		NL_SET_ERR_MSG(info->extack, "the nest of changes is missing");
	return -EINVAL;
}

/* Up to date is the charge only if the meters are read first, and who may not see has no need. */
static int wattle_netlink_energy(bool energy, struct netlink_ext_ack *extack)
{
	int err = energy ? wattle_energy_close() : 0;

	if (err)
		NL_SET_ERR_MSG(extack, "interrupted while waiting for an energy meter");
	return err;
}

static int wattle_netlink_no_memory(struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack, "not enough memory for the answer");
	return -ENOMEM;
}

/* Under the device lock. */
static struct wattle_queue *wattle_netlink_find(u64 client, u32 queue, bool *has_client)
{
	struct wattle_client *c = wattle_index_client(client);
	struct wattle_sched_queue *sq = c ? wattle_sched_queue_find(&c->sched, queue) : NULL;

	*has_client = c;
	return sq ? wattle_queue_of(sq) : NULL;
}

/* A message with its header, as an answer to @info; NULL without memory. */
static struct sk_buff *wattle_netlink_answer(struct genl_info *info, void **hdr)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (skb)
		*hdr = genlmsg_put_reply(skb, info, &wattle_netlink_family, 0,
					 info->genlhdr->cmd);
	return skb;
}

static int wattle_netlink_device_get(struct sk_buff *req, struct genl_info *info)
{
	bool energy = netlink_capable(req, CAP_PERFMON);
	struct wattle_energy_report report;
	struct wattle_device_view *view;
	struct sk_buff *skb;
	void *hdr;
	int err;

	err = wattle_netlink_only(info->attrs, WATTLE_NETLINK_DEVICE_GET_DO_TAKES, info->extack);
	if (err)
		return err;
	err = energy ? wattle_energy_report(&report) : wattle_energy_peek(&report);
	if (err) {
		NL_SET_ERR_MSG(info->extack, "interrupted while waiting for an energy meter");
		return err;
	}
	view = kmalloc(sizeof(*view), GFP_KERNEL);
	skb = view ? wattle_netlink_answer(info, &hdr) : NULL;
	if (!skb) {
		err = wattle_netlink_no_memory(info->extack);
		goto free_view;
	}
	wattle_device_lock();
	wattle_view_device(view);
	wattle_device_unlock();

	err = wattle_put_device(skb, view, &report, energy);
	if (WARN_ON_ONCE(err)) {
		NL_SET_ERR_MSG(info->extack, "the answer does not fit a message");
		nlmsg_free(skb);
		goto free_view;
	}
	genlmsg_end(skb, hdr);
	err = genlmsg_reply(skb, info);
free_view:
	kfree(view);
	return err;
}

static int wattle_netlink_queue_get(struct sk_buff *req, struct genl_info *info)
{
	bool energy = netlink_capable(req, CAP_PERFMON), has_client;
	struct wattle_queue_view *view;
	struct wattle_queue *q;
	struct sk_buff *skb;
	void *hdr;
	int err;

	err = wattle_netlink_only(info->attrs, WATTLE_NETLINK_QUEUE_GET_DO_TAKES, info->extack);
	if (!err)
		err = wattle_netlink_need(info, WATTLE_A_CLIENT);
	if (!err)
		err = wattle_netlink_need(info, WATTLE_A_QUEUE);
	if (!err)
		err = wattle_netlink_energy(energy, info->extack);
	if (err)
		return err;
	view = kmalloc(sizeof(*view), GFP_KERNEL);
	skb = view ? wattle_netlink_answer(info, &hdr) : NULL;
	if (!skb) {
		err = wattle_netlink_no_memory(info->extack);
		goto free_view;
	}

	wattle_device_lock();
	q = wattle_netlink_find(nla_get_u64(info->attrs[WATTLE_A_CLIENT]),
				nla_get_u32(info->attrs[WATTLE_A_QUEUE]), &has_client);
	if (q)
		wattle_view_queue(view, q);
	wattle_device_unlock();
	if (!q) {
		err = -ENOENT;
		if (has_client)
			NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[WATTLE_A_QUEUE],
					    "the client has no such queue");
		else
			NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[WATTLE_A_CLIENT],
					    "there is no such client");
		goto free_skb;
	}
	err = wattle_put_queue(skb, view, energy);
	if (WARN_ON_ONCE(err)) {
		NL_SET_ERR_MSG(info->extack, "the answer does not fit a message");
		goto free_skb;
	}
	genlmsg_end(skb, hdr);
	kfree(view);
	return genlmsg_reply(skb, info);

free_skb:
	nlmsg_free(skb);
free_view:
	kfree(view);
	return err;
}

/* A dump's message for one object; NULL when the buffer is full. */
static void *wattle_netlink_begin(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &wattle_netlink_family, NLM_F_MULTI, cmd);
}

/* The next queue that is no longer destroyed, of @client or of all (0); under the device lock. */
static bool wattle_netlink_next_queue(u64 *after, u64 client, struct wattle_queue_view *view,
				      bool *more)
{
	struct wattle_queue *q = wattle_index_queue_after(*after);

	*more = q;
	if (!q)
		return false;
	*after = q->index.key;
	if (q->sched.dead || (client && wattle_client_of(q->sched.client)->id != client))
		return false;
	wattle_view_queue(view, q);
	return true;
}

static int wattle_netlink_queue_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct wattle_netlink_dump *d = wattle_netlink_dump_of(cb);
	struct nlattr **attrs = wattle_netlink_dump_attrs(cb);
	bool energy = netlink_capable(cb->skb, CAP_PERFMON), more, found;
	struct wattle_queue_view *view;
	u64 client = 0, after;
	void *hdr;
	int err;

	err = wattle_netlink_only(attrs, WATTLE_NETLINK_QUEUE_GET_DUMP_TAKES, cb->extack);
	if (!err && !d->after)
		err = wattle_netlink_energy(energy, cb->extack);
	if (err)
		return err;
	if (attrs[WATTLE_A_CLIENT])
		client = nla_get_u64(attrs[WATTLE_A_CLIENT]);
	view = kmalloc(sizeof(*view), GFP_KERNEL);
	if (!view)
		return wattle_netlink_no_memory(cb->extack);

	do {
		after = d->after;
		wattle_device_lock();
		found = wattle_netlink_next_queue(&after, client, view, &more);
		wattle_device_unlock();
		if (found) {
			hdr = wattle_netlink_begin(skb, cb, WATTLE_CMD_QUEUE_GET);
			if (!hdr)
				break;
			if (wattle_put_queue(skb, view, energy)) {
				genlmsg_cancel(skb, hdr);
				break;
			}
			genlmsg_end(skb, hdr);
		}
		d->after = after;
		cond_resched();
	} while (more && !fatal_signal_pending(current));
	kfree(view);
	return skb->len;
}

static int wattle_netlink_client_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct wattle_netlink_dump *d = wattle_netlink_dump_of(cb);
	struct wattle_client_view view;
	struct wattle_client *c;
	void *hdr;
	int err;

	err = wattle_netlink_only(wattle_netlink_dump_attrs(cb),
				  WATTLE_NETLINK_CLIENT_GET_DUMP_TAKES, cb->extack);
	if (err)
		return err;
	for (;;) {
		wattle_device_lock();
		c = wattle_index_client_after(d->after);
		if (c)
			wattle_view_client(&view, c);
		wattle_device_unlock();
		if (!c)
			break;
		hdr = wattle_netlink_begin(skb, cb, WATTLE_CMD_CLIENT_GET);
		if (!hdr)
			break;
		if (wattle_put_client(skb, &view)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		d->after = view.id;
	}
	return skb->len;
}

static int wattle_netlink_cpu_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct wattle_netlink_dump *d = wattle_netlink_dump_of(cb);
	void *hdr;
	int err;

	err = wattle_netlink_only(wattle_netlink_dump_attrs(cb),
				  WATTLE_NETLINK_CPU_GET_DUMP_TAKES, cb->extack);
	if (err)
		return err;
	for (; d->after < nr_cpu_ids; d->after++) {
		if (!cpu_possible(d->after))
			continue;
		hdr = wattle_netlink_begin(skb, cb, WATTLE_CMD_CPU_GET);
		if (!hdr)
			break;
		if (wattle_put_cpu(skb, d->after)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
	}
	return skb->len;
}

/*
 * The sender, and whoever opened the socket unless the sender named the destination
 * himself: a program that is made to write to a socket it was handed acts for nobody.
 * The same rule as netlink_capable().
 */
static bool wattle_netlink_sender_is(struct sk_buff *req, kuid_t uid)
{
	const struct netlink_skb_parms *p = &NETLINK_CB(req);

	if (!uid_eq(current_euid(), uid))
		return false;
	return (p->flags & NETLINK_SKB_DST) || uid_eq(p->sk->sk_socket->file->f_cred->euid, uid);
}

/* What is in the nest, as QUEUE_UPDATE knows it. */
static int wattle_netlink_read_change(struct genl_info *info, u32 *mask,
				      struct wattle_queue_params *p)
{
	struct nlattr *attrs[WATTLE_NETLINK_CHANGE_POLICY_MAX + 1], *a;
	int err;

	err = nla_parse_nested(attrs, WATTLE_NETLINK_CHANGE_POLICY_MAX,
			       info->attrs[WATTLE_A_CHANGE], wattle_netlink_change_policy,
			       info->extack);
	if (err)
		return err;
	*mask = 0;
	memset(p, 0, sizeof(*p));
	a = attrs[WATTLE_A_PARAMS_WEIGHT];
	if (a) {
		*mask |= WATTLE_UPDATE_WEIGHT;
		p->weight = nla_get_u32(a);
	}
	a = attrs[WATTLE_A_PARAMS_MAX_SLOWDOWN_PM];
	if (a) {
		*mask |= WATTLE_UPDATE_MAX_SLOWDOWN;
		p->max_slowdown_pm = nla_get_u32(a);
	}
	a = attrs[WATTLE_A_PARAMS_MAX_DELAY_US];
	if (a) {
		*mask |= WATTLE_UPDATE_MAX_DELAY;
		p->max_delay_us = nla_get_u64(a);
	}
	a = attrs[WATTLE_A_PARAMS_MAX_INFLIGHT];
	if (a) {
		*mask |= WATTLE_UPDATE_MAX_INFLIGHT;
		p->max_inflight = nla_get_u32(a);
		if (p->max_inflight > wattle.sched.limits.batches_per_queue) {
			NL_SET_ERR_MSG_ATTR(info->extack, a,
					    "more than the module allows a queue (max_batches_per_queue)");
			return -ERANGE;
		}
	}
	if (!*mask) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[WATTLE_A_CHANGE],
				    "there is nothing to change");
		return -EINVAL;
	}
	/* The state machine has the last word, and fills in what is not in @mask. */
	err = wattle_sched_update_check(&wattle.sched, *mask, p, false);
	if (err)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[WATTLE_A_CHANGE],
				    "a value is out of range");
	return err;
}

static int wattle_netlink_queue_set(struct sk_buff *req, struct genl_info *info)
{
	struct wattle_queue_params params;
	bool admin, has_client, may;
	struct wattle_client *c;
	struct wattle_queue *q;
	u64 client;
	u32 queue, mask;
	int err;

	err = wattle_netlink_only(info->attrs, WATTLE_NETLINK_QUEUE_SET_DO_TAKES, info->extack);
	if (!err)
		err = wattle_netlink_need(info, WATTLE_A_CLIENT);
	if (!err)
		err = wattle_netlink_need(info, WATTLE_A_QUEUE);
	if (!err)
		err = wattle_netlink_need(info, WATTLE_A_CHANGE);
	if (!err)
		err = wattle_netlink_read_change(info, &mask, &params);
	if (err)
		return err;
	client = nla_get_u64(info->attrs[WATTLE_A_CLIENT]);
	queue = nla_get_u32(info->attrs[WATTLE_A_QUEUE]);
	admin = netlink_capable(req, CAP_SYS_ADMIN);

	wattle_device_lock();
	q = wattle_netlink_find(client, queue, &has_client);
	c = q ? wattle_client_of(q->sched.client) : NULL;
	may = c && (admin || wattle_netlink_sender_is(req, c->user->uid));
	err = may ? wattle_queue_change(c, queue, mask, &params) : -ENOENT;
	wattle_device_unlock();

	if (!may && !admin) {
		NL_SET_ERR_MSG(info->extack,
			       "there is no such queue of yours; those of others take CAP_SYS_ADMIN");
		return -EPERM;
	}
	if (!may && has_client)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[WATTLE_A_QUEUE],
				    "the client has no such queue");
	else if (!may)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[WATTLE_A_CLIENT],
				    "there is no such client");
	else if (err)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[WATTLE_A_CHANGE],
				    "the queue cannot be changed now");
	return err;
}

static const struct genl_small_ops wattle_netlink_ops[] = {
	{
		.cmd	= WATTLE_CMD_DEVICE_GET,
		.flags	= WATTLE_NETLINK_DEVICE_GET_FLAGS,
		.doit	= wattle_netlink_device_get,
	},
	{
		.cmd	= WATTLE_CMD_QUEUE_GET,
		.flags	= WATTLE_NETLINK_QUEUE_GET_FLAGS,
		.doit	= wattle_netlink_queue_get,
		.dumpit	= wattle_netlink_queue_dump,
	},
	{
		.cmd	= WATTLE_CMD_QUEUE_SET,
		.flags	= WATTLE_NETLINK_QUEUE_SET_FLAGS,
		.doit	= wattle_netlink_queue_set,
	},
	{
		.cmd	= WATTLE_CMD_CLIENT_GET,
		.flags	= WATTLE_NETLINK_CLIENT_GET_FLAGS,
		.dumpit	= wattle_netlink_client_dump,
	},
	{
		.cmd	= WATTLE_CMD_CPU_GET,
		.flags	= WATTLE_NETLINK_CPU_GET_FLAGS,
		.dumpit	= wattle_netlink_cpu_dump,
	},
};

static const struct genl_multicast_group wattle_netlink_groups[] = {
	[WATTLE_GROUP_MODE] = {
		.name	= WATTLE_NL_GROUP_MODE,
		.flags	= WATTLE_NETLINK_GROUP_MODE_FLAGS,
	},
	[WATTLE_GROUP_QUEUE] = {
		.name	= WATTLE_NL_GROUP_QUEUE,
		.flags	= WATTLE_NETLINK_GROUP_QUEUE_FLAGS,
	},
};

static struct genl_family wattle_netlink_family __ro_after_init = {
	.name		= WATTLE_NL_FAMILY,
	.version	= WATTLE_NL_VERSION,
	.maxattr	= WATTLE_NETLINK_POLICY_MAX,
	.policy		= wattle_netlink_policy,
	.parallel_ops	= true,
	.small_ops	= wattle_netlink_ops,
	.n_small_ops	= ARRAY_SIZE(wattle_netlink_ops),
	.resv_start_op	= WATTLE_CMD_DEVICE_GET,
	.mcgrps		= wattle_netlink_groups,
	.n_mcgrps	= ARRAY_SIZE(wattle_netlink_groups),
	.module		= THIS_MODULE,
};

/**
 * wattle_netlink_listening() - somebody has joined a group
 * @group: enum wattle_group. Needs no lock; the family is registered.
 */
bool wattle_netlink_listening(u32 group)
{
	return genl_has_listeners(&wattle_netlink_family, &init_net, group);
}

/**
 * wattle_netlink_tell() - send a notification; sleeps
 * @note: what happened
 *
 * Without memory there is none, which the numbers tell.
 */
void wattle_netlink_tell(const struct wattle_note *note)
{
	struct wattle_queue_view *view = NULL;
	struct wattle_queue *q = NULL;
	struct sk_buff *skb;
	bool has_client;
	void *hdr;
	int err;

	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	hdr = genlmsg_put(skb, 0, 0, &wattle_netlink_family, 0, note->cmd);
	err = wattle_put_note(skb, note);
	if (note->cmd == WATTLE_CMD_QUEUE_NTF) {
		view = kmalloc(sizeof(*view), GFP_KERNEL);
		if (!view)
			goto free_skb;
		wattle_device_lock();
		q = wattle_netlink_find(note->client, note->queue, &has_client);
		if (q)
			wattle_view_queue(view, q);
		wattle_device_unlock();
		/* It may be gone: then which it was is all there is to tell. */
		if (q)
			err |= wattle_put_queue(skb, view, false);
	}
	if (WARN_ON_ONCE(err))
		goto free_skb;
	genlmsg_end(skb, hdr);
	/* -ESRCH: the last listener has left. A listener that cannot keep up knows it. */
	genlmsg_multicast(&wattle_netlink_family, skb, 0, note->group, GFP_KERNEL);
	kfree(view);
	return;

free_skb:
	nlmsg_free(skb);
	kfree(view);
}

/**
 * wattle_netlink_init() - the family is there when this returns
 *
 * Return: 0 or a negative errno.
 */
int wattle_netlink_init(void)
{
	int err = genl_register_family(&wattle_netlink_family);

	if (!err)
		wattle_notify_start();
	return err;
}

/**
 * wattle_netlink_exit() - no request is running and none will when this returns
 */
void wattle_netlink_exit(void)
{
	wattle_notify_stop();
	genl_unregister_family(&wattle_netlink_family);
}
