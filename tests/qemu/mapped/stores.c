// SPDX-License-Identifier: GPL-2.0
/*
 * stores - what a reader could see of a register while QEMU changes it
 *
 *   stores QEMU
 *
 * QEMU maps ECAM, runs no processor and takes commands of qtest. For each write below, this executes
 * QEMU's main thread instruction by instruction, and looks after each at the register, where a guest
 * would read it. It may have its old value and its new one, in this order, and nothing else. The
 * output is as of tests/lib.sh.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ECAM		0xb0000000u
#define BDF(dev, fn)	((dev) << 3 | (fn))
#define PAGE		4096u
#define FIRST_PAGE	256		/* in the memfd: before it are those of ones */
#define MAX_PAGES	64
#define MAX_VALUES	8

#define MCH		BDF(0, 0)
#define PORT		BDF(2, 0)	/* with a device */
#define NVME		BDF(3, 0)
#define EDU		BDF(4, 0)
#define BRIDGE		BDF(5, 0)

static const char *const machine[] = {
	"-machine", "q35", "-global", "q35-pcihost.mapped-ecam=on", "-nodefaults",
	"-display", "none", "-qtest", "stdio", "-qtest-log", "/dev/null", "-accel", "qtest",
	"-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
	"-device", "pcie-root-port,id=rp,addr=2.0,chassis=1",
	"-device", "virtio-rng-pci,bus=rp", "-device", "nvme,serial=1,addr=3",
	"-device", "edu,addr=4", "-device", "pci-bridge,addr=5,chassis_nr=2,shpc=on", NULL
};

/* Capabilities */
enum { HEADER = 0, PM = 1, MSI = 5, HOTPLUG = 12, EXPRESS = 16 };

/* A write to one register, and the register that must not have a third value meanwhile */
static const struct step {
	const char *what;
	unsigned int bdf, capability, written, size;
	uint32_t value;
	unsigned int looked_at, width;
} steps[] = {
	{ "a BAR", EDU, HEADER, 0x10, 4, 0xffffffff, 0x10, 4 },
	{ "a rejected power state", NVME, PM, 4, 2, 1, 4, 2 },
	{ "a function level reset", NVME, EXPRESS, 8, 2, 0x8000, 8, 2 },
	{ "too many vectors", EDU, MSI, 2, 2, 0x71, 2, 2 },
	{ "the interlock", PORT, EXPRESS, 0x18, 2, 0x800, 0x18, 2 },
	{ "an unplug", PORT, EXPRESS, 0x18, 2, 0x700, 0x1a, 2 },
	{ "events that are not there", PORT, EXPRESS, 0x1a, 2, 0xffff, 0x1a, 2 },
	{ "a query of SMRAM at SMBASE", MCH, HEADER, 0x9c, 1, 0xff, 0x9c, 1 },
	{ "a query of TSEG", MCH, HEADER, 0x50, 2, 0xffff, 0x50, 2 },
	{ "the lock of SMRAM", MCH, HEADER, 0x9d, 1, 0x50, 0x9d, 1 },
	{ "data of hot-plug", BRIDGE, HOTPLUG, 4, 4, 0x5555aaaa, 4, 4 },
};

static int qtest, failed;
static pid_t qemu;
static const uint8_t *memory;

static void start(char *program)
{
	char *argv[sizeof(machine) / sizeof(machine[0]) + 1] = { program };
	int ends[2];

	memcpy(argv + 1, machine, sizeof(machine));
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		err(1, "socketpair");
	qemu = fork();
	if (qemu < 0)
		err(1, "fork");
	if (!qemu) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ends[1], STDIN_FILENO);
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		execv(program, argv);
		err(127, "%s", program);
	}
	close(ends[1]);
	qtest = ends[0];
}

static bool answered(int timeout)
{
	struct pollfd poll_fd = { .fd = qtest, .events = POLLIN };

	return poll(&poll_fd, 1, timeout) == 1;
}

static void send_command(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vdprintf(qtest, format, args) < 0)
		err(1, "QEMU does not take commands");
	va_end(args);
}

/* What is after OK */
static uint64_t take_answer(void)
{
	static char line[128];
	size_t length = 0;

	while (length < sizeof(line) - 1 && (!length || line[length - 1] != '\n')) {
		if (read(qtest, line + length, 1) != 1)
			errx(1, "QEMU has ended");
		length++;
	}
	line[length] = '\0';
	if (strncmp(line, "OK", 2))
		errx(1, "QEMU says: %s", line);
	return strtoull(line + 2, NULL, 0);
}

static uint32_t ask32(unsigned int bdf, unsigned int reg)
{
	send_command("readl 0x%x\n", ECAM + bdf * PAGE + reg);
	return take_answer();
}

static void enable_ecam(void)
{
	static const uint32_t ports[][2] = {
		{ 0xcf8, 0x80000064 }, { 0xcfc, 0 }, { 0xcf8, 0x80000060 }, { 0xcfc, ECAM | 1 },
	};

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		send_command("outl 0x%x 0x%x\n", ports[i][0], ports[i][1]);
		take_answer();
	}
}

/* The memfd, which guests have parts of */
static void map_memory(void)
{
	char path[300], target[64];
	struct dirent *entry;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/fd", qemu);
	folder = opendir(path);
	while (folder && (entry = readdir(folder))) {
		ssize_t length;
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/fd/%s", qemu, entry->d_name);
		length = readlink(path, target, sizeof(target) - 1);
		target[length < 0 ? 0 : length] = '\0';
		if (!strstr(target, "pcie-mapped-ecam"))
			continue;
		fd = open(path, O_RDONLY);
		memory = mmap(NULL, (FIRST_PAGE + MAX_PAGES) * PAGE, PROT_READ, MAP_SHARED, fd, 0);
		if (fd < 0 || memory == MAP_FAILED)
			err(1, "%s", path);
		break;
	}
	if (!memory)
		errx(1, "this QEMU has no mapped ECAM");
}

/* The page of a function: the only one with its ID */
static const uint8_t *page_of(unsigned int bdf)
{
	uint32_t id = ask32(bdf, 0);

	for (int page = FIRST_PAGE; page < FIRST_PAGE + MAX_PAGES; page++) {
		if (!memcmp(memory + page * PAGE, &id, sizeof(id)))
			return memory + page * PAGE;
	}
	errx(1, "%02x.%x: it is not in the memory", bdf >> 3, bdf & 7);
}

static unsigned int capability(const uint8_t *page, unsigned int id)
{
	unsigned int at = page[0x34];

	if (id == HEADER)
		return 0;
	while (at && page[at] != id)
		at = page[at + 1];
	if (!at)
		errx(1, "no capability %u", id);
	return at;
}

static uint32_t look(const uint8_t *reg, unsigned int width)
{
	switch (width) {
	case 1:	 return *(const volatile uint8_t *)reg;
	case 2:	 return *(const volatile uint16_t *)reg;
	default: return *(const volatile uint32_t *)reg;
	}
}

static void wait_for_stop(void)
{
	int status;

	if (waitpid(qemu, &status, __WALL) != qemu || !WIFSTOPPED(status))
		errx(1, "QEMU has ended");
}

static void do_step(const struct step *step)
{
	static const char sizes[] = { [1] = 'b', [2] = 'w', [4] = 'l' };
	const uint8_t *page = page_of(step->bdf);
	unsigned int at = capability(page, step->capability);
	const uint8_t *reg = page + at + step->looked_at;
	uint32_t values[MAX_VALUES] = { look(reg, step->width) };
	int n = 1;

	if (ptrace(PTRACE_SEIZE, qemu, 0, 0) || ptrace(PTRACE_INTERRUPT, qemu, 0, 0))
		err(1, "ptrace");
	wait_for_stop();
	send_command("write%c 0x%x 0x%x\n", sizes[step->size],
		     ECAM + step->bdf * PAGE + at + step->written, step->value);
	for (unsigned int instruction = 0; instruction % 256 || !answered(0); instruction++) {
		uint32_t value;

		if (ptrace(PTRACE_SINGLESTEP, qemu, 0, 0))
			err(1, "ptrace");
		wait_for_stop();
		value = look(reg, step->width);
		if (value != values[n - 1] && n < MAX_VALUES)
			values[n++] = value;
	}
	ptrace(PTRACE_DETACH, qemu, 0, 0);
	take_answer();
	printf("%s - %s:", n > 2 ? "not ok" : "ok", step->what);
	for (int i = 0; i < n; i++)
		printf(" %#x", values[i]);
	puts("");
	failed |= n > 2;
}

int main(int argc, char *argv[])
{
	if (argc != 2)
		errx(2, "usage: stores QEMU");
	start(argv[1]);
	enable_ecam();
	map_memory();
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		do_step(&steps[i]);
	kill(qemu, SIGKILL);
	return failed;
}
