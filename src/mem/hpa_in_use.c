// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is an HPA range in other hands already?
 *
 * Owns: nothing. Talks to: the resource tree, dax_hmem's platform devices. Locks: the resource
 * lock, innermost.
 *
 * Where firmware calls an accelerator's memory Soft Reserved, dax_hmem makes a dax device of it if
 * it comes before cxl_acpi, and kmem makes System RAM of that. cxl_core does not mind, and
 * assembles a region on top. A driver that maps it then writes into pages of the kernel's.
 *
 * The other order needs no guard: once cxl_acpi has its windows in the resource tree, a stock
 * dax_hmem leaves all that lies in one of them alone, and ours (../dax) what hpa_reserve.c holds.
 */
#include <linux/device.h>
#include <linux/ioport.h>
#include <linux/memregion.h>
#include <linux/platform_device.h>

#include "accel.h"

static int cxl_accel_resource_found(struct resource *res, void *arg)
{
	return 1;
}

/* Drivers request what they map: kmem, device_dax. Windows, regions and Soft Reserved are idle. */
static bool cxl_accel_hpa_is_claimed(const struct range *range)
{
	return walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_MEM | IORESOURCE_BUSY, range->start,
				   range->end, NULL, cxl_accel_resource_found) == 1;
}

static bool cxl_accel_hpa_is_system_ram(const struct range *range)
{
	return region_intersects(range->start, range_len(range), IORESOURCE_SYSTEM_RAM,
				 IORES_DESC_NONE) != REGION_DISJOINT;
}

/* A dax device that nobody has bound yet claims nothing, but is on a device of dax_hmem's. */
static int cxl_accel_is_hmem_of(struct device *dev, void *data)
{
	const struct memregion_info *info = dev_get_platdata(dev);
	const struct range *range = data;

	return READ_ONCE(dev->driver) && info && !strcmp(to_platform_device(dev)->name, "hmem") &&
	       info->range.start <= range->end && info->range.end >= range->start;
}

/**
 * cxl_accel_hpa_in_use() - is a part of this range System RAM, a dax device's, or claimed?
 * @range: HPA range, of a decoder that has no region yet, or of an accelerator's region
 *
 * Context: may sleep; takes no lock that is held by others for long.
 * Return: whether it is.
 */
bool cxl_accel_hpa_in_use(const struct range *range)
{
	struct range wanted = *range;

	return cxl_accel_hpa_is_claimed(range) || cxl_accel_hpa_is_system_ram(range) ||
	       bus_for_each_dev(&platform_bus_type, NULL, &wanted, cxl_accel_is_hmem_of);
}
