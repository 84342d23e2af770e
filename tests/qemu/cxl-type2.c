// SPDX-License-Identifier: GPL-2.0-only
/*
 * A CXL Type-2 device (accelerator) for an unmodified QEMU.
 *
 * QEMU has CXL memory expanders (cxl-type3) but no accelerator. A TCG plugin runs inside the
 * QEMU process before any device is made, and distributions build QEMU with its symbols exported
 * (for its own loadable modules), so a plugin can register a device type. This one is a subclass
 * of cxl-type3 that differs in configuration space only:
 *
 *	class		12 00 00, processing accelerator, instead of 05 02 10
 *	identity	vendor 0xacce (not assigned by PCI-SIG), device 0x0002
 *	CXL DVSEC	Cache_Capable, and a cache of 1 MiB
 *	Flex Bus DVSEC	CXL.cache capable and trained
 *	reg locator	no memory device registers block, hence no mailbox
 *	capabilities	power management, without No_Soft_Reset; a function level reset
 *
 * (CXL 3.1, 8.1.3 DVSEC for CXL Devices, 8.1.8 Flex Bus Port, 8.1.9 Register Locator.) It does not
 * keep a cache: the guest sees a coherent device, QEMU sees plain memory.
 *
 * And it loses at a reset what hardware loses: QEMU clears the HDM decoders, but leaves the CXL
 * DVSEC as the guest wrote it. Coming from D3hot to D0 is such a reset. A function level reset has
 * no effect on CXL.cache and CXL.mem (CXL 3.1, 9.5): decoders and DVSEC are what they were; but for
 * one whose last byte of configuration space is LOSING.
 *
 * The last byte but one of its configuration space is a doorbell, for drivers to have an interrupt:
 * what a guest writes there, less one, is the MSI-X vector that the device raises, when a processor
 * has nothing to do. Then it reads 0 again.
 *
 * A second type, cxl-type2-raw, is the same with one difference: the guest can write every register
 * of its PCIe extended configuration space and of its component registers, those that are read-only
 * too. So a test can have it say anything, and repair it. An HDM decoder capability that is moved
 * away from where QEMU has it is memory, nothing more: what is written is what is read. And one
 * whose last byte of configuration space has been set to DEAF comes out of a reset with HDM
 * decoders whose control cannot be written, so that no commit comes. It does a cache write-back and
 * a CXL reset (CXL 3.1, 9.7), if it is asked for one; NO_WRITE_BACK, NO_RESET and FAILED_RESET are
 * for one that does not.
 *
 * QEMU's headers are not needed. What little is known of its private structures is searched for
 * at run time and verified before it is used; if that fails QEMU stops with a message.
 *
 * Use: -plugin cxl-type2.so -device cxl-type2,...with the properties of cxl-type3
 *      -plugin cxl-type2.so -device cxl-type2-raw,...the same
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PARENT_TYPE	"cxl-type3"
#define PARENT_VENDOR	0x8086
#define PARENT_DEVICE	0x0d93
#define PARENT_CLASS	0x0502

#define TYPE2_TYPE	"cxl-type2"
#define RAW_TYPE	"cxl-type2-raw"
#define TYPE2_VENDOR	0xacce
#define TYPE2_DEVICE	0x0002
#define TYPE2_CLASS	0x1200

#define MAX_DEVICES	80

#define CONFIG_SIZE	4096
#define DOORBELL_AT	(CONFIG_SIZE - 2)
#define DEAF_AT		(CONFIG_SIZE - 1)
#define DEAF		0xdf
#define NO_WRITE_BACK	0xd0
#define NO_RESET	0xd1
#define FAILED_RESET	0xd2
#define LOSING		0xd3
#define PCI_PROG_IF	0x09
#define CAP_PM		1
#define CAP_PM_SIZE	8
#define PM_CAP		2	/* version 3, no PME */
#define PM_CTRL		4	/* bits 0 and 1: the state; bit 3: No_Soft_Reset */
#define PM_CTRL_STATE	3
#define PM_D3HOT	3
#define EXT_CAPS	0x100
#define EXT_CAP_DVSEC	0x0023
#define VENDOR_CXL	0x1e98

/* DVSEC header: vendor, length in the upper 12 bits of the same dword; then the id. */
#define DVSEC_HEADER1	0x04
#define DVSEC_ID	0x08
#define DVSEC_ID_DEVICE	0
#define DVSEC_SIZE	0x3c
#define DVSEC_ID_FLEX	7
#define DVSEC_ID_LOC	8

#define DEVICE_CAP	0x0a	/* CXL Capability: bit 0 Cache_Capable */
#define DEVICE_CAP2	0x16	/* CXL Capability 2: cache size unit and size */
#define CACHE_1M	0x0102	/* 1 unit of 1 MiB */
#define DEVICE_CTRL	0x0c
#define DEVICE_CTRL2	0x10	/* CXL Control 2: bits that start something */
#define   WRITE_BACK	0x02
#define   CXL_RESET	0x04
#define DEVICE_STATUS2	0x12
#define   CACHE_INVALID	0x01
#define   RESET_DONE	0x02
#define   RESET_ERROR	0x04
#define FLEX_CAP	0x0a
#define FLEX_STATUS	0x0e
#define FLEX_CACHE	0x01
#define LOC_ENTRIES	0x0c
#define LOC_ENTRY_SIZE	8
#define LOC_ID_MEMDEV	3

/* Component registers: the part for CXL.cache and CXL.mem. */
#define CM_WORDS	1024
#define CM_CAP_ID	1
#define CM_CAP_HDM	5
#define CM_HDM_GLOBAL_CTRL	0x04
#define CM_HDM_BASE_HI(n)	(0x14 + 0x20 * (n))
#define CM_HDM_CTRL(n)		(0x20 + 0x20 * (n))
#define CM_HDM_FIRST		0x10
#define CM_HDM_SIZE		0x20
#define CM_HDM_DECODERS		4

/* QEMU's side of the contract. The layout of TypeInfo is the one all device code is built on. */
struct type_info {
	const char *name;
	const char *parent;
	size_t instance_size;
	size_t instance_align;
	void (*instance_init)(void *obj);
	void (*instance_post_init)(void *obj);
	void (*instance_finalize)(void *obj);
	bool abstract;
	size_t class_size;
	void (*class_init)(void *klass, void *data);
	void (*class_base_init)(void *klass, void *data);
	void *class_data;
	void *interfaces;
};

typedef void (*realize_fn)(void *dev, void **errp);
typedef void (*unrealize_fn)(void *dev);
typedef void (*config_write_fn)(void *dev, uint32_t address, uint32_t value, int len);

/* The phases of a reset; since 9.0 they are told of its type, too. */
typedef void (*phase_fn)(void *dev, int type);
struct phases {
	phase_fn enter, hold, exit;
};

void *type_register_static(const struct type_info *info);
void device_class_set_parent_realize(void *klass, realize_fn fn, realize_fn *parent);
void device_class_set_parent_unrealize(void *klass, unrealize_fn fn, unrealize_fn *parent);
uint32_t pci_default_read_config(void *dev, uint32_t address, int len);
int pci_add_capability(void *dev, uint8_t id, uint8_t offset, uint8_t size, void **errp);
void pci_device_reset(void *dev);
void pcie_cap_flr_init(void *dev);
void pcie_cap_flr_write_config(void *dev, uint32_t address, uint32_t value, int len);
void msix_notify(void *dev, unsigned int vector);
void error_propagate(void **errp, void *err);
void *object_class_dynamic_cast(void *klass, const char *name);
void resettable_class_set_parent_phases(void *rc, phase_fn enter, phase_fn hold, phase_fn exit,
					struct phases *parent);
void qemu_plugin_register_vcpu_idle_cb(uint64_t id, void (*cb)(uint64_t id, unsigned int vcpu));

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

/*
 * A QEMU takes plugins of a few interface versions. Any will do, as nothing of the interface is
 * used but being loaded, and called when a processor is idle.
 */
#ifndef PLUGIN_VERSION
#define PLUGIN_VERSION 2
#endif
int qemu_plugin_version = PLUGIN_VERSION;

static realize_fn parent_realize;
static unrealize_fn parent_unrealize;
static config_write_fn parent_config_write;

static void __attribute__((noreturn, format(printf, 1, 2))) give_up(const char *fmt, ...)
{
	va_list ap;

	fputs("cxl-type2: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("; this plugin does not fit this QEMU\n", stderr);
	exit(1);
}

static uint16_t get16(const uint8_t *p)
{
	return p[0] | p[1] << 8;
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = v;
	p[1] = v >> 8;
}

/* The class's vendor, device, revision and class, in the order of struct PCIDeviceClass. */
struct pci_ids {
	uint16_t vendor;
	uint16_t device;
	uint8_t revision;
	uint16_t class;
};

static struct pci_ids *find_ids(void *klass)
{
	struct pci_ids *found = NULL, *ids;
	size_t size = malloc_usable_size(klass);

	for (size_t at = 0; at + sizeof(*ids) <= size; at += sizeof(uint16_t)) {
		ids = (void *)((uint8_t *)klass + at);
		if (ids->vendor != PARENT_VENDOR || ids->device != PARENT_DEVICE ||
		    ids->class != PARENT_CLASS)
			continue;
		if (found)
			give_up("two places in the class look like its PCI ids");
		found = ids;
	}
	if (!found)
		give_up("no %04x:%04x in the class of " PARENT_TYPE, PARENT_VENDOR, PARENT_DEVICE);
	return found;
}

/* In struct PCIDeviceClass, what writes to configuration space stands before the ids. */
static config_write_fn *find_config_write(struct pci_ids *ids)
{
	config_write_fn *write = (config_write_fn *)ids - 1;
	Dl_info its, qemu;

	if ((uintptr_t)ids % sizeof(*write) || !dladdr((void *)*write, &its) ||
	    !dladdr((void *)pci_device_reset, &qemu) || its.dli_fbase != qemu.dli_fbase)
		give_up("no function before the PCI ids in the class of " PARENT_TYPE);
	return write;
}

/* Read through a pointer that may not be one. */
static bool try_read(const void *from, void *to, size_t len)
{
	struct iovec local = { to, len }, remote = { (void *)from, len };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)len;
}

/*
 * The device's configuration space: the one member of the object that points to what the guest
 * would read there. Returns the member: those after it are the masks.
 */
static uint8_t **find_config_member(void *dev)
{
	size_t words = malloc_usable_size(dev) / sizeof(void *);
	uint8_t want[64], have[64], **member = dev;

	for (int i = 0; i < (int)sizeof(want); i++)
		want[i] = pci_default_read_config(dev, i, 1);
	if (get16(want) != TYPE2_VENDOR || get16(want + 2) != TYPE2_DEVICE)
		give_up("configuration space has not the ids of its class");

	for (size_t i = 0; i < words; i++)
		if (try_read(member[i], have, sizeof(have)) && !memcmp(want, have, sizeof(want)))
			return member + i;
	give_up("no pointer to the configuration space in the device");
}

static uint8_t *find_config(void *dev)
{
	return *find_config_member(dev);
}

static uint8_t *find_dvsec(uint8_t *config, uint16_t id)
{
	unsigned int at = EXT_CAPS;

	while (at >= EXT_CAPS && at <= CONFIG_SIZE - 16) {
		uint8_t *cap = config + at;

		if (get16(cap) == EXT_CAP_DVSEC && get16(cap + DVSEC_HEADER1) == VENDOR_CXL &&
		    get16(cap + DVSEC_ID) == id)
			return cap;
		at = get16(cap + 2) >> 4;
	}
	give_up("no CXL DVSEC %u", id);
}

static void remove_mailbox(uint8_t *loc)
{
	unsigned int len = get16(loc + DVSEC_HEADER1 + 2) >> 4;
	uint8_t *entry = loc + LOC_ENTRIES;

	while (entry < loc + len && entry[1] != LOC_ID_MEMDEV)
		entry += LOC_ENTRY_SIZE;
	if (entry + LOC_ENTRY_SIZE > loc + len)
		give_up("no memory device registers in the register locator");

	memmove(entry, entry + LOC_ENTRY_SIZE, loc + len - entry - LOC_ENTRY_SIZE);
	len -= LOC_ENTRY_SIZE;
	memset(loc + len, 0, LOC_ENTRY_SIZE);
	put16(loc + DVSEC_HEADER1 + 2, len << 4 | (loc[DVSEC_HEADER1 + 2] & 0xf));
}

/* The devices that there are. */
static struct device {
	void *dev;
	uint8_t *config, *dvsec;
	uint32_t *component;		/* its registers, once they are found */
	uint8_t made[DVSEC_SIZE];	/* the DVSEC before anybody has written to it */
	uint8_t *pm_ctrl;		/* power management control */
	bool raw, deaf;
	bool keeps;			/* a function level reset is under way */
} devices[MAX_DEVICES];

static struct device *find_device(const void *dev)
{
	for (unsigned int i = 0; i < MAX_DEVICES; i++)
		if (devices[i].dev == dev)
			return &devices[i];
	return NULL;
}

static void add_device(void *dev, uint8_t *config, uint8_t *dvsec)
{
	struct device *d = find_device(NULL);

	if (!d)
		give_up("more than %u devices", MAX_DEVICES);
	if (get16(dvsec + DVSEC_HEADER1 + 2) >> 4 != DVSEC_SIZE)
		give_up("the CXL DVSEC is not of %u bytes", DVSEC_SIZE);
	*d = (struct device){ .dev = dev, .config = config, .dvsec = dvsec };
	memcpy(d->made, dvsec, DVSEC_SIZE);
}

static void remove_device(void *dev)
{
	struct device *d = find_device(dev);

	if (d)
		d->dev = NULL;
}

/* Of struct PCIDevice: config, cmask, wmask, w1cmask, used. */
static uint8_t **find_write_masks(void *dev)
{
	uint8_t **member = find_config_member(dev) + 2;

	/* The command register: memory, bus master and others can be written. */
	if ((member[0][0x04] & 0x06) != 0x06 || member[0][0x00] || member[1][0x00])
		give_up("no write mask beside the configuration space");
	return member;
}

static void add_power_management(void *dev, void **errp)
{
	int at = pci_add_capability(dev, CAP_PM, 0, CAP_PM_SIZE, errp);
	uint8_t *cap = find_config(dev) + at;

	if (at < 0)
		return;
	put16(cap + PM_CAP, 3);
	find_write_masks(dev)[0][at + PM_CTRL] = PM_CTRL_STATE;
	find_device(dev)->pm_ctrl = cap + PM_CTRL;
}

static bool is_capability_array(const uint32_t *cm)
{
	unsigned int nr = cm[0] >> 24;

	if ((cm[0] & 0xffff) != CM_CAP_ID || !nr || nr > 16)
		return false;
	for (unsigned int i = 1; i <= nr; i++)
		if ((cm[i] & 0xffff) == CM_CAP_HDM)
			return cm[i] >> 20 && !(cm[i] >> 20 & 3);
	return false;
}

static unsigned int hdm_word(const uint32_t *cm)
{
	unsigned int i = 1;

	while ((cm[i] & 0xffff) != CM_CAP_HDM)
		i++;
	return (cm[i] >> 20) / 4;
}

/* After the registers themselves comes which of their bits can be written. */
static bool is_write_mask(const uint32_t *mask, const uint32_t *cm)
{
	return !mask[0] && !mask[1] && mask[hdm_word(cm) + CM_HDM_BASE_HI(0) / 4] == 0xffffffff &&
	       !mask[hdm_word(cm)];
}

/* NULL before the device's first reset, which is what fills them in. */
static uint32_t *find_component(void *dev)
{
	size_t words = malloc_usable_size(dev) / sizeof(uint32_t);
	uint32_t *found = NULL, *word = dev;

	for (size_t i = 0; i + 2 * CM_WORDS <= words; i++) {
		if (!is_capability_array(word + i) || !is_write_mask(word + i + CM_WORDS, word + i))
			continue;
		if (found)
			give_up("two places in the device look like its component registers");
		found = word + i;
	}
	return found;
}

/*
 * Memory and cache are left alone: what the reset would take is there again after it. Any write to
 * configuration space comes here; that it may not be a reset does no harm, as QEMU's big lock is
 * held, so that nobody writes to the registers meanwhile.
 */
static void function_level_reset(struct device *d, uint32_t address, uint32_t value, int len)
{
	static uint32_t component[CM_WORDS];

	if (!d->component)
		d->component = find_component(d->dev);
	d->keeps = d->component && d->config[DEAF_AT] != LOSING;
	if (d->keeps)
		memcpy(component, d->component, sizeof(component));
	pcie_cap_flr_write_config(d->dev, address, value, len);
	if (d->keeps)
		memcpy(d->component, component, sizeof(component));
	d->keeps = false;
}

static void type2_config_write(void *dev, uint32_t address, uint32_t value, int len)
{
	struct device *d = find_device(dev);
	bool asleep = d && d->pm_ctrl && (*d->pm_ctrl & PM_CTRL_STATE) == PM_D3HOT;

	parent_config_write(dev, address, value, len);
	if (d)
		function_level_reset(d, address, value, len);
	if (asleep && !(*d->pm_ctrl & PM_CTRL_STATE))
		pci_device_reset(dev);
}

static void type2_realize(void *dev, void **errp)
{
	uint8_t *config, *dvsec;
	void *err = NULL;

	parent_realize(dev, &err);
	if (err) {
		error_propagate(errp, err);
		return;
	}

	config = find_config(dev);
	config[PCI_PROG_IF] = 0;
	find_write_masks(dev)[0][DOORBELL_AT] = 0xff;

	dvsec = find_dvsec(config, DVSEC_ID_DEVICE);
	dvsec[DEVICE_CAP] |= 1;
	put16(dvsec + DEVICE_CAP2, CACHE_1M);
	if (!(pci_default_read_config(dev, dvsec - config + DEVICE_CAP, 1) & 1))
		give_up("what is written to configuration space cannot be read");
	add_device(dev, config, dvsec);

	dvsec = find_dvsec(config, DVSEC_ID_FLEX);
	dvsec[FLEX_CAP] |= FLEX_CACHE;
	dvsec[FLEX_STATUS] |= FLEX_CACHE;

	remove_mailbox(find_dvsec(config, DVSEC_ID_LOC));

	pcie_cap_flr_init(dev);
	add_power_management(dev, &err);
	if (err)
		error_propagate(errp, err);
}

/* Unplugged: its configuration space goes before the object does. */
static void type2_unrealize(void *dev)
{
	remove_device(dev);
	parent_unrealize(dev);
}

/* ---- the raw one ---- */

static realize_fn type2_parent_realize;

/*
 * The BARs have to stay read-only in their lower bits, and commands of the interrupt controller's
 * are not of interest: only extended space.
 */
static void unlock_config(void *dev)
{
	uint8_t **masks = find_write_masks(dev);

	memset(masks[0] + EXT_CAPS, 0xff, CONFIG_SIZE - EXT_CAPS);
	memset(masks[1] + EXT_CAPS, 0, CONFIG_SIZE - EXT_CAPS);
}

/* After each reset there is a moment in which this is called before any driver comes. */
static void unlock_component(struct device *d)
{
	if (!d->raw || d->deaf)
		return;
	if (!d->component)
		d->component = find_component(d->dev);
	if (d->component)
		memset(d->component + CM_WORDS, 0xff, CM_WORDS * sizeof(*d->component));
}

/* What the guest has started by CXL Control 2 is done, or not, as the last byte has it. */
static void finish_commands(struct device *d)
{
	uint8_t fault = d->config[DEAF_AT], ctrl2 = d->dvsec[DEVICE_CTRL2];
	uint32_t *hdm;

	if (!d->raw)
		return;
	d->dvsec[DEVICE_CTRL2] &= ~(WRITE_BACK | CXL_RESET);
	if (ctrl2 & WRITE_BACK && fault != NO_WRITE_BACK)
		d->dvsec[DEVICE_STATUS2] |= CACHE_INVALID;
	if (!(ctrl2 & CXL_RESET) || !d->component)
		return;
	hdm = d->component + hdm_word(d->component);
	hdm[CM_HDM_GLOBAL_CTRL / 4] = 0;
	memset(hdm + CM_HDM_FIRST / 4, 0, CM_HDM_DECODERS * CM_HDM_SIZE);
	memcpy(d->dvsec + DEVICE_CTRL, d->made + DEVICE_CTRL, DVSEC_SIZE - DEVICE_CTRL);
	d->dvsec[DEVICE_STATUS2] = 0;
	if (fault != NO_RESET)
		d->dvsec[DEVICE_STATUS2] = fault == FAILED_RESET ? RESET_ERROR : RESET_DONE;
}

static void answer_doorbell(struct device *d)
{
	uint8_t bell = d->config[DOORBELL_AT];

	d->config[DOORBELL_AT] = 0;
	if (bell)
		msix_notify(d->dev, bell - 1);
}

/* Called by QEMU, with its big lock held, when a processor has nothing to do. */
static void on_idle(uint64_t id, unsigned int vcpu)
{
	(void)id;
	(void)vcpu;
	for (struct device *d = devices; d < devices + MAX_DEVICES; d++) {
		if (!d->dev)
			continue;
		unlock_component(d);
		finish_commands(d);
		answer_doorbell(d);
	}
}

static void raw_realize(void *dev, void **errp)
{
	void *err = NULL;

	type2_parent_realize(dev, &err);
	if (err) {
		error_propagate(errp, err);
		return;
	}
	unlock_config(dev);
	find_device(dev)->raw = true;
}

static void raw_class_init(void *klass, void *data)
{
	(void)data;
	device_class_set_parent_realize(klass, raw_realize, &type2_parent_realize);
}

/* ---- what a reset takes ---- */

static struct phases parent_phases;

static void make_deaf(struct device *d)
{
	uint32_t *mask = d->component + CM_WORDS + hdm_word(d->component);

	for (unsigned int i = 0; i < CM_HDM_DECODERS; i++)
		mask[CM_HDM_CTRL(i) / 4] = 0;
}

static void type2_reset_exit(void *dev, int type)
{
	struct device *d = find_device(dev);

	if (parent_phases.exit)
		parent_phases.exit(dev, type);
	if (!d)
		return;
	if (!d->keeps)
		memcpy(d->dvsec, d->made, DVSEC_SIZE);
	d->deaf = d->component && d->config[DEAF_AT] == DEAF;
	if (d->deaf)
		make_deaf(d);
}

static void type2_class_init(void *klass, void *data)
{
	void *resettable = object_class_dynamic_cast(klass, "resettable");
	struct pci_ids *ids = find_ids(klass);
	config_write_fn *config_write = find_config_write(ids);

	(void)data;
	parent_config_write = *config_write;
	*config_write = type2_config_write;
	ids->vendor = TYPE2_VENDOR;
	ids->device = TYPE2_DEVICE;
	ids->class = TYPE2_CLASS;
	device_class_set_parent_realize(klass, type2_realize, &parent_realize);
	device_class_set_parent_unrealize(klass, type2_unrealize, &parent_unrealize);
	if (!resettable)
		give_up("no device can be reset");
	resettable_class_set_parent_phases(resettable, NULL, NULL, type2_reset_exit,
					   &parent_phases);
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	static const struct type_info type2 = {
		.name = TYPE2_TYPE,
		.parent = PARENT_TYPE,
		.class_init = type2_class_init,
		.instance_finalize = remove_device,	/* should realize have failed */
	};
	static const struct type_info raw = {
		.name = RAW_TYPE,
		.parent = TYPE2_TYPE,
		.class_init = raw_class_init,
	};

	(void)info, (void)argc, (void)argv;
	type_register_static(&type2);
	type_register_static(&raw);
	qemu_plugin_register_vcpu_idle_cb(id, on_idle);
	return 0;
}
