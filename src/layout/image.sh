# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # work is the sourcing script's
#
# Gets sections out of kernel images and modules, whatever they are packed in. Sourced by generate.
#
# Uses $work, a scratch directory, and die() of scripts/lib.sh.

first_message() {
	head -n 1 "$work/messages"
}

hex_at() {
	od -An -v -tx1 -N"$3" -j"$2" "$1" 2>/dev/null | tr -d ' \n'
}

number_at() {
	od -An -v -t"u$3" -N"$3" -j"$2" "$1" | tr -d ' \n'
}

# bytes FILE OFFSET LENGTH
bytes() {
	tail -c "+$(($2 + 1))" "$1" | head -c "$3"
}

# decompress FILE: to stdout; status 3 if it is not compressed.
decompress() {
	case $(hex_at "$1" 0 6) in
	1f8b*) gzip -dc "$1" ;;
	fd377a585a00) xz -dc "$1" ;;
	28b52ffd*) zstd -dcq "$1" ;;
	02214c18* | 04224d18*) lz4 -dcq "$1" ;;
	5d0000*) xz -dc --format=lzma "$1" ;;
	425a68*) bzip2 -dc "$1" ;;
	*) return 3 ;;
	esac
}

is_bzimage() {
	[ "$(hex_at "$1" $((0x202)) 4)" = "$(printf HdrS | od -An -tx1 | tr -d ' \n')" ]
}

# The payload of a bzImage, by the x86 boot protocol: setup_sects at 0x1f1, payload_offset at 0x248
# and payload_length at 0x24c. Where it is not gzip, the unpacked size is appended to the stream.
bzimage_payload() {
	local sects offset length

	sects=$(number_at "$1" $((0x1f1)) 1)
	[ "$sects" != 0 ] || sects=4
	offset=$(($(number_at "$1" $((0x248)) 4) + (sects + 1) * 512))
	length=$(number_at "$1" $((0x24c)) 4)
	[ "$(hex_at "$1" "$offset" 2)" = 1f8b ] || length=$((length - 4))
	bytes "$1" "$offset" "$length"
}

# unpack FILE RESULT: what is inside of bzImage and compression.
unpack() {
	local file=$1 status=0

	if is_bzimage "$file"; then
		bzimage_payload "$file" >"$work/payload"
		file=$work/payload
	fi
	decompress "$file" >"$2" 2>"$work/messages" || status=$?
	case $status in
	0) ;;
	3)
		[ "$file" = "$1" ] || die "$1 is truncated or damaged: no compressed kernel is in it"
		cat "$file" >"$2"
		;;
	127) die "cannot unpack $1: $(first_message)" ;;
	*) die "$1 is truncated or damaged: $(first_message)" ;;
	esac
}

# section FILE NAME RESULT [SOURCE]: status 1 if the ELF file FILE has no such section.
section() {
	local place offset length

	place=$(LC_ALL=C readelf -SW "$1" 2>"$work/messages" |
		sed -n "s/.*\] $2  *[A-Z]*  *[0-9a-f]* \([0-9a-f]*\) \([0-9a-f]*\) .*/0x\1 0x\2/p")
	if [ -z "$place" ]; then
		grep -q Error "$work/messages" || return 1
		die "$4 is truncated or damaged: $(first_message)"
	fi
	read -r offset length <<<"$place"
	bytes "$1" $((offset)) $((length)) >"$3"
}

# extract_btf FILE RESULT: status 1 if a sound file has no BTF. Leaves the ELF file in $work/elf.
extract_btf() {
	unpack "$1" "$work/elf"
	case $(hex_at "$work/elf" 0 4) in
	9feb01*) cat "$work/elf" >"$2" ;;
	7f454c46) section "$work/elf" .BTF "$2" "$1" ;;
	*) die "$1 is neither a kernel image nor an ELF file nor BTF" ;;
	esac
}
