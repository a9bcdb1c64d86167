/* SPDX-License-Identifier: GPL-2.0 */
/* probe - what its parts share; probe.c says what it does. Include this header first. */
#ifndef PROBE_H
#define PROBE_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is asked for by the words of "probe=" on the kernel's command line */
extern struct wishes {
	bool writes;		/* write: make the checks that write, too */
	bool marks;		/* marks: say on the serial port what was read, and wait */
	bool no_kexec;		/* nokexec: time no boots */
	enum { BY_SCREEN, POWER_OFF, RESTART, STAY } end;	/* off, reboot, stay */
	unsigned int reads;	/* reads=N: by each method */
	unsigned int boots;	/* boots=N: that are timed, of each variant */
} wishes;

/* facts.c: all that is found goes into a JSON object, which lab/FORMATS describes */
void find_facts(json_t *result);
/* Returns the line of the kernel's log that has the text, without its time, or NULL. */
char *log_line(const char *text);
/* Returns the file's text without the last newline, "" if there is none. */
char *file_text(const char *name);

/* compare.c: read by both methods from here, and compare */
void compare(json_t *result);

/* reads.c: the selftest's module */
void time_reads(json_t *result);
void check_writes(json_t *result);

/* boots.c: time boots by kexec. Returns why that can't be, if it returns. */
const char *next_boot(json_t *state);
/* This boot was one: put what it took into the state, and into the result if it is the last. */
void finish_boot(json_t *state);

/* verdict.c */
void find_verdict(json_t *result);

/* screen.c */
void open_consoles(void);
/* Print on the consoles; a serial one only if it is for programs. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void say_to_programs(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Show the result: in words, as JSON between markers, and as a QR code if there is room for it. */
void show_result(json_t *result);
bool is_there_a_screen(void);

/* Like asprintf(); the program is short, and frees nothing. */
char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Returns the member of a JSON object, "" if it is no string. */
const char *string(json_t *object, const char *member);
/* Returns false, and errno says why, if that fails. */
bool write_file(const char *name, const char *text);

#endif
