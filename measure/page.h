/* SPDX-License-Identifier: GPL-2.0 */
/*
 * page - what its parts share: the files with the results, and the figures
 */
#ifndef LAB_PAGE_H
#define LAB_PAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* What the files call something, what people do, and the colour of its bars, if any. */
struct name {
	const char *member, *name, *title;
	unsigned int colour;
};

/* What a member is: how it is checked, and how a table shows it. X_OR_NULL follows X. */
enum kind {
	END, NAME, NAME_OR_NULL, TEXT, TEXT_OR_NULL, BOOL,
	NAME_UNLESS,		/* from here on: null if the row is unavailable */
	NUMBER,			/* not negative */
	NUMBERS,		/* an array */
	SPREAD, SPREAD_OR_NULL,	/* median, min and max */
};

enum { DEMO, BENCH, BOOT, CONTENTION, EXIT_COST, FILES };

struct file {
	const char *name, *command;
	const struct rule *head, *row;	/* besides those of every head */
	json_t *root, *rows;		/* NULL if there is no such file */
};

extern struct file files[FILES];

/* Read and check all files in this folder; returns how many there are. */
int load_files(const char *dir);

/* The member at this path, in which a dot leads into an object; NULL: none. */
json_t *get(json_t *object, const char *path);
double value(json_t *object, const char *path);
bool is(json_t *object, const char *path, const char *text);

const struct name *find_name(const char *member, const char *text);
/* The same for what this member of the object says. */
const struct name *name_of(json_t *object, const char *member);

/*
 * A number for people: three digits, or all of a whole number, in groups. It stays
 * until as many others were asked for.
 */
const char *number(double v);

#define BARS	64
#define PARTS	4

/* A bar, or a stack of parts. */
struct bar {
	char label[100];
	struct part {
		double value;
		const struct name *name;
	} parts[PARTS];
	int count;
	double min, max;	/* of the spread; max is 0 if there is none */
};

/* Bars from the left, one below the other, each under its label. */
extern struct figure {
	const char *axis, *unit;
	bool logarithmic;
	struct bar bars[BARS];
	int count;
} figure;

/* Begin another figure, then add its bars, then their parts. */
void new_figure(const char *axis, const char *unit, bool logarithmic);
struct bar *new_bar(const char *label, ...) __attribute__((format(printf, 1, 2)));
void add_part(struct bar *bar, double v, const struct name *name);
void add_spread(struct bar *bar, json_t *spread, const struct name *name);

/* Write it: commands for gnuplot, HTML, and as text for those who can't see it. */
void draw(FILE *gnuplot, const char *name);
void write_legend(FILE *html);
void write_bars(FILE *html);

#endif
