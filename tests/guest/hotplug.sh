#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# hotplug.sh - plug a device into a slot and out of it again while threads read configuration
# space, then run the selftest
#
# For init's job run: functions=N is how many there are without it, and what to ask the host
# for is "plug" and "unplug".  With second=yes the device has two functions: the host is asked for
# the second one first, as the first one makes the slot's device complete.
set -eu
. tests/lib.sh
threads=/sys/kernel/debug/config_reads/threads functions=${functions:?}
plugged=$((functions + 1))
[ -z "${second-}" ] || plugged=$((plugged + 1))

# there_are N - functions
there_are() {
	[ "$(printf '%s\n' /sys/bus/pci/devices/* | wc -l)" -eq "$1" ]
}

# shellcheck disable=SC2046 # words
insmod /modules/config_reads.ko $(addresses raw_pci_read pci_conf1_read pci_mmcfg_read)
echo "2 all" >$threads
for round in 1 2 3 4 5; do
	[ -z "${second-}" ] || echo "ask second" >/dev/records
	echo "ask plug" >/dev/records
	ok "round $round: a device comes" within 60 there_are "$plugged"
	cat /sys/bus/pci/devices/*/config >/dev/null
	echo "ask unplug" >/dev/records
	ok "round $round: it goes" within 60 there_are "$functions"
	# The host has it out a little later.
	sleep 2
done
sed 's/^/# /' $threads
equal "both threads read right all the time" 2 "$(grep -c '=[1-9][0-9]* wrong=0$' $threads)"
ok "the module goes while they read" rmmod config_reads
sh /kselftest/run_kselftest.sh -c pci_cfg
