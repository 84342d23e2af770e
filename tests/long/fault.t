#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# On the debug kernel: each memory allocation of an attach fails once, which leaves nothing behind and
# loses no memory. For the first attach after cxl_mem has been loaded, below a switch, where each attach
# makes the ports, too, and when modules are loaded, some do.

set -eu
# shellcheck source-path=SCRIPTDIR source=debug.sh
. "$(dirname "$0")/debug.sh"

debug_test 'allocations' hb2rp dev0:hdm-d --smp 1 -- 'fault.sh later 1 1'
debug_test 'some' hb2rp dev0:hdm-d --smp 1 -- 'fault.sh first 1 23' 'fault-load.sh 19'
debug_test 'switch' switch dev0:hdm-d --smp 1 -- 'fault.sh later 1 13'
debug_test 'a region that is created' hb2rp none --smp 1 --append iomem=relaxed -- 'create-fault.sh 1 3'

done_testing
