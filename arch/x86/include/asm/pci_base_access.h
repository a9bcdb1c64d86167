/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Base access, which reaches the first 256 bytes of a function's configuration
 * space, by ECAM.  See Documentation/PCI/x86-config-access.rst.
 */
#ifndef _ASM_X86_PCI_BASE_ACCESS_H
#define _ASM_X86_PCI_BASE_ACCESS_H

#include <linux/types.h>

struct mutex;
struct pci_mmcfg_region;
struct pci_raw_ops;

/* What "pci=base_conf1" and "pci=base_ecam" ask for; the last one wins. */
enum pci_base_request {
	PCI_BASE_DEFAULT,
	PCI_BASE_TYPE1,
	PCI_BASE_ECAM,
};

extern enum pci_base_request pci_base_request;

/* Which functions ECAM may serve: a bit for each, repeated for four devices */
#define PCI_BASE_NO_FUNCTION	0
#define PCI_BASE_FUNCTION_0	0x01010101
#define PCI_BASE_ALL_FUNCTIONS	0xffffffff

extern const struct pci_raw_ops pci_base_ecam;

#ifdef CONFIG_PCI_MMCONFIG
bool pci_base_ecam_wanted(void);
bool pci_base_ecam_add(const struct pci_mmcfg_region *cfg);
void pci_base_ecam_stop(const struct pci_mmcfg_region *cfg);
u32 pci_base_ecam_check(const struct pci_mmcfg_region *cfg);
void pci_base_access_report(void);
#else
static inline void pci_base_access_report(void) { }
#endif

#if IS_ENABLED(CONFIG_KUNIT)
extern struct mutex pci_mmcfg_lock;
extern u32 pci_base_functions[256];
u32 pci_base_read_ecam(const struct pci_mmcfg_region *cfg, unsigned int bus,
		       unsigned int devfn, int reg, int len);
#endif

#endif /* _ASM_X86_PCI_BASE_ACCESS_H */
