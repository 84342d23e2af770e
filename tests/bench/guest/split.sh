# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# shellcheck disable=SC2034 # variables are for the scripts that source this file
#
# Where the time of a call goes, by the function graph tracer: . /bench/split.sh. CMD runs in this shell, as that
# is what is traced; times are milliseconds.
#
#	trace_sleeps, trace_own		what is traced from now on
#	slept CMD...	after trace_sleeps: sets split_slept to what CMD slept, by msleep() and the like
#	split SERIES CMD...	after trace_own: samples what CMD spent in the code of cxl_mem, whosever that is, in
#			SERIES-traced; and in SERIES-own without what the tracer adds to that
#
# For the latter the functions of cxl_mem are traced, and all that it calls elsewhere, as listed in /bench-calls:
# what is left of a function when what it calls is taken away is its own. The tracer takes part of a call's time
# within it, which is taken for what the shortest of all takes; and part around it, in the caller's, for which the
# least is taken that a caller has left, by call. Both are too much by what was really done there: so the truth is
# between the two samples, and much nearer to the latter.

TRACING=/sys/kernel/tracing

trace() {
	[ -e "$TRACING/trace" ] || mount -t tracefs none "$TRACING"
	echo 0 >"$TRACING/tracing_on"
	echo function_graph >"$TRACING/current_tracer"
	echo $$ >"$TRACING/set_ftrace_pid"
	echo 30000 >"$TRACING/buffer_size_kb"
	for split_option in funcgraph-tail nofuncgraph-overhead nofuncgraph-irqs nofuncgraph-cpu; do
		echo $split_option >"$TRACING/trace_options"
	done
	cat >"$TRACING/set_ftrace_filter"
}

trace_sleeps() {
	printf 'msleep\nusleep_range_state\n' | trace
}

# Numbers, as names are looked up one by one, which takes minutes.
trace_own() {
	[ -e "$TRACING/trace" ] || mount -t tracefs none "$TRACING"
	awk 'FNR == NR { want[$1] = 1; next }
	     $2 == "[cxl_mem]" || $1 in want { print FNR }' /bench-calls "$TRACING/available_filter_functions" | trace
}

# traced CMD...: leaves a call a line, when it is over: name, is it cxl_mem's, microseconds, those of what it
# called, how many these were.
traced() {
	echo >"$TRACING/trace"
	echo 1 >"$TRACING/tracing_on"
	"$@"
	echo 0 >"$TRACING/tracing_on"
	awk '
		function done(inner, calls) {
			printf "%s %d %.3f %.3f %d\n", name, own, time, inner, calls
			inside[depth] += time
			below[depth]++
		}
		/^#/ || !/\|/ { next }
		{
			time = $0
			sub(/\|.*/, "", time)
			gsub(/[^0-9.]/, "", time)
			name = $0
			sub(/^[^|]*\| */, "", name)
			own = index(name, "[cxl_mem]") > 0
			opens = name ~ /[{]$/
			closes = name ~ /^[}]/
			sub(/^[}] *[\/][*] */, "", name)
			sub(/[( ].*/, "", name)
		}
		opens { inside[++depth] = below[depth] = 0; next }
		closes && depth { depth--; done(inside[depth + 1], below[depth + 1]); next }
		!closes { done(0, 0) }' "$TRACING/trace" >/tmp/calls
}

slept() {
	traced "$@"
	split_slept=$(awk '{ slept += $3 } END { printf "%.3f\n", slept / 1000 }' /tmp/calls)
}

split() {
	split_series=$1
	shift
	traced "$@"
	awk -v series="$split_series" '
		!$2 { next }
		{
			self = $3 - $4
			mine += self
			calls++
			called += $5
			if (!$5 && (!within || self < within))
				within = self
			if ($5 && (!around || self / $5 < around))
				around = self / $5
		}
		END {
			left = mine - calls * within - called * around
			printf "sample %s-traced %.3f\nsample %s-own %.3f\n", series, mine / 1000, series,
				(left < 0 ? 0 : left) / 1000
		}' /tmp/calls
}
