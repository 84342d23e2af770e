/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For drivers written for Linux 7.3 and built for a kernel that carries the accelerator API
 * itself: the kernel's own <cxl/cxl.h>, and what it lacks. See scripts/driver.mk.
 */
#ifndef CXL_ACCEL_OVERLAY_NATIVE_CXL_H
#define CXL_ACCEL_OVERLAY_NATIVE_CXL_H

#include_next <cxl/cxl.h>

#ifdef CXL_ACCEL_LACKS_CXL_SET_CAPACITY
#include <linux/errno.h>
#include <linux/ioport.h>

/*
 * Linux 7.2 has devm_cxl_probe_mem(), but not the call that makes the memory known that it is
 * to probe (it came with 7.3). All of it is in the public part of the device state: one
 * partition, RAM, as large as the device. No lock: before devm_cxl_probe_mem() nobody but
 * the driver knows of @cxlds.
 */
static inline int cxl_set_capacity(struct cxl_dev_state *cxlds, u64 capacity)
{
	struct cxl_dpa_partition *ram = &cxlds->part[0];
	int rc;

	if (cxlds->nr_partitions)
		return -EBUSY;
	if (!capacity)
		return 0;

	cxlds->dpa_res = DEFINE_RES_MEM(0, capacity);
	ram->res = DEFINE_RES_NAMED(0, capacity, "ram", IORESOURCE_MEM);
	ram->mode = CXL_PARTMODE_RAM;
	ram->perf.qos_class = -1;

	rc = request_resource(&cxlds->dpa_res, &ram->res);
	if (rc)
		return rc;

	cxlds->nr_partitions = 1;
	return 0;
}
#endif

/* The side module is there: it has a part in what these do. */
#ifdef CXL_ACCEL_SIDE
#include <cxl-accel/side.h>

#define CXL_ACCEL_BUNDLE 1
#define _devm_cxl_dev_state_create	cxl_accel_dev_state_create
#define devm_cxl_probe_mem		cxl_accel_probe_mem
#endif

#endif /* CXL_ACCEL_OVERLAY_NATIVE_CXL_H */
