// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to an accelerator's memdev, from its first moment to its last.
 *
 * Owns: for each such memdev a struct cxl_accel, from before anybody can bind it until it has been
 * removed, and a reference on this module for as long; a notifier on the CXL bus. Talks to:
 * detach.c, which releases drivers; status.c, report.c, which tell how an attach ended. Locks:
 * called by the driver core with the device lock of the PCI function where a memdev comes and goes,
 * with the device lock of what is bound or unbound; takes innermost ones only.
 *
 * One task makes the memdev, binds it, its endpoint and its region, and removes it all again if
 * that fails: the task that called devm_cxl_probe_mem(). So cxl_accel_attaching() tells what
 * belongs to an attach, and the steps that are seen go by leave in cxl_accel->status how far it
 * came.
 *
 * cxl_core would have a memdev's detach_work release whatever driver the PCI function has by then.
 * It is scheduled whenever an endpoint goes, in an orderly unbind, too, and after a failed attach.
 * In its place ours is put (detach.c), which takes the PCI function's device lock and asks whether
 * this memdev is still the bound one: from when it was bound until it begins to be removed.
 */
#include <linux/device.h>
#include <linux/module.h>

#include "side.h"

/* ---- how far an attach has come ---- */

static struct cxl_accel *cxl_accel_attaching_memdev(struct device *dev)
{
	return cxl_accel_attaching(to_cxl_memdev(dev)->cxlds);
}

static struct cxl_accel *cxl_accel_attaching_endpoint(struct device *dev)
{
	return cxl_accel_attaching_memdev(to_cxl_port(dev)->uport_dev);
}

static void cxl_accel_endpoint_notify(struct cxl_port *endpoint, unsigned long action)
{
	struct cxl_accel *accel = cxl_accel_attaching_endpoint(&endpoint->dev);

	if (!accel)
		return;
	if (action == BUS_NOTIFY_ADD_DEVICE)
		accel->status = CXL_ACCEL_ATTACH_ENDPOINT_NOT_BOUND;
	if (action == BUS_NOTIFY_BIND_DRIVER)
		cxl_accel_bar_claim_open(accel);
	if (action == BUS_NOTIFY_BOUND_DRIVER)
		accel->status = accel->refused;
	if (action == BUS_NOTIFY_BOUND_DRIVER || action == BUS_NOTIFY_DRIVER_NOT_BOUND) {
		cxl_accel_bar_claim_close(accel, &endpoint->dev);
		cxl_accel_decode_path_restore(accel);
	}
}

/*
 * cxl_core counts a port's committed decoders on where it stopped when the port was unbound, and
 * refuses the first one: nothing below would attach again.
 */
static void cxl_accel_port_notify(struct cxl_port *port, unsigned long action)
{
	if (action == BUS_NOTIFY_ADD_DEVICE)
		cxl_accel_reserve_windows_added(port);
	else if (action == BUS_NOTIFY_UNBOUND_DRIVER || action == BUS_NOTIFY_DRIVER_NOT_BOUND)
		port->commit_end = -1;
}

/*
 * A decoder that firmware has committed, of an endpoint that is being bound; once that is done the
 * core makes a region of each. A passthrough bridge shows the way to the first one that can have
 * one, see decode_path.c.
 */
static void cxl_accel_decoder_added(struct cxl_endpoint_decoder *cxled)
{
	struct cxl_decoder *cxld = &cxled->cxld;
	struct cxl_accel *accel = cxl_accel_attaching_endpoint(cxld->dev.parent);
	struct resource *window;

	if (!accel || !(cxld->flags & CXL_DECODER_F_ENABLE))
		return;
	if (accel->refused == CXL_ACCEL_ATTACH_NOT_COMMITTED)
		cxl_accel_status_range(accel->dev, &cxld->hpa_range);
	if (!cxl_accel_core_find_window(&cxld->hpa_range, &window)) {
		if (accel->refused == CXL_ACCEL_ATTACH_NOT_COMMITTED)
			accel->refused = CXL_ACCEL_ATTACH_NO_WINDOW;
		return;
	}
	accel->refused = CXL_ACCEL_ATTACH_NO_REGION;
	if (cxl_accel_decode_path_prepare(accel, to_cxl_port(cxld->dev.parent), cxld))
		accel->refused = CXL_ACCEL_ATTACH_NO_MEMORY;
	else
		cxl_accel_decode_path_override(accel, cxld);
}

/* cxl_core takes the first decoder that has a region for the driver's. */
static void cxl_accel_region_bound(struct cxl_region *cxlr)
{
	struct cxl_accel *accel = cxl_accel_attaching_now();

	if (!accel || accel->cxlr)
		return;
	accel->cxlr = cxlr;
	accel->cxled = cxlr->params.targets[0];
	accel->range = (struct range) {
		.start = cxlr->params.res->start,
		.end = cxlr->params.res->end,
	};
	/* Should the attach fail all the same. */
	accel->refused = cxlr->params.interleave_ways > 1 ? CXL_ACCEL_ATTACH_REGION_INTERLEAVED :
							    CXL_ACCEL_ATTACH_MEMDEV_NOT_BOUND;
}

struct cxl_endpoint_decoder *cxl_accel_region_first(struct cxl_accel *accel,
						    struct cxl_memdev *cxlmd,
						    struct cxl_region **cxlr)
{
	*cxlr = accel->cxlr;
	return accel->cxled;
}

/* Of whatever reason: the driver has nothing any more, unless it is going itself. */
static void cxl_accel_region_unbinds(struct cxl_region *cxlr)
{
	unsigned int attach_nr;
	struct cxl_accel *accel = cxl_accel_get_by_region(cxlr, &attach_nr);

	if (!accel)
		return;
	cxl_accel_detach_unexpected(accel, attach_nr);
	cxl_accel_put(accel);
}

/* ---- a memdev comes and goes ---- */

static void cxl_accel_memdev_added(struct cxl_memdev *cxlmd)
{
	struct device *dev = cxlmd->dev.parent;
	struct cxl_accel *accel;

	/* An expander's; or this module is on its way out. */
	if (!cxlmd->attach || !dev_is_pci(dev) || !try_module_get(THIS_MODULE))
		return;
	accel = cxl_accel_alloc(dev);
	if (!accel) {
		dev_warn(dev, "out of memory: %s is left to cxl_core\n", dev_name(&cxlmd->dev));
		module_put(THIS_MODULE);
		return;
	}
	/* If a release for the binding before hits this one, it is to be started again. */
	cxl_accel_check_conflict(dev);
	cxl_accel_begin(accel, cxlmd->cxlds);
	/* Not before it is bound. */
	WRITE_ONCE(accel->attached, false);
	accel->status = CXL_ACCEL_ATTACH_MEMDEV_NOT_BOUND;
	accel->refused = CXL_ACCEL_ATTACH_NOT_COMMITTED;
	cxl_accel_reset_while_detached(to_pci_dev(dev));
	cxl_accel_detach_arm(accel, cxlmd);
	WRITE_ONCE(accel->attacher, current);
}

static void cxl_accel_memdev_bound(struct cxl_accel *accel)
{
	struct pci_dev *pdev = to_pci_dev(accel->dev);

	accel->status = CXL_ACCEL_ATTACH_ATTACHED;
	WRITE_ONCE(accel->attacher, NULL);
	accel->hears_of_resets = !cxl_accel_err_handler_add(pdev);
	if (!accel->hears_of_resets)
		dev_warn(accel->dev, "out of memory: its memory will not survive a reset\n");
	cxl_accel_reset_attached(pdev);
	WRITE_ONCE(accel->attached, true);
	cxl_accel_status_set(accel->dev, CXL_ACCEL_ATTACH_ATTACHED, &accel->range);
	cxl_accel_check_capacity(to_pci_dev(accel->dev), resource_size(&accel->cxlds->dpa_res));
}

static enum cxl_accel_attach_status cxl_accel_memdev_failure(const struct cxl_accel *accel)
{
	enum cxl_accel_attach_status status = cxl_accel_device_status(accel->cxlds);

	if (status != CXL_ACCEL_ATTACH_ATTACHED)
		return status;
	if (accel->status == CXL_ACCEL_ATTACH_NO_PORT && cxl_accel_host_port_is_unbound(accel->dev))
		return CXL_ACCEL_ATTACH_PORT_NOT_BOUND;
	if (accel->status == CXL_ACCEL_ATTACH_ENDPOINT_NOT_BOUND &&
	    cxl_accel_decoders_exceed(to_pci_dev(accel->dev),
				      resource_size(&accel->cxlds->dpa_res)))
		return CXL_ACCEL_ATTACH_CAPACITY_TOO_SMALL;
	return cxl_accel_power_status(accel->status);
}

/*
 * A driver that was built with our header will be told by api.c. To another one cxl_core says
 * -ENXIO, so that it does not wait; it is probed again when cxl_acpi comes.
 */
static void cxl_accel_memdev_failed(struct cxl_accel *accel)
{
	enum cxl_accel_attach_status status = cxl_accel_memdev_failure(accel);
	bool expected = cxl_accel_status_expected(accel->dev);

	if (status == CXL_ACCEL_ATTACH_HOST_NOT_READY && !expected)
		status = CXL_ACCEL_ATTACH_HOST_NOT_LOADED;
	WRITE_ONCE(accel->attacher, NULL);
	cxl_accel_status_set(accel->dev, status, NULL);
	if (!expected)
		cxl_accel_attach_report(accel->dev, status);
}

static void cxl_accel_memdev_removed(struct cxl_memdev *cxlmd)
{
	unsigned int attach_nr;
	struct cxl_accel *accel = cxl_accel_get_by_memdev(cxlmd, &attach_nr);

	if (!accel)
		return;
	cxl_accel_clear_memdev(accel);
	cxl_accel_put(accel);
	/* The one that is as old as the memdev. */
	cxl_accel_put(accel);
	module_put(THIS_MODULE);
}

static void cxl_accel_memdev_going(struct cxl_memdev *cxlmd)
{
	unsigned int attach_nr;
	struct cxl_accel *accel = cxl_accel_get_by_memdev(cxlmd, &attach_nr);

	if (!accel)
		return;
	if (accel->attacher)
		cxl_accel_memdev_failed(accel);
	/* What follows is an expected teardown. */
	if (accel->hears_of_resets)
		cxl_accel_err_handler_remove(to_pci_dev(accel->dev));
	WRITE_ONCE(accel->attached, false);
	cxl_accel_detach_recovered(accel);
	cxl_accel_status_detached(accel->dev);
	cxl_accel_put(accel);
}

static void cxl_accel_memdev_notify(struct device *dev, unsigned long action)
{
	struct cxl_accel *accel = cxl_accel_attaching_memdev(dev);

	switch (action) {
	case BUS_NOTIFY_ADD_DEVICE:
		cxl_accel_memdev_added(to_cxl_memdev(dev));
		break;
	case BUS_NOTIFY_BIND_DRIVER:
		if (accel)
			accel->status = CXL_ACCEL_ATTACH_NO_PORT;
		break;
	case BUS_NOTIFY_BOUND_DRIVER:
		if (accel)
			cxl_accel_memdev_bound(accel);
		break;
	case BUS_NOTIFY_DEL_DEVICE:
		cxl_accel_memdev_going(to_cxl_memdev(dev));
		break;
	case BUS_NOTIFY_REMOVED_DEVICE:
		cxl_accel_memdev_removed(to_cxl_memdev(dev));
		break;
	}
}

static int cxl_accel_bus_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct device *dev = data;

	if (is_cxl_memdev(dev))
		cxl_accel_memdev_notify(dev, action);
	else if (is_cxl_port(dev) && is_cxl_endpoint(to_cxl_port(dev)))
		cxl_accel_endpoint_notify(to_cxl_port(dev), action);
	else if (is_cxl_port(dev))
		cxl_accel_port_notify(to_cxl_port(dev), action);
	else if (is_endpoint_decoder(dev) && action == BUS_NOTIFY_ADD_DEVICE)
		cxl_accel_decoder_added(to_cxl_endpoint_decoder(dev));
	else if (is_cxl_region(dev) && action == BUS_NOTIFY_BOUND_DRIVER)
		cxl_accel_region_bound(to_cxl_region(dev));
	else if (is_cxl_region(dev) && action == BUS_NOTIFY_UNBIND_DRIVER)
		cxl_accel_region_unbinds(to_cxl_region(dev));
	return NOTIFY_DONE;
}

static struct notifier_block cxl_accel_bus_nb = {
	.notifier_call = cxl_accel_bus_notify,
};

int cxl_accel_memdev_init(void)
{
	return bus_register_notifier(&cxl_bus_type, &cxl_accel_bus_nb);
}

void cxl_accel_memdev_exit(void)
{
	bus_unregister_notifier(&cxl_bus_type, &cxl_accel_bus_nb);
}
