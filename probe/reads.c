// SPDX-License-Identifier: GPL-2.0
/* reads - time reads by each method of the kernel, with the selftest's module */

#include "probe.h"

#include <sys/syscall.h>

#define MODULE		"pci_cfg_test"
#define FILES		"/sys/kernel/debug/" MODULE "/"

/* How long a method may take, in seconds; a few reads tell how many that are */
#define SECONDS		20
#define TRIAL_READS	100

static const char * const methods[] = { "empty", "type1", "ecam", "raw_pci_read" };

/* Returns NULL, or why not. It reads the first function of domain 0. */
static const char *load(unsigned int reads)
{
	glob_t functions = { 0 };
	const char *parameters;
	int fd;

	if (glob("/sys/bus/pci/devices/0000:*", 0, NULL, &functions))
		return "there is no PCI function";
	parameters = text("reads=%u seconds=%d function=%s", reads, 4 * SECONDS,
			  strrchr(functions.gl_pathv[0], '/') + 1);
	fd = open("/modules/" MODULE ".ko", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, parameters, 0))
		return text("the module " MODULE " can't be loaded: %s", strerror(errno));
	close(fd);
	return NULL;
}

static void unload(void)
{
	syscall(SYS_delete_module, MODULE, 0);
}

/* What the module's file "results" has, as JSON: {"type1": {"serves": ..., "reads": N, "ns": N}} */
static json_t *results(void)
{
	FILE *f = fopen(FILES "results", "re");
	json_t *all = json_object();
	char line[512], method[32], serves[32], why[128];
	unsigned long long reads, ns;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "method=%31s serves=%31s reads=%llu total_ns=%llu", method, serves,
			   &reads, &ns) == 4 && reads)
			json_object_set_new(all, method, json_pack("{s:s,s:I,s:f}", "serves", serves,
				"reads", (json_int_t)reads, "ns", (double)ns / reads));
		else if (sscanf(line, "method=%31s unavailable=%127[^\n]", method, why) == 2)
			json_object_set_new(all, method, json_pack("{s:s}", "unavailable", why));
	}
	if (f)
		fclose(f);
	return all;
}

/* How many reads by the slowest method fit into the time that one has */
static unsigned int reads_in_time(json_t *trial)
{
	const char *method;
	double most = 1;
	json_t *one;

	json_object_foreach(trial, method, one) {
		double ns = json_number_value(json_object_get(one, "ns"));

		most = ns > most ? ns : most;
	}
	return SECONDS * 1e9 / most < wishes.reads ? SECONDS * 1e9 / most + 1 : wishes.reads;
}

/*
 * For a host that counts exits: say on the serial port what was done since the last mark, and give
 * the host time to look at its counts, which may be a busy machine.
 */
static void mark(const char *done, unsigned int reads)
{
	say_to_programs("PROBE MARK %s %u\n", done, reads);
	sleep(10);
}

static void run_in_marks(json_t *trial, unsigned int reads)
{
	mark("nothing", 0);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (json_object_get(json_object_get(trial, methods[i]), "reads")) {
			write_file(FILES "run", methods[i]);
			mark(methods[i], reads);
		}
	}
}

void time_reads(json_t *result)
{
	const char *why = load(TRIAL_READS);
	unsigned int reads;
	json_t *trial;

	if (why) {
		json_object_set_new(result, "reads", json_pack("{s:s}", "unavailable", why));
		return;
	}
	write_file(FILES "run", "all");
	trial = results();
	unload();
	reads = reads_in_time(trial);
	load(reads);
	if (wishes.marks)
		run_in_marks(trial, reads);
	write_file(FILES "run", "all");
	json_object_set_new(result, "reads", results());
	unload();
}

/* The module's file "checks" has "check=NAME result=pass|fail|skip ..." and "note=NAME TEXT". */
void check_writes(json_t *result)
{
	const char *why = load(1);
	json_t *failed = json_array();
	char line[512], name[64], verdict[16], note[256] = "";
	int passed = 0;
	FILE *f;

	if (why)
		return;
	write_file(FILES "checks", "all");
	f = fopen(FILES "checks", "re");
	while (f && fgets(line, sizeof(line), f)) {
		sscanf(line, "note=%255[^\n]", note);
		if (sscanf(line, "check=%63s result=%15s", name, verdict) != 2)
			continue;
		if (!strcmp(verdict, "pass"))
			passed++;
		else if (!strcmp(verdict, "fail"))
			json_array_append_new(failed, json_string(*note ? note : name));
		*note = '\0';
	}
	if (f)
		fclose(f);
	unload();
	json_object_set_new(result, "writes", json_pack("{s:i,s:o}", "passed", passed, "failed", failed));
}
