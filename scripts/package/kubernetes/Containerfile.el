# SPDX-License-Identifier: GPL-2.0-only
#
# An image with the modules for one kernel of CentOS Stream 10, RHEL 10 and the like, and a driver, as
# Kernel Module Management loads them; README.md beside says more. In a checkout:
#
#   buildah build -f scripts/package/kubernetes/Containerfile.el --build-arg DRIVER=my_driver \
#           --build-arg KERNEL_FULL_VERSION=6.12.0-55.el10.x86_64 \
#           -t registry.example.org/my-driver:6.12.0-55.el10.x86_64 .
#
# DRIVER is the directory of the driver's Kbuild, and BASE an image of the release that the kernel is of.
ARG BASE=quay.io/centos/centos:stream10
FROM ${BASE} AS build
ARG KERNEL_FULL_VERSION
ARG DRIVER=src/sample
# The types of a kernel are in its image, and those of cxl_core in that module.
RUN dnf -y install bzip2 elfutils-libelf-devel findutils gawk gcc glibc-devel kernel-core-${KERNEL_FULL_VERSION} \
        kernel-devel-${KERNEL_FULL_VERSION} kernel-modules-core-${KERNEL_FULL_VERSION} kmod lz4 make xz zstd
COPY Makefile Kbuild dkms.conf /usr/src/cxl-accel/
COPY scripts /usr/src/cxl-accel/scripts
COPY src /usr/src/cxl-accel/src
COPY ${DRIVER} /usr/src/driver
RUN cd /usr/src/cxl-accel && \
    make KVER=${KERNEL_FULL_VERSION} && \
    INSTALL_MOD_PATH=/opt scripts/modules-install ${KERNEL_FULL_VERSION} && \
    scripts/build-driver ${KERNEL_FULL_VERSION} /usr/src/driver && \
    install -m 644 -t /opt/lib/modules/${KERNEL_FULL_VERSION}/updates /usr/src/driver/*.ko && \
    ln -s /lib/modules/${KERNEL_FULL_VERSION} /opt/lib/modules/${KERNEL_FULL_VERSION}/host && \
    depmod -b /opt ${KERNEL_FULL_VERSION}

FROM ${BASE}
COPY --from=build /opt /opt
