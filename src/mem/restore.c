// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a device decoded before a reset is written back to its registers.
 *
 * Owns: nothing. Talks to: the HDM decoders and the DVSEC of a PCI function. Locks: called with its
 * device lock.
 *
 * The PCI core restores what it knows of config space, which is none of this. What survived the
 * reset (CXL 3.1 section 9.5: a function level reset leaves CXL.mem alone) is not written to. A
 * decoder that is committed to something else is not touched either: somebody has, or it is locked.
 *
 * Decoders are committed in ascending order, as the device demands (CXL 3.1 section 8.2.4.20.12);
 * CXL.mem is enabled last, so that nothing decodes before all of it does. Nothing is believed that
 * has not been read back.
 */
#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>

#include "accel.h"
#include "decoder_regs.h"

/* CXL 3.1 section 8.2.4.20.7: a device has this long for a commit. */
#define COMMIT_TIMEOUT_US	(10 * USEC_PER_MSEC)
#define ACTIVE_POLL_MS		20

/* A commit's outcome, and what asks for it, are no settings. */
#define DECODER_SETTINGS	(~(DECODER_COMMIT | DECODER_COMMITTED | DECODER_ERROR))

static bool cxl_accel_decoder_is_as_before(void __iomem *regs,
					   const struct cxl_accel_decoder_regs *before)
{
	return !((readl(regs + DECODER_CTRL) ^ before->ctrl) & DECODER_SETTINGS) &&
	       readl(regs + DECODER_BASE_LO) == before->base_lo &&
	       readl(regs + DECODER_BASE_HI) == before->base_hi &&
	       readl(regs + DECODER_SIZE_LO) == before->size_lo &&
	       readl(regs + DECODER_SIZE_HI) == before->size_hi &&
	       readl(regs + DECODER_SKIP_LO) == before->skip_lo &&
	       readl(regs + DECODER_SKIP_HI) == before->skip_hi;
}

/* Returns 1 if it had to be committed again, 0 if it was as before. */
static int cxl_accel_decoder_restore(void __iomem *regs,
				     const struct cxl_accel_decoder_regs *before)
{
	u32 ctrl = readl(regs + DECODER_CTRL);

	if (PCI_POSSIBLE_ERROR(ctrl))
		return -ENODEV;
	if (ctrl & DECODER_COMMITTED)
		return cxl_accel_decoder_is_as_before(regs, before) ? 0 : -EBUSY;

	writel(before->base_lo, regs + DECODER_BASE_LO);
	writel(before->base_hi, regs + DECODER_BASE_HI);
	writel(before->size_lo, regs + DECODER_SIZE_LO);
	writel(before->size_hi, regs + DECODER_SIZE_HI);
	writel(before->skip_lo, regs + DECODER_SKIP_LO);
	writel(before->skip_hi, regs + DECODER_SKIP_HI);
	ctrl = (before->ctrl & DECODER_SETTINGS) | DECODER_COMMIT;
	writel(ctrl, regs + DECODER_CTRL);
	if (readl_poll_timeout(regs + DECODER_CTRL, ctrl,
			       ctrl & (DECODER_COMMITTED | DECODER_ERROR), 100, COMMIT_TIMEOUT_US))
		return -ETIMEDOUT;
	if (PCI_POSSIBLE_ERROR(ctrl))
		return -ENODEV;
	if (ctrl & DECODER_ERROR || !cxl_accel_decoder_is_as_before(regs, before))
		return -EIO;
	return 1;
}

static int cxl_accel_hdm_restore(void __iomem *hdm, const struct cxl_accel_decoders *before)
{
	u32 ctrl = readl(hdm + HDM_CTRL);
	int i, rc, restored = 0;

	if (PCI_POSSIBLE_ERROR(ctrl))
		return -ENODEV;
	if (ctrl != before->ctrl) {
		writel(before->ctrl, hdm + HDM_CTRL);
		if (readl(hdm + HDM_CTRL) != before->ctrl)
			return -EIO;
		restored = 1;
	}
	for (i = 0; i < before->nr; i++) {
		if (!(before->decoder[i].ctrl & DECODER_COMMITTED))
			continue;
		rc = cxl_accel_decoder_restore(hdm + HDM_DECODER(i), &before->decoder[i]);
		if (rc < 0)
			return rc;
		restored |= rc;
	}
	return restored;
}

static int cxl_accel_component_restore(struct pci_dev *pdev,
				       const struct cxl_accel_decoders *before)
{
	void __iomem *hdm;
	int rc;

	if (!(before->ctrl & HDM_CTRL_ENABLE))
		return 0;
	if (!cxl_accel_is_in_bar(pdev, before->regs, before->size))
		return -ENXIO;

	hdm = ioremap(before->regs, before->size);
	if (!hdm)
		return -ENOMEM;
	rc = cxl_accel_hdm_restore(hdm, before);
	iounmap(hdm);
	return rc;
}

/* Returns 1 if that had to be written, 0 if it was as before. */
static int cxl_accel_dvsec_restore16(struct pci_dev *pdev, int at, u16 before)
{
	u16 now;

	if (pci_read_config_word(pdev, at, &now) || PCI_POSSIBLE_ERROR(now))
		return -ENODEV;
	if (now == before)
		return 0;
	pci_write_config_word(pdev, at, before);
	pci_read_config_word(pdev, at, &now);
	return now == before ? 1 : -EIO;
}

static int cxl_accel_dvsec_restore32(struct pci_dev *pdev, int at, u32 before)
{
	u32 now;

	if (pci_read_config_dword(pdev, at, &now))
		return -ENODEV;
	if (now == before)
		return 0;
	pci_write_config_dword(pdev, at, before);
	pci_read_config_dword(pdev, at, &now);
	return now == before ? 1 : -EIO;
}

/* CXL 3.1 section 8.1.3.8.2: after a reset memory takes its time to be active, which it names. */
static int cxl_accel_wait_until_active(struct pci_dev *pdev, int at, u32 before)
{
	int left = MSEC_PER_SEC << 2 * FIELD_GET(RANGE_TIMEOUT, before);
	u32 now;

	if (!(before & RANGE_ACTIVE))
		return 0;
	for (;;) {
		if (pci_read_config_dword(pdev, at, &now) || PCI_POSSIBLE_ERROR(now))
			return -ENODEV;
		if (now & RANGE_ACTIVE)
			return 0;
		if (left <= 0)
			return -ETIMEDOUT;
		msleep(ACTIVE_POLL_MS);
		left -= ACTIVE_POLL_MS;
	}
}

static int cxl_accel_ranges_restore(struct pci_dev *pdev, const struct cxl_accel_decoders *before)
{
	int i, rc, restored = 0;

	for (i = 0; i < before->nr_ranges; i++) {
		int at = before->dvsec + DVSEC_RANGE(i);

		rc = cxl_accel_wait_until_active(pdev, at + RANGE_SIZE_LO,
						 before->range[i].size_lo);
		if (rc)
			return rc;
		rc = cxl_accel_dvsec_restore32(pdev, at + RANGE_BASE_HI, before->range[i].base_hi);
		if (rc < 0)
			return rc;
		restored |= rc;
		rc = cxl_accel_dvsec_restore32(pdev, at + RANGE_BASE_LO, before->range[i].base_lo);
		if (rc < 0)
			return rc;
		restored |= rc;
	}
	return restored;
}

/* What may start something is not written: a cache write-back, a CXL reset. The lock is last. */
static int cxl_accel_enables_restore(struct pci_dev *pdev, const struct cxl_accel_decoders *before)
{
	const struct { int at; u16 value; } regs[] = {
		{ DVSEC_CTRL2, before->dvsec_ctrl2 & ~DVSEC_CTRL2_START },
		{ DVSEC_CTRL, before->dvsec_ctrl },
		{ DVSEC_LOCK, before->dvsec_lock },
	};
	int i, rc, restored = 0;

	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		rc = cxl_accel_dvsec_restore16(pdev, before->dvsec + regs[i].at, regs[i].value);
		if (rc < 0)
			return rc;
		restored |= rc;
	}
	return restored;
}

static int cxl_accel_restore(struct pci_dev *pdev, const struct cxl_accel_decoders *before)
{
	int ranges = 0, coherence, decoders, enables = 0;

	if (before->dvsec)
		ranges = cxl_accel_ranges_restore(pdev, before);
	if (ranges < 0)
		return ranges;
	coherence = cxl_accel_back_invalidate_restore(pdev, before);
	if (coherence < 0)
		return coherence;
	decoders = cxl_accel_component_restore(pdev, before);
	if (decoders < 0)
		return decoders;
	if (before->dvsec)
		enables = cxl_accel_enables_restore(pdev, before);
	return enables < 0 ? enables : ranges | coherence | decoders | enables;
}

/**
 * cxl_accel_bars_restore() - have a device's registers where the kernel believes them to be
 * @pdev: the PCI function, after a reset; its device lock is held
 *
 * After its own resets the PCI core does this. After one of AER's it is left to the driver.
 */
void cxl_accel_bars_restore(struct pci_dev *pdev)
{
	struct pci_bus_region region;
	int bar, at;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		struct resource *res = &pdev->resource[bar];

		if (!(res->flags & IORESOURCE_MEM) || !res->parent)
			continue;
		at = PCI_BASE_ADDRESS_0 + bar * sizeof(u32);
		pcibios_resource_to_bus(pdev->bus, &region, res);
		pci_write_config_dword(pdev, at, lower_32_bits(region.start));
		if (res->flags & IORESOURCE_MEM_64)
			pci_write_config_dword(pdev, at + sizeof(u32),
					       upper_32_bits(region.start));
	}
}

/**
 * cxl_accel_decoders_restore() - have a device decode what it did before
 * @pdev: the PCI function of a device, or of a switch's upstream port; its config space is restored
 * as far as the PCI core knows it
 * @before: what cxl_accel_decoders_read() has read; something of it decodes
 *
 * Context: may sleep, for as long as the device says that its memory takes to be active; @pdev's
 * device lock is held, or what stands in for it in reset_switch.c.
 * Return: 1 if something had to be restored, 0 if all was as before; -ENODEV for a device that does
 * not answer, -ENXIO if its registers are not where they were, -EBUSY if a decoder is committed to
 * something else, -ETIMEDOUT if a commit or the memory does not come, -EIO for a commit that failed
 * or a register that does not keep what is written, -ENOMEM. After an error some of it may decode.
 */
int cxl_accel_decoders_restore(struct pci_dev *pdev, const struct cxl_accel_decoders *before)
{
	bool enable;
	u16 command;
	int rc;

	if (!pdev->subordinate)
		device_lock_assert(&pdev->dev);
	pm_runtime_get_sync(&pdev->dev);
	rc = -ENODEV;
	if (pci_read_config_word(pdev, PCI_COMMAND, &command) || PCI_POSSIBLE_ERROR(command))
		goto out;

	enable = !(command & PCI_COMMAND_MEMORY);
	if (enable)
		pci_write_config_word(pdev, PCI_COMMAND, command | PCI_COMMAND_MEMORY);
	rc = cxl_accel_restore(pdev, before);
	if (enable)
		pci_write_config_word(pdev, PCI_COMMAND, command);
out:
	pm_runtime_put(&pdev->dev);
	return rc;
}
