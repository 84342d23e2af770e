# SPDX-License-Identifier: GPL-2.0-only
#
# cxl-accel: CXL accelerators on stock distro kernels. 'make help' says what there is.

# Under dkms the kernel to build for is never the running one by default: dkms says which.
ifdef DKMS_KERNELVER
KVER ?=
else
KVER ?= $(shell uname -r)
endif

# T=name1,name2 runs those tests alone; K=modular on such a kernel, see scripts/env/kernel; H=1 on
# processors with the hypervisor bit.
T ?=
K ?=
H ?=

modules:
	@test -n "$(KVER)" || { echo "make: say which kernel: make KVER=RELEASE" >&2; exit 2; }
	+@scripts/build "$(KVER)" $(if $(KDIR),"$(KDIR)",$(if $(VMLINUX),"/lib/modules/$(KVER)/build")) $(if $(VMLINUX),"$(VMLINUX)")

clean:
	rm -rf build

# What is installed is less than the tree: this needs all of it.
ifneq ($(wildcard tests),)
demo:
	@scripts/demo

check:
	@tests/run $(if $(K),--kernel "$(K)") $(if $(H),--hypervisor) $(if $(T),"$(T)")

check-long:
	@tests/run-long $(if $(T),"$(T)")

# Its other variables go by the environment, into which make puts what stands on its command line.
modules_install:
	@test -n "$(KVER)" || { echo "make: say which kernel: make modules_install KVER=RELEASE" >&2; exit 2; }
	@scripts/modules-install "$(KVER)" $(if $(KDIR),"$(KDIR)")

deb rpm sbom:
	@scripts/package/build $@

dist:
	@scripts/package/dist

kmod-deb kmod-rpm:
	@scripts/package/kmod $(@:kmod-%=%) "$(KVER)" $(if $(KDIR),"$(KDIR)")

check-packages:
	@tests/packages/run "$(T)"

# B=name1,name2 runs those alone; README=1 puts the table into the texts, of what has been measured if B= is empty.
B ?=
README ?=

bench:
	@tests/bench/run $(if $(README),--readme) $(if $(B),"$(B)")

# Everything there is: some two hours of two processors.
check-all:
	@rc=0; for run in check "check H=1" "check-long" check-packages; do \
		echo "make: $$run"; $(MAKE) --no-print-directory $$run T= || rc=1; done; exit $$rc

clean-all: clean
	@scripts/env/clean-cache

.PHONY: demo check check-long check-all modules_install deb rpm sbom dist kmod-deb kmod-rpm check-packages bench clean-all
endif

help:
	@echo "make [KVER=RELEASE] [KDIR=DIR] [VMLINUX=FILE]   build the modules into build/RELEASE"
	@echo "make clean            remove build/"
ifneq ($(wildcard tests),)
	@echo "make modules_install  without dkms: scripts/modules-install --help (root)"
	@echo "make kmod-deb kmod-rpm   one package of the modules of one kernel: scripts/package/kmod --help"
	@echo "make demo             boot a stock kernel in a guest and attach an accelerator (root)"
	@echo "make check [T=NAME]   run all tests, or those named (root)"
	@echo "make check K=modular  the same on a kernel that has cxl_core and cxl_port as modules (root)"
	@echo "make check H=1        the same as in a KVM guest: the processor says that it is a virtual one (root)"
	@echo "make check-long       the same on kernels that are built for it, one of them for finding faults (root)"
	@echo "make deb | make rpm   build and check the package, into build/packages (root)"
	@echo "make sbom             check the licenses, and list those of all files, in build/packages (root)"
	@echo "make dist             pack what is committed into build/packages/cxl-accel-VERSION.tar.gz"
	@echo "make check-packages   install the packages as users do, and boot the result (root)"
	@echo "make bench [B=NAME]   measure, beside Linux 7.3 and others: a table, JSON, plots in build/bench (root)"
	@echo "make check-all        all of these, one after the other: some two hours (root)"
	@echo "make clean-all        remove build/ and the cache of private Debian roots, too (root)"
else
	@echo "scripts/build-driver --help tells how to build a driver; see also cxl-accel(7) and cxl-accel(8)."
endif

.PHONY: modules clean help
