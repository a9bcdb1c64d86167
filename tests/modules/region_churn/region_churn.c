// SPDX-License-Identifier: GPL-2.0
/*
 * region_churn - remove and insert an ECAM region while every processor uses configuration space:
 * is there a window in which an access goes nowhere?
 *
 * A thread on each processor reads and writes a function of its own, as any driver does. Meanwhile
 * the region that covers it is removed and inserted, as for a host bridge that is unplugged and
 * plugged in. Every read must give the value that is there, every write must arrive.
 *
 * Loading the module runs the test: it fails with -EIO if an access went wrong, and with -ENODATA
 * if it has shown nothing, because no access was made with the region or none without it. The
 * parameter "result" has the figures. The functions that it calls are not exported to modules:
 * whoever loads it passes their addresses, from /proc/kallsyms.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <asm/pci_x86.h>

#define BATCH		8	/* rounds of three accesses between two looks at the region */
#define PHASE_US	500	/* how long a region stays, and stays away */
#define MAX_THREADS	64

static unsigned int seconds = 3;
module_param(seconds, uint, 0);
static char result[128];
module_param_string(result, result, sizeof(result), 0444);
/* Addresses of functions */
static unsigned long lookup_at, insert_at, delete_at;
module_param_named(pci_mmconfig_lookup, lookup_at, ulong, 0);
module_param_named(pci_mmconfig_insert, insert_at, ulong, 0);
module_param_named(pci_mmconfig_delete, delete_at, ulong, 0);

/* A round has these phases; "steps" counts them. */
enum { PRESENT, REMOVING, ABSENT, INSERTING, NR_PHASES };
static atomic_t steps;
/* Accesses of which all of a batch were made in that phase */
static atomic_long_t accesses[NR_PHASES];
static bool failed;

static struct thread {
	struct task_struct *task;
	struct pci_dev *dev;
} threads[MAX_THREADS];

static void expect(struct pci_dev *dev, const char *what, int ret, u32 value, u32 expected)
{
	if ((ret || value != expected) && !xchg(&failed, true))
		pr_err("%s: %s is %#x, not %#x (%d)\n", pci_name(dev), what, value, expected, ret);
}

/* The Interrupt Line is a register that no hardware looks at, and a driver only once. */
static int use_function(void *data)
{
	struct pci_dev *dev = data;
	u32 ids = dev->vendor | (u32)dev->device << 16, value32;
	u8 saved_line, line = 0, value8;
	int ret, step, i;

	pci_read_config_byte(dev, PCI_INTERRUPT_LINE, &saved_line);
	while (!kthread_should_stop()) {
		step = atomic_read_acquire(&steps);
		for (i = 0; i < BATCH; i++) {
			ret = pci_read_config_dword(dev, PCI_VENDOR_ID, &value32);
			expect(dev, "Vendor and Device ID", ret, value32, ids);
			pci_write_config_byte(dev, PCI_INTERRUPT_LINE, ++line);
			ret = pci_read_config_byte(dev, PCI_INTERRUPT_LINE, &value8);
			expect(dev, "what was written", ret, value8, line);
		}
		/* The accesses come before the second look. */
		smp_rmb();
		if (step == atomic_read(&steps))
			atomic_long_add(3 * BATCH, &accesses[step % NR_PHASES]);
		cond_resched();
	}
	pci_write_config_byte(dev, PCI_INTERRUPT_LINE, saved_line);
	return 0;
}

/* Start a thread on each processor, as far as there are functions on bus 0. */
static unsigned int __init start_threads(void)
{
	unsigned int count = 0, devfn;
	struct task_struct *task;
	struct pci_dev *dev;

	for (devfn = 0; devfn < 256 && count < min(num_online_cpus(), MAX_THREADS); devfn++) {
		dev = pci_get_domain_bus_and_slot(0, 0, devfn);
		if (!dev)
			continue;
		task = kthread_run_on_cpu(use_function, dev, count, KBUILD_MODNAME "/%u");
		if (IS_ERR(task)) {
			pci_dev_put(dev);
			break;
		}
		threads[count++] = (struct thread){ task, dev };
	}
	return count;
}

static int __init churn(struct device *dev)
{
	struct pci_mmcfg_region *(*lookup)(int segment, int bus) = (void *)lookup_at;
	int (*insert)(struct device *, u16 seg, u8 start, u8 end, phys_addr_t) = (void *)insert_at;
	int (*delete)(u16 seg, u8 start, u8 end) = (void *)delete_at;
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
	while (!ret && !READ_ONCE(failed) && time_before(jiffies, end)) {
		usleep_range(PHASE_US, 2 * PHASE_US);
		atomic_inc_return(&steps);
		ret = delete(region.segment, region.start_bus, region.end_bus);
		if (ret)
			break;
		atomic_inc_return(&steps);
		usleep_range(PHASE_US, 2 * PHASE_US);
		atomic_inc_return(&steps);
		ret = insert(dev, region.segment, region.start_bus, region.end_bus, region.address);
		atomic_inc_return(&steps);
	}
	if (ret)
		pr_err("can't remove the region, or insert it again: %d\n", ret);
	return ret;
}

static int __init region_churn_init(void)
{
	long with_region, without_region;
	unsigned int count, i;
	int ret;

	count = start_threads();
	ret = count ? churn(&threads[0].dev->dev) : -ENODEV;
	for (i = 0; i < count; i++) {
		kthread_stop(threads[i].task);
		pci_dev_put(threads[i].dev);
	}
	with_region = atomic_long_read(&accesses[PRESENT]);
	without_region = atomic_long_read(&accesses[ABSENT]);
	snprintf(result, sizeof(result),
		 "method=churn threads=%u rounds=%d with_region=%ld without_region=%ld",
		 count, atomic_read(&steps) / NR_PHASES, with_region, without_region);
	if (!ret && READ_ONCE(failed))
		ret = -EIO;
	return ret ?: with_region && without_region ? 0 : -ENODATA;
}
module_init(region_churn_init);

static void __exit region_churn_exit(void) {}
module_exit(region_churn_exit);

MODULE_DESCRIPTION("Remove and insert an ECAM region under load");
MODULE_LICENSE("GPL");
