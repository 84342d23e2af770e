// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors of an attached device's CXL.cache and CXL.mem are told: in the log, and to its driver.
 *
 * Owns: nothing. Talks to: the RAS capability in the component registers of the device, and of the
 * port above it; err_handler.c, which hears of errors. Locks: called with the device lock of the
 * PCI function.
 *
 * Such an error is reported by AER as an internal one, which is masked unless somebody wants to
 * know, and what it was stands in the RAS capability (CXL 3.1 section 8.2.4.17), which outlasts a
 * reset. In cxl_core only the driver of expanders reads that. Nothing is done where firmware has
 * AER.
 */
#include <linux/device.h>
#include <linux/io.h>
#include <linux/pci.h>
#include <linux/seq_buf.h>

#include "accel.h"

#define RAS_UNCORRECTABLE	0x00
#define RAS_UNCORRECTABLE_MASK	0x04
#define RAS_CORRECTABLE		0x0c
#define RAS_CORRECTABLE_MASK	0x10
#define RAS_SIZE		0x18

static const char *const cxl_accel_uncorrectable[] = {
	[0] = "cache data parity",
	[1] = "cache address parity",
	[2] = "cache byte enable parity",
	[3] = "cache data ECC",
	[4] = "memory data parity",
	[5] = "memory address parity",
	[6] = "memory byte enable parity",
	[7] = "memory data ECC",
	[8] = "reinitialization threshold",
	[9] = "reserved encoding",
	[10] = "poison received",
	[11] = "receiver overflow",
	[14] = "internal",
	[15] = "IDE transmit",
	[16] = "IDE receive",
};

static const char *const cxl_accel_correctable[] = {
	[0] = "cache data ECC",
	[1] = "memory data ECC",
	[2] = "CRC threshold",
	[3] = "retry threshold",
	[4] = "cache poison received",
	[5] = "memory poison received",
	[6] = "physical layer",
};

/* Of what the specification has no name for the number is told. */
static void cxl_accel_ras_names(char *buf, size_t size, u32 status, const char *const *names,
				int nr)
{
	unsigned long bits = status;
	struct seq_buf s;
	int bit;

	seq_buf_init(&s, buf, size);
	for_each_set_bit(bit, &bits, 32) {
		if (s.len)
			seq_buf_puts(&s, ", ");
		if (bit < nr && names[bit])
			seq_buf_puts(&s, names[bit]);
		else
			seq_buf_printf(&s, "bit %d", bit);
	}
	seq_buf_str(&s);
}

static void __iomem *cxl_accel_ras_find(struct pci_dev *pdev)
{
	struct cxl_register_map map;

	if (cxl_accel_registers_find(pdev, CXL_REGLOC_RBI_COMPONENT, &map) ||
	    !map.component_map.ras.valid || map.component_map.ras.size < RAS_SIZE)
		return NULL;
	return ioremap(map.resource + map.component_map.ras.offset, RAS_SIZE);
}

static void cxl_accel_ras_unmap(struct pci_dev *pdev, void __iomem *ras, u16 command)
{
	if (ras)
		iounmap(ras);
	if (!(command & PCI_COMMAND_MEMORY))
		pci_write_config_word(pdev, PCI_COMMAND, command);
}

/* In AER's recovery the driver is yet to restore the command register: its memory bit is lent. */
static void __iomem *cxl_accel_ras_map(struct pci_dev *pdev, u16 *command)
{
	void __iomem *ras;

	if (!pci_find_host_bridge(pdev->bus)->native_aer || !pdev->aer_cap ||
	    pci_read_config_word(pdev, PCI_COMMAND, command) || PCI_POSSIBLE_ERROR(*command))
		return NULL;
	if (!(*command & PCI_COMMAND_MEMORY))
		pci_write_config_word(pdev, PCI_COMMAND, *command | PCI_COMMAND_MEMORY);
	ras = cxl_accel_ras_find(pdev);
	if (!ras)
		cxl_accel_ras_unmap(pdev, NULL, *command);
	return ras;
}

/* Reads and clears; 0 of one that does not answer. */
static u32 cxl_accel_ras_take(void __iomem *status)
{
	u32 bits = readl(status);

	if (PCI_POSSIBLE_ERROR(bits))
		return 0;
	if (bits)
		writel(bits, status);
	return bits;
}

/* Returns whether there was an uncorrectable error. */
static bool cxl_accel_ras_tell(struct pci_dev *pdev)
{
	u32 correctable, uncorrectable;
	void __iomem *ras;
	char names[128];
	u16 command;

	ras = cxl_accel_ras_map(pdev, &command);
	if (!ras)
		return false;
	correctable = cxl_accel_ras_take(ras + RAS_CORRECTABLE);
	uncorrectable = cxl_accel_ras_take(ras + RAS_UNCORRECTABLE);
	cxl_accel_ras_unmap(pdev, ras, command);

	if (correctable) {
		cxl_accel_ras_names(names, sizeof(names), correctable, cxl_accel_correctable,
				    ARRAY_SIZE(cxl_accel_correctable));
		dev_warn_ratelimited(&pdev->dev, "CXL correctable error: %s\n", names);
	}
	if (uncorrectable) {
		cxl_accel_ras_names(names, sizeof(names), uncorrectable, cxl_accel_uncorrectable,
				    ARRAY_SIZE(cxl_accel_uncorrectable));
		dev_err_ratelimited(&pdev->dev, "CXL uncorrectable error: %s\n", names);
	}
	return uncorrectable;
}

/**
 * cxl_accel_ras_report() - tell of the errors that a device and the port above it have latched
 * @pdev: the PCI function; its device lock is held
 *
 * Context: may sleep.
 * Return: whether one of them is uncorrectable, of which cache or memory have suffered.
 */
bool cxl_accel_ras_report(struct pci_dev *pdev)
{
	struct pci_dev *port = pci_upstream_bridge(pdev);
	bool uncorrectable = cxl_accel_ras_tell(pdev);

	return (port && cxl_accel_ras_tell(port)) || uncorrectable;
}

static void cxl_accel_aer_unmask(struct pci_dev *pdev, int at, u32 bit)
{
	u32 mask;

	if (!pci_read_config_dword(pdev, pdev->aer_cap + at, &mask) &&
	    !PCI_POSSIBLE_ERROR(mask) && mask & bit)
		pci_write_config_dword(pdev, pdev->aer_cap + at, mask & ~bit);
}

/**
 * cxl_accel_ras_unmask() - have a device report errors of its cache and memory
 * @pdev: the PCI function, attached; its device lock is held
 *
 * A reset masks them again.
 */
void cxl_accel_ras_unmask(struct pci_dev *pdev)
{
	void __iomem *ras;
	u16 command;

	ras = cxl_accel_ras_map(pdev, &command);
	if (!ras)
		return;
	writel(0, ras + RAS_UNCORRECTABLE_MASK);
	writel(0, ras + RAS_CORRECTABLE_MASK);
	cxl_accel_ras_unmap(pdev, ras, command);
	cxl_accel_aer_unmask(pdev, PCI_ERR_UNCOR_MASK, PCI_ERR_UNC_INTN);
	cxl_accel_aer_unmask(pdev, PCI_ERR_COR_MASK, PCI_ERR_COR_INTERNAL);
}
