/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What serves base access to a bus, for the selftest
 * tools/testing/selftests/pci_cfg.
 */
#ifndef _ASM_X86_PCI_BASE_ACCESS_QUERY_H
#define _ASM_X86_PCI_BASE_ACCESS_QUERY_H

#include <asm/pci_base_access.h>

/**
 * struct pci_base_access_info - base access to one bus as it is now
 * @method:	serves raw_pci_read() and raw_pci_write() below register 256
 * @reason:	why
 * @no_type1:	NULL, or why type 1 can't be used
 * @no_ecam:	NULL, or why ECAM can't be used for this bus
 */
struct pci_base_access_info {
	enum pci_base_method method;
	const char *reason;
	const char *no_type1;
	const char *no_ecam;
};

void pci_base_access_query(unsigned int bus, struct pci_base_access_info *info);

#endif /* _ASM_X86_PCI_BASE_ACCESS_QUERY_H */
