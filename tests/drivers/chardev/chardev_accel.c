// SPDX-License-Identifier: GPL-2.0-only
/*
 * chardev_accel: a Type-2 driver of the shape that most have, written from cxl-accel(7) alone.
 *
 * Its users map the device's memory through a character device; a timer and a thread, which stand
 * for a NIC's or a GPU's engines, use it as long as the driver is bound; an interrupt counts. Where
 * there is no CXL memory it goes on as a PCI-only driver.
 *
 * Owns: the PCI function, the mapping of the memory, and struct chardev, which outlives the binding
 * while a file is open. Locks: chardev.lock, for files and faults, which sleep; chardev.quiet_lock,
 * innermost, for the engines, which do not.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/kref.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/wait.h>

#include <cxl/cxl.h>
#include <cxl/pci.h>

#define TICK_MS		10
#define TICK_AT		0		/* in the memory: what the timer reads */
#define BEAT_AT		8		/* what the thread writes and reads back */
#define MAGIC		0x63686172646576ULL

static bool remove_waits;
module_param(remove_waits, bool, 0644);
MODULE_PARM_DESC(remove_waits, "remove() does nothing until this is off");

static ulong capacity = SZ_256M;
module_param(capacity, ulong, 0644);
MODULE_PARM_DESC(capacity, "device memory in bytes (default 256 MiB)");

struct chardev_cxl {
	struct cxl_dev_state cxlds;
	struct range range;
};

struct chardev {
	struct kref ref;		/* the binding's, and one for each open file */
	struct pci_dev *pdev;		/* not for files: it may be gone */
	struct miscdevice misc;
	char name[32];

	struct mutex lock;
	struct list_head files;		/* protected by lock */
	bool gone;			/* likewise: for users, the memory is gone for good */
	wait_queue_head_t resumed;

	spinlock_t quiet_lock;		/* for what follows, while the engines run */
	bool quiet;			/* hands off the memory; written with lock held, too */
	struct chardev_cxl *cxl;	/* NULL: PCI-only */
	phys_addr_t start;
	size_t size;
	void __iomem *mem;
	struct timer_list timer;
	struct task_struct *thread;
	int irq;			/* 0: none */
	atomic_t irqs;
	unsigned long ticks, beats, ones, bad;
};

struct chardev_file {
	struct list_head node;
	struct chardev *c;
	struct file *file;
};

static void chardev_free(struct kref *ref)
{
	kfree(container_of(ref, struct chardev, ref));
}

/* ---- users ---- */

static int chardev_open(struct inode *inode, struct file *file)
{
	/* misc_deregister() waits for whoever is in here. */
	struct chardev *c = container_of(file->private_data, struct chardev, misc);
	struct chardev_file *f = kzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	f->c = c;
	f->file = file;
	kref_get(&c->ref);
	mutex_lock(&c->lock);
	list_add(&f->node, &c->files);
	mutex_unlock(&c->lock);
	file->private_data = f;
	return 0;
}

/* A mapping keeps its file: when this runs, there is none any more. */
static int chardev_release(struct inode *inode, struct file *file)
{
	struct chardev_file *f = file->private_data;
	struct chardev *c = f->c;

	mutex_lock(&c->lock);
	list_del(&f->node);
	mutex_unlock(&c->lock);
	kref_put(&c->ref, chardev_free);
	kfree(f);
	return 0;
}

static ssize_t chardev_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct chardev *c = ((struct chardev_file *)file->private_data)->c;
	char text[160];
	int n;

	mutex_lock(&c->lock);
	if (c->gone) {
		mutex_unlock(&c->lock);
		return -ENODEV;
	}
	n = scnprintf(text, sizeof(text), "%s ticks %lu beats %lu ones %lu bad %lu irqs %d\n",
		      c->cxl ? "cxl" : "pci-only", READ_ONCE(c->ticks), READ_ONCE(c->beats),
		      READ_ONCE(c->ones), READ_ONCE(c->bad), atomic_read(&c->irqs));
	mutex_unlock(&c->lock);
	return simple_read_from_buffer(buf, len, pos, text, n);
}

/* In a reset the memory is away for a while, and the user waits. After remove() it is for good. */
static vm_fault_t chardev_fault(struct vm_fault *vmf)
{
	struct chardev_file *f = vmf->vma->vm_file->private_data;
	struct chardev *c = f->c;
	vm_fault_t ret;

	mutex_lock(&c->lock);
	while (c->quiet && !c->gone) {
		mutex_unlock(&c->lock);
		if (wait_event_killable(c->resumed, !READ_ONCE(c->quiet) || READ_ONCE(c->gone)))
			return VM_FAULT_NOPAGE;
		mutex_lock(&c->lock);
	}
	if (c->gone)
		ret = VM_FAULT_SIGBUS;
	else
		ret = vmf_insert_pfn(vmf->vma, vmf->address,
				     PHYS_PFN(c->start) + vmf->pgoff);
	mutex_unlock(&c->lock);
	return ret;
}

static const struct vm_operations_struct chardev_vm_ops = {
	.fault = chardev_fault,
};

static int chardev_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct chardev *c = ((struct chardev_file *)file->private_data)->c;
	int rc = -ENODEV;

	mutex_lock(&c->lock);
	if (!c->gone && c->cxl) {
		rc = -EINVAL;
		if (vma->vm_pgoff + vma_pages(vma) <= c->size >> PAGE_SHIFT &&
		    vma->vm_flags & VM_SHARED)
			rc = 0;
	}
	mutex_unlock(&c->lock);
	if (rc)
		return rc;
	/* As the driver has it mapped: each byte in one way only. */
	vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &chardev_vm_ops;
	return 0;
}

static const struct file_operations chardev_fops = {
	.owner = THIS_MODULE,
	.open = chardev_open,
	.release = chardev_release,
	.read = chardev_read,
	.mmap = chardev_mmap,
};

/* All of them, whatever node they were opened by. With the lock held, none comes back. */
static void chardev_zap(struct chardev *c)
{
	struct chardev_file *f;

	lockdep_assert_held(&c->lock);
	list_for_each_entry(f, &c->files, node)
		unmap_mapping_range(f->file->f_mapping, 0, 0, 1);
}

/* ---- engines ---- */

/* All ones is never a valid value: the device may be gone, or being reset. */
static void chardev_look(struct chardev *c, u64 at, u64 want)
{
	u64 is = readq(c->mem + at);

	if (is == want)
		return;
	if (is == ~0ULL) {
		c->ones++;
		return;
	}
	if (!c->bad++)
		pci_err(c->pdev, "bad read at %#llx: %#llx\n", at, is);
}

static void chardev_tick(struct timer_list *timer)
{
	struct chardev *c = container_of(timer, struct chardev, timer);

	spin_lock(&c->quiet_lock);
	if (c->mem && !c->quiet)
		chardev_look(c, TICK_AT, MAGIC);
	c->ticks++;
	spin_unlock(&c->quiet_lock);
	mod_timer(&c->timer, jiffies + msecs_to_jiffies(TICK_MS));
}

static int chardev_poll(void *data)
{
	struct chardev *c = data;

	while (!kthread_should_stop()) {
		spin_lock_bh(&c->quiet_lock);
		if (c->mem && !c->quiet) {
			writeq(c->beats, c->mem + BEAT_AT);
			wmb();	/* write-combining: it is on its way before it is read back */
			chardev_look(c, BEAT_AT, c->beats);
		}
		c->beats++;
		spin_unlock_bh(&c->quiet_lock);
		usleep_range(500, 1000);
	}
	return 0;
}

static irqreturn_t chardev_irq(int irq, void *data)
{
	struct chardev *c = data;

	atomic_inc(&c->irqs);
	return IRQ_HANDLED;
}

/* Hands off the memory, users included. */
static void chardev_quiesce(struct chardev *c)
{
	mutex_lock(&c->lock);
	spin_lock_bh(&c->quiet_lock);
	WRITE_ONCE(c->quiet, true);
	spin_unlock_bh(&c->quiet_lock);
	chardev_zap(c);
	mutex_unlock(&c->lock);
}

/* What was in the memory may be lost, so it is set up anew; and it may not be there any more. */
static bool chardev_set_up(struct chardev *c)
{
	if (!c->mem)
		return true;
	writeq(MAGIC, c->mem + TICK_AT);
	wmb();	/* write-combining */
	return readq(c->mem + TICK_AT) == MAGIC;
}

static void chardev_go_on(struct chardev *c)
{
	mutex_lock(&c->lock);
	if (chardev_set_up(c)) {
		spin_lock_bh(&c->quiet_lock);
		WRITE_ONCE(c->quiet, false);
		spin_unlock_bh(&c->quiet_lock);
	} else {
		pci_err(c->pdev, "the memory is not there after the reset\n");
		WRITE_ONCE(c->gone, true);
	}
	mutex_unlock(&c->lock);
	wake_up_all(&c->resumed);
}

/* ---- the device ---- */

static struct chardev_cxl *chardev_attach(struct pci_dev *pdev)
{
	struct chardev_cxl *cxl;
	struct cxl_memdev *cxlmd;
	u16 dvsec;
	int rc;

	if (!pcie_is_cxl(pdev))
		return ERR_PTR(-ENODEV);
	dvsec = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL, PCI_DVSEC_CXL_DEVICE);
	if (!dvsec)
		return ERR_PTR(-ENODEV);
	cxl = devm_cxl_dev_state_create(&pdev->dev, CXL_DEVTYPE_DEVMEM, pci_get_dsn(pdev), dvsec,
					struct chardev_cxl, cxlds, false);
	if (!cxl)
		return ERR_PTR(-ENOMEM);
	rc = cxl_pci_setup_regs(pdev, CXL_REGLOC_RBI_COMPONENT, &cxl->cxlds.reg_map);
	if (rc)
		return ERR_PTR(rc);
	cxl->cxlds.media_ready = true;
	rc = cxl_set_capacity(&cxl->cxlds, capacity);
	if (rc)
		return ERR_PTR(rc);
	cxlmd = devm_cxl_probe_mem(&cxl->cxlds, &cxl->range);
	return IS_ERR(cxlmd) ? ERR_CAST(cxlmd) : cxl;
}

static int chardev_map(struct chardev *c, struct chardev_cxl *cxl)
{
	c->start = cxl->range.start;
	c->size = range_len(&cxl->range);
	c->mem = ioremap_wc(c->start, c->size);
	if (!c->mem)
		return -ENOMEM;
	c->cxl = cxl;
	return chardev_set_up(c) ? 0 : -EIO;
}

static void chardev_unmap(struct chardev *c)
{
	if (c->mem)
		iounmap(c->mem);
}

static int chardev_start(struct chardev *c)
{
	int rc;

	c->thread = kthread_run(chardev_poll, c, "chardev_accel");
	if (IS_ERR(c->thread))
		return PTR_ERR(c->thread);
	timer_setup(&c->timer, chardev_tick, 0);
	mod_timer(&c->timer, jiffies);

	/* A device without MSI-X is polled. */
	if (pci_alloc_irq_vectors(c->pdev, 1, 1, PCI_IRQ_MSIX) != 1)
		return 0;
	rc = request_irq(pci_irq_vector(c->pdev, 0), chardev_irq, 0, c->name, c);
	if (rc)
		pci_free_irq_vectors(c->pdev);
	else
		c->irq = pci_irq_vector(c->pdev, 0);
	return 0;
}

/* And waits for them. */
static void chardev_stop(struct chardev *c)
{
	if (c->irq) {
		free_irq(c->irq, c);
		pci_free_irq_vectors(c->pdev);
	}
	timer_shutdown_sync(&c->timer);
	kthread_stop(c->thread);
}

static struct chardev *chardev_alloc(struct pci_dev *pdev)
{
	struct chardev *c = kzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return NULL;
	kref_init(&c->ref);
	c->pdev = pdev;
	mutex_init(&c->lock);
	spin_lock_init(&c->quiet_lock);
	INIT_LIST_HEAD(&c->files);
	init_waitqueue_head(&c->resumed);
	snprintf(c->name, sizeof(c->name), "accel-%s", pci_name(pdev));
	c->misc = (struct miscdevice) {
		.minor = MISC_DYNAMIC_MINOR,
		.name = c->name,
		.fops = &chardev_fops,
		.parent = &pdev->dev,
	};
	return c;
}

static int chardev_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct chardev_cxl *cxl;
	struct chardev *c;
	int rc;

	/* Before the attach, so that it is undone after that. */
	rc = pcim_enable_device(pdev);
	if (rc)
		return rc;
	pci_set_master(pdev);
	pci_save_state(pdev);

	cxl = chardev_attach(pdev);
	if (cxl == ERR_PTR(-EPROBE_DEFER))
		return -EPROBE_DEFER;

	c = chardev_alloc(pdev);
	if (!c)
		return -ENOMEM;
	if (IS_ERR(cxl)) {
		pci_info(pdev, "no CXL memory (%ld), PCI-only\n", PTR_ERR(cxl));
	} else {
		rc = chardev_map(c, cxl);
		if (rc)
			goto unmap;
		pci_info(pdev, "CXL memory %pra\n", &cxl->range);
	}
	rc = chardev_start(c);
	if (rc)
		goto unmap;
	pci_set_drvdata(pdev, c);
	rc = misc_register(&c->misc);
	if (!rc)
		return 0;

	chardev_stop(c);
unmap:
	chardev_unmap(c);
	kref_put(&c->ref, chardev_free);
	return rc;
}

static void chardev_remove(struct pci_dev *pdev)
{
	struct chardev *c = pci_get_drvdata(pdev);

	while (READ_ONCE(remove_waits))
		msleep(20);
	/* Nothing new, and what there is goes. */
	misc_deregister(&c->misc);
	mutex_lock(&c->lock);
	WRITE_ONCE(c->gone, true);
	chardev_zap(c);
	mutex_unlock(&c->lock);
	wake_up_all(&c->resumed);

	chardev_stop(c);
	chardev_unmap(c);
	pci_info(pdev, "removed after %lu ticks, %lu beats: %lu ones, %lu bad\n", c->ticks,
		 c->beats, c->ones, c->bad);
	kref_put(&c->ref, chardev_free);
}

/* ---- resets: from here to there the memory is not used ---- */

static void chardev_reset_prepare(struct pci_dev *pdev)
{
	chardev_quiesce(pci_get_drvdata(pdev));
}

static void chardev_reset_done(struct pci_dev *pdev)
{
	chardev_go_on(pci_get_drvdata(pdev));
}

static pci_ers_result_t chardev_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	if (state == pci_channel_io_normal)
		return PCI_ERS_RESULT_CAN_RECOVER;
	chardev_quiesce(pci_get_drvdata(pdev));
	return state == pci_channel_io_frozen ? PCI_ERS_RESULT_NEED_RESET :
						PCI_ERS_RESULT_DISCONNECT;
}

static pci_ers_result_t chardev_slot_reset(struct pci_dev *pdev)
{
	pci_restore_state(pdev);
	pci_save_state(pdev);
	return PCI_ERS_RESULT_RECOVERED;
}

static void chardev_resume(struct pci_dev *pdev)
{
	chardev_go_on(pci_get_drvdata(pdev));
}

static const struct pci_error_handlers chardev_err_handler = {
	.reset_prepare = chardev_reset_prepare,
	.reset_done = chardev_reset_done,
	.error_detected = chardev_error_detected,
	.slot_reset = chardev_slot_reset,
	.resume = chardev_resume,
};

static const struct pci_device_id chardev_ids[] = {
	{ PCI_DEVICE(0xacce, 0x0002) },
	{ }
};
MODULE_DEVICE_TABLE(pci, chardev_ids);

static struct pci_driver chardev_driver = {
	.name = KBUILD_MODNAME,
	.id_table = chardev_ids,
	.probe = chardev_probe,
	.remove = chardev_remove,
	.err_handler = &chardev_err_handler,
};
module_pci_driver(chardev_driver);

MODULE_DESCRIPTION("A Type-2 driver with users, engines and an interrupt, for the tests");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("CXL");
