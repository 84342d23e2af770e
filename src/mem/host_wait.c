// SPDX-License-Identifier: GPL-2.0-only
/*
 * The wait for the CXL host's driver, and its end.
 *
 * Owns: the time that attaches wait for cxl_acpi, a notifier on the platform bus, three work items.
 * Talks to: cxl_acpi's binding to the CXL host (ACPI0017). Locks: cxl_accel_wait_lock, innermost;
 * the work items take the device locks of PCI functions.
 *
 * A device that boots the machine must not wait for ever for memory that does not come: a NIC runs
 * as a PCI-only device where its driver is told that there is no CXL memory. So the wait ends
 *
 *	at once	when cxl_acpi has been at the host, and did not bind it: it will not by itself
 *	later	when cxl_acpi was not there for host_timeout seconds since the first attach that
 *		needed it. It may be blacklisted, or missing in the initramfs.
 *
 * Then an attach fails for good, and whoever waits is probed again to be told. cxl_acpi may come
 * all the same. Then each device that was refused, and has no driver, is probed again, and each
 * that was released because its memory was lost. A driver that went on without the memory is left
 * alone, as it may be what the machine runs from, or told, if it asked for that.
 */
#include <linux/acpi.h>
#include <linux/device.h>
#include <linux/moduleparam.h>
#include <linux/platform_device.h>
#include <linux/workqueue.h>

#include "accel.h"

/* As long as the driver core itself waits for a supplier's driver in a kernel with modules. */
static unsigned int cxl_accel_host_timeout = 10;
module_param_named(host_timeout, cxl_accel_host_timeout, uint, 0444);
MODULE_PARM_DESC(host_timeout,
		 "seconds that an accelerator waits for cxl_acpi to be loaded, 0 to not wait (default 10)");

static DEFINE_MUTEX(cxl_accel_wait_lock);
static enum { WAIT_IDLE, WAIT_RUNS, WAIT_OVER } cxl_accel_wait_state;

/* Counts the host's bindings. */
static unsigned int cxl_accel_host_bound_nr;

/*
 * What was seen of the host's driver since this module was loaded. A driver may be registered and
 * not have got to the host yet, so that one which was bound before does not count as failed.
 */
static enum { HOST_UNSEEN, HOST_COMING, HOST_FAILED, HOST_GONE } cxl_accel_host_seen;

/* Nobody was there for the time that is allowed: those that wait are to hear it. */
static void cxl_accel_wait_over_work(struct work_struct *work)
{
	scoped_guard(mutex, &cxl_accel_wait_lock) {
		if (cxl_accel_wait_state != WAIT_RUNS)
			return;
		cxl_accel_wait_state = WAIT_OVER;
	}
	cxl_accel_status_reprobe(CXL_ACCEL_ATTACH_HOST_NOT_READY);
}
static DECLARE_DELAYED_WORK(cxl_accel_wait_over, cxl_accel_wait_over_work);

/* It will not come by itself any more: those that wait are to hear it. */
static void cxl_accel_host_failed_work(struct work_struct *work)
{
	cxl_accel_status_reprobe(CXL_ACCEL_ATTACH_HOST_NOT_READY);
}
static DECLARE_WORK(cxl_accel_host_failed, cxl_accel_host_failed_work);

/*
 * The driver core probes those again that wait: these have been told not to, or have been released
 * when cxl_acpi went. The machine has taken their driver away, so the machine brings it back; what
 * somebody has unbound stays so.
 */
static void cxl_accel_host_bound_work(struct work_struct *work)
{
	cxl_accel_status_reprobe(CXL_ACCEL_ATTACH_ATTACHED);
	cxl_accel_status_reprobe(CXL_ACCEL_ATTACH_HOST_NOT_LOADED);
	cxl_accel_status_reprobe(CXL_ACCEL_ATTACH_HOST_FAILED);
	cxl_accel_loss_attach_all();
}
static DECLARE_WORK(cxl_accel_host_bound, cxl_accel_host_bound_work);

/* Its probe() failed, as far as can be told: that cxl_acpi's could be deferred is not known. */
static bool cxl_accel_host_has_failed(const struct device *host)
{
	if (!driver_find("cxl_acpi", &platform_bus_type)) {
		if (cxl_accel_host_seen == HOST_FAILED)
			cxl_accel_host_seen = HOST_GONE;
		return false;
	}
	/* Before this module came. What has a driver and is not bound is being probed. */
	if (cxl_accel_host_seen == HOST_UNSEEN)
		return cxl_accel_core_device_can_match(host) && !READ_ONCE(host->driver);
	return cxl_accel_host_seen == HOST_FAILED;
}

/**
 * cxl_accel_host_wait() - the CXL host has no driver
 * @host: the host; NULL if the platform has not made a device of it
 *
 * Return: CXL_ACCEL_ATTACH_HOST_NOT_READY if waiting may help, else why it will not.
 */
enum cxl_accel_attach_status cxl_accel_host_wait(const struct device *host)
{
	guard(mutex)(&cxl_accel_wait_lock);
	if (host && cxl_accel_host_has_failed(host))
		return CXL_ACCEL_ATTACH_HOST_FAILED;
	if (cxl_accel_wait_state == WAIT_IDLE) {
		cxl_accel_wait_state = cxl_accel_host_timeout ? WAIT_RUNS : WAIT_OVER;
		if (cxl_accel_host_timeout)
			queue_delayed_work(system_long_wq, &cxl_accel_wait_over,
					   (unsigned long)cxl_accel_host_timeout * HZ);
	}
	return cxl_accel_wait_state == WAIT_RUNS ? CXL_ACCEL_ATTACH_HOST_NOT_READY :
						   CXL_ACCEL_ATTACH_HOST_NOT_LOADED;
}

/**
 * cxl_accel_host_binding() - which binding of the CXL host to its driver is this?
 *
 * Return: a number that is another one when cxl_acpi has been away and is back.
 */
unsigned int cxl_accel_host_binding(void)
{
	return READ_ONCE(cxl_accel_host_bound_nr);
}

static bool cxl_accel_is_host(struct device *dev)
{
	struct acpi_device *adev = ACPI_COMPANION(dev);

	return adev && !strcmp(acpi_device_hid(adev), CXL_ROOT_HID);
}

static int cxl_accel_host_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	if (!cxl_accel_is_host(data))
		return NOTIFY_DONE;

	guard(mutex)(&cxl_accel_wait_lock);
	switch (action) {
	case BUS_NOTIFY_BIND_DRIVER:
		cxl_accel_host_seen = HOST_COMING;
		break;
	case BUS_NOTIFY_DRIVER_NOT_BOUND:
		cxl_accel_host_seen = HOST_FAILED;
		queue_work(system_long_wq, &cxl_accel_host_failed);
		break;
	case BUS_NOTIFY_UNBOUND_DRIVER:
		cxl_accel_host_seen = HOST_GONE;
		break;
	case BUS_NOTIFY_BOUND_DRIVER:
		cxl_accel_host_seen = HOST_COMING;
		WRITE_ONCE(cxl_accel_host_bound_nr, cxl_accel_host_bound_nr + 1);
		cxl_accel_wait_state = WAIT_IDLE;
		cancel_delayed_work(&cxl_accel_wait_over);
		queue_work(system_long_wq, &cxl_accel_host_bound);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block cxl_accel_host_nb = {
	.notifier_call = cxl_accel_host_notify,
};

int cxl_accel_host_wait_init(void)
{
	return bus_register_notifier(&platform_bus_type, &cxl_accel_host_nb);
}

void cxl_accel_host_wait_exit(void)
{
	bus_unregister_notifier(&platform_bus_type, &cxl_accel_host_nb);
	cancel_delayed_work_sync(&cxl_accel_wait_over);
	cancel_work_sync(&cxl_accel_host_failed);
	cancel_work_sync(&cxl_accel_host_bound);
}
