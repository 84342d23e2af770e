# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# shellcheck disable=SC2034,SC2154 # variables are for the scripts that source this file, or theirs
#
# Who has Soft Reserved memory: . /guest/owners.sh, after accel.sh. POINTS are addresses in it, separated
# by blanks, in the variable points.
#
#	owners		whose each of them is, joined by commas: cxl (a dax device on a CXL region), hmem (one
#			of dax_hmem's), accel (a region without a dax device), none; two with a + in between
#	steady		wait until nobody changes hands any more
#	unload MODULE...	those that are loaded
#	forget		whatever was decided has not been, as after a boot; nothing is bound to the host
#	unload_all	all modules of CXL and of Soft Reserve
#	load_cxl	the modules of CXL, on any kernel
#	outcomes	of owners, line by line in /tmp/outcomes: how often each

HMEM=/sys/bus/platform/drivers/hmem_platform

# Sets found to the dax devices that have the byte at POINT, by what they are on. Starts no process: on a debug
# kernel that takes a second for some.
owner() {
	found=''
	for dax in /sys/bus/dax/devices/dax*; do
		read -r start 2>/dev/null <"$dax/resource" || continue
		read -r size 2>/dev/null <"$dax/size" || continue
		[ "$(($1 >= start && $1 - start < size))" = 1 ] || continue
		cd -P "$dax" || continue
		case $PWD in
		*/dax_region*) found="$found+cxl" ;;
		*/hmem.*) found="$found+hmem" ;;
		*) found="$found+other" ;;
		esac
	done
	cd / || return
	if [ -z "$found" ]; then
		for region in "$CXL"/region*; do
			[ "$region/driver" -ef "$CXL_DRIVERS/cxl_accel_region" ] || continue
			read -r start <"$region/resource" || continue
			read -r size <"$region/size" || continue
			[ "$(($1 >= start && $1 - start < size))" = 0 ] || found="+accel"
		done
	fi
	found=${found#+}
	found=${found:-none}
}

# Sets now.
look_for_owners() {
	now=
	for point in $points; do
		owner "$point"
		now="$now,$found"
	done
	now=${now#,}
}

owners() {
	look_for_owners
	echo "$now"
}

steady() {
	last='none yet'
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		look_for_owners
		[ "$now" != "$last" ] || return 0
		last=$now
		sleep 0.5
	done
}

unload() {
	for module; do
		! loaded "$module" || rmmod "$module" || return
	done
}

unload_all() {
	unload dax_cxl dax_hmem cxl_pci cxl_mem cxl_acpi cxl_port
}

forget() {
	insmod /modules/hosts_accel.ko forget=1 && rmmod hosts_accel
}

load_cxl() {
	modprobe -a cxl_acpi cxl_pci cxl_mem cxl_port 2>/dev/null
	loaded cxl_mem
}

outcomes() {
	sort /tmp/outcomes | uniq -c | sort -rn | awk '{ printf "%s%s %s", sep, $1, $2; sep = ", " }'
}
