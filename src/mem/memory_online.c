// SPDX-License-Identifier: GPL-2.0-only
/*
 * While memory backed by an expander is online, this module stays.
 *
 * Owns: a notifier for memory that comes online, and one reference on this module for each block
 * that has. Talks to: memory hotplug; reads the decoders of endpoints on the cxl bus. Locks: called
 * with the memory hotplug lock held, takes none.
 *
 * Without cxl_mem there are no endpoints, and without these no regions: what was System RAM decodes
 * nothing any more, and the kernel goes on using it. Nothing keeps the stock module from being
 * removed all the same; but one that replaces it invites people to go back. So rmmod says that the
 * module is in use, until the memory is offline ("daxctl offline-memory").
 */
#include <linux/device.h>
#include <linux/memory.h>
#include <linux/range.h>
#include <linux/xarray.h>

#include "accel.h"

/* By the first page's number. */
static DEFINE_XARRAY(cxl_accel_online_blocks);

static int cxl_accel_endpoint_decodes(struct device *dev, void *data)
{
	const struct range *hpa, *memory = data;
	const struct cxl_decoder *cxld;

	if (!is_endpoint_decoder(dev))
		return 0;
	cxld = &to_cxl_endpoint_decoder(dev)->cxld;
	hpa = &cxld->hpa_range;
	return (cxld->flags & CXL_DECODER_F_ENABLE) && hpa->start <= memory->start &&
	       memory->end <= hpa->end;
}

static void cxl_accel_block_online(const struct memory_notify *block)
{
	struct range memory = {
		.start = PFN_PHYS(block->start_pfn),
		.end = PFN_PHYS(block->start_pfn + block->nr_pages) - 1,
	};

	if (!bus_for_each_dev(&cxl_bus_type, NULL, &memory, cxl_accel_endpoint_decodes))
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

int cxl_accel_memory_online_init(void)
{
	return register_memory_notifier(&cxl_accel_memory_online_nb);
}

void cxl_accel_memory_online_exit(void)
{
	unregister_memory_notifier(&cxl_accel_memory_online_nb);
}
