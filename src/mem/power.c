// SPDX-License-Identifier: GPL-2.0-only
/*
 * Power: an attached function stays in D0, and what suspend has got in the way of is tried again.
 *
 * Owns: for each attached PCI function a runtime PM reference and what keeps it from D3; whether
 * the system is on its way to sleep. Talks to: the PCI core, runtime PM, the PM notifier chain.
 * Locks: called with the device lock of the PCI function; takes those of the PCI bus, innermost.
 *
 * In D3hot a function need not keep its registers: unless it says No_Soft_Reset, its HDM decoders
 * are as after a reset when it is back, and nobody is told. A port above that sleeps takes the link
 * along. So while it is attached,
 *
 *	it does not suspend at run time, nor does what is above it	a reference, whatever the
 *									driver does with its own
 *	it is in D0 in suspend-to-idle, whatever its driver wants	PCI_DEV_FLAGS_NO_D3
 *	so are the ports above						no D3cold below them
 *
 * Suspend to RAM and hibernation are refused meanwhile, see memdev.c.
 *
 * While the system goes to sleep and comes back, no device is bound: the driver core puts off all
 * that it is asked to. It waits before for the probes that it knows of, but a probe() may begin
 * between the two, and one that somebody else has started (device_driver_attach()) it does not know
 * of. Such a driver attaches to a memdev that nobody binds. It is told to wait, and is probed again
 * when the system is back.
 */
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/suspend.h>

#include "accel.h"

/**
 * cxl_accel_power_hold() - a PCI function is to stay in D0
 * @accel: the accelerator; its device lock is held, and it is active, as in its driver's probe()
 *
 * What its driver, or a quirk, has set by itself stays set.
 */
void cxl_accel_power_hold(struct cxl_accel *accel)
{
	struct pci_dev *pdev = to_pci_dev(accel->dev);

	pm_runtime_get_noresume(&pdev->dev);
	accel->no_d3 = !(pdev->dev_flags & PCI_DEV_FLAGS_NO_D3);
	pdev->dev_flags |= PCI_DEV_FLAGS_NO_D3;
	accel->no_d3cold = !pdev->no_d3cold;
	pci_d3cold_disable(pdev);
}

/**
 * cxl_accel_power_release() - it need not any more
 * @accel: the accelerator, after cxl_accel_power_hold(); its device lock is held
 */
void cxl_accel_power_release(struct cxl_accel *accel)
{
	struct pci_dev *pdev = to_pci_dev(accel->dev);

	if (accel->no_d3cold)
		pci_d3cold_enable(pdev);
	if (accel->no_d3)
		pdev->dev_flags &= ~PCI_DEV_FLAGS_NO_D3;
	pm_runtime_put(&pdev->dev);
}

static bool cxl_accel_power_transition;

/**
 * cxl_accel_power_status() - an attach has failed: was it because the system goes to sleep?
 * @status: why it has
 *
 * The driver core blocks probes until this one has ended: if they were blocked, they still are.
 *
 * Return: CXL_ACCEL_ATTACH_SUSPENDING if it may have been, else @status.
 */
enum cxl_accel_attach_status cxl_accel_power_status(enum cxl_accel_attach_status status)
{
	if (!READ_ONCE(cxl_accel_power_transition))
		return status;
	switch (status) {
	case CXL_ACCEL_ATTACH_NO_PORT:
	case CXL_ACCEL_ATTACH_PORT_NOT_BOUND:
	case CXL_ACCEL_ATTACH_MEMDEV_NOT_BOUND:
	case CXL_ACCEL_ATTACH_ENDPOINT_NOT_BOUND:
	case CXL_ACCEL_ATTACH_NO_REGION:
	case CXL_ACCEL_ATTACH_REGION_NOT_BOUND:
		return CXL_ACCEL_ATTACH_SUSPENDING;
	default:
		return status;
	}
}

/* Should the driver core not have come that far, it tries nobody again. */
static void cxl_accel_power_back_work(struct work_struct *work)
{
	cxl_accel_status_reprobe(CXL_ACCEL_ATTACH_SUSPENDING);
}
static DECLARE_WORK(cxl_accel_power_back, cxl_accel_power_back_work);

static int cxl_accel_power_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	switch (action) {
	case PM_HIBERNATION_PREPARE:
	case PM_SUSPEND_PREPARE:
	case PM_RESTORE_PREPARE:
		WRITE_ONCE(cxl_accel_power_transition, true);
		break;
	case PM_POST_HIBERNATION:
	case PM_POST_SUSPEND:
	case PM_POST_RESTORE:
		WRITE_ONCE(cxl_accel_power_transition, false);
		queue_work(system_long_wq, &cxl_accel_power_back);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block cxl_accel_power_nb = {
	.notifier_call = cxl_accel_power_notify,
};

int cxl_accel_power_init(void)
{
	return register_pm_notifier(&cxl_accel_power_nb);
}

void cxl_accel_power_exit(void)
{
	unregister_pm_notifier(&cxl_accel_power_nb);
	cancel_work_sync(&cxl_accel_power_back);
}
