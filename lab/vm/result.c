// SPDX-License-Identifier: GPL-2.0
/* result - the files with the result of a run, see lab/FORMATS */

#include "vm.h"

#include <cpuid.h>
#include <sys/stat.h>

static struct output {
	const char *path;	/* NULL: don't write it */
	char *temporary;	/* NULL if path is not a regular file */
	FILE *file;
} json_output, accesses_output;

void discard_results(void)
{
	if (json_output.temporary)
		unlink(json_output.temporary);
	if (accesses_output.temporary)
		unlink(accesses_output.temporary);
}

static void open_output(struct output *output, const char *path)
{
	struct stat st;

	if (!path)
		return;
	/* Only a regular file can be replaced: not /dev/stdout. */
	if (stat(path, &st) || S_ISREG(st.st_mode)) {
		/* Nobody must take an old result for ours. */
		unlink(path);
		output->temporary = format("%s.%d.tmp", path, (int)getpid());
	}
	output->path = path;
	output->file = fopen(output->temporary ? output->temporary : path, "we");
	if (!output->file)
		err(EXIT_INPUT, "can't write %s", path);
}

void open_results(void)
{
	atexit(discard_results);
	open_output(&json_output, options.json);
	open_output(&accesses_output, options.accesses);
}

/* Put the whole file in its place, or remove it unless keep. */
static void close_output(struct output *output, bool keep)
{
	bool failed = ferror(output->file);

	failed |= fclose(output->file);
	if (keep && output->temporary && !failed)
		failed = rename(output->temporary, output->path);
	if (keep && failed)
		end(EXIT_HOST, "can't write %s: %s", output->path, strerror(errno));
	if (output->temporary && (!keep || failed))
		unlink(output->temporary);
	free(output->temporary);
	output->temporary = NULL;
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

	if (strcmp(run.accel, "kvm") || !__get_cpuid(1, &eax, &ebx, &ecx, &edx) ||
	    !(ecx & hypervisor))
		return false;
	__cpuid(0x40000000, eax, signature[0], signature[1], signature[2]);
	return !memcmp(signature, "TCGTCGTCGTCG", sizeof(signature));
}

static void write_json(const char *why_accel, FILE *file)
{
	json_t *json = checked(json_pack(
		"{s:s?,s:s,s:s,s:s?,s:s,s:i,s:i,s:s,s:f,s:i,s:s,s:s?,s:o,s:O?}",
		"qemu", run.qemu_version,
		"machine", options.machine,
		"accel", is_nested() ? "nested" : run.accel,
		"accel_reason", why_accel,
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
	json_dumpf(json, file, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	fputc('\n', file);
	json_decref(json);
}

void write_results(const char *why_accel)
{
	if (accesses_output.path) {
		if (!run.reason)
			fwrite(trace.accesses, 1, trace.accesses_length, accesses_output.file);
		close_output(&accesses_output, !run.reason);
	}
	/* The second, so that it says what was wrong with the first. */
	if (json_output.path) {
		write_json(why_accel, json_output.file);
		close_output(&json_output, run.status <= EXIT_GUEST);
	}
}
