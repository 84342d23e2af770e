// SPDX-License-Identifier: GPL-2.0-only
/*
 * parts_accel: a driver that attaches from where another part of the device is bound: from the
 * probe() of an auxiliary device, or of a virtual function.
 *
 * The auxiliary device is added within the PCI driver's own probe(), and probed there and then
 * (where=aux), or by another task that is waited for (where=async). A virtual function attaches
 * itself, and then the physical one. The log has "parts: WHO: ERRNO WORDS" for each attempt.
 */
#include <linux/auxiliary_bus.h>
#include <linux/completion.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <cxl/cxl.h>
#include <cxl/pci.h>
#include <cxl-accel/attach.h>

static char *where = "probe";
module_param(where, charp, 0444);
MODULE_PARM_DESC(where, "who attaches: probe, aux, async");

struct parts {
	struct cxl_dev_state cxlds;
	struct range range;
	struct auxiliary_device *aux;
	struct completion tried;
};

static bool attaches_from(const char *what)
{
	return !strcmp(where, what);
}

static struct parts *parts_create(struct pci_dev *pdev)
{
	u16 dvsec = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL, PCI_DVSEC_CXL_DEVICE);
	struct parts *parts;
	int rc;

	parts = devm_cxl_dev_state_create(&pdev->dev, CXL_DEVTYPE_DEVMEM, pci_get_dsn(pdev), dvsec,
					  struct parts, cxlds, false);
	if (!parts)
		return NULL;
	init_completion(&parts->tried);
	parts->cxlds.media_ready = true;
	rc = cxl_pci_setup_regs(pdev, CXL_REGLOC_RBI_COMPONENT, &parts->cxlds.reg_map) ?:
	     cxl_set_capacity(&parts->cxlds, SZ_256M);
	if (rc)
		pci_info(pdev, "parts: not set up: %d\n", rc);
	return parts;
}

static int parts_attach(struct parts *parts, const char *who)
{
	struct device *dev = parts->cxlds.dev;
	struct cxl_memdev *cxlmd;

	cxlmd = devm_cxl_probe_mem(&parts->cxlds, &parts->range);
	dev_info(dev, "parts: %s: %ld %s\n", who, (long)PTR_ERR_OR_ZERO(cxlmd),
		 cxl_accel_attach_error_str(cxl_accel_attach_error(&parts->cxlds)));
	return PTR_ERR_OR_ZERO(cxlmd);
}

/* ---- an auxiliary device ---- */

static int parts_aux_probe(struct auxiliary_device *aux, const struct auxiliary_device_id *id)
{
	struct parts *parts = aux->dev.platform_data;
	int rc = parts_attach(parts, "auxiliary driver");

	complete(&parts->tried);
	return rc;
}

static const struct auxiliary_device_id parts_aux_ids[] = {
	{ .name = KBUILD_MODNAME ".mem" },
	{ }
};
MODULE_DEVICE_TABLE(auxiliary, parts_aux_ids);

static struct auxiliary_driver parts_aux_driver = {
	.name = "mem",
	.probe = parts_aux_probe,
	.id_table = parts_aux_ids,
};

static void parts_aux_release(struct device *dev)
{
	dev->platform_data = NULL;
	kfree(to_auxiliary_dev(dev));
}

static void parts_aux_remove(void *aux)
{
	auxiliary_device_delete(aux);
	auxiliary_device_uninit(aux);
}

static int parts_aux_add(struct pci_dev *pdev, struct parts *parts)
{
	struct auxiliary_device *aux = kzalloc(sizeof(*aux), GFP_KERNEL);
	int rc;

	if (!aux)
		return -ENOMEM;
	aux->name = "mem";
	aux->id = pci_dev_id(pdev);
	aux->dev.parent = &pdev->dev;
	aux->dev.release = parts_aux_release;
	rc = auxiliary_device_init(aux);
	if (rc) {
		kfree(aux);
		return rc;
	}
	/* As long as it is bound, the parent is, and with it what this points to. */
	aux->dev.platform_data = parts;
	rc = auxiliary_device_add(aux);
	if (rc) {
		auxiliary_device_uninit(aux);
		return rc;
	}
	rc = devm_add_action_or_reset(&pdev->dev, parts_aux_remove, aux);
	if (!rc && attaches_from("async"))
		wait_for_completion(&parts->tried);
	return rc;
}

/* ---- the PCI functions ---- */

/* One without any of CXL is told so; and the physical one is not a virtual one's to attach. */
static int parts_probe_virtual(struct pci_dev *pdev)
{
	struct parts *parts = parts_create(pdev);
	int rc;

	if (!parts)
		return -ENOMEM;
	rc = parts_attach(parts, "virtual function");
	parts = pci_get_drvdata(pci_physfn(pdev));
	if (parts)
		parts_attach(parts, "physical function, from a virtual one");
	return rc;
}

static int parts_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct parts *parts;
	int rc;

	rc = pcim_enable_device(pdev);
	if (rc)
		return rc;
	if (pdev->is_virtfn)
		return parts_probe_virtual(pdev);

	parts = parts_create(pdev);
	if (!parts)
		return -ENOMEM;
	pci_set_drvdata(pdev, parts);
	/* Its virtual functions are bound within this probe(). */
	if (pci_sriov_get_totalvfs(pdev))
		return pci_enable_sriov(pdev, 1);
	return attaches_from("probe") ? parts_attach(parts, "itself") : parts_aux_add(pdev, parts);
}

static void parts_remove(struct pci_dev *pdev)
{
	pci_disable_sriov(pdev);
}

static const struct pci_device_id parts_ids[] = {
	{ PCI_DEVICE(0xacce, 0x0002) },
	{ PCI_DEVICE(0x8086, 0x10c9) },
	{ PCI_DEVICE(0x8086, 0x10ca) },
	{ }
};
MODULE_DEVICE_TABLE(pci, parts_ids);

static struct pci_driver parts_driver = {
	.name = KBUILD_MODNAME,
	.id_table = parts_ids,
	.probe = parts_probe,
	.remove = parts_remove,
};

static int __init parts_init(void)
{
	int rc;

	if (attaches_from("async"))
		parts_aux_driver.driver.probe_type = PROBE_PREFER_ASYNCHRONOUS;
	rc = auxiliary_driver_register(&parts_aux_driver);
	if (rc)
		return rc;
	rc = pci_register_driver(&parts_driver);
	if (rc)
		auxiliary_driver_unregister(&parts_aux_driver);
	return rc;
}
module_init(parts_init);

static void __exit parts_exit(void)
{
	pci_unregister_driver(&parts_driver);
	auxiliary_driver_unregister(&parts_aux_driver);
}
module_exit(parts_exit);

MODULE_DESCRIPTION("Attaches from the probe() of an auxiliary device or a virtual function");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("CXL");
