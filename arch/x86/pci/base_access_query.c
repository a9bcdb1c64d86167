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
	enum pci_base_method method = pci_base_method_of(raw_pci_ops);
	const struct pci_mmcfg_region *cfg;
	bool covered, may_serve;

	rcu_read_lock();
	cfg = pci_mmconfig_lookup(0, bus);
	covered = cfg && raw_pci_ext_ops == &pci_mmcfg;
	may_serve = cfg && READ_ONCE(cfg->base_access);
	rcu_read_unlock();

	info->no_type1 = NULL;
	if (method != PCI_BASE_TYPE1 && method != PCI_BASE_ECAM)
		info->no_type1 = "type 1 is not in use";

	info->no_ecam = NULL;
	if (!covered && !(pci_probe & PCI_PROBE_MMCONF))
		info->no_ecam = "ECAM is disabled on the command line";
	else if (!covered)
		info->no_ecam = "no ECAM region covers this bus";

	info->method = method;
	info->reason = pci_base_choice.reason ?: "no ACPI";
	if (method == PCI_BASE_ECAM && !may_serve) {
		info->method = PCI_BASE_TYPE1;
		info->reason = "no ECAM region may serve this bus";
	} else if (method == PCI_BASE_NONE && covered) {
		info->method = PCI_BASE_ECAM;
	}
}
EXPORT_SYMBOL_FOR_MODULES(pci_base_access_query, "pci_cfg_test");
