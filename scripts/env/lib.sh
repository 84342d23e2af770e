# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # variables read by the scripts that source this file
#
# Shared by the scripts that work in private roots, or on kernels in the cache: in place of ../lib.sh,
# which is in it. Never installed.
#
#   CACHE   private roots, kernels, initramfs images; may be removed at any time

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
CACHE=${CXL_ACCEL_CACHE:-/var/cache/cxl-accel}
export CXL_ACCEL_CACHE=$CACHE

# The private roots that scripts/env/root knows: Debian suites, and bookworm with packaging tools.
SUITES="bookworm trixie sid experimental packaging"

# The suite whose private root this process runs in; empty on the host.
current_root() {
	cat /etc/cxl-accel-suite 2>/dev/null || true
}

# with_lock NAME CMD...: one at a time per NAME, across processes.
with_lock() {
	local name=$1 rc=0
	shift
	mkdir -p "$CACHE/lock"
	(
		flock 9
		"$@" 9>&-
	) 9>"$CACHE/lock/$name" || rc=$?
	return "$rc"
}

# What a kernel is told that boots on a machine of QEMU's, whose processor is emulated.
#   loglevel=7: the console log is where complaints are looked for
#   oops=panic panic=-1: an oops ends the run, at once
#   no_timer_check: an emulated processor on a busy machine is late at times
#   mitigations=off random.trust_cpu=on: boot faster
#   maxcpus=1: init is to start the others. While one processor changes the memory map, as finding the
#     PCI devices does all the time, QEMU loses what another writes to its local APIC, which then has
#     no timer any more, or ends with an assertion in iotlb_to_section(): in one boot of some hundred
#   noreplace-smp lpj: that is soon done, then. Delays are as meant at 5 GHz and 250 Hz, else longer
EMULATED="loglevel=7 oops=panic panic=-1 no_timer_check mitigations=off random.trust_cpu=on"
EMULATED+=" maxcpus=1 noreplace-smp lpj=20000000"

# Release of the newest 6.12 kernel in the bookworm root, which must be there.
stock_kernel() {
	local release

	release=$(cd "$CACHE/root/bookworm/lib/modules" && printf '%s\n' 6.12.* | sort -V | tail -n 1)
	[ -d "$CACHE/root/bookworm/lib/modules/$release" ] ||
		die "no 6.12 kernel in $CACHE/root/bookworm: 'make clean-all' and try again"
	echo "$release"
}

# link_headers RELEASE: in a kernel of the cache, from where modules to where headers are: /lib may be a link.
link_headers() {
	local dir

	dir=$(realpath "$CACHE/kernel/$1/lib/modules/$1")
	ln -sfn "$(realpath --relative-to="$dir" "$CACHE/kernel/$1/usr/src/linux-headers-$1")" "$dir/build"
}

# kernel_root RELEASE: the private root with the compiler for it.
kernel_root() {
	cat "$CACHE/kernel/$1/root" 2>/dev/null || echo bookworm
}

# kernel_headers RELEASE: where its headers are, as seen in that root: those of scripts/env/kernel
# are in the cache.
kernel_headers() {
	local dir=$CACHE/kernel/$1/lib/modules/$1/build

	[ -d "$dir" ] || dir=/lib/modules/$1/build
	echo "$dir"
}

# kernel_image RELEASE: the image of a kernel that scripts/env/get-kernel fetched; nothing if there is none.
kernel_image() {
	local file

	for file in "$CACHE/kernel/$1/boot/vmlinuz-$1" "$CACHE/kernel/$1/lib/modules/$1/vmlinuz"; do
		[ ! -f "$file" ] || { echo "$file" && return; }
	done
}
