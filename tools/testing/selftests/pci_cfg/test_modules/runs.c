// SPDX-License-Identifier: GPL-2.0
/*
 * What the files that time reads share: the parameters that say what is read,
 * the words that name methods, which methods take part in a run.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "pci_cfg_test.h"

/* One run at a time: two would disturb each other. */
DEFINE_MUTEX(run_lock);

static int bounded_set(const char *val, const struct kernel_param *kp)
{
	struct bounded *p = kp->arg;
	unsigned int value;

	if (kstrtouint(val, 0, &value) || value < p->min || value > p->max ||
	    value % p->step) {
		pr_err("%s=%s: must be from %u to %u, in steps of %u\n",
		       kp->name, val, p->min, p->max, p->step);
		return -EINVAL;
	}
	p->value = value;
	return 0;
}

static int bounded_get(char *buffer, const struct kernel_param *kp)
{
	const struct bounded *p = kp->arg;

	return sysfs_emit(buffer, "%u\n", p->value);
}

const struct kernel_param_ops bounded_ops = {
	.set	= bounded_set,
	.get	= bounded_get,
};

struct bounded param_reads	= { 100000, 1, 100000000, 1 };
struct bounded param_bus	= { 0, 0, 255, 1 };
struct bounded param_device	= { 0, 0, 31, 1 };
struct bounded param_function	= { 0, 0, 7, 1 };
struct bounded param_reg	= { 0, 0, PCI_CFG_SPACE_SIZE - 4, 4 };

module_param_cb(reads, &bounded_ops, &param_reads, 0444);
MODULE_PARM_DESC(reads, "Reads by each method in a run, 1 to 100000000 (default 100000)");
module_param_cb(bus, &bounded_ops, &param_bus, 0444);
MODULE_PARM_DESC(bus, "Bus of the function to read, 0 to 255 (default 0)");
module_param_cb(device, &bounded_ops, &param_device, 0444);
MODULE_PARM_DESC(device, "Device of the function to read, 0 to 31 (default 0)");
module_param_cb(function, &bounded_ops, &param_function, 0444);
MODULE_PARM_DESC(function, "Number of the function to read, 0 to 7 (default 0)");
module_param_cb(reg, &bounded_ops, &param_reg, 0444);
MODULE_PARM_DESC(reg, "Register to read, a multiple of 4, 0 to 252 (default 0)");

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

/* Return the method_id that was written, NR_METHODS for all, or an error. */
static int get_methods(const char __user *from, size_t len)
{
	char buf[WORD_SIZE], *word;

	word = get_word(buf, from, len);
	if (IS_ERR(word))
		return PTR_ERR(word);
	if (!strcmp(word, "1") || !strcmp(word, "all"))
		return NR_METHODS;
	return method_find(word);
}

/* Say who takes part when one method is asked for, or with NR_METHODS all. */
static void choose_parts(struct part parts[NR_METHODS], enum method_id only)
{
	enum method_id id;

	for (id = 0; id < NR_METHODS; id++) {
		parts[id].asked = only == NR_METHODS || only == id;
		parts[id].unavailable = method_unavailable(id, param_bus.value);
		parts[id].serves = method_serves(id, param_bus.value);
	}
}

/*
 * Have run() time the methods that were written, those that are available.
 * Return len, -ENODEV when one was asked for and is not available, or why no
 * run was made or completed.
 */
ssize_t run_methods(const char __user *from, size_t len,
		    struct part parts[NR_METHODS], int (*run)(void))
{
	int only = get_methods(from, len), ret;

	if (only < 0)
		return only;
	if (mutex_lock_interruptible(&run_lock))
		return -EINTR;
	choose_parts(parts, only);
	ret = run();
	if (!ret && only != NR_METHODS && parts[only].unavailable)
		ret = -ENODEV;
	mutex_unlock(&run_lock);
	return ret ?: len;
}

/* Show a line for each method that was asked for, the figures by show(). */
void show_parts(struct seq_file *s, const struct part parts[NR_METHODS],
		void (*show)(struct seq_file *s, enum method_id id))
{
	enum method_id id;

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
}

/* Create the files that time reads. */
void create_run_files(struct dentry *dir)
{
	debugfs_create_file("run", 0200, dir, NULL, &run_fops);
	debugfs_create_file("results", 0400, dir, NULL, &results_fops);
	debugfs_create_file("chunks", 0400, dir, NULL, &chunks_fops);
	debugfs_create_file("latency", 0600, dir, NULL, &latency_fops);
}

/*
 * To be called between two batches of reads, of which the first has failed or
 * not. Return 0, or why there must be no other batch.
 */
int end_batch(const struct method *method, int failed)
{
	if (failed) {
		pr_err("%s: reading 0000:%02x:%02x.%x register 0x%02x failed\n",
		       method->name, param_bus.value, param_device.value,
		       param_function.value, param_reg.value);
		return -EIO;
	}
	if (fatal_signal_pending(current))
		return -EINTR;
	cond_resched();
	return 0;
}
