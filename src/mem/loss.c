// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drivers that asked to be told when their memory is lost, and go on without it.
 *
 * Owns: for each binding of such a driver an entry, and the devres group of its attach. Talks to:
 * the driver's struct cxl_accel_loss_ops; detach.c, which asks here before it releases a driver;
 * host_wait.c, which knows when CXL is back. Locks: cxl_accel_loss_lock, innermost, for the list;
 * an entry is its device's, whose device lock protects it and keeps its binding, and with it the
 * driver's module, where it is.
 *
 * All that an attach has added to the PCI function is in one devres group, so that it can be taken
 * away while the driver stays. It is done in the place of device_release_driver(), by the same
 * task under the same lock, so that what holds for the one (lock order, who waits for it) holds
 * for the other.
 */
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/pci.h>

#include "accel.h"

/**
 * struct cxl_accel_loss - a driver that asked
 * @node: in the list of all of them
 * @dev: the PCI function
 * @cxlds: the driver's device state
 * @ops: the driver's
 * @group: what its attach has added; NULL if it is not attached
 */
struct cxl_accel_loss {
	struct list_head node;
	struct device *dev;
	struct cxl_accel_dev_state *cxlds;
	const struct cxl_accel_loss_ops *ops;
	void *group;
};

static DEFINE_MUTEX(cxl_accel_loss_lock);
static LIST_HEAD(cxl_accel_losses);

static struct cxl_accel_loss *cxl_accel_loss_find(const struct device *dev)
{
	struct cxl_accel_loss *loss;

	guard(mutex)(&cxl_accel_loss_lock);
	list_for_each_entry(loss, &cxl_accel_losses, node)
		if (loss->dev == dev)
			return loss;
	return NULL;
}

static void cxl_accel_loss_del(void *_loss)
{
	struct cxl_accel_loss *loss = _loss;

	guard(mutex)(&cxl_accel_loss_lock);
	list_del(&loss->node);
}

/**
 * cxl_accel_loss_add() - a driver wants to be told
 * @cxlds: its device state
 * @ops: its functions
 *
 * Return: as cxl_accel_set_loss_ops().
 */
int cxl_accel_loss_add(struct cxl_accel_dev_state *cxlds, const struct cxl_accel_loss_ops *ops)
{
	struct device *dev = cxlds->dev;
	struct cxl_accel_loss *loss;

	if (!ops || !ops->detach || !cxl_accel_in_probe(dev))
		return -EINVAL;
	if (cxl_accel_loss_find(dev) || cxl_accel_is_attached(to_pci_dev(dev)))
		return -EBUSY;
	loss = devm_kzalloc(dev, sizeof(*loss), GFP_KERNEL);
	if (!loss)
		return -ENOMEM;
	loss->dev = dev;
	loss->cxlds = cxlds;
	loss->ops = ops;
	scoped_guard(mutex, &cxl_accel_loss_lock)
		list_add(&loss->node, &cxl_accel_losses);
	return devm_add_action_or_reset(dev, cxl_accel_loss_del, loss);
}

/**
 * cxl_accel_loss_attached() - an attach has worked
 * @dev: the PCI function; its device lock is held
 * @group: the devres group with all that it has added to @dev
 */
void cxl_accel_loss_attached(struct device *dev, void *group)
{
	struct cxl_accel_loss *loss = cxl_accel_loss_find(dev);

	if (loss)
		loss->group = group;
}

/**
 * cxl_accel_may_attach() - is this a place from which the driver may attach its memory?
 * @dev: the PCI function
 *
 * Return: true in the driver's probe(); and while the driver is bound, under the device lock, if
 * it has asked to be told of losses.
 */
bool cxl_accel_may_attach(struct device *dev)
{
	if (cxl_accel_in_probe(dev))
		return true;
	return cxl_accel_core_device_is_locked_for_me(dev) && device_is_bound(dev) &&
	       cxl_accel_loss_find(dev);
}

/* Of its own accord, and in time. */
static bool cxl_accel_loss_let_go(struct cxl_accel_loss *loss)
{
	unsigned long end = jiffies + CXL_ACCEL_RELEASE_WAIT;
	int rc = loss->ops->detach(loss->cxlds);

	if (rc)
		dev_info(loss->dev, "the driver does not go on without CXL memory: %d\n", rc);
	else if (time_after(jiffies, end))
		dev_err(loss->dev, "the driver took too long to let go of its CXL memory\n");
	else
		return true;
	return false;
}

/**
 * cxl_accel_loss_tell() - an accelerator's memory is gone: does its driver go on?
 * @dev: the PCI function, attached; its device lock is held
 *
 * Return: true if it does: nothing of the attach is left. False if it is to be released: it did
 * not ask to be told, does not want to go on, or has taken too long.
 */
bool cxl_accel_loss_tell(struct device *dev)
{
	struct cxl_accel_loss *loss = cxl_accel_loss_find(dev);

	if (!loss || !loss->group)
		return false;
	dev_info(dev, "unexpected detach: CXL memory is gone, telling the driver\n");
	if (!cxl_accel_loss_let_go(loss))
		return false;
	cxl_accel_status_lost(dev, false);
	devres_release_group(dev, loss->group);
	loss->group = NULL;
	loss->cxlds->cxlmd = NULL;
	return true;
}

/**
 * cxl_accel_loss_attach() - CXL is there: a driver that went on without it may attach
 * @dev: the PCI function; its device lock is held
 */
void cxl_accel_loss_attach(struct device *dev)
{
	struct cxl_accel_loss *loss = cxl_accel_loss_find(dev);

	if (loss && !loss->group && loss->ops->attach && device_is_bound(dev))
		loss->ops->attach(loss->cxlds);
}

static int cxl_accel_loss_attach_one(struct device *dev, void *data)
{
	/* Others' device locks are none of our business. */
	if (cxl_accel_loss_find(dev)) {
		guard(device)(dev);
		cxl_accel_loss_attach(dev);
	}
	return 0;
}

/**
 * cxl_accel_loss_attach_all() - CXL is back: all of them
 *
 * Context: may sleep, holds no lock: takes the device locks of these functions.
 */
void cxl_accel_loss_attach_all(void)
{
	bus_for_each_dev(&pci_bus_type, NULL, NULL, cxl_accel_loss_attach_one);
}
