#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# hotplug.sh - plug a function into a slot and out of it again while threads read configuration
# space, then run the selftest
#
# For init's job run: functions=N is how many there are without it, and what to ask the host
# for is "plug" and "unplug".
# shellcheck disable=SC2154 # functions is in the environment
set -eu
rounds=5
module=/kselftest/pci_cfg/test_modules/pci_cfg_test.ko
files=/sys/kernel/debug/pci_cfg_test

# functions_now - how many there are
functions_now() {
	set -- /sys/bus/pci/devices/*
	echo $#
}

# has N - are there that many functions within a minute?
has() {
	tries=600
	until [ "$(functions_now)" -eq "$1" ]; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || {
			echo "not ok $test there are $1 functions: $(functions_now)"
			exit 1
		}
		sleep 0.1
	done
}

echo "1..$((rounds + 2))"
insmod $module
echo "2 all" >$files/threads
test=1
while [ $test -le $rounds ]; do
	echo "ask plug"
	has $((functions + 1))
	cat /sys/bus/pci/devices/*/config >/dev/null
	echo "ask unplug"
	has "$functions"
	# The host has it out a little later.
	sleep 2
	echo "ok $test a function came and went"
	test=$((test + 1))
done
if grep -q 'reads=0' $files/threads || grep -v 'wrong=0$' $files/threads; then
	echo "not ok $test the threads read right all the time"
else
	echo "ok $test the threads read right all the time"
fi
echo 0 >$files/threads
rmmod pci_cfg_test
sh /kselftest/run_kselftest.sh -c pci_cfg
