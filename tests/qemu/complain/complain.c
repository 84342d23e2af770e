// SPDX-License-Identifier: GPL-2.0-only
/*
 * Make the kernel complain, so that tests/vm.t can see that scripts/vm notices.
 *
 *	insmod complain.ko what=warn|oops|list|hang
 */
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>

static char *what = "warn";
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "warn, oops, list (corruption) or hang (a task, for good)");

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
