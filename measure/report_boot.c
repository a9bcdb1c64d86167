// SPDX-License-Identifier: GPL-2.0
/* report_boot - boot.json: accesses and time of a boot, by phase */

#include <glob.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "phases.h"
#include "report.h"

#define MAX_BOOTS 1000
/* What there is of all phases together, behind them */
#define ALL NR_PHASES

/* In the order of the series; measure/boot-profile boots them */
enum variant { UNPATCHED, NOPEER, ONLY_ECAM, BOTH, BOTH_MAPPED, NR_VARIANTS };

static const char * const variants[NR_VARIANTS] = {
	[UNPATCHED]	= "unpatched",
	[NOPEER]	= "nopeer",
	[ONLY_ECAM]	= "ecam",
	[BOTH]		= "both",
	[BOTH_MAPPED]	= "both_mapped",
};

/*
 * What the project promises of a machine with four functions: accesses in a boot,
 * and how much of them and of the time of enumeration is gone.
 */
#define LIMIT_FUNCTIONS	4
#define LIMIT_ACCESSES	600
#define LIMIT_GONE	0.96
#define LIMIT_TIME_GONE	0.65
/* Accesses where ECAM is mapped as well */
#define LIMIT_MAPPED	230

/* One variant on one machine */
struct profile {
	json_t *vm;		/* the counted boot; NULL if it was not booted */
	char *path;
	json_int_t functions;
	json_int_t accesses;
	double enumeration_ms;	/* median; 0 if there is none */
};

/* Ticks of the guest's processor when a phase began, and when we heard of it */
static json_int_t ticks_of(const char *path, json_t *vm, const char *name, double *arrival)
{
	json_t *events = member(path, vm, "phases"), *event;
	size_t i;

	json_array_foreach(events, i, event) {
		const char *its_name = json_string_value(json_object_get(event, "name"));

		if (!its_name || strcmp(its_name, name))
			continue;
		if (arrival)
			*arrival = json_number_value(member(path, event, "arrival"));
		return json_integer_value(member(path, event, "tsc"));
	}
	die(EXIT_USAGE, "%s: no phase \"%s\"", path, name);
}

/*
 * Set ms[] to what each phase took, -1 for one that is over before there is an
 * event, and ms[ALL] to their sum. Ticks are told in the time of our own clock, and
 * must agree with it: the guest's user space can't be up before its kernel has begun.
 */
static void time_boot(const char *path, double ms[NR_PHASES + 1])
{
	json_t *vm = load(path);
	double first_arrival, last_arrival, ticks_per_ms, user_space, start;
	json_int_t first = ticks_of(path, vm, "compare", &first_arrival);
	json_int_t last = ticks_of(path, vm, "compared", &last_arrival);
	json_int_t user = ticks_of(path, vm, "user", NULL), begins = user;

	if (last <= first || last_arrival <= first_arrival)
		die(EXIT_USAGE, "%s: the guest's clock does not go forward", path);
	ticks_per_ms = (last - first) / (last_arrival - first_arrival) / 1000;

	for (int i = NR_PHASES - 1; i >= 0; i--) {
		json_int_t ends = begins;

		if (!phases[i].begins) {
			ms[i] = -1;
			continue;
		}
		begins = ticks_of(path, vm, phases[i].name, NULL);
		if (begins > ends)
			die(EXIT_USAGE, "%s: phase %s begins too late", path, phases[i].name);
		ms[i] = (ends - begins) / ticks_per_ms;
	}
	ms[ALL] = (user - begins) / ticks_per_ms;

	user_space = first_arrival - (first - user) / ticks_per_ms / 1000;
	start = json_number_value(member(path, vm, "user_space_seconds"));
	if (user_space > start + 0.1 || user_space - ms[ALL] / 1000 < 0)
		die(EXIT_USAGE, "%s: the guest's clock and the host's disagree", path);
	json_decref(vm);
}

/* Returns how many timed boots there are: DIR/VARIANT-FUNCTIONS-N.json, N from 1. */
static size_t time_boots(const char *dir, const char *variant, json_int_t functions,
			 double (*ms)[MAX_BOOTS])
{
	double one[NR_PHASES + 1];
	size_t n = 0;

	for (; n < MAX_BOOTS; n++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s-%lld-%zu.json", dir, variant,
			 (long long)functions, n + 1);
		if (access(path, F_OK))
			break;
		time_boot(path, one);
		for (size_t i = 0; i <= NR_PHASES; i++)
			ms[i][n] = one[i];
	}
	return n;
}

static json_t *accesses_json(const char *path, json_t *counts)
{
	json_int_t cf8_write = json_integer_value(member(path, counts, "cf8_write"));
	json_int_t cfc_write = json_integer_value(member(path, counts, "cfc_write"));
	json_int_t cf8_read = json_integer_value(member(path, counts, "cf8_read"));
	json_int_t cfc_read = json_integer_value(member(path, counts, "cfc_read"));

	return json_pack("{s:I, s:I, s:O, s:O}",
			 "port_write", cf8_write + cfc_write,
			 "port_read", cf8_read + cfc_read,
			 "ecam_read", member(path, counts, "ecam_read"),
			 "ecam_write", member(path, counts, "ecam_write"));
}

/* Add the rows of one variant: a phase each, and all of them. */
static void add_rows(json_t *rows, const char *dir, const char *variant,
		     struct profile *profile)
{
	static double ms[NR_PHASES + 1][MAX_BOOTS];
	const char *path = profile->path;
	json_t *counts = member(path, profile->vm, "counts");
	json_t *by_phase = member(path, counts, "phases");
	size_t boots = time_boots(dir, variant, profile->functions, ms);

	for (size_t i = 0; i <= NR_PHASES; i++) {
		const char *name = i == ALL ? "all" : phases[i].name;
		json_t *tally = i == ALL ? member(path, counts, "kernel") :
					   member(path, by_phase, name);
		bool timed = boots && ms[i][0] >= 0;
		json_t *times = spread(ms[i], timed ? boots : 0);

		if (i == ALL)
			profile->accesses = accesses(tally);
		if (timed && !strcmp(name, "enumeration"))
			profile->enumeration_ms =
				json_number_value(json_object_get(times, "median"));
		json_array_append_new(rows,
			json_pack("{s:s, s:I, s:s, s:o, s:o, s:i}",
				  "variant", variant, "functions", profile->functions,
				  "phase", name, "accesses", accesses_json(path, tally),
				  "ms", times, "boots", (int)boots));
	}
}

static double gone(double before, double after)
{
	return 1 - after / before;
}

static bool mapped_holds(const struct profile *mapped)
{
	if (!mapped->vm)
		return true;
	printf("%lld accesses with ECAM mapped.\n", (long long)mapped->accesses);
	if (mapped->functions != LIMIT_FUNCTIONS || mapped->accesses <= LIMIT_MAPPED)
		return true;
	fprintf(stderr, "report: limit missed: at most %d accesses in a boot with ECAM mapped\n",
		LIMIT_MAPPED);
	return false;
}

/* Tell what the series saves, and whether that is what is promised. */
static bool holds(const struct profile *before, const struct profile *after, bool nested)
{
	double fewer = gone(before->accesses, after->accesses);
	double faster = before->enumeration_ms > 0 ?
			gone(before->enumeration_ms, after->enumeration_ms) : 1;
	bool good = true;

	if ((before->enumeration_ms > 0) != (after->enumeration_ms > 0))
		die(EXIT_USAGE, "%s, %s: one is timed and the other is not", before->path,
		    after->path);
	printf("\n%lld functions: %lld accesses of the kernel instead of %lld, %.1f %% less",
	       (long long)before->functions, (long long)after->accesses,
	       (long long)before->accesses, 100 * fewer);
	if (before->enumeration_ms > 0)
		printf(";\n%.0f ms of enumeration instead of %.0f, %.0f %% less",
		       after->enumeration_ms, before->enumeration_ms, 100 * faster);
	puts(".");
	if (before->functions != LIMIT_FUNCTIONS)
		return true;
	if (after->accesses > LIMIT_ACCESSES || !(fewer >= LIMIT_GONE)) {
		fprintf(stderr, "report: limit missed: at most %d accesses in a boot, and %.0f %% less\n",
			LIMIT_ACCESSES, 100 * LIMIT_GONE);
		good = false;
	}
	/* What an exit costs a real host is its own matter. */
	if (nested && !(faster >= LIMIT_TIME_GONE)) {
		fprintf(stderr, "report: limit missed: %.0f %% less time of enumeration\n",
			100 * LIMIT_TIME_GONE);
		good = false;
	}
	return good;
}

static void print_rows(json_t *rows)
{
	json_t *row;
	size_t i;

	printf("%9s  %-12s %-12s %8s %8s %10s %10s %10s\n", "functions", "variant", "phase",
	       "ports", "ECAM", "ms", "min", "max");
	json_array_foreach(rows, i, row) {
		const char *variant, *phase;
		json_int_t functions, port_write, port_read, ecam_read, ecam_write;
		double median, min, max;
		json_t *ms;

		json_unpack(row, "{s:s, s:I, s:s, s:{s:I, s:I, s:I, s:I}, s:o}",
			    "variant", &variant, "functions", &functions, "phase", &phase,
			    "accesses", "port_write", &port_write, "port_read", &port_read,
			    "ecam_read", &ecam_read, "ecam_write", &ecam_write, "ms", &ms);
		printf("%9lld  %-12s %-12s %8lld %8lld", (long long)functions, variant, phase,
		       (long long)(port_write + port_read),
		       (long long)(ecam_read + ecam_write));
		if (!json_unpack(ms, "{s:F, s:F, s:F}", "median", &median, "min", &min,
				 "max", &max))
			printf(" %10.1f %10.1f %10.1f", median, min, max);
		puts("");
	}
}

/* The accelerator is that of the timed boots; counted ones are always emulated. */
static json_t *boot_head(const char *base, const char *series, const char *dir,
			 const struct profile *both)
{
	json_t *timed = NULL, *root;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s-%lld-1.json", dir, variants[BOTH],
		 (long long)both->functions);
	if (!access(path, F_OK))
		timed = load(path);
	root = head(base, series, timed ? path : both->path, timed ? timed : both->vm);
	json_decref(timed);
	return root;
}

/* The variants on the machine of "unpatched", a counted boot that is there. */
static void add_machine(json_t *rows, const char *dir, const char *unpatched,
			struct profile profiles[NR_VARIANTS])
{
	long long functions;

	if (sscanf(unpatched + strlen(dir), "/unpatched-%lld-count.json", &functions) != 1)
		die(EXIT_USAGE, "%s: not a number of functions in its name", unpatched);
	for (size_t i = 0; i < NR_VARIANTS; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s-%lld-count.json", dir, variants[i],
			 functions);
		profiles[i] = (struct profile){ .functions = functions };
		if (access(path, F_OK))
			continue;
		profiles[i].path = strdup(path);
		profiles[i].vm = load(path);
		if (json_integer_value(member(path, profiles[i].vm, "functions")) != functions)
			die(EXIT_USAGE, "%s: not a machine with %lld functions", path, functions);
		add_rows(rows, dir, variants[i], &profiles[i]);
	}
}

static void free_profiles(struct profile profiles[NR_VARIANTS])
{
	for (size_t i = 0; i < NR_VARIANTS; i++) {
		json_decref(profiles[i].vm);
		free(profiles[i].path);
	}
}

int boot(char **arg)
{
	const char *out = arg[0], *base = arg[1], *series = arg[2], *dir = arg[3];
	struct profile profiles[NR_VARIANTS];
	json_t *rows = json_array(), *root = NULL;
	bool good = true;
	char pattern[4096];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/unpatched-*-count.json", dir);
	if (glob(pattern, 0, NULL, &found))
		die(EXIT_USAGE, "%s: no counted boot of \"unpatched\" in it", dir);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		add_machine(rows, dir, found.gl_pathv[i], profiles);
		if (!profiles[BOTH].vm)
			die(EXIT_USAGE, "%s: no counted boot of \"%s\" beside %s", dir,
			    variants[BOTH], found.gl_pathv[i]);
		if (!root)
			root = boot_head(base, series, dir, &profiles[BOTH]);
		good &= holds(&profiles[UNPATCHED], &profiles[BOTH],
			      !strcmp(json_string_value(json_object_get(root, "accel")),
				      "nested"));
		good &= mapped_holds(&profiles[BOTH_MAPPED]);
		free_profiles(profiles);
	}
	globfree(&found);
	json_object_set(root, "rows", rows);
	store(root, out);
	puts("");
	print_rows(rows);
	json_decref(rows);
	json_decref(root);
	return good ? EXIT_SUCCESS : EXIT_LIMIT;
}
