/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For drivers written for Linux 7.3 and built for an older kernel: %pra in dev_*() and pci_*().
 * Comes before the kernel's own <linux/dev_printk.h> in the include path; the reason stands in
 * <linux/printk.h> beside this file.
 */
#ifndef CXL_ACCEL_OVERLAY_DEV_PRINTK_H
#define CXL_ACCEL_OVERLAY_DEV_PRINTK_H

#include_next <linux/dev_printk.h>

#include <linux/printk.h>

#define _dev_printk(level, dev, fmt, ...)						\
	((_dev_printk)(level, dev, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define _dev_emerg(dev, fmt, ...) ((_dev_emerg)(dev, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define _dev_alert(dev, fmt, ...) ((_dev_alert)(dev, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define _dev_crit(dev, fmt, ...) ((_dev_crit)(dev, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define _dev_err(dev, fmt, ...) ((_dev_err)(dev, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define _dev_warn(dev, fmt, ...) ((_dev_warn)(dev, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define _dev_notice(dev, fmt, ...) ((_dev_notice)(dev, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define _dev_info(dev, fmt, ...) ((_dev_info)(dev, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))
#define dev_err_probe(dev, err, fmt, ...)						\
	((dev_err_probe)(dev, err, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))

#endif /* CXL_ACCEL_OVERLAY_DEV_PRINTK_H */
