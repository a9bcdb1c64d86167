// SPDX-License-Identifier: GPL-2.0
/* util - what every part of vm uses, and page in part: how it ends, texts, lines, the clock */

#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util.h"

/* Nobody writes longer lines than this. */
#define LINE_LIMIT	(1 << 20)

void die(int status, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(status);
}

void *checked(void *memory)
{
	if (!memory)
		die(EXIT_HOST, "no memory");
	return memory;
}

char *vformat(const char *fmt, va_list args)
{
	char *text;

	if (vasprintf(&text, fmt, args) < 0)
		checked(NULL);
	return text;
}

char *format(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = vformat(fmt, args);
	va_end(args);
	return text;
}

/* The guest, or whatever had its pen, may write any byte. */
char *plain(const char *line)
{
	char *text = checked(strdup(line)), *c;

	for (c = text; *c; c++) {
		if (!isprint((unsigned char)*c))
			*c = *c == '\t' ? ' ' : '?';
	}
	return text;
}

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

void end(struct ending *ending, int status, const char *fmt, ...)
{
	va_list args;

	if (ending->reason)
		return;
	va_start(args, fmt);
	ending->reason = vformat(fmt, args);
	va_end(args);
	ending->status = status;
}

static void append(struct lines *lines, const char *bytes, size_t length)
{
	/* An empty line that is the first has no bytes yet to copy to. */
	if (!length)
		return;
	if (lines->length + length > LINE_LIMIT) {
		end(lines->ending, EXIT_GUEST, "a line is longer than %d bytes",
		    LINE_LIMIT);
		return;
	}
	if (lines->length + length > lines->size) {
		lines->size = 2 * (lines->length + length);
		lines->bytes = checked(realloc(lines->bytes, lines->size));
	}
	memcpy(lines->bytes + lines->length, bytes, length);
	lines->length += length;
}

/* Hand the line on, and be empty again. */
static void consume(struct lines *lines)
{
	append(lines, "", 1);
	if (lines->ending->reason)
		return;
	lines->length = 0;
	lines->bytes[strcspn(lines->bytes, "\r")] = '\0';
	lines->consume(lines->context, lines->bytes);
}

void add_bytes(struct lines *lines, const char *bytes, size_t length)
{
	while (length && !lines->ending->reason) {
		const char *newline = memchr(bytes, '\n', length);
		size_t part = newline ? (size_t)(newline - bytes) : length;

		append(lines, bytes, part);
		if (newline) {
			consume(lines);
			part++;
		}
		bytes += part;
		length -= part;
	}
}

void finish_line(struct lines *lines)
{
	if (lines->length)
		consume(lines);
}
