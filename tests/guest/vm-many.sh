# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# vm-many.sh N: there are N accelerators. Two of them have no firmware to see to them and no hypervisor
# bit, more have both.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

is 'accelerators' "$(lspci -n | grep -c ' 1200: acce:0002')" "$1"
if [ "$1" = 2 ]; then
	is 'the processor says nothing of a hypervisor' "$(grep -c hypervisor /proc/cpuinfo)" 0
	is 'nobody has enabled their memory' \
		"$(lspci -vv -d acce:0002 | grep -c 'CXLCtl:.*Mem+')" 0
else
	is 'the processors say that they are virtual' "$(grep -c hypervisor /proc/cpuinfo)" 2
	is 'the memory of all is enabled' "$(lspci -vv -d acce:0002 | grep -c 'CXLCtl:.*Mem+')" "$1"
fi
done_testing
