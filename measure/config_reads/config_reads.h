/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the module config_reads share, besides the selftest's timing.c. */
#ifndef CONFIG_READS_H
#define CONFIG_READS_H

#include "pci_cfg_test.h"

extern const struct file_operations latency_fops;
extern const struct file_operations threads_fops;

void stop_readers(void);

/* A file of debugfs: NAME_show() prints what it has, NAME_write() gets what is written. */
#define DEFINE_FILE(name)							\
static int name ## _open(struct inode *inode, struct file *file)		\
{										\
	return single_open(file, name ## _show, NULL);				\
}										\
const struct file_operations name ## _fops = {					\
	.owner = THIS_MODULE, .open = name ## _open, .read = seq_read,		\
	.write = name ## _write, .llseek = seq_lseek, .release = single_release,	\
}

#endif
