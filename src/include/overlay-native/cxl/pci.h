/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * <cxl/pci.h> came with Linux 7.3; Linux 7.2 exports what it declares, but has no header for it.
 * See scripts/driver.mk.
 */
#if __has_include_next(<cxl/pci.h>)
#include_next <cxl/pci.h>
#include "../../cxl-accel/setup_regs.h"
#else
#include "../../cxl/pci.h"
#endif
