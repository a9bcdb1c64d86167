#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# virtual-functions.sh - have a network card make its virtual functions, then run the selftest,
# which compares what the methods read of them as well
#
# For init's job run: functions=N is how many functions there are without them.
# shellcheck disable=SC2154 # functions is in the environment
set -eu
driver=/sys/bus/pci/drivers/pci-pf-stub
echo 1..2
# It is a driver for any card whose virtual functions are for others; of this one:
echo "8086 10c9" >$driver/new_id
for card in /sys/bus/pci/devices/*/sriov_numvfs; do
	count=$(cat "${card%/*}/sriov_totalvfs")
	echo "$count" >"$card"
done
set -- /sys/bus/pci/devices/*
now=$#
if [ "$count" -gt 0 ] && [ "$now" -eq $((functions + count)) ]; then
	echo "ok 1 there are $count virtual functions"
else
	echo "not ok 1 there are $count virtual functions: $now functions, before $functions"
fi
sh /kselftest/run_kselftest.sh -c pci_cfg
