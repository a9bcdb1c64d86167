// SPDX-License-Identifier: GPL-2.0
/*
 * raw_read - time raw_pci_read() on a kernel without the series
 *
 * That kernel exports neither raw_pci_read() nor the methods, and can't say which of them serves,
 * so the selftest's module pci_cfg_test can't be loaded. This one can: whoever loads it says where
 * raw_pci_read() is, as /proc/kallsyms does. It times by the selftest's own code, for its figures
 * to be comparable, and has its parameters and its files "run", "results", "chunks" and "latency",
 * in /sys/kernel/debug/raw_read/. Of the methods it has empty and raw_pci_read.
 */

#include <linux/debugfs.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>
#include "pci_cfg_test.h"

/* Configuration mechanism #1: PCI 3.0, 3.2.2.3.2 */
#define CONFIG_ADDRESS	0xcf8
#define CONFIG_ENABLE	0x80000000u

static unsigned long raw_pci_read_at;
module_param_named(raw_pci_read, raw_pci_read_at, ulong, 0);
MODULE_PARM_DESC(raw_pci_read, "address of that function");

static int empty_read(unsigned int domain, unsigned int bus, unsigned int devfn, int reg, int len,
		      u32 *val)
{
	*val = 0;
	return 0;
}

static const struct pci_raw_ops empty_ops = { .read = empty_read };
static struct pci_raw_ops dispatched_ops;

const struct method methods[NR_METHODS] = {
	[METHOD_EMPTY]	= { "empty", &empty_ops },
	[METHOD_TYPE1]	= { "type1" },
	[METHOD_ECAM]	= { "ecam" },
	[METHOD_RAW]	= { "raw_pci_read", &dispatched_ops },
};

/* How the function that is timed was read when the module was loaded. */
static const char *served_by;

const char *method_unavailable(enum method_id id, unsigned int bus)
{
	return methods[id].ops ? NULL : "this kernel does not export it";
}

const char *method_serves(enum method_id id, unsigned int bus)
{
	return id == METHOD_RAW ? served_by : "none";
}

/* Type 1 leaves the address of what it has read in CONFIG_ADDRESS. */
static bool __init by_type1(int reg)
{
	unsigned int devfn = PCI_DEVFN(param_device.value, param_function.value);
	u32 val;

	dispatched_ops.read(0, param_bus.value, devfn, reg, 4, &val);
	return inl(CONFIG_ADDRESS) == (CONFIG_ENABLE | param_bus.value << 16 | devfn << 8 | reg);
}

static struct dentry *dir;

static int __init raw_read_init(void)
{
	if (!raw_pci_read_at) {
		pr_err(KBUILD_MODNAME ": raw_pci_read must be an address\n");
		return -EINVAL;
	}
	dispatched_ops.read = (void *)raw_pci_read_at;
	/* Two registers: one may be what somebody else has read. */
	served_by = by_type1(PCI_VENDOR_ID) && by_type1(PCI_CLASS_REVISION) ? "type1" : "other";
	dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	create_run_files(dir);
	return 0;
}
module_init(raw_read_init);

static void __exit raw_read_exit(void)
{
	debugfs_remove(dir);
}
module_exit(raw_read_exit);

MODULE_DESCRIPTION("Timing of raw_pci_read() on a kernel that exports no methods");
MODULE_LICENSE("GPL");
