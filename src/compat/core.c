// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an accelerator needs of cxl_core that stock kernels do not offer to it.
 *
 * Owns: nothing. Talks to: cxl_core's memdev state and the sysfs attributes of its root decoders.
 * Locks: none of its own; see each function.
 */
#include <linux/memregion.h>
#include <linux/range.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

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

struct region_delete {
	struct work_struct work;
	struct cxl_region *cxlr;
	int rc;
};

/* The attribute through which user space does it too: sysfs is ABI, the function behind is not. */
static const struct device_attribute *cxl_accel_find_attribute(const struct device *dev,
							       const char *name)
{
	const struct attribute_group *const *group;
	struct attribute **attr;

	if (!dev->type || !dev->type->groups)
		return NULL;
	for (group = dev->type->groups; *group; group++)
		for (attr = (*group)->attrs; attr && *attr; attr++)
			if (!strcmp((*attr)->name, name))
				return container_of_const(*attr, struct device_attribute, attr);
	return NULL;
}

/**
 * cxl_accel_core_region_keep_committed() - user space cannot decommit this region where that cannot
 * be done
 * @cxlr: the region, being bound to its driver, or bound; its device lock is held
 * @cxled: its endpoint decoder
 *
 * Writing to these attributes has cxl_core flush the caches of all processors. Below a hypervisor,
 * and on arm64, that is impossible: it warns, with a call trace, and fails, or goes on all the
 * same. What firmware has locked is not decommitted whatever the core then says. And in a window
 * that allows no Type-3 device nobody can make a region by hand: user space could take it, but not
 * give it back. In all these cases Linux 7.3 answers with -EPERM. Here they are read-only, to root
 * too, as all of sysfs is that has no write permission.
 */
void cxl_accel_core_region_keep_committed(struct cxl_region *cxlr,
					  const struct cxl_endpoint_decoder *cxled)
{
	const struct cxl_root_decoder *cxlrd = to_cxl_root_decoder(cxlr->dev.parent);
	static const char * const cxl_accel_commit_attrs[] = { "commit", "target0" };
	const struct device_attribute *attr;
	int i;

	if (cpu_cache_has_invalidate_memregion() && !(cxled->cxld.flags & CXL_DECODER_F_LOCK) &&
	    cxlrd->cxlsd.cxld.flags & CXL_DECODER_F_TYPE3)
		return;
	for (i = 0; i < ARRAY_SIZE(cxl_accel_commit_attrs); i++) {
		attr = cxl_accel_find_attribute(&cxlr->dev, cxl_accel_commit_attrs[i]);
		if (!attr || sysfs_chmod_file(&cxlr->dev.kobj, &attr->attr, 0444))
			dev_dbg(&cxlr->dev, "%s stays writable\n", cxl_accel_commit_attrs[i]);
	}
}

/*
 * A core without a lock for this has two deleters of one region find it both, and delete it both.
 * So user space is kept away while we do it: the file goes, which waits for whoever is writing to
 * it, and comes back. Nobody who writes to it waits for us.
 *
 * The third deleter is the region's host, the CXL host's platform device, when its driver goes: by
 * then the region is not in its devres list any more, and cxl_core warns when it is looked for.
 * With the device lock of the host it is not going. It is never waited for: our caller may hold the
 * lock of a port that an attach waits for with that of the host. Such an attach keeps the host from
 * going just as well.
 */
#ifdef HAVE_CXL_REGIONS_LOCK
static int cxl_accel_deleters_stop(struct device *cxlrd_dev, const struct device_attribute *attr,
				   bool *locked)
{
	return 0;
}

static void cxl_accel_deleters_go_on(struct device *cxlrd_dev, const struct device_attribute *attr,
				     bool locked)
{
}
#else
static DEFINE_MUTEX(cxl_accel_deleters_lock);

static struct device *cxl_accel_region_host(struct device *cxlrd_dev)
{
	return to_cxl_port(cxlrd_dev->parent)->uport_dev;
}

static int cxl_accel_deleters_stop(struct device *cxlrd_dev, const struct device_attribute *attr,
				   bool *locked)
{
	struct device *host = cxl_accel_region_host(cxlrd_dev);

	*locked = device_trylock(host);
	if (READ_ONCE(host->links.status) != DL_DEV_DRIVER_BOUND) {
		if (*locked)
			device_unlock(host);
		return -EBUSY;
	}
	mutex_lock(&cxl_accel_deleters_lock);
	sysfs_remove_file(&cxlrd_dev->kobj, &attr->attr);
	return 0;
}

static void cxl_accel_deleters_go_on(struct device *cxlrd_dev, const struct device_attribute *attr,
				     bool locked)
{
	if (sysfs_create_file(&cxlrd_dev->kobj, &attr->attr))
		dev_err(cxlrd_dev, "failed to restore %s\n", attr->attr.name);
	mutex_unlock(&cxl_accel_deleters_lock);
	if (locked)
		device_unlock(cxl_accel_region_host(cxlrd_dev));
}
#endif

static void cxl_accel_region_delete_work(struct work_struct *work)
{
	struct region_delete *del = container_of(work, struct region_delete, work);
	struct device *cxlrd_dev = del->cxlr->dev.parent;
	const struct device_attribute *attr = cxl_accel_find_attribute(cxlrd_dev, "delete_region");
	const char *name = dev_name(&del->cxlr->dev);
	bool locked;
	ssize_t rc;

	if (!attr || !attr->store) {
		del->rc = -EOPNOTSUPP;
		return;
	}
	del->rc = cxl_accel_deleters_stop(cxlrd_dev, attr, &locked);
	if (del->rc)
		return;
	rc = attr->store(cxlrd_dev, (struct device_attribute *)attr, name, strlen(name));
	cxl_accel_deleters_go_on(cxlrd_dev, attr, locked);
	del->rc = rc < 0 ? rc : 0;
}

/**
 * cxl_accel_core_region_delete() - do what writing a region's name to delete_region does
 * @cxlr: the region; the caller has a reference on it, so that no other can get its name
 *
 * Runs in a kernel thread: the core's locks are interruptible there, and a half-killed caller
 * (rmmod and Ctrl-C) would leave the region's decoders attached to a region that is gone.
 *
 * Context: may sleep. Takes the root decoder's regions lock, then the region's device lock and
 * cxl_core's region and DPA locks; tries that of the region's host before. The caller may hold the
 * device lock of an endpoint port.
 * Return: 0; -ENODEV if the region is gone already; -EBUSY if its host is going, and deletes it
 * itself; -EOPNOTSUPP if the core has no such attribute.
 */
int cxl_accel_core_region_delete(struct cxl_region *cxlr)
{
	struct region_delete del = { .cxlr = cxlr };

	INIT_WORK_ONSTACK(&del.work, cxl_accel_region_delete_work);
	queue_work(system_unbound_wq, &del.work);
	flush_work(&del.work);
	destroy_work_on_stack(&del.work);
	return del.rc;
}
