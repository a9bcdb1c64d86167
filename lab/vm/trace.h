/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace - the accesses to devices that QEMU traces, and where they belong
 *
 * QEMU traces each access to a device's registers into a pipe. The bytes that
 * the guest sends through its serial ports are among them, so that a record of
 * its first process has an exact place between the accesses. The same bytes
 * arrive through the serial port itself: when both are equal the trace is
 * complete.
 *
 * Knows nothing of what is in a record: whoever reads them says where user
 * space and the marks begin. That works without a trace as well, and then
 * nothing is counted.
 */
#ifndef LAB_TRACE_H
#define LAB_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "phases.h"
#include "util.h"

/* What answers an access. */
enum region_kind { CF8, CFC, ECAM, NR_CONFIG, FW_CFG = NR_CONFIG, SERIAL };

/* Config accesses, by kind, reads and writes. */
struct tally {
	uint64_t reads[NR_CONFIG];
	uint64_t writes[NR_CONFIG];
};

struct mark {
	char *name;
	struct tally tally;
};

struct digest {
	uint64_t bytes;
	uint64_t hash;
};

/* A 16550 as its registers are written. */
struct uart {
	uint8_t lcr;
	uint8_t mcr;
	struct lines lines;
};

enum { UART_CONSOLE, UART_RECORDS, NR_UARTS };

struct trace {
	/* To be read when the run is over: every access is in one tally. */
	struct tally firmware, kernel, rest;
	struct tally phases[NR_PHASES];	/* of kernel, as far as the console is not late */
	struct mark *marks;
	size_t nr_marks;

	/* How it is done, see trace.c. */
	struct ending *ending;
	struct tally *tally;	/* where the next access belongs */
	const char *open_mark;	/* the name of that mark, or NULL */
	bool handed_over;	/* from the firmware to the kernel */
	bool kernel_speaks;
	size_t phase;		/* that the kernel is in */
	uint64_t nr_lines;
	struct uart uarts[NR_UARTS];
	struct digest sent, arrived;
	bool lists_accesses;
	struct access *accesses;	/* the kernel's */
	size_t nr_accesses, max_accesses;
};

/*
 * Begin a trace. What goes wrong is said in *ending. Each line that the guest
 * sends through its second serial port goes to record(context, line), at its
 * place among the accesses. With lists_accesses the accesses of the kernel are
 * kept for write_accesses(). free_trace() frees what it owns.
 */
void init_trace(struct trace *trace, struct ending *ending, bool lists_accesses,
		line_fn *record, void *context);
void free_trace(struct trace *trace);

/* One line that QEMU wrote. One that is no access is an error (EXIT_HOST). */
void take_trace_line(struct trace *trace, const char *line);

/* These bytes have arrived through the second serial port. */
void note_arrival(struct trace *trace, const char *bytes, size_t length);

/* User space is up: what follows is not the kernel's own any more. */
void begin_user_space(struct trace *trace);

/*
 * What follows belongs to the mark of this name, until its end, of which the name may
 * be empty. Returns false for a mark in a mark, and for an end without its beginning.
 */
bool begin_mark(struct trace *trace, const char *name);
bool end_mark(struct trace *trace, const char *name);

/*
 * Is the trace complete, and if the guest got to a verdict, was the kernel told
 * from the firmware? If not, that ends the run (EXIT_HOST, EXIT_GUEST).
 */
void judge_trace(struct trace *trace, bool has_verdict);

/* Write the kernel's accesses, as lab/FORMATS has it. */
void write_accesses(const struct trace *trace, FILE *file);

#endif
