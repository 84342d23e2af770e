/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For drivers written for Linux 7.3 and built for an older kernel: %pra in a format string.
 * Comes before the kernel's own <linux/printk.h> in the include path; see scripts/driver.mk.
 * <cxl-accel/range_args.h> says why, and what is reached.
 */
#ifndef CXL_ACCEL_OVERLAY_PRINTK_H
#define CXL_ACCEL_OVERLAY_PRINTK_H

#include_next <linux/printk.h>

#include <cxl-accel/range_args.h>

/*
 * The functions behind the macros; the parentheses keep a name from being expanded again.
 * The debug ones must have been declared before they may be named.
 */
#include <linux/dynamic_debug.h>

#define _printk(fmt, ...) ((_printk)(fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define __dynamic_pr_debug(id, fmt, ...)						\
	((__dynamic_pr_debug)(id, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define __dynamic_dev_dbg(id, dev, fmt, ...)						\
	((__dynamic_dev_dbg)(id, dev, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define __dynamic_netdev_dbg(id, dev, fmt, ...)						\
	((__dynamic_netdev_dbg)(id, dev, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))

#endif /* CXL_ACCEL_OVERLAY_PRINTK_H */
