// SPDX-License-Identifier: GPL-2.0-only
/*
 * What platform firmware does to CXL memory before it hands over to the kernel.
 *
 * QEMU's firmware leaves every HDM decoder free. This program runs in the guest before any CXL
 * module is loaded, and commits decoders for the devices that it is told of:
 *
 *	platform-firmware [window=N:ALLOW]... [SERIAL[+SERIAL]...:KIND[/OPTION]...]... [broken-cedt]
 *
 *	window=N:ALLOW		the N-th window of the CEDT allows what these CFMWS restriction
 *				bits say; QEMU's allow everything
 *	broken-cedt		in the end the CEDT's first structure gets a length of 0, with which
 *				cxl_acpi does not bind the CXL host
 *
 *	KIND hdm-d		decoders committed, target type device-coherent memory
 *	KIND hdm-h		decoders committed, target type host-only-coherent memory
 *	KIND mem-enable-only	as hdm-h, but the endpoint decodes by its DVSEC range: Mem_Enable
 *				is set and its HDM decoders are not enabled, as CXL 1.1 aware
 *				firmware leaves them
 *
 *	OPTION at=ADDRESS	where in the host's address space, by a number
 *	OPTION at=+OFFSET	where in the window that the device can be in, overlap or not
 *	OPTION at=outside	in no window, below all of them
 *	OPTION size=SIZE	of the region, in bytes or with K, M, G; may be 0, or more than
 *				there is
 *	OPTION skip=SIZE	device memory left out below the region's
 *	OPTION locked		Lock On Commit is set
 *	OPTION endpoint-only	nothing is committed above the device
 *
 * Each SERIAL gets a region of its own, of all the device's memory that no earlier region has.
 * Named again, it gets another one by its next decoder. Several joined by + share one, interleaved
 * at 256 bytes in that order: over the ports of one host bridge or switch, or over host bridges
 * that a window interleaves. Regions of one window follow each other in the order given.
 *
 * Windows and host bridge registers are found in the ACPI CEDT, devices by their PCIe serial
 * number. Nothing is printed unless something fails.
 *
 * CXL 3.1: 8.1.3 DVSEC for CXL Devices, 8.1.9 Register Locator DVSEC, 8.2.4.20 HDM Decoder
 * Capability, 9.18.1 CEDT.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define SZ_256M		(256ULL << 20)
#define SZ_4G		(4ULL << 30)

#define CEDT		"/sys/firmware/acpi/tables/CEDT"
#define PCI_DEVICES	"/sys/bus/pci/devices"

/* ACPI tables, and where a BIOS leaves the pointer to them. */
#define BIOS_BASE	0xe0000
#define BIOS_SIZE	0x20000
#define RSDP_RSDT	16
#define ACPI_LENGTH	4
#define ACPI_CHECKSUM	9
#define ACPI_HEADER	36

/* ACPI CEDT structures: header, then type, reserved, 16-bit length. */
#define CEDT_HEADER	36
#define CEDT_CHBS	0
#define CHBS_UID	4
#define CHBS_VERSION	8
#define CHBS_BASE	16
#define CEDT_CFMWS	1
#define CFMWS_BASE	8
#define CFMWS_SIZE	16
#define CFMWS_WAYS	24
#define CFMWS_GRANULARITY	28
#define CFMWS_TYPES	32	/* bit 0 device coherent, bit 1 host-only coherent */
#define CFMWS_TARGETS	36

/* PCI configuration space. */
#define COMMAND		0x04
#define COMMAND_MEMORY	0x0002
#define BAR0		0x10
#define CAP_POINTER	0x34
#define CAP_PCIE	0x10
#define PCIE_FLAGS	0x02
#define PCIE_TYPE_ROOT		4
#define PCIE_TYPE_UPSTREAM	5
#define PCIE_TYPE_DOWNSTREAM	6
#define PCIE_LINKCAP	0x0c
#define EXT_CAPS	0x100
#define EXT_CAP_SERIAL	0x0003
#define EXT_CAP_DVSEC	0x0023
#define VENDOR_CXL	0x1e98
#define DVSEC_DEVICE	0
#define DEVICE_CONTROL	0x0c
#define MEM_ENABLE	0x0004
#define RANGE1_SIZE_HI	0x18
#define RANGE1_SIZE_LO	0x1c
#define RANGE1_BASE_HI	0x20
#define RANGE1_BASE_LO	0x24
#define DVSEC_LOCATOR	8
#define LOCATOR_ENTRIES	0x0c
#define LOCATOR_COMPONENT	1

/* Component registers. */
#define COMPONENT_SIZE	0x10000
#define CACHE_MEM	0x1000
#define CAP_HDM		5
#define HDM_CAP		0x00
#define HDM_GLOBAL	0x04
#define HDM_GLOBAL_ENABLE	(1u << 1)
#define HDM_DECODER(n)	(0x10 + 0x20 * (n))
#define HDM_BASE	0x00
#define HDM_SIZE	0x08
#define HDM_CTRL	0x10
#define HDM_LOCK	(1u << 8)
#define HDM_COMMIT	(1u << 9)
#define HDM_COMMITTED	(1u << 10)
#define HDM_ERROR	(1u << 11)
#define HDM_HOST_ONLY	(1u << 12)
#define HDM_GRANULARITY_4K	4u
#define HDM_WAYS(log2)	((log2) << 4)
#define HDM_TARGETS	0x14
#define HDM_SKIP	0x14	/* in a device, which has no targets */

#define MAX_WAYS	4	/* the targets of HDM_TARGETS, at the same time of a window */

enum kind { HDM_D, HDM_H, MEM_ENABLE_ONLY };

static const char * const kinds[] = { "hdm-d", "hdm-h", "mem-enable-only" };

enum place { WINDOW, WINDOW_OFFSET, ADDRESS, OUTSIDE };

/* What the command line asks for. */
struct request {
	enum kind kind;
	enum place place;
	uint64_t at;		/* the address or offset */
	uint64_t size, skip;
	bool sized, locked, endpoint_only;
};

struct window {
	uint64_t base, size;
	uint64_t used;
	unsigned int ways;
	uint32_t uids[MAX_WAYS];
	unsigned int types;
};

/* A component whose decoder selects one of some ports. */
struct hop {
	char who[PATH_MAX];
	const struct hop *above;
	volatile uint8_t *hdm;
	unsigned int ways;
	uint8_t ports[MAX_WAYS];
};

static uint8_t cedt[65536];
static size_t cedt_len;
static struct window windows[64];
static unsigned int nr_windows;

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...)
{
	va_list ap;

	fputs("platform-firmware: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static uint32_t get32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t get64(const uint8_t *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static uint64_t align_256m(uint64_t value)
{
	return (value + SZ_256M - 1) & ~(SZ_256M - 1);
}

/* ---- ACPI CEDT ---- */

static void read_cedt(void)
{
	FILE *f = fopen(CEDT, "r");

	if (!f)
		die("no ACPI CEDT table: this machine has no CXL host bridge");
	cedt_len = fread(cedt, 1, sizeof(cedt), f);
	fclose(f);
}

/* The next structure of the given type after @prev, or the first one. */
static const uint8_t *cedt_next(unsigned int type, const uint8_t *prev)
{
	size_t at = prev ? prev - cedt + (prev[2] | prev[3] << 8) : CEDT_HEADER;

	while (at + 4 <= cedt_len) {
		size_t len = cedt[at + 2] | cedt[at + 3] << 8;

		if (len < 4 || at + len > cedt_len)
			die("the CEDT is malformed at offset %zu", at);
		if (cedt[at] == type)
			return cedt + at;
		at += len;
	}
	return NULL;
}

static uint64_t host_bridge_registers(uint32_t uid)
{
	const uint8_t *s = NULL;

	while ((s = cedt_next(CEDT_CHBS, s)))
		if (get32(s + CHBS_UID) == uid && get32(s + CHBS_VERSION) == 1)
			return get64(s + CHBS_BASE);
	die("the CEDT has no CXL 2.0 host bridge with UID %u", uid);
}

/* Linux programs no other granularity than the window's, so one that is not 256 bytes is no use. */
static void read_windows(void)
{
	const uint8_t *s = NULL;

	while ((s = cedt_next(CEDT_CFMWS, s))) {
		struct window *w = &windows[nr_windows];

		if (nr_windows == ARRAY_SIZE(windows) || 1u << s[CFMWS_WAYS] > MAX_WAYS ||
		    s[CFMWS_GRANULARITY])
			continue;
		w->base = get64(s + CFMWS_BASE);
		w->size = get64(s + CFMWS_SIZE);
		w->ways = 1u << s[CFMWS_WAYS];
		for (unsigned int i = 0; i < w->ways; i++)
			w->uids[i] = get32(s + CFMWS_TARGETS + 4 * i);
		w->types = s[CFMWS_TYPES];
		nr_windows++;
	}
}

/* Can memory over these host bridges, in this order, be in the window? */
static bool window_fits(const struct window *w, const uint32_t *uids, unsigned int ways,
			enum kind kind)
{
	unsigned int type = kind == HDM_D ? 1 : 2;

	return w->ways == ways && !memcmp(w->uids, uids, ways * sizeof(*uids)) && w->types & type;
}

/* Where RAM ends, at 4 GiB or above. */
static uint64_t ram_end(void)
{
	FILE *f = fopen("/proc/iomem", "r");
	unsigned long long start, end;
	uint64_t top = SZ_4G;
	char line[256];

	if (!f)
		die("/proc/iomem: %s", strerror(errno));
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx-%llx : System RAM", &start, &end) == 2 &&
		    strstr(line, ": System RAM") && end >= top)
			top = end + 1;
	fclose(f);
	return align_256m(top);
}

/* The next free place that is in no window: above RAM, and below the lowest window. */
static uint64_t allocate_outside(uint64_t size)
{
	static uint64_t next;
	uint64_t base = next = next ?: ram_end();

	for (struct window *w = windows; w < windows + nr_windows; w++)
		if (w->base < base + size)
			die("no room for 0x%llx bytes below the window at 0x%llx",
			    (unsigned long long)size, (unsigned long long)w->base);
	next += align_256m(size);
	return base;
}

static uint64_t allocate_hpa(const uint32_t *uids, unsigned int ways, const struct request *req,
			     uint64_t size)
{
	if (req->place == ADDRESS)
		return req->at;
	if (req->place == OUTSIDE)
		return allocate_outside(size);
	for (struct window *w = windows; w < windows + nr_windows; w++) {
		if (!window_fits(w, uids, ways, req->kind))
			continue;
		if (req->place == WINDOW_OFFSET)
			return w->base + req->at;
		if (w->size - w->used < size)
			continue;
		w->used += size;
		return w->base + w->used - size;
	}
	die("no window over %u host bridges, %u the first, has room for 0x%llx bytes of %s", ways,
	    uids[0], (unsigned long long)size, kinds[req->kind]);
}

/* ---- the CEDT, changed in memory ---- */

static uint8_t *map_table(uint64_t at, size_t len, size_t *mapped)
{
	uint64_t page = at & ~(uint64_t)4095;
	int fd = open("/dev/mem", O_RDWR);
	uint8_t *p;

	if (fd < 0)
		die("/dev/mem: %s", strerror(errno));
	*mapped = at - page + len;
	p = mmap(NULL, *mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, page);
	close(fd);
	if (p == MAP_FAILED)
		die("cannot map the ACPI table at 0x%llx: %s", (unsigned long long)at,
		    strerror(errno));
	return p + (at - page);
}

static void unmap_table(uint8_t *p, size_t mapped)
{
	uintptr_t page = (uintptr_t)p & ~(uintptr_t)4095;

	munmap((void *)page, mapped);
}

/* Where the RSDP says that the RSDT is. */
static uint64_t find_rsdt(void)
{
	size_t mapped;
	uint8_t *bios = map_table(BIOS_BASE, BIOS_SIZE, &mapped);
	uint64_t at = 0;

	for (size_t i = 0; i < BIOS_SIZE && !at; i += 16)
		if (!memcmp(bios + i, "RSD PTR ", 8))
			at = get32(bios + i + RSDP_RSDT);
	unmap_table(bios, mapped);
	if (!at)
		die("no ACPI tables below 1 MiB: was this machine not started by a BIOS?");
	return at;
}

static bool is_cedt(uint64_t at)
{
	size_t mapped;
	uint8_t *table = map_table(at, ACPI_HEADER, &mapped);
	bool found = !memcmp(table, "CEDT", 4);

	unmap_table(table, mapped);
	return found;
}

static uint64_t find_cedt(void)
{
	uint64_t rsdt_at = find_rsdt(), at = 0;
	size_t mapped, len;
	uint8_t *rsdt = map_table(rsdt_at, ACPI_HEADER, &mapped);

	len = get32(rsdt + ACPI_LENGTH);
	unmap_table(rsdt, mapped);
	rsdt = map_table(rsdt_at, len, &mapped);
	for (size_t i = ACPI_HEADER; i + 4 <= len && !at; i += 4)
		if (is_cedt(get32(rsdt + i)))
			at = get32(rsdt + i);
	unmap_table(rsdt, mapped);
	if (!at)
		die("the RSDT has no CEDT");
	return at;
}

/* What cedt holds becomes what everybody finds. */
static void write_cedt(void)
{
	size_t mapped;
	static uint8_t wanted[sizeof(cedt)];
	uint8_t *table, sum = 0;

	cedt[ACPI_CHECKSUM] = 0;
	for (size_t i = 0; i < cedt_len; i++)
		sum += cedt[i];
	cedt[ACPI_CHECKSUM] = -sum;
	table = map_table(find_cedt(), cedt_len, &mapped);
	memcpy(table, cedt, cedt_len);
	unmap_table(table, mapped);
	memcpy(wanted, cedt, cedt_len);
	read_cedt();
	if (memcmp(wanted, cedt, cedt_len))
		die("the CEDT cannot be changed");
}

/* N:ALLOW */
static void restrict_window(const char *text)
{
	const uint8_t *s = NULL;
	unsigned int n, allow;

	if (sscanf(text, "%u:%i", &n, (int *)&allow) != 2)
		die("'%s' is not N:ALLOW", text);
	do {
		s = cedt_next(CEDT_CFMWS, s);
	} while (s && n--);
	if (!s)
		die("'%s': the CEDT has not so many windows", text);
	cedt[s - cedt + CFMWS_TYPES] = allow;
	cedt[s - cedt + CFMWS_TYPES + 1] = allow >> 8;
}

static void break_cedt(void)
{
	cedt[CEDT_HEADER + 2] = 0;
	cedt[CEDT_HEADER + 3] = 0;
	write_cedt();
}

/* ---- PCI ---- */

struct pci_dev {
	char path[PATH_MAX];
	int fd;
};

/* False where the device has no such byte: without root rights or extended space. */
static bool config_try(const struct pci_dev *pdev, unsigned int at, uint32_t *value)
{
	uint8_t b[4];

	if (pread(pdev->fd, b, 4, at) != 4)
		return false;
	*value = get32(b);
	return true;
}

static uint32_t config_read(const struct pci_dev *pdev, unsigned int at)
{
	uint32_t value;

	if (!config_try(pdev, at, &value))
		die("%s: cannot read configuration space at 0x%x", pdev->path, at);
	return value;
}

static void config_write(const struct pci_dev *pdev, unsigned int at, uint32_t value, int len)
{
	uint8_t b[4] = { value, value >> 8, value >> 16, value >> 24 };

	if (pwrite(pdev->fd, b, len, at) != len)
		die("%s: cannot write configuration space at 0x%x", pdev->path, at);
}

static void pci_open(struct pci_dev *pdev, const char *path)
{
	char config[PATH_MAX + 8];

	snprintf(pdev->path, sizeof(pdev->path), "%s", path);
	snprintf(config, sizeof(config), "%s/config", path);
	pdev->fd = open(config, O_RDWR);
	if (pdev->fd < 0)
		die("%s: %s", config, strerror(errno));
}

static void pci_close(struct pci_dev *pdev)
{
	close(pdev->fd);
}

/* 0 if there is none. */
static unsigned int find_ext_cap(const struct pci_dev *pdev, uint16_t id, int dvsec)
{
	unsigned int at = EXT_CAPS;
	uint32_t header, h1, h2;

	while (at >= EXT_CAPS && config_try(pdev, at, &header) && header) {
		if ((header & 0xffff) == id) {
			if (dvsec < 0)
				return at;
			h1 = config_read(pdev, at + 4);
			h2 = config_read(pdev, at + 8);
			if ((h1 & 0xffff) == VENDOR_CXL && (h2 & 0xffff) == (unsigned int)dvsec)
				return at;
		}
		at = header >> 20;
	}
	return 0;
}

static unsigned int find_pcie_cap(const struct pci_dev *pdev)
{
	unsigned int at = config_read(pdev, CAP_POINTER) & 0xfc;

	while (at) {
		uint32_t header = config_read(pdev, at);

		if ((header & 0xff) == CAP_PCIE)
			return at;
		at = header >> 8 & 0xfc;
	}
	die("%s: not a PCI Express device", pdev->path);
}

static unsigned int pcie_type(const struct pci_dev *pdev)
{
	return config_read(pdev, find_pcie_cap(pdev)) >> (8 * PCIE_FLAGS + 4) & 0xf;
}

static unsigned int port_number(const struct pci_dev *pdev)
{
	return config_read(pdev, find_pcie_cap(pdev) + PCIE_LINKCAP) >> 24;
}

static void enable_memory(const struct pci_dev *pdev)
{
	uint32_t command = config_read(pdev, COMMAND) & 0xffff;

	if (!(command & COMMAND_MEMORY))
		config_write(pdev, COMMAND, command | COMMAND_MEMORY, 2);
}

static bool has_serial(const struct pci_dev *pdev, uint64_t serial)
{
	unsigned int at = find_ext_cap(pdev, EXT_CAP_SERIAL, -1);

	return at && config_read(pdev, at + 4) == (uint32_t)serial &&
	       config_read(pdev, at + 8) == serial >> 32;
}

/* The device's real path in /sys/devices, which shows the ports above it. */
static void find_device(struct pci_dev *pdev, uint64_t serial)
{
	char link[sizeof(PCI_DEVICES) + NAME_MAX + 1], path[PATH_MAX];
	DIR *dir = opendir(PCI_DEVICES);
	struct dirent *de;

	if (!dir)
		die("%s: %s", PCI_DEVICES, strerror(errno));
	while ((de = readdir(dir))) {
		if (de->d_name[0] == '.')
			continue;
		snprintf(link, sizeof(link), PCI_DEVICES "/%s", de->d_name);
		if (!realpath(link, path))
			continue;
		pci_open(pdev, path);
		if (has_serial(pdev, serial)) {
			closedir(dir);
			return;
		}
		pci_close(pdev);
	}
	die("no PCI device has the serial number 0x%llx", (unsigned long long)serial);
}

/* ---- component registers ---- */

static volatile uint8_t *map_registers(uint64_t base)
{
	int fd = open("/dev/mem", O_RDWR | O_SYNC);
	void *p;

	if (fd < 0)
		die("/dev/mem: %s", strerror(errno));
	p = mmap(NULL, COMPONENT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, base);
	if (p == MAP_FAILED)
		die("cannot map registers at 0x%llx: %s", (unsigned long long)base,
		    strerror(errno));
	close(fd);
	return p;
}

static uint32_t reg_read(volatile uint8_t *regs, unsigned int at)
{
	return *(volatile uint32_t *)(regs + at);
}

static void reg_write(volatile uint8_t *regs, unsigned int at, uint32_t value)
{
	*(volatile uint32_t *)(regs + at) = value;
}

/* NULL if the component has no HDM decoders. */
static volatile uint8_t *find_hdm(volatile uint8_t *component)
{
	volatile uint8_t *cm = component + CACHE_MEM;
	uint32_t header = reg_read(cm, 0);

	for (unsigned int i = 1; i <= header >> 24; i++) {
		uint32_t cap = reg_read(cm, 4 * i);

		if ((cap & 0xffff) == CAP_HDM)
			return cm + (cap >> 20);
	}
	return NULL;
}

static volatile uint8_t *pci_component(const struct pci_dev *pdev)
{
	unsigned int loc = find_ext_cap(pdev, EXT_CAP_DVSEC, DVSEC_LOCATOR);
	unsigned int len, at;

	if (!loc)
		die("%s: no CXL register locator", pdev->path);
	len = config_read(pdev, loc + 4) >> 20;
	for (at = LOCATOR_ENTRIES; at + 8 <= len; at += 8) {
		uint32_t lo = config_read(pdev, loc + at), bar_at = BAR0 + 4 * (lo & 7);
		uint64_t base = (uint64_t)config_read(pdev, loc + at + 4) << 32 | (lo & 0xffff0000);
		uint32_t bar = config_read(pdev, bar_at);

		if ((lo >> 8 & 0xff) != LOCATOR_COMPONENT)
			continue;
		base += bar & ~0xfu;
		if ((bar & 6) == 4)
			base += (uint64_t)config_read(pdev, bar_at + 4) << 32;
		enable_memory(pdev);
		return map_registers(base);
	}
	die("%s: no component registers in the register locator", pdev->path);
}

static unsigned int log2_of(unsigned int ways)
{
	return ways == 4 ? 2 : ways - 1;
}

static unsigned int decoder_count(volatile uint8_t *hdm)
{
	unsigned int count = reg_read(hdm, HDM_CAP) & 0xf;

	return count ? 2 * count : 1;
}

/* A decoder's registers as they are to be; ports have targets, devices a DPA skip. */
struct decoder {
	uint64_t base, size;
	uint64_t targets, skip;
	unsigned int ways;
	unsigned int granularity;	/* in units of 256 bytes */
};

static uint64_t reg_read64(volatile uint8_t *regs, unsigned int at)
{
	return reg_read(regs, at) | (uint64_t)reg_read(regs, at + 4) << 32;
}

static void reg_write64(volatile uint8_t *regs, unsigned int at, uint64_t value)
{
	reg_write(regs, at, value);
	reg_write(regs, at + 4, value >> 32);
}

/* The lower 28 bits of these registers are always 0. */
static void write_aligned(volatile uint8_t *regs, unsigned int at, uint64_t value, const char *who,
			  const char *what)
{
	reg_write64(regs, at, value);
	if (reg_read64(regs, at) != value)
		die("%s: a decoder cannot have a %s of 0x%llx", who, what,
		    (unsigned long long)value);
}

static void commit_decoder(volatile uint8_t *hdm, const char *who, const struct decoder *want,
			   const struct request *req)
{
	unsigned int count = decoder_count(hdm), n;
	volatile uint8_t *d;
	uint32_t ctrl;

	for (n = 0; n < count; n++)
		if (!(reg_read(hdm, HDM_DECODER(n) + HDM_CTRL) & HDM_COMMITTED))
			break;
	if (n == count)
		die("%s: all %u decoders are committed", who, count);

	d = hdm + HDM_DECODER(n);
	write_aligned(d, HDM_BASE, want->base, who, "base");
	write_aligned(d, HDM_SIZE, want->size, who, "size");
	if (want->skip)
		write_aligned(d, HDM_SKIP, want->skip, who, "DPA skip");
	else
		reg_write64(d, HDM_TARGETS, want->targets);
	reg_write(hdm, HDM_GLOBAL, reg_read(hdm, HDM_GLOBAL) | HDM_GLOBAL_ENABLE);
	ctrl = HDM_COMMIT | HDM_WAYS(log2_of(want->ways)) | log2_of(want->granularity);
	if (req->kind != HDM_D)
		ctrl |= HDM_HOST_ONLY;
	if (req->locked)
		ctrl |= HDM_LOCK;
	/* Linux takes a DVSEC range for interleave at 4 KiB, and wants to see the same above it. */
	if (req->kind == MEM_ENABLE_ONLY)
		ctrl |= HDM_GRANULARITY_4K;
	reg_write(d, HDM_CTRL, ctrl);
	ctrl = reg_read(d, HDM_CTRL);
	if (!(ctrl & HDM_COMMITTED) || ctrl & HDM_ERROR)
		die("%s: decoder %u did not commit (control 0x%x)", who, n, ctrl);
}

/* Device memory that the committed decoders of an endpoint have, and what they skip. */
static uint64_t dpa_used(volatile uint8_t *hdm)
{
	unsigned int count = decoder_count(hdm);
	uint64_t used = 0;

	for (unsigned int n = 0; n < count; n++) {
		volatile uint8_t *d = hdm + HDM_DECODER(n);
		uint32_t ctrl = reg_read(d, HDM_CTRL);

		if (!(ctrl & HDM_COMMITTED))
			break;
		used += reg_read64(d, HDM_SIZE) >> (ctrl >> 4 & 0xf);
		used += reg_read64(d, HDM_SKIP);
	}
	return used;
}

/* ---- one region ---- */

static struct hop hops[2 * MAX_WAYS];
static unsigned int nr_hops;

/* The decoder of a component names @port, too. One without decoders has one port to choose. */
static const struct hop *add_target(const struct hop *above, const char *who,
				    volatile uint8_t *component, unsigned int port)
{
	struct hop *hop = hops;

	while (hop < hops + nr_hops && strcmp(hop->who, who))
		hop++;
	if (hop == hops + nr_hops) {
		if (nr_hops++ == ARRAY_SIZE(hops))
			die("%s: too many ports on the way", who);
		memset(hop, 0, sizeof(*hop));
		strcpy(hop->who, who);
		hop->above = above;
		hop->hdm = find_hdm(component);
	}
	for (unsigned int i = 0; i < hop->ways; i++)
		if (hop->ports[i] == port)
			return hop;
	if (hop->ways == MAX_WAYS)
		die("%s: more than %u targets", who, MAX_WAYS);
	hop->ports[hop->ways++] = port;
	return hop;
}

/* What has been spread above comes in larger pieces. The granularity is in units of 256 bytes. */
static void commit_hop(const struct hop *hop, unsigned int bridges, uint64_t base, uint64_t size,
		       const struct request *req)
{
	struct decoder want = {
		.base = base, .size = size, .ways = hop->ways, .granularity = bridges,
	};

	if (!hop->hdm && hop->ways == 1)
		return;
	if (!hop->hdm)
		die("%s: no HDM decoders to choose between ports with", hop->who);
	for (unsigned int i = 0; i < hop->ways; i++)
		want.targets |= (uint64_t)hop->ports[i] << 8 * i;
	for (const struct hop *above = hop->above; above; above = above->above)
		want.granularity *= above->ways;
	commit_decoder(hop->hdm, hop->who, &want, req);
}

static bool in_window(uint64_t base)
{
	for (struct window *w = windows; w < windows + nr_windows; w++)
		if (base >= w->base && base - w->base < w->size)
			return true;
	return false;
}

/* The DVSEC's range: all that the device decodes by, or else its first one that is in a window. */
static void enable_range(const struct pci_dev *pdev, uint64_t base, enum kind kind)
{
	unsigned int dvsec = find_ext_cap(pdev, EXT_CAP_DVSEC, DVSEC_DEVICE);
	uint32_t control = config_read(pdev, dvsec + DEVICE_CONTROL) & 0xffff;

	if (kind != MEM_ENABLE_ONLY && (!in_window(base) || control & MEM_ENABLE))
		return;
	config_write(pdev, dvsec + RANGE1_BASE_HI, base >> 32, 4);
	config_write(pdev, dvsec + RANGE1_BASE_LO, base, 4);
	config_write(pdev, dvsec + DEVICE_CONTROL, control | MEM_ENABLE, 2);
	if (!(config_read(pdev, dvsec + DEVICE_CONTROL) & MEM_ENABLE))
		die("%s: Mem_Enable does not stay set", pdev->path);
}

static volatile uint8_t *endpoint_hdm(const struct pci_dev *pdev)
{
	volatile uint8_t *hdm = find_hdm(pci_component(pdev));

	if (!hdm)
		die("%s: the device has no HDM decoders", pdev->path);
	return hdm;
}

static void commit_endpoint(const struct pci_dev *pdev, uint64_t base, uint64_t size,
			    unsigned int ways, const struct request *req)
{
	struct decoder want = {
		.base = base, .size = size, .skip = req->skip, .ways = ways, .granularity = 1,
	};
	volatile uint8_t *hdm = endpoint_hdm(pdev);

	if (req->kind != MEM_ENABLE_ONLY)
		commit_decoder(hdm, pdev->path, &want, req);
	enable_range(pdev, base, req->kind);
}

static uint64_t device_size(const struct pci_dev *pdev)
{
	unsigned int dvsec = find_ext_cap(pdev, EXT_CAP_DVSEC, DVSEC_DEVICE);
	uint64_t size;

	if (!dvsec)
		die("%s: not a CXL device", pdev->path);
	size = (uint64_t)config_read(pdev, dvsec + RANGE1_SIZE_HI) << 32 |
	       (config_read(pdev, dvsec + RANGE1_SIZE_LO) & 0xf0000000);
	if (!size || size % SZ_256M)
		die("%s: 0x%llx bytes of memory cannot be decoded", pdev->path,
		    (unsigned long long)size);
	return size;
}

static uint32_t host_bridge(const struct pci_dev *pdev)
{
	const char *p = strstr(pdev->path, "/pci");
	unsigned int uid;

	if (!p || sscanf(p, "/pci%*x:%x", &uid) != 1)
		die("%s: no host bridge above it", pdev->path);
	return uid;
}

/*
 * Walk down from the host bridge: every '/' that ends a prefix of the path with a PCI address in it
 * is a port above the device. The decoder of a port names the next port below it.
 */
static void add_path(const struct pci_dev *pdev)
{
	char prefix[PATH_MAX], usp_path[PATH_MAX] = "", who[32];
	const char *p = strchr(strstr(pdev->path, "/pci") + 1, '/');
	uint32_t uid = host_bridge(pdev);
	const struct hop *hop = NULL;

	while ((p = strchr(p + 1, '/'))) {
		struct pci_dev port, usp;

		snprintf(prefix, sizeof(prefix), "%.*s", (int)(p - pdev->path), pdev->path);
		pci_open(&port, prefix);
		enable_memory(&port);
		switch (pcie_type(&port)) {
		case PCIE_TYPE_ROOT:
			snprintf(who, sizeof(who), "host bridge %u", uid);
			hop = add_target(NULL, who, map_registers(host_bridge_registers(uid)),
					 port_number(&port));
			break;
		case PCIE_TYPE_UPSTREAM:
			strcpy(usp_path, prefix);
			break;
		case PCIE_TYPE_DOWNSTREAM:
			pci_open(&usp, usp_path);
			hop = add_target(hop, usp_path, pci_component(&usp), port_number(&port));
			pci_close(&usp);
			break;
		}
		pci_close(&port);
	}
}

/* Where it spreads: one port of a tree does, or the window; nothing here does both. */
static void check_spread(unsigned int bridges, unsigned int ways)
{
	unsigned int spread = bridges > 1;

	for (const struct hop *hop = hops; hop < hops + nr_hops; hop++)
		spread += hop->ways > 1;
	if (ways == 3 || spread > 1)
		die("an interleave of %u that %u ports spread is not done here", ways, spread);
}

/* As asked for, or what is left of the device, or of each of several. */
static uint64_t region_size(const struct pci_dev *devices, unsigned int ways,
			    const struct request *req)
{
	uint64_t size, used;

	if (req->sized)
		return req->size;
	size = device_size(devices);
	used = dpa_used(endpoint_hdm(devices)) + req->skip;
	if (used >= size)
		die("%s: no memory is left for another decoder", devices->path);
	return ways * (size - used);
}

static void commit_region(const struct pci_dev *devices, unsigned int ways,
			  const struct request *req)
{
	unsigned int bridges = 0;
	uint32_t uids[MAX_WAYS];
	uint64_t size, base;

	nr_hops = 0;
	for (unsigned int i = 0; i < ways; i++) {
		uids[bridges] = host_bridge(devices + i);
		if (!bridges || uids[bridges] != uids[bridges - 1])
			bridges++;
		add_path(devices + i);
	}
	check_spread(bridges, ways);

	size = region_size(devices, ways, req);
	base = allocate_hpa(uids, bridges, req, size);
	for (unsigned int i = 0; i < nr_hops && !req->endpoint_only; i++)
		commit_hop(hops + i, bridges, base, size, req);
	for (unsigned int i = 0; i < ways; i++)
		commit_endpoint(devices + i, base, size, ways, req);
}

/* ---- command line ---- */

static enum kind parse_kind(const char *name)
{
	for (unsigned int k = 0; k < ARRAY_SIZE(kinds); k++)
		if (!strcmp(name, kinds[k]))
			return k;
	die("unknown kind of decode '%s'", name);
}

static uint64_t parse_size(const char *text)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	unit = *end ? strchr(units, *end) : NULL;
	if (end == text || (*end && (!unit || end[1])))
		die("'%s' is not a number of bytes", text);
	return unit ? value << 10 * (unit - units + 1) : value;
}

static void parse_place(const char *text, struct request *req)
{
	if (!strcmp(text, "outside")) {
		req->place = OUTSIDE;
		return;
	}
	req->place = *text == '+' ? WINDOW_OFFSET : ADDRESS;
	req->at = parse_size(*text == '+' ? text + 1 : text);
}

static void parse_option(const char *option, struct request *req)
{
	if (!strncmp(option, "at=", 3)) {
		parse_place(option + 3, req);
	} else if (!strncmp(option, "size=", 5)) {
		req->size = parse_size(option + 5);
		req->sized = true;
	} else if (!strncmp(option, "skip=", 5)) {
		req->skip = parse_size(option + 5);
	} else if (!strcmp(option, "locked")) {
		req->locked = true;
	} else if (!strcmp(option, "endpoint-only")) {
		req->endpoint_only = true;
	} else {
		die("unknown option '%s'", option);
	}
}

/* KIND[/OPTION]...; the text is cut up. */
static void parse_request(char *text, struct request *req)
{
	char *option;

	memset(req, 0, sizeof(*req));
	req->kind = parse_kind(strtok(text, "/") ?: "");
	while ((option = strtok(NULL, "/")))
		parse_option(option, req);
}

int main(int argc, char **argv)
{
	int i = 1;

	read_cedt();
	for (; i < argc && !strncmp(argv[i], "window=", 7); i++)
		restrict_window(argv[i] + 7);
	if (i > 1)
		write_cedt();
	read_windows();
	for (; i < argc; i++) {
		struct pci_dev devices[MAX_WAYS];
		struct request req;
		unsigned int ways = 0;
		char *end = argv[i] - 1;

		if (!strcmp(argv[i], "broken-cedt")) {
			break_cedt();
			break;
		}
		do {
			uint64_t serial = strtoull(end + 1, &end, 0);

			if ((*end != ':' && *end != '+') || ways == MAX_WAYS)
				die("'%s' is not SERIAL[+SERIAL]...:KIND[/OPTION]... of at most %u",
				    argv[i], MAX_WAYS);
			find_device(&devices[ways++], serial);
		} while (*end == '+');
		parse_request(end + 1, &req);
		commit_region(devices, ways, &req);
		while (ways)
			pci_close(&devices[--ways]);
	}
	return 0;
}
