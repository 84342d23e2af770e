/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: a driver that goes on when its memory is lost
 *
 * This goes beyond the API of Linux 7.3, where a driver whose memory goes is unbound. So it is here
 * for one that does not ask for anything else. One that does, is told, lets go of the memory, and
 * stays bound: a NIC goes on by PCI. When CXL is back, it is told that, too. A driver that wants to
 * compile with and without cxl-accel includes this file under #ifdef CXL_ACCEL_BUNDLE, after
 * <cxl/cxl.h>, which defines that.
 */
#ifndef CXL_ACCEL_LOSS_H
#define CXL_ACCEL_LOSS_H

struct cxl_dev_state;

/**
 * struct cxl_accel_loss_ops - what a driver is told of its memory, while it is bound
 * @detach: the memory is gone; required. Stop using it: engines, users' mappings, the driver's own
 *	mapping; do not read it. It has been lost for good when this is called, so nothing in it can
 *	be saved. Return 0 to stay bound without it, or a negative errno to be unbound. Who takes
 *	longer than three seconds is unbound, too. After 0, what devm_cxl_probe_mem() has added is
 *	taken away, the memdev and the region, and the range may become somebody else's; what the
 *	driver itself has added (devm_memremap(), for example), it has to take away here. The HPA
 *	range is not the driver's any more, nor is the memdev.
 * @attach: CXL is back: cxl_acpi has been bound. The driver is bound without memory, because of
 *	@detach, or because it went on after a devm_cxl_probe_mem() that failed. It may call that
 *	again, with the same device state, and goes on as it is if that fails: it will be called
 *	again when cxl_acpi has been away and is back once more. NULL: the driver does not want it.
 *
 * Both are called in process context with the device lock of the PCI function held: not during
 * probe(), remove(), a reset or a suspend of the device, and not at the same time. The lock also
 * means that they must not wait for anything that takes it.
 *
 * A device that was pulled is removed, by the PCI core: its driver's remove() is called, as always.
 */
struct cxl_accel_loss_ops {
	int (*detach)(struct cxl_dev_state *cxlds);
	void (*attach)(struct cxl_dev_state *cxlds);
};

/**
 * cxl_accel_set_loss_ops() - be told of a loss of the memory, instead of being unbound
 * @cxlds: device state, not attached
 * @ops: what to call; stays where it is as long as the driver is bound
 *
 * From then on devm_cxl_probe_mem() may also be called outside of probe(): while the driver is
 * bound and @cxlds is not attached, under the device lock of the PCI function, by the task that has
 * taken it. So a driver can try again by itself, when its user asks for it.
 *
 * Context: the probe() of @cxlds->dev's driver, before devm_cxl_probe_mem().
 * Return: 0, or
 * * -EINVAL: @cxlds is not of devm_cxl_dev_state_create(), @ops has no detach, or this is no
 *   probe()
 * * -EBUSY: set before, or attached already
 * * -ENOMEM: no memory
 * * -EOPNOTSUPP: nobody will tell: cxl_accel, beside a kernel's own cxl_mem, is passive
 */
int cxl_accel_set_loss_ops(struct cxl_dev_state *cxlds, const struct cxl_accel_loss_ops *ops);

#endif /* CXL_ACCEL_LOSS_H */
