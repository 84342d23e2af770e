# SPDX-License-Identifier: GPL-2.0-only
#
# For the Kbuild file of a CXL accelerator driver written for Linux 7.3:
#
#	include /usr/src/cxl-accel/scripts/driver.mk
#
# puts cxl-accel's headers first in the include path and makes modpost know its exports, for
# whatever kernel kbuild is building for. On a kernel that carries the accelerator API itself
# the headers are the kernel's own, plus what they lack. scripts/build-driver does the same for a
# driver whose Kbuild does not have this line.
#
# What a driver imports is exported to GPL-compatible modules only: modpost says so of another one.
#
#	CXL_ACCEL_SYMVERS=FILE	Module.symvers of the bundle, if it is not where it is looked for:
#				build/RELEASE/ of this tree, or where dkms keeps it

ifndef cxl-accel-top
cxl-accel-top := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)

# Kbuild's make for one directory has this from the kernel's Makefile; other makes pass by.
ifneq ($(strip $(LINUXINCLUDE)),)
cxl-accel-ask = $(shell CXL_ACCEL_SYMVERS='$(CXL_ACCEL_SYMVERS)' \
	$(cxl-accel-top)/scripts/driver-flags $(1) '$(KERNELRELEASE)' '$(abspath $(objtree))')

cxl-accel-flags := $(call cxl-accel-ask,cflags)
ifeq ($(cxl-accel-flags),)
# Said by driver-flags already; not before something is compiled, so that 'make clean' works.
subdir-ccflags-y += $(error cannot build a driver against cxl-accel for $(KERNELRELEASE))
endif

# Before the kernel's own include path, which -I in ccflags-y comes after. A make below this one
# inherits it.
ifeq ($(filter $(firstword $(cxl-accel-flags)),$(LINUXINCLUDE)),)
LINUXINCLUDE := $(cxl-accel-flags) $(LINUXINCLUDE)
endif

KBUILD_EXTRA_SYMBOLS += $(call cxl-accel-ask,symvers)
endif
endif
