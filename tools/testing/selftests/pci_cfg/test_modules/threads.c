// SPDX-License-Identifier: GPL-2.0
/*
 * The file "threads": kernel threads that read configuration space at the same
 * time. Reads from user space take pci_lock, whatever the method, so that only
 * readers inside the kernel really run in parallel.
 *
 * Each thread reads the Vendor ID and Device ID of one function again and
 * again, neighbours those of different functions: an answer that belongs to
 * another thread's question is seen as a wrong value.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "pci_cfg_test.h"

/*
 * Reads between two looks at the scheduler and at kthread_should_stop(). They
 * are counted then: few, so that the count is exact where a read takes long.
 */
#define PAUSE_AFTER	10

struct reader {
	struct task_struct *task;
	const struct method *method;
	unsigned int devfn;
	u32 ids;
	/* Written by the thread only, read at any time. */
	unsigned long reads;
	unsigned long wrong;
};

static struct reader *readers;
static unsigned int nr_readers;
static DEFINE_MUTEX(threads_lock);

static int reader_thread(void *data)
{
	struct reader *r = data;
	unsigned int i;
	u32 val;

	while (!kthread_should_stop()) {
		for (i = 0; i < PAUSE_AFTER; i++) {
			if (r->method->ops->read(0, param_bus.value, r->devfn,
						 PCI_VENDOR_ID, 4, &val) ||
			    val != r->ids)
				WRITE_ONCE(r->wrong, r->wrong + 1);
		}
		WRITE_ONCE(r->reads, r->reads + PAUSE_AFTER);
		cond_resched();
	}
	return 0;
}

/*
 * Return the first present function of the bus behind devfn, from the first
 * one again after the last one; NULL when the bus has none.
 */
static struct pci_dev *next_function(unsigned int devfn)
{
	unsigned int i;

	for (i = 1; i <= 256; i++) {
		struct pci_dev *dev;

		dev = pci_get_domain_bus_and_slot(0, param_bus.value,
						  (devfn + i) % 256);
		if (dev)
			return dev;
	}
	return NULL;
}

/* Prepare all readers before the first one runs: their IDs are then right. */
static int prepare_readers(unsigned int count, int method)
{
	int id = method == NR_METHODS ? METHOD_RAW : method;
	unsigned int i, devfn = 255;

	for (i = 0; i < count; i++) {
		struct reader *r = &readers[i];
		struct pci_dev *dev;

		dev = next_function(devfn);
		if (!dev)
			return -ENODEV;
		devfn = dev->devfn;
		pci_dev_put(dev);

		while (method == NR_METHODS) {
			id = id == METHOD_RAW ? METHOD_TYPE1 : id + 1;
			if (!method_unavailable(id, param_bus.value))
				break;
		}
		r->method = &methods[id];
		r->devfn = devfn;
		raw_pci_read(0, param_bus.value, devfn, PCI_VENDOR_ID, 4, &r->ids);
	}
	return 0;
}

static void stop_readers(void)
{
	unsigned int i;

	for (i = 0; i < nr_readers; i++)
		kthread_stop(readers[i].task);
	nr_readers = 0;
	kfree(readers);
	readers = NULL;
}

static int start_readers(unsigned int count, int method)
{
	int ret;

	readers = kcalloc(count, sizeof(*readers), GFP_KERNEL);
	if (!readers)
		return -ENOMEM;

	ret = prepare_readers(count, method);
	while (!ret && nr_readers < count) {
		struct reader *r = &readers[nr_readers];

		r->task = kthread_run(reader_thread, r, KBUILD_MODNAME "/%u",
				      nr_readers);
		ret = PTR_ERR_OR_ZERO(r->task);
		if (!ret)
			nr_readers++;
	}
	if (ret)
		stop_readers();
	return ret;
}

/*
 * Replace the running threads by count others, 0 for none.
 * @method: what they read by; NR_METHODS: each available one in turn
 * Return 0, -ENODEV when the method is not available or the bus has no
 * function, or why a thread could not be started; then none runs.
 */
int threads_start(unsigned int count, int method)
{
	int asked = method == NR_METHODS ? METHOD_RAW : method;
	int ret = 0;

	if (count && method_unavailable(asked, param_bus.value))
		return -ENODEV;

	mutex_lock(&threads_lock);
	stop_readers();
	if (count)
		ret = start_readers(count, method);
	mutex_unlock(&threads_lock);
	return ret;
}

static ssize_t threads_write(struct file *file, const char __user *from,
			     size_t len, loff_t *ppos)
{
	char buf[WORD_SIZE], *name, *word;
	unsigned int count;
	int method, ret;

	word = get_word(buf, from, len);
	if (IS_ERR(word))
		return PTR_ERR(word);

	name = word;
	word = strsep(&name, " ");
	if (kstrtouint(word, 0, &count) || count > MAX_THREADS)
		return -EINVAL;

	if (!name)
		method = METHOD_RAW;
	else if (!strcmp(name, "all"))
		method = NR_METHODS;
	else
		method = method_find(name);
	if (method < METHOD_TYPE1)
		return -EINVAL;

	ret = threads_start(count, method);
	return ret ?: len;
}

static int threads_show(struct seq_file *s, void *unused)
{
	unsigned int i;

	mutex_lock(&threads_lock);
	for (i = 0; i < nr_readers; i++) {
		struct reader *r = &readers[i];

		seq_printf(s, "thread=%u method=%s function=0000:%02x:%02x.%x reads=%lu wrong=%lu\n",
			   i, r->method->name, param_bus.value,
			   PCI_SLOT(r->devfn), PCI_FUNC(r->devfn),
			   READ_ONCE(r->reads), READ_ONCE(r->wrong));
	}
	mutex_unlock(&threads_lock);
	return 0;
}

static int threads_open(struct inode *inode, struct file *file)
{
	return single_open(file, threads_show, NULL);
}

const struct file_operations threads_fops = {
	.owner		= THIS_MODULE,
	.open		= threads_open,
	.read		= seq_read,
	.write		= threads_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};
