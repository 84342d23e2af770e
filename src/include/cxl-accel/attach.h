/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: why an attach failed
 *
 * This goes beyond the API of Linux 7.3, where devm_cxl_probe_mem() says -ENXIO to nearly
 * everything. A driver that wants to compile with and without cxl-accel includes this file under
 * #ifdef CXL_ACCEL_BUNDLE, after <cxl/cxl.h>, which defines that.
 */
#ifndef CXL_ACCEL_ATTACH_H
#define CXL_ACCEL_ATTACH_H

#include <linux/errno.h>
#ifdef __KERNEL__
#include <linux/types.h>
#endif

struct cxl_dev_state;

/*
 * The one table of all statuses of an attach, in the order in which it can meet them:
 *
 *	name	CXL_ACCEL_ATTACH_<name>, a value of enum cxl_accel_attach_status
 *	errno	what devm_cxl_probe_mem() returns, negated
 *	reason	the log line (after "CXL attach failed: ") and cxl_accel_attach_error_str()
 *
 * New rows go in at the end of their group; values are not part of any ABI, names are.
 */
#define CXL_ACCEL_ATTACH_STATUSES(X)								\
	X(NOT_TRIED, 0, "not tried: devm_cxl_probe_mem() was not called")			\
	X(ATTACHED, 0, "attached")								\
	/* the call itself */									\
	X(BAD_ARGUMENT, EINVAL, "the driver passed an invalid argument")			\
	X(BUSY, EBUSY, "this device state is attached already")					\
	X(OTHER_STATE, EBUSY, "another device state of this device is attached already")	\
	X(NO_MEMORY, ENOMEM, "out of memory")							\
	X(NOT_IN_PROBE, EINVAL, "called from elsewhere than the device's own probe()")		\
	/* the device, as the driver described it */						\
	X(NOT_ENABLED, ENXIO, "the device is not enabled: call pcim_enable_device() first")	\
	X(BAD_DVSEC, EINVAL, "dvsec is not where the device has its DVSEC for CXL Devices")	\
	X(NO_COMPONENT_REGS, ENXIO, "no component registers from cxl_pci_setup_regs()")		\
	X(NO_HDM_DECODERS, ENXIO, "no HDM decoder capability in the component registers")	\
	X(MEDIA_NOT_READY, ENXIO, "the driver did not set media_ready")				\
	X(NO_CAPACITY, EINVAL, "no capacity: cxl_set_capacity() not called, or with 0")		\
	X(CAPACITY_TOO_SMALL, ENXIO, "firmware committed more than cxl_set_capacity() was told") \
	X(HAS_MAILBOX, ENXIO, "devices with a mailbox are not supported on this kernel")	\
	X(VIRTUAL_FUNCTION, ENXIO, "an SR-IOV virtual function: it is the physical one's memory") \
	/* the platform */									\
	X(NO_HOST, ENXIO, "this platform has no CXL host (no ACPI0017 device)")			\
	X(HOST_NOT_READY, EPROBE_DEFER, "CXL host found, but cxl_acpi is not bound to it yet")	\
	X(HOST_NOT_LOADED, ENXIO, "cxl_acpi was not loaded in time: load it, then bind again")	\
	X(HOST_FAILED, ENXIO, "cxl_acpi could not bind the CXL host: see its lines in dmesg")	\
	X(PCI_ONLY, ENXIO, "the device is in a PCI-only slot, not below a CXL root port")	\
	X(RESTRICTED, ENXIO, "restricted CXL devices (RCD, CXL 1.1) are not supported")		\
	X(LINK_NOT_CXL, ENXIO, "the link did not train as CXL.mem")				\
	X(NO_PORT, ENXIO, "CXL port topology not found above the device")			\
	X(PORT_NOT_BOUND, ENXIO, "the CXL port above the device is not bound to cxl_port")	\
	/* memdev and endpoint */								\
	X(NO_MEMDEV, ENXIO, "cxl_core refused to add the memdev")				\
	X(MEMDEV_NOT_BOUND, ENXIO, "the memdev was not bound to cxl_mem")			\
	X(ENDPOINT_NOT_BOUND, ENXIO, "the endpoint port was not bound to cxl_port")		\
	/* decoders and region */								\
	X(NOT_COMMITTED, ENXIO, "platform firmware committed no HDM decoder of the device")	\
	X(NO_REGION, ENXIO, "committed HDM decoder, but no region was assembled from it")	\
	X(REGION_NOT_COMMITTED, ENXIO, "the region is there, but is not committed")		\
	X(REGION_INTERLEAVED, ENXIO, "the region spans other devices too")			\
	X(REGION_NOT_BOUND, ENXIO, "the region was not bound to cxl-accel's region driver")	\
	X(NO_WINDOW, ENXIO, "the committed HDM decoder is outside every CXL window")		\
	X(RANGE_CONFLICT, ENXIO, "the committed range overlaps another decoder or region")	\
	X(RANGE_IN_USE, ENXIO, "the range is System RAM or a dax device already")		\
	/* a region that is created */								\
	X(CAPACITY_NOT_ALIGNED, ENXIO, "no region made: the capacity is no multiple of 256 MiB") \
	X(NO_CACHE_FLUSH, ENXIO, "no region made: caches cannot be flushed (hypervisor?)") \
	X(NO_WINDOW_OF_TYPE, ENXIO, "no region made: no CXL window to this device is of its type") \
	X(WINDOW_FULL, ENXIO, "no region made: the CXL window has no room for it") \
	X(NO_FREE_DECODER, ENXIO, "no region made: a port above has no free HDM decoder") \
	X(DECODER_GAP, ENXIO, "no region made: free HDM decoders above are below committed ones") \
	X(DECODER_LOCKED, ENXIO, "no region made: a locked HDM decoder above is in the way") \
	X(REGION_PENDING, ENXIO, "no region made: another one is being made below the same port") \
	X(CREATE_FAILED, ENXIO, "no region made: cxl_core refused, or a decoder did not commit") \
	/* any time */										\
	X(BEING_RELEASED, EPROBE_DEFER, "a detach of an earlier binding is still pending")	\
	X(INTERRUPTED, EPROBE_DEFER, "the CXL hierarchy was torn down during the attach")	\
	X(SUSPENDING, EPROBE_DEFER, "no device is bound while the system is suspended")

/*
 * enum cxl_accel_attach_status - how the attach of a device's memory ended
 *
 * The values are the rows of CXL_ACCEL_ATTACH_STATUSES(); every reason for a failure has one.
 */
enum cxl_accel_attach_status {
#define CXL_ACCEL_ATTACH_ENUM(name, errno, reason) CXL_ACCEL_ATTACH_##name,
	CXL_ACCEL_ATTACH_STATUSES(CXL_ACCEL_ATTACH_ENUM)
#undef CXL_ACCEL_ATTACH_ENUM
	CXL_ACCEL_ATTACH_NR
};

/**
 * cxl_accel_attach_error() - why devm_cxl_probe_mem() failed
 * @cxlds: the device state it was given
 *
 * Context: while @cxlds lives, that is from devm_cxl_dev_state_create() until the driver's
 * probe() has failed or it is unbound. Takes no lock, may be called from anywhere.
 * Return: CXL_ACCEL_ATTACH_ATTACHED after a success, CXL_ACCEL_ATTACH_NOT_TRIED before the first
 * call, else the status of the failure. A call that is refused while @cxlds is attached leaves that
 * as it is, and its status, too: what was wrong is in the log. A NULL @cxlds is
 * CXL_ACCEL_ATTACH_BAD_ARGUMENT.
 */
enum cxl_accel_attach_status cxl_accel_attach_error(const struct cxl_dev_state *cxlds);

#ifdef __KERNEL__
/**
 * cxl_accel_memory_suspect() - may an error have damaged what the memory holds?
 * @cxlds: the device state of the attach
 *
 * Context: in a callback of the driver's struct pci_error_handlers.
 * Return: true from error_detected() to resume(), both included, if the bus above the device is
 * about to be reset, or if the device or the port above it has told of an uncorrectable error of
 * CXL.cache or CXL.mem (CXL 3.1 section 8.2.4.17); in reset_done() if the memory decodes nothing
 * any more; and if it is not attached. False for an error that concerns CXL.io alone, and after a
 * reset that was survived.
 */
bool cxl_accel_memory_suspect(const struct cxl_dev_state *cxlds);
#endif

/**
 * cxl_accel_attach_error_str() - the reason, as text
 * @status: from cxl_accel_attach_error()
 *
 * Context: any.
 * Return: a static string without newline; "unknown" for a value out of range.
 */
static inline const char *cxl_accel_attach_error_str(enum cxl_accel_attach_status status)
{
	switch (status) {
#define CXL_ACCEL_ATTACH_REASON(name, errno, reason) case CXL_ACCEL_ATTACH_##name: return reason;
	CXL_ACCEL_ATTACH_STATUSES(CXL_ACCEL_ATTACH_REASON)
#undef CXL_ACCEL_ATTACH_REASON
	case CXL_ACCEL_ATTACH_NR:
		break;
	}
	return "unknown";
}

/**
 * cxl_accel_attach_errno() - the error that devm_cxl_probe_mem() returns for a status
 * @status: from cxl_accel_attach_error()
 *
 * Context: any.
 * Return: a negative errno; 0 for CXL_ACCEL_ATTACH_NOT_TRIED and CXL_ACCEL_ATTACH_ATTACHED.
 */
static inline int cxl_accel_attach_errno(enum cxl_accel_attach_status status)
{
	switch (status) {
#define CXL_ACCEL_ATTACH_ERRNO(name, errno, reason) case CXL_ACCEL_ATTACH_##name: return -(errno);
	CXL_ACCEL_ATTACH_STATUSES(CXL_ACCEL_ATTACH_ERRNO)
#undef CXL_ACCEL_ATTACH_ERRNO
	case CXL_ACCEL_ATTACH_NR:
		break;
	}
	return -EINVAL;
}

#endif /* CXL_ACCEL_ATTACH_H */
