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

/* Returns the text in memory that the next call uses again. */
const char *path(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

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

/* The words NAME=VALUE after the job, each followed by a blank: the module's parameters */
extern char parameters[1024];
/* Take a word out of them: returns a number above 0, or else the default. */
unsigned long take_number(const char *name, unsigned long otherwise);
/* Add a word; add the address of a kernel function that the kernel does not export. */
void add_parameter(const char *name, unsigned long value);
void add_address(const char *name);

/* A module with files in /sys/kernel/debug/NAME/. */
struct module {
	const char *name, *path;
};

extern const struct module pci_cfg_test;
/* How the module reads; "empty" is a loop that reads nothing. */
#define NR_METHODS	4
extern const char * const methods[NR_METHODS];

/* The module gets the parameters, so nothing else may load it. */
void load_module(const struct module *module);
void unload_module(const struct module *module);
/* Returns the path of a module's file, like path(). */
const char *path_in(const struct module *module, const char *file);
/* Load the module, let it time all methods, send the results, unload it. */
void time_all_methods(const struct module *module);

/* Jobs, see init.c. Each returns if the verdict is pass. */
void job_selftest(void);
void job_sleep(void);
void job_suspend(void);
void job_kexec(void);
void job_kdump(void);
void job_phases(void);
void job_bench(void);
void job_contention(void);
void job_irqsoff(void);

#endif
