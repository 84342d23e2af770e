// SPDX-License-Identifier: GPL-2.0-only
/*
 * The accelerator region driver: a region that an accelerator's decoders form is the accelerator's.
 *
 * Owns: each region that cxl_core assembles from the committed decoders of an endpoint that is
 * being attached, until that endpoint goes. Talks to: cxl_core's regions, on the cxl bus beside the
 * stock region driver. Locks: probe and remove are called with the region's device lock; the rest
 * with the endpoint's.
 *
 * The accelerator's attach has cxl_core add one decoder at a time, after the endpoint has been
 * bound: the region that is registered in that task meanwhile is that decoder's, and no other's. It
 * is taken there and then, before any driver can see it. From then on no driver but this one can
 * bind it: the stock one would make a dax device of it, whether it is asked by the core, by a
 * rescan of the bus, or by user space while the accelerator is on its way out.
 *
 * One decoder does not condemn the others: one that cxl_core cannot make a region of (outside every
 * window, interleaved, overlapping what another decoder decodes) is left alone. The accelerator's
 * memory is the region of the first decoder that has one; the further ones are held for it.
 *
 * When a region goes, whoever took it, its accelerator's driver is released: its memory is gone.
 */
#include <linux/device.h>
#include <linux/pm_domain.h>
#include <linux/slab.h>

#include "accel.h"

/**
 * struct cxl_accel_region - a decoder of the endpoint that is committed, or is to be, and room for
 * one region
 * @node: in the accelerator's list, in the order of the decoders
 * @accel: the accelerator; a reference is held while there is a region
 * @attach_nr: the attach that this belongs to
 * @cxled: the decoder
 * @hpa: the decoder's range, which it forgets when its region goes
 * @cxlr: the decoder's region; a reference is held
 * @status: whether it has a region, or why not
 * @created: by create.c, now or in an earlier attach: the decoders are decommitted with the region
 *
 * Owned by an entry of the endpoint's devres list.
 */
struct cxl_accel_region {
	struct list_head node;
	struct cxl_accel *accel;
	unsigned int attach_nr;
	struct cxl_endpoint_decoder *cxled;
	struct range hpa;
	struct cxl_region *cxlr;
	enum cxl_accel_attach_status status;
	bool created;
};

/*
 * The region is going, its decoders stay committed: nothing is decommitted, so no processor has to
 * flush its caches, and where it cannot (below a hypervisor, on arm64) nothing is to be warned
 * about. cxl_core does both on the way out of the committed state; a region that is not in it, is
 * taken apart without.
 *
 * cxl_core changes the state with its region rwsem held, which cannot be had from outside. This one
 * step is atomic, and from one state only: whoever else is taking the region apart at this moment
 * has either not seen the committed state yet, and finds the other one, or has left it already.
 */
static void cxl_accel_region_mark_not_committed(struct cxl_region *cxlr)
{
	cmpxchg(&cxlr->params.state, CXL_CONFIG_COMMIT, CXL_CONFIG_ACTIVE);
}

/* Its host deletes the region, at any moment from now on: nothing of it is to be ours. */
static void cxl_accel_region_leave_to_host(struct cxl_region *cxlr)
{
	device_release_driver(&cxlr->dev);
	cxl_accel_set_pm_domain(&cxlr->dev, NULL);
}

/*
 * What we have committed is decommitted with the region, unless that leaves a gap between decoders.
 * Then it stays as if firmware had committed it, and the next attach finds it.
 */
static void cxl_accel_region_keep_decoders(struct cxl_accel_region *ar, struct cxl_port *endpoint)
{
	if (ar->created && cxl_accel_create_can_undo(endpoint, ar->cxlr)) {
		clear_bit(CXL_REGION_F_AUTO, &ar->cxlr->flags);
		return;
	}
	set_bit(CXL_REGION_F_AUTO, &ar->cxlr->flags);
	cxl_accel_region_mark_not_committed(ar->cxlr);
}

/* Deletes the region. Returns whether that has worked: if not, it goes on referring to @ar. */
static bool cxl_accel_region_delete(struct cxl_accel_region *ar)
{
	int rc = cxl_accel_core_region_delete(ar->cxlr);

	if (rc == -EBUSY) {
		cxl_accel_region_leave_to_host(ar->cxlr);
	} else if (rc && rc != -ENODEV) {
		/* It goes on referring to this module, so both stay. */
		__module_get(THIS_MODULE);
		dev_err(&ar->cxlr->dev, "failed to delete region, leaking it: error %d\n", rc);
		return false;
	}
	put_device(&ar->cxlr->dev);
	ar->cxlr = NULL;
	cxl_accel_put(ar->accel);
	return true;
}

/* The endpoint goes, and the region with it: without its decoder it is good for nothing. */
static void cxl_accel_region_release(struct device *dev, void *res)
{
	struct cxl_accel_region *ar = *(struct cxl_accel_region **)res;
	struct cxl_decoder *cxld = &ar->cxled->cxld;

	list_del(&ar->node);
	if (ar->cxlr) {
		cxl_accel_region_keep_decoders(ar, to_cxl_port(dev));
		if (!cxl_accel_region_delete(ar))
			return;
	}
	if (ar->created && !(cxld->flags & CXL_DECODER_F_ENABLE))
		cxl_accel_reserve_end(to_pci_dev(ar->accel->dev), &ar->hpa);
	kfree(ar);
}

static int cxl_accel_region_match(struct device *dev, void *res, void *data)
{
	return *(struct cxl_accel_region **)res == data;
}

/**
 * cxl_accel_region_prepare() - a region may be assembled from this decoder
 * @accel: the accelerator, being attached by this task
 * @endpoint: its endpoint port, being probed: whatever is made here goes when it is unbound
 * @cxled: a committed decoder of it
 *
 * All that can fail is done now: once cxl_core registers the region it is too late.
 *
 * Return: 0 or -ENOMEM.
 */
int cxl_accel_region_prepare(struct cxl_accel *accel, struct cxl_port *endpoint,
			     struct cxl_endpoint_decoder *cxled)
{
	struct cxl_accel_region *ar = kzalloc(sizeof(*ar), GFP_KERNEL);
	struct cxl_accel_region **res;

	res = devres_alloc(cxl_accel_region_release, sizeof(*res), GFP_KERNEL);
	if (!ar || !res) {
		devres_free(res);
		kfree(ar);
		return -ENOMEM;
	}
	*res = ar;
	ar->accel = accel;
	ar->attach_nr = accel->attach_nr;
	ar->cxled = cxled;
	ar->hpa = cxled->cxld.hpa_range;
	ar->status = CXL_ACCEL_ATTACH_NO_REGION;
	ar->created = cxl_accel_reserve_is_created(to_pci_dev(accel->dev), &ar->hpa);
	list_add_tail(&ar->node, &accel->regions);
	devres_add(&endpoint->dev, res);
	return 0;
}

/*
 * Called by the driver core right before a driver is probed. A positive value has it ask the next
 * driver, a negative one would end the search.
 */
static int cxl_accel_region_activate(struct device *dev)
{
	return dev->driver == &cxl_accel_region_driver.drv ? 0 : ENXIO;
}

/* As in endpoint_probe.c: the one hook of the driver core's that can refuse a probe. */
static struct dev_pm_domain cxl_accel_region_domain = {
	.activate = cxl_accel_region_activate,
};

/**
 * cxl_accel_region_added() - cxl_core has registered a region
 * @cxlr: the region; no driver has been asked yet
 *
 * Takes it, if this task is adding a decoder of an accelerator, which then is the reason for it.
 */
void cxl_accel_region_added(struct cxl_region *cxlr)
{
	struct cxl_accel *accel = cxl_accel_attaching_now();
	struct cxl_accel_region *ar = accel ? accel->adding : NULL;

	if (!ar || ar->cxlr)
		return;

	kref_get(&accel->ref);
	get_device(&cxlr->dev);
	ar->cxlr = cxlr;
	/* cxl_core makes all regions for expanders, and would refuse a decoder of another type. */
	cxlr->type = ar->cxled->cxld.target_type;
	cxl_accel_set_pm_domain(&cxlr->dev, &cxl_accel_region_domain);
}

static struct cxl_accel_region *cxl_accel_region_find(struct cxl_accel *accel,
						      const struct cxl_region *cxlr)
{
	struct cxl_accel_region *ar;

	list_for_each_entry(ar, &accel->regions, node)
		if (ar->cxlr == cxlr)
			return ar;
	return NULL;
}

static int cxl_accel_region_probe(struct device *dev)
{
	struct cxl_accel *accel = cxl_accel_attaching_now();
	struct cxl_accel_region *ar = accel ? cxl_accel_region_find(accel,
								    to_cxl_region(dev)) : NULL;

	if (!ar)
		return -ENODEV;
	dev_set_drvdata(dev, ar);
	if (!ar->created)
		cxl_accel_core_region_keep_committed(ar->cxlr, ar->cxled);
	return 0;
}

static void cxl_accel_region_remove(struct device *dev)
{
	struct cxl_accel_region *ar = dev_get_drvdata(dev);

	if (!ar->created)
		cxl_accel_region_mark_not_committed(ar->cxlr);
	/* A try that is discarded, or what the attach is about to see: nothing is attached yet. */
	if (READ_ONCE(ar->accel->adding) != ar)
		cxl_accel_detach_unexpected(ar->accel, ar->attach_nr);
}

struct cxl_driver cxl_accel_region_driver = {
	.name = "cxl_accel_region",
	.probe = cxl_accel_region_probe,
	.remove = cxl_accel_region_remove,
	.id = CXL_DEVICE_REGION,
	.drv = {
		.probe_type = PROBE_FORCE_SYNCHRONOUS,
	},
};

/*
 * Who changes the region after this releases its driver: an unexpected detach. What is read here
 * are plain values that the region keeps as long as it has a driver; its resource, as long as it is
 * registered.
 */
static enum cxl_accel_attach_status cxl_accel_region_check(struct cxl_accel_region *ar)
{
	const struct cxl_region_params *p = &ar->cxlr->params;

	guard(device)(&ar->cxlr->dev);
	if (ar->cxlr->dev.driver != &cxl_accel_region_driver.drv)
		return CXL_ACCEL_ATTACH_REGION_NOT_BOUND;
	if (!p->nr_targets)
		return CXL_ACCEL_ATTACH_NO_REGION;
	if (p->state != CXL_CONFIG_COMMIT)
		return CXL_ACCEL_ATTACH_REGION_NOT_COMMITTED;
	if (ar->cxled->cxld.region != ar->cxlr || !p->res ||
	    p->res->start != ar->hpa.start || p->res->end != ar->hpa.end)
		return CXL_ACCEL_ATTACH_NO_REGION;
	/* cxl_core goes on with a range that it could not claim in the resource tree. */
	if (!p->res->parent)
		return CXL_ACCEL_ATTACH_RANGE_CONFLICT;
	/* It was not when the decoder was added. From here on the region is there to be seen. */
	if (cxl_accel_hpa_in_use(&ar->hpa))
		return CXL_ACCEL_ATTACH_RANGE_IN_USE;
	/* Once more: after it was bound cxl_core has made the targets' files anew. */
	if (!ar->created)
		cxl_accel_core_region_keep_committed(ar->cxlr, ar->cxled);
	return cxl_accel_decoders_check(ar->accel->cxlds, &ar->hpa);
}

static int cxl_accel_decoder_overlaps(struct device *dev, void *data)
{
	const struct cxl_accel_region *ar = data;
	const struct cxl_decoder *cxld;

	if (!is_endpoint_decoder(dev))
		return 0;
	cxld = &to_cxl_endpoint_decoder(dev)->cxld;
	/* Of two decoders of one device that overlap, the first one can have its region. */
	return cxld != &ar->cxled->cxld && (cxld->flags & CXL_DECODER_F_ENABLE) &&
	       cxld->region && cxld->hpa_range.start <= ar->hpa.end &&
	       ar->hpa.start <= cxld->hpa_range.end;
}

/* What would keep cxl_core from making a region of this decoder, or make it another's. */
static enum cxl_accel_attach_status cxl_accel_decoder_check(struct cxl_accel_region *ar)
{
	struct resource *window;

	/* It would join a region that is another device's, an expander's even. */
	if (ar->cxled->cxld.interleave_ways > 1)
		return CXL_ACCEL_ATTACH_REGION_INTERLEAVED;
	if (!cxl_accel_core_find_window(&ar->hpa, &window))
		return CXL_ACCEL_ATTACH_NO_WINDOW;
	if (bus_for_each_dev(&cxl_bus_type, NULL, ar, cxl_accel_decoder_overlaps))
		return CXL_ACCEL_ATTACH_RANGE_CONFLICT;
	if (cxl_accel_hpa_in_use(&ar->hpa))
		return CXL_ACCEL_ATTACH_RANGE_IN_USE;
	return CXL_ACCEL_ATTACH_ATTACHED;
}

/* The region's end comes before that of its decoder, which is in the same devres list. */
static void cxl_accel_region_move_to_end(struct cxl_accel_region *ar, struct cxl_port *endpoint)
{
	devres_add(&endpoint->dev, devres_remove(&endpoint->dev, cxl_accel_region_release,
						 cxl_accel_region_match, ar));
}

/*
 * Where cxl_core found no decoder on the way it has recorded that as the position of a decoder that
 * is the region's target already. Newer ones warn about it when the region is taken apart.
 */
static void cxl_accel_region_position_target(struct cxl_accel_region *ar)
{
	if (ar->cxlr->params.targets[0] == ar->cxled && ar->cxled->pos < 0)
		ar->cxled->pos = 0;
}

static enum cxl_accel_attach_status cxl_accel_decoder_add(struct cxl_accel_region *ar,
							  struct cxl_port *endpoint)
{
	enum cxl_accel_attach_status status = cxl_accel_decoder_check(ar);
	int rc;

	if (status != CXL_ACCEL_ATTACH_ATTACHED)
		return status;

	cxl_accel_region_move_to_end(ar, endpoint);
	cxl_accel_decode_path_override(ar->accel, &ar->cxled->cxld);
	ar->accel->adding = ar;
	ar->cxled->state = CXL_DECODER_STATE_AUTO;
	rc = cxl_accel_core_add_to_region(endpoint, ar->cxled);
	ar->accel->adding = NULL;
	cxl_accel_decode_path_restore(ar->accel);

	if (ar->cxlr) {
		status = cxl_accel_region_check(ar);
		if (status != CXL_ACCEL_ATTACH_ATTACHED)
			cxl_accel_region_position_target(ar);
		return status;
	}
	if (rc == -ENOMEM)
		return CXL_ACCEL_ATTACH_NO_MEMORY;
	/* Without an error it was offered to a region that was there before. */
	return rc ? CXL_ACCEL_ATTACH_NO_REGION : CXL_ACCEL_ATTACH_RANGE_CONFLICT;
}

/**
 * cxl_accel_region_first() - the decoder and the region whose range the driver has
 * @accel: the accelerator, attached
 * @cxlmd: its memdev
 * @cxlr: set to the region
 *
 * Context: the PCI function's device lock is held; takes the endpoint's.
 * Return: the decoder; NULL if the region, or all, has gone.
 */
struct cxl_endpoint_decoder *cxl_accel_region_first(struct cxl_accel *accel,
						    struct cxl_memdev *cxlmd,
						    struct cxl_region **cxlr)
{
	struct cxl_accel_region *ar;
	struct cxl_port *endpoint;

	/* While the memdev is bound, it has its endpoint. */
	guard(device)(&cxlmd->dev);
	endpoint = cxlmd->endpoint;
	if ((!cxlmd->dev.driver && !accel->direct) || IS_ERR_OR_NULL(endpoint))
		return NULL;
	guard(device)(&endpoint->dev);
	list_for_each_entry(ar, &accel->regions, node) {
		if (!ar->cxlr || ar->hpa.start != accel->range.start)
			continue;
		*cxlr = ar->cxlr;
		return ar->cxled;
	}
	return NULL;
}

/* ---- a region that is created ---- */

/**
 * cxl_accel_region_adding() - the region that is being created
 * @accel: the accelerator, being attached by this task
 *
 * Return: the region, which is region.c's; NULL if there is none yet.
 */
struct cxl_region *cxl_accel_region_adding(struct cxl_accel *accel)
{
	return accel->adding->cxlr;
}

/**
 * cxl_accel_region_discard() - it has not come to be one
 * @accel: the accelerator, being attached by this task
 *
 * Should that fail, which it does not, the next attempt finds it.
 */
void cxl_accel_region_discard(struct cxl_accel *accel)
{
	cxl_accel_region_delete(accel->adding);
}

/* It stays as long as the endpoint is bound. */
static int cxl_accel_find_first_decoder(struct device *dev, void *first)
{
	struct cxl_endpoint_decoder *cxled, **found = first;

	if (!is_endpoint_decoder(dev))
		return 0;
	cxled = to_cxl_endpoint_decoder(dev);
	if (cxled->cxld.id == 0)
		*found = cxled;
	return cxled->cxld.id == 0;
}

/* The range that cxl_core has found for it. */
static bool cxl_accel_region_range(struct cxl_accel_region *ar)
{
	const struct cxl_region_params *p = &ar->cxlr->params;

	guard(device)(&ar->cxlr->dev);
	if (!ar->cxlr->dev.driver || p->state != CXL_CONFIG_COMMIT || !p->res)
		return false;
	ar->hpa = (struct range){ .start = p->res->start, .end = p->res->end };
	return true;
}

static enum cxl_accel_attach_status cxl_accel_region_create(struct cxl_accel_region *ar,
							    struct cxl_port *endpoint)
{
	struct cxl_accel *accel = ar->accel;
	enum cxl_accel_attach_status status;

	accel->adding = ar;
	status = cxl_accel_create_region(accel, endpoint, ar->cxled,
					 resource_size(&accel->cxlds->dpa_res));
	accel->adding = NULL;
	/* Its end comes before that of the DPA range, which is in the same devres list. */
	cxl_accel_region_move_to_end(ar, endpoint);
	if (status != CXL_ACCEL_ATTACH_ATTACHED)
		return status;
	if (!cxl_accel_region_range(ar))
		return CXL_ACCEL_ATTACH_INTERRUPTED;
	if (!cxl_accel_reserve_created(to_pci_dev(accel->dev), &ar->hpa))
		return CXL_ACCEL_ATTACH_NO_MEMORY;
	status = cxl_accel_region_check(ar);
	if (status == CXL_ACCEL_ATTACH_ATTACHED)
		dev_info(accel->dev, "firmware committed no HDM decoder: %s created, %#llx-%#llx\n",
			 dev_name(&ar->cxlr->dev), ar->hpa.start, ar->hpa.end);
	return status;
}

static enum cxl_accel_attach_status cxl_accel_region_create_first(struct cxl_accel *accel,
								  struct cxl_port *endpoint)
{
	struct cxl_endpoint_decoder *cxled = NULL;
	struct cxl_accel_region *ar;

	device_for_each_child(&endpoint->dev, &cxled, cxl_accel_find_first_decoder);
	if (!cxled)
		return CXL_ACCEL_ATTACH_NO_HDM_DECODERS;
	if (cxl_accel_region_prepare(accel, endpoint, cxled))
		return CXL_ACCEL_ATTACH_NO_MEMORY;
	cxl_accel_reserve_end_stale(to_pci_dev(accel->dev));
	ar = list_first_entry(&accel->regions, struct cxl_accel_region, node);
	ar->created = true;
	ar->status = cxl_accel_region_create(ar, endpoint);
	if (ar->status == CXL_ACCEL_ATTACH_ATTACHED) {
		accel->range = ar->hpa;
		accel->cxlr = ar->cxlr;
	}
	return ar->status;
}

/**
 * cxl_accel_region_assemble() - have cxl_core make regions of an accelerator's committed decoders,
 * or of the first one, if none is, and its driver wants it
 * @accel: the accelerator, being attached by this task
 * @endpoint: its endpoint port, which has been added
 *
 * Context: may sleep; the CXL root's device lock is held. Takes the endpoint's device lock, then
 * the regions lock of a root decoder, then a region's device lock.
 * Return: CXL_ACCEL_ATTACH_ATTACHED with @accel->range set to the range of the first decoder that
 * has a region; or the status of the first decoder.
 */
enum cxl_accel_attach_status cxl_accel_region_assemble(struct cxl_accel *accel,
						       struct cxl_port *endpoint)
{
	enum cxl_accel_attach_status status = CXL_ACCEL_ATTACH_NOT_COMMITTED;
	struct cxl_accel_region *ar, *first = NULL;

	guard(device)(&endpoint->dev);
	if (!endpoint->dev.driver)
		return CXL_ACCEL_ATTACH_INTERRUPTED;
	if (accel->refused != CXL_ACCEL_ATTACH_ATTACHED)
		return accel->refused;
	if (list_empty(&accel->regions) && cxl_accel_create_is_wanted(accel))
		return cxl_accel_region_create_first(accel, endpoint);

	list_for_each_entry(ar, &accel->regions, node) {
		ar->status = cxl_accel_decoder_add(ar, endpoint);
		if (ar->status == CXL_ACCEL_ATTACH_ATTACHED)
			first = first ?: ar;
		else if (status == CXL_ACCEL_ATTACH_NOT_COMMITTED)
			status = ar->status;
	}
	if (!first)
		return status;

	list_for_each_entry(ar, &accel->regions, node)
		if (ar != first)
			dev_info(accel->dev, "further decoder %s, HPA %#llx-%#llx: %s\n",
				 dev_name(&ar->cxled->cxld.dev), ar->hpa.start, ar->hpa.end,
				 ar->status == CXL_ACCEL_ATTACH_ATTACHED ?
				 "held, the driver is given one range" :
				 cxl_accel_attach_error_str(ar->status));
	accel->range = first->hpa;
	accel->cxlr = first->cxlr;
	return CXL_ACCEL_ATTACH_ATTACHED;
}
