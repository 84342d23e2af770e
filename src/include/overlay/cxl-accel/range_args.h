/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For drivers written for Linux 7.3 and built for an older kernel: %pra in a format string. This is
 * what the overlays of those headers build on that declare functions with one.
 *
 * %pra prints a struct range since Linux 6.14. Before, the kernel takes it for %pr, prints a
 * struct resource, and ignores the 'a': it would read 16 bytes past the end of the range, and
 * print what it finds there. A format string cannot be changed from a header; the argument can.
 * So each struct range * among the arguments is replaced by a pointer to something that serves for
 * both: a copy of the range that goes on as a struct resource does. Kernels with %pra print its
 * first two members, older ones "[mem 0x3d0000000-0x3dfffffff flags 0x200]".
 *
 * Reached: printk(), pr_*(), dev_*(), dev_err_probe(), pci_*(), netdev_*(), sprintf() and its
 * kin, seq_printf(), sysfs_emit(). Not reached: anything else (WARN(), panic(), trace_printk(),
 * functions of the driver's own), and calls with more than 16 arguments after the format string.
 */
#ifndef CXL_ACCEL_OVERLAY_RANGE_ARGS_H
#define CXL_ACCEL_OVERLAY_RANGE_ARGS_H

#include <linux/types.h>

struct range;

/* Begins like struct resource (and struct range); <linux/pci.h> asserts that. */
struct cxl_accel_printk_range {
	u64 start;
	u64 end;
	const char *name;
	unsigned long flags;
};

static inline struct cxl_accel_printk_range cxl_accel_printk_range(const void *range)
{
	const u64 *r = range;

	return (struct cxl_accel_printk_range){
		.start = r ? r[0] : 0,
		.end = r ? r[1] : 0,
		.flags = 0x200,		/* IORESOURCE_MEM */
	};
}

#define CXL_ACCEL_PRINTK_RANGE(arg)							\
	((struct cxl_accel_printk_range[]){						\
		cxl_accel_printk_range((__force const void *)(__force unsigned long)(arg)) })
#define CXL_ACCEL_PRINTK_ARG(arg)							\
	_Generic((arg),									\
		 struct range *: CXL_ACCEL_PRINTK_RANGE(arg),				\
		 const struct range *: CXL_ACCEL_PRINTK_RANGE(arg),			\
		 default: (arg))

/* CXL_ACCEL_PRINTK_ARGS(a, b): ", ARG(a), ARG(b)"; nothing for no argument. */
#define CXL_ACCEL_ARGS_1(a, ...) , CXL_ACCEL_PRINTK_ARG(a)
#define CXL_ACCEL_ARGS_2(a, ...) , CXL_ACCEL_PRINTK_ARG(a) CXL_ACCEL_ARGS_1(__VA_ARGS__)
#define CXL_ACCEL_ARGS_3(a, ...) , CXL_ACCEL_PRINTK_ARG(a) CXL_ACCEL_ARGS_2(__VA_ARGS__)
#define CXL_ACCEL_ARGS_4(a, ...) , CXL_ACCEL_PRINTK_ARG(a) CXL_ACCEL_ARGS_3(__VA_ARGS__)
#define CXL_ACCEL_ARGS_5(a, ...) , CXL_ACCEL_PRINTK_ARG(a) CXL_ACCEL_ARGS_4(__VA_ARGS__)
#define CXL_ACCEL_ARGS_6(a, ...) , CXL_ACCEL_PRINTK_ARG(a) CXL_ACCEL_ARGS_5(__VA_ARGS__)
#define CXL_ACCEL_ARGS_7(a, ...) , CXL_ACCEL_PRINTK_ARG(a) CXL_ACCEL_ARGS_6(__VA_ARGS__)
#define CXL_ACCEL_ARGS_8(a, ...) , CXL_ACCEL_PRINTK_ARG(a) CXL_ACCEL_ARGS_7(__VA_ARGS__)
#define CXL_ACCEL_ARGS_9(a, ...) , CXL_ACCEL_PRINTK_ARG(a) CXL_ACCEL_ARGS_8(__VA_ARGS__)
#define CXL_ACCEL_ARGS_10(a, ...) , CXL_ACCEL_PRINTK_ARG(a) CXL_ACCEL_ARGS_9(__VA_ARGS__)
#define CXL_ACCEL_ARGS_11(a, ...) , CXL_ACCEL_PRINTK_ARG(a) CXL_ACCEL_ARGS_10(__VA_ARGS__)
#define CXL_ACCEL_ARGS_12(a, ...) , CXL_ACCEL_PRINTK_ARG(a) CXL_ACCEL_ARGS_11(__VA_ARGS__)
#define CXL_ACCEL_ARGS_13(a, ...) , CXL_ACCEL_PRINTK_ARG(a) CXL_ACCEL_ARGS_12(__VA_ARGS__)
#define CXL_ACCEL_ARGS_14(a, ...) , CXL_ACCEL_PRINTK_ARG(a) CXL_ACCEL_ARGS_13(__VA_ARGS__)
#define CXL_ACCEL_ARGS_15(a, ...) , CXL_ACCEL_PRINTK_ARG(a) CXL_ACCEL_ARGS_14(__VA_ARGS__)
#define CXL_ACCEL_ARGS_16(a, ...) , CXL_ACCEL_PRINTK_ARG(a) CXL_ACCEL_ARGS_15(__VA_ARGS__)
#define CXL_ACCEL_ARGS_MANY(...) , __VA_ARGS__
#define CXL_ACCEL_ARGS_NONE(...)
#define CXL_ACCEL_ARGS_CHOOSE(none, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13,	\
			      _14, _15, _16, _17, _18, _19, _20, _21, _22, _23, _24, chosen, ...) \
	CXL_ACCEL_ARGS_##chosen
#define CXL_ACCEL_PRINTK_ARGS(...)							\
	CXL_ACCEL_ARGS_CHOOSE(0, ##__VA_ARGS__, MANY, MANY, MANY, MANY, MANY, MANY,	\
			      MANY, MANY, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4,	\
			      3, 2, 1, NONE)(__VA_ARGS__)

#endif /* CXL_ACCEL_OVERLAY_RANGE_ARGS_H */
