// SPDX-License-Identifier: GPL-2.0
/*
 * The check that an ECAM region has to pass before it serves base access.
 *
 * A VMM decodes an address in configuration space once for type 1 and once for
 * ECAM.  While Linux used type 1 for all base accesses, a fault of the ECAM
 * decoder went unnoticed.  Compare the two where enumeration is going to read, and
 * where a decoder that ignores or shifts part of the address finds a function that
 * is not there.
 *
 * What this can't find is listed in Documentation/PCI/x86-config-access.rst.
 */

#define pr_fmt(fmt) "PCI: " fmt

#include <linux/log2.h>
#include <linux/pci.h>
#include <linux/printk.h>
#include <asm/pci_base_access_check.h>
#include <asm/pci_x86.h>

#define DEVICES		32	/* of one bus */
#define ABSENT		U32_MAX	/* instead of vendor and device ID */

/*
 * What a read of the vendor ID returns while a function asks for the request to
 * be repeated, if the kernel before a kexec has made that visible (PCI Express
 * Base Specification r6.0, sec 2.3.2).
 */
#define RRS_VENDOR_ID	0x0001

static u32 read_type1(struct pci_base_check *check, int len)
{
	u32 value = ABSENT;

	check->type1->read(0, check->bus, check->devfn, check->reg, len, &value);
	check->accesses += 2;

	return value;
}

static u32 read_ecam(struct pci_base_check *check, int len)
{
	u32 value;

	mmio_config_read(check->cfg->virt + (PCI_MMCFG_BUS_OFFSET(check->bus) |
					     check->devfn << 12 | check->reg),
			 len, &value);
	check->accesses++;

	return value;
}

static void begin(struct pci_base_check *check, unsigned int bus,
		  unsigned int devfn, int reg, int len)
{
	check->bus = bus;
	check->devfn = devfn;
	check->reg = reg;
	check->type1_value = read_type1(check, len);
}

/* Does ECAM read the same?  A value that has changed in between may differ. */
static bool ecam_agrees(struct pci_base_check *check, int len)
{
	check->ecam_value = read_ecam(check, len);

	if (check->ecam_value != check->type1_value &&
	    check->rereads < PCI_BASE_CHECK_REREADS) {
		check->rereads++;
		check->type1_value = read_type1(check, len);
	}

	return check->ecam_value == check->type1_value;
}

static bool is_rrs(u32 id)
{
	return (id & 0xffff) == RRS_VENDOR_ID;
}

/*
 * Do both find the same function, or none?  If one is told to ask again, nothing
 * is known of it and it counts as absent.
 */
static bool same_id(struct pci_base_check *check, unsigned int bus,
		    unsigned int devfn, u32 *id)
{
	bool agrees;

	begin(check, bus, devfn, PCI_VENDOR_ID, 4);
	agrees = ecam_agrees(check, 4);

	*id = check->type1_value;
	if (is_rrs(check->type1_value) || is_rrs(check->ecam_value)) {
		*id = ABSENT;
		return true;
	}

	return agrees;
}

/*
 * Does ECAM decode the function number?  That shows at function 7 of a device
 * that has another function 0.
 */
static enum pci_base_check_outcome
check_function_number(struct pci_base_check *check, const u32 *ids)
{
	unsigned int device, cost;

	for (device = 0; device < DEVICES; device++) {
		if (ids[device] == ABSENT)
			continue;

		cost = check->rereads < PCI_BASE_CHECK_REREADS ? 5 : 3;
		if (check->accesses + cost > PCI_BASE_CHECK_ACCESSES)
			break;

		begin(check, check->cfg->start_bus, PCI_DEVFN(device, 7),
		      PCI_VENDOR_ID, 4);
		if (check->type1_value == ids[device] ||
		    is_rrs(check->type1_value))
			continue;

		return ecam_agrees(check, 4) ? PCI_BASE_CHECK_SAME :
					       PCI_BASE_CHECK_DIFFERS;
	}

	return PCI_BASE_CHECK_NOTHING;
}

/*
 * Does it decode the bus number?  If its highest bits are ignored, or it is
 * shifted to the left, the first bus is also found where just the highest bit
 * differs; if the lowest ones are, or it is shifted to the right, on the next bus.
 */
static bool same_bus_number(struct pci_base_check *check, unsigned int devfn)
{
	unsigned int start = check->cfg->start_bus;
	unsigned int last = check->cfg->end_bus - start;
	u32 id;

	if (last >= 1 && !same_id(check, start + 1, devfn, &id))
		return false;

	return last < 2 ||
	       same_id(check, start + rounddown_pow_of_two(last), devfn, &id);
}

/**
 * pci_base_check - compare what ECAM and type 1 read
 * @check:	with the region and the operations to compare it with; the rest is
 *		zero, and is filled in
 *
 * The region is of domain 0 and mapped.  It is best not published yet.
 *
 * Return: whether there is a difference.
 */
enum pci_base_check_outcome pci_base_check(struct pci_base_check *check)
{
	unsigned int bus = check->cfg->start_bus;
	unsigned int device, present = DEVICES;
	u32 ids[DEVICES];

	for (device = 0; device < DEVICES; device++) {
		if (!same_id(check, bus, PCI_DEVFN(device, 0), &ids[device]))
			return PCI_BASE_CHECK_DIFFERS;
		if (ids[device] != ABSENT && present == DEVICES)
			present = device;
	}
	if (present == DEVICES)
		return PCI_BASE_CHECK_NOTHING;

	/* Another register and another width */
	begin(check, bus, PCI_DEVFN(present, 0), PCI_CLASS_DEVICE, 2);
	if (!ecam_agrees(check, 2) ||
	    !same_bus_number(check, PCI_DEVFN(present, 0)))
		return PCI_BASE_CHECK_DIFFERS;

	return check_function_number(check, ids);
}

/**
 * pci_base_check_passes - may a region serve base access?
 * @cfg:	the region, see pci_base_check()
 * @type1:	the operations to compare it with
 *
 * Return: true if it may; if not, the log says why.
 */
bool pci_base_check_passes(const struct pci_mmcfg_region *cfg,
			   const struct pci_raw_ops *type1)
{
	struct pci_base_check check = { .cfg = cfg, .type1 = type1 };

	switch (pci_base_check(&check)) {
	case PCI_BASE_CHECK_SAME:
		pr_debug("ECAM %pR is as type 1, %u accesses\n", &cfg->res,
			 check.accesses);
		return true;
	case PCI_BASE_CHECK_DIFFERS:
		pr_warn(FW_BUG "ECAM %pR: %02x:%02x.%d register %#04x reads %#x by ECAM, %#x by type 1; using type 1 for base access\n",
			&cfg->res, check.bus, PCI_SLOT(check.devfn),
			PCI_FUNC(check.devfn), check.reg, check.ecam_value,
			check.type1_value);
		return false;
	case PCI_BASE_CHECK_NOTHING:
		break;
	}

	pr_info("ECAM %pR: no function on bus %02x to compare; using type 1 for base access\n",
		&cfg->res, cfg->start_bus);
	return false;
}
