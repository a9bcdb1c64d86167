// SPDX-License-Identifier: GPL-2.0
/*
 * The file "latency": how long single reads take by each method
 *
 * The methods take turns in batches, so that a machine that gets slower or faster meanwhile does so
 * for all of them.
 */

#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>
#include "config_reads.h"

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

/* @ns: room for the times of each method, one after the other */
static int time_all(u32 *ns)
{
	for (unsigned int done = 0, batch; done < nr_reads; done += batch) {
		batch = min_t(unsigned int, nr_reads - done, BATCH);
		for (int id = 0; id < NR_METHODS; id++) {
			int ret = 0;

			if (parts[id].runs)
				ret = time_batch(&methods[id], batch, ns + id * nr_reads + done);
			if (ret)
				return ret;
		}
	}
	return 0;
}

static int compare_ns(const void *a, const void *b)
{
	const u32 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void sort_all(u32 *ns)
{
	for (int id = 0; id < NR_METHODS; id++, ns += nr_reads) {
		if (!parts[id].runs)
			continue;
		sort(ns, nr_reads, sizeof(*ns), compare_ns, NULL);
		latencies[id] = (struct latency){
			.median	= ((u64)ns[(nr_reads - 1) / 2] + ns[nr_reads / 2]) / 2,
			.p99	= ns[DIV_ROUND_UP(nr_reads * 99, 100) - 1],
		};
		cond_resched();
	}
}

static int time_singly(void)
{
	u32 *ns;
	int ret;

	nr_reads = param_reads;
	ns = vmalloc_array(nr_reads, NR_METHODS * sizeof(*ns));
	if (!ns)
		return -ENOMEM;
	ret = time_all(ns);
	if (!ret)
		sort_all(ns);
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
