/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CXL_PORT_ADD_ENDPOINT_H
#define CXL_PORT_ADD_ENDPOINT_H

#include "core.h"

/* add_endpoint.c, a part of either module */
struct cxl_port *cxl_accel_add_endpoint(struct device *host, struct cxl_memdev *cxlmd,
					struct cxl_dport *parent_dport);

/* port.c, exported to cxl_mem */
struct cxl_port *devm_cxl_add_endpoint(struct device *host, struct cxl_memdev *cxlmd,
				       struct cxl_dport *parent_dport);

#endif /* CXL_PORT_ADD_ENDPOINT_H */
