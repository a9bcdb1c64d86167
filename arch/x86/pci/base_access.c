// SPDX-License-Identifier: GPL-2.0
/*
 * Base access by ECAM.
 *
 * raw_pci_read() and raw_pci_write() reach registers below 256 of domain 0
 * through raw_pci_ops.  Where ECAM is chosen, that pointer is set to the
 * operations below: they look for a region that covers the bus at each access
 * and use type 1 if there is none.  So a bus that no region covers keeps
 * working, a region may come and go with its host bridge, and a kernel that
 * does not choose ECAM runs the code that it always ran.
 *
 * See Documentation/PCI/x86-config-access.rst.
 */

#define pr_fmt(fmt) "PCI: " fmt

#include <linux/init.h>
#include <linux/pci.h>
#include <linux/rculist.h>
#include <asm/pci_base_access.h>
#include <asm/pci_x86.h>

/* Set by pci=base_conf1 and pci=base_ecam. */
enum pci_base_method pci_base_requested __ro_after_init;

struct pci_base_access_choice pci_base_choice __ro_after_init;

static int pci_base_ecam_read(unsigned int domain, unsigned int bus,
			      unsigned int devfn, int reg, int len, u32 *value)
{
	int ret;

	rcu_read_lock();
	ret = pci_base_read(pci_mmconfig_lookup(domain, bus), &pci_direct_conf1,
			    domain, bus, devfn, reg, len, value);
	rcu_read_unlock();

	return ret;
}

static int pci_base_ecam_write(unsigned int domain, unsigned int bus,
			       unsigned int devfn, int reg, int len, u32 value)
{
	int ret;

	rcu_read_lock();
	ret = pci_base_write(pci_mmconfig_lookup(domain, bus), &pci_direct_conf1,
			     domain, bus, devfn, reg, len, value);
	rcu_read_unlock();

	return ret;
}

const struct pci_raw_ops pci_base_ecam = {
	.read =		pci_base_ecam_read,
	.write =	pci_base_ecam_write,
};

/* Which method raw_pci_ops stand for. */
enum pci_base_method pci_base_method_of(const struct pci_raw_ops *ops)
{
	if (!ops)
		return PCI_BASE_NONE;
	if (ops == &pci_direct_conf1)
		return PCI_BASE_TYPE1;
	if (ops == &pci_base_ecam)
		return PCI_BASE_ECAM;
	return PCI_BASE_OTHER;
}

/**
 * pci_base_access_choose - choose a method from the facts alone
 * @facts: what is known
 *
 * Return: the method, and the first fact that decided.
 */
struct pci_base_access_choice
pci_base_access_choose(const struct pci_base_access_facts *facts)
{
	struct pci_base_access_choice choice = { .method = facts->found };

	if (facts->found == PCI_BASE_NONE) {
		choice.reason = "no type 1";
		if (facts->ecam_enabled && facts->ecam_extended)
			choice.method = PCI_BASE_ECAM;
	} else if (facts->found != PCI_BASE_TYPE1) {
		choice.reason = "the platform's own method";
	} else if (!facts->x86_64) {
		choice.reason = "32-bit kernel";
	} else if (!facts->ecam_enabled) {
		choice.reason = "ECAM is disabled on the command line";
	} else if (facts->requested == PCI_BASE_TYPE1) {
		choice.reason = "pci=base_conf1";
	} else if (facts->requested != PCI_BASE_ECAM && !facts->guest) {
		choice.reason = "the default";
	} else if (!facts->ecam_extended) {
		choice.reason = "extended access is not by ECAM";
	} else {
		choice.method = PCI_BASE_ECAM;
		choice.reason = facts->requested == PCI_BASE_ECAM ?
				"pci=base_ecam" : "hypervisor detected";
	}

	return choice;
}

/**
 * pci_base_access_init - choose, and put the choice in place
 * @facts: what is known
 *
 * Once, before functions are enumerated.  That no region is known yet does not
 * matter: one may come with a host bridge (_CBA, hotplug), and until then each
 * access falls back to type 1.
 */
void __init pci_base_access_init(const struct pci_base_access_facts *facts)
{
	pci_base_choice = pci_base_access_choose(facts);
	if (pci_base_choice.method == PCI_BASE_ECAM &&
	    raw_pci_ops == &pci_direct_conf1)
		raw_pci_ops = &pci_base_ecam;
}

static bool __init pci_base_ecam_serves(void)
{
	const struct pci_mmcfg_region *cfg;
	bool serves = false;

	rcu_read_lock();
	list_for_each_entry_rcu(cfg, &pci_mmcfg_list, list)
		serves |= READ_ONCE(cfg->base_access);
	rcu_read_unlock();

	return serves;
}

/**
 * pci_base_access_report - log what serves base access, and why
 *
 * For guests, and for those who asked, after the host bridges were enumerated.
 * "Instead of", as the line that names type 1 is printed before the choice.
 */
void __init pci_base_access_report(void)
{
	const char *reason = pci_base_choice.reason ?: "no ACPI";
	bool serves = pci_base_ecam_serves();

	if (!pci_guest() && !pci_base_requested)
		return;

	if (raw_pci_ops == &pci_base_ecam && serves)
		pr_info("Using ECAM for base access instead of type 1 (%s)\n",
			reason);
	else if (raw_pci_ops == &pci_base_ecam)
		pr_info("Using type 1 for base access (no ECAM region may serve it)\n");
	else if (raw_pci_ops == &pci_direct_conf1)
		pr_info("Using type 1 for base access (%s)\n", reason);
	else if (!raw_pci_ops && raw_pci_ext_ops == &pci_mmcfg)
		pr_info("Using ECAM for base access (%s)\n", reason);
}
