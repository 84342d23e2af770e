// SPDX-License-Identifier: GPL-2.0-only
/*
 * A cxl_port that is built into the kernel attaches synchronously.
 *
 * Owns: the probe_type of the stock cxl_port, which is put back when this module goes. Talks to:
 * that driver, which cannot be replaced, no module of its name being loadable: it is adopted. Where
 * it is a module, src/port takes its place, and this file is not built. Locks: none.
 *
 * Whether an endpoint works is known when it has been added only if cxl_port probes it right then.
 * Up to 6.x it leaves that to the driver core, which does as it is told by driver_async_probe= on
 * the command line, and then the attach of a memdev fails, now and then, for no visible reason.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>

#include "accel.h"

static struct device_driver *port_driver;
static enum probe_type port_probe_type;

int port_sync_init(void)
{
	port_driver = driver_find("cxl_port", &cxl_bus_type);
	if (!port_driver) {
		pr_err("this kernel's cxl_port driver did not register\n");
		return -ENODEV;
	}

	port_probe_type = port_driver->probe_type;
	port_driver->probe_type = PROBE_FORCE_SYNCHRONOUS;
	return 0;
}

void port_sync_exit(void)
{
	port_driver->probe_type = port_probe_type;
}
