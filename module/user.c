// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accounts per user. The key is the kuid, so that the same person inside and
 * outside a user namespace has one account; subordinate uids have their own,
 * which is why there is a global limit too.
 */
#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "user.h"

static DEFINE_MUTEX(wattle_user_mutex);
static DEFINE_HASHTABLE(wattle_user_table, 6);

/**
 * wattle_user_get() - find or make a user's account and take a reference
 * @uid: the user
 *
 * Return: the account, NULL when there is no memory. Sleeps.
 */
struct wattle_user *wattle_user_get(kuid_t uid)
{
	struct wattle_user *user;

	mutex_lock(&wattle_user_mutex);
	hash_for_each_possible(wattle_user_table, user, node, __kuid_val(uid)) {
		if (uid_eq(user->uid, uid)) {
			user->refs++;
			goto out;
		}
	}
	user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
	if (user) {
		user->uid = uid;
		user->refs = 1;
		hash_add(wattle_user_table, &user->node, __kuid_val(uid));
	}
out:
	mutex_unlock(&wattle_user_mutex);
	return user;
}

/**
 * wattle_user_put() - drop a reference; the last one frees the account
 * @user: the account. The caller's client no longer counts in it.
 */
void wattle_user_put(struct wattle_user *user)
{
	mutex_lock(&wattle_user_mutex);
	if (!--user->refs) {
		hash_del(&user->node);
		kfree(user);
	}
	mutex_unlock(&wattle_user_mutex);
}
