/* SPDX-License-Identifier: GPL-2.0 */
/* run - one life of a guest, from its start to what is to be said of it */
#ifndef LAB_RUN_H
#define LAB_RUN_H

#include <stdbool.h>
#include <sys/types.h>

#include "exits.h"
#include "options.h"
#include "qemu.h"
#include "records.h"
#include "trace.h"
#include "util.h"

/* A way from QEMU to us. */
struct channel {
	int fd;			/* -1 when it has ended, or is not used */
	struct lines lines;
};

struct run {
	const struct options *options;
	const char *accel;
	char *cmdline;
	double seconds;		/* that it took */

	/* How it ended. */
	struct ending ending;	/* without a reason: verdict pass */
	int signal;		/* that ended it, or 0 */

	/* What was heard. */
	char *qemu_version;	/* NULL until QEMU has said it */
	char *last_line;	/* of the console, or NULL */
	struct records records;
	struct trace trace;
	struct exits exits;

	/* For run.c alone. */
	pid_t pid;
	struct channel channels[NR_CHANNELS];
	int log;
	double limit;		/* of its life, in the time of now() */
	double deadline;	/* for what it is to do next */
	double wake_up;		/* when to wake it; INFINITY while it is awake */
	const char *mark;	/* of the exits that were asked for last */
	bool killed;
	bool heeds_user;
	bool running;		/* QEMU accepted its arguments and started */
	char *qemu_error;
	char *shutdown_reason;
	char *panic;
};

/*
 * Run a guest to its end. accel is QEMU's name for the accelerator. The console
 * goes to the descriptor log, or with -1 nowhere. What can be read from the
 * descriptor signals, a signalfd, ends the run. What came of it is in *run, which
 * must stay where it is; free_run() frees what it owns.
 */
void run_guest(struct run *run, const struct options *options, const char *accel,
	       int log, int signals);
void free_run(struct run *run);

#endif
