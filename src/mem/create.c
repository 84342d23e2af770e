// SPDX-License-Identifier: GPL-2.0-only
/*
 * A region where platform firmware committed none, for drivers that want one.
 *
 * Owns: nothing; the region is region.c's from the moment when it is registered. Talks to:
 * cxl_core's root decoders, endpoint decoders and regions, by their sysfs attributes
 * (compat/region.c), in the order in which user space writes to them. Locks: called with the CXL
 * host's device lock and the endpoint's; takes a root decoder's regions lock, and by the attributes
 * a region's device lock and cxl_core's region and DPA locks.
 *
 * The work is done by a kernel thread: the core's locks are interruptible there, and the attach may
 * be that of a process which is being killed. For the time of it that thread is who attaches.
 *
 * cxl_core finds the first free range of a window, but has a port's decoders programmed in
 * ascending order of their ranges. So what is below the highest range of the ports above is taken
 * for the moment in which it looks. Who makes regions by hand at the same time can be in the way
 * between two steps: all is taken back then, and tried again.
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/ioport.h>
#include <linux/moduleparam.h>
#include <linux/sizes.h>

#include "accel.h"

#define TRIES		20
#define TRY_AGAIN_MS	50

static bool cxl_accel_create_regions;
module_param_named(create_regions, cxl_accel_create_regions, bool, 0644);
MODULE_PARM_DESC(create_regions,
		 "create a region for accelerators without a committed decoder (default no)");

/**
 * struct creation - a region in the making
 * @accel: the accelerator, being attached
 * @endpoint: its endpoint port, locked and bound
 * @cxled: the endpoint's first decoder
 * @size: bytes of it
 * @size_str: the same, for attributes
 * @bridge: the root's port to the host bridge that the device is below
 * @cxlrd: the window that is tried
 * @floor: where the range can start
 * @floor_locked: what is below that is a locked decoder's
 * @status: how it ended
 */
struct creation {
	struct cxl_accel *accel;
	struct cxl_port *endpoint;
	struct cxl_endpoint_decoder *cxled;
	u64 size;
	char size_str[24];
	const struct cxl_dport *bridge;
	struct cxl_root_decoder *cxlrd;
	u64 floor;
	bool floor_locked;
	enum cxl_accel_attach_status status;
};

/**
 * cxl_accel_create_is_wanted() - is a region created where firmware committed none?
 * @accel: the accelerator, being attached
 *
 * Return: whether its driver, or who loaded this module, wants that.
 */
bool cxl_accel_create_is_wanted(const struct cxl_accel *accel)
{
	return accel->wants_region || READ_ONCE(cxl_accel_create_regions);
}

/* ---- the ports above ---- */

/* Of a port's decoders: is the next one to be committed there, and free? */
struct port_decoders {
	struct creation *c;
	struct cxl_port *port;
	bool free;
	bool pending;
	bool gap;
};

/* Read without cxl_core's region rwsem: a hint. What cxl_core says to the attempt counts. */
static int cxl_accel_port_decoder(struct device *dev, void *data)
{
	struct port_decoders *p = data;
	struct cxl_decoder *cxld;
	bool enabled;

	if (!is_switch_decoder(dev))
		return 0;
	cxld = &to_cxl_switch_decoder(dev)->cxld;
	enabled = cxld->flags & CXL_DECODER_F_ENABLE;

	if ((enabled || cxld->region) && cxld->hpa_range.end + 1 > p->c->floor) {
		p->c->floor = cxld->hpa_range.end + 1;
		p->c->floor_locked = cxld->flags & CXL_DECODER_F_LOCK;
	}
	if (cxld->id <= p->port->commit_end)
		p->gap |= !enabled;
	else if (cxld->id == p->port->commit_end + 1 && !cxld->region)
		p->free = true;
	else if (cxld->id == p->port->commit_end + 1 && cxld->commit)
		p->pending = true;
	return 0;
}

static enum cxl_accel_attach_status cxl_accel_check_ports(struct creation *c)
{
	struct cxl_dport *dport = c->endpoint->parent_dport;

	c->floor = 0;
	c->floor_locked = false;
	for (; !is_cxl_root(dport->port); dport = dport->port->parent_dport) {
		struct port_decoders p = { .c = c, .port = dport->port };

		device_for_each_child(&dport->port->dev, &p, cxl_accel_port_decoder);
		if (p.gap)
			return CXL_ACCEL_ATTACH_DECODER_GAP;
		if (p.pending)
			return CXL_ACCEL_ATTACH_REGION_PENDING;
		if (!p.free)
			return CXL_ACCEL_ATTACH_NO_FREE_DECODER;
	}
	c->bridge = dport;
	return CXL_ACCEL_ATTACH_ATTACHED;
}

/* ---- one attempt ---- */

/* Taken is all of the window below the floor, what is in it included. It goes back right away. */
static int cxl_accel_store_size(struct creation *c, struct cxl_region *cxlr)
{
	struct resource below = DEFINE_RES_MEM_NAMED(c->cxlrd->res->start, 0, "cxl_accel");
	bool taken = false;
	int rc;

	if (c->floor > c->cxlrd->res->end)
		return -ENOSPC;
	if (c->floor > below.start) {
		below.end = c->floor - 1;
		taken = !insert_resource(c->cxlrd->res, &below);
	}
	rc = cxl_accel_core_store(&cxlr->dev, "size", c->size_str);
	if (taken)
		remove_resource(&below);
	return rc;
}

static enum cxl_accel_attach_status cxl_accel_no_room(struct creation *c)
{
	return c->floor_locked && c->floor > c->cxlrd->res->start &&
	       c->floor + c->size - 1 > c->cxlrd->res->end ? CXL_ACCEL_ATTACH_DECODER_LOCKED :
							      CXL_ACCEL_ATTACH_WINDOW_FULL;
}

static enum cxl_accel_attach_status cxl_accel_failed_step(const char *name, int rc)
{
	if (rc == -ENOMEM)
		return CXL_ACCEL_ATTACH_NO_MEMORY;
	/* Out of order, or taken, since the ports were looked at. */
	if (rc == -EBUSY)
		return CXL_ACCEL_ATTACH_REGION_PENDING;
	pr_debug("writing to %s of a region: error %d\n", name, rc);
	return CXL_ACCEL_ATTACH_CREATE_FAILED;
}

static enum cxl_accel_attach_status cxl_accel_create_build(struct creation *c,
							   struct cxl_region *cxlr)
{
	const struct { const char *name, *value; } steps[] = {
		{ "interleave_granularity", "256" },
		{ "interleave_ways", "1" },
		{ "size", NULL },
		{ "target0", dev_name(&c->cxled->cxld.dev) },
		{ "commit", "1" },
	};
	int i, rc;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		if (steps[i].value) {
			rc = cxl_accel_core_store(&cxlr->dev, steps[i].name, steps[i].value);
		} else {
			rc = cxl_accel_store_size(c, cxlr);
			if (rc && rc != -ENOMEM && rc != -EBUSY)
				return cxl_accel_no_room(c);
		}
		if (rc)
			return cxl_accel_failed_step(steps[i].name, rc);
	}
	return CXL_ACCEL_ATTACH_ATTACHED;
}

static enum cxl_accel_attach_status cxl_accel_create_in_window(struct creation *c)
{
	enum cxl_accel_attach_status status = CXL_ACCEL_ATTACH_REGION_PENDING;
	struct cxl_region *cxlr;
	int rc;

	rc = cxl_accel_core_region_create(&c->cxlrd->cxlsd.cxld.dev);
	cxlr = cxl_accel_region_adding(c->accel);
	if (rc || !cxlr)
		return cxl_accel_failed_step("create_ram_region", rc);

	if (cxl_accel_core_region_keep(cxlr)) {
		status = cxl_accel_create_build(c, cxlr);
		cxl_accel_core_region_let_go(cxlr);
	}
	if (status != CXL_ACCEL_ATTACH_ATTACHED)
		cxl_accel_region_discard(c->accel);
	return status;
}

/* ---- windows ---- */

static bool cxl_accel_window_fits(const struct creation *c, const struct cxl_root_decoder *cxlrd)
{
	unsigned long type = c->cxled->cxld.target_type == CXL_DECODER_DEVMEM ?
			     CXL_DECODER_F_TYPE2 : CXL_DECODER_F_TYPE3;
	const struct cxl_switch_decoder *cxlsd = &cxlrd->cxlsd;
	unsigned long wanted = type | CXL_DECODER_F_RAM;

	return cxlrd->res && cxlsd->cxld.interleave_ways == 1 && cxlsd->target[0] == c->bridge &&
	       (cxlsd->cxld.flags & wanted) == wanted;
}

static int cxl_accel_window_try(struct device *dev, void *data)
{
	enum cxl_accel_attach_status status;
	struct creation *c = data;

	if (!is_root_decoder(dev) || !cxl_accel_window_fits(c, to_cxl_root_decoder(dev)))
		return 0;
	c->cxlrd = to_cxl_root_decoder(dev);
	status = cxl_accel_create_in_window(c);
	/* What might come to be, or says more than that there is no room, stays. */
	if (c->status != CXL_ACCEL_ATTACH_REGION_PENDING)
		c->status = status;
	return status == CXL_ACCEL_ATTACH_ATTACHED || status == CXL_ACCEL_ATTACH_NO_MEMORY;
}

static void cxl_accel_create_try(struct creation *c)
{
	c->status = cxl_accel_check_ports(c);
	if (c->status != CXL_ACCEL_ATTACH_ATTACHED)
		return;
	c->status = CXL_ACCEL_ATTACH_NO_WINDOW_OF_TYPE;
	device_for_each_child(&c->bridge->port->dev, c, cxl_accel_window_try);
}

static enum cxl_accel_attach_status cxl_accel_create_dpa(struct creation *c)
{
	struct device *dev = &c->cxled->cxld.dev;
	int rc;

	rc = cxl_accel_core_store(dev, "mode", "ram") ?:
	     cxl_accel_core_store(dev, "dpa_size", c->size_str);
	if (!rc)
		return CXL_ACCEL_ATTACH_ATTACHED;
	return rc == -ENOMEM ? CXL_ACCEL_ATTACH_NO_MEMORY : CXL_ACCEL_ATTACH_CREATE_FAILED;
}

/*
 * Both pass when somebody else's region comes to be, or goes. A gap is also what is left where one
 * was committed above ours between cxl_accel_create_can_undo() and the end of our region.
 */
static bool cxl_accel_create_may_pass(enum cxl_accel_attach_status status)
{
	return status == CXL_ACCEL_ATTACH_REGION_PENDING ||
	       status == CXL_ACCEL_ATTACH_DECODER_GAP;
}

static void cxl_accel_create_in_thread(void *data)
{
	struct creation *c = data;
	struct task_struct *attacher = c->accel->attacher;
	int tries = TRIES;

	WRITE_ONCE(c->accel->attacher, current);
	c->status = cxl_accel_create_dpa(c);
	if (c->status == CXL_ACCEL_ATTACH_ATTACHED) {
		cxl_accel_create_try(c);
		while (cxl_accel_create_may_pass(c->status) && --tries) {
			msleep(TRY_AGAIN_MS);
			cxl_accel_create_try(c);
		}
	}
	WRITE_ONCE(c->accel->attacher, attacher);
}

/**
 * cxl_accel_create_region() - have cxl_core make a region, and commit decoders for it
 * @accel: the accelerator, being attached by this task, with room for a region (region.c)
 * @endpoint: its endpoint port, locked and bound, without a committed decoder
 * @cxled: the endpoint's first decoder
 * @size: how much of the device's memory
 *
 * Context: may sleep, for a second if somebody makes regions by hand below the same ports. The CXL
 * host's device lock is held.
 * Return: CXL_ACCEL_ATTACH_ATTACHED, or why not, with no region left; the endpoint decoder may have
 * its DPA range, which goes with the endpoint.
 */
enum cxl_accel_attach_status cxl_accel_create_region(struct cxl_accel *accel,
						     struct cxl_port *endpoint,
						     struct cxl_endpoint_decoder *cxled, u64 size)
{
	struct creation c = {
		.accel = accel,
		.endpoint = endpoint,
		.cxled = cxled,
		.size = size,
	};

	if (!size || !IS_ALIGNED(size, SZ_256M))
		return CXL_ACCEL_ATTACH_CAPACITY_NOT_ALIGNED;
	/* cxl_core would not commit, and warn. */
	if (!cxl_accel_core_can_flush_caches())
		return CXL_ACCEL_ATTACH_NO_CACHE_FLUSH;

	snprintf(c.size_str, sizeof(c.size_str), "%#llx", size);
	cxl_accel_core_in_kernel_thread(cxl_accel_create_in_thread, &c);
	return c.status;
}

/* ---- the end of such a region ---- */

struct decoder_search {
	const struct cxl_region *cxlr;
	const struct cxl_decoder *cxld;
	int last;
};

static int cxl_accel_find_decoder_of(struct device *dev, void *data)
{
	struct decoder_search *search = data;
	const struct cxl_decoder *cxld;

	if (!is_switch_decoder(dev))
		return 0;
	cxld = &to_cxl_switch_decoder(dev)->cxld;
	if (cxld->region == search->cxlr)
		search->cxld = cxld;
	if (cxld->region || cxld->flags & CXL_DECODER_F_ENABLE)
		search->last = max(search->last, cxld->id);
	return 0;
}

/**
 * cxl_accel_create_can_undo() - can the decoders of a region be decommitted?
 * @endpoint: the endpoint port
 * @cxlr: the region
 *
 * A decoder below one that is committed cannot be committed again, and cxl_core makes no region
 * below that port any more, until all above it have gone.
 *
 * Return: whether on each port the region's decoder is the last one that is in use.
 */
bool cxl_accel_create_can_undo(struct cxl_port *endpoint, const struct cxl_region *cxlr)
{
	struct cxl_port *port = to_cxl_port(endpoint->dev.parent);

	for (; !is_cxl_root(port); port = to_cxl_port(port->dev.parent)) {
		struct decoder_search search = { .cxlr = cxlr, .last = -1 };

		device_for_each_child(&port->dev, &search, cxl_accel_find_decoder_of);
		if (search.cxld && search.cxld->id != search.last)
			return false;
	}
	return true;
}
