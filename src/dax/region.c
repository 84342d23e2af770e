// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dax region with one device in it.
 *
 * Owns: nothing, both are the dax bus's, and go when the parent's driver is unbound. Talks to: the
 * dax bus. Locks: called with the parent's device lock; the dax bus takes its own.
 */
#include <linux/err.h>
#include <linux/pgtable.h>

#include "dax.h"

/**
 * cxl_accel_dax_add() - make a dax region, and a device in it
 * @dev: the parent, being probed
 * @id: the region's, of memregion_alloc()
 * @range: HPA range, claimed
 * @target_node: of the memory, once it is online
 * @size: of the device, in bytes; 0 to leave the partitioning to the administrator, who then says
 *	whose the devices are, too
 * @memmap_on_memory: the memory map may lie in the memory itself
 *
 * Context: may sleep; @dev's device lock is held, it has no driver data.
 * Return: 0, or why not. The dax bus gives no reason for -ENOMEM: the range may not be a multiple
 * of 2 MiB.
 */
int cxl_accel_dax_add(struct device *dev, int id, const struct range *range, int target_node,
		      resource_size_t size, bool memmap_on_memory)
{
	struct range copy = *range;
	struct dev_dax_data data = {
		.id = -1,
		.size = size,
		.memmap_on_memory = memmap_on_memory,
	};

	data.dax_region = alloc_dax_region(dev, id, &copy, target_node, PMD_SIZE,
					   size ? IORESOURCE_DAX_KMEM : 0);
	if (!data.dax_region)
		return -ENOMEM;
	return PTR_ERR_OR_ZERO(devm_create_dev_dax(&data));
}
