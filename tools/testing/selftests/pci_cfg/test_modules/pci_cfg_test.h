/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the pci_cfg_test module share: the methods that reach
 * configuration space, the module parameters and the debugfs helpers.
 */
#ifndef _PCI_CFG_TEST_H
#define _PCI_CFG_TEST_H

#include <linux/fs.h>
#include <linux/pci.h>
#include <asm/pci_base_access_query.h>
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

int method_find(const char *name);
const char *method_unavailable(enum method_id id, unsigned int bus);
const char *method_serves(enum method_id id, unsigned int bus);

/* A module parameter: a multiple of step from min to max. */
struct bounded {
	unsigned int value;
	unsigned int min;
	unsigned int max;
	unsigned int step;
};

extern struct bounded param_reads;
extern struct bounded param_bus;
extern struct bounded param_device;
extern struct bounded param_function;
extern struct bounded param_reg;

#define MAX_THREADS	64

/* Enough for every line that a file of this module accepts. */
#define WORD_SIZE	32

char *get_word(char *word, const char __user *from, size_t len);

extern const struct file_operations run_fops;
extern const struct file_operations results_fops;
extern const struct file_operations chunks_fops;
extern const struct file_operations checks_fops;
extern const struct file_operations threads_fops;

int threads_start(unsigned int count, int method);

#endif /* _PCI_CFG_TEST_H */
