// SPDX-License-Identifier: GPL-2.0-only
/*
 * The endpoint port of a memdev: where the CXL port hierarchy ends.
 *
 * Owns: nothing, the endpoint port is cxl_core's. Talks to: cxl_core's ports, and through the
 * probe of the new port to cxl_port. Locks: the caller holds the host's device lock.
 *
 * A part of cxl_port, which exports it to cxl_mem; and of cxl_mem, for where the stock cxl_port is
 * the one that is there.
 */
#include <linux/device.h>

#include "add_endpoint.h"

/* Each port on the way knows the next one down; cxl_core walks that when it programs decoders. */
static void cxl_accel_link_ports(struct cxl_port *port, struct cxl_memdev *cxlmd)
{
	struct cxl_port *down = NULL;

	for (; !is_cxl_root(port); port = to_cxl_port(port->dev.parent)) {
		struct cxl_ep *ep = xa_load(&port->endpoints, (unsigned long)&cxlmd->dev);

		if (ep)
			ep->next = down;
		down = port;
	}
}

/**
 * cxl_accel_add_endpoint() - give a memdev its endpoint port
 * @host: device whose unbinding removes the port again: the port above, or the platform's CXL
 *	root for a restricted CXL host
 * @cxlmd: the memdev, being probed
 * @parent_dport: the dport that it is connected to
 *
 * cxl_port attaches synchronously, so that the endpoint either works when this returns, decoders
 * and regions included, or never will: it has a driver, or has not. That it goes with the memdev is
 * left to the caller, who has to drop @host's lock before: cxl_endpoint_autoremove().
 *
 * Context: may sleep; @host's and the memdev's device locks are held.
 * Return: the endpoint, which stays as long as @host's lock is held; or, as an ERR_PTR(), why it
 * could not be added.
 */
struct cxl_port *cxl_accel_add_endpoint(struct device *host, struct cxl_memdev *cxlmd,
					struct cxl_dport *parent_dport)
{
	struct cxl_port *endpoint;
	void *group;

	cxl_accel_link_ports(parent_dport->port, cxlmd);

	/* cxl_core may fail when the port is in use already, and would leave it. */
	group = devres_open_group(host, NULL, GFP_KERNEL);
	if (!group)
		return ERR_PTR(-ENOMEM);

	/* An endpoint's component registers are the device state's, so none are named here. */
	endpoint = devm_cxl_add_port(host, &cxlmd->dev, CXL_RESOURCE_NONE, parent_dport);
	if (IS_ERR(endpoint)) {
		devres_release_group(host, group);
		cxlmd->endpoint = NULL;
	} else {
		devres_remove_group(host, group);
	}
	return endpoint;
}
