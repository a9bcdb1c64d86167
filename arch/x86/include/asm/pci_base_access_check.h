/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The check that an ECAM region has to pass before it serves base access.
 */
#ifndef _ASM_X86_PCI_BASE_ACCESS_CHECK_H
#define _ASM_X86_PCI_BASE_ACCESS_CHECK_H

#include <linux/types.h>

struct pci_mmcfg_region;
struct pci_raw_ops;

/*
 * The most accesses of ports and memory that a check makes: three at each of 36
 * addresses, and two for each spare read by type 1.
 */
#define PCI_BASE_CHECK_ACCESSES	112
#define PCI_BASE_CHECK_SPARE	2

#define PCI_BASE_RRS_VENDOR_ID	0x0001

/*
 * Does a function ask for the read of its IDs to be repeated?  The kernel before
 * a kexec may have made that visible (PCI Express Base Specification r6.0,
 * sec 2.3.2).
 */
static inline bool pci_base_is_rrs(u32 id)
{
	return (id & 0xffff) == PCI_BASE_RRS_VENDOR_ID;
}

/**
 * enum pci_base_check_outcome - how a check ended
 * @PCI_BASE_CHECK_SAME:	no difference was found
 * @PCI_BASE_CHECK_DIFFERS:	one was found
 * @PCI_BASE_CHECK_NOTHING:	there is no function that could show one
 */
enum pci_base_check_outcome {
	PCI_BASE_CHECK_SAME,
	PCI_BASE_CHECK_DIFFERS,
	PCI_BASE_CHECK_NOTHING,
};

/*
 * Looks up what type 1 has read before, so that it is not read again.  False if
 * that is not known.
 */
typedef bool (*pci_base_known_fn)(unsigned int bus, unsigned int devfn, int reg,
				  int len, u32 *value);

/**
 * struct pci_base_check - one check, and what it found
 * @cfg:	the region
 * @type1:	what it is compared with
 * @known:	what need not be read by @type1 at first, or NULL
 * @accesses:	made so far, of ports and memory
 * @spare:	spare reads made so far, of PCI_BASE_CHECK_SPARE
 * @bus:	bus of the last address that was compared
 * @devfn:	its device and function
 * @reg:	its register
 * @ecam_value:	what ECAM read there
 * @type1_value: what type 1 read there
 */
struct pci_base_check {
	const struct pci_mmcfg_region *cfg;
	const struct pci_raw_ops *type1;
	pci_base_known_fn known;
	unsigned int accesses;
	unsigned int spare;
	u8 bus;
	u8 devfn;
	u8 reg;
	u32 ecam_value;
	u32 type1_value;
};

enum pci_base_check_outcome pci_base_check(struct pci_base_check *check);

bool pci_base_check_passes(const struct pci_mmcfg_region *cfg,
			   pci_base_known_fn known);

#endif /* _ASM_X86_PCI_BASE_ACCESS_CHECK_H */
