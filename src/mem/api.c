// SPDX-License-Identifier: GPL-2.0-only
/*
 * The accelerator API of <cxl/cxl.h> and <cxl/pci.h>: what drivers call.
 *
 * Owns: the device state that a driver embeds. Talks to: attach.c, which does the attach; status.c
 * and report.c, which tell how it ended. Locks: called with the PCI function's device lock, and
 * takes none.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/pci.h>

#include "accel.h"

static bool cxl_accel_dev_state_is_sane(struct device *dev, enum cxl_devtype type, size_t size)
{
	return dev && dev_is_pci(dev) && size >= sizeof(struct cxl_accel_dev_state) &&
	       (type == CXL_DEVTYPE_DEVMEM || type == CXL_DEVTYPE_CLASSMEM);
}

struct cxl_accel_dev_state *_devm_cxl_dev_state_create(struct device *dev, enum cxl_devtype type,
						       u64 serial, u16 dvsec, size_t size,
						       bool has_mbox)
{
	struct cxl_accel_dev_state *cxlds;

	if (!cxl_accel_dev_state_is_sane(dev, type, size)) {
		if (dev)
			dev_err(dev, "no CXL device state: bad type or struct size, or not PCI\n");
		return NULL;
	}

	cxlds = devm_kzalloc(dev, size, GFP_KERNEL);
	if (!cxlds)
		return NULL;

	cxlds->dev = dev;
	cxlds->type = type;
	cxlds->serial = serial;
	cxlds->cxl_dvsec = dvsec;
	cxlds->has_mbox = has_mbox;
	cxlds->reg_map.host = dev;
	cxlds->reg_map.resource = CXL_RESOURCE_NONE;

	cxlds->accel = cxl_accel_create(dev);
	return cxlds->accel ? cxlds : NULL;
}
CORE_EXPORT(_devm_cxl_dev_state_create);

int cxl_set_capacity(struct cxl_accel_dev_state *cxlds, u64 capacity)
{
	if (cxlds->capacity)
		return -EBUSY;
	/* None is no error in 7.x: it is the attach that fails for it. */
	cxlds->capacity = capacity;
	return 0;
}
CORE_EXPORT(cxl_set_capacity);

static struct cxl_accel_reg_map cxl_accel_reg_map_to_public(const struct cxl_reg_map *map)
{
	return (struct cxl_accel_reg_map) {
		.valid = map->valid,
		.id = map->id,
		.offset = map->offset,
		.size = map->size,
	};
}

static struct cxl_reg_map cxl_accel_reg_map_to_core(const struct cxl_accel_reg_map *map)
{
	return (struct cxl_reg_map) {
		.valid = map->valid,
		.id = map->id,
		.offset = map->offset,
		.size = map->size,
	};
}

static void cxl_accel_register_map_to_public(struct cxl_accel_register_map *to,
					     const struct cxl_register_map *from)
{
	*to = (struct cxl_accel_register_map) {
		.host = from->host,
		.resource = from->resource,
		.max_size = from->max_size,
		.reg_type = from->reg_type,
	};

	switch (from->reg_type) {
	case CXL_REGLOC_RBI_COMPONENT:
		to->component_map.hdm_decoder =
			cxl_accel_reg_map_to_public(&from->component_map.hdm_decoder);
		to->component_map.ras = cxl_accel_reg_map_to_public(&from->component_map.ras);
		break;
	case CXL_REGLOC_RBI_MEMDEV:
		to->device_map.status = cxl_accel_reg_map_to_public(&from->device_map.status);
		to->device_map.mbox = cxl_accel_reg_map_to_public(&from->device_map.mbox);
		to->device_map.memdev = cxl_accel_reg_map_to_public(&from->device_map.memdev);
		break;
	case CXL_REGLOC_RBI_PMU:
		to->pmu_map.pmu = cxl_accel_reg_map_to_public(&from->pmu_map.pmu);
		break;
	}
}

/**
 * cxl_accel_register_map_to_core() - what a driver was given by cxl_pci_setup_regs(), for cxl_core
 * @from: the driver's
 *
 * Return: component registers only: an attach needs no others.
 */
struct cxl_register_map
cxl_accel_register_map_to_core(const struct cxl_accel_register_map *from)
{
	struct cxl_register_map to = {
		.host = from->host,
		.resource = from->resource,
		.max_size = from->max_size,
		.reg_type = from->reg_type,
	};

	to.component_map.hdm_decoder = cxl_accel_reg_map_to_core(&from->component_map.hdm_decoder);
	to.component_map.ras = cxl_accel_reg_map_to_core(&from->component_map.ras);
	return to;
}

int cxl_pci_setup_regs(struct pci_dev *pdev, enum cxl_regloc_type type,
		       struct cxl_accel_register_map *map)
{
	enum cxl_accel_attach_status status = CXL_ACCEL_ATTACH_ATTACHED;
	struct cxl_register_map found;
	int rc;

	if (pdev->is_virtfn)
		status = CXL_ACCEL_ATTACH_VIRTUAL_FUNCTION;
	else if (!cxl_accel_registers_are_decoded(pdev))
		status = CXL_ACCEL_ATTACH_NOT_ENABLED;
	if (status != CXL_ACCEL_ATTACH_ATTACHED) {
		pci_err(pdev, "no CXL registers: %s\n", cxl_accel_attach_error_str(status));
		return -ENXIO;
	}
	rc = cxl_accel_registers_find(pdev, type, &found);
	if (rc)
		return rc;
	cxl_accel_register_map_to_public(map, &found);
	return 0;
}
CORE_EXPORT(cxl_pci_setup_regs);

/*
 * For the driver, which asks by cxl_accel_attach_error(), for whoever looks into sysfs, and for the
 * log. An attach that is there already stays, and so does its status.
 */
static int cxl_accel_attach_ended(struct cxl_accel *accel, enum cxl_accel_attach_status status)
{
	if (!accel->attached || status == CXL_ACCEL_ATTACH_ATTACHED) {
		WRITE_ONCE(accel->last_status, status);
		cxl_accel_status_set(accel->dev, status, &accel->range);
	}
	return cxl_accel_attach_report(accel->dev, status);
}

struct cxl_memdev *devm_cxl_probe_mem(struct cxl_accel_dev_state *cxlds, struct range *range)
{
	enum cxl_accel_attach_status status;
	struct cxl_memdev *cxlmd = NULL;
	int rc;

	if (range)
		*range = (struct range){ .start = 0, .end = -1 };
	/* Of what devm_cxl_dev_state_create() has not made, nothing tells the device. */
	if (!cxlds || !cxlds->accel) {
		pr_err("CXL attach failed: %s\n",
		       cxl_accel_attach_error_str(CXL_ACCEL_ATTACH_BAD_ARGUMENT));
		return ERR_PTR(-EINVAL);
	}

	status = CXL_ACCEL_ATTACH_BAD_ARGUMENT;
	if (range && cxlds->accel->dev == cxlds->dev)
		status = cxl_accel_attach(cxlds, &cxlmd);
	rc = cxl_accel_attach_ended(cxlds->accel, status);
	if (rc)
		return ERR_PTR(rc);

	cxlds->cxlmd = cxlmd;
	*range = cxlds->accel->range;
	return cxlmd;
}
CORE_EXPORT(devm_cxl_probe_mem);

enum cxl_accel_attach_status cxl_accel_attach_error(const struct cxl_accel_dev_state *cxlds)
{
	if (!cxlds || !cxlds->accel)
		return CXL_ACCEL_ATTACH_BAD_ARGUMENT;
	return READ_ONCE(cxlds->accel->last_status);
}
CORE_EXPORT(cxl_accel_attach_error);

/* It is of devm_cxl_dev_state_create(), and for the same function still. */
static bool cxl_accel_is_device_state(const struct cxl_accel_dev_state *cxlds)
{
	return cxlds && cxlds->accel && cxlds->accel->dev == cxlds->dev;
}

/* How to attach is said before. */
static int cxl_accel_may_want(const struct cxl_accel_dev_state *cxlds)
{
	if (!cxl_accel_is_device_state(cxlds))
		return -EINVAL;
	return cxlds->accel->attached ? -EBUSY : 0;
}

int cxl_accel_want_region(struct cxl_accel_dev_state *cxlds)
{
	int rc = cxl_accel_may_want(cxlds);

	if (!rc)
		cxlds->accel->wants_region = true;
	return rc;
}
CORE_EXPORT(cxl_accel_want_region);

int cxl_accel_want_direct(struct cxl_accel_dev_state *cxlds)
{
	int rc = cxl_accel_may_want(cxlds);

	if (!rc)
		cxlds->accel->direct = true;
	return rc;
}
CORE_EXPORT(cxl_accel_want_direct);

int cxl_accel_set_loss_ops(struct cxl_accel_dev_state *cxlds, const struct cxl_accel_loss_ops *ops)
{
	if (!cxl_accel_is_device_state(cxlds))
		return -EINVAL;
	return cxl_accel_loss_add(cxlds, ops);
}
CORE_EXPORT(cxl_accel_set_loss_ops);

bool cxl_accel_memory_suspect(const struct cxl_accel_dev_state *cxlds)
{
	return !cxlds || cxl_accel_is_suspect(cxlds->dev);
}
CORE_EXPORT(cxl_accel_memory_suspect);
