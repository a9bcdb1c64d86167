// SPDX-License-Identifier: GPL-2.0
/*
 * compare - do type 1 and ECAM read the same, and if not, what is wrong?
 *
 * The kernel's check reads 12 places and serves by that. This reads every register of every
 * function, as "lspci -xxx" does, for whoever has to mend the VMM. From user space, so that the
 * answer does not depend on the kernel's own code; in a process of its own, which may die of it: on
 * the SVM that QEMU emulates, a guest's user space gets a fault at every access to a port.
 */

#include "probe.h"

#include <poll.h>
#include <signal.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define ENABLE		0x80000000u
/* How long it may take, in seconds, and how often a register that differs is read again */
#define SECONDS		20
#define REREADS		16

/* The region of domain 0 that is compared, and what is mapped of it: from the first bus on */
static const volatile uint8_t *ecam;
static unsigned int first_bus, last_bus;

struct place {
	unsigned int bus, device, function, reg, length;
};

static uint32_t by_type1(const struct place *p)
{
	outl(ENABLE | p->bus << 16 | p->device << 11 | p->function << 8 | (p->reg & 0xfc), 0xcf8);
	switch (p->length) {
	case 1:		return inb(0xcfc + (p->reg & 3));
	case 2:		return inw(0xcfc + (p->reg & 2));
	default:	return inl(0xcfc);
	}
}

static uint32_t by_ecam(const struct place *p)
{
	const volatile uint8_t *at = ecam + ((p->bus - first_bus) << 20 | p->device << 15 |
					     p->function << 12 | p->reg);

	switch (p->length) {
	case 1:		return *at;
	case 2:		return *(const volatile uint16_t *)at;
	default:	return *(const volatile uint32_t *)at;
	}
}

static struct {
	unsigned int registers, changing, differ, functions;
	struct place first;
	uint32_t type1, ecam;
} found;

static char *place_text(const struct place *p)
{
	return text("%02x:%02x.%x register 0x%02x", p->bus, p->device, p->function, p->reg);
}

static void compare_place(unsigned int bus, unsigned int device, unsigned int function,
			  unsigned int reg, unsigned int length)
{
	struct place p = { bus, device, function, reg, length };
	uint32_t type1 = by_type1(&p), ecam = by_ecam(&p);

	found.registers++;
	if (type1 == ecam)
		return;
	for (int i = 0; i < REREADS; i++) {
		if (by_type1(&p) == by_ecam(&p)) {
			found.changing++;
			return;
		}
	}
	if (!found.differ++) {
		found.first = p;
		found.type1 = type1;
		found.ecam = ecam;
	}
}

/* A part of an address: its name, where it is in a place, and its values */
struct part {
	const char *name;
	unsigned int *value, first, last, step;
};

/* Does the method have the value if this part of the address is another one? Leaves it there. */
static bool has_elsewhere(uint32_t (*method)(const struct place *), uint32_t value,
			  const struct part *part, const struct place *where)
{
	unsigned int own = *part->value;

	for (unsigned int other = part->first; other <= part->last; other += part->step) {
		*part->value = other;
		if (other != own && method(where) == value)
			return true;
	}
	*part->value = own;
	return false;
}

/* What is wrong with the decoder, in words */
static char *diagnosis(void)
{
	struct place where = found.first;
	const struct part parts[] = {
		{ "function number", &where.function, 0, 7, 1 },
		{ "device number", &where.device, 0, 31, 1 },
		{ "bus number", &where.bus, first_bus, last_bus, 1 },
		{ "register number", &where.reg, 0, 252, 4 },
	};
	const char *at = place_text(&found.first);
	uint32_t type1 = found.type1, ecam = found.ecam;
	bool ecam_says = ecam && ecam != UINT32_MAX, type1_says = type1 && type1 != UINT32_MAX;

	/* Values of less than 4 bytes are everywhere. */
	for (size_t i = 0; found.first.length == 4 && i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (ecam_says && has_elsewhere(by_type1, ecam, &parts[i], &where))
			return text("ECAM decodes the %s wrongly: at %s it has what type 1 has at %s",
				    parts[i].name, at, place_text(&where));
		if (type1_says && has_elsewhere(by_ecam, type1, &parts[i], &where))
			return text("ECAM decodes the %s wrongly: what type 1 has at %s it has at %s",
				    parts[i].name, at, place_text(&where));
	}
	return text("at %s ECAM has %#x, type 1 has %#x", at, ecam, type1);
}

static bool time_is_over(void)
{
	static time_t end;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!end)
		end = now.tv_sec + SECONDS;
	return now.tv_sec >= end;
}

/* First the IDs, of what is there or not, which tell most of a decoder; then all registers. */
static void compare_all(void)
{
	unsigned int bus, device, function;
	glob_t functions = { 0 };

	for (unsigned int i = 0; i < 256; i++)
		compare_place(first_bus, i % 32, i / 32, 0, 4);
	for (bus = first_bus + 1; bus <= last_bus && !time_is_over(); bus++)
		compare_place(bus, 0, 0, 0, 4);
	glob("/sys/bus/pci/devices/0000:*", 0, NULL, &functions);
	for (size_t i = 0; i < functions.gl_pathc && !time_is_over(); i++) {
		if (sscanf(strrchr(functions.gl_pathv[i], '/'), "/0000:%x:%x.%x", &bus, &device,
			   &function) != 3 || bus < first_bus || bus > last_bus)
			continue;
		for (unsigned int length = 4; length; length /= 2) {
			for (unsigned int reg = 0; reg < 256; reg += length)
				compare_place(bus, device, function, reg, length);
		}
		found.functions++;
	}
}

/* The first region of domain 0 that the kernel uses, or NULL; it becomes ecam. */
static const char *map_ecam(json_t *result)
{
	json_t *regions = json_object_get(result, "ecam"), *region;
	int memory = open("/dev/mem", O_RDONLY | O_SYNC | O_CLOEXEC);
	size_t i;

	if (memory < 0)
		return "there is no /dev/mem";
	json_array_foreach(regions, i, region) {
		unsigned long long base;
		void *mapped;

		if (json_integer_value(json_object_get(region, "segment")) ||
		    !json_is_true(json_object_get(region, "used")))
			continue;
		base = strtoull(json_string_value(json_object_get(region, "base")), NULL, 0);
		sscanf(json_string_value(json_object_get(region, "buses")), "%x-%x", &first_bus,
		       &last_bus);
		mapped = mmap(NULL, (last_bus - first_bus + 1) << 20, PROT_READ, MAP_SHARED, memory,
			      base + ((unsigned long long)first_bus << 20));
		if (mapped == MAP_FAILED)
			return text("ECAM can't be mapped: %s", strerror(errno));
		ecam = mapped;
		return NULL;
	}
	return "the kernel uses no ECAM region of domain 0";
}

static json_t *compare_here(json_t *result)
{
	const char *why = map_ecam(result);
	struct place first = { 0, 0, 0, 0, 4 };

	if (!why && ioperm(0xcf8, 8, 1))
		why = text("the ports can't be used: %s", strerror(errno));
	if (!why) {
		by_type1(&first);
		if (inl(0xcf8) != ENABLE)
			why = "there is no type 1";
	}
	if (why)
		return json_pack("{s:s}", "unavailable", why);
	compare_all();
	return json_pack("{s:i,s:i,s:i,s:i,s:s?}", "registers", found.registers, "functions",
			 found.functions, "changing", found.changing, "differ", found.differ,
			 "wrong", found.differ ? diagnosis() : NULL);
}

void compare(json_t *result)
{
	int ends[2], status = 0;
	struct pollfd answer;
	json_t *compared = NULL;
	pid_t child;

	if (pipe(ends))
		return;
	child = fork();
	if (!child) {
		json_dumpfd(compare_here(result), ends[1], 0);
		_exit(0);
	}
	close(ends[1]);
	answer = (struct pollfd){ ends[0], POLLIN, 0 };
	/* It answers when it is done, or it has died, and this is the end of the file. */
	if (poll(&answer, 1, 3 * SECONDS * 1000) > 0)
		compared = json_loadfd(ends[0], 0, NULL);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	if (!compared) {
		/* The kernel logs why: a fault of the processor. */
		char *line = log_line("init[") ?: "the kernel does not say why";

		compared = json_pack("{s:s}", "unavailable",
			text("a program that reads by ECAM and by ports %s: %s",
			     WTERMSIG(status) == SIGKILL ? "hangs" : "dies", line));
	}
	json_object_set_new(result, "compared", compared);
}
