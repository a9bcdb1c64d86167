// SPDX-License-Identifier: GPL-2.0
/*
 * exits - what KVM counts while the guest is between two marks, for --exits
 *
 * QEMU hands on KVM's binary statistics (query-stats, since QEMU 7.1 and Linux
 * 5.14). The names are those of arch/x86/kvm/x86.c.
 */

#include <string.h>

#include "exits.h"

#define ID	"exits"

static const struct {
	const char *statistic, *member;
} kinds[NR_EXIT_KINDS] = {
	[ALL_EXITS]	= { "exits",		"all" },
	[IRQ_EXITS]	= { "irq_exits",	"irq" },
	[IO_EXITS]	= { "io_exits",		"io" },
	[MMIO_EXITS]	= { "mmio_exits",	"mmio" },
	/* KVM saves what the guest has in the FPU whenever KVM_RUN returns. */
	[USER_EXITS]	= { "fpu_reload",	"user" },
};

void init_exits(struct exits *exits, struct ending *ending, bool must_count)
{
	*exits = (struct exits){
		.marks = checked(json_object()), .ending = ending, .must_count = must_count,
	};
}

void free_exits(struct exits *exits)
{
	json_decref(exits->marks);
}

const char *question_of_exits(void)
{
	return "{\"execute\":\"query-stats\",\"id\":\"" ID "\",\"arguments\":"
	       "{\"target\":\"vcpu\",\"providers\":[{\"provider\":\"kvm\",\"names\":"
	       "[\"exits\",\"irq_exits\",\"io_exits\",\"mmio_exits\",\"fpu_reload\"]}]}}\n";
}

/* Add up one processor's. Returns how many kinds it has. */
static int add_statistics(const json_t *processor, uint64_t counts[NR_EXIT_KINDS])
{
	json_t *stats = json_object_get(processor, "stats"), *statistic;
	int found = 0;
	size_t i;

	json_array_foreach(stats, i, statistic) {
		const char *name = json_string_value(json_object_get(statistic, "name"));

		for (int kind = 0; name && kind < NR_EXIT_KINDS; kind++) {
			if (strcmp(name, kinds[kind].statistic))
				continue;
			counts[kind] += json_integer_value(json_object_get(statistic, "value"));
			found++;
		}
	}
	return found;
}

bool take_exits(struct exits *exits, const json_t *answer, const char *mark, bool begins)
{
	const char *id = json_string_value(json_object_get(answer, "id"));
	json_t *processors = json_object_get(answer, "return"), *processor, *spent;
	uint64_t counts[NR_EXIT_KINDS] = { 0 };
	double at = now();
	size_t i;

	if (!id || strcmp(id, ID) || !json_is_array(processors))
		return false;
	json_array_foreach(processors, i, processor) {
		if (add_statistics(processor, counts) != NR_EXIT_KINDS)
			end(exits->ending, EXIT_HOST,
			    "KVM does not count what --exits asks for (Linux 5.14 does)");
	}
	if (exits->must_count && !json_array_size(processors))
		end(exits->ending, EXIT_HOST,
		    "QEMU has no statistics of KVM (Linux 5.14 and QEMU 7.1 have them)");
	if (!begins) {
		spent = checked(json_pack("{s:f}", "seconds", at - exits->asked_at));
		for (int kind = 0; kind < NR_EXIT_KINDS; kind++)
			json_object_set_new(spent, kinds[kind].member,
					    json_array_size(processors) ?
					    json_integer(counts[kind] - exits->counts[kind]) :
					    json_null());
		json_object_set_new(exits->marks, mark, spent);
	}
	memcpy(exits->counts, counts, sizeof(counts));
	exits->asked_at = at;
	return true;
}
