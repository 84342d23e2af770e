// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reset that took a switch above an accelerator, too, is survived: its decoders are restored.
 *
 * Owns: for each switch above an accelerator what its upstream port was last seen to decode, until
 * the switch or this module goes. Talks to: restore.c, which writes decoders back; cxl_core's
 * switch decoders, which say what is still wanted. Locks: called with the device lock of a PCI
 * function below. That of the switch cannot be had: the PCI core takes them downwards, and may have
 * it for the sake of this very reset. cxl_accel_switch_lock stands in for it, outside of
 * cxl_core's and the PCI core's innermost ones only.
 *
 * A reset of the bus above a switch clears the decoders of its upstream port as it does those of
 * the devices below (CXL 3.1 section 9.6), and cxl_core does not notice either. Each accelerator
 * below that hears of the end of the reset has them restored before its own.
 *
 * Decoders are committed in ascending order, so an expander's are restored with them. What is
 * remembered of one may be old; cxl_core's own record of it decides: a decoder that is not enabled
 * there, or for another range, is left alone.
 */
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "accel.h"
#include "decoder_regs.h"

/**
 * struct switch_above - an upstream port of a switch
 * @node: in the list of all
 * @pdev: the port's PCI function; a reference is held
 * @before: what it decodes, or decoded before a reset
 */
struct switch_above {
	struct list_head node;
	struct pci_dev *pdev;
	struct cxl_accel_decoders before;
};

static DEFINE_MUTEX(cxl_accel_switch_lock);
static LIST_HEAD(cxl_accel_switches);

/* The next switch's upstream port on the way up; NULL if there is none. */
static struct pci_dev *cxl_accel_switch_above(struct pci_dev *pdev)
{
	do
		pdev = pci_upstream_bridge(pdev);
	while (pdev && pci_pcie_type(pdev) != PCI_EXP_TYPE_UPSTREAM);
	return pdev;
}

static struct switch_above *cxl_accel_switch_find(struct pci_dev *pdev)
{
	struct switch_above *sw;

	lockdep_assert_held(&cxl_accel_switch_lock);
	list_for_each_entry(sw, &cxl_accel_switches, node)
		if (sw->pdev == pdev)
			return sw;
	return NULL;
}

static struct switch_above *cxl_accel_switch_add(struct pci_dev *pdev)
{
	struct switch_above *sw = cxl_accel_switch_find(pdev);

	if (sw)
		return sw;
	sw = kzalloc(sizeof(*sw), GFP_KERNEL);
	if (!sw)
		return NULL;
	sw->pdev = pci_dev_get(pdev);
	list_add_tail(&sw->node, &cxl_accel_switches);
	return sw;
}

/* @port: the switch's PCI function. @id, @range: of a decoder that cxl_core is asked about. */
struct switch_decoder_search {
	struct device *port;
	int id;
	struct range range;
};

static int cxl_accel_switch_decoder_match(struct device *dev, void *data)
{
	const struct switch_decoder_search *search = data;
	const struct cxl_decoder *cxld;

	if (!is_switch_decoder(dev) || to_cxl_port(dev->parent)->uport_dev != search->port)
		return 0;
	cxld = &to_cxl_switch_decoder(dev)->cxld;
	return cxld->id == search->id && cxld->flags & CXL_DECODER_F_ENABLE &&
	       cxld->hpa_range.start == search->range.start &&
	       cxld->hpa_range.end == search->range.end;
}

static bool cxl_accel_switch_decoder_is_wanted(const struct switch_above *sw, int id)
{
	struct switch_decoder_search search = { .port = &sw->pdev->dev, .id = id };

	return cxl_accel_decoder_range(&sw->before.decoder[id], &search.range) &&
	       bus_for_each_dev(&cxl_bus_type, NULL, &search, cxl_accel_switch_decoder_match);
}

/* What is not committed any more either was lost by a reset, or is not wanted any more. */
static void cxl_accel_switch_update(struct switch_above *sw, const struct cxl_accel_decoders *now)
{
	int id, nr = 0;

	for (id = 0; id < max(now->nr, sw->before.nr); id++) {
		if (now->decoder[id].ctrl & DECODER_COMMITTED)
			sw->before.decoder[id] = now->decoder[id];
		else if (!cxl_accel_switch_decoder_is_wanted(sw, id))
			sw->before.decoder[id] = (struct cxl_accel_decoder_regs){ 0 };
		if (sw->before.decoder[id].ctrl & DECODER_COMMITTED)
			nr = id + 1;
	}
	sw->before.nr = nr;
	if (now->ctrl & HDM_CTRL_ENABLE) {
		sw->before.regs = now->regs;
		sw->before.size = now->size;
		sw->before.ctrl = now->ctrl;
	}
}

/**
 * cxl_accel_switches_remember() - this is what the switches above an accelerator decode
 * @pdev: the accelerator's PCI function; its device lock is held
 *
 * Of one that does not answer, or has been reset, what it decoded before is made do with.
 */
void cxl_accel_switches_remember(struct pci_dev *pdev)
{
	struct cxl_accel_decoders *now;
	struct switch_above *sw;
	struct pci_dev *up;

	guard(mutex)(&cxl_accel_switch_lock);
	for (up = cxl_accel_switch_above(pdev); up; up = cxl_accel_switch_above(up)) {
		sw = cxl_accel_switch_add(up);
		now = kzalloc(sizeof(*now), GFP_KERNEL);
		if (sw && now) {
			cxl_accel_decoders_read(up, now);
			cxl_accel_switch_update(sw, now);
		}
		kfree(now);
	}
}

static int cxl_accel_switch_restore(struct pci_dev *up)
{
	struct cxl_accel_decoders *now = kzalloc(sizeof(*now), GFP_KERNEL);
	struct switch_above *sw = cxl_accel_switch_find(up);
	int rc = 0;

	if (!now)
		return -ENOMEM;
	if (sw) {
		cxl_accel_decoders_read(up, now);
		cxl_accel_switch_update(sw, now);
		rc = sw->before.nr ? cxl_accel_decoders_restore(up, &sw->before) : 0;
	}
	kfree(now);
	if (rc > 0)
		pci_info(up, "CXL decoders of the switch restored after a reset\n");
	else if (rc < 0)
		pci_err(up, "error %pe: CXL decoders of the switch not restored after a reset\n",
			ERR_PTR(rc));
	return rc;
}

/* The uppermost first: what is below one answers for what it lets through. */
static int cxl_accel_switches_restore_from(struct pci_dev *up)
{
	int rc;

	if (!up)
		return 0;
	rc = cxl_accel_switches_restore_from(cxl_accel_switch_above(up));
	return rc < 0 ? rc : cxl_accel_switch_restore(up);
}

/**
 * cxl_accel_switches_restore() - the switches above an accelerator decode again what they did
 * @pdev: the accelerator's PCI function; its device lock is held
 *
 * Context: may sleep.
 * Return: 0, or as cxl_accel_decoders_restore().
 */
int cxl_accel_switches_restore(struct pci_dev *pdev)
{
	int rc;

	guard(mutex)(&cxl_accel_switch_lock);
	rc = cxl_accel_switches_restore_from(cxl_accel_switch_above(pdev));
	return min(rc, 0);
}

/**
 * cxl_accel_switches_forget() - forget switches
 * @gone: which ones; NULL for all
 */
void cxl_accel_switches_forget(bool (*gone)(struct pci_dev *pdev))
{
	struct switch_above *sw, *next;

	guard(mutex)(&cxl_accel_switch_lock);
	list_for_each_entry_safe(sw, next, &cxl_accel_switches, node) {
		if (gone && !gone(sw->pdev))
			continue;
		list_del(&sw->node);
		pci_dev_put(sw->pdev);
		kfree(sw);
	}
}
