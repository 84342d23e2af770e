// SPDX-License-Identifier: GPL-2.0-only
/*
 * hosts_accel: what no kernel does to its hmem_platform device.
 *
 * When forget is set, on loading or later, the first one has no platform data any more: whatever
 * was decided of it has not been decided, as after a boot. Its driver must have been unbound. With
 * second=1 there is another one, which has the same ranges, for as long as this module is loaded.
 * Built and used by the tests of Soft Reserve.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

static bool second;
module_param(second, bool, 0444);
MODULE_PARM_DESC(second, "there is another hmem_platform device");

static struct platform_device *another;

static int hosts_forget(const char *val, const struct kernel_param *param)
{
	struct device *dev = bus_find_device_by_name(&platform_bus_type, NULL, "hmem_platform.0");
	int rc = -EBUSY;

	if (!dev)
		return -ENODEV;
	device_lock(dev);
	if (!dev->driver) {
		kfree(dev->platform_data);
		dev->platform_data = NULL;
		rc = 0;
	}
	device_unlock(dev);
	put_device(dev);
	return rc;
}

static const struct kernel_param_ops forget_ops = { .set = hosts_forget };
module_param_cb(forget, &forget_ops, NULL, 0200);
MODULE_PARM_DESC(forget, "the first hmem_platform device has no platform data any more");

static int __init hosts_init(void)
{
	if (!second)
		return 0;
	another = platform_device_register_simple("hmem_platform", 1, NULL, 0);
	return PTR_ERR_OR_ZERO(another);
}
module_init(hosts_init);

static void __exit hosts_exit(void)
{
	if (another)
		platform_device_unregister(another);
}
module_exit(hosts_exit);

MODULE_DESCRIPTION("hmem_platform devices as no kernel has them");
MODULE_LICENSE("GPL");
