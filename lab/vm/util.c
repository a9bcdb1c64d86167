// SPDX-License-Identifier: GPL-2.0
/* util - the end of the run, lines, the clock */

#include "vm.h"

#include <stdarg.h>

char *plain(char *line)
{
	for (char *c = line; *c; c++) {
		if (!g_ascii_isprint(*c))
			*c = *c == '\t' ? ' ' : '?';
	}
	return line;
}

double now(void)
{
	return g_get_monotonic_time() / 1e6;
}

void end(int status, const char *fmt, ...)
{
	va_list args;

	if (run.reason)
		return;
	va_start(args, fmt);
	run.reason = g_strdup_vprintf(fmt, args);
	va_end(args);
	run.status = status;
}

void add_bytes(struct lines *lines, const char *bytes, size_t length)
{
	if (!lines->begun)
		lines->begun = g_string_new(NULL);
	for (size_t i = 0; i < length && !run.reason; i++) {
		if (bytes[i] == '\n') {
			char *line = lines->begun->str;

			line[strcspn(line, "\r")] = '\0';
			lines->consume(line);
			g_string_truncate(lines->begun, 0);
		} else {
			g_string_append_c(lines->begun, bytes[i]);
		}
	}
}
