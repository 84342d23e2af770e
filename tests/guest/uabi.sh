# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# User space looks at an accelerator's memdev and at all that belongs to it, and tries whatever it
# would try with an expander: attributes, debugfs, ioctls, the cxl tool. Nothing hurts, and nothing
# but what takes its memory away takes its memory away.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

dev0=$(pci_address dev0)
MEM=/dev/cxl/mem0

load_hierarchy
modprobe cxl_mem
insmod /modules/vendor_accel.ko fatal=1
ok 'dev0 is attached' attached dev0
hpa0=$(hpa dev0)
before=$(bus_devices)
log_mark

# unharmed WHAT
unharmed() {
	ok "$1: still attached" attached dev0
	is "$1: nothing came or went on the CXL bus" "$(bus_devices)" "$before"
	ok "$1: its memory decodes" decodes "$hpa0"
	is "$1: the driver was not released" "$(log_count 'memory is gone|: removed')" 0
}

# ---- reading ----

# attributes DEVICE: those one or two directories down that belong to it, not to a child.
attributes() {
	(
		cd "$CXL/$1/" || exit
		for file in * ram/* pmem/* security/*; do
			[ ! -f "$file" ] || echo "$file"
		done
	)
}

show() {
	attributes "$1" | while read -r file; do
		[ "$file" != dev ] || continue
		mode=$(stat -c %a "$CXL/$1/$file")
		case $mode in
		2??) echo "$file $mode" ;;
		*) echo "$file $mode $(tr '\n\0' '  ' <"$CXL/$1/$file" 2>&1)" ;;
		esac
	done | sed 's/ *$//'
}

is 'mem0: its attributes' "$(show mem0 | grep -v -E '^(uevent|numa_node) ')" \
	"firmware_version 444
label_storage_size 444 0
payload_max 444 0
serial 444 0xd0
ram/size 444 0x10000000
pmem/size 444 0x0
security/state 444 disabled"
for dev in mem0 endpoint2 decoder2.0 decoder2.1 decoder2.2 decoder2.3 region0 port1 decoder1.0 \
	decoder0.0 root0; do
	attributes $dev | while read -r file; do
		[ $((0$(stat -c %a "$CXL/$dev/$file") & 0400)) = 0 ] ||
			cat "$CXL/$dev/$file" >/dev/null 2>&1 || echo "$file: cannot be read"
	done >/tmp/unread
	case $dev in
	# Not of this kind of region (uuid), or made by nobody.
	region0) sed -i '/^uuid:/d' /tmp/unread ;;
	esac
	is "$dev: all attributes can be read" "$(cat /tmp/unread)" ''
done
is 'debugfs: one file, nothing to poison' "$(ls /sys/kernel/debug/cxl/mem0)" dpamem
ok 'debugfs: it can be read' cat /sys/kernel/debug/cxl/mem0/dpamem
unharmed 'reading'

# ---- writing ----

# Values that would be wrong for every attribute, and some that are good for one.
try_writing() {
	for value in '' x -1 0xffffffffffffffffffff 1 2 256 0x10000000 ram pmem region0 region7 mem0 \
		decoder2.1 decoder2.0 "$(head -c 4095 /dev/zero | tr '\0' a)"; do
		case $1/$value in
		# Takes the decoder out of the region; detach.t has that.
		*/target0/) continue ;;
		esac
		echo "$value" >"$1" 2>/dev/null && echo "$1 took '$value'"
	done
}

for dev in decoder2.0 region0; do
	attributes $dev | while read -r file; do
		case $file in
		uevent | commit) continue ;;
		esac
		[ $((0$(stat -c %a "$CXL/$dev/$file") & 0200)) = 0 ] || try_writing "$CXL/$dev/$file"
	done >/tmp/taken
	case $dev in
	# What it has already changes nothing.
	region0) sed -i "/size took '0x10000000'/d" /tmp/taken ;;
	esac
	is "$dev: takes nothing" "$(cat /tmp/taken)" ''
done
nok 'region0: garbage is no commit' sh -c "echo x >$CXL/region0/commit"
nok 'decoder0.0: no region of that name' sh -c "echo region9 >$CXL/decoder0.0/delete_region"
nok 'decoder0.0: not the next region' sh -c "echo region0 >$CXL/decoder0.0/create_ram_region"
unharmed 'writing'

# ---- a region of somebody's own, of an accelerator's free decoder ----

next=$(cat $CXL/decoder0.0/create_ram_region)
echo ram >$CXL/decoder2.1/mode
nok 'free decoder: all of the DPA is in use' sh -c "echo 0x10000000 >$CXL/decoder2.1/dpa_size"
echo "$next" >$CXL/decoder0.0/create_ram_region
is 'a region can be made' "$(($(cat "$CXL/$next/size")))" 0
echo 256 >"$CXL/$next"/interleave_granularity
echo 1 >"$CXL/$next"/interleave_ways
ok 'a second region can be given a size' sh -c "echo 0x10000000 >$CXL/$next/size"
unlike "a second region is not where the accelerator's is" "$(cat "$CXL/$next/resource")" "^$hpa0\$"
nok "an accelerator's committed decoder cannot be had" sh -c "echo decoder2.0 >$CXL/$next/target0"
nok "a free decoder of the accelerator cannot be a target of a second region" sh -c "echo decoder2.1 >$CXL/$next/target0"
nok 'a second region without targets cannot be committed' sh -c "echo 1 >$CXL/$next/commit"
nok 'a second region without targets cannot be bound to cxl_region' cxl_bind cxl_region "$next"
nok 'a second region cannot be bound to cxl_accel_region' cxl_bind cxl_accel_region "$next"
echo "$next" >$CXL/decoder0.0/delete_region
unharmed "somebody's region"

# ---- ioctls ----

ok 'ioctl: queries' mem_ioctl $MEM query
ok 'ioctl: unknown ones' mem_ioctl $MEM unknown
ok 'ioctl: all commands, in all sizes' mem_ioctl $MEM send
echo 1 >/sys/kernel/debug/cxl/mbox/raw_allow_all
ok 'ioctl: and with all raw commands allowed' mem_ioctl $MEM send
ok 'ioctl: 20000 random commands' mem_ioctl $MEM fuzz 20000
like 'ioctl: identify is refused in words' "$(mem_ioctl $MEM identify)" '^Inappropriate ioctl'
unharmed 'ioctls'

# ---- the cxl tool ----

# refused ARG...
refused() {
	nok "cxl $*: refused" timeout 10 cxl "$@"
}
ok 'cxl list says all it can' cxl list -vvvv
refused write-labels -i /etc/passwd mem0
# Nothing there is soon read or erased.
timeout 10 cxl read-labels mem0 >/dev/null 2>&1
timeout 10 cxl zero-labels mem0 >/dev/null 2>&1
refused init-labels mem0
refused set-partition -t pmem -s 256M mem0
refused create-region -d decoder0.0 -t ram mem0
refused reserve-dpa mem0
refused update-firmware -F /bin/busybox mem0
refused disable-memdev mem0
ok 'cxl enable-memdev: it is' cxl enable-memdev mem0
ok 'cxl enable-port: it is' cxl enable-port port1
unharmed 'cxl'

# ---- the memdev is held open while it goes ----

mkfifo /tmp/hold.in /tmp/hold.out
for loss in unbind delete_region cxl_acpi; do
	# Who holds a memdev keeps its name from the next one.
	mem=/dev/cxl/$(memdev dev0)
	mem_ioctl "$mem" hold </tmp/hold.in >/tmp/hold.out &
	holder=$!
	exec 7>/tmp/hold.in 8</tmp/hold.out
	read -r answer <&8
	is "$loss: the memdev is held open" "$answer" open
	case $loss in
	unbind) pci_unbind vendor_accel "$dev0" ;;
	delete_region) region dev0 >$CXL/decoder0.0/delete_region ;;
	cxl_acpi)
		rmmod cxl_acpi
		modprobe cxl_acpi
		;;
	esac
	ok "$loss: it goes all the same" wait_for 30 test ! -e "$mem"
	ok "$loss: the driver can be bound while the old one is held" \
		bind_again vendor_accel dev0
	ok "$loss: as before" attached dev0
	echo >&7
	wait $holder
	is "$loss: who held it is told ENXIO" "$?, $(cat <&8)" '0, '
	exec 7>&- 8<&-
	ok "$loss: the new one answers" mem_ioctl "/dev/cxl/$(memdev dev0)" query
done

pci_unbind vendor_accel "$dev0"
flush
pci_bind vendor_accel "$dev0"
is 'with nobody holding the old memdev, the new one is mem0' "$(memdev dev0)" mem0
mem_ioctl $MEM hammer 4 >/tmp/hammer 2>&1 &
hammer=$!
while [ -d /proc/$hammer ] && kill -0 $hammer; do
	pci_unbind vendor_accel "$dev0"
	usleep 20000
	pci_bind vendor_accel "$dev0"
	usleep 20000
done 2>/dev/null
wait $hammer
is 'ioctls while it comes and goes' "$?, $(grep -v '^#' /tmp/hammer)" '0, '
grep '^#' /tmp/hammer

flush
[ -e "$PCI/$dev0/driver" ] || pci_bind vendor_accel "$dev0"
ok 'dev0 is still attached in the end' attached dev0
ok 'the driver unloads' rmmod vendor_accel
ok 'cxl_mem unloads' rmmod cxl_mem
is 'no dax device there ever was' "$(ever_taken)" ''

done_testing
