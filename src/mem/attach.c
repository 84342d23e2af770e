// SPDX-License-Identifier: GPL-2.0-only
/*
 * The accelerator API of <cxl/cxl.h> and <cxl/pci.h>.
 *
 * Owns: the device state that a driver embeds, and everything that an attach adds to the PCI
 * function, in one devres group: a failed attach releases the group and leaves nothing. Talks to:
 * cxl_core's memdevs; memdev.c does the rest of the attach when the memdev is probed. Locks: called
 * with the PCI function's device lock, takes the memdev's.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/pci.h>
#include <linux/xarray.h>

#include "accel.h"

/* By PCI address: why its last attach was put off. */
static DEFINE_XARRAY(cxl_accel_deferred_attaches);

static bool cxl_accel_dev_state_is_sane(struct device *dev, enum cxl_devtype type, u16 dvsec,
					size_t size)
{
	return dev && dev_is_pci(dev) && dvsec && size >= sizeof(struct cxl_accel_dev_state) &&
	       (type == CXL_DEVTYPE_DEVMEM || type == CXL_DEVTYPE_CLASSMEM);
}

struct cxl_accel_dev_state *_devm_cxl_dev_state_create(struct device *dev, enum cxl_devtype type,
						       u64 serial, u16 dvsec, size_t size,
						       bool has_mbox)
{
	struct cxl_accel_dev_state *cxlds;

	if (!cxl_accel_dev_state_is_sane(dev, type, dvsec, size)) {
		if (dev)
			dev_err(dev, "no CXL device state: bad type, DVSEC or struct size\n");
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
	struct cxl_register_map found;
	int rc;

	rc = cxl_accel_registers_find(pdev, type, &found);
	if (rc)
		return rc;
	cxl_accel_register_map_to_public(map, &found);
	return 0;
}
CORE_EXPORT(cxl_pci_setup_regs);

static enum cxl_accel_attach_status cxl_accel_check_device(const struct cxl_accel_dev_state *cxlds)
{
	const struct cxl_accel_register_map *map = &cxlds->reg_map;

	if (cxlds->has_mbox)
		return CXL_ACCEL_ATTACH_HAS_MAILBOX;
	if (map->reg_type != CXL_REGLOC_RBI_COMPONENT || map->resource == CXL_RESOURCE_NONE)
		return CXL_ACCEL_ATTACH_NO_COMPONENT_REGS;
	if (!map->component_map.hdm_decoder.valid)
		return CXL_ACCEL_ATTACH_NO_HDM_DECODERS;
	if (!cxlds->media_ready)
		return CXL_ACCEL_ATTACH_MEDIA_NOT_READY;
	if (!cxlds->capacity)
		return CXL_ACCEL_ATTACH_NO_CAPACITY;
	return CXL_ACCEL_ATTACH_ATTACHED;
}

/*
 * All of an attach relies on this: drvdata is swapped, flags are written, devres is added and
 * released, and a release of the driver kept out, by the device lock that a probe() runs under. The
 * PCI core may hand the probe on to a worker on the device's node and wait for it, so that another
 * task than this one holds the lock.
 */
static bool cxl_accel_in_probe(struct device *dev)
{
	return cxl_accel_core_device_is_locked_for_me(dev) && dev->driver && !device_is_bound(dev);
}

static void cxl_accel_clear_memdev_action(void *accel)
{
	cxl_accel_clear_memdev(accel);
}

/* The first to run when the driver is unbound: what follows is an expected teardown. */
static void cxl_accel_mark_detaching(void *_accel)
{
	struct cxl_accel *accel = _accel;

	WRITE_ONCE(accel->attached, false);
	cxl_accel_status_detached(accel->dev);
}

/* Adds all that an attach adds. On failure the caller releases the devres group that it opened. */
static enum cxl_accel_attach_status cxl_accel_attach_memdev(struct cxl_accel_dev_state *cxlds,
							    struct cxl_memdev **memdev)
{
	struct cxl_register_map map = cxl_accel_register_map_to_core(&cxlds->reg_map);
	struct cxl_accel *accel = cxlds->accel;
	struct device *dev = cxlds->dev;
	struct cxl_dev_state *state;
	struct cxl_memdev *cxlmd;

	state = cxl_accel_core_memdev_create(to_pci_dev(dev), cxlds->serial, cxlds->cxl_dvsec,
					     cxlds->capacity, &map);
	if (IS_ERR(state))
		return PTR_ERR(state) == -ENOMEM ? CXL_ACCEL_ATTACH_NO_MEMORY :
						   CXL_ACCEL_ATTACH_BAD_ARGUMENT;

	accel->refused = CXL_ACCEL_ATTACH_ATTACHED;
	accel->devmem = cxlds->type == CXL_DEVTYPE_DEVMEM;
	cxl_accel_begin(accel, state);
	if (devm_add_action_or_reset(dev, cxl_accel_clear_memdev_action, accel))
		return CXL_ACCEL_ATTACH_NO_MEMORY;

	accel->status = CXL_ACCEL_ATTACH_MEMDEV_NOT_BOUND;
	WRITE_ONCE(accel->attacher, current);
	cxlmd = devm_cxl_add_memdev(dev, state);
	WRITE_ONCE(accel->attacher, NULL);
	if (IS_ERR(cxlmd))
		return PTR_ERR(cxlmd) == -ENOMEM ? CXL_ACCEL_ATTACH_NO_MEMORY :
						   CXL_ACCEL_ATTACH_NO_MEMDEV;

	if (devm_add_action_or_reset(dev, cxl_accel_mark_detaching, accel))
		return CXL_ACCEL_ATTACH_NO_MEMORY;

	scoped_guard(device, &cxlmd->dev)
		if (!cxlmd->dev.driver && accel->status == CXL_ACCEL_ATTACH_ATTACHED)
			accel->status = CXL_ACCEL_ATTACH_INTERRUPTED;
	*memdev = cxlmd;
	return accel->status;
}

/* Add it all, or leave nothing. */
static enum cxl_accel_attach_status cxl_accel_attach_once(struct cxl_accel_dev_state *cxlds,
							  struct cxl_memdev **cxlmd)
{
	enum cxl_accel_attach_status status;
	struct device *dev = cxlds->dev;
	void *group;

	group = devres_open_group(dev, NULL, GFP_KERNEL);
	if (!group)
		return CXL_ACCEL_ATTACH_NO_MEMORY;

	status = cxl_accel_attach_memdev(cxlds, cxlmd);
	if (status == CXL_ACCEL_ATTACH_ATTACHED) {
		devres_close_group(dev, group);
	} else {
		WRITE_ONCE(cxlds->accel->attached, false);
		devres_release_group(dev, group);
	}
	return status;
}

/* That is how it looks to an attach when the hierarchy is coming or going. */
static bool cxl_accel_hierarchy_was_missing(enum cxl_accel_attach_status status)
{
	return status == CXL_ACCEL_ATTACH_NO_PORT || status == CXL_ACCEL_ATTACH_PORT_NOT_BOUND ||
	       status == CXL_ACCEL_ATTACH_INTERRUPTED;
}

/* The host's driver is not there any more, or was not a moment ago. */
static enum cxl_accel_attach_status cxl_accel_host_lost_status(void)
{
	enum cxl_accel_attach_status host = cxl_accel_host_unbound_status();

	return host == CXL_ACCEL_ATTACH_ATTACHED ? CXL_ACCEL_ATTACH_HOST_NOT_READY : host;
}

/**
 * cxl_accel_attach() - attach a device's memory
 * @cxlds: the driver's device state
 * @cxlmd: set to the memdev, if that works
 *
 * Context: the device lock of the PCI function is held, for its driver's probe(); if not, refused.
 * Return: CXL_ACCEL_ATTACH_ATTACHED, or why not, with nothing left behind.
 */
enum cxl_accel_attach_status cxl_accel_attach(struct cxl_accel_dev_state *cxlds,
					      struct cxl_memdev **cxlmd)
{
	enum cxl_accel_attach_status status;
	struct device *host;

	if (!cxl_accel_in_probe(cxlds->dev))
		return CXL_ACCEL_ATTACH_NOT_IN_PROBE;
	status = cxl_accel_check_device(cxlds);
	if (status != CXL_ACCEL_ATTACH_ATTACHED)
		return status;
	status = cxl_accel_host_status(to_pci_dev(cxlds->dev));
	if (status != CXL_ACCEL_ATTACH_ATTACHED)
		return status;
	status = cxl_accel_check_conflict(cxlds->dev);
	if (status != CXL_ACCEL_ATTACH_ATTACHED)
		return status;
	cxl_accel_reserve_device(to_pci_dev(cxlds->dev));

	status = cxl_accel_attach_once(cxlds, cxlmd);
	if (status == CXL_ACCEL_ATTACH_ATTACHED)
		return status;

	host = cxl_accel_host_lock();
	if (!host)
		return cxl_accel_host_lost_status();
	cxl_accel_host_unlock(host);

	/* It may have been taken away and be back by now: the second time tells. */
	if (cxl_accel_hierarchy_was_missing(status))
		return cxl_accel_attach_once(cxlds, cxlmd);
	return status;
}

/*
 * The driver core retries a deferred probe whenever any driver has bound any device: it is said
 * when it begins, once per device, and in devices_deferred as long as it lasts.
 */
static bool cxl_accel_attach_deferred_anew(struct pci_dev *pdev,
					   enum cxl_accel_attach_status status)
{
	unsigned long key = (unsigned long)pci_domain_nr(pdev->bus) << 16 | pci_dev_id(pdev);
	bool deferred = cxl_accel_attach_errno(status) == -EPROBE_DEFER;
	void *last;

	if (!deferred) {
		xa_erase(&cxl_accel_deferred_attaches, key);
		return false;
	}
	last = xa_store(&cxl_accel_deferred_attaches, key, xa_mk_value(status), GFP_KERNEL);
	return last != xa_mk_value(status);
}

static int cxl_accel_attach_report(struct device *dev, enum cxl_accel_attach_status status)
{
	int rc = cxl_accel_attach_errno(status);

	if (cxl_accel_attach_deferred_anew(to_pci_dev(dev), status))
		dev_info(dev, "CXL attach deferred: %s\n", cxl_accel_attach_error_str(status));
	if (rc == -EPROBE_DEFER)
		return dev_err_probe(dev, rc, "CXL attach: %s\n",
				     cxl_accel_attach_error_str(status));
	/* Not dev_err_probe(): newer ones say nothing about -ENOMEM. */
	if (rc)
		dev_err(dev, "error %pe: CXL attach failed: %s\n", ERR_PTR(rc),
			cxl_accel_attach_error_str(status));
	return rc;
}

/* For the driver, which asks by cxl_accel_attach_error(), and for whoever looks into sysfs. */
static void cxl_accel_attach_ended(struct cxl_accel *accel, enum cxl_accel_attach_status status)
{
	WRITE_ONCE(accel->last_status, status);
	cxl_accel_status_set(accel->dev, status, &accel->range);
}

struct cxl_memdev *devm_cxl_probe_mem(struct cxl_accel_dev_state *cxlds, struct range *range)
{
	enum cxl_accel_attach_status status;
	struct cxl_memdev *cxlmd = NULL;
	struct cxl_accel *accel;
	int rc;

	if (range)
		*range = (struct range){ .start = 0, .end = -1 };
	if (!cxlds || !range || !cxlds->accel || cxlds->accel->dev != cxlds->dev) {
		pr_err("CXL attach failed: %s\n",
		       cxl_accel_attach_error_str(CXL_ACCEL_ATTACH_BAD_ARGUMENT));
		if (cxlds && cxlds->accel && !cxlds->accel->attached)
			cxl_accel_attach_ended(cxlds->accel, CXL_ACCEL_ATTACH_BAD_ARGUMENT);
		return ERR_PTR(-EINVAL);
	}

	accel = cxlds->accel;
	status = cxl_accel_attach(cxlds, &cxlmd);
	/* An attach that is there already stays, and so does its status. */
	if (!accel->attached || status == CXL_ACCEL_ATTACH_ATTACHED)
		cxl_accel_attach_ended(accel, status);
	rc = cxl_accel_attach_report(cxlds->dev, status);
	if (rc)
		return ERR_PTR(rc);

	cxlds->cxlmd = cxlmd;
	*range = accel->range;
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

void cxl_accel_api_exit(void)
{
	xa_destroy(&cxl_accel_deferred_attaches);
}
