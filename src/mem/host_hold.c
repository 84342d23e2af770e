// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaches hold the CXL host, side by side, and its driver waits for them before it goes.
 *
 * Owns: an action in the devres list of the CXL root (ACPI0017), from the first attach on. Talks
 * to: the driver core. Locks: cxl_accel_host_rwsem, inside the device lock of a memdev and outside
 * those of ports; the removal of cxl_acpi takes it with the root's device lock.
 *
 * An attach waits for the lock of the port above, under which cxl_core brings up one endpoint after
 * the other, 20 ms each. If it waited with the root's device lock, attaches below all other bridges
 * would wait with it. And a notifier cannot wait for them, as they make others notify.
 */
#include <linux/device.h>
#include <linux/rwsem.h>

#include "accel.h"

/* Set while the root's devres list has the action; under its device lock. */
static struct device *cxl_accel_held_host;
static DECLARE_RWSEM(cxl_accel_host_rwsem);

/* The host's driver is going: what has come last is done first, with the device lock held. */
static void cxl_accel_host_going(void *unused)
{
	down_write(&cxl_accel_host_rwsem);
	cxl_accel_held_host = NULL;
	up_write(&cxl_accel_host_rwsem);
}

static struct device *cxl_accel_host_try_hold(void)
{
	down_read(&cxl_accel_host_rwsem);
	if (READ_ONCE(cxl_accel_held_host))
		return cxl_accel_held_host;
	up_read(&cxl_accel_host_rwsem);
	return NULL;
}

/* From now on it waits for those who hold it. */
static int cxl_accel_host_prepare(void)
{
	struct device *host = cxl_accel_host_lock();
	int rc = 0;

	if (!host)
		return -ENXIO;
	if (!cxl_accel_held_host) {
		rc = devm_add_action(host, cxl_accel_host_going, NULL);
		if (!rc)
			WRITE_ONCE(cxl_accel_held_host, host);
	}
	cxl_accel_host_unlock(host);
	return rc;
}

/**
 * cxl_accel_host_hold() - keep the CXL host's driver from going
 *
 * Unlike cxl_accel_host_lock() by any number of tasks at a time, each of which may hold it once. It
 * is for what takes long, as ports below different host bridges have nothing to do with each other.
 *
 * Context: as cxl_accel_host_lock(). While it is held, the device lock of the host must not be
 * taken, nor anybody be waited for who takes that.
 * Return: the host, until cxl_accel_host_release(); -ENXIO if its driver is not bound, or -ENOMEM,
 * as an ERR_PTR().
 */
struct device *cxl_accel_host_hold(void)
{
	struct device *host = cxl_accel_host_try_hold();
	int rc;

	while (!host) {
		rc = cxl_accel_host_prepare();
		if (rc)
			return ERR_PTR(rc);
		host = cxl_accel_host_try_hold();
	}
	return host;
}

void cxl_accel_host_release(void)
{
	up_read(&cxl_accel_host_rwsem);
}

/**
 * cxl_accel_host_exit() - nobody will hold the host any more, nor does anybody now
 */
void cxl_accel_host_exit(void)
{
	struct device *host = cxl_accel_host_lock();

	if (!host)
		return;
	if (cxl_accel_held_host)
		devm_remove_action(host, cxl_accel_host_going, NULL);
	cxl_accel_held_host = NULL;
	cxl_accel_host_unlock(host);
}
