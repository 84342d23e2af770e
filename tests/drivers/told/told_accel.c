// SPDX-License-Identifier: GPL-2.0-only
/*
 * told_accel: a Type-2 driver that asks to be told when its memory is lost.
 *
 * In sysfs, under the PCI device:
 *
 *	memory		first and last byte of the memory, or the errno that there is instead
 *	told		how often it was told: of losses, and that CXL is back
 *	retry		written 1: attach again, under the device lock; 0: the same without the lock
 *	ask		written: ask to be told, once more
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#include <cxl/cxl.h>
#include <cxl/pci.h>
#include <cxl-accel/loss.h>

static int refuse;
module_param(refuse, int, 0644);
MODULE_PARM_DESC(refuse, "errno of detach(): the driver does not go on without its memory");

static unsigned int slow_ms;
module_param(slow_ms, uint, 0644);
MODULE_PARM_DESC(slow_ms, "milliseconds that detach() takes");

static bool deaf;
module_param(deaf, bool, 0644);
MODULE_PARM_DESC(deaf, "does not want to hear that CXL is back");

struct told {
	struct cxl_dev_state cxlds;
	struct range hpa;
	void *mem;
	int error;
	unsigned int losses;
	unsigned int returns;
};

static int told_attach(struct told *told)
{
	struct device *dev = told->cxlds.dev;
	struct cxl_memdev *cxlmd;
	struct range hpa;
	void *mem;

	cxlmd = devm_cxl_probe_mem(&told->cxlds, &hpa);
	if (IS_ERR(cxlmd))
		return PTR_ERR(cxlmd);
	told->hpa = hpa;
	mem = devm_memremap(dev, told->hpa.start, range_len(&told->hpa), MEMREMAP_WC);
	if (IS_ERR(mem))
		return PTR_ERR(mem);
	told->mem = mem;
	return 0;
}

static int told_detach(struct cxl_dev_state *cxlds)
{
	struct told *told = container_of(cxlds, struct told, cxlds);

	told->losses++;
	dev_info(cxlds->dev, "told: lost\n");
	msleep(READ_ONCE(slow_ms));
	if (READ_ONCE(refuse))
		return -READ_ONCE(refuse);
	devm_memunmap(cxlds->dev, told->mem);
	told->mem = NULL;
	told->error = -ENXIO;
	return 0;
}

static void told_is_back(struct cxl_dev_state *cxlds)
{
	struct told *told = container_of(cxlds, struct told, cxlds);

	told->returns++;
	dev_info(cxlds->dev, "told: back\n");
	told->error = told_attach(told);
}

static const struct cxl_accel_loss_ops told_ops = {
	.detach = told_detach,
	.attach = told_is_back,
};

static const struct cxl_accel_loss_ops told_deaf_ops = {
	.detach = told_detach,
};

static int told_prepare(struct pci_dev *pdev, struct told *told)
{
	int rc;

	rc = cxl_pci_setup_regs(pdev, CXL_REGLOC_RBI_COMPONENT, &told->cxlds.reg_map);
	if (rc)
		return rc;
	told->cxlds.media_ready = true;
	rc = cxl_set_capacity(&told->cxlds, SZ_256M);
	if (rc)
		return rc;
	return cxl_accel_set_loss_ops(&told->cxlds, deaf ? &told_deaf_ops : &told_ops);
}

static int told_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct told *told;
	u16 dvsec;
	int rc;

	rc = pcim_enable_device(pdev);
	if (rc)
		return rc;
	dvsec = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL, PCI_DVSEC_CXL_DEVICE);
	told = devm_cxl_dev_state_create(&pdev->dev, CXL_DEVTYPE_DEVMEM, pci_get_dsn(pdev), dvsec,
					 struct told, cxlds, false);
	if (!told)
		return -ENOMEM;
	pci_set_drvdata(pdev, told);
	rc = told_prepare(pdev, told);
	if (rc)
		return rc;
	/* Deferral is for others: this one goes on without, whatever the reason. */
	told->error = told_attach(told);
	return 0;
}

static void told_remove(struct pci_dev *pdev)
{
	pci_info(pdev, "removed\n");
}

static ssize_t memory_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct told *told = dev_get_drvdata(dev);

	guard(device)(dev);
	if (told->error)
		return sysfs_emit(buf, "%d\n", told->error);
	return sysfs_emit(buf, "%#llx %#llx\n", told->hpa.start, told->hpa.end);
}
static DEVICE_ATTR_ADMIN_RO(memory);

static ssize_t told_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct told *told = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u %u\n", told->losses, told->returns);
}
static DEVICE_ATTR_RO(told);

static ssize_t retry_store(struct device *dev, struct device_attribute *attr, const char *buf,
			   size_t count)
{
	struct told *told = dev_get_drvdata(dev);
	struct cxl_memdev *cxlmd;
	struct range range;
	int rc;

	if (sysfs_streq(buf, "1")) {
		guard(device)(dev);
		rc = told_attach(told);
		if (rc != -EBUSY)
			told->error = rc;
		return rc ?: count;
	}
	cxlmd = devm_cxl_probe_mem(&told->cxlds, &range);
	return IS_ERR(cxlmd) ? PTR_ERR(cxlmd) : count;
}
static DEVICE_ATTR_WO(retry);

static ssize_t ask_store(struct device *dev, struct device_attribute *attr, const char *buf,
			 size_t count)
{
	struct told *told = dev_get_drvdata(dev);

	return cxl_accel_set_loss_ops(&told->cxlds, &told_ops) ?: count;
}
static DEVICE_ATTR_WO(ask);

static struct attribute *told_attrs[] = {
	&dev_attr_memory.attr,
	&dev_attr_told.attr,
	&dev_attr_retry.attr,
	&dev_attr_ask.attr,
	NULL
};
ATTRIBUTE_GROUPS(told);

static const struct pci_device_id told_ids[] = {
	{ PCI_DEVICE(0xacce, 0x0002) },
	{ }
};
MODULE_DEVICE_TABLE(pci, told_ids);

static struct pci_driver told_driver = {
	.name = KBUILD_MODNAME,
	.id_table = told_ids,
	.probe = told_probe,
	.remove = told_remove,
	.dev_groups = told_groups,
};
module_pci_driver(told_driver);

MODULE_DESCRIPTION("Test driver of a CXL Type-2 device: goes on when its memory is lost");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("CXL");
