// SPDX-License-Identifier: GPL-2.0
/*
 * region_churn - remove and insert an ECAM region while every processor uses
 * configuration space: is there a window in which an access goes nowhere?
 *
 * A thread on each processor reads and writes a function of its own, as any
 * driver does. Meanwhile the region that covers it is removed and inserted, the
 * way a host bridge that is unplugged and plugged in does it. Every read must
 * give the value that is there, every write must arrive.
 *
 * Loading it is the test, which fails with -EIO. A test in which not both some
 * accesses were made with the region and some without it has shown nothing, and
 * fails with -ENODATA. The parameter "result" has the figures.
 *
 * No module may call what it calls: whoever loads it has to say where that is,
 * as /proc/kallsyms does.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <asm/pci_x86.h>

/* Accesses between two looks at the region and the scheduler. */
#define BATCH			8
/* How long a region stays, and stays away. */
#define PHASE_US		500

static unsigned int seconds = 3;
module_param(seconds, uint, 0);
MODULE_PARM_DESC(seconds, "how long to do it");

static unsigned long lookup_at, insert_at, delete_at;
module_param_named(pci_mmconfig_lookup, lookup_at, ulong, 0);
MODULE_PARM_DESC(pci_mmconfig_lookup, "address of that function");
module_param_named(pci_mmconfig_insert, insert_at, ulong, 0);
MODULE_PARM_DESC(pci_mmconfig_insert, "address of that function");
module_param_named(pci_mmconfig_delete, delete_at, ulong, 0);
MODULE_PARM_DESC(pci_mmconfig_delete, "address of that function");

static char result[128];
module_param_string(result, result, sizeof(result), 0444);
MODULE_PARM_DESC(result, "what was done, read only");

/* Counts the steps of a round, and the rounds by fours. */
enum { PRESENT, REMOVING, ABSENT, INSERTING, NR_PHASES };
static atomic_t steps;

struct worker {
	struct task_struct *task;
	struct pci_dev *dev;
	unsigned long with_region, without_region;
	u8 line, saved_line;
	bool failed;
};

static void expect(struct worker *w, const char *what, int ret, u32 value, u32 expected)
{
	if ((ret || value != expected) && !w->failed) {
		pr_err("%s: %s is %#x, not %#x (%d)\n", pci_name(w->dev), what,
		       value, expected, ret);
		WRITE_ONCE(w->failed, true);
	}
}

/*
 * One batch. The Interrupt Line is a register that no hardware looks at, and
 * its driver has read it long ago.
 */
static void use_function(struct worker *w)
{
	u32 ids = w->dev->vendor | (u32)w->dev->device << 16;
	unsigned int i;
	u32 value32;
	u8 value8;
	int ret;

	for (i = 0; i < BATCH; i++) {
		ret = pci_read_config_dword(w->dev, PCI_VENDOR_ID, &value32);
		expect(w, "Vendor and Device ID", ret, value32, ids);
		w->line++;
		pci_write_config_byte(w->dev, PCI_INTERRUPT_LINE, w->line);
		ret = pci_read_config_byte(w->dev, PCI_INTERRUPT_LINE, &value8);
		expect(w, "what was written", ret, value8, w->line);
	}
}

static int work(void *data)
{
	struct worker *w = data;

	while (!kthread_should_stop()) {
		int step = atomic_read_acquire(&steps);

		use_function(w);
		/* The accesses come before the second look. */
		smp_rmb();
		if (step == atomic_read(&steps)) {
			if (step % NR_PHASES == PRESENT)
				w->with_region += 3 * BATCH;
			else if (step % NR_PHASES == ABSENT)
				w->without_region += 3 * BATCH;
		}
		cond_resched();
	}

	return 0;
}

/* Returns 0, or why the region could not be removed, or inserted again. */
static int __init churn_once(struct device *dev, const struct pci_mmcfg_region *region)
{
	int (*insert)(struct device *dev, u16 seg, u8 start, u8 end,
		      phys_addr_t addr) = (void *)insert_at;
	int (*delete)(u16 seg, u8 start, u8 end) = (void *)delete_at;
	int ret;

	usleep_range(PHASE_US, 2 * PHASE_US);
	atomic_inc_return(&steps);
	ret = delete(region->segment, region->start_bus, region->end_bus);
	if (ret) {
		pr_err("can't remove the region: %d\n", ret);
		return ret;
	}
	atomic_inc_return(&steps);
	usleep_range(PHASE_US, 2 * PHASE_US);
	atomic_inc_return(&steps);
	ret = insert(dev, region->segment, region->start_bus, region->end_bus,
		     region->address);
	if (ret)
		pr_err("can't insert the region again: %d\n", ret);
	else
		atomic_inc_return(&steps);

	return ret;
}

static bool __init any_failed(const struct worker *workers, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (READ_ONCE(workers[i].failed))
			return true;
	}

	return false;
}

static int __init churn(const struct worker *workers, unsigned int count)
{
	struct pci_mmcfg_region *(*lookup)(int segment, int bus) = (void *)lookup_at;
	unsigned long end = jiffies + seconds * HZ;
	struct pci_mmcfg_region *found, region;
	int ret = 0;

	rcu_read_lock();
	found = lookup(0, 0);
	if (found)
		region = *found;
	rcu_read_unlock();
	if (!found) {
		pr_err("no region covers bus 0\n");
		return -ENODEV;
	}

	while (!ret && !any_failed(workers, count) && time_before(jiffies, end))
		ret = churn_once(&workers[0].dev->dev, &region);

	return ret;
}

/* A thread for each processor, as far as there are functions on bus 0. */
static unsigned int __init start_workers(struct worker *workers)
{
	struct pci_dev *dev = NULL;
	unsigned int count = 0, cpu;

	for_each_online_cpu(cpu) {
		struct worker *w = &workers[count];

		do {
			dev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, dev);
		} while (dev && (pci_domain_nr(dev->bus) || dev->bus->number));
		if (!dev)
			break;
		w->dev = pci_dev_get(dev);
		pci_read_config_byte(dev, PCI_INTERRUPT_LINE, &w->saved_line);
		w->task = kthread_run_on_cpu(work, w, cpu,
					     KBUILD_MODNAME "/%u");
		if (IS_ERR(w->task)) {
			pci_dev_put(w->dev);
			break;
		}
		count++;
	}
	pci_dev_put(dev);

	return count;
}

static void __init stop_worker(struct worker *w)
{
	kthread_stop(w->task);
	pci_write_config_byte(w->dev, PCI_INTERRUPT_LINE, w->saved_line);
	pci_dev_put(w->dev);
}

static int __init region_churn_init(void)
{
	unsigned long with_region = 0, without_region = 0;
	unsigned int count, i;
	struct worker *workers;
	int ret;

	if (!lookup_at || !insert_at || !delete_at) {
		pr_err("pci_mmconfig_lookup, pci_mmconfig_insert and pci_mmconfig_delete must be addresses\n");
		return -EINVAL;
	}
	workers = kcalloc(num_online_cpus(), sizeof(*workers), GFP_KERNEL);
	if (!workers)
		return -ENOMEM;

	count = start_workers(workers);
	ret = count ? churn(workers, count) : -ENODEV;
	for (i = 0; i < count; i++) {
		stop_worker(&workers[i]);
		with_region += workers[i].with_region;
		without_region += workers[i].without_region;
	}
	if (!ret && any_failed(workers, count))
		ret = -EIO;
	if (!ret && (!with_region || !without_region))
		ret = -ENODATA;
	kfree(workers);

	snprintf(result, sizeof(result),
		 "method=churn threads=%u rounds=%d with_region=%lu without_region=%lu",
		 count, atomic_read(&steps) / NR_PHASES, with_region, without_region);

	return ret;
}
module_init(region_churn_init);

static void __exit region_churn_exit(void)
{
}
module_exit(region_churn_exit);

MODULE_DESCRIPTION("Remove and insert an ECAM region under load");
MODULE_LICENSE("GPL");
