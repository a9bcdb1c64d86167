// SPDX-License-Identifier: GPL-2.0
/*
 * pci_cfg_test - read PCI configuration space by every method that the kernel has
 *
 * The module calls pci_direct_conf1 (type 1), pci_mmcfg (ECAM) and raw_pci_read()
 * (what everything else in the kernel gets), so it times and checks the code that
 * really runs, with its locks. It only looks at domain 0: type 1 knows no other.
 *
 * A METHOD is empty, type1, ecam or raw_pci_read. The files are in
 * /sys/kernel/debug/pci_cfg_test/:
 *
 * run: write "all" to time all methods that are available, or a METHOD.
 *	Each makes "reads" reads of the first 32-bit register of "function".
 *	EINVAL: no such word; ENODEV: the METHOD is not available; EIO: a read
 *	failed.
 *
 * results: the last complete run, a line for each METHOD that was asked for.
 *	reads is less than the parameter if "seconds" have passed. Times are in
 *	ns; min, median and max are those of a chunk, which is reads / chunks
 *	reads.
 *	  method=METHOD serves=type1|ecam|other|none reads=N total_ns=N chunks=N
 *		min_ns=N median_ns=N max_ns=N (all in one line)
 *	  method=METHOD unavailable=WHY
 *
 * chunks: the same run, a line for each chunk. Within a chunk the methods run
 *	one after the other, so that ratios within a line can be trusted when the
 *	speed of the machine drifts.
 *	  chunk=N empty_ns=N type1_ns=N ecam_ns=N raw_pci_read_ns=N
 *
 * checks: write something to compare the methods, then read. This reads every
 *	register of every function, as "lspci -xxxx" does, or of some functions
 *	when there is no time for all. It writes the Interrupt Line register of
 *	functions that have no driver.
 *	  check=NAME result=pass|fail functions=N skipped=N registers=N
 *		changing=N wrong=N (all in one line)
 *	  check=NAME result=skip why=WHY
 *	  note=NAME TEXT
 */

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/pci.h>

#include "pci_cfg_test.h"

static int empty_read(unsigned int domain, unsigned int bus,
		      unsigned int devfn, int reg, int len, u32 *val)
{
	*val = 0;
	return 0;
}

static const struct pci_raw_ops empty_ops = {
	.read	= empty_read,
};

static const struct pci_raw_ops dispatched_ops = {
	.read	= raw_pci_read,
	.write	= raw_pci_write,
};

const struct method methods[NR_METHODS] = {
	[METHOD_EMPTY]	= { "empty", &empty_ops },
	[METHOD_TYPE1]	= { "type1", &pci_direct_conf1 },
	[METHOD_ECAM]	= { "ecam", &pci_mmcfg },
	[METHOD_RAW]	= { "raw_pci_read", &dispatched_ops },
};

static struct dentry *dir;

static int __init pci_cfg_test_init(void)
{
	int ret;

	dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("checks", 0600, dir, NULL, &checks_fops);
	ret = timing_init(dir);
	if (ret)
		debugfs_remove(dir);
	return ret;
}

static void __exit pci_cfg_test_exit(void)
{
	debugfs_remove(dir);
}

module_init(pci_cfg_test_init);
module_exit(pci_cfg_test_exit);

MODULE_DESCRIPTION("Timing and checks of PCI configuration space access methods");
MODULE_LICENSE("GPL");
MODULE_INFO(test, "Y");
