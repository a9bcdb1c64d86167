// SPDX-License-Identifier: GPL-2.0
/*
 * records - what the guest says through its second serial port, and what follows
 *
 * lab/init/init.c lists the records.
 */

#include "vm.h"

/*
 * For --exits: KVM's binary statistics, which QEMU passes on (query-stats, since QEMU 7.1 and
 * Linux 5.14). The names are those of arch/x86/kvm/x86.c.
 */
static const struct {
	const char *statistic, *member;
} exit_kinds[] = {
	{ "exits",	"all" },
	{ "irq_exits",	"irq" },
	{ "io_exits",	"io" },
	{ "mmio_exits",	"mmio" },
	/* KVM saves the guest's FPU registers whenever KVM_RUN returns. */
	{ "fpu_reload",	"user" },
};

bool take_exits(json_t *message)
{
	json_t *processors, *processor, *statistic, *spent, *counts;
	json_int_t value;
	double at = now();
	const char *name;
	size_t i, j, k;

	/* No other command has an id. */
	if (json_unpack(message, "{s:s,s:o}", "id", &name, "return", &processors))
		return false;
	counts = json_object();
	json_array_foreach(processors, i, processor) {
		json_array_foreach(json_object_get(processor, "stats"), j, statistic) {
			if (json_unpack(statistic, "{s:s,s:I}", "name", &name, "value", &value))
				continue;
			value += json_integer_value(json_object_get(counts, name));
			json_object_set_new(counts, name, json_integer(value));
		}
	}
	/* Without KVM nothing is counted, and the JSON file says null. */
	if (!i && !strcmp(options.accel, "kvm"))
		end(EXIT_HOST, "QEMU has no statistics of KVM (Linux 5.14 and QEMU 7.1 have them)");
	spent = json_pack("{s:f}", "seconds", at - run.counted_at);
	for (k = 0; k < G_N_ELEMENTS(exit_kinds); k++) {
		json_t *after = json_object_get(counts, exit_kinds[k].statistic);
		json_t *before = json_object_get(run.counts, exit_kinds[k].statistic);

		if (i && !after)
			end(EXIT_HOST, "KVM does not count its %s (Linux 5.14 does)",
			    exit_kinds[k].statistic);
		json_object_set_new(spent, exit_kinds[k].member, !i ? json_null() :
				    json_integer(json_integer_value(after) - json_integer_value(before)));
	}
	if (run.counted != trace.open_mark)
		json_object_set_new(run.exits, run.counted, spent);
	run.counts = counts;
	run.counted_at = at;
	return true;
}

/*
 * Returns "a=1 b=text" as an object, or NULL if it is something else. The value of "unavailable"
 * is text up to the end of the line.
 */
static json_t *parse_pairs(char *text)
{
	json_t *pairs = json_object();
	char *pair, *value;
	gint64 number;

	while (text) {
		pair = strsep(&text, strncmp(text, "unavailable=", 12) ? " " : "\n");
		if (!*pair)
			continue;
		value = strchr(pair, '=');
		if (!value || value == pair) {
			json_decref(pairs);
			return NULL;
		}
		*value++ = '\0';
		json_object_set_new(pairs, pair,
				    g_ascii_string_to_signed(value, 10, 0, G_MAXINT64, &number, NULL) ?
				    json_integer(number) : json_string(value));
	}
	return pairs;
}

/*
 * --reset-once. Otherwise a reset ends QEMU, even if the guest wants it. SeaBIOS follows our reset
 * by one of its own, so allow them until user space is up again.
 */
static void reset_once(void)
{
	if (run.boots > 1) {
		command("{\"execute\":\"set-action\",\"arguments\":{\"reboot\":\"shutdown\"}}");
		return;
	}
	command("{\"execute\":\"set-action\",\"arguments\":{\"reboot\":\"reset\"}}");
	command("{\"execute\":\"system_reset\"}");
	forget_records();
	run.resets = true;
}

/*
 * The functions take_... take a record, of which the text is all but the kind. They return false
 * if it makes no sense.
 */
static bool take_start(char *text)
{
	json_t *pairs = parse_pairs(text);
	bool sensible = !run.user_space && json_object_get(pairs, "kernel");

	run.boots++;
	run.user_space = true;
	run.restarts = run.resets = false;
	trace.tally = NULL;
	if (sensible) {
		json_object_update_missing(run.said, pairs);
		json_object_set_new(run.said, "user_space_seconds", json_real(now() - run.started));
		if (options.reset_once)
			reset_once();
	}
	json_decref(pairs);
	return sensible;
}

static bool take_restart(char *text)
{
	forget_records();
	run.restarts = true;
	/* kdump: the panic was on purpose. */
	if (run.panic && !run.killed)
		withdraw_grace();
	free(run.panic);
	run.panic = NULL;
	return !*text && !trace.open_mark;
}

/* With --exits the guest waits at a mark until we know KVM's counts. */
static bool take_mark(char *text)
{
	const char *ended = trace.open_mark;
	bool begins = !strncmp(text, "begin=", 6) && text[6];

	if (begins ? !begin_mark(text + 6) : strncmp(text, "end=", 4) || !end_mark(text + 4))
		return false;
	if (options.exits) {
		run.counted = begins ? trace.open_mark : ended;
		command("{\"execute\":\"query-stats\",\"id\":\"exits\",\"arguments\":"
			"{\"target\":\"vcpu\",\"providers\":[{\"provider\":\"kvm\"}]}}");
	}
	return true;
}

/* --on. The guest sees for itself what comes of it. */
static bool take_ask(char *text)
{
	size_t length = strlen(text);
	char **on = options.on;

	while (on && *on && (strncmp(*on, text, length) || (*on)[length] != '='))
		on++;
	if (on && *on)
		command(*on + length + 1);
	else
		end(EXIT_INPUT, "the guest asks for \"%.*s\", but there is no --on %.*s=...",
		    QUOTE_LENGTH, text, QUOTE_LENGTH, text);
	return length;
}

static bool take_verdict(char *text)
{
	run.passed = !strcmp(text, "pass") && !trace.open_mark;
	if (!run.passed && strncmp(text, "fail ", 5))
		return false;
	run.verdict = g_strdup(run.passed ? "" : text + 5);
	allow_grace();
	return true;
}

static const struct {
	const char *name;
	bool (*take)(char *text);	/* or NULL: it is kept for the JSON file */
	const char *array;		/* the member with those that are kept */
} kinds[] = {
	{ "start",	take_start,	NULL },
	{ "restart",	take_restart,	NULL },
	{ "mark",	take_mark,	NULL },
	{ "ask",	take_ask,	NULL },
	{ "verdict",	take_verdict,	NULL },
	{ "ktap",	NULL,	"ktap" },	/* the only one that is not pairs */
	{ "phase",	NULL,	"phases" },
	{ "result",	NULL,	"results" },
	{ "chunk",	NULL,	"chunks" },
	{ "latency",	NULL,	"latency" },
	{ "contention",	NULL,	"contention" },
	{ "irqsoff",	NULL,	"irqsoff" },
};

void forget_records(void)
{
	json_decref(run.said);
	run.said = json_object();
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (kinds[i].array)
			json_object_set_new(run.said, kinds[i].array, json_array());
	}
	run.user_space = false;
}

static bool take_kind(const char *kind, char *text)
{
	double arrival = now() - run.started;
	json_t *record;
	size_t i = 0;

	while (i < G_N_ELEMENTS(kinds) && strcmp(kind, kinds[i].name))
		i++;
	/* The first record is the start, and none follows the verdict. */
	if (i == G_N_ELEMENTS(kinds) || run.verdict || (!run.user_space && kinds[i].take != take_start))
		return false;
	if (kinds[i].take)
		return kinds[i].take(text);
	record = strcmp(kind, "ktap") ? parse_pairs(text) : json_string(text);
	/* So that the guest's clock can be converted to ours. */
	if (!strcmp(kind, "phase"))
		json_object_set_new(record, "arrival", json_real(arrival));
	return !json_array_append_new(json_object_get(run.said, kinds[i].array), record);
}

void take_record(char *line)
{
	/* Firmware that takes each serial port for a terminal (OVMF) writes to ours at first. */
	bool firmware = !run.boots && strchr(line, '\033');
	char *quoted = g_strdup(plain(line)), *kind = strsep(&line, " ");

	/* A start follows an empty line, which ends a record that a reset cut off. */
	if (*quoted && !firmware && !(run.resets && strcmp(kind, "start")) &&
	    !take_kind(kind, line ? line : ""))
		end(EXIT_GUEST, "the guest sent a record that makes no sense here: \"%.*s\"",
		    QUOTE_LENGTH, quoted);
	free(quoted);
}
