/* SPDX-License-Identifier: GPL-2.0 */
/* qemu - start QEMU, with a way from it to us for all that it has to say */
#ifndef LAB_QEMU_H
#define LAB_QEMU_H

#include <sys/types.h>

#include "options.h"
#include "util.h"

/* The ways. MONITOR can be written to as well, and CONSOLE if interactive or exits. */
enum channel_id {
	CONSOLE,	/* the first serial port */
	RECORDS,	/* the second serial port */
	MONITOR,	/* QMP; the machine waits for "cont" */
	TRACE,		/* only with options->count */
	ERRORS,		/* QEMU's stderr */
	NR_CHANNELS
};

/* Returns the kernel's command line with this accelerator, to be freed. */
char *kernel_command_line(const struct options *options, const char *accel);

/*
 * Start QEMU with this accelerator and kernel command line. Sets ours[] to our
 * ends of the channels, -1 for one that is not used.
 *
 * Returns the process, which the caller has to wait for, also when it did not
 * become QEMU: then *ending says why (EXIT_INPUT). Without a process there is no
 * return (EXIT_HOST). SIGKILL ends QEMU when the caller is gone.
 */
pid_t start_qemu(const struct options *options, const char *accel,
		 const char *cmdline, int ours[NR_CHANNELS], struct ending *ending);

#endif
