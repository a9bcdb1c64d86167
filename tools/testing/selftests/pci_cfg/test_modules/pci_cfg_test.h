/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the pci_cfg_test module share: the methods that reach
 * configuration space, the module parameters, runs and the debugfs helpers.
 */
#ifndef _PCI_CFG_TEST_H
#define _PCI_CFG_TEST_H

#include <linux/fs.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <asm/pci_x86.h>

enum method_id {
	METHOD_EMPTY,		/* what the timing loop itself costs */
	METHOD_TYPE1,
	METHOD_ECAM,
	METHOD_RAW,		/* raw_pci_read(): whichever the kernel chose */
	NR_METHODS
};

struct method {
	const char *name;
	const struct pci_raw_ops *ops;
};

extern const struct method methods[NR_METHODS];

const char *method_unavailable(enum method_id id, unsigned int bus);
const char *method_serves(enum method_id id, unsigned int bus);

/* A module parameter: a multiple of step from min to max. */
struct bounded {
	unsigned int value;
	unsigned int min;
	unsigned int max;
	unsigned int step;
};

extern const struct kernel_param_ops bounded_ops;

extern struct bounded param_reads;
extern struct bounded param_bus;
extern struct bounded param_device;
extern struct bounded param_function;
extern struct bounded param_reg;

#define MAX_THREADS	64

/* Enough for every line that a file of this module accepts. */
#define WORD_SIZE	32

char *get_word(char *word, const char __user *from, size_t len);
int method_find(const char *name);

/* What a method has to do with a run. */
struct part {
	bool asked;
	const char *unavailable;	/* or NULL */
	const char *serves;
};

static inline bool takes_part(const struct part *part)
{
	return part->asked && !part->unavailable;
}

ssize_t run_methods(const char __user *from, size_t len,
		    struct part parts[NR_METHODS], int (*run)(void));
void show_parts(struct seq_file *s, const struct part parts[NR_METHODS],
		void (*show)(struct seq_file *s, enum method_id id));

extern struct mutex run_lock;

/*
 * Reads between two looks at signals and at the scheduler, and in a row by the
 * same method. Under nested virtualization a read can take 440 us.
 */
#define BATCH		1000

int end_batch(const struct method *method, int failed);

void create_run_files(struct dentry *dir);

extern const struct file_operations run_fops;
extern const struct file_operations results_fops;
extern const struct file_operations chunks_fops;
extern const struct file_operations latency_fops;
extern const struct file_operations checks_fops;
extern const struct file_operations threads_fops;

int threads_start(unsigned int count, int method);

#endif /* _PCI_CFG_TEST_H */
