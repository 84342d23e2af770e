#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Expanders (Type-3): exactly as with the stock modules (C9). What user space sees is printed with
# the stock cxl_mem and with ours, and must be the same to the byte. What may differ is taken out by
# allowed(), and only there. Then an accelerator and an expander side by side.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

[ -z "${CXL_TEST_HYPERVISOR:-}" ] ||
	skip_all "below a hypervisor the stock core itself warns, and fails, where an expander's region is committed"
guest_program mem_ioctl

# That the stock cxl_port is there, and should not be.
allowed() {
	grep -a -v '^cxl_mem: the stock cxl_port was loaded first, and is used: ' "$1"
}

# facts FILE [OPTION]... -- SCENARIO
facts() {
	local file=$1
	shift
	if ! in_guest --file tests/guest:/guest --timeout 1200 "${MEM_IOCTL[@]}" "${@:1:$#-2}" \
		-- sh /guest/type3.sh "${!#}" >"$file" 2>"$file.stderr"; then
		tail -n 60 "$file.stderr"
		return 1
	fi
	grep -a -c '^====' "$file"
}

# same [--stale] SCENARIO [OPTION of scripts/vm]...: with --stale, by our cxl_mem and the stock cxl_port
same() {
	local mem=("${MEM[@]}") with=''

	[ "$1" != --stale ] || { mem=("${STALE[@]}") with=' with the stock cxl_port' && shift; }
	local scenario=$1
	shift
	local stock=$TMP/$scenario.stock ours=$TMP/$scenario.ours steps

	case "$KERNEL $*" in
	6.1[6-9].*--firmware*)
		skip "$scenario: ours is as the stock modules" \
			"the stock $KERNEL crashes by itself where a committed expander goes"
		return
		;;
	esac
	if ! steps=$(facts "$stock" "$@" -- "$scenario"); then
		fail "$scenario: the stock modules come to the end of it"
		echo "$steps" | explain
		return
	fi
	ok "$scenario: ours comes to the end of it$with, and the kernel does not complain" \
		facts "$ours" "$@" "${mem[@]}" -- "$scenario"
	allowed "$stock" >"$stock.allowed"
	allowed "$ours" >"$ours.allowed"
	ok "$scenario: user space sees the same$with in all $steps steps" \
		diff -U 2 "$stock.allowed" "$ours.allowed"
}

same firmware --topology type3 --firmware all:hdm-h
same by-hand --topology type3
same two-bridges --topology two-hb --device type3
same interleaved --topology type3 --firmware dev1+dev0:hdm-h
same switch --topology switch --device type3 --firmware dev0+dev1:hdm-h
same bridges --topology two-hb --device type3 --firmware dev0+dev1:hdm-h
[ ${#STALE[@]} = 0 ] || same --stale firmware --topology type3 --firmware all:hdm-h

driver drivers/vendor
for expander in firmware by-hand; do
	firmware=dev0:hdm-d
	[ $expander != firmware ] || firmware=$firmware,dev1:hdm-h
	guest_test "side by side, expander $expander" --topology mixed --firmware $firmware "${MEM[@]}" \
		"${VENDOR[@]}" -- mixed.sh $expander
done

done_testing
