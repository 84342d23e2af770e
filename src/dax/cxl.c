// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: dax_cxl
 *
 * Takes the place of the stock module of that name, together with dax_hmem.
 *
 * Owns: the dax region of a CXL region, of which firmware or the administrator made volatile
 * memory. Talks to: dax_hmem, which decides first, and which the range is claimed from; the dax
 * bus. Locks: called with the device lock of the cxl bus's dax region.
 *
 * The symbols of dax_hmem are weak: where the stock one came first, out of an initramfs that was
 * not refreshed, this does what the stock dax_cxl does.
 */
#include <linux/init.h>
#include <linux/memory_hotplug.h>
#include <linux/module.h>
#include <linux/numa.h>

#include "../mem/memory_online.h"
#include "dax.h"

#pragma weak cxl_accel_dax_claim
#pragma weak cxl_accel_dax_flush

static int cxl_accel_dax_region_probe(struct device *dev)
{
	const struct cxl_dax_region *cxlr_dax = to_cxl_dax_region(dev);
	const struct range *range = &cxlr_dax->hpa_range;
	int nid = phys_to_target_node(range->start);
	int rc = 0;

	if (nid == NUMA_NO_NODE)
		nid = memory_add_physaddr_to_nid(range->start);
	if (cxl_accel_dax_claim)
		rc = cxl_accel_dax_claim(dev, range);
	return rc ?: cxl_accel_dax_add(dev, cxlr_dax->cxlr->id, range, nid, range_len(range), true);
}

static struct cxl_driver cxl_accel_dax_region_driver = {
	.name = "cxl_dax_region",
	.probe = cxl_accel_dax_region_probe,
	.id = CXL_DEVICE_DAX_REGION,
	.drv = {
		.suppress_bind_attrs = true,
	},
};

static int cxl_accel_dax_region_has(struct device *dev, void *data)
{
	const struct range *memory = data, *range;

	if (READ_ONCE(dev->driver) != &cxl_accel_dax_region_driver.drv)
		return 0;
	range = &to_cxl_dax_region(dev)->hpa_range;
	return range->start <= memory->start && memory->end <= range->end;
}

static bool cxl_accel_memory_is_cxl_regions(const struct range *memory)
{
	return bus_for_each_dev(&cxl_bus_type, NULL, (void *)memory, cxl_accel_dax_region_has);
}

static int __init cxl_accel_dax_cxl_init(void)
{
	int rc;

	rc = cxl_accel_core_check_build();
	if (rc)
		return rc;
	if (cxl_accel_dax_flush)
		cxl_accel_dax_flush();
	rc = cxl_accel_memory_online_init(cxl_accel_memory_is_cxl_regions);
	if (rc)
		return rc;
	rc = cxl_driver_register(&cxl_accel_dax_region_driver);
	if (rc)
		cxl_accel_memory_online_exit();
	return rc;
}
module_init(cxl_accel_dax_cxl_init);

static void __exit cxl_accel_dax_cxl_exit(void)
{
	cxl_driver_unregister(&cxl_accel_dax_region_driver);
	cxl_accel_memory_online_exit();
}
module_exit(cxl_accel_dax_cxl_exit);

MODULE_DESCRIPTION("CXL DAX: direct access to CXL RAM regions (cxl-accel)");
MODULE_LICENSE("GPL");
MODULE_VERSION(CXL_ACCEL_VERSION);
MODULE_INFO(commit, CXL_ACCEL_COMMIT);
MODULE_ALIAS("cxl:t" __stringify(CXL_DEVICE_DAX_REGION) "*");
CORE_IMPORT_NS();
