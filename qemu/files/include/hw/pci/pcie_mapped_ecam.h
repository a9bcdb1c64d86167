/*
 * PCI Express configuration space that guests read as memory
 *
 * Without mapped ECAM above a device, which is the usual case, nothing here
 * does anything.  All of it needs the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef PCIE_MAPPED_ECAM_H
#define PCIE_MAPPED_ECAM_H

#include "hw/pci/pci_device.h"
#include "hw/pci/pcie_host.h"

/**
 * pcie_mapped_ecam_new: Serve reads of a host bridge's ECAM from memory
 * @host: the host bridge; it must not have any device yet
 * @ops: its ECAM's, with @host as opaque value
 * @errp: set if this host can't do it, or not for this guest
 *
 * Return: what stays as long as the machine does, or NULL on error.
 */
PCIEMappedECAM *pcie_mapped_ecam_new(PCIExpressHost *host,
                                     const MemoryRegionOps *ops, Error **errp);

/**
 * pcie_mapped_ecam_add: Allocate the configuration space of a device
 * @pci_dev: the device, which is on its bus
 * @errp: set if there is no room left
 *
 * Sets mapped_ecam and config of @pci_dev if there is mapped ECAM above it.
 *
 * Return: false on error.
 */
bool pcie_mapped_ecam_add(PCIDevice *pci_dev, Error **errp);

/**
 * pcie_mapped_ecam_remove: Free the configuration space of a device
 * @pci_dev: the device, which its bus does not have any more
 *
 * On return the guest sees no more of it, even between pcie_mapped_ecam_begin()
 * and pcie_mapped_ecam_end().
 */
void pcie_mapped_ecam_remove(PCIDevice *pci_dev);

/**
 * pcie_mapped_ecam_update: Show a device, or hide it, as it is now visible
 * @pci_dev: the device
 */
void pcie_mapped_ecam_update(PCIDevice *pci_dev);

/**
 * pcie_mapped_ecam_begin: Configuration registers are about to be written
 * @pci_dev: the device
 * @addr: the first of its registers that may change
 * @len: how many bytes of them
 *
 * From here to pcie_mapped_ecam_end() with the same arguments, what the guest
 * sees where does not change.  This may be nested.
 */
void pcie_mapped_ecam_begin(PCIDevice *pci_dev, uint32_t addr, uint32_t len);
void pcie_mapped_ecam_end(PCIDevice *pci_dev, uint32_t addr, uint32_t len);

#endif
