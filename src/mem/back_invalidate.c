// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a device does back-invalidate (HDM-DB) is as it was, after a reset too.
 *
 * Owns: nothing. Talks to: the BI Decoder capability of a device's component registers, CXL 3.1
 * section 8.2.4.27. Locks: called with the PCI function's device lock.
 *
 * Platform firmware turns it on, in the device and in the ports above. A reset of the device turns
 * it off there; with its decoders restored and this not, what the device takes for coherent is not.
 */
#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/math.h>
#include <linux/pci.h>

#include "accel.h"

#define BI_DECODER_ID		12
#define BI_DECODER_SIZE		0x0c
#define BI_CAP			0x00
#define   BI_CAP_COMMIT		BIT(1)		/* takes effect when it is committed */
#define BI_CTRL			0x04
#define   BI_CTRL_FORWARD	BIT(0)
#define   BI_CTRL_ENABLE	BIT(1)
#define   BI_CTRL_COMMIT	BIT(2)
#define BI_STATUS		0x08
#define   BI_STATUS_COMMITTED	BIT(0)
#define   BI_STATUS_ERROR	BIT(1)
#define   BI_STATUS_SCALE	GENMASK(11, 8)	/* tens of it, of a microsecond */
#define   BI_STATUS_BASE	GENMASK(15, 12)

#define BI_SETTINGS		(BI_CTRL_FORWARD | BI_CTRL_ENABLE)
#define LEAST_TIMEOUT_US	(10 * USEC_PER_MSEC)

/**
 * cxl_accel_back_invalidate_read() - does a device do back-invalidate?
 * @map: its component registers, which can be read
 * @d: where that goes; unchanged if the device has no such capability, or does not answer
 */
void cxl_accel_back_invalidate_read(const struct cxl_register_map *map,
				    struct cxl_accel_decoders *d)
{
	resource_size_t at = cxl_accel_capability_find(map, BI_DECODER_ID, BI_DECODER_SIZE);
	void __iomem *regs;
	u32 ctrl;

	if (!at)
		return;
	regs = ioremap(at, BI_DECODER_SIZE);
	if (!regs)
		return;
	ctrl = readl(regs + BI_CTRL);
	iounmap(regs);
	if (PCI_POSSIBLE_ERROR(ctrl))
		return;
	d->back_invalidate = at;
	d->back_invalidate_ctrl = ctrl & BI_SETTINGS;
}

static int cxl_accel_back_invalidate_commit(void __iomem *regs)
{
	u32 status = readl(regs + BI_STATUS);
	/* A scale of 7 is ten seconds, the largest that there is. */
	u64 timeout = int_pow(10, min(FIELD_GET(BI_STATUS_SCALE, status), 7U)) *
		      FIELD_GET(BI_STATUS_BASE, status);

	writel(readl(regs + BI_CTRL) | BI_CTRL_COMMIT, regs + BI_CTRL);
	if (readl_poll_timeout(regs + BI_STATUS, status,
			       status & (BI_STATUS_COMMITTED | BI_STATUS_ERROR), 100,
			       max_t(u64, timeout, LEAST_TIMEOUT_US)))
		return -ETIMEDOUT;
	return status & BI_STATUS_ERROR ? -EIO : 0;
}

static int cxl_accel_back_invalidate_write(void __iomem *regs, u32 before)
{
	u32 ctrl = readl(regs + BI_CTRL);
	int rc = 0;

	if (PCI_POSSIBLE_ERROR(ctrl))
		return -ENODEV;
	if ((ctrl & BI_SETTINGS) == before)
		return 0;
	writel(before, regs + BI_CTRL);
	if (readl(regs + BI_CAP) & BI_CAP_COMMIT)
		rc = cxl_accel_back_invalidate_commit(regs);
	if (!rc && (readl(regs + BI_CTRL) & BI_SETTINGS) != before)
		rc = -EIO;
	return rc ?: 1;
}

/**
 * cxl_accel_back_invalidate_restore() - have a device do back-invalidate if it did before
 * @pdev: the PCI function; its BARs are decoded
 * @before: what cxl_accel_back_invalidate_read() has found
 *
 * Before its decoders are committed, so that none decodes without.
 *
 * Context: may sleep, as long as the device says that a commit takes.
 * Return: 1 if it had to be turned on or off, 0 if it was as before; -ENODEV for a device that does
 * not answer, -ENXIO if its registers are not where they were, -ETIMEDOUT, -EIO if it does not take
 * it, -ENOMEM.
 */
int cxl_accel_back_invalidate_restore(struct pci_dev *pdev, const struct cxl_accel_decoders *before)
{
	void __iomem *regs;
	int rc;

	if (!before->back_invalidate)
		return 0;
	if (!cxl_accel_is_in_bar(pdev, before->back_invalidate, BI_DECODER_SIZE))
		return -ENXIO;
	regs = ioremap(before->back_invalidate, BI_DECODER_SIZE);
	if (!regs)
		return -ENOMEM;
	rc = cxl_accel_back_invalidate_write(regs, before->back_invalidate_ctrl);
	iounmap(regs);
	return rc;
}
