/* SPDX-License-Identifier: GPL-2.0 */
/*
 * util - what every part of vm uses, and page in part: how it ends, texts, lines, the clock
 *
 * Nothing here knows of guests or of QEMU. Whoever is out of memory does not
 * return: vm ends with EXIT_HOST.
 */
#ifndef LAB_UTIL_H
#define LAB_UTIL_H

#include <stdarg.h>
#include <stddef.h>

/* Exit statuses, see vm.c. */
#define EXIT_GUEST	1
#define EXIT_INPUT	2
#define EXIT_HOST	3

/* What is quoted of a line of the guest, in bytes. */
#define QUOTE_LENGTH	160

/* How a run ends: the first thing that was said. All zero until then. */
struct ending {
	int status;		/* EXIT_* */
	char *reason;		/* NULL until there is one; to be freed */
};

/* A consumer of lines. The line ends before its "\r" or "\n"; it may be changed. */
typedef void line_fn(void *context, char *line);

/* Bytes that become lines. Whoever owns it sets the first three members. */
struct lines {
	line_fn *consume;
	void *context;		/* of consume() */
	struct ending *ending;	/* once it has a reason no line is consumed */
	char *bytes;		/* of a line whose end is still to come */
	size_t length, size;
};

/* Say "vm: ..." (or page) on stderr and exit with this status. */
void die(int status, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* Returns memory; NULL is the end. */
void *checked(void *memory);

/* Returns the text, to be freed. */
char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *vformat(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));

/* Returns a copy in printable ASCII, to be freed. */
char *plain(const char *line);

/* Returns seconds of a clock that only goes forward. */
double now(void);

/* End the run with this status for this reason, unless there is one already. */
void end(struct ending *ending, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Consume the lines in these bytes, and keep what follows the last. A line that
 * is too long is the guest's fault (EXIT_GUEST in lines->ending).
 */
void add_bytes(struct lines *lines, const char *bytes, size_t length);

/* Consume what is there as a line, if there is something. */
void finish_line(struct lines *lines);

#endif
