// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of each accelerator's memory, for whoever asks later than the log remembers.
 *
 * Owns: for each PCI function whose driver ever made a CXL device state, a record and the directory
 * cxl_accel in its sysfs directory, until the function or this module goes; a notifier on the PCI
 * bus. Talks to: sysfs, udev. Locks: cxl_accel_status_lock, innermost; none is held where sysfs is
 * changed.
 *
 * In sysfs, and not in debugfs: that needs nothing mounted, is readable under lockdown and by
 * anybody, and udev rules can match it. The record is not the driver's (devm), because it is wanted
 * most when probe() has failed.
 *
 *	state	attached, deferred, failed, lost, detached, untried
 *	status	name of the last attach's status, a row of CXL_ACCEL_ATTACH_STATUSES()
 *	errno	what devm_cxl_probe_mem() returned for it: 0, or negative
 *	reason	its text, as in the log; or how it came to be lost or detached
 *	range	HPA range that the device decodes, as last seen: first and last byte; empty if it is
 *		not known that it decodes one
 *
 * Beside the directory there is the file cxl_reset, of a device that can be reset so: cxl_reset.c.
 *
 * A uevent (change) of the function tells when its memory comes and goes: CXL_ACCEL=attached and
 * CXL_ACCEL=lost, each with CXL_ACCEL_RANGE.
 */
#include <linux/device.h>
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "accel.h"

/**
 * struct accel_record - what is remembered of a PCI function
 * @node: in the list of all of them
 * @dev: the PCI function; a reference is held
 * @status: how the last attach ended
 * @end: how an attach ended that had worked: NULL as long as it lasts
 * @range: HPA range that the device decodes, as last seen
 * @lost: its memory was lost, and since then its attach has been put off at most
 * @undone: how often in a row an attach had worked, and the probe() failed that it was in
 * @reprobe: its turn in cxl_accel_status_reprobe() is still to come
 * @expected: its driver will be told how the attach under way ends; the side module's
 */
struct accel_record {
	struct list_head node;
	struct device *dev;
	enum cxl_accel_attach_status status;
	const struct accel_end *end;
	struct range range;
	bool lost;
	unsigned int undone;
	bool reprobe;
	bool expected;
};

/* What can become of the memory of an attach that had worked. */
struct accel_end {
	const char *state;
	const char *reason;
};

static const struct accel_end cxl_accel_end_lost = {
	"lost", "unexpected detach: CXL memory is gone, the driver was released"
};

static const struct accel_end cxl_accel_end_told = {
	"lost", "unexpected detach: CXL memory is gone, the driver goes on without it"
};

static const struct accel_end cxl_accel_end_detached = {
	"detached", "the driver has been unbound"
};

static const struct accel_end cxl_accel_end_undone = {
	"detached", "the driver's probe() failed after the attach"
};

/* So often, and it is no accident. */
#define UNDONE_WARN	3

static DEFINE_MUTEX(cxl_accel_status_lock);
static LIST_HEAD(cxl_accel_records);

static struct accel_record *cxl_accel_record_find(const struct device *dev)
{
	struct accel_record *r;

	list_for_each_entry(r, &cxl_accel_records, node)
		if (r->dev == dev)
			return r;
	return NULL;
}

static const char *cxl_accel_record_state(const struct accel_record *r)
{
	if (r->status == CXL_ACCEL_ATTACH_NOT_TRIED)
		return "untried";
	if (r->status == CXL_ACCEL_ATTACH_ATTACHED)
		return r->end ? r->end->state : "attached";
	return cxl_accel_attach_errno(r->status) == -EPROBE_DEFER ? "deferred" : "failed";
}

static const char *cxl_accel_status_name(enum cxl_accel_attach_status status)
{
	switch (status) {
#define STATUS_NAME(name, errno, reason) case CXL_ACCEL_ATTACH_##name: return #name;
	CXL_ACCEL_ATTACH_STATUSES(STATUS_NAME)
#undef STATUS_NAME
	case CXL_ACCEL_ATTACH_NR:
		break;
	}
	return "UNKNOWN";
}

/* A record is there as long as its directory is; a copy saves looking at it under the lock. */
static struct accel_record cxl_accel_record_copy(const struct device *dev)
{
	struct accel_record *r;

	guard(mutex)(&cxl_accel_status_lock);
	r = cxl_accel_record_find(dev);
	return r ? *r : (struct accel_record){ .range = { .start = 0, .end = -1 } };
}

#define CXL_ACCEL_ATTR_RO(name)									\
	static struct device_attribute cxl_accel_##name##_attr =				\
		__ATTR(name, 0444, cxl_accel_##name##_show, NULL)

static ssize_t cxl_accel_state_show(struct device *dev, struct device_attribute *attr,
				    char *buf)
{
	struct accel_record r = cxl_accel_record_copy(dev);

	return sysfs_emit(buf, "%s\n", cxl_accel_record_state(&r));
}
CXL_ACCEL_ATTR_RO(state);

static ssize_t cxl_accel_status_show(struct device *dev, struct device_attribute *attr,
				     char *buf)
{
	return sysfs_emit(buf, "%s\n", cxl_accel_status_name(cxl_accel_record_copy(dev).status));
}
CXL_ACCEL_ATTR_RO(status);

static ssize_t cxl_accel_errno_show(struct device *dev, struct device_attribute *attr,
				    char *buf)
{
	return sysfs_emit(buf, "%d\n", cxl_accel_attach_errno(cxl_accel_record_copy(dev).status));
}
CXL_ACCEL_ATTR_RO(errno);

static ssize_t cxl_accel_reason_show(struct device *dev, struct device_attribute *attr,
				     char *buf)
{
	struct accel_record r = cxl_accel_record_copy(dev);

	return sysfs_emit(buf, "%s\n",
			  r.end ? r.end->reason : cxl_accel_attach_error_str(r.status));
}
CXL_ACCEL_ATTR_RO(reason);

static ssize_t cxl_accel_range_show(struct device *dev, struct device_attribute *attr,
				    char *buf)
{
	struct accel_record r = cxl_accel_record_copy(dev);

	if (!range_len(&r.range))
		return sysfs_emit(buf, "\n");
	return sysfs_emit(buf, "%#llx-%#llx\n", r.range.start, r.range.end);
}
CXL_ACCEL_ATTR_RO(range);

static struct attribute *cxl_accel_status_attrs[] = {
	&cxl_accel_state_attr.attr,
	&cxl_accel_status_attr.attr,
	&cxl_accel_errno_attr.attr,
	&cxl_accel_reason_attr.attr,
	&cxl_accel_range_attr.attr,
	NULL
};

static const struct attribute_group cxl_accel_status_group = {
	.name = "cxl_accel",
	.attrs = cxl_accel_status_attrs,
};

static const struct attribute_group *cxl_accel_record_groups[] = {
	&cxl_accel_status_group,
	&cxl_accel_cxl_reset_group,
	NULL
};

static void cxl_accel_record_free(struct accel_record *r)
{
	put_device(r->dev);
	kfree(r);
}

/* A record that is in no list any more. Who reads or writes its files is waited for. */
static void cxl_accel_record_remove(struct accel_record *r)
{
	sysfs_remove_groups(&r->dev->kobj, cxl_accel_record_groups);
	cxl_accel_record_free(r);
}

/**
 * cxl_accel_status_add() - there is something to remember of a PCI function
 * @dev: the function; in its driver's probe()
 *
 * Return: 0, also if there is a record of an earlier binding, which is kept; or a negative errno.
 */
int cxl_accel_status_add(struct device *dev)
{
	struct accel_record *r = kzalloc(sizeof(*r), GFP_KERNEL);
	int rc;

	if (!r)
		return -ENOMEM;
	r->dev = get_device(dev);
	r->range = (struct range){ .start = 0, .end = -1 };

	scoped_guard(mutex, &cxl_accel_status_lock) {
		if (cxl_accel_record_find(dev)) {
			cxl_accel_record_free(r);
			return 0;
		}
		list_add(&r->node, &cxl_accel_records);
	}

	rc = sysfs_create_groups(&dev->kobj, cxl_accel_record_groups);
	if (rc) {
		scoped_guard(mutex, &cxl_accel_status_lock)
			list_del(&r->node);
		cxl_accel_record_free(r);
	}
	return rc;
}

static void cxl_accel_status_event(struct device *dev, const char *what, const struct range *range)
{
	char event[32], hpa[64];
	char *env[3] = { event, hpa };

	snprintf(event, sizeof(event), "CXL_ACCEL=%s", what);
	snprintf(hpa, sizeof(hpa), "CXL_ACCEL_RANGE=%#llx-%#llx", range->start, range->end);
	kobject_uevent_env(&dev->kobj, KOBJ_CHANGE, env);
}

/**
 * cxl_accel_status_range() - the device decodes this range
 * @dev: the PCI function
 * @range: HPA range, of the first decoder that is committed
 */
void cxl_accel_status_range(struct device *dev, const struct range *range)
{
	struct accel_record *r;

	guard(mutex)(&cxl_accel_status_lock);
	r = cxl_accel_record_find(dev);
	if (r)
		r->range = *range;
}

/**
 * cxl_accel_status_set() - an attach has ended
 * @dev: the PCI function
 * @status: how
 * @range: its memory, if it worked
 */
void cxl_accel_status_set(struct device *dev, enum cxl_accel_attach_status status,
			  const struct range *range)
{
	bool attached = status == CXL_ACCEL_ATTACH_ATTACHED;
	int rc = cxl_accel_attach_errno(status);
	struct accel_record *r;

	scoped_guard(mutex, &cxl_accel_status_lock) {
		r = cxl_accel_record_find(dev);
		if (!r)
			return;
		r->status = status;
		r->end = NULL;
		if (attached || (rc && rc != -EPROBE_DEFER))
			r->lost = false;
		if (attached)
			r->range = *range;
	}
	if (attached)
		cxl_accel_status_event(dev, "attached", range);
}

/**
 * cxl_accel_status_expect() - will somebody be told how an attach ends?
 * @dev: the PCI function
 * @expected: an attach begins, and its driver will be told; or it has been told
 */
void cxl_accel_status_expect(struct device *dev, bool expected)
{
	struct accel_record *r;

	guard(mutex)(&cxl_accel_status_lock);
	r = cxl_accel_record_find(dev);
	if (r)
		r->expected = expected;
}

/**
 * cxl_accel_status_expected() - what cxl_accel_status_expect() was told last
 * @dev: the PCI function
 *
 * Return: that.
 */
bool cxl_accel_status_expected(const struct device *dev)
{
	return cxl_accel_record_copy(dev).expected;
}

/**
 * cxl_accel_status_get() - how the last attach ended
 * @dev: the PCI function
 *
 * Return: CXL_ACCEL_ATTACH_NOT_TRIED if there was none.
 */
enum cxl_accel_attach_status cxl_accel_status_get(const struct device *dev)
{
	return cxl_accel_record_copy(dev).status;
}

/**
 * cxl_accel_status_is_attached() - has the last attach worked, and is it still there?
 * @dev: the PCI function
 *
 * Return: whether it is.
 */
bool cxl_accel_status_is_attached(const struct device *dev)
{
	struct accel_record r = cxl_accel_record_copy(dev);

	return r.status == CXL_ACCEL_ATTACH_ATTACHED && !r.end;
}

static bool cxl_accel_status_end(struct device *dev, const struct accel_end *end,
				 struct range *range)
{
	struct accel_record *r;

	guard(mutex)(&cxl_accel_status_lock);
	r = cxl_accel_record_find(dev);
	if (!r || r->status != CXL_ACCEL_ATTACH_ATTACHED || r->end)
		return false;
	r->end = end;
	r->lost = end == &cxl_accel_end_lost || end == &cxl_accel_end_told;
	*range = r->range;
	return true;
}

/**
 * cxl_accel_status_lost() - memory is gone that a driver was attached to
 * @dev: the PCI function
 * @released: the driver is released; if not, it has been told, and goes on
 */
void cxl_accel_status_lost(struct device *dev, bool released)
{
	struct range range;

	if (cxl_accel_status_end(dev, released ? &cxl_accel_end_lost : &cxl_accel_end_told,
				 &range))
		cxl_accel_status_event(dev, "lost", &range);
}

/* How often in a row it has been undone by now. */
static unsigned int cxl_accel_status_undone(const struct device *dev, bool undone)
{
	struct accel_record *r;

	guard(mutex)(&cxl_accel_status_lock);
	r = cxl_accel_record_find(dev);
	if (!r)
		return 0;
	r->undone = undone ? r->undone + 1 : 0;
	return r->undone;
}

/**
 * cxl_accel_status_detached() - the driver is being unbound, or its probe() has failed
 * @dev: the PCI function; its device lock is held
 *
 * If it is because its memory was lost, that is what is remembered.
 *
 * A probe() that returns -EPROBE_DEFER after its attach is called again at once, and for ever: the
 * memdev that it has bound is what the driver core takes for a reason to try again. What it returns
 * is not to be seen from here.
 */
void cxl_accel_status_detached(struct device *dev)
{
	bool undone = !device_is_bound(dev);
	struct range range;

	if (!cxl_accel_status_end(dev, undone ? &cxl_accel_end_undone : &cxl_accel_end_detached,
				  &range) && undone)
		return;
	if (cxl_accel_status_undone(dev, undone) == UNDONE_WARN)
		dev_warn(dev,
			 "probe() failed after the CXL attach %d times in a row: if with -EPROBE_DEFER, it will for ever; get first what may be deferred\n",
			 UNDONE_WARN);
}

static struct device *cxl_accel_next_to_reprobe(void)
{
	struct accel_record *r;

	guard(mutex)(&cxl_accel_status_lock);
	list_for_each_entry(r, &cxl_accel_records, node)
		if (r->reprobe) {
			r->reprobe = false;
			return get_device(r->dev);
		}
	return NULL;
}

static bool cxl_accel_record_waits(const struct accel_record *r,
				   enum cxl_accel_attach_status status)
{
	return status == CXL_ACCEL_ATTACH_ATTACHED ? r->lost : r->status == status;
}

/**
 * cxl_accel_status_reprobe() - an attach that ended so would end differently now
 * @status: how it ended; CXL_ACCEL_ATTACH_ATTACHED for those that have lost their memory
 *
 * Has each such function probed again that has no driver. One that has goes on as it is.
 *
 * Context: may sleep, holds no lock: takes the device locks of these functions.
 */
void cxl_accel_status_reprobe(enum cxl_accel_attach_status status)
{
	struct accel_record *r;
	struct device *dev;

	scoped_guard(mutex, &cxl_accel_status_lock)
		list_for_each_entry(r, &cxl_accel_records, node)
			if (cxl_accel_record_waits(r, status))
				r->reprobe = true;

	while ((dev = cxl_accel_next_to_reprobe())) {
		if (device_attach(dev) < 0)
			dev_dbg(dev, "not bound again\n");
		put_device(dev);
	}
}

/* The function has no driver any more, and will have none. */
static int cxl_accel_status_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct accel_record *r;

	if (action != BUS_NOTIFY_REMOVED_DEVICE)
		return NOTIFY_DONE;
	scoped_guard(mutex, &cxl_accel_status_lock) {
		r = cxl_accel_record_find(data);
		if (r)
			list_del(&r->node);
	}
	if (r)
		cxl_accel_record_remove(r);
	return NOTIFY_DONE;
}

static struct notifier_block cxl_accel_status_nb = {
	.notifier_call = cxl_accel_status_notify,
};

int cxl_accel_status_init(void)
{
	return bus_register_notifier(&pci_bus_type, &cxl_accel_status_nb);
}

void cxl_accel_status_exit(void)
{
	struct accel_record *r, *next;

	bus_unregister_notifier(&pci_bus_type, &cxl_accel_status_nb);
	/* Nobody else knows of them: no driver that could be attached is loaded. */
	list_for_each_entry_safe(r, next, &cxl_accel_records, node) {
		list_del(&r->node);
		cxl_accel_record_remove(r);
	}
}
