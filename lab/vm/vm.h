/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vm - what the parts of vm share: the options, one life of a guest, and its accesses
 *
 * There is one guest, so they are global. Without memory GLib ends the program. Include
 * this header first.
 */
#ifndef LAB_VM_H
#define LAB_VM_H

#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "phases.h"

/* Exit statuses, see vm.c. */
#define EXIT_GUEST	1
#define EXIT_INPUT	2
#define EXIT_HOST	3

/* How much of a guest's line a message quotes, in bytes. */
#define QUOTE_LENGTH	160

/* One member for each option; vm.c says what they mean. */
extern struct options {
	char *kernel, *initrd, *append, *job;
	char *xen, *xen_append;		/* xen is NULL without Xen */
	char *machine, *accel, *cpu, *qemu;
	char *log, *json, *accesses;	/* the last two NULL: don't write it */
	gint smp, memory, timeout;
	gboolean count, exits, interactive, reset_once;
	char **on;		/* NAME=COMMAND, a list that ends with NULL, or NULL */
	char **extra;		/* QEMU's own arguments, a list that ends with NULL */
} options;

/* Bytes that become lines. */
struct lines {
	void (*consume)(char *line);	/* takes one without its "\r" and "\n"; may change it */
	GString *begun;			/* the beginning of the next line, or NULL */
};

/* The connections with QEMU. We write to MONITOR, and to a CONSOLE that is a socket. */
enum channel_id {
	CONSOLE,	/* the first serial port */
	RECORDS,	/* the second serial port */
	MONITOR,	/* QMP; the machine waits for "cont" */
	TRACE,		/* only with --count */
	ERRORS,		/* QEMU's stderr */
	NR_CHANNELS
};

extern struct run {
	char *cmdline;		/* of the kernel */
	double seconds;		/* how long the run took */

	/* How it ended; the first reason counts. */
	int status;		/* EXIT_*; 0: verdict pass */
	char *reason;		/* NULL: verdict pass */
	int signal;		/* that ended it, or 0 */

	/* What QEMU and the guest said. */
	char *qemu_version;	/* NULL until QEMU sends it */
	char *last_line;	/* of the console, or NULL */
	json_t *said;		/* the records of the last boot, as in the JSON file */
	json_t *exits;		/* KVM's counts of each mark, as in the JSON file */
	unsigned int boots;	/* how often user space came up */

	/* Only for run.c and records.c. */
	pid_t pid;
	struct {
		int fd;		/* -1 if it is closed or not used */
		struct lines lines;
	} channels[NR_CHANNELS];
	FILE *log;
	double started;		/* when the machine started, by now(); 0: not yet */
	guint grace;		/* the timer of its last seconds, or 0 */
	bool killed;
	char *qemu_error, *shutdown_reason, *panic;
	bool user_space;	/* the first record of this boot has come */
	bool restarts;		/* the guest starts another kernel: its first record is next */
	bool resets;		/* we reset the machine: ignore all until that record */
	bool passed;
	char *verdict;		/* why it failed, "" if it passed; NULL until then */
	const char *counted;	/* the mark at which we asked for KVM's counts, or NULL */
	double counted_at;
	json_t *counts;		/* KVM's statistics then, by their names */
} run;

/* The accesses to devices that QEMU traces. Without --count they are all zero. */
extern struct trace {
	json_t *counts;		/* as in the JSON file; what follows are parts of it */
	json_t *kernel, *phases, *marks;
	json_t *tally;		/* for the next access; NULL: it belongs to nothing */
	char *open_mark;	/* its name, or NULL */
	GString *accesses;	/* the kernel's, as lab/FORMATS describes them */

	/* Only for trace.c. */
	bool handed_over;	/* from the firmware to the kernel */
	bool kernel_speaks;
	size_t phase;		/* of the kernel's boot */
	uint64_t nr_lines;
	struct uart {		/* a 16550 as the guest writes its registers: CONSOLE, RECORDS */
		uint8_t lcr, mcr;
		struct lines lines;
	} uarts[2];
	GString *sent, *arrived;	/* through the second serial port */
} trace;

/* qemu.c */

/*
 * Start QEMU for this run. Sets the kernel's command line, and the descriptors of the channels, -1
 * for one that is not used.
 *
 * Returns the process, for which the caller must wait. Without one, this does not return
 * (EXIT_INPUT, EXIT_HOST). When the caller dies, SIGKILL ends QEMU.
 */
pid_t start_qemu(void);
/* Do we run on an emulated processor? Does KVM run the guest on one? */
bool is_emulated(void);
bool is_nested(void);

/* run.c */

/*
 * Run the guest to its end, or until SIGINT, SIGTERM or SIGHUP. The console goes to log. The
 * result is in run and trace.
 */
void run_guest(FILE *log);

/* Send a QMP command to QEMU; if QEMU is gone, nothing happens. */
void command(const char *text);
/* The guest has come to its end: QEMU must end soon. */
void allow_grace(void);
/* It was not the end: another kernel comes. */
void withdraw_grace(void);

/* End the run with this status for this reason, unless there is one already. */
void end(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Make a line printable ASCII. Returns the line. */
char *plain(char *line);
/* Returns seconds of a clock that only goes forward. */
double now(void);

/*
 * Consume the lines in these bytes, and keep what follows the last one. Once the run has ended, no
 * line is consumed.
 */
void add_bytes(struct lines *lines, const char *bytes, size_t length);

/* records.c */

/* Forget all records, and expect the first one of a boot. */
void forget_records(void);
/* Take one record. One that makes no sense at its place is an error (EXIT_GUEST). */
void take_record(char *line);
/* Take QEMU's answer about KVM's exits. Returns false if the message is something else. */
bool take_exits(json_t *message);

/* trace.c */

/* Before the run: nothing is counted yet. */
void start_trace(void);
/* Take a line that QEMU wrote. One that is not an access is an error (EXIT_HOST). */
void take_trace_line(char *line);
/* These bytes arrived through the second serial port. */
void note_arrival(const char *bytes, size_t length);

/*
 * The accesses that follow belong to the mark of this name, up to its end, whose name may be
 * empty. Returns false for a mark in a mark, and for an end without a begin.
 */
bool begin_mark(const char *name);
bool end_mark(const char *name);

/*
 * The guest has ended: complete the results. A trace that is not complete ends the run
 * (EXIT_HOST), as does one, of a guest with a verdict, that does not tell the kernel from the
 * firmware (EXIT_GUEST).
 */
void finish_trace(void);

#endif
