// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that has claimed its BARs, as most do with pci_request_regions(), can be attached.
 *
 * Owns: nothing. Talks to: the tree of resources, below a BAR of the PCI function. Locks: called
 * with the PCI function's device lock, by the task that attaches it: nobody else adds to, or takes
 * from, what its driver has claimed in its BARs.
 *
 * cxl_core claims the registers that it maps, while an endpoint is probed, and cannot below a claim
 * that is busy. So the driver's is not busy for as long as that takes, which is how kmem has memory
 * added below what it has claimed. But what is below a claim is lost when that is released, and
 * remove() does that before cxl_core releases its own, which then is not found. So cxl_core's go as
 * soon as all is mapped; the mappings stay, and the driver's claim keeps others away.
 */
#include <linux/device.h>
#include <linux/ioport.h>
#include <linux/pci.h>

#include "accel.h"

static struct resource *cxl_accel_bar_claim_find(struct pci_dev *pdev, const struct resource *block)
{
	struct resource *claim;
	int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		for (claim = pdev->resource[bar].child; claim; claim = claim->sibling)
			if ((claim->flags & IORESOURCE_BUSY) && resource_contains(claim, block))
				return claim;
	return NULL;
}

/**
 * cxl_accel_bar_claim_open() - the endpoint is about to be probed
 * @accel: the accelerator, being attached by this task
 */
void cxl_accel_bar_claim_open(struct cxl_accel *accel)
{
	const struct cxl_register_map *map = &accel->cxlds->reg_map;
	struct resource block = DEFINE_RES_MEM(map->resource, map->max_size);

	accel->bar_claim = cxl_accel_bar_claim_find(to_pci_dev(accel->dev), &block);
	if (accel->bar_claim)
		accel->bar_claim->flags &= ~IORESOURCE_BUSY;
}

/**
 * cxl_accel_bar_claim_close() - it has been probed, whether that went well or not
 * @accel: the accelerator
 * @endpoint: its endpoint port, for which cxl_core has claimed and mapped registers
 */
void cxl_accel_bar_claim_close(struct cxl_accel *accel, struct device *endpoint)
{
	struct resource *claim = accel->bar_claim, *below, *next;

	if (!claim)
		return;
	for (below = claim->child; below; below = next) {
		next = below->sibling;
		/* The very string: it is this device's. */
		if (below->name == dev_name(endpoint))
			devm_release_mem_region(endpoint, below->start, resource_size(below));
	}
	claim->flags |= IORESOURCE_BUSY;
	accel->bar_claim = NULL;
}
