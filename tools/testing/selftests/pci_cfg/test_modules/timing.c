// SPDX-License-Identifier: GPL-2.0
/*
 * What does each method reach, and how long do reads take by it? The latter is in
 * the files "run", "results" and "chunks".
 *
 * The reads of a run are divided into chunks and in each chunk every method
 * has its turn, so each chunk gives one paired comparison. The "empty" method
 * has the cost of the loop and of its indirect call, to be subtracted.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "pci_cfg_test.h"

#define MAX_READS	100000000
#define MAX_CHUNKS	20

/* Configuration mechanism #1: PCI Local Bus Specification 3.0, 3.2.2.3.2 */
#define CONFIG_ADDRESS	0xcf8
#define CONFIG_ENABLE	0x80000000

unsigned int param_reads = 100000;
module_param_named(reads, param_reads, uint, 0444);
MODULE_PARM_DESC(reads, "Reads by each method in a run, 1 to 100000000 (default 100000)");

unsigned int param_seconds = UINT_MAX;
module_param_named(seconds, param_seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "End a run, or the checks, early after about so many seconds (default: never)");

static char *param_function = "0000:00:00.0";
module_param_named(function, param_function, charp, 0444);
MODULE_PARM_DESC(function, "Function to read, as lspci -D writes it (default 0000:00:00.0)");

unsigned int param_bus, param_devfn;

/* One run at a time: two would disturb each other. */
static DEFINE_MUTEX(run_lock);

struct timing {
	unsigned int reads;
	u64 ns[MAX_CHUNKS];
};

/* The last run: nr_chunks is 0 when there was none, or it was interrupted. */
static struct part parts[NR_METHODS];
static struct timing timings[NR_METHODS];
static unsigned int nr_chunks;

/*
 * Does a method read a function by type 1? Type 1 leaves the address that it has
 * read in a port: put one there, have the method read another register, and see
 * which of both is there. It is none of them when another processor uses type 1
 * meanwhile; then try again. It never is when there is no type 1.
 */
static bool reads_by_type1(enum method_id id, unsigned int bus, unsigned int devfn)
{
	const u32 function = CONFIG_ENABLE | bus << 16 | devfn << 8;
	u32 seen, val;
	int i;

	for (i = 0; i < 1000; i++) {
		methods[METHOD_TYPE1].ops->read(0, bus, devfn, PCI_CARDBUS_CIS, 4, &val);
		methods[id].ops->read(0, bus, devfn, PCI_SUBSYSTEM_VENDOR_ID, 4, &val);
		seen = inl(CONFIG_ADDRESS);
		if (seen == (function | PCI_SUBSYSTEM_VENDOR_ID))
			return true;
		if (seen == (function | PCI_CARDBUS_CIS))
			return false;
	}
	return false;
}

static bool can_read(enum method_id id, unsigned int bus, unsigned int devfn)
{
	u32 val;

	return !methods[id].ops->read(0, bus, devfn, PCI_VENDOR_ID, 4, &val);
}

/* Return NULL, or why the method can not be used for registers of the function. */
const char *method_unavailable(enum method_id id, unsigned int bus, unsigned int devfn)
{
	switch (id) {
	case METHOD_TYPE1:
		return reads_by_type1(id, bus, devfn) ? NULL : "there is no type 1";
	case METHOD_ECAM:
		return can_read(id, bus, devfn) ? NULL : "no ECAM region covers this bus";
	case METHOD_RAW:
		return can_read(id, bus, devfn) ? NULL : "raw_pci_read() can't read this bus";
	default:
		return NULL;
	}
}

/* Return the name of what answers when the method reads the function. */
const char *method_serves(enum method_id id, unsigned int bus, unsigned int devfn)
{
	if (id == METHOD_EMPTY || !can_read(id, bus, devfn))
		return "none";
	if (id != METHOD_RAW)
		return methods[id].name;
	if (reads_by_type1(id, bus, devfn))
		return methods[METHOD_TYPE1].name;
	return can_read(METHOD_ECAM, bus, devfn) ? methods[METHOD_ECAM].name : "other";
}

/* Return what was written, without blanks around it, or an ERR_PTR(). */
char *get_word(char *word, const char __user *from, size_t len)
{
	if (len >= WORD_SIZE)
		return ERR_PTR(-EINVAL);
	if (copy_from_user(word, from, len))
		return ERR_PTR(-EFAULT);
	word[len] = '\0';
	return strim(word);
}

/* Return the method_id, or -EINVAL. */
int method_find(const char *name)
{
	int id;

	for (id = 0; id < NR_METHODS; id++) {
		if (!strcmp(methods[id].name, name))
			return id;
	}
	return -EINVAL;
}

/*
 * Have run() time the methods that were written, those that are available.
 * Return len, -ENODEV when one was asked for and is not available, or why no
 * run was made or completed.
 */
ssize_t run_methods(const char __user *from, size_t len,
		    struct part parts[NR_METHODS], int (*run)(void))
{
	char buf[WORD_SIZE], *word;
	int only, id, ret;

	word = get_word(buf, from, len);
	if (IS_ERR(word))
		return PTR_ERR(word);
	only = strcmp(word, "all") ? method_find(word) : NR_METHODS;
	if (only < 0)
		return only;
	if (mutex_lock_interruptible(&run_lock))
		return -EINTR;
	for (id = 0; id < NR_METHODS; id++) {
		parts[id].asked = only == NR_METHODS || only == id;
		parts[id].unavailable = method_unavailable(id, param_bus, param_devfn);
		parts[id].serves = method_serves(id, param_bus, param_devfn);
		parts[id].runs = parts[id].asked && !parts[id].unavailable;
	}
	ret = run();
	/* There is nothing to show of half a run. */
	if (ret)
		memset(parts, 0, NR_METHODS * sizeof(*parts));
	else if (only != NR_METHODS && parts[only].unavailable)
		ret = -ENODEV;
	mutex_unlock(&run_lock);
	return ret ?: len;
}

/* Show a line for each method that was asked for, the figures by show(). */
int show_parts(struct seq_file *s, const struct part parts[NR_METHODS],
	       void (*show)(struct seq_file *s, enum method_id id))
{
	enum method_id id;

	if (mutex_lock_interruptible(&run_lock))
		return -EINTR;
	for (id = 0; id < NR_METHODS; id++) {
		if (!parts[id].asked)
			continue;
		seq_printf(s, "method=%s ", methods[id].name);
		if (parts[id].unavailable) {
			seq_printf(s, "unavailable=%s", parts[id].unavailable);
		} else {
			seq_printf(s, "serves=%s ", parts[id].serves);
			show(s, id);
		}
		seq_putc(s, '\n');
	}
	mutex_unlock(&run_lock);
	return 0;
}

/*
 * Call this after a batch of reads; @failed says whether one of them failed.
 * Return 0, or why there must be no other batch.
 */
int end_batch(const struct method *method, int failed)
{
	if (failed) {
		pr_err("%s: reading %s failed\n", method->name, param_function);
		return -EIO;
	}
	if (fatal_signal_pending(current))
		return -EINTR;
	cond_resched();
	return 0;
}

/* Read the register so often, and add that up for this chunk. */
static int time_reads(enum method_id id, unsigned int chunk, unsigned int reads)
{
	const struct method *method = &methods[id];
	unsigned int bus = param_bus, devfn = param_devfn;
	struct timing *t = &timings[id];

	t->ns[chunk] = 0;
	while (reads) {
		unsigned int i, batch = min_t(unsigned int, reads, BATCH);
		int failed = 0, ret;
		u64 start;
		u32 val;

		start = ktime_get_ns();
		for (i = 0; i < batch; i++)
			failed |= method->ops->read(0, bus, devfn, PCI_VENDOR_ID, 4, &val);
		t->ns[chunk] += ktime_get_ns() - start;

		ret = end_batch(method, failed);
		if (ret)
			return ret;
		t->reads += batch;
		reads -= batch;
	}
	return 0;
}

static int time_methods(void)
{
	u64 end = ktime_get_ns() + (u64)param_seconds * NSEC_PER_SEC;
	unsigned int chunks = min_t(unsigned int, param_reads, MAX_CHUNKS);
	unsigned int reads = param_reads / chunks;
	unsigned int rest = param_reads % chunks;
	unsigned int chunk = 0;
	enum method_id id;
	int ret = 0;

	nr_chunks = 0;
	memset(timings, 0, sizeof(timings));
	do {
		/* The rest goes to the first chunks: the total is exact. */
		for (id = 0; id < NR_METHODS && !ret; id++) {
			if (parts[id].runs)
				ret = time_reads(id, chunk, reads + (chunk < rest));
		}
		if (ret)
			return ret;
		chunk++;
	} while (chunk < chunks && ktime_get_ns() < end);
	nr_chunks = chunk;
	return 0;
}

static ssize_t run_write(struct file *file, const char __user *from,
			 size_t len, loff_t *ppos)
{
	return run_methods(from, len, parts, time_methods);
}

static const struct file_operations run_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= run_write,
};

static int compare_ns(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void show_timing(struct seq_file *s, enum method_id id)
{
	const struct timing *t = &timings[id];
	u64 sorted[MAX_CHUNKS], total = 0;
	unsigned int i;

	for (i = 0; i < nr_chunks; i++) {
		sorted[i] = t->ns[i];
		total += t->ns[i];
	}
	sort(sorted, nr_chunks, sizeof(*sorted), compare_ns, NULL);

	seq_printf(s, "reads=%u total_ns=%llu chunks=%u", t->reads, total,
		   nr_chunks);
	seq_printf(s, " min_ns=%llu median_ns=%llu max_ns=%llu", sorted[0],
		   div_u64(sorted[(nr_chunks - 1) / 2] + sorted[nr_chunks / 2], 2),
		   sorted[nr_chunks - 1]);
}

static int results_show(struct seq_file *s, void *unused)
{
	return show_parts(s, parts, show_timing);
}
DEFINE_SHOW_ATTRIBUTE(results);

static int chunks_show(struct seq_file *s, void *unused)
{
	enum method_id id;
	unsigned int i;

	if (mutex_lock_interruptible(&run_lock))
		return -EINTR;
	for (i = 0; i < nr_chunks; i++) {
		seq_printf(s, "chunk=%u", i);
		for (id = 0; id < NR_METHODS; id++) {
			if (parts[id].runs)
				seq_printf(s, " %s_ns=%llu", methods[id].name,
					   timings[id].ns[i]);
		}
		seq_putc(s, '\n');
	}
	mutex_unlock(&run_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(chunks);

/* Check the parameters and create the files in this directory. */
int timing_init(struct dentry *dir)
{
	unsigned int device, function;
	int end;

	if (!param_reads || param_reads > MAX_READS) {
		pr_err("reads=%u: must be from 1 to %u\n", param_reads, MAX_READS);
		return -EINVAL;
	}
	if (sscanf(param_function, "0000:%2x:%2x.%1x%n", &param_bus, &device,
		   &function, &end) != 3 || param_function[end] || device > 31 ||
	    function > 7) {
		pr_err("function=%s: must be 0000:BUS:DEVICE.FUNCTION, such as 0000:00:1f.0\n",
		       param_function);
		return -EINVAL;
	}
	param_devfn = PCI_DEVFN(device, function);

	debugfs_create_file("run", 0200, dir, NULL, &run_fops);
	debugfs_create_file("results", 0400, dir, NULL, &results_fops);
	debugfs_create_file("chunks", 0400, dir, NULL, &chunks_fops);
	return 0;
}
