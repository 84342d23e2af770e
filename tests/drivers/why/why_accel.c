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
#include <cxl-accel/create.h>
#include <cxl-accel/direct.h>

static char *mistake = "";
module_param(mistake, charp, 0644);
MODULE_PARM_DESC(mistake,
		 "what to do wrong: enable, flexbus, dvsec, zero, regs, ready, capacity, range, device, twice, vanish");

static bool defer;
module_param(defer, bool, 0644);
MODULE_PARM_DESC(defer, "probe() is deferred, whatever the attach has done");

static unsigned int deferred;
module_param(deferred, uint, 0444);
MODULE_PARM_DESC(deferred, "how often that was");

struct why {
	struct cxl_dev_state cxlds;
	struct range range;
	int error;
};

static bool wrong(const char *what)
{
	/* Written by echo, it has a newline. */
	return sysfs_streq(mistake, what);
}

static unsigned long capacity = SZ_256M;
module_param(capacity, ulong, 0644);
MODULE_PARM_DESC(capacity, "bytes of device memory");

static bool want;
module_param(want, bool, 0644);
MODULE_PARM_DESC(want, "have a region created where firmware committed none");

static bool direct;
module_param(direct, bool, 0644);
MODULE_PARM_DESC(direct, "attach without a driver on the memdev");

static bool host_only;
module_param(host_only, bool, 0644);
MODULE_PARM_DESC(host_only, "memory that is not device coherent (HDM-H)");

static unsigned int poke_offset, poke_value;
module_param(poke_offset, uint, 0644);
module_param(poke_value, uint, 0644);
MODULE_PARM_DESC(poke_offset, "component register that gets poke_value before the attach; 0: none");

/* The device changes its mind between the discovery of its registers and the attach. */
static int why_poke(struct pci_dev *pdev)
{
	void __iomem *bar;

	if (!poke_offset)
		return 0;
	bar = pci_iomap(pdev, 0, 0);
	if (!bar)
		return -ENOMEM;
	writel(poke_value, bar + poke_offset);
	pci_iounmap(pdev, bar);
	return 0;
}

/*
 * Surprise removal, as far as that can be had from this side: the HDM decoder registers read all
 * ones, and so does configuration space, which the port above does not forward any more.
 */
static int why_vanish(struct pci_dev *pdev, struct why *why)
{
	struct cxl_reg_map *hdm = &why->cxlds.reg_map.component_map.hdm_decoder;
	void __iomem *bar = pci_iomap(pdev, 0, 0);

	if (!bar || !hdm->valid)
		return -ENXIO;
	for (unsigned long i = 0; i < hdm->size; i += 4)
		writel(~0, bar + hdm->offset + i);
	pci_iounmap(pdev, bar);
	return pci_write_config_byte(pdev->bus->self, PCI_SECONDARY_BUS, 0);
}

/* A device that is hot-added decodes no BAR until its driver has it do so. */
static int why_enable(struct pci_dev *pdev)
{
	u16 command;

	if (!wrong("enable"))
		return pcim_enable_device(pdev);
	pci_read_config_word(pdev, PCI_COMMAND, &command);
	return pci_write_config_word(pdev, PCI_COMMAND, command & ~PCI_COMMAND_MEMORY);
}

/* Where the DVSEC for CXL Devices is; or another one, or nothing. */
static u16 why_dvsec(struct pci_dev *pdev)
{
	if (wrong("zero"))
		return 0;
	if (wrong("dvsec"))
		return 0xff3;
	return pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL, wrong("flexbus") ?
					 PCI_DVSEC_CXL_FLEXBUS_PORT : PCI_DVSEC_CXL_DEVICE);
}

static int why_prepare(struct pci_dev *pdev, struct why *why)
{
	int rc = 0;

	why->cxlds.media_ready = !wrong("ready");
	if (!wrong("regs"))
		rc = cxl_pci_setup_regs(pdev, CXL_REGLOC_RBI_COMPONENT, &why->cxlds.reg_map);
	/* The attach has to find out by itself. */
	if (rc)
		pci_info(pdev, "why: no registers: %d\n", rc);
	if (wrong("capacity"))
		return 0;
	return cxl_set_capacity(&why->cxlds, capacity);
}

static int why_attach(struct why *why)
{
	struct cxl_memdev *cxlmd;
	int rc;

	rc = want ? cxl_accel_want_region(&why->cxlds) : 0;
	if (rc)
		dev_info(why->cxlds.dev, "why: no region will be created: %d\n", rc);
	rc = direct ? cxl_accel_want_direct(&why->cxlds) : 0;
	if (rc)
		dev_info(why->cxlds.dev, "why: no direct attach: %d\n", rc);
	if (wrong("device"))
		why->cxlds.dev = why->cxlds.dev->parent;
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

	rc = why_enable(pdev);
	if (rc)
		return rc;

	why = devm_cxl_dev_state_create(&pdev->dev,
					host_only ? CXL_DEVTYPE_CLASSMEM : CXL_DEVTYPE_DEVMEM,
					pci_get_dsn(pdev), why_dvsec(pdev), struct why, cxlds,
					false);
	if (!why)
		return -ENOMEM;

	if (cxl_accel_attach_error(&why->cxlds) != CXL_ACCEL_ATTACH_NOT_TRIED)
		pci_err(pdev, "a status before the first attempt\n");

	rc = why_prepare(pdev, why) ?: why_poke(pdev);
	if (!rc && wrong("vanish"))
		rc = why_vanish(pdev, why);
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
	if (READ_ONCE(defer)) {
		deferred++;
		return -EPROBE_DEFER;
	}

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
