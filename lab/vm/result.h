/* SPDX-License-Identifier: GPL-2.0 */
/*
 * result - the files in which the result of a run is kept, see lab/FORMATS
 *
 * A file is there when it is whole: it is written beside its place.
 */
#ifndef LAB_RESULT_H
#define LAB_RESULT_H

#include "options.h"
#include "run.h"

/*
 * Open the files that the options name, before the run so that it is not in vain:
 * one that can't be made is the end (EXIT_INPUT). Those of an earlier run are gone.
 */
void open_results(const struct options *options);

/*
 * Write the files, and close them. The list of accesses is kept of a run that
 * passed, the JSON of one whose end was the guest's. A file that can't be written
 * ends the run (EXIT_HOST). why_accel says why --accel auto took what it took, or
 * is NULL.
 */
void write_results(struct run *run, const char *why_accel);

/* Remove what is half-written. For whom exit() does not: it happens there as well. */
void discard_results(void);

#endif
