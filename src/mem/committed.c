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
#include <linux/math64.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/range.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "accel.h"
#include "decoder_regs.h"

static u64 cxl_accel_regs_u64(u32 hi, u32 lo)
{
	return (u64)hi << 32 | (lo & DECODER_LO_MASK);
}

/**
 * cxl_accel_decoder_range() - the HPA range of a decoder
 * @regs: its registers, or those of a DVSEC range
 * @range: set to it
 *
 * Return: false if that is none.
 */
bool cxl_accel_decoder_range(const struct cxl_accel_decoder_regs *regs, struct range *range)
{
	u64 base = cxl_accel_regs_u64(regs->base_hi, regs->base_lo);
	u64 size = cxl_accel_regs_u64(regs->size_hi, regs->size_lo);

	*range = (struct range){ .start = base, .end = base + size - 1 };
	return size && range->end >= base;
}

/* Encoded counts: 0 is one decoder, then two for each step, and from 9 on 20, 24, 28, 32. */
static int cxl_accel_hdm_decoder_count(u32 cap)
{
	int code = FIELD_GET(HDM_CAP_COUNT, cap);

	if (code > 8)
		return min(20 + (code - 9) * 4, MAX_COMMITTED);
	return code ? code * 2 : 1;
}

static void cxl_accel_decoder_read(void __iomem *regs, struct cxl_accel_decoder_regs *decoder)
{
	decoder->base_lo = readl(regs + DECODER_BASE_LO);
	decoder->base_hi = readl(regs + DECODER_BASE_HI);
	decoder->size_lo = readl(regs + DECODER_SIZE_LO);
	decoder->size_hi = readl(regs + DECODER_SIZE_HI);
	decoder->skip_lo = readl(regs + DECODER_SKIP_LO);
	decoder->skip_hi = readl(regs + DECODER_SKIP_HI);
}

/* Leaves @d without decoders if the HDM decoders are not what decodes. */
static void cxl_accel_hdm_read(void __iomem *hdm, struct cxl_accel_decoders *d)
{
	int i, count;
	u32 cap, ctrl;

	if (d->size < HDM_DECODER(1))
		return;
	cap = readl(hdm + HDM_CAP);
	ctrl = readl(hdm + HDM_CTRL);
	if (PCI_POSSIBLE_ERROR(ctrl) || !(ctrl & HDM_CTRL_ENABLE))
		return;

	d->ctrl = ctrl;
	count = min_t(unsigned long, cxl_accel_hdm_decoder_count(cap),
		      (d->size - HDM_DECODER(0)) / HDM_DECODER_SIZE);
	for (i = 0; i < count; i++) {
		void __iomem *regs = hdm + HDM_DECODER(i);
		u32 dctrl = readl(regs + DECODER_CTRL);

		if (PCI_POSSIBLE_ERROR(dctrl) || !(dctrl & DECODER_COMMITTED))
			continue;
		d->decoder[i].ctrl = dctrl;
		cxl_accel_decoder_read(regs, &d->decoder[i]);
		d->nr = i + 1;
	}
}

static void cxl_accel_component_read(const struct cxl_register_map *map,
				     struct cxl_accel_decoders *d)
{
	const struct cxl_reg_map *hdm = &map->component_map.hdm_decoder;
	void __iomem *regs;

	if (!hdm->valid)
		return;

	regs = ioremap(map->resource + hdm->offset, hdm->size);
	if (!regs)
		return;
	d->regs = map->resource + hdm->offset;
	d->size = hdm->size;
	cxl_accel_hdm_read(regs, d);
	iounmap(regs);
}

static bool cxl_accel_dvsec_read32(struct pci_dev *pdev, int at, u32 *value)
{
	return !pci_read_config_dword(pdev, at, value) && !PCI_POSSIBLE_ERROR(*value);
}

static bool cxl_accel_dvsec_read16(struct pci_dev *pdev, int at, u16 *value)
{
	return !pci_read_config_word(pdev, at, value) && !PCI_POSSIBLE_ERROR(*value);
}

/* CXL 3.1 section 8.1.3.8. What cannot be read is not there. */
static void cxl_accel_dvsec_range_read(struct pci_dev *pdev, int at,
				       struct cxl_accel_decoder_regs *range)
{
	if (!cxl_accel_dvsec_read32(pdev, at + RANGE_BASE_HI, &range->base_hi) ||
	    !cxl_accel_dvsec_read32(pdev, at + RANGE_BASE_LO, &range->base_lo) ||
	    !cxl_accel_dvsec_read32(pdev, at + RANGE_SIZE_HI, &range->size_hi) ||
	    !cxl_accel_dvsec_read32(pdev, at + RANGE_SIZE_LO, &range->size_lo))
		*range = (struct cxl_accel_decoder_regs){ 0 };
}

static void cxl_accel_dvsec_read(struct pci_dev *pdev, struct cxl_accel_decoders *d)
{
	u16 dvsec = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL, CXL_DEVICE_DVSEC);
	u16 cap;
	int i;

	if (!dvsec || !cxl_accel_dvsec_read16(pdev, dvsec + CXL_DEVICE_CAP, &cap) ||
	    !cxl_accel_dvsec_read16(pdev, dvsec + DVSEC_CTRL, &d->dvsec_ctrl) ||
	    !cxl_accel_dvsec_read16(pdev, dvsec + DVSEC_CTRL2, &d->dvsec_ctrl2) ||
	    !cxl_accel_dvsec_read16(pdev, dvsec + DVSEC_LOCK, &d->dvsec_lock))
		return;
	d->dvsec = dvsec;
	d->nr_ranges = min_t(int, FIELD_GET(DVSEC_CAP_RANGES, cap), ARRAY_SIZE(d->range));
	for (i = 0; i < d->nr_ranges; i++)
		cxl_accel_dvsec_range_read(pdev, dvsec + DVSEC_RANGE(i), &d->range[i]);
}

/* Of those that say so. */
static u64 cxl_accel_ranges_size(const struct cxl_accel_decoders *d)
{
	u64 size = 0;
	int i;

	for (i = 0; i < d->nr_ranges; i++)
		if (d->range[i].size_lo & RANGE_VALID)
			size = size_add(size, cxl_accel_regs_u64(d->range[i].size_hi,
								 d->range[i].size_lo));
	return size;
}

/**
 * cxl_accel_decoders_read() - the registers that say what a device decodes
 * @pdev: the PCI function of a device, or of a switch's upstream port
 * @d: what they hold; nothing, of a device that does not answer
 *
 * A function that nobody has enabled decodes no BAR, so that is turned on for the time of reading.
 *
 * Context: may sleep; @pdev's device lock is held, or what stands in for it in reset_switch.c.
 */
void cxl_accel_decoders_read(struct pci_dev *pdev, struct cxl_accel_decoders *d)
{
	struct cxl_register_map map;
	bool enable;
	u16 command;

	if (!pdev->subordinate)
		device_lock_assert(&pdev->dev);
	*d = (struct cxl_accel_decoders){ 0 };
	pm_runtime_get_sync(&pdev->dev);
	if (pci_read_config_word(pdev, PCI_COMMAND, &command) || PCI_POSSIBLE_ERROR(command))
		goto out;
	enable = !(command & PCI_COMMAND_MEMORY);
	if (enable && pci_is_enabled(pdev))
		goto out;

	if (enable)
		pci_write_config_word(pdev, PCI_COMMAND, command | PCI_COMMAND_MEMORY);
	if (!cxl_accel_registers_find(pdev, CXL_REGLOC_RBI_COMPONENT, &map)) {
		cxl_accel_component_read(&map, d);
		cxl_accel_back_invalidate_read(&map, d);
	}
	if (enable)
		pci_write_config_word(pdev, PCI_COMMAND, command);
	cxl_accel_dvsec_read(pdev, d);
out:
	pm_runtime_put(&pdev->dev);
}

/**
 * cxl_accel_decoders_ranges() - the HPA ranges that a device decodes
 * @d: what its registers hold
 * @ranges: room for MAX_COMMITTED of them
 *
 * Where no HDM decoder is enabled, Mem_Enable makes the DVSEC's ranges decode: CXL 3.1 section
 * 8.1.3.8.
 *
 * Return: how many.
 */
int cxl_accel_decoders_ranges(const struct cxl_accel_decoders *d, struct range *ranges)
{
	bool hdm = d->ctrl & HDM_CTRL_ENABLE;
	const struct cxl_accel_decoder_regs *from = hdm ? d->decoder : d->range;
	int i, nr = 0, count = hdm ? d->nr : d->nr_ranges;

	if (!hdm && !(d->dvsec_ctrl & DVSEC_CTRL_MEM))
		return 0;
	for (i = 0; i < count; i++)
		if (cxl_accel_decoder_range(&from[i], &ranges[nr]))
			nr++;
	return nr;
}

/* How many devices share what a decoder decodes; 0 for a code that is none. */
static unsigned int cxl_accel_decoder_ways(u32 ctrl)
{
	unsigned int code = FIELD_GET(DECODER_WAYS, ctrl);

	if (code <= 4)
		return 1 << code;
	return code >= 8 && code <= 10 ? 3 << (code - 8) : 0;
}

/* What a decoder takes of its device's memory, and leaves out before that. */
static u64 cxl_accel_decoder_dpa(const struct cxl_accel_decoder_regs *decoder)
{
	u64 size = cxl_accel_regs_u64(decoder->size_hi, decoder->size_lo);
	u64 skip = cxl_accel_regs_u64(decoder->skip_hi, decoder->skip_lo);
	unsigned int ways = cxl_accel_decoder_ways(decoder->ctrl);

	return ways && decoder->ctrl & DECODER_COMMITTED ? size_add(div_u64(size, ways), skip) : 0;
}

/**
 * cxl_accel_decoders_exceed() - does a device decode more memory than it is said to have?
 * @pdev: the PCI function; its device lock is held
 * @capacity: what its driver says
 *
 * Return: whether it does.
 */
bool cxl_accel_decoders_exceed(struct pci_dev *pdev, u64 capacity)
{
	struct cxl_accel_decoders *d __free(kfree) = kzalloc(sizeof(*d), GFP_KERNEL);
	u64 sum = 0;
	int i;

	if (!d)
		return false;
	cxl_accel_decoders_read(pdev, d);
	if (d->ctrl & HDM_CTRL_ENABLE)
		for (i = 0; i < d->nr; i++)
			sum = size_add(sum, cxl_accel_decoder_dpa(&d->decoder[i]));
	else if (d->dvsec_ctrl & DVSEC_CTRL_MEM)
		sum = cxl_accel_ranges_size(d);
	return sum > capacity;
}

/**
 * cxl_accel_check_capacity() - has a device the memory that its driver says?
 * @pdev: the PCI function
 * @capacity: what its driver says
 *
 * What is too little for firmware's decoders fails. Too much does not, as nothing decodes it; and
 * it is not sure to be a mistake: there are two DVSEC ranges, and a device may have more memory. So
 * it is said, and that is all.
 */
void cxl_accel_check_capacity(struct pci_dev *pdev, u64 capacity)
{
	struct cxl_accel_decoders *d __free(kfree) = kzalloc(sizeof(*d), GFP_KERNEL);
	u64 size;

	if (!d)
		return;
	cxl_accel_dvsec_read(pdev, d);
	size = cxl_accel_ranges_size(d);
	if (size && size < capacity)
		pci_warn(pdev,
			 "CXL capacity: the driver says %llu MiB, the device's DVSEC %llu MiB\n",
			 capacity / SZ_1M, size / SZ_1M);
}

/**
 * cxl_accel_decoders_check() - does a device decode a range, all of it and no more, by one decoder?
 * @cxlds: its state in cxl_core, with its registers
 * @hpa: the range
 *
 * cxl_core may hold HDM decoders to decode that are not enabled, or DVSEC ranges that are moot.
 *
 * Context: may sleep; the function is enabled.
 * Return: CXL_ACCEL_ATTACH_ATTACHED if it does, or why not.
 */
enum cxl_accel_attach_status cxl_accel_decoders_check(const struct cxl_dev_state *cxlds,
						      const struct range *hpa)
{
	struct cxl_accel_decoders *d __free(kfree) = kzalloc(sizeof(*d), GFP_KERNEL);
	struct range ranges[MAX_COMMITTED];
	int nr;

	if (!d)
		return CXL_ACCEL_ATTACH_NO_MEMORY;
	cxl_accel_component_read(&cxlds->reg_map, d);
	cxl_accel_dvsec_read(to_pci_dev(cxlds->dev), d);
	nr = cxl_accel_decoders_ranges(d, ranges);
	while (nr--)
		if (ranges[nr].start == hpa->start && ranges[nr].end == hpa->end)
			return CXL_ACCEL_ATTACH_ATTACHED;
	return CXL_ACCEL_ATTACH_NOT_COMMITTED;
}
