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

need_superuser() {
	[ "$(id -u)" = 0 ] || die "needs root rights: run it with sudo"
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

# why_dax_stays cxl_core_features.h: why dax_hmem and dax_cxl are not replaced; status 1 if they are.
why_dax_stays() {
	if grep -q '^#define HAVE_CXL_REGION_CONTAINS ' "$1"; then
		echo "the kernel shares out Soft Reserved memory itself"
	else
		sed -n 's,^/\* HAVE_DAX_[A-Z_]* is not set: \(.*\) \*/$,\1,p' "$1" | grep -m 1 .
	fi
}
