#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# On the debug kernel (KASAN, lockdep, kmemleak, object debugging): attach, teardown in every order,
# rebind stress and races, without a report and without lost memory. The scripts are those of the other
# tests, with fewer turns.

set -eu
# shellcheck source-path=SCRIPTDIR source=debug.sh
. "$(dirname "$0")/debug.sh"

debug_test 'two accelerators' hb2rp all:hdm-d -- \
	'detach.sh loss_memdev loss_endpoint loss_region loss_delete_region loss_uncommit loss_target
		loss_shared_port loss_host loss_host_module loss_pci_device' \
	'rebind-stress.sh 15 8' 'rebind-stress-detach.sh 8'
debug_test 'side by side' '2*hb(2*acc)' all:hdm-d --append initcall_debug -- 'attach-parallel.sh 4'
debug_test 'one accelerator' hb2rp dev0:hdm-d -- races.sh manual-bind.sh
debug_test 'sleep and hot-plug' hb2rp dev0:hdm-d -- 'power.sh runtime runtime_detached s2idle blocked' \
	'plug.sh late_tidying races10'
debug_test 'a switch' switch all:hdm-d -- 'detach.sh loss_shared_port loss_top_port loss_memdev loss_region'
debug_test 'beside an expander' mixed dev0:hdm-d -- order.sh 'mixed.sh by-hand'
debug_test 'an expander, System RAM' type3 dev0:hdm-h -- in-use.sh

debug_test 'a decoder outside every window' 'hb(acc:512M,empty)' \
	dev0:hdm-d/at=outside/size=256M,dev0:hdm-d -- 'decoders.sh 0 1'
debug_test 'two decoders' 'hb(acc:512M,empty)' dev0:hdm-d/size=256M,dev0:hdm-d -- 'decoders.sh 0 0 1'
debug_test resets hb2rp all:hdm-d --append iomem=relaxed -- \
	'reset.sh odd_accel 256 while_bound while_unbound callbacks silent sibling aer_recovered races'
# On one processor: see reset-races.t.
debug_test 'reset races' hb2rp all:hdm-d --smp 1 --append preempt=full -- \
	'reset-races.sh 25 driver memdev endpoint two'
debug_test 'reset races, two functions' 'hb(two,empty)' dev0:hdm-d --smp 1 --append preempt=full -- \
	'reset-races.sh 10 sibling'
debug_test 'regions that are created' 'hb(acc,acc,exp),hb(acc,empty)' none --window hb0:768M \
	--window hb1:256M:type3+volatile --append iomem=relaxed -- 'create.sh refusals two expander losses host_only'
debug_test 'a full window' 'hb(acc,exp)' dev0:hdm-d --window hb0:256M -- 'reserve.sh dev0 dev1'
debug_test 'hostile registers' 'hb(raw:512M,acc:512M)' dev0:hdm-d/size=256M,dev1:hdm-d/size=256M \
	--file src/include/cxl-accel/attach.h -- hostile.sh

# pciehp of 6.12 takes its reset lock within pci_rescan_remove_lock, and the other way round, when a
# slot is emptied, whatever was in it.
debug_test 'hot-plug' hb2rp dev0:hdm-d --append lockdep.prove_locking=0 -- hotplug.sh
debug_test 'hot-plug against reset' hb2rp dev0:hdm-d --smp 1 --append 'preempt=full lockdep.prove_locking=0' -- \
	'plug.sh resets10 turns10'
skip 'hot-plug: locks are taken in order' "pciehp itself does not (reset_lock, pci_rescan_remove_lock)"

done_testing
