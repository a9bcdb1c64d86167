// SPDX-License-Identifier: GPL-2.0
/* hypervisor - what this machine runs on */

#include <cpuid.h>
#include <string.h>

#include "hypervisor.h"

/* In ECX of CPUID leaf 1 */
#define CPUID_HYPERVISOR	(1u << 31)
#define LEAF_SIGNATURE		0x40000000

bool hypervisor_signature(char signature[13])
{
	unsigned int eax, ebx, ecx, edx, word[3];

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & CPUID_HYPERVISOR))
		return false;
	__cpuid(LEAF_SIGNATURE, eax, word[0], word[1], word[2]);
	memcpy(signature, word, sizeof(word));
	signature[sizeof(word)] = '\0';
	return true;
}
