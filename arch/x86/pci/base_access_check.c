// SPDX-License-Identifier: GPL-2.0
/*
 * The check that an ECAM region has to pass before it serves base access.
 *
 * A VMM decodes an address in configuration space once for type 1 and once
 * for ECAM.  While Linux used type 1 for all base accesses, a fault of the
 * ECAM decoder went unnoticed.  Compare the two at the devices of the first
 * bus, and where a decoder that ignores or shifts a part of the address finds
 * a function that is not there.
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

static void read_type1(struct pci_base_check *check, int len)
{
	check->type1_value = ABSENT;
	check->type1->read(0, check->bus, check->devfn, check->reg, len,
			   &check->type1_value);
	check->accesses += 2;
}

static void read_ecam(struct pci_base_check *check, int len)
{
	mmio_config_read(check->cfg->virt + (PCI_MMCFG_BUS_OFFSET(check->bus) |
					     check->devfn << 12 | check->reg),
			 len, &check->ecam_value);
	check->accesses++;
}

static bool take_spare(struct pci_base_check *check)
{
	return check->spare++ < PCI_BASE_CHECK_SPARE;
}

/* Who is told to ask again knows nothing of the function. */
static bool asked_again(const struct pci_base_check *check)
{
	return check->reg == PCI_VENDOR_ID &&
	       (pci_base_is_rrs(check->type1_value) ||
		pci_base_is_rrs(check->ecam_value));
}

static bool agree(const struct pci_base_check *check)
{
	return check->ecam_value == check->type1_value || asked_again(check);
}

/* They may differ in what has changed in between. */
static bool agree_again(struct pci_base_check *check, int len)
{
	if (!agree(check) && take_spare(check))
		read_type1(check, len);

	return agree(check);
}

/* Do both read the same? */
static bool same(struct pci_base_check *check, unsigned int bus,
		 unsigned int devfn, int reg, int len)
{
	bool known;

	check->bus = bus;
	check->devfn = devfn;
	check->reg = reg;

	known = check->known &&
		check->known(bus, devfn, reg, len, &check->type1_value);
	if (!known)
		read_type1(check, len);
	read_ecam(check, len);

	if (!agree(check) && known)
		read_type1(check, len);

	return agree_again(check, len);
}

/* Do both find the same function, or none? */
static bool same_id(struct pci_base_check *check, unsigned int bus,
		    unsigned int devfn)
{
	return same(check, bus, devfn, PCI_VENDOR_ID, 4);
}

/*
 * Does ECAM decode the function number?  That shows at function 7 of a device
 * if it is not like function 0; eight root ports in one device are.
 */
static bool same_function_number(struct pci_base_check *check,
				 unsigned int device, u32 id, bool *shown)
{
	bool agreed;

	check->devfn = PCI_DEVFN(device, 7);
	read_type1(check, 4);
	if (check->type1_value == id || pci_base_is_rrs(check->type1_value))
		return true;

	read_ecam(check, 4);
	agreed = agree_again(check, 4);
	*shown = !asked_again(check);

	return agreed;
}

/*
 * Does it decode the bus number?  If that is shifted to the right, or its
 * lowest bits are ignored, the first bus is also found as the next one.  If it
 * is shifted to the left, or its highest bits are ignored, the first bus is
 * also found where the highest bit is added that the region has room for.
 */
static bool same_bus_number(struct pci_base_check *check, unsigned int devfn)
{
	unsigned int start = check->cfg->start_bus;
	unsigned int last = check->cfg->end_bus - start;

	if (last >= 1 && !same_id(check, start + 1, devfn))
		return false;

	return last < 2 ||
	       same_id(check, start + rounddown_pow_of_two(last), devfn);
}

/**
 * pci_base_check - compare what ECAM and type 1 read
 * @check:	with @cfg, @type1 and @known; the rest is zero and is filled in
 *
 * The region is of domain 0 and mapped.  What can be learned from the first
 * device comes first: a VMM that decodes wrongly pays least.
 *
 * Return: whether there is a difference.
 */
enum pci_base_check_outcome pci_base_check(struct pci_base_check *check)
{
	unsigned int bus = check->cfg->start_bus;
	unsigned int device, devfn;
	bool first = true;
	bool function_shown = false;
	u32 id;

	for (device = 0; device < DEVICES; device++) {
		devfn = PCI_DEVFN(device, 0);
		if (!same_id(check, bus, devfn))
			return PCI_BASE_CHECK_DIFFERS;
		id = check->type1_value;
		if (id == ABSENT || asked_again(check))
			continue;

		if (!function_shown && (first || take_spare(check)) &&
		    !same_function_number(check, device, id, &function_shown))
			return PCI_BASE_CHECK_DIFFERS;

		/* Another register and another width; and other buses */
		if (first && (!same(check, bus, devfn, PCI_CLASS_DEVICE, 2) ||
			      !same_bus_number(check, devfn)))
			return PCI_BASE_CHECK_DIFFERS;
		first = false;
	}

	return function_shown ? PCI_BASE_CHECK_SAME : PCI_BASE_CHECK_NOTHING;
}

/**
 * pci_base_check_passes - may a region serve base access?
 * @cfg:	the region, see pci_base_check()
 * @known:	what need not be read by type 1, or NULL
 *
 * Return: true if it may; if not, the log says why.
 */
bool pci_base_check_passes(const struct pci_mmcfg_region *cfg,
			   pci_base_known_fn known)
{
	struct pci_base_check check = {
		.cfg = cfg,
		.type1 = &pci_direct_conf1,
		.known = known,
	};

	switch (pci_base_check(&check)) {
	case PCI_BASE_CHECK_SAME:
		pr_debug("ECAM %pR reads as type 1 does, %u accesses\n",
			 &cfg->res, check.accesses);
		return true;
	case PCI_BASE_CHECK_DIFFERS:
		pr_warn(FW_BUG "ECAM %pR: %02x:%02x.%d register %#04x reads %#010x by ECAM, %#010x by type 1; using type 1 for base access\n",
			&cfg->res, check.bus, PCI_SLOT(check.devfn),
			PCI_FUNC(check.devfn), check.reg, check.ecam_value,
			check.type1_value);
		return false;
	case PCI_BASE_CHECK_NOTHING:
		break;
	}

	pr_info("ECAM %pR: no function on bus %02x shows if it is right; using type 1 for base access\n",
		&cfg->res, cfg->start_bus);
	return false;
}
