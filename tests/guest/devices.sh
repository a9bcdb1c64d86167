#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# devices.sh - does the kernel find every function, and does one of them work?
#
# Runs in a guest (init's job run) whose kernel has the driver of virtio-rng, and prints
# KTAP.  A byte from that device took configuration, an MSI-X interrupt and DMA.
#
# ids=BUS:DEVICE.FUNCTION=VENDOR:DEVICE,...	all that there are, in domain 0
ids=${ids:?}
tests=0

# result DESCRIPTION COMMAND... - ok if it succeeds
result() {
	tests=$((tests + 1))
	description=$1
	shift
	if "$@"; then
		echo "ok $tests $description"
	else
		echo "not ok $tests $description"
	fi
}

# same EXPECTED FOUND
same() {
	[ "$1" = "$2" ] || {
		echo "# $2, not $1"
		return 1
	}
}

# found - the functions as in $ids
found() {
	for path in /sys/bus/pci/devices/0000:*; do
		read -r vendor <"$path/vendor"
		read -r device <"$path/device"
		echo "${path##*/0000:}=${vendor#0x}:${device#0x}"
	done | tr '\n' , | sed 's/,$//'
}

# interrupts - that came from the device
interrupts() {
	awk '/virtio/ { count += $2 } END { print count + 0 }' /proc/interrupts
}

echo "TAP version 13"
result "all functions, with their IDs" same "$ids" "$(found)"
result "virtio-rng has its driver" same virtio_rng.0 \
	"$(cat /sys/class/misc/hw_random/rng_current)"
before=$(interrupts)
dd if=/dev/hwrng of=/tmp/random bs=64 count=1 iflag=fullblock 2>/dev/null
result "it gives 64 bytes" same 64 "$(stat -c %s /tmp/random)"
# Chance has them equal once in 2^504 runs.
result "not all the same" test "$(od -An -v -t x1 -w1 /tmp/random | sort -u | wc -l)" -gt 1
echo "# $(($(interrupts) - before)) interrupts; $(grep -m 1 virtio /proc/interrupts)"
result "it interrupts" test "$(interrupts)" -gt "$before"
result "by MSI-X" grep -Eqi 'msi-?x.*virtio' /proc/interrupts
echo "1..$tests"
