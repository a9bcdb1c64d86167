// SPDX-License-Identifier: GPL-2.0
/* records - what the guest's first process says through the second serial port */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "records.h"

/*
 * "a=1 b=text" as an object. The value of "unavailable" is free text to the
 * end of the line. Returns NULL for anything else.
 */
static json_t *parse_pairs(char *text)
{
	json_t *pairs = checked(json_object());
	char *pair, *rest = text;

	while (*rest) {
		bool free_text = !strncmp(rest, "unavailable=", 12);
		char *value, *end_of_number;
		json_t *item;
		long long number;

		pair = strsep(&rest, free_text ? "\n" : " ");
		if (!rest)
			rest = "";
		if (!*pair)
			continue;
		value = strchr(pair, '=');
		if (!value || value == pair) {
			json_decref(pairs);
			return NULL;
		}
		*value++ = '\0';
		errno = 0;
		number = strtoll(value, &end_of_number, 10);
		if (isdigit((unsigned char)*value) && !*end_of_number && !errno)
			item = json_integer(number);
		else
			item = json_string(value);
		json_object_set_new(pairs, pair, checked(item));
	}
	return pairs;
}

/* What a kernel has said that is gone. */
static void forget(struct records *records)
{
	json_decref(records->start);
	records->start = NULL;
	json_array_clear(records->ktap);
	json_array_clear(records->results);
	json_array_clear(records->chunks);
	json_array_clear(records->phases);
	json_array_clear(records->latency);
	json_array_clear(records->contention);
	json_array_clear(records->irqsoff);
}

static bool take_start(struct records *records, char *text)
{
	if (records->start)
		return false;
	records->boots++;
	records->restarts = records->reset = false;
	records->start = parse_pairs(text);
	begin_user_space(records->trace);
	if (!records->start || !json_object_get(records->start, "kernel"))
		return false;
	json_object_set_new(records->start, "user_space_seconds",
			    json_real(now() - records->started));
	return true;
}

static bool take_restart(struct records *records, char *text)
{
	forget(records);
	records->restarts = true;
	return !*text && !records->trace->open_mark;
}

static bool take_ktap(struct records *records, char *text)
{
	json_array_append_new(records->ktap, json_string(text));
	return true;
}

static bool add_pairs(json_t *array, char *text)
{
	json_t *pairs = parse_pairs(text);

	return pairs && !json_array_append_new(array, pairs);
}

static bool take_result(struct records *records, char *text)
{
	return add_pairs(records->results, text);
}

static bool take_chunk(struct records *records, char *text)
{
	return add_pairs(records->chunks, text);
}

/* With the time at which it came, so that the guest's clock can be told in ours. */
static bool take_phase(struct records *records, char *text)
{
	json_t *phase = parse_pairs(text);

	if (!phase)
		return false;
	json_object_set_new(phase, "arrival", json_real(now() - records->started));
	return !json_array_append_new(records->phases, phase);
}

static bool take_latency(struct records *records, char *text)
{
	return add_pairs(records->latency, text);
}

static bool take_contention(struct records *records, char *text)
{
	return add_pairs(records->contention, text);
}

static bool take_irqsoff(struct records *records, char *text)
{
	return add_pairs(records->irqsoff, text);
}

static bool take_mark(struct records *records, char *text)
{
	if (!strncmp(text, "begin=", 6) && text[6])
		return begin_mark(records->trace, text + 6);
	if (!strncmp(text, "end=", 4))
		return end_mark(records->trace, text + 4);
	return false;
}

static bool take_ask(struct records *records, char *text)
{
	if (!*text || records->asked)
		return false;
	records->asked = checked(strdup(text));
	return true;
}

static bool take_verdict(struct records *records, char *text)
{
	if (!strcmp(text, "pass") && !records->trace->open_mark) {
		records->passed = true;
		records->verdict = checked(strdup(""));
		return true;
	}
	if (!strncmp(text, "fail ", 5)) {
		records->verdict = checked(strdup(text + 5));
		return true;
	}
	return false;
}

static const struct {
	const char *kind;
	bool (*take)(struct records *records, char *text);
} kinds[] = {
	{ "start",	take_start },
	{ "restart",	take_restart },
	{ "ktap",	take_ktap },
	{ "result",	take_result },
	{ "chunk",	take_chunk },
	{ "phase",	take_phase },
	{ "latency",	take_latency },
	{ "contention",	take_contention },
	{ "irqsoff",	take_irqsoff },
	{ "mark",	take_mark },
	{ "ask",	take_ask },
	{ "verdict",	take_verdict },
};

void init_records(struct records *records, struct ending *ending, struct trace *trace)
{
	*records = (struct records){
		.ktap		= checked(json_array()),
		.results	= checked(json_array()),
		.chunks		= checked(json_array()),
		.phases		= checked(json_array()),
		.latency	= checked(json_array()),
		.contention	= checked(json_array()),
		.irqsoff	= checked(json_array()),
		.ending		= ending,
		.trace		= trace,
	};
}

void free_records(struct records *records)
{
	json_decref(records->start);
	json_decref(records->ktap);
	json_decref(records->results);
	json_decref(records->chunks);
	json_decref(records->phases);
	json_decref(records->latency);
	json_decref(records->contention);
	json_decref(records->irqsoff);
	free(records->asked);
	free(records->verdict);
}

void expect_reset(struct records *records)
{
	forget(records);
	records->reset = true;
}

void take_record(struct records *records, const char *line)
{
	char *quoted = plain(line), *text = checked(strdup(quoted));
	char *rest = text, *kind = strsep(&rest, " ");
	/* A start comes with an empty line, which ends what a reset has cut off. */
	bool understood = !*line || (records->reset && strcmp(kind, "start"));

	/* Firmware that takes each serial port for a terminal (OVMF) has it first. */
	if (!records->boots && strchr(line, '\033'))
		understood = true;

	for (size_t i = 0; !understood && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		/* The first record is the start, none follows the verdict. */
		if (strcmp(kind, kinds[i].kind) || records->verdict ||
		    (!records->start && i))
			continue;
		understood = kinds[i].take(records, rest ? rest : "");
	}
	if (!understood)
		end(records->ending, EXIT_GUEST,
		    "the guest sent a record that makes no sense here: \"%.*s\"",
		    QUOTE_LENGTH, quoted);
	free(text);
	free(quoted);
}
