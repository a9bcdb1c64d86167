# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
#
# What the scripts about mapped ECAM, tests/debug and tests/metal share.  Sourced with $top set; it
# sets $out, an empty folder with the name of the script.
. "$top/tests/lib.sh"
. "$top/lab/lib.sh"
out=$top/out/$prog
rm -rf "$out"
mkdir -p "$out"

# With this, a guest plugs and unplugs by the registers of the port instead of ACPI.
native_hotplug='-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off'
# The guest's kernel leaves the ports to the test.  It takes the clock for reliable: what watches it
# goes wrong on a busy machine.
own_ports='pcie_ports=compat tsc=reliable'

# plug BUS DRIVER [ID] - what tells QEMU to do that
plug() {
	printf '{"execute":"device_add","arguments":{"bus":"%s","driver":"%s"%s}}' "$1" "$2" \
		"${3:+,\"id\":\"$3\"}"
}

# kvm - may we use it?
kvm() {
	[ -r /dev/kvm ] && [ -w /dev/kvm ]
}

# guest KERNEL MODULE SCRIPT [PROGRAM] - the initramfs of a kernel of lab/prepare, with a module of
# tests/modules, and a script and a program of tests/guest: in the guest's /tests
guest() {
	module "$2" "$1" "$out" &&
	{ [ -z "${4-}" ] || make -C "$top" -s --no-print-directory "out/bin/$4"; } &&
	"$top/lab/initramfs-with" "$out/$1.cpio.gz" "$top/out/boot/$1/guest.cpio.gz" \
		"tests/$2.ko=$out/$2/$2.ko" "tests/$3=$top/tests/guest/$3" \
		"tests/lib.sh=$top/tests/lib.sh" \
		${4:+"tests/$4=$top/out/bin/$4"}
}

# boot NAME KERNEL VM_ARGUMENT... - with the initramfs that guest made, if it did.  Leaves NAME.log,
# NAME.json and NAME.err, and prints why it failed.
boot() {
	name=$1 kernel=$2
	shift 2
	initrd=$out/$kernel.cpio.gz
	[ -f "$initrd" ] || initrd=$top/out/boot/$kernel/guest.cpio.gz
	"$top/out/bin/vm" --kernel "$top/out/boot/$kernel/bzImage" --initrd "$initrd" \
		--log "$out/$name.log" --json "$out/$name.json" "$@" 2>"$out/$name.err" || {
		tail -n 1 "$out/$name.err"
		return 1
	}
}
