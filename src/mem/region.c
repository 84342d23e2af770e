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
 * stock one, which would make a dax device of it, is not asked again. Every other region is refused.
 *
 * When a region goes, whoever took it, its accelerator's driver is released: its memory is gone.
 */
#include <linux/device.h>
#include <linux/slab.h>

#include "accel.h"

struct accel_region {
	struct list_head node;
	struct cxl_accel *accel;
	struct cxl_region *cxlr;
};

/* The endpoint goes: so does the region, as its HPA range would stay claimed for nothing. */
static void region_delete(void *_ar)
{
	struct accel_region *ar = _ar;
	int rc = core_region_delete(ar->cxlr);

	list_del(&ar->node);
	if (rc && rc != -ENODEV) {
		/* It may stay bound to this driver, which then still needs both references. */
		dev_err(&ar->cxlr->dev, "left behind by its accelerator: error %d\n", rc);
		kfree(ar);
		return;
	}
	put_device(&ar->cxlr->dev);
	accel_put(ar->accel);
	kfree(ar);
}

static int region_adopt(struct cxl_accel *accel, struct cxl_region *cxlr)
{
	struct accel_region *ar = kzalloc(sizeof(*ar), GFP_KERNEL);
	int rc;

	if (!ar)
		return -ENOMEM;

	/* The endpoint is being probed. Regions go first when it is unbound, then its decoders. */
	rc = devm_add_action(&accel->cxlmd->endpoint->dev, region_delete, ar);
	if (rc) {
		kfree(ar);
		return rc;
	}
	kref_get(&accel->ref);
	get_device(&cxlr->dev);
	ar->accel = accel;
	ar->cxlr = cxlr;
	list_add_tail(&ar->node, &accel->regions);
	dev_set_drvdata(&cxlr->dev, accel);
	return 0;
}

static int find_unassigned(struct device *dev, void *data)
{
	struct cxl_endpoint_decoder **found = data;
	struct cxl_endpoint_decoder *cxled;

	if (!is_endpoint_decoder(dev))
		return 0;
	cxled = to_cxl_endpoint_decoder(dev);
	if (!(cxled->cxld.flags & CXL_DECODER_F_ENABLE) || cxled->cxld.region ||
	    cxled->state != CXL_DECODER_STATE_AUTO)
		return 0;
	*found = cxled;
	return 1;
}

static int accel_region_probe(struct device *dev)
{
	struct cxl_region *cxlr = to_cxl_region(dev);
	struct cxl_accel *accel = accel_attaching_now();
	struct cxl_endpoint_decoder *cxled = NULL;
	int rc;

	/* A region that has a size was made by somebody else, some time ago. */
	if (!accel || cxlr->params.res || cxlr->params.nr_targets)
		return -ENODEV;

	device_for_each_child(&accel->cxlmd->endpoint->dev, &cxled, find_unassigned);
	if (!cxled)
		return -ENODEV;

	/* cxl_core makes all regions for expanders, and would then refuse the decoder for its type. */
	cxlr->type = cxled->cxld.target_type;

	rc = region_adopt(accel, cxlr);
	if (rc) {
		/* Nor may it become a dax device: no decoder of this type will get in. */
		cxlr->type = cxled->cxld.target_type == CXL_DECODER_DEVMEM ?
			     CXL_DECODER_HOSTONLYMEM : CXL_DECODER_DEVMEM;
	}
	return rc;
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

static int find_enabled(struct device *dev, void *data)
{
	return is_endpoint_decoder(dev) &&
	       to_cxl_endpoint_decoder(dev)->cxld.flags & CXL_DECODER_F_ENABLE;
}

static enum cxl_accel_attach_status region_check(struct cxl_accel *accel, struct cxl_region *cxlr)
{
	struct cxl_region_params *p = &cxlr->params;

	/* While it is bound its parameters stay: whatever takes them away releases the driver first. */
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

	decoder_route_settle(accel);

	ar = list_first_entry_or_null(&accel->regions, struct accel_region, node);
	if (ar)
		return region_check(accel, ar->cxlr);
	return device_for_each_child(&endpoint->dev, NULL, find_enabled) ?
	       CXL_ACCEL_ATTACH_NO_REGION : CXL_ACCEL_ATTACH_NOT_COMMITTED;
}
