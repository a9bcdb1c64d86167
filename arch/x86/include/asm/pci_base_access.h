/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Base access: which method reaches the first 256 bytes of a function's
 * configuration space, type 1 or ECAM.
 *
 * See Documentation/PCI/x86-config-access.rst.
 */
#ifndef _ASM_X86_PCI_BASE_ACCESS_H
#define _ASM_X86_PCI_BASE_ACCESS_H

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/types.h>
#include <asm/pci_x86.h>

/**
 * enum pci_base_method - a method of base access
 * @PCI_BASE_NONE:	none, or no wish on the command line
 * @PCI_BASE_TYPE1:	ports 0xCF8 and 0xCFC
 * @PCI_BASE_ECAM:	the memory window of a struct pci_mmcfg_region
 * @PCI_BASE_OTHER:	type 2, the PCI BIOS, or a platform's own operations
 */
enum pci_base_method {
	PCI_BASE_NONE,
	PCI_BASE_TYPE1,
	PCI_BASE_ECAM,
	PCI_BASE_OTHER,
};

/**
 * struct pci_base_access_facts - all that the choice depends on
 * @found:		what raw_pci_ops has before the choice
 * @requested:		by pci=base_conf1 or pci=base_ecam, the last one wins
 * @guest:		a guest for which ECAM is the default
 * @x86_64:		every region is mapped whole, without a 4 GiB limit
 * @ecam_enabled:	none of pci=nommconf, conf1, conf2 and off was given
 * @ecam_extended:	extended access is by ECAM, or nothing serves it yet
 */
struct pci_base_access_facts {
	enum pci_base_method found;
	enum pci_base_method requested;
	bool guest;
	bool x86_64;
	bool ecam_enabled;
	bool ecam_extended;
};

/**
 * struct pci_base_access_choice - what serves base access, and why
 * @method:	ECAM stands for ECAM where a region may serve it, else type 1
 * @reason:	words for the log; NULL before the choice, and if none is made
 */
struct pci_base_access_choice {
	enum pci_base_method method;
	const char *reason;
};

struct pci_base_access_choice
pci_base_access_choose(const struct pci_base_access_facts *facts);

#ifdef CONFIG_PCI_MMCONFIG
extern enum pci_base_method pci_base_requested;
extern struct pci_base_access_choice pci_base_choice;
extern const struct pci_raw_ops pci_base_ecam;

enum pci_base_method pci_base_method_of(const struct pci_raw_ops *ops);
void pci_base_access_init(const struct pci_base_access_facts *facts);
void pci_base_access_report(void);
#else
static inline void pci_base_access_report(void) { }
#endif

/*
 * May a region serve an access?  One that is not aligned goes to type 1, which
 * aligns it: ECAM would not.
 */
static inline bool
pci_base_ecam_may_serve(const struct pci_mmcfg_region *cfg, unsigned int devfn,
			unsigned int reg, int len)
{
	return cfg && READ_ONCE(cfg->base_access) && (devfn | reg) <= 255 &&
	       !(reg & (len - 1));
}

static inline void __iomem *
pci_base_ecam_address(const struct pci_mmcfg_region *cfg, unsigned int bus,
		      unsigned int devfn, unsigned int reg)
{
	return cfg->virt + (PCI_MMCFG_BUS_OFFSET(bus) | (devfn << 12) | reg);
}

/**
 * pci_base_read - read a base register by ECAM where that is possible
 * @cfg:	region of the domain and bus, or NULL
 * @type1:	operations to use if the region can't serve the access
 * @domain:	domain, for @type1
 * @bus:	bus number, inside the region
 * @devfn:	device and function
 * @reg:	register
 * @len:	width in bytes: 1, 2 or 4
 * @value:	what was read; all ones on error
 *
 * Inline with the region and the other operations passed in, so that a test
 * has its own of both; the caller takes three instructions more than
 * pci_mmcfg_read().
 *
 * Context: rcu_read_lock() held if @cfg is on pci_mmcfg_list.
 * Return: 0, or what @type1 returned.
 */
static __always_inline int
pci_base_read(const struct pci_mmcfg_region *cfg,
	      const struct pci_raw_ops *type1, unsigned int domain,
	      unsigned int bus, unsigned int devfn, int reg, int len, u32 *value)
{
	if (!pci_base_ecam_may_serve(cfg, devfn, reg, len))
		return type1->read(domain, bus, devfn, reg, len, value);

	mmio_config_read(pci_base_ecam_address(cfg, bus, devfn, reg), len,
			 value);
	return 0;
}

/* As pci_base_read(); the access is made once, by one of the two methods. */
static __always_inline int
pci_base_write(const struct pci_mmcfg_region *cfg,
	       const struct pci_raw_ops *type1, unsigned int domain,
	       unsigned int bus, unsigned int devfn, int reg, int len, u32 value)
{
	if (!pci_base_ecam_may_serve(cfg, devfn, reg, len))
		return type1->write(domain, bus, devfn, reg, len, value);

	mmio_config_write(pci_base_ecam_address(cfg, bus, devfn, reg), len,
			  value);
	return 0;
}

#endif /* _ASM_X86_PCI_BASE_ACCESS_H */
