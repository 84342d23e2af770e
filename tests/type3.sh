# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Expanders (Type-3) with the stock modules and with ours, shared by tests/type3.t and tests/long/type3.t:
# after contract.sh, . tests/type3.sh
#
#	same [--stale] SCENARIO [OPTION of scripts/vm]...
#		What user space sees in the SCENARIO of guest/type3.sh is printed with the stock cxl_mem and with
#		ours, and must be the same to the byte. What may differ is taken out by allowed(), and only
#		there. With --stale, by our cxl_mem and the stock cxl_port.

[ -z "$NO_FLUSH" ] || skip_all "$NO_FLUSH, warns and fails where an expander's region is committed"
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
