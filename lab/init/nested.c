// SPDX-License-Identifier: GPL-2.0
/*
 * init's job "nested": be the emulated machine in which a guest has KVM. It has the
 * file system of the machine that started it, and runs one command there.
 *
 *   nested directory=DIR out=DIR command=FILE
 *
 * FILE is a shell script. What is written to the folder "out", and nothing else,
 * stays when the machine is gone. lab/with-kvm starts it.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"

#define ROOT		"/host"
/* Of the 9p protocol; larger messages are fewer exits. */
#define OPTIONS_9P	"trans=virtio,version=9p2000.L,msize=262144"

static char *directory, *out, *command;

static void read_words(void)
{
	static const struct {
		const char *name;
		char **value;
	} words[] = {
		{ "directory=",	&directory },
		{ "out=",	&out },
		{ "command=",	&command },
	};
	char *rest = parameters, *word;

	while ((word = strsep(&rest, " "))) {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			size_t length = strlen(words[i].name);

			if (!strncmp(word, words[i].name, length))
				*words[i].value = word + length;
		}
	}
	if (!directory || !out || !command)
		fail_because("nested", "must have directory=, out= and command=");
}

static void mount_host(const char *source, const char *where, const char *type,
		       unsigned long flags, const char *options)
{
	char path[4096];

	snprintf(path, sizeof(path), ROOT "%s", where);
	if (mount(source, path, type, flags, options))
		fail(path);
}

void job_nested(void)
{
	int status;
	pid_t pid;

	read_words();
	if (mkdir(ROOT, 0755))
		fail(ROOT);
	mount_host("host", "", "9p", MS_RDONLY, OPTIONS_9P);
	mount_host("out", out, "9p", 0, OPTIONS_9P);
	mount_host("dev", "/dev", "devtmpfs", 0, NULL);
	mount_host("proc", "/proc", "proc", 0, NULL);
	mount_host("sys", "/sys", "sysfs", 0, NULL);
	mount_host("run", "/run", "tmpfs", 0, NULL);

	pid = fork();
	if (pid < 0)
		fail("fork");
	if (!pid) {
		if (chroot(ROOT) || chdir(directory))
			_exit(127);
		setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
		setenv("TMPDIR", "/run", 1);
		execl("/bin/sh", "sh", command, NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) < 0)
		fail("waitpid");
	sync();
	if (status)
		fail_because(command, WIFEXITED(status) ? "failed" : "killed");
}
