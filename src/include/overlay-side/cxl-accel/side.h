/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For drivers that are built for a kernel which carries the accelerator API itself, and against
 * cxl-accel's side module: what that has to say of an attach. <cxl/cxl.h> includes it, no driver
 * does.
 *
 * The attach is the kernel's own. A driver that includes this depends on cxl_accel by symbols, as
 * it does on cxl_mem: it cannot be loaded before it.
 */
#ifndef CXL_ACCEL_SIDE_API_H
#define CXL_ACCEL_SIDE_API_H

#include <linux/err.h>

#include <cxl/cxl.h>

/**
 * cxl_accel_attach_created() - a driver has made a device state
 * @dev: the PCI function, in its driver's probe()
 *
 * From here on cxl_accel_attach_error() is about this binding.
 */
void cxl_accel_attach_created(struct device *dev);

/**
 * cxl_accel_attach_begin() - may a device's memory be attached now?
 * @cxlds: device state, as for devm_cxl_probe_mem()
 * @range: likewise; set to an empty range
 *
 * Context: the probe() of @cxlds->dev's driver, under its device lock. May sleep.
 * Return: what cxl_accel_attach_end() is to be given, after the kernel's devm_cxl_probe_mem(); or
 * the errno of a status as an ERR_PTR(), after a line in the log: see <cxl-accel/attach.h>.
 */
void *cxl_accel_attach_begin(struct cxl_dev_state *cxlds, struct range *range);

/**
 * cxl_accel_attach_end() - the kernel's own attach has ended
 * @cxlds: the device state
 * @begin: what cxl_accel_attach_begin() returned
 * @cxlmd: what it returned
 *
 * Context: as cxl_accel_attach_begin().
 * Return: @cxlmd; if that is an error, the errno of its status, after a line in the log.
 */
struct cxl_memdev *cxl_accel_attach_end(struct cxl_dev_state *cxlds, void *begin,
					struct cxl_memdev *cxlmd);

static inline struct cxl_dev_state *
cxl_accel_dev_state_create(struct device *dev, enum cxl_devtype type, u64 serial, u16 dvsec,
			   size_t size, bool has_mbox)
{
	struct cxl_dev_state *cxlds;

	cxlds = _devm_cxl_dev_state_create(dev, type, serial, dvsec, size, has_mbox);
	if (cxlds)
		cxl_accel_attach_created(dev);
	return cxlds;
}

static inline struct cxl_memdev *cxl_accel_probe_mem(struct cxl_dev_state *cxlds,
						     struct range *range)
{
	void *begin = cxl_accel_attach_begin(cxlds, range);

	if (IS_ERR(begin))
		return ERR_CAST(begin);
	return cxl_accel_attach_end(cxlds, begin, devm_cxl_probe_mem(cxlds, range));
}

#endif /* CXL_ACCEL_SIDE_API_H */
