// SPDX-License-Identifier: GPL-2.0-only
/*
 * Make the kernel complain, so that tests can see that scripts/vm notices.
 *
 *	insmod complain.ko what=warn|oops|list|hang
 *
 * and what only a debug kernel complains about:
 *
 *	insmod complain.ko what=freed|inversion|atomic|leak|active
 */
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

static char *what = "warn";
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "what about: see the source");

static int oops(void)
{
	int *nowhere = NULL;

	OPTIMIZER_HIDE_VAR(nowhere);
	return *nowhere;
}

static void corrupt_list(void)
{
	static LIST_HEAD(head);
	static struct list_head entry;

	list_add(&entry, &head);
	head.next = &head;
	list_del(&entry);
}

static void hang(void)
{
	DECLARE_COMPLETION_ONSTACK(never);

	wait_for_completion(&never);
}

/* For KASAN. */
static int use_freed(void)
{
	int *memory = kzalloc(sizeof(*memory), GFP_KERNEL);

	if (!memory)
		return -ENOMEM;
	kfree(memory);
	OPTIMIZER_HIDE_VAR(memory);
	return READ_ONCE(*memory) ? -EIO : 0;
}

/* For lockdep: both orders are harmless as long as nobody else takes these locks. */
static void invert_locks(void)
{
	static DEFINE_MUTEX(a);
	static DEFINE_MUTEX(b);

	mutex_lock(&a);
	mutex_lock(&b);
	mutex_unlock(&b);
	mutex_unlock(&a);
	mutex_lock(&b);
	mutex_lock(&a);
	mutex_unlock(&a);
	mutex_unlock(&b);
}

/* For DEBUG_ATOMIC_SLEEP. */
static void sleep_in_atomic(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
}

/* For kmemleak, once it has looked. */
static int leak(void)
{
	int i;

	for (i = 0; i < 16; i++) {
		void *memory = kmalloc(200, GFP_KERNEL);

		if (!memory)
			return -ENOMEM;
		OPTIMIZER_HIDE_VAR(memory);
	}
	return 0;
}

static void no_work(struct work_struct *work)
{
}

/* For DEBUG_OBJECTS. */
static int free_active(void)
{
	struct delayed_work *work = kzalloc(sizeof(*work), GFP_KERNEL);

	if (!work)
		return -ENOMEM;
	INIT_DELAYED_WORK(work, no_work);
	schedule_delayed_work(work, 3600 * HZ);
	kfree(work);
	return 0;
}

static int __init complain_init(void)
{
	if (sysfs_streq(what, "warn"))
		WARN(1, "complain: asked to warn\n");
	else if (sysfs_streq(what, "oops"))
		return oops();
	else if (sysfs_streq(what, "list"))
		corrupt_list();
	else if (sysfs_streq(what, "hang"))
		hang();
	else if (sysfs_streq(what, "freed"))
		return use_freed();
	else if (sysfs_streq(what, "inversion"))
		invert_locks();
	else if (sysfs_streq(what, "atomic"))
		sleep_in_atomic();
	else if (sysfs_streq(what, "leak"))
		return leak();
	else if (sysfs_streq(what, "active"))
		return free_active();
	else
		return -EINVAL;
	return 0;
}

static void __exit complain_exit(void)
{
}

module_init(complain_init);
module_exit(complain_exit);
MODULE_DESCRIPTION("Make the kernel complain");
MODULE_LICENSE("GPL");
