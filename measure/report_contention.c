// SPDX-License-Identifier: GPL-2.0
/* report_contention - contention.json: readers at the same time, interrupts kept off */

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

#define MAX_WINDOWS 1000

/* Who reads, by what. With processors 0: any number. */
struct readers {
	const char *method, *from;
	json_int_t processors, readers;
};

static bool is_of(json_t *window, const struct readers *r)
{
	const char *method = NULL, *from = NULL;
	json_int_t processors = 0, readers = 0;

	json_unpack(window, "{s:s, s:s, s?I, s?I}", "method", &method, "from", &from,
		    "processors", &processors, "readers", &readers);
	return method && from && !strcmp(method, r->method) && !strcmp(from, r->from) &&
	       (!r->processors || (processors == r->processors && readers == r->readers));
}

static double reads_per_second(json_t *window)
{
	return json_number_value(json_object_get(window, "reads")) * 1e9 /
	       json_number_value(json_object_get(window, "ns"));
}

static double us(json_t *window)
{
	return json_number_value(json_object_get(window, "us"));
}

/* An access begins in a function of PCI; the timer, and what else there is, does not. */
static bool by_access(json_t *window)
{
	const char *started = json_string_value(json_object_get(window, "started_at"));

	return started && !strncmp(started, "pci_", 4);
}

static bool any(json_t *window)
{
	(void)window;
	return true;
}

/* What those windows of these readers have, by value(); null if there is none */
static json_t *spread_of(json_t *windows, const struct readers *r,
			 bool (*chosen)(json_t *), double (*value)(json_t *))
{
	static double values[MAX_WINDOWS];
	json_t *window;
	size_t i, n = 0;

	json_array_foreach(windows, i, window) {
		if (n < MAX_WINDOWS && is_of(window, r) && chosen(window))
			values[n++] = value(window);
	}
	return spread(values, n);
}

static void print_row(const struct readers *r, json_t *reads, json_t *irqs_off)
{
	printf("%-13s %-7s %10lld %8lld", r->method, r->from, (long long)r->processors,
	       (long long)r->readers);
	printf(" %10.0f %10.0f %10.0f",
	       json_number_value(json_object_get(reads, "median")),
	       json_number_value(json_object_get(reads, "min")),
	       json_number_value(json_object_get(reads, "max")));
	if (json_is_object(irqs_off))
		printf(" %9.0f %9.0f", json_number_value(json_object_get(irqs_off, "median")),
		       json_number_value(json_object_get(irqs_off, "max")));
	puts("");
}

/* Add a row for each kind of readers in the windows of one boot. */
static void add_rows(json_t *rows, const char *path, json_t *windows, json_t *irqsoff)
{
	json_t *window;
	size_t i;

	json_array_foreach(windows, i, window) {
		struct readers r, anyone;
		json_int_t number;
		json_t *irqs_off;

		if (json_unpack(window, "{s:s, s:s, s:I, s:I, s:I}", "method", &r.method,
				"from", &r.from, "processors", &r.processors,
				"readers", &r.readers, "window", &number))
			die(EXIT_USAGE, "%s: a record of contention lacks something", path);
		/* The first one stands for all of them. */
		if (number)
			continue;
		anyone = (struct readers){ r.method, r.from, 0, 0 };
		irqs_off = r.processors == 1 && r.readers == 1 ?
			   spread_of(irqsoff, &anyone, by_access, us) : json_null();
		json_array_append_new(rows,
			json_pack("{s:s, s:s, s:I, s:I, s:o, s:o}", "method", r.method,
				  "from", r.from, "processors", r.processors,
				  "readers", r.readers, "reads_per_second",
				  spread_of(windows, &r, any, reads_per_second),
				  "irqs_off_us", irqs_off));
	}
}

int contention(char **arg)
{
	const char *out = arg[0], *base = arg[1], *series = arg[2], *one = arg[3];
	json_t *vm[3], *rows = json_array(), *root, *row;
	size_t i;

	for (i = 0; i < 3; i++)
		vm[i] = load(arg[3 + i]);
	for (i = 0; i < 2; i++)
		add_rows(rows, arg[3 + i], member(arg[3 + i], vm[i], "contention"),
			 member(arg[5], vm[2], "irqsoff"));
	root = head(base, series, one, vm[0]);
	json_object_set(root, "rows", rows);
	store(root, out);

	printf("%-13s %-7s %10s %8s %10s %10s %10s %9s %9s\n", "method", "from", "processors",
	       "readers", "reads/s", "min", "max", "irqs off", "max (us)");
	json_array_foreach(rows, i, row) {
		struct readers r;
		json_t *reads, *irqs_off;

		json_unpack(row, "{s:s, s:s, s:I, s:I, s:o, s:o}", "method", &r.method,
			    "from", &r.from, "processors", &r.processors, "readers",
			    &r.readers, "reads_per_second", &reads, "irqs_off_us", &irqs_off);
		print_row(&r, reads, irqs_off);
	}
	puts("\n\"irqs off\" is the longest stretch with interrupts off in 1,000 reads, if it was one of\n"
	     "the access and not of the timer: median and greatest.");
	if (json_is_true(json_object_get(root, "emulated")))
		puts("All processors are one that is emulated, and takes turns.");
	json_decref(rows);
	json_decref(root);
	for (i = 0; i < 3; i++)
		json_decref(vm[i]);
	return EXIT_SUCCESS;
}
