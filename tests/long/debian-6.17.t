#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Debian's 6.17, as it was in trixie-backports: DPA partitions, cxl_port built in.

set -eu
# shellcheck disable=SC2034 # read there
SERIES=6.17
# shellcheck source-path=SCRIPTDIR source=series.sh
. "$(dirname "$0")/series.sh"
