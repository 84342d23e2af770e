/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: cxl_pci_setup_regs() with four arguments
 *
 * Published series of the API have a fourth argument, a bitmap of which capabilities there are, by
 * names of enum cxl_dev_cap. Linux 7.3 has three, and @map->component_map says the same. A driver
 * may call it either way; <cxl/pci.h> includes this file, no driver does.
 */
#ifndef CXL_ACCEL_SETUP_REGS_H
#define CXL_ACCEL_SETUP_REGS_H

#include <linux/bitops.h>

#include <cxl/cxl.h>

/**
 * enum cxl_dev_cap - a capability that was found in a register block
 * @CXL_DEV_CAP_RAS: of component registers: RAS
 * @CXL_DEV_CAP_HDM: likewise: HDM decoders
 * @CXL_DEV_CAP_DEV_STATUS: of CXL device registers: device status
 * @CXL_DEV_CAP_MAILBOX_PRIMARY: likewise: the mailbox
 * @CXL_DEV_CAP_MEMDEV: likewise: memory device status
 * @CXL_MAX_CAPS: bits of the bitmap
 */
enum cxl_dev_cap {
	CXL_DEV_CAP_RAS,
	CXL_DEV_CAP_HDM,
	CXL_DEV_CAP_DEV_STATUS,
	CXL_DEV_CAP_MAILBOX_PRIMARY,
	CXL_DEV_CAP_MEMDEV,
	CXL_MAX_CAPS = 64
};

/* As cxl_pci_setup_regs(), and sets the bits in @caps, which are not cleared, of what was found. */
static inline int cxl_accel_setup_regs_caps(struct pci_dev *pdev, enum cxl_regloc_type type,
					    struct cxl_register_map *map, unsigned long *caps)
{
	int rc = cxl_pci_setup_regs(pdev, type, map);

	if (rc)
		return rc;
	if (type == CXL_REGLOC_RBI_COMPONENT) {
		if (map->component_map.ras.valid)
			__set_bit(CXL_DEV_CAP_RAS, caps);
		if (map->component_map.hdm_decoder.valid)
			__set_bit(CXL_DEV_CAP_HDM, caps);
	} else if (type == CXL_REGLOC_RBI_MEMDEV) {
		if (map->device_map.status.valid)
			__set_bit(CXL_DEV_CAP_DEV_STATUS, caps);
		if (map->device_map.mbox.valid)
			__set_bit(CXL_DEV_CAP_MAILBOX_PRIMARY, caps);
		if (map->device_map.memdev.valid)
			__set_bit(CXL_DEV_CAP_MEMDEV, caps);
	}
	return 0;
}

#define CXL_ACCEL_FIFTH(a, b, c, d, fifth, ...) fifth
#define cxl_pci_setup_regs(...)									\
	CXL_ACCEL_FIFTH(__VA_ARGS__, cxl_accel_setup_regs_caps, cxl_pci_setup_regs)(__VA_ARGS__)

#endif /* CXL_ACCEL_SETUP_REGS_H */
