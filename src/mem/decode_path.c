// SPDX-License-Identifier: GPL-2.0-only
/*
 * The decode path of an accelerator's memory: the decoders between the CXL window and its endpoint.
 *
 * Owns: what is changed in those decoders, for as long as the endpoint is bound. Talks to:
 * cxl_core's ports and switch decoders. Locks: called with the endpoint's device lock; takes
 * cxl_accel_decode_path_lock, innermost.
 *
 * What platform firmware has committed stays committed. cxl_core resets a region's decoders when
 * the region goes; nobody could bring an accelerator's back, and the driver would be left with
 * memory that stops decoding under its hands. As in upstream 7.3, where such a region is locked.
 *
 * A host bridge with one root port and no HDM decoders passes everything on. cxl_core
 * does not find its way through it when it assembles a region from what firmware committed. So the
 * bridge's passthrough decoder shows the endpoint decoder's range while that is done. It can be a
 * part of one region at a time: of several committed decoders behind such a bridge one has a
 * region.
 */
#include <linux/device.h>
#include <linux/slab.h>

#include "accel.h"

static DEFINE_MUTEX(cxl_accel_decode_path_lock);
static LIST_HEAD(cxl_accel_overridden);

/*
 * One decoder above an accelerator, for the sake of one of its own (@down), and what it was before.
 * @dport: the way from there to the accelerator. @passthrough: it may show @down's range.
 * @overridden: it does.
 */
struct cxl_accel_ancestor {
	struct list_head node;
	struct list_head overridden;
	struct cxl_decoder *cxld;
	const struct cxl_decoder *down;
	struct cxl_dport *dport;
	bool passthrough;
	struct {
		void (*reset)(struct cxl_decoder *cxld);
		struct range hpa_range;
		int interleave_ways;
		int interleave_granularity;
		struct cxl_dport *target;
	} was;
};

/* A committed decoder above the endpoint: cxl_core skips a reset() that is not there. */
static void cxl_accel_ancestor_hold(struct cxl_accel_ancestor *ancestor)
{
	ancestor->was.reset = ancestor->cxld->reset;
	ancestor->cxld->reset = NULL;
}

static void cxl_accel_ancestor_override(struct cxl_accel_ancestor *ancestor)
{
	struct cxl_decoder *cxld = ancestor->cxld;
	struct cxl_switch_decoder *cxlsd;

	list_add(&ancestor->overridden, &cxl_accel_overridden);
	ancestor->was.hpa_range = cxld->hpa_range;
	ancestor->was.interleave_ways = cxld->interleave_ways;
	ancestor->was.interleave_granularity = cxld->interleave_granularity;

	cxld->hpa_range = ancestor->down->hpa_range;
	cxld->interleave_ways = 1;
	cxld->interleave_granularity = ancestor->down->interleave_granularity;
	cxld->flags |= CXL_DECODER_F_ENABLE;

	/* From 6.18 on it has that target only where the root port's number is 0. */
	cxlsd = to_cxl_switch_decoder(&cxld->dev);
	ancestor->was.target = cxlsd->target[0];
	cxlsd->target[0] = ancestor->dport;
}

static void cxl_accel_ancestor_end_override(struct cxl_accel_ancestor *ancestor)
{
	struct cxl_decoder *cxld = ancestor->cxld;

	list_del_init(&ancestor->overridden);
	cxld->flags &= ~CXL_DECODER_F_ENABLE;
	cxld->hpa_range = ancestor->was.hpa_range;
	cxld->interleave_ways = ancestor->was.interleave_ways;
	cxld->interleave_granularity = ancestor->was.interleave_granularity;
	to_cxl_switch_decoder(&cxld->dev)->target[0] = ancestor->was.target;
}

static void cxl_accel_ancestor_restore(void *_ancestor)
{
	struct cxl_accel_ancestor *ancestor = _ancestor;

	scoped_guard(mutex, &cxl_accel_decode_path_lock) {
		/* Another accelerator may have held it before. */
		if (ancestor->was.reset)
			ancestor->cxld->reset = ancestor->was.reset;
		if (!list_empty(&ancestor->overridden))
			cxl_accel_ancestor_end_override(ancestor);
	}
	list_del(&ancestor->node);
	put_device(&ancestor->cxld->dev);
	kfree(ancestor);
}

/* A passthrough decoder can stand for one decoder at a time. */
static bool cxl_accel_ancestor_is_overridden(const struct cxl_decoder *cxld)
{
	struct cxl_accel_ancestor *ancestor;

	list_for_each_entry(ancestor, &cxl_accel_overridden, overridden)
		if (ancestor->cxld == cxld)
			return true;
	return false;
}

struct cxl_accel_ancestor_search {
	const struct cxl_decoder *down;
	struct cxl_decoder *committed;
	struct cxl_decoder *passthrough;
};

static int cxl_accel_ancestor_match(struct device *dev, void *data)
{
	struct cxl_accel_ancestor_search *search = data;
	const struct range *range = &search->down->hpa_range;
	struct cxl_switch_decoder *cxlsd;
	struct cxl_decoder *cxld;
	bool enabled;

	if (!is_switch_decoder(dev))
		return 0;
	cxlsd = to_cxl_switch_decoder(dev);
	cxld = &cxlsd->cxld;
	enabled = cxld->flags & CXL_DECODER_F_ENABLE;

	if (enabled && cxld->hpa_range.start == range->start && cxld->hpa_range.end == range->end)
		search->committed = cxld;
	else if (!enabled && cxl_accel_core_decoder_is_passthrough(cxlsd))
		search->passthrough = cxld;
	return 0;
}

static int cxl_accel_decode_path_add(struct cxl_accel *accel, struct cxl_port *endpoint,
				     struct cxl_dport *dport, const struct cxl_decoder *down,
				     bool hold)
{
	struct cxl_accel_ancestor_search search = { .down = down };
	struct cxl_accel_ancestor *ancestor;

	ancestor = kzalloc(sizeof(*ancestor), GFP_KERNEL);
	if (!ancestor)
		return -ENOMEM;
	INIT_LIST_HEAD(&ancestor->overridden);

	scoped_guard(mutex, &cxl_accel_decode_path_lock) {
		device_for_each_child(&dport->port->dev, &search, cxl_accel_ancestor_match);
		ancestor->cxld = search.committed ?: search.passthrough;
		if (!ancestor->cxld) {
			kfree(ancestor);
			return 0;
		}
		get_device(&ancestor->cxld->dev);
		ancestor->down = down;
		ancestor->dport = dport;
		ancestor->passthrough = !search.committed;
		if (search.committed && hold)
			cxl_accel_ancestor_hold(ancestor);
	}
	list_add(&ancestor->node, &accel->decode_path);
	return devm_add_action_or_reset(&endpoint->dev, cxl_accel_ancestor_restore, ancestor);
}

/**
 * cxl_accel_decode_path_prepare() - hold the decoders above a committed endpoint decoder in place
 * @accel: the accelerator, being attached by this task
 * @endpoint: its endpoint port, being probed: all is as before when it is unbound
 * @down: the endpoint decoder
 *
 * Return: 0 or -ENOMEM. A port without a way through is no error: no region will be assembled.
 */
int cxl_accel_decode_path_prepare(struct cxl_accel *accel, struct cxl_port *endpoint,
				  const struct cxl_decoder *down)
{
	/* What was created is decommitted with its region. */
	bool hold = !cxl_accel_reserve_is_created(to_pci_dev(accel->dev), &down->hpa_range);
	struct cxl_dport *dport = endpoint->parent_dport;
	int rc = 0;

	for (; !rc && !is_cxl_root(dport->port); dport = dport->port->parent_dport)
		rc = cxl_accel_decode_path_add(accel, endpoint, dport, down, hold);
	return rc;
}

/**
 * cxl_accel_decode_path_override() - a decoder is about to be made a region of
 * @accel: the accelerator, being attached by this task; its endpoint's device lock is held
 * @down: the endpoint decoder
 *
 * To be followed by cxl_accel_decode_path_restore().
 */
void cxl_accel_decode_path_override(struct cxl_accel *accel, const struct cxl_decoder *down)
{
	struct cxl_accel_ancestor *ancestor;

	guard(mutex)(&cxl_accel_decode_path_lock);
	list_for_each_entry(ancestor, &accel->decode_path, node)
		if (ancestor->passthrough && ancestor->down == down && !ancestor->cxld->region &&
		    !cxl_accel_ancestor_is_overridden(ancestor->cxld))
			cxl_accel_ancestor_override(ancestor);
}

/**
 * cxl_accel_decode_path_restore() - that is done, whatever came of it
 * @accel: the accelerator, being attached by this task; its endpoint's device lock is held
 *
 * A passthrough decoder that is a part of the region now keeps the range; but nobody may take it
 * for one that is committed: its port counts none.
 */
void cxl_accel_decode_path_restore(struct cxl_accel *accel)
{
	struct cxl_accel_ancestor *ancestor;

	guard(mutex)(&cxl_accel_decode_path_lock);
	list_for_each_entry(ancestor, &accel->decode_path, node) {
		if (list_empty(&ancestor->overridden))
			continue;
		if (ancestor->cxld->region)
			ancestor->cxld->flags &= ~CXL_DECODER_F_ENABLE;
		else
			cxl_accel_ancestor_end_override(ancestor);
	}
}
