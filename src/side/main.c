// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: cxl_accel
 *
 * The side module, for kernels that have the accelerator API themselves (Linux 7.2 and later). It
 * replaces nothing: cxl_core, cxl_port and cxl_mem are the kernel's. It watches the CXL bus, and
 * where a memdev is an accelerator's, so that its driver asked for more than a memdev
 * (&cxl_memdev.attach), it sees to what that kernel does not do by itself:
 *
 *	a detach that is late does not hit the next binding, and not a driver whose attach
 *	failed and which went on without
 *	the loss of the region releases the driver, as that of the endpoint does
 *	cxl_acpi may come after the driver
 *	it is known why an attach failed
 *	a passthrough host bridge is no obstacle
 *	what firmware committed to an accelerator is nobody else's
 *	after a reset its memory decodes again
 *	an attached function stays in D0, where its decoders do
 *
 * Memdevs of expanders are left alone. So is one that was there before this module: a file in
 * modprobe.d has it loaded before cxl_mem, which all drivers of accelerators need.
 *
 * Owns: the order in which its parts come and go. Each part is in a file of its own:
 *
 *	memdev.c		what happens to an accelerator's memdev
 *	api.c			what drivers call that were built with our header
 *
 * and, out of src/mem, where main.c has a line for each: accel.c, detach.c, loss.c, status.c,
 * report.c, early.c, host.c, host_wait.c, bar_claim.c, decode_path.c, hpa_in_use.c, hpa_reserve.c,
 * registers.c, committed.c, restore.c, reset.c, reset_switch.c, err_handler.c, ras.c, cxl_reset.c,
 * power.c.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "side.h"

bool cxl_accel_passive;
module_param_named(passive, cxl_accel_passive, bool, 0444);
MODULE_PARM_DESC(passive, "leave everything to the kernel's own modules (default N)");

static int __init cxl_accel_init(void)
{
	int rc;

	rc = cxl_accel_core_check_build();
	if (rc)
		return rc;
	rc = cxl_accel_status_init();
	if (rc)
		return rc;
	rc = cxl_accel_host_wait_init();
	if (rc)
		goto err_status;
	rc = cxl_accel_power_init();
	if (rc)
		goto err_host_wait;
	rc = cxl_accel_detach_init();
	if (rc)
		goto err_power;
	if (cxl_accel_passive)
		return 0;
	rc = cxl_accel_reserve_init();
	if (rc)
		goto err_detach;
	rc = cxl_accel_memdev_init();
	if (rc)
		goto err_reserve;
	return 0;

err_reserve:
	cxl_accel_reserve_exit();
	cxl_accel_reset_forget(NULL);
err_detach:
	cxl_accel_detach_exit();
err_power:
	cxl_accel_power_exit();
err_host_wait:
	cxl_accel_host_wait_exit();
	cxl_accel_host_forget();
err_status:
	cxl_accel_status_exit();
	return rc;
}
module_init(cxl_accel_init);

static void __exit cxl_accel_exit(void)
{
	if (!cxl_accel_passive) {
		cxl_accel_memdev_exit();
		cxl_accel_err_handler_exit();
		cxl_accel_reserve_exit();
		cxl_accel_reset_forget(NULL);
	}
	cxl_accel_detach_exit();
	cxl_accel_power_exit();
	cxl_accel_host_wait_exit();
	cxl_accel_host_forget();
	cxl_accel_status_exit();
	cxl_accel_report_exit();
}
module_exit(cxl_accel_exit);

MODULE_DESCRIPTION("CXL: what accelerators need beside the kernel's own attach (cxl-accel)");
MODULE_LICENSE("GPL");
MODULE_VERSION(CXL_ACCEL_VERSION);
MODULE_INFO(commit, CXL_ACCEL_COMMIT);
CORE_IMPORT_NS();
CORE_IMPORT_NS_DEVMEM();
