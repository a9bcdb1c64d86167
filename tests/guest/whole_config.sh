#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# whole_config.sh - in the guest: the hash of each function's whole configuration space,
# after each of some steps; for init's job run
#
# steps=WORD,...	of those below; each has the lines "# STEP FUNCTION ..." for what ECAM
#			has, and "# STEP sysfs FUNCTION ..." for what Linux has
#
# It is for the machine of tests/mapped-guest, and for a kernel without hot plugging: it
# does what a driver does itself.
set -eu
devices=/sys/bus/pci/devices
hot_port=0000:00:1e.0		# nothing is plugged in
numbered_port=0000:00:1d.0	# with a device
new_number=48
number=0

# get DEVICE REGISTER SIZE - a number
get() {
	od -A n -t "u$3" -j $(($2)) -N "$3" "$devices/$1/config" | tr -d ' '
}

# put DEVICE REGISTER SIZE NUMBER
put() {
	bytes='' left=$4
	for _ in $(seq "$3"); do
		bytes="$bytes\\$(printf %03o $((left & 255)))"
		left=$((left >> 8))
	done
	# shellcheck disable=SC2059 # it is the format that has bytes
	printf "$bytes" | dd of="$devices/$1/config" bs="$3" seek=$(($2 / $3)) \
		conv=notrunc 2>/dev/null
}

# capability DEVICE ID, extended_capability DEVICE ID - where it is
capability() {
	at=$(get "$1" 0x34 1)
	for _ in $(seq 48); do
		[ "$(get "$1" "$at" 1)" != $(($2)) ] || break
		at=$(get "$1" $((at + 1)) 1)
	done
	echo "$at"
}

extended_capability() {
	at=256
	for _ in $(seq 48); do
		[ "$(get "$1" "$at" 2)" != $(($2)) ] || break
		at=$(($(get "$1" $((at + 2)) 2) >> 4))
	done
	echo "$at"
}

# result DESCRIPTION COMMAND... - it must succeed
result() {
	description=$1
	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number - $description"
	else
		echo "not ok $number - $description"
	fi
}

# present BUS:DEV.FN - how many functions ECAM has there
present() {
	/tests/config_hash | grep -c "^$1 " || :
}

boot() {
	:
}

# slot NUMBER - what a driver writes to Slot Control: power and its light
slot() {
	put $hot_port $(($(capability $hot_port 0x10) + 0x18)) 2 "$1"
}

plug() {
	status=$(($(capability $hot_port 0x10) + 0x1a))
	bus=$(printf %02x "$(get $hot_port 0x19 1)")
	result "nothing is plugged in" test "$(present "$bus:00.0")" = 0
	echo "ask plug"
	for _ in $(seq 100); do
		[ $(($(get $hot_port "$status" 2) & 0x40)) = 0 ] || break
		sleep 0.2
	done
	slot 0x100
	echo 1 >/sys/bus/pci/rescan
	result "something is" test "$(present "$bus:00.0")" = 1
	result "Linux has found it" test -e "$devices/0000:$bus:00.0"
}

unplug() {
	bus=$(printf %02x "$(get $hot_port 0x19 1)")
	echo 1 >"$devices/0000:$bus:00.0/remove"
	slot 0x700
	result "nothing is plugged in any more" test "$(present "$bus:00.0")" = 0
}

find_pf() {
	pf=$(grep -l 0x10c9 $devices/*/device)
	pf=${pf%/device}
	pf=${pf##*/}
	sriov=$(extended_capability "$pf" 0x10)
}

# Those have no ID.
virtual_functions() {
	/tests/config_hash | grep -c " ffffffff " || :
}

virtual() {
	find_pf
	put "$pf" $((sriov + 0x10)) 2 7
	put "$pf" $((sriov + 0x08)) 2 9
	result "there are 7 virtual functions" test "$(virtual_functions)" = 7
}

physical() {
	find_pf
	put "$pf" $((sriov + 0x08)) 2 0
	result "there are no virtual functions" test "$(virtual_functions)" = 0
}

renumber() {
	bus=$(printf %02x "$(get $numbered_port 0x19 1)")
	put $numbered_port 0x18 4 $((new_number << 16 | new_number << 8))
	echo 1 >"$devices/$numbered_port/remove"
	echo 1 >/sys/bus/pci/rescan
	new=$(printf %02x $new_number)
	result "no function has the old bus number" test "$(present "$bus:00.0")" = 0
	result "one has the new bus number" test "$(present "$new:00.0")" = 1
	result "Linux has found it there" test -e "$devices/0000:$new:00.0"
}

# An expander bridge has no say in what migrates: QEMU forgets the registers of its own
# function, whatever ECAM is.
those_that_migrate() {
	/tests/config_hash | grep -v " 000b1b36 "
}

# The guest reads on while it moves: to where, is for the host to say.
migrate() {
	those_that_migrate >/tmp/before
	echo "ask migrate"
	for _ in $(seq 15); do
		those_that_migrate >/tmp/after
		cmp -s /tmp/before /tmp/after || break
		sleep 1
	done
	diff /tmp/before /tmp/after | sed "s/^/# changed /"
	result "nothing changes meanwhile" cmp -s /tmp/before /tmp/after
}

insmod /tests/ecam_map.ko
# shellcheck disable=SC2154 # from the kernel's command line
for step in $(echo "$steps" | tr , ' '); do
	"$step"
	/tests/config_hash >/tmp/hashes
	sed "s/^/# $step /" /tmp/hashes
	for device in "$devices"/*; do
		echo "# $step sysfs ${device##*/} $(sha256sum <"$device/config")"
	done
	result "$step: $(grep -c . /tmp/hashes) functions" test -s /tmp/hashes
done
