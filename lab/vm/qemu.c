// SPDX-License-Identifier: GPL-2.0
/* qemu - start QEMU, with a way from it to us for all that it has to say */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <x86intrin.h>

#include "qemu.h"

#define MAX_ARGUMENTS	256
#define TRACE_PIPE_SIZE	(1 << 20)

struct arguments {
	char *list[MAX_ARGUMENTS + 1];
	int count;
};

/*
 * microvm has no timer that the kernel could measure the TSC with, and without
 * KVM's clock it then waits forever: tell it. Under TCG the TSC is the host's,
 * or with -icount the virtual nanoseconds.
 */
static unsigned long long guest_tsc_khz(char **extra)
{
	const double seconds = 0.1;
	unsigned long long ticks;
	double started;

	for (; *extra; extra++) {
		if (!strcmp(*extra, "-icount") || !strcmp(*extra, "--icount"))
			return 1000000;
	}
	started = now();
	ticks = __rdtsc();
	while (now() < started + seconds)
		;
	return (__rdtsc() - ticks) / (now() - started) / 1000;
}

char *kernel_command_line(const struct options *o, const char *accel)
{
	const char *console = "console=ttyS0 ";
	char tsc[64] = "";

	/* The first serial port is Xen's, which shows its dom0's console there. */
	if (o->xen)
		console = "console=hvc0 ";
	if (strstr(o->append, "console="))
		console = "";
	if (!strncmp(o->machine, "microvm", 7) && !strcmp(accel, "tcg") &&
	    !strstr(o->append, "tsc_early_khz="))
		snprintf(tsc, sizeof(tsc), " tsc_early_khz=%llu",
			 guest_tsc_khz(o->extra));
	return format("%spanic=-1%s%s%s -- %s", console, tsc, *o->append ? " " : "",
		      o->append, o->job);
}

/* The text belongs to the list from now on. */
static void add(struct arguments *arguments, char *text)
{
	if (arguments->count == MAX_ARGUMENTS)
		die(EXIT_INPUT, "too many arguments for QEMU, at most %d",
		    MAX_ARGUMENTS);
	arguments->list[arguments->count++] = text;
}

static void __attribute__((format(printf, 3, 4)))
add_option(struct arguments *arguments, const char *option, const char *fmt, ...)
{
	va_list args;

	add(arguments, format("%s", option));
	va_start(args, fmt);
	add(arguments, vformat(fmt, args));
	va_end(args);
}

/* What can be written to as well is a socket. */
static bool is_socket(enum channel_id id, const struct options *options)
{
	return id == MONITOR ||
	       (id == CONSOLE && (options->interactive || options->exits));
}

/*
 * A serial port drops what its other end does not take. QEMU writes each byte by
 * itself: 64 KiB of them fit into a pipe, but some hundreds into a socket.
 */
static void add_serial(struct arguments *arguments, int index, int fd, bool socket)
{
	if (socket)
		add_option(arguments, "-chardev", "socket,id=serial%d,fd=%d", index, fd);
	else
		add_option(arguments, "-chardev", "file,id=serial%d,path=/dev/fd/%d",
			   index, fd);
	add_option(arguments, "-device", "isa-serial,index=%d,chardev=serial%d",
		   index, index);
}

/*
 * Commas separate the modules of a multiboot kernel, two stand for one. Returns text
 * with them, to be freed.
 */
static char *module(const char *text)
{
	char *doubled = checked(malloc(2 * strlen(text) + 1)), *to = doubled;

	for (; *text; text++) {
		if (*text == ',')
			*to++ = ',';
		*to++ = *text;
	}
	*to = '\0';
	return doubled;
}

/* Xen, whose first module is dom0's kernel with its command line. */
static void add_xen(struct arguments *a, const struct options *o, const char *cmdline)
{
	char *kernel = module(o->kernel), *append = module(cmdline);
	char *initrd = module(o->initrd);

	add_option(a, "-kernel", "%s", o->xen);
	add_option(a, "-append", "com1=115200,8n1 console=com1%s%s",
		   *o->xen_append ? " " : "", o->xen_append);
	add_option(a, "-initrd", "%s %s,%s", kernel, append, initrd);
	free(kernel);
	free(append);
	free(initrd);
}

static void add_arguments(struct arguments *a, const struct options *o,
			  const char *accel, const char *cmdline,
			  const int fds[NR_CHANNELS])
{
	add(a, format("%s", o->qemu));
	add(a, format("-nodefaults"));
	add(a, format("-no-user-config"));
	add_option(a, "-display", "none");
	add_option(a, "-machine", "%s", o->machine);
	add_option(a, "-accel", "%s", accel);
	add_option(a, "-cpu", "%s", o->cpu);
	add_option(a, "-smp", "%u", o->smp);
	add_option(a, "-m", "%u", o->memory);
	if (o->bios)
		add_option(a, "-bios", "%s", o->bios);
	if (o->xen) {
		add_xen(a, o, cmdline);
	} else {
		add_option(a, "-kernel", "%s", o->kernel);
		add_option(a, "-initrd", "%s", o->initrd);
		add_option(a, "-append", "%s", cmdline);
	}
	add_option(a, "-action", "reboot=shutdown");
	add_serial(a, 0, fds[CONSOLE], is_socket(CONSOLE, o));
	add_serial(a, 1, fds[RECORDS], is_socket(RECORDS, o));
	add_option(a, "-chardev", "socket,id=monitor,fd=%d", fds[MONITOR]);
	add_option(a, "-mon", "chardev=monitor,mode=control");
	/* Wait for the monitor, so that no event is missed. */
	add(a, format("-S"));
	if (o->count) {
		add_option(a, "-trace", "memory_region_ops_read");
		add_option(a, "-trace", "memory_region_ops_write");
		add_option(a, "-D", "/dev/fd/%d", fds[TRACE]);
	}
	for (char **extra = o->extra; *extra; extra++)
		add(a, format("%s", *extra));
}

/* In the child: become QEMU, or send errno and end. */
static void __attribute__((noreturn))
become_qemu(const struct arguments *arguments, const int fds[NR_CHANNELS],
	    pid_t parent, int report)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), error;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(fds[ERRORS], STDERR_FILENO);
	for (int i = 0; i < NR_CHANNELS; i++) {
		if (fds[i] >= 0 && i != ERRORS)
			fcntl(fds[i], F_SETFD, 0);
	}
	/* Also when we are killed without a chance to clean up. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		execvp(arguments->list[0], arguments->list);
	error = errno;
	if (write(report, &error, sizeof(error)) < 0)
		_exit(EXIT_HOST);
	_exit(EXIT_HOST);
}

static void open_channel(enum channel_id id, bool socket, int *ours, int *theirs)
{
	int pair[2];

	if (!socket && pipe2(pair, O_CLOEXEC))
		die(EXIT_HOST, "can't make a pipe: %s", strerror(errno));
	if (socket && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		die(EXIT_HOST, "can't make a socket pair: %s", strerror(errno));
	/* Larger is faster, not needed: */
	if (id == TRACE)
		fcntl(pair[0], F_SETPIPE_SZ, TRACE_PIPE_SIZE);
	*ours = pair[0];
	*theirs = pair[1];
}

pid_t start_qemu(const struct options *options, const char *accel,
		 const char *cmdline, int ours[NR_CHANNELS], struct ending *ending)
{
	struct arguments arguments = { .count = 0 };
	int theirs[NR_CHANNELS], report[2], error;
	pid_t parent = getpid(), pid;

	for (int i = 0; i < NR_CHANNELS; i++) {
		ours[i] = theirs[i] = -1;
		if (i != TRACE || options->count)
			open_channel(i, is_socket(i, options), &ours[i], &theirs[i]);
	}
	add_arguments(&arguments, options, accel, cmdline, theirs);
	if (pipe2(report, O_CLOEXEC))
		die(EXIT_HOST, "can't make a pipe: %s", strerror(errno));
	pid = fork();
	if (!pid)
		become_qemu(&arguments, theirs, parent, report[1]);
	if (pid < 0)
		die(EXIT_HOST, "can't start a process for QEMU: %s", strerror(errno));

	close(report[1]);
	for (int i = 0; i < NR_CHANNELS; i++) {
		if (theirs[i] >= 0)
			close(theirs[i]);
	}
	for (int i = 0; i < arguments.count; i++)
		free(arguments.list[i]);
	if (read(report[0], &error, sizeof(error)) == sizeof(error))
		end(ending, EXIT_INPUT,
		    "can't start QEMU, %s: %s (--qemu PATH names another)",
		    options->qemu, strerror(error));
	close(report[0]);
	return pid;
}
