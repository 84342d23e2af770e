/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The public headers, for the module that implements them.
 *
 * cxl_core has types of the same names as the API: inside this module those names are cxl_core's,
 * and a driver's are called cxl_accel_*. Enums have the same values in both and exist once.
 */
#ifndef CXL_MEM_PUBLIC_H
#define CXL_MEM_PUBLIC_H

#include "core.h"

#ifdef CORE_HAS_ACCEL_API
/* There a driver's types are the kernel's. */
#define cxl_accel_dev_state	cxl_dev_state
#include <cxl-accel/attach.h>
#include <cxl-accel/create.h>
#include <cxl-accel/direct.h>
#include <cxl-accel/early.h>
#include <cxl-accel/loss.h>
#else
#define CXL_ACCEL_CORE_TYPES
#define cxl_dev_state		cxl_accel_dev_state
#define cxl_register_map	cxl_accel_register_map
#define cxl_reg_map		cxl_accel_reg_map
#define cxl_component_reg_map	cxl_accel_component_reg_map
#define cxl_device_reg_map	cxl_accel_device_reg_map
#define cxl_pmu_reg_map		cxl_accel_pmu_reg_map
#include <cxl/cxl.h>
#include <cxl/pci.h>
#include <cxl-accel/attach.h>
#include <cxl-accel/create.h>
#include <cxl-accel/direct.h>
#include <cxl-accel/early.h>
#include <cxl-accel/loss.h>
#undef cxl_dev_state
#undef cxl_register_map
#undef cxl_reg_map
#undef cxl_component_reg_map
#undef cxl_device_reg_map
#undef cxl_pmu_reg_map
#endif
/* These are cxl_core's here, too. */
#undef devm_cxl_add_memdev
#undef cxl_get_committed_decoder
#undef cxl_get_region_range

#endif /* CXL_MEM_PUBLIC_H */
