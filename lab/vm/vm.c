// SPDX-License-Identifier: GPL-2.0
/*
 * vm - run one virtual machine and say how it ended
 *
 *   vm --kernel FILE --initrd FILE --log FILE [options] [-- QEMU arguments]
 *
 * "vm --help" lists the options. The guest's first process is lab/init/init.c: it sends
 * records through the second serial port. The console goes to --log.
 *
 * Exit status, with one line on stderr unless it is 0:
 *   0  verdict pass
 *   1  verdict fail, or no verdict: panic, reset, power off, silence
 *   2  the command line or an input is wrong
 *   3  the host is in trouble: disk full, no process, QEMU died
 * A signal (INT, TERM, HUP) ends the guest, and then vm by the same signal.
 */

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
	{ "timeout", NUMBER(timeout),
		"seconds that the guest has (default 300), four times as many on an emulated processor", "N" },
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

/* Set options from the command line. On an error this prints what is wrong and exits. */
static void parse_options(int argc, char *argv[])
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
	if (is_emulated())
		options.timeout *= 4;
	if (!o->xen && *o->xen_append)
		errx(EXIT_INPUT, "--xen-append: only with --xen");
	if (o->accesses)
		options.count = true;
	if (o->count && o->exits)
		errx(EXIT_INPUT, "--exits: not with --count or --accesses, which exit themselves");
	if (o->count && o->reset_once)
		errx(EXIT_INPUT, "--reset-once: not with --count or --accesses, a reset loses bytes of the serial port");
}

/* Nobody must take an old result for ours. */
static void remove_result(const char *path)
{
	FILE *file = path ? fopen(path, "we") : NULL;

	if (path && (!file || fclose(file) || unlink(path)))
		err(EXIT_INPUT, "can't write %s", path);
}

/* Put the whole file in its place, or nothing. */
static void write_result(const char *path, const char *text)
{
	GError *error = NULL;

	if (!g_file_set_contents(path, text, -1, &error))
		end(EXIT_HOST, "%s", error->message);
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

int main(int argc, char *argv[])
{
	FILE *log;

	/* Without memory it ends the program, as GLib does. */
	json_set_alloc_funcs(g_malloc, g_free);
	parse_options(argc, argv);
	/* We want a full disk as an error code, not as a signal. */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	log = fopen(options.log, "we");
	if (!log)
		err(EXIT_INPUT, "can't write the console log %s", options.log);
	setbuf(log, NULL);
	remove_result(options.json);
	remove_result(options.accesses);
	run_guest(log);
	if (fclose(log))
		end(EXIT_HOST, "can't write the console log %s: %s", options.log, strerror(errno));
	if (options.accesses && !run.reason)
		write_result(options.accesses, trace.accesses->str);
	/* The second, so that it says what was wrong with the first. */
	if (options.json && run.status <= EXIT_GUEST)
		write_result(options.json, result_text());
	if (run.signal) {
		warnx("%s; console log %s", run.reason, options.log);
		/* So our caller sees that it was a signal, not a failure of the guest. */
		signal(run.signal, SIG_DFL);
		raise(run.signal);
	}
	if (run.status == EXIT_GUEST)
		warnx("%s; last on the console %s: \"%.*s\"", run.reason, options.log,
		      QUOTE_LENGTH, run.last_line ? run.last_line : "");
	else if (run.status)
		warnx("%s", run.reason);
	return run.status;
}
