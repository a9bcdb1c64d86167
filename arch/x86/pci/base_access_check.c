// SPDX-License-Identifier: GPL-2.0
/*
 * The check that an ECAM region has to pass before it serves base access.
 *
 * A VMM decodes an address in configuration space once for type 1 and once for
 * ECAM.  While Linux used type 1 for all base accesses, nobody noticed when the
 * ECAM decoder was wrong.  So compare the two where a decoder that ignores,
 * shifts or replaces a part of the address finds something else.
 */

#define pr_fmt(fmt) "PCI: " fmt

#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/log2.h>
#include <linux/pci.h>
#include <asm/pci_base_access.h>
#include <asm/pci_x86.h>

/* Device numbers with no bit set, each bit alone, and all bits */
static const u8 slots[] = { 0, 1, 2, 4, 8, 16, 31 };

/*
 * If all functions of a device have the same ID, the device does not show
 * whether the function number is decoded.  Try this many devices.
 */
#define FUNCTION_TRIES	2

/* One comparison, and how many that differ may still be read again */
struct comparison {
	const struct pci_mmcfg_region *cfg;
	unsigned int rereads;
	unsigned int bus, devfn;
	int reg;
	u32 type1, ecam;
};

static u32 read_type1(const struct comparison *c, int len)
{
	u32 value = U32_MAX;

	pci_direct_conf1.read(0, c->bus, c->devfn, c->reg, len, &value);
	return value;
}

/* Not pci_mmcfg.read(), which would use another region that overlaps. */
VISIBLE_IF_KUNIT u32 pci_base_read_ecam(const struct pci_mmcfg_region *cfg,
					unsigned int bus, unsigned int devfn,
					int reg, int len)
{
	void __iomem *address = cfg->virt + (PCI_MMCFG_BUS_OFFSET(bus) |
					     devfn << 12 | reg);

	KUNIT_STATIC_STUB_REDIRECT(pci_base_read_ecam, cfg, bus, devfn, reg,
				   len);

	return len == 2 ? mmio_config_readw(address) :
			  mmio_config_readl(address);
}

/*
 * A function that is not ready answers a read of its vendor ID with 0x0001
 * (Request Retry Status, PCIe r6.0, sec 2.3.2) if software has enabled that.  A
 * kernel that ran before kexec may have.
 */
static bool not_ready(const struct comparison *c)
{
	return c->reg == PCI_VENDOR_ID &&
	       ((c->type1 & 0xffff) == PCI_VENDOR_ID_PCI_SIG ||
		(c->ecam & 0xffff) == PCI_VENDOR_ID_PCI_SIG);
}

static bool agree(const struct comparison *c)
{
	return c->type1 == c->ecam || not_ready(c);
}

/* Does the ID prove nothing?  As in pci_bus_generic_read_dev_vendor_id(). */
static bool shows_nothing(const struct comparison *c)
{
	return not_ready(c) || c->type1 == U32_MAX || !c->type1 ||
	       c->type1 == 0x0000ffff || c->type1 == 0xffff0000;
}

/* If the value has just changed, a second read by type 1 agrees with ECAM. */
static bool same(struct comparison *c, unsigned int bus, unsigned int devfn,
		 int reg, int len)
{
	c->bus = bus;
	c->devfn = devfn;
	c->reg = reg;
	c->type1 = read_type1(c, len);
	c->ecam = pci_base_read_ecam(c->cfg, bus, devfn, reg, len);

	if (!agree(c) && c->rereads) {
		c->rereads--;
		c->type1 = read_type1(c, len);
	}

	return agree(c);
}

/* Do both find the same function, or none? */
static bool same_id(struct comparison *c, unsigned int bus, unsigned int devfn)
{
	return same(c, bus, devfn, PCI_VENDOR_ID, 4);
}

/*
 * Does ECAM decode the bus number?  Compare the next bus, and bus start + 2^n
 * with the largest n that fits.  A decoder that ignores low bits, or shifts them
 * out, reads the first bus in place of the former; one that does so with high
 * bits reads it in place of the latter.
 */
static bool same_buses(struct comparison *c, unsigned int devfn)
{
	unsigned int start = c->cfg->start_bus;
	unsigned int most = c->cfg->end_bus - start;

	return (most < 1 || same_id(c, start + 1, devfn)) &&
	       (most < 2 || same_id(c, start + rounddown_pow_of_two(most), devfn));
}

/*
 * Does ECAM decode the function number?  Function 7, which few devices have,
 * shows it: by ECAM it reads as function 7, or as function 0 if the number is
 * ignored.  Set *functions, unless the two have the same ID.  Return false if
 * it reads as neither.
 */
static bool probe_functions(struct comparison *c, unsigned int devfn,
			    u32 *functions)
{
	u32 id = c->type1;

	if (same_id(c, c->bus, devfn | 7)) {
		if (c->ecam != id && !not_ready(c))
			*functions = PCI_BASE_ALL_FUNCTIONS;
		return true;
	}

	if (c->ecam != id)
		return false;
	*functions = PCI_BASE_FUNCTION_0;
	return true;
}

/**
 * pci_base_ecam_check - compare what ECAM and type 1 read
 * @cfg: a region of domain 0 that is mapped
 *
 * Makes at most 40 accesses: three at each of 12 addresses (seven devices,
 * function 7 of two of them, another register, two other buses), and two for
 * each of two values that are read again.
 *
 * Return: which functions ECAM may serve.  The log says why if not all.
 */
u32 pci_base_ecam_check(const struct pci_mmcfg_region *cfg)
{
	struct comparison c = { .cfg = cfg, .rereads = 2 };
	unsigned int i, devfn, found = 0;
	u32 functions = PCI_BASE_NO_FUNCTION;

	for (i = 0; i < ARRAY_SIZE(slots); i++) {
		devfn = PCI_DEVFN(slots[i], 0);
		if (!same_id(&c, cfg->start_bus, devfn))
			goto differs;
		if (shows_nothing(&c))
			continue;

		if (!functions && found < FUNCTION_TRIES &&
		    !probe_functions(&c, devfn, &functions))
			goto differs;

		/* Another register, of another width */
		if (!found++ &&
		    (!same(&c, cfg->start_bus, devfn, PCI_CLASS_DEVICE, 2) ||
		     !same_buses(&c, devfn)))
			goto differs;
	}

	if (!found)
		pr_info("ECAM %pR: no function found on bus %02x to compare; using type 1 for base access\n",
			&cfg->res, cfg->start_bus);
	else if (functions != PCI_BASE_ALL_FUNCTIONS)
		pr_info("ECAM %pR: no device shows that the function number is decoded; using type 1 for functions 1 to 7\n",
			&cfg->res);

	return found && !functions ? PCI_BASE_FUNCTION_0 : functions;

differs:
	pr_info("ECAM %pR: %02x:%02x.%d register %#04x reads %#010x by ECAM, %#010x by type 1; using type 1 for base access\n",
		&cfg->res, c.bus, PCI_SLOT(c.devfn), PCI_FUNC(c.devfn), c.reg,
		c.ecam, c.type1);
	return PCI_BASE_NO_FUNCTION;
}
