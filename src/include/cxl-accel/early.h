/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: names of an earlier series of the accelerator API
 *
 * A driver that was written before devm_cxl_probe_mem() had its name (NVIDIA's open GPU driver is
 * one) includes this file under #ifdef CXL_ACCEL_BUNDLE, after <cxl/cxl.h>, and finds the names
 * that it calls. There is one attach, that of devm_cxl_probe_mem(), and all that is said there and
 * in <cxl-accel/attach.h> holds. The serial number is not looked at: all devices may have 0.
 *
 * Where the kernel has the API itself, the same names are these, too: cxl_core's own
 * devm_cxl_add_memdev() would attach nothing.
 */
#ifndef CXL_ACCEL_EARLY_H
#define CXL_ACCEL_EARLY_H

#include <linux/err.h>
#include <linux/range.h>

#include <cxl/cxl.h>

struct cxl_dev_state;
struct cxl_endpoint_decoder;
struct cxl_memdev;
struct cxl_memdev_attach;
struct cxl_region;

/**
 * cxl_accel_add_memdev() - devm_cxl_probe_mem(), whose range is asked for later
 * @cxlds: device state
 * @attach: NULL
 *
 * Context: as devm_cxl_probe_mem().
 * Return: as devm_cxl_probe_mem(); ERR_PTR(-EINVAL) if @attach is not NULL.
 */
static inline struct cxl_memdev *
cxl_accel_add_memdev(struct cxl_dev_state *cxlds, const struct cxl_memdev_attach *attach)
{
	struct range range;

	return attach ? ERR_PTR(-EINVAL) : devm_cxl_probe_mem(cxlds, &range);
}

/**
 * cxl_accel_get_committed_decoder() - the decoder and the region that an attach has found
 * @cxlmd: the memdev
 * @cxlr: set to the region, if there is one
 *
 * Context: while the driver is bound; the device lock of the PCI function is held, as in probe().
 * Return: the decoder, good for being compared with NULL; NULL if @cxlmd is not attached.
 */
struct cxl_endpoint_decoder *cxl_accel_get_committed_decoder(struct cxl_memdev *cxlmd,
							     struct cxl_region **cxlr);

/**
 * cxl_accel_get_region_range() - the range of an accelerator's region
 * @cxlr: from cxl_accel_get_committed_decoder()
 * @range: set to it
 *
 * Context: as cxl_accel_get_committed_decoder().
 * Return: 0, or -ENXIO if no attach has that region.
 */
int cxl_accel_get_region_range(struct cxl_region *cxlr, struct range *range);

#define devm_cxl_add_memdev(cxlds, attach)	cxl_accel_add_memdev(cxlds, attach)
#define cxl_get_committed_decoder(cxlmd, cxlr)	cxl_accel_get_committed_decoder(cxlmd, cxlr)
#define cxl_get_region_range(cxlr, range)	cxl_accel_get_region_range(cxlr, range)

/*
 * In remove(). The region is there until the driver has been unbound, and goes with the memdev:
 * before that cxl_core would take it for one that its driver has lost.
 */
static inline void cxl_unregister_region(struct cxl_region *cxlr)
{
}

#endif /* CXL_ACCEL_EARLY_H */
