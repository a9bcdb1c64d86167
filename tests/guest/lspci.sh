#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# lspci.sh - does lspci show the same bytes of configuration space in each of its ways?
#
# For init's job run, in a guest that has /bin/lspci and /bin/setpci.  By linux-sysfs and
# linux-proc they ask the kernel; by intel-conf1 and ecam they access the ports and the memory of
# ECAM themselves, and say what the kernel should have read.  All bytes are compared: no register
# of the machines in tests/ changes by itself.
#
# functions=N	that the kernel finds
# extended=N	of them, those that it finds more than 256 bytes of
# scanned=N	of them, those on bus 0 and behind it: lspci does not look elsewhere when
#		it is on its own, and setpci reads the others; by default all
# ecam=[DOMAIN:]FIRST_BUS[-LAST_BUS]:ADDRESS
#		where lspci is to look for ECAM, by default as the ACPI table MCFG says
# type1=no	the machine has no type 1
# mmconf=no	the kernel has no extended access, lspci may have
. tests/lib.sh
functions=${functions:?} extended=${extended:?} scanned=${scanned:-$functions}
mmconf=${mmconf:-yes} ecam=${ecam:-} devices=/sys/bus/pci/devices

# by_lspci METHOD - "FUNCTION OFFSET: 16 BYTES" lines of the functions that lspci finds
by_lspci() {
	lspci -xxxx -n -D -A "$1" -O ecam.addrs="$ecam" |
		awk '/^[0-9a-f]+:[0-9a-f]+:/ { name = $1; next } NF { print name, $0 }'
}

# by_setpci METHOD FUNCTION - the same lines of one function
by_setpci() {
	size=$(stat -c %s "$devices/$2/config")
	[ "$1" != intel-conf1 ] || size=256
	# shellcheck disable=SC2046 # words
	setpci -r -A "$1" -O ecam.addrs="$ecam" -s "$2" $(printf '%x.L ' $(seq 0 4 $((size - 4)))) |
		awk -v name="$2" '
		function byte(at)	{ return " " substr($1, at, 2) }
		NR % 4 == 1	{ printf "%s %02x:", name, NR * 4 - 4 }
		{ printf "%s", byte(7) byte(5) byte(3) byte(1) }
		NR % 4 == 0	{ print "" }'
}

# compare METHOD FUNCTIONS - it finds that many; are all bytes those of sysfs?  An error's text is
# a difference.
compare() {
	by_lspci "$1" >/tmp/found 2>&1
	equal "lspci -A $1 finds all" "$2" "$(grep -c ' 00: ' /tmp/found)"
	for function in "$devices"/*; do
		function=${function##*/}
		grep -q "^$function " /tmp/found || by_setpci "$1" "$function"
	done >/tmp/more 2>&1
	# ecam has 4096 bytes also of functions that are conventional, where the rest reads as all
	# ones; intel-conf1 has 256 of each.
	awk -v mmconf="$mmconf" '
		NR == FNR { in_sysfs[$1, $2]; next }
		($1, $2) in in_sysfs || $2 !~ /^[0-9a-f][0-9a-f][0-9a-f]:$/ ||
		(mmconf == "yes" && !/:( ff)+$/)' /tmp/sysfs /tmp/found /tmp/more | sort >"/tmp/$1"
	sort /tmp/sysfs >/tmp/expected
	[ "$1" != intel-conf1 ] || sed -i '/ [0-9a-f]\{3\}: /d' /tmp/expected
	same "$1: the bytes of sysfs, in $(wc -l <"/tmp/$1") lines" /tmp/expected "/tmp/$1"
}

by_lspci linux-sysfs >/tmp/sysfs
equal "the kernel finds all functions" "$functions" "$(printf '%s\n' "$devices"/* | wc -l)"
equal "lspci shows them" "$functions" "$(grep -c ' 00: ' /tmp/sysfs)"
equal "so many have more than 256 bytes" "$extended" "$(grep -c ' 100: ' /tmp/sysfs)"
compare linux-proc "$functions"
[ "${type1:-yes}" = no ] || compare intel-conf1 "$scanned"
compare ecam "$scanned"
summary
