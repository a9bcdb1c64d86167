// SPDX-License-Identifier: GPL-2.0
/* restart - the jobs of init that sleep, or start another kernel */

#define _GNU_SOURCE
#include <fcntl.h>
#include <glob.h>
#include <linux/kexec.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"

/* Does base access still read the ID that each function had at boot? */
static void check_ids(void)
{
	glob_t found;

	if (glob("/sys/bus/pci/devices/*", 0, NULL, &found))
		fail_because("/sys/bus/pci/devices", "no function");
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *function = found.gl_pathv[i];
		int config = open_fd(text("%s/config", function), O_RDONLY);
		uint32_t ids = read_number(text("%s/vendor", function));

		ids |= read_number(text("%s/device", function)) << 16;
		if (read_ids(config) != ids)
			fail_because(function, "has another ID than at boot");
		close(config);
	}
}

/* ACPI S3. The other way to sleep, s2idle, does not involve firmware. */
void job_sleep(void)
{
	write_to("/sys/power/mem_sleep", "deep");
	record("mark begin=suspend");
	write_to("/sys/power/state", "mem");
	record("mark end=suspend");
	if (read_number("/sys/power/suspend_stats/success") != 1)
		fail_because("suspend", "/sys/power/suspend_stats has no success");
	check_ids();
}

void job_suspend(void)
{
	job_sleep();
	job_selftest();
}

/* A 32-bit kernel has no such call, and says so. */
#ifndef SYS_kexec_file_load
#define SYS_kexec_file_load	-1
#endif

/*
 * Load the next kernel, and say so. Its command line is ours, with more in it and the job selftest
 * with our parameters, but without memory for yet another crash kernel.
 */
static void load_next_kernel(unsigned long flags, const char *more)
{
	int kernel = open_fd("/boot/bzImage", O_RDONLY);
	int initrd = open_fd("/boot/guest.cpio.gz", O_RDONLY);
	char *ours = next_line(open_file("/proc/cmdline")), *line, *word;
	size_t size;
	FILE *new = open_memstream(&line, &size);

	while ((word = strsep(&ours, " ")) && strcmp(word, "--")) {
		if (strncmp(word, "crashkernel=", strlen("crashkernel=")))
			fprintf(new, "%s ", word);
	}
	strsep(&ours, " ");	/* our job */
	fprintf(new, "%s-- selftest %s", more, ours ? ours : "");
	fclose(new);
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(line) + 1, line, flags))
		fail("kexec_file_load");
	record("restart");
}

void job_kexec(void)
{
	load_next_kernel(0, "");
	reboot(RB_KEXEC);
	fail("kexec");
}

/* With the options that kdump's tools give to their kernel. */
void job_kdump(void)
{
	if (!read_number("/sys/kernel/kexec_crash_size"))
		fail_because("kdump", "no memory is set aside, crashkernel=SIZE on the command line does it");
	load_next_kernel(KEXEC_FILE_ON_CRASH, "nr_cpus=1 reset_devices ");
	write_to("/proc/sysrq-trigger", "c");
	fail_because("kdump", "the kernel lives on");
}
