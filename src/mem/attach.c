// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attach: from a device state that its driver has filled in to a memdev with a region.
 *
 * Owns: everything that an attach adds to the PCI function, in one devres group: a failed attach
 * releases the group and leaves nothing. Talks to: cxl_core's memdevs; memdev.c does the rest of
 * the attach when the memdev is probed. Locks: called with the PCI function's device lock, takes
 * the memdev's.
 */
#include <linux/device.h>
#include <linux/pci.h>

#include "accel.h"

static enum cxl_accel_attach_status cxl_accel_check_device(const struct cxl_accel_dev_state *cxlds)
{
	const struct cxl_accel_register_map *map = &cxlds->reg_map;

	enum cxl_accel_attach_status status;

	if (cxlds->has_mbox)
		return CXL_ACCEL_ATTACH_HAS_MAILBOX;
	status = cxl_accel_function_status(to_pci_dev(cxlds->dev), cxlds->cxl_dvsec);
	if (status != CXL_ACCEL_ATTACH_ATTACHED)
		return status;
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

static void cxl_accel_clear_memdev_action(void *_accel)
{
	struct cxl_accel *accel = _accel;

	WRITE_ONCE(accel->cxlr, NULL);
	cxl_accel_clear_memdev(accel);
}

/* The first to run when the driver is unbound: what follows is an expected teardown. */
static void cxl_accel_mark_detaching(void *_accel)
{
	struct cxl_accel *accel = _accel;

	cxl_accel_err_handler_remove(to_pci_dev(accel->dev));
	WRITE_ONCE(accel->attached, false);
	cxl_accel_detach_recovered(accel);
	cxl_accel_status_detached(accel->dev);
}

/* Its device lock is held. */
static bool cxl_accel_memdev_is_up(const struct cxl_accel *accel, const struct cxl_memdev *cxlmd)
{
	if (!accel->direct)
		return cxlmd->dev.driver;
	return !IS_ERR_OR_NULL(cxlmd->endpoint) && cxlmd->endpoint->dev.driver;
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
	int rc = 0;

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
	if (!IS_ERR(cxlmd) && accel->direct)
		rc = cxl_accel_attach_direct(accel, cxlmd);
	WRITE_ONCE(accel->attacher, NULL);
	if (IS_ERR(cxlmd))
		return PTR_ERR(cxlmd) == -ENOMEM ? CXL_ACCEL_ATTACH_NO_MEMORY :
						   CXL_ACCEL_ATTACH_NO_MEMDEV;
	if (rc)
		return accel->status;

	if (cxl_accel_err_handler_add(to_pci_dev(dev)) ||
	    devm_add_action_or_reset(dev, cxl_accel_mark_detaching, accel))
		return CXL_ACCEL_ATTACH_NO_MEMORY;

	scoped_guard(device, &cxlmd->dev)
		if (!cxl_accel_memdev_is_up(accel, cxlmd) &&
		    accel->status == CXL_ACCEL_ATTACH_ATTACHED)
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
		cxl_accel_loss_attached(dev, group);
		cxl_accel_reset_attached(to_pci_dev(dev));
		cxl_accel_check_capacity(to_pci_dev(dev), cxlds->capacity);
	} else {
		WRITE_ONCE(cxlds->accel->attached, false);
		devres_release_group(dev, group);
	}
	if (status == CXL_ACCEL_ATTACH_ENDPOINT_NOT_BOUND &&
	    cxl_accel_decoders_exceed(to_pci_dev(dev), cxlds->capacity))
		return CXL_ACCEL_ATTACH_CAPACITY_TOO_SMALL;
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
 * Context: the device lock of the PCI function is held, for its driver's probe(), or while that is
 * bound and told of losses; if not, refused.
 * Return: CXL_ACCEL_ATTACH_ATTACHED, or why not, with nothing left behind.
 */
enum cxl_accel_attach_status cxl_accel_attach(struct cxl_accel_dev_state *cxlds,
					      struct cxl_memdev **cxlmd)
{
	enum cxl_accel_attach_status status;
	struct device *host;

	if (!cxl_accel_may_attach(cxlds->dev))
		return CXL_ACCEL_ATTACH_NOT_IN_PROBE;
	if (cxlds->accel->attached)
		return CXL_ACCEL_ATTACH_BUSY;
	status = cxl_accel_check_device(cxlds);
	if (status != CXL_ACCEL_ATTACH_ATTACHED)
		return status;
	status = cxl_accel_host_status(to_pci_dev(cxlds->dev));
	if (status != CXL_ACCEL_ATTACH_ATTACHED)
		return status;
	status = cxl_accel_check_conflict(cxlds->dev);
	if (status != CXL_ACCEL_ATTACH_ATTACHED)
		return status;
	cxl_accel_reset_while_detached(to_pci_dev(cxlds->dev));
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
		status = cxl_accel_attach_once(cxlds, cxlmd);
	return cxl_accel_power_status(status);
}
