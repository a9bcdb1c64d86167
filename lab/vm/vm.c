// SPDX-License-Identifier: GPL-2.0
/*
 * vm - run one virtual machine and say how it ended
 *
 *   vm --kernel FILE --initrd FILE --log FILE [options] [-- QEMU arguments]
 *
 * "vm --help" lists the options. The guest's first process is lab/init/init.c: its
 * records come through the second serial port, the console goes to --log.
 *
 * Exit status, with one line on stderr unless it is 0:
 *   0  verdict pass
 *   1  verdict fail, or no verdict: panic, reset, power off, silence
 *   2  the command line or an input is wrong
 *   3  the host is in trouble: disk full, no process, QEMU died
 * A signal (INT, TERM, HUP) ends the guest, and then vm by the same signal.
 *
 * The parts of it, each knows only those above:
 *   util.c     errors, texts, lines
 *   options.c  the command line
 *   trace.c    the accesses in QEMU's trace, for --count
 *   records.c  what the guest's first process sends
 *   exits.c    what KVM counts, for --exits
 *   qemu.c     QEMU and its arguments
 *   run.c      one life of a guest, and the verdict on it
 *   result.c   --json, --accesses
 *   vm.c       what is to be done, and what is said in the end
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "options.h"
#include "result.h"
#include "run.h"
#include "util.h"

static int open_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		die(EXIT_HOST, "signalfd: %s", strerror(errno));
	return fd;
}

/* Whoever started us sees that it was a signal, not a failure of the guest. */
static void __attribute__((noreturn))
end_by_signal(const struct run *run, const char *log)
{
	sigset_t all;

	fprintf(stderr, "vm: %s%s%s\n", run->ending.reason,
		log ? "; console log " : "", log ? log : "");
	discard_results();
	sigfillset(&all);
	signal(run->signal, SIG_DFL);
	raise(run->signal);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	_exit(EXIT_HOST);
}

/*
 * Is KVM good for a Linux guest? That /dev/kvm opens does not say so: boot
 * one. Returns NULL when it is, else why not, to be freed.
 */
static char *probe_kvm(const struct options *options, int signals)
{
	struct options probe = *options;
	struct run run;
	char *why = NULL;
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return format("/dev/kvm: %s", strerror(errno));
	close(fd);

	probe.job = "idle";
	probe.timeout = options->probe_seconds;
	probe.count = false;
	probe.exits = false;
	probe.interactive = false;
	probe.reset_once = false;
	run_guest(&run, &probe, "kvm", -1, signals);
	if (run.signal)
		end_by_signal(&run, NULL);
	if (run.ending.reason)
		why = format("%s", run.ending.reason);
	free_run(&run);
	return why;
}

static struct termios terminal;

static void restore_terminal(void)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
}

/* The guest does the echo, and what Ctrl-C means. */
static void lend_terminal(void)
{
	struct termios raw;

	setvbuf(stdout, NULL, _IONBF, 0);
	if (tcgetattr(STDIN_FILENO, &terminal))
		return;
	atexit(restore_terminal);
	raw = terminal;
	cfmakeraw(&raw);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

int main(int argc, char *argv[])
{
	struct options options;
	const char *accel;
	char *why = NULL;
	struct run run;
	int signals, log, status;

	parse_options(&options, argc, argv);
	/* A full disk is an error code, not a signal. */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signals = open_signals();

	if (options.probe_kvm) {
		why = probe_kvm(&options, signals);
		printf("KVM: %s%s\n", why ? "not usable: " : "usable", why ? why : "");
		status = why ? EXIT_GUEST : 0;
		free(why);
		return status;
	}

	log = open(options.log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (log < 0)
		die(EXIT_INPUT, "can't write the console log %s: %s", options.log,
		    strerror(errno));
	open_results(&options);

	accel = options.accel;
	if (!strcmp(accel, "auto")) {
		char *cause = probe_kvm(&options, signals);

		accel = cause ? "tcg" : "kvm";
		why = cause ? format("KVM is not usable: %s", cause) :
			      format("a guest boots with KVM");
		free(cause);
		fprintf(stderr, "vm: --accel auto is %s: %s\n", accel, why);
	}

	if (options.interactive)
		lend_terminal();
	run_guest(&run, &options, accel, log, signals);
	if (close(log))
		end(&run.ending, EXIT_HOST, "can't write the console log %s: %s",
		    options.log, strerror(errno));
	write_results(&run, why);
	if (run.signal)
		end_by_signal(&run, options.log);

	status = run.ending.status;
	if (status == EXIT_GUEST)
		fprintf(stderr, "vm: %s; last on the console %s: \"%.*s\"\n",
			run.ending.reason, options.log, QUOTE_LENGTH,
			run.last_line ? run.last_line : "");
	else if (status)
		fprintf(stderr, "vm: %s\n", run.ending.reason);
	free_run(&run);
	free(why);
	close(signals);
	return status;
}
