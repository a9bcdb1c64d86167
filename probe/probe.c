// SPDX-License-Identifier: GPL-2.0
/*
 * probe - say what ECAM is worth on this hypervisor
 *
 * The first process of a guest. It finds out what the machine is, how it describes ECAM, whether
 * the kernel's check passes, whether type 1 and ECAM read the same everywhere, and how long reads
 * take. It shows that, and then starts its own kernel again and again by kexec, with command lines
 * that have the kernel access configuration space as without the series, with the set "scan"
 * alone, and with all: what a boot takes. At the end it shows the whole result.
 *
 * It reads only, unless it is told otherwise. The kernel's command line can have
 * probe=WORD,WORD...; struct wishes explains the words.
 *
 * Whatever goes wrong becomes a part of the result, as a verdict is what people boot this for.
 */

#include "probe.h"

#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>

#define STATE	"/state.json"

struct wishes wishes = { .reads = 100000, .boots = 3 };

char *text(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	return text;
}

const char *string(json_t *object, const char *member)
{
	const char *string = json_string_value(json_object_get(object, member));

	return string ? string : "";
}

bool write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) >= 0;
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return written;
}

static void mount_at(const char *type, const char *where)
{
	mkdir(where, 0755);
	mount(type, where, type, 0, NULL);
}

static void read_wishes(void)
{
	char *line = file_text("/proc/cmdline"), *words, *word;

	while ((words = strsep(&line, " "))) {
		if (strncmp(words, "probe=", 6))
			continue;
		words += 6;
		while ((word = strsep(&words, ","))) {
			if (!strcmp(word, "write"))
				wishes.writes = true;
			else if (!strcmp(word, "marks"))
				wishes.marks = true;
			else if (!strcmp(word, "nokexec"))
				wishes.no_kexec = true;
			else if (!strcmp(word, "off"))
				wishes.end = POWER_OFF;
			else if (!strcmp(word, "reboot"))
				wishes.end = RESTART;
			else if (!strcmp(word, "stay"))
				wishes.end = STAY;
			else if (sscanf(word, "reads=%u", &wishes.reads) != 1 &&
				 sscanf(word, "boots=%u", &wishes.boots) != 1)
				say("probe=%s: no such word\n", word);
		}
	}
	if (!wishes.reads)
		wishes.reads = 1;
}

static void __attribute__((noreturn)) end(void)
{
	if (wishes.end == BY_SCREEN)
		wishes.end = is_there_a_screen() ? STAY : POWER_OFF;
	/* Without ACPI the kernel can't; many a VMM ends by a reset. */
	if (wishes.end == POWER_OFF && access("/sys/firmware/acpi/tables", F_OK))
		wishes.end = RESTART;
	say("The probe has ended.\n");
	sync();
	if (wishes.end == RESTART)
		reboot(RB_AUTOBOOT);
	else if (wishes.end == POWER_OFF)
		reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

/* The first boot */
static json_t *find_result(void)
{
	json_t *result = json_pack("{s:i}", "schema", 1);

	find_facts(result);
	compare(result);
	time_reads(result);
	if (wishes.writes)
		check_writes(result);
	find_verdict(result);
	return result;
}

int main(void)
{
	json_t *state, *result;
	const char *why;

	mount_at("devtmpfs", "/dev");
	mount_at("proc", "/proc");
	mount_at("sysfs", "/sys");
	mount_at("debugfs", "/sys/kernel/debug");
	mount_at("tracefs", "/sys/kernel/tracing");
	open_consoles();
	/* The kernel's messages must not get into ours. */
	klogctl(8, NULL, 1);
	read_wishes();
	/* Some work of the kernel's is still under way, such as refining its clocks. */
	state = json_load_file(STATE, 0, NULL);
	if (state) {
		finish_boot(state);
		result = json_object_get(state, "result");
	} else {
		sleep(2);
		result = find_result();
		show_result(result);
		state = json_pack("{s:o,s:[],s:i,s:s}", "result", result, "runs", "next", 0,
				  "cmdline", file_text("/proc/cmdline"));
	}
	why = next_boot(state);
	if (why)
		json_object_set_new(result, "boots_missing", json_string(why));
	show_result(result);
	end();
}
