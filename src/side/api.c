// SPDX-License-Identifier: GPL-2.0-only
/*
 * What drivers call that were built with our header: its devm_cxl_probe_mem() is the kernel's, with
 * a question before it and an answer after it.
 *
 * Owns: nothing. Talks to: host.c, which knows whether there is CXL above a device; status.c, where
 * memdev.c has left how the attach ended. Locks: called with the PCI function's device lock; takes
 * that of the CXL root, to reserve what the device decodes.
 *
 * A driver that was built without it gets what the kernel returns, -ENXIO for almost everything;
 * all else is done for it, too.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/pci.h>

#include "side.h"
#include <cxl-accel/side.h>

/* What is wrong with a device state, as its driver has filled it in. */
static enum cxl_accel_attach_status cxl_accel_check_state(const struct cxl_dev_state *cxlds)
{
	const struct cxl_register_map *map = &cxlds->reg_map;
	enum cxl_accel_attach_status status;

	status = cxl_accel_function_status(to_pci_dev(cxlds->dev), cxlds->cxl_dvsec);
	if (status != CXL_ACCEL_ATTACH_ATTACHED)
		return status;
	if (map->reg_type != CXL_REGLOC_RBI_COMPONENT || map->resource == CXL_RESOURCE_NONE)
		return CXL_ACCEL_ATTACH_NO_COMPONENT_REGS;
	if (!map->component_map.hdm_decoder.valid)
		return CXL_ACCEL_ATTACH_NO_HDM_DECODERS;
	if (!cxlds->media_ready)
		return CXL_ACCEL_ATTACH_MEDIA_NOT_READY;
	if (!cxlds->nr_partitions)
		return CXL_ACCEL_ATTACH_NO_CAPACITY;
	return CXL_ACCEL_ATTACH_ATTACHED;
}

/**
 * cxl_accel_device_status() - can this device's memory be attached?
 * @cxlds: its driver's device state
 *
 * Return: CXL_ACCEL_ATTACH_ATTACHED if nothing speaks against it; as cxl_accel_host_status().
 */
enum cxl_accel_attach_status cxl_accel_device_status(const struct cxl_dev_state *cxlds)
{
	enum cxl_accel_attach_status status = cxl_accel_check_state(cxlds);

	return status == CXL_ACCEL_ATTACH_ATTACHED ? cxl_accel_host_status(to_pci_dev(cxlds->dev)) :
						     status;
}

/* Before the kernel's own attach: what it would say -ENXIO to, or get wrong. */
static enum cxl_accel_attach_status cxl_accel_attach_check(const struct cxl_dev_state *cxlds)
{
	enum cxl_accel_attach_status status;

	if (!cxl_accel_may_attach(cxlds->dev))
		return CXL_ACCEL_ATTACH_NOT_IN_PROBE;
	/* The kernel would look for a mailbox's state around one that has none. */
	if (cxlds->type != CXL_DEVTYPE_DEVMEM)
		return CXL_ACCEL_ATTACH_BAD_ARGUMENT;
	if (cxl_accel_owns(cxlds))
		return CXL_ACCEL_ATTACH_BUSY;
	status = cxl_accel_check_conflict(cxlds->dev);
	if (status != CXL_ACCEL_ATTACH_ATTACHED)
		return status;
	if (cxl_accel_status_add(cxlds->dev))
		return CXL_ACCEL_ATTACH_NO_MEMORY;
	return cxl_accel_device_status(cxlds);
}

void cxl_accel_attach_created(struct device *dev)
{
	if (!cxl_accel_passive && !cxl_accel_status_add(dev))
		cxl_accel_status_set(dev, CXL_ACCEL_ATTACH_NOT_TRIED, NULL);
}
CORE_EXPORT(cxl_accel_attach_created);

/* An attach that is there already stays, and so does its status. */
static void *cxl_accel_attach_refuse(struct device *dev, enum cxl_accel_attach_status status)
{
	if (!cxl_accel_status_is_attached(dev))
		cxl_accel_status_set(dev, status, NULL);
	return ERR_PTR(cxl_accel_attach_report(dev, status));
}

/* All that the attach adds to the function is in one devres group, for loss.c. */
void *cxl_accel_attach_begin(struct cxl_dev_state *cxlds, struct range *range)
{
	enum cxl_accel_attach_status status;
	void *group;

	if (!cxlds || !cxlds->dev || !dev_is_pci(cxlds->dev)) {
		pr_err("CXL attach failed: %s\n",
		       cxl_accel_attach_error_str(CXL_ACCEL_ATTACH_BAD_ARGUMENT));
		return ERR_PTR(-EINVAL);
	}
	if (!range)
		return cxl_accel_attach_refuse(cxlds->dev, CXL_ACCEL_ATTACH_BAD_ARGUMENT);
	*range = (struct range){ .start = 0, .end = -1 };
	if (cxl_accel_passive)
		return NULL;

	status = cxl_accel_attach_check(cxlds);
	if (status != CXL_ACCEL_ATTACH_ATTACHED)
		return cxl_accel_attach_refuse(cxlds->dev, status);
	group = devres_open_group(cxlds->dev, NULL, GFP_KERNEL);
	if (!group)
		return cxl_accel_attach_refuse(cxlds->dev, CXL_ACCEL_ATTACH_NO_MEMORY);
	cxl_accel_reserve_device(to_pci_dev(cxlds->dev));
	cxl_accel_status_set(cxlds->dev, CXL_ACCEL_ATTACH_NOT_TRIED, NULL);
	cxl_accel_status_expect(cxlds->dev, true);
	return group;
}
CORE_EXPORT(cxl_accel_attach_begin);

/* What memdev.c has seen, and what it cannot have. */
static enum cxl_accel_attach_status cxl_accel_failure(const struct device *dev, long error)
{
	enum cxl_accel_attach_status status = cxl_accel_status_get(dev);

	if (error == -ENOMEM)
		return CXL_ACCEL_ATTACH_NO_MEMORY;
	if (status == CXL_ACCEL_ATTACH_NOT_TRIED)
		return CXL_ACCEL_ATTACH_NO_MEMDEV;
	/* It was bound, and was not when cxl_core looked again. */
	return status == CXL_ACCEL_ATTACH_ATTACHED ? CXL_ACCEL_ATTACH_INTERRUPTED : status;
}

struct cxl_memdev *cxl_accel_attach_end(struct cxl_dev_state *cxlds, void *group,
					struct cxl_memdev *cxlmd)
{
	enum cxl_accel_attach_status status = CXL_ACCEL_ATTACH_ATTACHED;

	if (cxl_accel_passive)
		return cxlmd;
	cxl_accel_status_expect(cxlds->dev, false);
	if (!IS_ERR(cxlmd)) {
		devres_close_group(cxlds->dev, group);
		cxl_accel_loss_attached(cxlds->dev, group);
	} else {
		status = cxl_accel_failure(cxlds->dev, PTR_ERR(cxlmd));
		devres_release_group(cxlds->dev, group);
		cxl_accel_status_set(cxlds->dev, status, NULL);
		cxlmd = ERR_PTR(cxl_accel_attach_errno(status));
	}
	cxl_accel_attach_report(cxlds->dev, status);
	return cxlmd;
}
CORE_EXPORT(cxl_accel_attach_end);

enum cxl_accel_attach_status cxl_accel_attach_error(const struct cxl_dev_state *cxlds)
{
	if (!cxlds || !cxlds->dev)
		return CXL_ACCEL_ATTACH_BAD_ARGUMENT;
	return cxl_accel_status_get(cxlds->dev);
}
CORE_EXPORT(cxl_accel_attach_error);

int cxl_accel_want_region(struct cxl_dev_state *cxlds)
{
	if (!cxlds || !cxlds->dev || !dev_is_pci(cxlds->dev))
		return -EINVAL;
	dev_info(cxlds->dev, "this kernel attaches by itself, and creates no CXL region\n");
	return -EOPNOTSUPP;
}
CORE_EXPORT(cxl_accel_want_region);

int cxl_accel_want_direct(struct cxl_dev_state *cxlds)
{
	if (!cxlds || !cxlds->dev || !dev_is_pci(cxlds->dev))
		return -EINVAL;
	dev_info(cxlds->dev, "this kernel attaches by itself, by way of the memdev's driver\n");
	return -EOPNOTSUPP;
}
CORE_EXPORT(cxl_accel_want_direct);

int cxl_accel_set_loss_ops(struct cxl_dev_state *cxlds, const struct cxl_accel_loss_ops *ops)
{
	if (!cxlds || !cxlds->dev || !dev_is_pci(cxlds->dev))
		return -EINVAL;
	if (cxl_accel_passive)
		return -EOPNOTSUPP;
	return cxl_accel_loss_add(cxlds, ops);
}
CORE_EXPORT(cxl_accel_set_loss_ops);

bool cxl_accel_memory_suspect(const struct cxl_dev_state *cxlds)
{
	return !cxlds || cxl_accel_is_suspect(cxlds->dev);
}
CORE_EXPORT(cxl_accel_memory_suspect);
