/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For drivers written for Linux 7.3 and built for an older kernel: %pra in sysfs_emit().
 * Comes before the kernel's own <linux/sysfs.h> in the include path; the reason stands in
 * <cxl-accel/range_args.h>.
 */
#ifndef CXL_ACCEL_OVERLAY_SYSFS_H
#define CXL_ACCEL_OVERLAY_SYSFS_H

#include_next <linux/sysfs.h>

#include <cxl-accel/range_args.h>

#define sysfs_emit(buf, fmt, ...) ((sysfs_emit)(buf, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define sysfs_emit_at(buf, at, fmt, ...)						\
	((sysfs_emit_at)(buf, at, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))

#endif /* CXL_ACCEL_OVERLAY_SYSFS_H */
