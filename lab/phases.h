/* SPDX-License-Identifier: GPL-2.0 */
/*
 * phases - the phases of a kernel's boot, told by what it says
 *
 * vm finds these lines on the console between the accesses that it counts; init
 * finds them in the kernel's trace, where they have their time. A phase ends where
 * another one begins, the last one with the start of user space.
 */
#ifndef LAB_PHASES_H
#define LAB_PHASES_H

static const struct {
	const char *name;
	const char *begins;	/* what is in its first line */
} phases[] = {
	/* Early quirks and the like. It is over before the kernel can trace. */
	{ "early",		NULL },
	/* acpi_early_init() in drivers/acpi/bus.c. */
	{ "acpi",		"ACPI: Core revision" },
	/* acpi_pci_root_add() in drivers/acpi/pci_root.c, with all that follows. */
	{ "enumeration",	"ACPI: PCI Root Bridge [" },
	/* pcibios_init() in arch/x86/pci/common.c, behind the scan for peer bridges. */
	{ "drivers",		"PCI: pci_cache_line_size set to" },
};

/* The last line of a kernel that boots: run_init_process() in init/main.c. */
#define LAST_LINE	"Run /init as init process"

#define NR_PHASES	(sizeof(phases) / sizeof(phases[0]))

#endif
