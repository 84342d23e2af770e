# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # variables read by the scripts that source this file
#
# Shared by all scripts of this directory and those below, and by those that are installed, too: source
# it, do not run it. What has to do with private roots and kernels is in env/lib.sh.
#
#   TREE    top of the source tree
#   PROG    name of the script that sourced this file, for messages

TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
PROG=${0##*/}

say() {
	printf '%s: %s\n' "$PROG" "$*" >&2
}

die() {
	say "$*"
	exit 1
}

# A mistake on the command line.
usage_die() {
	say "$* (see $PROG --help)"
	exit 2
}

# The tools of kmod are in sbin, which Debian has not in the PATH of a user who may well ask them.
use_sbin() {
	PATH=$PATH:/usr/sbin:/sbin
}

need_superuser() {
	[ "$(id -u)" = 0 ] || die "needs root rights: run it with sudo"
}

# no_blanks DIR...: kbuild takes M=DIR and KDIR apart at blanks, and make at colons.
no_blanks() {
	local dir

	for dir; do
		case $dir in
		*[[:space:]:]*)
			die "'$dir' has a blank or a colon in it, which the kernel's build system cannot have:" \
				"choose another directory"
			;;
		esac
	done
}

# compiler_of KDIR: what make is told for a kernel that was built by clang: a module is built by the same.
# Nothing for one that was built by gcc, or if LLVM= is there already; a CC of the environment is none of
# kbuild's.
compiler_of() {
	local config=$1/include/config/auto.conf suffix='' major

	if [ -n "${LLVM:-}" ] || ! grep -qs '^CONFIG_CC_IS_CLANG=y' "$config"; then
		return 0
	fi
	if ! command -v clang >/dev/null; then
		major=$(sed -n 's/^CONFIG_CLANG_VERSION=\([0-9]*\)[0-9]\{4\}$/\1/p' "$config")
		command -v "clang-$major" >/dev/null ||
			die "the kernel of $1 was built by clang ${major:-}: install clang, and lld"
		suffix=-$major
	fi
	if grep -q '^CONFIG_LD_IS_LLD=y' "$config"; then
		echo "LLVM=${suffix:-1}"
	else
		echo "CC=clang$suffix"
	fi
}

# Print the comment block at the head of a script, without the marks.
help_text() {
	awk 'NR > 1 && !/^#/ { exit }
	     NR > 1 && !/SPDX-License/ { sub(/^# ?/, ""); print }' "$1" | sed '/./,$!d'
}

# The version stands in dkms.conf, and nowhere else.
package_version() {
	sed -n 's/^PACKAGE_VERSION="\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' "$TREE/dkms.conf"
}

# Whoever owns the tree: it may be seen as root.
source_git() {
	git -c safe.directory="$TREE" -C "$TREE" "$@"
}

# Of which commit the source is: a tarball of 'make dist' says so; unknown if it is neither one nor a repository.
source_commit() {
	local commit=${CXL_ACCEL_COMMIT:-}

	[ -n "$commit" ] || commit=$(cat "$TREE/scripts/commit" 2>/dev/null || true)
	case $commit in
	'' | '$'*) commit=$(source_git describe --always --dirty --exclude '*' 2>/dev/null || true) ;;
	esac
	echo "${commit:-unknown}"
}

# dkms_symvers RELEASE: where dkms may keep the Module.symvers of cxl-accel for that kernel, the best first:
# of the version that is installed, then of others, the newest first.
dkms_symvers() {
	local kept=${CXL_ACCEL_DKMS_TREE:-/var/lib/dkms}/cxl-accel link

	for link in "$kept/kernel-$1"-*; do
		case $(readlink "$link") in
		*/"$1"/*) echo "$link/module/Module.symvers" ;;
		esac
	done
	printf '%s\n' "$kept"/*/"$1"/*/module/Module.symvers | sort -Vr
}

# headers_sum RELEASE KDIR: tells builds of a kernel apart, as far as modules see it. Headers may come without
# vmlinux; the image has the types then.
headers_sum() {
	local image

	for image in "$2/vmlinux" "/boot/vmlinuz-$1" "/lib/modules/$1/vmlinuz" /dev/null; do
		[ ! -r "$image" ] || break
	done
	cat "$2/Module.symvers" "$image" | sha256sum | cut -c 1-64
}

port_is_builtin() {
	grep -q '^#define HAVE_CXL_PORT_BUILTIN ' "$1"
}

# why_not PREFIX cxl_core_features.h: why the first row named PREFIX_... does not hold; status 1 if all do.
why_not() {
	sed -n "s,^/\* $1_[A-Z_]* is not set: \(.*\) \*/\$,\1,p" "$2" | grep -m 1 .
}

# why_port_stays cxl_core_features.h: why cxl_port is not replaced; status 1 if it is.
why_port_stays() {
	if port_is_builtin "$1"; then
		echo "it is built in"
	else
		why_not HAVE_PORT "$1"
	fi
}

# why_dax_stays cxl_core_features.h: why dax_hmem and dax_cxl are not replaced; status 1 if they are.
why_dax_stays() {
	if grep -q '^#define HAVE_CXL_REGION_CONTAINS ' "$1"; then
		echo "the kernel shares out Soft Reserved memory itself"
	else
		why_not HAVE_DAX "$1"
	fi
}
