# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2054,SC2154 # variables of scripts/vm
#
# Part of scripts/vm: QEMU, from its options to its end, and the talk with the guest.

# What the kernel is told:
#   rcu_cpu_stall_timeout, watchdog_thresh: a minute late a processor is stuck
#   nokaslr: addresses are those of System.map
#   initcall_blacklist: the jitter RNG measures an emulated processor for a tenth of the boot
# and EMULATED, see lib.sh; guest-init starts the processors but the first.
kernel_arguments() {
	local tty=ttyAMA0

	[ "$arch" = arm64 ] || tty="ttyS0,115200 $EMULATED_AMD64"
	echo "console=$tty $EMULATED rcupdate.rcu_cpu_stall_timeout=60 watchdog_thresh=30" \
		"nokaslr initcall_blacklist=jent_mod_init$append"
}

# The console is a port of the machine's. A PC has three more; ttyS1 to ttyS3 of arm64 are a PCI card's.
serial_ports() {
	local port

	for port in console stdout stderr; do
		qemu+=(-chardev "file,id=$port,path=$run/$port,append=on")
	done
	qemu+=(-chardev "pipe,id=control,path=$run/control" -serial chardev:console)
	if [ "$arch" = amd64 ]; then
		qemu+=(-serial chardev:stdout -serial chardev:stderr -serial chardev:control)
	else
		qemu+=(-chardev null,id=none
			-device pci-serial-4x,bus=pcie.0,chardev1=none,chardev2=stdout,chardev3=stderr,chardev4=control)
	fi
}

qemu_options() {
	machine_options "$mem"
	qemu+=(-kernel "$boot" -initrd "$run/initrd" -append "$(kernel_arguments)")
	if [ -n "$icount" ]; then
		qemu+=(-icount shift=0,sleep=off -smp 1)
	else
		qemu+=(-smp "$smp")
	fi
	[ -z "$profile" ] || qemu+=(-plugin "$(plugin profile),out=$run/profile")
	serial_ports
	qemu+=(-chardev "pipe,id=qmp,path=$run/qmp" -mon chardev=qmp,mode=control)
}

# QEMU's end comes as a line too, so that there is one thing to wait for.
start_guest() {
	local fifo

	for fifo in stdout stderr {control,qmp}.{in,out}; do
		mkfifo "$run/$fifo"
	done
	: >"$run/console"
	# Opened for both, or a FIFO would block until QEMU opens it, which it may never do.
	exec 3<>"$run/stdout" 4<>"$run/stderr" 5<>"$run/control.in" 6<>"$run/control.out" \
		7<>"$run/qmp.in" 8<>"$run/qmp.out"
	pass_on stdout 3>&- 4>&- 5>&- 7>&- 8>&- &
	readers=$!
	pass_on stderr >&2 3>&- 4>&- 5>&- 7>&- 8>&- &
	readers="$readers $!"
	qemu_options
	(
		# Should this script be killed, timeout still ends QEMU.
		timeout --kill-after=5 $((timeout + 30)) "${qemu[@]}" \
			</dev/null >"$run/qemu.log" 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- &
		echo $! >"$run/qemu.pid"
		rc=0
		wait $! || rc=$?
		printf '\ndead %s\n' "$rc" >&6
	) &
}

# If whoever reads our output is gone, so is the point of it all.
pass_on() {
	cat "$run/$1" 6>&- || printf '\nunread\n' >&6
}

# All that the guest has written goes out before this script does.
drain() {
	exec 3>&- 4>&-
	# shellcheck disable=SC2086 # a list
	wait $readers || true
}

end_guest() {
	[ ! -s "$run/qemu.pid" ] || kill "$(cat "$run/qemu.pid")" 2>/dev/null || true
}

# The answer to one QMP request; greeting and events are passed over.
qmp() {
	local line

	echo "$1" >&7
	while read -r -t 20 -u 8 line; do
		case $line in
		*'"return"'* | *'"error"'*)
			echo "$line"
			return
			;;
		esac
	done
	echo '{"error": {"desc": "QEMU does not answer"}}'
}

# monitor CMD: have QEMU run CMD, of its monitor or of QMP, print its answer; status 1 if it is an error.
monitor() {
	local request answer

	if [ ! -e "$run/qmp.ready" ]; then
		qmp '{"execute": "qmp_capabilities"}' >/dev/null
		: >"$run/qmp.ready"
	fi
	case $1 in
	'{'*) request=$1 ;;
	*) request=$(jq -cn --arg c "$1" '{execute: "human-monitor-command", arguments: {"command-line": $c}}') ;;
	esac
	answer=$(qmp "$request" | jq -r '.return // "Error: \(.error.desc)" | if . == {} then "" else . end' | tr -d '\r')
	[ -z "$answer" ] || echo "$answer"
	[[ $answer != Error:* && $answer != "unknown command:"* ]]
}

answer_monitor() {
	local text status=ok

	text=$(monitor "$1") || status=error
	# shellcheck disable=SC2001 # every line, not the first
	[ -z "$text" ] || sed 's/^/|/' <<<"$text" >&5
	echo "$status" >&5
}

# Run until QEMU is gone. Sets status (empty if the guest did not send one), and outcome.
watch_guest() {
	local line end=$((SECONDS + timeout))

	status='' outcome=''
	while [ $SECONDS -lt $end ]; do
		read -r -t $((end - SECONDS)) -u 6 line || continue
		case $line in
		ready) : >"$run/ready" ;;
		failed) outcome=failed ;;
		"exit "*) status=${line#exit } ;;
		"monitor "*) answer_monitor "${line#monitor }" ;;
		unread)
			outcome=unread
			end_guest
			;;
		"dead "*) return 0 ;;
		esac
	done
	outcome=timeout
	cp "$run/console" "$run/console.before"
	# Alt-SysRq: blocked tasks, and what the processors are at.
	monitor 'sendkey alt-sysrq-w' >/dev/null || true
	sleep 1
	monitor 'sendkey alt-sysrq-l' >/dev/null || true
	sleep 2
	end_guest
}
