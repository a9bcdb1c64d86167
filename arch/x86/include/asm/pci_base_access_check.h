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
 * The most accesses of ports and memory that a check makes: three each at 35
 * addresses, and what is left for the function number and to read a value again.
 */
#define PCI_BASE_CHECK_ACCESSES	112
#define PCI_BASE_CHECK_REREADS	2

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

/**
 * struct pci_base_check - one check, and what it found
 * @cfg:	the region
 * @type1:	what it is compared with
 * @accesses:	made so far, of ports and memory
 * @rereads:	values read again by type 1 so far, as ECAM read another one
 * @bus:	bus of the last address that was compared
 * @devfn:	its device and function
 * @reg:	its register
 * @ecam_value:	what ECAM read there
 * @type1_value: what type 1 read there
 */
struct pci_base_check {
	const struct pci_mmcfg_region *cfg;
	const struct pci_raw_ops *type1;
	unsigned int accesses;
	unsigned int rereads;
	u8 bus;
	u8 devfn;
	u8 reg;
	u32 ecam_value;
	u32 type1_value;
};

enum pci_base_check_outcome pci_base_check(struct pci_base_check *check);

bool pci_base_check_passes(const struct pci_mmcfg_region *cfg,
			   const struct pci_raw_ops *type1);

#endif /* _ASM_X86_PCI_BASE_ACCESS_CHECK_H */
