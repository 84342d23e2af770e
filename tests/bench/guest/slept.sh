# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# shellcheck disable=SC2034 # a variable is for the scripts that source this file
#
# How long a command sleeps, by the function graph tracer: . /bench/slept.sh.
#
#	trace_sleeps	first
#	slept CMD...	sets slept_ms to the milliseconds that CMD slept, by msleep() and the like. It runs in this
#			shell, as that is what is traced

TRACING=/sys/kernel/tracing

trace_sleeps() {
	mount -t tracefs none "$TRACING"
	echo 0 >"$TRACING/tracing_on"
	echo function_graph >"$TRACING/current_tracer"
	echo $$ >"$TRACING/set_ftrace_pid"
	for slept_option in nofuncgraph-overhead nofuncgraph-irqs nofuncgraph-cpu; do
		echo $slept_option >"$TRACING/trace_options"
	done
	printf 'msleep\nusleep_range_state\n' >"$TRACING/set_ftrace_filter"
}

slept() {
	echo >"$TRACING/trace"
	echo 1 >"$TRACING/tracing_on"
	"$@"
	echo 0 >"$TRACING/tracing_on"
	slept_ms=$(awk -F '|' '/^#/ || NF < 2 { next }
		{ gsub(/[^0-9.]/, "", $1); us += $1 }
		END { printf "%.3f\n", us / 1000 }' "$TRACING/trace")
}
