# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # variables of scripts/cxl-accel
#
# Part of scripts/cxl-accel: reading, without a process for each file. What is read is in REPLY.

# first_line FILE: nothing if it cannot be read
first_line() {
	REPLY=''
	[ ! -r "$1" ] || read -r REPLY 2>/dev/null <"$1" || true
}

# link_name LINK: the last part of where it leads to
link_name() {
	REPLY=''
	if [ -L "$1" ]; then
		REPLY=$(readlink "$1")
		REPLY=${REPLY##*/}
	fi
}

# boolean 1|0|Y|N|other
boolean() {
	case $1 in
	1 | Y) REPLY=true ;;
	0 | N) REPLY=false ;;
	*) REPLY='' ;;
	esac
}

# range_of START SIZE: FIRST and LAST; both empty unless START can be read and there is something
range_of() {
	first='' last=''
	if [ -n "$1" ] && [ $(($2)) -gt 0 ]; then
		printf -v first 0x%x $(($1))
		printf -v last 0x%x $(($1 + $2 - 1))
	fi
}

# ---- configuration space: PCI Express 6.0, 7.9.3; CXL 3.1, 8.1 ----

# read_config DIR: sets words; status 1 if no more than its header is readable as this user
read_config() {
	words=()
	read -r -d '' -a words < <(od -An -v -t u4 "$1/config" 2>/dev/null) || true
	[ ${#words[@]} -gt 16 ]
}

# capability ID [DVSEC]: where the extended capability is, of CXL's DVSECs that one; status 1 if there is none
capability() {
	local at=256 hops=0 word

	while [ "$at" != 0 ] && [ $((at / 4 + 2)) -lt ${#words[@]} ] && [ $((hops++)) -lt 100 ]; do
		word=${words[at / 4]}
		if [ $((word & 0xffff)) = $(($1)) ] && { [ -z "${2:-}" ] ||
			[ $((words[at / 4 + 1] & 0xffff)).$((words[at / 4 + 2] & 0xffff)) = $((0x1e98)).$(($2)) ]; }; then
			REPLY=$at
			return
		fi
		at=$((word >> 20))
	done
	REPLY=''
	return 1
}

# bit OFFSET BIT: of the word there
bit() {
	if [ $((words[$1 / 4] >> $2 & 1)) = 1 ]; then REPLY=true; else REPLY=false; fi
}
