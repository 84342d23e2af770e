# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables of scripts/vm
#
# Part of scripts/vm: which kernel, and the initramfs that is booted with it.

# ---- kernel ----

# Sets vmlinuz, modules_dir and release.
find_kernel() {
	local dir

	if [ -n "$modules_dir" ]; then
		vmlinuz=$kernel
		modules_dir=$(realpath "$modules_dir")
		release=${modules_dir##*/}
		return
	fi
	release=${kernel:-$(default_kernel)}
	for dir in "" "$CACHE"/root/* "$CACHE/kernel/$release"; do
		modules_dir=$dir/lib/modules/$release
		[ -f "$modules_dir/modules.dep" ] || continue
		for vmlinuz in "$dir/boot/vmlinuz-$release" "$modules_dir/vmlinuz"; do
			[ ! -f "$vmlinuz" ] || return 0
		done
	done
	usage_die "no kernel '$release': the ones at hand are $(known_kernels); scripts/env/get-kernel fetches others"
}

default_kernel() {
	if [ "$arch" = arm64 ]; then
		newest_kernel arm64
	else
		stock_kernel
	fi
}

known_kernels() {
	local file

	for file in "$CACHE"/{root,kernel}/*/lib/modules/*/modules.dep; do
		[ ! -f "$file" ] || basename "${file%/modules.dep}"
	done | sort -uV | tr '\n' ' ' | sed 's/ $//'
}

# ---- what depends on neither run nor command: built once ----

# cached NAME BUILDER SOURCE...: print the directory that `BUILDER directory` filled, which is
# built again when a SOURCE changes.
cached() {
	local name=$1 builder=$2 key
	shift 2
	key=$(cat "$@" | sha256sum | cut -c1-12)
	[ -d "$CACHE/vm/$name-$key" ] ||
		with_lock vm build_cached "$CACHE/vm/$name-$key" "$builder" ||
		die "cannot build what the guest needs: see the messages above"
	echo "$CACHE/vm/$name-$key"
}

build_cached() {
	local dir=$1 builder=$2

	[ ! -d "$dir" ] || return 0
	rm -rf "$dir.new"
	mkdir -p "$dir.new"
	"$builder" "$dir.new" && mv "$dir.new" "$dir"
}

# plugin NAME: print where QEMU's plugin out of tests/qemu/NAME.c is.
plugin() {
	local dir

	dir=$(source=$TREE/tests/qemu/$1.c cached "$1-$arch" build_plugin "$TREE/tests/qemu/$1.c" \
		/var/lib/dpkg/info/qemu-system-"${QEMU_PACKAGE[$arch]}".md5sums) || return
	echo "$dir/plugin.so"
}

# The versions of its plugin interface that QEMU supports are known to nobody but itself.
build_plugin() {
	local so=$1/plugin.so version

	for version in {2..20}; do
		gcc -Wall -Wextra -O2 -shared -fPIC -DPLUGIN_VERSION="$version" -o "$so" "$source" ||
			return
		if "${QEMU[$arch]}" -M none -accel tcg -display none -monitor stdio -plugin "$so" \
			<<<quit >/dev/null 2>"$1/log"; then
			return
		fi
	done
	cat "$1/log" >&2
	return 1
}

# The kernel that a bzImage unpacks itself to, of which an emulated processor makes a second's work: QEMU
# starts it by its PVH entry. Nothing, if it is packed in another way or has none.
build_unpacked() {
	local at size tool magic out=$1/vmlinux

	at=$((($(od -An -tu1 -j $((0x1f1)) -N 1 "$vmlinuz") + 1) * 512))
	at=$((at + $(od -An -tu4 -j $((0x248)) -N 4 "$vmlinuz")))
	size=$(($(od -An -tu4 -j $((0x24c)) -N 4 "$vmlinuz")))
	magic=$(od -An -tx1 -j "$at" -N 4 "$vmlinuz" | tr -d ' ')
	case $magic in
	28b52ffd) tool="zstd -q" ;;
	fd377a58) tool="xz --single-stream" ;;
	1f8b*) tool="gzip -q" ;;
	*) return 0 ;;
	esac
	# What follows, the size, is for the kernel's own unpacker.
	tail -c +$((at + 1)) "$vmlinuz" | head -c "$size" | $tool -dc >"$out" 2>/dev/null || true
	# XEN_ELFNOTE_PHYS32_ENTRY
	readelf -n "$out" 2>/dev/null | grep -q '^ *Xen .*(0x00000012)' || rm -f "$out"
}

# Sets boot, what QEMU is given as the kernel.
find_boot() {
	boot=$vmlinuz
	[ "$arch" = amd64 ] || return 0
	boot=$(cached "kernel-$release" build_unpacked "$vmlinuz")/vmlinux
	[ -f "$boot" ] || boot=$vmlinuz
}

build_base_image() {
	"$TREE/tests/qemu/mkimage" "$arch" "$release" "$modules_dir" "$1"
}

# ---- what this run adds to the image ----

quote() {
	local word

	for word; do
		printf "'%s' " "${word//\'/\'\\\'\'}"
	done
}

add_modules() {
	local overlay=$1 dest=$1/lib/modules/$release module

	mkdir -p "$overlay/modules" "$overlay/lib/modules"
	cp -a "$base/tree/lib/modules/$release" "$dest"
	mkdir -p "$dest/updates/dkms"
	for module in "${modules[@]}"; do
		cp "$module" "$dest/updates/dkms/"
		ln -sf "/lib/modules/$release/updates/dkms/${module##*/}" "$overlay/modules/"
	done
	depmod -b "$overlay" "$release" || die "depmod failed for ${modules[*]}"
	rm -rf "$dest/kernel"
}

add_files() {
	local overlay=$1 file dest

	for file in "${files[@]}"; do
		dest=/root/$(basename "${file%%:*}")
		[[ $file != *:* ]] || dest=${file#*:}
		mkdir -p "$overlay$(dirname "$dest")"
		cp -rL "${file%%:*}" "$overlay$dest"
	done
}

make_initrd() {
	local overlay=$run/overlay

	mkdir -p "$overlay/vm"
	quote "${command[@]}" >"$overlay/vm/command"
	echo "${firmware_args[*]}" >"$overlay/vm/firmware"
	echo "${load[*]}" >"$overlay/vm/load"
	[ ${#modules[@]} = 0 ] || add_modules "$overlay"
	add_files "$overlay"
	{
		cat "$base/base.cpio"
		(cd "$overlay" && find . -mindepth 1 | cpio --quiet -o -H newc -R 0:0)
	} >"$run/initrd"
	rm -rf "$overlay"
}
