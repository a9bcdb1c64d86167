// SPDX-License-Identifier: GPL-2.0
/*
 * Is ECAM still there after sleep?
 *
 * The registers that place an ECAM region are the chipset's, and Linux leaves
 * it to firmware to restore them.  If it does not, extended access is lost;
 * base access need not be.
 */

#define pr_fmt(fmt) "PCI: " fmt

#include <linux/pci.h>
#include <linux/printk.h>
#include <linux/rculist.h>
#include <asm/pci_base_access_check.h>
#include <asm/pci_x86.h>

/* Does ECAM find the first function that type 1 finds? */
static enum pci_base_check_outcome
check_first_function(const struct pci_mmcfg_region *cfg)
{
	unsigned int devfn;
	u32 ecam, type1;

	for (devfn = 0; devfn < 256; devfn += PCI_DEVFN(1, 0)) {
		pci_direct_conf1.read(0, cfg->start_bus, devfn, PCI_VENDOR_ID, 4,
				      &type1);
		if (PCI_POSSIBLE_ERROR(type1))
			continue;

		mmio_config_read(cfg->virt +
				 (PCI_MMCFG_BUS_OFFSET(cfg->start_bus) |
				  devfn << 12 | PCI_VENDOR_ID), 4, &ecam);
		if (pci_base_is_rrs(type1) || pci_base_is_rrs(ecam))
			continue;

		return ecam == type1 ? PCI_BASE_CHECK_SAME :
				       PCI_BASE_CHECK_DIFFERS;
	}

	return PCI_BASE_CHECK_NOTHING;
}

/**
 * pci_base_access_resume - withdraw base access from regions that are gone
 *
 * Never the other way round: what has failed once is not tried again.
 *
 * Context: syscore resume, on one CPU with interrupts off, before devices are
 * resumed.
 */
void pci_base_access_resume(void)
{
	enum pci_base_check_outcome outcome;
	struct pci_mmcfg_region *cfg;

	rcu_read_lock();
	list_for_each_entry_rcu(cfg, &pci_mmcfg_list, list) {
		if (!READ_ONCE(cfg->base_access))
			continue;

		outcome = check_first_function(cfg);
		if (outcome == PCI_BASE_CHECK_SAME)
			continue;

		WRITE_ONCE(cfg->base_access, false);
		if (outcome == PCI_BASE_CHECK_DIFFERS)
			pr_warn(FW_BUG "ECAM %pR does not answer after resume; using type 1 for base access\n",
				&cfg->res);
		else
			pr_info("ECAM %pR: no function on bus %02x shows if it is right after resume; using type 1 for base access\n",
				&cfg->res, cfg->start_bus);
	}
	rcu_read_unlock();
}
