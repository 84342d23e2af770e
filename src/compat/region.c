// SPDX-License-Identifier: GPL-2.0-only
/*
 * cxl_core's regions from outside: made, kept and deleted by the attributes that user space has.
 *
 * Owns: nothing. Talks to: the sysfs attributes of cxl_core's root decoders, regions and endpoint
 * decoders, by their callbacks: sysfs is ABI, the functions behind are not. So the locks are taken
 * that cxl_core takes for user space, and its checks are made. Locks: see each function.
 */
#include <linux/memregion.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include "core.h"

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

struct threaded {
	struct work_struct work;
	void (*fn)(void *data);
	void *data;
};

static void cxl_accel_threaded_work(struct work_struct *work)
{
	struct threaded *threaded = container_of(work, struct threaded, work);

	threaded->fn(threaded->data);
}

/**
 * cxl_accel_core_in_kernel_thread() - have a kernel thread do something, and wait for it
 * @fn: what
 * @data: its argument
 *
 * For cxl_accel_core_store(): the caller's task may be being killed.
 *
 * Context: may sleep. @fn must not take a lock that the caller holds.
 */
void cxl_accel_core_in_kernel_thread(void (*fn)(void *data), void *data)
{
	struct threaded threaded = { .fn = fn, .data = data };
	struct work_struct *work = current_work();

	/* A region that could not be created after all is deleted by the thread that made it. */
	if (work && work->func == cxl_accel_threaded_work) {
		fn(data);
		return;
	}
	INIT_WORK_ONSTACK(&threaded.work, cxl_accel_threaded_work);
	queue_work(system_unbound_wq, &threaded.work);
	flush_work(&threaded.work);
	destroy_work_on_stack(&threaded.work);
}

/**
 * cxl_accel_core_store() - write to an attribute of a device on the CXL bus
 * @dev: the device; the caller has a reference
 * @name: of the attribute, one of the device's type, visible or not
 * @value: what to write
 *
 * Context: a kernel thread, which no signal interrupts in cxl_core's locks. May sleep; takes what
 * the attribute takes.
 * Return: 0, the attribute's error, or -EOPNOTSUPP if there is no such attribute.
 */
int cxl_accel_core_store(struct device *dev, const char *name, const char *value)
{
	const struct device_attribute *attr = cxl_accel_find_attribute(dev, name);
	ssize_t rc;

	if (!attr || !attr->store)
		return -EOPNOTSUPP;
	rc = attr->store(dev, (struct device_attribute *)attr, value, strlen(value));
	return rc < 0 ? rc : 0;
}

/**
 * cxl_accel_core_region_create() - a volatile region without anything, as for create_ram_region
 * @cxlrd_dev: the root decoder; the CXL host's device lock is held, so that it stays
 *
 * Context: as cxl_accel_core_store(). Takes the root decoder's regions lock, then the region's
 * device lock.
 * Return: 0: the region has been registered, which a notifier on the CXL bus has seen in this task;
 * or a negative errno.
 */
int cxl_accel_core_region_create(struct device *cxlrd_dev)
{
	const struct device_attribute *attr =
		cxl_accel_find_attribute(cxlrd_dev, "create_ram_region");
	int rc = -EOPNOTSUPP, tries = 100;
	char *name;

	if (!attr || !attr->show)
		return rc;
	name = (char *)get_zeroed_page(GFP_KERNEL);
	if (!name)
		return -ENOMEM;
	/* The name that is next is whosever comes first. */
	do {
		rc = attr->show(cxlrd_dev, (struct device_attribute *)attr, name);
		if (rc >= 0)
			rc = cxl_accel_core_store(cxlrd_dev, attr->attr.name, name);
	} while (rc == -EBUSY && --tries);
	free_page((unsigned long)name);
	return rc;
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

/**
 * cxl_accel_core_region_keep() - nobody deletes regions of this root decoder
 * @cxlr: one of them; the caller has a reference, and the CXL host's device lock is held
 *
 * To be followed by cxl_accel_core_region_let_go(), if it has worked.
 *
 * Context: may sleep. Takes, and keeps, the root decoder's regions lock, or what stands in for it.
 * Return: whether the region has not been deleted meanwhile.
 */
bool cxl_accel_core_region_keep(struct cxl_region *cxlr)
{
	struct device *cxlrd_dev = cxlr->dev.parent;

#ifdef HAVE_CXL_REGIONS_LOCK
	mutex_lock(&to_cxl_root_decoder(cxlrd_dev)->regions_lock);
#else
	const struct device_attribute *attr = cxl_accel_find_attribute(cxlrd_dev, "delete_region");
	bool locked;

	/* The host is locked by whoever waits for this task. */
	if (!attr || cxl_accel_deleters_stop(cxlrd_dev, attr, &locked))
		return false;
	if (locked)
		device_unlock(cxl_accel_region_host(cxlrd_dev));
#endif
	if (device_is_registered(&cxlr->dev))
		return true;
	cxl_accel_core_region_let_go(cxlr);
	return false;
}

/**
 * cxl_accel_core_region_let_go() - the end of cxl_accel_core_region_keep()
 * @cxlr: the region
 */
void cxl_accel_core_region_let_go(struct cxl_region *cxlr)
{
	struct device *cxlrd_dev = cxlr->dev.parent;

#ifdef HAVE_CXL_REGIONS_LOCK
	mutex_unlock(&to_cxl_root_decoder(cxlrd_dev)->regions_lock);
#else
	cxl_accel_deleters_go_on(cxlrd_dev, cxl_accel_find_attribute(cxlrd_dev, "delete_region"),
				 false);
#endif
}

struct region_delete {
	struct cxl_region *cxlr;
	int rc;
};

static void cxl_accel_region_delete_by_name(void *data)
{
	struct region_delete *del = data;
	struct device *cxlrd_dev = del->cxlr->dev.parent;
	const struct device_attribute *attr = cxl_accel_find_attribute(cxlrd_dev, "delete_region");
	bool locked;

	if (!attr) {
		del->rc = -EOPNOTSUPP;
		return;
	}
	del->rc = cxl_accel_deleters_stop(cxlrd_dev, attr, &locked);
	if (del->rc)
		return;
	del->rc = cxl_accel_core_store(cxlrd_dev, attr->attr.name, dev_name(&del->cxlr->dev));
	cxl_accel_deleters_go_on(cxlrd_dev, attr, locked);
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

	cxl_accel_core_in_kernel_thread(cxl_accel_region_delete_by_name, &del);
	return del.rc;
}
