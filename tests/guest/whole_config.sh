#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# whole_config.sh - after each of some steps, the hash of each function's whole configuration
# space; for init's job run
#
# steps=WORD,...	boot, or functions below; after each come lines "# STEP FUNCTION ..." for what
#			ECAM has, and "# STEP sysfs ..." for what Linux reads
#
# It needs the machine of tests/mapped-guest, and a kernel that does not hot plug: it does
# itself what a driver does.
set -eu
. tests/lib.sh
devices=/sys/bus/pci/devices
hot_port=0000:00:1e.0		# nothing is plugged in
numbered_port=0000:00:1d.0	# with a device
# In QEMU's root port, and in its igb
slot_control=0x6c slot_status=0x6e
sriov_control=0x168 number_of_vfs=0x170

# write DEVICE REGISTER SIZE BYTES - write these, lowest first, each as \ and an octal number
write() {
	# shellcheck disable=SC2059 # the format has the bytes
	printf "$4" | dd of="$devices/$1/config" bs="$3" seek=$(($2 / $3)) conv=notrunc 2>/dev/null
}

# count DESCRIPTION N REGEX - that many functions of ECAM match
count() {
	equal "$1" "$2" "$(/tests/config_hash | grep -c "$3")"
}

plug() {
	count "nothing is plugged in" 0 "^$hot_bus:00.0"
	echo "ask plug" >/dev/records
	for _ in $(seq 100); do
		[ $((0x$(byte $hot_port $slot_status) & 0x40)) = 0 ] || break
		sleep 0.2
	done
	# Power, and its light
	write $hot_port $slot_control 2 '\000\001'
	echo 1 >/sys/bus/pci/rescan
	count "something is plugged in" 1 "^$hot_bus:00.0"
	ok "Linux finds it" test -e "$devices/0000:$hot_bus:00.0"
}

unplug() {
	echo 1 >"$devices/0000:$hot_bus:00.0/remove"
	write $hot_port $slot_control 2 '\000\007'
	count "nothing is plugged in any more" 0 "^$hot_bus:00.0"
}

# Virtual functions have no ID.
virtual() {
	write "$pf" $number_of_vfs 2 '\007\000'
	write "$pf" $sriov_control 2 '\011\000'
	count "there are 7 virtual functions" 7 " ffffffff "
}

physical() {
	write "$pf" $sriov_control 2 '\000\000'
	count "there are no virtual functions" 0 " ffffffff "
}

renumber() {
	bus=$(byte $numbered_port 0x19)
	write $numbered_port 0x18 4 '\000\060\060\000'
	echo 1 >"$devices/$numbered_port/remove"
	echo 1 >/sys/bus/pci/rescan
	count "no function has the old bus number" 0 "^$bus:00.0"
	count "one has the new bus number" 1 "^30:00.0"
	ok "Linux finds it there" test -e "$devices/0000:30:00.0"
}

# QEMU does not migrate the registers of an expander bridge's own function, with or without
# mapped ECAM.
those_that_migrate() {
	/tests/config_hash | grep -v " 000b1b36 "
}

# The guest reads on while the host moves it.
migrate() {
	those_that_migrate >/tmp/before
	echo "ask migrate" >/dev/records
	for _ in $(seq 15); do
		those_that_migrate >/tmp/after
		cmp -s /tmp/before /tmp/after || break
		sleep 1
	done
	same "nothing changes meanwhile" /tmp/before /tmp/after
}

# The number of the bus behind the port, and the igb, which can have virtual functions
hot_bus=$(byte $hot_port 0x19)
pf=$(grep -l 0x10c9 $devices/*/device | cut -d / -f 6)
for step in $(echo "${steps:?}" | tr , ' '); do
	[ "$step" = boot ] || "$step"
	/tests/config_hash >/tmp/hashes
	sed "s/^/# $step /" /tmp/hashes
	sha256sum "$devices"/*/config | sed "s/^/# $step sysfs /"
	ok "$step: $(wc -l </tmp/hashes) functions" test -s /tmp/hashes
done
summary
