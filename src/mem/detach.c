// SPDX-License-Identifier: GPL-2.0-only
/*
 * When an accelerator's memory goes, its driver is released, or told: once, and that binding only.
 *
 * Owns: the workqueue on which drivers are released. Talks to: the driver core; cxl_core, which
 * schedules a memdev's detach_work whenever its endpoint goes. Locks: takes the device lock of the
 * PCI function; no caller may hold it or wait for it.
 *
 * Two things lead here. cxl_core tells that the endpoint went: because of the memdev, a port, the
 * whole hierarchy, or because the driver itself is going, which is the most frequent case. The
 * region driver tells that the region went. Neither may release the driver there and then, holding
 * the locks it does, so one work item per binding does it.
 *
 * By the time it runs, the binding that it was queued for may be over and the device bound again.
 * cxl_accel->attached, cleared when the binding ends, tells so; it is looked at with the device
 * lock held. The driver core takes that lock itself when it releases a driver, so it has to be
 * dropped in between. A new binding that slips into the gap is turned away from its attach with
 * -EPROBE_DEFER (cxl_accel_check_conflict()), and is started again after the release. What remains
 * is a driver that is bound in the gap, between two instructions of this file, and has no attach to
 * be turned away from (vfio-pci, say): it is released.
 */
#include <linux/device.h>
#include <linux/workqueue.h>

#include "accel.h"

/* The PCI core waits for a device for 60 seconds after a reset, and for others on the bus, too. */
#define RECOVERY_WAIT	(100 * HZ)

static struct workqueue_struct *cxl_accel_detach_wq;

/* Its driver asked to be told, and goes on. It may attach again, even before this returns. */
static bool cxl_accel_detach_told(struct cxl_accel *accel)
{
	unsigned int host_nr = accel->host_nr;

	if (!cxl_accel_loss_tell(accel->dev))
		return false;
	complete_all(&accel->released);
	/* cxl_acpi may be back already, and whoever comes with it have been by. */
	if (host_nr != cxl_accel_host_binding())
		cxl_accel_loss_attach(accel->dev);
	return true;
}

/* Of the work item: drops the reference that came with it. */
void cxl_accel_detach_release(struct work_struct *work)
{
	struct cxl_accel *accel = container_of(work, struct cxl_accel, lost);
	struct device *dev = accel->dev;
	bool again = false;

	scoped_guard(device, dev) {
		if (accel->attached && accel->lost_nr == accel->attach_nr)
			accel->releasing = !cxl_accel_detach_told(accel);
	}

	if (accel->releasing) {
		dev_info(dev, "unexpected detach: CXL memory is gone, releasing the driver\n");
		cxl_accel_status_lost(dev, true);
		device_release_driver(dev);
		complete_all(&accel->released);

		/* cxl_acpi may be back already, and whoever comes with it have been by. */
		scoped_guard(device, dev) {
			accel->releasing = false;
			again = accel->reprobe_pending ||
				accel->host_nr != cxl_accel_host_binding();
		}
		if (again && device_attach(dev) < 0)
			dev_dbg(dev, "not bound again\n");
	}
	complete_all(&accel->released);
	cxl_accel_put(accel);
}

/**
 * cxl_accel_detach_unexpected() - an accelerator's memory is gone
 * @accel: the accelerator; the caller has a reference
 * @attach_nr: which attach's memory
 *
 * Context: any process context, whatever device locks of the cxl bus are held. Returns before the
 * driver is released.
 * Return: whether it will be.
 */
bool cxl_accel_detach_unexpected(struct cxl_accel *accel, unsigned int attach_nr)
{
	if (!cxl_accel_mark_unexpected(accel, attach_nr))
		return false;
	kref_get(&accel->ref);
	if (!queue_work(cxl_accel_detach_wq, &accel->lost))
		cxl_accel_put(accel);
	return true;
}

/* Of the other one, likewise. */
void cxl_accel_detach_not_recovered(struct work_struct *work)
{
	struct cxl_accel *accel = container_of(to_delayed_work(work), struct cxl_accel, recovery);
	unsigned int attach_nr;
	bool lost;

	scoped_guard(device, accel->dev) {
		lost = accel->attached && accel->recovering;
		attach_nr = accel->attach_nr;
		accel->recovering = false;
	}
	if (lost) {
		dev_err(accel->dev, "recovery by AER has not come to its end\n");
		cxl_accel_detach_unexpected(accel, attach_nr);
	}
	cxl_accel_put(accel);
}

/**
 * cxl_accel_detach_recovered() - an accelerator's memory may be back, or its driver is leaving
 * @accel: the accelerator; its device lock is held
 *
 * Return: whether that was waited for.
 */
bool cxl_accel_detach_recovered(struct cxl_accel *accel)
{
	bool recovering = accel->recovering;

	/* A work item that runs already waits for the device lock. */
	if (recovering && cancel_delayed_work(&accel->recovery))
		cxl_accel_put(accel);
	accel->recovering = false;
	return recovering;
}

/**
 * cxl_accel_detach_unless_recovered() - an accelerator's memory is gone, but may come back
 * @accel: the accelerator; its device lock is held
 *
 * Its driver is released after RECOVERY_WAIT, unless cxl_accel_detach_recovered() is called.
 */
void cxl_accel_detach_unless_recovered(struct cxl_accel *accel)
{
	/* Another error, perhaps, before the end of the first one's recovery. */
	cxl_accel_detach_recovered(accel);
	accel->recovering = true;
	accel->suspect = true;
	kref_get(&accel->ref);
	if (!queue_delayed_work(cxl_accel_detach_wq, &accel->recovery, RECOVERY_WAIT))
		cxl_accel_put(accel);
}

/*
 * In place of cxl_core's work function, which would unbind the memdev and leave the driver alone.
 * The caller's reference on the memdev comes with the work. Waits for the release, so that whoever
 * drains the cxl bus (removal of cxl_acpi, the bus's flush attribute) finds it done; but not for
 * the next probe, and not for long: this queue does one thing at a time, and what an expander's
 * memdev is waiting for may be next.
 */
static void cxl_accel_detach_memdev(struct work_struct *work)
{
	struct cxl_memdev *cxlmd = container_of(work, struct cxl_memdev, detach_work);
	unsigned int attach_nr;
	struct cxl_accel *accel = cxl_accel_get_by_memdev(cxlmd, &attach_nr);

	if (accel) {
		if (cxl_accel_detach_unexpected(accel, attach_nr) || work_busy(&accel->lost))
			wait_for_completion_timeout(&accel->released, CXL_ACCEL_RELEASE_WAIT);
		cxl_accel_put(accel);
	}
	put_device(&cxlmd->dev);
}

/**
 * cxl_accel_detach_arm() - from now on, an accelerator's driver goes with its memdev's endpoint
 * @accel: the accelerator, being attached by this task
 * @cxlmd: its memdev, being probed: nobody can have scheduled its detach_work yet
 */
void cxl_accel_detach_arm(struct cxl_accel *accel, struct cxl_memdev *cxlmd)
{
	accel->cxlmd = cxlmd;
	cxlmd->detach_work.func = cxl_accel_detach_memdev;
}

int cxl_accel_detach_init(void)
{
	cxl_accel_detach_wq = alloc_workqueue("cxl_accel", WQ_UNBOUND, 0);
	return cxl_accel_detach_wq ? 0 : -ENOMEM;
}

/* No driver is bound any more, so that nothing new comes: only late ones are waited for. */
void cxl_accel_detach_exit(void)
{
	cxl_bus_drain();
	destroy_workqueue(cxl_accel_detach_wq);
}
