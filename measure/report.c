// SPDX-License-Identifier: GPL-2.0
/*
 * Turns what lab/vm wrote of single boots, and what kvm_exit_cost measured, into
 * the results that people and machines read: the JSON files that lab/FORMATS
 * describes, tables, and the gnuplot commands of a bar chart.
 *
 * Here is what the files have in common, and the command line; each kind of result
 * has a file of its own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

static const char usage[] =
"usage: report demo OUT BASE SERIES DEFAULT DEFAULT_COUNT NOMMCONF NOMMCONF_COUNT\n"
"              [MAPPED MAPPED_COUNT]\n"
"       report boot OUT BASE SERIES DIR\n"
"       report bench OUT BASE SERIES DIR\n"
"       report contention OUT BASE SERIES ONE TWO IRQSOFF\n"
"       report exit-cost OUT KTAP\n"
"       report table DEMO\n"
"       report chart DEMO\n"
"\n"
"  demo       make OUT (demo.json) from four or six results of lab/vm: the default\n"
"             boot, the one with pci=nommconf, and one on a QEMU with mapped ECAM,\n"
"             each timed and, in a run of its own, counted\n"
"  boot       make OUT (boot.json) from the boots of measure/boot-profile in DIR, and\n"
"             print it for people\n"
"  bench      make OUT (bench.json) from the boots of measure/bench in DIR, and print it\n"
"  contention make OUT (contention.json) from three results of lab/vm: readers on one\n"
"             processor, on two, and the kernel that traces interrupts; and print it\n"
"  exit-cost  make OUT (exit-cost.json) from what kvm_exit_cost has just printed\n"
"             on this machine, and print it for people\n"
"  table      print DEMO for people\n"
"  chart      print gnuplot commands that draw DEMO as SVG on gnuplot's output\n"
"\n"
"BASE is a name in sources, SERIES says which series was applied.\n"
"Exit code: 0; 1 a limit that the project sets itself is missed; 2 bad\n"
"arguments or input; 3 the output can't be written.\n";

void die(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("report: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(code);
}

json_t *load(const char *path)
{
	json_error_t error;
	json_t *root = json_load_file(path, 0, &error);

	if (!root)
		die(EXIT_USAGE, "%s: line %d: %s", path, error.line, error.text);
	return root;
}

json_t *member(const char *path, json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	if (!value)
		die(EXIT_USAGE, "%s: no \"%s\"", path, name);
	return value;
}

json_t *result_of(const char *path, json_t *vm, const char *method)
{
	json_t *results = member(path, vm, "results"), *result;
	size_t i;

	json_array_foreach(results, i, result) {
		const char *name = json_string_value(json_object_get(result, "method"));

		if (name && !strcmp(name, method))
			return result;
	}
	die(EXIT_USAGE, "%s: no result of method %s", path, method);
}

json_int_t accesses(json_t *counts)
{
	json_int_t sum = 0;
	const char *kind;
	json_t *count;

	json_object_foreach(counts, kind, count)
		sum += json_integer_value(count);
	return sum;
}

json_t *head(const char *base, const char *series, const char *path,
		    json_t *vm)
{
	const char *accel = json_string_value(member(path, vm, "accel"));
	const char *qemu = json_string_value(member(path, vm, "qemu"));
	char vmm[32];

	if (!accel || !qemu)
		die(EXIT_USAGE, "%s: \"accel\" or \"qemu\" is no string", path);
	/* The version alone, without what a distribution adds in brackets. */
	snprintf(vmm, sizeof(vmm), "QEMU %.*s", (int)strcspn(qemu, " "), qemu);
	return json_pack("{s:i, s:s, s:O, s:s, s:O, s:s, s:s, s:b}",
			 "schema", 1, "base", base,
			 "kernel", member(path, vm, "kernel"), "series", series,
			 "machine", member(path, vm, "machine"),
			 "vmm", vmm, "accel", accel,
			 "emulated", strcmp(accel, "kvm") != 0);
}

static int compare_values(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

json_t *spread(double *values, size_t count)
{
	if (!count)
		return json_null();
	qsort(values, count, sizeof(*values), compare_values);
	return json_pack("{s:f, s:f, s:f}",
			 "median", (values[(count - 1) / 2] + values[count / 2]) / 2,
			 "min", values[0], "max", values[count - 1]);
}

/* Under another name first. */
void store(json_t *root, const char *path)
{
	char *temporary;

	if (asprintf(&temporary, "%s.new", path) < 0)
		die(EXIT_HOST, "out of memory");
	if (json_dump_file(root, temporary, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) ||
	    rename(temporary, path)) {
		int error = errno;

		unlink(temporary);
		die(EXIT_HOST, "%s: %s", path, strerror(error));
	}
	free(temporary);
}

json_t *number(double value)
{
	json_int_t whole = value;

	return whole == value ? json_integer(whole) : json_real(value);
}

static const struct {
	const char *name;
	int arguments, more;	/* and how many more there may be */
	int (*run)(char **arguments);
} verbs[] = {
	{ "demo", 7, 2, demo },
	{ "boot", 4, 0, boot },
	{ "bench", 4, 0, bench },
	{ "contention", 6, 0, contention },
	{ "exit-cost", 2, 0, exit_cost },
	{ "table", 1, 0, table },
	{ "chart", 1, 0, chart },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].name))
			continue;
		if (argc - 2 != verbs[i].arguments &&
		    argc - 2 != verbs[i].arguments + verbs[i].more)
			die(EXIT_USAGE, "%s takes %d arguments, not %d",
			    argv[1], verbs[i].arguments, argc - 2);
		return verbs[i].run(argv + 2);
	}
	fputs(usage, argc == 2 && !strcmp(argv[1], "--help") ? stdout : stderr);
	return argc == 2 && !strcmp(argv[1], "--help") ? EXIT_SUCCESS : EXIT_USAGE;
}
