// SPDX-License-Identifier: GPL-2.0-only
/*
 * alone_accel: a driver of an accelerator on a stock 6.12, without cxl-accel.
 *
 * It does what can be done there: it has cxl_core add a memdev, as cxl_pci does for an expander,
 * and then the stock cxl_mem, if it is there, enumerates ports and has the region assembled that
 * firmware has committed. Nothing tells the driver when that is over. So it looks: by and by, in
 * its probe() (delay_ms), or once, and has itself probed again (delay_ms=0).
 *
 * What cxl_core keeps to itself it knows from cxl-accel's build, as others do by a copy of
 * drivers/cxl/cxl.h. Takes the memdev's device lock.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#include "core.h"

/* CXL 3.1 section 8.1.3 */
#define CXL_DEVICE_DVSEC	0
#define CAPACITY		SZ_256M

static unsigned int delay_ms = 100;
module_param(delay_ms, uint, 0444);
MODULE_PARM_DESC(delay_ms, "milliseconds between looks (0: probe deferral, default: 100)");

static unsigned int timeout_ms = 10000;
module_param(timeout_ms, uint, 0444);
MODULE_PARM_DESC(timeout_ms, "milliseconds until it gives up looking (default: 10000)");

static int alone_decoder_has_region(struct device *dev, void *data)
{
	struct cxl_region *cxlr;

	if (!is_endpoint_decoder(dev))
		return 0;
	cxlr = to_cxl_endpoint_decoder(dev)->cxld.region;
	if (!cxlr || cxlr->params.state != CXL_CONFIG_COMMIT)
		return 0;
	*(struct resource *)data = *cxlr->params.res;
	return 1;
}

/* Has the memdev a driver, its endpoint another one, and its first decoder a region? */
static bool alone_is_attached(struct cxl_memdev *cxlmd, struct resource *res)
{
	bool attached = false;

	device_lock(&cxlmd->dev);
	if (cxlmd->dev.driver && cxlmd->endpoint && cxlmd->endpoint->dev.driver)
		attached = device_for_each_child(&cxlmd->endpoint->dev, res,
						 alone_decoder_has_region);
	device_unlock(&cxlmd->dev);
	return attached;
}

static int alone_wait(struct cxl_memdev *cxlmd, struct resource *res)
{
	unsigned long end = jiffies + msecs_to_jiffies(timeout_ms);

	while (!alone_is_attached(cxlmd, res)) {
		if (!delay_ms)
			return -EPROBE_DEFER;
		if (time_after(jiffies, end))
			return -ETIMEDOUT;
		msleep(delay_ms);
	}
	return 0;
}

static struct cxl_memdev *alone_add_memdev(struct pci_dev *pdev)
{
	struct cxl_register_map map;
	struct cxl_dev_state *cxlds;
	u16 dvsec;
	int rc;

	dvsec = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL, CXL_DEVICE_DVSEC);
	if (!dvsec)
		return ERR_PTR(-ENODEV);
	rc = cxl_find_regblock(pdev, CXL_REGLOC_RBI_COMPONENT, &map) ?: cxl_setup_regs(&map);
	if (rc)
		return ERR_PTR(rc);
	cxlds = cxl_accel_core_memdev_create(pdev, pci_get_dsn(pdev), dvsec, CAPACITY, &map);
	if (IS_ERR(cxlds))
		return ERR_CAST(cxlds);
	/* That is where cxl_core looks for it. */
	pci_set_drvdata(pdev, cxlds);
	return devm_cxl_add_memdev(&pdev->dev, cxlds);
}

static int alone_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct cxl_memdev *cxlmd;
	struct resource res;
	void *mem;
	int rc;

	rc = pcim_enable_device(pdev);
	if (rc)
		return rc;
	pci_set_master(pdev);
	cxlmd = alone_add_memdev(pdev);
	if (IS_ERR(cxlmd))
		return PTR_ERR(cxlmd);
	rc = alone_wait(cxlmd, &res);
	if (rc)
		return dev_err_probe(&pdev->dev, rc, "no CXL memory\n");

	mem = devm_memremap(&pdev->dev, res.start, resource_size(&res), MEMREMAP_WC);
	if (IS_ERR(mem))
		return PTR_ERR(mem);
	pci_info(pdev, "CXL memory at HPA %#llx-%#llx\n", res.start, res.end);
	return 0;
}

static const struct pci_device_id alone_ids[] = {
	{ PCI_DEVICE(0xacce, 0x0002) },
	{ }
};
MODULE_DEVICE_TABLE(pci, alone_ids);

static struct pci_driver alone_driver = {
	.name = KBUILD_MODNAME,
	.id_table = alone_ids,
	.probe = alone_probe,
};
module_pci_driver(alone_driver);

MODULE_DESCRIPTION("Driver of a CXL Type-2 device, without cxl-accel");
MODULE_LICENSE("GPL");
CORE_IMPORT_NS();
