// SPDX-License-Identifier: GPL-2.0
/*
 * What early quirks have read of bus 0 by type 1.
 *
 * They read the class of every device, and the IDs of those that are there.  In a
 * guest that is two exits a register, so whoever wants to know the same a moment
 * later asks here first.
 */

#include <linux/init.h>
#include <linux/pci.h>
#include <asm/pci_base_access_record.h>
#include <asm/pci_x86.h>

/* Function 0 of each device; a value that is "new" has not been given out. */
static struct {
	u32 id;
	u16 class;
	bool recorded;
	bool id_new;
	bool class_new;
} record[32] __initdata;

/**
 * pci_base_record - keep what was read
 * @bus:	bus number in domain 0
 * @device:	device number
 * @function:	function number
 * @id:		register PCI_VENDOR_ID, 4 bytes; all ones if there is no function
 * @class:	register PCI_CLASS_DEVICE, 2 bytes
 */
void __init pci_base_record(int bus, int device, int function, u32 id, u16 class)
{
	if (bus || function)
		return;

	record[device].id = id;
	record[device].class = class;
	record[device].recorded = true;
	record[device].id_new = true;
	record[device].class_new = true;
}

/**
 * pci_base_recorded_id - look up what was read
 * @bus:	bus number in domain 0
 * @devfn:	device and function
 * @id:		filled in as in pci_base_record()
 *
 * Return: false if it was not read.
 */
bool __init pci_base_recorded_id(unsigned int bus, unsigned int devfn, u32 *id)
{
	if (bus || PCI_FUNC(devfn) || !record[PCI_SLOT(devfn)].recorded)
		return false;

	*id = record[PCI_SLOT(devfn)].id;
	return true;
}

/*
 * Each value is given out once: who reads again wants to know whether it has
 * changed.
 */
static int __init recorded_read(unsigned int domain, unsigned int bus,
				unsigned int devfn, int reg, int len, u32 *value)
{
	unsigned int device = PCI_SLOT(devfn);

	if (!domain && !bus && !PCI_FUNC(devfn)) {
		if (reg == PCI_VENDOR_ID && len == 4 && record[device].id_new) {
			record[device].id_new = false;
			*value = record[device].id;
			return 0;
		}
		if (reg == PCI_CLASS_DEVICE && len == 2 &&
		    record[device].class_new) {
			record[device].class_new = false;
			*value = record[device].class;
			return 0;
		}
	}

	return pci_direct_conf1.read(domain, bus, devfn, reg, len, value);
}

/* Type 1, without the ports where the record has the answer. */
const struct pci_raw_ops pci_recorded_conf1 __initconst = {
	.read =		recorded_read,
};
