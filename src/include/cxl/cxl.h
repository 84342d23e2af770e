/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: the accelerator API of Linux 7.3 for kernels that do not carry it
 *
 * All of it is exported to GPL-compatible modules only, in the namespace CXL.
 *
 * A driver for a CXL Type-2 device (CXL 3.1 section 2.1.2: CXL.cache and CXL.mem, vendor-specific
 * memory) includes this file as <cxl/cxl.h>, as it would on Linux 7.3. Names, arguments and meaning
 * are those of that release; the text and what stands behind it are cxl-accel's own.
 *
 * Nothing here depends on the kernel's version or on a private header of the kernel: all that
 * cxl-accel must know about the running cxl_core hangs behind &cxl_dev_state.accel.
 *
 * For the implementation only: cxl_core has private types of the same names as these
 *
 *	struct cxl_dev_state, struct cxl_register_map, struct cxl_reg_map,
 *	struct cxl_component_reg_map, struct cxl_device_reg_map, struct cxl_pmu_reg_map,
 *	enum cxl_devtype (CXL_DEVTYPE_*), and in <cxl/pci.h>
 *	enum cxl_regloc_type (CXL_REGLOC_RBI_*)
 *
 * A source that needs both includes cxl_core's layout first, defines CXL_ACCEL_CORE_TYPES (the
 * two enums, whose values the specification or user space fixes, are then cxl_core's), gives the
 * structs another name for the time of the inclusion (#define cxl_dev_state cxl_accel_dev_state,
 * and so on), includes this file, and drops those defines again. A driver does none of this.
 */
/*
 * The guard is the one that kernels with a <cxl/cxl.h> of their own use: where an incomplete one
 * comes with the kernel, whichever of the two is included first is the only one, and the build of
 * a driver sees to it that it is this one.
 */
#ifndef __CXL_CXL_H__
#define __CXL_CXL_H__

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/device.h>
#include <linux/ioport.h>
#include <linux/range.h>
#include <linux/stddef.h>
#include <linux/types.h>

/*
 * Tells a source that it is being built against this bundle, not against a kernel that carries
 * the API itself. Only then does <cxl-accel/attach.h> have something behind it.
 */
#define CXL_ACCEL_BUNDLE 1

struct cxl_accel;
struct cxl_memdev;

#ifndef CXL_ACCEL_CORE_TYPES
/**
 * enum cxl_devtype - what kind of CXL memory device this is
 * @CXL_DEVTYPE_DEVMEM: a Type-2 device: memory behind a vendor's own programming model (HDM-D,
 *	HDM-DB), with or without a mailbox
 * @CXL_DEVTYPE_CLASSMEM: a Type-3 device with the memory device class code and its mandatory
 *	registers (CXL 3.1 section 8.1.12); cxl_pci binds these
 */
enum cxl_devtype {
	CXL_DEVTYPE_DEVMEM,
	CXL_DEVTYPE_CLASSMEM,
};
#endif

/**
 * struct cxl_reg_map - one capability that was found inside a register block
 * @valid: the capability is there; if not, the other members mean nothing
 * @id: capability id, as in the capability header (CXL 3.1 section 8.2.4)
 * @offset: where it starts, in bytes from the start of the register block
 * @size: its length in bytes
 */
struct cxl_reg_map {
	bool valid;
	int id;
	unsigned long offset;
	unsigned long size;
};

/**
 * struct cxl_component_reg_map - capabilities of a component register block
 * @hdm_decoder: HDM Decoder Capability Structure (CXL 3.1 section 8.2.4.20)
 * @ras: RAS Capability Structure (CXL 3.1 section 8.2.4.17)
 */
struct cxl_component_reg_map {
	struct cxl_reg_map hdm_decoder;
	struct cxl_reg_map ras;
};

/**
 * struct cxl_device_reg_map - capabilities of a memory device register block
 * @status: Device Status Registers (CXL 3.1 section 8.2.8.3)
 * @mbox: Mailbox Registers (CXL 3.1 section 8.2.8.4)
 * @memdev: Memory Device Registers (CXL 3.1 section 8.2.8.5)
 */
struct cxl_device_reg_map {
	struct cxl_reg_map status;
	struct cxl_reg_map mbox;
	struct cxl_reg_map memdev;
};

/**
 * struct cxl_pmu_reg_map - a performance monitoring unit's register block
 * @pmu: CPMU registers (CXL 3.1 section 8.2.7)
 */
struct cxl_pmu_reg_map {
	struct cxl_reg_map pmu;
};

/**
 * struct cxl_register_map - a register block, as its Register Locator DVSEC entry describes it
 * @host: device for log lines and for the lifetime of mappings made from this
 * @base: the mapped block while it is being searched; NULL at all other times
 * @resource: physical address of the block
 * @max_size: length of the block in bytes
 * @reg_type: what the block is, a value of &enum cxl_regloc_type
 * @component_map: what was found in it, for CXL_REGLOC_RBI_COMPONENT
 * @device_map: the same for CXL_REGLOC_RBI_MEMDEV
 * @pmu_map: the same for CXL_REGLOC_RBI_PMU
 *
 * cxl_pci_setup_regs() fills it in.
 */
struct cxl_register_map {
	struct device *host;
	void __iomem *base;
	resource_size_t resource;
	resource_size_t max_size;
	u8 reg_type;
	union {
		struct cxl_component_reg_map component_map;
		struct cxl_device_reg_map device_map;
		struct cxl_pmu_reg_map pmu_map;
	};
};

/**
 * struct cxl_dev_state - a driver's CXL device, embedded first in the driver's own struct
 * @dev: the PCI device; set by devm_cxl_dev_state_create(), read-only for the driver
 * @cxlmd: the memdev, once devm_cxl_probe_mem() has returned it; read-only for the driver
 * @reg_map: the component registers; the driver has cxl_pci_setup_regs() fill it in
 * @media_ready: the driver sets it once the device's memory answers. False refuses the attach.
 *
 * Only the first four are there for drivers, and are all that a driver may count on in 7.3 too.
 */
struct cxl_dev_state {
	struct device *dev;
	struct cxl_memdev *cxlmd;
	struct cxl_register_map reg_map;
	bool media_ready;

	/* private: */
	int cxl_dvsec;			/* config space offset of the PCIe DVSEC for CXL Devices */
	enum cxl_devtype type;		/* this and serial: from devm_cxl_dev_state_create() */
	u64 serial;
	u64 capacity;			/* bytes of device memory, from cxl_set_capacity() */
	bool has_mbox;			/* from devm_cxl_dev_state_create() */
	struct cxl_accel *accel;	/* what cxl-accel keeps about this device */
};

struct cxl_dev_state *_devm_cxl_dev_state_create(struct device *dev, enum cxl_devtype type,
						 u64 serial, u16 dvsec, size_t size,
						 bool has_mbox);

/**
 * devm_cxl_dev_state_create() - allocate a driver's struct that begins with its CXL device state
 * @parent: &struct device of the PCI function, in its driver's probe()
 * @type: CXL_DEVTYPE_DEVMEM for an accelerator
 * @serial: what pci_get_dsn() returned; 0 if the device has no serial number
 * @dvsec: config space offset of the PCIe DVSEC for CXL Devices (CXL 3.1 section 8.1.3), from
 *	pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL, PCI_DVSEC_CXL_DEVICE)
 * @drv_struct: type name of the driver's struct
 * @member: name of the &struct cxl_dev_state in it, which must be its first member: the build
 *	fails if it is not, or is of another type
 * @mbox: true if the device has a CXL mailbox
 *
 * The struct is zeroed apart from its first member, and lives until @parent's driver is unbound
 * (or its probe() fails); the driver never frees it. The driver's drvdata is left alone.
 *
 * Context: may sleep; takes no lock.
 * Return: pointer to @drv_struct, or NULL (never an ERR_PTR()): there is no memory, or @parent or
 * @type cannot be, which is said in the log. @dvsec is looked at by devm_cxl_probe_mem().
 */
#define devm_cxl_dev_state_create(parent, type, serial, dvsec, drv_struct, member, mbox)	\
({												\
	_Static_assert(__builtin_types_compatible_p(typeof(((drv_struct *)0)->member),		\
						    struct cxl_dev_state),			\
		       #drv_struct "." #member " is not a struct cxl_dev_state");		\
	_Static_assert(!offsetof(drv_struct, member),						\
		       #member " is not the first member of " #drv_struct);			\
	(drv_struct *)_devm_cxl_dev_state_create(parent, type, serial, dvsec,			\
						 sizeof(drv_struct), mbox);			\
})

/**
 * cxl_set_capacity() - say how much memory a device without a mailbox has
 * @cxlds: device state, not yet given to devm_cxl_probe_mem()
 * @capacity: bytes of volatile device memory (DPA 0 to @capacity - 1). What firmware committed to
 *	the device's HDM decoders must fit in. 0 is as if it had not been called: the attach fails.
 *
 * Context: may sleep.
 * Return: 0, or -EBUSY if the capacity was set before.
 */
int cxl_set_capacity(struct cxl_dev_state *cxlds, u64 capacity);

/**
 * devm_cxl_probe_mem() - attach a device's memory: memdev, endpoint, region
 * @cxlds: device state, with @cxlds->reg_map filled in, @cxlds->media_ready true and a capacity
 * @range: where the device's memory is in the host's physical address map (HPA), first and last
 *	byte; an empty range (start 0, end -1) if the call fails
 *
 * When this returns without an error, the memdev is bound to cxl_mem, its endpoint port is there,
 * its region is committed, and @range is the region's: memory the driver may map until it is
 * unbound, in one way: memremap(MEMREMAP_WB) where the device keeps it coherent with the
 * processors' caches (HDM-D, HDM-DB), else ioremap_wc() or ioremap(). It may request_mem_region()
 * it. The memory never becomes a dax device or System RAM by itself. When this returns an error,
 * nothing of it is left behind, and one line in the log says why (so does cxl_accel_attach_error()
 * in
 * <cxl-accel/attach.h>).
 *
 * The driver may have claimed its BARs before, by pci_request_regions() for example; what cxl_core
 * uses of them stays the driver's.
 *
 * All of it goes away with the driver, after its remove(), and until then cxl_core uses the
 * component registers: remove() leaves the function in D0, its BARs decoded, and does not reset it.
 *
 * A reset of the function, or of the bus above it, takes no memory away: when it is over, before
 * reset_done() or slot_reset() of the driver's error handlers, the device decodes as before. If
 * that is impossible, the driver is unbound. From reset_prepare() or error_detected() until then
 * nobody touches the memory, users included.
 *
 * The other way round, when the port hierarchy, the endpoint, the memdev or the region goes, the
 * driver is unbound, after the fact. What platform firmware committed stays committed in all these
 * cases, so the driver's engines and its users may go on until remove() stops them; but not if the
 * device was pulled: then reads are all ones, or end in a machine check. So nothing may rely on
 * what it reads, and remove() zaps the user's mappings, stops the engines and unmaps the memory,
 * which it does not touch itself. cxl-accel(7) has it in full, by event and kernel. When cxl_acpi
 * has gone and is back, the driver is probed again. A driver that asks is told instead, and goes
 * on: see <cxl-accel/loss.h>.
 *
 * The drvdata of the PCI device is the driver's all the time.
 *
 * Context: only from the probe() of @cxlds->dev's driver, which runs under the device lock. From
 * anywhere else (a work item, devlink reload, an auxiliary driver's probe in another task) it is
 * refused with -EINVAL. May sleep, for tens of milliseconds. Takes, in this order, the device locks
 * of the memdev and of the endpoint port, then cxl_core's region locks.
 * Return: the memdev, or an ERR_PTR():
 * * -EPROBE_DEFER: the platform has a CXL host (ACPI0017), but its driver cxl_acpi is not bound
 *   yet; or a detach of an earlier binding is still pending; or the hierarchy was torn down during
 *   the attach. A probe() that hands this on is called again when that has changed, or when it is
 *   not waited for any longer: cxl_acpi's probe
 *   failed, or it was not loaded within a time (cxl_mem's parameter host_timeout): the answer is
 *   -ENXIO. A probe() that fails then is called again should cxl_acpi still come.
 * * -EINVAL: an argument is wrong, the capacity was never set, or this is not a probe()
 * * -EBUSY: @cxlds, or another device state of the same device, is attached already
 * * -ENOMEM: no memory
 * * -ENXIO: no CXL memory is to be had; whether the driver goes on as a PCI-only driver is up to it
 */
struct cxl_memdev *devm_cxl_probe_mem(struct cxl_dev_state *cxlds, struct range *range);

#endif /* __CXL_CXL_H__ */
