#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# virtual-functions.sh - have a network card make its virtual functions, then run the selftest,
# which compares what the methods read of them as well
#
# For init's job run: functions=N is how many functions there are without them.
set -eu
. tests/lib.sh
# It is a driver for any card whose virtual functions are for others; of this one:
echo "8086 10c9" >/sys/bus/pci/drivers/pci-pf-stub/new_id
card=$(echo /sys/bus/pci/devices/*/sriov_totalvfs)
count=$(cat "$card")
echo "$count" >"${card%/*}/sriov_numvfs"
set -- /sys/bus/pci/devices/*
ok "a card has virtual functions" test "$count" -gt 0
equal "there are $count of them" $((${functions:?} + count)) $#
sh /kselftest/run_kselftest.sh -c pci_cfg
