// SPDX-License-Identifier: GPL-2.0
/*
 * refuse - a host that lacks something, for a QEMU that has this library preloaded
 *
 * REFUSE=memfd		memfd_create() is not there
 * REFUSE=readonly	KVM has no read-only memory
 */

#include <errno.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int refused(const char *what)
{
	const char *refuse = getenv("REFUSE");

	return refuse && !strcmp(refuse, what);
}

int memfd_create(const char *name, unsigned int flags)
{
	if (!refused("memfd"))
		return syscall(SYS_memfd_create, name, flags);
	errno = ENOSYS;
	return -1;
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
