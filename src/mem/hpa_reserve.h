/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CXL_ACCEL_HPA_RESERVE_H
#define CXL_ACCEL_HPA_RESERVE_H

/* So begin the names of the platform devices that hold what accelerators decode. */
#define CXL_ACCEL_RESERVE_PREFIX	"cxl_accel."

#endif /* CXL_ACCEL_HPA_RESERVE_H */
