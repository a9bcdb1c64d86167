// SPDX-License-Identifier: GPL-2.0
/*
 * trace - the accesses to devices that QEMU traces, and to what they belong
 *
 * QEMU traces each access to a device's registers into a pipe: the events are
 * memory_region_ops_read and memory_region_ops_write in softmmu/trace-events
 * (system/trace-events since 8.2). The bytes that the guest sends through its serial ports are
 * among them, so that each record of its first process has an exact place between the accesses.
 * The same bytes arrive through the serial port itself: if both are equal, the trace is complete.
 *
 * This part does not know what records mean: records.c says where user space and the marks
 * begin, also without a trace; then nothing is counted.
 */

#include "vm.h"

#include <inttypes.h>

#define UART_PORT_MASK	7
#define UART_TX		0
#define UART_LCR	3
#define UART_LCR_DLAB	0x80
#define UART_MCR	4
#define UART_MCR_LOOP	0x10

static const uint64_t uart_ports[] = { [CONSOLE] = 0x3f8, [RECORDS] = 0x2f8 };

/* By QEMU's name for the region: the members of a tally for its reads and writes, or NULL. */
static const struct region {
	const char *name;
	const char *members[2];
} regions[] = {
	{ "pci-conf-idx",	{ "cf8_read", "cf8_write" } },
	{ "pci-conf-data",	{ "cfc_read", "cfc_write" } },
	{ "pcie-mmcfg-mmio",	{ "ecam_read", "ecam_write" } },	/* q35, microvm */
	{ "fwcfg",		{ NULL } },
	{ "fwcfg.dma",		{ NULL } },
	{ "serial",		{ NULL } },
};

/* Put a new tally into parent. */
static json_t *new_tally(json_t *parent, const char *name)
{
	json_t *tally = json_object();

	for (const struct region *r = regions; r->members[0]; r++) {
		json_object_set_new(tally, r->members[0], json_integer(0));
		json_object_set_new(tally, r->members[1], json_integer(0));
	}
	json_object_set_new(parent, name, tally);
	return tally;
}

static void count(json_t *tally, const char *member)
{
	json_t *number = json_object_get(tally, member);

	json_integer_set(number, json_integer_value(number) + 1);
}

static void console_line(char *line)
{
	if (strstr(line, "Linux version"))
		trace.kernel_speaks = true;
	for (size_t i = trace.phase + 1; i < NR_PHASES; i++) {
		if (strstr(line, phases[i].begins))
			trace.phase = i;
	}
}

struct trace trace = {
	.uarts[CONSOLE].lines.consume = console_line,
	.uarts[RECORDS].lines.consume = take_record,
};

/* All accesses of the kernel are still to come. */
static void start_kernel(void)
{
	trace.tally = trace.kernel = new_tally(trace.counts, "kernel");
	for (size_t i = 0; i < NR_PHASES; i++)
		new_tally(trace.phases, phases[i].name);
	g_string_truncate(trace.accesses, 0);
}

void start_trace(void)
{
	trace.phases = json_object();
	trace.marks = json_object();
	trace.counts = json_pack("{s:o,s:o}", "phases", trace.phases, "marks", trace.marks);
	trace.accesses = g_string_new(NULL);
	trace.sent = g_string_new(NULL);
	trace.arrived = g_string_new(NULL);
	start_kernel();
}

/*
 * The firmware hands over after its last access to fw_cfg, where it finds the kernel. A kernel
 * may use fw_cfg as well, but not before its first line.
 */
static void note_fw_cfg(void)
{
	if (trace.kernel_speaks || trace.tally != trace.kernel)
		return;
	start_kernel();
	trace.handed_over = true;
}

/* The guest has written a byte to a register of a serial port. */
static void note_serial(uint64_t address, char byte)
{
	for (size_t i = 0; i < G_N_ELEMENTS(uart_ports); i++) {
		struct uart *uart = &trace.uarts[i];

		if ((address & ~UART_PORT_MASK) != uart_ports[i])
			continue;
		address &= UART_PORT_MASK;
		if (address == UART_LCR)
			uart->lcr = byte;
		if (address == UART_MCR)
			uart->mcr = byte;
		if (address != UART_TX || uart->lcr & UART_LCR_DLAB || uart->mcr & UART_MCR_LOOP)
			return;
		if (i == RECORDS)
			g_string_append_c(trace.sent, byte);
		add_bytes(&uart->lines, &byte, 1);
		return;
	}
}

/*
 * A line is [PID@TIME:]memory_region_ops_write cpu 0 mr 0x563e4ec64750
 * addr 0xcf8 value 0x80000000 size 4 name 'pci-conf-idx'
 * An access that no processor makes has "cpu -1".
 */
void take_trace_line(char *line)
{
	char *event = line + strspn(line, "0123456789@.:"), *quote = NULL, direction;
	uint64_t address, value;
	int size, name = 0;
	size_t i = 0;

	trace.nr_lines++;
	sscanf(event, "memory_region_ops_%c%*[a-z] cpu %*d mr 0x%*x addr 0x%" SCNx64
	       " value 0x%" SCNx64 " size %d name '%n", &direction, &address, &value, &size, &name);
	if (name)
		quote = strchr(event + name, '\'');
	if (!quote) {
		end(EXIT_HOST, "QEMU's trace has a line that is no access: \"%.*s\"",
		    QUOTE_LENGTH, line);
		return;
	}
	*quote = '\0';
	while (i < G_N_ELEMENTS(regions) && strcmp(event + name, regions[i].name))
		i++;
	if (i == G_N_ELEMENTS(regions))
		return;
	const struct region *region = &regions[i];
	bool write = direction == 'w';

	if (!strncmp(region->name, "fwcfg", 5)) {
		note_fw_cfg();
	} else if (!region->members[write]) {
		if (write)
			note_serial(address, value);
	} else if (trace.tally) {
		count(trace.tally, region->members[write]);
		if (trace.tally != trace.kernel)
			return;
		count(json_object_get(trace.phases, phases[trace.phase].name), region->members[write]);
		g_string_append_printf(trace.accesses, "%c %s 0x%" PRIx64 " %d 0x%" PRIx64 "\n",
				       direction, region->name, address, size, value);
	}
}

void note_arrival(const char *bytes, size_t length)
{
	g_string_append_len(trace.arrived, bytes, length);
}

bool begin_mark(const char *name)
{
	if (trace.open_mark)
		return false;
	trace.open_mark = g_strdup(name);
	trace.tally = new_tally(trace.marks, name);
	return true;
}

bool end_mark(const char *name)
{
	if (!trace.open_mark || (*name && strcmp(name, trace.open_mark)))
		return false;
	trace.open_mark = NULL;
	trace.tally = NULL;
	return true;
}

void finish_trace(void)
{
	/* Only a boot console prints each line at once. */
	if (!strstr(run.cmdline, "keep_bootcon"))
		json_object_set_new(trace.counts, "phases", json_null());
	if (!trace.nr_lines)
		end(EXIT_HOST, "QEMU wrote no trace: was it built with the trace backend \"log\"?");
	else if (!g_string_equal(trace.sent, trace.arrived))
		end(EXIT_HOST, "the trace is not complete: %zu bytes sent to the second serial port, %zu arrived",
		    trace.sent->len, trace.arrived->len);
	else if (run.verdict && !(trace.handed_over && trace.kernel_speaks))
		end(EXIT_GUEST, "can't tell the kernel's accesses from the firmware's: %s",
		    trace.handed_over ? "no \"Linux version\" on the console (quiet?)" :
					"the firmware did not use fw_cfg");
}
