// SPDX-License-Identifier: GPL-2.0
/*
 * config_reads - measure reads of configuration space in a guest, with the series or without
 *
 * It reads by type 1, by ECAM and by raw_pci_read(). No kernel exports these functions to it, and
 * the one without the series to nobody, so whoever loads the module says where they are, as
 * /proc/kallsyms does. So that its figures can be compared with the selftest's, it times by the
 * selftest's own code: main.c of the module pci_cfg_test describes the parameters, and the files
 * "run", "results" and "chunks", which are in /sys/kernel/debug/config_reads/ here. Two more:
 *
 * latency: write as to "run" to time each read by itself, then read. The times are in ns and contain
 *	what a look at the clock costs, which the METHOD "empty" shows.
 *	  method=METHOD serves=type1|ecam|other|none reads=N median_ns=N p99_ns=N
 *	  method=METHOD unavailable=WHY
 *
 * threads: write "N METHOD" to have N threads read by it, or by each available one in turn if it
 *	is "all", until "0" is written or the module is removed; then read.
 *	  thread=N method=METHOD function=FUNCTION reads=N wrong=N
 */

#include <linux/debugfs.h>
#include <linux/module.h>
#include "config_reads.h"

static unsigned long raw_pci_read_at, pci_conf1_read_at, pci_mmcfg_read_at;
module_param_named(raw_pci_read, raw_pci_read_at, ulong, 0);
MODULE_PARM_DESC(raw_pci_read, "address of that function");
module_param_named(pci_conf1_read, pci_conf1_read_at, ulong, 0);
MODULE_PARM_DESC(pci_conf1_read, "address of that function, which reads by type 1");
module_param_named(pci_mmcfg_read, pci_mmcfg_read_at, ulong, 0);
MODULE_PARM_DESC(pci_mmcfg_read, "address of that function, which reads by ECAM");

static int empty_read(unsigned int domain, unsigned int bus, unsigned int devfn, int reg, int len,
		      u32 *val)
{
	*val = 0;
	return 0;
}

static const struct pci_raw_ops empty_ops = { .read = empty_read };
static struct pci_raw_ops type1_ops, ecam_ops, dispatched_ops;

const struct method methods[NR_METHODS] = {
	[METHOD_EMPTY]	= { "empty", &empty_ops },
	[METHOD_TYPE1]	= { "type1", &type1_ops },
	[METHOD_ECAM]	= { "ecam", &ecam_ops },
	[METHOD_RAW]	= { "raw_pci_read", &dispatched_ops },
};

static struct dentry *dir;

static int __init config_reads_init(void)
{
	int ret;

	if (!raw_pci_read_at || !pci_conf1_read_at || !pci_mmcfg_read_at) {
		pr_err(KBUILD_MODNAME ": raw_pci_read, pci_conf1_read and pci_mmcfg_read must be addresses\n");
		return -EINVAL;
	}
	type1_ops.read = (void *)pci_conf1_read_at;
	ecam_ops.read = (void *)pci_mmcfg_read_at;
	dispatched_ops.read = (void *)raw_pci_read_at;

	dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("latency", 0600, dir, NULL, &latency_fops);
	debugfs_create_file("threads", 0600, dir, NULL, &threads_fops);
	ret = timing_init(dir);
	if (ret)
		debugfs_remove(dir);
	return ret;
}
module_init(config_reads_init);

static void __exit config_reads_exit(void)
{
	/* First the files: nobody can start a thread after that. */
	debugfs_remove(dir);
	stop_readers();
}
module_exit(config_reads_exit);

MODULE_DESCRIPTION("Measurements of reads of PCI configuration space");
MODULE_LICENSE("GPL");
