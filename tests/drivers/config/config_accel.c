// SPDX-License-Identifier: GPL-2.0-only
/*
 * config_accel: one dword of a PCI function's configuration space reads as the test wants, for a
 * time or for good. No driver of its own; the emulated device has no such register.
 *
 * Owns: the config accessors of the function's bus, while it is loaded. Talks to: the PCI core.
 * Locks: called with the PCI core's lock for config space.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/pci.h>

static char *device = "";
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "PCI function, as in 0000:0d:00.0");

static ushort offset;
module_param(offset, ushort, 0444);
MODULE_PARM_DESC(offset, "of the dword");

static uint clear;
module_param(clear, uint, 0444);
MODULE_PARM_DESC(clear, "bits that read as 0");

static uint set;
module_param(set, uint, 0444);
MODULE_PARM_DESC(set, "bits that read as 1");

static uint set_later;
module_param(set_later, uint, 0444);
MODULE_PARM_DESC(set_later, "bits that read as 1 when the time is over");

static uint ms;
module_param(ms, uint, 0444);
MODULE_PARM_DESC(ms, "time from the first read on, in ms (default 0: it is never over)");

static uint reads;
module_param(reads, uint, 0444);
MODULE_PARM_DESC(reads, "how often the dword was read");

static struct pci_dev *pdev;
static struct pci_ops *stock_ops;
static unsigned long first_read;

static int config_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *val)
{
	int rc = stock_ops->read(bus, devfn, where, size, val);

	if (rc || devfn != pdev->devfn || where != offset || size != 4)
		return rc;
	if (!reads++)
		first_read = jiffies;
	*val = (*val & ~clear) | set;
	if (ms && time_after(jiffies, first_read + msecs_to_jiffies(ms)))
		*val |= set_later;
	return 0;
}

static int config_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 val)
{
	return stock_ops->write(bus, devfn, where, size, val);
}

/* The rest is the bus's own. */
static struct pci_ops config_ops;

static int __init config_init(void)
{
	unsigned int domain, bus, slot, fn;

	if (sscanf(device, "%x:%x:%x.%x", &domain, &bus, &slot, &fn) != 4)
		return -EINVAL;
	pdev = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, fn));
	if (!pdev)
		return -ENODEV;
	stock_ops = pdev->bus->ops;
	config_ops = *stock_ops;
	config_ops.read = config_read;
	config_ops.write = config_write;
	pci_bus_set_ops(pdev->bus, &config_ops);
	return 0;
}
module_init(config_init);

static void __exit config_exit(void)
{
	pci_bus_set_ops(pdev->bus, stock_ops);
	pci_dev_put(pdev);
}
module_exit(config_exit);

MODULE_DESCRIPTION("PCI configuration space that reads as a test wants");
MODULE_LICENSE("GPL");
