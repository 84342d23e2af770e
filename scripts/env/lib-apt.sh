# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Where Debian packages come from: for scripts/env/root, get-kernel and kernel. Source it after lib.sh.

# Where the machine's own apt finds packages of the given origin and label.
configured_mirror() {
	# shellcheck disable=SC2016 # these are apt's own variables
	apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)' \
		'Created-By: Packages' 2>/dev/null |
		awk -F'|' -v label="$1" '$1 == "Debian" && $2 == label && $3 == "main" { print $4; exit }'
}

# Sets and exports CXL_ACCEL_MIRROR and CXL_ACCEL_SECURITY_MIRROR if the user has not.
choose_mirrors() {
	local mirror=${CXL_ACCEL_MIRROR:-} security=${CXL_ACCEL_SECURITY_MIRROR:-}

	[ -n "$mirror" ] || mirror=$(configured_mirror Debian)
	[ -n "$security" ] || security=$(configured_mirror Debian-Security)
	export CXL_ACCEL_MIRROR=${mirror:-http://deb.debian.org/debian}
	export CXL_ACCEL_SECURITY_MIRROR=${security:-http://deb.debian.org/debian-security}
}

apt_options() {
	# sid and experimental change under their Release file's feet, and mirrors lag.
	echo 'Acquire::Check-Valid-Until "false";'
	echo 'Acquire::Retries "3";'
	echo 'Acquire::Languages "none";'
	# What the machine's own apt needs to reach its mirror is needed here too.
	apt-config dump 2>/dev/null |
		grep -E '^Acquire::(Check-Date|https?::([^ ]*::)?(Proxy|CAInfo|CaInfo|Verify-[A-Za-z]*)) ' || true
}

source_line() {
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $*"
}

# A stable release with what has been added to it since.
stable_sources() {
	source_line "$CXL_ACCEL_MIRROR" "$1" main
	source_line "$CXL_ACCEL_MIRROR" "$1-updates" main
	source_line "$CXL_ACCEL_SECURITY_MIRROR" "$1-security" main
}

# A suite, with the suites that its packages depend on.
apt_sources() {
	case $1 in
	bookworm | trixie)
		stable_sources "$1"
		;;
	bookworm-backports | trixie-backports)
		stable_sources "${1%-backports}"
		source_line "$CXL_ACCEL_MIRROR" "$1" main
		;;
	sid)
		source_line "$CXL_ACCEL_MIRROR" sid main
		;;
	experimental)
		source_line "$CXL_ACCEL_MIRROR" sid main
		source_line "$CXL_ACCEL_MIRROR" experimental main
		;;
	esac
}

# set_up_apt SUITE [UPDATE]: an apt with a state of its own, in which no package is installed. Sets
# state, the directory it lives in. What was learnt of the archive in the last day is good enough,
# unless UPDATE is not empty.
set_up_apt() {
	state=$CACHE/apt/$1
	mkdir -p "$state"/{lists/partial,archives/partial,parts}
	: >"$state/status"
	apt_sources "$1" >"$state/sources.list"
	{
		cat <<-CONF
			Dir::State "$state";
			Dir::State::Lists "$state/lists";
			Dir::State::status "$state/status";
			Dir::Cache "$state";
			Dir::Cache::archives "$state/archives";
			Dir::Etc::SourceList "$state/sources.list";
			Dir::Etc::SourceParts "$state/parts";
			Dir::Etc::Parts "$state/parts";
			Dir::Etc::Preferences "/dev/null";
			Dir::Etc::PreferencesParts "$state/parts";
			Apt::Architecture "amd64";
			Apt::Sandbox::User "root";
		CONF
		apt_options
	} >"$state/apt.conf"
	if [ -n "${2:-}" ] || [ -z "$(find "$state/updated" -mtime -1 2>/dev/null)" ]; then
		say "asking the archive for the packages of $1"
		private_apt apt-get -q update >&2 || die "cannot reach the archive at $CXL_ACCEL_MIRROR"
		touch "$state/updated"
	fi
}

# Runs apt-get or apt-cache on what set_up_apt has set up.
private_apt() {
	APT_CONFIG=$state/apt.conf "$@"
}

# The same apt, when it knows of source packages, too.
source_apt() {
	local conf=$state/source-apt.conf

	if [ ! -e "$conf" ]; then
		sed 'p; s/^deb /deb-src /' "$state/sources.list" >"$state/source.list"
		sed "s,\"$state/sources.list\",\"$state/source.list\"," "$state/apt.conf" >"$conf.new"
		APT_CONFIG=$conf.new apt-get -q update >&2 || die "cannot reach the archive"
		mv "$conf.new" "$conf"
	fi
	APT_CONFIG=$conf "$@"
}

# source_version RELEASE: of the source package that this kernel was built from, if the archive has it.
source_version() {
	source_apt apt-cache showsrc linux 2>/dev/null |
		awk -v want="${1%%+*}-" '$1 == "Version:" && index($2, want) == 1 && !n++ { print $2 }'
}

# fetch_upstream VERSION FILE: the tarball that this version of the source package was made from, checked by apt.
fetch_upstream() {
	local uri name sum

	read -r uri name _ sum < <(source_apt apt-get --print-uris --download-only source "linux=$1" |
		grep '\.orig\.tar\.xz') || return
	say "fetching $name (150 MB)"
	source_apt /usr/lib/apt/apt-helper download-file "${uri//\'/}" "$2" "$sum" >&2
}

# unpack_source TARBALL DIR PATTERNS: a kernel's source to a new DIR, without what matches one of PATTERNS. The
# tarball goes.
unpack_source() {
	local patterns

	read -r -d '' -a patterns <<<"$3" || true
	mkdir "$2"
	tar -xJ -f "$1" -C "$2" --strip-components=1 "${patterns[@]/#/--exclude=}"
	rm "$1"
}
