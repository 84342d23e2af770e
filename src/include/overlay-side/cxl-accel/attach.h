/* SPDX-License-Identifier: GPL-2.0-only */
/* In a directory of its own, because the one that it is in has a <cxl/cxl.h>, too. */
#include "../../cxl-accel/attach.h"
