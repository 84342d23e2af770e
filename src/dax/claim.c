// SPDX-License-Identifier: GPL-2.0-only
/*
 * All dax regions of dax_hmem and dax_cxl in one tree: no byte is in two of them.
 *
 * Owns: that tree. It goes with dax_hmem, which cannot go before dax_cxl has. Talks to: nobody.
 * Locks: the resource lock, innermost.
 */
#include <linux/ioport.h>
#include <linux/module.h>

#include "dax.h"

static struct resource cxl_accel_dax_claims = {
	.name = "dax regions",
	.end = -1,
	.flags = IORESOURCE_MEM,
};

static void cxl_accel_dax_unclaim(void *data)
{
	const struct resource *claim = data;

	__release_region(&cxl_accel_dax_claims, claim->start, resource_size(claim));
}

/**
 * cxl_accel_dax_claim() - have a range for oneself
 * @dev: whose dax region it will be; what is claimed is given up when its driver is unbound
 * @range: HPA range
 *
 * Context: in @dev's probe, before the dax region is made.
 * Return: 0; -EBUSY if another dax region has some of it, which is logged; -ENOMEM.
 */
int cxl_accel_dax_claim(struct device *dev, const struct range *range)
{
	struct resource *claim;

	claim = __request_region(&cxl_accel_dax_claims, range->start, range_len(range),
				 dev_name(dev), 0);
	if (!claim) {
		dev_warn(dev, "no dax region: %#llx-%#llx is another dax region's\n", range->start,
			 range->end);
		return -EBUSY;
	}
	return devm_add_action_or_reset(dev, cxl_accel_dax_unclaim, claim);
}
CORE_EXPORT(cxl_accel_dax_claim);
