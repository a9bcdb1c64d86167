// SPDX-License-Identifier: GPL-2.0
/* run - one life of a guest, from its start to the verdict */

#include "vm.h"

#include <glib-unix.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* How long QEMU may live on after the verdict, a panic, or SIGTERM. */
#define GRACE_SECONDS	5
#define READ_SIZE	(1 << 16)
/* How long the guest may sleep. */
#define SLEEP_SECONDS	1

struct run run;

char *plain(char *line)
{
	for (char *c = line; *c; c++) {
		if (!g_ascii_isprint(*c))
			*c = *c == '\t' ? ' ' : '?';
	}
	return line;
}

double now(void)
{
	return g_get_monotonic_time() / 1e6;
}

void end(int status, const char *fmt, ...)
{
	va_list args;

	if (run.reason)
		return;
	va_start(args, fmt);
	run.reason = g_strdup_vprintf(fmt, args);
	va_end(args);
	run.status = status;
}

void add_bytes(struct lines *lines, const char *bytes, size_t length)
{
	if (!lines->begun)
		lines->begun = g_string_new(NULL);
	for (size_t i = 0; i < length && !run.reason; i++) {
		if (bytes[i] == '\n') {
			char *line = lines->begun->str;

			line[strcspn(line, "\r")] = '\0';
			lines->consume(line);
			g_string_truncate(lines->begun, 0);
		} else {
			g_string_append_c(lines->begun, bytes[i]);
		}
	}
}

static void stop_qemu(void);

/* Time is over: for the guest, or for QEMU after the guest's end or after SIGTERM. */
static gboolean time_out(gpointer unused)
{
	(void)unused;
	if (!run.verdict && !run.panic)
		end(EXIT_GUEST, "no verdict after %d s, the guest hangs", options.timeout);
	stop_qemu();
	return G_SOURCE_REMOVE;
}

static void stop_qemu(void)
{
	/* First let it write what it still has. */
	kill(run.pid, run.killed ? SIGKILL : SIGTERM);
	run.killed = true;
	g_timeout_add_seconds(GRACE_SECONDS, time_out, NULL);
}

void allow_grace(void)
{
	if (!run.grace)
		run.grace = g_timeout_add_seconds(GRACE_SECONDS, time_out, NULL);
}

void withdraw_grace(void)
{
	if (run.grace)
		g_source_remove(run.grace);
	run.grace = 0;
}

static gboolean wake_up(gpointer unused)
{
	(void)unused;
	command("{\"execute\":\"system_wakeup\"}");
	return G_SOURCE_REMOVE;
}

static gboolean note_signal(gpointer number)
{
	run.signal = GPOINTER_TO_INT(number);
	end(EXIT_HOST, "ended by signal %d (%s)", run.signal, strsignal(run.signal));
	return G_SOURCE_CONTINUE;
}

void command(const char *text)
{
	dprintf(run.channels[MONITOR].fd, "%s\n", text);
}

static void console_line(char *line)
{
	char *panic = strstr(plain(line), "Kernel panic");

	if (options.xen && !panic)
		panic = strstr(line, "Panic on CPU");
	if (panic && !run.panic && !run.restarts) {
		run.panic = g_strdup(panic);
		allow_grace();
	}
	if (line[strspn(line, " ")]) {
		free(run.last_line);
		run.last_line = g_strdup(line);
	}
}

/* The last line is the error; warnings come before it. */
static void error_line(char *line)
{
	free(run.qemu_error);
	run.qemu_error = g_strdup(plain(line));
}

/* QMP. The machine starts when we say that we listen. */
static void monitor_line(char *line)
{
	json_t *message = json_loads(line, 0, NULL);
	const char *event = NULL, *reason = NULL, *package = "";
	int major, minor, micro;

	if (!json_unpack(message, "{s:{s:{s:{s:i,s:i,s:i},s?s}}}", "QMP", "version", "qemu",
			 "major", &major, "minor", &minor, "micro", &micro, "package", &package)) {
		free(run.qemu_version);
		run.qemu_version = g_strdup_printf(*package ? "%d.%d.%d (%s)" : "%d.%d.%d",
						   major, minor, micro, package);
		command("{\"execute\":\"qmp_capabilities\"}");
		command("{\"execute\":\"cont\"}");
	} else if (take_exits(message)) {
		/* The guest has waited for this at the mark. */
		send(run.channels[CONSOLE].fd, "\n", 1, 0);
	} else if (!json_unpack(message, "{s:s,s?{s?s}}", "event", &event, "data",
				"reason", &reason)) {
		if (!strcmp(event, "RESUME") && !run.started)
			run.started = now();
		if (!strcmp(event, "SUSPEND"))
			g_timeout_add_seconds(SLEEP_SECONDS, wake_up, NULL);
		if (!strcmp(event, "SHUTDOWN") && reason && !run.shutdown_reason)
			run.shutdown_reason = g_strdup(reason);
	} else if (!message || json_object_get(message, "error")) {
		end(EXIT_HOST, "QEMU's monitor said \"%.*s\"", QUOTE_LENGTH, line);
	}
	json_decref(message);
}

static gboolean hear(gint fd, GIOCondition condition, gpointer data)
{
	enum channel_id id = GPOINTER_TO_INT(data);
	static char bytes[READ_SIZE];
	struct lines *lines = &run.channels[id].lines;
	ssize_t length = read(fd, bytes, sizeof(bytes));

	(void)condition;
	if (length < 0 && (errno == EINTR || errno == EAGAIN))
		return G_SOURCE_CONTINUE;
	if (length <= 0) {
		/* The last line needs no newline, but a record or an access does. */
		if ((id == CONSOLE || id == ERRORS) && lines->begun && lines->begun->len)
			add_bytes(lines, "\n", 1);
		close(fd);
		run.channels[id].fd = -1;
		return G_SOURCE_REMOVE;
	}
	if (id == CONSOLE && fwrite(bytes, 1, length, run.log) < (size_t)length)
		end(EXIT_HOST, "can't write the console log %s: %s", options.log, strerror(errno));
	/* With a trace we take records from there, where they are between the accesses. */
	if (id == RECORDS && options.count)
		note_arrival(bytes, length);
	else
		add_bytes(lines, bytes, length);
	return G_SOURCE_CONTINUE;
}

/* Listen until QEMU has closed everything. */
static void listen_to_qemu(void)
{
	for (int i = 0; i < NR_CHANNELS; i++) {
		if (run.channels[i].fd >= 0)
			g_unix_fd_add(run.channels[i].fd, G_IO_IN | G_IO_HUP, hear,
				      GINT_TO_POINTER(i));
	}
	for (int i = 0; i < NR_CHANNELS; i++) {
		while (run.channels[i].fd >= 0) {
			g_main_context_iteration(NULL, TRUE);
			if (run.reason && !run.killed)
				stop_qemu();
		}
	}
}

/* Say how the guest ended, if nothing went wrong before. */
static void judge(int wait_status)
{
	const char *cause = run.shutdown_reason ? run.shutdown_reason : "unknown";
	const char *error = run.qemu_error ? run.qemu_error : "it does not say why";
	const char *qemu = options.qemu;

	if (!run.killed && WIFSIGNALED(wait_status))
		end(EXIT_HOST, "%s died of signal %d (%s): %s", qemu, WTERMSIG(wait_status),
		    strsignal(WTERMSIG(wait_status)), error);
	else if (!run.started)
		end(EXIT_INPUT, "%s did not start the machine: %s (its kernel: %s)", qemu, error,
		    options.xen ? options.xen : options.kernel);
	else if (!run.killed && wait_status)
		end(EXIT_HOST, "%s failed: %s", qemu, error);
	if (options.count)
		finish_trace();
	/* Whoever has a shell may power off. */
	if (run.passed || (options.interactive && !strcmp(cause, "guest-shutdown")))
		return;
	if (run.verdict)
		end(EXIT_GUEST, "verdict fail: %s", run.verdict);
	else if (run.restarts)
		end(EXIT_GUEST, "no other kernel has come up in place of the first (%s)", cause);
	else if (run.panic)
		end(EXIT_GUEST, "the guest panicked: %s", run.panic);
	else if (!strcmp(cause, "guest-reset"))
		end(EXIT_GUEST, "the guest was reset, without a panic and without a verdict (a triple fault, or a reboot)");
	else if (!strcmp(cause, "guest-shutdown"))
		end(EXIT_GUEST, "the guest powered off without a verdict");
	else
		end(EXIT_GUEST, "the guest ended without a verdict (%s)", cause);
}

void run_guest(FILE *log)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	double started = now();
	int wait_status = 0;

	run = (struct run){
		.log		= log,
		.exits		= json_object(),
		.channels	= {
			[CONSOLE].lines.consume	= console_line,
			[RECORDS].lines.consume	= take_record,
			[MONITOR].lines.consume	= monitor_line,
			[TRACE].lines.consume	= take_trace_line,
			[ERRORS].lines.consume	= error_line,
		},
	};
	forget_records();
	start_trace();
	for (size_t i = 0; i < G_N_ELEMENTS(signals); i++)
		g_unix_signal_add(signals[i], note_signal, GINT_TO_POINTER(signals[i]));
	if (!options.interactive)
		g_timeout_add_seconds(options.timeout, time_out, NULL);
	run.pid = start_qemu();
	listen_to_qemu();
	if (waitpid(run.pid, &wait_status, 0) < 0)
		err(EXIT_HOST, "waitpid");
	run.seconds = now() - started;
	if (!run.reason)
		judge(wait_status);
}
