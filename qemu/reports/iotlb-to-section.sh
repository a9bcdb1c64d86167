#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# iotlb-to-section - under TCG, a processor reads one device and gets another one: a reproducer
#
# usage: iotlb-to-section.sh [QEMU [CHANGES]]
#
# Exit status: 0 if the processor has read what it should, 67 if not; another one is QEMU's own.
set -eu
qemu=${1:-qemu-system-x86_64} changes=${2:-20000}
rom=$(mktemp)
trap 'rm -f "$rom"' EXIT

# A ROM of 64 KiB: cli; mov ebx, 0xfed00004; loop: mov eax, [ebx]; cmp eax, 10000000; je loop;
# mov dx, 0x501; mov al, 33; out dx, al; hlt - and in its last 16 bytes, jmp 0xff00.  0xfed00004
# is the period of the HPET.
{
	head -c 65280 /dev/zero
	printf '\372\146\273\004\000\320\376\146\147\213\003\146\075\200\226\230\000\164\364'
	printf '\272\001\005\260\041\356\364'
	head -c 214 /dev/zero
	printf '\351\015\377'
	head -c 13 /dev/zero
} >"$rom"

# Meanwhile the BAR of another device appears and disappears.
{
	printf 'o/w 0xcf8 0x80001810\no/w 0xcfc 0xe0000000\no/w 0xcf8 0x80001804\n'
	for _ in $(seq $((changes / 2))); do
		printf 'o/w 0xcfc 2\no/w 0xcfc 0\n'
	done
	echo quit
} | "$qemu" -machine q35 -accel tcg -nodefaults -display none -bios "$rom" -monitor stdio \
	-device edu,addr=3 -device isa-debug-exit >/dev/null
