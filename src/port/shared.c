// SPDX-License-Identifier: GPL-2.0-only
/*
 * What cxl_port shares with cxl_mem: both have it, since neither can rely on the other. Kbuild puts
 * an object into one module only, hence this second one.
 */
#include "add_endpoint.c"
#ifndef CONFIG_MODVERSIONS
#include "../compat/build_id.c"
#endif
