#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# conditions.sh - what does the selftest do where something is missing, slow or forbidden? It skips
# what it can't test and says why; it fails nothing, and it writes to no function that has a driver.
#
# For init's job run.  With bare=yes the guest can't see that it is one, and only that is tested.
#
# shellcheck disable=SC2015 # "A && B || C": B does not fail
set -u
. tests/lib.sh
selftest=/kselftest/pci_cfg/pci_cfg_read.sh said=/tmp/said
devices=/sys/bus/pci/devices functions=${functions:?}

# run OPTION... - the selftest
run() {
	sh $selftest "$@" >$said 2>&1
	status=$?
}

# says DESCRIPTION STATUS TEXT... - it ended with STATUS and printed each TEXT, a regular expression;
# a TEXT that begins with "!" it did not print
says() {
	says=$1 wrong=
	[ "$status" -eq "$2" ] || wrong="exit status $status, not $2"
	shift 2
	for text; do
		case $text in
		!*)	! grep -Eq -e "${text#!}" $said || wrong="\"${text#!}\" is there" ;;
		*)	grep -Eq -e "$text" $said || wrong="no \"$text\"" ;;
		esac
	done
	[ -z "$wrong" ] && pass "$says" || fail "$says" "$wrong:" "$(cat $said)"
}

run
if [ -n "${bare-}" ]; then
	says "bare metal: it skips" 4 '^1\.\.0 # SKIP no hypervisor: '
	run -b
	says "bare metal: -b makes it run" 0 '^ok .* run_all: '
	exit
fi
says "nothing is missing: all is tested, in time" 0 ' skip:0 ' '^# 100000 reads of 0000:00:00\.0,' \
	'!there was ' '!too short' 'check=write_ecam result=pass functions=[1-9]'

run -t 0
says "no time: a part is tested, which is said" 0 'there was no time for 100000 reads' \
	'^# 5000 reads of ' "width_1: there was time for 1 of $functions functions" \
	'check=width_1 result=pass functions=1 ' 'check=extended_4 result=pass functions=1 '

clock=/sys/devices/system/clocksource/clocksource0/current_clocksource
before=$(cat $clock)
echo acpi_pm >$clock
run -r 47
says "a coarse clock: what takes no time passes" 0 '^ok .* run_one: '
echo "$before" >$clock

# As without PRINTK, or without dmesg, which busybox's shell has in itself.
mount --bind /dev/null /dev/kmsg
run
says "no log: only what needs it is skipped" 0 "^ok .* parameters: .* # SKIP the kernel's log" ' skip:1 '
umount /dev/kmsg

# Those that are left have one.
for function in "$devices"/*; do
	[ -e "$function/driver" ] || echo 1 >"$function/remove"
done
set -- "$devices"/*
run
no_driver='# SKIP no function without a driver'
says "a driver has each of $# functions: it writes to none" 0 "^ok .* write_type1: .* $no_driver" \
	"^ok .* write_ecam: .* $no_driver" "^ok .* write_raw: .* $no_driver" ' skip:3 ' \
	"check=width_1 result=pass functions=$# "
says "00:00.0 is absent: it reads another one" 0 "^# 100000 reads of ${1##*/}," '!0000:00:00\.0,'

mount -o remount,ro /sys/kernel/debug
run
says "debugfs can't be written: it skips" 4 '^1\.\.0 # SKIP debugfs can not be used: Read-only'
umount /sys/kernel/debug
run
says "no debugfs: it skips" 4 '^1\.\.0 # SKIP debugfs is not mounted'
mount -t debugfs none /sys/kernel/debug

# For good
echo 1 >/proc/sys/kernel/modules_disabled
run
says "the kernel takes no module: it skips, with insmod's reason" 4 \
	'^1\.\.0 # SKIP the kernel refuses the module: insmod: .*Operation not permitted'
