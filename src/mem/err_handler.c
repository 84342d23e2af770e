// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets and errors of an attached device are heard of before its driver hears of them.
 *
 * Owns: for each PCI driver that has attached a device a stand-in for its error handlers, in place
 * while one of its devices is attached. Talks to: the PCI core, which calls them; reset.c. Locks:
 * called with a PCI function's device lock; cxl_accel_err_handler_lock, innermost, protects the
 * list and what is counted. The driver's own callbacks are called without it.
 *
 * No notifier tells of a reset, and a driver that is written for Linux 7.3 knows nothing of us. The
 * PCI core asks the driver's struct for its handlers each time, so those are what can be replaced.
 * Each callback is passed on, in the order in which the driver would expect it.
 *
 * Several devices share a driver: a callback may be for one that is not attached, and then does
 * what the driver's own would. It may also be on its way into a stand-in while another device's
 * lock is held, under which that is taken back. So a stand-in stays as it is until this module
 * goes; one whose driver has been loaded again is reused.
 */
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "accel.h"

/**
 * struct stand_in - for a driver's error handlers
 * @node: in the list of all
 * @driver: whose; only compared while there are no @users
 * @own: its own, NULL if it has none
 * @ops: what the PCI core sees
 * @users: devices of the driver that are attached
 */
struct stand_in {
	struct list_head node;
	struct pci_driver *driver;
	const struct pci_error_handlers *own;
	struct pci_error_handlers ops;
	unsigned int users;
};

static DEFINE_MUTEX(cxl_accel_err_handler_lock);
static LIST_HEAD(cxl_accel_stand_ins);

static struct stand_in *cxl_accel_stand_in_find(const struct pci_driver *driver)
{
	struct stand_in *s;

	lockdep_assert_held(&cxl_accel_err_handler_lock);
	list_for_each_entry(s, &cxl_accel_stand_ins, node)
		if (s->driver == driver)
			return s;
	return NULL;
}

static const struct pci_error_handlers cxl_accel_no_handlers;

/* Of a driver that is bound to the device: with the device lock, they stay. */
static const struct pci_error_handlers *cxl_accel_own_handlers(struct pci_dev *pdev)
{
	struct stand_in *s;

	guard(mutex)(&cxl_accel_err_handler_lock);
	s = cxl_accel_stand_in_find(pdev->driver);
	return s && s->own ? s->own : &cxl_accel_no_handlers;
}

/**
 * cxl_accel_reset_prepare() - an attached device is about to be reset
 * @pdev: the PCI function; its device lock is held
 *
 * What is to be restored is read first: the driver's own may turn its device off.
 */
void cxl_accel_reset_prepare(struct pci_dev *pdev)
{
	const struct pci_error_handlers *own = cxl_accel_own_handlers(pdev);

	cxl_accel_reset_begins(pdev);
	if (own->reset_prepare)
		own->reset_prepare(pdev);
}

/**
 * cxl_accel_reset_done() - it has been
 * @pdev: the PCI function; its device lock is held
 *
 * The driver's own is called whatever came of it: it may have taken locks in the other one.
 */
void cxl_accel_reset_done(struct pci_dev *pdev)
{
	const struct pci_error_handlers *own = cxl_accel_own_handlers(pdev);

	cxl_accel_reset_ends(pdev);
	if (own->reset_done)
		own->reset_done(pdev);
}

/*
 * AER is about to reset the bus, and the PCI core gives a device up whose driver has no such
 * callback: with its BARs not restored it could not be bound again either. One that is attached is
 * brought back, and its driver released.
 */
static pci_ers_result_t cxl_accel_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	const struct pci_error_handlers *own = cxl_accel_own_handlers(pdev);
	bool uncorrectable = state == pci_channel_io_normal && cxl_accel_ras_report(pdev);
	bool attached = (state == pci_channel_io_frozen || uncorrectable) &&
			cxl_accel_recovery_begins(pdev);
	pci_ers_result_t vote;

	if (own->error_detected) {
		vote = own->error_detected(pdev, state);
	} else if (attached) {
		vote = PCI_ERS_RESULT_NEED_RESET;
	} else {
		vote = PCI_ERS_RESULT_NO_AER_DRIVER;
		pci_info(pdev, "can't recover (no error_detected callback)\n");
	}
	if (attached && vote == PCI_ERS_RESULT_DISCONNECT)
		cxl_accel_recovery_failed(pdev);
	return vote;
}

/* Before a reset, as from 7.x on, or after one that nobody has asked for. */
static pci_ers_result_t cxl_accel_mmio_enabled(struct pci_dev *pdev)
{
	const struct pci_error_handlers *own = cxl_accel_own_handlers(pdev);

	cxl_accel_recovery_goes_on(pdev);
	return own->mmio_enabled ? own->mmio_enabled(pdev) : PCI_ERS_RESULT_NONE;
}

static pci_ers_result_t cxl_accel_slot_reset(struct pci_dev *pdev)
{
	const struct pci_error_handlers *own = cxl_accel_own_handlers(pdev);

	cxl_accel_recovery_ends(pdev, own->error_detected);
	return own->slot_reset ? own->slot_reset(pdev) : PCI_ERS_RESULT_NONE;
}

static void cxl_accel_resume(struct pci_dev *pdev)
{
	const struct pci_error_handlers *own = cxl_accel_own_handlers(pdev);

	cxl_accel_recovery_ends(pdev, own->error_detected);
	if (own->resume)
		own->resume(pdev);
	cxl_accel_recovery_resumed(pdev);
}

/* The PCI core calls this without the device lock. Errors that are not read now, are next time. */
static void cxl_accel_cor_error_detected(struct pci_dev *pdev)
{
	const struct pci_error_handlers *own = cxl_accel_own_handlers(pdev);

	if (device_trylock(&pdev->dev)) {
		if (cxl_accel_is_attached(pdev))
			cxl_accel_ras_report(pdev);
		device_unlock(&pdev->dev);
	}
	if (own->cor_error_detected)
		own->cor_error_detected(pdev);
}

static void cxl_accel_stand_in_fill(struct stand_in *s)
{
	s->own = s->driver->err_handler;
	s->ops = s->own ? *s->own : (struct pci_error_handlers){ 0 };
	s->ops.reset_prepare = cxl_accel_reset_prepare;
	s->ops.reset_done = cxl_accel_reset_done;
	s->ops.error_detected = cxl_accel_error_detected;
	s->ops.mmio_enabled = cxl_accel_mmio_enabled;
	s->ops.slot_reset = cxl_accel_slot_reset;
	s->ops.resume = cxl_accel_resume;
	s->ops.cor_error_detected = cxl_accel_cor_error_detected;
}

static struct stand_in *cxl_accel_stand_in_get(struct pci_driver *driver)
{
	struct stand_in *s;

	guard(mutex)(&cxl_accel_err_handler_lock);
	s = cxl_accel_stand_in_find(driver);
	if (!s) {
		s = kzalloc(sizeof(*s), GFP_KERNEL);
		if (!s)
			return NULL;
		s->driver = driver;
		list_add(&s->node, &cxl_accel_stand_ins);
	}
	if (!s->users++) {
		cxl_accel_stand_in_fill(s);
		/* Who finds it finds it filled in. */
		smp_store_release(&driver->err_handler, &s->ops);
	}
	return s;
}

/**
 * cxl_accel_err_handler_add() - a device is attached
 * @pdev: the PCI function, in its driver's probe()
 *
 * To be followed by cxl_accel_err_handler_remove().
 *
 * Return: 0 or -ENOMEM.
 */
int cxl_accel_err_handler_add(struct pci_dev *pdev)
{
	return cxl_accel_stand_in_get(to_pci_driver(pdev->dev.driver)) ? 0 : -ENOMEM;
}

/**
 * cxl_accel_err_handler_remove() - a device is not attached any more
 * @pdev: the PCI function; its device lock is held
 */
void cxl_accel_err_handler_remove(struct pci_dev *pdev)
{
	struct stand_in *s;

	guard(mutex)(&cxl_accel_err_handler_lock);
	s = cxl_accel_stand_in_find(to_pci_driver(pdev->dev.driver));
	if (s && !--s->users)
		/* Unless somebody has replaced it in turn. */
		cmpxchg(&s->driver->err_handler, &s->ops, s->own);
}

/**
 * cxl_accel_err_handler_exit() - no device is attached any more
 *
 * A callback that another device of such a driver is in the middle of has that one's device lock.
 */
void cxl_accel_err_handler_exit(void)
{
	struct stand_in *s, *next;
	struct pci_dev *pdev = NULL;

	if (list_empty(&cxl_accel_stand_ins))
		return;
	for_each_pci_dev(pdev) {
		device_lock(&pdev->dev);
		device_unlock(&pdev->dev);
	}
	list_for_each_entry_safe(s, next, &cxl_accel_stand_ins, node) {
		list_del(&s->node);
		kfree(s);
	}
}
