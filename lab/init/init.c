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
 *   checks    what the module compares, and the results of the in-kernel tests: for a
 *             guest that has no shell
 *   count     one run by each method, each between two marks, for a VMM that
 *             counts accesses
 *   bench     time the methods, after one run by each between two marks, for a host
 *             that asks KVM for its counts there (vm --exits): after each mark a
 *             line on the console is waited for. Those runs make a tenth of the
 *             reads. The mark "background" has a second in user space. On a kernel
 *             without the series, by the module /modules/raw_read.ko.
 *   contention
 *             reads a second by one and by two readers, kernel threads and processes:
 *             windows=5
 *   irqsoff   the longest stretch with interrupts off while reads are made: needs
 *             CONFIG_IRQSOFF_TRACER; reads=1000, windows=10
 *   churn     remove and insert an ECAM region under load, by the module
 *             /modules/region_churn.ko: seconds=3, between marks as well
 *   run       a shell script of the initramfs, whose lines are test output: script=PATH;
 *             a line "ask NAME" asks the host for what vm --on NAME says
 *   idle      nothing: the boot is what is looked at
 *   phases    say when the phases of the boot began: lab/init/phases.c
 *   nested    run a command in a machine with KVM: lab/init/nested.c
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
 *   latency LINE           a line of the module's file "latency"
 *   contention, irqsoff KEY=VALUE...
 *                          one window of these jobs
 *   mark begin=NAME, mark end=NAME
 *                          an end without NAME is that of the open one
 *   ask NAME               have vm tell QEMU what --on NAME=... says
 *   phase name=NAME tsc=N  when it began, by the processor's clock
 *   verdict pass, verdict fail TEXT
 *                          the last record; without one the guest has failed
 *
 * The console is for people. Anything unexpected is a verdict: "fail WHAT:
 * WHY", and the end of the guest.
 */

#define _GNU_SOURCE
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
#define CHURN_RESULT	"/sys/module/region_churn/parameters/result"
#define KUNIT_RESULTS	"/sys/kernel/debug/kunit/*/results"

/* Of syslog(2). */
#define SYSLOG_ACTION_CONSOLE_LEVEL	8

const struct module pci_cfg_test = {
	"pci_cfg_test", "/kselftest/pci_cfg/test_modules/pci_cfg_test.ko"
};

static const struct module region_churn = {
	"region_churn", "/modules/region_churn.ko"
};

const char * const methods[NR_METHODS] = { "empty", "type1", "ecam", "raw_pci_read" };

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

void mount_at(const char *type, const char *where)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, NULL) && errno != EBUSY)
		fail(where);
}

void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail(path);
	close(fd);
}

unsigned long read_number(const char *path)
{
	FILE *f = fopen(path, "re");
	unsigned long number;

	if (!f || fscanf(f, "%lu", &number) != 1)
		fail(path);
	fclose(f);
	return number;
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

static void judge_ktap(const char *line)
{
	/* Subtests are indented, or behind the "# " of whatever runs them. */
	const char *text = line + strspn(line, "# \t");

	puts(line);
	if (!strncmp(text, "not ok", 6) && !first_failure[0])
		snprintf(first_failure, sizeof(first_failure), "%s", text);
	else if (!strncmp(text, "ok ", 3) && !strstr(text, "# SKIP"))
		tests_passed++;
}

static void record_lines(const char *kind, FILE *f, const char *name)
{
	char *line = NULL;
	size_t size = 0;

	errno = 0;
	while (getline(&line, &size, f) >= 0) {
		bool asks = !strncmp(line, "ask ", 4);

		line[strcspn(line, "\n")] = '\0';
		record("%s %s", asks ? "ask" : kind, line + (asks ? 4 : 0));
		if (!asks && !strcmp(kind, "ktap"))
			judge_ktap(line);
		errno = 0;
	}
	if (errno)
		fail(name);
	free(line);
}

static void record_file(const char *kind, const char *path)
{
	FILE *f = fopen(path, "re");

	if (!f)
		fail(path);
	record_lines(kind, f, path);
	fclose(f);
}

void load_module(const struct module *module)
{
	int fd = open(module->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, parameters, 0))
		fail(module->path);
	close(fd);
}

void unload_module(const struct module *module)
{
	if (syscall(SYS_delete_module, module->name, 0))
		fail(module->name);
}

void path_in(const struct module *module, const char *file, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "/sys/kernel/debug/%s/%s", module->name, file);
}

bool tell_module(const struct module *module, const char *file, const char *text)
{
	char path[PATH_MAX];
	bool available;
	int fd;

	path_in(module, file, path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		fail(path);
	available = write(fd, text, strlen(text)) >= 0;
	if (!available && errno != ENODEV)
		fail(path);
	close(fd);
	return available;
}

void record_module(const char *kind, const struct module *module, const char *file)
{
	char path[PATH_MAX];

	path_in(module, file, path);
	record_file(kind, path);
}

void time_all_methods(const struct module *module)
{
	load_module(module);
	tell_module(module, "run", "all");
	record_module("result", module, "results");
	record_module("chunk", module, "chunks");
	unload_module(module);
}

static void fail_if_test_failed(void)
{
	if (first_failure[0])
		fail_because("selftest", first_failure);
}

/* Run a command of the shell that is a test. */
static void run_tests(const char *command, const char *name)
{
	FILE *f = popen(command, "re");
	int status;

	if (!f)
		fail("sh");
	record_lines("ktap", f, name);
	status = pclose(f);
	fail_if_test_failed();
	if (status)
		fail_because(name, WIFEXITED(status) ? "failed, though no test did" : "killed");
	/* A test may be skipped, but not everything. */
	if (!tests_passed)
		fail_because(name, "no test passed: all were skipped, or there was none");
}

static void record_kunit(void)
{
	glob_t found;

	if (glob(KUNIT_RESULTS, 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		record_file("ktap", found.gl_pathv[i]);
	globfree(&found);
}

void job_selftest(void)
{
	if (access(KSELFTEST, R_OK))
		fail(KSELFTEST);
	run_tests("exec sh " KSELFTEST " -c pci_cfg 2>&1", KSELFTEST);
	time_all_methods(&pci_cfg_test);
	record_kunit();
	fail_if_test_failed();
}

/* A line of the module's file "checks" as test output. */
static void record_check(const char *line, unsigned int number)
{
	char test[256], name[32], result[8];

	if (sscanf(line, "check=%31s result=%7s", name, result) != 2)
		snprintf(test, sizeof(test), "# %s", line);
	else
		snprintf(test, sizeof(test), "%s %u %s%s",
			 strcmp(result, "fail") ? "ok" : "not ok", number, name,
			 strcmp(result, "skip") ? "" : " # SKIP");
	record("ktap %s", test);
	judge_ktap(test);
}

static void job_checks(void)
{
	char path[PATH_MAX], *line = NULL;
	unsigned int number = 0;
	size_t size = 0;
	FILE *f;

	load_module(&pci_cfg_test);
	tell_module(&pci_cfg_test, "checks", "1");
	path_in(&pci_cfg_test, "checks", path);
	f = fopen(path, "re");
	if (!f)
		fail(path);
	while (getline(&line, &size, f) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		number += !strncmp(line, "check=", 6);
		record_check(line, number);
	}
	free(line);
	fclose(f);
	unload_module(&pci_cfg_test);
	if (!tests_passed)
		fail_because(path, "no check passed");
	time_all_methods(&pci_cfg_test);
	record_kunit();
	fail_if_test_failed();
}

static void job_count(void)
{
	load_module(&pci_cfg_test);
	for (size_t i = 0; i < NR_METHODS; i++) {
		record("mark begin=%s", methods[i]);
		tell_module(&pci_cfg_test, "run", methods[i]);
		record("mark end=%s", methods[i]);
		record_module("result", &pci_cfg_test, "results");
	}
	unload_module(&pci_cfg_test);
}

void add_parameter(const char *name, unsigned long value)
{
	size_t used = strlen(parameters);

	snprintf(parameters + used, sizeof(parameters) - used, "%s=%#lx ", name, value);
}

void add_address(const char *name)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	unsigned long address;
	char symbol[128];

	if (!f)
		fail("/proc/kallsyms");
	while (fscanf(f, "%lx %*c %127s%*[^\n]", &address, symbol) == 2) {
		if (!strcmp(symbol, name)) {
			add_parameter(name, address);
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
	load_module(&region_churn);
	record("mark end=churn");
	record_file("result", CHURN_RESULT);
}

static void job_run(void)
{
	char *command;

	if (!strstr(parameters, "script=/"))
		fail_because("run", "must have script=/PATH");
	/* They are words NAME=VALUE: the script has them in its environment. */
	if (asprintf(&command, "export %s; exec sh $script 2>&1", parameters) < 0)
		fail("run");
	run_tests(command, "the script");
	free(command);
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
	{ "checks",	job_checks },
	{ "count",	job_count },
	{ "bench",	job_bench },
	{ "contention",	job_contention },
	{ "irqsoff",	job_irqsoff },
	{ "churn",	job_churn },
	{ "run",	job_run },
	{ "idle",	job_idle },
	{ "phases",	job_phases },
	{ "nested",	job_nested },
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
		/* QEMU's UEFI firmware has it at the end of the command line. */
		if (!strncmp(*words, "initrd=", strlen("initrd=")))
			continue;
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
