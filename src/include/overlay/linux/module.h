/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For drivers written for Linux 7.3 and built for an older kernel: what its <linux/module.h>
 * lacks. Comes before the kernel's own in the include path; see scripts/driver.mk.
 */
#ifndef CXL_ACCEL_OVERLAY_MODULE_H
#define CXL_ACCEL_OVERLAY_MODULE_H

#include_next <linux/module.h>

/*
 * MODULE_IMPORT_NS() takes a string since Linux 6.13, and took a bare name before, out of which
 * it made a string: of "CXL" one with quotes in it, a namespace that nobody exports. A macro's
 * argument cannot be asked whether it is a string. The assembler does not care: it strips the
 * quotes of a .irp operand. So both "CXL" and DMA_BUF work here, on every kernel.
 *
 * Only modules are built with this file, so there is no KBUILD_MODNAME prefix (that is for code
 * that is built in).
 */
#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns)						\
	asm(".pushsection .modinfo, \"a\"\n"				\
	    "	.irp	ns, " __stringify(ns) "\n"			\
	    "	.asciz	\"import_ns=\\ns\"\n"				\
	    "	.endr\n"						\
	    "	.popsection\n")

#endif /* CXL_ACCEL_OVERLAY_MODULE_H */
