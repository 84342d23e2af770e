// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which memory hangs on this module: an expander's.
 *
 * Owns: nothing. Talks to: reads the decoders of endpoints on the cxl bus. Locks: none.
 *
 * Without cxl_mem there are no endpoints, and without these no regions: what was System RAM decodes
 * nothing any more, and the kernel goes on using it.
 */
#include <linux/device.h>
#include <linux/range.h>

#include "accel.h"

static int cxl_accel_endpoint_decodes(struct device *dev, void *data)
{
	const struct range *hpa, *memory = data;
	const struct cxl_decoder *cxld;

	if (!is_endpoint_decoder(dev))
		return 0;
	cxld = &to_cxl_endpoint_decoder(dev)->cxld;
	hpa = &cxld->hpa_range;
	return (cxld->flags & CXL_DECODER_F_ENABLE) && hpa->start <= memory->start &&
	       memory->end <= hpa->end;
}

bool cxl_accel_memory_is_expanders(const struct range *memory)
{
	return bus_for_each_dev(&cxl_bus_type, NULL, (void *)memory, cxl_accel_endpoint_decodes);
}
