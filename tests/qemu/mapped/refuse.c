// SPDX-License-Identifier: GPL-2.0
/*
 * refuse - a host that lacks something, for a QEMU that has this library preloaded
 *
 * REFUSE=memfd		memfd_create() is not there
 * REFUSE=readonly	KVM has no read-only memory
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

static int refused(const char *what)
{
	const char *refuse = getenv("REFUSE");

	return refuse && !strcmp(refuse, what);
}

int memfd_create(const char *name, unsigned int flags)
{
	int (*real)(const char *, unsigned int) = dlsym(RTLD_NEXT, "memfd_create");

	if (!refused("memfd"))
		return real(name, flags);
	errno = ENOSYS;
	return -1;
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*real)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
	va_list args;
	void *argument;

	va_start(args, request);
	argument = va_arg(args, void *);
	va_end(args);
	if (request == KVM_CHECK_EXTENSION && refused("readonly") &&
	    (unsigned long)argument == KVM_CAP_READONLY_MEM)
		return 0;
	return real(fd, request, argument);
}
