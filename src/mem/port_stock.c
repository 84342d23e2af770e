// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which cxl_port is there? A stock one is made to do what ours does.
 *
 * Owns: the probe_type of a stock cxl_port, which is put back when this module goes; a reference on
 * that module; a notifier on the cxl bus. Talks to: our cxl_port, by its one symbol; the stock
 * driver. Locks: the notifier is called with the device lock of the port that is being unbound.
 *
 * Our cxl_port is there wherever it can be, and then the kernel sees to it: this module imports
 * devm_cxl_add_endpoint() from it, so depmod has it loaded first, and it cannot be removed before.
 * But it cannot be where the kernel has cxl_port built in, or keeps to its core what one calls
 * (from 6.14 on), and is not where the stock module came first, out of an initramfs that nobody has
 * refreshed. The symbol is weak, therefore: a strong one would keep this module out then, and no
 * expander would have a driver at all, since the stock cxl_mem is not what modprobe takes.
 *
 * Whether an endpoint works is known when it has been added only if cxl_port probes it right then.
 * Up to 6.x the stock one leaves that to the driver core, which does as it is told by
 * driver_async_probe= on the command line, and then the attach of a memdev fails, now and then, for
 * no visible reason.
 *
 * A port comes back with as many committed decoders as it had when it went, by cxl_core's count,
 * which then finds the first one out of order: a port whose decoders stay committed would not bind.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/compiler.h>
#include <linux/device.h>
#include <linux/module.h>

#include "accel.h"
#include "add_endpoint.h"

typedef struct cxl_port *(*add_endpoint_fn)(struct device *host, struct cxl_memdev *cxlmd,
					     struct cxl_dport *parent_dport);

static struct device_driver *cxl_accel_stock_driver;
static enum probe_type cxl_accel_stock_probe_type;

/*
 * What our cxl_port exports, or NULL. In a variable, and read from it each time: code that refers
 * to an address by its distance cannot say NULL on every architecture.
 */
#ifdef CORE_REPLACES_CXL_PORT
static const add_endpoint_fn cxl_accel_our_add_endpoint = devm_cxl_add_endpoint;
#else
static const add_endpoint_fn cxl_accel_our_add_endpoint;
#endif

/**
 * cxl_accel_port_is_ours() - is cxl_port the one of cxl-accel?
 *
 * Return: the same from this module's init to its exit. If false, it is the stock driver.
 */
bool cxl_accel_port_is_ours(void)
{
	return READ_ONCE(cxl_accel_our_add_endpoint);
}

/**
 * cxl_accel_port_add_endpoint() - give a memdev its endpoint port
 * @host: device whose unbinding removes the port again
 * @cxlmd: the memdev, being probed
 * @parent_dport: the dport that it is connected to
 *
 * With whichever cxl_port is there; see cxl_accel_add_endpoint().
 *
 * Return: the endpoint, or an ERR_PTR().
 */
struct cxl_port *cxl_accel_port_add_endpoint(struct device *host, struct cxl_memdev *cxlmd,
					     struct cxl_dport *parent_dport)
{
	add_endpoint_fn add = READ_ONCE(cxl_accel_our_add_endpoint) ?: cxl_accel_add_endpoint;

	return add(host, cxlmd, parent_dport);
}

/* An unbound port has no decoders, so none is committed: nobody else looks at the count now. */
static int cxl_accel_port_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct device *dev = data;

	if ((action == BUS_NOTIFY_UNBOUND_DRIVER || action == BUS_NOTIFY_DRIVER_NOT_BOUND) &&
	    is_cxl_port(dev))
		to_cxl_port(dev)->commit_end = -1;
	return NOTIFY_DONE;
}

static struct notifier_block cxl_accel_port_nb = {
	.notifier_call = cxl_accel_port_notify,
};

/* While the bus's drivers are gone through, none of them can unregister: its module is there. */
static int cxl_accel_stock_driver_get(struct device_driver *drv, void *found)
{
	if (strcmp(drv->name, "cxl_port") || !try_module_get(drv->owner))
		return 0;
	*(struct device_driver **)found = drv;
	return 1;
}

/**
 * cxl_accel_port_init() - see to it that there is a cxl_port that probes synchronously
 *
 * Return: 0, -ENODEV if there is no cxl_port at all, or an error of the notifier chain.
 */
int cxl_accel_port_init(void)
{
	int rc;

	if (cxl_accel_port_is_ours())
		return 0;

	bus_for_each_drv(&cxl_bus_type, NULL, &cxl_accel_stock_driver, cxl_accel_stock_driver_get);
	if (!cxl_accel_stock_driver) {
		pr_err("no cxl_port is loaded, which must be there first (modprobe does that)\n");
		return -ENODEV;
	}

	rc = bus_register_notifier(&cxl_bus_type, &cxl_accel_port_nb);
	if (rc) {
		module_put(cxl_accel_stock_driver->owner);
		return rc;
	}
	cxl_accel_stock_probe_type = cxl_accel_stock_driver->probe_type;
	cxl_accel_stock_driver->probe_type = PROBE_FORCE_SYNCHRONOUS;

	if (cxl_accel_core_replaces_port() && cxl_accel_stock_driver->owner)
		pr_warn(
			"the stock cxl_port was loaded first, and is used: update the initramfs, reboot\n");
	return 0;
}

#ifdef CORE_KEEPS_PORT_MODULE
MODULE_SOFTDEP("pre: cxl_port");
#endif

void cxl_accel_port_exit(void)
{
	if (cxl_accel_port_is_ours())
		return;

	cxl_accel_stock_driver->probe_type = cxl_accel_stock_probe_type;
	bus_unregister_notifier(&cxl_bus_type, &cxl_accel_port_nb);
	module_put(cxl_accel_stock_driver->owner);
}
