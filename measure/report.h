/* SPDX-License-Identifier: GPL-2.0 */
/* report - what the kinds of result have in common */
#ifndef LAB_REPORT_H
#define LAB_REPORT_H

#include <jansson.h>
#include <stddef.h>

/* Reads by each method that a run for the record makes. */
#define READS 100000

/* Exit statuses: a limit is missed, bad input, the output can't be written. */
enum { EXIT_LIMIT = 1, EXIT_USAGE = 2, EXIT_HOST = 3 };

/* The verbs: each returns an exit status. */
int demo(char **arg);
int table(char **arg);
int chart(char **arg);
int bench(char **arg);
int boot(char **arg);
int contention(char **arg);
int exit_cost(char **arg);

/* Say "report: ..." on stderr and exit with this status. */
void die(int code, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* The whole of a JSON file, and a member of an object: both die without it. */
json_t *load(const char *path);
json_t *member(const char *path, json_t *object, const char *name);

/* The result of a method in what lab/vm wrote; dies without it. */
json_t *result_of(const char *path, json_t *vm, const char *method);

/* Accesses of every kind in one object of "counts". */
json_int_t accesses(json_t *counts);

/* A whole number where it is one, so that 2 is written as 2. */
json_t *number(double value);

/* Sorts the values. Returns {"median", "min", "max"}; null if there is none. */
json_t *spread(double *values, size_t count);

/* The members that every JSON file of the lab begins with, from a run of lab/vm. */
json_t *head(const char *base, const char *series, const char *path, json_t *vm);

/* Write the file whole or not at all; dies if it can't. */
void store(json_t *root, const char *path);

#endif
