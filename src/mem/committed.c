// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a device decodes, read from its registers, whether anybody has attached it or not.
 *
 * Owns: nothing. Talks to: the component registers and the DVSEC of a PCI function. Locks: called
 * with its device lock.
 *
 * Registers are believed in nothing but being read: counts are held against the size of the
 * register block, sizes against the address space.
 */
#include <linux/bitfield.h>
#include <linux/io.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/range.h>

#include "accel.h"

/* CXL 3.1 section 8.1.3: PCIe DVSEC for CXL Devices; what CXL_DEVICE_CAP says, and the rest */
#define DVSEC_CAP_RANGES	GENMASK(5, 4)
#define DVSEC_CTRL		0x0c
#define   DVSEC_CTRL_MEM	BIT(2)
#define DVSEC_RANGE(n)		(0x18 + 0x10 * (n))
#define   RANGE_SIZE_HI		0x0
#define   RANGE_SIZE_LO		0x4
#define   RANGE_BASE_HI		0x8
#define   RANGE_BASE_LO		0xc
#define DVSEC_MAX_RANGES	2

/* CXL 3.1 section 8.2.4.20: HDM Decoder Capability Structure */
#define HDM_CAP			0x00
#define   HDM_CAP_COUNT		GENMASK(3, 0)
#define HDM_CTRL		0x04
#define   HDM_CTRL_ENABLE	BIT(1)
#define HDM_DECODER(n)		(0x10 + 0x20 * (n))
#define   DECODER_BASE_LO	0x00
#define   DECODER_BASE_HI	0x04
#define   DECODER_SIZE_LO	0x08
#define   DECODER_SIZE_HI	0x0c
#define   DECODER_CTRL		0x10
#define     DECODER_COMMITTED	BIT(10)
#define DECODER_LO_MASK		GENMASK(31, 28)

static int cxl_accel_note_range(struct range *ranges, int nr, u64 base, u64 size)
{
	if (!size || base + size - 1 < base || nr == MAX_COMMITTED)
		return nr;
	ranges[nr] = (struct range){ .start = base, .end = base + size - 1 };
	return nr + 1;
}

static u64 cxl_accel_hdm_read64(void __iomem *lo)
{
	return (u64)readl(lo + 4) << 32 | (readl(lo) & DECODER_LO_MASK);
}

/* Encoded counts: 0 is one decoder, then two for each step, and from 9 on 20, 24, 28, 32. */
static int cxl_accel_hdm_decoder_count(u32 cap)
{
	int code = FIELD_GET(HDM_CAP_COUNT, cap);

	if (code > 8)
		return min(20 + (code - 9) * 4, MAX_COMMITTED);
	return code ? code * 2 : 1;
}

/* Returns a negative value if the HDM decoders are not what decodes. */
static int cxl_accel_hdm_ranges(void __iomem *hdm, unsigned long size, struct range *ranges)
{
	int i, nr = 0, count;
	u32 cap, ctrl;

	if (size < HDM_DECODER(1))
		return -ENXIO;
	cap = readl(hdm + HDM_CAP);
	ctrl = readl(hdm + HDM_CTRL);
	if (PCI_POSSIBLE_ERROR(ctrl) || !(ctrl & HDM_CTRL_ENABLE))
		return -ENXIO;

	count = min_t(unsigned long, cxl_accel_hdm_decoder_count(cap),
		      (size - HDM_DECODER(0)) / 0x20);
	for (i = 0; i < count; i++) {
		void __iomem *decoder = hdm + HDM_DECODER(i);
		u32 dctrl = readl(decoder + DECODER_CTRL);

		if (PCI_POSSIBLE_ERROR(dctrl) || !(dctrl & DECODER_COMMITTED))
			continue;
		nr = cxl_accel_note_range(ranges, nr,
					  cxl_accel_hdm_read64(decoder + DECODER_BASE_LO),
					  cxl_accel_hdm_read64(decoder + DECODER_SIZE_LO));
	}
	return nr;
}

static u64 cxl_accel_dvsec_read64(struct pci_dev *pdev, int hi, int lo)
{
	u32 h, l;

	if (pci_read_config_dword(pdev, hi, &h) || pci_read_config_dword(pdev, lo, &l) ||
	    PCI_POSSIBLE_ERROR(h) || PCI_POSSIBLE_ERROR(l))
		return 0;
	return (u64)h << 32 | (l & DECODER_LO_MASK);
}

/* CXL 3.1 section 8.1.3.8: where no HDM decoder is enabled, Mem_Enable makes these decode. */
static int cxl_accel_dvsec_ranges(struct pci_dev *pdev, struct range *ranges)
{
	u16 dvsec = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL, CXL_DEVICE_DVSEC);
	int i, nr = 0;
	u16 cap, ctrl;

	if (!dvsec || pci_read_config_word(pdev, dvsec + CXL_DEVICE_CAP, &cap) ||
	    pci_read_config_word(pdev, dvsec + DVSEC_CTRL, &ctrl) ||
	    PCI_POSSIBLE_ERROR(cap) || PCI_POSSIBLE_ERROR(ctrl) || !(ctrl & DVSEC_CTRL_MEM))
		return 0;

	for (i = 0; i < min_t(int, FIELD_GET(DVSEC_CAP_RANGES, cap), DVSEC_MAX_RANGES); i++) {
		int at = dvsec + DVSEC_RANGE(i);
		u64 base = cxl_accel_dvsec_read64(pdev, at + RANGE_BASE_HI, at + RANGE_BASE_LO);
		u64 size = cxl_accel_dvsec_read64(pdev, at + RANGE_SIZE_HI, at + RANGE_SIZE_LO);

		nr = cxl_accel_note_range(ranges, nr, base, size);
	}
	return nr;
}

static int cxl_accel_component_ranges(const struct cxl_register_map *map, struct range *ranges)
{
	const struct cxl_reg_map *hdm = &map->component_map.hdm_decoder;
	void __iomem *regs;
	int nr;

	if (!hdm->valid)
		return -ENXIO;

	regs = ioremap(map->resource + hdm->offset, hdm->size);
	if (!regs)
		return -ENOMEM;
	nr = cxl_accel_hdm_ranges(regs, hdm->size, ranges);
	iounmap(regs);
	return nr;
}

/**
 * cxl_accel_committed_ranges() - the HPA ranges that a device decodes
 * @pdev: the PCI function
 * @ranges: room for MAX_COMMITTED of them
 *
 * A function that nobody has enabled decodes no BAR, so that is turned on for the time of reading.
 *
 * Context: may sleep; @pdev's device lock is held.
 * Return: how many; 0 for none, and for a device that does not answer.
 */
int cxl_accel_committed_ranges(struct pci_dev *pdev, struct range *ranges)
{
	struct cxl_register_map map;
	bool enable;
	u16 command;
	int nr = 0;

	device_lock_assert(&pdev->dev);
	pm_runtime_get_sync(&pdev->dev);
	if (pci_read_config_word(pdev, PCI_COMMAND, &command) || PCI_POSSIBLE_ERROR(command))
		goto out;
	enable = !(command & PCI_COMMAND_MEMORY);
	if (enable && pci_is_enabled(pdev))
		goto out;

	if (enable)
		pci_write_config_word(pdev, PCI_COMMAND, command | PCI_COMMAND_MEMORY);
	nr = -ENXIO;
	if (!cxl_accel_registers_find(pdev, CXL_REGLOC_RBI_COMPONENT, &map))
		nr = cxl_accel_component_ranges(&map, ranges);
	if (enable)
		pci_write_config_word(pdev, PCI_COMMAND, command);
	if (nr < 0)
		nr = cxl_accel_dvsec_ranges(pdev, ranges);
out:
	pm_runtime_put(&pdev->dev);
	return nr;
}

/**
 * cxl_accel_decodes() - does a device decode a range, all of it and no more, by one decoder?
 * @cxlds: its state in cxl_core, with its registers
 * @hpa: the range
 *
 * cxl_core may hold HDM decoders to decode that are not enabled, or DVSEC ranges that are moot.
 *
 * Context: may sleep; the function is enabled.
 * Return: whether it does; false if the registers cannot be read.
 */
bool cxl_accel_decodes(const struct cxl_dev_state *cxlds, const struct range *hpa)
{
	struct range ranges[MAX_COMMITTED];
	int nr;

	nr = cxl_accel_component_ranges(&cxlds->reg_map, ranges);
	if (nr < 0)
		nr = cxl_accel_dvsec_ranges(to_pci_dev(cxlds->dev), ranges);
	while (nr--)
		if (ranges[nr].start == hpa->start && ranges[nr].end == hpa->end)
			return true;
	return false;
}
