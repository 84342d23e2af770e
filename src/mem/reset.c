// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reset does not leave an accelerator's driver with memory that decodes nothing.
 *
 * Owns: for each accelerator what it was last seen to decode, until the PCI function or this module
 * goes. Talks to: err_handler.c, which hears of resets; restore.c, which writes decoders back;
 * reset_switch.c, which sees to the switches above; detach.c, where that cannot be done. Locks:
 * called with the PCI function's device lock, which protects what is remembered of it;
 * cxl_accel_reset_lock, innermost, protects the list.
 *
 * A reset of the bus clears HDM decoders and the DVSEC's enables (CXL 3.1 section 9.6), and neither
 * the PCI core nor cxl_core notices: the region goes on being committed. While a driver is attached
 * they are restored before it hears that the reset is over; if that is impossible it is released.
 * While none is (vfio-pci has had the device, say), that is made up for by the next attach, if the
 * range is still the device's own.
 */
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "accel.h"
#include "decoder_regs.h"

/**
 * struct remembered - what a device decodes, or decoded before a reset
 * @node: in the list of all
 * @pdev: the PCI function; a reference is held
 * @detached: while no driver was attached: what firmware has committed, and nobody takes back
 * @attached: while one is attached
 * @owed: a reset has taken it, and it could not be restored
 */
struct remembered {
	struct list_head node;
	struct pci_dev *pdev;
	struct cxl_accel_decoders detached;
	struct cxl_accel_decoders attached;
	bool owed;
};

static DEFINE_MUTEX(cxl_accel_reset_lock);
static LIST_HEAD(cxl_accel_remembered);

static struct remembered *cxl_accel_remembered_find(struct pci_dev *pdev)
{
	struct remembered *r;

	guard(mutex)(&cxl_accel_reset_lock);
	list_for_each_entry(r, &cxl_accel_remembered, node)
		if (r->pdev == pdev)
			return r;
	return NULL;
}

static struct remembered *cxl_accel_remembered_add(struct pci_dev *pdev)
{
	struct remembered *r = cxl_accel_remembered_find(pdev);

	if (r)
		return r;
	r = kzalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return NULL;
	r->pdev = pci_dev_get(pdev);
	guard(mutex)(&cxl_accel_reset_lock);
	list_add_tail(&r->node, &cxl_accel_remembered);
	return r;
}

/* It has been reset meanwhile, or somebody has turned decoders off. */
static bool cxl_accel_decodes_less(const struct cxl_accel_decoders *now,
				   const struct cxl_accel_decoders *before)
{
	if (before->nr)
		return now->nr < before->nr;
	return before->dvsec_ctrl & ~now->dvsec_ctrl & DVSEC_CTRL_MEM;
}

/**
 * cxl_accel_is_attached() - has a device memory that a driver is attached to?
 * @pdev: the PCI function; its device lock is held
 *
 * Return: whether it has.
 */
bool cxl_accel_is_attached(struct pci_dev *pdev)
{
	unsigned int attach_nr;
	struct cxl_accel *accel = cxl_accel_get_by_device(&pdev->dev, &attach_nr);

	if (accel)
		cxl_accel_put(accel);
	return accel;
}

/**
 * cxl_accel_reset_remember() - this is what a device decodes
 * @pdev: the PCI function; its device lock is held
 * @now: its registers
 *
 * One that decodes less than before has been reset: what is remembered of it stays. What is added
 * while a driver is attached may go with it.
 */
void cxl_accel_reset_remember(struct pci_dev *pdev, const struct cxl_accel_decoders *now)
{
	struct remembered *r;

	if (cxl_accel_is_attached(pdev))
		return;
	r = cxl_accel_remembered_add(pdev);
	if (r && !r->owed && !cxl_accel_decodes_less(now, &r->detached))
		r->detached = *now;
}

static void cxl_accel_reset_remember_attached(struct pci_dev *pdev, bool anew)
{
	struct cxl_accel_decoders *now = kzalloc(sizeof(*now), GFP_KERNEL);
	struct remembered *r = cxl_accel_remembered_add(pdev);

	cxl_accel_switches_remember(pdev);
	if (r && anew)
		r->attached = r->detached;
	if (r && now) {
		cxl_accel_decoders_read(pdev, now);
		if (!cxl_accel_decodes_less(now, &r->attached))
			r->attached = *now;
	}
	kfree(now);
}

/**
 * cxl_accel_reset_attached() - a device has been attached
 * @pdev: the PCI function; its device lock is held
 *
 * Without memory, what it decoded before that is made do with.
 */
void cxl_accel_reset_attached(struct pci_dev *pdev)
{
	cxl_accel_ras_unmask(pdev);
	cxl_accel_reset_remember_attached(pdev, true);
}

/**
 * cxl_accel_reset_begins() - a device is about to be reset
 * @pdev: the PCI function; its device lock is held
 *
 * Of one that does not answer any more, what it decoded before is made do with.
 */
void cxl_accel_reset_begins(struct pci_dev *pdev)
{
	if (cxl_accel_is_attached(pdev))
		cxl_accel_reset_remember_attached(pdev, false);
}

static int cxl_accel_reset_restore(struct remembered *r, const struct cxl_accel_decoders *before)
{
	int rc = cxl_accel_switches_restore(r->pdev) ?:
		 cxl_accel_decoders_restore(r->pdev, before);

	r->owed = rc < 0;
	if (rc > 0)
		pci_info(r->pdev, "CXL decoders restored after a reset\n");
	return rc;
}

/**
 * cxl_accel_reset_ends() - a device has been reset
 * @pdev: the PCI function; its device lock is held
 *
 * If it is attached it decodes again what it did before, or its driver will be released.
 *
 * Context: may sleep.
 */
void cxl_accel_reset_ends(struct pci_dev *pdev)
{
	unsigned int attach_nr;
	struct cxl_accel *accel = cxl_accel_get_by_device(&pdev->dev, &attach_nr);
	struct remembered *r = cxl_accel_remembered_find(pdev);
	int rc;

	if (!accel)
		return;
	rc = r ? cxl_accel_reset_restore(r, &r->attached) : -ENODATA;
	cxl_accel_ras_unmask(pdev);
	if (rc < 0) {
		pci_err(pdev, "error %pe: CXL decoders not restored after a reset\n", ERR_PTR(rc));
		accel->suspect = true;
		cxl_accel_detach_unexpected(accel, attach_nr);
	}
	cxl_accel_put(accel);
}

/**
 * cxl_accel_recovery_begins() - AER is about to reset the bus above a device, or its memory is bad
 * @pdev: the PCI function; its device lock is held
 *
 * Its registers cannot be read any more. Until the end the memory is suspect. If nothing is heard
 * of the end of the recovery, because the driver of another device on the bus has given that up,
 * the driver will be released: the PCI core does not tell of it.
 *
 * Return: whether the device is attached.
 */
bool cxl_accel_recovery_begins(struct pci_dev *pdev)
{
	unsigned int attach_nr;
	struct cxl_accel *accel = cxl_accel_get_by_device(&pdev->dev, &attach_nr);

	if (!accel)
		return false;
	cxl_accel_detach_unless_recovered(accel);
	cxl_accel_put(accel);
	return true;
}

/* What the error was outlasts a reset. */
static void cxl_accel_recovery_restore(struct pci_dev *pdev)
{
	cxl_accel_bars_restore(pdev);
	cxl_accel_ras_report(pdev);
	cxl_accel_reset_ends(pdev);
}

/**
 * cxl_accel_recovery_goes_on() - a device answers again, but may be reset once more, or only now
 * @pdev: the PCI function; its device lock is held
 *
 * Context: may sleep.
 */
void cxl_accel_recovery_goes_on(struct pci_dev *pdev)
{
	unsigned int attach_nr;
	struct cxl_accel *accel = cxl_accel_get_by_device(&pdev->dev, &attach_nr);

	if (!accel)
		return;
	if (accel->recovering)
		cxl_accel_recovery_restore(pdev);
	cxl_accel_put(accel);
}

/**
 * cxl_accel_recovery_ends() - a device answers again, and will not be reset any more
 * @pdev: the PCI function; its device lock is held
 * @driver_recovers: the driver has an error_detected(); if not it is released
 *
 * The driver is yet to restore config space, so that registers are where they were only after the
 * BARs have been restored here.
 *
 * Context: may sleep.
 */
void cxl_accel_recovery_ends(struct pci_dev *pdev, bool driver_recovers)
{
	unsigned int attach_nr;
	struct cxl_accel *accel = cxl_accel_get_by_device(&pdev->dev, &attach_nr);

	if (!accel)
		return;
	if (cxl_accel_detach_recovered(accel)) {
		cxl_accel_recovery_restore(pdev);
		if (!driver_recovers) {
			pci_err(pdev, "reset by AER, and the driver has no error_detected()\n");
			cxl_accel_detach_unexpected(accel, attach_nr);
		}
	}
	cxl_accel_put(accel);
}

/**
 * cxl_accel_recovery_failed() - a device's driver has given it up
 * @pdev: the PCI function; its device lock is held
 */
void cxl_accel_recovery_failed(struct pci_dev *pdev)
{
	unsigned int attach_nr;
	struct cxl_accel *accel = cxl_accel_get_by_device(&pdev->dev, &attach_nr);

	if (!accel)
		return;
	cxl_accel_detach_recovered(accel);
	pci_err(pdev, "not recovered by AER: the driver has given the device up\n");
	cxl_accel_detach_unexpected(accel, attach_nr);
	cxl_accel_put(accel);
}

/**
 * cxl_accel_recovery_resumed() - a device's driver goes on with it
 * @pdev: the PCI function; its device lock is held
 *
 * It may have restored config space as it was before the attach, masks of errors with it.
 */
void cxl_accel_recovery_resumed(struct pci_dev *pdev)
{
	unsigned int attach_nr;
	struct cxl_accel *accel = cxl_accel_get_by_device(&pdev->dev, &attach_nr);

	if (!accel)
		return;
	accel->suspect = false;
	cxl_accel_ras_unmask(pdev);
	cxl_accel_put(accel);
}

/**
 * cxl_accel_is_suspect() - has the memory of a device suffered from an error?
 * @dev: the PCI function, in one of its driver's error handlers: its device lock is held
 *
 * Return: true from error_detected() to resume(), both included, if the bus above is about to be
 * reset, or an uncorrectable error of CXL.cache or CXL.mem was latched; in reset_done() if what it
 * decodes could not be restored; and if it is not attached.
 */
bool cxl_accel_is_suspect(struct device *dev)
{
	unsigned int attach_nr;
	struct cxl_accel *accel = cxl_accel_get_by_device(dev, &attach_nr);
	bool suspect = !accel || accel->suspect;

	if (accel)
		cxl_accel_put(accel);
	return suspect;
}

/* The range may have become somebody else's where nothing kept it. */
static bool cxl_accel_range_is_lost(struct pci_dev *pdev, const struct range *range)
{
	struct resource *window;
	struct device *host;
	bool inside;

	host = cxl_accel_host_lock();
	if (!host)
		return true;
	inside = cxl_accel_core_find_window(range, &window);
	cxl_accel_host_unlock(host);
	return inside && !cxl_accel_reserve_covers(pdev, range);
}

static bool cxl_accel_ranges_are_lost(struct pci_dev *pdev, const struct cxl_accel_decoders *d)
{
	struct range *ranges = kcalloc(MAX_COMMITTED, sizeof(*ranges), GFP_KERNEL);
	bool lost = !ranges;
	int i, nr = ranges ? cxl_accel_decoders_ranges(d, ranges) : 0;

	for (i = 0; i < nr && !lost; i++)
		lost = cxl_accel_range_is_lost(pdev, &ranges[i]);
	kfree(ranges);
	return lost;
}

/* A reset clears Mem_Enable, too: where that is set, somebody has changed what is decoded. */
static bool cxl_accel_was_reset(const struct cxl_accel_decoders *now,
				const struct cxl_accel_decoders *before)
{
	return now->dvsec && !(now->dvsec_ctrl & DVSEC_CTRL_MEM) &&
	       cxl_accel_decodes_less(now, before);
}

/**
 * cxl_accel_reset_while_detached() - a device is about to be attached: has it been reset before?
 * @pdev: the PCI function; its device lock is held, that of the CXL root is taken
 *
 * If so, it decodes again what it did before, if that is possible. If not, the attach finds out.
 *
 * Context: may sleep.
 */
void cxl_accel_reset_while_detached(struct pci_dev *pdev)
{
	struct remembered *r = cxl_accel_remembered_find(pdev);
	struct cxl_accel_decoders *now;
	int rc;

	if (!r)
		return;
	now = kzalloc(sizeof(*now), GFP_KERNEL);
	if (!now)
		return;
	cxl_accel_switches_restore(pdev);
	cxl_accel_decoders_read(pdev, now);
	if (r->owed || cxl_accel_was_reset(now, &r->detached)) {
		rc = cxl_accel_ranges_are_lost(pdev, &r->detached) ? -EBUSY :
			cxl_accel_reset_restore(r, &r->detached);
		if (rc < 0)
			pci_err(pdev, "error %pe: CXL decoders not restored after a reset\n",
				ERR_PTR(rc));
	}
	kfree(now);
}

/**
 * cxl_accel_reset_forget() - forget devices
 * @gone: which ones, of which no driver can be bound any more; NULL for all
 */
void cxl_accel_reset_forget(bool (*gone)(struct pci_dev *pdev))
{
	struct remembered *r, *next;

	cxl_accel_switches_forget(gone);
	guard(mutex)(&cxl_accel_reset_lock);
	list_for_each_entry_safe(r, next, &cxl_accel_remembered, node) {
		if (gone && !gone(r->pdev))
			continue;
		list_del(&r->node);
		pci_dev_put(r->pdev);
		kfree(r);
	}
}
