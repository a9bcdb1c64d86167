// SPDX-License-Identifier: GPL-2.0
/*
 * Does a hypervisor provide the PCI hierarchy that this kernel sees?
 *
 * Code that relies on how hypervisors emulate PCI asks here, so that the rule
 * is in one place.
 */

#include <linux/pci.h>
#include <xen/xen.h>
#include <asm/acrn.h>
#include <asm/cpufeature.h>
#include <asm/hypervisor.h>
#include <asm/mshyperv.h>
#include <asm/pci_x86.h>

static bool acrn_service_vm(void)
{
	return hypervisor_is_type(X86_HYPER_ACRN) &&
	       (cpuid_eax(ACRN_CPUID_FEATURES) & ACRN_FEATURE_PRIVILEGED_VM);
}

/**
 * pci_hierarchy_is_virtual - does a hypervisor provide the PCI hierarchy?
 *
 * Both the CPUID bit and the detected type count, as each misses guests.  The
 * type is native under a hypervisor that Linux has no code for (QEMU's TCG,
 * for one), if that code is not built in, and with "nopv".  The bit is clear
 * under a VMware product that hides it and is found by DMI.
 *
 * Context: Any, after init_hypervisor_platform().
 * Return: true in a guest.  False on bare metal, in a parent partition of
 * Hyper-V, a service VM of ACRN and a cell of Jailhouse, which own the devices
 * that they see, and in all Xen domains: dom0 owns the devices, and a domU has
 * no ECAM and gains nothing.  True by mistake in a parent partition of Hyper-V
 * whose kernel lacks CONFIG_MSHV_ROOT, in hvisor's zone 0 and under BitVisor.
 */
bool pci_hierarchy_is_virtual(void)
{
	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR) &&
	    hypervisor_is_type(X86_HYPER_NATIVE))
		return false;

	/* With "nopv", the type may be Xen's while xen_domain() is false. */
	if (xen_domain() || hypervisor_is_type(X86_HYPER_XEN_PV) ||
	    hypervisor_is_type(X86_HYPER_XEN_HVM))
		return false;

	return !hypervisor_is_type(X86_HYPER_JAILHOUSE) &&
	       !hv_parent_partition() && !acrn_service_vm();
}
