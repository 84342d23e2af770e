/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As attach.h, and for the same reason. But the attach is called by the driver: if the module did,
 * it would depend on cxl_mem, and could not be loaded before it.
 */
#ifndef CXL_ACCEL_SIDE_EARLY_H
#define CXL_ACCEL_SIDE_EARLY_H

#include <cxl-accel/side.h>
#include "../../cxl-accel/early.h"

static inline struct cxl_memdev *
cxl_accel_side_add_memdev(struct cxl_dev_state *cxlds, const struct cxl_memdev_attach *attach)
{
	struct range range;

	return attach ? ERR_PTR(-EINVAL) : cxl_accel_probe_mem(cxlds, &range);
}

#undef devm_cxl_add_memdev
#define devm_cxl_add_memdev(cxlds, attach)	cxl_accel_side_add_memdev(cxlds, attach)

#endif /* CXL_ACCEL_SIDE_EARLY_H */
