// SPDX-License-Identifier: GPL-2.0
/*
 * What serves base access to a bus, for the selftest
 * tools/testing/selftests/pci_cfg.
 */

#include <linux/export.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <asm/pci_base_access_query.h>

/**
 * pci_base_access_query - what serves base access to a bus
 * @bus:	bus number in domain 0
 * @info:	filled in
 *
 * Context: Any.
 */
void pci_base_access_query(unsigned int bus, struct pci_base_access_info *info)
{
	const struct pci_mmcfg_region *cfg;
	struct pci_base_access_choice choice;
	struct pci_base_access_facts facts;
	bool covered, trusted;

	pci_base_access_facts(&facts);
	choice = pci_base_access_choose(&facts);

	rcu_read_lock();
	cfg = pci_mmconfig_lookup(0, bus);
	covered = cfg && raw_pci_ext_ops == &pci_mmcfg;
	trusted = cfg && cfg->base_access;
	rcu_read_unlock();

	info->method = choice.method;
	info->reason = choice.reason;
	if (choice.method == PCI_BASE_ECAM && facts.found && !trusted) {
		info->method = PCI_BASE_TYPE1;
		info->reason = "no ECAM region may serve this bus";
	} else if (choice.method == PCI_BASE_ECAM && !covered) {
		info->method = PCI_BASE_NONE;
	}

	info->no_type1 = facts.found == PCI_BASE_TYPE1 ? NULL :
			 "type 1 was not found";
	if (covered)
		info->no_ecam = NULL;
	else if (!facts.ecam_enabled)
		info->no_ecam = "ECAM is disabled on the command line";
	else
		info->no_ecam = "no ECAM region covers this bus";
}
EXPORT_SYMBOL_FOR_MODULES(pci_base_access_query, "pci_cfg_test");
