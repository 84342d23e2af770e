// SPDX-License-Identifier: GPL-2.0-only
/*
 * CXL reset of an accelerator, on request of user space: the file cxl_reset of its PCI function.
 *
 * Owns: the file, which lasts as long as the function's record (status.c). Talks to: the DVSEC of
 * the function; err_handler.c, which tells the driver and restores decoders. Locks: takes the
 * device lock of the PCI function, for all of the reset, and keeps user space out of its config
 * space, as the PCI core's own resets do.
 *
 * Linux's resets of a function reset its CXL.io part; memory and cache of it are for a reset of
 * their own (CXL 3.1 section 9.7), which for the function itself is a function level reset, too.
 * The memory's contents are not cleared, and are not promised to survive: that is the device's.
 *
 * Neither the processors nor the device may have lines of the memory in their caches when it goes:
 * both write back before. Where the processors cannot be made to (below a hypervisor, on arm64)
 * there is no reset.
 */
#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/kernfs.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>

#include "accel.h"
#include "decoder_regs.h"

/* CXL 3.1 section 8.1.3: PCIe DVSEC for CXL Devices */
#define CAP_CACHE		BIT(0)
#define CAP_WRITE_BACK		BIT(6)
#define CAP_RESET		BIT(7)
#define CAP_RESET_TIMEOUT	GENMASK(10, 8)
#define CTRL2_DISABLE_CACHING	BIT(0)
#define CTRL2_WRITE_BACK	BIT(1)
#define CTRL2_RESET		BIT(2)
#define CTRL2_CLEAR_MEM		BIT(3)
#define DVSEC_STATUS2		0x12
#define   STATUS2_INVALID	BIT(0)
#define   STATUS2_RESET_DONE	BIT(1)
#define   STATUS2_RESET_ERROR	BIT(2)

/* CXL 3.1 section 8.1.4: which functions of the device have no part in CXL.cache and CXL.mem */
#define NON_CXL_MAP_DVSEC	2
#define NON_CXL_MAP(n)		(0x0c + 4 * (n))

/* CXL 3.1 section 9.7: the device is not to be asked for this long, and caches have as long. */
#define SETTLE_MS		100
#define WRITE_BACK_MS		100
#define POLL_MS			10

/**
 * struct cxl_reset - a reset under way
 * @pdev: the PCI function; its device lock is held
 * @dvsec: where the DVSEC for CXL Devices is in config space
 * @cap: its capability register
 */
struct cxl_reset {
	struct pci_dev *pdev;
	u16 dvsec;
	u16 cap;
};

/* False for a device that does not answer, too. */
static bool cxl_accel_cxl_reset_find(struct pci_dev *pdev, struct cxl_reset *reset)
{
	*reset = (struct cxl_reset) {
		.pdev = pdev,
		.dvsec = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL, CXL_DEVICE_DVSEC),
	};
	return reset->dvsec &&
	       !pci_read_config_word(pdev, reset->dvsec + CXL_DEVICE_CAP, &reset->cap) &&
	       !PCI_POSSIBLE_ERROR(reset->cap) && reset->cap & CAP_RESET;
}

/* Not pci_get_slot(): AER has the lock that it takes while it waits for device locks. */
static struct pci_dev *cxl_accel_function_of(struct pci_dev *pdev, unsigned int devfn)
{
	return pci_get_domain_bus_and_slot(pci_domain_nr(pdev->bus), pdev->bus->number, devfn);
}

/* What cannot be read is held to be a CXL function. */
static bool cxl_accel_is_non_cxl_function(struct pci_dev *pdev, unsigned int devfn)
{
	bool ari = pci_ari_enabled(pdev->bus);
	unsigned int n = ari ? devfn / 32 : PCI_FUNC(devfn);
	unsigned int bit = ari ? devfn % 32 : PCI_SLOT(devfn);
	struct pci_dev *first = cxl_accel_function_of(pdev, 0);
	u16 dvsec = 0;
	u32 map = 0;

	if (first)
		dvsec = pci_find_dvsec_capability(first, PCI_VENDOR_ID_CXL, NON_CXL_MAP_DVSEC);
	if (dvsec && pci_read_config_dword(first, dvsec + NON_CXL_MAP(n), &map))
		map = 0;
	pci_dev_put(first);
	return !PCI_POSSIBLE_ERROR(map) && map & BIT(bit);
}

/* Another function would be reset with this one, and its driver would not know. */
static bool cxl_accel_resets_sibling(struct pci_dev *pdev)
{
	struct pci_dev *sibling;
	unsigned int devfn;

	if (!pdev->multifunction)
		return false;
	for (devfn = 0; devfn < 256; devfn++) {
		if (devfn == pdev->devfn)
			continue;
		sibling = cxl_accel_function_of(pdev, devfn);
		pci_dev_put(sibling);
		if (sibling && !cxl_accel_is_non_cxl_function(pdev, devfn))
			return true;
	}
	return false;
}

/* What is against it; NULL if nothing is. */
static const char *cxl_accel_cxl_reset_obstacle(struct pci_dev *pdev)
{
	if (!cxl_accel_core_can_flush_caches())
		return "the processors' caches cannot be flushed here";
	if (cxl_accel_resets_sibling(pdev))
		return "another function of the device would be reset with it";
	return NULL;
}

static int cxl_accel_cxl_reset_read(const struct cxl_reset *reset, int at, u16 *value)
{
	if (pci_read_config_word(reset->pdev, reset->dvsec + at, value) ||
	    PCI_POSSIBLE_ERROR(*value))
		return -ENODEV;
	return 0;
}

/* Sets bits of CXL Control 2; those that start something read as 0. */
static int cxl_accel_cxl_reset_control(const struct cxl_reset *reset, u16 clear, u16 set)
{
	u16 ctrl2;

	if (cxl_accel_cxl_reset_read(reset, DVSEC_CTRL2, &ctrl2))
		return -ENODEV;
	ctrl2 &= ~(clear | DVSEC_CTRL2_START);
	return pci_write_config_word(reset->pdev, reset->dvsec + DVSEC_CTRL2, ctrl2 | set) ?
		-ENODEV : 0;
}

/* Returns -ETIMEDOUT if none of the bits is set within so many milliseconds. */
static int cxl_accel_cxl_reset_wait(const struct cxl_reset *reset, u16 bits, int left, u16 *status)
{
	for (;;) {
		/* One that is being reset need not answer. */
		if (!cxl_accel_cxl_reset_read(reset, DVSEC_STATUS2, status) && *status & bits)
			return 0;
		if (left <= 0)
			return -ETIMEDOUT;
		msleep(POLL_MS);
		left -= POLL_MS;
	}
}

/* The device caches nothing any more, as far as it lets itself be told. */
static int cxl_accel_cxl_reset_disable_cache(const struct cxl_reset *reset)
{
	u16 status;
	int rc;

	if (!(reset->cap & CAP_CACHE))
		return 0;
	rc = cxl_accel_cxl_reset_control(reset, 0, CTRL2_DISABLE_CACHING);
	if (rc || !(reset->cap & CAP_WRITE_BACK))
		return rc;
	rc = cxl_accel_cxl_reset_control(reset, 0, CTRL2_WRITE_BACK);
	return rc ?: cxl_accel_cxl_reset_wait(reset, STATUS2_INVALID, WRITE_BACK_MS, &status);
}

/* Encoded: 10 ms, 100 ms, ... 100 s. What is reserved is taken for the longest. */
static int cxl_accel_cxl_reset_timeout_ms(const struct cxl_reset *reset)
{
	int code = min_t(int, FIELD_GET(CAP_RESET_TIMEOUT, reset->cap), 4), ms = 10;

	while (code--)
		ms *= 10;
	return ms;
}

static int cxl_accel_cxl_reset_initiate(const struct cxl_reset *reset)
{
	u16 status;
	int rc;

	rc = cxl_accel_cxl_reset_control(reset, CTRL2_CLEAR_MEM, CTRL2_RESET);
	if (rc)
		return rc;
	msleep(SETTLE_MS);
	rc = cxl_accel_cxl_reset_wait(reset, STATUS2_RESET_DONE | STATUS2_RESET_ERROR,
				      cxl_accel_cxl_reset_timeout_ms(reset), &status);
	if (rc)
		return rc;
	return status & STATUS2_RESET_ERROR ? -EIO : 0;
}

/* @begun is set from where on the device has been reset, or may have been. */
static int cxl_accel_cxl_reset_device(const struct cxl_reset *reset, const struct range *range,
				      bool *begun)
{
	int rc;

	/* A driver that claims its memory gives it up in reset_prepare(). */
	if (cxl_accel_hpa_in_use(range))
		return -EBUSY;
	rc = cxl_accel_cxl_reset_disable_cache(reset);
	if (rc)
		return rc;
	rc = cxl_accel_core_flush_caches(range);
	if (rc)
		return rc;

	pci_save_state(reset->pdev);
	pci_write_config_word(reset->pdev, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE);
	pci_wait_for_pending_transaction(reset->pdev);
	*begun = true;
	rc = cxl_accel_cxl_reset_initiate(reset);
	pci_restore_state(reset->pdev);
	return cxl_accel_core_flush_caches(range) ?: rc;
}

static int cxl_accel_cxl_reset(struct pci_dev *pdev, struct cxl_accel *accel,
			       unsigned int attach_nr)
{
	const char *obstacle = cxl_accel_cxl_reset_obstacle(pdev);
	struct cxl_reset reset;
	bool begun = false;
	int rc;

	if (obstacle || !cxl_accel_cxl_reset_find(pdev, &reset)) {
		pci_err(pdev, "no CXL reset: %s\n",
			obstacle ?: "the device does not offer it any more");
		return -EOPNOTSUPP;
	}
	pci_cfg_access_lock(pdev);
	cxl_accel_reset_prepare(pdev);
	rc = cxl_accel_cxl_reset_device(&reset, &accel->range, &begun);
	cxl_accel_reset_done(pdev);
	pci_cfg_access_unlock(pdev);

	if (rc)
		pci_err(pdev, "CXL reset %s: error %pe\n", begun ? "failed" : "not begun",
			ERR_PTR(rc));
	if (rc && begun)
		cxl_accel_detach_unexpected(accel, attach_nr);
	return rc;
}

static ssize_t cxl_accel_cxl_reset_store(struct device *dev, struct device_attribute *attr,
					 const char *buf, size_t count)
{
	struct cxl_accel *accel;
	unsigned int attach_nr;
	bool reset;
	int rc;

	if (kstrtobool(buf, &reset) || !reset)
		return -EINVAL;
	rc = device_lock_interruptible(dev);
	if (rc)
		return rc;
	accel = cxl_accel_get_by_device(dev, &attach_nr);
	rc = -ENODEV;
	if (accel) {
		pm_runtime_get_sync(dev);
		rc = cxl_accel_cxl_reset(to_pci_dev(dev), accel, attach_nr);
		pm_runtime_put(dev);
		cxl_accel_put(accel);
	}
	device_unlock(dev);
	return rc ?: count;
}

static struct device_attribute cxl_accel_cxl_reset_attr =
	__ATTR(cxl_reset, 0200, NULL, cxl_accel_cxl_reset_store);

static struct attribute *cxl_accel_cxl_reset_attrs[] = {
	&cxl_accel_cxl_reset_attr.attr,
	NULL
};

/* Only where the device offers it; and not where the kernel has such a file itself. */
static umode_t cxl_accel_cxl_reset_is_visible(struct kobject *kobj, struct attribute *attr, int n)
{
	struct kernfs_node *own = sysfs_get_dirent(kobj->sd, attr->name);
	struct cxl_reset reset;

	if (own) {
		sysfs_put(own);
		return 0;
	}
	return cxl_accel_cxl_reset_find(to_pci_dev(kobj_to_dev(kobj)), &reset) ? attr->mode : 0;
}

const struct attribute_group cxl_accel_cxl_reset_group = {
	.attrs = cxl_accel_cxl_reset_attrs,
	.is_visible = cxl_accel_cxl_reset_is_visible,
};
