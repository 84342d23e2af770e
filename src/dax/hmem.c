// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: dax_hmem
 *
 * Takes the place of the stock module of that name on kernels that do not share out Soft Reserved
 * memory between it and CXL: there a range in a CXL window is lost if CXL makes no region of it.
 *
 * Owns: a platform device "hmem" for each range that is its own, and the dax region on that. Talks
 * to: the kernel's hmem_platform device, which has the list of the ranges; the dax bus. Locks:
 * called with the device locks of these. Its other parts:
 *
 *	arbitrate.c	which of the ranges are its own, and when that is decided
 *	owner.c		whose is a range: a window's, a CXL region's, an accelerator's?
 *	claim.c		no byte is in two dax regions
 *	region.c	a dax region with a device
 *
 * It asks for the CXL drivers by name when it is loaded, as there is nothing else that says whether
 * they will come: without them no range would ever be found to be CXL's.
 */
#include <linux/init.h>
#include <linux/kmod.h>
#include <linux/memregion.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/platform_device.h>

#include "../mem/memory_online.h"
#include "dax.h"

static bool cxl_accel_region_idle;
module_param_named(region_idle, cxl_accel_region_idle, bool, 0644);
MODULE_PARM_DESC(region_idle, "make no dax devices, but leave that to the administrator");

/* ---- a range of dax_hmem's own ---- */

static int cxl_accel_hmem_probe(struct platform_device *pdev)
{
	const struct memregion_info *info = dev_get_platdata(&pdev->dev);
	int rc;

	if (!info)
		return -EINVAL;
	rc = cxl_accel_dax_claim(&pdev->dev, &info->range);
	if (rc)
		return rc;
	return cxl_accel_dax_add(&pdev->dev, pdev->id, &info->range, info->target_node,
				 cxl_accel_region_idle ? 0 : range_len(&info->range), false);
}

static struct platform_driver cxl_accel_hmem_driver = {
	.probe = cxl_accel_hmem_probe,
	.driver = {
		.name = "hmem",
	},
};

static void cxl_accel_hmem_unregister(void *pdev)
{
	platform_device_unregister(pdev);
}

static void cxl_accel_memregion_release(void *id)
{
	memregion_free((long)id);
}

static struct platform_device *cxl_accel_hmem_alloc(int id, const struct memregion_info *info)
{
	struct platform_device *pdev = platform_device_alloc("hmem", id);

	if (!pdev)
		return NULL;
	pdev->dev.numa_node = numa_map_to_online_node(info->target_node);
	if (!platform_device_add_data(pdev, info, sizeof(*info)) && !platform_device_add(pdev))
		return pdev;
	platform_device_put(pdev);
	return NULL;
}

/**
 * cxl_accel_dax_register() - a range is dax_hmem's
 * @host: hmem_platform device; the range is given up when its driver is unbound
 * @soft: the range
 *
 * Context: may sleep; @host's device lock is held.
 * Return: 0, or an error, with which nothing is left behind. That the dax region itself could not
 * be made is none: it is logged, as with the stock module.
 */
int cxl_accel_dax_register(struct device *host, const struct cxl_accel_soft_range *soft)
{
	const struct memregion_info info = {
		.target_node = soft->target_node,
		.range = soft->range,
	};
	struct platform_device *pdev;
	int id, rc;

	id = memregion_alloc(GFP_KERNEL);
	if (id < 0)
		return id;
	rc = devm_add_action_or_reset(host, cxl_accel_memregion_release, (void *)(long)id);
	if (rc)
		return rc;
	pdev = cxl_accel_hmem_alloc(id, &info);
	if (!pdev)
		return -ENOMEM;
	return devm_add_action_or_reset(host, cxl_accel_hmem_unregister, pdev);
}

static int cxl_accel_hmem_has(struct device *dev, void *data)
{
	const struct memregion_info *info = dev_get_platdata(dev);
	const struct range *memory = data;

	return READ_ONCE(dev->driver) == &cxl_accel_hmem_driver.driver &&
	       info->range.start <= memory->start && memory->end <= info->range.end;
}

static bool cxl_accel_memory_is_hmems(const struct range *memory)
{
	return bus_for_each_dev(&platform_bus_type, NULL, (void *)memory, cxl_accel_hmem_has);
}

/* ---- the list of all ranges ---- */

/* Synchronously: when this module has been loaded it is known what waits for CXL. */
static struct platform_driver cxl_accel_hmem_platform_driver = {
	.probe = cxl_accel_dax_arbitrate,
	.driver = {
		.name = "hmem_platform",
		.probe_type = PROBE_FORCE_SYNCHRONOUS,
	},
};

bool cxl_accel_dax_host_is_bound(const struct device *host)
{
	return host->driver == &cxl_accel_hmem_platform_driver.driver;
}

/* It is no error if one is not there. */
static void __init cxl_accel_request_cxl(void)
{
	request_module("cxl_acpi");
	request_module("cxl_mem");
	request_module("cxl_pci");
}

static int __init cxl_accel_dax_hmem_init(void)
{
	int rc;

	rc = cxl_accel_core_check_build();
	if (rc)
		return rc;
	cxl_accel_request_cxl();
	rc = cxl_accel_dax_arbitrate_init();
	if (rc)
		return rc;
	rc = cxl_accel_memory_online_init(cxl_accel_memory_is_hmems);
	if (rc)
		goto err_arbitrate;
	rc = platform_driver_register(&cxl_accel_hmem_driver);
	if (rc)
		goto err_memory_online;
	rc = platform_driver_register(&cxl_accel_hmem_platform_driver);
	if (rc)
		goto err_hmem;
	return 0;

err_hmem:
	platform_driver_unregister(&cxl_accel_hmem_driver);
err_memory_online:
	cxl_accel_memory_online_exit();
err_arbitrate:
	cxl_accel_dax_arbitrate_exit();
	return rc;
}
module_init(cxl_accel_dax_hmem_init);

static void __exit cxl_accel_dax_hmem_exit(void)
{
	platform_driver_unregister(&cxl_accel_hmem_platform_driver);
	platform_driver_unregister(&cxl_accel_hmem_driver);
	cxl_accel_memory_online_exit();
	cxl_accel_dax_arbitrate_exit();
}
module_exit(cxl_accel_dax_hmem_exit);

MODULE_DESCRIPTION("HMEM DAX: Soft Reserved memory that CXL has no region for (cxl-accel)");
MODULE_LICENSE("GPL");
MODULE_VERSION(CXL_ACCEL_VERSION);
MODULE_INFO(commit, CXL_ACCEL_COMMIT);
MODULE_SOFTDEP("pre: cxl_acpi");
MODULE_ALIAS("platform:hmem*");
MODULE_ALIAS("platform:hmem_platform*");
CORE_IMPORT_NS();
