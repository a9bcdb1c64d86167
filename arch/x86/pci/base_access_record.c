// SPDX-License-Identifier: GPL-2.0
/*
 * What early quirks have read of bus 0 by type 1.
 *
 * They read the class of every device, and the IDs of those that have one.  In
 * a guest that is two exits a register, so whoever wants to know the same a
 * moment later asks here first.
 */

#include <linux/init.h>
#include <linux/pci.h>
#include <asm/pci_base_access_record.h>

/* Function 0 of each device */
static struct {
	u32 id;
	u16 class;
	bool recorded;
} record[32] __initdata;

/**
 * pci_base_record - keep what was read
 * @bus:	bus number in domain 0
 * @device:	device number
 * @function:	function number
 * @id:		register PCI_VENDOR_ID, 4 bytes; all ones if @class is
 * @class:	register PCI_CLASS_DEVICE, 2 bytes
 */
void __init pci_base_record(int bus, int device, int function, u32 id, u16 class)
{
	if (bus || function)
		return;

	record[device].id = id;
	record[device].class = class;
	record[device].recorded = true;
}

/**
 * pci_base_recorded - look up what was read
 * @bus:	bus number in domain 0
 * @devfn:	device and function
 * @reg:	register
 * @len:	width in bytes
 * @value:	filled in
 *
 * A function of class 0xffff, a class that a device may have, is taken for
 * absent.  What is found to differ has to be read again.
 *
 * Return: false if it was not read.
 */
bool __init pci_base_recorded(unsigned int bus, unsigned int devfn, int reg,
			      int len, u32 *value)
{
	if (bus || PCI_FUNC(devfn) || !record[PCI_SLOT(devfn)].recorded)
		return false;

	if (reg == PCI_VENDOR_ID && len == 4)
		*value = record[PCI_SLOT(devfn)].id;
	else if (reg == PCI_CLASS_DEVICE && len == 2)
		*value = record[PCI_SLOT(devfn)].class;
	else
		return false;

	return true;
}
