// SPDX-License-Identifier: GPL-2.0-only
/*
 * An accelerator's endpoint port is probed from within the attach, and at no other time.
 *
 * Owns: the drvdata of the PCI function, for the time of that probe. Talks to: the driver core, by
 * way of a PM domain. Locks: called with the endpoint's device lock, and in the one case that does
 * anything with that of the PCI function.
 *
 * cxl_core finds the state of an endpoint's device in the drvdata of the PCI function, where an
 * accelerator's driver keeps its own; so for the time of the probe it is given the one that it
 * expects. At any other time the driver is running and needs its drvdata, and a probe (user space
 * binding the endpoint again after unbinding it) is refused before it starts: without this it
 * follows a foreign pointer.
 */
#include <linux/device.h>
#include <linux/pm_domain.h>

#include "accel.h"

static struct cxl_accel *endpoint_attaching(struct device *dev)
{
	struct cxl_memdev *cxlmd = to_cxl_memdev(to_cxl_port(dev)->uport_dev);

	return accel_attaching(cxlmd->cxlds);
}

/* Called by the driver core right before the endpoint port's driver is probed; errors positive. */
static int endpoint_activate(struct device *dev)
{
	struct cxl_accel *accel = endpoint_attaching(dev);
	struct pci_dev *pdev;

	if (!accel) {
		dev_dbg(dev, "bound by its accelerator's driver only\n");
		return ENXIO;
	}
	pdev = to_pci_dev(accel->dev);
	accel->drvdata = pci_get_drvdata(pdev);
	accel->drvdata_lent = true;
	pci_set_drvdata(pdev, accel->cxlds);
	return 0;
}

/* Called after the probe, whether it went well (sync) or not (dismiss); dismiss at unbind, too. */
static void endpoint_probed(struct device *dev)
{
	struct cxl_accel *accel = endpoint_attaching(dev);

	if (!accel || !accel->drvdata_lent)
		return;
	accel->drvdata_lent = false;
	pci_set_drvdata(to_pci_dev(accel->dev), accel->drvdata);
}

/*
 * The one hook of the driver core's that can refuse a probe. No power management is done here:
 * devices of the cxl bus have none.
 */
static struct dev_pm_domain endpoint_domain = {
	.activate = endpoint_activate,
	.sync = endpoint_probed,
	.dismiss = endpoint_probed,
};

/**
 * endpoint_added() - cxl_core has registered an endpoint port
 * @port: the port; its driver has not been asked yet
 */
void endpoint_added(struct cxl_port *port)
{
	if (endpoint_attaching(&port->dev))
		dev_pm_domain_set(&port->dev, &endpoint_domain);
}
