/* SPDX-License-Identifier: GPL-2.0 */
/* init - what the parts of a guest's first process share; init.c says what it does */
#ifndef LAB_INIT_H
#define LAB_INIT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Send a record. It has arrived at the host when this returns. */
void record(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Send the verdict "fail WHAT: WHY" and power off; fail() takes WHY from errno. */
void fail(const char *what) __attribute__((noreturn));
void fail_because(const char *what, const char *why) __attribute__((noreturn));

/* Returns the text, a path or a module's parameters, in memory that the next call uses again. */
const char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Each of these fails the guest if it can't do what its name says. */
FILE *open_file(const char *name);	/* to read */
int open_fd(const char *name, int flags);
void mount_at(const char *type, const char *where);
unsigned long read_number(const char *name);	/* 0x... is hexadecimal */
uint32_t read_ids(int config);	/* Vendor and Device ID, of a file "config" */
/* Returns false if the write gives ENODEV: a module does for a method that is not there. */
bool write_to(const char *name, const char *text);
/* Send each line of a file as a record. */
void record_file(const char *kind, const char *name);

/* Returns the next line without its end, in memory that the next call uses again, or NULL. */
char *next_line(FILE *f);

/* Returns a parameter of the job, which must be a number above 0, or else the default. */
unsigned long parameter(const char *name, unsigned long otherwise);

/* How the module reads; "empty" is a loop that reads nothing. */
#define NR_METHODS	4
extern const char * const methods[NR_METHODS];

/* The module that reads, so often by each method in a run; one at a time. Nothing else may load it. */
#define PCI_CFG_TEST	"pci_cfg_test"	/* the selftest's */
#define CONFIG_READS	"config_reads"	/* measure/config_reads, for kernels without the series as well */
void load_module(const char *name, unsigned long reads);
void unload_module(void);
/* Returns the path of a file of it, like text(). */
const char *module_file(const char *name);
/* Let it time all methods, send the results, unload it. */
void time_all_methods(void);

/* Jobs, see init.c. Each returns if the verdict is pass. */
void job_phases(void);
void job_bench(void);
void job_contention(void);
void job_irqsoff(void);

#endif
