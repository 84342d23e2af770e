// SPDX-License-Identifier: GPL-2.0-only
/*
 * why_accel: a Type-2 driver that asks why its attach failed, and makes a mistake on request.
 *
 * In sysfs, under the PCI device: "why", with the status's number, the errno that
 * devm_cxl_probe_mem() returned, and the status in words.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#include <cxl/cxl.h>
#include <cxl/pci.h>
#include <cxl-accel/attach.h>

static char *mistake = "";
module_param(mistake, charp, 0444);
MODULE_PARM_DESC(mistake, "what to do wrong: regs, ready, capacity, range, twice");

struct why {
	struct cxl_dev_state cxlds;
	struct range range;
	int error;
};

static bool wrong(const char *what)
{
	return !strcmp(mistake, what);
}

static int why_prepare(struct pci_dev *pdev, struct why *why)
{
	int rc = 0;

	why->cxlds.media_ready = !wrong("ready");
	if (!wrong("regs"))
		rc = cxl_pci_setup_regs(pdev, CXL_REGLOC_RBI_COMPONENT, &why->cxlds.reg_map);
	if (!rc && !wrong("capacity"))
		rc = cxl_set_capacity(&why->cxlds, SZ_256M);
	return rc;
}

static int why_attach(struct why *why)
{
	struct cxl_memdev *cxlmd;

	cxlmd = devm_cxl_probe_mem(&why->cxlds, wrong("range") ? NULL : &why->range);
	if (!IS_ERR(cxlmd) && wrong("twice"))
		cxlmd = devm_cxl_probe_mem(&why->cxlds, &why->range);
	return PTR_ERR_OR_ZERO(cxlmd);
}

static int why_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	enum cxl_accel_attach_status status;
	struct why *why;
	int rc;

	rc = pcim_enable_device(pdev);
	if (rc)
		return rc;

	why = devm_cxl_dev_state_create(&pdev->dev, CXL_DEVTYPE_DEVMEM, pci_get_dsn(pdev),
					pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL,
								  PCI_DVSEC_CXL_DEVICE),
					struct why, cxlds, false);
	if (!why)
		return -ENOMEM;

	if (cxl_accel_attach_error(&why->cxlds) != CXL_ACCEL_ATTACH_NOT_TRIED)
		pci_err(pdev, "a status before the first attempt\n");

	rc = why_prepare(pdev, why);
	if (rc)
		return rc;

	why->error = why_attach(why);
	status = cxl_accel_attach_error(&why->cxlds);
	pci_info(pdev, "why: %s\n", cxl_accel_attach_error_str(status));
	if (why->error != cxl_accel_attach_errno(status) && !wrong("range") && !wrong("twice"))
		pci_err(pdev, "error %d, but the status says %d\n", why->error,
			cxl_accel_attach_errno(status));
	if (why->error == -EPROBE_DEFER)
		return why->error;

	pci_set_drvdata(pdev, why);
	return 0;
}

static ssize_t why_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct why *why = dev_get_drvdata(dev);
	enum cxl_accel_attach_status status = cxl_accel_attach_error(&why->cxlds);

	return sysfs_emit(buf, "%d %d %s\n", status, why->error,
			  cxl_accel_attach_error_str(status));
}
static DEVICE_ATTR_RO(why);

static struct attribute *why_attrs[] = {
	&dev_attr_why.attr,
	NULL
};
ATTRIBUTE_GROUPS(why);

static const struct pci_device_id why_ids[] = {
	{ PCI_DEVICE(0xacce, 0x0002) },
	{ }
};
MODULE_DEVICE_TABLE(pci, why_ids);

static struct pci_driver why_driver = {
	.name = KBUILD_MODNAME,
	.id_table = why_ids,
	.probe = why_probe,
	.dev_groups = why_groups,
};
module_pci_driver(why_driver);

MODULE_DESCRIPTION("Asks why an attach failed, for the tests");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("CXL");
