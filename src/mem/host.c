// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is there CXL above the device, and is it ready?
 *
 * Owns: a reference to the CXL root, from when it has been found until the module goes. Talks to:
 * ACPI, the PCI core, cxl_acpi's binding. Locks: cxl_accel_host_lock()
 * takes the device lock of the CXL root, inside that of a memdev. Else none; what is asked here can
 * change at any time, and an attach that was wrongly let through fails later on.
 */
#include <linux/acpi.h>
#include <linux/bits.h>
#include <linux/pci.h>

#include "accel.h"

/* CXL 3.1 section 9.18.1: the host bridges */
#define CXL_HOST_BRIDGE_HID	"ACPI0016"

/* Of CXL_DEVICE_CAP. */
#define CXL_DEVICE_CAP_MEM		BIT(2)

/* CXL 3.1 section 8.2.1.3: Flex Bus Port DVSEC, status register */
#define CXL_FLEXBUS_DVSEC		7
#define   CXL_FLEXBUS_STATUS		0xe
#define     CXL_FLEXBUS_STATUS_MEM	BIT(2)

static bool cxl_accel_below_cxl_host_bridge(struct pci_dev *pdev)
{
	struct acpi_device *adev = ACPI_COMPANION(&pci_find_host_bridge(pdev->bus)->dev);

	return adev && !strcmp(acpi_device_hid(adev), CXL_HOST_BRIDGE_HID);
}

/* There is one, and nothing takes it away. To look for it is to walk over all devices of ACPI. */
static struct device *cxl_accel_root;

static struct device *cxl_accel_host_root(void)
{
	struct device *host = READ_ONCE(cxl_accel_root);
	struct acpi_device *root;

	if (host)
		return host;
	root = acpi_dev_get_first_match_dev(CXL_ROOT_HID, NULL, -1);
	host = root ? get_device(acpi_get_first_physical_node(root)) : NULL;
	acpi_dev_put(root);
	/* Somebody else may have found it at the same time. */
	if (host && cmpxchg(&cxl_accel_root, NULL, host))
		put_device(host);
	return host;
}

static bool cxl_accel_has_host(void)
{
	return cxl_accel_host_root() || acpi_dev_present(CXL_ROOT_HID, NULL, -1);
}

/**
 * cxl_accel_host_forget() - nobody will ask for the host any more
 */
void cxl_accel_host_forget(void)
{
	put_device(cxl_accel_root);
	cxl_accel_root = NULL;
}

/**
 * cxl_accel_host_unbound_status() - the CXL host has, or had a moment ago, no driver: will it have
 * one?
 *
 * Return: CXL_ACCEL_ATTACH_ATTACHED if it has, CXL_ACCEL_ATTACH_HOST_NOT_READY if waiting may help;
 * any other status is final.
 */
enum cxl_accel_attach_status cxl_accel_host_unbound_status(void)
{
	struct device *host = cxl_accel_host_root();

	if (host && device_is_bound(host))
		return CXL_ACCEL_ATTACH_ATTACHED;
	if (!cxl_accel_has_host())
		return CXL_ACCEL_ATTACH_NO_HOST;
	return cxl_accel_host_wait(host);
}

/**
 * cxl_accel_host_lock() - keep the CXL host's driver from coming or going
 *
 * Its driver counts as bound until its removal is over, which takes a while, during which an attach
 * finds half a hierarchy; and cxl_core looks at ports there that it has not locked.
 *
 * Context: may sleep, until a removal or a probe of cxl_acpi that is under way is over. The device
 * locks of a PCI function and of a memdev may be held: cxl_acpi never waits for either.
 * Return: the host, to be given to cxl_accel_host_unlock(); NULL if its driver is not bound.
 */
struct device *cxl_accel_host_lock(void)
{
	struct device *host = cxl_accel_host_root();

	if (!host)
		return NULL;

	device_lock(host);
	if (device_is_bound(host))
		return host;
	cxl_accel_host_unlock(host);
	return NULL;
}

void cxl_accel_host_unlock(struct device *host)
{
	device_unlock(host);
}

static int cxl_accel_is_unbound_port_above(struct device *dev, void *data)
{
	struct device *uport_dev, *above = data;

	if (!is_cxl_port(dev) || dev->driver)
		return 0;
	uport_dev = to_cxl_port(dev)->uport_dev;
	while (above && above != uport_dev)
		above = above->parent;
	return !!above;
}

/**
 * cxl_accel_host_port_is_unbound() - is there a port above the device that is not bound to
 * cxl_port?
 * @dev: the PCI function
 *
 * Such a port is found by nobody else: it has no dports. The platform's root is a port without a
 * driver, too, but has the platform device for its uport, which is above no PCI function.
 *
 * Return: whether there is one.
 */
bool cxl_accel_host_port_is_unbound(struct device *dev)
{
	return bus_for_each_dev(&cxl_bus_type, NULL, dev->parent, cxl_accel_is_unbound_port_above);
}

static bool cxl_accel_dvsec_has_bit(struct pci_dev *pdev, u16 id, int offset, u16 bit)
{
	u16 dvsec = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL, id);
	u16 value;

	return dvsec && !pci_read_config_word(pdev, dvsec + offset, &value) &&
	       !PCI_POSSIBLE_ERROR(value) && (value & bit);
}

/* The device can do CXL.mem, and has negotiated it. cxl_core does not ask for the latter. */
static bool cxl_accel_link_is_mem(struct pci_dev *pdev)
{
	return cxl_accel_dvsec_has_bit(pdev, CXL_DEVICE_DVSEC, CXL_DEVICE_CAP,
				       CXL_DEVICE_CAP_MEM) &&
	       cxl_accel_dvsec_has_bit(pdev, CXL_FLEXBUS_DVSEC, CXL_FLEXBUS_STATUS,
				       CXL_FLEXBUS_STATUS_MEM);
}

/**
 * cxl_accel_host_status() - can this device's memory be attached?
 * @pdev: the PCI function
 *
 * Return: CXL_ACCEL_ATTACH_ATTACHED if nothing speaks against it. CXL_ACCEL_ATTACH_HOST_NOT_READY
 * if waiting may help: there is a CXL host, and its driver has not bound yet. Any other status is
 * final.
 */
enum cxl_accel_attach_status cxl_accel_host_status(struct pci_dev *pdev)
{
	if (!cxl_accel_has_host())
		return CXL_ACCEL_ATTACH_NO_HOST;
	if (pci_pcie_type(pdev) == PCI_EXP_TYPE_RC_END)
		return CXL_ACCEL_ATTACH_RESTRICTED;
	if (!cxl_accel_below_cxl_host_bridge(pdev))
		return CXL_ACCEL_ATTACH_PCI_ONLY;
	if (!cxl_accel_link_is_mem(pdev))
		return CXL_ACCEL_ATTACH_LINK_NOT_CXL;
	return cxl_accel_host_unbound_status();
}
