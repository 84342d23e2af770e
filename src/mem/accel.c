// SPDX-License-Identifier: GPL-2.0-only
/*
 * All accelerators, and which of them is meant.
 *
 * Owns: the list of struct cxl_accel. Talks to: nothing. Locks: accels_lock, innermost.
 *
 * A struct cxl_accel is one binding of a driver. It outlives the binding while a work item that
 * was queued for it is still to run, so that such a late one can see that it is late; a later
 * binding of the same device has another struct.
 */
#include <linux/device.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "accel.h"

static DEFINE_MUTEX(accels_lock);
static LIST_HEAD(accels);

static void accel_free(struct kref *ref)
{
	struct cxl_accel *accel = container_of(ref, struct cxl_accel, ref);

	list_del(&accel->node);
	mutex_unlock(&accels_lock);
	put_device(accel->dev);
	kfree(accel);
}

void accel_put(struct cxl_accel *accel)
{
	kref_put_mutex(&accel->ref, accel_free, &accels_lock);
}

static void accel_put_action(void *accel)
{
	accel_put(accel);
}

/**
 * accel_create() - a new binding
 * @dev: the PCI function, being probed by its driver
 *
 * Return: the accelerator, whose first reference is dropped when the driver is unbound; NULL when
 * there is no memory.
 */
struct cxl_accel *accel_create(struct device *dev)
{
	struct cxl_accel *accel = kzalloc(sizeof(*accel), GFP_KERNEL);

	if (!accel)
		return NULL;
	kref_init(&accel->ref);
	accel->dev = get_device(dev);
	accel->range = (struct range){ .start = 0, .end = -1 };
	INIT_WORK(&accel->lost, detach_release);
	INIT_LIST_HEAD(&accel->regions);
	INIT_LIST_HEAD(&accel->route);

	mutex_lock(&accels_lock);
	list_add(&accel->node, &accels);
	mutex_unlock(&accels_lock);

	if (devm_add_action_or_reset(dev, accel_put_action, accel))
		return NULL;
	return accel;
}

/**
 * accel_attaching() - the accelerator that this very task is attaching, if it is this one
 * @cxlds: cxl_core's state of the device that is asked about
 *
 * Return: the accelerator, which the attaching task keeps alive; NULL for any other device, and
 * for every caller that is not, further up its stack, in devm_cxl_probe_mem().
 */
struct cxl_accel *accel_attaching(const struct cxl_dev_state *cxlds)
{
	struct cxl_accel *accel = accel_attaching_now();

	return accel && accel->cxlds == cxlds ? accel : NULL;
}

/**
 * accel_attaching_now() - the accelerator that this very task is attaching
 *
 * Return: as accel_attaching(), whatever the device.
 */
struct cxl_accel *accel_attaching_now(void)
{
	struct cxl_accel *accel;

	guard(mutex)(&accels_lock);
	list_for_each_entry(accel, &accels, node)
		if (accel->attacher == current)
			return accel;
	return NULL;
}

/**
 * accel_get_by_memdev() - the binding that a memdev was made for
 * @cxlmd: the memdev; the caller holds a reference on it
 *
 * Return: the accelerator, to be given back with accel_put(); NULL if that binding has ended.
 */
struct cxl_accel *accel_get_by_memdev(const struct cxl_memdev *cxlmd)
{
	struct cxl_accel *accel;

	guard(mutex)(&accels_lock);
	list_for_each_entry(accel, &accels, node)
		if (accel->cxlmd == cxlmd && kref_get_unless_zero(&accel->ref))
			return accel;
	return NULL;
}

/**
 * accel_owns() - is this an accelerator's device state?
 * @cxlds: what a memdev points to
 */
bool accel_owns(const struct cxl_dev_state *cxlds)
{
	struct cxl_accel *accel;

	guard(mutex)(&accels_lock);
	list_for_each_entry(accel, &accels, node)
		if (accel->cxlds == cxlds)
			return true;
	return false;
}

/**
 * accel_forget() - the binding has no memdev any more
 * @accel: the accelerator; its memdev has been removed, or has not been added
 *
 * Memory of the memdev and of its device state may become another device's from here on.
 */
void accel_forget(struct cxl_accel *accel)
{
	guard(mutex)(&accels_lock);
	accel->cxlds = NULL;
	accel->cxlmd = NULL;
}

/**
 * accel_turn_away() - is an earlier binding of this device just being released?
 * @dev: the PCI function; its device lock is held
 *
 * A release that was decided on for the earlier binding cannot be taken back, and would hit the
 * new one. If there is such a release, it is told to start the new binding again once it is done.
 */
bool accel_turn_away(struct device *dev)
{
	struct cxl_accel *accel;
	bool found = false;

	guard(mutex)(&accels_lock);
	list_for_each_entry(accel, &accels, node)
		if (accel->dev == dev && accel->releasing) {
			accel->turned_away = true;
			found = true;
		}
	return found;
}
