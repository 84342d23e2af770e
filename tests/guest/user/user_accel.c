// SPDX-License-Identifier: GPL-2.0-only
/*
 * user_accel: hands its memory to user space, and takes part in power management.
 *
 * Each device has /dev/accel-ADDRESS, whose mmap() maps the CXL memory page by page; its remove()
 * zaps what is mapped, first thing. Its probe() lets the function suspend at run time, and may take
 * a while before the attach. The log has the steps, each after "user: ". Built and used by the
 * tests of hot-plug and power.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include <cxl/cxl.h>
#include <cxl/pci.h>

static ulong capacity = SZ_256M;
module_param(capacity, ulong, 0644);
MODULE_PARM_DESC(capacity, "what the device is said to have, in bytes");

static unsigned int delay;
module_param(delay, uint, 0644);
MODULE_PARM_DESC(delay, "milliseconds that probe() takes before the attach");

static bool attach = true;
module_param(attach, bool, 0644);
MODULE_PARM_DESC(attach, "attach at all (default Y)");

static bool runtime_pm = true;
module_param(runtime_pm, bool, 0644);
MODULE_PARM_DESC(runtime_pm, "let the function suspend at run time (default Y)");

struct user_cxl {
	struct cxl_dev_state cxlds;
	struct range range;
};

/*
 * What an open file has for as long as it is open. The lock is taken by faults and by remove(): a
 * page is mapped while there is memory, or never.
 */
struct user_accel {
	struct kref ref;
	struct pci_dev *pdev;
	struct miscdevice misc;
	char name[32];
	struct mutex lock;
	struct address_space *mapping;
	bool gone;
	bool attached;
	bool let_suspend;
	struct range range;
};

static void user_free(struct kref *ref)
{
	kfree(container_of(ref, struct user_accel, ref));
}

/* misc_open() holds the lock that misc_deregister() takes. */
static int user_open(struct inode *inode, struct file *file)
{
	struct user_accel *user = container_of(file->private_data, struct user_accel, misc);

	kref_get(&user->ref);
	file->private_data = user;
	scoped_guard(mutex, &user->lock)
		user->mapping = inode->i_mapping;
	return 0;
}

static int user_release(struct inode *inode, struct file *file)
{
	struct user_accel *user = file->private_data;

	kref_put(&user->ref, user_free);
	return 0;
}

static vm_fault_t user_fault(struct vm_fault *vmf)
{
	struct user_accel *user = vmf->vma->vm_private_data;
	u64 offset = (u64)vmf->pgoff << PAGE_SHIFT;

	guard(mutex)(&user->lock);
	if (user->gone || offset >= range_len(&user->range))
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address, PHYS_PFN(user->range.start + offset));
}

static const struct vm_operations_struct user_vm_ops = {
	.fault = user_fault,
};

static int user_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct user_accel *user = file->private_data;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vm_flags_set(vma, VM_PFNMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	vma->vm_private_data = user;
	vma->vm_ops = &user_vm_ops;
	return 0;
}

static const struct file_operations user_fops = {
	.owner = THIS_MODULE,
	.open = user_open,
	.release = user_release,
	.mmap = user_mmap,
};

static int user_attach(struct pci_dev *pdev, struct user_accel *user)
{
	u16 dvsec = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL, PCI_DVSEC_CXL_DEVICE);
	struct cxl_memdev *cxlmd;
	struct user_cxl *cxl;
	int rc;

	cxl = devm_cxl_dev_state_create(&pdev->dev, CXL_DEVTYPE_DEVMEM, pci_get_dsn(pdev), dvsec,
					struct user_cxl, cxlds, false);
	if (!cxl)
		return -ENOMEM;
	rc = cxl_pci_setup_regs(pdev, CXL_REGLOC_RBI_COMPONENT, &cxl->cxlds.reg_map);
	if (rc)
		return rc;
	cxl->cxlds.media_ready = true;
	rc = cxl_set_capacity(&cxl->cxlds, READ_ONCE(capacity));
	if (rc)
		return rc;
	pci_info(pdev, "user: attaching\n");
	cxlmd = devm_cxl_probe_mem(&cxl->cxlds, &cxl->range);
	user->range = cxl->range;
	return PTR_ERR_OR_ZERO(cxlmd);
}

static int user_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct user_accel *user;
	int rc;

	rc = pcim_enable_device(pdev);
	if (rc)
		return rc;
	pci_set_master(pdev);
	user = kzalloc(sizeof(*user), GFP_KERNEL);
	if (!user)
		return -ENOMEM;
	kref_init(&user->ref);
	mutex_init(&user->lock);
	user->pdev = pdev;
	pci_set_drvdata(pdev, user);

	user->let_suspend = READ_ONCE(runtime_pm);
	if (!READ_ONCE(attach))
		goto bound;
	if (READ_ONCE(delay)) {
		pci_info(pdev, "user: waiting\n");
		msleep(READ_ONCE(delay));
	}
	rc = user_attach(pdev, user);
	pci_info(pdev, "user: attach: %d\n", rc);
	if (rc)
		goto free;

	snprintf(user->name, sizeof(user->name), "accel-%s", pci_name(pdev));
	user->misc.minor = MISC_DYNAMIC_MINOR;
	user->misc.name = user->name;
	user->misc.fops = &user_fops;
	rc = misc_register(&user->misc);
	if (rc)
		goto free;
	user->attached = true;
bound:
	if (user->let_suspend)
		pm_runtime_put_noidle(&pdev->dev);
	return 0;

free:
	kref_put(&user->ref, user_free);
	return rc;
}

static void user_remove(struct pci_dev *pdev)
{
	struct user_accel *user = pci_get_drvdata(pdev);

	if (user->let_suspend)
		pm_runtime_get_noresume(&pdev->dev);
	/* The inode is there as long as its name is. */
	scoped_guard(mutex, &user->lock) {
		user->gone = true;
		if (user->mapping)
			unmap_mapping_range(user->mapping, 0, 0, 1);
	}
	if (user->attached)
		misc_deregister(&user->misc);
	pci_info(pdev, "user: removed\n");
	kref_put(&user->ref, user_free);
}

static int user_say(struct device *dev, const char *what)
{
	pci_info(to_pci_dev(dev), "user: %s\n", what);
	return 0;
}

static int user_runtime_suspend(struct device *dev)
{
	return user_say(dev, "runtime suspend");
}

static int user_runtime_resume(struct device *dev)
{
	return user_say(dev, "runtime resume");
}

static int user_suspend(struct device *dev)
{
	return user_say(dev, "suspend");
}

static int user_resume(struct device *dev)
{
	return user_say(dev, "resume");
}

static const struct dev_pm_ops user_pm_ops = {
	SYSTEM_SLEEP_PM_OPS(user_suspend, user_resume)
	RUNTIME_PM_OPS(user_runtime_suspend, user_runtime_resume, NULL)
};

static const struct pci_device_id user_ids[] = {
	{ PCI_DEVICE(0xacce, 0x0002) },
	{ }
};
MODULE_DEVICE_TABLE(pci, user_ids);

static struct pci_driver user_driver = {
	.name = KBUILD_MODNAME,
	.id_table = user_ids,
	.probe = user_probe,
	.remove = user_remove,
	.driver.pm = pm_ptr(&user_pm_ops),
};

/* The driver core does not wait for a probe that it was not the one to start. */
static char worker_name[32];

static void user_bind(struct work_struct *work)
{
	struct device *dev = bus_find_device_by_name(&pci_bus_type, NULL, worker_name);

	if (!dev)
		return;
	dev_info(dev, "user: bound by a worker: %d\n",
		 device_driver_attach(&user_driver.driver, dev));
	put_device(dev);
}
static DECLARE_WORK(user_worker, user_bind);

static int user_worker_set(const char *val, const struct kernel_param *kp)
{
	strscpy(worker_name, val, sizeof(worker_name));
	strim(worker_name);
	schedule_work(&user_worker);
	return 0;
}

static const struct kernel_param_ops user_worker_ops = {
	.set = user_worker_set,
};
module_param_cb(worker, &user_worker_ops, NULL, 0200);
MODULE_PARM_DESC(worker, "ADDRESS: a worker binds the function of that address");

static int __init user_init(void)
{
	return pci_register_driver(&user_driver);
}
module_init(user_init);

static void __exit user_exit(void)
{
	cancel_work_sync(&user_worker);
	pci_unregister_driver(&user_driver);
}
module_exit(user_exit);

MODULE_DESCRIPTION("A Type-2 driver with memory for user space, for the tests");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("CXL");
