// SPDX-License-Identifier: GPL-2.0
/* qemu - start QEMU, and connect us with all that it says */

#include "vm.h"

#include <cpuid.h>
#include <fcntl.h>
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

/* By QEMU's TCG, which CPUID says, or by Bochs, which has the CPUID of what it emulates */
bool is_emulated(void)
{
	const unsigned int hypervisor = 1u << 31;	/* in ECX of leaf 1 */
	unsigned int eax, ebx, ecx, edx, signature[3];
	g_autofree char *firmware = NULL;

	if (g_file_get_contents("/sys/class/dmi/id/bios_vendor", &firmware, NULL, NULL) &&
	    strstr(firmware, "Bochs"))
		return true;
	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & hypervisor))
		return false;
	__cpuid(0x40000000, eax, signature[0], signature[1], signature[2]);
	return !memcmp(signature, "TCGTCGTCGTCG", sizeof(signature));
}

bool is_nested(void)
{
	return !strcmp(options.accel, "kvm") && is_emulated();
}

static char *kernel_command_line(void)
{
	const char *append = options.append, *console = "console=ttyS0 ";
	char tsc[64] = "";

	/* Xen owns the first serial port, and shows dom0's console there. */
	if (options.xen)
		console = "console=hvc0 ";
	if (strstr(append, "console="))
		console = "";
	if (!strncmp(options.machine, "microvm", 7) && !strcmp(options.accel, "tcg") &&
	    !strstr(append, "tsc_early_khz="))
		snprintf(tsc, sizeof(tsc), " tsc_early_khz=%llu", guest_tsc_khz());
	return g_strdup_printf("%spanic=-1%s%s%s -- %s", console, tsc, *append ? " " : "", append,
			       options.job);
}

/* We write to a socket; a pipe goes one way. */
static bool is_socket(enum channel_id id)
{
	return id == MONITOR || (id == CONSOLE && options.exits);
}

static bool is_used(enum channel_id id)
{
	return id == TRACE ? options.count : id != CONSOLE || !options.interactive;
}

/* QEMU's options, and the modules of a multiboot kernel, have a comma in a name doubled. */
static char *doubled(const char *text)
{
	return g_strjoinv(",,", g_strsplit(text, ",", -1));
}

/*
 * A serial port drops bytes if we do not read them in time. QEMU writes each byte by itself: a
 * pipe holds 64 KiB of them, but a socket only some hundreds.
 */
static char *serial(enum channel_id id, int fd)
{
	/* The guest echoes, and decides what Ctrl-C means. */
	if (!is_used(id))
		return g_strdup_printf("stdio,id=serial%d,signal=off,logfile=%s", id,
				       doubled(options.log));
	return is_socket(id) ? g_strdup_printf("socket,id=serial%d,fd=%d", id, fd) :
			       g_strdup_printf("file,id=serial%d,path=/dev/fd/%d", id, fd);
}

/* Returns QEMU's arguments. With Xen, its first module is dom0's kernel with its command line. */
static char **arguments(const int fds[NR_CHANNELS])
{
	const struct options *o = &options;
	const char *always[] = {
		o->qemu, "-nodefaults", "-no-user-config", "-display", "none", "-machine", o->machine,
		"-accel", o->accel, "-smp", g_strdup_printf("%d", o->smp),
		"-m", g_strdup_printf("%d", o->memory),
		/*
		 * On a processor that TCG emulates, the TSC deadline timer of KVM's guests can
		 * fire a minute late. They have another timer without it.
		 */
		"-cpu", is_nested() ? g_strdup_printf("%s,-tsc-deadline", o->cpu) : o->cpu,
		"-kernel", o->xen ? o->xen : o->kernel,
		"-initrd", o->xen ? g_strdup_printf("%s %s,%s", doubled(o->kernel),
					doubled(run.cmdline), doubled(o->initrd)) : o->initrd,
		"-append", !o->xen ? run.cmdline :
			g_strconcat("com1=115200,8n1 console=com1 ", o->xen_append, NULL),
		"-action", "reboot=shutdown",
		"-chardev", serial(CONSOLE, fds[CONSOLE]), "-device", "isa-serial,index=0,chardev=serial0",
		"-chardev", serial(RECORDS, fds[RECORDS]), "-device", "isa-serial,index=1,chardev=serial1",
		"-chardev", g_strdup_printf("socket,id=monitor,fd=%d", fds[MONITOR]),
		/* Wait for the monitor, so that no event is missed. */
		"-mon", "chardev=monitor,mode=control", "-S", NULL,
	};
	GStrvBuilder *list = g_strv_builder_new();

	g_strv_builder_addv(list, always);
	if (o->count)
		g_strv_builder_add_many(list, "-trace", "memory_region_ops_read",
					"-trace", "memory_region_ops_write",
					"-D", g_strdup_printf("/dev/fd/%d", fds[TRACE]), NULL);
	g_strv_builder_addv(list, (const char **)o->extra);
	return g_strv_builder_end(list);
}

/* In the child, before it becomes QEMU. */
static void set_up_child(gpointer parent)
{
	signal(SIGXFSZ, SIG_DFL);
	/* QEMU must end even if we are killed without a chance to clean up. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != *(pid_t *)parent)
		_exit(EXIT_HOST);
}

pid_t start_qemu(void)
{
	int theirs[NR_CHANNELS], passed[NR_CHANNELS], nr_passed = 0;
	GSpawnFlags flags = G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD;
	pid_t parent = getpid(), pid;
	GError *error = NULL;

	run.cmdline = kernel_command_line();
	for (int i = 0; i < NR_CHANNELS; i++) {
		int pair[2] = { -1, -1 };

		if (is_used(i) &&
		    (is_socket(i) ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) :
				    pipe2(pair, O_CLOEXEC)))
			err(EXIT_HOST, "can't make a pipe or a socket pair");
		run.channels[i].fd = pair[0];
		theirs[i] = pair[1];
		if (pair[1] >= 0 && i != ERRORS)
			passed[nr_passed++] = pair[1];
	}
	/* A large pipe is faster, but a small one will do. */
	fcntl(run.channels[TRACE].fd, F_SETPIPE_SZ, TRACE_PIPE_SIZE);
	flags |= options.interactive ? G_SPAWN_CHILD_INHERITS_STDIN : G_SPAWN_STDOUT_TO_DEV_NULL;
	if (!g_spawn_async_with_pipes_and_fds(NULL, (const char * const *)arguments(theirs), NULL,
			flags, set_up_child, &parent, -1, -1, theirs[ERRORS],
			passed, passed, nr_passed, &pid, NULL, NULL, NULL, &error))
		errx(EXIT_INPUT, "%s (--qemu PATH names another)", error->message);
	for (int i = 0; i < NR_CHANNELS; i++)
		close(theirs[i]);
	return pid;
}
