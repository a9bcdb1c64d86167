# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
#
# What the scripts share that keep what they make, in $out: an empty folder with the name of the
# script.  The guests of some of them are made here.  Sourced with $top set.
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

# guest KERNEL "MODULE..." SCRIPT [PROGRAM] - the initramfs of a kernel of lab/prepare, with modules
# of tests/modules, and a script and a program of tests/guest: in the guest's /tests
guest() {
	for_kernel=$1 modules=$2 program=${4-}
	set -- "tests/$3=$top/tests/guest/$3" "tests/lib.sh=$top/tests/lib.sh"
	for name in $modules; do
		module "$name" "$for_kernel" "$out" || return
		set -- "$@" "tests/$name.ko=$out/$name/$name.ko"
	done
	if [ -n "$program" ]; then
		make -C "$top" -s --no-print-directory "out/bin/$program" || return
		set -- "$@" "tests/$program=$top/out/bin/$program"
	fi
	"$top/lab/initramfs" "$out/$for_kernel.cpio.gz" \
		"$top/out/boot/$for_kernel/guest.cpio.gz" "$@"
}
