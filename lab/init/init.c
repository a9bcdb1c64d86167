// SPDX-License-Identifier: GPL-2.0
/*
 * init - the first process of a guest: does one job, sends a verdict, powers off
 *
 * The job is argv[1], so it follows "--" on the kernel's command line. The words after it,
 * NAME=VALUE, are its parameters; all jobs that read by the module take reads=100000, how often by
 * each method.
 *
 *   selftest    run the installed kselftest pci_cfg; then time its module once, and report the
 *               results of the in-kernel tests
 *   sleep       sleep (ACPI S3) until the host wakes us, then check that every function still
 *               has its ID
 *   suspend     sleep, then selftest
 *   kexec       start the kernel /boot/bzImage with /boot/guest.cpio.gz, which does selftest with
 *               the same parameters and sends the verdict
 *   kdump       the same, by a crash: needs crashkernel=SIZE on the command line
 *   checks      what the module compares, and the results of the in-kernel tests: for a guest
 *               without a shell
 *   count       one run of each method, each in a mark, for a VMM that counts accesses
 *   bench       time the methods. Before that, run each in a mark with a tenth of the reads, for
 *               a host that asks KVM for its counts there (vm --exits): after each mark, wait for
 *               a line on the console. In the mark "background" a second passes in user space.
 *   contention  reads a second by one reader and by two, kernel threads and processes: windows=5
 *   irqsoff     the longest time with interrupts off during reads: needs CONFIG_IRQSOFF_TRACER;
 *               reads=1000, windows=10. These three need /modules/config_reads.ko.
 *   run         run a shell script of the initramfs, whose output is test output: script=PATH.
 *               It has all parameters in its environment, and starts in /. To ask something of
 *               QEMU, it writes the record "ask NAME" to /dev/records.
 *   idle        nothing, if only the boot matters
 *   phases      say when the phases of the boot began: lab/init/measure.c
 *   shell       a shell on the console
 *
 * All that the host has to know goes to the second serial port, one record a line. The first word
 * is its kind:
 *
 *   start KEY=VALUE...          user space is up
 *   restart                     another kernel follows, with its own start
 *   ktap LINE                   a line of test output
 *   result LINE                 a line of the module's file "results", or one like it
 *   chunk LINE, latency LINE    a line of the module's files "chunks" and "latency"
 *   contention KEY=VALUE..., irqsoff KEY=VALUE...
 *                               one window of these jobs
 *   mark begin=NAME, mark end=NAME
 *                               an end without NAME ends the open mark
 *   ask NAME                    have vm send QEMU the command of --on NAME=...
 *   phase name=NAME tsc=N       when it began, by the processor's clock
 *   verdict pass, verdict fail TEXT
 *                               the last record; without one the guest has failed
 *
 * The console is for people. Anything unexpected ends the guest with the verdict "fail WHAT: WHY".
 */

#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <linux/kexec.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
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
#define PCI_CFG_TEST_PATH	"/kselftest/pci_cfg/test_modules/pci_cfg_test.ko"

const char * const methods[NR_METHODS] = { "empty", "type1", "ecam", "raw_pci_read" };

static int channel = -1;
/* What the test output said */
static unsigned int tests_passed;
static char first_failure[256];

static void __attribute__((noreturn)) power_off(void)
{
	reboot(RB_POWER_OFF);
	for (;;)	/* the host has a timeout */
		pause();
}

void record(const char *fmt, ...)
{
	va_list args;
	char *text;
	int length;

	va_start(args, fmt);
	length = vasprintf(&text, fmt, args);
	va_end(args);
	if (length < 0)
		return;
	text[length] = '\n';	/* in place of the NUL */
	/* By one call, as a test may write a record at the same time. */
	if (write(channel, text, length + 1) > 0)
		tcdrain(channel);
	free(text);
}

void fail_because(const char *what, const char *why)
{
	fprintf(stderr, "init: %s: %s\n", what, why);
	record("verdict fail %s: %s", what, why);
	power_off();
}

void fail(const char *what)
{
	fail_because(what, strerror(errno));
}

const char *text(const char *fmt, ...)
{
	static char text[PATH_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return text;
}

FILE *open_file(const char *name)
{
	FILE *f = fopen(name, "re");

	if (!f)
		fail(name);
	return f;
}

char *next_line(FILE *f)
{
	static char *line;
	static size_t size;

	if (getline(&line, &size, f) < 0)
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	return line;
}

int open_fd(const char *name, int flags)
{
	int fd = open(name, flags | O_CLOEXEC);

	if (fd < 0)
		fail(name);
	return fd;
}

void mount_at(const char *type, const char *where)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, NULL) && errno != EBUSY)
		fail(where);
}

bool write_to(const char *name, const char *text)
{
	int fd = open_fd(name, O_WRONLY);
	bool available = write(fd, text, strlen(text)) >= 0;

	if (!available && errno != ENODEV)
		fail(name);
	close(fd);
	return available;
}

unsigned long read_number(const char *name)
{
	FILE *f = open_file(name);
	long number;

	if (fscanf(f, "%li", &number) != 1)
		fail(name);
	fclose(f);
	return number;
}

uint32_t read_ids(int config)
{
	uint32_t ids;

	if (pread(config, &ids, sizeof(ids), 0) != sizeof(ids))
		fail("config");
	return ids;
}

static void mount_filesystems(void)
{
	mount_at("devtmpfs", "/dev");
	mount_at("proc", "/proc");
	mount_at("sysfs", "/sys");
	mount_at("tmpfs", "/tmp");
	/* Some kernels that we only boot don't have it. */
	if (!access("/sys/kernel/debug", F_OK))
		mount_at("debugfs", "/sys/kernel/debug");
	/* For the kselftest runner, for vm in a nested machine, and for scripts that send records */
	if (symlink("/proc/self/fd", "/dev/fd") || symlink("fd/1", "/dev/stdout") ||
	    symlink("fd/2", "/dev/stderr") || symlink(CHANNEL, "/dev/records"))
		fail("/dev");
}

/* The initramfs has no device nodes, so the kernel could not open a console for us. */
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
	if (tcsetattr(channel, TCSANOW, &raw) || fcntl(channel, F_SETFL, O_RDWR))
		fail(CHANNEL);
}

static void record_start(void)
{
	glob_t functions = { 0 };
	struct utsname name;

	uname(&name);
	glob("/sys/bus/pci/devices/*", 0, NULL, &functions);
	/* The newline ends a record that a reset of the machine cut off. */
	record("\nstart kernel=%s processors=%ld functions=%zu", name.release,
	       sysconf(_SC_NPROCESSORS_ONLN), functions.gl_pathc);
}

static void record_ktap(const char *line)
{
	const char *text;

	record("ktap %s", line);
	puts(line);
	/* Subtests are indented, or follow the "# " of the test that runs them. */
	text = line + strspn(line, "# \t");
	if (!strncmp(text, "not ok", 6) && !first_failure[0])
		snprintf(first_failure, sizeof(first_failure), "%s", text);
	else if (!strncmp(text, "ok ", 3) && !strstr(text, "# SKIP"))
		tests_passed++;
}

static void record_lines(const char *kind, FILE *f, const char *name)
{
	char *line;

	while ((line = next_line(f))) {
		if (!strcmp(kind, "ktap"))
			record_ktap(line);
		else
			record("%s %s", kind, line);
	}
	if (ferror(f))
		fail(name);
}

void record_file(const char *kind, const char *name)
{
	FILE *f = open_file(name);

	record_lines(kind, f, name);
	fclose(f);
}

unsigned long parameter(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);
	unsigned long number;
	char *end;

	if (!value)
		return otherwise;
	number = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end || !number)
		fail_because(name, "must be a number above 0");
	return number;
}

/* Returns the address of a kernel function, which need not be exported. */
static unsigned long address_of(const char *function)
{
	FILE *f = open_file("/proc/kallsyms");
	unsigned long address;
	char symbol[128];

	while (fscanf(f, "%lx %*c %127s%*[^\n]", &address, symbol) == 2) {
		if (!strcmp(symbol, function)) {
			fclose(f);
			return address;
		}
	}
	fail_because(function, "not in /proc/kallsyms");
}

static const char *module;

void load_module(const char *name, unsigned long reads)
{
	bool measures = !strcmp(name, CONFIG_READS);
	const char *path = measures ? "/modules/config_reads.ko" : PCI_CFG_TEST_PATH, *parameters;
	int fd = open_fd(path, O_RDONLY);

	module = name;
	parameters = !measures ? text("reads=%lu", reads) :
		text("reads=%lu raw_pci_read=%#lx pci_conf1_read=%#lx pci_mmcfg_read=%#lx", reads,
		     address_of("raw_pci_read"), address_of("pci_conf1_read"), address_of("pci_mmcfg_read"));
	if (syscall(SYS_finit_module, fd, parameters, 0))
		fail(path);
	close(fd);
}

void unload_module(void)
{
	if (syscall(SYS_delete_module, module, 0))
		fail(module);
}

const char *module_file(const char *name)
{
	return text("/sys/kernel/debug/%s/%s", module, name);
}

void time_all_methods(void)
{
	write_to(module_file("run"), "all");
	record_file("result", module_file("results"));
	record_file("chunk", module_file("chunks"));
	unload_module();
}

/* Fail unless a test passed and none failed. */
static void judge_tests(const char *name)
{
	if (first_failure[0])
		fail_because("selftest", first_failure);
	if (!tests_passed)
		fail_because(name, "no test passed: all were skipped, or there was none");
}

/* Run a shell command whose output is test output. */
static void run_tests(const char *command, const char *name)
{
	FILE *f = popen(command, "re");
	int status;

	if (!f)
		fail("sh");
	record_lines("ktap", f, name);
	status = pclose(f);
	if (status && !first_failure[0])
		fail_because(name, WIFEXITED(status) ? "failed, though no test did" : "killed");
	judge_tests(name);
}

/* What both jobs with tests of the series do in the end */
static void time_and_record_kunit(void)
{
	glob_t found = { 0 };

	load_module(PCI_CFG_TEST, parameter("reads", 100000));
	time_all_methods();
	glob("/sys/kernel/debug/kunit/*/results", 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++)
		record_file("ktap", found.gl_pathv[i]);
	judge_tests("kunit");
}

static void job_selftest(void)
{
	if (access(KSELFTEST, R_OK))
		fail(KSELFTEST);
	run_tests("exec sh " KSELFTEST " -c pci_cfg 2>&1", KSELFTEST);
	time_and_record_kunit();
}

/* Does base access still read the ID that each function had at boot? */
static void check_ids(void)
{
	glob_t found;

	if (glob("/sys/bus/pci/devices/*", 0, NULL, &found))
		fail_because("/sys/bus/pci/devices", "no function");
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *function = found.gl_pathv[i];
		int config = open_fd(text("%s/config", function), O_RDONLY);
		uint32_t ids = read_number(text("%s/vendor", function));

		ids |= read_number(text("%s/device", function)) << 16;
		if (read_ids(config) != ids)
			fail_because(function, "has another ID than at boot");
		close(config);
	}
}

/* ACPI S3. The other way to sleep, s2idle, does not involve firmware. */
static void job_sleep(void)
{
	write_to("/sys/power/mem_sleep", "deep");
	record("mark begin=suspend");
	write_to("/sys/power/state", "mem");
	record("mark end=suspend");
	if (read_number("/sys/power/suspend_stats/success") != 1)
		fail_because("suspend", "/sys/power/suspend_stats has no success");
	check_ids();
}

static void job_suspend(void)
{
	job_sleep();
	job_selftest();
}

/* A 32-bit kernel has no such call, and says so. */
#ifndef SYS_kexec_file_load
#define SYS_kexec_file_load	-1
#endif

/*
 * Load the next kernel, and say so. Its command line is ours, with more in it and the job selftest
 * with our parameters, but without memory for yet another crash kernel.
 */
static void load_next_kernel(unsigned long flags, const char *more)
{
	int kernel = open_fd("/boot/bzImage", O_RDONLY);
	int initrd = open_fd("/boot/guest.cpio.gz", O_RDONLY);
	char *ours = next_line(open_file("/proc/cmdline")), *line, *word;
	size_t size;
	FILE *new = open_memstream(&line, &size);

	while ((word = strsep(&ours, " ")) && strcmp(word, "--")) {
		if (strncmp(word, "crashkernel=", strlen("crashkernel=")))
			fprintf(new, "%s ", word);
	}
	strsep(&ours, " ");	/* our job */
	fprintf(new, "%s-- selftest %s", more, ours ? ours : "");
	fclose(new);
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(line) + 1, line, flags))
		fail("kexec_file_load");
	record("restart");
}

static void job_kexec(void)
{
	load_next_kernel(0, "");
	reboot(RB_KEXEC);
	fail("kexec");
}

/* With the options that kdump's tools give to their kernel. */
static void job_kdump(void)
{
	if (!read_number("/sys/kernel/kexec_crash_size"))
		fail_because("kdump", "no memory is set aside, crashkernel=SIZE on the command line does it");
	load_next_kernel(KEXEC_FILE_ON_CRASH, "nr_cpus=1 reset_devices ");
	write_to("/proc/sysrq-trigger", "c");
	fail_because("kdump", "the kernel lives on");
}

/* The module's file "checks" has "check=NAME result=pass|fail|skip", and notes. */
static void job_checks(void)
{
	char *line;
	FILE *f;

	load_module(PCI_CFG_TEST, 1);
	write_to(module_file("checks"), "all");
	f = open_file(module_file("checks"));
	while ((line = next_line(f)))
		record_ktap(text("%s - %s", strstr(line, " result=fail") ? "not ok" :
				 strstr(line, " result=pass") ? "ok" : "#", line));
	fclose(f);
	unload_module();
	judge_tests("checks");
	time_and_record_kunit();
}

static void job_count(void)
{
	load_module(PCI_CFG_TEST, parameter("reads", 100000));
	for (size_t i = 0; i < NR_METHODS; i++) {
		record("mark begin=%s", methods[i]);
		write_to(module_file("run"), methods[i]);
		record("mark end=%s", methods[i]);
		record_file("result", module_file("results"));
	}
	unload_module();
}

static void job_run(void)
{
	if (!getenv("script"))
		fail_because("run", "must have script=/PATH");
	run_tests("exec sh \"$script\" 2>&1", "the script");
}

static void job_shell(void)
{
	system("exec setsid -c sh -l");
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
	{ "run",	job_run },
	{ "idle",	NULL },
	{ "phases",	job_phases },
	{ "shell",	job_shell },
};

int main(int argc, char *argv[])
{
	const char *job = argc > 1 ? argv[1] : "";

	mount_filesystems();
	open_console();
	open_channel();
	setenv("PATH", "/bin", 1);
	/* Some guests can't see that they are guests: the selftest needs to be told to run there. */
	setenv("KSELFTEST_PCI_CFG_READ_SH_ARGS", "-b", 1);
	record_start();
	for (int i = 2; i < argc; i++) {
		if (!strchr(argv[i], '='))
			fail_because(argv[i], "not a parameter, must be NAME=VALUE");
		putenv(argv[i]);
	}
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		if (strcmp(job, jobs[i].name))
			continue;
		if (jobs[i].run)
			jobs[i].run();
		record("verdict pass");
		power_off();
	}
	fail_because(job, "no such job of init");
}
