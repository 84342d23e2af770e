#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernels of scripts/env/kernel: configured as they should be, laid out as packages would install
# them, and in a guest the same to the stock modules as Debian's own; the debug kernel finds what it is
# there to find. Builds them if need be.

set -eu
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

DEBIAN=$(stock_kernel)

MODULES="cxl_core cxl_port cxl_mem cxl_pci cxl_acpi cxl_pmem device_dax dax_cxl dax_hmem kmem libnvdimm"

CONFIG="CXL_BUS=m CXL_PORT=m CXL_MEM=m CXL_PCI=m CXL_ACPI=m CXL_PMEM=m CXL_REGION=y CXL_SUSPEND=y
	PCIEAER_CXL=y LIBNVDIMM=m DEV_DAX=m DEV_DAX_CXL=m DEV_DAX_HMEM=m DEV_DAX_KMEM=m
	DEBUG_INFO_BTF=y DEBUG_INFO_BTF_MODULES=y"

CONFIG_DEBUG="KASAN=y KASAN_GENERIC=y KASAN_VMALLOC=y PROVE_LOCKING=y DEBUG_ATOMIC_SLEEP=y
	DEBUG_KMEMLEAK=y DEBUG_OBJECTS=y DEBUG_OBJECTS_FREE=y DEBUG_OBJECTS_TIMERS=y DEBUG_OBJECTS_WORK=y
	FAULT_INJECTION=y FAULT_INJECTION_STACKTRACE_FILTER=y FAILSLAB=y DEBUG_LIST=y SLUB_DEBUG=y"

# What Debian decides and a module is built with: the test kernel must not differ.
CONFIG_SAME="SMP PREEMPT_DYNAMIC PREEMPT_VOLUNTARY PREEMPT_RT MODULE_UNLOAD MODULE_FORCE_UNLOAD
	RANDSTRUCT_NONE LTO_NONE FORTIFY_SOURCE STACKPROTECTOR_STRONG X86_KERNEL_IBT MITIGATION_RETPOLINE
	MITIGATION_RETHUNK MITIGATION_SLS CALL_THUNKS FUNCTION_TRACER DYNAMIC_FTRACE_WITH_ARGS
	STRICT_MODULE_RWX RANDOMIZE_BASE UNWINDER_ORC PARAVIRT TRIM_UNUSED_KSYMS LIST_HARDENED
	BUG_ON_DATA_CORRUPTION INIT_STACK_ALL_ZERO HARDENED_USERCOPY NUMA ACPI_HMAT MEMORY_HOTPLUG ZONE_DEVICE
	HOTPLUG_PCI_PCIE HOTPLUG_PCI_ACPI PCIEAER BPF_SYSCALL KPROBES SECURITY EFI_SOFT_RESERVE"

# ---- what is on disk ----

# has_config FILE SYMBOL=VALUE...: says which are not so.
has_config() {
	local file=$1 item rc=0
	shift
	for item; do
		grep -qx "CONFIG_$item" "$file" || { echo "$item: $(grep -w "CONFIG_${item%%=*}" "$file")"; rc=1; }
	done
	return $rc
}

# same_config FILE FILE SYMBOL...
same_config() {
	local a=$1 b=$2 symbol rc=0
	shift 2
	for symbol; do
		[ "$(grep -w "CONFIG_$symbol" "$a")" = "$(grep -w "CONFIG_$symbol" "$b")" ] ||
			{ echo "$symbol: $(grep -hw "CONFIG_$symbol" "$a" "$b")"; rc=1; }
	done
	return $rc
}

headers_have() {
	local file rc=0

	for file in Makefile .config Module.symvers vmlinux include/config/auto.conf include/generated/autoconf.h \
		arch/x86/Makefile arch/x86/include/generated/asm/rwonce.h scripts/mod/modpost scripts/basic/fixdep \
		scripts/module.lds tools/objtool/objtool tools/bpf/resolve_btfids/resolve_btfids; do
		[ -e "$1/$file" ] || { echo "no $file"; rc=1; }
	done
	[ -z "$(find "$1" -name '*.o' -o -name '.*.cmd')" ] || { echo "objects in it"; rc=1; }
	return $rc
}

# The kernel itself must not have built in what should be a module.
modules_are_modules() {
	local name

	for name in $MODULES; do
		! grep -q "/$name\.ko" "$dir/lib/modules/$KERNEL/modules.builtin" || { echo "$name is built in"; return 1; }
		readelf -SW "$(stock_module "$name")" | grep -q ' \.BTF ' || { echo "$name has no BTF"; return 1; }
	done
}

# Without them all versions in Module.symvers are zero, and modules have none.
symbol_versions() {
	local zero

	zero=$(awk '$1 == "0x00000000" { n++ } END { print n + 0 }' "$headers/Module.symvers")
	case $1 in
	yes) [ "$zero" -lt 10 ] ;;
	no) [ "$zero" = "$(wc -l <"$headers/Module.symvers")" ] ;;
	esac &&
		[ "$(grep -aoc 'vermagic=[^ ]* .* modversions ' "$(stock_module cxl_mem)")" = "$2" ]
}

build_complain() {
	rm -rf "$TMP/complain"
	cp -r tests/qemu/complain "$TMP/"
	scripts/env/in-root bookworm -- make -C "$dir/lib/modules/$KERNEL/build" M="$TMP/complain" modules &&
		readelf -SW "$TMP/complain/complain.ko" | grep -q ' \.BTF '
}

# on_disk NAME: sets KERNEL, dir and headers, too.
on_disk() {
	KERNEL=$(scripts/env/kernel "$1") || { fail "scripts/env/kernel $1"; return 1; }
	dir=$CACHE/kernel/$KERNEL headers=$CACHE/kernel/$KERNEL/usr/src/linux-headers-$KERNEL
	like "$1: the release says which kernel it is" "$KERNEL" "^6\.12\.[0-9]+-$1\$"
	is "$1: it is not built twice" "$(scripts/env/kernel "$1" 2>&1)" "$KERNEL"
	ok "$1: headers" headers_have "$headers"
	ok "$1: build leads to them" test "$dir/lib/modules/$KERNEL/build" -ef "$headers"
	# shellcheck disable=SC2086 # lists
	ok "$1: configuration" has_config "$dir/boot/config-$KERNEL" $CONFIG
	ok "$1: the headers' configuration is the image's" cmp "$headers/.config" "$dir/boot/config-$KERNEL"
	# shellcheck disable=SC2046,SC2086 # lists
	ok "$1: what decides on a module's code is as in Debian" \
		same_config "$dir/boot/config-$KERNEL" "$CACHE/root/bookworm/boot/config-$DEBIAN" $CONFIG_SAME
	ok "$1: modules are modules, and have BTF" modules_are_modules
	ok "$1: a module builds against the headers, BTF included" build_complain
}

# ---- in a guest ----

# The oracle of all: the same devices, decoders and regions, whichever kernel. Devices are bound one
# after the other, or their numbers would be a matter of luck. In the end the modules go again.
stock_modules() {
	# shellcheck disable=SC2016 # for the guest
	in_guest --topology switch --device type3 --firmware dev0:hdm-h --timeout 400 -- sh -eu -c '
		wait_for() {
			left=600
			until "$@"; do
				left=$((left - 1))
				[ $left -gt 0 ]
				sleep 0.1
			done
		}
		echo 0 >/sys/bus/pci/drivers_autoprobe
		modprobe -a cxl_acpi cxl_pci cxl_port cxl_mem cxl_pmem dax_cxl dax_hmem device_dax
		n=0
		for device in $(lspci -Dn -d 8086:0d93 | cut -d" " -f1); do
			echo $device >/sys/bus/pci/drivers/cxl_pci/bind
			wait_for test -e /sys/bus/cxl/devices/mem$n/driver
			n=$((n + 1))
		done
		wait_for test -e /sys/bus/dax/devices/dax0.0
		cxl list -BDEMPRTu
		for module in dax_cxl dax_hmem device_dax cxl_pmem cxl_mem cxl_acpi cxl_pci cxl_port cxl_core; do
			[ ! -e /sys/module/$module/initstate ] || rmmod $module
		done
		if [ -e /sys/kernel/debug/kmemleak ]; then
			sleep 6
			echo scan >/sys/kernel/debug/kmemleak
			echo scan >/sys/kernel/debug/kmemleak
			cat /sys/kernel/debug/kmemleak >&2
		fi'
}

same_as_debian() {
	stock_modules >"$TMP/test.json" && diff "$TMP/debian.json" "$TMP/test.json"
}

# All kinds of faults in one guest. The one that lockdep finds comes first: no other report must have
# been before it.
make_faults() {
	# shellcheck disable=SC2016 # for the guest
	in_guest --timeout 400 --module "$TMP/complain/complain.ko" --console "$TMP/console" -- sh -c '
		for what in inversion freed atomic active leak; do
			modprobe complain what=$what
			rmmod complain
		done
		sleep 6
		echo scan >/sys/kernel/debug/kmemleak
		echo scan >/sys/kernel/debug/kmemleak
		cd /sys/kernel/debug/failslab
		echo N >ignore-gfp-wait
		n=0
		while [ $n -lt 12 ]; do
			n=$((n + 1))
			(echo $n >/proc/self/fail-nth; : >/tmp/f$n) 2>/dev/null || echo failed
		done
		(echo 1000000 >/proc/self/fail-nth; : >/tmp/f) && echo made'
}

finds_faults() {
	local status=0 out

	out=$(make_faults 2>/dev/null) || status=$?
	is 'debug: faults end a run' "$status" 125
	for regex in 'KASAN: slab-use-after-free' 'WARNING: possible circular locking' \
		'BUG: sleeping function called from invalid context' 'ODEBUG: free active' \
		'kmemleak: .* new suspected' 'FAULT_INJECTION: forcing a failure'; do
		like "debug: found: $regex" "$(cat "$TMP/console")" "$regex"
	done
	like 'debug: an allocation fails when it is told to' "$out" '^failed'
	like 'debug: and not before' "$out" '^made'
}

debian() {
	KERNEL=$DEBIAN
	stock_modules >"$TMP/debian.json" && grep '"region":"region0"' "$TMP/debian.json"
}

ok "the stock modules make a region under Debian's kernel" debian
if on_disk modular; then
	ok "modular: symbols have versions" symbol_versions yes 1
	ok "modular: the stock modules find what they find under Debian's kernel" same_as_debian
fi
if on_disk modular-nomodversions; then
	ok "modular-nomodversions: symbols have none" symbol_versions no 0
	ok "modular-nomodversions: the stock modules find what they find under Debian's kernel" same_as_debian
fi
if on_disk debug; then
	ok "debug: symbols have versions" symbol_versions yes 1
	# shellcheck disable=SC2086 # a list
	ok "debug: configuration for finding faults" has_config "$dir/boot/config-$KERNEL" $CONFIG_DEBUG
	ok "debug: the stock modules find what they find under Debian's kernel, and lose no memory" same_as_debian
	finds_faults
fi
done_testing
