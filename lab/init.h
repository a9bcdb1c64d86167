/* SPDX-License-Identifier: GPL-2.0 */
/* init - what the parts of a guest's first process share; init.c says what it does */
#ifndef LAB_INIT_H
#define LAB_INIT_H

/* The words after the job, each followed by a blank. */
extern char parameters[1024];

/* Send a record. When it returns the host has it, and sending disturbs nothing. */
void record(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Send the verdict "fail WHAT: WHY" and power off; fail() has errno for the why. */
void fail(const char *what) __attribute__((noreturn));
void fail_because(const char *what, const char *why) __attribute__((noreturn));

/* Jobs, see init.c. Each returns when the verdict is to be pass. */
void job_selftest(void);
void job_sleep(void);
void job_suspend(void);
void job_kexec(void);
void job_kdump(void);

#endif
