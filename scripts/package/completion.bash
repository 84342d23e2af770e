# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Completion of cxl-accel(8) in bash. What there is to choose from, the command itself knows: kernels by
# their directories, statuses of an attach by its list.

_cxl_accel() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words=''

	case $COMP_CWORD,${COMP_WORDS[1]},$before in
	1,*) words="status check explain reload --help --version" ;;
	2,check,* | *,status,--kernel)
		words=$(cd /lib/modules 2>/dev/null && for dir in */modules.dep; do echo "${dir%/*}"; done)
		;;
	3,check,*)
		compopt -o dirnames 2>/dev/null
		return
		;;
	2,explain,*) words=$(cxl-accel explain 2>/dev/null | cut -d ' ' -f 1) ;;
	*,status,*) words="--json --tree --initramfs --kernel --next --help" ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _cxl_accel cxl-accel
