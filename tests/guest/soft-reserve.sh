# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# soft-reserve.sh POINTS STEP=OWNERS...: who has Soft Reserved memory after each STEP. POINTS are
# addresses in it, OWNERS what is expected at each of them, both joined by commas: cxl (a dax device on a
# CXL region), hmem (one of dax_hmem's), accel (a region without a dax device), none.
#
#	boot		dax_hmem comes first, then the CXL modules, then dax_cxl
#	absent		cxl_acpi cannot be loaded
#	late		it can be after all
#	NAME		that module is removed, with those that need it, and loaded again
#	no_acpi		cxl_acpi is removed, and dax_hmem reloaded; it does not come again
#	rebind		the hmem_platform device is unbound and bound
#	second		there is another hmem_platform device

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh
# shellcheck source-path=SCRIPTDIR source=owners.sh
. /guest/owners.sh

ACPI=$(find /lib/modules -name 'cxl_acpi.ko*')
points=$(echo "$1" | tr , ' ')
shift

# hide, unhide: whether there is a cxl_acpi to be loaded
hide() {
	mv "$ACPI" "$ACPI.hidden"
}
unhide() {
	mv "$ACPI.hidden" "$ACPI"
}

step() {
	case $1 in
	boot)
		modprobe dax_hmem && load_cxl && modprobe -a device_dax dax_cxl
		;;
	absent)
		hide
		modprobe dax_hmem && modprobe -a device_dax dax_cxl
		;;
	late)
		unhide
		load_cxl
		;;
	dax_hmem)
		unload dax_cxl dax_hmem && modprobe dax_hmem && modprobe dax_cxl
		;;
	dax_cxl)
		unload dax_cxl && modprobe dax_cxl
		;;
	cxl_mem)
		unload cxl_pci cxl_mem && load_cxl
		;;
	cxl_pci)
		unload cxl_pci && load_cxl
		;;
	cxl_acpi)
		unload cxl_acpi && load_cxl
		;;
	no_acpi)
		unload cxl_acpi && hide || return
		unload dax_cxl dax_hmem && modprobe dax_hmem && modprobe dax_cxl
		;;
	second)
		insmod /modules/hosts_accel.ko second=1
		;;
	rebind)
		echo hmem_platform.0 >$HMEM/unbind && echo hmem_platform.0 >$HMEM/bind
		;;
	esac
}

for word; do
	name=${word%%=*}
	ok "$name: can be done" step "$name"
	steady
	now=$(owners)
	is "$name: owners" "$now" "${word#*=}"
	# The stock modules are not held to that.
	case $word in
	*+*) ;;
	*) unlike "$name: no byte has two" "$now" '\+' ;;
	esac
done

done_testing
