// SPDX-License-Identifier: GPL-2.0
/*
 * Turns the results in out/ (lab/FORMATS) into one page for people: HTML, and the
 * gnuplot commands of its figures, which measure/report puts into it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"
#include "util.h"

static const char usage[] =
"usage: page DIR HTML GNUPLOT\n"
"\n"
"  DIR      has the results, as lab/FORMATS describes them; any may be missing\n"
"  HTML     is written: the page; the line \"@svg NAME\" is where a figure goes\n"
"  GNUPLOT  is written: commands that draw each figure as NAME.svg\n"
"\n"
"Exit code: 0; 2 bad arguments or input; 3 the output can't be written.\n";

/* Both outputs. */
static FILE *html, *gnuplot;

__attribute__((format(printf, 1, 2)))
static void put(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(html, fmt, args);
	va_end(args);
}

/* Text from a file, for HTML that is well-formed XML as well. */
static void put_text(const char *text)
{
	for (; *text; text++) {
		if (strchr("&<>\"", *text))
			put("&#%d;", *text);
		else
			putc((unsigned char)*text < ' ' ? ' ' : *text, html);
	}
}

/* What ran the guest; a KVM may be on an emulated processor without knowing. */
static const char *accel(json_t *root)
{
	bool nested = json_is_true(get(root, "emulated")) && is(root, "accel", "kvm");

	return nested ? find_name("accel", "nested")->title : name_of(root, "accel")->title;
}

/* What must be known of a file's figures, where they are shown. */
static void put_origin(json_t *root)
{
	if (json_is_true(get(root, "emulated")))
		put(" <strong>%s: counts are exact, times are not those of real exits.</strong>",
		    accel(root));
	else
		put(" %s on a real processor%s.", accel(root),
		    json_is_string(get(root, "host.hypervisor")) ? ", in a virtual machine" : "");
}

/* Returns true if the file is there, and says how to make it if not. */
static bool there(int file)
{
	if (!files[file].root)
		put("<p class=\"missing\">There is no %s yet: <code>%s</code> makes it.</p>\n",
		    files[file].name, files[file].command);
	return files[file].root;
}

/* How a table shows a member of each row. */
struct column {
	enum kind kind;
	const char *path, *title;
};

static void put_cell(const struct column *column, json_t *v)
{
	const struct name *name;

	if (!v || json_is_null(v)) {
		put("\xe2\x80\x93");
	} else if (json_is_number(v)) {
		put("%s", number(json_number_value(v)));
	} else if (json_is_object(v)) {
		put("%s <small>%s\xe2\x80\x93%s</small>", number(value(v, "median")),
		    number(value(v, "min")), number(value(v, "max")));
	} else {
		name = find_name(column->path, json_string_value(v));
		put_text(name ? name->title : json_string_value(v));
	}
}

/* The first column names the row. What is unavailable has its reason for numbers. */
static void put_row(const struct column *column, json_t *row)
{
	const char *why = json_string_value(get(row, "unavailable"));
	int left = 0;

	put("<tr><th scope=\"row\">");
	put_cell(column, get(row, column->path));
	put("</th>");
	for (column++; column->kind && !(why && column->kind >= NUMBER); column++) {
		put(column->kind < NUMBER ? "<td>" : "<td class=\"number\">");
		put_cell(column, get(row, column->path));
		put("</td>");
	}
	while (column[left].kind)
		left++;
	if (left) {
		put("<td colspan=\"%d\">unavailable: ", left);
		put_text(why);
		put("</td>");
	}
	put("</tr>\n");
}

/* The caption goes on with where the figures come from, unless @root is NULL. */
static void table(const char *id, json_t *root, const char *caption,
		  const struct column *columns, json_t *rows)
{
	json_t *row;
	size_t i;

	put("<div class=\"wide\"><table id=\"%s\">\n<caption><span>%s", id, caption);
	if (root)
		put_origin(root);
	put("</span></caption>\n<thead><tr>");
	for (const struct column *column = columns; column->kind; column++)
		put("<th scope=\"col\"%s>%s</th>", column->kind < NUMBER ? "" :
		    " class=\"number\"", column->title);
	put("</tr></thead>\n<tbody>\n");
	json_array_foreach(rows, i, row)
		put_row(columns, row);
	put("</tbody>\n</table></div>\n");
}

/*
 * Add a bar for each row that has this number or spread. Two names are its label, of
 * which the second may be NULL, and one gives the colour.
 */
static void add_bars(json_t *rows, const char *path, const char *label,
		     const char *label2, const char *colour)
{
	json_t *row, *v;
	size_t i;

	json_array_foreach(rows, i, row) {
		struct bar *bar;

		v = get(row, path);
		if (!v || json_is_null(v))
			continue;
		bar = new_bar("%s%s%s", name_of(row, label)->title, label2 ? ", " : "",
			      label2 ? name_of(row, label2)->title : "");
		if (json_is_object(v))
			add_spread(bar, v, name_of(row, colour));
		else
			add_part(bar, json_number_value(v), name_of(row, colour));
	}
}

/* The page has the figure here; nothing if it has no bars. */
static void put_figure(const char *name, json_t *root, const char *caption)
{
	if (!figure.count)
		return;
	put("<figure id=\"%s\">\n<div role=\"img\" aria-label=\"", name);
	write_bars(html);
	put("\">\n@svg %s\n</div>\n", name);
	write_legend(html);
	put("<figcaption>%s", caption);
	put_origin(root);
	put("</figcaption>\n</figure>\n");
	draw(gnuplot, name);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Give the rows of bench.json that have pairs their median, least and greatest. */
static void add_ratios(void)
{
	json_t *row, *pairs;
	size_t i, n, count;

	json_array_foreach(files[BENCH].rows, i, row) {
		double *ratio;

		pairs = json_object_get(row, "ratio_pairs");
		count = json_array_size(pairs);
		if (!count)
			continue;
		ratio = checked(calloc(count, sizeof(*ratio)));
		for (n = 0; n < count; n++)
			ratio[n] = json_number_value(json_array_get(pairs, n));
		qsort(ratio, count, sizeof(*ratio), by_value);
		json_object_set_new(row, "ratio", json_pack("{s:f, s:f, s:f}",
			"median", (ratio[(count - 1) / 2] + ratio[count / 2]) / 2,
			"min", ratio[0], "max", ratio[count - 1]));
		json_object_set_new(row, "pairs", json_integer(count));
		free(ratio);
	}
}

/* " (-96.5 %)" */
static void put_change(double before, double after)
{
	if (before > 0)
		put(" (%+.1f&#160;%%)", 100 * (after - before) / before);
}

/* What ECAM takes of type 1: in a guest of KVM if there was one. */
static void put_read_headline(void)
{
	static const struct source {
		int file;
		const char *member, *boot, *count, *counted, *ns;
	} sources[] = {
		{ BENCH, "method", "default", "exits_per_read.all", "exit", "ns_per_read" },
		{ EXIT_COST, "op", NULL, "exits_per_op", "exit", "ns.median" },
		{ DEMO, "method", "default", "accesses_per_read", "access", "ns_per_read" },
	};
	bool said = false;
	json_t *row;
	size_t n;

	for (const struct source *s = sources; s < sources + 3; s++) {
		json_t *type1 = NULL, *ecam = NULL;
		double ratio;

		json_array_foreach(files[s->file].rows, n, row) {
			if (s->boot && !is(row, "boot", s->boot))
				continue;
			if (is(row, s->member, "type1"))
				type1 = row;
			if (is(row, s->member, "ecam"))
				ecam = row;
		}
		if (!value(type1, s->ns) || !value(ecam, s->ns) || (said && s->file == DEMO))
			continue;
		ratio = get(ecam, "ratio") ? value(ecam, "ratio.median") :
			value(ecam, s->ns) / value(type1, s->ns);
		if (said)
			put(", %s in a guest without a kernel", number(ratio));
		else
			put("By ECAM a read of PCI configuration space takes %s %s%s instead "
			    "of %s, and %s of the time that it takes by type 1",
			    number(value(ecam, s->count)), s->counted,
			    value(ecam, s->count) == 1 ? "" : s->file == DEMO ? "es" : "s",
			    number(value(type1, s->count)), number(ratio));
		put(" (%s)", accel(files[s->file].root));
		said = true;
	}
	put(said ? ". " : "No read by ECAM was timed yet. ");
}

static json_t *boot_row(const char *variant, const char *phase, double functions)
{
	json_t *row;
	size_t i;

	json_array_foreach(files[BOOT].rows, i, row)
		if (is(row, "variant", variant) && is(row, "phase", phase) &&
		    value(row, "functions") == functions)
			return row;
	return NULL;
}

static double accesses(json_t *row)
{
	return value(row, "accesses.port_write") + value(row, "accesses.port_read") +
	       value(row, "accesses.ecam_read") + value(row, "accesses.ecam_write");
}

/* What the series takes off a boot, on the first machine that both were booted on. */
static void put_boot_headline(void)
{
	json_t *row, *all[2], *ms[2];
	size_t i;

	json_array_foreach(files[BOOT].rows, i, row) {
		double functions = value(row, "functions");

		all[0] = boot_row("unpatched", "all", functions);
		all[1] = boot_row("both", "all", functions);
		if (!all[0] || !all[1])
			continue;
		put("Linux makes %s accesses to it in a boot with %s functions instead of "
		    "%s", number(accesses(all[1])), number(functions),
		    number(accesses(all[0])));
		put_change(accesses(all[0]), accesses(all[1]));
		ms[0] = get(boot_row("unpatched", "enumeration", functions), "ms");
		ms[1] = get(boot_row("both", "enumeration", functions), "ms");
		if (json_is_object(ms[0]) && json_is_object(ms[1])) {
			put(", and enumeration takes %s ms instead of %s",
			    number(value(ms[1], "median")), number(value(ms[0], "median")));
			put_change(value(ms[0], "median"), value(ms[1], "median"));
		}
		put(" (%s).", accel(files[BOOT].root));
		return;
	}
	put("No boot was profiled yet.");
}

static const struct column machine_columns[] = {
	{ TEXT, "file", "results" }, { TEXT, "kernel", "kernel" }, { TEXT, "base", "base" },
	{ TEXT, "series", "series" }, { TEXT, "machine", "machine" }, { TEXT, "vmm", "VMM" },
	{ TEXT, "ran", "accelerator" }, { 0 }
};

static void put_machines(void)
{
	json_t *rows = json_array(), *host = get(files[EXIT_COST].root, "host");
	const char *text;

	for (int i = 0; i < FILES; i++) {
		if (!files[i].root)
			continue;
		json_object_set_new(files[i].root, "file", json_string(files[i].name));
		json_object_set_new(files[i].root, "ran", json_string(accel(files[i].root)));
		json_array_append(rows, files[i].root);
	}
	table("machines", NULL, "The guest's kernel, what the series is based on and its last "
	      "commit, the machine, its VMM, and what ran it.", machine_columns, rows);
	json_decref(rows);
	if (!host)
		return;
	put("<p>The host of exit-cost.json: ");
	text = json_string_value(get(host, "processor"));
	put_text(text ?: "a processor without a name");
	put(", Linux ");
	put_text(json_string_value(get(host, "kernel")));
	text = json_string_value(get(host, "virtualization"));
	put(", virtualization by ");
	put_text(text ?: "neither VMX nor SVM");
	text = json_string_value(get(host, "hypervisor"));
	put(text ? ", itself a guest of the hypervisor " : ", bare metal");
	put_text(text ?: "");
	put(".</p>\n");
}

static const struct column reads_columns[] = {
	{ NAME, "boot", "boot" }, { NAME, "method", "method" }, { NAME, "serves", "served by" },
	{ NUMBER, "reads", "reads" }, { NUMBER, "seconds", "s" },
	{ NUMBER, "ns_per_read", "ns a read" }, { 0 }
};

static const struct column bench_columns[] = {
	{ NAME, "boot", "boot" }, { NAME, "method", "method" }, { NAME, "serves", "served by" },
	{ NUMBER, "reads", "reads" }, { NUMBER, "seconds", "s" },
	{ NUMBER, "ns_per_read", "ns a read" }, { NUMBER, "median_ns", "median" },
	{ NUMBER, "p99_ns", "99 %" }, { 0 }
};

static const struct column accesses_columns[] = {
	{ NAME, "boot", "boot" }, { NAME, "method", "method" }, { NAME, "ecam", "ECAM is" },
	{ NUMBER, "accesses_per_read", "accesses a read" }, { 0 }
};

static const struct column exits_columns[] = {
	{ NAME, "boot", "boot" }, { NAME, "method", "method" }, { NAME, "ecam", "ECAM is" },
	{ NUMBER, "exits_per_read.all", "exits" }, { NUMBER, "exits_per_read.io", "ports" },
	{ NUMBER, "exits_per_read.mmio", "memory" },
	{ NUMBER, "exits_per_read.user", "to user space" }, { 0 }
};

static const struct column ratio_columns[] = {
	{ NAME, "boot", "boot" }, { NAME, "method", "method" },
	{ NUMBER, "ratio.median", "median" }, { NUMBER, "ratio.min", "least" },
	{ NUMBER, "ratio.max", "greatest" }, { NUMBER, "pairs", "pairs" }, { 0 }
};

static const struct column instructions_columns[] = {
	{ NAME, "boot", "boot" }, { NAME, "method", "method" },
	{ NUMBER, "instructions_per_read", "instructions a read" }, { 0 }
};

static const struct column exit_cost_columns[] = {
	{ NAME, "op", "access" }, { SPREAD, "ns", "ns" }, { NUMBER, "exits_per_op", "exits" },
	{ NUMBER, "user_exits_per_op", "to user space" }, { NUMBER, "n", "in a run" }, { 0 }
};

static void reads(void)
{
	struct file *bench = &files[BENCH], *demo = &files[DEMO];
	struct file *drawn = bench->root ? bench : demo;
	char *caption;

	new_figure("ns a read", " ns", true);
	add_bars(drawn->rows, "ns_per_read", "method", "boot", "serves");
	put_figure("reads", drawn->root, "What a read takes in a guest, the colour says by what. "
		   "Shorter is better.");
	if (there(BENCH))
		table("bench", bench->root, "Reads in a guest of KVM, in a loop; median and 99th "
		      "percentile, in ns, are of single reads, each timed by itself. Only the "
		      "times of one boot can be compared with each other.",
		      bench_columns, bench->rows);
	if (there(DEMO)) {
		caption = format("Reads in a guest, in a loop that takes %s ns of each itself.",
				 number(value(demo->root, "empty_loop_ns_per_read")));
		table("demo", demo->root, caption, reads_columns, demo->rows);
		free(caption);
	}
}

static void exit_cost(void)
{
	struct file *file = &files[EXIT_COST];

	if (!there(EXIT_COST))
		return;
	put("<p>The same accesses in a VM without a kernel. Coalesced: KVM keeps what is written "
	    "to 0xCF8 until the read of 0xCFC leaves for user space. QEMU asks for that, but on its PC "
	    "machines port 0xCF9 is a register of its own, and KVM then keeps none of them. "
	    "Read-only memory: what an ECAM region could be made of.</p>\n");
	new_figure("ns an access", " ns", true);
	add_bars(file->rows, "ns", "op", NULL, "op");
	put_figure("exit-cost-times", file->root,
		   "What an access takes without a kernel: median, and from the least to the "
		   "greatest of 5 runs. The empty loop is part of each.");
	table("exit-cost", file->root, "Time and exits of an access. Time: median, least and "
	      "greatest of 5 runs; exits by KVM's statistics.", exit_cost_columns, file->rows);
}

static void exits(void)
{
	struct file *bench = &files[BENCH], *demo = &files[DEMO];

	if (there(BENCH))
		table("exits", bench->root, "Exits a read, by KVM's statistics: all, those of port "
		      "and memory accesses, and those of all that go on to user space.",
		      exits_columns, bench->rows);
	if (there(DEMO))
		table("accesses", demo->root, "Port and memory accesses a read, counted by the "
		      "VMM in a run of its own.", accesses_columns, demo->rows);
}

/* A table of those rows of bench.json that have this number. */
static void bench_table(const char *with, json_t *root, const char *caption,
			const struct column *columns)
{
	json_t *rows = json_array(), *row;
	size_t i;

	json_array_foreach(files[BENCH].rows, i, row)
		if (json_is_number(get(row, with)))
			json_array_append(rows, row);
	if (there(BENCH))
		table(with, root, caption, columns, rows);
	json_decref(rows);
}

static void ratio(void)
{
	bench_table("pairs", files[BENCH].root,
		    "Time of a method divided by the time of type 1 in the same boot, in pairs "
		    "of chunks that were timed one after the other.", ratio_columns);
}

static void instructions(void)
{
	bench_table("instructions_per_read", NULL,
		    "Instructions that the guest executes for a read, less those of the loop. "
		    "<strong>Counted on an emulated processor (TCG), which is exact.</strong>",
		    instructions_columns);
}

static const struct column boot_columns[] = {
	{ NAME, "variant", "kernel" },
	{ NUMBER, "accesses.early", "early" }, { NUMBER, "accesses.acpi", "ACPI" },
	{ NUMBER, "accesses.enumeration", "enume&#173;ration" },
	{ NUMBER, "accesses.drivers", "drivers" }, { NUMBER, "accesses.all", "all" },
	{ NUMBER, "kinds.port_write", "port writes" }, { NUMBER, "kinds.port_read", "port reads" },
	{ NUMBER, "kinds.ecam_read", "ECAM reads" }, { NUMBER, "kinds.ecam_write", "ECAM writes" },
	{ 0 }
};

static const struct column times_columns[] = {
	{ NAME, "variant", "kernel" },
	{ SPREAD, "ms.early", "early" }, { SPREAD, "ms.acpi", "ACPI" },
	{ SPREAD, "ms.enumeration", "enume&#173;ration" }, { SPREAD, "ms.drivers", "drivers" },
	{ SPREAD, "ms.all", "all" }, { NUMBER, "boots", "boots" }, { 0 }
};

/* One row a variant: the phases that it has on the machine with these functions. */
static json_t *boots(double functions)
{
	json_t *variants = json_array(), *by_name = json_object(), *variant, *row;
	size_t i;

	json_array_foreach(files[BOOT].rows, i, row) {
		const char *name = json_string_value(get(row, "variant"));
		const char *phase = json_string_value(get(row, "phase"));

		if (value(row, "functions") != functions)
			continue;
		variant = json_object_get(by_name, name);
		if (!variant) {
			variant = json_pack("{s:s, s:{}, s:{}, s:O}", "variant", name,
					    "accesses", "ms", "boots", get(row, "boots"));
			json_array_append(variants, variant);
			json_object_set_new(by_name, name, variant);
		}
		json_object_set_new(get(variant, "accesses"), phase, json_real(accesses(row)));
		json_object_set(get(variant, "ms"), phase, get(row, "ms"));
		if (!strcmp(phase, "all"))
			json_object_set(variant, "kinds", get(row, "accesses"));
	}
	json_decref(by_name);
	return variants;
}

/* A stack of phases; of their sum, if there is nothing else. */
static void add_phases(struct bar *bar, json_t *sums)
{
	static const char * const phases[] = { "early", "acpi", "enumeration", "drivers" };

	for (int n = 0; n < 4; n++)
		if (json_object_get(sums, phases[n]))
			add_part(bar, value(sums, phases[n]), find_name("phase", phases[n]));
	if (!bar->count)
		add_part(bar, value(sums, "all"), find_name("phase", "all"));
}

static void boot_accesses(double functions, json_t *variants)
{
	char *id = format("boot-accesses-%g", functions);
	char *table_id = format("%s-table", id);
	json_t *row, *root = files[BOOT].root;
	size_t i;

	new_figure("accesses in a boot", "", false);
	json_array_foreach(variants, i, row)
		add_phases(new_bar("%s", name_of(row, "variant")->title), get(row, "accesses"));
	put_figure(id, root, "Configuration accesses of the kernel in one boot, by phase.");
	table(table_id, root, "Configuration accesses of the kernel in one boot: by phase, and "
	      "all of them by kind.", boot_columns, variants);
	free(id);
	free(table_id);
}

static void boot_times(double functions, json_t *variants)
{
	static const char * const phases[] = { "enumeration", "all" };
	char *id = format("boot-times-%g", functions);
	char *table_id = format("%s-table", id);
	json_t *row, *ms, *root = files[BOOT].root;
	size_t i;

	new_figure("ms", " ms", false);
	json_array_foreach(variants, i, row)
		for (int n = 0; n < 2; n++) {
			const struct name *phase = find_name("phase", phases[n]);

			ms = json_object_get(get(row, "ms"), phases[n]);
			if (json_is_object(ms))
				add_spread(new_bar("%s, %s", name_of(row, "variant")->title,
						   phase->title), ms, phase);
		}
	put_figure(id, root, "Time of a boot and of the enumeration in it: median, and from "
		   "the least to the greatest of all boots.");
	if (figure.count)
		table(table_id, root, "Time of the phases of a boot in ms: median, least and "
		      "greatest.", times_columns, variants);
	else
		put("<p class=\"missing\">These boots were counted and not timed: "
		    "<code>%s</code> times them.</p>\n", files[BOOT].command);
	free(id);
	free(table_id);
}

/* Once for each number of functions, in the order of the file. */
static void each_machine(void (*show)(double functions, json_t *variants))
{
	json_t *seen = json_object(), *row, *variants;
	size_t i;

	there(BOOT);
	json_array_foreach(files[BOOT].rows, i, row) {
		const char *functions = number(value(row, "functions"));

		if (json_object_get(seen, functions))
			continue;
		json_object_set_new(seen, functions, json_true());
		variants = boots(value(row, "functions"));
		put("<h3>%s functions</h3>\n", functions);
		show(value(row, "functions"), variants);
		json_decref(variants);
	}
	json_decref(seen);
}

static void all_accesses(void)
{
	each_machine(boot_accesses);
}

static void all_times(void)
{
	each_machine(boot_times);
}

static const struct column contention_columns[] = {
	{ NAME, "method", "method" }, { NAME, "from", "readers are" },
	{ NUMBER, "processors", "processors" }, { NUMBER, "readers", "readers" },
	{ SPREAD, "reads_per_second", "reads a second" }, { 0 }
};

static const struct column irqs_off_columns[] = {
	{ NAME, "method", "method" }, { NAME, "from", "reader is" },
	{ NUMBER, "processors", "processors" }, { SPREAD, "irqs_off_us", "\xc2\xb5s" }, { 0 }
};

static void contention(void)
{
	struct file *file = &files[CONTENTION];
	json_t *row;
	size_t i;

	if (!there(CONTENTION))
		return;
	new_figure("reads a second, of all readers", "", false);
	json_array_foreach(file->rows, i, row)
		add_spread(new_bar("%s, %s, %s on %s", name_of(row, "method")->title,
				   name_of(row, "from")->title, number(value(row, "readers")),
				   number(value(row, "processors"))),
			   get(row, "reads_per_second"), name_of(row, "method"));
	put_figure("contention", file->root, "Reads a second of all readers together, \"2 on 2\" "
		   "being 2 readers on 2 processors. Longer is better. Median, and from the "
		   "least to the greatest of some windows of a second.");
	table("contention-table", file->root, "Reads a second of all readers together: median, "
	      "least and greatest.", contention_columns, file->rows);
}

static void irqs_off(void)
{
	struct file *file = &files[CONTENTION];
	json_t *rows = json_array(), *row;
	size_t i;

	json_array_foreach(file->rows, i, row)
		if (json_is_object(get(row, "irqs_off_us")))
			json_array_append(rows, row);
	new_figure("\xc2\xb5s with interrupts off", " \xc2\xb5s", false);
	add_bars(rows, "irqs_off_us", "method", "from", "method");
	put_figure("irqs-off", file->root, "The longest stretch with interrupts off while one "
		   "reader reads, by the irqsoff tracer, in some windows of 1,000 reads: median, and "
		   "from the least to the greatest. Shorter is better. Where a method is not "
		   "shown, the longest one was always another's, as the timer's.");
	if (figure.count)
		table("irqs-off-table", file->root, "The longest stretch with interrupts off: "
		      "median, least and greatest.", irqs_off_columns, rows);
	else if (there(CONTENTION))
		put("<p class=\"missing\">The irqsoff tracer was not used in these runs.</p>\n");
	json_decref(rows);
}

static void fleets(void)
{
	put("<p>The selftest of the series prints plain KTAP, so KernelCI and LAVA take it as it "
	    "is: <code>Documentation/PCI/x86-config-access.rst</code> says how. In a kernel tree "
	    "with the series:</p>\n"
	    "<pre><code>make -C tools/testing/selftests TARGETS=pci_cfg install\n"
	    "tools/testing/selftests/kselftest_install/run_kselftest.sh -c pci_cfg"
	    "</code></pre>\n");
}

static const struct {
	const char *id, *title;
	void (*show)(void);
} sections[] = {
	{ "reads-section", "Time of a read", reads },
	{ "exit-cost-section", "What an access costs without a kernel", exit_cost },
	{ "exits-section", "Exits and accesses a read", exits },
	{ "ratio-section", "Time relative to type 1", ratio },
	{ "instructions-section", "Instructions a read", instructions },
	{ "accesses-section", "Accesses in a boot", all_accesses },
	{ "times-section", "Time of a boot", all_times },
	{ "contention-section", "Several readers at once", contention },
	{ "irqs-off-section", "Interrupts off", irqs_off },
	{ "fleets-section", "On a fleet", fleets },
};

static const char top[] =
"<!DOCTYPE html>\n"
"<html lang=\"en\">\n"
"<head>\n"
"<meta charset=\"utf-8\"/>\n"
"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
"<meta name=\"color-scheme\" content=\"only light\"/>\n"
"<title>PCI configuration space accesses of a guest</title>\n"
"<style>\n"
"html { color: #1a1a1a; background: #fff; font: 1rem/1.5 sans-serif; }\n"
"body { max-width: 46rem; margin: 0 auto; padding: 1rem; }\n"
"h1 { font-size: 1.6rem; line-height: 1.25; }\n"
"h2 { font-size: 1.25rem; margin: 1.75rem 0 0.75rem; border-top: 1px solid #bbb;\n"
"     padding-top: 0.75rem; }\n"
"h3 { font-size: 1rem; margin: 1.5rem 0 0.5rem; }\n"
"code { font-size: 0.9em; }\n"
"pre, .wide { overflow-x: auto; break-inside: avoid; }\n"
"figure { margin: 1rem 0 1.5rem; max-width: 35rem; break-inside: avoid; }\n"
"svg { display: block; width: 100%; height: auto; }\n"
"figcaption, caption { font-size: 0.875rem; color: #444; text-align: left; }\n"
"caption { padding-bottom: 0.4rem; }\n"
"caption span { display: inline-block; position: sticky; left: 0;\n"
"               max-width: calc(100vw - 2rem); }\n"
".legend { list-style: none; margin: 0 0 0.4rem; padding: 0; font-size: 0.875rem; }\n"
".legend li { display: inline-block; margin-right: 1rem; }\n"
".legend span { display: inline-block; width: 0.8em; height: 0.8em; margin-right: 0.35em; }\n"
"table { border-collapse: collapse; margin: 1rem 0 1.5rem; font-size: 0.875rem;\n"
"        line-height: 1.35; }\n"
"th, td { padding: 0.25rem 0.9rem 0.25rem 0; text-align: left; vertical-align: top;\n"
"         border-bottom: 1px solid #ddd; }\n"
"thead th { border-bottom: 1px solid #888; vertical-align: bottom; }\n"
"tbody th { font-weight: normal; white-space: nowrap; }\n"
".number { text-align: right; font-variant-numeric: tabular-nums; }\n"
"small { display: block; color: #555; font-size: 0.75rem; white-space: nowrap; }\n"
".missing { color: #555; }\n"
"@media (max-width: 40rem) {\n"
"td { white-space: nowrap; }\n"
"}\n"
"@media print {\n"
"body { max-width: none; padding: 0; }\n"
"html { font-size: 10pt; }\n"
"h2, h3 { break-after: avoid; }\n"
"* { print-color-adjust: exact; }\n"
"}\n"
"</style>\n"
"</head>\n"
"<body>\n"
"<main>\n"
"<h1>PCI configuration space accesses of a guest: ports or ECAM</h1>\n";

static void put_page(void)
{
	put("%s<p id=\"headline\">", top);
	put_read_headline();
	put_boot_headline();
	put("</p>\n");
	put_machines();
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		put("<section id=\"%s\">\n<h2>%s</h2>\n", sections[i].id, sections[i].title);
		sections[i].show();
		put("</section>\n");
	}
	put("</main>\n</body>\n</html>\n");
}

static FILE *create(const char *path)
{
	FILE *stream = fopen(path, "w");

	if (!stream)
		die(EXIT_HOST, "%s: %s", path, strerror(errno));
	return stream;
}

static void finish(FILE *stream, const char *path)
{
	bool bad = ferror(stream);

	if (fclose(stream) || bad)
		die(EXIT_HOST, "%s: %s", path, strerror(errno));
}

int main(int argc, char **argv)
{
	bool help = argc == 2 && !strcmp(argv[1], "--help");
	int i;

	if (argc != 4) {
		fputs(usage, help ? stdout : stderr);
		return help ? EXIT_SUCCESS : EXIT_INPUT;
	}
	if (!load_files(argv[1]))
		die(EXIT_INPUT, "%s has no results: make demo makes the first", argv[1]);
	add_ratios();

	html = create(argv[2]);
	gnuplot = create(argv[3]);
	put_page();
	finish(html, argv[2]);
	finish(gnuplot, argv[3]);
	for (i = 0; i < FILES; i++)
		json_decref(files[i].root);
	return EXIT_SUCCESS;
}
