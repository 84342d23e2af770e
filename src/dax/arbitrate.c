// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who gets a Soft Reserved range that lies in a CXL window: CXL, or dax_hmem?
 *
 * Owns: a workqueue; for each hmem_platform device that waits for CXL a work item, with a
 * reference on the device; in each such device's platform data whether this has been decided.
 * Talks to: the kernel's list of ranges; the driver core, for probes that are under way. Locks:
 * the device lock of the hmem_platform device, in which it takes cxl_accel_dax_lock, and that of
 * CXL regions (owner.c).
 *
 * What is in no window is dax_hmem's at once. For the rest CXL has its chance first: a work item
 * waits until the devices that are there have been probed; cxl_mem attaches memdevs synchronously,
 * so that what firmware has committed is a region by then. After that each range has its owner:
 * CXL, if one committed region has all of it, else dax_hmem.
 *
 * That is decided once for each hmem_platform device; as long as there is no window there is
 * nothing to decide. From then on what is in a window is left to CXL: the administrator may have
 * made a region of it meanwhile. So the decision has to survive a reload of this module. The
 * device does, which the kernel has made and never removes, and so does its platform data, of
 * which the kernel makes no use: platform_device_add_data() puts a copy there that the device
 * owns. Nothing in it points into this module.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dax.h>
#include <linux/device/bus.h>
#include <linux/device/driver.h>
#include <linux/ioport.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "dax.h"

#define DECISION_MAGIC	"cxl-accel: dax_hmem"

/**
 * struct decision - of an hmem_platform device; in its platform data
 * @magic: it is this that is there
 * @made: CXL has had its chance
 */
struct decision {
	char magic[sizeof(DECISION_MAGIC)];
	bool made;
};

/**
 * struct arbitration - an hmem_platform device waits for CXL
 * @node: in the list of all; under cxl_accel_dax_lock
 * @work: decides
 * @host: the device; a reference is held
 */
struct arbitration {
	struct list_head node;
	struct work_struct work;
	struct platform_device *host;
};

static DEFINE_MUTEX(cxl_accel_dax_lock);
static LIST_HEAD(cxl_accel_arbitrations);
static struct workqueue_struct *cxl_accel_dax_wq;

/* ---- the decision ---- */

static struct decision *cxl_accel_decision(struct platform_device *host)
{
	struct decision *decision = dev_get_platdata(&host->dev);

	if (decision && !strcmp(decision->magic, DECISION_MAGIC))
		return decision;
	return NULL;
}

static int cxl_accel_decision_prepare(struct platform_device *host)
{
	const struct decision none = { .magic = DECISION_MAGIC };

	if (cxl_accel_decision(host))
		return 0;
	/* Another one's data: it would be freed. */
	if (dev_get_platdata(&host->dev))
		return -EBUSY;
	return platform_device_add_data(host, &none, sizeof(none));
}

/* ---- Soft Reserved ranges ---- */

/* Called under a lock of the kernel's, which adding memory may want. So they are noted, no more. */
static int cxl_accel_soft_range_note(struct device *host, int target_node,
				     const struct resource *res)
{
	struct list_head *ranges = dev_get_drvdata(host);
	struct cxl_accel_soft_range *soft;

	if (region_intersects(res->start, resource_size(res), IORESOURCE_MEM,
			      IORES_DESC_SOFT_RESERVED) != REGION_INTERSECTS)
		return 0;
	soft = kzalloc(sizeof(*soft), GFP_KERNEL);
	if (!soft)
		return -ENOMEM;
	soft->range = (struct range){ res->start, res->end };
	soft->target_node = target_node;
	list_add_tail(&soft->node, ranges);
	return 0;
}

typedef int (*soft_range_fn)(struct device *host, const struct cxl_accel_soft_range *soft);

/* The first error of all; a range that fails does not keep the others from their owner. */
static int cxl_accel_share_out(struct platform_device *host, soft_range_fn fn)
{
	struct cxl_accel_soft_range *soft, *next;
	LIST_HEAD(ranges);
	int rc, failed;

	platform_set_drvdata(host, &ranges);
	rc = walk_hmem_resources(&host->dev, cxl_accel_soft_range_note);
	platform_set_drvdata(host, NULL);
	list_for_each_entry_safe(soft, next, &ranges, node) {
		failed = fn(&host->dev, soft);
		rc = rc ?: failed;
		kfree(soft);
	}
	return rc;
}

static int cxl_accel_register_outside(struct device *host, const struct cxl_accel_soft_range *soft)
{
	if (cxl_accel_dax_meets_window(&soft->range))
		return 0;
	return cxl_accel_dax_register(host, soft);
}

static int cxl_accel_meets_window(struct device *host, const struct cxl_accel_soft_range *soft)
{
	return cxl_accel_dax_meets_window(&soft->range);
}

static int cxl_accel_register_left(struct device *host, const struct cxl_accel_soft_range *soft)
{
	struct cxl_accel_soft_range rest = *soft, part;
	struct range accel;
	int rc = 0;

	if (!cxl_accel_dax_meets_window(&soft->range))
		return 0;
	if (cxl_accel_dax_is_cxl_regions(&soft->range)) {
		dev_dbg(host, "%#llx-%#llx: a CXL region's\n", soft->range.start, soft->range.end);
		return 0;
	}
	while (!rc && cxl_accel_dax_find_accelerators(&rest.range, &accel)) {
		dev_info(host, "%#llx-%#llx: left to an accelerator\n",
			 max(rest.range.start, accel.start), min(rest.range.end, accel.end));
		part = rest;
		part.range.end = accel.start - 1;
		if (accel.start > rest.range.start)
			rc = cxl_accel_dax_register(host, &part);
		if (accel.end >= rest.range.end)
			return rc;
		rest.range.start = accel.end + 1;
	}
	return rc ?: cxl_accel_dax_register(host, &rest);
}

/* ---- CXL has its chance ---- */

static void cxl_accel_decide(struct platform_device *host)
{
	struct decision *decision;
	int rc;

	guard(device)(&host->dev);
	if (!cxl_accel_dax_host_is_bound(&host->dev))
		return;
	decision = cxl_accel_decision(host);
	if (!decision || decision->made)
		return;
	decision->made = true;
	rc = cxl_accel_share_out(host, cxl_accel_register_left);
	if (rc)
		dev_err(&host->dev, "a Soft Reserved range has no owner: error %pe\n", ERR_PTR(rc));
}

/*
 * cxl_acpi has memdevs that came before it probed again by a work item that may not have begun:
 * that is done here once more. No device lock is held while probes are waited for.
 */
static void cxl_accel_arbitrate_work(struct work_struct *work)
{
	struct arbitration *arbitration = container_of(work, struct arbitration, work);
	struct platform_device *host = arbitration->host;

	if (bus_rescan_devices(&cxl_bus_type))
		dev_dbg(&host->dev, "not all CXL devices could be probed again\n");
	wait_for_device_probe();
	cxl_accel_decide(host);

	mutex_lock(&cxl_accel_dax_lock);
	list_del(&arbitration->node);
	mutex_unlock(&cxl_accel_dax_lock);
	kfree(arbitration);
	platform_device_put(host);
}

static bool cxl_accel_is_pending(const struct platform_device *host)
{
	const struct arbitration *arbitration;

	guard(mutex)(&cxl_accel_dax_lock);
	list_for_each_entry(arbitration, &cxl_accel_arbitrations, node)
		if (arbitration->host == host)
			return true;
	return false;
}

static int cxl_accel_arbitrate_later(struct platform_device *host)
{
	struct arbitration *arbitration = kzalloc(sizeof(*arbitration), GFP_KERNEL);

	if (!arbitration)
		return -ENOMEM;
	get_device(&host->dev);
	arbitration->host = host;
	INIT_WORK(&arbitration->work, cxl_accel_arbitrate_work);
	mutex_lock(&cxl_accel_dax_lock);
	list_add_tail(&arbitration->node, &cxl_accel_arbitrations);
	mutex_unlock(&cxl_accel_dax_lock);
	queue_work(cxl_accel_dax_wq, &arbitration->work);
	return 0;
}

/**
 * cxl_accel_dax_arbitrate() - give the Soft Reserved ranges an owner, now or after CXL's chance
 * @host: an hmem_platform device, being probed
 *
 * Context: may sleep; @host's device lock is held.
 * Return: 0; -EBUSY if it was unbound and bound while CXL had its chance; another error if a range
 * could not be registered.
 */
int cxl_accel_dax_arbitrate(struct platform_device *host)
{
	int rc;

	if (cxl_accel_is_pending(host))
		return -EBUSY;
	rc = cxl_accel_decision_prepare(host);
	if (rc)
		return rc;
	rc = cxl_accel_share_out(host, cxl_accel_register_outside);
	if (rc || cxl_accel_decision(host)->made)
		return rc;
	rc = cxl_accel_share_out(host, cxl_accel_meets_window);
	return rc > 0 ? cxl_accel_arbitrate_later(host) : rc;
}

/**
 * cxl_accel_dax_flush() - wait until CXL has had its chance
 *
 * Context: may sleep; no device lock is held.
 */
void cxl_accel_dax_flush(void)
{
	flush_workqueue(cxl_accel_dax_wq);
}
CORE_EXPORT(cxl_accel_dax_flush);

int cxl_accel_dax_arbitrate_init(void)
{
	cxl_accel_dax_wq = alloc_ordered_workqueue("dax_hmem", 0);
	return cxl_accel_dax_wq ? 0 : -ENOMEM;
}

/* After the drivers: what is pending finds its device unbound. */
void cxl_accel_dax_arbitrate_exit(void)
{
	destroy_workqueue(cxl_accel_dax_wq);
}
