// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: cxl_port
 *
 * Takes the place of the stock module of that name, where it is a module.
 *
 * Owns: what hangs off a bound port by devres: its dports, its decoders, for an endpoint also the
 * notice that its memdev gets when it goes. Talks to: cxl_core, which makes the ports, and reads
 * CDAT and registers for this driver. Locks: called with the port's device lock.
 *
 * It does what the stock driver does, but synchronously whatever driver_async_probe= says, and it
 * exports devm_cxl_add_endpoint() to cxl_mem: modprobe loads this before that one, and this cannot
 * be removed under it.
 */
#include <linux/device.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/string.h>

#include "add_endpoint.h"

static int cxl_port_add_switch_decoders(struct cxl_port *port, int nr_dports)
{
	struct cxl_hdm *cxlhdm = devm_cxl_setup_hdm(port, NULL);

	if (!IS_ERR(cxlhdm))
		return devm_cxl_enumerate_decoders(cxlhdm, NULL);

	if (PTR_ERR(cxlhdm) != -ENODEV) {
		dev_err(&port->dev, "Failed to map HDM decoder capability\n");
		return PTR_ERR(cxlhdm);
	}

	/* With one way down there is nothing to decode (CXL 3.1 section 8.2.4.20). */
	if (nr_dports == 1)
		return devm_cxl_add_passthrough_decoder(port);

	dev_err(&port->dev, "HDM decoder capability not found\n");
	return -ENXIO;
}

static int cxl_switch_port_probe(struct cxl_port *port)
{
	int nr_dports;

	/* Before anything else: the CDAT attribute is there only if there is a table. */
	read_cdat_data(port);

	nr_dports = devm_cxl_port_enumerate_dports(port);
	if (nr_dports < 0)
		return nr_dports;

	cxl_switch_parse_cdat(port);
	return cxl_port_add_switch_decoders(port, nr_dports);
}

static void cxl_port_detach_memdev(void *cxlmd)
{
	/* The reference that was taken for this goes to the memdev's work item. */
	schedule_cxl_memdev_detach(cxlmd);
}

/* A decoder that firmware has committed may complete a region; that it does not is no error. */
static int cxl_port_discover_region(struct device *dev, void *endpoint)
{
	struct cxl_endpoint_decoder *cxled;

	if (!is_endpoint_decoder(dev))
		return 0;

	cxled = to_cxl_endpoint_decoder(dev);
	if (!(cxled->cxld.flags & CXL_DECODER_F_ENABLE) ||
	    cxled->state != CXL_DECODER_STATE_AUTO)
		return 0;

	if (cxl_accel_core_add_to_region(endpoint, cxled))
		dev_dbg(dev, "no region for %#llx-%#llx\n", cxled->cxld.hpa_range.start,
			cxled->cxld.hpa_range.end);
	return 0;
}

static int cxl_endpoint_port_probe(struct cxl_port *port)
{
	struct cxl_endpoint_dvsec_info info = { .port = port };
	struct cxl_memdev *cxlmd = to_cxl_memdev(port->uport_dev);
	struct cxl_dev_state *cxlds = cxlmd->cxlds;
	struct cxl_hdm *cxlhdm;
	int rc;

	rc = cxl_dvsec_rr_decode(cxlds->dev, port, &info);
	if (rc < 0)
		return rc;

	cxlhdm = devm_cxl_setup_hdm(port, &info);
	if (IS_ERR(cxlhdm)) {
		if (PTR_ERR(cxlhdm) == -ENODEV)
			dev_err(&port->dev, "HDM decoder registers not found\n");
		return PTR_ERR(cxlhdm);
	}

	read_cdat_data(port);
	cxl_endpoint_parse_cdat(port);

	get_device(&cxlmd->dev);
	rc = devm_add_action_or_reset(&port->dev, cxl_port_detach_memdev, cxlmd);
	if (rc)
		return rc;

	rc = cxl_hdm_decode_init(cxlds, cxlhdm, &info);
	if (rc)
		return rc;

	rc = devm_cxl_enumerate_decoders(cxlhdm, &info);
	if (rc)
		return rc;

	device_for_each_child(&port->dev, port, cxl_port_discover_region);
	return 0;
}

/* Decoders come and go with this driver; cxl_core's count of committed ones does not. */
static void cxl_port_forget_committed(void *port)
{
	((struct cxl_port *)port)->commit_end = -1;
}

/*
 * Where platform firmware has committed decoders, a count from the last time has cxl_core find them
 * out of order, and the port cannot be bound again: neither by this driver, nor by the stock one.
 */
static int cxl_port_probe(struct device *dev)
{
	struct cxl_port *port = to_cxl_port(dev);
	int rc;

	cxl_port_forget_committed(port);
	rc = devm_add_action(dev, cxl_port_forget_committed, port);
	if (rc)
		return rc;

	return is_cxl_endpoint(port) ? cxl_endpoint_port_probe(port) : cxl_switch_port_probe(port);
}

static ssize_t cxl_port_cdat_read(struct file *filp, struct kobject *kobj,
				  struct bin_attribute *attr, char *buf, loff_t offset,
				  size_t count)
{
	struct cxl_port *port = to_cxl_port(kobj_to_dev(kobj));

	if (!port->cdat_available)
		return -ENXIO;
	if (!port->cdat.table)
		return 0;
	return memory_read_from_buffer(buf, count, &offset, port->cdat.table, port->cdat.length);
}
static struct bin_attribute cxl_port_cdat_attr =
	__BIN_ATTR(CDAT, 0400, cxl_port_cdat_read, NULL, 0);

static struct bin_attribute *cxl_port_bin_attrs[] = {
	&cxl_port_cdat_attr,
	NULL
};

static umode_t cxl_port_bin_attr_visible(struct kobject *kobj, struct bin_attribute *attr, int n)
{
	return to_cxl_port(kobj_to_dev(kobj))->cdat_available ? attr->attr.mode : 0;
}

static const struct attribute_group cxl_port_group = {
	.bin_attrs = cxl_port_bin_attrs,
	.is_bin_visible = cxl_port_bin_attr_visible,
};

static const struct attribute_group *cxl_port_groups[] = {
	&cxl_port_group,
	NULL
};

/**
 * devm_cxl_add_endpoint() - give a memdev its endpoint port
 * @host: device whose unbinding removes the port again
 * @cxlmd: the memdev, being probed
 * @parent_dport: the dport that it is connected to
 *
 * See cxl_accel_add_endpoint(). That the symbol is this module's tells cxl_mem which cxl_port is
 * there.
 *
 * Return: the endpoint, or an ERR_PTR().
 */
struct cxl_port *devm_cxl_add_endpoint(struct device *host, struct cxl_memdev *cxlmd,
				       struct cxl_dport *parent_dport)
{
	return cxl_accel_add_endpoint(host, cxlmd, parent_dport);
}
CORE_EXPORT(devm_cxl_add_endpoint);

static struct cxl_driver cxl_port_driver = {
	.name = "cxl_port",
	.probe = cxl_port_probe,
	.id = CXL_DEVICE_PORT,
	.drv = {
		.probe_type = PROBE_FORCE_SYNCHRONOUS,
		.dev_groups = cxl_port_groups,
	},
};

static int __init cxl_port_init(void)
{
	int rc;

	rc = cxl_accel_core_check_build();
	if (rc)
		return rc;
	return cxl_driver_register(&cxl_port_driver);
}
module_init(cxl_port_init);

static void __exit cxl_port_exit(void)
{
	cxl_driver_unregister(&cxl_port_driver);
}
module_exit(cxl_port_exit);

MODULE_DESCRIPTION("CXL: ports and endpoints, synchronous attach (cxl-accel)");
MODULE_LICENSE("GPL");
MODULE_VERSION(CXL_ACCEL_VERSION);
MODULE_INFO(commit, CXL_ACCEL_COMMIT);
MODULE_ALIAS("cxl:t" __stringify(CXL_DEVICE_PORT) "*");
CORE_IMPORT_NS();
