# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # variables read by the scripts that source this file
#
# Shared by the tests of this directory: . "$(dirname "$0")/lib.sh"
#
# What a test can call is listed in tests/guest/tap.sh, and
#
#	new_system SUITE
#		Start from a fresh Debian system (see tests/packages/system). It is at $SYSTEM, and goes
#		with the test. A copy of the source tree is in it, as its user has cloned it.
#	in_system CMD...
#		Run CMD in it as its root user, with apt and all.
#	user "COMMAND LINE"
#		What the system's user types, in the source tree; the output is shown as comments, and kept
#		in $TMP/output.
#	readme SECTION [FILTER...]
#		From now on the user types what the README says: the indented lines below the heading
#		SECTION, less those that match one of the FILTERs, extended regular expressions.
#	typed PATTERN
#		Take the next of these lines into $LINE; status 1 if it does not match PATTERN.
#	types WHAT PATTERN
#		A check: the next line matches, and does its job when the user types it as it is.
#	typed_all
#		A check: that was all of them.
#	boot [OPTION]... KERNEL SCRIPT [ARG]...
#		Boot it under QEMU with an accelerator (dev0, its memory committed by platform firmware) and
#		an expander, and run SCRIPT in it when systemd is up. SCRIPT prints TAP, by way of
#		/guest/tap.sh. What the boot changes in the system is lost.
#		  --append STRING   add to the kernel command line (begins with a blank)
#		  --timeout N       seconds
#		  --commits LIST    what platform firmware commits, in place of dev0's memory: a list of
#		                    0xdN:KIND, of devN, separated by blanks
#		  --types LINE      what the user types in it: /guest/typed
#		  --efi VARS        with Secure Boot on, by the keys in the variables of Debian's OVMF in VARS.
#		                    Its lockdown stops our platform firmware, so nothing is committed.
#	debs VERSION
#		Print the paths of the Debian packages, as they are or as another version.
#	copy_debs VERSION
#		Copy them to where the user is: ./cxl-accel-*_VERSION_all.deb
#	single_deb VERSION
#		Print the path of the one that had all that they have now.
#	installed MODULE[/VERSION] KERNEL
#		dkms has installed it.
#
#	TREE	top of the source tree, and the working directory
#	TMP	directory of this test's own, removed at its end

PROG=${0##*/}
# shellcheck source-path=SCRIPTDIR source=../../scripts/env/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/env/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../scripts/packaged.d/system.sh
. "$TREE/scripts/packaged.d/system.sh"
need_superuser
alone "$@"
cd "$TREE" || exit
LINE=''
trap end_test EXIT
# shellcheck source-path=SCRIPTDIR source=../guest/tap.sh
. "$TREE/tests/guest/tap.sh"
# shellcheck source-path=SCRIPTDIR source=../host-tap.sh
. "$TREE/tests/host-tap.sh"

end_test() {
	drop_system
	rm -rf --one-file-system "$TMP"
}

new_system() {
	open_system "$1"
	mkdir "$SYSTEM/home/user/cxl-accel"
	tar -c --exclude=./build --exclude=./.git . | tar -x -C "$SYSTEM/home/user/cxl-accel"
	chroot "$SYSTEM" chown -R user: /home/user/cxl-accel
	# The private root that packages are built in is there already.
	scripts/env/root packaging >/dev/null
	mount_copy "$CACHE/root/packaging" packaging "$SYSTEM/var/cache/cxl-accel/root/packaging"
}

user() {
	local rc=0

	echo "# user@system:~/cxl-accel\$ $1"
	# shellcheck disable=SC2016 # $1 is the inner shell's
	in_system PATH=/usr/local/bin:/usr/bin:/bin HOME=/home/user /usr/sbin/runuser -u user -- \
		sh -c 'cd ~/cxl-accel && eval "$1"' sh "$1" >"$TMP/output" 2>&1 </dev/null || rc=$?
	sed 's/^/#   /' "$TMP/output" | tail -n 8
	return "$rc"
}

# ---- what the README says ----

readme() {
	local section=$1 filter
	shift

	awk -v section="$section" '
		/^##/ { inside = $0 ~ "^##+ " section "$" }
		inside && sub(/^    /, "")' README.md >"$TMP/readme"
	for filter; do
		sed -i -E "\\,$filter,d" "$TMP/readme"
	done
}

typed() {
	LINE=$(head -n 1 "$TMP/readme")
	sed -i 1d "$TMP/readme"
	[[ $LINE =~ $1 ]] || {
		echo "the README says: $LINE"
		return 1
	}
}

type_next() {
	typed "$1" && user "$LINE"
}

# Not by ok(), which keeps output to itself.
types() {
	if type_next "$2"; then
		pass "$1"
	else
		fail "$1"
		tail -n 40 "$TMP/output" | explain
	fi
}

typed_all() {
	is 'these were all the commands of the README' "$(cat "$TMP/readme")" ''
}

# ---- packages ----

installed() {
	in_system dkms status "$1" -k "$2" 2>/dev/null | grep -q ': installed'
}

# repack FILE VERSION: the package with another version
repack() {
	local file=$1 version=$2 dir=$TMP/deb old name

	name=$(dpkg-deb -f "$file" Package)
	old=$(dpkg-deb -f "$file" Version)
	rm -rf "$dir"
	mkdir -p "$dir/DEBIAN"
	dpkg-deb -x "$file" "$dir"
	dpkg-deb -e "$file" "$dir/DEBIAN"
	[ ! -d "$dir/usr/src/cxl-accel-$old" ] || mv "$dir/usr/src/cxl-accel-$old" "$dir/usr/src/cxl-accel-$version"
	find "$dir/DEBIAN" "$dir/usr" \( -path '*/DEBIAN/*' -o -name dkms.conf \) -type f \
		-exec sed -i "s/$old/$version/g" {} +
	(cd "$dir" && find usr -type f -exec md5sum {} +) >"$dir/DEBIAN/md5sums"
	dpkg-deb --root-owner-group -b "$dir" "$TMP/${name}_${version}_all.deb" >/dev/null
	echo "$TMP/${name}_${version}_all.deb"
}

debs() {
	local file

	for file in "$TREE"/build/packages/cxl-accel-*_all.deb; do
		if [ "$1" = "$(package_version)" ]; then
			echo "$file"
		else
			repack "$file" "$1"
		fi
	done
}

copy_debs() {
	debs "$1" | xargs cp -t "$SYSTEM/home/user/cxl-accel/"
}

# single_deb VERSION: all in one package, as it was before there were three
single_deb() {
	local version=$1 dir=$TMP/single file src

	rm -rf "$dir"
	mkdir -p "$dir/DEBIAN"
	for file in $(debs "$version"); do
		dpkg-deb -x "$file" "$dir"
		[[ $file != *-dkms_* ]] || dpkg-deb -e "$file" "$dir/DEBIAN"
	done
	src=$dir/usr/src/cxl-accel-$version
	cp -r "$dir"/usr/src/cxl-accel-dev/. "$dir"/usr/share/cxl-accel/. "$src/"
	rm -r "$dir"/usr/src/cxl-accel-dev "$dir"/usr/share/{cxl-accel,doc/cxl-accel-dev,doc/cxl-accel-tools}
	ln -sfn "cxl-accel-$version" "$dir/usr/src/cxl-accel"
	ln -sfn "../src/cxl-accel-$version/scripts/cxl-accel" "$dir/usr/sbin/cxl-accel"
	sed -i -E '/^(Recommends|Breaks):/d; s/^Depends: /&jq, /' "$dir/DEBIAN/control"
	(cd "$dir" && find usr -type f -exec md5sum {} +) >"$dir/DEBIAN/md5sums"
	file=$TMP/cxl-accel-dkms_${version}_all.deb
	dpkg-deb --root-owner-group -b "$dir" "$file" >/dev/null
	echo "$file"
}

# The vendor's package, see vendor-dkms/.
vendor_deb() {
	local dir=$TMP/vendor

	mkdir -p "$dir"
	cp -r tests/packages/vendor-dkms "$dir/vendor-accel"
	cp tests/drivers/vendor/vendor_accel.c "$dir/vendor-accel/"
	# shellcheck disable=SC2016 # the inner shell's
	scripts/env/in-root --bind "$dir/vendor-accel" packaging -- \
		sh -c 'cd "$1" && dpkg-buildpackage -b -uc -us' sh "$dir/vendor-accel" >"$dir/log" 2>&1 ||
		cat "$dir/log" >&2
	ls "$dir"/*.deb
}

# ---- booting ----

boot() {
	local append='' timeout=1800 efi='' commits='' types='' kernel line guest_plan=none guest_count=0 finished=''

	while [[ $1 = --* ]]; do
		printf -v "${1#--}" %s "$2"
		shift 2
	done
	kernel=$1
	boot_system "$@"
	while IFS= read -r line; do
		case ${line%$'\r'} in
		"exit 0") finished=1 ;;
		*) pass_on "$kernel" "$line" ;;
		esac
	done <"$TMP/tap"
	if [ "$guest_plan" = "$guest_count" ] && [ -n "$finished" ] && no_complaint; then
		pass "$kernel: the system came up, and the kernel did not complain"
	else
		fail "$kernel: the system came up, and the kernel did not complain"
		{
			echo "$guest_count checks seen, $guest_plan announced"
			tail -n 60 "$TMP/console" "$TMP/qemu.log" | tr -d '\r'
		} | explain
	fi
}
