// SPDX-License-Identifier: GPL-2.0
/*
 * Turns what lab/vm wrote of single boots, and what kvm_exit_cost measured, into
 * the results that people and machines read: out/demo.json, out/boot.json and
 * out/exit-cost.json (lab/FORMATS), tables, and the gnuplot commands of a bar chart.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define READS 100000

enum { EXIT_LIMIT = 1, EXIT_USAGE = 2, EXIT_HOST = 3 };

static const char usage[] =
"usage: report demo OUT BASE SERIES DEFAULT DEFAULT_COUNT NOMMCONF NOMMCONF_COUNT\n"
"       report boot OUT BASE SERIES UNPATCHED PATCHED\n"
"       report exit-cost OUT KTAP\n"
"       report table DEMO\n"
"       report chart DEMO\n"
"\n"
"  demo       make OUT (demo.json) from four results of lab/vm: the default boot\n"
"             and the one with pci=nommconf, each timed and, in a run of its own,\n"
"             counted\n"
"  boot       make OUT (boot.json) from two counted boots\n"
"  exit-cost  make OUT (exit-cost.json) from what kvm_exit_cost has just printed\n"
"             on this machine, and print it for people\n"
"  table      print DEMO for people\n"
"  chart      print gnuplot commands that draw DEMO as SVG on gnuplot's output\n"
"\n"
"BASE is a name in bases, SERIES says which series was applied.\n"
"Exit code: 0; 1 a limit that the project sets itself is missed; 2 bad\n"
"arguments or input; 3 the output can't be written.\n";

__attribute__((noreturn, format(printf, 2, 3)))
static void die(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("report: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(code);
}

static json_t *load(const char *path)
{
	json_error_t error;
	json_t *root = json_load_file(path, 0, &error);

	if (!root)
		die(EXIT_USAGE, "%s: line %d: %s", path, error.line, error.text);
	return root;
}

/* The member of an object; that it is missing is an error of the input. */
static json_t *member(const char *path, json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	if (!value)
		die(EXIT_USAGE, "%s: no \"%s\"", path, name);
	return value;
}

static json_t *result_of(const char *path, json_t *vm, const char *method)
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

/* Accesses of every kind in one object of "counts". */
static json_int_t accesses(json_t *counts)
{
	json_int_t sum = 0;
	const char *kind;
	json_t *count;

	json_object_foreach(counts, kind, count)
		sum += json_integer_value(count);
	return sum;
}

/* A whole number where it is one, so that 2 is written as 2. */
static json_t *per_read(json_int_t count, json_int_t reads)
{
	if (count % reads)
		return json_real((double)count / reads);
	return json_integer(count / reads);
}

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
			 per_read(accesses(counts), reads), "unavailable");
}

static double empty_loop_ns(const char *path, json_t *timed)
{
	json_t *result = result_of(path, timed, "empty");

	return (double)json_integer_value(member(path, result, "total_ns")) /
	       json_integer_value(member(path, result, "reads"));
}

/* The members that every JSON file of the lab begins with. */
static json_t *head(const char *base, const char *series, const char *path,
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

/* Whole or not at all: under another name first. */
static void store(json_t *root, const char *path)
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
};

#define LIMITS (sizeof(demo_limits) / sizeof(demo_limits[0]))

static bool demo_holds(json_t *rows)
{
	bool holds = true;

	for (size_t i = 0; i < LIMITS; i++) {
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

static int demo(char **arg)
{
	const char *out = arg[0], *base = arg[1], *series = arg[2];
	json_t *root, *rows = json_array(), *vm[4];
	int i;

	for (i = 0; i < 4; i++)
		vm[i] = load(arg[3 + i]);

	for (size_t n = 0; n < LIMITS; n++) {
		i = strcmp(demo_limits[n].boot, "default") ? 2 : 0;
		json_array_append_new(rows,
			demo_row(demo_limits[n].boot, demo_limits[n].method,
				 arg[3 + i], vm[i], arg[4 + i], vm[i + 1]));
	}

	root = head(base, series, arg[3], vm[0]);
	json_object_set_new(root, "empty_loop_ns_per_read",
			    json_real(empty_loop_ns(arg[3], vm[0])));
	json_object_set(root, "rows", rows);
	store(root, out);

	i = demo_holds(rows) ? EXIT_SUCCESS : EXIT_LIMIT;
	json_decref(rows);
	json_decref(root);
	for (int n = 0; n < 4; n++)
		json_decref(vm[n]);
	return i;
}

/* The kernel's own accesses in one boot, and the project's limit for them. */
#define BOOT_LIMIT 600

static json_int_t boot_row(json_t *rows, const char *variant, const char *path,
			   json_t *vm)
{
	json_t *counts = member(path, member(path, vm, "counts"), "kernel");
	json_int_t cf8_write = json_integer_value(member(path, counts, "cf8_write"));
	json_int_t cfc_write = json_integer_value(member(path, counts, "cfc_write"));
	json_int_t cf8_read = json_integer_value(member(path, counts, "cf8_read"));
	json_int_t cfc_read = json_integer_value(member(path, counts, "cfc_read"));

	json_array_append_new(rows,
		json_pack("{s:s, s:O, s:s, s:{s:I, s:I, s:O, s:O}, s:n, s:i}",
			  "variant", variant,
			  "functions", member(path, vm, "functions"),
			  "phase", "all", "accesses",
			  "port_write", cf8_write + cfc_write,
			  "port_read", cf8_read + cfc_read,
			  "ecam_read", member(path, counts, "ecam_read"),
			  "ecam_write", member(path, counts, "ecam_write"),
			  "ms", "boots", 1));
	return accesses(counts);
}

static int boot(char **arg)
{
	const char *out = arg[0], *base = arg[1], *series = arg[2];
	json_t *unpatched = load(arg[3]), *patched = load(arg[4]);
	json_t *root, *rows = json_array();
	json_int_t before, after;

	before = boot_row(rows, "unpatched", arg[3], unpatched);
	after = boot_row(rows, "both", arg[4], patched);
	root = head(base, series, arg[4], patched);
	json_object_set(root, "rows", rows);
	store(root, out);
	json_decref(rows);
	json_decref(root);
	json_decref(unpatched);
	json_decref(patched);

	printf("config accesses of the kernel in one boot: %lld unpatched, %lld with the series\n",
	       (long long)before, (long long)after);
	if (after > BOOT_LIMIT) {
		fprintf(stderr, "report: limit missed: at most %d accesses in a boot\n",
			BOOT_LIMIT);
		return EXIT_LIMIT;
	}
	return EXIT_SUCCESS;
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

static int table(char **arg)
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
	if (json_is_true(member(arg[0], root, "emulated")))
		printf("The processor is emulated (%s): the counts are exact, but the times say\n"
		       "nothing about what an exit costs.\n", text[3]);
	else
		printf("The times are those of this machine, with real exits (%s).\n", text[3]);
	json_decref(root);
	return EXIT_SUCCESS;
}

static int chart(char **arg)
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
		       strcmp(name, "default") ? "pci=nommconf" : "default boot",
		       seconds, strcmp(serves, "ecam") ? "0xc0504d" : "0x2e75b6",
		       seconds, per, per == 1 ? "" : "es");
	}
	puts("END\n"
	     "plot $rows using 0:2:3:xtic(1) with boxes linecolor rgb variable, \\\n"
	     "     $rows using 0:2:4 with labels offset 0,1.3 font ',11'");
	json_decref(root);
	return EXIT_SUCCESS;
}

/* What kvm_exit_cost measures, in its order */
static const struct {
	const char *op, *title;
} exit_costs[] = {
	{ "type1",		"type 1" },
	{ "type1_coalesced",	"type 1, writes to 0xCF8 coalesced" },
	{ "ecam",		"ECAM, trapped" },
	{ "readonly_read",	"ECAM in read-only memory: read" },
	{ "readonly_write",	"ECAM in read-only memory: write" },
	{ "empty",		"nothing (the loop alone)" },
};

/* In ECX, CPUID leaf 1 has VMX and HYPERVISOR, leaf 0x80000001 has SVM. */
#define CPUID_VMX		(1u << 5)
#define CPUID_HYPERVISOR	(1u << 31)
#define CPUID_SVM		(1u << 2)

#define EXIT_COSTS (sizeof(exit_costs) / sizeof(exit_costs[0]))

/* A whole number where it is one, so that 2 is written as 2. */
static json_t *number(double value)
{
	json_int_t whole = value;

	return whole == value ? json_integer(whole) : json_real(value);
}

/* The row that comes after @rows, from one line of figures. */
static json_t *exit_cost_row(const char *path, int line_number, const char *line,
			     size_t rows)
{
	double median, min, max, exits, user_exits;
	char op[32];
	int n;

	if (sscanf(line, "# op=%31s n=%d median_ns=%lf min_ns=%lf max_ns=%lf "
		   "exits_per_op=%lf user_exits_per_op=%lf", op, &n, &median, &min,
		   &max, &exits, &user_exits) != 7)
		die(EXIT_USAGE, "%s: line %d: not a line of figures", path, line_number);
	if (rows == EXIT_COSTS || strcmp(op, exit_costs[rows].op))
		die(EXIT_USAGE, "%s: line %d: op=%s where %s should be", path, line_number,
		    op, rows == EXIT_COSTS ? "the end" : exit_costs[rows].op);
	/* Not the other way round: NaN compares as false. */
	if (!(n > 0 && min >= 0 && min <= median && median <= max && isfinite(max) &&
	      exits >= 0 && isfinite(exits) && user_exits >= 0 && isfinite(user_exits)))
		die(EXIT_USAGE, "%s: line %d: these figures can't be", path, line_number);
	return json_pack("{s:s, s:i, s:{s:f, s:f, s:f}, s:o, s:o}",
			 "op", op, "n", n, "ns", "median", median, "min", min,
			 "max", max, "exits_per_op", number(exits),
			 "user_exits_per_op", number(user_exits));
}

static json_t *exit_cost_rows(const char *path)
{
	json_t *rows = json_array();
	FILE *file = fopen(path, "r");
	int line_number = 0;
	char *line = NULL;
	size_t size = 0;

	if (!file)
		die(EXIT_USAGE, "%s: %s", path, strerror(errno));
	while (getline(&line, &size, file) >= 0) {
		line_number++;
		if (!strncmp(line, "# op=", strlen("# op=")))
			json_array_append_new(rows,
				exit_cost_row(path, line_number, line,
					      json_array_size(rows)));
	}
	if (json_array_size(rows) < EXIT_COSTS)
		die(EXIT_USAGE, "%s: no figures of %s", path,
		    exit_costs[json_array_size(rows)].op);
	free(line);
	fclose(file);
	return rows;
}

/* The processor's name as it calls itself, or null. */
static json_t *processor(void)
{
	unsigned int word[12], i;

	for (i = 0; i < 3; i++) {
		unsigned int *part = &word[i * 4];

		if (!__get_cpuid(0x80000002 + i, &part[0], &part[1], &part[2], &part[3]))
			return json_null();
	}
	return json_stringn((char *)word, strnlen((char *)word, sizeof(word)));
}

/* What the processor offers a hypervisor, or null: there are KVMs that do without. */
static json_t *virtualization(void)
{
	unsigned int eax, ebx, ecx, edx;

	if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) && ecx & CPUID_VMX)
		return json_string("vmx");
	if (__get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) && ecx & CPUID_SVM)
		return json_string("svm");
	return json_null();
}

/* The signature of the hypervisor that this machine runs on, or null. */
static json_t *hypervisor(void)
{
	unsigned int eax, ebx, ecx, edx, word[3];

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & CPUID_HYPERVISOR))
		return json_null();
	__cpuid(0x40000000, eax, word[0], word[1], word[2]);
	return json_stringn((char *)word, strnlen((char *)word, sizeof(word)));
}

static double ns_of(json_t *row, const char *which)
{
	return json_number_value(json_object_get(json_object_get(row, "ns"), which));
}

static void print_exit_costs(json_t *host, json_t *rows)
{
	const char *processor = json_string_value(json_object_get(host, "processor"));
	const char *hypervisor = json_string_value(json_object_get(host, "hypervisor"));
	double type1 = ns_of(json_array_get(rows, 0), "median");
	double coalesced = ns_of(json_array_get(rows, 1), "median");
	double ecam = ns_of(json_array_get(rows, 2), "median");
	long long n = json_integer_value(json_object_get(json_array_get(rows, 0), "n"));
	json_t *row;
	size_t i;

	printf("A guest of KVM on this machine: %s, Linux %s\n\n",
	       processor ? processor : "unknown processor",
	       json_string_value(json_object_get(host, "kernel")));
	printf("%-35s %10s %10s %10s %7s %14s\n", "access", "ns", "min", "max", "exits",
	       "to user space");
	json_array_foreach(rows, i, row)
		printf("%-35s %10.*f %10.*f %10.*f %7.4g %14.4g\n", exit_costs[i].title,
		       ns_of(row, "median") < 100, ns_of(row, "median"),
		       ns_of(row, "median") < 100, ns_of(row, "min"),
		       ns_of(row, "median") < 100, ns_of(row, "max"),
		       json_number_value(json_object_get(row, "exits_per_op")),
		       json_number_value(json_object_get(row, "user_exits_per_op")));

	printf("\nECAM / type 1: %.2f.  ECAM / type 1 coalesced: %.2f.\n\n"
	       "Coalesced, as QEMU has it: KVM keeps what is written to 0xCF8 until the read of\n"
	       "0xCFC exits to user space.  The exits are KVM's own count, the times are those\n"
	       "of one access: median, least and greatest of 5 runs of %lld%s.\n",
	       ecam / type1, ecam / coalesced, n, n < READS ? " or more" : "");
	if (hypervisor)
		printf("This machine is a virtual one itself (%s): an exit takes longer than\n"
		       "on bare metal.\n", hypervisor);
	if (json_is_null(json_object_get(host, "virtualization")))
		puts("Its processor shows neither VMX nor SVM: this KVM does without.");
}

static int exit_cost(char **arg)
{
	json_t *rows = exit_cost_rows(arg[1]), *root, *host;
	struct utsname name;
	const char *below;

	uname(&name);
	host = json_pack("{s:s, s:o, s:o, s:o}", "kernel", name.release,
			 "processor", processor(), "virtualization", virtualization(),
			 "hypervisor", hypervisor());
	below = json_string_value(json_object_get(host, "hypervisor"));
	root = json_pack("{s:i, s:n, s:n, s:n, s:n, s:s, s:s, s:b, s:O, s:O}",
			 "schema", 1, "base", "kernel", "series", "machine",
			 "vmm", "kvm_exit_cost", "accel", "kvm",
			 "emulated", below && !strcmp(below, "TCGTCGTCGTCG"),
			 "host", host, "rows", rows);
	store(root, arg[0]);
	print_exit_costs(host, rows);
	json_decref(host);
	json_decref(rows);
	json_decref(root);
	return EXIT_SUCCESS;
}

static const struct {
	const char *name;
	int arguments;
	int (*run)(char **arguments);
} verbs[] = {
	{ "demo", 7, demo },
	{ "boot", 5, boot },
	{ "exit-cost", 2, exit_cost },
	{ "table", 1, table },
	{ "chart", 1, chart },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].name))
			continue;
		if (argc - 2 != verbs[i].arguments)
			die(EXIT_USAGE, "%s takes %d arguments, not %d",
			    argv[1], verbs[i].arguments, argc - 2);
		return verbs[i].run(argv + 2);
	}
	fputs(usage, argc == 2 && !strcmp(argv[1], "--help") ? stdout : stderr);
	return argc == 2 && !strcmp(argv[1], "--help") ? EXIT_SUCCESS : EXIT_USAGE;
}
