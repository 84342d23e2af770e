// SPDX-License-Identifier: GPL-2.0-only
/*
 * vendor_accel: a Type-2 driver as a vendor would write it for Linux 7.3.
 *
 * Not an example (that is src/sample): it stands for the driver that nobody here has seen, and so
 * does what strangers do. Nothing in it may know of this bundle.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <cxl/cxl.h>
#include <cxl/pci.h>

#define VENDOR_MAGIC 0x76656e646f72ULL

static bool fatal;
module_param(fatal, bool, 0644);
MODULE_PARM_DESC(fatal, "fail if the CXL memory cannot be had (default: go on without)");

static ulong capacity = SZ_256M;
module_param(capacity, ulong, 0644);
MODULE_PARM_DESC(capacity, "device memory in bytes (default 256 MiB)");

static char *map = "wc";
module_param(map, charp, 0444);
MODULE_PARM_DESC(map, "how the memory is mapped: wc (default) and uc by ioremap, wb by memremap");

static bool claim;
module_param(claim, bool, 0444);
MODULE_PARM_DESC(claim, "request_mem_region() before that (default: no)");

static bool bars;
module_param(bars, bool, 0444);
MODULE_PARM_DESC(bars, "pci_request_regions() first");

struct vendor_cxl {
	struct cxl_dev_state cxlds;
	struct cxl_memdev *cxlmd;
	struct range range;
	void __iomem *base;
};

static int vendor_map(struct vendor_cxl *cxl)
{
	u64 start = cxl->range.start, len = range_len(&cxl->range);

	if (claim && !request_mem_region(start, len, KBUILD_MODNAME))
		return -EBUSY;
	if (!strcmp(map, "wb"))
		cxl->base = (void __iomem *)memremap(start, len, MEMREMAP_WB);
	else if (!strcmp(map, "uc"))
		cxl->base = ioremap(start, len);
	else
		cxl->base = ioremap_wc(start, len);
	if (cxl->base)
		return 0;
	if (claim)
		release_mem_region(start, len);
	return -ENOMEM;
}

static void vendor_unmap(struct vendor_cxl *cxl)
{
	if (!strcmp(map, "wb"))
		memunmap((void __force *)cxl->base);
	else
		iounmap(cxl->base);
	if (claim)
		release_mem_region(cxl->range.start, range_len(&cxl->range));
}

struct vendor_priv {
	unsigned int generation;
	struct vendor_cxl *cxl;
};

static atomic_t generations = ATOMIC_INIT(0);

static int vendor_check(struct pci_dev *pdev, struct vendor_cxl *cxl, u64 seed)
{
	const u64 offsets[] = { 0, 8, range_len(&cxl->range) / 2, range_len(&cxl->range) - 8 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++)
		writeq(seed + i, cxl->base + offsets[i]);
	wmb();	/* write-combining: all of it is on its way before it is read back */
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		if (readq(cxl->base + offsets[i]) == seed + i)
			continue;
		pci_err(pdev, "pattern at %#llx lost\n", cxl->range.start + offsets[i]);
		return -EIO;
	}
	return 0;
}

static int vendor_cxl_init(struct pci_dev *pdev, struct vendor_priv *priv)
{
	struct vendor_cxl *cxl;
	u16 dvsec;
	int rc;

	if (!pcie_is_cxl(pdev)) {
		pci_info(pdev, "link is not CXL\n");
		return -ENODEV;
	}

	dvsec = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL, PCI_DVSEC_CXL_DEVICE);
	if (!dvsec)
		return -ENODEV;

	cxl = devm_cxl_dev_state_create(&pdev->dev, CXL_DEVTYPE_DEVMEM, pci_get_dsn(pdev),
					dvsec, struct vendor_cxl, cxlds, false);
	if (!cxl)
		return -ENOMEM;

	rc = cxl_pci_setup_regs(pdev, CXL_REGLOC_RBI_COMPONENT, &cxl->cxlds.reg_map);
	if (rc)
		return rc;

	if (!cxl->cxlds.reg_map.component_map.hdm_decoder.valid ||
	    !cxl->cxlds.reg_map.component_map.ras.valid)
		return -ENODEV;

	cxl->cxlds.media_ready = true;

	rc = cxl_set_capacity(&cxl->cxlds, capacity);
	if (rc)
		return rc;

	cxl->cxlmd = devm_cxl_probe_mem(&cxl->cxlds, &cxl->range);
	if (IS_ERR(cxl->cxlmd))
		return PTR_ERR(cxl->cxlmd);

	rc = vendor_map(cxl);
	if (rc)
		return rc;

	rc = vendor_check(pdev, cxl, VENDOR_MAGIC << 16 | priv->generation);
	if (rc) {
		vendor_unmap(cxl);
		return rc;
	}

	priv->cxl = cxl;
	pci_info(pdev, "attached %pra\n", &cxl->range);
	return 0;
}

static int vendor_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct vendor_priv *priv;
	int rc;

	priv = kzalloc(sizeof(*priv), GFP_KERNEL);
	if (!priv)
		return -ENOMEM;
	priv->generation = atomic_inc_return(&generations);
	pci_set_drvdata(pdev, priv);

	rc = pci_enable_device_mem(pdev);
	if (rc)
		goto free;
	pci_set_master(pdev);
	rc = bars ? pci_request_regions(pdev, KBUILD_MODNAME) : 0;
	if (rc) {
		pci_err(pdev, "its BARs are another's (%d)\n", rc);
		goto disable;
	}

	rc = vendor_cxl_init(pdev, priv);
	if (rc == -EPROBE_DEFER)
		goto release;
	if (rc && READ_ONCE(fatal)) {
		pci_err(pdev, "CXL memory is required (%d)\n", rc);
		goto release;
	}
	if (rc)
		pci_warn(pdev, "no CXL memory (%d), going on without\n", rc);

	if (pci_get_drvdata(pdev) != priv)
		pci_err(pdev, "somebody took the drvdata\n");
	return 0;

release:
	if (bars)
		pci_release_regions(pdev);
disable:
	pci_disable_device(pdev);
free:
	pci_set_drvdata(pdev, NULL);
	kfree(priv);
	return rc;
}

static void vendor_remove(struct pci_dev *pdev)
{
	struct vendor_priv *priv = pci_get_drvdata(pdev);

	if (priv->cxl)
		vendor_unmap(priv->cxl);
	if (bars)
		pci_release_regions(pdev);
	pci_disable_device(pdev);
	pci_set_drvdata(pdev, NULL);
	pci_info(pdev, "removed\n");
	kfree(priv);
}

static const struct pci_device_id vendor_ids[] = {
	{ PCI_DEVICE(0xacce, 0x0002) },
	{ }
};
MODULE_DEVICE_TABLE(pci, vendor_ids);

static struct pci_driver vendor_driver = {
	.name = KBUILD_MODNAME,
	.id_table = vendor_ids,
	.probe = vendor_probe,
	.remove = vendor_remove,
};

static int __init vendor_init(void)
{
	pr_info("loaded\n");
	return pci_register_driver(&vendor_driver);
}
module_init(vendor_init);

static void __exit vendor_exit(void)
{
	pci_unregister_driver(&vendor_driver);
	pr_info("unloaded\n");
}
module_exit(vendor_exit);

MODULE_DESCRIPTION("A vendor's Type-2 driver, for the tests");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("CXL");
