#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Hostile registers: whatever an accelerator's registers say, its CDAT or the host bridge's decoders, the
# attach ends with a status, the kernel has nothing to complain of, nothing is left behind, and the next
# good attach works (C1).

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver drivers/why

guest_test registers --topology 'hb(raw:512M,acc:512M)' \
	--firmware dev0:hdm-d/size=256M,dev1:hdm-d/size=256M "${MEM[@]}" "${WHY[@]}" \
	--file src/include/cxl-accel/attach.h -- hostile.sh

# le BYTES VALUE: little-endian, in hexadecimal
le() {
	local i

	for ((i = 0; i < $1; i++)); do
		printf %02x $(($2 >> 8 * i & 255))
	done
}
# CDAT 1.03: a memory range, and its latency or bandwidth
dsmas() {	# HANDLE BASE LENGTH
	echo "0000$(le 2 24)$(le 1 "$1")00$(le 2 0)$(le 8 "$2")$(le 8 "$3")"
}
dslbis() {	# HANDLE TYPE UNIT VALUE
	echo "0100$(le 2 24)$(le 1 "$1")00$(le 1 "$2")00$(le 8 "$3")$(le 2 "$4")$(le 2 "$4")$(le 2 "$4")0000"
}
# cdat FILE CHECKSUM-ERROR STRUCTURE...
cdat() {
	local file=$1 error=$2 structures head sum=0 i
	shift 2

	structures=$(printf %s "$@")
	head=$(le 4 $((16 + ${#structures} / 2)))01
	for ((i = 0; i < ${#head} + ${#structures}; i += 2)); do
		sum=$((sum + 0x$(cut -c $((i + 1))-$((i + 2)) <<<"$head$structures")))
	done
	# shellcheck disable=SC2046,SC2059 # bytes
	printf "$(printf '\\x%s' $(fold -w 2 <<<"$head$(le 1 $((error - sum)))$(le 10 0)$structures"))" >"$file"
}

M256=$((256 << 20))
cdat "$TMP/true" 0 "$(dsmas 0 0 $M256)" "$(dslbis 0 1 1000 100)"
cdat "$TMP/sum" 1 "$(dsmas 0 0 $M256)" "$(dslbis 0 1 1000 100)"
cdat "$TMP/empty" 0
cdat "$TMP/large" 0 "$(dsmas 0 0 -1)" "$(dslbis 0 1 -1 65534)" "$(dslbis 0 3 -1 65534)"
cdat "$TMP/wraps" 0 "$(dsmas 0 $((-M256)) $((2 * M256)))" "$(dslbis 0 1 0 0)"
cdat "$TMP/elsewhere" 0 "$(dsmas 0 $((1 << 60)) $M256)" "$(dslbis 9 1 1 1)"
cdat "$TMP/twice" 0 "$(dsmas 0 0 $M256)" "$(dsmas 0 0 $M256)" "$(dsmas 1 0 0)" "$(dslbis 0 255 1 1)"
cdats=() n=0
for lie in true sum empty large wraps elsewhere twice; do
	cdats+=(--cdat "dev$n=$TMP/$lie")
	n=$((n + 1))
done
guest_test CDAT --topology 'hb(4*acc),hb(3*acc,exp)' --firmware "$(printf 'dev%s:hdm-d,' {0..6})" "${MEM[@]}" \
	"${WHY[@]}" "${cdats[@]}" -- hostile-cdat.sh 7

guest_test 'host bridge' --firmware all:hdm-d "${MEM[@]}" "${WHY[@]}" \
	--file src/include/cxl-accel/attach.h -- hostile-bridge.sh

done_testing
