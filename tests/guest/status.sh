# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# status.sh attached|failed: cxl-accel status with an accelerator (dev0), whose memory platform
# firmware has committed or not, and an expander (dev1).

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

dev0=$(pci_address dev0)
dev1=$(pci_address dev1)

# What the files of an accelerator say, and those of nobody else.
files() {
	(cd "$PCI/$dev0/cxl_accel" && for file in state status errno range reason; do
		cat $file
	done | paste -s -d ' ')
}

uevents >/tmp/uevents &
listener=$!
wait_for 10 grep -q listening /tmp/uevents || true
# Those that there were since the last time.
echo 1 >/tmp/uevents.seen
# On a kernel without sockets nobody can be told.
has_uevents() {
	grep -q listening /tmp/uevents
}
uevents_new() {
	sleep 0.2
	tail -n +$(($(cat /tmp/uevents.seen) + 1)) /tmp/uevents
	wc -l </tmp/uevents >/tmp/uevents.seen
}

# uevents_are WHAT WANT
uevents_are() {
	if has_uevents; then
		is "$1" "$(uevents_new)" "$2"
	else
		skip "$1" 'this kernel has no sockets, by which it would tell'
	fi
}

# look WANTED-STATUS WHAT: run it, keep what it says. The log has rotated meanwhile.
look() {
	dmesg -C
	/opt/cxl-accel/scripts/cxl-accel status >/tmp/status 2>&1
	is "$2: exit status" $? "$1"
	sed 's/^/# /' /tmp/status
}
says() {
	like "$1" "$(cat /tmp/status)" "$2"
}
# What is asked of JSON is asked of the last one, of which each value is made a line: jq is slow in the guest.
flatten() {
	jq -r 'paths(type != "object" and (type != "array" or . == [])) as $path |
		"\($path | map(tostring) | join(".")) \(getpath($path) | if type == "array" then "[]" else . end)"' \
		/tmp/json >/tmp/flat
}
look_json() {
	/opt/cxl-accel/scripts/cxl-accel status --json >/tmp/json
	flatten
}
# json PATH...: their values in one line
json() {
	for path; do
		sed -n "s/^$path //p" /tmp/flat
	done | paste -s -d ' ' -
}
valid() {
	is "$1: as the schema says" "$(jq -r --slurpfile schema /opt/cxl-accel/scripts/cxl-accel.d/status.schema.json \
		-f /guest/schema.jq /tmp/json 2>&1)" ''
}

OURS_DIR=/lib/modules/$(uname -r)/updates/dkms

# As somebody who is not root.
unprivileged() {
	echo nobody:x:65534:65534::/tmp:/bin/sh >/etc/passwd
	su -s /bin/sh nobody -c 'cd /tmp; /opt/cxl-accel/scripts/cxl-accel status --json' >/tmp/json 2>/tmp/stderr
	is 'unprivileged: exit status' $? 0
	flatten
	is 'unprivileged: no error' "$(cat /tmp/stderr)" ''
	valid 'unprivileged: JSON'
	is 'unprivileged: the state of each device' "$(json 'devices.[01].kind' 'devices.[01].state')" \
		'accelerator expander attached ready'
	is 'unprivileged: what cannot be read is null' \
		"$(json devices.0.ats_capable devices.0.cache_enabled devices.0.acs devices.0.sbr_masked)" 'null null null null'
	is 'unprivileged: Soft Reserved memory is null' "$(json soft_reserved)" null
	is 'unprivileged: so it is said' "$(json 'unreadable[.0-9]*')" \
		"where the CXL windows are configuration space of PCI functions addresses in /proc/iomem, \
so Soft Reserved memory"
}

look 0 'nothing is loaded'
says 'which cxl_mem would be' '^cxl_mem +not loaded, cxl-accel .*/updates/dkms/cxl_mem.ko'
says 'the accelerator has no driver' "^accelerator +$dev0 acce:0002: no driver"
says 'nor has the expander' "^expander +$dev1 .*: no memdev: not bound to cxl_pci"
says 'the kernel cannot be judged without headers' '^kernel .* \(running\): cannot be told: its headers'

# What the kernel itself brings; where cxl_port is a module that of the kernel with our cxl_mem, too.
with_stock() {
	load_stock
	wait_for 30 test -e /sys/bus/cxl/devices/mem0/driver
	look 3 'the stock cxl_mem is loaded'
	says 'it says so' "^cxl_mem +loaded, stock, .*/kernel/drivers/cxl/cxl_mem.ko"
	if port_is_module; then
		says 'of cxl_port, too' "^cxl_port +loaded, stock, .*/kernel/drivers/cxl/cxl_port.ko"
	else
		says 'cxl_port is built in' '^cxl_port +built-in, kernel$'
	fi
	says 'the expander is ready' "^expander +$dev1 8086:0d93: ready, driver cxl_pci, mem0, endpoint[0-9]"
	exits 0 'after a reboot all would be well' /opt/cxl-accel/scripts/cxl-accel status --kernel "$(uname -r)"
	unload_cxl

	if port_is_replaced; then
		modprobe cxl_core
		insmod "$STOCK/cxl_port.ko"
		look 3 'only the stock cxl_port is loaded'
		says 'cxl_mem would be ours' '^cxl_mem +not loaded, cxl-accel'
		modprobe cxl_mem
		look 3 'our cxl_mem is loaded with it'
		says 'cxl_mem is ours' '^cxl_mem +loaded, cxl-accel'
		says 'cxl_port is not, and what to do' \
			'^cxl_port +loaded, stock, .*; loaded before that of cxl-accel, and used in its place: update the initramfs and reboot$'
		look_json
		is 'JSON: the same' "$(json modules.1.note)" \
			'loaded before that of cxl-accel, and used in its place: update the initramfs and reboot'
		unload_cxl
	fi
}
[ "$1" != attached ] || with_stock

modprobe -a cxl_acpi cxl_pci
modprobe cxl_accel_sample
if [ "$1" = attached ]; then
	wait_for 30 attached dev0
	look 0 'the accelerator is attached'
	says 'whose cxl_mem' '^cxl_mem +loaded, cxl-accel .*, /lib/modules/.*/updates/dkms/cxl_mem.ko'
	! port_is_replaced ||
		says 'and cxl_port' '^cxl_port +loaded, cxl-accel .*, /lib/modules/.*/updates/dkms/cxl_port.ko'
	says 'with its range' \
		"^accelerator +$dev0 acce:0002: attached, driver cxl_accel_sample, mem[01], endpoint[0-9], region0 0x[0-9a-f]+-0x[0-9a-f]+$"
	is 'no error, and a warning: its headers are not here' "$(sed -n 's/^\(error\|warning\) .*/\1/p' /tmp/status)" \
		warning
	says 'what the link does' "^  link +CXL.cache off, CXL.mem on, .*; port .*, resets of the bus are masked$"
	look_json
	valid 'JSON'
	range=$(cxl list -R | jq -r '.[0] | "\(.resource) \(.size)"')
	is 'JSON: the range is that of cxl list, as numbers' \
		"$(json devices.0.regions.0.start devices.0.regions.0.size)" "$range"
	is 'JSON: its window is that of cxl list, with what is allowed there' \
		"$(json windows.0.start windows.0.size 'windows.0.restrictions.*')" \
		"$(cxl list -D -d root | jq -r '.[] | "\(.resource) \(.size) type2 type3 ram pmem"')"
	is 'JSON: the accelerator is below that window' "$(json devices.0.windows.0 devices.0.regions.0.window)" \
		'decoder0.0 decoder0.0'
	is 'JSON: its decoder is what sysfs says' "$(for what in name start size type region locked; do
		json devices.0.decoders.0.$what
	done)" "$(cd "$CXL/$(endpoint dev0)" && cd decoder*.0 && basename "$PWD" && echo $(($(cat start))) &&
		echo $(($(cat size))) && cat target_type region && echo false)"
	port=$(basename "$(dirname "$(readlink -f "$PCI/$dev0")")")
	is 'JSON: the port above' "$(json devices.0.port)" "$port"
	is 'JSON: what lspci says of CXL.cache and CXL.mem' \
		"$(json devices.0.cache_capable devices.0.cache_enabled devices.0.mem_enabled)" \
		"$(lspci -s "$dev0" -vvv | awk '
			/CXLCap:/ { cap = /Cache\+/ ? "true" : "false" }
			/CXLCtl:/ { print cap, (/Cache\+/ ? "true" : "false"), (/Mem\+/ ? "true" : "false") }')"
	is 'JSON: resets of the bus are masked' "$(json devices.0.sbr_masked)" true
	acs=$((0x$(setpci -s "$port" ECAP000d+6.w)))
	setpci -s "$port" ECAP000d+6.w=0011
	unmask_reset "$dev0"
	unprivileged
	look_json
	is 'JSON: resets of the bus are not masked any more' "$(json devices.0.sbr_masked)" false
	is 'JSON: what is enabled of ACS' "$(json 'devices.0.acs.*')" 'SrcValid UpstreamFwd'
	setpci -s "$port" ECAP000d+6.w="$(printf %x $acs)"
	is 'JSON: its status' "$(json status)" 0
	is 'JSON: two devices' "$(json 'devices.*.kind')" 'accelerator expander'
	range=$(printf '0x%x-0x%x' "${range% *}" $((${range% *} + ${range#* } - 1)))
	/opt/cxl-accel/scripts/cxl-accel status --tree >/tmp/status
	sed 's/^/# /' /tmp/status
	is 'the tree' "$(sed '/^warning/,$d; s/\(0000:[^ ]*\).*/\1/' /tmp/status)" "pci0000:0c
|-- $port
|   \`-- $dev0
\`-- $(basename "$(dirname "$(readlink -f "$PCI/$dev1")")")
    \`-- $dev1"
	says 'the tree: a host bridge with its window' \
		'^pci0000:0c +host bridge, port1; window decoder0.0 0x.*, allows type2 '
	says 'the tree: the accelerator' "$dev0 +accelerator acce:0002: attached, .*, region0 0x[0-9a-f]+-0x[0-9a-f]+$"
	is 'the files say the same' "$(files)" "attached ATTACHED 0 $range attached"
	uevents_are 'a uevent told of it' \
		"change $dev0 CXL_ACCEL=attached CXL_ACCEL_RANGE=$range"
	is 'JSON: the range that the device decodes' \
		"$(json devices.0.range.start devices.0.range.end)" \
		"$((${range%-*})) $((${range#*-}))"
	is 'JSON: no reason' "$(json devices.0.reason)" null

	mv "$OURS_DIR/cxl_mem.ko" /tmp/ && depmod
	look 6 'another cxl_mem is installed than is loaded'
	says 'it says so' '^cxl_mem +loaded, cxl-accel [0-9.]+; installed: stock, reboot pending$'
	says 'a reboot is pending' '^reboot +pending: other modules are loaded than are installed: cxl_mem$'
	says 'what to do' '^  fix +reboot, or: cxl-accel reload$'
	mv /tmp/cxl_mem.ko "$OURS_DIR/" && depmod

	pci_unbind cxl_accel_sample "$dev0"
	look 0 'the driver is unbound'
	says 'detached, and the range that it still decodes' \
		"^accelerator +$dev0 acce:0002: detached, $range: the driver has been unbound$"
	uevents_are 'no uevent told of a loss' ''
	pci_bind cxl_accel_sample "$dev0"
	uevents_are 'a uevent told that it is attached again' \
		"change $dev0 CXL_ACCEL=attached CXL_ACCEL_RANGE=$range"

	rmmod cxl_acpi
	wait_for 30 grep -q lost "$PCI/$dev0/cxl_accel/state"
	look 4 'its memory is lost'
	says 'it says so' "^accelerator +$dev0 acce:0002: lost, $range: unexpected detach: CXL memory is gone, the driver was released$"
	is 'the files say so' "$(files)" \
		"lost ATTACHED 0 $range unexpected detach: CXL memory is gone, the driver was released"
	uevents_are 'a uevent told of the loss' \
		"change $dev0 CXL_ACCEL=lost CXL_ACCEL_RANGE=$range"
	ok 'a bind meanwhile is refused' sh -c "! echo $dev0 >$PCI_DRIVERS/cxl_accel_sample/bind"
	# First what is quick: that has an end.
	is 'the accelerator waits, the files say so' "$(files)" \
		"deferred HOST_NOT_READY -517 $range CXL host found, but cxl_acpi is not bound to it yet"
	look 4 'cxl_acpi is gone'
	says 'the accelerator waits, and for what' \
		"^accelerator +$dev0 .*: deferred, $range: CXL host found, but cxl_acpi is not bound to it yet"
	rmmod cxl_accel_sample
	host-monitor device_del dev0
	gone() {
		[ ! -e "$PCI/$dev0" ]
	}
	ok 'the device is pulled' wait_for 30 gone
	ok 'cxl_mem unloads' rmmod cxl_mem
	uevents_are 'no uevent told of anything else' ''
else
	look 4 'nothing was committed'
	says 'it says why' "^accelerator +$dev0 acce:0002: failed.*: platform firmware committed no HDM decoder of the device"
	is 'the files say so' "$(files)" \
		"failed NOT_COMMITTED -6  platform firmware committed no HDM decoder of the device"
	says 'a problem' "^error +$dev0: failed: platform firmware committed no HDM decoder of the device$"
	says 'whose matter it is' "^  fix +a matter of the machine's firmware, .*, see cxl-accel explain NOT_COMMITTED,"
	look_json
	valid 'JSON of a failure'
	is 'JSON: the error' "$(json devices.0.errno)" -6
	is 'JSON: the problem' "$(json 'problems.[0-9].\(id\|severity\|exit\|subject\)' | grep -o 'not-attached .*')" \
		"not-attached error 4 $dev0"
	is 'explain: what was in the log' "$(/opt/cxl-accel/scripts/cxl-accel explain not_committed | tr -s ' ')" \
		'NOT_COMMITTED -ENXIO platform firmware committed no HDM decoder of the device (decoders and region)'
	uevents_are 'no uevent told of memory' ''
	rmmod cxl_accel_sample
	rmmod cxl_mem
	nok 'the files go with cxl_mem' test -e "$PCI/$dev0/cxl_accel"
	modprobe cxl_accel_sample
	look_json
	is 'JSON: the reason' "$(json devices.0.reason)" \
		'platform firmware committed no HDM decoder of the device'
fi
kill $listener
done_testing
