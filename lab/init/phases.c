// SPDX-License-Identifier: GPL-2.0
/*
 * init's job "phases": say when the phases of this kernel's boot began, in ticks of
 * the processor's clock (TSC).
 *
 * The clock of the kernel's log does not do: until the kernel has found out that its
 * clock source is stable it goes on with the timer interrupt only, and configuration
 * accesses by type 1 are made with interrupts off. So the log's lines are traced, with
 * "trace_event=printk:console trace_clock=x86-tsc" on the kernel's command line. How
 * long a tick is, and that it always is as long, the host learns from two more records
 * by its own clock.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <x86intrin.h>

#include "init.h"
#include "phases.h"

#define TRACEFS		"/sys/kernel/tracing"
#define TRACE		TRACEFS "/trace"
/* How long the clocks are compared, in seconds. */
#define COMPARE_SECONDS	2

/*
 * Send "phase name=NAME tsc=N" for the first event with this text, from where the
 * trace is being read. A line is "TASK-PID [CPU] FLAGS TICKS: console: TEXT"
 * (Documentation/trace/ftrace.rst).
 */
static void record_event(FILE *trace, const char *name, const char *text)
{
	static char *line;
	static size_t size;

	while (getline(&line, &size, trace) >= 0) {
		char *event = strstr(line, ": console: ");

		if (!event || !strstr(event, text))
			continue;
		*event = '\0';
		record("phase name=%s tsc=%s", name, strrchr(line, ' ') + 1);
		return;
	}
	fail_because(text, "not in " TRACE ": the command line needs trace_event=printk:console trace_clock=x86-tsc");
}

void job_phases(void)
{
	FILE *trace;

	if (mount("tracefs", TRACEFS, "tracefs", 0, NULL))
		fail(TRACEFS);
	trace = fopen(TRACE, "re");
	if (!trace)
		fail(TRACE);
	for (size_t i = 0; i < NR_PHASES; i++) {
		if (phases[i].begins)
			record_event(trace, phases[i].name, phases[i].begins);
	}
	record_event(trace, "user", LAST_LINE);
	fclose(trace);
	record("phase name=compare tsc=%llu", __rdtsc());
	sleep(COMPARE_SECONDS);
	record("phase name=compared tsc=%llu", __rdtsc());
}
