// SPDX-License-Identifier: GPL-2.0
/* page_files - the files that the page is made from: what they must have, and say */

#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"
#include "util.h"

static const struct name names[] = {
	{ "boot",    "default",		"default boot",		0 },
	{ "boot",    "nommconf",	"pci=nommconf",		0 },
	{ "boot",    "mapped",		"ECAM mapped",		0 },
	{ "boot",    "unpatched",	"without the series",	0 },
	{ "method",  "type1",		"type 1",		0x2e75b6 },
	{ "method",  "ecam",		"ECAM",			0xc0504d },
	{ "method",  "raw_pci_read",	"raw_pci_read()",	0x7d5ba6 },
	{ "serves",  "type1",		"type 1",		0x2e75b6 },
	{ "serves",  "ecam",		"ECAM",			0xc0504d },
	{ "ecam",    "trapped",		"trapped",		0 },
	{ "ecam",    "mapped",		"mapped",		0 },
	{ "op",      "type1",		"type 1",		0x2e75b6 },
	{ "op",      "type1_coalesced",	"type 1, 0xCF8 coalesced", 0x7fb2dd },
	{ "op",      "ecam",		"ECAM, trapped",	0xc0504d },
	{ "op",      "readonly_read",	"read of read-only memory", 0x4d9a50 },
	{ "op",      "readonly_write",	"write to read-only memory", 0x98c799 },
	{ "op",      "empty",		"empty loop",		0x999999 },
	{ "variant", "unpatched",	"unpatched",		0 },
	{ "variant", "nopeer",		"no peer bridge scan",	0 },
	{ "variant", "ecam",		"ECAM for base access",	0 },
	{ "variant", "both",		"both",			0 },
	{ "variant", "both_mapped",	"both, ECAM mapped",	0 },
	{ "phase",   "early",		"early",		0x999999 },
	{ "phase",   "acpi",		"ACPI",			0xe0a030 },
	{ "phase",   "enumeration",	"enumeration",		0x2e75b6 },
	{ "phase",   "drivers",		"drivers",		0x4d9a50 },
	{ "phase",   "all",		"all phases",		0x5b6b7a },
	{ "from",    "kernel",		"kernel threads",	0 },
	{ "from",    "user",		"user space",		0 },
	{ "accel",   "kvm",		"KVM",			0 },
	{ "accel",   "nested",		"KVM on an emulated processor", 0 },
	{ "accel",   "tcg",		"TCG, an emulated processor", 0 },
};

#define NAMES (sizeof(names) / sizeof(names[0]))

static const char * const kind_text[] = {
	[NAME] = "one of the names in lab/FORMATS",
	[NAME_OR_NULL] = "one of the names in lab/FORMATS or null",
	[TEXT] = "a string",
	[TEXT_OR_NULL] = "a string or null",
	[BOOL] = "true or false",
	[NAME_UNLESS] = "one of the names in lab/FORMATS",
	[NUMBER] = "a number, not negative, below 1e15",
	[NUMBERS] = "an array of numbers, not negative, below 1e15",
	[SPREAD] = "numbers with min <= median <= max",
	[SPREAD_OR_NULL] = "numbers with min <= median <= max, or null",
};

/* What must be there. A dot leads into an object. */
struct rule {
	enum kind kind;
	const char *path;
};

static const struct rule head_rules[] = {
	{ TEXT_OR_NULL, "base" }, { TEXT_OR_NULL, "kernel" },
	{ TEXT_OR_NULL, "series" }, { TEXT_OR_NULL, "machine" },
	{ TEXT, "vmm" }, { NAME, "accel" }, { BOOL, "emulated" }, { 0 }
};

static const struct rule loop_rules[] = {
	{ NUMBER, "empty_loop_ns_per_read" }, { 0 }
};

static const struct rule demo_rules[] = {
	{ NAME, "boot" }, { NAME, "method" }, { NAME_UNLESS, "serves" },
	{ NAME_OR_NULL, "ecam" }, { NUMBER, "reads" }, { NUMBER, "seconds" },
	{ NUMBER, "ns_per_read" }, { NUMBER, "accesses_per_read" },
	{ TEXT_OR_NULL, "unavailable" }, { 0 }
};

static const struct rule bench_rules[] = {
	{ NAME, "boot" }, { NAME, "method" }, { NAME_UNLESS, "serves" },
	{ NAME_OR_NULL, "ecam" }, { NUMBER, "reads" }, { NUMBER, "seconds" },
	{ NUMBER, "ns_per_read" }, { NUMBER, "median_ns" }, { NUMBER, "p99_ns" },
	{ NUMBER, "exits_per_read.all" }, { NUMBER, "exits_per_read.io" },
	{ NUMBER, "exits_per_read.mmio" }, { NUMBER, "exits_per_read.user" },
	{ NUMBER, "instructions_per_read" }, { NUMBERS, "ratio_pairs" },
	{ TEXT_OR_NULL, "unavailable" }, { 0 }
};

static const struct rule boot_rules[] = {
	{ NAME, "variant" }, { NUMBER, "functions" }, { NAME, "phase" },
	{ NUMBER, "accesses.port_write" }, { NUMBER, "accesses.port_read" },
	{ NUMBER, "accesses.ecam_read" }, { NUMBER, "accesses.ecam_write" },
	{ SPREAD_OR_NULL, "ms" }, { NUMBER, "boots" }, { 0 }
};

static const struct rule contention_rules[] = {
	{ NAME, "method" }, { NAME, "from" }, { NUMBER, "processors" },
	{ NUMBER, "readers" }, { SPREAD, "reads_per_second" },
	{ SPREAD_OR_NULL, "irqs_off_us" }, { 0 }
};

static const struct rule exit_cost_rules[] = {
	{ NAME, "op" }, { NUMBER, "n" }, { SPREAD, "ns" },
	{ NUMBER, "exits_per_op" }, { NUMBER, "user_exits_per_op" }, { 0 }
};

static const struct rule host_rules[] = {
	{ TEXT, "host.kernel" }, { TEXT_OR_NULL, "host.processor" },
	{ TEXT_OR_NULL, "host.virtualization" }, { TEXT_OR_NULL, "host.hypervisor" },
	{ 0 }
};

struct file files[FILES] = {
	[DEMO] = { "demo.json", "make demo", loop_rules, demo_rules },
	[BENCH] = { "bench.json", "make bench", NULL, bench_rules },
	[BOOT] = { "boot.json", "make boot-profile", NULL, boot_rules },
	[CONTENTION] = { "contention.json", "make bench", NULL, contention_rules },
	[EXIT_COST] = { "exit-cost.json", "make exit-cost", host_rules, exit_cost_rules },
};

json_t *get(json_t *object, const char *path)
{
	const char *dot = strchrnul(path, '.');
	char name[32];

	snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
	object = json_object_get(object, name);
	return *dot ? get(object, dot + 1) : object;
}

double value(json_t *object, const char *path)
{
	return json_number_value(get(object, path));
}

bool is(json_t *object, const char *path, const char *text)
{
	const char *found = json_string_value(get(object, path));

	return found && !strcmp(found, text);
}

const struct name *find_name(const char *member, const char *text)
{
	for (size_t i = 0; text && i < NAMES; i++)
		if (!strcmp(names[i].member, member) && !strcmp(names[i].name, text))
			return &names[i];
	return NULL;
}

const struct name *name_of(json_t *object, const char *member)
{
	return find_name(member, json_string_value(json_object_get(object, member)));
}

/* Nothing is as large; number() has room for it. */
#define LIMIT	1e15

static bool good_number(json_t *v)
{
	return json_is_number(v) && json_number_value(v) >= 0 && json_number_value(v) < LIMIT;
}

static bool good(enum kind kind, const char *path, json_t *v)
{
	json_t *element;
	size_t i;

	switch (kind) {
	case NAME_OR_NULL:
	case TEXT_OR_NULL:
	case SPREAD_OR_NULL:
		return json_is_null(v) || good(kind - 1, path, v);
	case NAME:
	case NAME_UNLESS:
		return find_name(path, json_string_value(v));
	case TEXT:
		return json_is_string(v);
	case BOOL:
		return json_is_boolean(v);
	case NUMBER:
		return good_number(v);
	case NUMBERS:
		json_array_foreach(v, i, element)
			if (!good_number(element))
				return false;
		return json_is_array(v);
	case SPREAD:
		return good_number(get(v, "min")) && good_number(get(v, "median")) &&
		       good_number(get(v, "max")) &&
		       value(v, "min") <= value(v, "median") &&
		       value(v, "median") <= value(v, "max");
	case END:
		break;
	}
	return false;
}

/* @where: what of the file this is */
static void check(const char *path, const char *where, json_t *object,
		  const struct rule *rule)
{
	bool available = !json_is_string(json_object_get(object, "unavailable"));

	for (; rule && rule->kind; rule++)
		if (!good(rule->kind, rule->path, get(object, rule->path)) &&
		    (available || rule->kind < NAME_UNLESS))
			die(EXIT_INPUT, "%s: %s\"%s\" must be %s", path, where,
			    rule->path, kind_text[rule->kind]);
}

static void load(const char *dir, struct file *file)
{
	char *path = format("%s/%s", dir, file->name), where[32];
	FILE *stream = fopen(path, "r");
	json_error_t error;
	json_t *row;
	size_t i;

	if (!stream && errno != ENOENT)
		die(EXIT_INPUT, "%s: %s", path, strerror(errno));
	if (stream) {
		file->root = json_loadf(stream, 0, &error);
		fclose(stream);
		if (!file->root)
			die(EXIT_INPUT, "%s: line %d: %s", path, error.line, error.text);
		if (json_integer_value(json_object_get(file->root, "schema")) != 1)
			die(EXIT_INPUT, "%s: \"schema\" must be 1", path);
		check(path, "", file->root, head_rules);
		check(path, "", file->root, file->head);
		file->rows = json_object_get(file->root, "rows");
		if (!json_array_size(file->rows))
			die(EXIT_INPUT, "%s: \"rows\" must be an array that is not empty", path);
		json_array_foreach(file->rows, i, row) {
			snprintf(where, sizeof(where), "row %zu: ", i + 1);
			check(path, where, row, file->row);
		}
	}
	free(path);
}

int load_files(const char *dir)
{
	int found = 0;

	for (int i = 0; i < FILES; i++) {
		load(dir, &files[i]);
		found += files[i].root != NULL;
	}
	return found;
}

const char *number(double v)
{
	static char texts[8][40];
	static unsigned int next;
	char *text = texts[next++ % 8], *end;

	if (v < 100 && v != (int)v) {
		snprintf(text, sizeof(texts[0]), "%.3g", v);
		return text;
	}
	end = text + snprintf(text, 30, "%.0f", v);
	for (char *c = end - 3; c > text; c -= 3) {
		memmove(c + 1, c, ++end - c);
		*c = ',';
	}
	return text;
}
