# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# shellcheck disable=SC2016,SC2034,SC2154 # variables set and used by eval
#
# statuses.sh: what <cxl-accel/attach.h> says of each status, for tests of which one a driver is told.

# status_NAME: what the header says for CXL_ACCEL_ATTACH_NAME, errno and words.
EINVAL=-22 ENXIO=-6 EBUSY=-16 ENOMEM=-12 EPROBE_DEFER=-517
eval "$(sed -n 's/^\tX(\([A-Z_]*\), \([A-Z0-9_]*\), "\([^"]*\)").*/status_\1="$((\2)) \3"/p' /root/attach.h)"

# may_be STATUS: what is told, if it is that, is what is wanted
may_be() {
	eval "[ \"\$told\" != \"\$status_$1\" ] || want=\$told"
}
