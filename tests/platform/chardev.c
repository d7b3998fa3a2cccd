// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/wattle_platform: halted work and hidden facts, for tests.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "platform.h"
#include "wattle_platform.h"

#define MAX_KCYCLES	(1ULL << 43)
#define MAX_STALL_US	(1ULL << 32)

static int dev_open(struct inode *inode, struct file *file)
{
	file->private_data = wp_tasks_open();
	return file->private_data ? 0 : -ENOMEM;
}

static int dev_release(struct inode *inode, struct file *file)
{
	wp_tasks_close(file->private_data);
	return 0;
}

/* The size comes first in every struct: what is larger must be zero there. */
static int copy_in(void *to, size_t size, const void __user *from)
{
	u32 user_size;

	if (get_user(user_size, (const u32 __user *)from))
		return -EFAULT;
	if (user_size < size || user_size > PAGE_SIZE)
		return -EINVAL;
	return copy_struct_from_user(to, size, from, user_size);
}

static long do_work(struct wattle_platform_work __user *arg)
{
	struct wattle_platform_work work;
	long ret;

	ret = copy_in(&work, sizeof(work), arg);
	if (ret)
		return ret;
	if (work.flags || work.work_kcycles >= MAX_KCYCLES || work.stall_us >= MAX_STALL_US)
		return -EINVAL;
	ret = wp_halted_work(work.work_kcycles, work.stall_us, &work.ran_ns);
	if (ret)
		return ret;
	return put_user(work.ran_ns, &arg->ran_ns);
}

static long do_task(struct wp_task_list *list, const struct wattle_platform_task __user *arg)
{
	struct wattle_platform_task task;
	struct wp_facts facts;
	int ret;

	ret = copy_in(&task, sizeof(task), arg);
	if (ret)
		return ret;
	if (task.flags)
		return -EINVAL;
	facts.activity_pm = task.activity_pm;
	facts.stall_pm = task.stall_pm;
	return wp_tasks_set(list, &facts);
}

static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case WATTLE_PLATFORM_WORK:
		return do_work((void __user *)arg);
	case WATTLE_PLATFORM_TASK:
		return do_task(file->private_data, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations fops = {
	.owner		= THIS_MODULE,
	.open		= dev_open,
	.release	= dev_release,
	.unlocked_ioctl	= dev_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

static struct miscdevice misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= WP_NAME,
	.fops	= &fops,
	.mode	= 0666,
};

int wp_chardev_init(void)
{
	int ret = misc_register(&misc);

	if (ret)
		pr_err(WP_NAME ": cannot register /dev/" WP_NAME ": %d\n", ret);
	return ret;
}

void wp_chardev_exit(void)
{
	misc_deregister(&misc);
}
