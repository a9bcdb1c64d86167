// SPDX-License-Identifier: GPL-2.0
/*
 * Base access by ECAM.
 *
 * raw_pci_read() and raw_pci_write() reach registers below 256 of domain 0
 * through raw_pci_ops, which is type 1 on a PC.  When the first ECAM region
 * proves to be right, the operations below take that place.  They use ECAM
 * where it may serve the access, and type 1 for everything else.  So a bus
 * without a region keeps working, a region may come and go with its host
 * bridge, and a kernel without such a region runs the code that it always ran.
 */

#define pr_fmt(fmt) "PCI: " fmt

#include <kunit/visibility.h>
#include <linux/init.h>
#include <linux/pci.h>
#include <linux/rculist.h>
#include <linux/syscore_ops.h>
#include <asm/pci_base_access.h>
#include <asm/pci_x86.h>

/*
 * Which functions ECAM may serve on each bus.  Bit N stands for every devfn with
 * devfn % 32 == N, as all devices of a bus are treated alike.  Written under
 * pci_mmcfg_lock, or by the only CPU that runs in resume.
 */
VISIBLE_IF_KUNIT u32 pci_base_functions[256] __read_mostly;

/*
 * Type 1 aligns an access to its width, ECAM would not.  Each method refuses a
 * bus above 255, so "& 0xff" only keeps the index in range.
 */
static __always_inline bool ecam_may_serve(unsigned int bus,
					   unsigned int devfn, int reg, int len)
{
	u32 functions = READ_ONCE(pci_base_functions[bus & 0xff]);

	return (functions & (1U << (devfn & 31))) && !(reg & (len - 1));
}

/*
 * If the region left the list after the test, the access would fail instead of
 * using type 1.  pci_base_ecam_stop() waits until it is done.
 * rcu_read_lock_sched() costs three instructions, rcu_read_lock() two calls.
 */
static int pci_base_read(unsigned int domain, unsigned int bus,
			 unsigned int devfn, int reg, int len, u32 *value)
{
	rcu_read_lock_sched();
	if (ecam_may_serve(bus, devfn, reg, len)) {
		int ret = pci_mmcfg.read(domain, bus, devfn, reg, len, value);

		rcu_read_unlock_sched();
		return ret;
	}
	rcu_read_unlock_sched();

	return pci_direct_conf1.read(domain, bus, devfn, reg, len, value);
}

static int pci_base_write(unsigned int domain, unsigned int bus,
			  unsigned int devfn, int reg, int len, u32 value)
{
	rcu_read_lock_sched();
	if (ecam_may_serve(bus, devfn, reg, len)) {
		int ret = pci_mmcfg.write(domain, bus, devfn, reg, len, value);

		rcu_read_unlock_sched();
		return ret;
	}
	rcu_read_unlock_sched();

	return pci_direct_conf1.write(domain, bus, devfn, reg, len, value);
}

const struct pci_raw_ops pci_base_ecam = {
	.read =		pci_base_read,
	.write =	pci_base_write,
};

/* Of regions that overlap the first one serves, or none after one has stopped. */
static void set_functions(const struct pci_mmcfg_region *cfg, u32 functions)
{
	unsigned int bus;

	for (bus = cfg->start_bus; bus <= cfg->end_bus; bus++) {
		if (!functions || pci_mmconfig_lookup(cfg->segment, bus) == cfg)
			WRITE_ONCE(pci_base_functions[bus], functions);
	}
}

static bool region_serves(const struct pci_mmcfg_region *cfg)
{
	unsigned int bus;

	for (bus = cfg->start_bus; bus <= cfg->end_bus; bus++) {
		if (pci_base_functions[bus] &&
		    pci_mmconfig_lookup(cfg->segment, bus) == cfg)
			return true;
	}

	return false;
}

/*
 * The registers that place a region are the chipset's, and Linux leaves it to
 * firmware to restore them after sleep.  If firmware does not, extended access
 * is lost.  Base access, which restores the devices, must not be.  So use type 1
 * until each region has been checked again.
 */
static int pci_base_ecam_suspend(void *data)
{
	WRITE_ONCE(raw_pci_ops, &pci_direct_conf1);
	return 0;
}

static void pci_base_ecam_resume(void *data)
{
	const struct pci_mmcfg_region *cfg;

	rcu_read_lock();
	list_for_each_entry_rcu(cfg, &pci_mmcfg_list, list) {
		if (!cfg->segment && region_serves(cfg))
			set_functions(cfg, pci_base_ecam_check(cfg));
	}
	rcu_read_unlock();
	WRITE_ONCE(raw_pci_ops, &pci_base_ecam);
}

static const struct syscore_ops pci_base_ecam_syscore_ops = {
	.suspend = pci_base_ecam_suspend,
	.resume = pci_base_ecam_resume,
};

static struct syscore pci_base_ecam_syscore = {
	.ops = &pci_base_ecam_syscore_ops,
};

/**
 * pci_base_ecam_wanted - shall ECAM serve base access where it can?
 *
 * Only on x86-64, which maps regions whole, and only in place of type 1.
 *
 * Return: true if the command line asks for it, or by default in a guest.
 */
bool pci_base_ecam_wanted(void)
{
	if (!IS_ENABLED(CONFIG_X86_64) || pci_base_request == PCI_BASE_TYPE1)
		return false;

	if (raw_pci_ops != &pci_direct_conf1 && raw_pci_ops != &pci_base_ecam)
		return false;

	/* It is NULL when the first region comes with a host bridge (_CBA). */
	if (raw_pci_ext_ops && raw_pci_ext_ops != &pci_mmcfg)
		return false;

	return pci_base_request == PCI_BASE_ECAM || pci_hierarchy_is_virtual();
}

/**
 * pci_base_ecam_add - let a region serve base access if it proves to be right
 * @cfg: a region of domain 0 on pci_mmcfg_list, whose buses are not served yet
 *
 * Context: Process context, pci_mmcfg_lock held.
 * Return: true if the region now serves base access.
 */
bool pci_base_ecam_add(const struct pci_mmcfg_region *cfg)
{
	u32 functions = pci_base_ecam_check(cfg);

	if (functions)
		set_functions(cfg, functions);
	if (!region_serves(cfg))
		return false;

	if (raw_pci_ops == &pci_direct_conf1) {
		WRITE_ONCE(raw_pci_ops, &pci_base_ecam);
		register_syscore(&pci_base_ecam_syscore);
	}

	return true;
}

/**
 * pci_base_ecam_stop - stop using ECAM for base access on a region's buses
 * @cfg: a region, which need not be on pci_mmcfg_list yet
 *
 * Waits until the accesses that are under way have ended.
 *
 * Context: Process context, pci_mmcfg_lock held.
 */
void pci_base_ecam_stop(const struct pci_mmcfg_region *cfg)
{
	if (cfg->segment || raw_pci_ops != &pci_base_ecam)
		return;

	set_functions(cfg, PCI_BASE_NO_FUNCTION);
	synchronize_rcu();
}

/* Log the method if it is not type 1, or if the user chose one. */
void __init pci_base_access_report(void)
{
	const char *reason = "hypervisor detected";

	if (pci_base_request == PCI_BASE_TYPE1)
		reason = "pci=base_conf1";
	else if (pci_base_request == PCI_BASE_ECAM)
		reason = "pci=base_ecam";

	if (raw_pci_ops == &pci_base_ecam)
		pr_info("Using ECAM for base access instead of type 1 (%s)\n",
			reason);
	else if (pci_base_request && raw_pci_ops == &pci_direct_conf1)
		pr_info("Using type 1 for base access (%s%s)\n", reason,
			pci_base_request == PCI_BASE_ECAM ?
			", but no region may serve it" : "");
}
