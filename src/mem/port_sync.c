// SPDX-License-Identifier: GPL-2.0-only
/*
 * cxl_port attaches synchronously.
 *
 * Owns: a reference on the module of the stock cxl_port, where that is one, and its probe_type.
 * Talks to: the stock cxl_port, which is built into some kernels and cannot be replaced there: it
 * is adopted. Locks: none.
 *
 * Whether an endpoint works is known when it has been added only if cxl_port probes it right then.
 * Up to 6.x it leaves that to the driver core, which does as it is told by driver_async_probe= on
 * the command line, and then the attach of a memdev fails, now and then, for no visible reason.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/kmod.h>

#include "accel.h"

static struct device_driver *port_driver;
static enum probe_type port_probe_type;

int port_sync_init(void)
{
	struct device_driver *drv = driver_find("cxl_port", &cxl_bus_type);

	if (!drv) {
		request_module("cxl_port");
		drv = driver_find("cxl_port", &cxl_bus_type);
	}
	if (!drv || !try_module_get(drv->owner)) {
		pr_err("the cxl_port driver is not there: load it first\n");
		return -ENODEV;
	}

	port_driver = drv;
	port_probe_type = drv->probe_type;
	drv->probe_type = PROBE_FORCE_SYNCHRONOUS;
	return 0;
}

void port_sync_exit(void)
{
	port_driver->probe_type = port_probe_type;
	module_put(port_driver->owner);
}
