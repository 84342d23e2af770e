#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/build-driver, scripts/driver.mk and the public headers: what builds, on a kernel without
# the API and on one with it; what must not build; what is said about wrong arguments.
#
# Upstream's own driver, drivers/net/ethernet/sfc/efx_cxl.c of Linux 7.3, is built too if it is
# there. It is not part of this tree. CXL_ACCEL_SFC=DIR names the sfc directory of a 7.3 source
# tree; CXL_ACCEL_SFC=fetch takes it from Debian's linux-source-7.3 (a download of 166 MB, once).

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# A copy: others may be building the tree meanwhile.
BUNDLE=$TMP/bundle
KERNEL_RE=${KERNEL//+/\\+}

in_root() {
	scripts/env/in-root bookworm -- "$@"
}

prepare_bundle() {
	local built=build/$KERNEL/Module.symvers

	[ -f "$built" ] || in_root scripts/build "$KERNEL" "$KDIR" >&2
	mkdir "$BUNDLE"
	cp "$built" "$BUNDLE/"
}

# build NAME DIR [-- MAKE-ARGUMENT]...: against the stock kernel, in a copy.
build() {
	local name=$1 dir=$2
	shift 2
	in_root scripts/build-driver --bundle "$BUNDLE" --out "$TMP/$name" "KDIR=$KDIR" "$KERNEL" "$dir" "$@"
}

# As build, with all warnings and sparse; and there must be none.
build_strictly() {
	build "$1" "$2" -- W=1 C=2 >"$TMP/log" 2>&1 || {
		cat "$TMP/log"
		return 1
	}
	! grep -E 'warning|error' "$TMP/log"
}

# says STATUS REGEX CMD...: CMD exits with STATUS, and what it says last matches.
says() {
	local want=$1 regex=$2 status=0
	shift 2
	"$@" >"$TMP/says" 2>&1 || status=$?
	cat "$TMP/says"
	[ "$status" = "$want" ] || {
		echo "status $status, not $want"
		return 1
	}
	tail -n 1 "$TMP/says" | grep -q -E -- "$regex" || {
		echo "the last line does not match: $regex"
		return 1
	}
}

# driver NAME: a directory with a Kbuild and the source read from stdin; prints its path.
driver() {
	mkdir -p "$TMP/src/$1"
	echo "obj-m := $1.o" >"$TMP/src/$1/Kbuild"
	cat >"$TMP/src/$1/$1.c"
	echo "$TMP/src/$1"
}

# A driver that gets as far as the compiler needs, with some of it to be replaced by the caller.
small_driver() {
	local name=$1 struct=${2:-struct cxl_dev_state cxlds;} create=${3:-struct it, cxlds, false}
	local import=${4-MODULE_IMPORT_NS(\"CXL\");} parent=${5:-&pdev->dev}

	driver "$name" <<-EOF
		#include <linux/module.h>
		#include <linux/pci.h>
		#include <cxl/cxl.h>
		#include <cxl/pci.h>
		struct it { $struct };
		static int it_probe(struct pci_dev *pdev, const struct pci_device_id *id)
		{
			struct it *it = devm_cxl_dev_state_create($parent, CXL_DEVTYPE_DEVMEM,
								  0, 0, $create);

			return it ? 0 : -ENOMEM;
		}
		static struct pci_driver it_driver = { .name = "it", .probe = it_probe };
		module_pci_driver(it_driver);
		MODULE_DESCRIPTION("small");
		MODULE_LICENSE("GPL");
		$import
	EOF
}

# refused NAME REGEX SMALL-DRIVER-ARGUMENT...: does not build, and the compiler says why.
refused() {
	local name=$1 regex=$2 dir
	shift 2
	dir=$(small_driver "$name" "$@")
	if build "out-$name" "$dir" >"$TMP/log" 2>&1; then
		fail "$name does not build"
	else
		like "$name does not build" "$(cat "$TMP/log")" "$regex"
	fi
}

info() {
	in_root modinfo -F "$1" "$2"
}

stock_kernel_builds() {
	local name module

	for name in sample vendor why; do
		module=cxl_accel_sample
		[ "$name" = sample ] || module=${name}_accel
		dir=tests/drivers/$name
		[ "$name" = sample ] && dir=src/sample
		ok "$module builds without a warning, from compiler or sparse" build_strictly "$name" "$dir"
		is "$module imports the namespace" "$(info import_ns "$TMP/$name/$module.ko")" CXL
		is "$module depends on cxl_mem" "$(info depends "$TMP/$name/$module.ko")" cxl_mem
		like "$module is for the stock kernel" "$(info vermagic "$TMP/$name/$module.ko")" "^$KERNEL_RE "
		is "the symbol version is the bundle's" \
			"$(in_root modprobe --dump-modversions "$TMP/$name/$module.ko" |
				awk '$2 == "devm_cxl_probe_mem" { print $1 }')" \
			"$(awk '$2 == "devm_cxl_probe_mem" { print $1 }' "$BUNDLE/Module.symvers")"
	done
	is "the driver's own directory is left alone" \
		"$(git status --porcelain --ignored src/sample tests/drivers | grep -v ' M ')" ""
}

in_place() {
	local dir

	cp -R tests/drivers/vendor "$TMP/in-place"
	dir=$TMP/in-place
	is "without --out the module is left in the driver's directory, and is what is printed" \
		"$(in_root scripts/build-driver --bundle "$BUNDLE" "KDIR=$KDIR" "$KERNEL" "$dir" 2>/dev/null)" "$dir/vendor_accel.ko"
}

# What 7.3 drivers do that older headers do not know.
dialects() {
	local dir

	dir=$(small_driver old-style "" "" "MODULE_IMPORT_NS(CXL); MODULE_IMPORT_NS(DMA_BUF);")
	ok "MODULE_IMPORT_NS() takes names without quotes too" build old-style-out "$dir"
	is "MODULE_IMPORT_NS() without quotes takes more than one name" \
		"$(info import_ns "$TMP/old-style-out/old-style.ko" | sort | tr '\n' ' ')" "CXL DMA_BUF "

	dir=$(driver alone <<-'EOF'
		#include <cxl/pci.h>
		#include <cxl/cxl.h>
		#include <cxl-accel/attach.h>
		#include <linux/module.h>
		MODULE_DESCRIPTION("the headers need no other before them");
		MODULE_LICENSE("GPL");
	EOF
	)
	ok "the headers stand alone, in any order" build alone-out "$dir"

	mkdir -p "$TMP/src/two/sub"
	echo 'obj-m := sub/' >"$TMP/src/two/Kbuild"
	{
		echo 'obj-m := two.o'
		echo 'two-y := a.o b.o'
	} >"$TMP/src/two/sub/Makefile"
	cp "$(small_driver two_a)/two_a.c" "$TMP/src/two/sub/a.c"
	cat >"$TMP/src/two/sub/b.c" <<-'EOF'
		#include <linux/pci.h>
		bool two_is_cxl(struct pci_dev *pdev);
		bool two_is_cxl(struct pci_dev *pdev)
		{
			return pcie_is_cxl(pdev) && PCI_DVSEC_CXL_DEVICE == 0;
		}
	EOF
	is "a driver in a directory below, of files that do not all include <cxl/cxl.h>" \
		"$(build two-out "$TMP/src/two" 2>/dev/null)" "$TMP/two-out/sub/two.ko"
}

# %pra in a guest, with the arguments around it that a printk may have.
print_ranges() {
	local dir log name

	dir=$(driver ranges <<-'EOF'
		#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
		#include <linux/etherdevice.h>
		#include <linux/module.h>
		#include <linux/pci.h>
		#include <linux/platform_device.h>
		#include <linux/seq_file.h>
		#include <cxl/cxl.h>
		static void texts(struct range *r)
		{
			char *page = (char *)get_zeroed_page(GFP_KERNEL);
			char buf[100];
			struct seq_file m = { .buf = buf, .size = sizeof(buf) };
			char *text = kasprintf(GFP_KERNEL, "%pra!", r);
			struct net_device *netdev = alloc_etherdev(0);

			pr_info("kasprintf %s\n", text);
			sprintf(buf, "%pra!", r);
			pr_info("sprintf %s\n", buf);
			snprintf(buf, sizeof(buf), "%d%pra!", 1, r);
			pr_info("snprintf %s\n", buf);
			scnprintf(buf, sizeof(buf), "%pra!", r);
			pr_info("scnprintf %s\n", buf);
			sysfs_emit(page, "%pra!", r);
			pr_info("sysfs_emit %s\n", page);
			sysfs_emit_at(page, 0, "%pra!", r);
			pr_info("sysfs_emit_at %s\n", page);
			seq_printf(&m, "%pra!", r);
			pr_info("seq_printf %.*s\n", (int)m.count, buf);
			netdev_info(netdev, "netdev_info %pra!\n", r);
			free_netdev(netdev);
			kfree(text);
			free_page((unsigned long)page);
		}
		static int __init ranges_init(void)
		{
			struct { unsigned int bits : 3; } s = { .bits = 5 };
			struct range r = { .start = 0x3d0000000, .end = 0x3dfffffff };
			const struct range *c = &r;
			struct resource res = DEFINE_RES_MEM(0x1000, 0x1000);
			char name[] = "array";
			unsigned int n = 0;

			pr_info("none\n");
			pr_info("one %pra\n", &r);
			pr_info("mixed %s %d %pra %s %u %llx %pr %p4cc %c\n", name, -1, c, "str", s.bits,
				1ULL << 40, &res, &(u32){ 0x34325258 }, 'x');
			pr_info("many %d%d%d%d%d%d%d%d%d%d%d%d%d%d %pra %d\n", 1, 2, 3, 4, 5, 6, 7, 8, 9,
				0, 1, 2, 3, 4, &r, 6);
			pr_info("more %d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d %d\n", 1, 2, 3, 4, 5, 6, 7, 8,
				9, 0, 1, 2, 3, 4, 5, 6, 7);
			pr_info("once %u\n", n++);
			pr_info("then %u\n", n);
			dev_info(&platform_bus, "device %pra\n", &r);
			pr_info("null %pra\n", (struct range *)NULL);
			texts(&r);
			return -ENODEV;
		}
		module_init(ranges_init);
		MODULE_DESCRIPTION("prints struct range");
		MODULE_LICENSE("GPL");
	EOF
	)
	ok "a driver that prints struct range builds without a warning" build_strictly ranges-out "$dir"
	log=$(in_guest --module "$TMP/ranges-out/ranges.ko" -- \
		sh -c 'insmod /modules/ranges.ko 2>/dev/null; dmesg' 2>&1 | sed 's/^\[ *[0-9.]*\] //; s/\r$//')
	like "%pra prints the range" "$log" '^ranges: one \[(mem|range) 0x0*3d0000000-0x0*3dfffffff.*\]$'
	like "%pra prints the range among other arguments" "$log" \
		'^ranges: mixed array -1 \[.*0x0*3d0000000-0x0*3dfffffff.*\] str 5 10000000000 \[mem 0x00001000-0x00001fff.*\] XR24.*x$'
	like "%pra prints the range as the 15th of 16 arguments" "$log" '^ranges: many 12345678901234 \[.*0x0*3d0000000-.*\] 6$'
	like "a format with %pra defined takes no argument" "$log" '^ranges: none$'
	like "more than 16 arguments are printed, without %pra" "$log" '^ranges: more 1234567890123456 7$'
	like "an argument beside %pra is evaluated" "$log" '^ranges: once 0$'
	like "an argument beside %pra is evaluated only once" "$log" '^ranges: then 1$'
	like "%pra prints the range in dev_info()" "$log" ' device \[.*0x0*3d0000000-0x0*3dfffffff'
	like "%pra of a NULL range does no harm" "$log" '^ranges: null '
	for name in kasprintf {s,sn,scn}printf sysfs_emit{,_at} seq_printf netdev_info; do
		like "%pra prints the range in $name()" "$log" \
			"(^ranges|initialized\)): $name 1?\[(mem|range) 0x0*3d0000000-0x0*3dfffffff[^!]*\]!\$"
	done
}

must_not_build() {
	local dir

	refused not-first 'is not the first member' 'int x; struct cxl_dev_state cxlds;'
	refused other-type 'is not a struct cxl_dev_state' 'struct device cxlds;'
	refused pointer 'is not a struct cxl_dev_state' 'struct cxl_dev_state *cxlds;'
	refused no-member 'no member named .nothing' '' 'struct it, nothing, false'
	refused no-struct 'nothing' '' 'struct nothing, cxlds, false'
	refused short-call 'requires 7 arguments' '' 'struct it, cxlds'
	refused not-a-device 'incompatible pointer type' '' '' 'MODULE_IMPORT_NS("CXL");' pdev
	refused no-import 'namespace CXL.* does not import it' '' '' ''
	dir=$(small_driver not-gpl)
	sed -i 's/MODULE_LICENSE("GPL")/MODULE_LICENSE("Proprietary")/' "$dir/not-gpl.c"
	nok "a module that is not GPL-compatible does not build" build out-not-gpl "$dir"
	like "a module that is not GPL-compatible is told so" "$(build out-not-gpl "$dir" 2>&1)" 'GPL-incompatible .* GPL-only symbol'
	refused no-api '_devm_cxl_nothing' '' '' 'MODULE_IMPORT_NS("CXL"); int x(void) { extern int _devm_cxl_nothing(void); return _devm_cxl_nothing(); }'
}

wrong_arguments() {
	local dir=tests/drivers/vendor bd=scripts/build-driver

	mkdir -p "$TMP/empty" "$TMP/nothing"
	echo 'obj-y := x.o' >"$TMP/nothing/Kbuild"
	: >"$TMP/nothing/x.c"
	ok "--help" in_root $bd --help
	ok "no argument" says 2 'needs a kernel release and' in_root $bd
	ok "no directory" says 2 'needs a kernel release and' in_root $bd "$KERNEL"
	ok "a third word" says 2 'needs a kernel release and' in_root $bd "$KERNEL" $dir $dir
	ok "an argument for make without --" in_root $bd --bundle "$BUNDLE" --out "$TMP/w1" "KDIR=$KDIR" "$KERNEL" $dir W=1 C=0
	like "an argument for make without --: make has it" "$(cat "$TMP/w1/.vendor_accel.o.cmd")" '-Wextra|-Wmissing-include-dirs|-Wunused-const-variable'
	ok "an unknown option" says 2 'no such option: --fast' in_root $bd --fast "$KERNEL" $dir
	ok "--out without a value" says 2 '--out needs a directory' in_root $bd "$KERNEL" $dir --out
	ok "an empty release" says 2 'not a kernel release' in_root $bd "" $dir
	ok "a release that is a path" says 2 'not a kernel release' in_root $bd ../6.12 $dir
	ok "a kernel without headers" says 1 'no headers of kernel 5.0.0 .* install its headers package' \
		in_root $bd 5.0.0 $dir
	ok "KDIR= that is none" says 1 'is not a kernel.s headers directory' \
		in_root $bd "KDIR=$TMP/empty" "$KERNEL" $dir
	ok "KDIR= of another kernel" says 1 'holds the headers of kernel' \
		in_root $bd "KDIR=$KDIR" 6.12.0-other $dir
	ok "no such driver" says 1 'no such directory' in_root $bd "KDIR=$KDIR" "$KERNEL" "$TMP/absent"
	ok "a driver without Kbuild" says 1 'no Kbuild and no Makefile' in_root $bd "KDIR=$KDIR" "$KERNEL" "$TMP/empty"
	ok "a Kbuild that builds no module" says 1 'built no module' \
		in_root $bd --bundle "$BUNDLE" "KDIR=$KDIR" "$KERNEL" "$TMP/nothing"
	ok "--bundle without Module.symvers" says 1 'no Module.symvers in --bundle' \
		in_root $bd --bundle "$TMP/empty" "KDIR=$KDIR" "$KERNEL" $dir
	: >"$TMP/empty/Module.symvers"
	ok "--bundle with an empty one" says 1 'does not export devm_cxl_probe_mem' \
		in_root $bd --bundle "$TMP/empty" "KDIR=$KDIR" "$KERNEL" $dir
	rm "$TMP/empty/Module.symvers"
	ok "--out below the driver's directory" says 1 'is inside' \
		in_root $bd --bundle "$BUNDLE" --out "$TMP/in-place/out" "KDIR=$KDIR" "$KERNEL" "$TMP/empty/../in-place"
	ok "driver-flags without a question" says 2 'cflags or symvers' in_root scripts/driver-flags
}

# installed_scripts PART DIR NAMES: these and no others, and each command among them starts
installed_scripts() {
	local top=$TMP/$1/$2 command

	is "$1: nothing is installed that only tests or packages need" \
		"$(cd "$top/scripts" && printf '%s\n' * | LC_ALL=C sort | paste -sd ' ')" "$3"
	find "$top/scripts" -type f -perm /111 >"$TMP/commands"
	while read -r command; do
		like "$1: installed ${command#"$top/"} has all it needs for --help" "$("$command" --help 2>&1)" "${command##*/}"
	done <"$TMP/commands"
}

# The tree as the packages install it, with a vendor's own Kbuild beside it.
installed() {
	local top vendor=$TMP/usr/src/vendor kdir=$KDIR part

	for part in dkms dev tools; do
		scripts/package/install $part "$TMP/$part"
	done
	installed_scripts dkms "usr/src/cxl-accel-$(package_version)" \
		"build build-driver commit dkms driver-flags driver.mk initramfs.sh lib.sh"
	installed_scripts dev usr/src/cxl-accel-dev \
		"build-driver commit dkms dkms-driver.conf driver-flags driver.mk lib.sh"
	installed_scripts tools usr/share/cxl-accel "commit cxl-accel cxl-accel.d dkms initramfs.sh lib.sh"
	top=$TMP/dkms/usr/src/cxl-accel-$(package_version)
	like "make help offers what is installed" "$(make -C "$top" help)" '^make .KVER=RELEASE'
	unlike "make help offers nothing that is not installed" "$(make -C "$top" help)" 'make (check|demo|deb|clean-all)'
	is "no two packages have a file of one name" \
		"$(for part in dkms dev tools; do (cd "$TMP/$part" && find . ! -type d); done | sort | uniq -d)" ''
	like "cxl-accel check, installed, has all it asks a kernel with" \
		"$(in_root "$TMP/tools/usr/sbin/cxl-accel" check "$KERNEL" "$KDIR" 2>&1)" ': supported: '
	top=$TMP/dev/usr/src/cxl-accel
	mkdir -p "$vendor"
	cp tests/drivers/vendor/vendor_accel.c "$vendor"
	{
		echo 'obj-m := vendor_accel.o'
		echo "include $top/scripts/driver.mk"
	} >"$vendor/Kbuild"

	ok "an installed tree whose bundle is not built says what to do" \
		says 1 "not built for $KERNEL_RE: 'dkms install cxl-accel/$(package_version) -k $KERNEL_RE'" \
		in_root "$top/scripts/build-driver" "KDIR=$KDIR" "$KERNEL" tests/drivers/vendor
	nok "a vendor's Kbuild that includes driver.mk does not build then" \
		in_root make -C "$kdir" "M=$vendor"
	like "a vendor's Kbuild without the bundle built says what to do" "$(in_root make -C "$kdir" "M=$vendor" 2>&1)" \
		"not built for $KERNEL_RE: 'dkms install cxl-accel/$(package_version) -k $KERNEL_RE'"
	ok "a vendor's Kbuild without the bundle built can be cleaned" in_root make -C "$kdir" "M=$vendor" clean

	mkdir -p "$top/build/$KERNEL"
	cp "$BUNDLE/Module.symvers" "$top/build/$KERNEL/"
	ok "a vendor's Kbuild that includes driver.mk builds with the bundle built" \
		in_root make -C "$kdir" "M=$vendor"
	is "a vendor's Kbuild that includes driver.mk: its module imports the namespace CXL" "$(info import_ns "$vendor/vendor_accel.ko")" CXL
	ok "a vendor's Kbuild that includes driver.mk builds with scripts/build-driver" in_root "$top/scripts/build-driver" "KDIR=$KDIR" "$KERNEL" "$vendor"
	ok "a vendor's Kbuild that includes driver.mk can be cleaned" in_root make -C "$kdir" "M=$vendor" clean
	rm -r "$top/build"
	ok "CXL_ACCEL_SYMVERS= says where the bundle's Module.symvers is" \
		in_root make -C "$kdir" "M=$vendor" "CXL_ACCEL_SYMVERS=$BUNDLE/Module.symvers"
}

# four_arguments DIR: the driver, with what published series of the API have
four_arguments() {
	[ ! -d "$1" ] || return 0
	cp -R tests/drivers/vendor "$1"
	sed -i -e 's/\(cxl_pci_setup_regs(.*reg_map\))/\1, \&caps)/' -e 's/^\tu16 dvsec;$/&\n\tunsigned long caps = 0;/' \
		"$1/vendor_accel.c"
}

# A kernel that carries the API itself: 7.3 in experimental, 7.2 (which lacks a part) in sid.
native() {
	local suite=$1 kernel name

	four_arguments "$TMP/four"

	for kernel in $(scripts/env/in-root "$suite" -- ls /lib/modules); do
		for name in src/sample tests/drivers/vendor; do
			ok "$kernel: $name builds against the kernel's own headers" \
				scripts/env/in-root "$suite" -- scripts/build-driver \
				--out "$TMP/$kernel/${name##*/}" "$kernel" "$name" -- W=1
		done
		ok "$kernel: a driver of four arguments for cxl_pci_setup_regs() builds, too" \
			scripts/env/in-root "$suite" -- scripts/build-driver \
			--out "$TMP/$kernel/four" "$kernel" "$TMP/four" -- W=1
		unlike "$kernel: without cxl-accel's headers" \
			"$(cat "$TMP/$kernel/sample/.cxl_accel_sample.o.cmd")" 'src/include/(cxl/cxl.h|overlay/)'
		like "$kernel: with its own" \
			"$(cat "$TMP/$kernel/sample/.cxl_accel_sample.o.cmd")" 'linux-headers[^ ]*/include/cxl/cxl.h'
	done
}

fetch_sfc() {
	local cached=$CACHE/source/sfc-7.3

	if [ ! -d "$cached" ]; then
		mkdir -p "$TMP/deb" "$cached.new"
		chmod 777 "$TMP/deb"
		scripts/env/in-root experimental -- sh -eu -c "
			apt-get -q update
			cd $TMP/deb
			apt-get -q download linux-source-7.3
			dpkg-deb --fsys-tarfile linux-source-7.3_*.deb |
				tar -xO --wildcards '*/linux-source-7.3.tar.xz' |
				tar -xJ -C $cached.new --strip-components=5 --wildcards '*/drivers/net/ethernet/sfc/*'
		" >&2 || return
		mv "$cached.new" "$cached"
	fi
	echo "$cached"
}

# efx_cxl.c as it is, with its own headers; only the module's end is ours.
sfc() {
	local what="upstream's efx_cxl.c of 7.3 builds unchanged" from=${CXL_ACCEL_SFC:-}

	if [ -z "$from" ]; then
		from=$CACHE/source/sfc-7.3
		[ -d "$from" ] || {
			skip "$what" "its source is not here; CXL_ACCEL_SFC=fetch gets it"
			return
		}
	fi
	if [ "$from" = fetch ]; then
		from=$(fetch_sfc) || {
			fail "$what: cannot fetch linux-source-7.3"
			return
		}
	fi
	mkdir "$TMP/sfc"
	cp "$from"/*.h "$from/efx_cxl.c" "$TMP/sfc/" || {
		fail "$what: no efx_cxl.c in $from"
		return
	}
	cat >"$TMP/sfc/Kbuild" <<-'EOF'
		obj-m := sfc_cxl.o
		sfc_cxl-y := efx_cxl.o end.o
		ccflags-y := -DCONFIG_SFC_CXL
	EOF
	cat >"$TMP/sfc/end.c" <<-'EOF'
		#include <linux/module.h>
		MODULE_DESCRIPTION("sfc's CXL part");
		MODULE_LICENSE("GPL");
	EOF
	ok "$what" build sfc-out "$TMP/sfc"
	cmp "$from/efx_cxl.c" "$TMP/sfc-out/efx_cxl.c"
	is "sfc's CXL part depends on cxl_mem alone" "$(info depends "$TMP/sfc-out/sfc_cxl.ko")" cxl_mem
}

# The statuses of a failure that cxl-accel(7) does not have, with their words, name and errno.
unexplained() {
	local name errno words

	printf '%s\n' "$1" | awk -F'\t' '$3 < 0' | while IFS=$'\t' read -r name errno _ words; do
		grep -xF -A 1 ".B $words" scripts/package/cxl-accel.7 | grep -qxF "$name, \\-$errno." ||
			echo "$name: $words"
	done
}

# One table is behind the enum, the errno and the words; a user's program can read it too.
attach_table() {
	local rows

	cat >"$TMP/table.c" <<-'EOF'
		#include <errno.h>
		#include <stdio.h>
		#include <cxl-accel/attach.h>
		int main(void)
		{
		#define ROW(name, e, words) \
			printf(#name "\t" #e "\t%d\t%s\n", cxl_accel_attach_errno(CXL_ACCEL_ATTACH_##name), \
			       cxl_accel_attach_error_str(CXL_ACCEL_ATTACH_##name));
			CXL_ACCEL_ATTACH_STATUSES(ROW)
			printf("%d %s\n", cxl_accel_attach_errno(-1), cxl_accel_attach_error_str(CXL_ACCEL_ATTACH_NR));
			return 0;
		}
	EOF
	mkdir -p "$TMP/inc/cxl-accel"
	cp src/include/cxl-accel/attach.h "$TMP/inc/cxl-accel/"
	ok "the table of attach errors compiles outside of the kernel" \
		in_root gcc -Wall -Werror -DEPROBE_DEFER=517 "-I$TMP/inc" -o "$TMP/table" "$TMP/table.c"
	rows=$(in_root "$TMP/table")
	like "a status out of range is told" "$rows" '^-22 unknown$'
	rows=$(printf '%s\n' "$rows" | sed '$d')
	is "0 is for success and 'not tried' alone" "$(printf '%s\n' "$rows" | awk -F'\t' '$3 == 0' | wc -l)" 2
	is "no two causes have the same words" "$(printf '%s\n' "$rows" | cut -f4 | sort | uniq -d)" ""
	is "cxl-accel(7) explains each of them" "$(unexplained "$rows")" ""
}

prepare_bundle
stock_kernel_builds
in_place
dialects
must_not_build
wrong_arguments
installed
attach_table
sfc
print_ranges
native experimental
native sid
done_testing
