// SPDX-License-Identifier: GPL-2.0
/*
 * boots - what a boot of this kernel takes, with command lines that differ in how it accesses
 * configuration space
 *
 * Each boot starts the next one by kexec, with all files of this initramfs and the state so far,
 * so no disk is needed. It finds in its trace when the phases of its boot began, in ticks of the
 * processor's clock: lab/init/measure.c says why not in the log. To count accesses, the kernel
 * traces the functions that make them, which takes time itself: those boots are not timed. The
 * trace begins after early quirks, which are not counted.
 */

#include "probe.h"

#include <ftw.h>
#include <linux/kexec.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <x86intrin.h>

#include "phases.h"

#define TRACE	"/sys/kernel/tracing/trace"
#define NEXT	"/next/initramfs"

/* Where a bzImage says how much memory it takes (Documentation/arch/x86/boot.rst, init_size) */
#define INIT_SIZE	0x260

static const struct {
	const char *name, *cmdline;
} variants[] = {
	{ "as without the series",	"pci=base_conf1,lastbus=255" },
	{ "set scan alone",		"pci=base_conf1" },
	{ "all sets",			"" },
};
#define NR_VARIANTS	((int)(sizeof(variants) / sizeof(variants[0])))

/* Two port accesses, or one to memory; and one processor, as a trace has memory for each. */
#define COUNTING	" maxcpus=1 ftrace=function ftrace_filter=pci_conf1_read,pci_conf1_write,pci_mmcfg_read,pci_mmcfg_write trace_buf_size="

/* Timed boots of all variants in turn, then one of each that is counted */
static bool is_counted(int number)
{
	return number >= (int)wishes.boots * NR_VARIANTS;
}

static double ticks_a_ms(void)
{
	const struct timespec wait = { .tv_nsec = 200000000 };
	struct timespec from, to;
	unsigned long long ticks;

	clock_gettime(CLOCK_MONOTONIC_RAW, &from);
	ticks = __rdtsc();
	nanosleep(&wait, NULL);
	ticks = __rdtsc() - ticks;
	clock_gettime(CLOCK_MONOTONIC_RAW, &to);
	return ticks / ((to.tv_sec - from.tv_sec) * 1e3 + (to.tv_nsec - from.tv_nsec) / 1e6);
}

/* What the trace has: when each phase began, 0 if it does not say, and the accesses since ACPI's */
struct trace {
	unsigned long long began[NR_PHASES + 1];
	int ports, ecam;
};

/* A line is "TASK-PID [CPU] FLAGS TICKS: EVENT" (Documentation/trace/ftrace.rst). */
static void read_trace(struct trace *t)
{
	FILE *f = fopen(TRACE, "re");
	size_t phase = 0, size = 0;
	char *line = NULL;

	memset(t, 0, sizeof(*t));
	while (f && getline(&line, &size, f) > 0) {
		char *event = strstr(line, ": ");
		const char *next;

		if (*line == '#' || !event)
			continue;
		*event = '\0';
		event += 2;
		next = phase + 1 < NR_PHASES ? phases[phase + 1].begins : LAST_LINE;
		if (!strncmp(event, "console: ", 9)) {
			if (phase < NR_PHASES && strstr(event, next))
				t->began[++phase] = strtoull(strrchr(line, ' ') + 1, NULL, 10);
		} else if (phase && phase < NR_PHASES) {
			t->ports += !strncmp(event, "pci_conf1_", 10) ? 2 : 0;
			t->ecam += !strncmp(event, "pci_mmcfg_", 10);
		}
	}
	if (f)
		fclose(f);
}

static bool trace_is_complete(void)
{
	return strstr(file_text("/sys/kernel/tracing/per_cpu/cpu0/stats"), "overrun: 0\n");
}

static void add_run(json_t *state, int number)
{
	json_t *run = json_pack("{s:i}", "variant", number % NR_VARIANTS);
	struct trace t;
	double rate;

	read_trace(&t);
	if (is_counted(number) && trace_is_complete() && t.began[NR_PHASES]) {
		json_object_update_new(run, json_pack("{s:i,s:i}", "ports", t.ports, "ecam", t.ecam));
	} else if (!is_counted(number) && t.began[NR_PHASES]) {
		rate = ticks_a_ms();
		/* phases: early, acpi, enumeration, drivers, and what follows them */
		json_object_update_new(run, json_pack("{s:f,s:f}",
			"enumeration", (t.began[3] - t.began[2]) / rate,
			"all", (t.began[NR_PHASES] - t.began[1]) / rate));
	}
	json_array_append_new(json_object_get(state, "runs"), run);
}

static int compare_doubles(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The median of this member of the variant's runs, or null; the lower one of two in the middle */
static json_t *median(json_t *runs, int variant, const char *member)
{
	double values[1000];
	json_t *run;
	size_t i, n = 0;

	json_array_foreach(runs, i, run) {
		json_t *value = json_object_get(run, member);

		if (value && n < 1000 && json_integer_value(json_object_get(run, "variant")) == variant)
			values[n++] = json_number_value(value);
	}
	qsort(values, n, sizeof(*values), compare_doubles);
	return n ? json_real(values[(n - 1) / 2]) : json_null();
}

static json_t *whole_number(json_t *real)
{
	return json_is_null(real) ? real : json_integer(json_real_value(real));
}

static void summarize(json_t *state)
{
	json_t *runs = json_object_get(state, "runs"), *boots = json_array();

	for (int i = 0; i < NR_VARIANTS; i++)
		json_array_append_new(boots, json_pack("{s:s,s:s,s:o,s:o,s:o,s:o}",
			"variant", variants[i].name, "cmdline", variants[i].cmdline,
			"enumeration_ms", median(runs, i, "enumeration"),
			"all_ms", median(runs, i, "all"),
			"port_accesses", whole_number(median(runs, i, "ports")),
			"ecam_accesses", whole_number(median(runs, i, "ecam"))));
	json_object_set_new(json_object_get(state, "result"), "boots", boots);
}

void finish_boot(json_t *state)
{
	int number = json_integer_value(json_object_get(state, "next"));

	add_run(state, number);
	json_object_set_new(state, "next", json_integer(number + 1));
	summarize(state);
}

/* Archive all files of the initramfs, in the format "newc" (initramfs-buffer-format.rst). */
static FILE *archive;

static void add_header(const char *name, unsigned int mode, size_t size)
{
	static unsigned int number;

	fprintf(archive, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x%s%c",
		++number, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, strlen(name) + 1, 0, name, 0);
	while (ftell(archive) % 4)
		fputc(0, archive);
}

static int add_file(const char *name, const struct stat *s, int type, struct FTW *level)
{
	char buffer[65536];
	size_t length;
	FILE *f;

	(void)level;
	if (!name[1] || (type != FTW_F && type != FTW_D))
		return 0;
	add_header(name + 1, s->st_mode, type == FTW_F ? s->st_size : 0);
	f = type == FTW_F ? fopen(name, "re") : NULL;
	while (f && (length = fread(buffer, 1, sizeof(buffer), f)))
		fwrite(buffer, 1, length, archive);
	if (f)
		fclose(f);
	while (ftell(archive) % 4)
		fputc(0, archive);
	return 0;
}

static unsigned long long archive_size;

static int add_size(const char *name, const struct stat *s, int type, struct FTW *level)
{
	(void)name;
	(void)level;
	archive_size += type == FTW_F ? s->st_size + 512 : 512;
	return 0;
}

/* Of what can be had of the machine's memory, in bytes */
static unsigned long long available_memory(void)
{
	char *at = strstr(file_text("/proc/meminfo"), "MemAvailable:");

	return at ? strtoull(at + strlen("MemAvailable:"), NULL, 10) << 10 : 0;
}

/* Load the kernel and the archive. Returns why that fails, or NULL. */
static const char *load_kernel(const char *line)
{
	int kernel = open("/boot/bzImage", O_RDONLY | O_CLOEXEC), initramfs;
	unsigned long long available = available_memory(), needed;
	uint32_t unpacked;

	if (kernel < 0 || pread(kernel, &unpacked, sizeof(unpacked), INIT_SIZE) != sizeof(unpacked))
		return "the initramfs has no /boot/bzImage";
	archive_size = 0;
	nftw("/", add_size, 16, FTW_MOUNT | FTW_PHYS);
	/* The archive; what the kernel reads of both, and what waits there for kexec; some room */
	needed = 3 * archive_size + unpacked + (16 << 20);
	if (available < needed)
		return text("there is not enough memory: %llu MiB are available, it takes %llu",
			    available >> 20, needed >> 20);
	mkdir("/next", 0755);
	mount("tmpfs", "/next", "tmpfs", 0, "size=100%");
	archive = fopen(NEXT, "we");
	if (!archive)
		return text(NEXT ": %s", strerror(errno));
	nftw("/", add_file, 16, FTW_MOUNT | FTW_PHYS);
	add_header("TRAILER!!!", 0, 0);
	if (fclose(archive))
		return text(NEXT ": %s", strerror(errno));
	initramfs = open(NEXT, O_RDONLY | O_CLOEXEC);
	if (syscall(SYS_kexec_file_load, kernel, initramfs, strlen(line) + 1, line, 0))
		return text("the kernel refuses: %s", strerror(errno));
	return NULL;
}

static const char *command_line(json_t *state, int number)
{
	const char *cmdline = json_string_value(json_object_get(state, "cmdline"));
	const char *end = strstr(cmdline, " -- ");
	const char *counting = "";

	if (is_counted(number))
		counting = text(COUNTING "%lluk", available_memory() >> 10 > 80000 ? 16384ull : 2048ull);
	/* On a busy emulator the check of the timer fails now and then, which is a panic. */
	return text("%.*s quiet no_timer_check trace_event=printk:console trace_clock=x86-tsc %s%s",
		    end ? (int)(end - cmdline) : (int)strlen(cmdline), cmdline,
		    variants[number % NR_VARIANTS].cmdline, counting);
}

const char *next_boot(json_t *state)
{
	int number = json_integer_value(json_object_get(state, "next"));
	int count = (wishes.boots + 1) * NR_VARIANTS;
	const char *why;

	if (wishes.no_kexec || !wishes.boots)
		return "nobody asked for them";
	if (number >= count)
		return NULL;
	if (json_dump_file(state, "/state.json", 0))
		return "the state can't be written";
	why = load_kernel(command_line(state, number));
	if (why)
		return why;
	if (is_counted(number))
		say("boot %d of %d, counted: %s\n", number + 1, count, variants[number % NR_VARIANTS].name);
	else
		say("boot %d of %d, timed: %s\n", number + 1, count, variants[number % NR_VARIANTS].name);
	sync();
	reboot(RB_KEXEC);
	return text("kexec: %s", strerror(errno));
}
