// SPDX-License-Identifier: GPL-2.0-only
/*
 * How an attach ended, for the log.
 *
 * Owns: a note of each PCI address whose attach is put off. Talks to: the log, the driver core's
 * list of what is deferred. Locks: none.
 */
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/xarray.h>

#include "accel.h"

/* By PCI address: why its last attach was put off. */
static DEFINE_XARRAY(cxl_accel_deferred_attaches);

/*
 * The driver core retries a deferred probe whenever any driver has bound any device: it is said
 * when it begins, once per device, and in devices_deferred as long as it lasts.
 */
static bool cxl_accel_attach_deferred_anew(struct pci_dev *pdev,
					   enum cxl_accel_attach_status status)
{
	unsigned long key = (unsigned long)pci_domain_nr(pdev->bus) << 16 | pci_dev_id(pdev);
	bool deferred = cxl_accel_attach_errno(status) == -EPROBE_DEFER;
	void *last;

	if (!deferred) {
		xa_erase(&cxl_accel_deferred_attaches, key);
		return false;
	}
	last = xa_store(&cxl_accel_deferred_attaches, key, xa_mk_value(status), GFP_KERNEL);
	return last != xa_mk_value(status);
}

/**
 * cxl_accel_attach_report() - say in the log how an attach has ended
 * @dev: the PCI function, being probed by its driver
 * @status: how
 *
 * Return: the errno that belongs to @status, for devm_cxl_probe_mem() to return.
 */
int cxl_accel_attach_report(struct device *dev, enum cxl_accel_attach_status status)
{
	int rc = cxl_accel_attach_errno(status);

	if (cxl_accel_attach_deferred_anew(to_pci_dev(dev), status))
		dev_info(dev, "CXL attach deferred: %s\n", cxl_accel_attach_error_str(status));
	if (rc == -EPROBE_DEFER)
		return dev_err_probe(dev, rc, "CXL attach: %s\n",
				     cxl_accel_attach_error_str(status));
	/* Not dev_err_probe(): newer ones say nothing about -ENOMEM. */
	if (rc)
		dev_err(dev, "error %pe: CXL attach failed: %s\n", ERR_PTR(rc),
			cxl_accel_attach_error_str(status));
	return rc;
}

void cxl_accel_report_exit(void)
{
	xa_destroy(&cxl_accel_deferred_attaches);
}
