#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# debug.sh - in a guest: use configuration space in every way at once, and for long
#
# init's job "run script=/debug.sh seconds=600" starts it; tests/debug has the machine
# and reads the log. Each part is a loop in the background that counts its rounds. One in
# which something goes wrong has failed, and stops; one that makes too few rounds has as
# well: a loop that hardly ran has tested nothing.
#
# shellcheck disable=SC3043 # the guest's shell is busybox's, it has "local"
# shellcheck disable=SC2317 # the parts are called by their names
set -u

devices=/sys/bus/pci/devices
module=/kselftest/pci_cfg/test_modules/pci_cfg_test.ko
files=/sys/kernel/debug/pci_cfg_test
work=/tmp/debug

# What tests/debug has put where: on bus 0 a function that nothing else here uses, root
# ports with an e1000e in the first, an NVMe controller with VFs in the second, and
# nothing in the third, which is slot 3; a bridge to conventional PCI in the fourth.
scratch=0000:00:04.0
removed="0000:00:03.0 0000:01:00.0 0000:00:05.0 0000:04:00.0"
physical=0000:02:00.0
plugged=0000:03:00.0
port=0000:00:02.2
slot=/sys/bus/pci/slots/3

# The parts, and how many rounds each must make at least in a minute of a busy machine
parts="
read 2
write 10
remove 2
plug 1
module 1
region 10
vfs 1
"

# uptime - in seconds
uptime() {
	local up rest
	read -r up rest </proc/uptime
	echo "${up%.*}"
}

# going - is there time for one more round?
going() {
	[ "$(uptime)" -lt "$end" ]
}

# wrong TEXT - the part can't go on
wrong() {
	echo "$*" >"$work/$part.wrong"
	exit 1
}

# within SECONDS COMMAND... - until it succeeds
within() {
	local limit=$(($(uptime) + $1))
	shift
	until "$@"; do
		[ "$(uptime)" -lt "$limit" ] || return 1
		sleep 0.1
	done
}

# present FUNCTION, absent FUNCTION
present() {
	[ -e "$devices/$1/config" ]
}

absent() {
	[ ! -e "$devices/$1" ]
}

# alone COMMAND... - nothing else that runs by this meanwhile; the guest has no flock
alone() {
	local rc=0
	until mkdir "$work/lock" 2>/dev/null; do
		sleep 0.1
	done
	"$@" || rc=$?
	rmdir "$work/lock"
	return $rc
}

# put TEXT FILE
put() {
	{ echo "$1" >"$2"; } 2>/dev/null
}

# byte FUNCTION REGISTER
byte() {
	dd if="$devices/$1/config" bs=1 skip="$2" count=1 2>/dev/null | od -An -tu1 | tr -d ' '
}

# light on|off - is the power indicator of slot 3 so? It blinks while pciehp is at work.
light() {
	local at state
	at=$(byte "$port" 52)
	# The PCI Express capability, in it Slot Control
	until [ "$(byte "$port" "$at")" = 16 ]; do
		at=$(byte "$port" $((at + 1)))
	done
	state=$(($(byte "$port" $((at + 25))) & 3))
	case $1 in
	on)	[ $state = 1 ] ;;
	off)	[ $state = 3 ] ;;
	esac
}

# Every register of every function, while some of them go
part_read() {
	local config
	for config in "$devices"/*/config; do
		cat "$config"
	done >/dev/null 2>&1
	! [ -x /bin/lspci ] || lspci -xxxx >/dev/null 2>&1
}

# The Interrupt Line, which no hardware looks at: what is written must be there
part_write() {
	local byte=$((rounds % 256)) octal seen
	octal=$(printf '%o' "$byte")
	# shellcheck disable=SC2059 # an escape
	printf "\\$octal" | dd of="$devices/$scratch/config" bs=1 seek=60 conv=notrunc 2>/dev/null
	seen=$(byte "$scratch" 60)
	[ "$seen" = "$byte" ] || wrong "$scratch register 0x3c reads $seen, not $byte"
}

part_remove() {
	local function
	for function in $removed; do
		put 1 "$devices/$function/remove" || wrong "$function can't be removed"
		put 1 /sys/bus/pci/rescan || wrong "no rescan"
		within 60 present "$function" || wrong "$function is not found again"
	done
}

# lockdep - does it still look? It stops at its first report.
lockdep() {
	grep -q '^ debug_locks: *1$' /proc/lockdep_stats
}

# By the attention button, which pciehp thinks about for 5 seconds, or by the slot's power
# What pciehp does has lockdep stop (tests/rows/baseline): so only when half of the time is
# over.
part_plug() {
	if [ -e /proc/lockdep_stats ] && [ "$rounds" = 0 ]; then
		sleep $((${seconds:-600} / 2))
		lockdep || wrong "lockdep has stopped before"
	fi
	echo "ask plug"
	within 60 present "$plugged" || wrong "$plugged does not come"
	cat "$devices/$plugged/config" >/dev/null 2>&1
	within 60 light on || wrong "slot 3 does not get ready"
	if [ $((rounds % 2)) = 0 ]; then
		echo "ask unplug"
	else
		put 0 "$slot/power" || wrong "$slot/power can't be written"
	fi
	within 60 absent "$plugged" || wrong "$plugged does not go"
	within 60 light off || wrong "slot 3 stays on"
	# The host takes it out a little later.
	within 60 grep -qx 0 "$slot/adapter" || wrong "slot 3 does not get empty"
}

# Load it with two threads that read, have others read by each method, compare the
# methods, which writes as well, and unload it while the threads read.  Registers of
# functions that come and go differ, that is not looked at here, nor what a thread reads by
# ECAM, as there is none at times.
part_module() {
	insmod "$module" threads=2 || wrong "the module can't be loaded"
	put "4 all" "$files/threads" || wrong "no threads"
	alone put 1 "$files/checks" || wrong "no checks"
	! grep -q '^check=query result=fail' "$files/checks" ||
		wrong "$(grep '^note=query' "$files/checks")"
	sleep 2
	grep -q ' reads=[1-9]' "$files/threads" || wrong "the threads do not read"
	local bad
	bad=$(grep -v -e ' wrong=0$' -e 'method=ecam ' "$files/threads")
	[ -z "$bad" ] || wrong "a thread reads what is wrong: $bad"
	rmmod pci_cfg_test || wrong "the module can't be unloaded"
}

# Take the ECAM region away and give it back. Not while the methods are compared: both
# write the same registers.  A round is one of the module's.
part_region() {
	local made
	# shellcheck disable=SC2086 # words
	alone insmod /region_churn.ko seconds=3 $addresses 2>"$work/said" ||
		wrong "region_churn: $(cat "$work/said"): $(dmesg | grep region_churn: | tail -n 1)"
	made=$(sed -n 's/.* rounds=\([0-9]*\) .*/\1/p' /sys/module/region_churn/parameters/result)
	rmmod region_churn || wrong "region_churn can't be unloaded"
	rounds=$((rounds + made - 1))
}

# VFs come and go. Their registers are behind 256, so not while there is no region.
part_vfs() {
	local vfs="$devices/$physical/sriov_numvfs"
	alone put 2 "$vfs" || wrong "no VFs"
	cat "$devices/$physical"/virtfn*/config >/dev/null 2>&1 || wrong "no VF to read"
	alone put 0 "$vfs" || wrong "the VFs stay"
	sleep 1
}

# work NAME - make rounds of a part until the time is over
work() {
	part=$1 rounds=0
	while going; do
		"part_$part"
		rounds=$((rounds + 1))
		echo "$rounds" >"$work/$part"
	done
}

# result CONDITION TEXT - a line of test output
result() {
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests $2"
	else
		echo "not ok $tests $2"
	fi
}

mkdir -p "$work"
# Each insertion of a region is logged, and the console is slow: warnings and worse.
dmesg -n 5
addresses=$(awk '$3 ~ /^pci_mmconfig_(lookup|insert|delete)$/ { print $3 "=0x" $1 }' /proc/kallsyms)
# Any driver will do that can have VFs.
vendor=$(cat "$devices/$physical/vendor") device=$(cat "$devices/$physical/device")
put "${vendor#0x} ${device#0x}" /sys/bus/pci/drivers/pci-pf-stub/new_id

started=$(uptime)
end=$((started + ${seconds:-600}))
while read -r part minimum; do
	[ -z "$part" ] || work "$part" &
done <<PARTS
$parts
PARTS
wait

tests=0
while read -r part minimum; do
	[ -n "$part" ] || continue
	rounds=$(cat "$work/$part" 2>/dev/null || echo 0)
	least=$((minimum * ${seconds:-600} / 60))
	if [ -e "$work/$part.wrong" ]; then
		result 1 "$part: $(cat "$work/$part.wrong") (after $rounds rounds)"
	else
		result "$((rounds < least))" "$part: $rounds rounds, not less than $least"
	fi
done <<PARTS
$parts
PARTS
# A watchman that has gone home reports nothing.
if [ -e /sys/kernel/debug/kcsan ]; then
	set_up=$(sed -n 's/^setup_watchpoints: //p' /sys/kernel/debug/kcsan)
	grep -q '^enabled: 1$' /sys/kernel/debug/kcsan && [ "$set_up" -gt 1000 ]
	result $? "KCSAN still looks: $set_up watchpoints set up"
fi
cat /sys/kernel/debug/kunit/*/results
