/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the module config_reads share, besides the selftest's timing.c. */
#ifndef CONFIG_READS_H
#define CONFIG_READS_H

#include "pci_cfg_test.h"

extern const struct file_operations latency_fops;
extern const struct file_operations threads_fops;

void threads_stop(void);

#endif
