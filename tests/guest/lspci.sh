#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# lspci.sh - does lspci show the same bytes of configuration space in each of its ways?
#
# Runs in a guest (init's job run) that has /bin/lspci and /bin/setpci, and prints KTAP.
# By linux-sysfs and linux-proc they ask the kernel; by intel-conf1 and ecam they access
# the ports and the memory of ECAM themselves, and say what the kernel should have read.
# All bytes are compared: no register of the machines in tests/ changes by itself.
#
# functions=N	that the kernel finds
# extended=N	of them, those that it finds more than 256 bytes of
# scanned=N	of them, those on bus 0 and behind it: lspci does not look elsewhere when
#		it is on its own, and setpci reads the others; by default all
# ecam=[DOMAIN:]FIRST_BUS[-LAST_BUS]:ADDRESS
#		where lspci is to look for ECAM, by default as the ACPI table MCFG says
# type1=no	the machine has no type 1
# mmconf=no	the kernel has no extended access, lspci may have
functions=${functions:?} extended=${extended:?}
scanned=${scanned:-$functions} type1=${type1:-yes} mmconf=${mmconf:-yes} ecam=${ecam:-}
tests=0

# result ok|"not ok" DESCRIPTION
result() {
	tests=$((tests + 1))
	echo "$1 $tests $2"
}

# same DESCRIPTION EXPECTED FOUND
same() {
	if [ "$2" = "$3" ]; then
		result ok "$1: $2"
	else
		result "not ok" "$1: $3, not $2"
	fi
}

# in_sysfs - the kernel's functions
in_sysfs() {
	(cd /sys/bus/pci/devices && printf '%s\n' *)
}

# found METHOD - the functions that lspci finds
found() {
	lspci -n -D -A "$1" -O ecam.addrs="$ecam" | awk '{ print $1 }'
}

# registers METHOD FUNCTION - all that METHOD reaches, as setpci calls them
registers() {
	size=$(stat -c %s "/sys/bus/pci/devices/$2/config")
	[ "$1" != intel-conf1 ] || size=256
	awk -v size="$size" 'BEGIN { for (at = 0; at < size; at += 4) printf "%x.L ", at }'
}

# dump METHOD [FUNCTION...] - "FUNCTION OFFSET: 16 BYTES" lines, by lspci of what it
# finds, by setpci of each FUNCTION
dump() {
	method=$1
	shift
	lspci -xxxx -n -D -A "$method" -O ecam.addrs="$ecam" |
		awk '/^[0-9a-f]+:[0-9a-f]+:/ { name = $1; next } NF { print name, $0 }'
	for function; do
		# shellcheck disable=SC2046 # words
		setpci -r -A "$method" -O ecam.addrs="$ecam" -s "$function" \
			$(registers "$method" "$function") |
			awk -v name="$function" '
			function byte(at)	{ return " " substr($1, at, 2) }
			NR % 4 == 1	{ printf "%s %02x:", name, NR * 4 - 4 }
			{ printf "%s", byte(7) byte(5) byte(3) byte(1) }
			NR % 4 == 0	{ print "" }'
	done
}

# compare METHOD FUNCTIONS - it finds that many; are all bytes those of sysfs?
compare() {
	found "$1" >/tmp/found 2>/tmp/errors
	same "lspci -A $1 finds" "$2" "$(wc -l </tmp/found)"
	# shellcheck disable=SC2046 # words
	dump "$1" $(in_sysfs | grep -vxFf /tmp/found) >/tmp/dump 2>>/tmp/errors
	sed 's/^/# /' /tmp/errors
	# intel-conf1 has 256 bytes of each function.  ecam has 4096 also of those that are
	# conventional, where the rest reads as all ones.
	if awk -v method="$1" -v mmconf="$mmconf" '
		function differs(what)	{ if (!different++) print "# " what }
		{ line = $1 " " $2; extended = length($2) > 3 }
		NR == FNR { if (!extended || method != "intel-conf1") sysfs[line] = $0; next }
		line in sysfs {
			if (sysfs[line] != $0) differs("sysfs " sysfs[line] ", not " $0)
			compared++
			delete sysfs[line]
			next
		}
		extended && (mmconf == "no" || /:( ff)+$/) { next }
		{ differs("not in sysfs: " $0) }
		END {
			for (line in sysfs) differs("only in sysfs: " sysfs[line])
			print "# " method ": " compared + 0 " lines compared, " different + 0 " differ"
			exit !compared || different
		}' /tmp/sysfs /tmp/dump && [ ! -s /tmp/errors ]
	then
		result ok "$1: the bytes of sysfs"
	else
		result "not ok" "$1: the bytes of sysfs"
	fi
}

echo "TAP version 13"
dump linux-sysfs >/tmp/sysfs
same "the kernel finds" "$functions" "$(in_sysfs | wc -l)"
same "lspci shows" "$functions" "$(found linux-sysfs | wc -l)"
same "with more than 256 bytes" "$extended" "$(grep -c " 100: " /tmp/sysfs)"
compare linux-proc "$functions"
if [ "$type1" = yes ]; then
	compare intel-conf1 "$scanned"
else
	result ok "intel-conf1 # SKIP the machine has no type 1"
fi
compare ecam "$scanned"
echo "1..$tests"
