#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A user without root rights, in a user namespace: the demo from nothing, a test in a guest, and one that mounts; all
# that is left is his own. The user is there for this test alone, as is the tool that gives him his range of ids, if
# the machine has none.

set -eu
# All that is mounted from here on is this test's own.
if [ -z "${CXL_TEST_MOUNTS:-}" ]; then
	CXL_TEST_MOUNTS=1 exec unshare --mount --propagation private "$0"
fi
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

NAME=cxl-accel-test ID=54321 IDS=1000000
HOME_DIR=$TMP/home
COPY=$HOME_DIR/cxl-accel

# The machine's files of users and groups, and one of each more. With or without a range of ids.
set_up_user() {
	local file

	mkdir "$TMP/etc"
	for file in passwd group subuid subgid; do
		touch "$TMP/etc/$file"
		[ ! -e "/etc/$file" ] || cat "/etc/$file" >"$TMP/etc/$file"
	done
	echo "$NAME:x:$ID:$ID::$HOME_DIR:/bin/sh" >>"$TMP/etc/passwd"
	echo "$NAME:x:$ID:" >>"$TMP/etc/group"
	for file in passwd group subuid subgid; do
		[ -e "/etc/$file" ] || touch "/etc/$file"
		mount --bind "$TMP/etc/$file" "/etc/$file"
	done
}

give_ids() {
	echo "$NAME:$IDS:65536" | tee -a /etc/subuid >>/etc/subgid
}

# The tools of kmod, and mmdebstrap where it is a new machine, are not in the PATH that Debian gives to users.
as_user() {
	# shellcheck disable=SC2016 # $1 and $@ are the inner shell's
	setpriv --reuid $ID --regid $ID --clear-groups --reset-env env HOME="$HOME_DIR" USER=$NAME \
		PATH="$TMP/bin:/usr/local/bin:/usr/bin:/bin" sh -c 'cd "$1" && shift && "$@"' sh "$COPY" "$@"
}

uidmap() {
	local tool

	mkdir "$TMP/bin"
	chmod 755 "$TMP"
	for tool in newuidmap newgidmap; do
		! command -v $tool >/dev/null || continue
		[ -d "$TMP/uidmap" ] || {
			mkdir "$TMP/uidmap"
			(cd "$TMP/uidmap" && apt-get -q download uidmap && dpkg-deb -x uidmap_*.deb .) >&2
		}
		install -m 4755 "$TMP/uidmap/usr/bin/$tool" "$TMP/bin/"
	done
}

not_his() {
	find "$HOME_DIR" "!" -uid $ID "(" -uid -$IDS -o -uid +$((IDS + 65535)) ")" -print -quit
}

command -v mmdebstrap >/dev/null || scripts/env/root packaging >/dev/null
uidmap
set_up_user
mkdir -p "$COPY"
tar -c --exclude=./build --exclude=./.git . | tar -x -C "$COPY"
chown -R $ID:$ID "$HOME_DIR"

like 'without a range of ids: one sentence' "$(as_user make -s demo 2>&1)" \
	"^demo: needs root rights: run it with sudo. Or without, .* $NAME's in /etc/subuid"
give_ids
if as_user unshare --user --map-auto --map-root-user true; then
	ok 'the demo' as_user make demo
	ok 'a test in a guest, and one that mounts' as_user make check T=sample,next
	is 'what is left is the own of the user' "$(not_his)" ''
	ok 'it is in his cache' test -d "$HOME_DIR/.cache/cxl-accel/root/bookworm"
	ok 'make clean-all removes that' as_user make clean-all
	nok 'it is gone' test -e "$HOME_DIR/.cache/cxl-accel"
else
	skip 'the demo and tests without root rights' 'users may not have namespaces on this machine'
fi
done_testing
