/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the module pci_cfg_test share. */
#ifndef _PCI_CFG_TEST_H
#define _PCI_CFG_TEST_H

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

const char *method_unavailable(enum method_id id, unsigned int bus, unsigned int devfn);
const char *method_serves(enum method_id id, unsigned int bus, unsigned int devfn);
int method_find(const char *name);

/* What is timed: so many reads of this function */
extern unsigned int param_reads;
extern unsigned int param_bus, param_devfn;

/* Seconds after which a run, or the checks, come to an early end */
extern unsigned int param_seconds;

/* One method's part in a run */
struct part {
	bool asked;
	bool runs;			/* it is asked for, and available */
	const char *unavailable;	/* why, or NULL */
	const char *serves;
};

/* Enough for every line that a file of this module accepts. */
#define WORD_SIZE	32

char *get_word(char *word, const char __user *from, size_t len);
ssize_t run_methods(const char __user *from, size_t len,
		    struct part parts[NR_METHODS], int (*run)(void));
int show_parts(struct seq_file *s, const struct part parts[NR_METHODS],
	       void (*show)(struct seq_file *s, enum method_id id));

/* Reads between two looks at signals and at the scheduler. */
#define BATCH		1000

int end_batch(const struct method *method, int failed);

int timing_init(struct dentry *dir);

extern const struct file_operations checks_fops;

#endif /* _PCI_CFG_TEST_H */
