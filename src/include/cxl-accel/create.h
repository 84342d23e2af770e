/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: a region where platform firmware committed none
 *
 * This goes beyond the API of Linux 7.3, which attaches what firmware has committed, and says
 * -ENXIO to all else. A driver that wants to compile with and without cxl-accel includes this file
 * under #ifdef CXL_ACCEL_BUNDLE, after <cxl/cxl.h>, which defines that.
 */
#ifndef CXL_ACCEL_CREATE_H
#define CXL_ACCEL_CREATE_H

struct cxl_dev_state;

/**
 * cxl_accel_want_region() - where firmware committed no decoder, have a region created
 * @cxlds: device state, not attached
 *
 * From then on devm_cxl_probe_mem() has cxl_core create a region of all of the capacity, which has
 * to be a multiple of 256 MiB, if no HDM decoder of the device is committed; with one that is, it
 * does what it does without. The region's type is that of @cxlds: device coherent (HDM-D) for
 * CXL_DEVTYPE_DEVMEM, host-only coherent (HDM-H) for CXL_DEVTYPE_CLASSMEM. Its range lies in a CXL
 * window that leads to this device's host bridge alone, and may be another one at each attach.
 * Why there is none, is a status of its own: see <cxl-accel/attach.h>.
 *
 * When the driver is unbound or the memory lost, the decoders are decommitted, and the memory's
 * contents are lost; but where a decoder of a port above was committed after them, they stay, and
 * the range with them, for the next attach. A reset leaves them as they are.
 *
 * Context: the probe() of @cxlds->dev's driver, before devm_cxl_probe_mem().
 * Return: 0, or
 * * -EINVAL: @cxlds is not of devm_cxl_dev_state_create()
 * * -EBUSY: attached already
 * * -EOPNOTSUPP: the kernel has the API itself, and its attach creates no region
 */
int cxl_accel_want_region(struct cxl_dev_state *cxlds);

#endif /* CXL_ACCEL_CREATE_H */
