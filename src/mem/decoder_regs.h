/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registers that say what a device decodes: committed.c reads them, restore.c writes them back.
 */
#ifndef CXL_MEM_DECODER_REGS_H
#define CXL_MEM_DECODER_REGS_H

#include <linux/bits.h>

/* CXL 3.1 section 8.1.3: PCIe DVSEC for CXL Devices; what CXL_DEVICE_CAP says, and the rest */
#define DVSEC_CAP_RANGES	GENMASK(5, 4)
#define DVSEC_CTRL		0x0c
#define   DVSEC_CTRL_MEM	BIT(2)
#define DVSEC_CTRL2		0x10
#define   DVSEC_CTRL2_START	(BIT(1) | BIT(2))	/* a cache write-back, a CXL reset */
#define DVSEC_LOCK		0x14
#define   DVSEC_LOCK_CONFIG	BIT(0)
#define DVSEC_RANGE(n)		(0x18 + 0x10 * (n))
#define   RANGE_SIZE_HI		0x0
#define   RANGE_SIZE_LO		0x4
#define     RANGE_VALID		BIT(0)
#define     RANGE_ACTIVE	BIT(1)
#define     RANGE_TIMEOUT	GENMASK(15, 13)
#define   RANGE_BASE_HI		0x8
#define   RANGE_BASE_LO		0xc

/* CXL 3.1 section 8.2.4.20: HDM Decoder Capability Structure */
#define HDM_CAP			0x00
#define   HDM_CAP_COUNT		GENMASK(3, 0)
#define HDM_CTRL		0x04
#define   HDM_CTRL_ENABLE	BIT(1)
#define HDM_DECODER_SIZE	0x20
#define HDM_DECODER(n)		(0x10 + HDM_DECODER_SIZE * (n))
#define   DECODER_BASE_LO	0x00
#define   DECODER_BASE_HI	0x04
#define   DECODER_SIZE_LO	0x08
#define   DECODER_SIZE_HI	0x0c
#define   DECODER_CTRL		0x10
#define     DECODER_WAYS	GENMASK(7, 4)
#define     DECODER_COMMIT	BIT(9)
#define     DECODER_COMMITTED	BIT(10)
#define     DECODER_ERROR	BIT(11)
#define   DECODER_SKIP_LO	0x14
#define   DECODER_SKIP_HI	0x18
#define DECODER_LO_MASK		GENMASK(31, 28)

#endif /* CXL_MEM_DECODER_REGS_H */
