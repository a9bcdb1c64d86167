// SPDX-License-Identifier: GPL-2.0
/* result - the files with the result of a run, see lab/FORMATS */

#include "vm.h"

#include <cpuid.h>
#include <sys/stat.h>

/* Only a regular file can be replaced: not /dev/stdout. */
static bool is_replaced(const char *path)
{
	struct stat st;

	return lstat(path, &st) || S_ISREG(st.st_mode);
}

/* Nobody must take an old result for ours. */
static void remove_result(const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		err(EXIT_INPUT, "can't write %s", path);
	fclose(file);
	if (is_replaced(path))
		unlink(path);
}

void remove_results(void)
{
	if (options.json)
		remove_result(options.json);
	if (options.accesses) {
		remove_result(options.accesses);
		trace.list = checked(open_memstream(&trace.accesses, &trace.accesses_length));
	}
}

/* Put the whole file in its place, or nothing. */
static void write_result(const char *path, const char *text, size_t length)
{
	char *temporary = is_replaced(path) ? format("%s.tmp", path) : NULL;
	FILE *file = fopen(temporary ? temporary : path, "we");
	bool failed = !file || fwrite(text, 1, length, file) < length;

	if (file)
		failed |= fclose(file);
	if (temporary && !failed)
		failed = rename(temporary, path);
	if (failed)
		end(EXIT_HOST, "can't write %s: %s", path, strerror(errno));
	if (temporary && failed)
		unlink(temporary);
	free(temporary);
}

/* Each access is in one member: their sum is the number of accesses. */
static json_t *tally_json(const struct tally *tally)
{
	static const char *const kinds[NR_CONFIG] = { "cf8", "cfc", "ecam" };
	json_t *json = checked(json_object());
	char name[16];

	for (int i = 0; i < 2 * NR_CONFIG; i++) {
		snprintf(name, sizeof(name), "%s_%s", kinds[i / 2], i % 2 ? "write" : "read");
		json_object_set_new(json, name, json_integer(tally->counts[i / 2][i % 2]));
	}
	return json;
}

static json_t *counts_json(void)
{
	json_t *marks, *by_phase = NULL;

	if (!options.count)
		return json_null();
	/* Only a boot console prints each line at once. */
	if (strstr(run.cmdline, "keep_bootcon")) {
		by_phase = checked(json_object());
		for (size_t i = 0; i < NR_PHASES; i++)
			json_object_set_new(by_phase, phases[i].name, tally_json(&trace.phases[i]));
	}
	marks = checked(json_object());
	for (size_t i = 0; i < trace.nr_marks; i++)
		json_object_set_new(marks, trace.marks[i].name, tally_json(&trace.marks[i].tally));
	return checked(json_pack("{s:o,s:o,s:o?,s:o,s:o}",
		"firmware", tally_json(&trace.firmware),
		"kernel", tally_json(&trace.kernel),
		"phases", by_phase,
		"marks", marks,
		"rest", tally_json(&trace.rest)));
}

/* Does KVM run on processors that QEMU emulates? It is not the KVM of other machines. */
bool is_nested(void)
{
	const unsigned int hypervisor = 1u << 31;	/* in ECX of leaf 1 */
	unsigned int eax, ebx, ecx, edx, signature[3];

	if (strcmp(options.accel, "kvm") || !__get_cpuid(1, &eax, &ebx, &ecx, &edx) ||
	    !(ecx & hypervisor))
		return false;
	__cpuid(0x40000000, eax, signature[0], signature[1], signature[2]);
	return !memcmp(signature, "TCGTCGTCGTCG", sizeof(signature));
}

/* Returns the text of the JSON file, to be freed. */
static char *result_text(void)
{
	char *dump, *text;
	json_t *json = checked(json_pack(
		"{s:s?,s:s,s:s,s:s,s:i,s:i,s:s,s:f,s:i,s:s,s:s?,s:o,s:O?}",
		"qemu", run.qemu_version,
		"machine", options.machine,
		"accel", is_nested() ? "nested" : options.accel,
		"cpu", options.cpu,
		"smp", (int)options.smp,
		"memory", (int)options.memory,
		"cmdline", run.cmdline,
		"seconds", run.seconds,
		"boots", (int)run.boots,
		"verdict", run.reason ? "fail" : "pass",
		"reason", run.reason,
		"counts", counts_json(),
		"exits", options.exits ? run.exits : NULL));

	json_object_update_missing(json, run.said);
	dump = checked(json_dumps(json, JSON_INDENT(1) | JSON_REAL_PRECISION(6)));
	text = format("%s\n", dump);
	free(dump);
	json_decref(json);
	return text;
}

void write_results(void)
{
	if (options.accesses && !run.reason)
		write_result(options.accesses, trace.accesses, trace.accesses_length);
	/* The second, so that it says what was wrong with the first. */
	if (options.json && run.status <= EXIT_GUEST) {
		char *text = result_text();

		write_result(options.json, text, strlen(text));
		free(text);
	}
}
