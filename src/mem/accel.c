// SPDX-License-Identifier: GPL-2.0-only
/*
 * All accelerators, and which of them is meant.
 *
 * Owns: the list of struct cxl_accel. Talks to: power.c. Locks: cxl_accels_lock, innermost.
 *
 * A struct cxl_accel is one binding of a driver. It outlives the binding while a work item that
 * was queued for it is still to run, so that such a late one can see that it is late; a later
 * binding of the same device has another struct.
 */
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "accel.h"

static DEFINE_MUTEX(cxl_accels_lock);
static LIST_HEAD(cxl_accels);

static void cxl_accel_free(struct kref *ref)
{
	struct cxl_accel *accel = container_of(ref, struct cxl_accel, ref);

	list_del(&accel->node);
	mutex_unlock(&cxl_accels_lock);
	put_device(accel->dev);
	kfree(accel);
}

void cxl_accel_put(struct cxl_accel *accel)
{
	kref_put_mutex(&accel->ref, cxl_accel_free, &cxl_accels_lock);
}

static void cxl_accel_put_action(void *accel)
{
	cxl_accel_put(accel);
}

/**
 * cxl_accel_alloc() - a new binding
 * @dev: the PCI function, being probed by its driver
 *
 * Return: the accelerator, whose first reference is the caller's; NULL when there is no memory.
 */
struct cxl_accel *cxl_accel_alloc(struct device *dev)
{
	struct cxl_accel *accel;

	if (cxl_accel_status_add(dev))
		return NULL;
	accel = kzalloc(sizeof(*accel), GFP_KERNEL);
	if (!accel)
		return NULL;
	kref_init(&accel->ref);
	accel->dev = get_device(dev);
	accel->range = (struct range){ .start = 0, .end = -1 };
	INIT_WORK(&accel->lost, cxl_accel_detach_release);
	INIT_DELAYED_WORK(&accel->recovery, cxl_accel_detach_not_recovered);
	init_completion(&accel->released);
	INIT_LIST_HEAD(&accel->regions);
	INIT_LIST_HEAD(&accel->decode_path);

	mutex_lock(&cxl_accels_lock);
	list_add(&accel->node, &cxl_accels);
	mutex_unlock(&cxl_accels_lock);
	return accel;
}

/**
 * cxl_accel_create() - a new binding, as long as the driver's
 * @dev: the PCI function, being probed by its driver
 *
 * Return: the accelerator, whose first reference is dropped when the driver is unbound; NULL when
 * there is no memory.
 */
struct cxl_accel *cxl_accel_create(struct device *dev)
{
	struct cxl_accel *accel = cxl_accel_alloc(dev);

	if (!accel || devm_add_action_or_reset(dev, cxl_accel_put_action, accel))
		return NULL;
	return accel;
}

static bool cxl_accel_is_part_of(struct device *part, const struct device *dev)
{
	const struct device *above = part->parent;

	if (dev_is_pci(part) && to_pci_dev(part)->is_virtfn)
		return &pci_physfn(to_pci_dev(part))->dev == dev;
	while (above && above != dev)
		above = above->parent;
	return above;
}

/*
 * A device that is added within probe() is mostly probed there and then, by the same task: an
 * auxiliary device, a virtual function. Its driver is another one, which is unbound by itself, and
 * whose probe() is called again after an -EPROBE_DEFER at a time when the function's is over.
 *
 * A device that is being added is not among its parent's children yet, but among all devices.
 */
static bool cxl_accel_in_probe_of_part(struct device *dev)
{
	struct kset *all = dev->kobj.kset;
	struct kobject *kobj;
	bool found = false;

	spin_lock(&all->list_lock);
	list_for_each_entry(kobj, &all->list, entry) {
		struct device *part = kobj_to_dev(kobj);

		/* Nearly none of them is. */
		found = part != dev && mutex_is_locked(&part->mutex) &&
			cxl_accel_core_device_is_locked_for_me(part) &&
			cxl_accel_is_part_of(part, dev);
		if (found)
			break;
	}
	spin_unlock(&all->list_lock);
	return found;
}

/**
 * cxl_accel_in_probe() - is this the probe() of the device's driver?
 * @dev: the PCI function
 *
 * All of an attach relies on it: flags are written, devres is added and released, and a release of
 * the driver kept out, by the device lock that a probe() runs under. The PCI core may hand the
 * probe on to a worker on the device's node and wait for it, so that another task than this one
 * holds the lock.
 *
 * Return: whether it is.
 */
bool cxl_accel_in_probe(struct device *dev)
{
	return cxl_accel_core_device_is_locked_for_me(dev) && dev->driver &&
	       !device_is_bound(dev) && !cxl_accel_in_probe_of_part(dev);
}

/**
 * cxl_accel_attaching() - the accelerator that this very task is attaching, if it is this one
 * @cxlds: cxl_core's state of the device that is asked about
 *
 * Return: the accelerator, which the attaching task keeps alive; NULL for any other device, and
 * for every caller that is not, further up its stack, in devm_cxl_probe_mem().
 */
struct cxl_accel *cxl_accel_attaching(const struct cxl_dev_state *cxlds)
{
	struct cxl_accel *accel = cxl_accel_attaching_now();

	return accel && accel->cxlds == cxlds ? accel : NULL;
}

/**
 * cxl_accel_attaching_now() - the accelerator that this very task is attaching
 *
 * Return: as cxl_accel_attaching(), whatever the device.
 */
struct cxl_accel *cxl_accel_attaching_now(void)
{
	struct cxl_accel *accel;

	guard(mutex)(&cxl_accels_lock);
	list_for_each_entry(accel, &cxl_accels, node)
		if (accel->attacher == current)
			return accel;
	return NULL;
}

static struct cxl_accel *cxl_accel_get(bool (*has)(const struct cxl_accel *, const void *),
				       const void *part, unsigned int *attach_nr)
{
	struct cxl_accel *accel;

	guard(mutex)(&cxl_accels_lock);
	list_for_each_entry(accel, &cxl_accels, node)
		if (has(accel, part) && kref_get_unless_zero(&accel->ref)) {
			*attach_nr = accel->attach_nr;
			return accel;
		}
	return NULL;
}

static bool cxl_accel_has_memdev(const struct cxl_accel *accel, const void *cxlmd)
{
	return accel->cxlmd == cxlmd;
}

static bool cxl_accel_has_attached(const struct cxl_accel *accel, const void *dev)
{
	return accel->dev == dev && accel->attached;
}

static bool cxl_accel_has_region(const struct cxl_accel *accel, const void *cxlr)
{
	return accel->cxlr == cxlr;
}

/**
 * cxl_accel_get_by_memdev() - the binding that a memdev was made for
 * @cxlmd: the memdev; the caller holds a reference on it
 * @attach_nr: set to the attach that the memdev was made for
 *
 * Return: the accelerator, to be given back with cxl_accel_put(); NULL if that attach has ended.
 */
struct cxl_accel *cxl_accel_get_by_memdev(const struct cxl_memdev *cxlmd, unsigned int *attach_nr)
{
	return cxl_accel_get(cxl_accel_has_memdev, cxlmd, attach_nr);
}

/**
 * cxl_accel_get_by_device() - the binding that a device is attached by
 * @dev: the PCI function; its device lock is held
 * @attach_nr: set to the attach
 *
 * Return: the accelerator, to be given back with cxl_accel_put(); NULL if it is not attached.
 */
struct cxl_accel *cxl_accel_get_by_device(const struct device *dev, unsigned int *attach_nr)
{
	return cxl_accel_get(cxl_accel_has_attached, dev, attach_nr);
}

/**
 * cxl_accel_get_by_region() - the binding whose memory is this region
 * @cxlr: the region
 * @attach_nr: set to the attach that found it
 *
 * Return: as cxl_accel_get_by_memdev().
 */
struct cxl_accel *cxl_accel_get_by_region(const struct cxl_region *cxlr, unsigned int *attach_nr)
{
	return cxl_accel_get(cxl_accel_has_region, cxlr, attach_nr);
}

/**
 * cxl_accel_owns() - is this an accelerator's device state?
 * @cxlds: what a memdev points to
 *
 * Return: whether it is.
 */
bool cxl_accel_owns(const struct cxl_dev_state *cxlds)
{
	struct cxl_accel *accel;

	guard(mutex)(&cxl_accels_lock);
	list_for_each_entry(accel, &cxl_accels, node)
		if (accel->cxlds == cxlds)
			return true;
	return false;
}

/**
 * cxl_accel_check_conflict() - may this device be attached, as far as other bindings go?
 * @dev: the PCI function; its device lock is held
 *
 * A release that was decided on for an earlier binding cannot be taken back, and would hit the new
 * one. If there is such a release, it is told to start the new binding again once it is done.
 *
 * Return: CXL_ACCEL_ATTACH_ATTACHED if nothing speaks against it, CXL_ACCEL_ATTACH_BEING_RELEASED
 * if there is such a release, CXL_ACCEL_ATTACH_OTHER_STATE if another device state of the same
 * driver is attached.
 */
enum cxl_accel_attach_status cxl_accel_check_conflict(struct device *dev)
{
	enum cxl_accel_attach_status status = CXL_ACCEL_ATTACH_ATTACHED;
	struct cxl_accel *accel;

	guard(mutex)(&cxl_accels_lock);
	list_for_each_entry(accel, &cxl_accels, node) {
		if (accel->dev != dev)
			continue;
		if (accel->releasing) {
			accel->reprobe_pending = true;
			return CXL_ACCEL_ATTACH_BEING_RELEASED;
		}
		if (accel->attached)
			status = CXL_ACCEL_ATTACH_OTHER_STATE;
	}
	return status;
}

/**
 * cxl_accel_begin() - an attach begins
 * @accel: the accelerator; @accel->dev's device lock is held
 * @cxlds: cxl_core's state for it
 */
void cxl_accel_begin(struct cxl_accel *accel, struct cxl_dev_state *cxlds)
{
	cxl_accel_power_hold(accel);
	guard(mutex)(&cxl_accels_lock);
	accel->cxlds = cxlds;
	accel->suspect = false;
	accel->attach_nr++;
	accel->host_nr = cxl_accel_host_binding();
	reinit_completion(&accel->released);
	accel->attached = true;
}

/**
 * cxl_accel_clear_memdev() - the attach has no memdev any more
 * @accel: the accelerator, after cxl_accel_begin(); its memdev has been removed, or not been added
 *
 * Memory of the memdev and of its device state may become another device's from here on.
 */
void cxl_accel_clear_memdev(struct cxl_accel *accel)
{
	scoped_guard(mutex, &cxl_accels_lock) {
		accel->cxlds = NULL;
		accel->cxlmd = NULL;
	}
	cxl_accel_power_release(accel);
}

/**
 * cxl_accel_mark_unexpected() - an attach has lost its memory
 * @accel: the accelerator
 * @attach_nr: the attach; one that has ended meanwhile has nothing to lose
 *
 * Return: whether that is news to be acted upon.
 */
bool cxl_accel_mark_unexpected(struct cxl_accel *accel, unsigned int attach_nr)
{
	guard(mutex)(&cxl_accels_lock);
	if (!accel->attached || accel->attach_nr != attach_nr)
		return false;
	accel->lost_nr = attach_nr;
	return true;
}
