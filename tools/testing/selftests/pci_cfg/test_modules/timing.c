// SPDX-License-Identifier: GPL-2.0
/*
 * The files "run", "results" and "chunks": how long reads take by each method.
 *
 * The reads of a run are divided into chunks and in each chunk every method
 * has its turn, so each chunk gives one paired comparison. The "empty" method
 * has the cost of the loop and of its indirect call, to be subtracted.
 */

#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/sort.h>

#include "pci_cfg_test.h"

#define MAX_CHUNKS	20

struct timing {
	unsigned int reads;
	u64 ns[MAX_CHUNKS];
};

/* The last run: nr_chunks is 0 when there was none, or it was interrupted. */
static struct part parts[NR_METHODS];
static struct timing timings[NR_METHODS];
static unsigned int nr_chunks;

/* Read the register so often, adding up what was read and its time. */
static int time_reads(const struct method *method, unsigned int reads,
		      struct timing *t, u64 *ns)
{
	unsigned int devfn = PCI_DEVFN(param_device.value, param_function.value);
	unsigned int bus = param_bus.value;
	int reg = param_reg.value;

	*ns = 0;
	while (reads) {
		unsigned int i, batch = min_t(unsigned int, reads, BATCH);
		int failed = 0, ret;
		u64 start;
		u32 val;

		start = ktime_get_ns();
		for (i = 0; i < batch; i++)
			failed |= method->ops->read(0, bus, devfn, reg, 4, &val);
		*ns += ktime_get_ns() - start;

		ret = end_batch(method, failed);
		if (ret)
			return ret;
		t->reads += batch;
		reads -= batch;
	}
	return 0;
}

static int time_chunk(unsigned int chunk, unsigned int reads)
{
	enum method_id id;
	int ret;

	for (id = 0; id < NR_METHODS; id++) {
		struct timing *t = &timings[id];

		if (!takes_part(&parts[id]))
			continue;
		ret = time_reads(&methods[id], reads, t, &t->ns[chunk]);
		if (ret)
			return ret;
	}
	return 0;
}

static int time_methods(void)
{
	unsigned int chunks = min_t(unsigned int, param_reads.value, MAX_CHUNKS);
	unsigned int reads = param_reads.value / chunks;
	unsigned int rest = param_reads.value % chunks;
	unsigned int chunk;
	enum method_id id;
	int ret;

	nr_chunks = 0;
	for (id = 0; id < NR_METHODS; id++)
		timings[id].reads = 0;

	for (chunk = 0; chunk < chunks; chunk++) {
		/* The rest goes to the first chunks: the total is exact. */
		ret = time_chunk(chunk, reads + (chunk < rest));
		if (ret)
			return ret;
	}
	nr_chunks = chunks;
	return 0;
}

static ssize_t run_write(struct file *file, const char __user *from,
			 size_t len, loff_t *ppos)
{
	return run_methods(from, len, parts, time_methods);
}

const struct file_operations run_fops = {
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
	if (mutex_lock_interruptible(&run_lock))
		return -EINTR;
	if (nr_chunks)
		show_parts(s, parts, show_timing);
	mutex_unlock(&run_lock);
	return 0;
}

static int results_open(struct inode *inode, struct file *file)
{
	return single_open(file, results_show, NULL);
}

const struct file_operations results_fops = {
	.owner		= THIS_MODULE,
	.open		= results_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= single_release,
};

static int chunks_show(struct seq_file *s, void *unused)
{
	enum method_id id;
	unsigned int i;

	if (mutex_lock_interruptible(&run_lock))
		return -EINTR;
	for (i = 0; i < nr_chunks; i++) {
		seq_printf(s, "chunk=%u", i);
		for (id = 0; id < NR_METHODS; id++) {
			if (takes_part(&parts[id]))
				seq_printf(s, " %s_ns=%llu", methods[id].name,
					   timings[id].ns[i]);
		}
		seq_putc(s, '\n');
	}
	mutex_unlock(&run_lock);
	return 0;
}

static int chunks_open(struct inode *inode, struct file *file)
{
	return single_open(file, chunks_show, NULL);
}

const struct file_operations chunks_fops = {
	.owner		= THIS_MODULE,
	.open		= chunks_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= single_release,
};
