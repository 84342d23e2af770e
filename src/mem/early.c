// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of an earlier series of the accelerator API, for drivers that have those.
 *
 * Owns: nothing. Talks to: api.c, which does the attach, region.c, which has the region. Locks:
 * called with the PCI function's device lock; takes the endpoint's.
 */
#include <linux/device.h>

#include "accel.h"

/* As in public.h: the name is cxl_core's here. */
#define cxl_dev_state	cxl_accel_dev_state
#include <cxl-accel/early.h>
#undef cxl_dev_state

struct cxl_memdev *cxl_accel_add_memdev(struct cxl_accel_dev_state *cxlds,
					const struct cxl_memdev_attach *attach)
{
	struct range range;

	return attach ? ERR_PTR(-EINVAL) : devm_cxl_probe_mem(cxlds, &range);
}
CORE_EXPORT(cxl_accel_add_memdev);

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
