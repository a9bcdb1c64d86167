// SPDX-License-Identifier: GPL-2.0
/*
 * pci_cfg_test - read PCI configuration space by every method the kernel has
 *
 * Calls pci_direct_conf1 (type 1), pci_mmcfg (ECAM) and raw_pci_read() (what
 * everything else in the kernel gets), so it times and checks the code that
 * really runs, with its locks. Nothing happens at load, unless the parameter
 * "threads" asks for it. Only domain 0 is looked at: type 1 knows no other.
 *
 * A METHOD is empty, type1, ecam or raw_pci_read. The files are in
 * /sys/kernel/debug/pci_cfg_test/:
 *
 * run: write "1" or "all" to time all methods that are available, or a METHOD.
 *	Each makes "reads" reads of the 32-bit register "reg" of the function
 *	that "bus", "device" and "function" name. EINVAL: no such word; ENODEV:
 *	the METHOD is not available; EIO: a read failed.
 *
 * results: the last complete run, a line for each METHOD that was asked for.
 *	Times are in ns; min, median and max are those of a chunk, which is
 *	reads / chunks reads.
 *	  method=METHOD serves=type1|ecam|other|none reads=N total_ns=N chunks=N
 *		min_ns=N median_ns=N max_ns=N (all in one line)
 *	  method=METHOD unavailable=WHY
 *
 * chunks: the same run, a line a chunk. Within a chunk the methods run one
 *	after the other, so that ratios within a line can be trusted when the
 *	speed of the machine drifts.
 *	  chunk=N empty_ns=N type1_ns=N ecam_ns=N raw_pci_read_ns=N
 *
 * latency: write as to "run" to time each read by itself, a million by each
 *	METHOD at most, then read. The times are in ns and have in them what it
 *	costs to look at the clock, which is what the METHOD "empty" shows.
 *	  method=METHOD serves=type1|ecam|other|none reads=N min_ns=N
 *		median_ns=N p99_ns=N max_ns=N (all in one line)
 *	  method=METHOD unavailable=WHY
 *
 * checks: write "1" to compare the methods, then read. This reads every
 *	register of every function, as "lspci -xxxx" does, and writes the
 *	Interrupt Line register of one function.
 *	  check=NAME result=pass|fail functions=N registers=N changing=N wrong=N
 *	  check=NAME result=skip why=WHY
 *	  note=NAME TEXT
 *
 * threads: write "N [METHOD]" to have N threads that read, by raw_pci_read if
 *	no METHOD is given and by each available one in turn if it is "all",
 *	until "0" is written or the module is removed; then read.
 *	  thread=N method=METHOD function=FUNCTION reads=N wrong=N
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <asm/pci_base_access_query.h>

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

static const char * const served_by[] = {
	[PCI_BASE_NONE]		= "none",
	[PCI_BASE_TYPE1]	= "type1",
	[PCI_BASE_ECAM]		= "ecam",
	[PCI_BASE_OTHER]	= "other",
};

/* Return NULL, or why the method can not be used for registers of the bus. */
const char *method_unavailable(enum method_id id, unsigned int bus)
{
	struct pci_base_access_info info;

	pci_base_access_query(bus, &info);
	switch (id) {
	case METHOD_TYPE1:
		return info.no_type1;
	case METHOD_ECAM:
		return info.no_ecam;
	case METHOD_RAW:
		return info.method == PCI_BASE_NONE ? info.reason : NULL;
	default:
		return NULL;
	}
}

/* Return the name of what answers when the method is used on the bus. */
const char *method_serves(enum method_id id, unsigned int bus)
{
	struct pci_base_access_info info;

	switch (id) {
	case METHOD_TYPE1:
	case METHOD_ECAM:
		return methods[id].name;
	case METHOD_RAW:
		pci_base_access_query(bus, &info);
		return served_by[info.method];
	default:
		return served_by[PCI_BASE_NONE];
	}
}

static struct bounded param_threads = { 0, 0, MAX_THREADS, 1 };

module_param_cb(threads, &bounded_ops, &param_threads, 0444);
MODULE_PARM_DESC(threads, "Threads to start at load, all by raw_pci_read(), 0 to 64 (default 0)");

static struct dentry *dir;

static int __init pci_cfg_test_init(void)
{
	int ret;

	dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	if (IS_ERR(dir)) {
		pr_err("can't create debugfs directory (%pe)\n", dir);
		return PTR_ERR(dir);
	}
	create_run_files(dir);
	debugfs_create_file("checks", 0600, dir, NULL, &checks_fops);
	debugfs_create_file("threads", 0600, dir, NULL, &threads_fops);

	ret = threads_start(param_threads.value, METHOD_RAW);
	if (ret)
		debugfs_remove(dir);
	return ret;
}

static void __exit pci_cfg_test_exit(void)
{
	/* First the files: nobody can start a thread after that. */
	debugfs_remove(dir);
	threads_start(0, METHOD_RAW);
}

module_init(pci_cfg_test_init);
module_exit(pci_cfg_test_exit);

MODULE_DESCRIPTION("Timing and checks of PCI configuration space access methods");
MODULE_LICENSE("GPL");
MODULE_INFO(test, "Y");
