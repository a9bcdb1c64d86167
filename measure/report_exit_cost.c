// SPDX-License-Identifier: GPL-2.0
/* report_exit_cost - exit-cost.json and its table */

#include <cpuid.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "hypervisor.h"
#include "report.h"

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

/* In ECX, CPUID leaf 1 has VMX, leaf 0x80000001 has SVM. */
#define CPUID_VMX		(1u << 5)
#define CPUID_SVM		(1u << 2)

#define EXIT_COSTS (sizeof(exit_costs) / sizeof(exit_costs[0]))

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
	       "Coalesced, as QEMU asks for it (in vain on its PC machines, where 0xCF9 is another\n"
	       "register in between): KVM keeps what is written to 0xCF8 until the read of\n"
	       "0xCFC exits to user space.  The exits are KVM's own count, the times are those\n"
	       "of one access: median, least and greatest of 5 runs of %lld%s.\n",
	       ecam / type1, ecam / coalesced, n, n < READS ? " or more" : "");
	if (hypervisor)
		printf("This machine is a virtual one itself (%s): an exit takes longer than\n"
		       "on bare metal.\n", hypervisor);
	if (json_is_null(json_object_get(host, "virtualization")))
		puts("Its processor shows neither VMX nor SVM: this KVM does without.");
}

int exit_cost(char **arg)
{
	json_t *rows = exit_cost_rows(arg[1]), *root, *host;
	struct utsname name;
	char below[13];
	bool virtual = hypervisor_signature(below);

	uname(&name);
	host = json_pack("{s:s, s:o, s:o, s:o}", "kernel", name.release,
			 "processor", processor(), "virtualization", virtualization(),
			 "hypervisor", virtual ? json_string(below) : json_null());
	root = json_pack("{s:i, s:n, s:n, s:n, s:n, s:s, s:s, s:b, s:O, s:O}",
			 "schema", 1, "base", "kernel", "series", "machine",
			 "vmm", "kvm_exit_cost", "accel", "kvm",
			 "emulated", virtual && !strcmp(below, EMULATED_SIGNATURE),
			 "host", host, "rows", rows);
	store(root, arg[0]);
	print_exit_costs(host, rows);
	json_decref(host);
	json_decref(rows);
	json_decref(root);
	return EXIT_SUCCESS;
}

