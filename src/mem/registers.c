// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a device's registers are, by its own account, which is held against the device.
 *
 * Owns: nothing. Talks to: cxl_core, which finds registers by the Register Locator DVSEC and looks
 * for capabilities in them. Locks: none; called with the PCI function's device lock.
 *
 * cxl_core believes what it reads: of a DVSEC shorter than its own header it reads half a billion
 * entries, and a block that ends before the capabilities is read past its end, which is a page
 * fault. So what it would trip over is looked at before and between. Expanders do not come by here:
 * they are the stock cxl_pci's.
 */
#include <linux/bitfield.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#include "accel.h"

/* CXL 3.1 section 8.1.9: Register Locator DVSEC */
#define LOCATOR_DVSEC		8
#define   LOCATOR_ENTRIES	0x0c
#define   LOCATOR_ENTRY_SIZE	8
#define DVSEC_LENGTH		GENMASK(31, 20)

/* CXL 3.1 section 8.2.4: the CXL.cache and CXL.mem part of the component registers */
#define CACHE_MEM_OFFSET	SZ_4K
#define CACHE_MEM_SIZE		SZ_4K
#define ARRAY_COUNT		GENMASK(31, 24)
#define CAPABILITY_ID		GENMASK(15, 0)
#define CAPABILITY_POINTER	GENMASK(31, 20)

/* A length of all ones, as of a device that is gone, ends outside of configuration space, too. */
static bool cxl_accel_locator_is_sane(struct pci_dev *pdev)
{
	u16 at = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL, LOCATOR_DVSEC);
	u32 header, length;

	if (!at || pci_read_config_dword(pdev, at + PCI_DVSEC_HEADER1, &header))
		return false;
	length = FIELD_GET(DVSEC_LENGTH, header);
	return length >= LOCATOR_ENTRIES + LOCATOR_ENTRY_SIZE && at + length <= pdev->cfg_size;
}

/**
 * cxl_accel_is_in_bar() - do registers belong to a device, as those in one of its BARs do?
 * @pdev: the PCI function
 * @start: of the registers, in the host's address space
 * @size: in bytes
 *
 * Return: whether they do.
 */
bool cxl_accel_is_in_bar(struct pci_dev *pdev, resource_size_t start, resource_size_t size)
{
	struct resource block = DEFINE_RES_MEM(start, size);
	int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		if (resource_contains(&pdev->resource[bar], &block))
			return true;
	return false;
}

static bool cxl_accel_block_is_sane(struct pci_dev *pdev, const struct cxl_register_map *map)
{
	resource_size_t least = 1;

	if (map->reg_type == CXL_REGLOC_RBI_COMPONENT)
		least = CACHE_MEM_OFFSET + CACHE_MEM_SIZE;
	return map->max_size >= least && cxl_accel_is_in_bar(pdev, map->resource, map->max_size);
}

/*
 * cxl_core reads where each capability points to, whatever it is: what is misaligned is an
 * alignment fault on arm64.
 */
static int cxl_accel_capabilities_are_aligned(struct pci_dev *pdev,
					      const struct cxl_register_map *map)
{
	void __iomem *array = ioremap(map->resource + CACHE_MEM_OFFSET, CACHE_MEM_SIZE);
	unsigned int at = 0, n, count;

	if (!array)
		return -ENOMEM;
	count = FIELD_GET(ARRAY_COUNT, readl(array));
	for (n = 1; n <= count && IS_ALIGNED(at, sizeof(u32)); n++)
		at = FIELD_GET(CAPABILITY_POINTER, readl(array + n * sizeof(u32)));
	iounmap(array);
	if (IS_ALIGNED(at, sizeof(u32)))
		return true;
	pci_warn(pdev, "CXL.mem registers: a capability points to %#x, which is not aligned\n", at);
	return false;
}

/* At the offset of 0 there is the array itself. */
static void cxl_accel_check_capability(struct pci_dev *pdev, struct cxl_reg_map *cap,
				       const char *name)
{
	unsigned long at = cap->offset - CACHE_MEM_OFFSET;

	if (!cap->valid)
		return;
	if (cap->offset > CACHE_MEM_OFFSET && at < CACHE_MEM_SIZE &&
	    cap->size <= CACHE_MEM_SIZE - at)
		return;
	cap->valid = false;
	pci_warn(pdev, "CXL %s capability: %lu bytes at %#lx are not in the CXL.mem registers\n",
		 name, cap->size, cap->offset);
}

/**
 * cxl_accel_registers_are_decoded() - can a device's registers be read through its BARs?
 * @pdev: the PCI function
 *
 * Platform firmware enables the functions that it finds, so that a driver which does not notices
 * nothing of it, but with a device that was hot-added.
 *
 * Return: whether they can be, as far as configuration space tells; that of a function which is
 * gone tells nothing. A virtual function's has no such bit: not to be called for one.
 */
bool cxl_accel_registers_are_decoded(struct pci_dev *pdev)
{
	u16 command;

	if (pci_read_config_word(pdev, PCI_COMMAND, &command))
		return true;
	return command & PCI_COMMAND_MEMORY;
}

/**
 * cxl_accel_function_status() - is a PCI function ready to be attached, and what its driver said?
 * @pdev: the PCI function
 * @dvsec: where in configuration space the driver said that the PCIe DVSEC for CXL Devices is
 *
 * cxl_core believes @dvsec: it would take what stands there for ranges of memory.
 *
 * Return: CXL_ACCEL_ATTACH_ATTACHED if nothing speaks against it.
 */
enum cxl_accel_attach_status cxl_accel_function_status(struct pci_dev *pdev, int dvsec)
{
	/* None has a DVSEC for CXL Devices (CXL 3.1 section 8.1.3), nor HDM decoders. */
	if (pdev->is_virtfn)
		return CXL_ACCEL_ATTACH_VIRTUAL_FUNCTION;
	if (!cxl_accel_registers_are_decoded(pdev))
		return CXL_ACCEL_ATTACH_NOT_ENABLED;
	if (dvsec && !pci_device_is_present(pdev))
		return CXL_ACCEL_ATTACH_ATTACHED;
	if (!dvsec || dvsec != pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL,
							 CXL_DEVICE_DVSEC))
		return CXL_ACCEL_ATTACH_BAD_DVSEC;
	return CXL_ACCEL_ATTACH_ATTACHED;
}

/**
 * cxl_accel_registers_find() - find a block of registers, and the capabilities in it
 * @pdev: the PCI function, enabled
 * @type: the block's type in the Register Locator
 * @map: filled in on success; a capability that cannot be there is not valid; none is where
 *	one of them is misaligned
 *
 * Context: may sleep.
 * Return: 0; -ENXIO if the Register Locator has no such block, or describes one that cannot be;
 * else what cxl_core says.
 */
int cxl_accel_registers_find(struct pci_dev *pdev, enum cxl_regloc_type type,
			     struct cxl_register_map *map)
{
	int rc;

	memset(map, 0, sizeof(*map));
	if (!cxl_accel_locator_is_sane(pdev))
		return -ENXIO;
	rc = cxl_find_regblock(pdev, type, map);
	if (rc)
		return rc;
	if (!cxl_accel_block_is_sane(pdev, map)) {
		pci_warn(pdev, "CXL Register Locator: %pa bytes at %pa are not in a BAR\n",
			 &map->max_size, &map->resource);
		return -ENXIO;
	}
	if (type == CXL_REGLOC_RBI_COMPONENT) {
		rc = cxl_accel_capabilities_are_aligned(pdev, map);
		if (rc <= 0)
			return rc;
	}
	rc = cxl_setup_regs(map);
	if (rc)
		return rc;
	if (type == CXL_REGLOC_RBI_COMPONENT) {
		cxl_accel_check_capability(pdev, &map->component_map.hdm_decoder, "HDM decoder");
		cxl_accel_check_capability(pdev, &map->component_map.ras, "RAS");
	}
	return 0;
}

/**
 * cxl_accel_capability_find() - where a capability is of which cxl_core does not tell
 * @map: component registers, as cxl_accel_registers_find() found them
 * @id: the capability's, CXL 3.1 section 8.2.4.1
 * @size: of its registers, in bytes
 *
 * Context: may sleep; the registers are decoded.
 * Return: its address; 0 if there is none, or it is not all in the registers.
 */
resource_size_t cxl_accel_capability_find(const struct cxl_register_map *map, u16 id,
					  unsigned long size)
{
	void __iomem *array = ioremap(map->resource + CACHE_MEM_OFFSET, CACHE_MEM_SIZE);
	unsigned int at = 0, n, count;
	u32 header;

	if (!array)
		return 0;
	count = FIELD_GET(ARRAY_COUNT, readl(array));
	for (n = 1; n <= count && !at; n++) {
		header = readl(array + n * sizeof(u32));
		if (FIELD_GET(CAPABILITY_ID, header) == id)
			at = FIELD_GET(CAPABILITY_POINTER, header);
	}
	iounmap(array);
	return at && at + size <= CACHE_MEM_SIZE ? map->resource + CACHE_MEM_OFFSET + at : 0;
}
