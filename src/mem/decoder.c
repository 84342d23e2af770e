// SPDX-License-Identifier: GPL-2.0-only
/*
 * Endpoint ports and decoders, as an accelerator needs them of a stock cxl_core.
 *
 * Owns: the route of an accelerator's memory, that is what is changed in the decoders above it, for
 * as long as its endpoint is bound. Talks to: cxl_core's ports and decoders, through a notifier on
 * the cxl bus, which sees them before anybody can use them. Locks: called with the endpoint's
 * device lock; takes route_lock, innermost.
 *
 * Five things are seen to:
 *
 * An endpoint port can be probed only from within the attach. cxl_core finds the state of an
 * endpoint's device in the drvdata of the PCI function, where an accelerator's driver keeps its
 * own; so for the time of the probe it is given the one that it expects. At any other time the
 * driver is running and needs its drvdata, and a probe (user space binding the endpoint again after
 * unbinding it) is refused before it starts: without this it follows a foreign pointer.
 *
 * What platform firmware has committed stays committed. cxl_core resets a region's decoders when
 * the region goes; nobody could bring an accelerator's back, and the driver would be left with
 * memory that stops decoding under its hands. As in upstream 7.3, where such a region is locked.
 *
 * A host bridge with one root port and no HDM decoders passes everything on. Up to 6.x cxl_core
 * does not find its way through it when it assembles a region from what firmware committed. So the
 * bridge's stand-in decoder shows the endpoint decoder's range while that is done.
 *
 * A port that user space unbinds while decoders of it are committed must be able to come back. The
 * core goes on counting them from the last time, and would find the first one out of order.
 *
 * A decoder that nobody committed is for device coherent memory (HDM-D), not for an expander's.
 */
#include <linux/device.h>
#include <linux/pm_domain.h>
#include <linux/slab.h>

#include "accel.h"

static DEFINE_MUTEX(route_lock);

/* One decoder above an accelerator, and what it was before. */
struct route_hop {
	struct list_head node;
	struct cxl_accel *accel;
	struct cxl_decoder *cxld;
	bool lent;
	struct {
		void (*reset)(struct cxl_decoder *cxld);
		struct range hpa_range;
		int interleave_ways;
		int interleave_granularity;
	} was;
};

static void stay_committed(struct cxl_decoder *cxld)
{
}

static bool decoder_enabled(const struct cxl_decoder *cxld)
{
	return cxld->flags & CXL_DECODER_F_ENABLE;
}

/* A committed decoder above the endpoint: cxl_core skips a reset() that is not there. */
static void hop_hold(struct route_hop *hop)
{
	hop->was.reset = hop->cxld->reset;
	hop->cxld->reset = NULL;
}

static void hop_lend(struct route_hop *hop, const struct cxl_decoder *down)
{
	struct cxl_decoder *cxld = hop->cxld;

	hop->lent = true;
	hop->was.reset = cxld->reset;
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
		cxld->reset = hop->was.reset;
		if (hop->lent) {
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

	if (!is_switch_decoder(dev))
		return 0;
	cxlsd = to_cxl_switch_decoder(dev);
	cxld = &cxlsd->cxld;

	if (decoder_enabled(cxld) && cxld->hpa_range.start == range->start &&
	    cxld->hpa_range.end == range->end)
		search->committed = cxld;
	else if (core_decoder_is_passthrough(cxlsd) && !decoder_enabled(cxld) && !cxld->region)
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
	hop->accel = accel;

	scoped_guard(mutex, &route_lock) {
		device_for_each_child(&port->dev, &search, hop_match);
		hop->cxld = search.committed ?: search.passthrough;
		if (!hop->cxld) {
			/* No way through: the region will not assemble, which is said then. */
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

static int route_prepare(struct cxl_accel *accel, struct cxl_port *endpoint,
			 const struct cxl_decoder *down)
{
	struct cxl_port *port = to_cxl_port(endpoint->dev.parent);
	int rc = 0;

	for (; !rc && !is_cxl_root(port); port = to_cxl_port(port->dev.parent))
		rc = route_add_hop(accel, endpoint, port, down);
	return rc;
}

/**
 * decoder_route_settle() - the regions are assembled, or will not be
 * @accel: the accelerator; the device lock of its endpoint is held
 *
 * Nobody may take a stand-in decoder for one that is committed: its port counts none.
 */
void decoder_route_settle(struct cxl_accel *accel)
{
	struct route_hop *hop;

	guard(mutex)(&route_lock);
	list_for_each_entry(hop, &accel->route, node)
		if (hop->lent)
			hop->cxld->flags &= ~CXL_DECODER_F_ENABLE;
}

static int committed_decoder_added(struct cxl_accel *accel, struct cxl_port *endpoint,
				   struct cxl_endpoint_decoder *cxled)
{
	int rc = route_prepare(accel, endpoint, &cxled->cxld);

	return rc ?: accel_region_prepare(accel, endpoint, cxled);
}

static void endpoint_decoder_added(struct cxl_endpoint_decoder *cxled)
{
	struct cxl_decoder *cxld = &cxled->cxld;
	struct cxl_port *endpoint = to_cxl_port(cxld->dev.parent);
	struct cxl_memdev *cxlmd = to_cxl_memdev(endpoint->uport_dev);
	struct cxl_accel *accel = accel_attaching(cxlmd->cxlds);

	if (!accel)
		return;

	if (decoder_enabled(cxld)) {
		cxld->reset = stay_committed;
		if (committed_decoder_added(accel, endpoint, cxled)) {
			/* Nor must cxl_core assemble a region that nobody is prepared for. */
			cxled->state = CXL_DECODER_STATE_MANUAL;
			accel->no_memory = true;
		}
		return;
	}

	/* One made from DVSEC ranges has no reset(), but cxl_core calls it. */
	if (!cxld->reset)
		cxld->reset = stay_committed;
	if (accel->devmem)
		cxld->target_type = CXL_DECODER_DEVMEM;
}

static struct cxl_accel *endpoint_attaching(struct device *dev)
{
	struct cxl_memdev *cxlmd = to_cxl_memdev(to_cxl_port(dev)->uport_dev);

	return accel_attaching(cxlmd->cxlds);
}

/* Called by the driver core right before the endpoint port's driver is probed; errors positive. */
static int endpoint_activate(struct device *dev)
{
	struct cxl_accel *accel = endpoint_attaching(dev);
	struct pci_dev *pdev;

	if (!accel) {
		dev_dbg(dev, "bound by its accelerator's driver only\n");
		return ENXIO;
	}
	pdev = to_pci_dev(accel->dev);
	accel->drvdata = pci_get_drvdata(pdev);
	accel->drvdata_lent = true;
	pci_set_drvdata(pdev, accel->cxlds);
	return 0;
}

/* Called after the probe, whether it went well (sync) or not (dismiss); dismiss at unbind, too. */
static void endpoint_probed(struct device *dev)
{
	struct cxl_accel *accel = endpoint_attaching(dev);

	if (!accel || !accel->drvdata_lent)
		return;
	accel->drvdata_lent = false;
	pci_set_drvdata(to_pci_dev(accel->dev), accel->drvdata);
}

/*
 * The one hook of the driver core's that can refuse a probe. No power management is done here:
 * devices of the cxl bus have none.
 */
static struct dev_pm_domain endpoint_domain = {
	.activate = endpoint_activate,
	.sync = endpoint_probed,
	.dismiss = endpoint_probed,
};

static void device_added(struct device *dev)
{
	if (is_cxl_region(dev))
		accel_region_added(to_cxl_region(dev));
	else if (is_endpoint_decoder(dev))
		endpoint_decoder_added(to_cxl_endpoint_decoder(dev));
	else if (is_cxl_port(dev) && is_cxl_endpoint(to_cxl_port(dev)) && endpoint_attaching(dev))
		dev_pm_domain_set(dev, &endpoint_domain);
}

/* An unbound port has no decoders, so none is committed: nobody else looks at the count now. */
static void driver_unbound(struct device *dev)
{
	if (is_cxl_port(dev))
		to_cxl_port(dev)->commit_end = -1;
}

static int decoder_hooks(struct notifier_block *nb, unsigned long action, void *data)
{
	if (action == BUS_NOTIFY_ADD_DEVICE)
		device_added(data);
	else if (action == BUS_NOTIFY_UNBOUND_DRIVER || action == BUS_NOTIFY_DRIVER_NOT_BOUND)
		driver_unbound(data);
	return NOTIFY_DONE;
}

static struct notifier_block decoder_nb = {
	.notifier_call = decoder_hooks,
};

int decoder_hooks_register(void)
{
	return bus_register_notifier(&cxl_bus_type, &decoder_nb);
}

void decoder_hooks_unregister(void)
{
	bus_unregister_notifier(&cxl_bus_type, &decoder_nb);
}
