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
 * latency: write as to "run" to time each read by itself, then read. The times are in ns and
 *	contain what a look at the clock costs, which the METHOD "empty" shows.
 *	  method=METHOD serves=type1|ecam|other|none reads=N median_ns=N p99_ns=N
 *	  method=METHOD unavailable=WHY
 *
 * threads: write "N METHOD" to have N threads read by it, or by each available one in turn if it
 *	is "all", until "0" is written or the module is removed; then read.
 *	  thread=N method=METHOD function=FUNCTION reads=N wrong=N
 */

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "pci_cfg_test.h"

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

/* A file of debugfs: NAME_show() prints what it has, NAME_write() gets what is written. */
#define DEFINE_FILE(name)							\
static int name ## _open(struct inode *inode, struct file *file)		\
{										\
	return single_open(file, name ## _show, NULL);				\
}										\
static const struct file_operations name ## _fops = {				\
	.owner = THIS_MODULE, .open = name ## _open, .read = seq_read,		\
	.write = name ## _write, .llseek = seq_lseek, .release = single_release,	\
}

/*
 * The file "latency": the methods take turns in batches, so that a machine that gets slower or
 * faster meanwhile does so for all of them.
 */

/* The last run, and how many reads each method made in it */
static struct part parts[NR_METHODS];
static struct latency {
	u32 median, p99;
} latencies[NR_METHODS];
static unsigned int nr_reads;

/* Read the register so often, and keep how long each read took. */
static int time_batch(const struct method *method, unsigned int reads, u32 *ns)
{
	unsigned int bus = param_bus, devfn = param_devfn;
	int failed = 0;
	u32 val;

	for (unsigned int i = 0; i < reads; i++) {
		u64 start = ktime_get_ns();

		failed |= method->ops->read(0, bus, devfn, PCI_VENDOR_ID, 4, &val);
		ns[i] = min_t(u64, ktime_get_ns() - start, U32_MAX);
	}
	return end_batch(method, failed);
}

static int compare_ns(const void *a, const void *b)
{
	const u32 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static struct latency latency_of(u32 *ns)
{
	sort(ns, nr_reads, sizeof(*ns), compare_ns, NULL);
	cond_resched();
	return (struct latency){
		.median	= ((u64)ns[(nr_reads - 1) / 2] + ns[nr_reads / 2]) / 2,
		.p99	= ns[DIV_ROUND_UP(nr_reads * 99, 100) - 1],
	};
}

static int time_singly(void)
{
	int ret = 0;
	u32 *ns;	/* of each method, one after the other */

	nr_reads = param_reads;
	ns = vmalloc_array(nr_reads, NR_METHODS * sizeof(*ns));
	if (!ns)
		return -ENOMEM;
	for (unsigned int done = 0, batch; done < nr_reads && !ret; done += batch) {
		batch = min_t(unsigned int, nr_reads - done, BATCH);
		for (int id = 0; id < NR_METHODS && !ret; id++) {
			if (parts[id].runs)
				ret = time_batch(&methods[id], batch, ns + id * nr_reads + done);
		}
	}
	for (int id = 0; id < NR_METHODS && !ret; id++) {
		if (parts[id].runs)
			latencies[id] = latency_of(ns + id * nr_reads);
	}
	vfree(ns);
	return ret;
}

static ssize_t latency_write(struct file *file, const char __user *from, size_t len, loff_t *ppos)
{
	return run_methods(from, len, parts, time_singly);
}

static void show_latency(struct seq_file *s, enum method_id id)
{
	const struct latency *l = &latencies[id];

	seq_printf(s, "reads=%u median_ns=%u p99_ns=%u", nr_reads, l->median, l->p99);
}

static int latency_show(struct seq_file *s, void *unused)
{
	return show_parts(s, parts, show_latency);
}

DEFINE_FILE(latency);

/*
 * The file "threads": kernel threads that read at the same time. Reads from user space take
 * pci_lock, whatever the method, so only readers inside the kernel really run in parallel.
 *
 * Each thread reads the Vendor ID and Device ID of one function again and again, neighbours those
 * of different functions: an answer that belongs to another thread's question is a wrong value.
 * One program at a time uses the file.
 */

#define MAX_THREADS	64

/*
 * Reads between two looks at the scheduler and at kthread_should_stop(). They are counted then:
 * few, so that the count is exact where a read takes long.
 */
#define PAUSE_AFTER	10

static struct reader {
	struct task_struct *task;
	const struct method *method;
	unsigned int devfn;
	u32 ids;
	/* Written by the thread only, read at any time */
	unsigned long reads, wrong;
} readers[MAX_THREADS];
static unsigned int nr_readers;

static int reader_thread(void *data)
{
	struct reader *r = data;
	u32 val;

	while (!kthread_should_stop()) {
		for (int i = 0; i < PAUSE_AFTER; i++) {
			if (r->method->ops->read(0, param_bus, r->devfn, PCI_VENDOR_ID, 4, &val) ||
			    val != r->ids)
				WRITE_ONCE(r->wrong, r->wrong + 1);
		}
		WRITE_ONCE(r->reads, r->reads + PAUSE_AFTER);
		cond_resched();
	}
	return 0;
}

static void stop_readers(void)
{
	while (nr_readers)
		kthread_stop(readers[--nr_readers].task);
}

/* Return the first function of the bus behind devfn, or from the start again, or -ENODEV. */
static int next_devfn(unsigned int devfn)
{
	for (unsigned int i = 1; i <= 256; i++) {
		struct pci_dev *dev;

		dev = pci_get_domain_bus_and_slot(0, param_bus, (devfn + i) % 256);
		pci_dev_put(dev);
		if (dev)
			return (devfn + i) % 256;
	}
	return -ENODEV;
}

/*
 * Prepare all readers before the first one runs, so that their IDs are right.
 * @only: their method, or NR_METHODS for each in turn; METHOD_RAW takes the turn of one that is
 * unavailable
 */
static int prepare_readers(unsigned int count, int only)
{
	int id, devfn = 255;

	for (unsigned int i = 0; i < count; i++) {
		devfn = next_devfn(devfn);
		if (devfn < 0)
			return devfn;
		id = only < NR_METHODS ? only : METHOD_TYPE1 + i % (NR_METHODS - METHOD_TYPE1);
		if (only == NR_METHODS && method_unavailable(id, param_bus, devfn))
			id = METHOD_RAW;
		if (method_unavailable(id, param_bus, devfn))
			return -ENODEV;
		readers[i] = (struct reader){ .method = &methods[id], .devfn = devfn };
		methods[METHOD_RAW].ops->read(0, param_bus, devfn, PCI_VENDOR_ID, 4,
					      &readers[i].ids);
	}
	return 0;
}

/* Replace the threads that run; if one can't be started, none runs. */
static int start_readers(unsigned int count, int only)
{
	int ret;

	stop_readers();
	ret = prepare_readers(count, only);
	while (!ret && nr_readers < count) {
		struct reader *r = &readers[nr_readers];

		r->task = kthread_run(reader_thread, r, KBUILD_MODNAME "/%u", nr_readers);
		ret = PTR_ERR_OR_ZERO(r->task);
		if (!ret)
			nr_readers++;
	}
	if (ret)
		stop_readers();
	return ret;
}

static ssize_t threads_write(struct file *file, const char __user *from, size_t len, loff_t *ppos)
{
	char buf[WORD_SIZE], *name, *word;
	int only = METHOD_RAW;
	unsigned int count;

	name = get_word(buf, from, len);
	if (IS_ERR(name))
		return PTR_ERR(name);
	word = strsep(&name, " ");
	if (name)
		only = strcmp(name, "all") ? method_find(name) : NR_METHODS;
	if (kstrtouint(word, 0, &count) || count > MAX_THREADS || only < METHOD_TYPE1)
		return -EINVAL;

	return start_readers(count, only) ?: len;
}

static int threads_show(struct seq_file *s, void *unused)
{
	for (unsigned int i = 0; i < nr_readers; i++) {
		const struct reader *r = &readers[i];

		seq_printf(s, "thread=%u method=%s function=0000:%02x:%02x.%x reads=%lu wrong=%lu\n",
			   i, r->method->name, param_bus, PCI_SLOT(r->devfn), PCI_FUNC(r->devfn),
			   READ_ONCE(r->reads), READ_ONCE(r->wrong));
	}
	return 0;
}

DEFINE_FILE(threads);

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
