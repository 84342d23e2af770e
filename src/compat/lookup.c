// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel knows and has no function for, or not one on all: which CXL window a range is in,
 * which task holds a device lock, flushing the processors' caches.
 *
 * Owns: nothing. Talks to: cxl_core's root decoders, the scheduler. Locks: none of its own; see
 * each function.
 */
#include <linux/memregion.h>
#include <linux/range.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/workqueue.h>

#include "core.h"

struct window_search {
	const struct range *range;
	struct resource *window;
};

static int cxl_accel_window_match(struct device *dev, void *data)
{
	struct window_search *search = data;
	struct cxl_root_decoder *cxlrd;

	if (!is_root_decoder(dev))
		return 0;
	cxlrd = to_cxl_root_decoder(dev);
	if (!range_contains(&cxlrd->cxlsd.cxld.hpa_range, (struct range *)search->range))
		return 0;
	search->window = cxlrd->res;
	return 1;
}

/**
 * cxl_accel_core_find_window() - the CXL window (CFMWS) that a range lies in
 * @range: HPA range
 * @window: set to the window's resource; NULL if the platform's memory map has swallowed it
 *
 * Context: the CXL root's device lock is held, or that of a bound port below it: the window stays.
 * Return: whether there is one.
 */
bool cxl_accel_core_find_window(const struct range *range, struct resource **window)
{
	struct window_search search = { .range = range };
	bool found = false;

	/* Base and size of a decoder may add up to more than there is. */
	if (range->start <= range->end)
		found = bus_for_each_dev(&cxl_bus_type, NULL, &search, cxl_accel_window_match);
	*window = search.window;
	return found;
}

static bool cxl_accel_task_stack_has(const struct task_struct *task, const void *what)
{
	const void *stack = task_stack_page(task);

	return what >= stack && what < stack + THREAD_SIZE;
}

/**
 * cxl_accel_core_device_is_locked_for_me() - is the device lock held by this task, or by one that
 * waits for it?
 * @dev: the device
 *
 * Who hands a function on to a worker and waits has the work item on its stack: work_on_cpu(), with
 * which the PCI core has a driver probed on the device's node.
 *
 * Return: whether it is.
 */
bool cxl_accel_core_device_is_locked_for_me(struct device *dev)
{
	const struct work_struct *work = current_work();
	const struct task_struct *owner;

	/* An owner that has let go meanwhile may end, but is not freed before this is over. */
	guard(rcu)();
	owner = cxl_accel_core_mutex_owner(&dev->mutex);
	return owner && (owner == current || (work && cxl_accel_task_stack_has(owner, work)));
}

/**
 * cxl_accel_core_can_flush_caches() - can the caches of all processors be flushed?
 *
 * Return: false below a hypervisor, and on processors that know no such thing.
 */
bool cxl_accel_core_can_flush_caches(void)
{
	return cpu_cache_has_invalidate_memregion();
}

/**
 * cxl_accel_core_flush_caches() - no processor caches anything of a range any more
 * @range: HPA range
 *
 * On x86 this writes back and invalidates all of all caches, which takes milliseconds.
 *
 * Context: may sleep.
 * Return: 0, or a negative errno.
 */
int cxl_accel_core_flush_caches(const struct range *range)
{
#ifdef HAVE_CACHE_INVALIDATE_RANGE
	return cpu_cache_invalidate_memregion(range->start, range_len(range));
#else
	return cpu_cache_invalidate_memregion(IORES_DESC_CXL);
#endif
}
