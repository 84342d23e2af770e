#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# cxl-accel-dkms in Debian 12 with its 6.12 kernel, see debian.sh.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=debian.sh
. "$(dirname "$0")/debian.sh"

debian_test bookworm "Debian 13"
done_testing
