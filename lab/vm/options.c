// SPDX-License-Identifier: GPL-2.0
/* options - the command line of vm */

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "options.h"
#include "util.h"

static const struct row {
	const char *name;
	const char *argument;	/* NULL for a flag */
	const char *help;
	size_t offset;		/* in struct options */
	unsigned int min, max;	/* of a number; 0 for a text */
	bool repeated;		/* a list of texts */
} rows[] = {
#define TEXT(name, argument, field, help) \
	{ name, argument, help, offsetof(struct options, field), 0, 0, false }
#define TEXTS(name, argument, field, help) \
	{ name, argument, help, offsetof(struct options, field), 0, 0, true }
#define NUMBER(name, field, min, max, help) \
	{ name, "N", help, offsetof(struct options, field), min, max, false }
#define FLAG(name, field, help) \
	{ name, NULL, help, offsetof(struct options, field), 0, 0, false }
	TEXT("kernel", "FILE", kernel, "bzImage, or vmlinux with a PVH entry"),
	TEXT("initrd", "FILE", initrd, "initramfs that lab/initramfs made"),
	TEXT("append", "TEXT", append, "more of the kernel's command line"),
	TEXT("xen", "FILE", xen, "unpacked Xen that boots the kernel as dom0; 512 MiB at least"),
	TEXT("xen-append", "TEXT", xen_append, "more of Xen's command line"),
	TEXT("job", "TEXT", job, "what the guest does: lab/init/init.c has the list (default selftest)"),
	TEXT("machine", "TEXT", machine, "QEMU's machine and its properties (default q35)"),
	TEXT("accel", "NAME", accel, "tcg, kvm, or auto: kvm if a guest boots with it (default tcg)"),
	TEXT("cpu", "TEXT", cpu, "QEMU's processor and its properties (default max)"),
	NUMBER("smp", smp, 1, 255, "processors (default 1)"),
	NUMBER("memory", memory, 32, 1048576, "MiB (default 256)"),
	TEXT("bios", "FILE", bios, "firmware (default: QEMU's)"),
	TEXT("qemu", "PATH", qemu, "QEMU (default qemu-system-x86_64)"),
	NUMBER("timeout", timeout, 1, 86400, "seconds of the guest's life (default 300)"),
	TEXT("log", "FILE", log, "where the console goes"),
	TEXT("json", "FILE", json, "where the result goes"),
	FLAG("count", count, "count config accesses"),
	TEXT("accesses", "FILE", accesses, "where the kernel's config accesses go, one a line; counts too"),
	FLAG("reset-once", reset_once, "reset the machine when user space is up; what counts is what comes after"),
	FLAG("exits", exits, "ask KVM for its exits at each mark; the guest's job waits for that"),
	TEXTS("on", "NAME=QMP", on, "what to tell QEMU when the guest asks for NAME; may be repeated"),
	FLAG("interactive", interactive, "the console is here as well, and the time has no limit"),
	FLAG("probe-kvm", probe_kvm, "only say whether a guest boots with KVM; exit status 1: no"),
	NUMBER("probe-seconds", probe_seconds, 1, 3600, "how long that may take (default 15)"),
};

#define NR_ROWS	(sizeof(rows) / sizeof(rows[0]))

static void __attribute__((noreturn)) help(void)
{
	puts("Usage: vm --kernel FILE --initrd FILE --log FILE [options] [-- QEMU arguments]\n"
	     "Run one virtual machine, and say how it ended.\n");
	for (size_t i = 0; i < NR_ROWS; i++) {
		char *name = format("--%s %s", rows[i].name,
				    rows[i].argument ? rows[i].argument : "");

		printf("  %-20s %s\n", name, rows[i].help);
		free(name);
	}
	exit(0);
}

/* Add one to a list that ends with NULL. */
static void add_text(char ***list, char *text)
{
	size_t count = 0;

	while (*list && (*list)[count])
		count++;
	*list = checked(realloc(*list, (count + 2) * sizeof(**list)));
	(*list)[count] = text;
	(*list)[count + 1] = NULL;
}

static void set_option(struct options *options, const struct row *row, char *value)
{
	void *field = (char *)options + row->offset;
	unsigned long number;
	char *after;

	if (!row->argument) {
		*(bool *)field = true;
	} else if (row->repeated) {
		add_text(field, value);
	} else if (!row->max) {
		*(const char **)field = value;
	} else {
		errno = 0;
		number = strtoul(value, &after, 10);
		if (!isdigit((unsigned char)*value) || *after || errno ||
		    number < row->min || number > row->max)
			die(EXIT_INPUT, "--%s %s: must be a number from %u to %u",
			    row->name, value, row->min, row->max);
		*(unsigned int *)field = number;
	}
}

static void read_options(struct options *options, int argc, char *argv[])
{
	struct option longs[NR_ROWS + 2] = { { "help", no_argument, NULL, 'h' } };
	int option, index = 0;

	for (size_t i = 0; i < NR_ROWS; i++)
		longs[i + 1] = (struct option){
			rows[i].name, rows[i].argument ? required_argument : no_argument,
			NULL, 0,
		};
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:h", longs, &index)) >= 0) {
		if (option == 'h')
			help();
		if (option == ':')
			die(EXIT_INPUT, "%s: its value is missing", argv[optind - 1]);
		if (option)
			die(EXIT_INPUT, "%s: no such option, --help lists them",
			    argv[optind - 1]);
		set_option(options, &rows[index - 1], optarg);
	}
	if (argv[optind] && strcmp(argv[optind - 1], "--"))
		die(EXIT_INPUT, "%s: not an option (QEMU's own arguments stand after --)",
		    argv[optind]);
	options->extra = argv + optind;
	if (options->accesses)
		options->count = true;
}

/* What a file must be; has() reads it from its start. */
struct file_kind {
	bool (*has)(FILE *file);
	const char *must_be;
};

static bool has_kernel(FILE *file)
{
	/* Where the boot protocol has its magic number (x86/boot.rst). */
	const long magic_at = 0x202;
	char elf[4], magic[4];

	return fread(elf, sizeof(elf), 1, file) == 1 &&
	       !fseek(file, magic_at, SEEK_SET) &&
	       fread(magic, sizeof(magic), 1, file) == 1 &&
	       (!memcmp(magic, "HdrS", 4) || !memcmp(elf, "\177ELF", 4));
}

/* A header that is aligned in the first 8 KiB (Multiboot Specification 0.6.96, 3.1). */
static bool has_multiboot(FILE *file)
{
	const uint32_t magic = 0x1badb002;
	uint32_t words[2048];
	size_t count = fread(words, sizeof(words[0]), 2048, file);

	for (size_t i = 0; i < count; i++) {
		if (words[i] == magic)
			return true;
	}
	return false;
}

static const struct file_kind kernel = {
	has_kernel, "a kernel, must be a bzImage (arch/x86/boot/bzImage) or a vmlinux"
};

static const struct file_kind xen = {
	has_multiboot, "a multiboot image, must be an unpacked boot/xen-*.gz"
};

/* An input that QEMU would complain about in a way that does not help. */
static void check_input(const char *option, const char *path, const struct file_kind *kind)
{
	struct stat st;
	FILE *file;

	if (!path)
		die(EXIT_INPUT, "--%s FILE is missing, --help says more", option);
	file = fopen(path, "re");
	if (!file || fstat(fileno(file), &st))
		die(EXIT_INPUT, "--%s %s: %s", option, path, strerror(errno));
	if (!S_ISREG(st.st_mode) || !st.st_size)
		die(EXIT_INPUT, "--%s %s: must be a file with something in it", option, path);
	if (kind && !kind->has(file))
		die(EXIT_INPUT, "--%s %s: not %s", option, path, kind->must_be);
	fclose(file);
}

/* To QEMU, what follows a blank in the name of a module is the module's command line. */
static void check_xen(const struct options *o)
{
	check_input("xen", o->xen, &xen);
	if (strchr(o->kernel, ' ') || strchr(o->initrd, ' '))
		die(EXIT_INPUT, "--xen: the name of --kernel or --initrd has a blank");
}

static void check_options(const struct options *o)
{
	check_input("kernel", o->kernel, &kernel);
	check_input("initrd", o->initrd, NULL);
	if (o->bios)
		check_input("bios", o->bios, NULL);
	if (o->xen)
		check_xen(o);
	else if (*o->xen_append)
		die(EXIT_INPUT, "--xen-append: only with --xen");
	if (strcmp(o->accel, "tcg") && strcmp(o->accel, "kvm") && strcmp(o->accel, "auto"))
		die(EXIT_INPUT, "--accel %s: must be tcg, kvm or auto", o->accel);
	if (o->count && o->exits)
		die(EXIT_INPUT, "--exits: not with --count or --accesses, which exit themselves");
	if (o->count && o->reset_once)
		die(EXIT_INPUT, "--reset-once: not with --count or --accesses, a reset loses bytes of the serial port");
	for (char **on = o->on; on && *on; on++) {
		char *name_end = strchr(*on, '=');

		if (!name_end || name_end == *on || name_end[1] != '{')
			die(EXIT_INPUT, "--on %s: must be NAME={\"execute\": ...}", *on);
	}
	if (!o->log && !o->probe_kvm)
		die(EXIT_INPUT, "--log FILE is missing, --help says more");
}

void parse_options(struct options *options, int argc, char *argv[])
{
	*options = (struct options){
		.append		= "",
		.xen_append	= "",
		.job		= "selftest",
		.machine	= "q35",
		.accel		= "tcg",
		.cpu		= "max",
		.qemu		= "qemu-system-x86_64",
		.smp		= 1,
		.memory		= 256,
		.timeout	= 300,
		.probe_seconds	= 15,
	};
	read_options(options, argc, argv);
	check_options(options);
}
