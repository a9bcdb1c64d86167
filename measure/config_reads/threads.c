// SPDX-License-Identifier: GPL-2.0
/*
 * The file "threads": kernel threads that read configuration space at the same time. Reads from user
 * space take pci_lock, whatever the method, so only readers inside the kernel really run in parallel.
 *
 * Each thread reads the Vendor ID and Device ID of one function again and again, neighbours those
 * of different functions: an answer that belongs to another thread's question is a wrong value.
 * One program at a time uses the file.
 */

#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "config_reads.h"

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

void stop_readers(void)
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
 * @only: their method, or NR_METHODS for each in turn, in place of one that is unavailable METHOD_RAW
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
