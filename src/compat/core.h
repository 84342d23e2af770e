/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The distro's cxl_core as the rest of cxl-accel sees it.
 *
 * This is the one place that knows how kernels differ. The private layouts and the prototypes
 * come out of the target kernel's BTF (cxl_core_layout.h), the answers to "does it have ...?" too
 * (cxl_core_features.h, from features.tbl). What BTF cannot say stands below, each with the reason
 * why it may be relied on. Nobody else includes the generated headers or tests a HAVE_ macro.
 */
#ifndef CXL_ACCEL_CORE_H
#define CXL_ACCEL_CORE_H

#include <linux/bits.h>
#include <linux/module.h>
#include <linux/pci.h>

#include "cxl_core_features.h"
#include "cxl_core_layout.h"

/*
 * The namespace became a string with 6.13; the headers do not say so in a way that cpp can test,
 * and __stringify() of a string would keep its quotes. Below the macros that changed, one form
 * fits all.
 */
#define CORE_IMPORT_NS()	MODULE_INFO(import_ns, "CXL")
#define CORE_EXPORT(sym)	__EXPORT_SYMBOL(sym, "GPL", "CXL")

/* Whether this machine can flush its caches is asked of a function of this namespace, since 6.2. */
#define CORE_IMPORT_NS_DEVMEM()	MODULE_INFO(import_ns, "DEVMEM")

/* Where the kernel has the accelerator API itself nothing is replaced (src/side). */
#ifdef HAVE_CXL_ACCEL_API
#define CORE_HAS_ACCEL_API 1
#endif

/* The cxl bus, exported by every cxl_core; a variable, so BTF has no prototype for it. */
extern const struct bus_type cxl_bus_type;

/*
 * Device classes of the cxl bus. They are part of each device's modalias ("cxl:t5*"), which user
 * space matches on, so their values stay.
 */
#define CXL_DEVICE_PORT			3
#define CXL_DEVICE_MEMORY_EXPANDER	5
#define CXL_DEVICE_REGION		6
#define CXL_DEVICE_DAX_REGION		8

/*
 * A dax region whose devices are kmem's by default: a macro, so not in BTF. The same since 5.10;
 * the modalias of a dax device shows it.
 */
#define IORESOURCE_DAX_KMEM		BIT(1)

/* Decoder flags: macros, so not in BTF. The same since 5.19; sysfs shows @ENABLE and @LOCK. */
#define CXL_DECODER_F_RAM		BIT(0)
#define CXL_DECODER_F_TYPE2		BIT(2)
#define CXL_DECODER_F_TYPE3		BIT(3)
#define CXL_DECODER_F_LOCK		BIT(4)
#define CXL_DECODER_F_ENABLE		BIT(5)

/* A region flag, a number of a bit: assembled from what firmware committed. The same since 6.3. */
#define CXL_REGION_F_AUTO		0

#define CXL_RESOURCE_NONE		((resource_size_t)-1)

static inline struct cxl_memdev *to_cxl_memdev(struct device *dev)
{
	return container_of(dev, struct cxl_memdev, dev);
}

static inline struct cxl_region *to_cxl_region(struct device *dev)
{
	return container_of(dev, struct cxl_region, dev);
}

/* The platform's root port has no other port above it: its uport is its parent. */
static inline bool is_cxl_root(const struct cxl_port *port)
{
	return port->uport_dev == port->dev.parent;
}

static inline bool is_cxl_endpoint(const struct cxl_port *port)
{
	return is_cxl_memdev(port->uport_dev);
}

#ifndef CORE_HAS_ACCEL_API
#define cxl_driver_register(drv) __cxl_driver_register(drv, THIS_MODULE, KBUILD_MODNAME)

/* A memdev is in use: suspend would lose its memory. Kernels without CXL_SUSPEND do not care. */
static inline void cxl_accel_core_mem_active_inc(void)
{
#ifdef HAVE_CXL_MEM_ACTIVE_INC
	cxl_mem_active_inc();
#endif
}

static inline void cxl_accel_core_mem_active_dec(void)
{
#ifdef HAVE_CXL_MEM_ACTIVE_DEC
	cxl_mem_active_dec();
#endif
}

/* Map the dport's RAS registers, so that AER can report protocol errors of the link. */
static inline void cxl_accel_core_dport_init_ras(struct cxl_dport *dport, struct device *host)
{
#ifdef HAVE_CXL_DPORT_INIT_RAS
	cxl_dport_init_ras_reporting(dport, host);
#endif
}

static inline bool cxl_accel_core_memdev_has_pmem(const struct cxl_dev_state *cxlds)
{
#ifdef HAVE_CXL_DPA_RES_PER_MODE
	return resource_size(&cxlds->pmem_res) > 0;
#else
	unsigned int i;

	for (i = 0; i < cxlds->nr_partitions; i++)
		if (cxlds->part[i].mode == CXL_PARTMODE_PMEM)
			return resource_size(&cxlds->part[i].res) > 0;
	return false;
#endif
}
#endif /* CORE_HAS_ACCEL_API */

/* Whether there is a cxl_port of ours for this kernel: the build decides (scripts/build). */
static inline bool cxl_accel_core_replaces_port(void)
{
	return IS_ENABLED(CORE_REPLACES_CXL_PORT);
}

/* A module that stays: nothing is imported from it that would have it loaded first. */
#if !defined(CORE_REPLACES_CXL_PORT) && !defined(HAVE_CXL_PORT_BUILTIN)
#define CORE_KEEPS_PORT_MODULE 1
#endif

/* Until 6.13 cxl_dvsec_rr_decode() takes a PCI function's drvdata for cxl_core's device state. */
static inline bool cxl_accel_core_needs_drvdata(void)
{
	return IS_ENABLED(HAVE_PORT_DVSEC_RR_DECODE);
}

/*
 * From 6.18 dports are added when a device below them needs them. Some kernels take the device lock
 * of the CXL host for that, some do not, and nothing tells which.
 */
static inline bool cxl_accel_core_adds_dports_on_demand(void)
{
	return IS_ENABLED(HAVE_CXL_DPORTS_ON_DEMAND);
}

/* What the core's decoder does until its first region: no commit, one target, no range. */
static inline bool cxl_accel_core_decoder_is_passthrough(const struct cxl_switch_decoder *cxlsd)
{
	return !cxlsd->cxld.commit && cxlsd->nr_targets == 1;
}

/* A driver has been found for the device, once. */
static inline bool cxl_accel_core_device_can_match(const struct device *dev)
{
#ifdef HAVE_DEVICE_CAN_MATCH
	return dev->can_match;
#else
	return dev_can_match(dev);
#endif
}

/* Which task holds a mutex has no public name. The lowest bits of that word are flags. */
static inline const struct task_struct *cxl_accel_core_mutex_owner(const struct mutex *lock)
{
#ifdef CONFIG_PREEMPT_RT
	return (void *)((unsigned long)READ_ONCE(lock->rtmutex.owner) & ~7UL);
#else
	return (void *)(atomic_long_read(&lock->owner) & ~7UL);
#endif
}

bool cxl_accel_core_device_is_locked_for_me(struct device *dev);
int cxl_accel_check_build(const char *kernel, const char *core);

/* In module init: was this module built for the kernel that runs? See build_id.c. */
static inline int cxl_accel_core_check_build(void)
{
#ifdef CONFIG_MODVERSIONS
	return 0;
#else
	return cxl_accel_check_build(CXL_CORE_BUILD_ID, CXL_CORE_MODULE_BUILD_ID);
#endif
}

void cxl_accel_core_memdev_register_edac(struct cxl_memdev *cxlmd);
struct cxl_dev_state *cxl_accel_core_memdev_create(struct pci_dev *pdev, u64 serial, u16 dvsec,
						   u64 capacity,
						   const struct cxl_register_map *map);
void cxl_accel_core_in_kernel_thread(void (*fn)(void *data), void *data);
int cxl_accel_core_store(struct device *dev, const char *name, const char *value);
int cxl_accel_core_region_create(struct device *cxlrd_dev);
bool cxl_accel_core_region_keep(struct cxl_region *cxlr);
void cxl_accel_core_region_let_go(struct cxl_region *cxlr);
int cxl_accel_core_region_delete(struct cxl_region *cxlr);
void cxl_accel_core_region_keep_committed(struct cxl_region *cxlr,
					  const struct cxl_endpoint_decoder *cxled);
bool cxl_accel_core_find_window(const struct range *range, struct resource **window);
bool cxl_accel_core_can_flush_caches(void);
int cxl_accel_core_flush_caches(const struct range *range);

#ifndef CORE_HAS_ACCEL_API
/*
 * What cxl_port does when an endpoint has been bound: a region of a committed decoder. The root
 * stays meanwhile: it removes all ports below, the endpoint included, before it goes.
 */
static inline int cxl_accel_core_add_to_region(struct cxl_port *endpoint,
					       struct cxl_endpoint_decoder *cxled)
{
#ifdef HAVE_CXL_ADD_TO_REGION_BY_ROOT
	struct cxl_root *root = find_cxl_root(endpoint);
	int rc;

	if (!root)
		return -ENXIO;
	rc = cxl_add_to_region(&root->port, cxled);
	put_cxl_root(root);
	return rc;
#else
	return cxl_add_to_region(cxled);
#endif
}
#endif /* CORE_HAS_ACCEL_API */

#endif /* CXL_ACCEL_CORE_H */
