/* SPDX-License-Identifier: GPL-2.0 */
/* ecam - configuration space of all functions, for a program in a guest */
#ifndef TESTS_ECAM_H
#define TESTS_ECAM_H

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define ABSENT		0xffffffffu
#define NR_FUNCTIONS	0x10000
#define FUNCTION_SIZE	0x1000
/* Where the first ECAM region's address is in ACPI's table */
#define MCFG		"/sys/firmware/acpi/tables/MCFG"
#define MCFG_ADDRESS	44

/* A function, as its number among all of segment 0 */
#define BDF(bus, dev, fn)	((bus) << 8 | (dev) << 3 | (fn))

static volatile uint8_t *ecam;

/* q35's ECAM has all buses. Synchronous memory is not cached. */
static inline void map_ecam(void)
{
	int table = open(MCFG, O_RDONLY), memory = open("/dev/mem", O_RDWR | O_SYNC);
	uint64_t address;

	if (table < 0 || pread(table, &address, sizeof(address), MCFG_ADDRESS) != sizeof(address))
		err(1, MCFG);
	ecam = mmap(NULL, (size_t)NR_FUNCTIONS * FUNCTION_SIZE, PROT_READ | PROT_WRITE,
		    MAP_SHARED, memory, address);
	if (ecam == MAP_FAILED)
		err(1, "/dev/mem");
}

/* A register. The four functions make one access of their size. */
#define REGISTER(bits, bdf, reg)	\
	(*(volatile uint##bits##_t *)(ecam + (size_t)(bdf) * FUNCTION_SIZE + (reg)))
#define read16(bdf, reg)		REGISTER(16, bdf, reg)
#define read32(bdf, reg)		REGISTER(32, bdf, reg)
#define write16(bdf, reg, value)	((void)(REGISTER(16, bdf, reg) = (value)))
#define write32(bdf, reg, value)	((void)(REGISTER(32, bdf, reg) = (value)))

#endif
