// SPDX-License-Identifier: GPL-2.0
/* report_bench - bench.json: reads by each method in a guest of KVM */

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

/* The module's, and more */
#define MAX_CHUNKS 100

/* The boot on a QEMU with mapped ECAM, if there is one */
#define MAPPED "mapped"

/* What is measured, and what is promised of it */
static const struct measured {
	const char *boot;
	const char *method;
	const char *title;
	int exits;		/* a read; 0: none, if ECAM is mapped, else unavailable */
} measured[] = {
	{ "default",	"type1",	"type 1",		2 },
	{ "default",	"ecam",		"ECAM",			1 },
	{ "default",	"raw_pci_read",	"raw_pci_read()",	1 },
	{ "nommconf",	"type1",	"type 1",		2 },
	{ "nommconf",	"ecam",		"ECAM",			0 },
	{ "nommconf",	"raw_pci_read",	"raw_pci_read()",	2 },
	{ "unpatched",	"raw_pci_read",	"raw_pci_read()",	2 },
	{ MAPPED,	"type1",	"type 1",		2 },
	{ MAPPED,	"ecam",		"ECAM, mapped",		0 },
	{ MAPPED,	"raw_pci_read",	"raw_pci_read()",	0 },
};

#define NR_MEASURED (sizeof(measured) / sizeof(measured[0]))
#define MIN_PAIRS 10
#define LIMIT_RATIO 0.65
#define LIMIT_INSTRUCTIONS 12
/* Of a mapped ECAM, in seconds for all reads */
#define LIMIT_MAPPED_SECONDS 0.05
/*
 * How far exits of accesses may be from a whole number a read; all of them, of which
 * the background is an estimate; and what is nothing, if ECAM is mapped
 */
#define EXITS_TOLERANCE 0.01
#define ALL_EXITS_TOLERANCE 0.05
#define LIMIT_MAPPED_EXITS 0.001

struct input {
	char path[4096];
	json_t *vm;
};

static struct input input(const char *dir, const char *boot, const char *what)
{
	struct input in;

	snprintf(in.path, sizeof(in.path), "%s/%s%s.json", dir, boot, what);
	in.vm = load(in.path);
	return in;
}

/* The object in an array of them that is of this method; NULL without one */
static json_t *of_method(json_t *array, const char *method)
{
	json_t *object;
	size_t i;

	json_array_foreach(array, i, object) {
		const char *its = json_string_value(json_object_get(object, "method"));

		if (its && !strcmp(its, method))
			return object;
	}
	return NULL;
}

static double number_in(const struct input *in, json_t *object, const char *name)
{
	return json_number_value(member(in->path, object, name));
}

/* Exits in a mark that are neither of an access nor of an interrupt of the host */
static double other_exits(const struct input *in, json_t *mark)
{
	return number_in(in, mark, "all") - number_in(in, mark, "irq") -
	       number_in(in, mark, "io") - number_in(in, mark, "mmio");
}

/*
 * Exits of one kind for one read. A loop has exits that are not its own: what it
 * takes to tell its begin and its end, which the mark "empty" has alone; the host's
 * interrupts; and others that every guest has in the same time, for its own timer,
 * which the mark "background" shows.
 */
static json_t *exits_per_read(const struct input *in, const char *method, const char *kind,
			      double reads)
{
	json_t *marks = member(in->path, in->vm, "exits");
	json_t *mark = member(in->path, marks, method);
	json_t *empty = member(in->path, marks, "empty");
	json_t *background = member(in->path, marks, "background");
	double own = number_in(in, mark, kind) - number_in(in, empty, kind), others;

	if (!json_is_number(member(in->path, mark, kind)))
		die(EXIT_USAGE, "%s: no exits of %s: not a guest of KVM", in->path, method);
	if (!strcmp(kind, "all")) {
		others = other_exits(in, background) - other_exits(in, empty);
		others *= number_in(in, mark, "seconds") / number_in(in, background, "seconds");
		others = other_exits(in, mark) - other_exits(in, empty) - others;
		/* An estimate must not take away what was an access. */
		own = number_in(in, mark, "io") - number_in(in, empty, "io") +
		      number_in(in, mark, "mmio") - number_in(in, empty, "mmio") +
		      fmax(others, 0);
	}
	return json_real(fmax(round(1e4 * own / reads) / 1e4, 0));
}

/* What the fastest chunk took for one read, without the loop: instructions, if counted */
static json_t *instructions_per_read(const struct input *in, const char *method)
{
	json_t *result = result_of(in->path, in->vm, method);
	json_t *empty = result_of(in->path, in->vm, "empty");
	double chunks = number_in(in, result, "chunks");
	double reads = number_in(in, result, "reads") / chunks;

	return number((number_in(in, result, "min_ns") - number_in(in, empty, "min_ns")) / reads);
}

/* Time of this method / time of type 1, chunk by chunk */
static json_t *ratio_pairs(const struct input *in, const char *method)
{
	json_t *chunks = member(in->path, in->vm, "chunks"), *chunk;
	json_t *pairs = json_array();
	char name[64];
	size_t i;

	snprintf(name, sizeof(name), "%s_ns", method);
	json_array_foreach(chunks, i, chunk) {
		double own = json_number_value(json_object_get(chunk, name));
		double type1 = json_number_value(json_object_get(chunk, "type1_ns"));

		if (type1 > 0)
			json_array_append_new(pairs, json_real(own / type1));
	}
	return pairs;
}

static json_t *bench_row(const struct measured *m, const struct input *timed,
			 const struct input *counted)
{
	json_t *result = result_of(timed->path, timed->vm, m->method);
	json_t *why = json_object_get(result, "unavailable");
	bool series = strcmp(m->boot, "unpatched") != 0, mapped;
	json_t *latency, *mmio;
	const char *serves;
	double reads, ns, some;

	if (why)
		return json_pack("{s:s, s:b, s:s, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:[], s:O}",
				 "boot", m->boot, "series", series, "method", m->method,
				 "serves", "ecam", "reads", "seconds",
				 "ns_per_read", "accesses_per_read", "median_ns",
				 "p99_ns", "exits_per_read", "instructions_per_read",
				 "ratio_pairs", "unavailable", why);

	latency = of_method(member(timed->path, timed->vm, "latency"), m->method);
	if (!latency)
		die(EXIT_USAGE, "%s: no latency of method %s", timed->path, m->method);
	reads = number_in(timed, result, "reads");
	some = number_in(timed, latency, "reads");
	ns = number_in(timed, result, "total_ns");
	serves = json_string_value(member(timed->path, result, "serves"));
	if (!(reads > 0) || !(some > 0) || !serves)
		die(EXIT_USAGE, "%s: bad result of method %s", timed->path, m->method);
	mmio = exits_per_read(timed, m->method, "mmio", some);
	mapped = !strcmp(serves, "ecam") && json_number_value(mmio) < 0.5;

	return json_pack("{s:s, s:b, s:s, s:s, s:o, s:o, s:f, s:f, s:n, s:O, s:O, s:{s:o, s:o, s:o, s:o}, s:o, s:o, s:n}",
			 "boot", m->boot, "series", series, "method", m->method,
			 "serves", serves, "ecam", strcmp(serves, "ecam") ? json_null() :
			 json_string(mapped ? "mapped" : "trapped"),
			 "reads", number(reads), "seconds", ns / 1e9, "ns_per_read", ns / reads,
			 "accesses_per_read",
			 "median_ns", member(timed->path, latency, "median_ns"),
			 "p99_ns", member(timed->path, latency, "p99_ns"), "exits_per_read",
			 "all", exits_per_read(timed, m->method, "all", some),
			 "io", exits_per_read(timed, m->method, "io", some),
			 "mmio", mmio,
			 "user", exits_per_read(timed, m->method, "user", some),
			 "instructions_per_read", instructions_per_read(counted, m->method),
			 "ratio_pairs", ratio_pairs(timed, m->method), "unavailable");
}

/* Say that a promise is not kept. Returns false. */
static bool __attribute__((format(printf, 2, 3)))
missed(const struct measured *m, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "report: limit missed: in the %s boot, %s must ", m->boot, m->title);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return false;
}

static bool exits_hold(const struct measured *m, json_t *row)
{
	double all, io, mmio, user, seconds, ports = m->exits == 2 ? 2 : 0;
	double memory = m->exits == 1;

	if (json_unpack(row, "{s:F, s:{s:F, s:F, s:F, s:F}}", "seconds", &seconds,
			"exits_per_read", "all", &all, "io", &io, "mmio", &mmio,
			"user", &user))
		return missed(m, "have its exits");
	if (!m->exits)
		return (all < LIMIT_MAPPED_EXITS && seconds <= LIMIT_MAPPED_SECONDS) ||
		       missed(m, "exit less than %g times a read, and take at most %g s",
			      LIMIT_MAPPED_EXITS, LIMIT_MAPPED_SECONDS);
	/* How many of them end in user space is a matter of the VMM. */
	if (fabs(all - m->exits) > ALL_EXITS_TOLERANCE || fabs(io - ports) > EXITS_TOLERANCE ||
	    fabs(mmio - memory) > EXITS_TOLERANCE || user < 1 - EXITS_TOLERANCE ||
	    user > m->exits + EXITS_TOLERANCE)
		return missed(m, "exit %d times a read", m->exits);
	return true;
}

static json_t *ratio_of(json_t *row)
{
	json_t *pairs = json_object_get(row, "ratio_pairs"), *pair;
	double values[MAX_CHUNKS];
	size_t i, n = 0;

	json_array_foreach(pairs, i, pair) {
		if (n < MAX_CHUNKS)
			values[n++] = json_number_value(pair);
	}
	return spread(values, n);
}

static double in_spread(json_t *spread, const char *name)
{
	return json_number_value(json_object_get(spread, name));
}

/* ECAM against type 1, and what the kernel chooses against ECAM, in the default boot */
static bool default_holds(json_t *rows, bool nested)
{
	json_t *ecam = json_array_get(rows, 1), *raw = json_array_get(rows, 2);
	json_t *ecam_ratio = ratio_of(ecam), *raw_ratio = ratio_of(raw);
	double median = in_spread(ecam_ratio, "median");
	double more = json_number_value(json_object_get(raw, "instructions_per_read")) -
		      json_number_value(json_object_get(ecam, "instructions_per_read"));
	size_t pairs = json_array_size(json_object_get(ecam, "ratio_pairs"));
	bool good = true;

	/* What an exit costs a real host is its own matter. */
	if (nested && (pairs < MIN_PAIRS || !(median <= LIMIT_RATIO)))
		good = missed(&measured[1], "take at most %g of the time of type 1, over %d pairs or more",
			      LIMIT_RATIO, MIN_PAIRS);
	if (!(in_spread(raw_ratio, "min") <= in_spread(ecam_ratio, "max") &&
	      in_spread(raw_ratio, "max") >= in_spread(ecam_ratio, "min")))
		good = missed(&measured[2], "take as long as ECAM does: their spreads overlap");
	if (!(more <= LIMIT_INSTRUCTIONS))
		good = missed(&measured[2], "take at most %d instructions more than ECAM, not %g",
			      LIMIT_INSTRUCTIONS, more);
	json_decref(ecam_ratio);
	json_decref(raw_ratio);
	return good;
}

static bool bench_holds(json_t *root, json_t *rows)
{
	const char *accel = json_string_value(json_object_get(root, "accel"));
	bool good = default_holds(rows, !strcmp(accel, "nested"));

	for (size_t i = 0; i < json_array_size(rows); i++) {
		json_t *row = json_array_get(rows, i);
		bool available = json_is_null(json_object_get(row, "unavailable"));
		bool expected = measured[i].exits || !strcmp(measured[i].boot, MAPPED);

		if (available != expected)
			good = missed(&measured[i], available ? "be unavailable" : "be available");
		else if (available)
			good &= exits_hold(&measured[i], row);
	}
	return good;
}

static void print_bench(json_t *root, json_t *rows)
{
	const char *last = "";
	json_t *row;
	size_t i;

	printf("Linux %s, %s, %s, %s: %d reads of 4 bytes\n\n",
	       json_string_value(json_object_get(root, "kernel")),
	       json_string_value(json_object_get(root, "machine")),
	       json_string_value(json_object_get(root, "vmm")),
	       json_string_value(json_object_get(root, "accel")),
	       (int)json_number_value(json_object_get(json_array_get(rows, 0), "reads")));
	printf("%-10s %-15s %9s %9s %9s %7s %7s %7s %7s %6s  %s\n", "boot", "method", "seconds",
	       "ns/read", "p99", "exits", "io", "mmio", "to user", "instr.", "to type 1");
	json_array_foreach(rows, i, row) {
		const struct measured *m = &measured[i];
		double seconds, ns, p99, all, io, mmio, user, instructions;
		json_t *ratio;

		printf("%-10s %-15s ", strcmp(m->boot, last) ? m->boot : "", m->title);
		last = m->boot;
		if (json_unpack(row, "{s:F, s:F, s:F, s:{s:F, s:F, s:F, s:F}, s:F}",
				"seconds", &seconds, "ns_per_read", &ns, "p99_ns", &p99,
				"exits_per_read", "all", &all, "io", &io, "mmio", &mmio,
				"user", &user, "instructions_per_read", &instructions)) {
			printf("unavailable: %s\n",
			       json_string_value(json_object_get(row, "unavailable")));
			continue;
		}
		printf("%9.3f %9.0f %9.0f %7.4g %7.4g %7.4g %7.4g %6.4g", seconds, ns, p99, all,
		       io, mmio, user, instructions);
		ratio = ratio_of(row);
		if (json_is_object(ratio))
			printf("  %.2f (%.2f-%.2f)", in_spread(ratio, "median"),
			       in_spread(ratio, "min"), in_spread(ratio, "max"));
		json_decref(ratio);
		puts("");
	}
	puts("\nExits by KVM's own count, in a run apart from the timing: \"io\" and \"mmio\" are exact, of\n"
	     "all exits those of a guest that does nothing are taken off; \"p99\" is of single reads;\n"
	     "instructions are those of the guest, counted by TCG; \"to type 1\" is the time, median\n"
	     "(least-greatest) of pairs in turn.");
	if (!strcmp(last, MAPPED))
		puts("Mapped: on the QEMU that make qemu has built, with mapped-ecam=on.");
	if (json_is_true(json_object_get(root, "emulated")))
		puts("This KVM runs on an emulated processor: its exits are exact, its times are good\n"
		     "for ratios within a boot.");
}

static bool booted_mapped(const char *dir)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/" MAPPED ".json", dir);
	return !access(path, F_OK);
}

int bench(char **arg)
{
	const char *out = arg[0], *base = arg[1], *series = arg[2], *dir = arg[3];
	json_t *root = NULL, *rows = json_array();
	struct input timed, counted;
	bool good;

	for (size_t i = 0; i < NR_MEASURED; i++) {
		if (!strcmp(measured[i].boot, MAPPED) && !booted_mapped(dir))
			break;
		timed = input(dir, measured[i].boot, "");
		counted = input(dir, measured[i].boot, "-instructions");
		json_array_append_new(rows, bench_row(&measured[i], &timed, &counted));
		if (!root)
			root = head(base, series, timed.path, timed.vm);
		json_decref(timed.vm);
		json_decref(counted.vm);
	}
	json_object_set(root, "rows", rows);
	store(root, out);
	print_bench(root, rows);
	good = bench_holds(root, rows);
	json_decref(rows);
	json_decref(root);
	return good ? EXIT_SUCCESS : EXIT_LIMIT;
}
