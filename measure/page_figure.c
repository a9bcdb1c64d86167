// SPDX-License-Identifier: GPL-2.0
/* page_figure - the bars of the page's figures, and the commands that draw them */

#define _GNU_SOURCE
#include <stdarg.h>
#include <string.h>

#include "page.h"
#include "util.h"

/* In pixels; narrow, as it has to be read on a phone */
#define WIDTH	480
#define LEFT	12
#define RIGHT	38
#define BOTTOM	46
#define BAR	42

struct figure figure;

void new_figure(const char *axis, const char *unit, bool logarithmic)
{
	figure.axis = axis;
	figure.unit = unit;
	figure.logarithmic = logarithmic;
	figure.count = 0;
}

struct bar *new_bar(const char *label, ...)
{
	struct bar *bar = &figure.bars[figure.count++];
	va_list args;

	if (figure.count > BARS)
		die(EXIT_INPUT, "there are more than %d bars in \"%s\"", BARS, figure.axis);
	memset(bar, 0, sizeof(*bar));
	va_start(args, label);
	vsnprintf(bar->label, sizeof(bar->label), label, args);
	va_end(args);
	return bar;
}

void add_part(struct bar *bar, double v, const struct name *name)
{
	bar->parts[bar->count++] = (struct part){ v, name };
}

void add_spread(struct bar *bar, json_t *spread, const struct name *name)
{
	add_part(bar, value(spread, "median"), name);
	bar->min = value(spread, "min");
	bar->max = value(spread, "max");
}

static double sum(const struct bar *bar)
{
	double all = 0;

	for (int i = 0; i < bar->count; i++)
		all += bar->parts[i].value;
	return all;
}

/* What is above the bar: until the next call. */
static const char *label(const struct bar *bar)
{
	static char text[sizeof(bar->label) + 40];

	snprintf(text, sizeof(text), "%s: %s%s", bar->label, number(sum(bar)), figure.unit);
	return text;
}

/* The axis: its ends, and a tic each step, or each decade and a number each second one. */
static void put_axis(FILE *gnuplot, double *low, double *high)
{
	double largest = 0, smallest = 1e9, step = 0.001, unit[] = { 2, 2.5, 2 };
	int i;

	for (i = 0; i < figure.count; i++) {
		const struct bar *bar = &figure.bars[i];
		double most = bar->max ?: sum(bar), least = bar->max ? bar->min : sum(bar);

		if (most > largest)
			largest = most;
		if (least > 0 && least < smallest)
			smallest = least;
	}
	fprintf(gnuplot, "set xtics nomirror scale 0.5 offset 0,0.3 (");
	if (figure.logarithmic) {
		for (*low = 1; *low >= smallest; *low /= 10)
			;
		for (*high = *low, i = 0; *high < largest || i < 2; i++, *high *= 10)
			fprintf(gnuplot, "'%s' %g, ", i % 2 ? "" : number(*high), *high);
	} else {
		/* 0.001, 0.002, 0.005, 0.01 and so on */
		for (i = 0; step * 5 < largest; i++)
			step *= unit[i % 3];
		*low = 0;
		for (*high = 0; *high < largest || !*high; *high += step)
			fprintf(gnuplot, "'%s' %g, ", number(*high), *high);
	}
	fprintf(gnuplot, "'%s' %g)\n", figure.logarithmic && i % 2 ? "" : number(*high), *high);
}

/* The commands that draw the figure. */
void draw(FILE *gnuplot, const char *name)
{
	int height = figure.count * BAR + BOTTOM, i, n;
	bool spread = false;
	double low, high;

	fprintf(gnuplot,
		"reset\n"
		"set encoding utf8\n"
		"set terminal svg size %d,%d noenhanced background 'white' font 'sans-serif,13'\n"
		"set output '%s.svg'\n"
		"set lmargin at screen %g\nset rmargin at screen %g\n"
		"set tmargin at screen 1\nset bmargin at screen %g\n"
		"set yrange [0:%d]\nunset ytics\nset border 3\nunset key\n"
		"set grid xtics linetype 1 linecolor '#dddddd'\n"
		"set style fill solid 1 noborder\n"
		"set xlabel '%s%s' offset 0,0.6\n", WIDTH, height, name, (double)LEFT / WIDTH,
		1 - (double)RIGHT / WIDTH, (double)BOTTOM / height, figure.count,
		figure.axis, figure.logarithmic ? ", logarithmic scale" : "");
	put_axis(gnuplot, &low, &high);
	fprintf(gnuplot, "%sset xrange [%g:%g]\n",
		figure.logarithmic ? "set logscale x\n" : "", low, high);
	for (i = 0; i < figure.count; i++)
		fprintf(gnuplot, "set label '%s' at graph 0.008, first %g front\n",
			label(&figure.bars[i]), figure.count - i - 0.27);

	fprintf(gnuplot, "$bars << END\n");
	for (i = 0; i < figure.count; i++) {
		const struct bar *bar = &figure.bars[i];
		double y = figure.count - i - 0.7, from = low, to = 0;

		spread |= bar->max > 0;
		for (n = 0; n < bar->count; n++) {
			to += bar->parts[n].value;
			if (to <= from)
				continue;
			fprintf(gnuplot, "%.9g %g %.9g %.9g %g %g %u\n", to, y, from, to,
				y - 0.2, y + 0.2, bar->parts[n].name->colour);
			from = to;
		}
	}
	fprintf(gnuplot, "END\n$spreads << END\n");
	for (i = 0; i < figure.count; i++)
		if (figure.bars[i].max)
			fprintf(gnuplot, "%.9g %g %.9g %.9g\n", sum(&figure.bars[i]),
				figure.count - i - 0.7, figure.bars[i].min ?: low,
				figure.bars[i].max);
	fprintf(gnuplot, "END\n"
		"plot $bars using 1:2:3:4:5:6:7 with boxxyerror linecolor rgb variable");
	if (spread)
		fprintf(gnuplot, ", $spreads using 1:2:3:4 with xerrorbars "
			"linecolor '#222222' linewidth 1.2 pointtype 0");
	fprintf(gnuplot, "\nunset output\n");
}

/* A legend, unless each bar has a colour of its own: then its label is enough. */
void write_legend(FILE *html)
{
	const struct name *used[BARS * PARTS];
	int count = 0, parts = 0, i;

	for (int bar = 0; bar < figure.count; bar++) {
		parts += figure.bars[bar].count;
		for (int n = 0; n < figure.bars[bar].count; n++) {
			const struct name *name = figure.bars[bar].parts[n].name;

			for (i = 0; i < count && used[i] != name; i++)
				;
			if (i == count)
				used[count++] = name;
		}
	}
	if (count == parts && parts == figure.count)
		return;
	fprintf(html, "<ul class=\"legend\">");
	for (i = 0; i < count; i++)
		fprintf(html, "<li><span style=\"background:#%06x\"></span>%s</li>",
		    used[i]->colour, used[i]->title);
	fprintf(html, "</ul>\n");
}

void write_bars(FILE *html)
{
	fprintf(html, "Bars, %s. ", figure.axis);
	for (int i = 0; i < figure.count; i++)
		fprintf(html, "%s; ", label(&figure.bars[i]));
}
