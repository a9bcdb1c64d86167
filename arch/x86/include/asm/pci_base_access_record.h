/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What early quirks have read of bus 0 by type 1, so that it need not be read
 * again.
 */
#ifndef _ASM_X86_PCI_BASE_ACCESS_RECORD_H
#define _ASM_X86_PCI_BASE_ACCESS_RECORD_H

#include <linux/types.h>

#ifdef CONFIG_PCI_MMCONFIG
void pci_base_record(int bus, int device, int function, u32 id, u16 class);
bool pci_base_recorded(unsigned int bus, unsigned int devfn, int reg, int len,
		       u32 *value);
#else
static inline void pci_base_record(int bus, int device, int function, u32 id,
				   u16 class) { }
#endif

#endif /* _ASM_X86_PCI_BASE_ACCESS_RECORD_H */
