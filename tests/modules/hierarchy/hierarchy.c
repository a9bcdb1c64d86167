// SPDX-License-Identifier: GPL-2.0
/*
 * hierarchy - is pci_hierarchy_is_virtual() right under each hypervisor, also those that can't be
 * booted here?
 *
 * The kernel's file is compiled into this module once more, with made-up answers to what it asks.
 * Loading the module fails with -EIO if one result is wrong, and the log names each.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <xen/xen.h>
#include <asm/acrn.h>
#include <asm/cpufeature.h>
#include <asm/hypervisor.h>
#include <asm/mshyperv.h>

static const struct machine {
	const char *name;
	bool is_virtual, bit;			/* CPUID.1:ECX[31] */
	enum x86_hypervisor_type type;
	bool xen, hyperv_parent;
	u32 features;				/* EAX of CPUID 0x40000001 */
} machines[] = {
	{ "bare metal", false, false, X86_HYPER_NATIVE },
	{ "a hypervisor without code for it, or nopv", true, true, X86_HYPER_NATIVE },
	{ "KVM", true, true, X86_HYPER_KVM, .features = ~0 },
	{ "VMware, by DMI alone", true, false, X86_HYPER_VMWARE },
	{ "Xen PV", false, true, X86_HYPER_XEN_PV, .xen = true },
	{ "Xen PV dom0 without the bit", false, false, X86_HYPER_XEN_PV, .xen = true },
	{ "Xen HVM", false, true, X86_HYPER_XEN_HVM, .xen = true },
	{ "Xen HVM, nopv", false, true, X86_HYPER_XEN_HVM },
	{ "Xen, by its domain alone", false, true, X86_HYPER_NATIVE, .xen = true },
	{ "Hyper-V", true, true, X86_HYPER_MS_HYPERV },
	{ "Hyper-V, parent partition", false, true, X86_HYPER_MS_HYPERV, .hyperv_parent = true },
	{ "Jailhouse", false, true, X86_HYPER_JAILHOUSE },
	{ "ACRN", true, true, X86_HYPER_ACRN },
	{ "ACRN, service VM", false, true, X86_HYPER_ACRN,
	  .features = ACRN_FEATURE_PRIVILEGED_VM },
	/* It can't run VMs, as ACRN_HSM depends on ACRN_GUEST. */
	{ "ACRN, service VM without ACRN_GUEST", true, true, X86_HYPER_NATIVE,
	  .features = ACRN_FEATURE_PRIVILEGED_VM },
}, *machine;

#undef boot_cpu_has
#undef xen_domain
#define boot_cpu_has(feature)		((feature) == X86_FEATURE_HYPERVISOR && machine->bit)
#define cpuid_eax(leaf)			((leaf) == ACRN_CPUID_FEATURES ? machine->features : 0)
#define hv_parent_partition()		(machine->hyperv_parent)
#define hypervisor_is_type(kind)	(machine->type == (kind))
#define xen_domain()			(machine->xen)

#include "virtual.c"

static int __init hierarchy_init(void)
{
	int ret = 0;

	for (machine = machines; machine < machines + ARRAY_SIZE(machines); machine++)
		if (pci_hierarchy_is_virtual() != machine->is_virtual) {
			pr_err("%s: %svirtual\n", machine->name, machine->is_virtual ? "not " : "");
			ret = -EIO;
		}
	return ret;
}
module_init(hierarchy_init);

MODULE_DESCRIPTION("Where pci_hierarchy_is_virtual() is true");
MODULE_LICENSE("GPL");
