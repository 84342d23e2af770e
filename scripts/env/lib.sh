# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # variables read by the scripts that source this file
#
# Shared by the scripts that work in private roots, or on kernels in the cache: in place of ../lib.sh,
# which is in it. Never installed.
#
#   CACHE   private roots, kernels, initramfs images; may be removed at any time. Of a user without root rights it
#           is below his home

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
if [ "$(id -u)" = 0 ]; then
	CACHE=${CXL_ACCEL_CACHE:-/var/cache/cxl-accel}
else
	CACHE=${CXL_ACCEL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cxl-accel}
fi
export CXL_ACCEL_CACHE=$CACHE
SCRIPT_ARGUMENTS=("$@")

# What is built in the tree is built by kbuild, in a root that has the tree at the same path.
[ "${1:-}" = --help ] || no_blanks "$TREE" "$CACHE"

# Root rights, or those over what is one's own: in a user namespace, whose root the user is, with the subordinate
# ids that a private root needs for its files, and process ids of its own, as mmdebstrap mounts a /proc. The script
# begins again there, so this comes before anything is done.
need_superuser() {
	local namespace=(unshare --user --map-auto --map-root-user --mount --propagation private --pid --fork
		--kill-child --mount-proc)

	[ "$(id -u)" != 0 ] || return 0
	use_sbin
	{ command -v mmdebstrap && "${namespace[@]}" true; } >/dev/null 2>&1 ||
		die "needs root rights: run it with sudo. Or without, where users may have namespaces, with the packages" \
			"mmdebstrap and uidmap, and a range of $(id -un)'s in /etc/subuid and /etc/subgid"
	exec "${namespace[@]}" "$0" "${SCRIPT_ARGUMENTS[@]}"
}

# Root of a container may not mount anything: in a private root nothing could be run, nor one made.
need_mounts() {
	need_superuser
	unshare --mount --propagation private true 2>/dev/null ||
		die "needs to mount, and root may not do so here (no CAP_SYS_ADMIN): in a container, start that" \
			"with --privileged, or --cap-add SYS_ADMIN --security-opt seccomp=unconfined" \
			"--security-opt apparmor=unconfined"
}

# The private roots that scripts/env/root knows: Debian suites, bookworm with packaging tools, what reads
# licenses, and what builds for arm64.
SUITES="bookworm trixie sid experimental packaging reuse arm64"

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
#   mitigations=off random.trust_cpu=on: boot faster
#   maxcpus=1: init is to start the others. While one processor changes the memory map, as finding the
#     PCI devices does all the time, QEMU loses what another writes to its local APIC, which then has
#     no timer any more, or ends with an assertion in iotlb_to_section(): in one boot of some hundred
# On amd64:
#   no_timer_check: an emulated processor on a busy machine is late at times
#   noreplace-smp lpj: that is soon done, then. Delays are as meant at 5 GHz and 250 Hz, else longer
EMULATED="loglevel=7 oops=panic panic=-1 mitigations=off random.trust_cpu=on maxcpus=1"
EMULATED_AMD64="no_timer_check noreplace-smp lpj=20000000"

# newest_kernel ROOT [PATTERN]: release of the newest kernel of a private root, which must be there.
newest_kernel() {
	local release

	release=$(cd "$CACHE/root/$1/lib/modules" && compgen -G "${2:-*}" | sort -V | tail -n 1)
	[ -n "$release" ] || die "no kernel in $CACHE/root/$1: 'make clean-all' and try again"
	echo "$release"
}

# Release of the newest 6.12 kernel in the bookworm root, which must be there.
stock_kernel() {
	newest_kernel bookworm '6.12.*'
}

# link_headers RELEASE ROOT: in a kernel of the cache, from where modules to where headers are: /lib may be a link.
# ROOT is the private root with the compiler for it.
link_headers() {
	local dir

	dir=$(realpath "$CACHE/kernel/$1/lib/modules/$1")
	ln -sfn "$(realpath --relative-to="$dir" "$CACHE/kernel/$1/usr/src/linux-headers-$1")" "$dir/build"
	echo "$2" >"$CACHE/kernel/$1/root"
}

# kernel_root RELEASE: the private root with the compiler for it.
kernel_root() {
	if [ -d "$CACHE/root/arm64/lib/modules/$1" ]; then
		echo arm64
	else
		cat "$CACHE/kernel/$1/root" 2>/dev/null || echo bookworm
	fi
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

# image_arch IMAGE: amd64 or arm64, by the magic number of an arm64 Image.
image_arch() {
	if [ "$(od -An -tx1 -j 56 -N 4 "$1" | tr -d ' ')" = 41524d64 ]; then
		echo arm64
	else
		echo amd64
	fi
}

# arch_root ARCH: the private root in which guests of that architecture are made and run.
arch_root() {
	case $1 in
	amd64) echo bookworm ;;
	arm64) echo arm64 ;;
	esac
}
