// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is the running kernel the one that the layouts were read from?
 *
 * With MODVERSIONS the kernel itself tells one build of a release from another. Without, a module
 * is taken by every kernel of its name, whatever has changed inside of it. Build ids tell then: the
 * linker makes them, of vmlinux and of each module, and sysfs shows those of what is running.
 *
 * Owns: nothing. Talks to: sysfs. Locks: none.
 *
 * A part of either module: cxl_mem cannot rely on our cxl_port being the one that is loaded.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/elf.h>
#include <linux/fs.h>
#include <linux/hex.h>
#include <linux/mount.h>
#include <linux/path.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "core.h"

#define KERNEL_NOTES	"kernel/notes"
#define CORE_NOTES	"module/cxl_core/notes/.note.gnu.build-id"

/* A type of the notes named "GNU": the linker's number, no header of the kernel has it. */
#define NOTE_GNU_BUILD_ID	3

/* The most that a linker makes of it is 20 bytes. */
#define BUILD_ID_MAX	64

/* And all notes of vmlinux have a few hundred. */
#define NOTES_MAX	SZ_64K

/* Names and contents of ELF notes are padded. */
static size_t cxl_accel_note_padded(u32 size)
{
	return ALIGN((size_t)size, 4);
}

/* The build id among the ELF notes in @buf, as text; status as below. */
static int cxl_accel_find_build_id(const u8 *buf, size_t len, char *text)
{
	while (len >= sizeof(Elf64_Nhdr)) {
		const Elf64_Nhdr *note = (const void *)buf;
		size_t name = sizeof(*note), desc = name + cxl_accel_note_padded(note->n_namesz);
		size_t next = desc + cxl_accel_note_padded(note->n_descsz);

		if (next > len)
			break;
		if (note->n_type == NOTE_GNU_BUILD_ID && note->n_namesz == sizeof("GNU") &&
		    !memcmp(buf + name, "GNU", sizeof("GNU"))) {
			if (!note->n_descsz || note->n_descsz > BUILD_ID_MAX)
				break;
			*bin2hex(text, buf + desc, note->n_descsz) = '\0';
			return 0;
		}
		buf += next;
		len -= next;
	}
	return -ENODATA;
}

/*
 * In a sysfs of our own: the task here may be in a chroot without one, and so, since 7.0, is what
 * the kernel itself begins with. To be unmounted.
 */
static struct vfsmount *cxl_accel_mount_sysfs(void)
{
	/* Built in, so it has no module to be held. */
	struct file_system_type *type = get_fs_type("sysfs");

	return type ? kern_mount(type) : ERR_PTR(-ENODEV);
}

/*
 * Not by kernel_read_file(): that wants to know what for, and security modules refuse, or warn,
 * where it is none of what they know.
 */
static int cxl_accel_read_notes(struct vfsmount *sysfs, const char *path, void *buf, size_t *len)
{
	struct path root = { .mnt = sysfs, .dentry = sysfs->mnt_root };
	struct file *file = file_open_root(&root, path, O_RDONLY, 0);
	loff_t pos = 0;
	ssize_t rc;

	if (IS_ERR(file))
		return PTR_ERR(file);
	*len = 0;
	do {
		rc = kernel_read(file, buf + *len, NOTES_MAX - *len, &pos);
		*len += max(rc, 0);
	} while (rc > 0 && *len < NOTES_MAX);
	filp_close(file, NULL);
	return rc < 0 ? rc : 0;
}

static int cxl_accel_read_build_id(const char *path, char *text)
{
	struct vfsmount *sysfs = cxl_accel_mount_sysfs();
	void *buf = vmalloc(NOTES_MAX);
	size_t len;
	int rc;

	if (IS_ERR(sysfs))
		rc = PTR_ERR(sysfs);
	else if (!buf)
		rc = -ENOMEM;
	else
		rc = cxl_accel_read_notes(sysfs, path, buf, &len) ?:
		     cxl_accel_find_build_id(buf, len, text);
	vfree(buf);
	if (!IS_ERR(sysfs))
		kern_unmount(sysfs);
	return rc;
}

static int cxl_accel_check_build_id(const char *what, const char *path, const char *expected)
{
	char text[2 * BUILD_ID_MAX + 1];
	int rc;

	rc = cxl_accel_read_build_id(path, text);
	if (rc) {
		pr_err("cannot tell which %s is running: no build id in /sys/%s (%pe)\n",
		       what, path, ERR_PTR(rc));
		return rc;
	}
	if (!strcmp(text, expected))
		return 0;
	pr_err("build ID mismatch: built against %s %s, running %s; build cxl-accel again\n",
	       what, expected, text);
	return -ENOEXEC;
}

/**
 * cxl_accel_check_build() - refuse a kernel that is not the one this was built for
 * @kernel: build id of vmlinux, as lower case hex digits
 * @core: the same of cxl_core.ko, or "" where cxl_core is built in
 *
 * What cxl_accel_core_check_build() calls, with what the calling module was built for.
 *
 * Context: may sleep; reads files of sysfs.
 * Return: 0, -ENOEXEC after a line in the log if the ids differ, or why the running ones cannot be
 * read.
 */
int cxl_accel_check_build(const char *kernel, const char *core)
{
	int rc;

	rc = cxl_accel_check_build_id("kernel", KERNEL_NOTES, kernel);
	if (rc || !*core)
		return rc;
	return cxl_accel_check_build_id("cxl_core", CORE_NOTES, core);
}
