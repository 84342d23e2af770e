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
 * bridge's passthrough decoder shows the endpoint decoder's range while that is done. It can be a
 * part of one region at a time: of several committed decoders behind such a bridge one has a
 * region.
 */
#include <linux/device.h>
#include <linux/slab.h>

#include "accel.h"

static DEFINE_MUTEX(route_lock);
static LIST_HEAD(hops_lent);

/*
 * One decoder above an accelerator, for the sake of one of its own (@down), and what it was before.
 * @passthrough: it may show @down's range. @lent: it does.
 */
struct route_hop {
	struct list_head node;
	struct list_head lent;
	struct cxl_decoder *cxld;
	const struct cxl_decoder *down;
	bool passthrough;
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

static void hop_lend(struct route_hop *hop)
{
	struct cxl_decoder *cxld = hop->cxld;

	list_add(&hop->lent, &hops_lent);
	hop->was.hpa_range = cxld->hpa_range;
	hop->was.interleave_ways = cxld->interleave_ways;
	hop->was.interleave_granularity = cxld->interleave_granularity;

	cxld->hpa_range = hop->down->hpa_range;
	cxld->interleave_ways = 1;
	cxld->interleave_granularity = hop->down->interleave_granularity;
	cxld->flags |= CXL_DECODER_F_ENABLE;
}

static void hop_take_back(struct route_hop *hop)
{
	struct cxl_decoder *cxld = hop->cxld;

	list_del_init(&hop->lent);
	cxld->flags &= ~CXL_DECODER_F_ENABLE;
	cxld->hpa_range = hop->was.hpa_range;
	cxld->interleave_ways = hop->was.interleave_ways;
	cxld->interleave_granularity = hop->was.interleave_granularity;
}

static void hop_restore(void *_hop)
{
	struct route_hop *hop = _hop;

	scoped_guard(mutex, &route_lock) {
		/* Another accelerator may have held it before. */
		if (hop->was.reset)
			hop->cxld->reset = hop->was.reset;
		if (!list_empty(&hop->lent))
			hop_take_back(hop);
	}
	list_del(&hop->node);
	put_device(&hop->cxld->dev);
	kfree(hop);
}

/* A passthrough decoder can stand for one decoder at a time. */
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
	else if (!enabled && core_decoder_is_passthrough(cxlsd))
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
		hop->down = down;
		hop->passthrough = !search.committed;
		if (search.committed)
			hop_hold(hop);
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
 * route_show_passthrough() - a decoder is about to be made a region of
 * @accel: the accelerator, being attached by this task; its endpoint's device lock is held
 * @down: the endpoint decoder
 *
 * To be followed by route_hide_passthrough().
 */
void route_show_passthrough(struct cxl_accel *accel, const struct cxl_decoder *down)
{
	struct route_hop *hop;

	guard(mutex)(&route_lock);
	list_for_each_entry(hop, &accel->route, node)
		if (hop->passthrough && hop->down == down && !hop->cxld->region &&
		    !is_lent(hop->cxld))
			hop_lend(hop);
}

/**
 * route_hide_passthrough() - that is done, whatever came of it
 * @accel: the accelerator, being attached by this task; its endpoint's device lock is held
 *
 * A passthrough decoder that is a part of the region now keeps the range; but nobody may take it
 * for one that is committed: its port counts none.
 */
void route_hide_passthrough(struct cxl_accel *accel)
{
	struct route_hop *hop;

	guard(mutex)(&route_lock);
	list_for_each_entry(hop, &accel->route, node) {
		if (list_empty(&hop->lent))
			continue;
		if (hop->cxld->region)
			hop->cxld->flags &= ~CXL_DECODER_F_ENABLE;
		else
			hop_take_back(hop);
	}
}
