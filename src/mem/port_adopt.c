// SPDX-License-Identifier: GPL-2.0-only
/*
 * A cxl_port that is built into the kernel is made to do what ours does.
 *
 * Owns: the probe_type of the stock cxl_port, which is put back when this module goes; a notifier
 * on the cxl bus. Talks to: that driver, which cannot be replaced, no module of its name being
 * loadable: it is adopted. Where it is a module, src/port takes its place, and this file is not
 * built. Locks: the notifier is called with the device lock of the port that is being unbound.
 *
 * Whether an endpoint works is known when it has been added only if cxl_port probes it right then.
 * Up to 6.x it leaves that to the driver core, which does as it is told by driver_async_probe= on
 * the command line, and then the attach of a memdev fails, now and then, for no visible reason.
 *
 * A port comes back with as many committed decoders as it had when it went, by cxl_core's count,
 * which then finds the first one out of order: a port whose decoders stay committed would not bind.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>

#include "accel.h"

static struct device_driver *port_driver;
static enum probe_type port_probe_type;

/* An unbound port has no decoders, so none is committed: nobody else looks at the count now. */
static int port_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct device *dev = data;

	if ((action == BUS_NOTIFY_UNBOUND_DRIVER || action == BUS_NOTIFY_DRIVER_NOT_BOUND) &&
	    is_cxl_port(dev))
		to_cxl_port(dev)->commit_end = -1;
	return NOTIFY_DONE;
}

static struct notifier_block port_nb = {
	.notifier_call = port_notify,
};

int port_adopt_init(void)
{
	int rc;

	port_driver = driver_find("cxl_port", &cxl_bus_type);
	if (!port_driver) {
		pr_err("this kernel's cxl_port driver did not register\n");
		return -ENODEV;
	}

	rc = bus_register_notifier(&cxl_bus_type, &port_nb);
	if (rc)
		return rc;

	port_probe_type = port_driver->probe_type;
	port_driver->probe_type = PROBE_FORCE_SYNCHRONOUS;
	return 0;
}

void port_adopt_exit(void)
{
	port_driver->probe_type = port_probe_type;
	bus_unregister_notifier(&cxl_bus_type, &port_nb);
}
