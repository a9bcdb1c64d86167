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

/* By QEMU's name for the region. */
static const struct {
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
	.tally = &trace.kernel,
	.uarts[CONSOLE].lines.consume = console_line,
	.uarts[RECORDS].lines.consume = take_record,
};

void start_trace(void)
{
	trace.marks = g_ptr_array_new();
	trace.accesses = g_string_new(NULL);
	trace.sent = g_string_new(NULL);
	trace.arrived = g_string_new(NULL);
}

/*
 * The firmware hands over after its last access to fw_cfg, where it finds the kernel. A kernel
 * may use fw_cfg as well, but not before its first line.
 */
static void note_fw_cfg(void)
{
	if (trace.kernel_speaks || trace.tally != &trace.kernel)
		return;
	trace.kernel = (struct tally){ 0 };
	memset(trace.phases, 0, sizeof(trace.phases));
	g_string_truncate(trace.accesses, 0);
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
	bool write = direction == 'w';
	enum region_kind kind = regions[i].kind;

	if (kind == FW_CFG) {
		note_fw_cfg();
	} else if (kind == SERIAL) {
		if (write)
			note_serial(address, value);
	} else {
		trace.tally->counts[kind][write]++;
		if (trace.tally != &trace.kernel)
			return;
		trace.phases[trace.phase].counts[kind][write]++;
		g_string_append_printf(trace.accesses, "%c %s 0x%" PRIx64 " %d 0x%" PRIx64 "\n",
				       direction, regions[i].name, address, size, value);
	}
}

void note_arrival(const char *bytes, size_t length)
{
	g_string_append_len(trace.arrived, bytes, length);
}

bool begin_mark(const char *name)
{
	struct mark *mark;

	if (trace.open_mark)
		return false;
	mark = g_new0(struct mark, 1);
	mark->name = g_strdup(name);
	g_ptr_array_add(trace.marks, mark);
	trace.open_mark = mark->name;
	trace.tally = &mark->tally;
	return true;
}

bool end_mark(const char *name)
{
	if (!trace.open_mark || (*name && strcmp(name, trace.open_mark)))
		return false;
	trace.open_mark = NULL;
	trace.tally = &trace.rest;
	return true;
}

void finish_trace(void)
{
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
