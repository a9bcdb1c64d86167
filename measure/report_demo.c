// SPDX-License-Identifier: GPL-2.0
/* report_demo - demo.json, its table and its bar chart */

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

/* One row of demo.json from a timed and a counted run of the same boot. */
static json_t *demo_row(const char *boot, const char *method,
			const char *timed_path, json_t *timed,
			const char *counted_path, json_t *counted)
{
	json_t *result = result_of(timed_path, timed, method), *counts, *ecam;
	json_t *why = json_object_get(result, "unavailable");
	json_int_t reads, ns, ecam_reads;
	const char *serves;

	if (why)
		return json_pack("{s:s, s:s, s:n, s:n, s:n, s:n, s:n, s:n, s:O}",
				 "boot", boot, "method", method, "serves", "ecam",
				 "reads", "seconds", "ns_per_read",
				 "accesses_per_read", "unavailable", why);

	reads = json_integer_value(member(timed_path, result, "reads"));
	ns = json_integer_value(member(timed_path, result, "total_ns"));
	serves = json_string_value(member(timed_path, result, "serves"));
	if (reads <= 0 || !serves)
		die(EXIT_USAGE, "%s: bad result of method %s", timed_path, method);

	counts = member(counted_path, counted, "counts");
	counts = member(counted_path, counts, "marks");
	counts = member(counted_path, counts, method);
	ecam_reads = json_integer_value(member(counted_path, counts, "ecam_read"));
	if (strcmp(serves, "ecam"))
		ecam = json_null();
	else
		ecam = json_string(ecam_reads ? "trapped" : "mapped");

	return json_pack("{s:s, s:s, s:s, s:o, s:I, s:f, s:f, s:o, s:n}",
			 "boot", boot, "method", method, "serves", serves,
			 "ecam", ecam, "reads", reads, "seconds", ns / 1e9,
			 "ns_per_read", (double)ns / reads, "accesses_per_read",
			 number((double)accesses(counts) / reads), "unavailable");
}

static double empty_loop_ns(const char *path, json_t *timed)
{
	json_t *result = result_of(path, timed, "empty");

	return (double)json_integer_value(member(path, result, "total_ns")) /
	       json_integer_value(member(path, result, "reads"));
}

/* What must be true of the demo, by the rules and not by what came out. */
static const struct {
	const char *boot, *method, *serves;	/* serves: NULL if unavailable */
	int accesses;
} demo_limits[] = {
	{ "default",  "type1",		"type1", 2 },
	{ "default",  "ecam",		"ecam",	 1 },
	{ "default",  "raw_pci_read",	"ecam",	 1 },
	{ "nommconf", "type1",		"type1", 2 },
	{ "nommconf", "ecam",		NULL,	 0 },
	{ "nommconf", "raw_pci_read",	"type1", 2 },
	{ "mapped",   "type1",		"type1", 2 },
	{ "mapped",   "ecam",		"ecam",	 0 },
	{ "mapped",   "raw_pci_read",	"ecam",	 0 },
};

/* In the order of the arguments; without arguments for it the last one was not booted. */
static const char * const boots[] = { "default", "nommconf", "mapped" };

#define BOOTS (sizeof(boots) / sizeof(boots[0]))

#define LIMITS (sizeof(demo_limits) / sizeof(demo_limits[0]))

static bool demo_holds(json_t *rows)
{
	bool holds = true;

	for (size_t i = 0; i < json_array_size(rows); i++) {
		json_t *row = json_array_get(rows, i);
		const char *serves = json_string_value(json_object_get(row, "serves"));
		json_t *per = json_object_get(row, "accesses_per_read");
		bool available = json_is_null(json_object_get(row, "unavailable"));
		bool good;

		if (!demo_limits[i].serves)
			good = !available;
		else
			good = available && serves &&
			       !strcmp(serves, demo_limits[i].serves) &&
			       json_is_integer(per) &&
			       json_integer_value(per) == demo_limits[i].accesses &&
			       json_integer_value(json_object_get(row, "reads")) == READS;
		if (!good) {
			fprintf(stderr,
				"report: limit missed: in the %s boot, %s must be ",
				demo_limits[i].boot, demo_limits[i].method);
			if (demo_limits[i].serves)
				fprintf(stderr, "%d reads served by %s with %d accesses a read\n",
					READS, demo_limits[i].serves,
					demo_limits[i].accesses);
			else
				fputs("unavailable\n", stderr);
			holds = false;
		}
	}
	return holds;
}

int demo(char **arg)
{
	const char *out = arg[0], *base = arg[1], *series = arg[2];
	json_t *root = NULL, *rows = json_array(), *timed, *counted;
	int rc;

	for (size_t i = 0; i < BOOTS && arg[3 + 2 * i]; i++) {
		const char *timed_path = arg[3 + 2 * i], *counted_path = arg[4 + 2 * i];

		timed = load(timed_path);
		counted = load(counted_path);
		for (size_t n = 0; n < LIMITS; n++) {
			if (!strcmp(demo_limits[n].boot, boots[i]))
				json_array_append_new(rows,
					demo_row(boots[i], demo_limits[n].method,
						 timed_path, timed, counted_path, counted));
		}
		if (!root) {
			root = head(base, series, timed_path, timed);
			json_object_set_new(root, "empty_loop_ns_per_read",
					    json_real(empty_loop_ns(timed_path, timed)));
		}
		json_decref(timed);
		json_decref(counted);
	}
	json_object_set(root, "rows", rows);
	store(root, out);

	rc = demo_holds(rows) ? EXIT_SUCCESS : EXIT_LIMIT;
	json_decref(rows);
	json_decref(root);
	return rc;
}

static const char *title_of(const char *method)
{
	if (!strcmp(method, "type1"))
		return "type 1";
	if (!strcmp(method, "ecam"))
		return "ECAM";
	return "raw_pci_read()";
}

static const char *server_of(json_t *row)
{
	const char *serves = json_string_value(json_object_get(row, "serves"));
	const char *ecam = json_string_value(json_object_get(row, "ecam"));

	if (!serves)
		return "-";
	if (!strcmp(serves, "type1"))
		return "type 1";
	if (ecam && !strcmp(ecam, "mapped"))
		return "ECAM, mapped";
	return "ECAM, trapped";
}

int table(char **arg)
{
	json_t *root = load(arg[0]), *rows = member(arg[0], root, "rows"), *row;
	const char *text[] = { "kernel", "machine", "vmm", "accel" };
	const char *last = "";
	double type1 = 0;
	size_t i;

	for (i = 0; i < 4; i++)
		text[i] = json_string_value(member(arg[0], root, text[i]));
	printf("Linux %s with the series, %s, %s, %s: 100,000 reads of 4 bytes\n\n",
	       text[0], text[1], text[2], text[3]);
	printf("%-13s %-15s %-14s %9s %9s %14s %10s\n", "boot", "method",
	       "served by", "seconds", "ns/read", "accesses/read", "to type 1");

	json_array_foreach(rows, i, row) {
		const char *name, *method, *why;
		double seconds;

		if (json_unpack(row, "{s:s, s:s, s?:F}", "boot", &name,
				"method", &method, "seconds", &seconds) &&
		    json_unpack(row, "{s:s, s:s}", "boot", &name, "method", &method))
			die(EXIT_USAGE, "%s: row %zu is not a row of demo.json",
			    arg[0], i + 1);
		printf("%-13s %-15s ", strcmp(name, last) ? name : "",
		       title_of(method));
		last = name;

		why = json_string_value(json_object_get(row, "unavailable"));
		if (why) {
			printf("unavailable: %s\n", why);
			continue;
		}
		if (!strcmp(method, "type1"))
			type1 = seconds;
		printf("%-14s %9.3f %9.0f %14.6g %9.2fx\n", server_of(row), seconds,
		       json_number_value(member(arg[0], row, "ns_per_read")),
		       json_number_value(member(arg[0], row, "accesses_per_read")),
		       seconds / type1);
	}

	printf("\nAccesses a read: those that reached the VMM, counted by it in a run of its own.\n"
	       "An empty loop takes %.1f ns a turn, which is part of every time above.\n",
	       json_number_value(member(arg[0], root, "empty_loop_ns_per_read")));
	if (!strcmp(last, "mapped"))
		puts("Mapped: on the QEMU that make qemu has built, with mapped-ecam=on.");
	if (json_is_true(member(arg[0], root, "emulated")))
		printf("The processor is emulated (%s): the counts are exact, but the times say\n"
		       "nothing about what an exit costs.\n", text[3]);
	else
		printf("The times are those of this machine, with real exits (%s).\n", text[3]);
	json_decref(root);
	return EXIT_SUCCESS;
}

int chart(char **arg)
{
	json_t *root = load(arg[0]), *rows = member(arg[0], root, "rows"), *row;
	bool emulated = json_is_true(member(arg[0], root, "emulated"));
	size_t i;

	printf("set terminal svg size 960,470 noenhanced background 'white' font 'sans-serif,13'\n"
	       "set title \"100,000 reads of PCI configuration space in a guest\\n"
	       "Linux %s with the series, %s, %s, %s\"\n",
	       json_string_value(member(arg[0], root, "kernel")),
	       json_string_value(member(arg[0], root, "machine")),
	       json_string_value(member(arg[0], root, "vmm")),
	       emulated ? "processor emulated: not the time of exits" : "KVM");
	puts("set ylabel 'seconds (shorter is better)'\n"
	     "set style fill solid 0.85 noborder\n"
	     "set boxwidth 0.6\n"
	     "set yrange [0:*]\n"
	     "set offsets 0.4, 0.4, graph 0.25, 0\n"
	     "set bmargin 4\n"
	     "set ytics nomirror\n"
	     "set xtics nomirror scale 0 font ',12'\n"
	     "set border 3\n"
	     "set grid ytics linecolor '#dddddd'\n"
	     "unset key\n"
	     "$rows << END");
	json_array_foreach(rows, i, row) {
		const char *name, *method, *serves;
		double seconds, per;

		if (!json_is_null(member(arg[0], row, "unavailable")))
			continue;
		if (json_unpack(row, "{s:s, s:s, s:s, s:F, s:F}", "boot", &name,
				"method", &method, "serves", &serves, "seconds",
				&seconds, "accesses_per_read", &per))
			die(EXIT_USAGE, "%s: row %zu is not a row of demo.json",
			    arg[0], i + 1);
		printf("\"%s\\n%s\" %.6f %s \"%.3f s\\n%g access%s a read\"\n",
		       title_of(method),
		       !strcmp(name, "default") ? "default boot" :
		       !strcmp(name, "nommconf") ? "pci=nommconf" : name,
		       seconds, strcmp(serves, "ecam") ? "0xc0504d" : "0x2e75b6",
		       seconds, per, per == 1 ? "" : "es");
	}
	puts("END\n"
	     "plot $rows using 0:2:3:xtic(1) with boxes linecolor rgb variable, \\\n"
	     "     $rows using 0:2:4 with labels offset 0,1.3 font ',11'");
	json_decref(root);
	return EXIT_SUCCESS;
}

