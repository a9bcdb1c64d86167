// SPDX-License-Identifier: GPL-2.0
/*
 * trace - the accesses to devices that QEMU traces, and where they belong
 *
 * Names and format of the trace are QEMU's: memory_region_ops_read and
 * memory_region_ops_write in softmmu/trace-events.
 */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"

#define UART_PORT_MASK	7
#define UART_TX		0
#define UART_LCR	3
#define UART_LCR_DLAB	0x80
#define UART_MCR	4
#define UART_MCR_LOOP	0x10

static const uint64_t uart_ports[NR_UARTS] = {
	[UART_CONSOLE]	= 0x3f8,
	[UART_RECORDS]	= 0x2f8,
};

/* By the name that the region has in QEMU. */
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

/* FNV-1a, 64 bits. */
static void digest(struct digest *d, unsigned char byte)
{
	if (!d->bytes++)
		d->hash = 0xcbf29ce484222325;
	d->hash = (d->hash ^ byte) * 0x100000001b3;
}

static void console_line(void *context, char *line)
{
	struct trace *trace = context;

	if (strstr(line, "Linux version"))
		trace->kernel_speaks = true;
	for (size_t i = trace->phase + 1; i < NR_PHASES; i++) {
		if (strstr(line, phases[i].begins))
			trace->phase = i;
	}
}

void init_trace(struct trace *trace, struct ending *ending, bool lists_accesses,
		line_fn *record, void *context)
{
	*trace = (struct trace){
		.ending		= ending,
		.tally		= &trace->kernel,
		.lists_accesses	= lists_accesses,
		.uarts		= {
			[UART_CONSOLE].lines = {
				.consume = console_line, .context = trace, .ending = ending,
			},
			[UART_RECORDS].lines = {
				.consume = record, .context = context, .ending = ending,
			},
		},
	};
}

void free_trace(struct trace *trace)
{
	for (int i = 0; i < NR_UARTS; i++)
		free(trace->uarts[i].lines.bytes);
	for (size_t i = 0; i < trace->nr_marks; i++)
		free(trace->marks[i].name);
	free(trace->marks);
	free(trace->accesses);
}

static void count_in(struct tally *tally, const struct access *access)
{
	if (access->write)
		tally->writes[access->region->kind]++;
	else
		tally->reads[access->region->kind]++;
}

static void count_access(struct trace *trace, const struct access *access)
{
	struct tally *tally = trace->tally;

	count_in(tally, access);
	if (tally != &trace->kernel)
		return;
	count_in(&trace->phases[trace->phase], access);
	if (!trace->lists_accesses)
		return;
	if (trace->nr_accesses == trace->max_accesses) {
		trace->max_accesses = 2 * trace->max_accesses + 1024;
		trace->accesses = checked(reallocarray(trace->accesses,
						       trace->max_accesses,
						       sizeof(*access)));
	}
	trace->accesses[trace->nr_accesses++] = *access;
}

/*
 * The firmware hands over after its last access to fw_cfg, where it finds the
 * kernel. A kernel may use fw_cfg as well, but not before its first line.
 */
static void note_fw_cfg(struct trace *trace)
{
	if (trace->kernel_speaks || trace->tally != &trace->kernel)
		return;
	for (int i = 0; i < NR_CONFIG; i++) {
		trace->firmware.reads[i] += trace->kernel.reads[i];
		trace->firmware.writes[i] += trace->kernel.writes[i];
	}
	trace->kernel = (struct tally){ 0 };
	memset(trace->phases, 0, sizeof(trace->phases));
	trace->nr_accesses = 0;
	trace->handed_over = true;
}

static void note_serial(struct trace *trace, const struct access *access)
{
	struct uart *uart;
	char byte = access->value;
	int i = 0;

	while (i < NR_UARTS && (access->address & ~UART_PORT_MASK) != uart_ports[i])
		i++;
	if (i == NR_UARTS || !access->write)
		return;
	uart = &trace->uarts[i];
	switch (access->address & UART_PORT_MASK) {
	case UART_TX:
		if (uart->lcr & UART_LCR_DLAB || uart->mcr & UART_MCR_LOOP)
			return;
		if (i == UART_RECORDS)
			digest(&trace->sent, byte);
		add_bytes(&uart->lines, &byte, 1);
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

void take_trace_line(struct trace *trace, const char *line)
{
	struct access access;

	trace->nr_lines++;
	if (!parse_access(line, &access)) {
		end(trace->ending, EXIT_HOST,
		    "QEMU's trace has a line that is no access: \"%.*s\"",
		    QUOTE_LENGTH, line);
		return;
	}
	if (!access.region)
		return;
	if (access.region->kind < NR_CONFIG)
		count_access(trace, &access);
	else if (access.region->kind == FW_CFG)
		note_fw_cfg(trace);
	else
		note_serial(trace, &access);
}

void note_arrival(struct trace *trace, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		digest(&trace->arrived, bytes[i]);
}

void begin_user_space(struct trace *trace)
{
	trace->tally = &trace->rest;
}

bool begin_mark(struct trace *trace, const char *name)
{
	struct mark *mark;

	if (trace->open_mark)
		return false;
	trace->marks = checked(reallocarray(trace->marks, trace->nr_marks + 1,
					    sizeof(*mark)));
	mark = &trace->marks[trace->nr_marks++];
	*mark = (struct mark){ .name = checked(strdup(name)) };
	trace->open_mark = mark->name;
	trace->tally = &mark->tally;
	return true;
}

bool end_mark(struct trace *trace, const char *name)
{
	if (!trace->open_mark || (*name && strcmp(name, trace->open_mark)))
		return false;
	trace->open_mark = NULL;
	trace->tally = &trace->rest;
	return true;
}

void judge_trace(struct trace *trace, bool has_verdict)
{
	const struct digest *sent = &trace->sent, *arrived = &trace->arrived;

	if (!trace->nr_lines)
		end(trace->ending, EXIT_HOST,
		    "QEMU wrote no trace: was it built with the trace backend \"log\"?");
	else if (sent->bytes != arrived->bytes || sent->hash != arrived->hash)
		end(trace->ending, EXIT_HOST, "the trace is not complete: %" PRIu64
		    " bytes sent to the second serial port, %" PRIu64 " arrived",
		    sent->bytes, arrived->bytes);
	else if (has_verdict && !(trace->handed_over && trace->kernel_speaks))
		end(trace->ending, EXIT_GUEST,
		    "can't tell the kernel's accesses from the firmware's: %s",
		    trace->handed_over ?
		    "no \"Linux version\" on the console (quiet?)" :
		    "the firmware did not use fw_cfg");
}

void write_accesses(const struct trace *trace, FILE *file)
{
	for (size_t i = 0; i < trace->nr_accesses; i++) {
		const struct access *a = &trace->accesses[i];

		fprintf(file, "%c %s 0x%" PRIx64 " %u 0x%" PRIx64 "\n",
			a->write ? 'w' : 'r', a->region->name, a->address,
			a->size, a->value);
	}
}
