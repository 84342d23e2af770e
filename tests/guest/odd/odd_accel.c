// SPDX-License-Identifier: GPL-2.0-only
/*
 * odd_accel: does what no Type-2 driver would, at the worst moment.
 *
 * Mistakes that tests/drivers/why does not make; a probe() that goes on after the attach, and a
 * remove() that takes its time, both for as long as they are told to; error handlers that look at
 * the memory. The log has "odd: ERRNO WORDS" for each attach, and "removed". Built and used by the
 * contract tests.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include <cxl/cxl.h>
#include <cxl/pci.h>
#include <cxl-accel/attach.h>

static char *mistake = "";
module_param(mistake, charp, 0644);
MODULE_PARM_DESC(mistake, "what to do wrong: mailbox, hdm, type, twin, again, work, late");

static char *recovery = "slot_reset";
module_param(recovery, charp, 0644);
MODULE_PARM_DESC(recovery, "what error_detected() wants: slot_reset, resume, disconnect, none");

static bool no_handlers;
module_param(no_handlers, bool, 0444);
MODULE_PARM_DESC(no_handlers, "the driver has no error handlers at all");

static ulong capacity = SZ_256M;
module_param(capacity, ulong, 0644);
MODULE_PARM_DESC(capacity, "what the device is said to have, in bytes");

static bool probe_waits;
module_param(probe_waits, bool, 0644);
MODULE_PARM_DESC(probe_waits, "probe() goes on after the attach until this is off");

static bool remove_waits;
module_param(remove_waits, bool, 0644);
MODULE_PARM_DESC(remove_waits, "remove() takes until this is off");

/* Of AER, which does not take the device lock: how many there were, and found what they should. */
static int errors;
module_param(errors, int, 0444);
static int errors_in_attach;
module_param(errors_in_attach, int, 0444);
static int errors_lost;
module_param(errors_lost, int, 0444);

static bool attaching;

struct odd {
	struct cxl_dev_state cxlds;
	struct range range;
	struct pci_dev *pdev;
	struct work_struct work;
	int error;
	u64 end;	/* must survive whatever is done to the members before it */
};

#define ODD_END 0x0dd0dd0dd0dd0dd0ULL

static bool wrong(const char *what)
{
	return !strcmp(mistake, what);
}

static struct odd *odd_create(struct pci_dev *pdev)
{
	u16 dvsec = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL, PCI_DVSEC_CXL_DEVICE);
	enum cxl_devtype type = wrong("type") ? 42 : CXL_DEVTYPE_DEVMEM;
	struct odd *odd;

	odd = devm_cxl_dev_state_create(&pdev->dev, type, pci_get_dsn(pdev), dvsec, struct odd,
					cxlds, wrong("mailbox"));
	if (!odd)
		return NULL;
	odd->end = ODD_END;
	odd->cxlds.media_ready = true;
	return odd;
}

static int odd_attach(struct pci_dev *pdev, struct odd *odd)
{
	struct cxl_memdev *cxlmd;
	int rc;

	rc = cxl_pci_setup_regs(pdev, CXL_REGLOC_RBI_COMPONENT, &odd->cxlds.reg_map);
	if (rc)
		return rc;
	if (wrong("hdm"))
		odd->cxlds.reg_map.component_map.hdm_decoder.valid = false;
	rc = cxl_set_capacity(&odd->cxlds, READ_ONCE(capacity));
	if (rc)
		pci_info(pdev, "odd: capacity refused: %d\n", rc);

	WRITE_ONCE(attaching, true);
	cxlmd = devm_cxl_probe_mem(&odd->cxlds, &odd->range);
	WRITE_ONCE(attaching, false);
	rc = PTR_ERR_OR_ZERO(cxlmd);
	pci_info(pdev, "odd: %d %s\n", rc,
		 cxl_accel_attach_error_str(cxl_accel_attach_error(&odd->cxlds)));
	if (odd->end != ODD_END)
		pci_err(pdev, "odd: somebody wrote beyond the device state\n");
	if (rc && (odd->range.start || odd->range.end != -1ULL))
		pci_err(pdev, "odd: a range without an attach\n");
	if (!rc && odd->cxlds.cxlmd != cxlmd)
		pci_err(pdev, "odd: the device state does not know its memdev\n");
	return rc;
}

static void odd_work(struct work_struct *work)
{
	struct odd *odd = container_of(work, struct odd, work);

	odd->error = odd_attach(odd->pdev, odd);
}

/* While probe() waits for it, or after it has ended. */
static int odd_attach_by_work(struct pci_dev *pdev, struct odd *odd, bool wait)
{
	odd->pdev = pdev;
	INIT_WORK(&odd->work, odd_work);
	schedule_work(&odd->work);
	if (!wait)
		return 0;
	flush_work(&odd->work);
	return odd->error;
}

static void wait_while(const bool *waits)
{
	while (READ_ONCE(*waits))
		msleep(20);
}

static int odd_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct odd *odd;
	int rc;

	rc = pcim_enable_device(pdev);
	if (rc)
		return rc;
	pci_save_state(pdev);
	odd = odd_create(pdev);
	if (!odd) {
		pci_info(pdev, "odd: no device state\n");
		return -ENOMEM;
	}
	pci_set_drvdata(pdev, odd);

	if (wrong("work") || wrong("late"))
		return odd_attach_by_work(pdev, odd, wrong("work"));
	rc = odd_attach(pdev, odd);
	if (!rc && wrong("twin")) {
		struct odd *twin = odd_create(pdev);

		rc = twin ? odd_attach(pdev, twin) : -ENOMEM;
	}
	if (rc && wrong("again"))
		rc = odd_attach(pdev, odd);
	wait_while(&probe_waits);
	if (pci_get_drvdata(pdev) != odd)
		pci_err(pdev, "odd: somebody took the drvdata\n");
	pci_info(pdev, "odd: probe ends\n");
	return rc;
}

static void odd_remove(struct pci_dev *pdev)
{
	struct odd *odd = pci_get_drvdata(pdev);

	if (odd->pdev)
		cancel_work_sync(&odd->work);
	wait_while(&remove_waits);
	pci_info(pdev, "removed\n");
}

static void odd_cor_error_detected(struct pci_dev *pdev)
{
	struct odd *odd = pci_get_drvdata(pdev);

	errors++;
	if (READ_ONCE(attaching))
		errors_in_attach++;
	/* None before probe() has set it. */
	if (odd && odd->end != ODD_END)
		errors_lost++;
}

/* What the memory's first word is to a driver that looks at it in this callback. */
static void odd_say(struct pci_dev *pdev, const char *callback)
{
	struct odd *odd = pci_get_drvdata(pdev);
	u64 *mem = NULL;

	if (odd->range.start)
		mem = memremap(odd->range.start, PAGE_SIZE, MEMREMAP_WC);
	pci_info(pdev, "odd: %s: %#llx\n", callback, mem ? READ_ONCE(*mem) : 0);
	if (mem)
		memunmap(mem);
}

static void odd_reset_prepare(struct pci_dev *pdev)
{
	odd_say(pdev, "reset_prepare");
}

static void odd_reset_done(struct pci_dev *pdev)
{
	struct odd *odd = pci_get_drvdata(pdev);

	odd_say(pdev, "reset_done");
	pci_info(pdev, "odd: suspect: %d\n", cxl_accel_memory_suspect(&odd->cxlds));
}

static pci_ers_result_t odd_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct odd *odd = pci_get_drvdata(pdev);

	pci_info(pdev, "odd: error_detected: %d\n", state);
	pci_info(pdev, "odd: suspect: %d\n", cxl_accel_memory_suspect(&odd->cxlds));
	if (!strcmp(recovery, "disconnect"))
		return PCI_ERS_RESULT_DISCONNECT;
	if (!strcmp(recovery, "none"))
		return PCI_ERS_RESULT_NO_AER_DRIVER;
	return strcmp(recovery, "resume") ? PCI_ERS_RESULT_NEED_RESET : PCI_ERS_RESULT_CAN_RECOVER;
}

static pci_ers_result_t odd_slot_reset(struct pci_dev *pdev)
{
	odd_say(pdev, "slot_reset");
	pci_restore_state(pdev);
	return PCI_ERS_RESULT_RECOVERED;
}

static void odd_resume(struct pci_dev *pdev)
{
	odd_say(pdev, "resume");
}

static const struct pci_error_handlers odd_err_handler = {
	.error_detected = odd_error_detected,
	.slot_reset = odd_slot_reset,
	.resume = odd_resume,
	.reset_prepare = odd_reset_prepare,
	.reset_done = odd_reset_done,
	.cor_error_detected = odd_cor_error_detected,
};

static const struct pci_device_id odd_ids[] = {
	{ PCI_DEVICE(0xacce, 0x0002) },
	{ }
};
MODULE_DEVICE_TABLE(pci, odd_ids);

static struct pci_driver odd_driver = {
	.name = KBUILD_MODNAME,
	.id_table = odd_ids,
	.probe = odd_probe,
	.remove = odd_remove,
	.err_handler = &odd_err_handler,
};

static int __init odd_init(void)
{
	if (no_handlers)
		odd_driver.err_handler = NULL;
	return pci_register_driver(&odd_driver);
}
module_init(odd_init);

static void __exit odd_exit(void)
{
	pci_unregister_driver(&odd_driver);
	if (odd_driver.err_handler != (no_handlers ? NULL : &odd_err_handler))
		pr_err("odd: somebody has kept the error handlers\n");
}
module_exit(odd_exit);

MODULE_DESCRIPTION("An odd Type-2 driver, for the tests");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("CXL");
