// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an accelerator needs of cxl_core that stock kernels do not offer to it.
 *
 * Owns: nothing. Talks to: cxl_core's memdev state; regions are in region.c. Locks: none of its
 * own; see each function.
 */
#include <linux/range.h>

#include "core.h"

static int cxl_accel_no_mailbox(struct cxl_mailbox *mbox, struct cxl_mbox_cmd *cmd)
{
	return -ENXIO;
}

#ifdef HAVE_CXL_DPA_RES_PER_MODE
/*
 * All resources are set before use, because a zeroed struct resource is one byte long, and one
 * byte of persistent memory would bring up an nvdimm. The empty one starts behind the other: ending
 * at -1 it would contain every decoder's DPA range.
 */
static int cxl_accel_set_up_dpa(struct cxl_dev_state *cxlds, u64 capacity)
{
	cxlds->dpa_res = DEFINE_RES_MEM(0, capacity);
	cxlds->ram_res = DEFINE_RES_MEM_NAMED(0, capacity, "ram");
	cxlds->pmem_res = DEFINE_RES_MEM_NAMED(capacity, 0, "pmem");
	return request_resource(&cxlds->dpa_res, &cxlds->ram_res);
}
#else
static int cxl_accel_set_up_dpa(struct cxl_dev_state *cxlds, u64 capacity)
{
	struct cxl_dpa_info info = {
		.size = capacity,
		.part[0] = {
			.range = { .start = 0, .end = capacity - 1 },
			.mode = CXL_PARTMODE_RAM,
		},
		.nr_partitions = 1,
	};

	return cxl_dpa_setup(cxlds, &info);
}
#endif

#ifdef HAVE_CXL_MCE_NOTIFIER
/*
 * The core's own follows the state to a memdev and its endpoint without a test, and neither is
 * there before the attach, nor after it. What it would do is for memory of expanders.
 */
static int cxl_accel_ignore_mce(struct notifier_block *nb, unsigned long val, void *data)
{
	return NOTIFY_DONE;
}

static void cxl_accel_no_mce(struct cxl_memdev_state *mds)
{
	WRITE_ONCE(mds->mce_notifier.notifier_call, cxl_accel_ignore_mce);
}
#else
static void cxl_accel_no_mce(struct cxl_memdev_state *mds) { }
#endif

/**
 * cxl_accel_core_memdev_create() - what cxl_core wants to know about a device before it has a
 * memdev
 * @pdev: the PCI function, in its driver's probe()
 * @serial: device serial number, 0 for none
 * @dvsec: config space offset of the PCIe DVSEC for CXL Devices
 * @capacity: bytes of volatile memory, all of DPA
 * @map: component registers
 *
 * The stock core takes every memdev's state for that of a memory class device and looks into the
 * mailbox half of it (a DEVMEM one is dereferenced as NULL when its sysfs attributes are made).
 * So the state is one with that half, made by the core itself, whose mailbox refuses everything:
 * it enables no command, and nothing that user space sends reaches a device.
 *
 * Lives until @pdev's driver is unbound.
 * Return: the state, or an ERR_PTR(): -ENOMEM, or -EINVAL for a capacity that cannot be.
 */
struct cxl_dev_state *cxl_accel_core_memdev_create(struct pci_dev *pdev, u64 serial, u16 dvsec,
						   u64 capacity, const struct cxl_register_map *map)
{
	struct cxl_memdev_state *mds = cxl_memdev_state_create(&pdev->dev);
	struct cxl_dev_state *cxlds;
	int rc;

	if (IS_ERR(mds))
		return ERR_CAST(mds);
	cxl_accel_no_mce(mds);
	cxlds = &mds->cxlds;

	rc = cxl_mailbox_init(&cxlds->cxl_mbox, &pdev->dev);
	if (rc)
		return ERR_PTR(rc);
	cxlds->cxl_mbox.mbox_send = cxl_accel_no_mailbox;

	cxlds->serial = serial;
	cxlds->cxl_dvsec = dvsec;
	cxlds->media_ready = true;
	cxlds->reg_map = *map;
	cxlds->reg_map.host = &pdev->dev;

	mds->total_bytes = capacity;
	mds->volatile_only_bytes = capacity;
	mds->active_volatile_bytes = capacity;
	if (cxl_accel_set_up_dpa(cxlds, capacity))
		return ERR_PTR(-EINVAL);
	return cxlds;
}

#ifdef HAVE_CXL_EDAC_RELEASE
/*
 * There the records of errors are the memdev's while it is bound, but the core looks for them once
 * more when it is freed.
 */
static void cxl_accel_forget_error_records(void *_cxlmd)
{
	struct cxl_memdev *cxlmd = _cxlmd;

	devm_cxl_memdev_edac_release(cxlmd);
	cxlmd->err_rec_array = NULL;
}
#endif

/**
 * cxl_accel_core_memdev_register_edac() - let EDAC scrub and repair an expander's memory
 * @cxlmd: its memdev, being probed
 *
 * From 6.16, where that is configured. Ends when the memdev is unbound. A device that offers
 * nothing of it is no error, as with the stock driver.
 */
void cxl_accel_core_memdev_register_edac(struct cxl_memdev *cxlmd)
{
	int rc = 0;

#ifdef HAVE_CXL_EDAC_REGISTER
	rc = devm_cxl_memdev_edac_register(cxlmd);
#endif
#ifdef HAVE_CXL_EDAC_RELEASE
	/* Whether that worked or not, there may be records. */
	rc = devm_add_action_or_reset(&cxlmd->dev, cxl_accel_forget_error_records, cxlmd) ?: rc;
#endif
	if (rc)
		dev_dbg(&cxlmd->dev, "CXL memdev EDAC registration failed rc=%d\n", rc);
}
