/* SPDX-License-Identifier: GPL-2.0 */
/* hypervisor - what this machine runs on */
#ifndef LAB_HYPERVISOR_H
#define LAB_HYPERVISOR_H

#include <stdbool.h>

/* Of QEMU's emulated processors. */
#define EMULATED_SIGNATURE	"TCGTCGTCGTCG"

/*
 * Set the signature to CPUID's of the hypervisor that this machine runs on. Returns
 * false if it shows none.
 */
bool hypervisor_signature(char signature[13]);

#endif
