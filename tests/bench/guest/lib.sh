# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Shared by the benches, in the guest: . /bench/lib.sh. Brings /guest/accel.sh, and
#
#	sample SERIES VALUE [X]	for the host, see tests/bench/lib.sh
#	instead SERIES WORDS...	likewise: what there is in place of a value
#	load_cxl		the hierarchy, and whatever there is for accelerators
#	must CMD...		or that is the end
#	took DEVICE		milliseconds of its last probe since log_mark
#	timed SERIES CMD...	sample the milliseconds that CMD takes
#	addresses		the PCI addresses of all accelerators
#	between FIRST LAST	milliseconds from the first line of the log since log_mark that matches FIRST, to
#				the last one that matches LAST
#
# Time is the guest's, a count of instructions (scripts/vm --icount): what waits for nothing takes one
# nanosecond each.

set -e
# shellcheck source-path=SCRIPTDIR source=../../guest/accel.sh
. /guest/accel.sh

sample() {
	must test -n "$2"
	echo "sample $*"
}

must() {
	"$@" && return
	echo "failed: $*"
	dmesg | tail -n 20
	exit 1
}

instead() {
	must test -n "$2"
	echo "instead $*"
}

addresses() {
	for bench_sh in "$PCI"/*; do
		read -r bench_sh_id <"$bench_sh/vendor"
		[ "$bench_sh_id" != 0xacce ] || echo "${bench_sh##*/}"
	done
}

load_cxl() {
	must modprobe -a cxl_acpi cxl_mem
	[ ! -e /modules/cxl_accel.ko ] || must modprobe cxl_accel
}

# Linux 7.3 says of which driver it was.
took() {
	log_new | sed -n "s/.*probe of $1\( .*\)* returned 0 after \([0-9]*\) usecs.*/\2/p" | tail -n 1 |
		awk '{ printf "%.3f\n", $1 / 1000 }'
}

between() {
	log_new | first=$1 last=$2 awk -F '[][ ]+' '
		!start && $0 ~ ENVIRON["first"] { start = $2 }
		$0 ~ ENVIRON["last"] { end = $2 }
		END { printf "%.3f\n", (end - start) * 1000 }'
}

timed() {
	bench_series=$1
	shift
	log_mark
	echo '<6>bench: start' >/dev/kmsg
	must "$@"
	echo '<6>bench: end' >/dev/kmsg
	sample "$bench_series" "$(between 'bench: start' 'bench: end')"
}
