#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# 6.18 with all of CXL as modules: cxl_port is one, and stays.

set -eu
# shellcheck disable=SC2034 # read there
SERIES=modular-6.18
# shellcheck source-path=SCRIPTDIR source=series.sh
. "$(dirname "$0")/series.sh"
