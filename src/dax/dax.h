/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by dax_hmem and dax_cxl, which share out Soft Reserved memory: each byte has one owner.
 *
 * Lock order: device lock of an hmem_platform device; that of a CXL region; cxl_accel_dax_lock
 * (arbitrate.c). Nothing that waits for probes or for the workqueue holds any of these.
 */
#ifndef CXL_ACCEL_DAX_H
#define CXL_ACCEL_DAX_H

#include <linux/device.h>
#include <linux/list.h>
#include <linux/range.h>

#include "core.h"

struct platform_device;

/**
 * struct cxl_accel_soft_range - a Soft Reserved range that waits to be given to somebody
 * @node: in a list of these
 * @range: HPA
 * @target_node: of its memory, once that is online
 */
struct cxl_accel_soft_range {
	struct list_head node;
	struct range range;
	int target_node;
};

/* arbitrate.c */
int cxl_accel_dax_arbitrate_init(void);
void cxl_accel_dax_arbitrate_exit(void);
int cxl_accel_dax_arbitrate(struct platform_device *host);

/* hmem.c */
int cxl_accel_dax_register(struct device *host, const struct cxl_accel_soft_range *soft);
bool cxl_accel_dax_host_is_bound(const struct device *host);

/* owner.c */
bool cxl_accel_dax_meets_window(const struct range *range);
bool cxl_accel_dax_is_cxl_regions(const struct range *range);
bool cxl_accel_dax_find_accelerators(const struct range *range, struct range *found);

/* claim.c, exported to dax_cxl, which may find a stock dax_hmem in its place. */
int cxl_accel_dax_claim(struct device *dev, const struct range *range);
void cxl_accel_dax_flush(void);

/* region.c; each module has its own. */
int cxl_accel_dax_add(struct device *dev, int id, const struct range *range, int target_node,
		      resource_size_t size, bool memmap_on_memory);

#endif /* CXL_ACCEL_DAX_H */
