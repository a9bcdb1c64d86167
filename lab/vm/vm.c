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

/* Nobody must take an old result for ours. */
static void remove_result(const char *path)
{
	FILE *file = path ? fopen(path, "we") : NULL;

	if (path && (!file || fclose(file) || unlink(path)))
		err(EXIT_INPUT, "can't write %s", path);
}

static void remove_results(void)
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

static void write_results(void)
{
	if (options.accesses && !run.reason)
		write_result(options.accesses, trace.accesses->str);
	/* The second, so that it says what was wrong with the first. */
	if (options.json && run.status <= EXIT_GUEST)
		write_result(options.json, result_text());
}

/* So our caller sees that it was a signal, not a failure of the guest. */
static void end_by_signal(void)
{
	warnx("%s; console log %s", run.reason, options.log);
	signal(run.signal, SIG_DFL);
	raise(run.signal);
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
	remove_results();
	run_guest(log);
	if (fclose(log))
		end(EXIT_HOST, "can't write the console log %s: %s", options.log, strerror(errno));
	write_results();
	if (run.signal)
		end_by_signal();
	if (run.status == EXIT_GUEST)
		warnx("%s; last on the console %s: \"%.*s\"", run.reason, options.log,
		      QUOTE_LENGTH, run.last_line ? run.last_line : "");
	else if (run.status)
		warnx("%s", run.reason);
	return run.status;
}
