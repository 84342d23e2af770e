// SPDX-License-Identifier: GPL-2.0-only
/*
 * What drivers with names of an earlier series ask for after the attach, which is api.c's.
 *
 * Owns: nothing. Talks to: who has the region, region.c, or the side module's memdev.c. Locks:
 * called with the PCI function's device lock; takes the endpoint's.
 */
#include <linux/device.h>

#include "accel.h"

struct cxl_endpoint_decoder *cxl_accel_get_committed_decoder(struct cxl_memdev *cxlmd,
							     struct cxl_region **cxlr)
{
	struct cxl_endpoint_decoder *cxled = NULL;
	struct cxl_accel *accel;
	unsigned int attach_nr;

	if (IS_ERR_OR_NULL(cxlmd) || !cxlr)
		return NULL;
	accel = cxl_accel_get_by_memdev(cxlmd, &attach_nr);
	if (!accel)
		return NULL;
	if (accel->attached)
		cxled = cxl_accel_region_first(accel, cxlmd, cxlr);
	cxl_accel_put(accel);
	return cxled;
}
CORE_EXPORT(cxl_accel_get_committed_decoder);

int cxl_accel_get_region_range(struct cxl_region *cxlr, struct range *range)
{
	struct cxl_accel *accel;
	unsigned int attach_nr;

	if (!cxlr || !range)
		return -ENXIO;
	accel = cxl_accel_get_by_region(cxlr, &attach_nr);
	if (!accel)
		return -ENXIO;
	*range = accel->range;
	cxl_accel_put(accel);
	return 0;
}
CORE_EXPORT(cxl_accel_get_region_range);
