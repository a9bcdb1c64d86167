// SPDX-License-Identifier: GPL-2.0
/* result - the files with the result of a run, see lab/FORMATS */

#include "vm.h"

#include <cpuid.h>

/* Nobody must take an old result for ours. */
static void remove_result(const char *path)
{
	FILE *file = path ? fopen(path, "we") : NULL;

	if (path && (!file || fclose(file) || unlink(path)))
		err(EXIT_INPUT, "can't write %s", path);
}

void remove_results(void)
{
	remove_result(options.json);
	remove_result(options.accesses);
}

/* Put the whole file in its place, or nothing. */
static void write_result(const char *path, const char *text)
{
	GError *error = NULL;

	if (!g_file_set_contents(path, text, -1, &error))
		end(EXIT_HOST, "%s", error->message);
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

static char *result_text(void)
{
	json_t *json = json_pack(
		"{s:s?,s:s,s:s,s:f,s:i,s:s,s:s?,s:O?,s:O?}",
		"qemu", run.qemu_version,
		"machine", options.machine,
		"accel", is_nested() ? "nested" : options.accel,
		"seconds", run.seconds,
		"boots", (int)run.boots,
		"verdict", run.reason ? "fail" : "pass",
		"reason", run.reason,
		"counts", options.count ? trace.counts : NULL,
		"exits", options.exits ? run.exits : NULL);

	json_object_update_missing(json, run.said);
	return g_strconcat(json_dumps(json, JSON_INDENT(1) | JSON_REAL_PRECISION(6)), "\n", NULL);
}

void write_results(void)
{
	if (options.accesses && !run.reason)
		write_result(options.accesses, trace.accesses->str);
	/* The second, so that it says what was wrong with the first. */
	if (options.json && run.status <= EXIT_GUEST)
		write_result(options.json, result_text());
}
