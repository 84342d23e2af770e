// SPDX-License-Identifier: GPL-2.0-only
/*
 * The accelerator region driver: a region that an accelerator's decoders form is the accelerator's.
 *
 * Owns: each region that cxl_core assembles from the committed decoders of an endpoint that is
 * being attached, until that endpoint goes. Talks to: cxl_core's regions, on the cxl bus beside the
 * stock region driver. Locks: probe and remove are called with the region's device lock; the rest
 * with the endpoint's.
 *
 * cxl_core registers a region, offers it to all drivers, and only then fills it in. At that moment
 * the stock driver refuses it, because it is not committed, and this one takes it, if the region is
 * being made by the very task that attaches an accelerator. From then on it has a driver, and the
 * stock one, which would make a dax device of it, is not asked again. All others are refused.
 *
 * When a region goes, whoever took it, its accelerator's driver is released: its memory is gone.
 */
#include <linux/device.h>
#include <linux/slab.h>

#include "accel.h"

/* A committed decoder of the endpoint, and its region once there is one. */
struct accel_region {
	struct list_head node;
	struct cxl_accel *accel;
	struct cxl_endpoint_decoder *cxled;
	struct cxl_region *cxlr;
};

/* The endpoint goes: so does the region, as its HPA range would stay claimed for nothing. */
static void accel_region_release(void *_ar)
{
	struct accel_region *ar = _ar;
	int rc;

	list_del(&ar->node);
	if (ar->cxlr) {
		rc = core_region_delete(ar->cxlr);
		if (rc && rc != -ENODEV) {
			/* It may stay bound to this driver, which still needs its references. */
			dev_err(&ar->cxlr->dev, "left behind by its accelerator: error %d\n", rc);
			return;
		}
		put_device(&ar->cxlr->dev);
		accel_put(ar->accel);
	}
	kfree(ar);
}

/**
 * accel_region_prepare() - a region may be assembled from this decoder
 * @accel: the accelerator, being attached by this task
 * @endpoint: its endpoint port, being probed: whatever is made here goes when it is unbound
 * @cxled: a committed decoder of it
 *
 * All that can fail is done now. Once cxl_core registers the region it is too late: refused here,
 * the region would be the stock driver's, and a dax device.
 *
 * Return: 0 or -ENOMEM.
 */
int accel_region_prepare(struct cxl_accel *accel, struct cxl_port *endpoint,
			 struct cxl_endpoint_decoder *cxled)
{
	struct accel_region *ar = kzalloc(sizeof(*ar), GFP_KERNEL);

	if (!ar)
		return -ENOMEM;
	ar->accel = accel;
	ar->cxled = cxled;
	list_add_tail(&ar->node, &accel->regions);
	return devm_add_action_or_reset(&endpoint->dev, accel_region_release, ar);
}

/* cxl_core goes through the decoders in this order, and has not attached one that is its turn. */
static struct accel_region *region_under_construction(struct cxl_accel *accel)
{
	struct accel_region *ar;

	list_for_each_entry(ar, &accel->regions, node)
		if (!ar->cxlr && !ar->cxled->cxld.region)
			return ar;
	return NULL;
}

static int accel_region_probe(struct device *dev)
{
	struct cxl_region *cxlr = to_cxl_region(dev);
	struct cxl_accel *accel = accel_attaching_now();
	struct accel_region *ar;

	/* A region that has a size was made by somebody else, some time ago. */
	if (!accel || cxlr->params.res || cxlr->params.nr_targets)
		return -ENODEV;

	ar = region_under_construction(accel);
	if (!ar)
		return -ENODEV;

	/* cxl_core makes all regions for expanders, and would refuse a decoder of another type. */
	cxlr->type = ar->cxled->cxld.target_type;

	kref_get(&accel->ref);
	get_device(dev);
	ar->cxlr = cxlr;
	dev_set_drvdata(dev, accel);
	return 0;
}

static void accel_region_remove(struct device *dev)
{
	detach_lost(dev_get_drvdata(dev));
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

static enum cxl_accel_attach_status region_check(struct cxl_accel *accel, struct cxl_region *cxlr)
{
	struct cxl_region_params *p = &cxlr->params;

	/* While it is bound its parameters stay: whoever takes them releases the driver first. */
	guard(device)(&cxlr->dev);
	if (cxlr->dev.driver != &accel_region_driver.drv)
		return CXL_ACCEL_ATTACH_REGION_NOT_BOUND;
	if (p->interleave_ways > 1)
		return CXL_ACCEL_ATTACH_REGION_INTERLEAVED;
	if (!p->nr_targets)
		return CXL_ACCEL_ATTACH_NO_REGION;
	if (p->state != CXL_CONFIG_COMMIT || !p->res)
		return CXL_ACCEL_ATTACH_REGION_NOT_COMMITTED;

	accel->range = (struct range){ .start = p->res->start, .end = p->res->end };
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
	struct accel_region *ar;

	guard(device)(&endpoint->dev);
	if (!endpoint->dev.driver)
		return CXL_ACCEL_ATTACH_INTERRUPTED;
	if (accel->no_memory)
		return CXL_ACCEL_ATTACH_NO_MEMORY;

	decoder_route_settle(accel);

	ar = list_first_entry_or_null(&accel->regions, struct accel_region, node);
	if (!ar)
		return CXL_ACCEL_ATTACH_NOT_COMMITTED;
	return ar->cxlr ? region_check(accel, ar->cxlr) : CXL_ACCEL_ATTACH_NO_REGION;
}
