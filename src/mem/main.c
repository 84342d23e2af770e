// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: cxl_mem
 *
 * Takes the place of the stock module of that name.
 *
 * Owns: the order in which its parts come and go. Each part is in a file of its own:
 *
 *	memdev.c		the cxl_mem driver, for expanders and accelerators
 *	port_stock.c		a stock cxl_port does what ours does
 *	memory_online.c		stay while memory of ours is online
 *	memory_expander.c	which is that backed by an expander
 *
 *	api.c			the accelerator API
 *	early.c			what names of an earlier series of it ask for
 *	attach.c		from a device state to a memdev with a region
 *	accel.c			all accelerators
 *	report.c		how an attach ended, for the log
 *	status.c		state of each accelerator's memory
 *	host_wait.c		the wait for the CXL host's driver, and its end
 *	host.c			is there CXL above the device?
 *	fixups.c		ports, decoders and regions before anybody can use them
 *	endpoint_probe.c	when an endpoint port is probed
 *	bar_claim.c		a driver that has claimed its BARs
 *	decode_path.c		the decoders above the endpoint
 *	region.c		regions that belong to accelerators
 *	create.c		a region where firmware committed none
 *	hpa_in_use.c		is an HPA range in other hands already?
 *	detach.c		an accelerator's driver goes when its memory does
 *	loss.c			or is told, if it asked for that
 *	hpa_reserve.c		what firmware committed to an accelerator is nobody else's
 *	registers.c		where a device's registers are, by its own account
 *	committed.c		what a device decodes, read from its registers
 *	restore.c		and written back
 *	reset.c			a reset leaves no driver with memory that decodes nothing
 *	reset_switch.c		nor does one of a switch above
 *	err_handler.c		hear of resets and errors before the driver does
 *	ras.c			errors of cache and memory are told
 *	cxl_reset.c		CXL reset, on request of user space
 *	power.c			an attached function stays in D0; probes that suspend has blocked
 *
 * Drivers of accelerators depend on this module by the symbols that they import. So they cannot be
 * loaded before it, and it cannot be removed under them.
 */
#include <linux/init.h>
#include <linux/module.h>

#include "accel.h"
#include "memory_online.h"

static int __init cxl_mem_init(void)
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
	rc = cxl_accel_reserve_init();
	if (rc)
		goto err_detach;
	rc = cxl_accel_fixups_register();
	if (rc)
		goto err_reserve;
	rc = cxl_accel_port_init();
	if (rc)
		goto err_fixups;
	rc = cxl_accel_memory_online_init(cxl_accel_memory_is_expanders);
	if (rc)
		goto err_port;
	rc = cxl_driver_register(&cxl_accel_region_driver);
	if (rc)
		goto err_memory_online;
	rc = cxl_driver_register(&cxl_mem_driver);
	if (rc)
		goto err_region;
	return 0;

err_region:
	cxl_driver_unregister(&cxl_accel_region_driver);
err_memory_online:
	cxl_accel_memory_online_exit();
err_port:
	cxl_accel_port_exit();
err_fixups:
	cxl_accel_fixups_unregister();
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
module_init(cxl_mem_init);

static void __exit cxl_mem_exit(void)
{
	cxl_driver_unregister(&cxl_mem_driver);
	cxl_driver_unregister(&cxl_accel_region_driver);
	cxl_accel_memory_online_exit();
	cxl_accel_port_exit();
	cxl_accel_fixups_unregister();
	cxl_accel_reserve_exit();
	cxl_accel_reset_forget(NULL);
	cxl_accel_err_handler_exit();
	cxl_accel_detach_exit();
	cxl_accel_power_exit();
	cxl_accel_host_exit();
	cxl_accel_host_wait_exit();
	cxl_accel_host_forget();
	cxl_accel_status_exit();
	cxl_accel_report_exit();
}
module_exit(cxl_mem_exit);

MODULE_DESCRIPTION("CXL: memory devices, synchronous attach, accelerator API (cxl-accel)");
MODULE_LICENSE("GPL");
MODULE_VERSION(CXL_ACCEL_VERSION);
MODULE_INFO(commit, CXL_ACCEL_COMMIT);
MODULE_ALIAS("cxl:t" __stringify(CXL_DEVICE_MEMORY_EXPANDER) "*");
CORE_IMPORT_NS();
CORE_IMPORT_NS_DEVMEM();
