// SPDX-License-Identifier: GPL-2.0-only
/*
 * HPA ranges that decoders still decode, though no region is there any more.
 *
 * Owns: a resource in the iomem tree for each of them. Talks to: the resource tree, where cxl_core
 * looks for free space when somebody creates a region. Locks: reserve_lock, then the resource lock;
 * both innermost.
 *
 * An accelerator's decoders stay committed when its driver is unbound (route.c), its region does
 * not stay, and with the region goes its claim on the range. The next region that somebody creates
 * behind the same window would get this very range: an expander's memory, for example, which then
 * the accelerator answers for. So the range is reserved from the moment when its region goes until
 * an accelerator has it again, or this module goes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/ioport.h>
#include <linux/slab.h>

#include "accel.h"

struct reservation {
	struct list_head node;
	struct resource res;
};

static DEFINE_MUTEX(reserve_lock);
static LIST_HEAD(reservations);

/**
 * reserve_alloc() - get ready for reserve_range()
 * @dev: the PCI function whose memory it is, for its name in /proc/iomem
 *
 * Return: a reservation to be given to reserve_range() or reserve_free(); NULL without memory.
 */
struct reservation *reserve_alloc(struct device *dev)
{
	struct reservation *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return NULL;
	r->res.name = kasprintf(GFP_KERNEL, "cxl_accel %s", dev_name(dev));
	if (!r->res.name) {
		kfree(r);
		return NULL;
	}
	r->res.flags = IORESOURCE_MEM;
	return r;
}

void reserve_free(struct reservation *r)
{
	if (r)
		kfree(r->res.name);
	kfree(r);
}

static struct reservation *reservation_find(const struct range *range)
{
	struct reservation *r;

	list_for_each_entry(r, &reservations, node)
		if (r->res.start == range->start && r->res.end == range->end)
			return r;
	return NULL;
}

/**
 * reserve_range() - nobody else gets this range
 * @r: from reserve_alloc(); consumed
 * @range: HPA range that is a region's now
 */
void reserve_range(struct reservation *r, const struct range *range)
{
	r->res.start = range->start;
	r->res.end = range->end;

	guard(mutex)(&reserve_lock);
	if (reservation_find(range)) {
		reserve_free(r);
		return;
	}
	if (insert_resource(&iomem_resource, &r->res)) {
		pr_warn("%s: cannot reserve %pR\n", r->res.name, &r->res);
		reserve_free(r);
		return;
	}
	list_add(&r->node, &reservations);
}

static void reservation_remove(struct reservation *r)
{
	list_del(&r->node);
	remove_resource(&r->res);
	reserve_free(r);
}

/**
 * reserve_end() - the range has a region again
 * @range: HPA range
 */
void reserve_end(const struct range *range)
{
	struct reservation *r;

	guard(mutex)(&reserve_lock);
	r = reservation_find(range);
	if (r)
		reservation_remove(r);
}

void reserve_exit(void)
{
	struct reservation *r, *next;

	guard(mutex)(&reserve_lock);
	list_for_each_entry_safe(r, next, &reservations, node)
		reservation_remove(r);
}
