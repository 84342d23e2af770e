# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables of scripts/vm
#
# Part of scripts/vm: what the run has been, as an exit status and a message.

EXIT_TIMEOUT=124
EXIT_COMPLAINT=125
EXIT_DIED=126
EXIT_UNREAD=141

keep_profile() {
	[ -z "$profile" ] || mv "$run/profile" "$profile" 2>/dev/null ||
		say "no profile: the guest did not end by itself, or $profile cannot be written"
}

show_console() {
	[ -z "$console" ] || cp "$run/console" "$console"
	[ -z "$verbose" ] || tr -d '\r' <"$run/console" >&2
}

show_tail() {
	[ -n "$verbose" ] || tr -d '\r' <"$run/console" | tail -n "$1" >&2
}

verdict() {
	local log=$run/console found

	[ "$outcome" != timeout ] || log=$run/console.before
	found=$(complaints "$log")
	if [ -n "$found" ]; then
		[ -n "$verbose" ] || tr -d '\r' <"$log" | tail -n +"${found%%:*}" | head -n 60 >&2
		[ "$outcome" != timeout ] || say "not finished after $timeout seconds, and"
		say "the kernel complained: $(head -n1 <<<"$found" | cut -d: -f2-)"
		return $EXIT_COMPLAINT
	fi
	if [ "$outcome" = timeout ]; then
		show_tail 60
		say "not finished after $timeout seconds"
		return $EXIT_TIMEOUT
	fi
	[ "$outcome" != unread ] || return $EXIT_UNREAD
	if [ "$outcome" = failed ]; then
		show_tail 20
		say "platform firmware or a module of --load failed: the command was not run"
		return $EXIT_DIED
	fi
	if [ -z "$status" ]; then
		cat "$run/qemu.log" >&2
		show_tail 40
		say "the guest ended without an exit status of the command"
		return $EXIT_DIED
	fi
	return "$status"
}
