// SPDX-License-Identifier: GPL-2.0-only
/*
 * The accelerator region driver: a region that an accelerator's decoders form is the accelerator's.
 *
 * Owns: each region that cxl_core assembles from the committed decoders of an endpoint that is
 * being attached, until that endpoint goes. Talks to: cxl_core's regions, on the cxl bus beside the
 * stock region driver. Locks: probe and remove are called with the region's device lock; the rest
 * with the endpoint's.
 *
 * A region that cxl_core registers in the task that attaches an accelerator is taken there and
 * then, before any driver can see it. From then on no driver but this one can bind it: the stock
 * one would make a dax device of it, whether it is asked by the core, by a rescan of the bus, or by
 * user space while the accelerator is on its way out.
 *
 * When a region goes, whoever took it, its accelerator's driver is released: its memory is gone.
 */
#include <linux/device.h>
#include <linux/pm_domain.h>
#include <linux/slab.h>

#include "accel.h"

/**
 * struct accel_region - a committed decoder of the endpoint, and room for one region
 * @node: in the accelerator's list, in the order of the decoders
 * @accel: the accelerator; a reference is held while there is a region
 * @attach_nr: the attach that this belongs to
 * @cxled: the decoder
 * @hpa: the decoder's range, which it forgets when its region goes
 * @cxlr: a region of the accelerator, not always this decoder's; a reference is held
 * @range: the region's range
 * @reservation: for @range, when the region goes
 */
struct accel_region {
	struct list_head node;
	struct cxl_accel *accel;
	unsigned int attach_nr;
	struct cxl_endpoint_decoder *cxled;
	struct range hpa;
	struct cxl_region *cxlr;
	struct range range;
	struct reservation *reservation;
};

/* The decoders stay committed; cxl_core still has its claim on their range, but not for long. */
static void region_reserve(struct accel_region *ar)
{
	device_lock_assert(&ar->cxlr->dev);
	if (ar->reservation)
		reserve_range(ar->reservation, &ar->range);
	ar->reservation = NULL;
}

static int region_delete(struct accel_region *ar)
{
	struct device *dev = &ar->cxlr->dev;

	/* As long as it is registered it has its range. remove() did this, if it was ever bound. */
	scoped_guard(device, dev)
		if (device_is_registered(dev))
			region_reserve(ar);
	return core_region_delete(ar->cxlr);
}

/* The endpoint goes, and the region with it: without its decoder it is good for nothing. */
static void accel_region_release(void *_ar)
{
	struct accel_region *ar = _ar;
	int rc;

	list_del(&ar->node);
	if (ar->cxlr) {
		rc = region_delete(ar);
		if (rc && rc != -ENODEV) {
			/* It goes on referring to this module, so both stay. */
			__module_get(THIS_MODULE);
			dev_err(&ar->cxlr->dev, "left behind by its accelerator: error %d\n", rc);
			return;
		}
		put_device(&ar->cxlr->dev);
		accel_put(ar->accel);
	}
	reserve_free(ar->reservation);
	kfree(ar);
}

/**
 * accel_region_prepare() - a region may be assembled from this decoder
 * @accel: the accelerator, being attached by this task
 * @endpoint: its endpoint port, being probed: whatever is made here goes when it is unbound
 * @cxled: a committed decoder of it
 *
 * All that can fail is done now: once cxl_core registers the region it is too late.
 *
 * Return: 0 or -ENOMEM.
 */
int accel_region_prepare(struct cxl_accel *accel, struct cxl_port *endpoint,
			 struct cxl_endpoint_decoder *cxled)
{
	struct accel_region *ar = kzalloc(sizeof(*ar), GFP_KERNEL);

	if (!ar)
		return -ENOMEM;
	ar->reservation = reserve_alloc(accel->dev);
	if (!ar->reservation) {
		kfree(ar);
		return -ENOMEM;
	}
	ar->accel = accel;
	ar->attach_nr = accel->attach_nr;
	ar->cxled = cxled;
	ar->hpa = cxled->cxld.hpa_range;
	list_add_tail(&ar->node, &accel->regions);
	return devm_add_action_or_reset(&endpoint->dev, accel_region_release, ar);
}

/*
 * Called by the driver core right before a driver is probed. A positive value has it ask the next
 * driver, a negative one would end the search.
 */
static int region_activate(struct device *dev)
{
	return dev->driver == &accel_region_driver.drv ? 0 : ENXIO;
}

/* As in endpoint.c: the one hook of the driver core's that can refuse a probe. */
static struct dev_pm_domain region_domain = {
	.activate = region_activate,
};

/* cxl_core goes through the decoders in this order; one that it gave up on may be among them. */
static struct accel_region *next_without_region(struct cxl_accel *accel)
{
	struct accel_region *ar;

	list_for_each_entry(ar, &accel->regions, node)
		if (!ar->cxlr && !ar->cxled->cxld.region)
			return ar;
	return NULL;
}

/**
 * accel_region_added() - cxl_core has registered a region
 * @cxlr: the region; no driver has been asked yet
 *
 * Takes it, if this task is attaching an accelerator, whose decoder then is the reason for it.
 */
void accel_region_added(struct cxl_region *cxlr)
{
	struct cxl_accel *accel = accel_attaching_now();
	struct accel_region *ar = accel ? next_without_region(accel) : NULL;

	if (!ar)
		return;

	kref_get(&accel->ref);
	get_device(&cxlr->dev);
	ar->cxlr = cxlr;
	ar->range = ar->hpa;
	/* cxl_core makes all regions for expanders, and would refuse a decoder of another type. */
	cxlr->type = ar->cxled->cxld.target_type;
	dev_pm_domain_set(&cxlr->dev, &region_domain);
}

static struct accel_region *find_by_region(struct cxl_accel *accel, const struct cxl_region *cxlr)
{
	struct accel_region *ar;

	list_for_each_entry(ar, &accel->regions, node)
		if (cxlr && ar->cxlr == cxlr)
			return ar;
	return NULL;
}

static int accel_region_probe(struct device *dev)
{
	struct cxl_accel *accel = accel_attaching_now();
	struct accel_region *ar = accel ? find_by_region(accel, to_cxl_region(dev)) : NULL;

	if (!ar)
		return -ENODEV;
	dev_set_drvdata(dev, ar);
	return 0;
}

static void accel_region_remove(struct device *dev)
{
	struct accel_region *ar = dev_get_drvdata(dev);

	region_reserve(ar);
	detach_lost(ar->accel, ar->attach_nr);
}

struct cxl_driver accel_region_driver = {
	.name = "cxl_accel_region",
	.probe = accel_region_probe,
	.remove = accel_region_remove,
	.id = CXL_DEVICE_REGION,
	.drv = {
		.probe_type = PROBE_FORCE_SYNCHRONOUS,
	},
};

/*
 * Who changes the region after this releases its driver, which is told as a loss. What is read here
 * are plain values that the region keeps as long as it lives.
 */
static enum cxl_accel_attach_status region_check(struct accel_region *ar)
{
	const struct cxl_region_params *p = &ar->cxlr->params;

	guard(device)(&ar->cxlr->dev);
	if (ar->cxlr->dev.driver != &accel_region_driver.drv)
		return CXL_ACCEL_ATTACH_REGION_NOT_BOUND;
	if (!p->nr_targets)
		return CXL_ACCEL_ATTACH_NO_REGION;
	if (p->state != CXL_CONFIG_COMMIT)
		return CXL_ACCEL_ATTACH_REGION_NOT_COMMITTED;

	reserve_end(&ar->range);
	return CXL_ACCEL_ATTACH_ATTACHED;
}

/**
 * accel_region_find() - the region of an accelerator whose endpoint has been added
 * @accel: the accelerator, being attached by this task
 * @endpoint: its endpoint port
 *
 * Where firmware committed several decoders, the first one's region is the accelerator's memory.
 *
 * Context: may sleep; takes the endpoint's device lock, then the region's.
 * Return: CXL_ACCEL_ATTACH_ATTACHED with @accel->range set, or what is missing.
 */
enum cxl_accel_attach_status accel_region_find(struct cxl_accel *accel, struct cxl_port *endpoint)
{
	enum cxl_accel_attach_status status, first = CXL_ACCEL_ATTACH_NOT_COMMITTED;
	struct accel_region *decoder, *ar;

	guard(device)(&endpoint->dev);
	if (!endpoint->dev.driver)
		return CXL_ACCEL_ATTACH_INTERRUPTED;
	if (accel->refused != CXL_ACCEL_ATTACH_ATTACHED)
		return accel->refused;

	route_settle(accel);

	list_for_each_entry(decoder, &accel->regions, node) {
		ar = find_by_region(accel, decoder->cxled->cxld.region);
		if (ar)
			ar->range = decoder->hpa;
		else if (decoder->cxlr)
			ar = decoder;	/* one that never became complete tells more than none */

		status = ar ? region_check(ar) : CXL_ACCEL_ATTACH_NO_REGION;
		if (list_is_first(&decoder->node, &accel->regions)) {
			first = status;
			accel->range = decoder->hpa;
		}
	}
	return first;
}
