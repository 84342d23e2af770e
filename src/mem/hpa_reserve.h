/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CXL_ACCEL_HPA_RESERVE_H
#define CXL_ACCEL_HPA_RESERVE_H

/* The platform devices that hold what accelerators decode are called so, and the function's name. */
#define CXL_ACCEL_RESERVE_PREFIX	"cxl_accel."

#endif /* CXL_ACCEL_HPA_RESERVE_H */
