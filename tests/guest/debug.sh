#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# debug.sh - in a guest: use configuration space in every way at once, and for long
#
# init's job "run script=/tests/debug.sh seconds=600" starts it; tests/debug describes the machine
# and reads the log. Each part is a loop in the background that counts its rounds. A part fails and
# stops when something goes wrong; it also fails when it makes too few rounds, since a loop that
# hardly ran has tested nothing.
#
# shellcheck disable=SC2317 # the parts are called by their names
set -u
. tests/lib.sh
devices=/sys/bus/pci/devices files=/sys/kernel/debug/pci_cfg_test work=/tmp/debug
threads=/sys/kernel/debug/config_reads/threads

# What tests/debug has put where: on bus 0 a function that nothing else here uses; root ports with
# an e1000e behind the first, an NVMe controller with VFs behind the second, nothing behind the
# third, which is slot 3, and a bridge to conventional PCI behind the fourth
scratch=0000:00:04.0 physical=0000:02:00.0 plugged=0000:03:00.0
removed="0000:00:03.0 0000:01:00.0 0000:00:05.0 0000:04:00.0"
port=0000:00:02.2 slot=/sys/bus/pci/slots/3

# The parts, and how many rounds each must make at least in a minute of a busy machine
parts="read:2 write:10 remove:2 plug:1 module:1 region:10 vfs:1"

# wrong TEXT - the part can't go on
wrong() {
	echo "$*" >"$work/$part.wrong"
	exit 1
}

# alone COMMAND... - while no other COMMAND of this kind runs; the guest has no flock
alone() {
	until mkdir "$work/lock" 2>/dev/null; do
		sleep 0.1
	done
	"$@"
	rc=$?
	rmdir "$work/lock"
	return $rc
}

# light NUMBER - is the power indicator of slot 3 on (1), or off (3)? It blinks (2) while
# pciehp is at work. It is in the upper byte of Slot Control, which QEMU has at 0x6c.
light() {
	[ $((0x$(byte "$port" 0x6d) & 3)) = "$1" ]
}

# Every register of every function, while some of them go
part_read() {
	for config in "$devices"/*/config; do
		cat "$config"
	done >/dev/null 2>&1
}

# The Interrupt Line, which no hardware looks at: what is written must be there
part_write() {
	byte=$(printf %02x $((rounds % 256)))
	# shellcheck disable=SC2059 # an escape
	printf "\\x$byte" | dd of="$devices/$scratch/config" bs=1 seek=60 conv=notrunc 2>/dev/null
	seen=$(byte "$scratch" 60)
	[ "$seen" = "$byte" ] || wrong "$scratch register 0x3c reads $seen, not $byte"
}

part_remove() {
	for function in $removed; do
		put 1 "$devices/$function/remove" || wrong "$function can't be removed"
		put 1 /sys/bus/pci/rescan || wrong "no rescan"
		within 60 test -e "$devices/$function/config" || wrong "$function stays away"
	done
}

# Unplug by the attention button, which pciehp thinks about for 5 seconds, or by the slot's
# power. lockdep stops at its first report, and pciehp makes it report (tests/rows/baseline):
# so this part waits until half of the time is over.
part_plug() {
	if [ -e /proc/lockdep_stats ] && [ "$rounds" = 0 ]; then
		sleep $((seconds / 2))
		grep -q '^ debug_locks: *1$' /proc/lockdep_stats || wrong "lockdep had stopped"
	fi
	echo "ask plug" >/dev/records
	within 60 test -e "$devices/$plugged/config" || wrong "$plugged does not come"
	cat "$devices/$plugged/config" >/dev/null 2>&1
	within 60 light 1 || wrong "slot 3 does not get ready"
	if [ $((rounds % 2)) = 0 ]; then
		echo "ask unplug" >/dev/records
	else
		put 0 "$slot/power" || wrong "$slot/power can't be written"
	fi
	within 60 test ! -e "$devices/$plugged" || wrong "$plugged does not go"
	within 60 light 3 || wrong "slot 3 stays on"
	# The host takes it out a little later.
	within 60 grep -qx 0 "$slot/adapter" || wrong "slot 3 does not get empty"
}

# Load config_reads and the selftest's module, have threads read by each method, compare the
# methods, which writes as well, and unload both while the threads read. What comes and goes
# meanwhile differs, and a thread that reads by ECAM finds none at times: that is no failure here.
part_module() {
	# shellcheck disable=SC2086 # words
	insmod /modules/config_reads.ko $methods || wrong "config_reads can't be loaded"
	insmod /kselftest/pci_cfg/test_modules/pci_cfg_test.ko || wrong "the module can't be loaded"
	put "4 all" "$threads" || wrong "no threads"
	alone put all "$files/checks" || wrong "no checks"
	grep -q '^check=dispatch_4 result=' "$files/checks" || wrong "the checks did not run"
	sleep 2
	grep -q ' reads=[1-9]' "$threads" || wrong "the threads do not read"
	bad=$(grep -v -e ' wrong=0$' -e 'method=ecam ' "$threads")
	[ -z "$bad" ] || wrong "a thread reads what is wrong: $bad"
	rmmod pci_cfg_test || wrong "the module can't be unloaded"
	rmmod config_reads || wrong "config_reads can't be unloaded"
}

# Take the ECAM region away and give it back, but not while the methods are compared: both
# write the same registers. The module's rounds count.
part_region() {
	# shellcheck disable=SC2086 # words
	alone insmod /tests/region_churn.ko seconds=3 $addresses 2>"$work/said" ||
		wrong "region_churn: $(cat "$work/said"): $(dmesg | grep region_churn: | tail -n 1)"
	# insmod of busybox tries twice: the first failure counts.
	! dmesg | grep 'region_churn: .*, not ' >"$work/said" || wrong "$(head -n 1 "$work/said")"
	made=$(sed -n 's/.* rounds=\([0-9]*\) .*/\1/p' /sys/module/region_churn/parameters/result)
	rmmod region_churn || wrong "region_churn can't be unloaded"
	rounds=$((rounds + made - 1))
}

# VFs come and go. Their registers are behind 256, so not while there is no region.
part_vfs() {
	vfs=$devices/$physical/sriov_numvfs
	alone put 2 "$vfs" || wrong "no VFs"
	cat "$devices/$physical"/virtfn*/config >/dev/null 2>&1 || wrong "no VF to read"
	alone put 0 "$vfs" || wrong "the VFs stay"
	sleep 1
}

# work - make rounds of $part until the time is over
work() {
	rounds=0
	while [ "$(date +%s)" -lt "$end" ]; do
		"part_$part"
		rounds=$((rounds + 1))
		echo "$rounds" >"$work/$part"
	done
}

mkdir -p "$work"
# Each insertion of a region is logged, and the console is slow: warnings and worse.
dmesg -n 5
addresses=$(addresses pci_mmconfig_lookup pci_mmconfig_insert pci_mmconfig_delete)
methods=$(addresses raw_pci_read pci_conf1_read pci_mmcfg_read)
# Any driver will do that can have VFs.
vendor=$(cat "$devices/$physical/vendor") device=$(cat "$devices/$physical/device")
put "${vendor#0x} ${device#0x}" /sys/bus/pci/drivers/pci-pf-stub/new_id

seconds=${seconds:?} end=$(($(date +%s) + seconds))
for part in $parts; do
	part=${part%:*}
	work &
done
wait

for part in $parts; do
	least=$((${part#*:} * seconds / 60)) part=${part%:*}
	rounds=$(cat "$work/$part" 2>/dev/null || echo 0)
	if [ -e "$work/$part.wrong" ]; then
		fail "$part: $(cat "$work/$part.wrong") (after $rounds rounds)"
	else
		ok "$part: $rounds rounds, must be $least at least" test "$rounds" -ge "$least"
	fi
done
# KCSAN that has switched itself off reports nothing.
if [ -e /sys/kernel/debug/kcsan ]; then
	set_up=$(sed -n 's/^setup_watchpoints: //p' /sys/kernel/debug/kcsan)
	ok "KCSAN is still on" grep -q '^enabled: 1$' /sys/kernel/debug/kcsan
	ok "KCSAN has set up $set_up watchpoints" test "$set_up" -gt 1000
fi
cat /sys/kernel/debug/kunit/*/results
