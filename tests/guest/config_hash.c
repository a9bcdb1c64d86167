// SPDX-License-Identifier: GPL-2.0
/*
 * config_hash - the configuration spaces of all functions, as ECAM has them
 *
 *   config_hash		a line for each function: where it is, its ID, its class,
 *				and the FNV-1a hash of all 4,096 bytes
 *   config_hash BUS:DEV.FN	all that is not zero of this one, a register a line
 *
 * It asks ECAM alone, so it sees what the kernel does not know of as well: nothing
 * may be where there is no function.
 */

#include <stdio.h>

#include "ecam.h"

#define FNV_OFFSET	0xcbf29ce484222325u
#define FNV_PRIME	0x100000001b3u

static uint64_t hash(unsigned int bdf)
{
	uint64_t hash = FNV_OFFSET;

	for (unsigned int reg = 0; reg < FUNCTION_SIZE; reg += 4) {
		uint32_t value = read32(bdf, reg);

		for (int i = 0; i < 4; i++, value >>= 8)
			hash = (hash ^ (value & 0xff)) * FNV_PRIME;
	}
	return hash;
}

static void dump(unsigned int bdf)
{
	for (unsigned int reg = 0; reg < FUNCTION_SIZE; reg += 4) {
		uint32_t value = read32(bdf, reg);

		if (value)
			printf("%03x %08x\n", reg, value);
	}
}

int main(int argc, char *argv[])
{
	unsigned int bus, dev, fn;

	map_ecam();
	if (argc > 1) {
		if (sscanf(argv[1], "%x:%x.%x", &bus, &dev, &fn) != 3 ||
		    bus > 0xff || dev > 0x1f || fn > 7)
			errx(2, "%s: must be BUS:DEV.FN", argv[1]);
		dump(BDF(bus, dev, fn));
		return 0;
	}
	for (unsigned int bdf = 0; bdf < NR_FUNCTIONS; bdf++) {
		uint32_t id = read32(bdf, 0), class = read32(bdf, 8);

		/* A virtual function has no ID. */
		if (id != ABSENT || class != ABSENT)
			printf("%02x:%02x.%x %08x %08x %016llx\n", bdf >> 8, bdf >> 3 & 0x1f,
			       bdf & 7, id, class, (unsigned long long)hash(bdf));
	}
	return 0;
}
