#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The layout generator: real BTF of the stock kernel against real headers, and
# BTF of kernels that never were: the stock one's types dumped as C, edited, compiled and encoded
# again. Needs no guest. Runs in the bookworm root.

set -eu
grep -qsx bookworm /etc/cxl-accel-suite || exec "$(dirname "$0")/../scripts/env/in-root" bookworm -- "$0" "$@"
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

KDIR=/lib/modules/$KERNEL/build
KERNEL_RE=${KERNEL//+/\\+}

generate() {
	src/layout/generate --out "$TMP/out" "$@"
}

# says STATUS REGEX [ARG]...: generate ends so, with one line that matches, and leaves nothing after an error.
says() {
	local status=$1 regex=$2 rc=0
	shift 2
	generate --kver "$KERNEL" --kdir "$KDIR" "$@" >"$TMP/said" 2>&1 || rc=$?
	cat "$TMP/said"
	echo "status $rc, not $status?"
	[ "$rc" = "$status" ] || return 1
	echo "one line that matches '$regex'?"
	[ "$(wc -l <"$TMP/said")" = 1 ] || return 1
	grep -qE -- "$regex" "$TMP/said" || return 1
	[ "$status" != 1 ] || [ -z "$(ls "$TMP/out")" ]
}

# A module that does nothing but hold the layout header to the kernel's headers.
prepare_module() {
	mkdir -p "$TMP/module"
	cat >"$TMP/module/layout.c" <<-'EOF'
		#include <linux/module.h>
		#include "cxl_core_layout.h"
		#include "cxl_core_features.h"
		MODULE_DESCRIPTION("layout test");
		MODULE_LICENSE("GPL");
	EOF
	cat >"$TMP/module/Kbuild" <<-EOF
		obj-m := layout.o
		ccflags-y := -I$TMP/out -Werror
	EOF
}

compiles() {
	touch "$TMP/module/layout.c"
	make -s -C "$KDIR" M="$TMP/module" W=1 modules
}

fails_to_compile() {
	! compiles >"$TMP/make.log" 2>&1 || return 1
	cat "$TMP/make.log"
	grep -qF -- "$1" "$TMP/make.log"
}

contains() {
	grep -qF -- "$2" "$TMP/out/$1"
}

lacks() {
	! contains "$@"
}

# The imports of the table as functions, of two forms the first. pahole takes none whose parameters have
# no names.
stubs() {
	awk '$3 == "function" { print "void " $4 "(void) {}" }
	     $3 == "import" {
		$1 = $2 = $3 = ""
		sub(/[ \t]*#.*/, "")
		match($0, /[a-z0-9_]+\(/)
		if (seen[substr($0, RSTART, RLENGTH)]++)
			next
		gsub(/[,)]/, " p&")
		sub(/\(void p\)/, "(void)")
		for (i = 1; sub(/ p[,)]/, " arg" i "&"); i++)
			sub(" arg" i " p", " arg" i)
		print $0 " { __builtin_trap(); }"
	     }' src/compat/features.tbl
	echo "const char linux_banner[] = \"Linux version ${BANNER:-$KERNEL} (test)\";"
	echo "const char modinfo[] = \"vermagic=${BANNER:-$KERNEL} SMP\";"
}

compile_types() {
	{
		cat "$TMP/$1.h"
		[ "${2:-}" = bare ] || stubs | sed "${STUBS_SED:-}"
	} >"$TMP/$1.c"
	gcc -g -c -w -fno-eliminate-unused-debug-types -o "$TMP/$1.o" "$TMP/$1.c"
}

encode() {
	LLVM_OBJCOPY=objcopy pahole -J "$@"
}

# kernel NAME [SED]: $TMP/NAME.o, a vmlinux like the stock one but for what SED does to its types.
kernel() {
	sed "${2:-}" "$TMP/stock.h" >"$TMP/$1.h"
	[ -z "${2:-}" ] || ! cmp -s "$TMP/stock.h" "$TMP/$1.h" || { echo "# the edit '$2' does nothing"; exit 1; }
	compile_types "$1"
	encode "$TMP/$1.o"
}

# headers NAME: $TMP/NAME, a copy of what generate reads of the kernel's headers.
headers() {
	mkdir -p "$TMP/$1/include/config" "$TMP/$1/include/generated"
	cp "$KDIR/Makefile" "$KDIR/Module.symvers" "$TMP/$1/"
	cp "$KDIR/include/config/auto.conf" "$TMP/$1/include/config/"
	cp "$KDIR/include/generated/utsrelease.h" "$TMP/$1/include/generated/"
}

# The asserts, which say all of a layout, in an order that does not depend on type numbers.
asserts() {
	grep -E '^CXL_CORE_(SIZE|OFFSET)' "$TMP/out/cxl_core_layout.h" | sort -u
}

same_asserts() {
	asserts | diff "$TMP/stock.asserts" -
}

# Offsets as pahole reads them, as "struct TAG, MEMBER, OFFSET" lines.
pahole_offsets() {
	pahole -F btf -C "$1" "$KDIR/vmlinux" | awk '
		/^(struct|union) / { type = $1 " " $2 }
		!/;.*\/\* +[0-9]+ +[0-9]+ *\*\// { next }
		/^\t[^\t}]/ {
			match($0, /\/\* +[0-9]+ /)
			offset = substr($0, RSTART + 2, RLENGTH - 2) + 0
			text = substr($0, 1, RSTART - 1)
			if (match(text, /\(\*[a-z0-9_]+\)/))
				text = substr(text, RSTART + 2, RLENGTH - 3)
			else {
				sub(/(\[[0-9]*\])*;.*/, "", text)
				sub(/.*[^A-Za-z0-9_]/, "", text)
			}
			print "CXL_CORE_OFFSET(" type ", " text ", " offset ");"
		}'
}

# Every private struct, member by member.
agrees_with_pahole() {
	local tags
	tags=$(sed -n 's/^CXL_CORE_SIZE(struct \(cxl_[a-z_0-9]*\),.*/\1/p' "$TMP/stock.layout" | paste -sd,)
	pahole_offsets "$tags" | sort -u >"$TMP/pahole.asserts"
	echo "$(wc -l <"$TMP/pahole.asserts") offsets by pahole"
	[ "$(wc -l <"$TMP/pahole.asserts")" -gt 300 ] || return 1
	comm -13 "$TMP/stock.asserts" "$TMP/pahole.asserts" >"$TMP/disagree"
	cat "$TMP/disagree"
	[ ! -s "$TMP/disagree" ]
}

has_enough() {
	local types offsets
	types=$(grep -cE '^(struct|union|enum) [a-z0-9_]+ \{' "$TMP/stock.layout")
	offsets=$(wc -l <"$TMP/stock.asserts")
	echo "$types types, $offsets asserts"
	[ "$types" -ge 75 ] && [ "$offsets" -ge 450 ]
}

test_stock() {
	ok "the stock kernel is supported" says 0 ': replace: '
	cp "$TMP/out/cxl_core_layout.h" "$TMP/stock.layout"
	asserts >"$TMP/stock.asserts"
	is "made again, headers that have not changed stay the files that they were" \
		"$(inodes_before)" "$(stat -c %i "$TMP"/out/*.h)"
	ok "the stock kernel's layout header has all of cxl_core's types and many asserts" has_enough
	ok "pahole reads the same offsets from the stock kernel" agrees_with_pahole
	ok "the stock kernel's layout header compiles against its headers" compiles
	ok "verdict says replace" contains verdict "replace "
	ok "no type of a public header is repeated" lacks cxl_core_layout.h "struct cxl_mailbox {"
	ok "enumerators have the core's names" contains cxl_core_layout.h "CXL_DECODER_DEVMEM = 2,"
	ok "tracepoint typedefs are left out" lacks cxl_core_layout.h btf_trace_
	ok "the two enums without the prefix are there" \
		contains cxl_core_layout.h "enum security_cmd_enabled_bits {"
	ok "a prototype for each import" \
		contains cxl_core_layout.h "extern int cxl_mailbox_init(struct cxl_mailbox *, struct device *);"
	ok "no prototype for a function without a row" \
		lacks cxl_core_layout.h "extern void cxl_bus_rescan(void);"
	ok "generation takes less than a second of processor time, the best of three" is_quick
	ok "a layout header made without kernel headers compiles by itself" stands_alone
}

# Prints the headers' inodes as they were before they are made again.
inodes_before() {
	stat -c %i "$TMP"/out/*.h
	says 0 ': replace: ' >"$TMP/again"
}

is_quick() {
	local TIMEFORMAT='%U %S'

	for _ in 1 2 3; do
		{ time says 0 ': replace: ' >/dev/null; } 2>&1
	done >"$TMP/time"
	cat "$TMP/time"
	awk '$1 + $2 < 1 { quick = 1 } END { exit !quick }' "$TMP/time"
}

stands_alone() {
	generate --kver "$KERNEL" --vmlinux "$KDIR/vmlinux" || [ $? = 77 ] || return 1
	gcc -Wall -fsyntax-only -x c "$TMP/out/cxl_core_layout.h"
}

test_edited() {
	bpftool btf dump file "$KDIR/vmlinux" format c >"$TMP/stock.h"

	kernel same
	ok "types edited by nobody come out the same" says 0 ': replace: ' --vmlinux "$TMP/same.o"
	ok "types edited by nobody come out the same: to the last offset" same_asserts

	kernel removed '/^struct cxl_memdev {/,/^}/{ /\*endpoint;/d }'
	ok "a member removed: refused by name" says 77 \
		'cannot be supported: it has no endpoint in struct cxl_memdev$' --vmlinux "$TMP/removed.o"
	ok "a member removed: verdict says unsupported" contains verdict "unsupported "

	kernel retyped '/^struct cxl_memdev {/,/^}/s/struct work_struct detach_work;/struct work_struct *detach_work;/'
	ok "a member retyped: refused, with both types" says 77 \
		"it has detach_work in struct cxl_memdev as 'struct work_struct \*', not as 'struct work_struct'" --vmlinux "$TMP/retyped.o"

	kernel moved '/^struct cxl_port {/,/^}/{ /int commit_end;/d; s/^\tint hdm_end;/\tint commit_end;\n\tint hdm_end;/ }'
	ok "a private member moved: accepted" says 0 ': replace: ' --vmlinux "$TMP/moved.o"
	nok "a private member moved: the header follows" same_asserts
	ok "a private member moved: compiles" compiles

	kernel grown '/^struct cxl_port {/,/^}/s/^\tint commit_end;/\tint new_member[64];\n&/'
	ok "a private struct grown: accepted" says 0 ': replace: ' --vmlinux "$TMP/grown.o"
	ok "a private struct grown: compiles" compiles

	kernel public '/^struct device {/,/^}/{ /^\tvoid \*platform_data;/d; s/^\tvoid \*driver_data;/&\n\tvoid *platform_data;/ }'
	ok "a public member moved: the layout header is made" \
		says 0 ': replace: ' --vmlinux "$TMP/public.o"
	ok "a public member moved: fails to compile, naming the member" fails_to_compile \
		"headers and BTF are of different kernels: struct device.driver_data"

	kernel publicsize '/^struct xarray {/,/^}/s/void \*xa_head;/&\n\tvoid *xa_tail;/'
	ok "a public struct grown: the layout header is made" \
		says 0 ': replace: ' --vmlinux "$TMP/publicsize.o"
	ok "a public struct grown: fails to compile, naming the struct" fails_to_compile \
		"headers and BTF are of different kernels: the size of struct xarray"

	kernel untyped '/^struct cxl_memdev_state {/,/^}/d'
	ok "a type that is gone: refused by name" \
		says 77 'it has no struct cxl_memdev_state ' --vmlinux "$TMP/untyped.o"
}

test_prototypes() {
	STUBS_SED='s/cxl_mailbox_init([^)]*)/cxl_mailbox_init(struct cxl_mailbox *arg1)/' kernel proto
	ok "a function with another prototype: refused, with both" says 77 \
		"it has 'int cxl_mailbox_init\(struct cxl_mailbox \*\)', not 'int cxl_mailbox_init\(struct cxl_mailbox \*, struct device \*\)'" \
		--vmlinux "$TMP/proto.o"

	STUBS_SED='/cxl_mailbox_init(/d' kernel nofunc
	ok "an exported function that BTF does not have: refused" says 77 \
		'it exports cxl_mailbox_init\(\), which its BTF does not describe' --vmlinux "$TMP/nofunc.o"

	headers noexport
	sed -i '/\tcxl_mailbox_init\t/d' "$TMP/noexport/Module.symvers"
	ok "a function that is not exported: refused" says 77 \
		'it does not export cxl_mailbox_init\(\)' --kdir "$TMP/noexport" --vmlinux "$TMP/same.o"

	headers native
	printf '0x00000000\tdevm_cxl_probe_mem\tdrivers/cxl/cxl_mem\tEXPORT_SYMBOL_GPL\tCXL\n' >>"$TMP/native/Module.symvers"
	ok "a kernel that exports the API itself: native" says 0 \
		': native: .*devm_cxl_probe_mem' --kdir "$TMP/native" --vmlinux "$TMP/same.o"
	ok "a kernel that exports the API itself: verdict says native" contains verdict "native "

	headers nocxl
	sed -i '/^CONFIG_CXL_/d' "$TMP/nocxl/include/config/auto.conf"
	ok "a kernel without CXL: refused" says 77 \
		'it is not built with CONFIG_CXL_BUS' --kdir "$TMP/nocxl" --vmlinux "$TMP/same.o"

	headers builtin
	sed -i 's/^CONFIG_CXL_MEM=m/CONFIG_CXL_MEM=y/' "$TMP/builtin/include/config/auto.conf"
	ok "cxl_mem built in: refused" says 77 \
		'it is not built with CONFIG_CXL_MEM=m' --kdir "$TMP/builtin" --vmlinux "$TMP/same.o"

	headers old
	echo '#define UTS_RELEASE "6.1.0-1-amd64"' >"$TMP/old/include/generated/utsrelease.h"
	BANNER=6.1.0-1-amd64 kernel old '/^struct cxl_memdev_state {/,/^}/d'
	ok "Debian 12's 6.1: told what to install instead" says 77 \
		'On Debian 12 install linux-image-6.12-amd64' --kver 6.1.0-1-amd64 --kdir "$TMP/old" --vmlinux "$TMP/old.o"
}

test_no_btf() {
	echo 'int x;' | gcc -x c -c -o "$TMP/nobtf.o" -
	ok "a vmlinux without BTF: an error" \
		says 1 'nobtf.o has no BTF: .*CONFIG_DEBUG_INFO_BTF' --vmlinux "$TMP/nobtf.o"

	headers elsewhere
	echo '#define UTS_RELEASE "6.12.0-test"' >"$TMP/elsewhere/include/generated/utsrelease.h"
	ok "no BTF anywhere: an error that says what to do" says 1 \
		'no BTF of kernel 6.12.0-test .*VMLINUX=' --kver 6.12.0-test --kdir "$TMP/elsewhere"
	ok "a file that is not there: an error" says 1 'cannot read .*/nowhere' --vmlinux "$TMP/nowhere"
	ok "a file that is no kernel: an error" says 1 \
		'neither a kernel image nor an ELF file nor BTF' --vmlinux tests/layout.t
	: >"$TMP/empty"
	ok "an empty file: an error" says 1 'neither a kernel image' --vmlinux "$TMP/empty"
	ok "no headers: an error that says what to do" says 1 \
		'install the headers of kernel' --kdir "$TMP/nowhere"
}

test_another_kernel() {
	BANNER=6.12.1-other kernel other
	ok "BTF of another kernel: an error with both names" says 1 \
		"other.o is of kernel 6.12.1-other, not of $KERNEL_RE" --vmlinux "$TMP/other.o"
	ok "headers of another kernel: an error with both names" says 1 \
		"the headers in .* are of kernel 6.12.0-test, not of $KERNEL_RE" --kdir "$TMP/elsewhere"
	ok "another kernel's name: an error with both names" says 1 \
		"the headers in .* are of kernel $KERNEL_RE, not of 6.12.99-none" --kver 6.12.99-none
}

# cut FILE BYTES: its first BYTES in $TMP/cut
cut_to() {
	head -c "$2" "$1" >"$TMP/cut"
}

test_truncated() {
	local size bytes

	size=$(stat -c %s "/boot/vmlinuz-$KERNEL")
	for bytes in 1000 65536 $((size / 2)); do
		cut_to "/boot/vmlinuz-$KERNEL" "$bytes"
		ok "a vmlinuz of $bytes bytes: an error" says 1 'cut is truncated or damaged' --vmlinux "$TMP/cut"
	done
	size=$(stat -Lc %s "$KDIR/vmlinux")
	for bytes in 100 $((size / 2)) $((size - 100)); do
		cut_to "$KDIR/vmlinux" "$bytes"
		ok "a vmlinux of $bytes bytes: an error" says 1 'cut is truncated or damaged' --vmlinux "$TMP/cut"
	done
	objcopy -O binary -j .BTF "$KDIR/vmlinux" "$TMP/stock.btf"
	cut_to "$TMP/stock.btf" 1000000
	ok "raw BTF that ends early: an error" \
		says 1 'cannot read the BTF of .*/cut .damaged, or too new.: ' --vmlinux "$TMP/cut"
	{ head -c 2000000 "$TMP/stock.btf"; head -c 100000 /dev/zero; tail -c +2100001 "$TMP/stock.btf"; } >"$TMP/cut"
	ok "raw BTF with a hole: an error" \
		says 1 'cannot read the BTF of .*/cut .damaged, or too new.: ' --vmlinux "$TMP/cut"
	xz -1 -kc "$TMP/same.o" | head -c 100000 >"$TMP/cut"
	ok "an xz file that ends early: an error" says 1 'cut is truncated or damaged' --vmlinux "$TMP/cut"
}

test_packings() {
	local tool

	ok "/boot/vmlinuz is unpacked" says 0 ': replace: ' --vmlinux "/boot/vmlinuz-$KERNEL"
	ok "/boot/vmlinuz is unpacked: has the same layout as the headers package's vmlinux" same_asserts
	ok "/boot/vmlinuz is unpacked: the same BTF" contains cxl_core_layout.h "$(sha256sum <"$TMP/stock.btf" | cut -c1-64)"
	ok "raw BTF is taken" says 0 ': replace: ' --vmlinux "$TMP/stock.btf"
	for tool in gzip bzip2 xz zstd lz4; do
		command -v "$tool" >/dev/null || continue
		"$tool" -c <"$KDIR/vmlinux" >"$TMP/packed"
		ok "a vmlinux packed by $tool is taken" says 0 ': replace: ' --vmlinux "$TMP/packed"
	done
	headers novmlinux
	ok "without vmlinux in the headers, /boot/vmlinuz is taken" \
		says 0 ': replace: ' --kdir "$TMP/novmlinux"
	ok "without vmlinux in the headers, /boot/vmlinuz is taken: the layout header names it" contains cxl_core_layout.h "(/boot/vmlinuz-$KERNEL)"
	cp "$TMP/grown.o" "$TMP/novmlinux/vmlinux"
	ok "vmlinux in the headers comes first" says 0 ': replace: ' --kdir "$TMP/novmlinux"
	ok "vmlinux in the headers comes first: the layout header shows its types" contains cxl_core_layout.h "new_member[64]"
	ok "--vmlinux comes before vmlinux in the headers" \
		says 0 ': replace: ' --kdir "$TMP/novmlinux" --vmlinux "$TMP/moved.o"
	ok "--vmlinux comes before vmlinux in the headers: the layout header shows its types" lacks cxl_core_layout.h new_member

	headers sysroot/usr/src/linux-headers
	mkdir "$TMP/sysroot/boot"
	cp "$TMP/grown.o" "$TMP/sysroot/boot/vmlinuz-$KERNEL"
	ok "headers that are not installed have the kernel beside them" says 0 ': replace: ' \
		--kdir "$TMP/sysroot/usr/src/linux-headers"
	ok "headers that are not installed have the kernel beside them: the layout header shows its types" contains cxl_core_layout.h "new_member[64]"

	headers whole
	echo "include \$(srctree)/arch/x86/Makefile" >"$TMP/whole/Makefile"
	ok "headers without the public ones: an error" says 1 'install all of the headers' --kdir "$TMP/whole"
	ln -s "$(sed -n 's,^include \(.*\)/Makefile,\1,p' "$KDIR/Makefile")"/include/* "$TMP/whole/include/" 2>/dev/null || true
	ok "headers that are not split are taken" says 0 ': replace: ' --kdir "$TMP/whole"
	ok "headers that are not split are taken: with the same layout" same_asserts
}

build_id() {
	sed -n 's/^#define CXL_CORE_BUILD_ID\t"\([0-9a-f]*\)"$/\1/p' "$TMP/out/cxl_core_layout.h"
}

test_build_id() {
	local id

	says 0 ': replace: ' --vmlinux "/boot/vmlinuz-$KERNEL" >/dev/null
	id=$(build_id)
	is "the build id is taken from an image" "${#id}" 40
	headers noversions
	cp "$KDIR/vmlinux" "$TMP/noversions/"
	sed -i '/^CONFIG_MODVERSIONS=/d' "$TMP/noversions/include/config/auto.conf"
	ok "without MODVERSIONS, the installed image is asked for it" \
		says 0 ': replace: ' --kdir "$TMP/noversions"
	is "without MODVERSIONS, the installed image is asked for it: it is the same" "$(build_id)" "$id"
	cp "$TMP/grown.o" "$TMP/noversions/vmlinux"
	ok "without MODVERSIONS, the installed image is asked for it: headers of another build are an error" says 1 \
		"vmlinux and /boot/vmlinuz-$KERNEL_RE are of two builds" --kdir "$TMP/noversions"
	ok "without MODVERSIONS, BTF without a build id is an error" says 1 \
		"no build id of kernel $KERNEL_RE, which has no MODVERSIONS either: say with VMLINUX=" \
		--kdir "$TMP/noversions" --vmlinux "$TMP/stock.btf"
	ok "BTF without a build id is no error with MODVERSIONS" says 0 ': replace: ' --vmlinux "$TMP/stock.btf"
}

# As most distros have it: cxl_core.ko with BTF of its own on top of vmlinux's.
test_module_core() {
	local private

	headers modular
	sed -i 's/^CONFIG_CXL_BUS=y/CONFIG_CXL_BUS=m/' "$TMP/modular/include/config/auto.conf"
	awk -F'\t' -v OFS='\t' '$5 == "CXL" { $3 = "drivers/cxl/core/cxl_core" } { print }' \
		"$KDIR/Module.symvers" >"$TMP/modular/Module.symvers"
	private=$(sed -nE 's/^((struct|union|enum) [a-z0-9_]+) \{$/\1/p' "$TMP/stock.layout")
	sed "$(printf '%s\n' "$private" | sed 's,.*,/^& {$/\,/^}/d,'); /^typedef.*btf_trace_cxl_/d" "$TMP/stock.h" >"$TMP/base.h"
	compile_types base bare
	encode "$TMP/base.o"
	cp "$TMP/same.o" "$TMP/cxl_core.ko"
	objcopy -R .BTF "$TMP/cxl_core.ko"
	encode --btf_base "$TMP/base.o" "$TMP/cxl_core.ko"
	xz -kf "$TMP/cxl_core.ko"
	ok "cxl_core is a module and not installed: an error" says 1 'no cxl_core.ko in /lib/modules/' \
		--kdir "$TMP/modular" --vmlinux "$TMP/base.o"
	ok "cxl_core is a module: accepted" says 0 ': replace: ' \
		--kdir "$TMP/modular" --vmlinux "$TMP/base.o" --core-btf "$TMP/cxl_core.ko"
	ok "cxl_core is a module: with the same layout" same_asserts
	ok "cxl_core is a module: compiles" compiles
	ok "a compressed module is taken" says 0 ': replace: ' \
		--kdir "$TMP/modular" --vmlinux "$TMP/base.o" --core-btf "$TMP/cxl_core.ko.xz"
	ok "a module of another kernel: an error with both names" says 1 \
		"other.o is of kernel 6.12.1-other, not of $KERNEL_RE" --kdir "$TMP/modular" --vmlinux "$TMP/base.o" --core-btf "$TMP/other.o"
	ok "a module without BTF: an error" says 1 'nobtf.o has no BTF' \
		--kdir "$TMP/modular" --vmlinux "$TMP/base.o" --core-btf "$TMP/nobtf.o"

	two_units far '/^struct device_driver {/,/^}/s/const char \*mod_name;/const char *other_name;/'
	ok "a module's types are there twice, for one that they point to differs: accepted" says 0 ': replace: ' \
		--kdir "$TMP/modular" --vmlinux "$TMP/base.o" --core-btf "$TMP/far.ko"
	ok "a module's types are there twice: with the same layout" same_asserts
	two_units near '/^struct cxl_dev_state {/,/^}/s/bool media_ready;/int media_ready;/'
	ok "a module has two types of a name that differ: an error" says 1 \
		'the BTF has two types struct cxl_dev_state that differ' \
		--kdir "$TMP/modular" --vmlinux "$TMP/base.o" --core-btf "$TMP/near.ko"
}

# two_units NAME SED: $TMP/NAME.ko, of two units, the second one with types as SED makes them
two_units() {
	sed "$2" "$TMP/stock.h" >"$TMP/$1.h"
	! cmp -s "$TMP/stock.h" "$TMP/$1.h" || { echo "# the edit '$2' does nothing"; exit 1; }
	compile_types "$1" bare
	objcopy -R .BTF "$TMP/same.o" "$TMP/first.o"
	ld -r -o "$TMP/$1.ko" "$TMP/first.o" "$TMP/$1.o"
	encode --btf_base "$TMP/base.o" "$TMP/$1.ko"
}

# table LINE...: a feature table of these lines
table() {
	printf '%s\n' "$@" >"$TMP/table"
}

test_table() {
	table '# a comment' '' \
		'HAVE_A	optional type	struct cxl_port' \
		'HAVE_B optional type struct cxl_prot' \
		'HAVE_C optional member struct cxl_port.commit_end int' \
		'HAVE_D optional member struct cxl_port.commit_end long int # why' \
		'HAVE_E optional member struct cxl_regs.hdm_decoder void *' \
		'HAVE_F optional member enum cxl_decoder_type.CXL_DECODER_DEVMEM' \
		'HAVE_G optional export cxl_bus_type' \
		'HAVE_H optional export cxl_bus_typo' \
		'HAVE_I optional config CXL_MEM=m' \
		'HAVE_J optional config CXL_MEM=y' \
		'HAVE_K optional header cxl/event.h' \
		'HAVE_L optional header cxl/no.h' \
		'HAVE_M optional function cxl_add_to_region' \
		'HAVE_N optional function cxl_sub_from_region' \
		'HAVE_O optional import void cxl_bus_rescan(void)' \
		'HAVE_P optional import int cxl_bus_rescan(void)' \
		'HAVE_Q optional member struct cxl_decoder.reset void (*)(struct cxl_decoder *)' \
		'HAVE_R optional import int schedule_timeout_nowhere(void)'
	ok "each kind of row has two answers" says 0 ': replace: ' --features "$TMP/table"
	ok "each kind of row has two answers: these are right" right_answers A C E F G I K M O Q
	ok "a function that has a row has a prototype" \
		contains cxl_core_layout.h "extern void cxl_bus_rescan(void);"
	table 'HAVE_A required type struct nowhere' 'HAVE_B required export nothing # since 9.9' 'HAVE_C required config NONE'
	ok "two reasons are given, and how many there are" says 77 \
		'has no struct nowhere, it does not export nothing \(since 9.9\), and 1 more' --features "$TMP/table"
	table 'HAVE_A optional type struct cxl_port' 'HAVE_B optional type struct nowhere' \
		'HAVE_C required:HAVE_B type struct never' 'HAVE_D required:!HAVE_A type struct never'
	ok "what is required where another row says so, and that row does not: no reason" \
		says 0 ': replace: ' --features "$TMP/table"
	table 'HAVE_A optional type struct cxl_port' 'HAVE_B required:HAVE_A type struct nowhere'
	ok "... and that row does" says 77 'it has no struct nowhere' --features "$TMP/table"
	table 'HAVE_B optional type struct nowhere' 'HAVE_C required:!HAVE_B type struct never'
	ok "what is required where another row says no, and it does" \
		says 77 'it has no struct never' --features "$TMP/table"
	table 'HAVE_A required:HAVE_B type struct cxl_port' 'HAVE_B optional type struct cxl_port'
	ok "what is required where a row says so that comes later: an error" \
		says 1 "line 1: no row before it is named 'HAVE_B'" --features "$TMP/table"
	table 'HAVE_A required kind struct cxl_port'
	ok "a row of unknown kind: an error" \
		says 1 "row HAVE_A: unknown kind 'kind'" --features "$TMP/table"
	table 'HAVE_A type struct cxl_port'
	ok "a row without level: an error" says 1 'table: line 1: expected' --features "$TMP/table"
	table 'HAVE_A required import cxl_bus_rescan'
	ok "an import without prototype: an error" \
		says 1 "row HAVE_A: 'cxl_bus_rescan' is no prototype" --features "$TMP/table"
	table '# nothing'
	ok "a table without rows: an error" says 1 'table: no row' --features "$TMP/table"
	ok "no table: an error" says 1 'cannot read the feature table' --features "$TMP/nowhere"
}

right_answers() {
	cat "$TMP/out/cxl_core_features.h"
	[ "$(sed -n 's/^#define HAVE_\(.\) 1/\1/p' "$TMP/out/cxl_core_features.h" | paste -sd' ')" = "$*" ]
}

# Private members of the layout header, as members.tbl writes them, without those that a table lists.
unlisted_members() {
	sed -nE 's/^CXL_CORE_OFFSET\((struct cxl_[a-z0-9_]+), ([a-z0-9_]+), .*/\1.\2/p' "$TMP/stock.layout" | sort -u >"$TMP/members"
	grep -ohE 'struct cxl_[a-z0-9_]+\.[a-z0-9_]+' src/compat/*.tbl | sort -u >"$TMP/listed"
	comm -23 "$TMP/members" "$TMP/listed"
}

# The modules, built with a layout header that has other names for unlisted members.
builds_with_listed() {
	local errors

	make -k -C "$KDIR" M="$TMP/use-$1" CXL_ACCEL_VERSION=0 CXL_ACCEL_PORT="$1" CXL_ACCEL_DAX=replace CXL_ACCEL_WHOLE=1 \
		modules >"$TMP/use.log" 2>&1 && return
	errors=$(sed -nE "s/.*(struct cxl_[a-z0-9_]+)[^a-z ]* has no member named [^a-z]*([a-z0-9_]+).*/\1.\2/p" "$TMP/use.log" | sort -u)
	[ -z "$errors" ] || echo "to be listed in src/compat/members.tbl, each with its type:"
	echo "${errors:-$(cat "$TMP/use.log")}"
	return 1
}

test_members() {
	local type member mode

	unlisted_members | while IFS=. read -r type member; do
		printf '/^%s {/,/^}/s/\\([^a-z0-9_]\\)%s\\([];:[)]\\)/\\1unlisted_%s\\2/\n' "$type" "$member" "$member"
	done >"$TMP/hide.sed"
	says 0 ': replace: ' >/dev/null
	sed -f "$TMP/hide.sed" "$TMP/stock.layout" | grep -v '^CXL_CORE_[A-Z]*(' >"$TMP/out/cxl_core_layout.h"
	for mode in keep replace; do
		mkdir -p "$TMP/use-$mode/generated"
		cp -rs "$TREE/src" "$TREE/Kbuild" "$TMP/use-$mode/"
		cp "$TMP"/out/*.h "$TMP/use-$mode/generated/"
	done
	sed -i '/HAVE_CXL_PORT_BUILTIN/d' "$TMP/use-replace/generated/cxl_core_features.h"
	ok "the test hides members that are not listed" contains cxl_core_layout.h unlisted_
	ok "the modules use only private members that are listed" builds_with_listed keep
	ok "the modules use only private members that are listed: also where cxl_port is a module" builds_with_listed replace
}

le32() {
	local n=$1

	# shellcheck disable=SC2059 # there is nothing but escapes
	printf "$(printf '\\x%02x' $((n & 255)) $((n >> 8 & 255)) $((n >> 16 & 255)) $((n >> 24)))"
}

# As Debian has them, and Fedora: what an arm64 kernel is made of, around the BTF of this one.
test_arm64() {
	{
		head -c 56 /dev/zero
		printf 'ARM\x64\x9f\xeb\x01\x00'
		head -c 100000 /dev/zero
		printf 'Linux version %s (test)\n\0' "$KERNEL"
		cat "$TMP/stock.btf"
		head -c 100000 /dev/zero
	} >"$TMP/Image"
	gzip -1 -kf "$TMP/Image"
	{
		printf 'MZ\0\0zimg'
		le32 64
		le32 "$(stat -c %s "$TMP/Image.gz")"
		head -c 48 /dev/zero
		cat "$TMP/Image.gz"
		head -c 1000 /dev/zero
	} >"$TMP/zboot"
	ok "an arm64 Image is taken" says 0 ': replace: ' --vmlinux "$TMP/Image"
	ok "an arm64 Image is taken: with the same layout" same_asserts
	ok "an arm64 Image is taken: the same BTF" \
		contains cxl_core_layout.h "$(sha256sum <"$TMP/stock.btf" | cut -c1-64)"
	ok "a compressed arm64 Image is taken" says 0 ': replace: ' --vmlinux "$TMP/Image.gz"
	ok "an EFI zboot image is taken" says 0 ': replace: ' --vmlinux "$TMP/zboot"
	ok "an EFI zboot image is taken: with the same layout" same_asserts
	cut_to "$TMP/zboot" 1000000
	ok "an EFI zboot image that ends early: an error" \
		says 1 'cut is truncated or damaged' --vmlinux "$TMP/cut"
	cut_to "$TMP/Image" 2000000
	ok "an arm64 Image that ends within its BTF: an error" says 1 'cut has no BTF' --vmlinux "$TMP/cut"
}

# tiny_tmpfs NAME OPTIONS: a file system of 64 kB at $TMP/NAME
tiny_tmpfs() {
	mkdir -p "$TMP/$1"
	mount -t tmpfs -o "size=64k$2" tmpfs "$TMP/$1"
}

# cannot_tell REGEX CMD...: of generate, whatever it is called by
cannot_tell() {
	local regex=$1 rc=0
	shift

	rm -rf "$TMP/out"
	"$@" >"$TMP/said" 2>&1 || rc=$?
	cat "$TMP/said"
	echo "status $rc, not 1?"
	[ "$rc" = 1 ] && [ "$(wc -l <"$TMP/said")" = 1 ] &&
		grep -qE -- "^layout: cannot tell whether .* is supported: .*$regex" "$TMP/said" &&
		[ -z "$(ls "$TMP/out" 2>/dev/null)" ]
}

# Where something is missing, nothing is said of the kernel.
test_cannot_tell() {
	local stock=(src/layout/generate --kver "$KERNEL" --kdir "$KDIR" --out "$TMP/out")

	tiny_tmpfs full ''
	ok "no space for the results: cannot tell, says so" cannot_tell 'cannot write .*No space left' \
		src/layout/generate --kver "$KERNEL" --kdir "$KDIR" --out "$TMP/full/out"
	is "no space for the results: leaves nothing behind" "$(ls -A "$TMP/full/out")" ''
	umount "$TMP/full"
	ok "the results' directory cannot be made: cannot tell" cannot_tell 'cannot make the directory' \
		src/layout/generate --kver "$KERNEL" --kdir "$KDIR" --out "$TMP/said/out"

	headers cutvmlinux
	head -c 3000000 "$KDIR/vmlinux" >"$TMP/cutvmlinux/vmlinux"
	ok "headers with a truncated vmlinux: cannot tell, whatever is in /boot" cannot_tell \
		'cutvmlinux/vmlinux is truncated or damaged' "${stock[@]}" --kdir "$TMP/cutvmlinux"
	headers cutsymvers
	head -c 300001 "$KDIR/Module.symvers" >"$TMP/cutsymvers/Module.symvers"
	ok "a truncated Module.symvers: cannot tell" cannot_tell 'cutsymvers/Module.symvers is (truncated|damaged)' \
		"${stock[@]}" --kdir "$TMP/cutsymvers"
	grep -v 'CXL$' "$KDIR/Module.symvers" >"$TMP/cutsymvers/Module.symvers"
	ok "a Module.symvers without what every CXL core exports: cannot tell" cannot_tell \
		'does not export __cxl_driver_register: .*install them again' "${stock[@]}" --kdir "$TMP/cutsymvers"
	headers cutconfig
	head -c 5001 "$KDIR/include/config/auto.conf" >"$TMP/cutconfig/include/config/auto.conf"
	ok "a truncated auto.conf: cannot tell" cannot_tell 'auto.conf is truncated' "${stock[@]}" --kdir "$TMP/cutconfig"
	rm "$TMP/cutconfig/include/config/auto.conf"
	ok "no auto.conf: cannot tell" cannot_tell 'auto.conf: install the headers' "${stock[@]}" --kdir "$TMP/cutconfig"
	kernel coreless '/^struct cxl_memdev {/,/^}/d'
	ok "BTF without what every CXL core has: cannot tell" cannot_tell \
		'has no struct cxl_memdev: .*install them again' "${stock[@]}" --vmlinux "$TMP/coreless.o"

	mkdir -p "$TMP/bin"
	ln -sf "$(command -v sh)" "$(command -v find)" "$(command -v dirname)" "$TMP/bin/"
	xz -1 -kf "$TMP/same.o"
	ok "no xz for an xz file: cannot tell, names it" cannot_tell 'xz is not installed' \
		env PATH="$TMP/bin" "${stock[@]}" --vmlinux "$TMP/same.o.xz"
	ok "no sha256sum: cannot tell, names it" cannot_tell 'sha256sum is not installed' \
		env PATH="$TMP/bin" "${stock[@]}"
}

# What is there to say of a kernel whose BTF is nowhere to be had.
test_without_btf() {
	headers nowhere
	cp "$TMP/elsewhere/include/generated/utsrelease.h" "$TMP/nowhere/include/generated/"
	sed -i '/^CONFIG_DEBUG_INFO_BTF=/d' "$TMP/nowhere/include/config/auto.conf"
	ok "a kernel built without BTF: refused by the name of the option" says 77 \
		'it is not built with CONFIG_DEBUG_INFO_BTF' --kver 6.12.0-test --kdir "$TMP/nowhere"
	sed -i '/^CONFIG_CXL_MEM=/d' "$TMP/nowhere/include/config/auto.conf"
	ok "a kernel built without BTF and CONFIG_CXL_MEM: refused for the latter" says 77 \
		'it is not built with CONFIG_CXL_MEM' --kver 6.12.0-test --kdir "$TMP/nowhere"
	cp "$KDIR/include/config/auto.conf" "$TMP/nowhere/include/config/"
	sed -i '/\tcxl_mailbox_init\t/d' "$TMP/nowhere/Module.symvers"
	ok "no BTF, and exports lack something: refused for that" says 77 \
		'it does not export cxl_mailbox_init\(\)' --kver 6.12.0-test --kdir "$TMP/nowhere"
	printf '0x0\tdevm_cxl_probe_mem\tdrivers/cxl/cxl_mem\tEXPORT_SYMBOL_GPL\tCXL\n' >>"$TMP/nowhere/Module.symvers"
	ok "exports lack something, but the kernel has the interface itself: not refused for that" says 1 'no BTF of kernel 6.12.0-test ' \
		--kver 6.12.0-test --kdir "$TMP/nowhere"
}

# As a package installs it: nobody has made a build directory, and nobody may write there.
test_installed() {
	local installed=("$TMP/tree/src/layout/generate" --kver "$KERNEL" --kdir "$KDIR" --out "$TMP/out")

	mkdir -p "$TMP/tree" "$TMP/tmp"
	cp -r src "$TMP/tree/"
	find "$TMP/tree" | sort >"$TMP/tree.before"
	ok "a tree without a build directory: it works" env TMPDIR="$TMP/tmp" "${installed[@]}"
	is "a tree without a build directory: nothing is left in it" "$(find "$TMP/tree" | sort)" "$(cat "$TMP/tree.before")"
	is "a tree without a build directory: nothing is left in TMPDIR" "$(ls -A "$TMP/tmp")" ''
	tiny_tmpfs small ''
	ok "TMPDIR is too small: it works elsewhere" env TMPDIR="$TMP/small" "${installed[@]}"
	umount "$TMP/small"
	tiny_tmpfs noexec ,size=10M,noexec
	ok "TMPDIR is mounted noexec: it works elsewhere" env TMPDIR="$TMP/noexec" "${installed[@]}"
	umount "$TMP/noexec"
	ok "no compiler: cannot tell, names it" cannot_tell 'nocc is not installed' \
		env HOSTCC=nocc "${installed[@]}"
	ok "a compiler that fails: cannot tell, says why" cannot_tell 'does not compile src/layout .*error' \
		env HOSTCC='gcc -nostdinc' "${installed[@]}"
}

# input NAME VMLINUX [MODULE]: as tests/layout/fuzz.c wants them.
input() {
	local name=$1 part
	shift

	for part; do
		objcopy --dump-section ".BTF=$part.raw" "$part"
	done
	{
		le32 "$(stat -c %s "$1.raw")"
		cat "${@/%/.raw}"
	} >"$TMP/$name.input"
}

replay() {
	LAYOUT_TABLES=src/compat "$TMP/replay" "$@"
}

# replay_says REGEX FILE...
replay_says() {
	local regex=$1
	shift
	replay "$@" >"$TMP/replayed" 2>&1 || { tail -n 40 "$TMP/replayed"; return 1; }
	tail -n 20 "$TMP/replayed"
	grep -qE "$regex" "$TMP/replayed"
}

# The whole program but its main(), with a compiler that notices what C lets pass.
test_damage() {
	local sources name

	mapfile -t sources < <(find src/layout -name '*.c' ! -name main.c)
	ok "the generator compiles for tests, with sanitizers" gcc -g -O1 -Wall -Wextra -Werror \
		-Wno-missing-field-initializers -fsanitize=address,undefined -fno-sanitize-recover=all \
		-DREPLAY -Isrc/layout -o "$TMP/replay" tests/layout/fuzz.c "${sources[@]}"
	echo 'struct device { struct device *parent; unsigned char x; }; struct device d;' >"$TMP/small.h"
	compile_types small bare
	encode "$TMP/small.o"
	cp "$TMP/tiny.o" "$TMP/tiny.ko"
	objcopy -R .BTF "$TMP/tiny.ko"
	encode --btf_base "$TMP/small.o" "$TMP/tiny.ko"
	input tiny "$TMP/tiny.o"
	input split "$TMP/small.o" "$TMP/tiny.ko"
	strip --strip-unneeded -R .comment -R .text -R .data -R .bss "$TMP/tiny.o"
	{
		le32 "$(stat -c %s "$TMP/tiny.o")"
		cat "$TMP/tiny.o"
	} >"$TMP/elf.input"

	# Else what follows would say nothing.
	for name in tiny split elf; do
		ok "$name.input, which is sound, has too little in it: unsupported" \
			replay_says ': unsupported: it is not built with' "$TMP/$name.input"
	done
	ok "BTF that ends early, wherever: cannot tell" replay_says '^1[0-9]* tried, 0 wrong' --cut "$TMP/tiny.input"
	ok "an ELF file that ends early, wherever: cannot tell" replay_says ' 0 wrong' --cut "$TMP/elf.input"
	ok "a module's BTF that ends early, wherever: cannot tell" replay_says ' 0 wrong' --cut "$TMP/split.input"
	mkdir "$TMP/corpus"
	tar -C "$TMP/corpus" -xf tests/layout/corpus.tar.xz
	ok "what a fuzzer has found to go each way through the generator: an answer" \
		replay_says ': (error|replace|unsupported): ' "$TMP"/corpus/*
	is "what a fuzzer has found to go each way through the generator: for each input" "$(grep -cE '^[^ ]*/corpus/[^ ]*: (error|native|replace|unsupported): ' "$TMP/replayed")" \
		"$(find "$TMP/corpus" -type f | wc -l)"
	ok "BTF with any word of it damaged: an answer" replay_says '^[0-9]* tried, [0-9]* errors' --damage \
		"$TMP/tiny.input"
	ok "an ELF file with any word of it damaged: an answer" \
		replay_says '^[0-9]* tried, [0-9]* errors' --damage "$TMP/elf.input"
	ok "a module's BTF with any word of it damaged: an answer" \
		replay_says '^[0-9]* tried, [0-9]* errors' --damage "$TMP/split.input"
}

# What C can say, and cxl_core does not say today.
test_c() {
	cat >"$TMP/tiny.h" <<-'EOF'
		typedef unsigned char u8;
		typedef int (*cxl_fn)(const char *, ...);
		struct elsewhere;
		enum cxl_big { CXL_BIG = 0x123456789abcdefULL, CXL_SMALL = 1 };
		struct cxl_bits { unsigned a:3; unsigned b:29; int c:7; u8 d; long e:40; u8 f; };
		struct cxl_gaps { unsigned a:3; unsigned :0; unsigned b:4; unsigned :5; unsigned c:2; u8 d:7; u8 e:2; u8 :0; u8 f:1; long g; };
		struct cxl_packed_bits { u8 a:7; unsigned b:13; unsigned :3; unsigned c:5; u8 d; } __attribute__((packed));
		struct cxl_packed { u8 a; long b; short c; } __attribute__((packed));
		struct cxl_packed_in { u8 a; struct cxl_packed p; u8 z; };
		struct cxl_far { u8 a; int b __attribute__((aligned(64))); u8 c; };
		struct cxl_tail { int n; struct { int x, y; } in; union { u8 u; struct { int v, w; }; }; u8 data[]; };
		struct cxl_fns { cxl_fn f; int (*g[3])(struct elsewhere *, cxl_fn); void (**h)(void); int (*(*i)(void))[4];
			const char *const j; u8 (*k)[2]; volatile int l; const u8 m[2][3]; void (*n)(enum cxl_big, union cxl_u *); };
		union cxl_u { struct cxl_fns fns; enum cxl_big big; __int128 q; double d; };
		struct cxl_empty { };
		struct cxl_fns v1; union cxl_u v2;
	EOF
	compile_types tiny bare
	encode "$TMP/tiny.o"
	table 'HAVE_A optional type struct cxl_bits'
	ok "bit-fields, packed and aligned members, pointers to all sorts: read" standalone "$TMP/tiny.o"
	ok "bit-fields, packed and aligned members, pointers to all sorts: written so that the compiler agrees" \
		gcc -Wall -Werror -fsyntax-only -x c "$TMP/out/cxl_core_layout.h"
	ok "bit-fields, packed and aligned members, pointers to all sorts: member by member" contains cxl_core_layout.h "CXL_CORE_OFFSET(struct cxl_far, c, 68);"
	ok "a flexible array stays one" contains cxl_core_layout.h "u8 data[];"
	ok "inside of named members too" \
		contains cxl_core_layout.h "CXL_CORE_OFFSET(struct cxl_tail, in.y, 8);"
	ok "bit-fields keep their width" contains cxl_core_layout.h "unsigned int b:29;"
	ok "a pointer to a function that returns one to an array" \
		contains cxl_core_layout.h "int (*(*i)(void))[4];"
	ok "compiled again, its BTF gives the same" round_trip
}

standalone() {
	generate --kver "$KERNEL" --vmlinux "$1" --features "$TMP/table"
}

# Names, types and bits of all members, without the numbers of types.
member_bits() {
	bpftool btf dump file "$1" format raw | sed -n "/STRUCT 'cxl_/,/^\[/{ s/^\[[0-9]*\]//; s/type_id=[0-9]*//; /__gap_/d; p }" |
		grep -E "STRUCT 'cxl_|bits_offset" | sed 's/ vlen=.*//'
}

round_trip() {
	grep -v '^ \*\|^\/\*' "$TMP/out/cxl_core_layout.h" >"$TMP/again.h"
	compile_types again bare && encode "$TMP/again.o" || return 1
	member_bits "$TMP/tiny.o" | sort >"$TMP/tiny.bits"
	member_bits "$TMP/again.o" | sort | diff "$TMP/tiny.bits" - && grep -c . "$TMP/tiny.bits"
}

test_arguments() {
	ok "--help is documentation" help_is_there
	ok "an unknown argument: an error" usage_error --nonsense
	ok "an argument without value: an error" usage_error --kver
	ok "no --out: an error" usage_error --kver "$KERNEL" --kdir "$KDIR"
}

help_is_there() {
	generate --help | grep -q -- '--core-btf FILE'
}

usage_error() {
	local rc=0
	src/layout/generate "$@" >"$TMP/usage.log" 2>&1 || rc=$?
	cat "$TMP/usage.log"
	[ "$rc" = 2 ] && [ "$(wc -l <"$TMP/usage.log")" = 1 ]
}

prepare_module
test_stock
test_edited
test_prototypes
test_no_btf
test_another_kernel
test_truncated
test_packings
test_build_id
test_members
test_c
test_module_core
test_table
test_arm64
test_cannot_tell
test_without_btf
test_installed
test_damage
test_arguments
done_testing
