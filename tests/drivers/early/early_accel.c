// SPDX-License-Identifier: GPL-2.0-only
/*
 * early_accel: a driver with the names of an earlier series, of the shape that a GPU driver has: it
 * looks at the register map itself, takes the capacity from the DVSEC, has 0 for a serial number,
 * and swallows errors.
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>

#include <cxl/cxl.h>
#include <cxl/pci.h>
#ifdef CXL_ACCEL_BUNDLE
#include <cxl-accel/early.h>
#endif

#define RANGE_SIZE_HIGH	0x18
#define RANGE_SIZE_LOW	0x1c

struct early {
	struct cxl_dev_state cxlds;
	struct cxl_memdev *cxlmd;
	struct cxl_region *cxlr;
	struct range range;
};

static u64 early_capacity(struct pci_dev *pdev, int dvsec)
{
	u32 high, low;

	pci_read_config_dword(pdev, dvsec + RANGE_SIZE_HIGH, &high);
	pci_read_config_dword(pdev, dvsec + RANGE_SIZE_LOW, &low);
	return (u64)high << 32 | (low & 0xf0000000);
}

static int early_cxl(struct pci_dev *pdev)
{
	int dvsec = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL, PCI_DVSEC_CXL_DEVICE);
	unsigned long caps = 0;
	struct early *early;
	void __iomem *base;
	int rc;

	if (!dvsec)
		return -ENODEV;
	early = devm_cxl_dev_state_create(&pdev->dev, CXL_DEVTYPE_DEVMEM, pdev->dev.id, dvsec,
					  struct early, cxlds, false);
	if (!early)
		return -ENOMEM;
	rc = cxl_pci_setup_regs(pdev, CXL_REGLOC_RBI_COMPONENT, &early->cxlds.reg_map, &caps);
	if (rc)
		return rc;
	if (!early->cxlds.reg_map.component_map.hdm_decoder.valid)
		return -ENODEV;
	if (caps != (BIT(CXL_DEV_CAP_HDM) | BIT(CXL_DEV_CAP_RAS))) {
		pci_err(pdev, "early: capabilities %#lx\n", caps);
		return -ENODEV;
	}
	early->cxlds.media_ready = true;
	rc = cxl_set_capacity(&early->cxlds, early_capacity(pdev, dvsec));
	if (rc)
		return rc;
	early->cxlmd = devm_cxl_add_memdev(&early->cxlds, NULL);
	if (IS_ERR(early->cxlmd))
		return PTR_ERR(early->cxlmd);
	if (!cxl_get_committed_decoder(early->cxlmd, &early->cxlr))
		return -ENODEV;
	rc = cxl_get_region_range(early->cxlr, &early->range);
	if (rc)
		return rc;
	base = ioremap_wc(early->range.start, range_len(&early->range));
	if (!base)
		return -ENOMEM;
	writeq(early->range.start, base);
	rc = readq(base) == early->range.start ? 0 : -EIO;
	iounmap(base);
	pci_set_drvdata(pdev, early);
	return rc;
}

static int early_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int rc = pcim_enable_device(pdev);
	struct early *early;

	if (rc)
		return rc;
	rc = early_cxl(pdev);
	early = pci_get_drvdata(pdev);
	if (rc)
		pci_info(pdev, "early: no memory: %d\n", rc);
	else
		pci_info(pdev, "early: serial 0, memory at %#llx\n", early->range.start);
	return 0;
}

static void early_remove(struct pci_dev *pdev)
{
	struct early *early = pci_get_drvdata(pdev);

	if (early)
		cxl_unregister_region(early->cxlr);
}

static const struct pci_device_id early_ids[] = {
	{ PCI_DEVICE(0xacce, 0x0002) },
	{ }
};
MODULE_DEVICE_TABLE(pci, early_ids);

static struct pci_driver early_driver = {
	.name = KBUILD_MODNAME,
	.id_table = early_ids,
	.probe = early_probe,
	.remove = early_remove,
};
module_pci_driver(early_driver);

MODULE_DESCRIPTION("Names of an earlier series, for the tests");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("CXL");
