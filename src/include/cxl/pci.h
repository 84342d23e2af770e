/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The accelerator API of Linux 7.3 for kernels that do not carry it: what belongs to PCI.
 * See <cxl/cxl.h>, also for the guard's name and for CXL_ACCEL_CORE_TYPES.
 */
#ifndef __CXL_CXL_PCI_H__
#define __CXL_CXL_PCI_H__

#ifndef CXL_ACCEL_CORE_TYPES
/**
 * enum cxl_regloc_type - Register Block Identifier of a Register Locator DVSEC entry
 * @CXL_REGLOC_RBI_EMPTY: unused entry
 * @CXL_REGLOC_RBI_COMPONENT: component registers: RAS, HDM decoders, ...
 * @CXL_REGLOC_RBI_VIRT: BAR virtualization ACL registers
 * @CXL_REGLOC_RBI_MEMDEV: CXL device registers: status, mailbox
 * @CXL_REGLOC_RBI_PMU: performance monitoring unit registers
 * @CXL_REGLOC_RBI_TYPES: number of the identifiers above
 *
 * CXL 3.1 section 8.1.9.1, Register Block Identifier.
 */
enum cxl_regloc_type {
	CXL_REGLOC_RBI_EMPTY = 0,
	CXL_REGLOC_RBI_COMPONENT,
	CXL_REGLOC_RBI_VIRT,
	CXL_REGLOC_RBI_MEMDEV,
	CXL_REGLOC_RBI_PMU,
	CXL_REGLOC_RBI_TYPES
};
#endif

struct cxl_register_map;
struct pci_dev;

/**
 * cxl_pci_setup_regs() - find a register block and the capabilities in it
 * @pdev: PCI function, enabled (pcim_enable_device()): the block is read through its BAR
 * @type: which block; an accelerator wants CXL_REGLOC_RBI_COMPONENT
 * @map: filled in. Look at @map->component_map.hdm_decoder.valid and .ras.valid before relying on
 *	them: a block without them is no error here. A fourth argument is possible, see
 *	<cxl-accel/setup_regs.h>.
 *
 * The block is mapped only while this runs. An RCD (a CXL 1.1 device, CXL 3.1 section 9.11.8) has
 * no Register Locator DVSEC, and is not supported.
 *
 * Context: may sleep; takes no lock that a driver holds.
 * Return: 0, or
 * * -ENODEV: there is no such block
 * * -ENOMEM: the block could not be mapped
 */
int cxl_pci_setup_regs(struct pci_dev *pdev, enum cxl_regloc_type type,
		       struct cxl_register_map *map);

#ifndef CXL_ACCEL_CORE_TYPES
#include "../cxl-accel/setup_regs.h"
#endif

#endif /* __CXL_CXL_PCI_H__ */
