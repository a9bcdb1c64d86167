/* SPDX-License-Identifier: GPL-2.0 */
/* init - what the parts of a guest's first process share; init.c says what it does */
#ifndef LAB_INIT_H
#define LAB_INIT_H

#include <limits.h>
#include <stdbool.h>

/* The words after the job, each followed by a blank. */
extern char parameters[1024];

/* Send a record. When it returns the host has it, and sending disturbs nothing. */
void record(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Send the verdict "fail WHAT: WHY" and power off; fail() has errno for the why. */
void fail(const char *what) __attribute__((noreturn));
void fail_because(const char *what, const char *why) __attribute__((noreturn));

void mount_at(const char *type, const char *where);
void write_to(const char *path, const char *text);
unsigned long read_number(const char *path);

/* More parameters for the next module that is loaded. */
void add_parameter(const char *name, unsigned long value);
/* Where a function of the kernel is that no module may call. */
void add_address(const char *name);

/* A module with files in /sys/kernel/debug/NAME/. */
struct module {
	const char *name;
	const char *path;
};

extern const struct module pci_cfg_test;

/* By which it times; the first is none. */
#define NR_METHODS	4
extern const char * const methods[NR_METHODS];

/* Its parameters must be those that were asked for, so nobody else loads it. */
void load_module(const struct module *module);
void unload_module(const struct module *module);
void path_in(const struct module *module, const char *file, char path[PATH_MAX]);
/* Write to a file of it. Returns false if this machine does not have the method. */
bool tell_module(const struct module *module, const char *file, const char *text);
/* Send each line of a file of it as a record. */
void record_module(const char *kind, const struct module *module, const char *file);
/* Load it, have it time all methods, send that, unload it. */
void time_all_methods(const struct module *module);

/* Jobs, see init.c. Each returns when the verdict is to be pass. */
void job_selftest(void);
void job_sleep(void);
void job_suspend(void);
void job_kexec(void);
void job_kdump(void);
void job_nested(void);
void job_phases(void);
void job_bench(void);
void job_contention(void);
void job_irqsoff(void);

#endif
