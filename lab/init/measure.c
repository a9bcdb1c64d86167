// SPDX-License-Identifier: GPL-2.0
/* measure - the jobs of init that say what accesses cost: exits, time, interrupts */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "init.h"

#define CONFIG_FILE	"/sys/bus/pci/devices/0000:00:00.0/config"
#define TRACING		"/sys/kernel/tracing"

/* bench: for how long the host may look at its counts, and the guest does nothing. */
#define ANSWER_SECONDS		60
/* What a kernel still does after its boot, as to refine its clocks, has exits, too. */
#define SETTLE_SECONDS		4

/* In the background: a second or so. */
#define BACKGROUND_SPINS	4000

/* contention: up to so many at once. */
#define MAX_READERS	2
#define MAX_WINDOWS	1000

/* For a kernel without the series. */
static const struct module raw_read = { "raw_read", "/modules/raw_read.ko" };

/* Take "NAME=NUMBER", which is for us, out of the parameters of the module. */
static unsigned long take_parameter(const char *name, unsigned long otherwise)
{
	size_t length = strlen(name);

	for (char *word = parameters; *word; word = strchr(word, ' ') + 1) {
		char *value = word + length + 1, *end;
		unsigned long number;

		if (strncmp(word, name, length) || word[length] != '=')
			continue;
		number = strtoul(value, &end, 10);
		if (!isdigit((unsigned char)*value) || *end != ' ' || !number)
			fail_because(name, "must be a number above 0");
		memmove(word, end + 1, strlen(end + 1) + 1);
		return number;
	}
	return otherwise;
}

static void load_with_reads(const struct module *module, unsigned long reads)
{
	size_t length = strlen(parameters);

	add_parameter("reads", reads);
	load_module(module);
	parameters[length] = '\0';
}

/* What is typed does not come back: each byte of the console is an exit or more. */
static void stop_echo(void)
{
	struct termios console;

	if (tcgetattr(STDIN_FILENO, &console))
		fail("the console");
	console.c_lflag &= ~ECHO;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &console))
		fail("the console");
}

/* The host types a line when it has asked KVM for its counts. */
static void await_line(void)
{
	struct pollfd console = { STDIN_FILENO, POLLIN, 0 };
	char byte;

	do {
		if (poll(&console, 1, ANSWER_SECONDS * 1000) <= 0)
			fail_because("bench", "nobody answers a mark on the console, vm's option --exits does");
		if (read(STDIN_FILENO, &byte, 1) != 1)
			fail("the console");
	} while (byte != '\n');
}

static void begin_counted(const char *name)
{
	record("mark begin=%s", name);
	await_line();
}

/* Without the name: each of its bytes would be an exit in the mark. */
static void end_counted(void)
{
	record("mark end=");
	await_line();
}

static int open_config(void)
{
	int fd = open(CONFIG_FILE, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail(CONFIG_FILE);
	return fd;
}

static uint32_t read_ids(int fd)
{
	uint32_t ids;

	if (pread(fd, &ids, sizeof(ids), 0) != sizeof(ids))
		fail(CONFIG_FILE);
	return ids;
}

/*
 * So much, and not so long: under nested virtualization a guest's timer can stand still
 * when the machine is busy. A read now and then lets KVM see to the guest; exits of
 * accesses are counted apart.
 */
static void spin(void)
{
	int fd = open_config();

	for (int i = 0; i < BACKGROUND_SPINS; i++) {
		for (volatile int turn = 0; turn < 100000; turn++)
			;
		read_ids(fd);
	}
	close(fd);
}

void job_bench(void)
{
	const struct module *module = &pci_cfg_test;
	unsigned long reads = take_parameter("reads", 100000);
	unsigned long some = reads < 10 ? 1 : reads / 10;
	bool available[NR_METHODS];

	if (!access(raw_read.path, F_OK)) {
		module = &raw_read;
		add_address("raw_pci_read");
	}
	load_with_reads(module, 1);
	for (size_t i = 0; i < NR_METHODS; i++)
		available[i] = tell_module(module, "run", methods[i]);
	unload_module(module);

	stop_echo();
	sleep(SETTLE_SECONDS);
	load_with_reads(module, some);
	for (size_t i = 0; i < NR_METHODS; i++) {
		if (!available[i])
			continue;
		begin_counted(methods[i]);
		tell_module(module, "run", methods[i]);
		end_counted();
	}
	begin_counted("background");
	spin();
	end_counted();

	tell_module(module, "latency", "all");
	record_module("latency", module, "latency");
	unload_module(module);

	add_parameter("reads", reads);
	time_all_methods(module);
}

struct sample {
	uint64_t ns;
	unsigned long reads;
};

static struct sample take_sample(unsigned long (*count_reads)(void))
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (struct sample){ now.tv_sec * 1000000000ull + now.tv_nsec, count_reads() };
}

/* Readers are at work: say how much they get done, second by second. */
static void watch(const char *method, const char *from, long processors,
		  long readers, unsigned long windows, unsigned long (*count_reads)(void))
{
	static const struct timespec second = { .tv_sec = 1 };
	struct sample samples[MAX_WINDOWS + 1];

	/* To send a record takes a processor's time, so that is done in the end. */
	samples[0] = take_sample(count_reads);
	for (unsigned long i = 1; i <= windows; i++) {
		nanosleep(&second, NULL);
		samples[i] = take_sample(count_reads);
	}
	for (unsigned long i = 0; i < windows; i++)
		record("contention method=%s from=%s processors=%ld readers=%ld window=%lu reads=%lu ns=%llu",
		       method, from, processors, readers, i,
		       samples[i + 1].reads - samples[i].reads,
		       (unsigned long long)(samples[i + 1].ns - samples[i].ns));
}

static unsigned long count_threads(void)
{
	unsigned long total = 0, reads, wrong;
	char path[PATH_MAX];
	FILE *f;

	path_in(&pci_cfg_test, "threads", path);
	f = fopen(path, "re");
	if (!f)
		fail(path);
	while (fscanf(f, "%*s %*s %*s reads=%lu wrong=%lu", &reads, &wrong) == 2) {
		if (wrong)
			fail_because("contention", "a kernel thread has read a wrong value");
		total += reads;
	}
	fclose(f);
	return total;
}

static void watch_threads(const char *method, long processors, long readers,
			  unsigned long windows)
{
	char words[64];

	snprintf(words, sizeof(words), "%ld %s", readers, method);
	if (!tell_module(&pci_cfg_test, "threads", words))
		return;
	watch(method, "kernel", processors, readers, windows, count_threads);
	tell_module(&pci_cfg_test, "threads", "0");
}

/* A process that reads; only it writes here. A cache line each. */
static volatile struct process {
	unsigned long reads, wrong;
} __attribute__((aligned(64))) *processes;

static unsigned long count_processes(void)
{
	unsigned long total = 0;

	for (int i = 0; i < MAX_READERS; i++) {
		if (processes[i].wrong)
			fail_because("contention", "a process has read a wrong value");
		total += processes[i].reads;
	}
	return total;
}

static void __attribute__((noreturn))
read_forever(volatile struct process *process, int fd, uint32_t expected)
{
	uint32_t ids;

	for (;;) {
		if (pread(fd, &ids, sizeof(ids), 0) != sizeof(ids) || ids != expected)
			process->wrong++;
		process->reads++;
	}
}

static void watch_processes(long processors, long readers, unsigned long windows)
{
	pid_t pids[MAX_READERS];
	int fd = open_config();
	uint32_t ids = read_ids(fd);

	for (long i = 0; i < readers; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			fail("fork");
		if (!pids[i])
			read_forever(&processes[i], fd, ids);
	}
	watch("raw_pci_read", "user", processors, readers, windows, count_processes);
	for (long i = 0; i < readers; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	close(fd);
}

void job_contention(void)
{
	unsigned long windows = take_parameter("windows", 5);
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (windows > MAX_WINDOWS)
		fail_because("windows", "must be a number up to 1000");
	processes = mmap(NULL, MAX_READERS * sizeof(*processes), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (processes == MAP_FAILED)
		fail("mmap");
	load_module(&pci_cfg_test);
	for (long readers = 1; readers <= MAX_READERS && readers <= processors; readers++) {
		for (size_t i = 1; i < NR_METHODS; i++)
			watch_threads(methods[i], processors, readers, windows);
		watch_processes(processors, readers, windows);
	}
	unload_module(&pci_cfg_test);
}

/* Is it one of the words in the first line of the file, if there is one? */
static bool is_in(const char *path, const char *word)
{
	FILE *f = fopen(path, "re");
	char line[256] = "";
	bool found = false;

	if (!f)
		return false;
	if (fgets(line, sizeof(line), f)) {
		for (char *w = strtok(line, " \n"); w && !found; w = strtok(NULL, " \n"))
			found = !strcmp(w, word);
	}
	fclose(f);
	return found;
}

/* The function that the tracer names after the words. */
static void find_function(const char *words, char name[128])
{
	FILE *f = fopen(TRACING "/trace", "re");
	char line[256];

	if (!f)
		fail(TRACING "/trace");
	while (fgets(line, sizeof(line), f)) {
		char *found = strstr(line, words);

		if (found && sscanf(found + strlen(words), "%127s", name) == 1) {
			fclose(f);
			return;
		}
	}
	fail_because(TRACING "/trace", "does not say where interrupts were off");
}

static bool run_method(const char *method, unsigned long reads)
{
	(void)reads;	/* the module has been told */
	return tell_module(&pci_cfg_test, "run", method);
}

static bool read_config(const char *method, unsigned long reads)
{
	int fd = open_config();

	(void)method;
	while (reads--)
		read_ids(fd);
	close(fd);
	return true;
}

/* Do it in each window, and say what was the longest stretch with interrupts off. */
static void trace_windows(const char *method, const char *from,
			  bool (*run)(const char *method, unsigned long reads),
			  unsigned long reads, unsigned long windows)
{
	char started_at[128], ended_at[128];

	for (unsigned long i = 0; i < windows; i++) {
		bool available;

		write_to(TRACING "/tracing_max_latency", "0");
		write_to(TRACING "/tracing_on", "1");
		available = run(method, reads);
		write_to(TRACING "/tracing_on", "0");
		if (!available)
			return;
		find_function("started at:", started_at);
		find_function("ended at:", ended_at);
		record("irqsoff method=%s from=%s window=%lu us=%lu started_at=%s ended_at=%s",
		       method, from, i, read_number(TRACING "/tracing_max_latency"),
		       started_at, ended_at);
	}
}

void job_irqsoff(void)
{
	unsigned long windows = take_parameter("windows", 10);
	unsigned long reads = take_parameter("reads", 1000);

	if (!access(TRACING, F_OK))
		mount_at("tracefs", TRACING);
	if (!is_in(TRACING "/available_tracers", "irqsoff"))
		fail_because("irqsoff", "this kernel was built without CONFIG_IRQSOFF_TRACER");
	write_to(TRACING "/tracing_on", "0");
	write_to(TRACING "/current_tracer", "irqsoff");
	load_with_reads(&pci_cfg_test, reads);
	for (size_t i = 0; i < NR_METHODS; i++)
		trace_windows(methods[i], "kernel", run_method, reads, windows);
	unload_module(&pci_cfg_test);
	trace_windows("raw_pci_read", "user", read_config, reads, windows);
}
