/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tools/testing/selftests/pci_cfg/kvm_exit_cost.c uses of the kernel's kselftest.h, so that
 * the lab can build it where there is no kernel tree
 */
#ifndef __KSELFTEST_H
#define __KSELFTEST_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define ARRAY_SIZE(arr) (sizeof(arr) / sizeof((arr)[0]))

#define KSFT_PASS 0
#define KSFT_FAIL 1
#define KSFT_SKIP 4

static unsigned int ksft_plan, ksft_passed, ksft_failed;

#define ksft_print_header()	(setvbuf(stdout, NULL, _IOLBF, 0), puts("TAP version 13"))
#define ksft_set_plan(plan)	printf("1..%u\n", ksft_plan = (plan))
#define ksft_print_msg(...)	(printf("# "), printf(__VA_ARGS__))

#define ksft_test_result(condition, ...) do {						\
	bool passed = (condition);							\
											\
	*(passed ? &ksft_passed : &ksft_failed) += 1;					\
	printf("%s %u ", passed ? "ok" : "not ok", ksft_passed + ksft_failed);		\
	printf(__VA_ARGS__);								\
} while (0)

#define ksft_exit_skip(...) \
	(printf("1..0 # SKIP "), printf(__VA_ARGS__), exit(KSFT_SKIP))
#define ksft_exit_fail_msg(...) \
	(printf("Bail out! "), printf(__VA_ARGS__), ksft_totals(), exit(KSFT_FAIL))
#define ksft_finished() \
	(ksft_totals(), exit(ksft_plan == ksft_passed ? KSFT_PASS : KSFT_FAIL))
#define ksft_totals() printf("# Totals: pass:%u fail:%u xfail:0 xpass:0 skip:0 error:0\n", \
			     ksft_passed, ksft_failed)

#endif
