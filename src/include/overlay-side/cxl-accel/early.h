/* SPDX-License-Identifier: GPL-2.0-only */
/* As attach.h, and for the same reason. */
#include "../../cxl-accel/early.h"
