// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cxl_mem driver: connects a memdev to the CXL port hierarchy.
 *
 * Owns: the memdev's debugfs directory, its endpoint, its claim on suspend. Talks to: cxl_core's
 * memdevs and ports; takes the place of the stock driver of the same name, and does for a Type-3
 * expander what that does. Locks: called with the memdev's device lock, takes that of the port
 * above for as long as the endpoint is added.
 *
 * The attach is synchronous whatever driver_async_probe= says: when a memdev has been added, it is
 * bound or will not be. An accelerator's memdev is the same but for three things. It is probed from
 * within devm_cxl_probe_mem() only: nobody else could tell the driver. Its region is part of the
 * probe. And its errors are reported by the one who attaches.
 */
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/seq_file.h>

#include "accel.h"

static struct cxl_memdev_state *cxl_mem_memdev_state(struct cxl_memdev *cxlmd)
{
	if (cxlmd->cxlds->type != CXL_DEVTYPE_CLASSMEM)
		return NULL;
	return container_of(cxlmd->cxlds, struct cxl_memdev_state, cxlds);
}

static bool cxl_mem_can_poison(struct cxl_memdev *cxlmd, enum poison_cmd_enabled_bits cmd)
{
	struct cxl_memdev_state *mds = cxl_mem_memdev_state(cxlmd);

	return mds && test_bit(cmd, mds->poison.enabled_cmds);
}

static int cxl_mem_dpa_show(struct seq_file *file, void *data)
{
	struct device *dev = file->private;

	cxl_dpa_debug(file, to_cxl_memdev(dev)->cxlds);
	return 0;
}

static int cxl_mem_inject_poison_set(void *cxlmd, u64 dpa)
{
	return cxl_inject_poison(cxlmd, dpa);
}

DEFINE_DEBUGFS_ATTRIBUTE(cxl_mem_inject_poison_fops, NULL, cxl_mem_inject_poison_set, "%llx\n");

static int cxl_mem_clear_poison_set(void *cxlmd, u64 dpa)
{
	return cxl_clear_poison(cxlmd, dpa);
}

DEFINE_DEBUGFS_ATTRIBUTE(cxl_mem_clear_poison_fops, NULL, cxl_mem_clear_poison_set, "%llx\n");

static void cxl_mem_remove_debugfs(void *dir)
{
	debugfs_remove_recursive(dir);
}

static int cxl_mem_add_debugfs(struct cxl_memdev *cxlmd)
{
	struct device *dev = &cxlmd->dev;
	struct dentry *dir = cxl_debugfs_create_dir(dev_name(dev));

	debugfs_create_devm_seqfile(dev, "dpamem", dir, cxl_mem_dpa_show);
	if (cxl_mem_can_poison(cxlmd, CXL_POISON_ENABLED_INJECT))
		debugfs_create_file("inject_poison", 0200, dir, cxlmd, &cxl_mem_inject_poison_fops);
	if (cxl_mem_can_poison(cxlmd, CXL_POISON_ENABLED_CLEAR))
		debugfs_create_file("clear_poison", 0200, dir, cxlmd, &cxl_mem_clear_poison_fops);

	return devm_add_action_or_reset(dev, cxl_mem_remove_debugfs, dir);
}

static ssize_t cxl_mem_trigger_poison_list_store(struct device *dev,
						 struct device_attribute *attr,
						 const char *buf, size_t len)
{
	bool trigger;
	int rc;

	if (kstrtobool(buf, &trigger) || !trigger)
		return -EINVAL;

	rc = cxl_trigger_poison_list(to_cxl_memdev(dev));
	return rc ?: len;
}
static struct device_attribute cxl_mem_trigger_poison_list_attr =
	__ATTR(trigger_poison_list, 0200, NULL, cxl_mem_trigger_poison_list_store);

static struct attribute *cxl_mem_attrs[] = {
	&cxl_mem_trigger_poison_list_attr.attr,
	NULL
};

static umode_t cxl_mem_attr_visible(struct kobject *kobj, struct attribute *attr, int n)
{
	struct cxl_memdev *cxlmd = to_cxl_memdev(kobj_to_dev(kobj));

	return cxl_mem_can_poison(cxlmd, CXL_POISON_ENABLED_LIST) ? attr->mode : 0;
}

static const struct attribute_group cxl_mem_group = {
	.attrs = cxl_mem_attrs,
	.is_visible = cxl_mem_attr_visible,
};

static const struct attribute_group *cxl_mem_groups[] = {
	&cxl_mem_group,
	NULL
};

static void cxl_mem_unblock_suspend(void *unused)
{
	cxl_accel_core_mem_active_dec();
}

/*
 * This memory may be System RAM, and nothing in the specification says whether it survives suspend
 * to RAM: while it is connected, suspend is refused.
 */
static int cxl_mem_block_suspend(struct device *dev)
{
	cxl_accel_core_mem_active_inc();
	return devm_add_action_or_reset(dev, cxl_mem_unblock_suspend, NULL);
}

static int cxl_mem_add_nvdimm(struct cxl_memdev *cxlmd, struct cxl_port *parent_port)
{
	int rc;

	if (!IS_ENABLED(CONFIG_CXL_PMEM) || !cxl_accel_core_memdev_has_pmem(cxlmd->cxlds))
		return 0;

	rc = devm_cxl_add_nvdimm(parent_port, cxlmd);
	if (rc == -ENODEV)
		dev_info(&cxlmd->dev, "PMEM disabled by platform\n");
	return rc;
}

/*
 * An expander's errors are said here, in the words of the stock driver, which tools may know. An
 * accelerator's are kept for devm_cxl_probe_mem(), which says them once.
 */
#define cxl_mem_fail(cxlmd, accel, name, fmt, ...)						\
({												\
	if (accel)										\
		(accel)->status = CXL_ACCEL_ATTACH_##name;					\
	else											\
		dev_err(&(cxlmd)->dev, fmt "\n", ##__VA_ARGS__);				\
	-ENXIO;											\
})

static int cxl_mem_no_endpoint(struct cxl_accel *accel, int rc)
{
	if (accel)
		accel->status = CXL_ACCEL_ATTACH_ENDPOINT_NOT_BOUND;
	return rc;
}

/* The dport belongs to the port's driver: it may be looked at only while that cannot go. */
static int cxl_mem_add_endpoint(struct cxl_memdev *cxlmd, struct cxl_port *parent_port,
				struct cxl_accel *accel)
{
	/* A restricted CXL host has no port of its own: its dport hangs off the platform's root. */
	struct device *host = is_cxl_root(parent_port) ? parent_port->uport_dev :
							 &parent_port->dev;
	struct device *dport_dev = cxlmd->dev.parent->parent;
	struct cxl_port *endpoint;
	struct cxl_dport *dport;
	bool bound;
	int rc;

	scoped_guard(device, host) {
		dport = host->driver ?
			xa_load(&parent_port->dports, (unsigned long)dport_dev) : NULL;
		if (!dport)
			return cxl_mem_fail(cxlmd, accel, PORT_NOT_BOUND,
					    "CXL port topology %s not enabled", dev_name(host));

		/* An accelerator's is ras.c's: this would claim a port that siblings may share. */
		if (!accel)
			cxl_accel_core_dport_init_ras(dport, &cxlmd->dev);

		endpoint = cxl_accel_port_add_endpoint(host, cxlmd, dport);
		if (IS_ERR(endpoint))
			return cxl_mem_no_endpoint(accel, PTR_ERR(endpoint));
		get_device(&endpoint->dev);
		bound = endpoint->dev.driver;
	}

	/* If that fails it removes the endpoint, and takes the host's lock for it. */
	rc = cxl_endpoint_autoremove(cxlmd, endpoint);
	if (rc)
		rc = cxl_mem_no_endpoint(accel, rc);
	else if (!bound)
		rc = cxl_mem_fail(cxlmd, accel, ENDPOINT_NOT_BOUND,
				  "%s failed probe", dev_name(&endpoint->dev));
	if (accel && !bound && accel->refused != CXL_ACCEL_ATTACH_ATTACHED)
		accel->status = accel->refused;
	put_device(&endpoint->dev);
	return rc;
}

/*
 * On its way out a memdev leaves the ports above up to this depth, which cxl_core does not know
 * before its endpoint has been added: should that fail, the ports would keep it. A bridge is no
 * deeper as a port than as a device.
 */
static int cxl_mem_max_depth(const struct cxl_memdev *cxlmd)
{
	const struct device *dev;
	int depth = 0;

	for (dev = cxlmd->dev.parent; dev; dev = dev->parent)
		depth++;
	return depth;
}

/**
 * struct cxl_accel_ports - the ports above an accelerator's memdev
 * @nr: how many are held
 * @port: from the nearest to the root, a reference on each
 *
 * On its way out a memdev looks for the ports that it has an endpoint below, and at their parents.
 * It may find one that is being deleted at that moment, and whose parent, to which cxl_core has no
 * reference, is freed already. Owned by the memdev's devres list, from before it has any port.
 */
struct cxl_accel_ports {
	int nr;
	struct device *port[];
};

static void cxl_accel_ports_release(void *data)
{
	struct cxl_accel_ports *ports = data;

	while (ports->nr)
		put_device(ports->port[--ports->nr]);
	kfree(ports);
}

static struct cxl_accel_ports *cxl_accel_ports_alloc(struct cxl_memdev *cxlmd)
{
	struct cxl_accel_ports *ports;

	ports = kzalloc(struct_size(ports, port, cxl_mem_max_depth(cxlmd)), GFP_KERNEL);
	if (!ports || devm_add_action_or_reset(&cxlmd->dev, cxl_accel_ports_release, ports))
		return NULL;
	return ports;
}

/* The CXL host is held: the root stays, and the bridges' ports. */
static void cxl_accel_ports_hold(struct cxl_accel_ports *ports, struct cxl_memdev *cxlmd)
{
	struct cxl_dport *unused;
	struct cxl_port *port = cxl_mem_find_port(cxlmd, &unused);
	struct device *dev;

	if (!port)
		return;
	for (dev = &port->dev; dev && is_cxl_port(dev); dev = dev->parent)
		ports->port[ports->nr++] = get_device(dev);
	put_device(&port->dev);
}

/*
 * While it enumerates, cxl_core relies on dports of ports that it has not locked. That is well as
 * long as the hierarchy does not go, and at boot it does not; but an accelerator enumerates each
 * time that its driver is bound, so the removal of cxl_acpi is kept out. A port that somebody
 * unbinds by hand at that moment is not. Where dports come on demand that lock may be the core's to
 * take, so only the module is held: the host that somebody unbinds by hand is not kept either.
 */
static int cxl_accel_enumerate_ports(struct cxl_memdev *cxlmd, struct cxl_accel *accel)
{
	struct cxl_accel_ports *ports = cxl_accel_ports_alloc(cxlmd);
	bool on_demand = cxl_accel_core_adds_dports_on_demand();
	struct module *owner;
	struct device *host;
	int rc;

	if (!ports)
		return -ENOMEM;
	host = cxl_accel_host_hold();
	if (IS_ERR(host)) {
		accel->status = CXL_ACCEL_ATTACH_INTERRUPTED;
		return PTR_ERR(host);
	}
	owner = on_demand ? host->driver->owner : NULL;
	if (!try_module_get(owner)) {
		cxl_accel_host_release();
		accel->status = CXL_ACCEL_ATTACH_INTERRUPTED;
		return -ENXIO;
	}
	if (on_demand)
		cxl_accel_host_release();
	rc = devm_cxl_enumerate_ports(cxlmd);
	if (rc)
		accel->status = cxl_accel_host_port_is_unbound(accel->dev) ?
				CXL_ACCEL_ATTACH_PORT_NOT_BOUND : CXL_ACCEL_ATTACH_NO_PORT;
	if (on_demand)
		host = cxl_accel_host_hold();
	if (!IS_ERR(host)) {
		cxl_accel_ports_hold(ports, cxlmd);
		cxl_accel_host_release();
	}
	module_put(owner);
	return rc;
}

static int cxl_mem_connect(struct cxl_memdev *cxlmd, struct cxl_accel *accel)
{
	struct cxl_port *parent_port;
	struct cxl_dport *unused;
	int rc;

	cxlmd->depth = cxl_mem_max_depth(cxlmd);
	rc = accel ? cxl_accel_enumerate_ports(cxlmd, accel) : devm_cxl_enumerate_ports(cxlmd);
	if (rc)
		return rc;

	parent_port = cxl_mem_find_port(cxlmd, &unused);
	if (!parent_port)
		return cxl_mem_fail(cxlmd, accel, NO_PORT, "CXL port topology not found");

	rc = cxl_mem_add_nvdimm(cxlmd, parent_port);
	if (!rc)
		rc = cxl_mem_add_endpoint(cxlmd, parent_port, accel);
	put_device(&parent_port->dev);
	return rc;
}

/*
 * A region is in the devres list of the CXL host. One that was added while the host is going, after
 * its list has been emptied, would stay in it, and no driver could ever bind the host again.
 */
static int cxl_mem_assemble_region(struct cxl_accel *accel, struct cxl_memdev *cxlmd)
{
	struct device *host = cxl_accel_host_lock();

	accel->status = CXL_ACCEL_ATTACH_INTERRUPTED;
	if (host) {
		accel->status = cxl_accel_region_assemble(accel, cxlmd->endpoint);
		cxl_accel_host_unlock(host);
	}
	return accel->status == CXL_ACCEL_ATTACH_ATTACHED ? 0 : -ENXIO;
}

static int cxl_mem_bind(struct cxl_memdev *cxlmd, struct cxl_accel *accel)
{
	int rc;

	rc = cxl_mem_add_debugfs(cxlmd);
	if (rc)
		return rc;

	rc = cxl_mem_connect(cxlmd, accel);
	if (rc)
		return rc;

	if (accel) {
		rc = cxl_mem_assemble_region(accel, cxlmd);
		if (rc)
			return rc;
	} else {
		cxl_accel_core_memdev_register_edac(cxlmd);
	}

	return cxl_mem_block_suspend(&cxlmd->dev);
}

/* Of an accelerator, which this task attaches. Nobody can have scheduled the detach work yet. */
static int cxl_mem_bind_accel(struct cxl_memdev *cxlmd, struct cxl_accel *accel)
{
	int rc;

	cxl_accel_detach_arm(accel, cxlmd);
	rc = cxl_mem_bind(cxlmd, accel);
	/* Whatever step it was. What cxl_port had no memory for shows as a probe that failed. */
	if (rc == -ENOMEM)
		accel->status = CXL_ACCEL_ATTACH_NO_MEMORY;
	return rc;
}

/**
 * struct direct - what a driver of the memdev would own
 * @cxlmd: the memdev, registered and without a driver
 * @group: its devres group
 */
struct direct {
	struct cxl_memdev *cxlmd;
	void *group;
};

static void cxl_accel_detach_direct(void *data)
{
	struct direct *direct = data;

	guard(device)(&direct->cxlmd->dev);
	devres_release_group(&direct->cxlmd->dev, direct->group);
}

/**
 * cxl_accel_attach_direct() - do for a memdev what its driver would do, without one
 * @accel: the accelerator, being attached by this task, within a devres group
 * @cxlmd: its memdev, which has been added, and has no driver
 *
 * What cxl_core adds to the memdev's devres list is released before the memdev is unregistered. As
 * long as there is something in it, the driver core refuses to have a driver bound.
 *
 * Context: takes the memdev's device lock, as its probe does.
 * Return: 0; else @accel->status says why not, and nothing is left.
 */
int cxl_accel_attach_direct(struct cxl_accel *accel, struct cxl_memdev *cxlmd)
{
	struct direct *direct = devm_kzalloc(accel->dev, sizeof(*direct), GFP_KERNEL);
	int rc = -ENOMEM;

	accel->status = CXL_ACCEL_ATTACH_NO_MEMORY;
	if (!direct)
		return rc;
	scoped_guard(device, &cxlmd->dev) {
		direct->cxlmd = cxlmd;
		direct->group = devres_open_group(&cxlmd->dev, NULL, GFP_KERNEL);
		if (!direct->group)
			return rc;
		rc = cxl_mem_bind_accel(cxlmd, accel);
		if (rc)
			devres_release_group(&cxlmd->dev, direct->group);
		else
			devres_close_group(&cxlmd->dev, direct->group);
	}
	if (rc)
		return rc;
	rc = devm_add_action_or_reset(accel->dev, cxl_accel_detach_direct, direct);
	if (rc)
		accel->status = CXL_ACCEL_ATTACH_NO_MEMORY;
	return rc;
}

static int cxl_mem_probe(struct device *dev)
{
	struct cxl_memdev *cxlmd = to_cxl_memdev(dev);
	struct cxl_accel *accel = cxl_accel_attaching(cxlmd->cxlds);

	if (accel ? accel->direct : cxl_accel_owns(cxlmd->cxlds)) {
		dev_dbg(dev, "bound by its accelerator's driver only, or not at all\n");
		return -ENXIO;
	}

	/* -EBUSY asks for a later try: when the media is ready, or a pending detach has run. */
	if (!cxlmd->cxlds->media_ready || work_pending(&cxlmd->detach_work))
		return -EBUSY;

	return accel ? cxl_mem_bind_accel(cxlmd, accel) : cxl_mem_bind(cxlmd, NULL);
}

struct cxl_driver cxl_mem_driver = {
	.name = "cxl_mem",
	.probe = cxl_mem_probe,
	.id = CXL_DEVICE_MEMORY_EXPANDER,
	.drv = {
		.probe_type = PROBE_FORCE_SYNCHRONOUS,
		.dev_groups = cxl_mem_groups,
	},
};
