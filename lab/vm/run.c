// SPDX-License-Identifier: GPL-2.0
/* run - one life of a guest, from its start to what is to be said of it */

#define _GNU_SOURCE
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

/* How long QEMU may live on after the verdict, a panic, or SIGTERM. */
#define GRACE_SECONDS	5
#define READ_SIZE	(1 << 16)
/* How long the guest may sleep. */
#define SLEEP_SECONDS	1

static void allow_grace(struct run *run)
{
	double grace = now() + GRACE_SECONDS;

	if (grace < run->deadline)
		run->deadline = grace;
}

/* Say it, if somebody is there: that QEMU is gone is seen by whoever listens. */
static void tell(struct run *run, enum channel_id id, const char *bytes, size_t length)
{
	if (run->channels[id].fd >= 0)
		send(run->channels[id].fd, bytes, length, MSG_NOSIGNAL);
}

/* In QMP. */
static void command(struct run *run, const char *text)
{
	tell(run, MONITOR, text, strlen(text));
}

static void set_reboot_action(struct run *run, const char *action)
{
	char *text = format("{\"execute\":\"set-action\",\"arguments\":{\"reboot\":\"%s\"}}\n",
			    action);

	command(run, text);
	free(text);
}

/*
 * --reset-once. A reset is the end of QEMU otherwise, also one that the guest
 * asks for; but SeaBIOS meets ours with one of its own, so until user space is up
 * again it is not.
 */
static void follow_start(struct run *run)
{
	if (run->records.boots == 1) {
		set_reboot_action(run, "reset");
		command(run, "{\"execute\":\"system_reset\"}\n");
		expect_reset(&run->records);
	} else {
		set_reboot_action(run, "shutdown");
	}
}

static void wake_guest(struct run *run)
{
	run->wake_up = INFINITY;
	command(run, "{\"execute\":\"system_wakeup\"}\n");
}

/* --exits. The guest waits at a mark until we have the exits, and say so. */
static void follow_mark(struct run *run, const char *before)
{
	const char *mark = run->trace.open_mark;

	if (mark == before)
		return;
	run->mark = mark ? mark : before;
	command(run, question_of_exits());
}

/* --on. What it comes to, the guest sees for itself. */
static void answer(struct run *run)
{
	char *asked = run->records.asked;
	size_t length = strlen(asked);
	char **on = run->options->on;

	while (on && *on && (strncmp(*on, asked, length) || (*on)[length] != '='))
		on++;
	if (on && *on) {
		command(run, *on + length + 1);
		command(run, "\n");
	} else {
		end(&run->ending, EXIT_INPUT, "the guest asks for \"%.*s\", but there is no --on %.*s=...",
		    QUOTE_LENGTH, asked, QUOTE_LENGTH, asked);
	}
	free(asked);
	run->records.asked = NULL;
}

static void record_line(void *context, char *line)
{
	struct run *run = context;
	struct records *records = &run->records;
	const char *mark = run->trace.open_mark;
	unsigned int boots = records->boots;

	take_record(records, line);
	if (run->options->exits)
		follow_mark(run, mark);
	if (records->asked)
		answer(run);
	if (records->verdict)
		allow_grace(run);
	if (run->options->reset_once && records->boots > boots)
		follow_start(run);
	/* kdump: the panic was meant to be. */
	if (records->restarts && run->panic) {
		free(run->panic);
		run->panic = NULL;
		if (!run->killed)
			run->deadline = run->limit;
	}
}

static void trace_line(void *context, char *line)
{
	struct run *run = context;

	take_trace_line(&run->trace, line);
}

static void console_line(void *context, char *line)
{
	struct run *run = context;
	char *text = plain(line), *panic = strstr(text, "Kernel panic");

	if (run->options->xen && !panic)
		panic = strstr(text, "Panic on CPU");
	if (panic && !run->panic && !run->records.restarts) {
		run->panic = checked(strdup(panic));
		allow_grace(run);
	}
	if (text[strspn(text, " ")]) {
		free(run->last_line);
		run->last_line = text;
	} else {
		free(text);
	}
}

/* The last line is the error; warnings stand before it. */
static void error_line(void *context, char *line)
{
	struct run *run = context;

	free(run->qemu_error);
	run->qemu_error = plain(line);
}

/* QMP. The machine starts when we have said that we listen. */
static void monitor_line(void *context, char *line)
{
	struct run *run = context;
	json_t *message = json_loads(line, 0, NULL);
	const char *event = NULL, *reason = NULL, *package = "";
	int major, minor, micro;

	if (!json_unpack(message, "{s:{s:{s:{s:i,s:i,s:i},s?s}}}", "QMP", "version",
			 "qemu", "major", &major, "minor", &minor, "micro", &micro,
			 "package", &package)) {
		free(run->qemu_version);
		run->qemu_version = format("%d.%d.%d%s%s%s", major, minor, micro,
					   *package ? " (" : "", package,
					   *package ? ")" : "");
		command(run, "{\"execute\":\"qmp_capabilities\"}\n"
			     "{\"execute\":\"cont\"}\n");
	} else if (run->mark && take_exits(&run->exits, message, run->mark,
					    run->mark == run->trace.open_mark)) {
		run->mark = NULL;
		tell(run, CONSOLE, "\n", 1);
	} else if (!json_unpack(message, "{s:s,s?{s?s}}", "event", &event, "data",
				"reason", &reason)) {
		if (!strcmp(event, "RESUME") && !run->running) {
			run->running = true;
			run->records.started = now();
		}
		if (!strcmp(event, "SUSPEND"))
			run->wake_up = now() + SLEEP_SECONDS;
		if (!strcmp(event, "SHUTDOWN") && reason && !run->shutdown_reason)
			run->shutdown_reason = checked(strdup(reason));
	} else if (!message || json_object_get(message, "error")) {
		end(&run->ending, EXIT_HOST, "QEMU's monitor said \"%.*s\"",
		    QUOTE_LENGTH, line);
	}
	json_decref(message);
}

static void write_log(struct run *run, const char *bytes, size_t length)
{
	while (length && run->log >= 0) {
		ssize_t written = write(run->log, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			end(&run->ending, EXIT_HOST, "can't write the console log %s: %s",
			    run->options->log, strerror(errno));
			return;
		}
		bytes += written;
		length -= written;
	}
}

/* --interactive: what is typed goes to the guest. */
static void listen_to_user(struct run *run)
{
	char bytes[256];
	ssize_t length = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (length <= 0)
		run->heeds_user = false;
	else
		tell(run, CONSOLE, bytes, length);
}

static void hear(struct run *run, enum channel_id id)
{
	struct channel *channel = &run->channels[id];
	static char bytes[READ_SIZE];
	ssize_t length = read(channel->fd, bytes, sizeof(bytes));

	if (length < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (length <= 0) {
		/* A last line counts without its end; a record or an access does not. */
		if (id == CONSOLE || id == ERRORS)
			finish_line(&channel->lines);
		close(channel->fd);
		channel->fd = -1;
		return;
	}
	if (id == CONSOLE)
		write_log(run, bytes, length);
	if (id == CONSOLE && run->options->interactive)
		fwrite(bytes, length, 1, stdout);
	if (id == RECORDS && run->options->count) {
		/* The trace has them at their place among the accesses. */
		note_arrival(&run->trace, bytes, length);
		return;
	}
	add_bytes(&channel->lines, bytes, length);
}

static void stop_qemu(struct run *run)
{
	/* First let it write what it has. */
	kill(run->pid, run->killed ? SIGKILL : SIGTERM);
	run->killed = true;
	run->deadline = now() + GRACE_SECONDS;
}

/* The clock has run out: for the guest, or for QEMU after the guest's end. */
static void time_out(struct run *run)
{
	if (!run->records.verdict && !run->panic)
		end(&run->ending, EXIT_GUEST, "no verdict after %u s, the guest hangs",
		    run->options->timeout);
	stop_qemu(run);
}

static void take_signal(struct run *run, int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return;
	end(&run->ending, EXIT_HOST, "ended by signal %u (%s)", info.ssi_signo,
	    strsignal(info.ssi_signo));
	run->signal = info.ssi_signo;
}

/* Listen until QEMU has closed everything. */
static void listen_to_qemu(struct run *run, int signals)
{
	for (;;) {
		struct pollfd polls[NR_CHANNELS + 2];
		double left;
		bool sleeps;
		int open = 0;

		for (int i = 0; i < NR_CHANNELS; i++) {
			polls[i] = (struct pollfd){ run->channels[i].fd, POLLIN, 0 };
			open += polls[i].fd >= 0;
		}
		polls[NR_CHANNELS] = (struct pollfd){ signals, POLLIN, 0 };
		polls[NR_CHANNELS + 1] = (struct pollfd){
			run->heeds_user ? STDIN_FILENO : -1, POLLIN, 0
		};
		if (!open)
			return;

		sleeps = run->wake_up < run->deadline;
		left = (sleeps ? run->wake_up : run->deadline) - now();
		if (left <= 0) {
			if (sleeps)
				wake_guest(run);
			else
				time_out(run);
			continue;
		}
		if (poll(polls, NR_CHANNELS + 2, left < 60 ? left * 1000 + 1 : 60000) < 0) {
			if (errno == EINTR)
				continue;
			die(EXIT_HOST, "poll: %s", strerror(errno));
		}
		if (polls[NR_CHANNELS].revents)
			take_signal(run, signals);
		if (polls[NR_CHANNELS + 1].revents)
			listen_to_user(run);
		for (int i = 0; i < NR_CHANNELS; i++) {
			if (polls[i].fd >= 0 && polls[i].revents)
				hear(run, i);
		}
		if (run->ending.reason && !run->killed)
			stop_qemu(run);
	}
}

/* Say how it ended, if nothing has gone wrong before. */
static void judge(struct run *run, int wait_status)
{
	const char *cause = run->shutdown_reason ? run->shutdown_reason : "unknown";
	const char *error = run->qemu_error ? run->qemu_error : "it does not say why";
	const char *qemu = run->options->qemu, *verdict = run->records.verdict;
	struct ending *ending = &run->ending;

	if (!run->killed && WIFSIGNALED(wait_status))
		end(ending, EXIT_HOST, "%s died of signal %d (%s)%s%s", qemu,
		    WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)),
		    run->qemu_error ? ": " : "", run->qemu_error ? error : "");
	else if (!run->running)
		end(ending, EXIT_INPUT, "%s did not start the machine: %s", qemu, error);
	else if (!run->killed && wait_status)
		end(ending, EXIT_HOST, "%s failed: %s", qemu, error);
	if (run->options->count)
		judge_trace(&run->trace, verdict);
	if (run->records.passed)
		return;
	if (verdict)
		end(ending, EXIT_GUEST, "verdict fail: %s", verdict);
	else if (run->records.restarts)
		end(ending, EXIT_GUEST, "no other kernel has come up in place of the first (%s)", cause);
	else if (run->panic)
		end(ending, EXIT_GUEST, "the guest panicked: %s", run->panic);
	else if (!strcmp(cause, "guest-reset"))
		end(ending, EXIT_GUEST, "the guest was reset, without a panic and without a verdict (a triple fault, or a reboot)");
	else if (!strcmp(cause, "guest-shutdown"))
		end(ending, EXIT_GUEST, "the guest powered off without a verdict");
	else
		end(ending, EXIT_GUEST, "the guest ended without a verdict (%s)", cause);
}

void run_guest(struct run *run, const struct options *options, const char *accel,
	       int log, int signals)
{
	static line_fn * const consumers[NR_CHANNELS] = {
		[CONSOLE]	= console_line,
		[RECORDS]	= record_line,
		[MONITOR]	= monitor_line,
		[TRACE]		= trace_line,
		[ERRORS]	= error_line,
	};
	int fds[NR_CHANNELS], wait_status = 0;
	double started;

	*run = (struct run){
		.options	= options,
		.accel		= accel,
		.cmdline	= kernel_command_line(options, accel),
		.log		= log,
		.heeds_user	= options->interactive,
		.wake_up	= INFINITY,
	};
	init_trace(&run->trace, &run->ending, options->accesses, record_line, run);
	init_records(&run->records, &run->ending, &run->trace);
	init_exits(&run->exits, &run->ending, !strcmp(accel, "kvm"));

	started = now();
	run->limit = started + (options->interactive ? INFINITY : options->timeout);
	run->deadline = run->limit;
	run->pid = start_qemu(options, accel, run->cmdline, fds, &run->ending);
	for (int i = 0; i < NR_CHANNELS; i++)
		run->channels[i] = (struct channel){
			.fd = fds[i],
			.lines = {
				.consume = consumers[i], .context = run,
				.ending = &run->ending,
			},
		};
	if (!run->ending.reason)
		listen_to_qemu(run, signals);
	if (waitpid(run->pid, &wait_status, 0) < 0)
		die(EXIT_HOST, "waitpid: %s", strerror(errno));
	run->seconds = now() - started;
	if (!run->ending.reason)
		judge(run, wait_status);
}

void free_run(struct run *run)
{
	char *texts[] = {
		run->cmdline, run->qemu_version, run->qemu_error, run->shutdown_reason,
		run->last_line, run->panic, run->ending.reason,
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
	for (int i = 0; i < NR_CHANNELS; i++) {
		if (run->channels[i].fd >= 0)
			close(run->channels[i].fd);
		free(run->channels[i].lines.bytes);
	}
	free_records(&run->records);
	free_trace(&run->trace);
	free_exits(&run->exits);
}
