// SPDX-License-Identifier: GPL-2.0-only
/*
 * The route of an accelerator's memory: the decoders between the CXL window and its endpoint.
 *
 * Owns: what is changed in those decoders, for as long as the endpoint is bound. Talks to:
 * cxl_core's ports and switch decoders. Locks: called with the endpoint's device lock; takes
 * route_lock, innermost.
 *
 * What platform firmware has committed stays committed. cxl_core resets a region's decoders when
 * the region goes; nobody could bring an accelerator's back, and the driver would be left with
 * memory that stops decoding under its hands. As in upstream 7.3, where such a region is locked.
 *
 * A host bridge with one root port and no HDM decoders passes everything on. Up to 6.x cxl_core
 * does not find its way through it when it assembles a region from what firmware committed. So the
 * bridge's stand-in decoder shows the endpoint decoder's range while that is done.
 */
#include <linux/device.h>
#include <linux/slab.h>

#include "accel.h"

static DEFINE_MUTEX(route_lock);
static LIST_HEAD(hops_lent);

/* One decoder above an accelerator, and what it was before. */
struct route_hop {
	struct list_head node;
	struct list_head lent;
	struct cxl_decoder *cxld;
	struct {
		void (*reset)(struct cxl_decoder *cxld);
		struct range hpa_range;
		int interleave_ways;
		int interleave_granularity;
	} was;
};

/* A committed decoder above the endpoint: cxl_core skips a reset() that is not there. */
static void hop_hold(struct route_hop *hop)
{
	hop->was.reset = hop->cxld->reset;
	hop->cxld->reset = NULL;
}

static void hop_lend(struct route_hop *hop, const struct cxl_decoder *down)
{
	struct cxl_decoder *cxld = hop->cxld;

	list_add(&hop->lent, &hops_lent);
	hop->was.hpa_range = cxld->hpa_range;
	hop->was.interleave_ways = cxld->interleave_ways;
	hop->was.interleave_granularity = cxld->interleave_granularity;

	cxld->hpa_range = down->hpa_range;
	cxld->interleave_ways = 1;
	cxld->interleave_granularity = down->interleave_granularity;
	cxld->flags |= CXL_DECODER_F_ENABLE;
}

static void hop_restore(void *_hop)
{
	struct route_hop *hop = _hop;
	struct cxl_decoder *cxld = hop->cxld;

	scoped_guard(mutex, &route_lock) {
		/* Another accelerator may have held it before. */
		if (hop->was.reset)
			cxld->reset = hop->was.reset;
		if (!list_empty(&hop->lent)) {
			list_del(&hop->lent);
			cxld->flags &= ~CXL_DECODER_F_ENABLE;
			cxld->hpa_range = hop->was.hpa_range;
			cxld->interleave_ways = hop->was.interleave_ways;
			cxld->interleave_granularity = hop->was.interleave_granularity;
		}
	}
	list_del(&hop->node);
	put_device(&cxld->dev);
	kfree(hop);
}

/* A stand-in can stand in for one decoder at a time. */
static bool is_lent(const struct cxl_decoder *cxld)
{
	struct route_hop *hop;

	list_for_each_entry(hop, &hops_lent, lent)
		if (hop->cxld == cxld)
			return true;
	return false;
}

struct hop_search {
	const struct cxl_decoder *down;
	struct cxl_decoder *committed;
	struct cxl_decoder *passthrough;
};

static int hop_match(struct device *dev, void *data)
{
	struct hop_search *search = data;
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
	else if (!enabled && core_decoder_is_passthrough(cxlsd) && !cxld->region && !is_lent(cxld))
		search->passthrough = cxld;
	return 0;
}

static int route_add_hop(struct cxl_accel *accel, struct cxl_port *endpoint,
			 struct cxl_port *port, const struct cxl_decoder *down)
{
	struct hop_search search = { .down = down };
	struct route_hop *hop;

	hop = kzalloc(sizeof(*hop), GFP_KERNEL);
	if (!hop)
		return -ENOMEM;
	INIT_LIST_HEAD(&hop->lent);

	scoped_guard(mutex, &route_lock) {
		device_for_each_child(&port->dev, &search, hop_match);
		hop->cxld = search.committed ?: search.passthrough;
		if (!hop->cxld) {
			kfree(hop);
			return 0;
		}
		get_device(&hop->cxld->dev);
		if (search.committed)
			hop_hold(hop);
		else
			hop_lend(hop, down);
	}
	list_add(&hop->node, &accel->route);
	return devm_add_action_or_reset(&endpoint->dev, hop_restore, hop);
}

/**
 * route_prepare() - hold the decoders above a committed endpoint decoder in place
 * @accel: the accelerator, being attached by this task
 * @endpoint: its endpoint port, being probed: all is as before when it is unbound
 * @down: the endpoint decoder
 *
 * Return: 0 or -ENOMEM. A port without a way through is no error: no region will be assembled.
 */
int route_prepare(struct cxl_accel *accel, struct cxl_port *endpoint,
		  const struct cxl_decoder *down)
{
	struct cxl_port *port = to_cxl_port(endpoint->dev.parent);
	int rc = 0;

	for (; !rc && !is_cxl_root(port); port = to_cxl_port(port->dev.parent))
		rc = route_add_hop(accel, endpoint, port, down);
	return rc;
}

/**
 * route_settle() - the regions are assembled, or will not be
 * @accel: the accelerator; the device lock of its endpoint is held
 *
 * Nobody may take a stand-in decoder for one that is committed: its port counts none.
 */
void route_settle(struct cxl_accel *accel)
{
	struct route_hop *hop;

	guard(mutex)(&route_lock);
	list_for_each_entry(hop, &accel->route, node)
		if (!list_empty(&hop->lent))
			hop->cxld->flags &= ~CXL_DECODER_F_ENABLE;
}
