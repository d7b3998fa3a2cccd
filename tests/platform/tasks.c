// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hidden facts of tasks. By default a task's activity follows from a hash of
 * its name and process id; a test may set its own thread's through the device.
 * An entry lives until the file it was set through is closed.
 *
 * Lookup runs in the sched_switch probe under rq->lock: RCU, no references. An
 * entry names its task by address and start time and never follows the pointer,
 * so it may outlive the task.
 */
#include <linux/hashtable.h>
#include <linux/jhash.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "platform.h"

#define ACTIVITY_MIN_PM		600
#define ACTIVITY_MAX_PM		1600
#define ENTRIES_PER_FILE	1024

struct entry {
	struct hlist_node node;
	struct list_head of_list;
	struct wp_task_list *list;
	struct task_struct *task;
	u64 start;
	struct wp_facts facts;
	struct rcu_head rcu;
};

struct wp_task_list {
	struct list_head entries;
	unsigned int count;
};

static DEFINE_HASHTABLE(table, 8);
static DEFINE_MUTEX(table_mutex);	/* the table's and all lists' writers */

static struct entry *find(struct task_struct *task)
{
	struct entry *e;

	hash_for_each_possible_rcu(table, e, node, (unsigned long)task,
				   lockdep_is_held(&table_mutex))
		if (e->task == task && e->start == task->start_boottime)
			return e;
	return NULL;
}

static void by_hash(struct task_struct *task, struct wp_facts *facts)
{
	u32 hash = jhash(task->comm, strnlen(task->comm, TASK_COMM_LEN), task->tgid);

	facts->activity_pm = ACTIVITY_MIN_PM + hash % (ACTIVITY_MAX_PM - ACTIVITY_MIN_PM + 1);
	facts->stall_pm = 0;
}

/* Any context; @task is current or held by the scheduler. */
void wp_tasks_facts(struct task_struct *task, struct wp_facts *facts)
{
	struct entry *e;

	rcu_read_lock();
	e = find(task);
	if (e)
		*facts = e->facts;
	else
		by_hash(task, facts);
	rcu_read_unlock();
}

struct wp_task_list *wp_tasks_open(void)
{
	struct wp_task_list *list = kzalloc(sizeof(*list), GFP_KERNEL);

	if (list)
		INIT_LIST_HEAD(&list->entries);
	return list;
}

void wp_tasks_close(struct wp_task_list *list)
{
	struct entry *e, *next;

	mutex_lock(&table_mutex);
	list_for_each_entry_safe(e, next, &list->entries, of_list) {
		hash_del_rcu(&e->node);
		kfree_rcu(e, rcu);
	}
	mutex_unlock(&table_mutex);
	kfree(list);
}

/* Set the caller's facts; they count from now on. */
int wp_tasks_set(struct wp_task_list *list, const struct wp_facts *facts)
{
	struct entry *old, *e;
	unsigned long flags;
	struct wp_cpu *c;

	if (facts->activity_pm < ACTIVITY_MIN_PM || facts->activity_pm > ACTIVITY_MAX_PM ||
	    facts->stall_pm > 1000)
		return -EINVAL;
	e = kzalloc(sizeof(*e), GFP_KERNEL);
	if (!e)
		return -ENOMEM;
	e->list = list;
	e->task = current;
	e->start = current->start_boottime;
	e->facts = *facts;

	mutex_lock(&table_mutex);
	if (list->count == ENTRIES_PER_FILE) {
		mutex_unlock(&table_mutex);
		kfree(e);
		return -ENOSPC;
	}
	/*
	 * Added at the head before the old one goes, so that no reader misses
	 * both. An entry of another open file stays and is shadowed.
	 */
	old = find(current);
	hash_add_rcu(table, &e->node, (unsigned long)current);
	list_add(&e->of_list, &list->entries);
	list->count++;
	if (old && old->list == list) {
		hash_del_rcu(&old->node);
		list_del(&old->of_list);
		list->count--;
		kfree_rcu(old, rcu);
	}
	mutex_unlock(&table_mutex);

	local_irq_save(flags);
	c = wp_cpu(smp_processor_id());
	raw_spin_lock(&c->lock);
	if (c->state == WP_RUN)
		wp_referee_set(c, WP_RUN, facts, wp_now());
	raw_spin_unlock(&c->lock);
	local_irq_restore(flags);
	return 0;
}
