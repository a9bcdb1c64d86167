// SPDX-License-Identifier: GPL-2.0
/*
 * init - the first process of a test guest: does one job, writes a verdict,
 * powers off
 *
 * The job is argv[1], so it stands after "--" on the kernel's command line;
 * the words after it are parameters of the module that the job loads
 * ("reads=1000").
 *
 *   selftest  the installed kselftest pci_cfg, one timed run of its module,
 *             and the results of the in-kernel tests
 *   sleep     sleep (ACPI S3) until the host wakes us, and see that every function
 *             still has its ID
 *   suspend   sleep, then selftest
 *   kexec     go on to the kernel /boot/bzImage with /boot/guest.cpio.gz, which
 *             does selftest with the same parameters: the verdict is that one's
 *   kdump     the same, by a crash: needs crashkernel=SIZE on the command line
 *   count     one run by each method, each between two marks, for a VMM that
 *             counts accesses
 *   churn     remove and insert an ECAM region under load, by the module
 *             /modules/region_churn.ko: seconds=3, between marks as well
 *   idle      nothing: the boot is what is looked at
 *   shell     a shell on the console
 *   panic, hang, reset, poweroff
 *             end without a verdict, to test what looks at verdicts
 *
 * Everything that the host has to know goes to the second serial port, one
 * record a line, the kind of the record first:
 *
 *   start KEY=VALUE...     user space is up
 *   restart                another kernel is next, and its start
 *   ktap LINE              a line of test output
 *   result LINE            a line of the module's file "results", or what
 *                          region_churn did
 *   chunk LINE             a line of the module's file "chunks"
 *   mark begin=NAME, mark end=NAME
 *   verdict pass, verdict fail TEXT
 *                          the last record; without one the guest has failed
 *
 * The console is for people. Anything unexpected is a verdict: "fail WHAT:
 * WHY", and the end of the guest.
 */

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "init.h"

#define CHANNEL		"/dev/ttyS1"
#define KSELFTEST	"/kselftest/run_kselftest.sh"
#define MODULE		"pci_cfg_test"
#define MODULE_FILE	"/kselftest/pci_cfg/test_modules/" MODULE ".ko"
#define MODULE_DIR	"/sys/kernel/debug/" MODULE "/"
#define CHURN_FILE	"/modules/region_churn.ko"
#define CHURN_RESULT	"/sys/module/region_churn/parameters/result"
#define KUNIT_RESULTS	"/sys/kernel/debug/kunit/*/results"

/* Of syslog(2). */
#define SYSLOG_ACTION_CONSOLE_LEVEL	8

static const char * const methods[] = { "empty", "type1", "ecam", "raw_pci_read" };

static int channel = -1;
char parameters[1024];

/* What was seen on the ktap lines. */
static unsigned int tests_passed;
static char first_failure[256];

static void __attribute__((noreturn)) power_off(void)
{
	reboot(RB_POWER_OFF);
	for (;;)	/* the host has a clock */
		pause();
}

void record(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vdprintf(channel, fmt, args);
	va_end(args);
	dprintf(channel, "\n");
	tcdrain(channel);
}

void fail(const char *what)
{
	int error = errno;

	fprintf(stderr, "init: %s: %s\n", what, strerror(error));
	record("verdict fail %s: %s", what, strerror(error));
	power_off();
}

void fail_because(const char *what, const char *why)
{
	fprintf(stderr, "init: %s: %s\n", what, why);
	record("verdict fail %s: %s", what, why);
	power_off();
}

static void mount_at(const char *type, const char *where)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, NULL) && errno != EBUSY)
		fail(where);
}

static void link_at(const char *target, const char *where)
{
	if (symlink(target, where) && errno != EEXIST)
		fail(where);
}

static void mount_filesystems(void)
{
	mount_at("devtmpfs", "/dev");
	mount_at("proc", "/proc");
	mount_at("sysfs", "/sys");
	mount_at("tmpfs", "/tmp");
	/* Not every kernel that only boots here has it. */
	if (!access("/sys/kernel/debug", F_OK))
		mount_at("debugfs", "/sys/kernel/debug");
	/* The kselftest runner appends to /dev/stdout. */
	link_at("/proc/self/fd", "/dev/fd");
	link_at("fd/0", "/dev/stdin");
	link_at("fd/1", "/dev/stdout");
	link_at("fd/2", "/dev/stderr");
}

/* The initramfs has no device nodes, so the kernel gave us no console. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

static void open_channel(void)
{
	struct termios raw;

	/* Not to wait for a carrier: */
	channel = open(CHANNEL, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (channel < 0 || tcgetattr(channel, &raw))
		fail(CHANNEL);
	cfmakeraw(&raw);
	raw.c_cflag |= CLOCAL;
	if (tcsetattr(channel, TCSANOW, &raw) ||
	    fcntl(channel, F_SETFL, O_RDWR))
		fail(CHANNEL);
}

static size_t count_files(const char *pattern)
{
	size_t count = 0;
	glob_t found;

	if (!glob(pattern, 0, NULL, &found))
		count = found.gl_pathc;
	globfree(&found);
	return count;
}

static void record_start(void)
{
	struct utsname name;

	if (uname(&name))
		fail("uname");
	/* What was cut off when the machine was reset is a line of its own. */
	record("\nstart kernel=%s processors=%ld functions=%zu", name.release,
	       sysconf(_SC_NPROCESSORS_ONLN),
	       count_files("/sys/bus/pci/devices/*"));
}

static void record_ktap(const char *line)
{
	/* Subtests are indented, or behind the "# " of whatever runs them. */
	const char *text = line + strspn(line, "# \t");

	puts(line);
	record("ktap %s", line);
	if (!strncmp(text, "not ok", 6) && !first_failure[0])
		snprintf(first_failure, sizeof(first_failure), "%s", text);
	else if (!strncmp(text, "ok ", 3) && !strstr(text, "# SKIP"))
		tests_passed++;
}

static void record_result(const char *line)
{
	record("result %s", line);
}

static void record_chunk(const char *line)
{
	record("chunk %s", line);
}

static void each_line(FILE *f, const char *name, void (*consume)(const char *line))
{
	char *line = NULL;
	size_t size = 0;

	errno = 0;
	while (getline(&line, &size, f) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		consume(line);
		errno = 0;
	}
	if (errno)
		fail(name);
	free(line);
}

static void each_line_of(const char *path, void (*consume)(const char *line))
{
	FILE *f = fopen(path, "re");

	if (!f)
		fail(path);
	each_line(f, path, consume);
	fclose(f);
}

/* Its parameters must be those that were asked for, so nobody else loads it. */
static void load_module(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, parameters, 0))
		fail(file);
	close(fd);
}

static void unload_module(void)
{
	if (syscall(SYS_delete_module, MODULE, 0))
		fail("unloading " MODULE);
}

/* A method that this machine does not have says so in the results. */
static void run_module(const char *what)
{
	int fd = open(MODULE_DIR "run", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || (write(fd, what, strlen(what)) < 0 && errno != ENODEV))
		fail(MODULE_DIR "run");
	close(fd);
}

static void fail_if_test_failed(void)
{
	if (first_failure[0])
		fail_because("selftest", first_failure);
}

static void run_kselftest(void)
{
	int status;
	FILE *f;

	if (access(KSELFTEST, R_OK))
		fail(KSELFTEST);
	f = popen("exec sh " KSELFTEST " -c pci_cfg 2>&1", "re");
	if (!f)
		fail("sh");
	each_line(f, KSELFTEST, record_ktap);
	status = pclose(f);
	fail_if_test_failed();
	if (status)
		fail_because(KSELFTEST, WIFEXITED(status) ?
			     "failed, though no test did" : "killed");
	/* A test may be skipped, but not everything. */
	if (!tests_passed)
		fail_because(KSELFTEST, "no test passed: all were skipped, or there was none");
}

static void record_kunit(void)
{
	glob_t found;

	if (glob(KUNIT_RESULTS, 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		each_line_of(found.gl_pathv[i], record_ktap);
	globfree(&found);
}

void job_selftest(void)
{
	run_kselftest();
	load_module(MODULE_FILE);
	run_module("all");
	each_line_of(MODULE_DIR "results", record_result);
	each_line_of(MODULE_DIR "chunks", record_chunk);
	unload_module();
	record_kunit();
	fail_if_test_failed();
}

static void job_count(void)
{
	load_module(MODULE_FILE);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		record("mark begin=%s", methods[i]);
		run_module(methods[i]);
		record("mark end=%s", methods[i]);
		each_line_of(MODULE_DIR "results", record_result);
	}
	unload_module();
}

/* Add "NAME=ADDRESS" for a function of the kernel that no module may call. */
static void add_address(const char *name)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	unsigned long address;
	char symbol[128];

	if (!f)
		fail("/proc/kallsyms");
	while (fscanf(f, "%lx %*c %127s%*[^\n]", &address, symbol) == 2) {
		if (!strcmp(symbol, name)) {
			size_t used = strlen(parameters);

			snprintf(parameters + used, sizeof(parameters) - used,
				 "%s=%#lx ", name, address);
			fclose(f);
			return;
		}
	}
	fail_because(name, "not in /proc/kallsyms");
}

static void job_churn(void)
{
	/* The kernel logs each insertion, the console is slow: warnings only. */
	klogctl(SYSLOG_ACTION_CONSOLE_LEVEL, NULL, 5);
	add_address("pci_mmconfig_lookup");
	add_address("pci_mmconfig_insert");
	add_address("pci_mmconfig_delete");
	record("mark begin=churn");
	load_module(CHURN_FILE);
	record("mark end=churn");
	each_line_of(CHURN_RESULT, record_result);
}

static void job_idle(void)
{
}

static void job_shell(void)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (!pid) {
		setsid();
		ioctl(0, TIOCSCTTY, 1);
		execl("/bin/sh", "-sh", NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

static void job_panic(void)
{
	exit(1);	/* the kernel can't live without its first process */
}

static void job_hang(void)
{
	for (;;)
		pause();
}

static void job_reset(void)
{
	reboot(RB_AUTOBOOT);
	fail("reboot");
}

static void job_poweroff(void)
{
	power_off();
}

static const struct {
	const char *name;
	void (*run)(void);
} jobs[] = {
	{ "selftest",	job_selftest },
	{ "sleep",	job_sleep },
	{ "suspend",	job_suspend },
	{ "kexec",	job_kexec },
	{ "kdump",	job_kdump },
	{ "count",	job_count },
	{ "churn",	job_churn },
	{ "idle",	job_idle },
	{ "shell",	job_shell },
	{ "panic",	job_panic },
	{ "hang",	job_hang },
	{ "reset",	job_reset },
	{ "poweroff",	job_poweroff },
};

static void read_parameters(char **words)
{
	FILE *f = fmemopen(parameters, sizeof(parameters), "w");

	if (!f)
		fail("parameters");
	for (; *words; words++) {
		if (!strchr(*words, '='))
			fail_because(*words, "not a parameter of a module, NAME=VALUE");
		fprintf(f, "%s ", *words);
	}
	if (fclose(f))
		fail("parameters");
}

int main(int argc, char *argv[])
{
	const char *job = argc > 1 ? argv[1] : "";

	mount_filesystems();
	open_console();
	open_channel();
	setenv("PATH", "/bin", 1);
	record_start();
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		if (strcmp(job, jobs[i].name))
			continue;
		read_parameters(argv + 2);
		jobs[i].run();
		record("verdict pass");
		power_off();
	}
	fail_because(job, "no such job of init");
}
