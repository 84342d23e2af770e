/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the side module share, beside what they have from src/mem/accel.h, whose lock
 * order is theirs, too. main.c says what the module owns.
 */
#ifndef CXL_ACCEL_SIDE_H
#define CXL_ACCEL_SIDE_H

#include "../mem/accel.h"

/* main.c: nothing is watched, nothing changed */
extern bool cxl_accel_passive;

/* memdev.c: memdevs of accelerators from their first moment to their last */
int cxl_accel_memdev_init(void);
void cxl_accel_memdev_exit(void);

/* api.c: what drivers call that were built with our header, and what is asked of a device */
enum cxl_accel_attach_status cxl_accel_device_status(const struct cxl_dev_state *cxlds);

#endif /* CXL_ACCEL_SIDE_H */
