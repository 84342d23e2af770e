/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: an endpoint without the memdev's driver
 *
 * This goes beyond the API of Linux 7.3, where cxl_mem is bound to an accelerator's memdev. A
 * driver that wants to compile with and without cxl-accel includes this file under
 * #ifdef CXL_ACCEL_BUNDLE, after <cxl/cxl.h>, which defines that.
 */
#ifndef CXL_ACCEL_DIRECT_H
#define CXL_ACCEL_DIRECT_H

struct cxl_dev_state;

/**
 * cxl_accel_want_direct() - attach without a driver on the memdev
 * @cxlds: device state, not attached
 *
 * From then on devm_cxl_probe_mem() enumerates ports and adds the endpoint itself. There is a
 * memdev, as cxl_core hangs endpoints and decoders on one, but no driver is bound to it, nor can
 * be: for drivers that need nothing of that. All else that is said of an attach holds: the
 * region, when the driver is released or told, what errors say.
 *
 * Context: the probe() of @cxlds->dev's driver, before devm_cxl_probe_mem().
 * Return: 0, or
 * * -EINVAL: @cxlds is not of devm_cxl_dev_state_create()
 * * -EBUSY: attached already
 * * -EOPNOTSUPP: the kernel has the API itself, and its attach binds the memdev
 */
int cxl_accel_want_direct(struct cxl_dev_state *cxlds);

#endif /* CXL_ACCEL_DIRECT_H */
