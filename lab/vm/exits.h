/* SPDX-License-Identifier: GPL-2.0 */
/* exits - what KVM counts while the guest is between two marks, for --exits */
#ifndef LAB_EXITS_H
#define LAB_EXITS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "util.h"

/* Counted by KVM, of all processors of the guest. */
enum exit_kind {
	ALL_EXITS,
	IRQ_EXITS,	/* of the host's interrupts */
	IO_EXITS,	/* of port accesses */
	MMIO_EXITS,	/* of memory accesses that end in user space */
	USER_EXITS,	/* that end in user space */
	NR_EXIT_KINDS
};

struct exits {
	json_t *marks;		/* name: object, see lab/FORMATS; to be read at the end */
	struct ending *ending;	/* told what goes wrong */

	/* For exits.c alone. */
	bool must_count;
	double asked_at;
	uint64_t counts[NR_EXIT_KINDS];
};

/* That nothing is counted is an error with must_count. free_exits() frees what it owns. */
void init_exits(struct exits *exits, struct ending *ending, bool must_count);
void free_exits(struct exits *exits);

/* Returns the question for QEMU's monitor, a line of QMP. */
const char *question_of_exits(void);

/*
 * Take QEMU's answer, at the beginning of the mark of this name or at its end:
 * what has come in between is kept. Under another accelerator than KVM nothing is
 * counted, and that is kept as well.
 *
 * Returns false if it is no answer to the question.
 */
bool take_exits(struct exits *exits, const json_t *answer, const char *mark, bool begins);

#endif
