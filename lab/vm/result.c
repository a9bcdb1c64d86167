// SPDX-License-Identifier: GPL-2.0
/* result - the files in which the result of a run is kept, see lab/FORMATS */

#define _GNU_SOURCE
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hypervisor.h"
#include "result.h"

static struct output {
	const char *path;	/* NULL: not wanted */
	char *temporary;	/* NULL for what is not a regular file */
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
	/* Only a file can be replaced: not /dev/stdout. */
	if (stat(path, &st) || S_ISREG(st.st_mode)) {
		/* Nobody shall take an old result for ours. */
		unlink(path);
		output->temporary = format("%s.%d.tmp", path, (int)getpid());
	}
	output->path = path;
	output->file = fopen(output->temporary ? output->temporary : path, "we");
	if (!output->file)
		die(EXIT_INPUT, "can't write %s: %s", path, strerror(errno));
}

void open_results(const struct options *options)
{
	atexit(discard_results);
	open_output(&json_output, options->json);
	open_output(&accesses_output, options->accesses);
}

/* Make it a whole file, or with keep false no file. */
static void close_output(struct run *run, struct output *output, bool keep)
{
	bool failed = ferror(output->file);

	failed |= fclose(output->file);
	if (keep && (failed || (output->temporary &&
				rename(output->temporary, output->path)))) {
		end(&run->ending, EXIT_HOST, "can't write %s: %s", output->path,
		    strerror(errno));
		keep = false;
	}
	if (output->temporary && !keep)
		unlink(output->temporary);
	free(output->temporary);
	output->temporary = NULL;
}

/* Every access is in one member: their sum is the number of accesses. */
static json_t *tally_json(const struct tally *t)
{
	return checked(json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}",
		"cf8_read", (json_int_t)t->reads[CF8],
		"cf8_write", (json_int_t)t->writes[CF8],
		"cfc_read", (json_int_t)t->reads[CFC],
		"cfc_write", (json_int_t)t->writes[CFC],
		"ecam_read", (json_int_t)t->reads[ECAM],
		"ecam_write", (json_int_t)t->writes[ECAM]));
}

static json_t *counts_json(const struct run *run)
{
	const struct trace *trace = &run->trace;
	json_t *marks, *by_phase = NULL;

	if (!run->options->count)
		return json_null();
	/* Another console than a boot console prints when there is time. */
	if (strstr(run->cmdline, "keep_bootcon")) {
		by_phase = checked(json_object());
		for (size_t i = 0; i < NR_PHASES; i++)
			json_object_set_new(by_phase, phases[i].name,
					    tally_json(&trace->phases[i]));
	}
	marks = checked(json_object());
	for (size_t i = 0; i < trace->nr_marks; i++)
		json_object_set_new(marks, trace->marks[i].name,
				    tally_json(&trace->marks[i].tally));
	return checked(json_pack("{s:o,s:o,s:o?,s:o,s:o}",
		"firmware", tally_json(&trace->firmware),
		"kernel", tally_json(&trace->kernel),
		"phases", by_phase,
		"marks", marks,
		"rest", tally_json(&trace->rest)));
}

/* KVM of an emulated machine is not what a guest has elsewhere. */
static const char *accelerator(const struct run *run)
{
	char below[13];

	if (!strcmp(run->accel, "kvm") && hypervisor_signature(below) &&
	    !strcmp(below, EMULATED_SIGNATURE))
		return "nested";
	return run->accel;
}

static void write_json(const struct run *run, const char *why_accel, FILE *file)
{
	const struct options *o = run->options;
	json_t *json;

	json = checked(json_pack(
		"{s:s?,s:s,s:s,s:s?,s:s,s:i,s:i,s:s,s:f,s:i,s:s,s:s?,s:O,s:O,s:O,s:O,s:O,s:O,s:O,s:o,s:O?}",
		"qemu", run->qemu_version,
		"machine", o->machine,
		"accel", accelerator(run),
		"accel_reason", why_accel,
		"cpu", o->cpu,
		"smp", (int)o->smp,
		"memory", (int)o->memory,
		"cmdline", run->cmdline,
		"seconds", run->seconds,
		"boots", (int)run->records.boots,
		"verdict", run->ending.reason ? "fail" : "pass",
		"reason", run->ending.reason,
		"ktap", run->records.ktap,
		"results", run->records.results,
		"chunks", run->records.chunks,
		"latency", run->records.latency,
		"contention", run->records.contention,
		"irqsoff", run->records.irqsoff,
		"phases", run->records.phases,
		"counts", counts_json(run),
		"exits", o->exits ? run->exits.marks : NULL));
	/* What the guest says of itself: "kernel", "functions" and the like. */
	if (run->records.start)
		json_object_update_missing(json, run->records.start);
	json_dumpf(json, file, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	fputc('\n', file);
	json_decref(json);
}

void write_results(struct run *run, const char *why_accel)
{
	if (accesses_output.path) {
		write_accesses(&run->trace, accesses_output.file);
		close_output(run, &accesses_output, !run->ending.reason);
	}
	/* Second, so that it has what was wrong with the first. */
	if (json_output.path) {
		write_json(run, why_accel, json_output.file);
		close_output(run, &json_output, run->ending.status <= EXIT_GUEST);
	}
}
