// SPDX-License-Identifier: GPL-2.0
/* util - errors, texts, lines, the clock */

#include "vm.h"

#include <ctype.h>
#include <stdarg.h>
#include <time.h>

/* No sensible line is longer. */
#define LINE_LIMIT	(1 << 20)

void *checked(void *memory)
{
	if (!memory)
		errx(EXIT_HOST, "no memory");
	return memory;
}

char *format(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		checked(NULL);
	va_end(args);
	return text;
}

char *plain(char *line)
{
	for (char *c = line; *c; c++) {
		if (!isprint((unsigned char)*c))
			*c = *c == '\t' ? ' ' : '?';
	}
	return line;
}

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

void end(int status, const char *fmt, ...)
{
	va_list args;

	if (run.reason)
		return;
	va_start(args, fmt);
	if (vasprintf(&run.reason, fmt, args) < 0)
		checked(NULL);
	va_end(args);
	run.status = status;
}

void add_bytes(struct lines *lines, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length && !run.reason; i++) {
		if (lines->length == lines->size) {
			lines->size = lines->size ? 2 * lines->size : 256;
			lines->bytes = checked(realloc(lines->bytes, lines->size));
		}
		if (bytes[i] == '\n') {
			lines->bytes[lines->length] = '\0';
			lines->bytes[strcspn(lines->bytes, "\r")] = '\0';
			lines->length = 0;
			lines->consume(lines->bytes);
		} else if (lines->length == LINE_LIMIT) {
			end(EXIT_GUEST, "a line is longer than %d bytes", LINE_LIMIT);
		} else {
			lines->bytes[lines->length++] = bytes[i];
		}
	}
}
