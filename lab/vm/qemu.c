// SPDX-License-Identifier: GPL-2.0
/* qemu - start QEMU, and connect us with all that it says */

#include "vm.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <x86intrin.h>

#define TRACE_PIPE_SIZE	(1 << 20)

/*
 * microvm has no timer by which the kernel could measure the TSC, and without KVM's clock it
 * would wait forever: so we tell it. Under TCG the TSC is the host's, or with -icount the virtual
 * nanoseconds.
 */
static unsigned long long guest_tsc_khz(void)
{
	unsigned long long ticks;
	double started;

	for (char **extra = options.extra; *extra; extra++) {
		if (!strcmp(*extra, "-icount") || !strcmp(*extra, "--icount"))
			return 1000000;
	}
	started = now();
	ticks = __rdtsc();
	while (now() < started + 0.1)
		;
	return (__rdtsc() - ticks) / (now() - started) / 1000;
}

char *kernel_command_line(const char *accel)
{
	const char *append = options.append, *console = "console=ttyS0 ";
	char tsc[64] = "";

	/* Xen owns the first serial port, and shows dom0's console there. */
	if (options.xen)
		console = "console=hvc0 ";
	if (strstr(append, "console="))
		console = "";
	if (!strncmp(options.machine, "microvm", 7) && !strcmp(accel, "tcg") &&
	    !strstr(append, "tsc_early_khz="))
		snprintf(tsc, sizeof(tsc), " tsc_early_khz=%llu", guest_tsc_khz());
	return format("%spanic=-1%s%s%s -- %s", console, tsc, *append ? " " : "", append,
		      options.job);
}

/* We write to a socket; a pipe goes one way. */
static bool is_socket(enum channel_id id)
{
	return id == MONITOR || (id == CONSOLE && (options.interactive || options.exits));
}

/*
 * A serial port drops bytes if we do not read them in time. QEMU writes each byte by itself: a
 * pipe holds 64 KiB of them, but a socket only some hundreds.
 */
static char *serial(enum channel_id id, int fd)
{
	return is_socket(id) ? format("socket,id=serial%d,fd=%d", id, fd) :
			       format("file,id=serial%d,path=/dev/fd/%d", id, fd);
}

/* Commas separate the modules of a multiboot kernel, so a comma in a name is doubled. */
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

static const char **arguments;

static void add(const char *option, const char *value)
{
	add_text(&arguments, option);
	if (value)
		add_text(&arguments, value);
}

static void set_arguments(const int fds[NR_CHANNELS])
{
	const struct options *o = &options;

	add(o->qemu, NULL);
	add("-nodefaults", NULL);
	add("-no-user-config", NULL);
	add("-display", "none");
	add("-machine", o->machine);
	add("-accel", run.accel);
	/*
	 * On a processor that TCG emulates, the TSC deadline timer of KVM's guests can
	 * fire a minute late. They have another timer without it.
	 */
	add("-cpu", is_nested() ? format("%s,-tsc-deadline", o->cpu) : o->cpu);
	add("-smp", format("%u", o->smp));
	add("-m", format("%u", o->memory));
	if (o->bios)
		add("-bios", o->bios);
	if (o->xen) {
		/* Its first module is dom0's kernel with its command line. */
		add("-kernel", o->xen);
		add("-append", format("com1=115200,8n1 console=com1%s%s",
				      *o->xen_append ? " " : "", o->xen_append));
		add("-initrd", format("%s %s,%s", module(o->kernel), module(run.cmdline),
				      module(o->initrd)));
	} else {
		add("-kernel", o->kernel);
		add("-initrd", o->initrd);
		add("-append", run.cmdline);
	}
	add("-action", "reboot=shutdown");
	add("-chardev", serial(CONSOLE, fds[CONSOLE]));
	add("-device", "isa-serial,index=0,chardev=serial0");
	add("-chardev", serial(RECORDS, fds[RECORDS]));
	add("-device", "isa-serial,index=1,chardev=serial1");
	add("-chardev", format("socket,id=monitor,fd=%d", fds[MONITOR]));
	add("-mon", "chardev=monitor,mode=control");
	/* Wait for the monitor, so that no event is missed. */
	add("-S", NULL);
	if (o->count) {
		add("-trace", "memory_region_ops_read");
		add("-trace", "memory_region_ops_write");
		add("-D", format("/dev/fd/%d", fds[TRACE]));
	}
	for (char **extra = o->extra; *extra; extra++)
		add(*extra, NULL);
}

/* In the child: become QEMU, or say why not. What was allocated goes with the child. */
static void __attribute__((noreturn)) become_qemu(const int fds[NR_CHANNELS], pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	set_arguments(fds);
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
	/* QEMU must end even if we are killed without a chance to clean up. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		execvp(options.qemu, (char **)arguments);
	dprintf(STDERR_FILENO, "can't start QEMU, %s: %s (--qemu PATH names another)\n",
		options.qemu, strerror(errno));
	_exit(EXIT_NO_QEMU);
}

pid_t start_qemu(void)
{
	int theirs[NR_CHANNELS];
	pid_t parent = getpid(), pid;

	for (int i = 0; i < NR_CHANNELS; i++) {
		int pair[2] = { -1, -1 };

		if (is_socket(i) ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) :
		    (i != TRACE || options.count) && pipe2(pair, O_CLOEXEC))
			err(EXIT_HOST, "can't make a pipe or a socket pair");
		run.channels[i].fd = pair[0];
		theirs[i] = pair[1];
	}
	/* A large pipe is faster, but a small one will do. */
	fcntl(run.channels[TRACE].fd, F_SETPIPE_SZ, TRACE_PIPE_SIZE);
	pid = fork();
	if (!pid)
		become_qemu(theirs, parent);
	if (pid < 0)
		err(EXIT_HOST, "can't start a process for QEMU");
	for (int i = 0; i < NR_CHANNELS; i++)
		close(theirs[i]);
	return pid;
}
