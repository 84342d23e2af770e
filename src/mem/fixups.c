// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is done to ports, decoders and regions before anybody can use them.
 *
 * Owns: a notifier on the cxl bus. Talks to: cxl_core, which registers these devices while a port
 * is being probed, an accelerator's in the task that attaches it. Locks: called with the device
 * lock of the port that is being probed.
 *
 * Endpoint ports and regions have files of their own. The rest makes up for what a stock cxl_core
 * does to decoders:
 *
 * Where firmware has set Mem_Enable and the DVSEC ranges, but not the HDM decoders, it makes
 * decoders without a reset(), and calls that when their region goes.
 *
 * It takes a decoder that nobody has committed for an expander's, though an accelerator's is for
 * device coherent memory (HDM-D).
 *
 * All that is written here is written before the device can be found or probed. cxl_core's region
 * rwsem, under which it is read later, cannot be had: it is not exported.
 */
#include <linux/device.h>
#include <linux/pm_domain.h>

#include "accel.h"

/**
 * cxl_accel_set_pm_domain() - have a say in whether a device is probed
 * @dev: a device that is being added: it is not bound
 * @domain: whose activate() is asked
 *
 * That wants the device lock, which is free: nobody has probed the device yet. Waiting for it here
 * would have the bus's notifiers wait for a device, as devices wait for them. Should somebody have
 * it all the same, he is about to probe, and must find the domain.
 */
void cxl_accel_set_pm_domain(struct device *dev, struct dev_pm_domain *domain)
{
	bool locked = device_trylock(dev);

	dev_pm_domain_set(dev, domain);
	if (locked)
		device_unlock(dev);
}

/* In place of what would reset the decoder. */
static void cxl_accel_noop_reset(struct cxl_decoder *cxld)
{
}

static void cxl_accel_endpoint_decoder_added(struct cxl_endpoint_decoder *cxled)
{
	struct cxl_decoder *cxld = &cxled->cxld;
	struct cxl_port *endpoint = to_cxl_port(cxld->dev.parent);
	struct cxl_memdev *cxlmd = to_cxl_memdev(endpoint->uport_dev);
	struct cxl_accel *accel = cxl_accel_attaching(cxlmd->cxlds);

	/* One made from DVSEC ranges has no reset(), but cxl_core calls it: an expander's, too. */
	if (!cxld->reset)
		cxld->reset = cxl_accel_noop_reset;
	if (!accel)
		return;

	cxl_accel_endpoint_decoded(accel);
	if (cxld->flags & CXL_DECODER_F_ENABLE) {
		if (list_empty(&accel->regions))
			cxl_accel_status_range(accel->dev, &cxld->hpa_range);
		if (!cxl_accel_reserve_is_created(to_pci_dev(accel->dev), &cxld->hpa_range))
			cxld->reset = cxl_accel_noop_reset;
		/* cxl_core assembles no region by itself: the attach tells it when (region.c). */
		cxled->state = CXL_DECODER_STATE_MANUAL;
		if (cxl_accel_decode_path_prepare(accel, endpoint, cxld) ||
		    cxl_accel_region_prepare(accel, endpoint, cxled))
			accel->refused = CXL_ACCEL_ATTACH_NO_MEMORY;
		return;
	}

	if (accel->devmem)
		cxld->target_type = CXL_DECODER_DEVMEM;
}

/* A region's target that is not there any more. */
static int cxl_accel_clear_target(struct device *dev, void *cxled)
{
	struct cxl_region_params *p;
	int i;

	if (!is_cxl_region(dev))
		return 0;
	p = &to_cxl_region(dev)->params;
	for (i = 0; i < ARRAY_SIZE(p->targets); i++)
		if (cmpxchg(&p->targets[i], cxled, NULL) == cxled)
			p->nr_targets--;
	return 0;
}

/*
 * A region that could not be assembled to its end keeps the decoder as a target, but the decoder
 * does not know: it is freed, and followed when the region goes. cxl_core has taken the decoder out
 * of its region by now, if it has one. Its region rwsem cannot be had here; whoever looks at an
 * unfinished region's targets meanwhile finds this one there or not.
 */
static void cxl_accel_endpoint_decoder_removed(struct device *dev)
{
	bus_for_each_dev(&cxl_bus_type, NULL, to_cxl_endpoint_decoder(dev), cxl_accel_clear_target);
}

static void cxl_accel_device_added(struct device *dev)
{
	if (is_cxl_region(dev))
		cxl_accel_region_added(to_cxl_region(dev));
	else if (is_endpoint_decoder(dev))
		cxl_accel_endpoint_decoder_added(to_cxl_endpoint_decoder(dev));
	else if (is_cxl_port(dev) && is_cxl_endpoint(to_cxl_port(dev)))
		cxl_accel_endpoint_added(to_cxl_port(dev));
	else if (is_cxl_port(dev))
		cxl_accel_reserve_windows_added(to_cxl_port(dev));
}

static int cxl_accel_fixups_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	if (action == BUS_NOTIFY_ADD_DEVICE)
		cxl_accel_device_added(data);
	else if (action == BUS_NOTIFY_DEL_DEVICE && is_endpoint_decoder(data))
		cxl_accel_endpoint_decoder_removed(data);
	return NOTIFY_DONE;
}

static struct notifier_block cxl_accel_fixups_nb = {
	.notifier_call = cxl_accel_fixups_notify,
};

int cxl_accel_fixups_register(void)
{
	return bus_register_notifier(&cxl_bus_type, &cxl_accel_fixups_nb);
}

void cxl_accel_fixups_unregister(void)
{
	bus_unregister_notifier(&cxl_bus_type, &cxl_accel_fixups_nb);
}
