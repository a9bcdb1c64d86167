// SPDX-License-Identifier: GPL-2.0
/*
 * The file "latency": how long single reads take by each method.
 *
 * Each read is timed by itself, so every time has the cost of the clock in it:
 * the "empty" method shows what that is. The methods take turns in batches, for
 * a machine that gets slower or faster meanwhile to do so for all of them.
 */

#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>

#include "pci_cfg_test.h"

/* Times that are kept for a method: they take memory, and time to be sorted. */
#define MAX_TIMES	1000000

struct latency {
	u32 min;
	u32 median;
	u32 p99;
	u32 max;
};

/* The last run: nr_reads is 0 when there was none, or it was interrupted. */
static struct part parts[NR_METHODS];
static struct latency latencies[NR_METHODS];
static unsigned int nr_reads;

/* Read the register so often, and keep how long each read took. */
static int time_batch(const struct method *method, unsigned int reads, u32 *ns)
{
	unsigned int devfn = PCI_DEVFN(param_device.value, param_function.value);
	unsigned int bus = param_bus.value;
	int reg = param_reg.value;
	unsigned int i;
	int failed = 0;
	u32 val;

	for (i = 0; i < reads; i++) {
		u64 start = ktime_get_ns();

		failed |= method->ops->read(0, bus, devfn, reg, 4, &val);
		ns[i] = min_t(u64, ktime_get_ns() - start, U32_MAX);
	}
	return end_batch(method, failed);
}

/* @ns: room for the times of all methods that take part, one after the other */
static int time_all(unsigned int reads, u32 *ns)
{
	unsigned int done, batch;
	enum method_id id;
	int ret;

	for (done = 0; done < reads; done += batch) {
		u32 *to = ns + done;

		batch = min_t(unsigned int, reads - done, BATCH);
		for (id = 0; id < NR_METHODS; id++) {
			if (!takes_part(&parts[id]))
				continue;
			ret = time_batch(&methods[id], batch, to);
			if (ret)
				return ret;
			to += reads;
		}
	}
	return 0;
}

static int compare_ns(const void *a, const void *b)
{
	const u32 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void sort_all(unsigned int reads, u32 *ns)
{
	enum method_id id;

	for (id = 0; id < NR_METHODS; id++) {
		if (!takes_part(&parts[id]))
			continue;
		sort(ns, reads, sizeof(*ns), compare_ns, NULL);
		latencies[id] = (struct latency){
			.min	= ns[0],
			.median	= ((u64)ns[(reads - 1) / 2] + ns[reads / 2]) / 2,
			.p99	= ns[DIV_ROUND_UP(reads * 99, 100) - 1],
			.max	= ns[reads - 1],
		};
		ns += reads;
		cond_resched();
	}
}

static int time_singly(void)
{
	unsigned int reads = min_t(unsigned int, param_reads.value, MAX_TIMES);
	unsigned int count = 0;
	enum method_id id;
	u32 *ns;
	int ret;

	nr_reads = 0;
	for (id = 0; id < NR_METHODS; id++)
		count += takes_part(&parts[id]);

	if (count) {
		ns = vmalloc_array(reads, count * sizeof(*ns));
		if (!ns)
			return -ENOMEM;
		ret = time_all(reads, ns);
		if (!ret)
			sort_all(reads, ns);
		vfree(ns);
		if (ret)
			return ret;
	}
	nr_reads = reads;
	return 0;
}

static ssize_t latency_write(struct file *file, const char __user *from,
			     size_t len, loff_t *ppos)
{
	return run_methods(from, len, parts, time_singly);
}

static void show_latency(struct seq_file *s, enum method_id id)
{
	const struct latency *l = &latencies[id];

	seq_printf(s, "reads=%u min_ns=%u median_ns=%u p99_ns=%u max_ns=%u",
		   nr_reads, l->min, l->median, l->p99, l->max);
}

static int latency_show(struct seq_file *s, void *unused)
{
	if (mutex_lock_interruptible(&run_lock))
		return -EINTR;
	if (nr_reads)
		show_parts(s, parts, show_latency);
	mutex_unlock(&run_lock);
	return 0;
}

static int latency_open(struct inode *inode, struct file *file)
{
	return single_open(file, latency_show, NULL);
}

const struct file_operations latency_fops = {
	.owner		= THIS_MODULE,
	.open		= latency_open,
	.read		= seq_read,
	.write		= latency_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};
