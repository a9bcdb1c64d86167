// SPDX-License-Identifier: GPL-2.0
/*
 * config_hash - print a line for each function that ECAM has: where it is, its ID, its class, and
 * the FNV-1a hash of all 4,096 bytes of its configuration space
 *
 * It asks ECAM alone, for all 65,536 functions of segment 0, and so finds also what the kernel
 * does not know of.
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

int main(void)
{
	map_ecam();
	for (unsigned int bdf = 0; bdf < NR_FUNCTIONS; bdf++) {
		uint32_t id = read32(bdf, 0), class = read32(bdf, 8);

		/* A virtual function has no ID. */
		if (id != ABSENT || class != ABSENT)
			printf("%02x:%02x.%x %08x %08x %016llx\n", bdf >> 8, bdf >> 3 & 0x1f,
			       bdf & 7, id, class, (unsigned long long)hash(bdf));
	}
	return 0;
}
