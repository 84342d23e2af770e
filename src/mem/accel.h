/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of cxl_mem share. main.c says what the module owns, README.md in src how a
 * device's memory comes and goes.
 *
 * Lock order, outermost first; a file's first comment says which of these it takes:
 *
 *	device lock of the PCI function
 *	device lock of the memdev
 *	device lock of the CXL root (ACPI0017), while regions are assembled; or
 *	cxl_accel_host_rwsem, which many can share, while ports are enumerated
 *	device lock of the port above the endpoint
 *	device lock of the endpoint
 *	cxl_core: regions lock of a root decoder
 *	device lock of a region
 *	cxl_core: region rwsem, DPA rwsem
 *
 * cxl_accels_lock (accel.c), cxl_accel_status_lock (status.c), cxl_accel_wait_lock (host_wait.c),
 * cxl_accel_decode_path_lock (decode_path.c), cxl_accel_reserve_lock (hpa_reserve.c),
 * cxl_accel_reset_lock (reset.c), cxl_accel_switch_lock (reset_switch.c),
 * cxl_accel_err_handler_lock (err_handler.c) and cxl_accel_loss_lock (loss.c) are innermost: none
 * of the above is taken under them.
 */
#ifndef CXL_MEM_ACCEL_H
#define CXL_MEM_ACCEL_H

#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/range.h>
#include <linux/workqueue.h>

#include "core.h"
#include "public.h"

/* CXL 3.1 section 8.1.3: PCIe DVSEC for CXL Devices, capability register */
#define CXL_DEVICE_DVSEC		0
#define   CXL_DEVICE_CAP		0xa

/* CXL 3.1 section 8.2.4.20.1: a device has no more HDM decoders */
#define MAX_COMMITTED	32

/* Private: drivers that are built already need not care when it changes. */
#ifndef __GENKSYMS__
struct cxl_accel_dev_state;
struct cxl_accel_region;
struct cxl_accel_register_map;

/*
 * Of one HDM decoder, or of one DVSEC range, which has neither @ctrl nor @skip. What is @skip in a
 * device's decoder, is the target list in a switch's.
 */
struct cxl_accel_decoder_regs {
	u32 base_lo, base_hi;
	u32 size_lo, size_hi;
	u32 skip_lo, skip_hi;
	u32 ctrl;
};

/**
 * struct cxl_accel_decoders - the registers that say what a device decodes
 * @regs: where the HDM decoder capability is in the host's address space
 * @size: its size in bytes
 * @ctrl: global control; 0 unless the HDM decoders are enabled
 * @nr: of @decoder, up to the last one that is committed
 * @decoder: HDM decoders; those that are not committed are zero
 * @back_invalidate: where the BI Decoder capability is in the host's address space; 0 if nowhere
 * @back_invalidate_ctrl: what is turned on by it
 * @dvsec: config space offset of the DVSEC for CXL Devices; 0 if it could not be read
 * @dvsec_ctrl: CXL Control
 * @dvsec_ctrl2: CXL Control 2
 * @dvsec_lock: CXL Lock
 * @nr_ranges: of @range
 * @range: DVSEC ranges
 */
struct cxl_accel_decoders {
	resource_size_t regs;
	unsigned long size;
	u32 ctrl;
	int nr;
	struct cxl_accel_decoder_regs decoder[MAX_COMMITTED];
	resource_size_t back_invalidate;
	u32 back_invalidate_ctrl;
	u16 dvsec;
	u16 dvsec_ctrl;
	u16 dvsec_ctrl2;
	u16 dvsec_lock;
	int nr_ranges;
	struct cxl_accel_decoder_regs range[2];
};

/**
 * struct cxl_accel - one binding of an accelerator's driver, from its first call to its end
 * @ref: the driver's binding has one, each user of cxl_accel_get_by_memdev() another
 * @node: in the list of all of them, while @ref lasts
 * @dev: the PCI function; a reference is held
 * @lost: releases the driver, see detach.c
 * @released: it has, or has seen that it need not
 * @recovery: releases the driver, should AER's recovery not come to its end; while @recovering
 * @recovering: that is waited for; protected by @dev's device lock
 * @suspect: an error may have damaged the memory; protected by @dev's device lock
 * @status: how the attach under way stands; the attaching task's
 * @last_status: how the last attach ended
 * @attacher: task whose attach is under way; NULL otherwise
 * @cxlds: cxl_core's state of the device, from attach on
 * @cxlmd: its memdev; only compared after @attached has been cleared
 * @cxlr: the region that has @range; only compared
 * @cxled: its decoder, in the side module only; only compared
 * @range: HPA range of the first decoder that has a region
 * @regions: committed decoders of the endpoint and their regions; protected by its device lock
 * @hears_of_resets: of @dev, in the side module only; protected by @dev's device lock
 * @adding: the one that cxl_core is making a region of; the attaching task's
 * @decode_path: decoders above the endpoint that are held in place; protected likewise
 * @copy: of @dev, while the endpoint is probed, see endpoint_probe.c
 * @bar_claim: of the driver, around its registers, while the endpoint is probed, see bar_claim.c
 * @devmem: uncommitted decoders of the endpoint are for device coherent memory (HDM-D)
 * @wants_region: if firmware committed none, one is to be created; the driver has said so
 * @direct: the memdev gets no driver; the driver has said so
 * @refused: why no committed decoder will have a region; CXL_ACCEL_ATTACH_ATTACHED if all may
 * @attached: the memdev belongs to this binding; protected by @dev's device lock
 * @host_nr: which binding of cxl_acpi to the host it was attached in
 * @attach_nr: counts attaches, should a driver try again; protected by cxl_accels_lock
 * @lost_nr: which of them lost its memory; protected by cxl_accels_lock
 * @releasing: the driver is about to be released; protected by @dev's device lock
 * @reprobe_pending: a new binding came while @releasing; protected by @dev's device lock
 * @no_d3: it is power.c that keeps @dev from D3
 * @no_d3cold: likewise from D3cold, and the ports above from D3
 */
struct cxl_accel {
	struct kref ref;
	struct list_head node;
	struct device *dev;
	struct work_struct lost;
	struct completion released;
	struct delayed_work recovery;
	bool recovering;
	bool suspect;

	enum cxl_accel_attach_status status;
	enum cxl_accel_attach_status last_status;
	struct task_struct *attacher;
	struct cxl_dev_state *cxlds;
	struct cxl_memdev *cxlmd;
	struct cxl_region *cxlr;
	struct cxl_endpoint_decoder *cxled;
	bool hears_of_resets;
	struct range range;
	struct list_head regions;
	struct cxl_accel_region *adding;
	struct list_head decode_path;
	struct pci_dev *copy;
	struct resource *bar_claim;
	bool devmem;
	bool wants_region;
	bool direct;
	enum cxl_accel_attach_status refused;

	bool attached;
	unsigned int host_nr;
	unsigned int attach_nr;
	unsigned int lost_nr;
	bool releasing;
	bool reprobe_pending;

	bool no_d3;
	bool no_d3cold;
};
#endif

/* How long a driver may take to let go of memory that is gone: milliseconds, if it is not stuck. */
#define CXL_ACCEL_RELEASE_WAIT	(3 * HZ)

/* accel.c: all accelerators, and which of them is meant */
struct cxl_accel *cxl_accel_alloc(struct device *dev);
struct cxl_accel *cxl_accel_create(struct device *dev);
bool cxl_accel_in_probe(struct device *dev);
void cxl_accel_put(struct cxl_accel *accel);
struct cxl_accel *cxl_accel_attaching(const struct cxl_dev_state *cxlds);
struct cxl_accel *cxl_accel_attaching_now(void);
struct cxl_accel *cxl_accel_get_by_memdev(const struct cxl_memdev *cxlmd, unsigned int *attach_nr);
struct cxl_accel *cxl_accel_get_by_device(const struct device *dev, unsigned int *attach_nr);
struct cxl_accel *cxl_accel_get_by_region(const struct cxl_region *cxlr, unsigned int *attach_nr);
bool cxl_accel_owns(const struct cxl_dev_state *cxlds);
enum cxl_accel_attach_status cxl_accel_check_conflict(struct device *dev);
void cxl_accel_begin(struct cxl_accel *accel, struct cxl_dev_state *cxlds);
void cxl_accel_clear_memdev(struct cxl_accel *accel);
bool cxl_accel_mark_unexpected(struct cxl_accel *accel, unsigned int attach_nr);

/* api.c: the accelerator API */
struct cxl_register_map
cxl_accel_register_map_to_core(const struct cxl_accel_register_map *from);

/* report.c: how an attach ended, for the log */
int cxl_accel_attach_report(struct device *dev, enum cxl_accel_attach_status status);
void cxl_accel_report_exit(void);

/* attach.c: what devm_cxl_probe_mem() does */
enum cxl_accel_attach_status cxl_accel_attach(struct cxl_accel_dev_state *cxlds,
					      struct cxl_memdev **cxlmd);

/* status.c: state of each accelerator's memory */
int cxl_accel_status_add(struct device *dev);
void cxl_accel_status_range(struct device *dev, const struct range *range);
void cxl_accel_status_set(struct device *dev, enum cxl_accel_attach_status status,
			  const struct range *range);
void cxl_accel_status_expect(struct device *dev, bool expected);
bool cxl_accel_status_is_attached(const struct device *dev);
bool cxl_accel_status_expected(const struct device *dev);
enum cxl_accel_attach_status cxl_accel_status_get(const struct device *dev);
void cxl_accel_status_lost(struct device *dev, bool released);
void cxl_accel_status_detached(struct device *dev);
void cxl_accel_status_reprobe(enum cxl_accel_attach_status status);
int cxl_accel_status_init(void);
void cxl_accel_status_exit(void);

/* CXL 3.1 section 9.18.1: the CXL root device, the CXL host, to which cxl_acpi binds */
#define CXL_ROOT_HID "ACPI0017"

/* host_wait.c: the wait for the CXL host's driver, and its end */
enum cxl_accel_attach_status cxl_accel_host_wait(const struct device *host);
unsigned int cxl_accel_host_binding(void);
int cxl_accel_host_wait_init(void);
void cxl_accel_host_wait_exit(void);

/* host.c: is there CXL above the device? */
enum cxl_accel_attach_status cxl_accel_host_status(struct pci_dev *pdev);
enum cxl_accel_attach_status cxl_accel_host_unbound_status(void);
struct device *cxl_accel_host_lock(void);
void cxl_accel_host_unlock(struct device *host);
void cxl_accel_host_forget(void);
struct device *cxl_accel_host_hold(void);
void cxl_accel_host_release(void);
void cxl_accel_host_exit(void);
bool cxl_accel_host_port_is_unbound(struct device *dev);

/* memdev.c: the cxl_mem driver */
extern struct cxl_driver cxl_mem_driver;
int cxl_accel_attach_direct(struct cxl_accel *accel, struct cxl_memdev *cxlmd);

/* fixups.c: ports, decoders and regions before anybody can use them */
void cxl_accel_set_pm_domain(struct device *dev, struct dev_pm_domain *domain);
int cxl_accel_fixups_register(void);
void cxl_accel_fixups_unregister(void);

/* endpoint_probe.c: when an endpoint port is probed */
void cxl_accel_endpoint_added(struct cxl_port *port);
void cxl_accel_endpoint_decoded(struct cxl_accel *accel);

/* bar_claim.c: a driver that has claimed its BARs */
void cxl_accel_bar_claim_open(struct cxl_accel *accel);
void cxl_accel_bar_claim_close(struct cxl_accel *accel, struct device *endpoint);

/* decode_path.c: the decoders above the endpoint */
int cxl_accel_decode_path_prepare(struct cxl_accel *accel, struct cxl_port *endpoint,
				  const struct cxl_decoder *down);
void cxl_accel_decode_path_override(struct cxl_accel *accel, const struct cxl_decoder *down);
void cxl_accel_decode_path_restore(struct cxl_accel *accel);

/* region.c: regions that belong to an accelerator */
extern struct cxl_driver cxl_accel_region_driver;
void cxl_accel_region_added(struct cxl_region *cxlr);
int cxl_accel_region_prepare(struct cxl_accel *accel, struct cxl_port *endpoint,
			     struct cxl_endpoint_decoder *cxled);
enum cxl_accel_attach_status cxl_accel_region_assemble(struct cxl_accel *accel,
						       struct cxl_port *endpoint);
struct cxl_endpoint_decoder *cxl_accel_region_first(struct cxl_accel *accel,
						    struct cxl_memdev *cxlmd,
						    struct cxl_region **cxlr);
struct cxl_region *cxl_accel_region_adding(struct cxl_accel *accel);
void cxl_accel_region_discard(struct cxl_accel *accel);

/* create.c: a region where platform firmware committed none */
bool cxl_accel_create_is_wanted(const struct cxl_accel *accel);
enum cxl_accel_attach_status cxl_accel_create_region(struct cxl_accel *accel,
						     struct cxl_port *endpoint,
						     struct cxl_endpoint_decoder *cxled, u64 size);
bool cxl_accel_create_can_undo(struct cxl_port *endpoint, const struct cxl_region *cxlr);

/* hpa_in_use.c: is a range in other hands already? */
bool cxl_accel_hpa_in_use(const struct range *range);

/* hpa_reserve.c: what firmware committed to an accelerator is nobody else's */
int cxl_accel_reserve_init(void);
void cxl_accel_reserve_exit(void);
void cxl_accel_reserve_device(struct pci_dev *pdev);
bool cxl_accel_reserve_covers(struct pci_dev *pdev, const struct range *range);
bool cxl_accel_reserve_created(struct pci_dev *pdev, const struct range *range);
bool cxl_accel_reserve_is_created(struct pci_dev *pdev, const struct range *range);
void cxl_accel_reserve_end(struct pci_dev *pdev, const struct range *range);
void cxl_accel_reserve_end_stale(struct pci_dev *pdev);
void cxl_accel_reserve_windows_added(struct cxl_port *host_bridge);

/* registers.c: where a device's registers are, by its own account */
bool cxl_accel_is_in_bar(struct pci_dev *pdev, resource_size_t start, resource_size_t size);
bool cxl_accel_registers_are_decoded(struct pci_dev *pdev);
enum cxl_accel_attach_status cxl_accel_function_status(struct pci_dev *pdev, int dvsec);
int cxl_accel_registers_find(struct pci_dev *pdev, enum cxl_regloc_type type,
			     struct cxl_register_map *map);
resource_size_t cxl_accel_capability_find(const struct cxl_register_map *map, u16 id,
					  unsigned long size);

/* back_invalidate.c: HDM-DB */
void cxl_accel_back_invalidate_read(const struct cxl_register_map *map,
				    struct cxl_accel_decoders *d);
int cxl_accel_back_invalidate_restore(struct pci_dev *pdev,
				      const struct cxl_accel_decoders *before);

/* committed.c: what a device decodes, read from its registers */
void cxl_accel_decoders_read(struct pci_dev *pdev, struct cxl_accel_decoders *d);
bool cxl_accel_decoder_range(const struct cxl_accel_decoder_regs *regs, struct range *range);
int cxl_accel_decoders_ranges(const struct cxl_accel_decoders *d, struct range *ranges);
bool cxl_accel_decoders_exceed(struct pci_dev *pdev, u64 capacity);
void cxl_accel_check_capacity(struct pci_dev *pdev, u64 capacity);
enum cxl_accel_attach_status cxl_accel_decoders_check(const struct cxl_dev_state *cxlds,
						      const struct range *hpa);

/* restore.c: and written back */
void cxl_accel_bars_restore(struct pci_dev *pdev);
int cxl_accel_decoders_restore(struct pci_dev *pdev, const struct cxl_accel_decoders *before);

/* ras.c: errors of cache and memory are told */
bool cxl_accel_ras_report(struct pci_dev *pdev);
void cxl_accel_ras_unmask(struct pci_dev *pdev);

/* reset.c: a reset does not leave a driver with memory that decodes nothing */
bool cxl_accel_is_attached(struct pci_dev *pdev);
bool cxl_accel_is_suspect(struct device *dev);
void cxl_accel_reset_remember(struct pci_dev *pdev, const struct cxl_accel_decoders *now);
void cxl_accel_reset_while_detached(struct pci_dev *pdev);
void cxl_accel_reset_attached(struct pci_dev *pdev);
void cxl_accel_reset_begins(struct pci_dev *pdev);
void cxl_accel_reset_ends(struct pci_dev *pdev);
bool cxl_accel_recovery_begins(struct pci_dev *pdev);
void cxl_accel_recovery_goes_on(struct pci_dev *pdev);
void cxl_accel_recovery_ends(struct pci_dev *pdev, bool driver_recovers);
void cxl_accel_recovery_failed(struct pci_dev *pdev);
void cxl_accel_recovery_resumed(struct pci_dev *pdev);
void cxl_accel_reset_forget(bool (*gone)(struct pci_dev *pdev));

/* reset_switch.c: nor does one of a switch above */
void cxl_accel_switches_remember(struct pci_dev *pdev);
int cxl_accel_switches_restore(struct pci_dev *pdev);
void cxl_accel_switches_forget(bool (*gone)(struct pci_dev *pdev));

/* err_handler.c: hear of resets and errors before an attached device's driver does */
void cxl_accel_reset_prepare(struct pci_dev *pdev);
void cxl_accel_reset_done(struct pci_dev *pdev);
int cxl_accel_err_handler_add(struct pci_dev *pdev);
void cxl_accel_err_handler_remove(struct pci_dev *pdev);
void cxl_accel_err_handler_exit(void);

/* cxl_reset.c: CXL reset, on request of user space */
extern const struct attribute_group cxl_accel_cxl_reset_group;

/* detach.c: the driver goes when its memory does */
int cxl_accel_detach_init(void);
void cxl_accel_detach_exit(void);
void cxl_accel_detach_arm(struct cxl_accel *accel, struct cxl_memdev *cxlmd);
bool cxl_accel_detach_unexpected(struct cxl_accel *accel, unsigned int attach_nr);
void cxl_accel_detach_unless_recovered(struct cxl_accel *accel);
bool cxl_accel_detach_recovered(struct cxl_accel *accel);
void cxl_accel_detach_release(struct work_struct *work);
void cxl_accel_detach_not_recovered(struct work_struct *work);

/* loss.c: drivers that are told instead */
int cxl_accel_loss_add(struct cxl_accel_dev_state *cxlds, const struct cxl_accel_loss_ops *ops);
void cxl_accel_loss_attached(struct device *dev, void *group);
bool cxl_accel_may_attach(struct device *dev);
bool cxl_accel_loss_tell(struct device *dev);
void cxl_accel_loss_attach(struct device *dev);
void cxl_accel_loss_attach_all(void);

/* power.c: an attached function stays in D0; attaches that suspend blocked are tried again */
void cxl_accel_power_hold(struct cxl_accel *accel);
void cxl_accel_power_release(struct cxl_accel *accel);
enum cxl_accel_attach_status cxl_accel_power_status(enum cxl_accel_attach_status status);
int cxl_accel_power_init(void);
void cxl_accel_power_exit(void);

/* port_stock.c: which cxl_port is there; a stock one is made to do what ours does */
int cxl_accel_port_init(void);
void cxl_accel_port_exit(void);
bool cxl_accel_port_is_ours(void);
#ifdef CORE_REPLACES_CXL_PORT
struct cxl_port *__weak devm_cxl_add_endpoint(struct device *host, struct cxl_memdev *cxlmd,
					      struct cxl_dport *parent_dport);
#endif
struct cxl_port *cxl_accel_port_add_endpoint(struct device *host, struct cxl_memdev *cxlmd,
					     struct cxl_dport *parent_dport);

/* memory_expander.c: for memory_online.c, not removable while such memory is online */
bool cxl_accel_memory_is_expanders(const struct range *memory);

#endif /* CXL_MEM_ACCEL_H */
