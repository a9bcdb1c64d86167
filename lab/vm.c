// SPDX-License-Identifier: GPL-2.0
/*
 * vm - run one virtual machine and say how it ended
 *
 *   vm --kernel FILE --initrd FILE --log FILE [options] [-- QEMU arguments]
 *
 * "vm --help" lists the options. The guest's first process is lab/init.c: its
 * records come through the second serial port, the console goes to --log.
 *
 * Exit status, with one line on stderr unless it is 0:
 *   0  verdict pass
 *   1  verdict fail, or no verdict: panic, reset, power off, silence
 *   2  the command line or an input is wrong
 *   3  the host is in trouble: disk full, no process, QEMU died
 * A signal (INT, TERM, HUP) ends the guest, and then vm by the same signal.
 *
 * With --count, QEMU traces each access to a device's registers into a pipe.
 * The bytes that the guest sends through its serial ports are among them, so
 * that a record has an exact place between the accesses. The same bytes arrive
 * through the serial port itself: when both are equal the trace is complete.
 * Names and format of the trace are QEMU's: memory_region_ops_read and
 * memory_region_ops_write in softmmu/trace-events.
 */

#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define EXIT_GUEST	1
#define EXIT_INPUT	2
#define EXIT_HOST	3

/* How long QEMU may live on after the verdict, a panic, or SIGTERM. */
#define GRACE_SECONDS	5
/* Nobody writes longer lines than this. */
#define LINE_LIMIT	(1 << 20)
#define READ_SIZE	(1 << 16)
#define TRACE_PIPE_SIZE	(1 << 20)
/* What is quoted of a line of the guest. */
#define QUOTE_LENGTH	160

struct options {
	const char *kernel, *initrd, *append, *job;
	const char *machine, *accel, *cpu, *bios, *qemu;
	const char *log, *json, *accesses;
	unsigned int smp, memory, timeout, probe_seconds;
	bool count, probe_kvm, interactive;
	char **extra;		/* more arguments for QEMU, ends with NULL */
};

/* What answers an access, by the name that the region has in QEMU. */
enum region_kind { CF8, CFC, ECAM, NR_CONFIG, FW_CFG = NR_CONFIG, SERIAL };

static const struct region {
	const char *name;
	enum region_kind kind;
} regions[] = {
	{ "pci-conf-idx",	CF8 },
	{ "pci-conf-data",	CFC },
	{ "pcie-mmcfg-mmio",	ECAM },		/* q35, microvm */
	{ "pcie-ecam-ro",	ECAM },		/* read-only ECAM: its writes */
	{ "fwcfg",		FW_CFG },
	{ "fwcfg.dma",		FW_CFG },
	{ "serial",		SERIAL },
};

struct access {
	const struct region *region;
	bool write;
	unsigned int size;
	uint64_t address;
	uint64_t value;
};

/* Config accesses, by kind, reads and writes. */
struct tally {
	uint64_t reads[NR_CONFIG];
	uint64_t writes[NR_CONFIG];
};

struct mark {
	char *name;
	struct tally tally;
};

struct digest {
	uint64_t bytes;
	uint64_t hash;
};

struct run;
typedef void line_fn(struct run *run, char *line);

/* Bytes that become lines. */
struct text {
	char *bytes;
	size_t length;
	size_t size;
};

/* A way from QEMU to us. */
struct channel {
	int fd;			/* -1 when it has ended, or is not used */
	line_fn *line;
	bool wants_rest;	/* also of a last line without its end */
	struct text text;
};

enum { CONSOLE, RECORDS, MONITOR, TRACE, ERRORS, NR_CHANNELS };

/* A 16550 as its registers are written. */
struct uart {
	uint64_t port;
	line_fn *line;
	uint8_t lcr;
	uint8_t mcr;
	struct text text;
};

enum { UART_CONSOLE, UART_RECORDS, NR_UARTS };

#define UART_LCR	3
#define UART_LCR_DLAB	0x80
#define UART_MCR	4
#define UART_MCR_LOOP	0x10

/* One life of a guest. */
struct run {
	const struct options *options;
	const char *accel;
	char *cmdline;
	pid_t pid;
	struct channel channels[NR_CHANNELS];
	int log;		/* -1: nobody reads it */
	double started, seconds, deadline;
	bool killed;
	bool heeds_user;

	/* What was heard. */
	bool running;		/* QEMU accepted its arguments and started */
	char *qemu_version;
	char *qemu_error;
	char *shutdown_reason;
	char *last_line;	/* of the console */
	char *panic;
	bool passed;
	char *verdict;		/* NULL until there is one, "" for pass */
	json_t *start, *ktap, *results, *chunks;

	/* What was counted. */
	struct uart uarts[NR_UARTS];
	uint64_t trace_lines;
	bool handed_over;	/* from the firmware to the kernel */
	bool kernel_speaks;
	struct tally firmware, kernel, rest;
	struct tally *tally;	/* where the next access belongs */
	struct mark *marks;
	size_t nr_marks;
	char *open_mark;
	struct access *accesses;	/* the kernel's, for --accesses */
	size_t nr_accesses, max_accesses;
	struct digest sent, arrived;

	/* How it ended: the first thing that was said. */
	int status;
	char *reason;
	int signal;
};

/* A file that is there when it is whole. */
struct output {
	const char *path;
	char *temporary;	/* NULL for what is not a regular file */
	FILE *file;
};

enum { JSON, ACCESSES, NR_OUTPUTS };

static struct output outputs[NR_OUTPUTS];

static void __attribute__((noreturn, format(printf, 2, 3)))
die(int status, const char *fmt, ...)
{
	va_list args;

	fputs("vm: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(status);
}

static void *checked(void *memory)
{
	if (!memory)
		die(EXIT_HOST, "no memory");
	return memory;
}

static char *vformat(const char *fmt, va_list args)
{
	char *text;

	if (vasprintf(&text, fmt, args) < 0)
		checked(NULL);
	return text;
}

static char * __attribute__((format(printf, 1, 2))) format(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = vformat(fmt, args);
	va_end(args);
	return text;
}

/* The guest, or whatever had its pen, may write any byte: make it ASCII. */
static char *plain(const char *line)
{
	char *text = checked(strdup(line)), *c;

	for (c = text; *c; c++) {
		if (!isprint((unsigned char)*c))
			*c = *c == '\t' ? ' ' : '?';
	}
	return text;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* End the run for this reason, unless there is one already. */
static void __attribute__((format(printf, 3, 4)))
end(struct run *run, int status, const char *fmt, ...)
{
	va_list args;

	if (run->reason)
		return;
	va_start(args, fmt);
	run->reason = vformat(fmt, args);
	va_end(args);
	run->status = status;
}

static void allow_grace(struct run *run)
{
	double grace = now() + GRACE_SECONDS;

	if (grace < run->deadline)
		run->deadline = grace;
}

/* Text */

static void append(struct run *run, struct text *text, const char *bytes, size_t length)
{
	if (text->length + length > LINE_LIMIT) {
		end(run, EXIT_GUEST, "a line is longer than %d bytes", LINE_LIMIT);
		return;
	}
	if (text->length + length > text->size) {
		text->size = 2 * (text->length + length);
		text->bytes = checked(realloc(text->bytes, text->size));
	}
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
}

/* Hand the line on, and be empty again. */
static void finish_line(struct run *run, struct text *text, line_fn *consume)
{
	append(run, text, "", 1);
	if (run->reason)
		return;
	text->length = 0;
	text->bytes[strcspn(text->bytes, "\r")] = '\0';
	consume(run, text->bytes);
}

static void split(struct run *run, struct text *text, line_fn *consume,
		  const char *bytes, size_t length)
{
	const char *newline;

	while (length && !run->reason) {
		size_t part = length;

		newline = memchr(bytes, '\n', length);
		if (newline)
			part = newline - bytes;
		append(run, text, bytes, part);
		if (newline) {
			finish_line(run, text, consume);
			part++;
		}
		bytes += part;
		length -= part;
	}
}

/* FNV-1a, 64 bits. */
static void digest(struct digest *d, unsigned char byte)
{
	if (!d->bytes++)
		d->hash = 0xcbf29ce484222325;
	d->hash = (d->hash ^ byte) * 0x100000001b3;
}

/* Records of the guest's first process */

/*
 * "a=1 b=text" as an object. The value of "unavailable" is free text to the
 * end of the line. Returns NULL for anything else.
 */
static json_t *parse_pairs(char *text)
{
	json_t *pairs = checked(json_object());
	char *pair, *rest = text;

	while (*rest) {
		bool free_text = !strncmp(rest, "unavailable=", 12);
		char *value, *end_of_number;
		json_t *item;
		long long number;

		pair = strsep(&rest, free_text ? "\n" : " ");
		if (!rest)
			rest = "";
		if (!*pair)
			continue;
		value = strchr(pair, '=');
		if (!value || value == pair) {
			json_decref(pairs);
			return NULL;
		}
		*value++ = '\0';
		errno = 0;
		number = strtoll(value, &end_of_number, 10);
		if (isdigit((unsigned char)*value) && !*end_of_number && !errno)
			item = json_integer(number);
		else
			item = json_string(value);
		json_object_set_new(pairs, pair, checked(item));
	}
	return pairs;
}

static bool record_start(struct run *run, char *text)
{
	if (run->start)
		return false;
	run->start = parse_pairs(text);
	run->tally = &run->rest;
	return run->start && json_object_get(run->start, "kernel");
}

static bool record_ktap(struct run *run, char *text)
{
	json_array_append_new(run->ktap, json_string(text));
	return true;
}

static bool add_pairs(json_t *array, char *text)
{
	json_t *pairs = parse_pairs(text);

	return pairs && !json_array_append_new(array, pairs);
}

static bool record_result(struct run *run, char *text)
{
	return add_pairs(run->results, text);
}

static bool record_chunk(struct run *run, char *text)
{
	return add_pairs(run->chunks, text);
}

static bool record_mark(struct run *run, char *text)
{
	if (!strncmp(text, "begin=", 6) && text[6] && !run->open_mark) {
		struct mark *mark;

		run->marks = checked(reallocarray(run->marks, run->nr_marks + 1,
						  sizeof(*mark)));
		mark = &run->marks[run->nr_marks++];
		*mark = (struct mark){ .name = checked(strdup(text + 6)) };
		run->open_mark = mark->name;
		run->tally = &mark->tally;
		return true;
	}
	if (!strncmp(text, "end=", 4) && run->open_mark &&
	    !strcmp(text + 4, run->open_mark)) {
		run->open_mark = NULL;
		run->tally = &run->rest;
		return true;
	}
	return false;
}

static bool record_verdict(struct run *run, char *text)
{
	if (!strcmp(text, "pass") && !run->open_mark) {
		run->passed = true;
		run->verdict = checked(strdup(""));
	} else if (!strncmp(text, "fail ", 5)) {
		run->verdict = checked(strdup(text + 5));
	} else {
		return false;
	}
	allow_grace(run);
	return true;
}

static const struct {
	const char *kind;
	bool (*record)(struct run *run, char *text);
} records[] = {
	{ "start",	record_start },
	{ "ktap",	record_ktap },
	{ "result",	record_result },
	{ "chunk",	record_chunk },
	{ "mark",	record_mark },
	{ "verdict",	record_verdict },
};

static void record_line(struct run *run, char *line)
{
	char *quoted = plain(line), *text = checked(strdup(quoted));
	char *rest = text, *kind = strsep(&rest, " ");
	bool understood = false;

	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		/* The first record is the start, none follows the verdict. */
		if (strcmp(kind, records[i].kind) || run->verdict ||
		    (!run->start && i))
			continue;
		understood = records[i].record(run, rest ? rest : "");
	}
	if (!understood)
		end(run, EXIT_GUEST, "the guest sent a record that makes no sense here: \"%.*s\"",
		    QUOTE_LENGTH, quoted);
	free(text);
	free(quoted);
}

/* The trace */

static void count_access(struct run *run, const struct access *access)
{
	enum region_kind kind = access->region->kind;
	uint64_t *counts = access->write ? run->tally->writes : run->tally->reads;

	counts[kind]++;
	if (!run->options->accesses || run->tally != &run->kernel)
		return;
	if (run->nr_accesses == run->max_accesses) {
		run->max_accesses = 2 * run->max_accesses + 1024;
		run->accesses = checked(reallocarray(run->accesses, run->max_accesses,
						     sizeof(*access)));
	}
	run->accesses[run->nr_accesses++] = *access;
}

/*
 * The firmware hands over after its last access to fw_cfg, where it finds the
 * kernel. A kernel may use fw_cfg as well, but not before its first line.
 */
static void note_fw_cfg(struct run *run)
{
	if (run->kernel_speaks || run->start)
		return;
	for (int i = 0; i < NR_CONFIG; i++) {
		run->firmware.reads[i] += run->kernel.reads[i];
		run->firmware.writes[i] += run->kernel.writes[i];
	}
	run->kernel = (struct tally){ 0 };
	run->nr_accesses = 0;
	run->handed_over = true;
}

static void traced_console_line(struct run *run, char *line)
{
	if (strstr(line, "Linux version"))
		run->kernel_speaks = true;
}

static void note_serial(struct run *run, const struct access *access)
{
	struct uart *uart = run->uarts;
	char byte = access->value;

	while (uart < run->uarts + NR_UARTS && (access->address & ~7) != uart->port)
		uart++;
	if (uart == run->uarts + NR_UARTS || !access->write)
		return;
	switch (access->address & 7) {
	case 0:
		if (uart->lcr & UART_LCR_DLAB || uart->mcr & UART_MCR_LOOP)
			return;
		if (uart == &run->uarts[UART_RECORDS])
			digest(&run->sent, byte);
		split(run, &uart->text, uart->line, &byte, 1);
		return;
	case UART_LCR:
		uart->lcr = byte;
		return;
	case UART_MCR:
		uart->mcr = byte;
		return;
	}
}

static const char *skip_text(const char *at, const char *text)
{
	size_t length = strlen(text);

	return at && !strncmp(at, text, length) ? at + length : NULL;
}

static const char *skip_number(const char *at, int base, uint64_t *number)
{
	char *after;

	if (!at || !isxdigit((unsigned char)*at))
		return NULL;
	errno = 0;
	*number = strtoull(at, &after, base);
	return errno ? NULL : after;
}

/*
 * A line is [PID@TIME:]memory_region_ops_write cpu 0 mr 0x563e4ec64750
 * addr 0xcf8 value 0x80000000 size 4 name 'pci-conf-idx'
 *
 * Returns false when it is not. access->region is NULL for a region that
 * nobody asked about. An access that is no processor's has "cpu -1".
 */
static bool parse_access(const char *line, struct access *access)
{
	uint64_t unused, size = 0;
	const char *at = line;

	at += strspn(at, "0123456789@.:");
	at = skip_text(at, "memory_region_ops_");
	if (!at)
		return false;
	access->write = *at == 'w';
	at = skip_text(at, access->write ? "write cpu " : "read cpu ");
	if (at && *at == '-')
		at++;
	at = skip_text(skip_number(at, 10, &unused), " mr 0x");
	at = skip_text(skip_number(at, 16, &unused), " addr 0x");
	at = skip_text(skip_number(at, 16, &access->address), " value 0x");
	at = skip_text(skip_number(at, 16, &access->value), " size ");
	at = skip_text(skip_number(at, 10, &size), " name '");
	access->size = size;
	access->region = NULL;
	for (size_t i = 0; at && i < sizeof(regions) / sizeof(regions[0]); i++) {
		const char *after = skip_text(at, regions[i].name);

		if (after && !strcmp(after, "'"))
			access->region = &regions[i];
	}
	return at && strchr(at, '\'');
}

static void trace_line(struct run *run, char *line)
{
	struct access access;

	run->trace_lines++;
	if (!parse_access(line, &access)) {
		end(run, EXIT_HOST, "QEMU's trace has a line that is no access: \"%.*s\"",
		    QUOTE_LENGTH, line);
		return;
	}
	if (!access.region)
		return;
	if (access.region->kind < NR_CONFIG)
		count_access(run, &access);
	else if (access.region->kind == FW_CFG)
		note_fw_cfg(run);
	else
		note_serial(run, &access);
}

/* The other channels */

static void console_line(struct run *run, char *line)
{
	char *text = plain(line), *panic = strstr(text, "Kernel panic");

	if (panic && !run->panic) {
		run->panic = checked(strdup(panic));
		allow_grace(run);
	}
	if (text[strspn(text, " ")]) {
		free(run->last_line);
		run->last_line = text;
	} else {
		free(text);
	}
}

static void error_line(struct run *run, char *line)
{
	char *text = plain(line), *old = run->qemu_error;
	/* The last line is the error; warnings stand before it. */
	run->qemu_error = text;
	free(old);
}

/* Say it, if somebody is there: that QEMU is gone is seen by whoever listens. */
static void tell(int fd, const char *bytes, size_t length)
{
	if (send(fd, bytes, length, MSG_NOSIGNAL) < 0)
		return;
}

/* QMP: QEMU waits for us, so that no event is missed. */
static void monitor_line(struct run *run, char *line)
{
	static const char commands[] = "{\"execute\":\"qmp_capabilities\"}\n"
				       "{\"execute\":\"cont\"}\n";
	json_t *message = json_loads(line, 0, NULL);
	const char *event = NULL, *reason = NULL, *package = "";
	int major, minor, micro;

	if (!json_unpack(message, "{s:{s:{s:{s:i,s:i,s:i},s?s}}}", "QMP", "version",
			 "qemu", "major", &major, "minor", &minor, "micro", &micro,
			 "package", &package)) {
		free(run->qemu_version);
		run->qemu_version = format("%d.%d.%d%s%s%s", major, minor, micro,
					   *package ? " (" : "", package,
					   *package ? ")" : "");
		tell(run->channels[MONITOR].fd, commands, sizeof(commands) - 1);
	} else if (!json_unpack(message, "{s:s,s?{s?s}}", "event", &event, "data",
				"reason", &reason)) {
		if (!strcmp(event, "RESUME"))
			run->running = true;
		if (!strcmp(event, "SHUTDOWN") && reason && !run->shutdown_reason)
			run->shutdown_reason = checked(strdup(reason));
	} else if (!message || json_object_get(message, "error")) {
		end(run, EXIT_HOST, "QEMU's monitor said \"%.*s\"", QUOTE_LENGTH, line);
	}
	json_decref(message);
}

static void write_log(struct run *run, const char *bytes, size_t length)
{
	while (length && run->log >= 0) {
		ssize_t written = write(run->log, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			end(run, EXIT_HOST, "can't write the console log %s: %s",
			    run->options->log, strerror(errno));
			return;
		}
		bytes += written;
		length -= written;
	}
}

/* --interactive: what is typed goes to the guest. */
static void listen_to_user(struct run *run)
{
	char bytes[256];
	ssize_t length = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (length <= 0)
		run->heeds_user = false;
	else if (run->channels[CONSOLE].fd >= 0)
		tell(run->channels[CONSOLE].fd, bytes, length);
}

static void hear(struct run *run, int id)
{
	struct channel *channel = &run->channels[id];
	static char bytes[READ_SIZE];
	ssize_t length = read(channel->fd, bytes, sizeof(bytes));

	if (length < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (length <= 0) {
		if (channel->text.length && channel->wants_rest)
			finish_line(run, &channel->text, channel->line);
		close(channel->fd);
		channel->fd = -1;
		return;
	}
	if (id == CONSOLE)
		write_log(run, bytes, length);
	if (id == CONSOLE && run->options->interactive)
		fwrite(bytes, length, 1, stdout);
	if (id == RECORDS) {
		for (ssize_t i = 0; i < length; i++)
			digest(&run->arrived, bytes[i]);
		/* The trace has them at their place among the accesses. */
		if (run->options->count)
			return;
	}
	split(run, &channel->text, channel->line, bytes, length);
}

/* QEMU's life */

#define MAX_ARGUMENTS	256

struct arguments {
	char *list[MAX_ARGUMENTS + 1];
	int count;
};

static void __attribute__((format(printf, 2, 3)))
add(struct arguments *arguments, const char *fmt, ...)
{
	va_list args;

	if (arguments->count == MAX_ARGUMENTS)
		die(EXIT_INPUT, "too many arguments for QEMU, at most %d",
		    MAX_ARGUMENTS);
	va_start(args, fmt);
	arguments->list[arguments->count++] = vformat(fmt, args);
	va_end(args);
}

static void add_serial(struct arguments *arguments, int index, int fd)
{
	add(arguments, "-chardev");
	add(arguments, "socket,id=serial%d,fd=%d", index, fd);
	add(arguments, "-device");
	add(arguments, "isa-serial,index=%d,chardev=serial%d", index, index);
}

static void qemu_arguments(const struct run *run, const int fds[NR_CHANNELS],
			   struct arguments *a)
{
	const struct options *o = run->options;

	add(a, "%s", o->qemu);
	add(a, "-nodefaults");
	add(a, "-no-user-config");
	add(a, "-display");
	add(a, "none");
	add(a, "-machine");
	add(a, "%s", o->machine);
	add(a, "-accel");
	add(a, "%s", run->accel);
	add(a, "-cpu");
	add(a, "%s", o->cpu);
	add(a, "-smp");
	add(a, "%u", o->smp);
	add(a, "-m");
	add(a, "%u", o->memory);
	if (o->bios) {
		add(a, "-bios");
		add(a, "%s", o->bios);
	}
	add(a, "-kernel");
	add(a, "%s", o->kernel);
	add(a, "-initrd");
	add(a, "%s", o->initrd);
	add(a, "-append");
	add(a, "%s", run->cmdline);
	add(a, "-action");
	add(a, "reboot=shutdown");
	add_serial(a, 0, fds[CONSOLE]);
	add_serial(a, 1, fds[RECORDS]);
	add(a, "-chardev");
	add(a, "socket,id=monitor,fd=%d", fds[MONITOR]);
	add(a, "-mon");
	add(a, "chardev=monitor,mode=control");
	add(a, "-S");
	if (o->count) {
		add(a, "-trace");
		add(a, "memory_region_ops_read");
		add(a, "-trace");
		add(a, "memory_region_ops_write");
		add(a, "-D");
		add(a, "/dev/fd/%d", fds[TRACE]);
	}
	for (char **extra = o->extra; *extra; extra++)
		add(a, "%s", *extra);
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

static void open_channel(struct run *run, int id, int fds[NR_CHANNELS])
{
	int pair[2];

	if (id == TRACE || id == ERRORS) {
		if (pipe2(pair, O_CLOEXEC))
			die(EXIT_HOST, "can't make a pipe: %s", strerror(errno));
	} else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		die(EXIT_HOST, "can't make a socket pair: %s", strerror(errno));
	}
	/* Larger is faster, not needed: */
	if (id == TRACE)
		fcntl(pair[0], F_SETPIPE_SZ, TRACE_PIPE_SIZE);
	run->channels[id].fd = pair[0];
	fds[id] = pair[1];
}

/* Returns false when there is no QEMU. */
static bool start_qemu(struct run *run)
{
	struct arguments arguments = { .count = 0 };
	int fds[NR_CHANNELS], report[2], error;
	pid_t parent = getpid();

	for (int i = 0; i < NR_CHANNELS; i++) {
		fds[i] = -1;
		if (i != TRACE || run->options->count)
			open_channel(run, i, fds);
	}
	qemu_arguments(run, fds, &arguments);
	if (pipe2(report, O_CLOEXEC))
		die(EXIT_HOST, "can't make a pipe: %s", strerror(errno));
	run->pid = fork();
	if (!run->pid)
		become_qemu(&arguments, fds, parent, report[1]);
	if (run->pid < 0)
		die(EXIT_HOST, "can't start a process for QEMU: %s", strerror(errno));

	close(report[1]);
	for (int i = 0; i < NR_CHANNELS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	for (int i = 0; i < arguments.count; i++)
		free(arguments.list[i]);
	if (read(report[0], &error, sizeof(error)) == sizeof(error))
		end(run, EXIT_INPUT, "can't start QEMU, %s: %s (--qemu PATH names another)",
		    run->options->qemu, strerror(error));
	close(report[0]);
	return !run->reason;
}

static void stop_qemu(struct run *run)
{
	/* First let it write what it has. */
	kill(run->pid, run->killed ? SIGKILL : SIGTERM);
	run->killed = true;
	run->deadline = now() + GRACE_SECONDS;
}

/* The clock has run out: for the guest, or for QEMU after the guest's end. */
static void time_out(struct run *run)
{
	if (!run->verdict && !run->panic)
		end(run, EXIT_GUEST, "no verdict after %u s, the guest hangs",
		    run->options->timeout);
	stop_qemu(run);
}

static void take_signal(struct run *run, int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return;
	end(run, EXIT_HOST, "ended by signal %u (%s)", info.ssi_signo,
	    strsignal(info.ssi_signo));
	run->signal = info.ssi_signo;
}

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
		die(EXIT_HOST, "signalfd: %s", strerror(errno));
	return fd;
}

/* Listen until QEMU has closed everything. */
static void listen_to_qemu(struct run *run, int signals)
{
	for (;;) {
		struct pollfd polls[NR_CHANNELS + 2];
		double left;
		int open = 0;

		for (int i = 0; i < NR_CHANNELS; i++) {
			polls[i] = (struct pollfd){ run->channels[i].fd, POLLIN, 0 };
			open += polls[i].fd >= 0;
		}
		polls[NR_CHANNELS] = (struct pollfd){ signals, POLLIN, 0 };
		polls[NR_CHANNELS + 1] = (struct pollfd){
			run->heeds_user ? STDIN_FILENO : -1, POLLIN, 0
		};
		if (!open)
			return;

		left = run->deadline - now();
		if (left <= 0) {
			time_out(run);
			continue;
		}
		if (poll(polls, NR_CHANNELS + 2, left < 60 ? left * 1000 + 1 : 60000) < 0) {
			if (errno == EINTR)
				continue;
			die(EXIT_HOST, "poll: %s", strerror(errno));
		}
		if (polls[NR_CHANNELS].revents)
			take_signal(run, signals);
		if (polls[NR_CHANNELS + 1].revents)
			listen_to_user(run);
		for (int i = 0; i < NR_CHANNELS; i++) {
			if (polls[i].fd >= 0 && polls[i].revents)
				hear(run, i);
		}
		if (run->reason && !run->killed)
			stop_qemu(run);
	}
}

static void judge_counts(struct run *run)
{
	if (!run->trace_lines)
		end(run, EXIT_HOST, "QEMU wrote no trace: was it built with the trace backend \"log\"?");
	else if (run->sent.bytes != run->arrived.bytes ||
		 run->sent.hash != run->arrived.hash)
		end(run, EXIT_HOST, "the trace is not complete: %" PRIu64
		    " bytes sent to the second serial port, %" PRIu64 " arrived",
		    run->sent.bytes, run->arrived.bytes);
	else if (run->verdict && !(run->handed_over && run->kernel_speaks))
		end(run, EXIT_GUEST, "can't tell the kernel's accesses from the firmware's: %s",
		    run->handed_over ? "no \"Linux version\" on the console (quiet?)" :
				       "the firmware did not use fw_cfg");
}

/* Say how it ended, if nothing has gone wrong before. */
static void judge(struct run *run, int wait_status)
{
	const char *cause = run->shutdown_reason ? run->shutdown_reason : "unknown";

	if (!run->killed && WIFSIGNALED(wait_status))
		end(run, EXIT_HOST, "%s died of signal %d (%s)%s%s", run->options->qemu,
		    WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)),
		    run->qemu_error ? ": " : "",
		    run->qemu_error ? run->qemu_error : "");
	else if (!run->running)
		end(run, EXIT_INPUT, "%s did not start the machine: %s",
		    run->options->qemu,
		    run->qemu_error ? run->qemu_error : "it does not say why");
	else if (!run->killed && wait_status)
		end(run, EXIT_HOST, "%s failed: %s", run->options->qemu,
		    run->qemu_error ? run->qemu_error : "it does not say why");
	if (run->options->count)
		judge_counts(run);
	if (run->passed)
		return;
	if (run->verdict)
		end(run, EXIT_GUEST, "verdict fail: %s", run->verdict);
	else if (run->panic)
		end(run, EXIT_GUEST, "the guest panicked: %s", run->panic);
	else if (!strcmp(cause, "guest-reset"))
		end(run, EXIT_GUEST, "the guest was reset, without a panic and without a verdict (a triple fault, or a reboot)");
	else if (!strcmp(cause, "guest-shutdown"))
		end(run, EXIT_GUEST, "the guest powered off without a verdict");
	else
		end(run, EXIT_GUEST, "the guest ended without a verdict (%s)", cause);
}

static void init_run(struct run *run, const struct options *options, const char *accel,
		     int log)
{
	static line_fn * const lines[NR_CHANNELS] = {
		[CONSOLE]	= console_line,
		[RECORDS]	= record_line,
		[MONITOR]	= monitor_line,
		[TRACE]		= trace_line,
		[ERRORS]	= error_line,
	};

	*run = (struct run){
		.options	= options,
		.accel		= accel,
		.log		= log,
		.ktap		= checked(json_array()),
		.results	= checked(json_array()),
		.chunks		= checked(json_array()),
		.uarts		= {
			[UART_CONSOLE]	= { 0x3f8, traced_console_line, 0, 0, { 0 } },
			[UART_RECORDS]	= { 0x2f8, record_line, 0, 0, { 0 } },
		},
	};
	run->tally = &run->kernel;
	for (int i = 0; i < NR_CHANNELS; i++) {
		run->channels[i].fd = -1;
		run->channels[i].line = lines[i];
		run->channels[i].wants_rest = i == CONSOLE || i == ERRORS;
	}
}

static void free_run(struct run *run)
{
	char *texts[] = {
		run->cmdline, run->qemu_version, run->qemu_error, run->shutdown_reason,
		run->last_line, run->panic, run->verdict, run->reason,
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
	for (int i = 0; i < NR_CHANNELS; i++) {
		if (run->channels[i].fd >= 0)
			close(run->channels[i].fd);
		free(run->channels[i].text.bytes);
	}
	for (int i = 0; i < NR_UARTS; i++)
		free(run->uarts[i].text.bytes);
	for (size_t i = 0; i < run->nr_marks; i++)
		free(run->marks[i].name);
	free(run->marks);
	free(run->accesses);
	json_decref(run->start);
	json_decref(run->ktap);
	json_decref(run->results);
	json_decref(run->chunks);
}

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

static char *command_line(const struct options *o, const char *accel)
{
	char *tsc = checked(strdup("")), *cmdline;

	if (!strncmp(o->machine, "microvm", 7) && !strcmp(accel, "tcg") &&
	    !strstr(o->append, "tsc_early_khz=")) {
		free(tsc);
		tsc = format(" tsc_early_khz=%llu", guest_tsc_khz(o->extra));
	}
	cmdline = format("console=ttyS0 panic=-1%s%s%s -- %s", tsc,
			 *o->append ? " " : "", o->append, o->job);
	free(tsc);
	return cmdline;
}

/*
 * Run a guest to its end. With log -1 nobody reads its console. What came of
 * it is in *run, whose status is that of vm; free_run() frees it.
 */
static void run_guest(struct run *run, const struct options *options,
		      const char *accel, int log, int signals)
{
	int wait_status = 0;

	init_run(run, options, accel, log);
	run->cmdline = command_line(options, accel);
	run->started = now();
	run->heeds_user = options->interactive;
	run->deadline = run->started +
			(options->interactive ? INFINITY : options->timeout);
	if (start_qemu(run))
		listen_to_qemu(run, signals);
	if (waitpid(run->pid, &wait_status, 0) < 0)
		die(EXIT_HOST, "waitpid: %s", strerror(errno));
	run->seconds = now() - run->started;
	if (!run->reason)
		judge(run, wait_status);
}

/* Whatever ends us: nothing half-written is left behind. */
static void discard_outputs(void)
{
	for (int i = 0; i < NR_OUTPUTS; i++) {
		if (outputs[i].temporary)
			unlink(outputs[i].temporary);
	}
}

/* Whoever started us sees that it was a signal, not a failure of the guest. */
static void __attribute__((noreturn)) end_by_signal(const struct run *run)
{
	sigset_t all;

	fprintf(stderr, "vm: %s%s%s\n", run->reason,
		run->log < 0 ? "" : "; console log ",
		run->log < 0 ? "" : run->options->log);
	discard_outputs();
	sigfillset(&all);
	signal(run->signal, SIG_DFL);
	raise(run->signal);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	_exit(EXIT_HOST);
}

/*
 * Is KVM good for a Linux guest? That /dev/kvm opens does not say so: boot
 * one. Returns NULL when it is, else why not, to be freed.
 */
static char *probe_kvm(const struct options *options, int signals)
{
	struct options probe = *options;
	struct run run;
	char *why = NULL;
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return format("/dev/kvm: %s", strerror(errno));
	close(fd);

	probe.job = "idle";
	probe.timeout = options->probe_seconds;
	probe.count = false;
	probe.interactive = false;
	probe.accesses = NULL;
	run_guest(&run, &probe, "kvm", -1, signals);
	if (run.signal)
		end_by_signal(&run);
	if (run.reason)
		why = checked(strdup(run.reason));
	free_run(&run);
	return why;
}

/* Results */

static void open_output(struct output *output, const char *path)
{
	struct stat st;

	if (!path)
		return;
	/* Only a file can be replaced: not /dev/stdout. */
	if (stat(path, &st) || S_ISREG(st.st_mode)) {
		/* Nobody shall take an old result for ours. */
		unlink(path);
		output->temporary = format("%s.%d.tmp", path, (int)getpid());
	}
	output->path = path;
	output->file = fopen(output->temporary ? output->temporary : path, "we");
	if (!output->file)
		die(EXIT_INPUT, "can't write %s: %s", path, strerror(errno));
}

/* Make it a whole file, or with keep false no file. */
static void close_output(struct run *run, struct output *output, bool keep)
{
	bool failed;

	if (!output->path)
		return;
	failed = ferror(output->file);
	failed |= fclose(output->file);
	if (keep && (failed || (output->temporary &&
				rename(output->temporary, output->path)))) {
		end(run, EXIT_HOST, "can't write %s: %s", output->path, strerror(errno));
		keep = false;
	}
	if (output->temporary && !keep)
		unlink(output->temporary);
	free(output->temporary);
	output->temporary = NULL;
}

/* Every access is in one member: their sum is the number of accesses. */
static json_t *tally_json(const struct tally *t)
{
	return checked(json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}",
		"cf8_read", (json_int_t)t->reads[CF8],
		"cf8_write", (json_int_t)t->writes[CF8],
		"cfc_read", (json_int_t)t->reads[CFC],
		"cfc_write", (json_int_t)t->writes[CFC],
		"ecam_read", (json_int_t)t->reads[ECAM],
		"ecam_write", (json_int_t)t->writes[ECAM]));
}

static json_t *counts_json(const struct run *run)
{
	json_t *marks = checked(json_object());

	if (!run->options->count) {
		json_decref(marks);
		return json_null();
	}
	for (size_t i = 0; i < run->nr_marks; i++)
		json_object_set_new(marks, run->marks[i].name,
				    tally_json(&run->marks[i].tally));
	return checked(json_pack("{s:o,s:o,s:o,s:o}",
		"firmware", tally_json(&run->firmware),
		"kernel", tally_json(&run->kernel),
		"marks", marks,
		"rest", tally_json(&run->rest)));
}

static void write_json(const struct run *run, const char *why_accel, FILE *file)
{
	const struct options *o = run->options;
	json_t *json;

	json = checked(json_pack(
		"{s:s?,s:s,s:s,s:s?,s:s,s:i,s:i,s:s,s:f,s:s,s:s?,s:O,s:O,s:O,s:o}",
		"qemu", run->qemu_version,
		"machine", o->machine,
		"accel", run->accel,
		"accel_reason", why_accel,
		"cpu", o->cpu,
		"smp", (int)o->smp,
		"memory", (int)o->memory,
		"cmdline", run->cmdline,
		"seconds", run->seconds,
		"verdict", run->reason ? "fail" : "pass",
		"reason", run->reason,
		"ktap", run->ktap,
		"results", run->results,
		"chunks", run->chunks,
		"counts", counts_json(run)));
	/* What the guest says of itself: "kernel", "functions" and the like. */
	if (run->start)
		json_object_update_missing(json, run->start);
	json_dumpf(json, file, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	fputc('\n', file);
	json_decref(json);
}

static void write_accesses(const struct run *run, FILE *file)
{
	for (size_t i = 0; i < run->nr_accesses; i++) {
		const struct access *a = &run->accesses[i];

		fprintf(file, "%c %s 0x%" PRIx64 " %u 0x%" PRIx64 "\n",
			a->write ? 'w' : 'r', a->region->name, a->address,
			a->size, a->value);
	}
}

/* The terminal */

static struct termios terminal;

static void restore_terminal(void)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
}

/* The guest does the echo, and what Ctrl-C means. */
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

/* The command line */

static const struct row {
	const char *name;
	const char *argument;	/* NULL for a flag */
	const char *help;
	size_t offset;		/* in struct options */
	unsigned int min, max;	/* of a number; 0 for a text */
} rows[] = {
#define TEXT(name, argument, field, help) \
	{ name, argument, help, offsetof(struct options, field), 0, 0 }
#define NUMBER(name, field, min, max, help) \
	{ name, "N", help, offsetof(struct options, field), min, max }
#define FLAG(name, field, help) \
	{ name, NULL, help, offsetof(struct options, field), 0, 0 }
	TEXT("kernel", "FILE", kernel, "bzImage, or vmlinux with a PVH entry"),
	TEXT("initrd", "FILE", initrd, "initramfs that lab/guest made"),
	TEXT("append", "TEXT", append, "more of the kernel's command line"),
	TEXT("job", "TEXT", job, "what the guest does: lab/init.c has the list (default selftest)"),
	TEXT("machine", "TEXT", machine, "QEMU's machine and its properties (default q35)"),
	TEXT("accel", "NAME", accel, "tcg, kvm, or auto: kvm if a guest boots with it (default tcg)"),
	TEXT("cpu", "TEXT", cpu, "QEMU's processor and its properties (default max)"),
	NUMBER("smp", smp, 1, 255, "processors (default 1)"),
	NUMBER("memory", memory, 32, 1048576, "MiB (default 256)"),
	TEXT("bios", "FILE", bios, "firmware (default: QEMU's)"),
	TEXT("qemu", "PATH", qemu, "QEMU (default qemu-system-x86_64)"),
	NUMBER("timeout", timeout, 1, 86400, "seconds of the guest's life (default 300)"),
	TEXT("log", "FILE", log, "where the console goes"),
	TEXT("json", "FILE", json, "where the result goes"),
	FLAG("count", count, "count config accesses"),
	TEXT("accesses", "FILE", accesses, "where the kernel's config accesses go, one a line; counts too"),
	FLAG("interactive", interactive, "the console is here as well, and the time has no limit"),
	FLAG("probe-kvm", probe_kvm, "only say whether a guest boots with KVM; exit status 1: no"),
	NUMBER("probe-seconds", probe_seconds, 1, 3600, "how long that may take (default 15)"),
};

#define NR_ROWS	(sizeof(rows) / sizeof(rows[0]))

static void __attribute__((noreturn)) help(void)
{
	puts("Usage: vm --kernel FILE --initrd FILE --log FILE [options] [-- QEMU arguments]\n"
	     "Run one virtual machine, and say how it ended.\n");
	for (size_t i = 0; i < NR_ROWS; i++) {
		char *name = format("--%s %s", rows[i].name,
				    rows[i].argument ? rows[i].argument : "");

		printf("  %-20s %s\n", name, rows[i].help);
		free(name);
	}
	exit(0);
}

static void set_option(struct options *options, const struct row *row, char *value)
{
	void *field = (char *)options + row->offset;
	unsigned long number;
	char *after;

	if (!row->argument) {
		*(bool *)field = true;
	} else if (!row->max) {
		*(const char **)field = value;
	} else {
		errno = 0;
		number = strtoul(value, &after, 10);
		if (!isdigit((unsigned char)*value) || *after || errno ||
		    number < row->min || number > row->max)
			die(EXIT_INPUT, "--%s %s: must be a number from %u to %u",
			    row->name, value, row->min, row->max);
		*(unsigned int *)field = number;
	}
}

static void parse_options(struct options *options, int argc, char *argv[])
{
	struct option longs[NR_ROWS + 2] = { { "help", no_argument, NULL, 'h' } };
	int option, index = 0;

	for (size_t i = 0; i < NR_ROWS; i++)
		longs[i + 1] = (struct option){
			rows[i].name, rows[i].argument ? required_argument : no_argument,
			NULL, 0,
		};
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:h", longs, &index)) >= 0) {
		if (option == 'h')
			help();
		if (option == ':')
			die(EXIT_INPUT, "%s: its value is missing", argv[optind - 1]);
		if (option)
			die(EXIT_INPUT, "%s: no such option, --help lists them",
			    argv[optind - 1]);
		set_option(options, &rows[index - 1], optarg);
	}
	if (argv[optind] && strcmp(argv[optind - 1], "--"))
		die(EXIT_INPUT, "%s: not an option (QEMU's own arguments stand after --)",
		    argv[optind]);
	options->extra = argv + optind;
	if (options->accesses)
		options->count = true;
}

/* An input that QEMU would complain about in a way that does not help. */
static void check_input(const char *option, const char *path, bool is_kernel)
{
	/* Where the boot protocol has its magic number (x86/boot.rst). */
	const long magic_at = 0x202;
	char elf[4] = "", magic[4] = "";
	struct stat st;
	FILE *file;

	if (!path)
		die(EXIT_INPUT, "--%s FILE is missing, --help says more", option);
	file = fopen(path, "re");
	if (!file || fstat(fileno(file), &st))
		die(EXIT_INPUT, "--%s %s: %s", option, path, strerror(errno));
	if (!S_ISREG(st.st_mode) || !st.st_size)
		die(EXIT_INPUT, "--%s %s: must be a file with something in it", option, path);
	if (is_kernel) {
		if (fread(elf, sizeof(elf), 1, file) != 1 ||
		    fseek(file, magic_at, SEEK_SET) ||
		    fread(magic, sizeof(magic), 1, file) != 1 ||
		    (memcmp(magic, "HdrS", 4) && memcmp(elf, "\177ELF", 4)))
			die(EXIT_INPUT, "--%s %s: not a kernel, must be a bzImage (arch/x86/boot/bzImage) or a vmlinux",
			    option, path);
	}
	fclose(file);
}

static void check_options(const struct options *o)
{
	check_input("kernel", o->kernel, true);
	check_input("initrd", o->initrd, false);
	if (o->bios)
		check_input("bios", o->bios, false);
	if (strcmp(o->accel, "tcg") && strcmp(o->accel, "kvm") && strcmp(o->accel, "auto"))
		die(EXIT_INPUT, "--accel %s: must be tcg, kvm or auto", o->accel);
	if (!o->log && !o->probe_kvm)
		die(EXIT_INPUT, "--log FILE is missing, --help says more");
}

int main(int argc, char *argv[])
{
	struct options options = {
		.append		= "",
		.job		= "selftest",
		.machine	= "q35",
		.accel		= "tcg",
		.cpu		= "max",
		.qemu		= "qemu-system-x86_64",
		.smp		= 1,
		.memory		= 256,
		.timeout	= 300,
		.probe_seconds	= 15,
	};
	const char *accel;
	char *why = NULL;
	struct run run;
	int signals, log, status;

	parse_options(&options, argc, argv);
	check_options(&options);
	/* A full disk is an error code, not a signal. */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signals = open_signals();

	if (options.probe_kvm) {
		why = probe_kvm(&options, signals);
		printf("KVM: %s%s\n", why ? "not usable: " : "usable", why ? why : "");
		status = why ? EXIT_GUEST : 0;
		free(why);
		return status;
	}

	log = open(options.log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (log < 0)
		die(EXIT_INPUT, "can't write the console log %s: %s", options.log,
		    strerror(errno));
	atexit(discard_outputs);
	open_output(&outputs[JSON], options.json);
	open_output(&outputs[ACCESSES], options.accesses);

	accel = options.accel;
	if (!strcmp(accel, "auto")) {
		char *cause = probe_kvm(&options, signals);

		why = cause ? format("KVM is not usable: %s", cause) :
			      format("a guest boots with KVM");
		free(cause);
		accel = strncmp(why, "KVM", 3) ? "kvm" : "tcg";
		fprintf(stderr, "vm: --accel auto is %s: %s\n", accel, why);
	}

	if (options.interactive)
		lend_terminal();
	run_guest(&run, &options, accel, log, signals);
	if (close(log))
		end(&run, EXIT_HOST, "can't write the console log %s: %s", options.log,
		    strerror(errno));
	if (outputs[ACCESSES].path)
		write_accesses(&run, outputs[ACCESSES].file);
	close_output(&run, &outputs[ACCESSES], !run.reason);
	if (outputs[JSON].path)
		write_json(&run, why, outputs[JSON].file);
	close_output(&run, &outputs[JSON], run.status <= EXIT_GUEST);
	if (run.signal)
		end_by_signal(&run);

	status = run.reason ? run.status : 0;
	if (status == EXIT_GUEST)
		fprintf(stderr, "vm: %s; last on the console %s: \"%.*s\"\n", run.reason,
			options.log, QUOTE_LENGTH, run.last_line ? run.last_line : "");
	else if (status)
		fprintf(stderr, "vm: %s\n", run.reason);
	free_run(&run);
	free(why);
	close(signals);
	return status;
}
