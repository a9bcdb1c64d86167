// SPDX-License-Identifier: GPL-2.0
/*
 * init - the first process of a guest: does one job, sends a verdict, powers off
 *
 * The job is argv[1], so it follows "--" on the kernel's command line. The words after it,
 * NAME=VALUE, are parameters of the job, and those that the job does not know are parameters of
 * the module that it loads ("reads=1000").
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
 *               A kernel without the series needs /modules/raw_read.ko.
 *   contention  reads a second by one reader and by two, kernel threads and processes: windows=5
 *   irqsoff     the longest time with interrupts off during reads: needs CONFIG_IRQSOFF_TRACER;
 *               reads=1000, windows=10
 *   churn       remove and insert an ECAM region under load, in a mark, by the module
 *               /modules/region_churn.ko: seconds=3
 *   run         run a shell script of the initramfs, whose output is test output: script=PATH.
 *               All parameters are in its environment, and it starts in /. To ask something of
 *               QEMU, it writes the record "ask NAME" to /dev/records.
 *   idle        nothing, if only the boot matters
 *   phases      say when the phases of the boot began: lab/init/measure.c
 *   nested      run a shell script in the host's file system, for a machine in which KVM works
 *               (lab/with-kvm starts it): command=FILE, in the folder directory=DIR. Only what it
 *               writes to the folder out=DIR stays.
 *   shell       a shell on the console
 *   panic, hang, reset, poweroff
 *               end without a verdict, to test the host's side
 *
 * All that the host has to know goes to the second serial port, one record a line. The first word
 * is its kind:
 *
 *   start KEY=VALUE...          user space is up
 *   restart                     another kernel follows, with its own start
 *   ktap LINE                   a line of test output
 *   result LINE                 a line of the module's file "results", or of region_churn's
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
/* Where the job nested mounts the host's file system, by 9p: large messages, few exits. */
#define HOST		"/host"
#define OPTIONS_9P	"trans=virtio,version=9p2000.L,msize=262144"

const struct module pci_cfg_test = {
	"pci_cfg_test", "/kselftest/pci_cfg/test_modules/pci_cfg_test.ko"
};

static const struct module region_churn = { "region_churn", "/modules/region_churn.ko" };

const char * const methods[NR_METHODS] = { "empty", "type1", "ecam", "raw_pci_read" };

char parameters[1024];

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

const char *path(const char *fmt, ...)
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
	/* The kselftest runner appends to /dev/stdout. */
	static const char * const links[][2] = {
		{ "/proc/self/fd",	"/dev/fd" },
		{ "fd/1",		"/dev/stdout" },
		{ "fd/2",		"/dev/stderr" },
		{ CHANNEL,		"/dev/records" },
	};

	mount_at("devtmpfs", "/dev");
	mount_at("proc", "/proc");
	mount_at("sysfs", "/sys");
	mount_at("tmpfs", "/tmp");
	/* Some kernels that we only boot don't have it. */
	if (!access("/sys/kernel/debug", F_OK))
		mount_at("debugfs", "/sys/kernel/debug");
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		if (symlink(links[i][0], links[i][1]) && errno != EEXIST)
			fail(links[i][1]);
	}
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

/* Take a word out of the parameters. Returns its value, or NULL if there is none. */
static char *take_parameter(const char *name)
{
	size_t length = strlen(name);

	for (char *word = parameters; *word; word = strchr(word, ' ') + 1) {
		char *end = strchr(word, ' '), *value;

		if (strncmp(word, name, length) || word[length] != '=')
			continue;
		value = strndup(word + length + 1, end - word - length - 1);
		memmove(word, end + 1, strlen(end + 1) + 1);
		return value;
	}
	return NULL;
}

unsigned long take_number(const char *name, unsigned long otherwise)
{
	char *value = take_parameter(name), *end;
	unsigned long number;

	if (!value)
		return otherwise;
	number = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end || !number)
		fail_because(name, "must be a number above 0");
	return number;
}

void add_parameter(const char *name, unsigned long value)
{
	size_t used = strlen(parameters);

	snprintf(parameters + used, sizeof(parameters) - used, "%s=%#lx ", name, value);
}

void add_address(const char *name)
{
	FILE *f = open_file("/proc/kallsyms");
	unsigned long address;
	char symbol[128];

	while (fscanf(f, "%lx %*c %127s%*[^\n]", &address, symbol) == 2) {
		if (!strcmp(symbol, name)) {
			add_parameter(name, address);
			fclose(f);
			return;
		}
	}
	fail_because(name, "not in /proc/kallsyms");
}

void load_module(const struct module *module)
{
	int fd = open_fd(module->path, O_RDONLY);

	if (syscall(SYS_finit_module, fd, parameters, 0))
		fail(module->path);
	close(fd);
}

void unload_module(const struct module *module)
{
	if (syscall(SYS_delete_module, module->name, 0))
		fail(module->name);
}

const char *path_in(const struct module *module, const char *file)
{
	return path("/sys/kernel/debug/%s/%s", module->name, file);
}

void time_all_methods(const struct module *module)
{
	load_module(module);
	write_to(path_in(module, "run"), "all");
	record_file("result", path_in(module, "results"));
	record_file("chunk", path_in(module, "chunks"));
	unload_module(module);
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

	time_all_methods(&pci_cfg_test);
	glob("/sys/kernel/debug/kunit/*/results", 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++)
		record_file("ktap", found.gl_pathv[i]);
	judge_tests("kunit");
}

void job_selftest(void)
{
	if (access(KSELFTEST, R_OK))
		fail(KSELFTEST);
	run_tests("exec sh " KSELFTEST " -c pci_cfg 2>&1", KSELFTEST);
	time_and_record_kunit();
}

/* The module's file "checks" has "check=NAME result=pass|fail|skip", and notes. */
static void job_checks(void)
{
	char *line, name[32], result[8];
	FILE *f;

	load_module(&pci_cfg_test);
	write_to(path_in(&pci_cfg_test, "checks"), "1");
	f = open_file(path_in(&pci_cfg_test, "checks"));
	while ((line = next_line(f))) {
		if (sscanf(line, "check=%31s result=%7s", name, result) != 2) {
			record("ktap # %s", line);
			continue;
		}
		record_ktap(path("%s - %s%s", strcmp(result, "fail") ? "ok" : "not ok", name,
				 strcmp(result, "skip") ? "" : " # SKIP"));
	}
	fclose(f);
	unload_module(&pci_cfg_test);
	judge_tests("checks");
	time_and_record_kunit();
}

static void job_count(void)
{
	load_module(&pci_cfg_test);
	for (size_t i = 0; i < NR_METHODS; i++) {
		record("mark begin=%s", methods[i]);
		write_to(path_in(&pci_cfg_test, "run"), methods[i]);
		record("mark end=%s", methods[i]);
		record_file("result", path_in(&pci_cfg_test, "results"));
	}
	unload_module(&pci_cfg_test);
}

static void job_churn(void)
{
	/* The kernel logs each insertion, and the console is slow: only warnings. */
	write_to("/proc/sys/kernel/printk", "5");
	add_address("pci_mmconfig_lookup");
	add_address("pci_mmconfig_insert");
	add_address("pci_mmconfig_delete");
	record("mark begin=churn");
	load_module(&region_churn);
	record("mark end=churn");
	record_file("result", "/sys/module/region_churn/parameters/result");
}

static void job_run(void)
{
	char *command;

	if (!strstr(parameters, "script=/"))
		fail_because("run", "must have script=/PATH");
	if (asprintf(&command, "export %s; exec sh $script 2>&1", parameters) < 0)
		fail("run");
	run_tests(command, "the script");
}

static void job_nested(void)
{
	char *directory = take_parameter("directory"), *out = take_parameter("out");
	char *script = take_parameter("command");
	int status;

	if (!directory || !out || !script)
		fail_because("nested", "must have directory=, out= and command=");
	if (mkdir(HOST, 0755) || mount("host", HOST, "9p", MS_RDONLY, OPTIONS_9P))
		fail(HOST);
	if (mount("out", path(HOST "%s", out), "9p", 0, OPTIONS_9P))
		fail(out);
	mount_at("devtmpfs", HOST "/dev");
	mount_at("proc", HOST "/proc");
	mount_at("sysfs", HOST "/sys");
	mount_at("tmpfs", HOST "/run");
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("TMPDIR", "/run", 1);
	setenv("dir", directory, 1);
	setenv("script", script, 1);
	status = system("exec chroot " HOST " /bin/sh -c 'cd \"$dir\" && exec sh \"$script\"'");
	sync();
	if (status)
		fail_because(script, WIFEXITED(status) ? "failed" : "killed");
}

static void job_shell(void)
{
	system("exec setsid -c sh -l");
}

static void job_panic(void)
{
	exit(1);	/* the kernel panics without its first process */
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
	{ "idle",	NULL },
	{ "phases",	job_phases },
	{ "nested",	job_nested },
	{ "shell",	job_shell },
	{ "panic",	job_panic },
	{ "hang",	job_hang },
	{ "reset",	job_reset },
	{ "poweroff",	power_off },
};

static void read_parameters(char **words)
{
	for (; *words; words++) {
		/* QEMU's UEFI firmware adds this to the command line. */
		if (!strncmp(*words, "initrd=", strlen("initrd=")))
			continue;
		if (!strchr(*words, '='))
			fail_because(*words, "not a parameter, must be NAME=VALUE");
		if (strlen(parameters) + strlen(*words) + 2 > sizeof(parameters))
			fail_because(*words, "no room for so many parameters");
		strcat(strcat(parameters, *words), " ");
	}
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
		if (jobs[i].run)
			jobs[i].run();
		record("verdict pass");
		power_off();
	}
	fail_because(job, "no such job of init");
}
