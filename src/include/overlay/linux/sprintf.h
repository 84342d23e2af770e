/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For drivers written for Linux 7.3 and built for an older kernel: %pra in sprintf() and its kin.
 * Comes before the kernel's own <linux/sprintf.h> in the include path; the reason stands in
 * <cxl-accel/range_args.h>.
 */
#ifndef CXL_ACCEL_OVERLAY_SPRINTF_H
#define CXL_ACCEL_OVERLAY_SPRINTF_H

#include_next <linux/sprintf.h>

#include <cxl-accel/range_args.h>

#define sprintf(buf, fmt, ...) ((sprintf)(buf, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define snprintf(buf, size, fmt, ...)							\
	((snprintf)(buf, size, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define scnprintf(buf, size, fmt, ...)							\
	((scnprintf)(buf, size, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define kasprintf(gfp, fmt, ...) ((kasprintf)(gfp, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))

#endif /* CXL_ACCEL_OVERLAY_SPRINTF_H */
