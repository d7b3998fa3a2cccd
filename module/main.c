// SPDX-License-Identifier: GPL-2.0-only
/*
 * wattle.ko: the init ladder, and nothing else.
 *
 * What clients can reach comes last up and first down. An open file holds a
 * reference on the module (fops owner), so at exit there is no client, no queue,
 * no batch and no worker left to think of.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>

#include "attach.h"
#include "batch.h"
#include "chardev.h"
#include "cpus.h"
#include "device.h"
#include "domain.h"
#include "energy.h"
#include "latency.h"
#include "mode.h"
#include "model.h"
#include "netlink.h"
#include "param.h"
#include "timer.h"
#include "worker.h"
#include "watch.h"

static int __init wattle_init(void)
{
	int err;

	err = wattle_param_check();
	if (err)
		return err;
	err = wattle_device_init();
	if (err)
		return err;
	wattle_timer_init();
	err = wattle_domain_init();
	if (err)
		goto exit_device;
	err = wattle_latency_init();
	if (err)
		goto exit_domain;
	err = wattle_mode_set(wattle_param_mode());
	if (err == -EOPNOTSUPP)
		pr_err("parameter mode=%s: this version cannot\n",
		       wattle_mode_name(wattle_param_mode()));
	if (err)
		goto exit_latency;
	err = wattle_batch_init();
	if (err)
		goto exit_latency;
	err = wattle_worker_init();
	if (err)
		goto exit_batch;
	err = wattle_cpus_init();
	if (err)
		goto exit_worker;
	err = wattle_energy_init();
	if (err)
		goto exit_cpus;
	err = wattle_netlink_init();
	if (err)
		goto exit_energy;
	err = wattle_attach_init();
	if (err)
		goto exit_netlink;
	err = wattle_chardev_init();
	if (err)
		goto exit_attach;
	pr_info("mode %s\n", wattle_mode_name(wattle_mode_get()));
	return 0;

exit_attach:
	wattle_attach_exit();
exit_netlink:
	wattle_netlink_exit();
exit_energy:
	wattle_energy_exit();
exit_cpus:
	wattle_cpus_exit();
exit_worker:
	wattle_worker_exit();
exit_batch:
	wattle_batch_exit();
exit_latency:
	wattle_latency_exit();
exit_domain:
	wattle_domain_exit();
exit_device:
	wattle_timer_exit();
	wattle_device_exit();
	return err;
}
module_init(wattle_init);

static void __exit wattle_exit(void)
{
	wattle_chardev_exit();
	wattle_watch_exit();
	wattle_attach_exit();
	wattle_netlink_exit();
	wattle_energy_exit();
	wattle_cpus_exit();
	wattle_worker_exit();
	wattle_batch_exit();
	wattle_latency_exit();
	wattle_domain_exit();
	wattle_model_exit();
	wattle_timer_exit();
	wattle_device_exit();
}
module_exit(wattle_exit);

MODULE_DESCRIPTION("Wattle: energy-aware scheduling of machine-learning batches");
MODULE_AUTHOR("The Wattle authors");
MODULE_VERSION("0.1.0");
MODULE_LICENSE("GPL");
