// SPDX-License-Identifier: GPL-2.0
/*
 * Is the PCI hierarchy that this kernel sees a hypervisor's?
 *
 * Shortcuts that rely on how virtual machine monitors emulate PCI ask here,
 * so that the rule stands in one place.
 */

#include <linux/init.h>
#include <xen/xen.h>
#include <asm/acrn.h>
#include <asm/cpufeature.h>
#include <asm/hypervisor.h>
#include <asm/mshyperv.h>
#include <asm/pci_x86.h>

/**
 * pci_guest_by_facts - decide from the facts alone
 * @facts: what is known about the hypervisor
 *
 * Separate from pci_guest() so that a test can go through the hypervisors that
 * it can't boot under.
 *
 * The CPUID bit and the detected type are both asked for, as each misses
 * guests: the type is native under a hypervisor that Linux has no code for
 * (QEMU's TCG, for one), when that code is not built in, and with "nopv"; the
 * bit is clear under a VMware product that hides it and is found by DMI.
 *
 * Return: true in a guest whose PCI hierarchy is its hypervisor's, false on bare
 * metal and in a privileged domain, which is handed the machine's own functions.
 */
bool pci_guest_by_facts(const struct pci_guest_facts *facts)
{
	if (!facts->hypervisor_bit && !facts->hypervisor_type)
		return false;

	return !facts->xen && !facts->hyperv_parent && !facts->acrn_privileged;
}

/*
 * The walk over the CPUID leaves of hypervisors is 256 exits if the signature is
 * another one, so it is not made under a hypervisor that is known: only an ACRN
 * service VM without CONFIG_ACRN_GUEST needs it.
 */
static bool __init acrn_privileged_vm(void)
{
	if (!hypervisor_is_type(X86_HYPER_ACRN) &&
	    !hypervisor_is_type(X86_HYPER_NATIVE))
		return false;

	return acrn_cpuid_base() &&
	       (cpuid_eax(ACRN_CPUID_FEATURES) & ACRN_FEATURE_PRIVILEGED_VM);
}

static bool in_guest __ro_after_init;

static int __init pci_guest_init(void)
{
	const struct pci_guest_facts facts = {
		.hypervisor_bit = boot_cpu_has(X86_FEATURE_HYPERVISOR),
		.hypervisor_type = !hypervisor_is_type(X86_HYPER_NATIVE),
		/* With "nopv", Xen is detected but xen_domain() is false. */
		.xen = xen_domain() ||
		       hypervisor_is_type(X86_HYPER_XEN_PV) ||
		       hypervisor_is_type(X86_HYPER_XEN_HVM),
		.hyperv_parent = hv_parent_partition(),
		.acrn_privileged = acrn_privileged_vm(),
	};

	in_guest = pci_guest_by_facts(&facts);
	return 0;
}
core_initcall(pci_guest_init);

/**
 * pci_guest - is the PCI hierarchy that this kernel sees a hypervisor's?
 *
 * All of Xen is left out: a PV or PVH dom0 owns the hardware, and a domU has no
 * ECAM.
 *
 * Context: Any, from arch_initcall on.
 * Return: see pci_guest_by_facts().
 */
bool pci_guest(void)
{
	return in_guest;
}
