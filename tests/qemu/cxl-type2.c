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
 *
 * (CXL 3.1, 8.1.3 DVSEC for CXL Devices, 8.1.8 Flex Bus Port, 8.1.9 Register Locator.) It does not
 * keep a cache: the guest sees a coherent device, QEMU sees plain memory.
 *
 * QEMU's headers are not needed. What little is known of its private structures is searched for
 * at run time and verified before it is used; if that fails QEMU stops with a message.
 *
 * Use: -plugin cxl-type2.so -device cxl-type2,...with the properties of cxl-type3
 */
#define _GNU_SOURCE
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
#define TYPE2_VENDOR	0xacce
#define TYPE2_DEVICE	0x0002
#define TYPE2_CLASS	0x1200

#define CONFIG_SIZE	4096
#define PCI_PROG_IF	0x09
#define EXT_CAPS	0x100
#define EXT_CAP_DVSEC	0x0023
#define VENDOR_CXL	0x1e98

/* DVSEC header: vendor, length in the upper 12 bits of the same dword; then the id. */
#define DVSEC_HEADER1	0x04
#define DVSEC_ID	0x08
#define DVSEC_ID_DEVICE	0
#define DVSEC_ID_FLEX	7
#define DVSEC_ID_LOC	8

#define DEVICE_CAP	0x0a	/* CXL Capability: bit 0 Cache_Capable */
#define DEVICE_CAP2	0x16	/* CXL Capability 2: cache size unit and size */
#define CACHE_1M	0x0102	/* 1 unit of 1 MiB */
#define FLEX_CAP	0x0a
#define FLEX_STATUS	0x0e
#define FLEX_CACHE	0x01
#define LOC_ENTRIES	0x0c
#define LOC_ENTRY_SIZE	8
#define LOC_ID_MEMDEV	3

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

void *type_register_static(const struct type_info *info);
void device_class_set_parent_realize(void *klass, realize_fn fn, realize_fn *parent);
uint32_t pci_default_read_config(void *dev, uint32_t address, int len);
void error_propagate(void **errp, void *err);

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

/*
 * A QEMU takes plugins of a few interface versions. Any will do, as none of the interface is used
 * but being loaded.
 */
#ifndef PLUGIN_VERSION
#define PLUGIN_VERSION 2
#endif
int qemu_plugin_version = PLUGIN_VERSION;

static realize_fn parent_realize;

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

/* Read through a pointer that may not be one. */
static bool try_read(const void *from, void *to, size_t len)
{
	struct iovec local = { to, len }, remote = { (void *)from, len };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)len;
}

/*
 * The device's configuration space: the one member of the object that points to what the guest
 * would read there.
 */
static uint8_t *find_config(void *dev)
{
	size_t words = malloc_usable_size(dev) / sizeof(void *);
	uint8_t want[64], have[64], **member = dev;

	for (int i = 0; i < (int)sizeof(want); i++)
		want[i] = pci_default_read_config(dev, i, 1);
	if (get16(want) != TYPE2_VENDOR || get16(want + 2) != TYPE2_DEVICE)
		give_up("configuration space has not the ids of its class");

	for (size_t i = 0; i < words; i++)
		if (try_read(member[i], have, sizeof(have)) && !memcmp(want, have, sizeof(want)))
			return member[i];
	give_up("no pointer to the configuration space in the device");
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

	dvsec = find_dvsec(config, DVSEC_ID_DEVICE);
	dvsec[DEVICE_CAP] |= 1;
	put16(dvsec + DEVICE_CAP2, CACHE_1M);
	if (!(pci_default_read_config(dev, dvsec - config + DEVICE_CAP, 1) & 1))
		give_up("what is written to configuration space cannot be read");

	dvsec = find_dvsec(config, DVSEC_ID_FLEX);
	dvsec[FLEX_CAP] |= FLEX_CACHE;
	dvsec[FLEX_STATUS] |= FLEX_CACHE;

	remove_mailbox(find_dvsec(config, DVSEC_ID_LOC));
}

static void type2_class_init(void *klass, void *data)
{
	struct pci_ids *ids = find_ids(klass);

	(void)data;
	ids->vendor = TYPE2_VENDOR;
	ids->device = TYPE2_DEVICE;
	ids->class = TYPE2_CLASS;
	device_class_set_parent_realize(klass, type2_realize, &parent_realize);
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	static const struct type_info type2 = {
		.name = TYPE2_TYPE,
		.parent = PARENT_TYPE,
		.class_init = type2_class_init,
	};

	(void)id, (void)info, (void)argc, (void)argv;
	type_register_static(&type2);
	return 0;
}
