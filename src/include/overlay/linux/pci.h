/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For drivers written for Linux 7.3 and built for an older kernel: what its <linux/pci.h> lacks.
 * Comes before the kernel's own in the include path; see scripts/driver.mk.
 */
#ifndef CXL_ACCEL_OVERLAY_PCI_H
#define CXL_ACCEL_OVERLAY_PCI_H

#include_next <linux/pci.h>

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/ioport.h>
#include <linux/printk.h>
#include <linux/stddef.h>

/* What <linux/printk.h> beside this file builds on. */
static_assert(offsetof(struct cxl_accel_printk_range, end) == offsetof(struct resource, end));
static_assert(offsetof(struct cxl_accel_printk_range, flags) == offsetof(struct resource, flags));

/*
 * DVSEC ids and registers under the names that <uapi/linux/pci_regs.h> has since Linux 7.0.
 * Values: CXL 3.1, the sections named below.
 */

/* PCIe DVSEC for CXL Devices, 8.1.3; range i is 0 (Range 1) or 1 (Range 2) */
#ifndef PCI_DVSEC_CXL_DEVICE
#define PCI_DVSEC_CXL_DEVICE			0
#endif
#ifndef PCI_DVSEC_CXL_CAP
#define PCI_DVSEC_CXL_CAP			0x0a
#endif
#ifndef PCI_DVSEC_CXL_CACHE_CAPABLE
#define PCI_DVSEC_CXL_CACHE_CAPABLE		BIT(0)
#endif
#ifndef PCI_DVSEC_CXL_MEM_CAPABLE
#define PCI_DVSEC_CXL_MEM_CAPABLE		BIT(2)
#endif
#ifndef PCI_DVSEC_CXL_HDM_COUNT
#define PCI_DVSEC_CXL_HDM_COUNT			GENMASK(5, 4)
#endif
#ifndef PCI_DVSEC_CXL_CTRL
#define PCI_DVSEC_CXL_CTRL			0x0c
#endif
#ifndef PCI_DVSEC_CXL_MEM_ENABLE
#define PCI_DVSEC_CXL_MEM_ENABLE		BIT(2)
#endif
#ifndef PCI_DVSEC_CXL_RANGE_SIZE_HIGH
#define PCI_DVSEC_CXL_RANGE_SIZE_HIGH(i)	(0x18 + (i) * 0x10)
#endif
#ifndef PCI_DVSEC_CXL_RANGE_SIZE_LOW
#define PCI_DVSEC_CXL_RANGE_SIZE_LOW(i)		(0x1c + (i) * 0x10)
#endif
#ifndef PCI_DVSEC_CXL_MEM_INFO_VALID
#define PCI_DVSEC_CXL_MEM_INFO_VALID		BIT(0)
#endif
#ifndef PCI_DVSEC_CXL_MEM_ACTIVE
#define PCI_DVSEC_CXL_MEM_ACTIVE		BIT(1)
#endif
#ifndef PCI_DVSEC_CXL_MEM_SIZE_LOW
#define PCI_DVSEC_CXL_MEM_SIZE_LOW		GENMASK(31, 28)
#endif
#ifndef PCI_DVSEC_CXL_RANGE_BASE_HIGH
#define PCI_DVSEC_CXL_RANGE_BASE_HIGH(i)	(0x20 + (i) * 0x10)
#endif
#ifndef PCI_DVSEC_CXL_RANGE_BASE_LOW
#define PCI_DVSEC_CXL_RANGE_BASE_LOW(i)		(0x24 + (i) * 0x10)
#endif
#ifndef PCI_DVSEC_CXL_MEM_BASE_LOW
#define PCI_DVSEC_CXL_MEM_BASE_LOW		GENMASK(31, 28)
#endif

/* PCIe DVSEC for Flex Bus Port, 8.2.1.3 */
#ifndef PCI_DVSEC_CXL_FLEXBUS_PORT
#define PCI_DVSEC_CXL_FLEXBUS_PORT		7
#endif
#ifndef PCI_DVSEC_CXL_FLEXBUS_PORT_STATUS
#define PCI_DVSEC_CXL_FLEXBUS_PORT_STATUS	0x0e
#endif
#ifndef PCI_DVSEC_CXL_FLEXBUS_PORT_STATUS_CACHE
#define PCI_DVSEC_CXL_FLEXBUS_PORT_STATUS_CACHE	BIT(0)
#endif
#ifndef PCI_DVSEC_CXL_FLEXBUS_PORT_STATUS_MEM
#define PCI_DVSEC_CXL_FLEXBUS_PORT_STATUS_MEM	BIT(2)
#endif

/**
 * cxl_accel_pcie_is_cxl() - did the link train as CXL.cache or CXL.mem?
 * @pdev: PCI function
 *
 * Linux 7.0 and later keep the answer in struct pci_dev when they enumerate the function; here
 * the Port Status of the function's Flex Bus Port DVSEC is read when asked.
 *
 * Context: any in which configuration space may be read.
 * Return: false also for a function without that DVSEC.
 */
static inline bool cxl_accel_pcie_is_cxl(struct pci_dev *pdev)
{
	const u16 cxl = PCI_DVSEC_CXL_FLEXBUS_PORT_STATUS_CACHE |
			PCI_DVSEC_CXL_FLEXBUS_PORT_STATUS_MEM;
	u16 dvsec, status;

	if (!pci_is_pcie(pdev))
		return false;

	dvsec = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL, PCI_DVSEC_CXL_FLEXBUS_PORT);
	if (!dvsec)
		return false;

	/* a function that is gone reads as all ones */
	if (pci_read_config_word(pdev, dvsec + PCI_DVSEC_CXL_FLEXBUS_PORT_STATUS, &status) ||
	    PCI_POSSIBLE_ERROR(status))
		return false;

	return status & cxl;
}

/*
 * A macro, since a header cannot ask whether there is an inline function of that name; where the
 * kernel has one, this has the same meaning.
 */
#define pcie_is_cxl(pdev) cxl_accel_pcie_is_cxl(pdev)

#endif /* CXL_ACCEL_OVERLAY_PCI_H */
