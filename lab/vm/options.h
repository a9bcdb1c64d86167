/* SPDX-License-Identifier: GPL-2.0 */
/* options - the command line of vm */
#ifndef LAB_OPTIONS_H
#define LAB_OPTIONS_H

#include <stdbool.h>

/* One member for each option, "vm --help" says what they are. */
struct options {
	const char *kernel, *initrd, *append, *job;
	const char *xen, *xen_append;		/* xen is NULL: none */
	const char *machine, *accel, *cpu, *bios, *qemu;
	const char *log, *json, *accesses;	/* NULL: not wanted */
	unsigned int smp, memory;		/* memory in MiB */
	unsigned int timeout, probe_seconds;
	bool count, exits, probe_kvm, interactive, reset_once;
	char **on;		/* NAME=COMMAND, ends with NULL; NULL: none */
	char **extra;		/* more arguments for QEMU, ends with NULL */
};

/*
 * Set *options from the command line, and what it does not name to its default.
 * Returns when they make sense and the inputs are files of the right kind; else
 * says what is wrong and exits with EXIT_INPUT. --help exits with 0.
 */
void parse_options(struct options *options, int argc, char *argv[]);

#endif
