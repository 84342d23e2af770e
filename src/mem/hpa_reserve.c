// SPDX-License-Identifier: GPL-2.0-only
/*
 * What platform firmware committed to an accelerator is nobody else's, attached or not.
 *
 * Owns: for each range that an accelerator decodes a reservation, from the loading of this module
 * until the device is gone. Talks to: the PCI bus, for devices that come and go; the resource tree,
 * where cxl_core looks for free space when somebody creates a region. Locks: called with the device
 * lock of a PCI function, takes that of the CXL root (ACPI0017), then cxl_accel_reserve_lock, under
 * which the platform bus is told of a device. So nothing of it is done within a bus notifier: those
 * have a work item look at all devices again, or look at the list under its own lock,
 * cxl_accel_reserve_list_lock.
 *
 * An accelerator's decoders stay committed whether it has a region or not: its driver may be
 * unbound, may have failed to attach, may know nothing of CXL. The next region that somebody
 * creates behind the same window would get this very range: an expander's memory, for example,
 * which then the accelerator answers for.
 *
 * A reservation is a resource inside the window: cxl_core looks at the window's children alone.
 * (With the whole resource tree for a parent, one as large as its window would get around the
 * window.) A region of the accelerator gets around its reservation. What is outside every window
 * cannot be had by anybody, and what registers say of it is not believed in.
 *
 * It has to outlast this module, as the decoders do. So its owner is a platform device without a
 * driver, which the driver core keeps; a module that is loaded later finds it by its name.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/ioport.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "accel.h"
#include "hpa_reserve.h"

#define NAME_FORMAT	CXL_ACCEL_RESERVE_PREFIX "%s.%d"

/**
 * struct reservation - a range that a device decodes
 * @node: in the list of all
 * @pdev: the PCI function; a reference is held
 * @nr: counts the function's ranges
 * @range: HPA
 * @created: for a region of our making: if it is not taken back, it is given back with that
 * @holder: what holds it in the resource tree; NULL as long as there is no window around it
 */
struct reservation {
	struct list_head node;
	struct pci_dev *pdev;
	int nr;
	struct range range;
	bool created;
	struct platform_device *holder;
};

/*
 * The list changes under both, so either will do for looking at it. Bus notifiers, which also run
 * when the platform bus is told of a device, can take the second one only.
 */
static DEFINE_MUTEX(cxl_accel_reserve_lock);
static DEFINE_SPINLOCK(cxl_accel_reserve_list_lock);
static LIST_HEAD(cxl_accel_reservations);

/* ---- what holds a range ---- */

static void cxl_accel_holder_remove(struct platform_device *holder)
{
	struct resource *res = &holder->resource[0];

	/* The platform bus would take out of the tree what is inside, too: another one's region. */
	if (res->parent)
		remove_resource(res);
	platform_device_unregister(holder);
}

/* One that this module left when it was here before. */
static struct platform_device *cxl_accel_holder_find(const char *name, const struct range *range)
{
	struct device *dev = bus_find_device_by_name(&platform_bus_type, NULL, name);
	struct platform_device *holder;

	if (!dev)
		return NULL;
	/* Nobody else unregisters it. */
	put_device(dev);
	holder = to_platform_device(dev);
	if (holder->resource[0].start == range->start && holder->resource[0].end == range->end)
		return holder;
	cxl_accel_holder_remove(holder);
	return NULL;
}

/*
 * The resource goes in last: the platform bus, if it cannot register a device after all, takes out
 * of the tree what is inside, too, and that would go on naming it as its parent.
 */
static struct platform_device *cxl_accel_holder_add(const char *name, struct resource *window,
						    const struct resource *res)
{
	struct platform_device *holder;
	int rc;

	holder = platform_device_register_simple(name, PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(holder))
		return holder;
	rc = platform_device_add_resources(holder, res, 1);
	if (!rc) {
		holder->resource[0].name = dev_name(&holder->dev);
		rc = insert_resource(window, &holder->resource[0]);
	}
	if (rc) {
		platform_device_unregister(holder);
		return ERR_PTR(rc);
	}
	return holder;
}

static void cxl_accel_reservation_place(struct reservation *r)
{
	struct resource res = DEFINE_RES_MEM(r->range.start, range_len(&r->range));
	struct platform_device *holder;
	struct resource *window;
	char name[64];

	if (r->holder || !cxl_accel_core_find_window(&r->range, &window) || !window)
		return;

	snprintf(name, sizeof(name), NAME_FORMAT, pci_name(r->pdev), r->nr);
	r->holder = cxl_accel_holder_find(name, &r->range);
	if (r->holder)
		return;

	holder = cxl_accel_holder_add(name, window, &res);
	if (IS_ERR(holder))
		pci_warn(r->pdev, "cannot reserve %pR, which it decodes: error %pe\n", &res,
			 holder);
	else
		r->holder = holder;
}

/* ---- all reservations ---- */

/* The function of that address, to be compared only: no reference is held. */
static const struct pci_dev *cxl_accel_function_at(int domain, unsigned int bus, unsigned int devfn)
{
	struct pci_dev *pdev = pci_get_domain_bus_and_slot(domain, bus, devfn);

	pci_dev_put(pdev);
	return pdev;
}

static struct reservation *cxl_accel_reservation_find(struct pci_dev *pdev,
						      const struct range *range,
						      int *nr)
{
	struct reservation *r;

	*nr = 0;
	list_for_each_entry(r, &cxl_accel_reservations, node) {
		/* One that was there before, and had the same name, may have left a range. */
		if (r->pdev != pdev) {
			if (!strcmp(pci_name(r->pdev), pci_name(pdev)))
				*nr = max(*nr, r->nr + 1);
			continue;
		}
		if (r->range.start == range->start && r->range.end == range->end)
			return r;
		*nr = max(*nr, r->nr + 1);
	}
	return NULL;
}

static void cxl_accel_reservation_free(struct reservation *r)
{
	spin_lock(&cxl_accel_reserve_list_lock);
	list_del(&r->node);
	spin_unlock(&cxl_accel_reserve_list_lock);
	pci_dev_put(r->pdev);
	kfree(r);
}

static void cxl_accel_reservation_end(struct reservation *r)
{
	if (r->holder)
		cxl_accel_holder_remove(r->holder);
	cxl_accel_reservation_free(r);
}

static struct reservation *cxl_accel_reservation_add(struct pci_dev *pdev,
						     const struct range *range)
{
	struct reservation *r;
	int nr;

	r = cxl_accel_reservation_find(pdev, range, &nr);
	if (r)
		return r;
	r = kzalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return NULL;
	r->pdev = pci_dev_get(pdev);
	r->nr = nr;
	r->range = *range;
	spin_lock(&cxl_accel_reserve_list_lock);
	list_add_tail(&r->node, &cxl_accel_reservations);
	spin_unlock(&cxl_accel_reserve_list_lock);
	return r;
}

/* On the bus there is none any more, or another one. */
static bool cxl_accel_is_gone(struct pci_dev *pdev)
{
	return cxl_accel_function_at(pci_domain_nr(pdev->bus), pdev->bus->number,
				     pdev->devfn) != pdev;
}

static int cxl_accel_is_decoder_of(struct device *dev, void *data)
{
	const struct range *range = data;
	const struct cxl_decoder *cxld;

	if (!is_switch_decoder(dev) || is_root_decoder(dev))
		return 0;
	cxld = &to_cxl_switch_decoder(dev)->cxld;
	return cxld->flags & CXL_DECODER_F_ENABLE && cxld->hpa_range.start == range->start &&
	       cxld->hpa_range.end == range->end;
}

/* A decoder of a bridge or switch is committed to it. */
static bool cxl_accel_is_passed_on(const struct range *range)
{
	return bus_for_each_dev(&cxl_bus_type, NULL, (void *)range, cxl_accel_is_decoder_of);
}

/*
 * A device that is gone decodes nothing. But where its range could not be taken back, a port above
 * goes on passing that on, and whose it became would have two decoders there. What ports do shows
 * while the CXL host is bound.
 */
static void cxl_accel_end_gone(void)
{
	struct device *host = cxl_accel_host_lock();
	struct reservation *r, *next;

	scoped_guard(mutex, &cxl_accel_reserve_lock) {
		list_for_each_entry_safe(r, next, &cxl_accel_reservations, node) {
			if (!cxl_accel_is_gone(r->pdev))
				continue;
			if (!r->created || (host && !cxl_accel_is_passed_on(&r->range)))
				cxl_accel_reservation_end(r);
		}
	}
	if (host)
		cxl_accel_host_unlock(host);
}

/*
 * Is there anything of a device that was at this address before? Each attach asks: to look for
 * devices that are gone takes a walk over all functions for each reservation.
 */
static bool cxl_accel_has_predecessor(struct pci_dev *pdev)
{
	struct reservation *r;
	bool found = false;

	spin_lock(&cxl_accel_reserve_list_lock);
	list_for_each_entry(r, &cxl_accel_reservations, node) {
		found = r->pdev != pdev && !strcmp(pci_name(r->pdev), pci_name(pdev));
		if (found)
			break;
	}
	spin_unlock(&cxl_accel_reserve_list_lock);
	return found;
}

/**
 * cxl_accel_reserve_device() - what a device decodes is nobody else's
 * @pdev: the PCI function
 *
 * May be called as often as there may be something new.
 *
 * Context: may sleep; @pdev's device lock is held, that of the CXL root is taken.
 */
void cxl_accel_reserve_device(struct pci_dev *pdev)
{
	struct cxl_accel_decoders *decoders;
	struct range *ranges;
	struct reservation *r;
	struct device *host;
	int i, nr = 0;

	/* What holds the ranges of the device that was here before has the name of this one's. */
	if (cxl_accel_has_predecessor(pdev))
		cxl_accel_end_gone();
	ranges = kcalloc(MAX_COMMITTED, sizeof(*ranges), GFP_KERNEL);
	decoders = kzalloc(sizeof(*decoders), GFP_KERNEL);
	if (ranges && decoders) {
		cxl_accel_decoders_read(pdev, decoders);
		cxl_accel_reset_remember(pdev, decoders);
		nr = cxl_accel_decoders_ranges(decoders, ranges);
	}
	if (nr) {
		/* While it is held no window goes. Without one, it is waited for. */
		host = cxl_accel_host_lock();
		scoped_guard(mutex, &cxl_accel_reserve_lock) {
			for (i = 0; i < nr; i++) {
				r = cxl_accel_reservation_add(pdev, &ranges[i]);
				if (r && host)
					cxl_accel_reservation_place(r);
			}
		}
		if (host)
			cxl_accel_host_unlock(host);
	}
	kfree(decoders);
	kfree(ranges);
}

/**
 * cxl_accel_reserve_covers() - is a range that a device used to decode still its own?
 * @pdev: the PCI function
 * @range: HPA range
 *
 * Return: whether it is reserved for it.
 */
bool cxl_accel_reserve_covers(struct pci_dev *pdev, const struct range *range)
{
	struct reservation *r;
	int nr;

	guard(mutex)(&cxl_accel_reserve_lock);
	r = cxl_accel_reservation_find(pdev, range, &nr);
	return r && r->holder;
}

/**
 * cxl_accel_reserve_created() - a region has been created for a device: its range is nobody else's
 * @pdev: the PCI function
 * @range: HPA range
 *
 * Context: the CXL root's device lock is held.
 * Return: false for want of memory.
 */
bool cxl_accel_reserve_created(struct pci_dev *pdev, const struct range *range)
{
	struct reservation *r;

	guard(mutex)(&cxl_accel_reserve_lock);
	r = cxl_accel_reservation_add(pdev, range);
	if (!r)
		return false;
	spin_lock(&cxl_accel_reserve_list_lock);
	r->created = true;
	spin_unlock(&cxl_accel_reserve_list_lock);
	cxl_accel_reservation_place(r);
	return true;
}

/**
 * cxl_accel_reserve_is_created() - is what a device decodes of our making?
 * @pdev: the PCI function
 * @range: HPA range
 *
 * Context: any task; a bus notifier, too.
 * Return: whether the region that had it was created.
 */
bool cxl_accel_reserve_is_created(struct pci_dev *pdev, const struct range *range)
{
	struct reservation *r;
	bool created;
	int nr;

	spin_lock(&cxl_accel_reserve_list_lock);
	r = cxl_accel_reservation_find(pdev, range, &nr);
	created = r && r->created;
	spin_unlock(&cxl_accel_reserve_list_lock);
	return created;
}

/**
 * cxl_accel_reserve_end() - a range that was created for a device is decoded no more
 * @pdev: the PCI function
 * @range: HPA range
 */
void cxl_accel_reserve_end(struct pci_dev *pdev, const struct range *range)
{
	struct reservation *r;
	int nr;

	guard(mutex)(&cxl_accel_reserve_lock);
	r = cxl_accel_reservation_find(pdev, range, &nr);
	if (r && r->created)
		cxl_accel_reservation_end(r);
}

/**
 * cxl_accel_reserve_end_stale() - no decoder of a device is committed: what was created is over
 * @pdev: the PCI function
 *
 * But for what a port goes on passing on.
 */
void cxl_accel_reserve_end_stale(struct pci_dev *pdev)
{
	struct reservation *r, *next;

	guard(mutex)(&cxl_accel_reserve_lock);
	list_for_each_entry_safe(r, next, &cxl_accel_reservations, node)
		if (r->pdev == pdev && r->created && !cxl_accel_is_passed_on(&r->range))
			cxl_accel_reservation_end(r);
}

/* ---- devices that are there, come and go ---- */

/* An expander's ranges are its regions', which cxl_pci and cxl_core look after. */
static bool cxl_accel_is_accelerator(struct pci_dev *pdev)
{
	return pdev->class >> 8 != PCI_CLASS_MEMORY_CXL &&
	       pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL, CXL_DEVICE_DVSEC);
}

/* Of all accelerators, or of those whose device lock is free: returns whether that was all. */
static bool cxl_accel_reserve_accelerators(bool wait)
{
	struct pci_dev *pdev = NULL;
	bool all = true;

	for_each_pci_dev(pdev) {
		if (!cxl_accel_is_accelerator(pdev))
			continue;
		if (wait) {
			device_lock(&pdev->dev);
		} else if (!device_trylock(&pdev->dev)) {
			all = false;
			continue;
		}
		if (device_is_registered(&pdev->dev))
			cxl_accel_reserve_device(pdev);
		device_unlock(&pdev->dev);
	}
	return all;
}

/* All devices again: what is bound now, whether there are windows now, what is gone. */
static void cxl_accel_reserve_all(struct work_struct *work)
{
	cxl_accel_reserve_accelerators(true);
	cxl_accel_end_gone();
	cxl_accel_reset_forget(cxl_accel_is_gone);
}
static DECLARE_WORK(cxl_accel_reserve_work, cxl_accel_reserve_all);

/*
 * A device that was plugged in has its BARs by the time that a driver is bound. One that attaches
 * has its ranges reserved by then, another one when its probe is over.
 */
static int cxl_accel_reserve_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	if ((action == BUS_NOTIFY_BIND_DRIVER && cxl_accel_is_accelerator(to_pci_dev(data))) ||
	    action == BUS_NOTIFY_REMOVED_DEVICE)
		schedule_work(&cxl_accel_reserve_work);
	return NOTIFY_DONE;
}

static struct notifier_block cxl_accel_reserve_nb = {
	.notifier_call = cxl_accel_reserve_notify,
};

/**
 * cxl_accel_reserve_windows_added() - cxl_acpi has added its windows, and is adding host bridges
 * @port: a port that has been registered, any but an endpoint
 *
 * Ranges that were waiting for a window are reserved when cxl_acpi's probe is over, before anybody
 * has brought up a memdev below, and made a region of it.
 */
void cxl_accel_reserve_windows_added(struct cxl_port *port)
{
	if (!is_cxl_root(port) && is_cxl_root(to_cxl_port(port->dev.parent)))
		schedule_work(&cxl_accel_reserve_work);
}

/* Held for a device that went while this module was not there. */
static int cxl_accel_holder_of_gone_device(struct device *dev, const void *data)
{
	unsigned int domain, bus, slot, fn;

	return sscanf(dev_name(dev), CXL_ACCEL_RESERVE_PREFIX "%x:%x:%x.%x.", &domain, &bus, &slot,
		      &fn) == 4 &&
	       !cxl_accel_function_at(domain, bus, PCI_DEVFN(slot, fn));
}

static void cxl_accel_remove_stale_holders(void)
{
	struct device *dev;

	while ((dev = bus_find_device(&platform_bus_type, NULL, NULL,
				      cxl_accel_holder_of_gone_device))) {
		cxl_accel_holder_remove(to_platform_device(dev));
		put_device(dev);
	}
}

int cxl_accel_reserve_init(void)
{
	int rc;

	rc = bus_register_notifier(&pci_bus_type, &cxl_accel_reserve_nb);
	if (rc)
		return rc;

	cxl_accel_remove_stale_holders();
	/*
	 * This task does not wait: it may be a driver's probe() that has asked for this module,
	 * and holds one of these locks.
	 */
	if (!cxl_accel_reserve_accelerators(false))
		schedule_work(&cxl_accel_reserve_work);
	return 0;
}

/* The decoders stay, so what holds their ranges does. */
void cxl_accel_reserve_exit(void)
{
	struct reservation *r, *next;

	bus_unregister_notifier(&pci_bus_type, &cxl_accel_reserve_nb);
	cancel_work_sync(&cxl_accel_reserve_work);
	guard(mutex)(&cxl_accel_reserve_lock);
	list_for_each_entry_safe(r, next, &cxl_accel_reservations, node)
		cxl_accel_reservation_free(r);
}
