// SPDX-License-Identifier: GPL-2.0-only
/*
 * While memory that hangs on this module is online, this module stays.
 *
 * Owns: a notifier for memory that comes online, and one reference on this module for each block
 * that has. Talks to: memory hotplug. Locks: called with the memory hotplug lock held, takes none.
 *
 * Nothing keeps a stock module from being removed all the same; but one that replaces it invites
 * people to go back. So rmmod says that the module is in use, until the memory is offline ("daxctl
 * offline-memory").
 *
 * A part of cxl_mem, dax_hmem and dax_cxl; which memory it is each of them says.
 */
#include <linux/memory.h>
#include <linux/module.h>
#include <linux/range.h>
#include <linux/xarray.h>

#include "memory_online.h"

/* By the first page's number. */
static DEFINE_XARRAY(cxl_accel_online_blocks);

static bool (*cxl_accel_memory_is_ours)(const struct range *memory);

static void cxl_accel_block_online(const struct memory_notify *block)
{
	struct range memory = {
		.start = PFN_PHYS(block->start_pfn),
		.end = PFN_PHYS(block->start_pfn + block->nr_pages) - 1,
	};

	if (!cxl_accel_memory_is_ours(&memory))
		return;
	if (!try_module_get(THIS_MODULE))
		return;
	if (xa_insert(&cxl_accel_online_blocks, block->start_pfn, xa_mk_value(1), GFP_KERNEL))
		module_put(THIS_MODULE);
}

static void cxl_accel_block_offline(const struct memory_notify *block)
{
	if (xa_erase(&cxl_accel_online_blocks, block->start_pfn))
		module_put(THIS_MODULE);
}

static int cxl_accel_memory_online_notify(struct notifier_block *nb, unsigned long action,
					  void *data)
{
	if (action == MEM_ONLINE)
		cxl_accel_block_online(data);
	else if (action == MEM_OFFLINE)
		cxl_accel_block_offline(data);
	return NOTIFY_OK;
}

static struct notifier_block cxl_accel_memory_online_nb = {
	.notifier_call = cxl_accel_memory_online_notify,
};

int cxl_accel_memory_online_init(bool (*is_ours)(const struct range *memory))
{
	cxl_accel_memory_is_ours = is_ours;
	return register_memory_notifier(&cxl_accel_memory_online_nb);
}

void cxl_accel_memory_online_exit(void)
{
	unregister_memory_notifier(&cxl_accel_memory_online_nb);
}
