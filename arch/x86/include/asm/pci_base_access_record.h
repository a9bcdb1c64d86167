/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What early quirks have read of bus 0 by type 1, so that it need not be read
 * again.
 */
#ifndef _ASM_X86_PCI_BASE_ACCESS_RECORD_H
#define _ASM_X86_PCI_BASE_ACCESS_RECORD_H

#include <linux/types.h>
#include <asm/pci_x86.h>

#ifdef CONFIG_PCI_MMCONFIG
extern const struct pci_raw_ops pci_recorded_conf1;

void pci_base_record(int bus, int device, int function, u32 id, u16 class);
bool pci_base_recorded_id(unsigned int bus, unsigned int devfn, u32 *id);
#else
static inline void pci_base_record(int bus, int device, int function, u32 id,
				   u16 class) { }
#endif

#endif /* _ASM_X86_PCI_BASE_ACCESS_RECORD_H */
