// SPDX-License-Identifier: GPL-2.0-only
/*
 * cxl_accel_sample: the shortest complete driver of a CXL Type-2 device, to be copied.
 *
 * It is written for the accelerator API of Linux 7.3 and uses nothing else, so it builds there as
 * it is, and with cxl-accel on kernels that lack the API (scripts/build-driver).
 *
 * What it owns: the PCI function and, once attached, the mapping of the device's memory. The
 * memdev, its endpoint and its region belong to the CXL core; they live as long as the driver is
 * bound, and the driver is unbound when any of them goes, or told (stay=1). It takes no locks.
 *
 * In sysfs, under the PCI device:
 *
 *	cxl_state/state		"cxl" or "pci-only"
 *	cxl_state/error		0, or the errno that keeps the driver on PCI only
 *	cxl_state/hpa		where the memory is in the host's physical address map
 *	cxl_state/size		its size in bytes
 */
#include <linux/bitfield.h>
#include <linux/device.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/range.h>
#include <linux/sizes.h>

#include <cxl/cxl.h>
#include <cxl/pci.h>

/* The CXL part of the driver. The core allocates it, hence its first member. */
struct sample_cxl {
	struct cxl_dev_state cxlds;
	struct cxl_memdev *cxlmd;
	struct range hpa;
	void *mem;
};

/* The driver's own data: there with and without CXL. */
struct sample {
	struct pci_dev *pdev;
	struct sample_cxl *cxl;		/* an error: the device has none */
	int error;
};

/*
 * What is in the memory may be somebody's, so nothing is written to it unless that is asked for.
 * And then small parts: memory behind an emulator or a slow link takes its time.
 */
#define TEST_BYTES_MAX SZ_1M

static unsigned int test_bytes;

static int test_bytes_set(const char *val, const struct kernel_param *kp)
{
	unsigned int bytes;
	int rc = kstrtouint(val, 0, &bytes);

	if (rc || bytes > TEST_BYTES_MAX || bytes % sizeof(u64)) {
		pr_err("cxl_accel_sample: test_bytes must be a multiple of 8 from 0 to %u\n",
		       TEST_BYTES_MAX);
		return rc ?: -EINVAL;
	}
	*(unsigned int *)kp->arg = bytes;
	return 0;
}

static const struct kernel_param_ops test_bytes_ops = {
	.set = test_bytes_set,
	.get = param_get_uint,
};
module_param_cb(test_bytes, &test_bytes_ops, &test_bytes, 0644);
MODULE_PARM_DESC(test_bytes,
		 "bytes at both ends of the memory to overwrite and read back (at most 1 MiB; default 0)");

static u64 pattern(u64 hpa)
{
	return hpa ^ 0xa55a5aa5c33c3cc3ULL;
}

static int test_part(struct sample *s, u64 offset, size_t bytes)
{
	struct sample_cxl *cxl = s->cxl;
	u64 *mem = cxl->mem + offset;
	u64 hpa = cxl->hpa.start + offset;
	size_t i, n = bytes / sizeof(*mem);

	for (i = 0; i < n; i++)
		WRITE_ONCE(mem[i], pattern(hpa + i * sizeof(*mem)));
	mb();	/* the memory is mapped write-combining */
	for (i = 0; i < n; i++) {
		if (READ_ONCE(mem[i]) == pattern(hpa + i * sizeof(*mem)))
			continue;
		pci_err(s->pdev, "HPA %#llx does not hold what was written to it\n",
			hpa + i * sizeof(*mem));
		return -EIO;
	}
	return 0;
}

static int test_memory(struct sample *s)
{
	u64 size = range_len(&s->cxl->hpa);
	size_t bytes = min_t(u64, READ_ONCE(test_bytes), size / 2);
	int rc;

	rc = test_part(s, 0, bytes);
	if (rc)
		return rc;
	return test_part(s, size - bytes, bytes);
}

/*
 * Memory_Info_Valid is set within a second of the reset; Memory_Active within the time that the
 * device names beside it (CXL 3.1 section 8.1.3.8), up to minutes.
 */
#define INFO_VALID_SECONDS	1
#define MEM_ACTIVE_TIMEOUT	GENMASK(15, 13)

static const unsigned int mem_active_seconds[] = { 1, 4, 16, 64, 256 };

/*
 * Wait for a bit of Range 1's size register; a device that does not answer is not waited for. At
 * boot, whoever waits for this driver waits with it: one whose device takes minutes had better say
 * PROBE_PREFER_ASYNCHRONOUS in its struct device_driver.
 */
static int sample_wait(struct pci_dev *pdev, u16 dvsec, u32 bit, unsigned int seconds, u32 *low)
{
	int timeout, rc;

	timeout = read_poll_timeout(pci_read_config_dword, rc,
				    rc || PCI_POSSIBLE_ERROR(*low) || (*low & bit),
				    10 * USEC_PER_MSEC, seconds * USEC_PER_SEC, false,
				    pdev, dvsec + PCI_DVSEC_CXL_RANGE_SIZE_LOW(0), low);
	return rc || PCI_POSSIBLE_ERROR(*low) ? -EIO : timeout;
}

/*
 * How much memory is there, and is it ready? A vendor knows what his device has; this driver asks
 * Range 1 of the PCIe DVSEC for CXL Devices, in units of 256 MiB.
 */
static int sample_capacity(struct pci_dev *pdev, u16 dvsec, u64 *capacity)
{
	unsigned int seconds;
	u32 high, low;
	int rc;

	rc = sample_wait(pdev, dvsec, PCI_DVSEC_CXL_MEM_INFO_VALID, INFO_VALID_SECONDS, &low);
	if (rc) {
		pci_err(pdev, "the CXL DVSEC does not say how much memory there is\n");
		return rc;
	}

	/* Of the values that are reserved, none is said to be shorter than the longest. */
	seconds = mem_active_seconds[min_t(u32, FIELD_GET(MEM_ACTIVE_TIMEOUT, low),
					   ARRAY_SIZE(mem_active_seconds) - 1)];
	rc = sample_wait(pdev, dvsec, PCI_DVSEC_CXL_MEM_ACTIVE, seconds, &low);
	if (rc) {
		pci_err(pdev, "the memory is not active after %u s\n", seconds);
		return rc;
	}

	if (pci_read_config_dword(pdev, dvsec + PCI_DVSEC_CXL_RANGE_SIZE_HIGH(0), &high))
		return -EIO;
	*capacity = (u64)high << 32 | (low & PCI_DVSEC_CXL_MEM_SIZE_LOW);
	return *capacity ? 0 : -ENODEV;
}

static int sample_hear_of_loss(struct sample_cxl *cxl);
static int sample_attach_how(struct sample_cxl *cxl);

/* Or PCI-only operation? */
static bool sample_has_memory(const struct sample *s)
{
	return !IS_ERR_OR_NULL(s->cxl) && s->cxl->mem;
}

/*
 * From the PCI function to a device state that is ready to be attached. All that is allocated on
 * the way is devm memory of the PCI device, so there is nothing to undo when a step fails.
 */
static struct sample_cxl *sample_cxl_create(struct pci_dev *pdev)
{
	struct sample_cxl *cxl;
	u64 capacity;
	u16 dvsec;
	int rc;

	/* A slot or a cable without CXL: the same device, on plain PCIe. */
	if (!pcie_is_cxl(pdev))
		return ERR_PTR(-ENODEV);

	dvsec = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL, PCI_DVSEC_CXL_DEVICE);
	if (!dvsec)
		return ERR_PTR(-ENODEV);

	rc = sample_capacity(pdev, dvsec, &capacity);
	if (rc)
		return ERR_PTR(rc);

	cxl = devm_cxl_dev_state_create(&pdev->dev, CXL_DEVTYPE_DEVMEM, pci_get_dsn(pdev), dvsec,
					struct sample_cxl, cxlds, false);
	if (!cxl)
		return ERR_PTR(-ENOMEM);

	rc = cxl_pci_setup_regs(pdev, CXL_REGLOC_RBI_COMPONENT, &cxl->cxlds.reg_map);
	if (rc)
		return ERR_PTR(rc);
	if (!cxl->cxlds.reg_map.component_map.hdm_decoder.valid)
		return ERR_PTR(-ENODEV);

	cxl->cxlds.media_ready = true;
	rc = cxl_set_capacity(&cxl->cxlds, capacity) ?: sample_hear_of_loss(cxl) ?:
	     sample_attach_how(cxl);
	return rc ? ERR_PTR(rc) : cxl;
}

/*
 * A device that keeps its memory coherent with the processors' caches (HDM-D, HDM-DB) is mapped
 * MEMREMAP_WB. Write-combining goes past the caches, as a test must: what is read back comes from
 * the device, whatever that is. Each byte of the memory is mapped in one way only.
 */
static int sample_map(struct sample *s)
{
	struct sample_cxl *cxl = s->cxl;
	void *mem = devm_memremap(&s->pdev->dev, cxl->hpa.start, range_len(&cxl->hpa),
				  MEMREMAP_WC);

	if (IS_ERR(mem))
		return PTR_ERR(mem);
	cxl->mem = mem;
	return 0;
}

/* From the device state to a range of memory. */
static int sample_attach(struct sample *s)
{
	struct sample_cxl *cxl = s->cxl;

	cxl->cxlmd = devm_cxl_probe_mem(&cxl->cxlds, &cxl->hpa);
	return PTR_ERR_OR_ZERO(cxl->cxlmd);
}

static void sample_unmap(struct sample *s)
{
	if (s->cxl->mem)
		devm_memunmap(&s->pdev->dev, s->cxl->mem);
	s->cxl->mem = NULL;
}

/* From the range to memory that is used. */
static int sample_use(struct sample *s)
{
	int rc = sample_map(s);

	if (rc)
		return rc;
	rc = test_memory(s);
	if (rc) {
		sample_unmap(s);
		return rc;
	}
	pci_info(s->pdev, "CXL memory at HPA %#llx-%#llx\n", s->cxl->hpa.start, s->cxl->hpa.end);
	return 0;
}

static int sample_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct sample *s;
	int rc;

	s = devm_kzalloc(&pdev->dev, sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	s->pdev = pdev;
	pci_set_drvdata(pdev, s);

	rc = pcim_enable_device(pdev);
	if (rc)
		return rc;
	pci_set_master(pdev);

	s->cxl = sample_cxl_create(pdev);
	rc = IS_ERR(s->cxl) ? PTR_ERR(s->cxl) : sample_attach(s);
	/* The CXL host is there but not ready: give the core a chance to call again. */
	if (rc == -EPROBE_DEFER)
		return rc;
	if (rc) {
		s->error = rc;
		pci_info(pdev, "no CXL memory (%d), PCI-only operation\n", s->error);
		return 0;
	}

	/* From here on a failure is the device's own, and fatal: returning it detaches. */
	return sample_use(s);
}

/*
 * There is no remove(): the core takes back all of the above, last things first, the mapping
 * before the memdev, and the memdev before pcim_enable_device(): cxl_core needs the component
 * registers until then, so nobody puts the function into D3hot or resets it before.
 *
 * A driver that has engines lets them go on until its remove() stops them, and hands out mappings
 * that its remove() zaps first, by unmap_mapping_range(). Nothing of it may rely on what it reads,
 * and remove() itself does not touch the memory: the device may have been pulled. Nobody does from
 * reset_prepare() or error_detected() until the reset is over. Here nothing of that is needed: the
 * attributes below do not look into the memory, and no user can map it. See cxl-accel(7), and
 * tests/drivers/chardev for a driver that does all of it.
 */

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct sample *s = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", sample_has_memory(s) ? "cxl" : "pci-only");
}
static DEVICE_ATTR_RO(state);

static ssize_t error_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct sample *s = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%d\n", s->error);
}
static DEVICE_ATTR_RO(error);

static ssize_t hpa_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct sample *s = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%#llx\n", s->cxl->hpa.start);
}
static DEVICE_ATTR_ADMIN_RO(hpa);

static ssize_t size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct sample *s = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%llu\n", range_len(&s->cxl->hpa));
}
static DEVICE_ATTR_RO(size);

static struct attribute *sample_attrs[] = {
	&dev_attr_state.attr,
	&dev_attr_error.attr,
	&dev_attr_hpa.attr,
	&dev_attr_size.attr,
	NULL
};

static umode_t sample_attr_visible(struct kobject *kobj, struct attribute *attr, int n)
{
	struct sample *s = dev_get_drvdata(kobj_to_dev(kobj));

	if (!sample_has_memory(s) && (attr == &dev_attr_hpa.attr || attr == &dev_attr_size.attr))
		return 0;
	return attr->mode;
}

static const struct attribute_group sample_group = {
	.name = "cxl_state",
	.attrs = sample_attrs,
	.is_visible = sample_attr_visible,
};

/* The driver core adds them after a successful probe(), and takes them away before remove(). */
static const struct attribute_group *sample_groups[] = {
	&sample_group,
	NULL
};

/*
 * What goes beyond Linux 7.3: a driver whose memory is lost is unbound, unless it asks to be told.
 * This one asks, if it is wanted to. Both functions are called under the device lock.
 */
#ifdef CXL_ACCEL_BUNDLE
#include <cxl-accel/loss.h>

static bool stay;
module_param(stay, bool, 0444);
MODULE_PARM_DESC(stay, "stay bound when the memory is lost, and go on by PCI (default: 0)");

static void sample_show_again(struct sample *s)
{
	if (sysfs_update_group(&s->pdev->dev.kobj, &sample_group))
		pci_warn(s->pdev, "what sysfs shows is out of date\n");
}

static int sample_lost(struct cxl_dev_state *cxlds)
{
	struct sample *s = dev_get_drvdata(cxlds->dev);

	sample_unmap(s);
	s->error = -ENXIO;
	sample_show_again(s);
	pci_info(s->pdev, "CXL memory is lost, PCI-only operation\n");
	return 0;
}

/* What is bound already cannot be deferred: whatever the error, it goes on as it is. */
static void sample_cxl_is_back(struct cxl_dev_state *cxlds)
{
	struct sample *s = dev_get_drvdata(cxlds->dev);

	s->error = sample_attach(s) ?: sample_use(s);
	if (s->error)
		pci_info(s->pdev, "no CXL memory (%d), PCI-only operation\n", s->error);
	sample_show_again(s);
}

static const struct cxl_accel_loss_ops sample_loss_ops = {
	.detach = sample_lost,
	.attach = sample_cxl_is_back,
};

/* Likewise: it needs nothing of the memdev, so that need not have a driver. */
#include <cxl-accel/direct.h>

static bool direct;
module_param(direct, bool, 0444);
MODULE_PARM_DESC(direct, "attach without a driver on the memdev (default: 0)");

static int sample_attach_how(struct sample_cxl *cxl)
{
	return direct ? cxl_accel_want_direct(&cxl->cxlds) : 0;
}

static int sample_hear_of_loss(struct sample_cxl *cxl)
{
	return stay ? cxl_accel_set_loss_ops(&cxl->cxlds, &sample_loss_ops) : 0;
}
#else
static int sample_hear_of_loss(struct sample_cxl *cxl)
{
	return 0;
}

static int sample_attach_how(struct sample_cxl *cxl)
{
	return 0;
}
#endif

/*
 * The Type-2 device of this bundle's test guest. For another device at run time:
 *	echo VENDOR DEVICE > /sys/bus/pci/drivers/cxl_accel_sample/new_id
 */
static const struct pci_device_id sample_ids[] = {
	{ PCI_DEVICE(0xacce, 0x0002) },
	{ }
};
MODULE_DEVICE_TABLE(pci, sample_ids);

static struct pci_driver sample_driver = {
	.name = "cxl_accel_sample",
	.id_table = sample_ids,
	.probe = sample_probe,
	.dev_groups = sample_groups,
};
module_pci_driver(sample_driver);

MODULE_DESCRIPTION("Sample driver of a CXL Type-2 device");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("CXL");
