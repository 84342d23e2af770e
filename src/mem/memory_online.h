/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CXL_ACCEL_MEMORY_ONLINE_H
#define CXL_ACCEL_MEMORY_ONLINE_H

#include <linux/types.h>

struct range;

int cxl_accel_memory_online_init(bool (*is_ours)(const struct range *memory));
void cxl_accel_memory_online_exit(void);

#endif /* CXL_ACCEL_MEMORY_ONLINE_H */
