/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For drivers written for Linux 7.3 and built for an older kernel: %pra in seq_printf().
 * Comes before the kernel's own <linux/seq_file.h> in the include path; the reason stands in
 * <cxl-accel/range_args.h>.
 */
#ifndef CXL_ACCEL_OVERLAY_SEQ_FILE_H
#define CXL_ACCEL_OVERLAY_SEQ_FILE_H

#include_next <linux/seq_file.h>

#include <cxl-accel/range_args.h>

#define seq_printf(m, fmt, ...) ((seq_printf)(m, fmt CXL_ACCEL_PRINTK_ARGS(__VA_ARGS__)))

#endif /* CXL_ACCEL_OVERLAY_SEQ_FILE_H */
