/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For drivers written for Linux 7.3 and built for an older kernel: %pra in netdev_*().
 * Comes before the kernel's own <net/net_debug.h> in the include path; the reason stands in
 * <cxl-accel/range_args.h>.
 */
#ifndef CXL_ACCEL_OVERLAY_NET_DEBUG_H
#define CXL_ACCEL_OVERLAY_NET_DEBUG_H

#include_next <net/net_debug.h>

#include <cxl-accel/range_args.h>

#define netdev_printk(level, dev, fmt, ...)						\
	((netdev_printk)(level, dev, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define netdev_emerg(dev, fmt, ...) ((netdev_emerg)(dev, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define netdev_alert(dev, fmt, ...) ((netdev_alert)(dev, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define netdev_crit(dev, fmt, ...) ((netdev_crit)(dev, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define netdev_err(dev, fmt, ...) ((netdev_err)(dev, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define netdev_warn(dev, fmt, ...) ((netdev_warn)(dev, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define netdev_notice(dev, fmt, ...) ((netdev_notice)(dev, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define netdev_info(dev, fmt, ...) ((netdev_info)(dev, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))

#endif /* CXL_ACCEL_OVERLAY_NET_DEBUG_H */
