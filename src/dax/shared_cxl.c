// SPDX-License-Identifier: GPL-2.0-only
/* For dax_cxl: Kbuild puts an object into one module only. */
#include "shared.c"
