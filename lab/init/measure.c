// SPDX-License-Identifier: GPL-2.0
/* measure - the jobs of init that measure accesses: exits, time, interrupts, the boot */

#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "init.h"
#include "phases.h"

#define CONFIG_FILE	"/sys/bus/pci/devices/0000:00:00.0/config"
#define TRACING		"/sys/kernel/tracing"

/* contention: at most so many readers at once */
#define MAX_READERS	2

/* How often contention and irqsoff measure the same */
static unsigned long windows;

/*
 * Begin or end a mark. The host types a line when it has KVM's counts; we wait a minute for that.
 * The end has no name, as each of its bytes would be an exit in the mark.
 */
static void mark_and_wait(const char *edge, const char *name)
{
	struct pollfd console = { STDIN_FILENO, POLLIN, 0 };
	char line[16];

	record("mark %s=%s", edge, name);
	if (poll(&console, 1, 60000) <= 0)
		fail_because("bench", "nobody answers a mark on the console, vm's option --exits does");
	if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
		fail("the console");
}

/*
 * Do a fixed amount of work, which takes about a second, not work for a fixed time: under nested
 * virtualization a guest's timer can stand still when the machine is busy. A read now and then lets
 * KVM look after the guest; the exits of accesses are counted apart.
 */
static void spin(void)
{
	int fd = open_fd(CONFIG_FILE, O_RDONLY);

	for (int i = 0; i < 4000; i++) {
		for (volatile int turn = 0; turn < 100000; turn++)
			;
		read_ids(fd);
	}
	close(fd);
}

void job_bench(void)
{
	unsigned long reads = parameter("reads", 100000);
	bool available[NR_METHODS];

	load_module(CONFIG_READS, 1);
	for (size_t i = 0; i < NR_METHODS; i++)
		available[i] = write_to(module_file("run"), methods[i]);
	unload_module();

	/* Do not echo what the host types: each byte on the console causes exits. */
	if (system("stty -echo"))
		fail_because("bench", "stty does not work");
	/* After its boot a kernel still has some work, such as refining its clocks. */
	sleep(4);
	load_module(CONFIG_READS, reads < 10 ? 1 : reads / 10);
	for (size_t i = 0; i < NR_METHODS; i++) {
		if (!available[i])
			continue;
		mark_and_wait("begin", methods[i]);
		write_to(module_file("run"), methods[i]);
		mark_and_wait("end", "");
	}
	mark_and_wait("begin", "background");
	spin();
	mark_and_wait("end", "");
	write_to(module_file("latency"), "all");
	record_file("latency", module_file("latency"));
	unload_module();
	load_module(CONFIG_READS, reads);
	time_all_methods();
}

static unsigned long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* While readers are at work, measure how many reads they make, in one second and another. */
static void watch(const char *method, const char *from, long readers,
		  unsigned long (*count_reads)(void))
{
	for (unsigned long i = 0; i < windows; i++) {
		unsigned long long ns = now_ns();
		unsigned long reads = count_reads();

		sleep(1);
		ns = now_ns() - ns;
		reads = count_reads() - reads;
		record("contention method=%s from=%s processors=%ld readers=%ld window=%lu reads=%lu ns=%llu",
		       method, from, sysconf(_SC_NPROCESSORS_ONLN), readers, i, reads, ns);
	}
}

static unsigned long count_threads(void)
{
	unsigned long total = 0, reads, wrong;
	FILE *f = open_file(module_file("threads"));

	while (fscanf(f, "%*s %*s %*s reads=%lu wrong=%lu", &reads, &wrong) == 2) {
		if (wrong)
			fail_because("contention", "a kernel thread has read a wrong value");
		total += reads;
	}
	fclose(f);
	return total;
}

static void watch_threads(const char *method, long readers)
{
	char words[64];

	snprintf(words, sizeof(words), "%ld %s", readers, method);
	if (!write_to(module_file("threads"), words))
		return;
	watch(method, "kernel", readers, count_threads);
	write_to(module_file("threads"), "0");
}

/* How often each process has read; each count has its own cache line. */
static volatile struct count {
	unsigned long reads;
} __attribute__((aligned(64))) *counts;

static unsigned long count_processes(void)
{
	unsigned long total = 0;

	for (int i = 0; i < MAX_READERS; i++)
		total += counts[i].reads;
	return total;
}

/* In a process of its own: read until killed, or until a value is wrong. */
static void __attribute__((noreturn)) read_forever(volatile struct count *count, int fd)
{
	uint32_t expected = read_ids(fd), ids;

	while (pread(fd, &ids, sizeof(ids), 0) == sizeof(ids) && ids == expected)
		count->reads++;
	_exit(1);
}

static void watch_processes(long readers)
{
	int fd = open_fd(CONFIG_FILE, O_RDONLY), status;
	pid_t pids[MAX_READERS];

	for (long i = 0; i < readers; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			fail("fork");
		if (!pids[i])
			read_forever(&counts[i], fd);
	}
	watch("raw_pci_read", "user", readers, count_processes);
	for (long i = 0; i < readers; i++) {
		kill(pids[i], SIGKILL);
		if (waitpid(pids[i], &status, 0) < 0 || WIFEXITED(status))
			fail_because("contention", "a process has read a wrong value");
	}
	close(fd);
}

void job_contention(void)
{
	windows = parameter("windows", 5);
	counts = mmap(NULL, MAX_READERS * sizeof(*counts), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		fail("mmap");
	load_module(CONFIG_READS, 1);
	for (long n = 1; n <= MAX_READERS && n <= sysconf(_SC_NPROCESSORS_ONLN); n++) {
		for (size_t i = 1; i < NR_METHODS; i++)
			watch_threads(methods[i], n);
		watch_processes(n);
	}
	unload_module();
}

/* Find the two functions that the tracer names. */
static void find_functions(char started_at[128], char ended_at[128])
{
	FILE *f = open_file(TRACING "/trace");
	int found = 0;
	char *line;

	while (found < 2 && (line = next_line(f)))
		found += sscanf(line, "# => started at: %127s", started_at) == 1 ||
			 sscanf(line, "# => ended at: %127s", ended_at) == 1;
	if (found < 2)
		fail_because(TRACING "/trace", "does not say where interrupts were off");
	fclose(f);
}

/* Make reads in each window, and report the longest time with interrupts off. */
static void trace_windows(const char *method, bool from_user, unsigned long reads)
{
	char started_at[128], ended_at[128];
	int fd = open_fd(CONFIG_FILE, O_RDONLY);
	bool available = true;

	for (unsigned long i = 0; i < windows; i++) {
		write_to(TRACING "/tracing_max_latency", "0");
		write_to(TRACING "/tracing_on", "1");
		for (unsigned long n = 0; from_user && n < reads; n++)
			read_ids(fd);
		if (!from_user)
			available = write_to(module_file("run"), method);
		write_to(TRACING "/tracing_on", "0");
		if (!available)
			break;
		find_functions(started_at, ended_at);
		record("irqsoff method=%s from=%s window=%lu us=%lu started_at=%s ended_at=%s",
		       method, from_user ? "user" : "kernel", i,
		       read_number(TRACING "/tracing_max_latency"), started_at, ended_at);
	}
	close(fd);
}

void job_irqsoff(void)
{
	unsigned long reads = parameter("reads", 1000);

	windows = parameter("windows", 10);
	if (!access(TRACING, F_OK))
		mount_at("tracefs", TRACING);
	/* A file of the tracers of latencies, of which we build only this one. */
	if (access(TRACING "/tracing_max_latency", F_OK))
		fail_because("irqsoff", "this kernel was built without CONFIG_IRQSOFF_TRACER");
	write_to(TRACING "/tracing_on", "0");
	write_to(TRACING "/current_tracer", "irqsoff");
	load_module(CONFIG_READS, reads);
	for (size_t i = 0; i < NR_METHODS; i++)
		trace_windows(methods[i], false, reads);
	unload_module();
	trace_windows("raw_pci_read", true, reads);
}

/*
 * Send "phase name=NAME tsc=N" for the next event in the trace with this text. A line is
 * "TASK-PID [CPU] FLAGS TICKS: console: TEXT" (Documentation/trace/ftrace.rst).
 */
static void record_event(FILE *trace, const char *name, const char *text)
{
	char *line;

	while ((line = next_line(trace))) {
		char *event = strstr(line, ": console: ");

		if (!event || !strstr(event, text))
			continue;
		*event = '\0';
		record("phase name=%s tsc=%s", name, strrchr(line, ' ') + 1);
		return;
	}
	fail_because(text, "not in " TRACING "/trace: the command line needs trace_event=printk:console trace_clock=x86-tsc");
}

/*
 * Say when the phases of this kernel's boot began, in ticks of the processor's clock (TSC). The
 * time in the kernel's log won't do: until the kernel trusts its clock source, only timer
 * interrupts advance that time, and accesses by type 1 are made with interrupts off. So we trace
 * the log's lines, with "trace_event=printk:console trace_clock=x86-tsc" on the kernel's command
 * line. Two more records let the host compare the TSC with its own clock.
 */
void job_phases(void)
{
	FILE *trace;

	mount_at("tracefs", TRACING);
	trace = open_file(TRACING "/trace");
	for (size_t i = 0; i < NR_PHASES; i++) {
		if (phases[i].begins)
			record_event(trace, phases[i].name, phases[i].begins);
	}
	record_event(trace, "user", LAST_LINE);
	fclose(trace);
	record("phase name=compare tsc=%llu", __rdtsc());
	sleep(2);
	record("phase name=compared tsc=%llu", __rdtsc());
}
