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

#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <termios.h>

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
		err(EXIT_HOST, "signalfd");
	return fd;
}

/* So our caller sees that it was a signal, not a failure of the guest. */
static void end_by_signal(void)
{
	sigset_t all;

	warnx(run.log ? "%s; console log %s" : "%s", run.reason, options.log);
	discard_results();
	signal(run.signal, SIG_DFL);
	raise(run.signal);
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
}

/*
 * Can KVM run a Linux guest? To open /dev/kvm does not prove it, so boot one. Returns NULL if it
 * can, else why not, to be freed.
 */
static char *probe_kvm(int signals)
{
	const struct options saved = options;
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	char *why;

	if (fd < 0)
		return format("/dev/kvm: %s", strerror(errno));
	close(fd);

	options.job = "idle";
	options.timeout = options.probe_seconds;
	options.count = options.exits = options.interactive = options.reset_once = false;
	options.accesses = NULL;
	run_guest("kvm", NULL, signals);
	options = saved;
	if (run.signal)
		end_by_signal();
	why = run.reason;
	run.reason = NULL;
	free_run();
	return why;
}

static struct termios terminal;

static void restore_terminal(void)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
}

/* The guest echoes, and decides what Ctrl-C means. */
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
	static char *why;
	const char *accel;
	int signals;
	FILE *log;

	parse_options(argc, argv);
	/* We want a full disk as an error code, not as a signal. */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signals = open_signals();

	if (options.probe_kvm) {
		why = probe_kvm(signals);
		printf("KVM: %s%s\n", why ? "not usable: " : "usable", why ? why : "");
		return why ? EXIT_GUEST : 0;
	}

	log = fopen(options.log, "we");
	if (!log)
		err(EXIT_INPUT, "can't write the console log %s", options.log);
	setbuf(log, NULL);
	open_results();

	accel = options.accel;
	if (!strcmp(accel, "auto")) {
		char *cause = probe_kvm(signals);

		accel = cause ? "tcg" : "kvm";
		why = format(cause ? "KVM is not usable: %s" : "a guest boots with KVM", cause);
		free(cause);
		warnx("--accel auto is %s: %s", accel, why);
	}

	if (options.interactive)
		lend_terminal();
	run_guest(accel, log, signals);
	if (fclose(log))
		end(EXIT_HOST, "can't write the console log %s: %s", options.log, strerror(errno));
	write_results(why);
	if (run.signal)
		end_by_signal();
	if (run.status == EXIT_GUEST)
		warnx("%s; last on the console %s: \"%.*s\"", run.reason, options.log,
		      QUOTE_LENGTH, run.last_line ? run.last_line : "");
	else if (run.status)
		warnx("%s", run.reason);
	return run.status;
}
