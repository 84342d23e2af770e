// SPDX-License-Identifier: GPL-2.0-only
/*
 * What dax_hmem and dax_cxl share, and both with cxl_mem: each has it, as none can rely on the
 * others. Kbuild puts an object into one module only, hence this file, and shared_cxl.c.
 */
#include "region.c"
#include "../mem/memory_online.c"
#ifndef CONFIG_MODVERSIONS
#include "../compat/build_id.c"
#endif
