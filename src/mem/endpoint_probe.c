// SPDX-License-Identifier: GPL-2.0-only
/*
 * An accelerator's endpoint port is probed from within the attach, and at no other time.
 *
 * Owns: a copy of the PCI function's struct, for the first steps of that probe. Talks to: the
 * driver core, by way of a PM domain. Locks: called with the endpoint's device lock, and in the one
 * case that does anything with that of the PCI function.
 *
 * Up to 6.13 cxl_dvsec_rr_decode() takes the PCI function from the device's state, and the state
 * from the drvdata of the PCI function, where an accelerator's driver keeps its own. That must stay
 * there: interrupt handlers, and cor_error_detected() of AER, do not take the device lock. So
 * during these steps the state names a copy of the function that has the state for its drvdata. It
 * is good for config space and for log lines, which is all that cxl_core does with it: it is in no
 * list, and no reference is taken.
 *
 * At any other time a probe (user space binding the endpoint again after unbinding it) is refused
 * before it starts: it would follow a foreign pointer.
 */
#include <linux/device.h>
#include <linux/pm_domain.h>
#include <linux/slab.h>

#include "accel.h"

static struct cxl_accel *cxl_accel_endpoint_attaching(struct device *dev)
{
	struct cxl_memdev *cxlmd = to_cxl_memdev(to_cxl_port(dev)->uport_dev);

	return cxl_accel_attaching(cxlmd->cxlds);
}

/* Called by the driver core right before the endpoint port's driver is probed; errors positive. */
static int cxl_accel_endpoint_activate(struct device *dev)
{
	struct cxl_accel *accel = cxl_accel_endpoint_attaching(dev);

	if (!accel) {
		dev_dbg(dev, "bound by its accelerator's driver only\n");
		return ENXIO;
	}
	cxl_accel_bar_claim_open(accel);
	if (!cxl_accel_core_needs_drvdata())
		return 0;
	accel->copy = kmemdup(to_pci_dev(accel->dev), sizeof(*accel->copy), GFP_KERNEL);
	if (!accel->copy) {
		accel->refused = CXL_ACCEL_ATTACH_NO_MEMORY;
		cxl_accel_bar_claim_close(accel, dev);
		return ENOMEM;
	}
	pci_set_drvdata(accel->copy, accel->cxlds);
	accel->cxlds->dev = &accel->copy->dev;
	return 0;
}

/**
 * cxl_accel_endpoint_decoded() - the endpoint's DVSEC has been read
 * @accel: the accelerator, being attached by this task
 *
 * The first decoder is the first that is heard of the probe after that.
 */
void cxl_accel_endpoint_decoded(struct cxl_accel *accel)
{
	accel->cxlds->dev = accel->dev;
}

/* Called after the probe, whether it went well (sync) or not (dismiss); dismiss at unbind, too. */
static void cxl_accel_endpoint_probed(struct device *dev)
{
	struct cxl_accel *accel = cxl_accel_endpoint_attaching(dev);

	if (!accel)
		return;
	cxl_accel_bar_claim_close(accel, dev);
	cxl_accel_endpoint_decoded(accel);
	kfree(accel->copy);
	accel->copy = NULL;
}

/*
 * The one hook of the driver core's that can refuse a probe. No power management is done here:
 * devices of the cxl bus have none.
 */
static struct dev_pm_domain cxl_accel_endpoint_domain = {
	.activate = cxl_accel_endpoint_activate,
	.sync = cxl_accel_endpoint_probed,
	.dismiss = cxl_accel_endpoint_probed,
};

/**
 * cxl_accel_endpoint_added() - cxl_core has registered an endpoint port
 * @port: the port; its driver has not been asked yet
 */
void cxl_accel_endpoint_added(struct cxl_port *port)
{
	if (cxl_accel_endpoint_attaching(&port->dev))
		cxl_accel_set_pm_domain(&port->dev, &cxl_accel_endpoint_domain);
}
