// SPDX-License-Identifier: GPL-2.0
/*
 * refuse - a host that lacks something, for a QEMU that has this library preloaded
 *
 * REFUSE=memfd		memfd_create() is not there
 * REFUSE=readonly	KVM has no read-only memory
 * REFUSE=map:N		after N mappings of mapped ECAM's memory the next one fails, and each after it
 */

#define _GNU_SOURCE
#include <errno.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int refused(const char *what)
{
	const char *refuse = getenv("REFUSE");

	return refuse && !strcmp(refuse, what);
}

static int ecam_fd = -1;

int memfd_create(const char *name, unsigned int flags)
{
	int fd;

	if (refused("memfd")) {
		errno = ENOSYS;
		return -1;
	}
	fd = syscall(SYS_memfd_create, name, flags);
	if (!strcmp(name, "pcie-mapped-ecam"))
		ecam_fd = fd;
	return fd;
}

void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t offset)
{
	const char *refuse = getenv("REFUSE");
	static int mappings;

	if (fd >= 0 && fd == ecam_fd && refuse && !strncmp(refuse, "map:", 4) &&
	    mappings++ >= atoi(refuse + 4)) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
}

int ioctl(int fd, unsigned long request, ...)
{
	unsigned long arg;
	va_list args;

	va_start(args, request);
	arg = va_arg(args, unsigned long);
	va_end(args);
	if (request == KVM_CHECK_EXTENSION && arg == KVM_CAP_READONLY_MEM && refused("readonly"))
		return 0;
	return syscall(SYS_ioctl, fd, request, arg);
}
