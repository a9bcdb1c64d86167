// SPDX-License-Identifier: GPL-2.0
/* options - the command line of vm */

#include "vm.h"

#include <ctype.h>
#include <getopt.h>
#include <limits.h>
#include <stddef.h>
#include <sys/stat.h>

struct options options;

#define FIELD(member)	offsetof(struct options, member)
#define LIST	UINT_MAX

static const struct row {
	const char *name;
	const char *argument;	/* NULL for a flag */
	size_t offset;		/* in struct options */
	const char *standard;	/* what it is by default, or NULL */
	const char *help;
	unsigned int min, max;	/* of a number; max is 0 for a text, LIST for texts */
} rows[] = {
	{ "kernel", "FILE", FIELD(kernel), .help = "bzImage, or vmlinux with a PVH entry" },
	{ "initrd", "FILE", FIELD(initrd), .help = "initramfs that lab/initramfs made" },
	{ "append", "TEXT", FIELD(append), "", .help = "more of the kernel's command line" },
	{ "xen", "FILE", FIELD(xen), .help = "unpacked Xen, boots the kernel as dom0; needs 512 MiB" },
	{ "xen-append", "TEXT", FIELD(xen_append), "", .help = "more of Xen's command line" },
	{ "job", "TEXT", FIELD(job), "selftest", .help = "what the guest does, see lab/init/init.c" },
	{ "machine", "TEXT", FIELD(machine), "q35", .help = "QEMU's machine and its properties" },
	{ "accel", "NAME", FIELD(accel), "tcg", .help = "tcg or kvm" },
	{ "cpu", "TEXT", FIELD(cpu), "max", .help = "QEMU's processor and its properties" },
	{ "smp", "N", FIELD(smp), "1", .help = "processors", .min = 1, .max = 255 },
	{ "memory", "N", FIELD(memory), "256", .help = "MiB", .min = 32, .max = 1048576 },
	{ "qemu", "PATH", FIELD(qemu), "qemu-system-x86_64", .help = "QEMU" },
	{ "timeout", "N", FIELD(timeout), "300", .help = "seconds until the guest must have ended",
		.min = 1, .max = 86400 },
	{ "log", "FILE", FIELD(log), .help = "write the console to this file" },
	{ "json", "FILE", FIELD(json), .help = "write the result to this file" },
	{ "count", NULL, FIELD(count), .help = "count configuration accesses" },
	{ "accesses", "FILE", FIELD(accesses),
		.help = "write the kernel's accesses to this file, one a line; implies --count" },
	{ "reset-once", NULL, FIELD(reset_once),
		.help = "reset the machine when user space is up; the boot after that counts" },
	{ "exits", NULL, FIELD(exits),
		.help = "ask KVM for its exits at each mark; the guest's job waits" },
	{ "on", "NAME=QMP", FIELD(on),
		.help = "send QEMU this when the guest asks for NAME; may be repeated", .max = LIST },
	{ "interactive", NULL, FIELD(interactive),
		.help = "use this terminal as the console as well, without a timeout" },
};

static void __attribute__((noreturn)) print_help(void)
{
	puts("Usage: vm --kernel FILE --initrd FILE --log FILE [options] [-- QEMU arguments]\n"
	     "Run one virtual machine, and say how it ended.\n");
	for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
		printf("  --%s %-*s %s", row->name, (int)(17 - strlen(row->name)),
		       row->argument ? row->argument : "", row->help);
		printf(row->standard && *row->standard ? " (default %s)\n" : "\n", row->standard);
	}
	exit(0);
}

static void set_option(const struct row *row, const char *value)
{
	void *field = (char *)&options + row->offset;
	unsigned long number;
	char *after;

	if (!row->argument) {
		*(bool *)field = true;
	} else if (row->max == LIST) {
		const char **end = *(const char ***)field;

		while (*end)
			end++;
		*end = value;
	} else if (!row->max) {
		*(const char **)field = value;
	} else {
		errno = 0;
		number = strtoul(value, &after, 10);
		if (!isdigit((unsigned char)*value) || *after || errno ||
		    number < row->min || number > row->max)
			errx(EXIT_INPUT, "--%s %s: must be a number from %u to %u",
			     row->name, value, row->min, row->max);
		*(unsigned int *)field = number;
	}
}

static void read_options(int argc, char *argv[])
{
	struct option longs[COUNT(rows) + 2] = { [COUNT(rows)] = { "help", 0, NULL, 'h' } };
	int option, index = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		longs[i].name = rows[i].name;
		longs[i].has_arg = rows[i].argument ? required_argument : no_argument;
		if (rows[i].standard)
			set_option(&rows[i], rows[i].standard);
	}
	options.on = checked(calloc(argc, sizeof(*options.on)));
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:h", longs, &index)) >= 0) {
		if (option == 'h')
			print_help();
		if (option)
			errx(EXIT_INPUT, "%s: %s", argv[optind - 1], option == ':' ?
			     "its value is missing" : "no such option, --help lists them");
		set_option(&rows[index], optarg);
	}
	if (argv[optind] && strcmp(argv[optind - 1], "--"))
		errx(EXIT_INPUT, "%s: not an option (QEMU's own arguments follow --)",
		     argv[optind]);
	options.extra = argv + optind;
	if (options.accesses)
		options.count = true;
}

/* What an input file must have, in steps of 4 bytes from the first to the last place. */
static const struct {
	const char *option, *magic;
	size_t first, last;
} magics[] = {
	{ "kernel",	"HdrS",			0x202, 0x202 },	/* x86/boot.rst */
	{ "kernel",	"\177ELF",		0, 0 },
	{ "xen",	"\002\260\255\033",	0, 8192 - 4 },	/* Multiboot 0.6.96, 3.1 */
};

/*
 * Check an input file, as QEMU's own message would not help. kind describes the right
 * kind of file; it is NULL if any will do.
 */
static void check_input(const char *option, const char *path, const char *kind)
{
	char head[8192];
	bool found = !kind;
	struct stat st;
	size_t length;
	FILE *file;

	if (!path)
		errx(EXIT_INPUT, "--%s FILE is missing, --help says more", option);
	file = fopen(path, "re");
	if (!file || fstat(fileno(file), &st))
		err(EXIT_INPUT, "--%s %s", option, path);
	if (!S_ISREG(st.st_mode) || !st.st_size)
		errx(EXIT_INPUT, "--%s %s: must be a file with something in it", option, path);
	length = fread(head, 1, sizeof(head), file);
	fclose(file);
	for (size_t i = 0; i < COUNT(magics); i++) {
		for (size_t at = magics[i].first; at <= magics[i].last && at + 4 <= length; at += 4)
			found |= !strcmp(option, magics[i].option) &&
				 !memcmp(head + at, magics[i].magic, 4);
	}
	if (!found)
		errx(EXIT_INPUT, "--%s %s: not %s", option, path, kind);
}

void parse_options(int argc, char *argv[])
{
	const struct options *o = &options;

	read_options(argc, argv);
	check_input("kernel", o->kernel,
		    "a kernel, must be a bzImage (arch/x86/boot/bzImage) or a vmlinux");
	check_input("initrd", o->initrd, NULL);
	if (o->xen)
		check_input("xen", o->xen, "a multiboot image, must be an unpacked boot/xen-*.gz");
	else if (*o->xen_append)
		errx(EXIT_INPUT, "--xen-append: only with --xen");
	/* QEMU takes what follows a blank in a module's name for the module's command line. */
	if (o->xen && (strchr(o->kernel, ' ') || strchr(o->initrd, ' ')))
		errx(EXIT_INPUT, "--xen: the name of --kernel or --initrd has a blank");
	if (strcmp(o->accel, "tcg") && strcmp(o->accel, "kvm"))
		errx(EXIT_INPUT, "--accel %s: must be tcg or kvm", o->accel);
	if (o->count && o->exits)
		errx(EXIT_INPUT, "--exits: not with --count or --accesses, which exit themselves");
	if (o->count && o->reset_once)
		errx(EXIT_INPUT, "--reset-once: not with --count or --accesses, a reset loses bytes of the serial port");
	for (const char **on = o->on; *on; on++) {
		const char *name_end = strchr(*on, '=');

		if (!name_end || name_end == *on || name_end[1] != '{')
			errx(EXIT_INPUT, "--on %s: must be NAME={\"execute\": ...}", *on);
	}
	if (!o->log)
		errx(EXIT_INPUT, "--log FILE is missing, --help says more");
}
