#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/package/kubernetes: the image for Debian 13's kernel, from a local root in place of a registry's, and in
# a booted system the commands that Kernel Module Management runs, by the resource. KMM itself is not here.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../scripts/env/lib-apt.sh
. scripts/env/lib-apt.sh

FILES=scripts/package/kubernetes
IMAGE=localhost/my-driver

# What KMM makes of the resource for a kernel, as shell variables.
# shellcheck disable=SC2016 # python's
COMMANDS='
import re, shlex, sys, yaml
container = yaml.safe_load(open(sys.argv[1]))["spec"]["moduleLoader"]["container"]
modprobe = container["modprobe"]
mapping = next(m for m in container["kernelMappings"] if re.search(m["regexp"], sys.argv[2]))
order = modprobe["modulesLoadingOrder"]
assert order[0] == modprobe["moduleName"]
place = "/tmp" + modprobe["dirName"]
for name, value in {
    "image": mapping["containerImage"].replace("${KERNEL_FULL_VERSION}", sys.argv[2].replace("+", "_")),
    "in_tree": " ".join(mapping["inTreeModulesToRemove"]),
    "softdeps": "".join("softdep %s pre: %s\n" % pair for pair in zip(order, order[1:])),
    "remove": "modprobe -rv " + " ".join(mapping["inTreeModulesToRemove"]),
    "load": "modprobe -vd %s %s" % (place, modprobe["moduleName"]),
    "unload": "modprobe -rvd %s %s" % (place, modprobe["moduleName"]),
}.items():
    print(name + "=" + shlex.quote(value))
'

# commands KERNEL
commands() {
	in_system python3 -c "$COMMANDS" "/home/user/cxl-accel/$FILES/module.yaml" "$1"
}

# A Debian 13 with nothing in it but apt, which finds its archive.
base_root() {
	choose_mirrors
	apt_options >"$TMP/options"
	apt_sources trixie | mmdebstrap --quiet --mode=root --variant=apt --architectures=amd64 \
		--aptopt="$TMP/options" --dpkgopt=force-unsafe-io "" "$SYSTEM/root/base.tar" -
}

# What needs less of the machine than the defaults: files copied, no namespaces, the network as it is.
buildah() {
	in_system BUILDAH_ISOLATION=chroot sh -c 'cd /home/user/cxl-accel && exec "$@"' sh buildah "$@"
}

set_up_buildah() {
	printf '[storage]\ndriver = "vfs"\nrunroot = "/run/containers"\ngraphroot = "/var/lib/containers"\n' \
		>"$SYSTEM/etc/containers/storage.conf"
}

base_image() {
	local container

	container=$(buildah from scratch) && buildah add -q "$container" /root/base.tar / &&
		buildah commit -q --rm "$container" localhost/base && rm "$SYSTEM/root/base.tar"
}

build_image() {
	local name limits=()

	# buildah would raise them, and not each root may.
	for name in nproc:u nofile:n; do
		limits+=(--ulimit "${name%:*}=$(ulimit "-H${name#*:}"):$(ulimit "-H${name#*:}")")
	done
	buildah build --pull-never "${limits[@]}" -f "$FILES/Containerfile.debian" \
		--build-arg BASE=localhost/base --build-arg "KERNEL_FULL_VERSION=$kernel" -t "$IMAGE" .
}

# As KMM takes the files out of an image; and the image is not needed any more.
take_out() {
	local container

	container=$(buildah from --pull-never "$IMAGE") &&
		cp -R "$SYSTEM$(buildah mount "$container")/opt" "$SYSTEM/srv/" && buildah rm -a >/dev/null &&
		buildah rmi -a >/dev/null
}

# What runs in the image after what it needs has been installed.
after_installation() {
	sed -n '/^COPY/,$p' "$FILES/Containerfile.$1"
}

new_system trixie
kernel=$(kernels)
ok 'buildah, and what reads the resource' user 'sudo apt-get install --no-install-recommends buildah netavark python3-yaml'
set_up_buildah
ok 'a base without a registry' base_root
ok 'an image of it' base_image
ok 'the image can be built' build_image
ok 'what is in it can be taken out' take_out
is 'the image has the modules where KMM looks for them' "$(cd "$SYSTEM/srv/opt" && find . -name '*.ko*' | sort)" \
	"./lib/modules/$kernel/updates/cxl_accel_sample.ko
./lib/modules/$kernel/updates/cxl_mem.ko
./lib/modules/$kernel/updates/dax_cxl.ko
./lib/modules/$kernel/updates/dax_hmem.ko"
is 'the image has a link to the modules of the node' "$(readlink "$SYSTEM/srv/opt/lib/modules/$kernel/host")" \
	"/lib/modules/$kernel"
is 'the driver is loaded after our cxl_mem' "$(in_system modprobe -d /srv/opt -S "$kernel" --show-depends cxl_accel_sample)" \
	"insmod /srv/opt/lib/modules/$kernel/updates/cxl_mem.ko 
insmod /srv/opt/lib/modules/$kernel/updates/cxl_accel_sample.ko "
is 'what runs for the other distribution is the same' "$(after_installation el)" "$(after_installation debian)"

ok 'the resource knows this kernel' commands "$kernel"
commands "$kernel" >"$SYSTEM/root/kmm"
like 'the resource names its image' "$(cat "$SYSTEM/root/kmm")" "^image=registry.example.org/my-driver:${kernel/+/_}\$"
like 'the resource knows the kernel of another distribution' "$(commands 6.12.0-55.el10.x86_64)" "^in_tree='cxl_mem cxl_port'\$"
boot "$kernel" tests/packages/guest/kmm.sh
done_testing
