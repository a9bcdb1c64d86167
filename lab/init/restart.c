// SPDX-License-Identifier: GPL-2.0
/* restart - the jobs of init that sleep, or start another kernel */

#define _GNU_SOURCE
#include <fcntl.h>
#include <glob.h>
#include <linux/kexec.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"

#define NEXT_KERNEL	"/boot/bzImage"
#define NEXT_INITRD	"/boot/guest.cpio.gz"

static unsigned int read_hex(const char *function, const char *attribute)
{
	char path[512];
	unsigned int number;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", function, attribute);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%x", &number) != 1)
		fail(path);
	fclose(f);
	return number;
}

/* Is each function's ID, read anew by base access, the one that it had at boot? */
static void check_ids(void)
{
	glob_t found;

	if (glob("/sys/bus/pci/devices/*", 0, NULL, &found))
		fail_because("/sys/bus/pci/devices", "no function");
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *function = found.gl_pathv[i];
		uint16_t id[2];
		char path[512];
		int fd;

		snprintf(path, sizeof(path), "%s/config", function);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || read(fd, id, sizeof(id)) != sizeof(id))
			fail(path);
		close(fd);
		if (id[0] != read_hex(function, "vendor") ||
		    id[1] != read_hex(function, "device"))
			fail_because(path, "has another ID than at boot");
	}
	globfree(&found);
}

/* ACPI S3. Of the other way to sleep, s2idle, firmware would not hear. */
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

/*
 * The command line that we have, with more of it and the job selftest. What is
 * set aside for a crash kernel is not there a second time.
 */
static char *next_command_line(const char *more)
{
	FILE *old = fopen("/proc/cmdline", "re"), *new;
	char *text = NULL, *line = NULL, *word;
	size_t size = 0;

	if (!old || getline(&text, &size, old) < 0)
		fail("/proc/cmdline");
	fclose(old);
	new = open_memstream(&line, &size);
	if (!new)
		fail("no memory");
	for (word = strtok(text, " \n"); word && strcmp(word, "--"); word = strtok(NULL, " \n")) {
		if (strncmp(word, "crashkernel=", strlen("crashkernel=")))
			fprintf(new, "%s ", word);
	}
	fprintf(new, "%s-- selftest %s", more, parameters);
	if (fclose(new))
		fail("no memory");
	return line;
}

/* A 32-bit kernel has no such call, and says so. */
#ifndef SYS_kexec_file_load
#define SYS_kexec_file_load	-1
#endif

static void load_next_kernel(unsigned long flags, const char *more)
{
	int kernel = open(NEXT_KERNEL, O_RDONLY | O_CLOEXEC);
	int initrd = open(NEXT_INITRD, O_RDONLY | O_CLOEXEC);
	char *line = next_command_line(more);

	if (kernel < 0)
		fail(NEXT_KERNEL);
	if (initrd < 0)
		fail(NEXT_INITRD);
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(line) + 1, line, flags))
		fail("kexec_file_load");
}

void job_kexec(void)
{
	load_next_kernel(0, "");
	record("restart");
	reboot(RB_KEXEC);
	fail("kexec");
}

/* With the options that kdump's tools give to their kernel. */
void job_kdump(void)
{
	if (!read_number("/sys/kernel/kexec_crash_size"))
		fail_because("kdump", "no memory is set aside, crashkernel=SIZE on the command line does it");
	load_next_kernel(KEXEC_FILE_ON_CRASH, "nr_cpus=1 reset_devices ");
	record("restart");
	write_to("/proc/sysrq-trigger", "c");
	fail_because("kdump", "the kernel lives on");
}
