/* SPDX-License-Identifier: GPL-2.0 */
/*
 * records - what the guest's first process says through the second serial port
 *
 * lab/init/init.c has the list of the records.
 */
#ifndef LAB_RECORDS_H
#define LAB_RECORDS_H

#include <jansson.h>
#include <stdbool.h>

#include "trace.h"
#include "util.h"

struct records {
	double started;		/* when the machine was, in the time of now(); set by others */
	unsigned int boots;	/* starts; the members below are of the last one */
	json_t *start;		/* an object: user space is up; NULL until then */
	json_t *ktap;		/* an array of lines */
	/* Arrays of objects. */
	json_t *results, *chunks, *latency, *contention, *irqsoff;
	json_t *phases;		/* the same, each with its arrival */
	bool passed;
	char *verdict;		/* why it failed, "" for pass; NULL until then */
	bool restarts;		/* by itself, to another kernel: a start is next */
	char *asked;		/* a name that nobody has answered to yet, or NULL */
	bool reset;		/* from outside: nothing counts until the next start */

	/* Who is told. */
	struct ending *ending;
	struct trace *trace;
};

/*
 * Expect the first record. What goes wrong is said in *ending; *trace is told
 * where the accesses belong. free_records() frees what it owns.
 */
void init_records(struct records *records, struct ending *ending, struct trace *trace);
void free_records(struct records *records);

/* The machine is being reset: forget what was said, and expect a start again. */
void expect_reset(struct records *records);

/* One record. One that makes no sense at its place is an error (EXIT_GUEST). */
void take_record(struct records *records, const char *line);

#endif
