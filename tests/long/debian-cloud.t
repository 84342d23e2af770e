#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Debian 13's 6.12 of the flavour cloud: built for virtual machines.

set -eu
# shellcheck disable=SC2034 # read there
SERIES=cloud
# shellcheck source-path=SCRIPTDIR source=series.sh
. "$(dirname "$0")/series.sh"
