# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# vm-firmware.sh: what platform firmware refuses to do, and why. By its program, so that each does not want
# a boot; what scripts/vm makes of a refusal is in tests/vm.t. Window 0: 1 GiB, type2 and volatile.

# shellcheck source=tests/guest/tap.sh
. /guest/tap.sh

# refused WHAT REGEX ARG...
refused() {
	what=$1 regex=$2
	shift 2
	nok "$what: platform firmware fails" platform-firmware "$@"
	like "$what: platform firmware says why" "$(platform-firmware "$@" 2>&1)" "$regex"
}

refused 'hdm-h, which no window allows' 'has room for 0x10000000 bytes of hdm-h' 0xd0:hdm-h
refused 'a skip that no register holds' 'pci.*: a decoder cannot have a DPA skip of 0x8000000' \
	0xd0:hdm-d/skip=128M/size=256M
refused 'a second decoder, no memory left' 'no memory is left for another decoder' 0xd1:hdm-d 0xd1:hdm-d
done_testing
