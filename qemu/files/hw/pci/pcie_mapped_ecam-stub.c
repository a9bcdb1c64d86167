/*
 * Hosts that can't map ECAM
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/pci/pcie_mapped_ecam.h"

PCIEMappedECAM *pcie_mapped_ecam_new(PCIExpressHost *host,
                                     const MemoryRegionOps *ops, Error **errp)
{
    error_setg(errp, "mapped ECAM needs a Linux host");
    return NULL;
}

bool pcie_mapped_ecam_add(PCIDevice *pci_dev, Error **errp)
{
    return true;
}

void pcie_mapped_ecam_remove(PCIDevice *pci_dev)
{
}

void pcie_mapped_ecam_update(PCIDevice *pci_dev)
{
}

void pcie_mapped_ecam_begin(PCIDevice *pci_dev, uint32_t addr, uint32_t len)
{
}

void pcie_mapped_ecam_end(PCIDevice *pci_dev, uint32_t addr, uint32_t len)
{
}
