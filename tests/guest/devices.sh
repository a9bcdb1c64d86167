#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# devices.sh - does the kernel find every function, and does one of them work?
#
# For init's job run, in a guest whose kernel has the driver of virtio-rng.  A byte from that
# device took configuration, an MSI-X interrupt and DMA.
#
# ids=BUS:DEVICE.FUNCTION=VENDOR:DEVICE,...	all that there are, in domain 0
. tests/lib.sh

# found - the functions as in $ids
found() {
	for path in /sys/bus/pci/devices/0000:*; do
		echo "${path##*/0000:}=$(cut -c 3- "$path/vendor"):$(cut -c 3- "$path/device")"
	done | paste -sd , -
}

# interrupts - that came from the device
interrupts() {
	awk '/virtio/ { count += $2 } END { print count + 0 }' /proc/interrupts
}

equal "all functions, with their IDs" "${ids:?}" "$(found)"
equal "virtio-rng has its driver" virtio_rng.0 "$(cat /sys/class/misc/hw_random/rng_current)"
before=$(interrupts)
dd if=/dev/hwrng of=/tmp/random bs=64 count=1 iflag=fullblock 2>/dev/null
equal "it gives 64 bytes" 64 "$(stat -c %s /tmp/random)"
# Chance has them equal once in 2^504 runs.
ok "not all the same" test "$(od -An -v -t x1 -w1 /tmp/random | sort -u | wc -l)" -gt 1
echo "# $(($(interrupts) - before)) interrupts; $(grep -m 1 virtio /proc/interrupts)"
ok "it interrupts" test "$(interrupts)" -gt "$before"
ok "by MSI-X" grep -Eqi 'msi-?x.*virtio' /proc/interrupts
summary
