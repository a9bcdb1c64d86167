// SPDX-License-Identifier: GPL-2.0
/* options - the command line of vm */

#include "vm.h"

struct options options = {
	.machine = "q35", .accel = "tcg", .cpu = "max", .smp = 1, .memory = 256, .timeout = 300,
	.append = "", .xen_append = "", .job = "selftest", .qemu = "qemu-system-x86_64",
};

/* Of a file's name GLib takes every byte; a text must be one, as it may get into the JSON file. */
#define FILE_NAME(member)	0, 0, G_OPTION_ARG_FILENAME, &options.member
#define TEXT(member)		0, 0, G_OPTION_ARG_STRING, &options.member
#define NUMBER(member)		0, 0, G_OPTION_ARG_INT, &options.member
#define FLAG(member)		0, 0, G_OPTION_ARG_NONE, &options.member

static const GOptionEntry entries[] = {
	{ "kernel", FILE_NAME(kernel), "bzImage, or vmlinux with a PVH entry", "FILE" },
	{ "initrd", FILE_NAME(initrd), "initramfs that lab/initramfs made", "FILE" },
	{ "append", TEXT(append), "more of the kernel's command line", "TEXT" },
	{ "xen", FILE_NAME(xen), "unpacked Xen, boots the kernel as dom0; needs 512 MiB", "FILE" },
	{ "xen-append", TEXT(xen_append), "more of Xen's command line", "TEXT" },
	{ "job", TEXT(job), "what the guest does, see lab/init/init.c (default selftest)", "TEXT" },
	{ "machine", TEXT(machine), "QEMU's machine and its properties (default q35)", "TEXT" },
	{ "accel", TEXT(accel), "tcg (default) or kvm", "NAME" },
	{ "cpu", TEXT(cpu), "QEMU's processor and its properties (default max)", "TEXT" },
	{ "smp", NUMBER(smp), "processors (default 1)", "N" },
	{ "memory", NUMBER(memory), "MiB (default 256)", "N" },
	{ "qemu", FILE_NAME(qemu), "QEMU (default qemu-system-x86_64)", "PATH" },
	{ "timeout", NUMBER(timeout), "seconds that the guest has (default 300)", "N" },
	{ "log", FILE_NAME(log), "write the console to this file", "FILE" },
	{ "json", FILE_NAME(json), "write the result to this file", "FILE" },
	{ "count", FLAG(count), "count configuration accesses", NULL },
	{ "accesses", FILE_NAME(accesses), "list the kernel's in this file, and count", "FILE" },
	{ "reset-once", FLAG(reset_once),
		"reset the machine when user space is up; the boot after that counts", NULL },
	{ "exits", FLAG(exits), "ask KVM for its exits at each mark; the job waits", NULL },
	{ "on", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.on,
		"send QEMU this when the guest asks for NAME; may be repeated", "NAME=QMP" },
	{ "interactive", FLAG(interactive),
		"the console is this terminal, of which vm sees nothing; without a timeout", NULL },
	{ 0 }
};

void parse_options(int argc, char *argv[])
{
	GOptionContext *context =
		g_option_context_new("[-- QEMU arguments] - run a virtual machine, say how it ended");
	const struct options *o = &options;
	GError *error = NULL;
	int ours = 1;

	while (ours < argc && strcmp(argv[ours], "--"))
		ours++;
	options.extra = argv + MIN(ours + 1, argc);
	argv[ours] = NULL;
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &ours, &argv, &error))
		errx(EXIT_INPUT, "%s (--help lists the options)", error->message);
	if (ours > 1)
		errx(EXIT_INPUT, "%s: not an option (QEMU's own arguments follow --)", argv[1]);
	if (!o->kernel || !o->initrd || !o->log)
		errx(EXIT_INPUT, "--%s FILE is missing, --help says more",
		     !o->kernel ? "kernel" : !o->initrd ? "initrd" : "log");
	if (o->timeout < 1)
		errx(EXIT_INPUT, "--timeout %d: must be 1 or more", o->timeout);
	if (!o->xen && *o->xen_append)
		errx(EXIT_INPUT, "--xen-append: only with --xen");
	if (o->accesses)
		options.count = true;
	if (o->count && o->exits)
		errx(EXIT_INPUT, "--exits: not with --count or --accesses, which exit themselves");
	if (o->count && o->reset_once)
		errx(EXIT_INPUT, "--reset-once: not with --count or --accesses, a reset loses bytes of the serial port");
}
