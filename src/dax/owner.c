// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose is a range of memory: is it in a CXL window, a CXL region's, an accelerator's?
 *
 * Owns: nothing. Talks to: the resource tree, regions on the cxl bus, the platform devices that
 * hold what accelerators decode (../mem/hpa_reserve.c). Locks: takes the device lock of each
 * region.
 */
#include <linux/ioport.h>
#include <linux/platform_device.h>

#include "../mem/hpa_reserve.h"
#include "dax.h"

/**
 * cxl_accel_dax_meets_window() - does a part of the range lie in a CXL window?
 * @range: HPA range
 *
 * Context: takes the resource lock. Windows are there as long as cxl_acpi is bound.
 * Return: whether it does.
 */
bool cxl_accel_dax_meets_window(const struct range *range)
{
	return region_intersects(range->start, range_len(range), IORESOURCE_MEM, IORES_DESC_CXL) !=
	       REGION_DISJOINT;
}

/* Whoever takes a region out of the committed state releases its driver first. */
static int cxl_accel_dax_region_has(struct device *dev, void *data)
{
	const struct range *range = data;
	const struct cxl_region_params *p;

	if (!is_cxl_region(dev))
		return 0;
	guard(device)(dev);
	p = &to_cxl_region(dev)->params;
	return dev->driver && p->state >= CXL_CONFIG_COMMIT && p->res &&
	       p->res->start <= range->start && range->end <= p->res->end;
}

/**
 * cxl_accel_dax_is_cxl_regions() - does the whole range lie in one committed CXL region?
 * @range: HPA range
 *
 * Context: may sleep; takes the device lock of one region after the other.
 * Return: whether it does.
 */
bool cxl_accel_dax_is_cxl_regions(const struct range *range)
{
	return bus_for_each_dev(&cxl_bus_type, NULL, (void *)range, cxl_accel_dax_region_has);
}

struct accelerator_search {
	const struct range *range;
	struct range *found;
};

static int cxl_accel_dax_first_accelerator(struct device *dev, void *data)
{
	struct platform_device *holder = to_platform_device(dev);
	struct accelerator_search *search = data;
	const struct resource *res = holder->resource;

	if (!strstarts(holder->name, CXL_ACCEL_RESERVE_PREFIX) || !holder->num_resources)
		return 0;
	if (res->start > search->range->end || res->end < search->range->start)
		return 0;
	/* The lowest of all. */
	if (res->start < search->found->start)
		*search->found = (struct range){ res->start, res->end };
	return 0;
}

/**
 * cxl_accel_dax_find_accelerators() - the lowest part of the range that an accelerator decodes
 * @range: HPA range
 * @found: set to what that accelerator decodes, which may be more than is in @range
 *
 * Context: may sleep. Without cxl_mem nothing is known of accelerators.
 * Return: whether there is one.
 */
bool cxl_accel_dax_find_accelerators(const struct range *range, struct range *found)
{
	struct accelerator_search search = { range, found };

	*found = (struct range){ U64_MAX, U64_MAX };
	bus_for_each_dev(&platform_bus_type, NULL, &search, cxl_accel_dax_first_accelerator);
	return found->start != U64_MAX;
}
