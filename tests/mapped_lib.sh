# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
#
# What the scripts about mapped ECAM share.  Sourced with $top and $out set, after
# tests/lib.sh and lab/lib.sh.

# Functions of all kinds: a switch, conventional ones, an expander bridge, virtio, and what
# must be emulated (i6300esb, and nvme and virtio at times).  27 with those of q35 itself.
every_kind='
-device pcie-root-port,id=port1,chassis=1,addr=2.0,multifunction=on
-device x3130-upstream,id=up,bus=port1
-device xio3130-downstream,id=down1,bus=up,chassis=11,addr=0
-device xio3130-downstream,id=down2,bus=up,chassis=12,addr=1
-device xio3130-downstream,id=down3,bus=up,chassis=13,addr=2
-device nvme,serial=1,bus=down1 -device igb,bus=down2 -device e1000e,bus=down3
-device pcie-root-port,id=port2,chassis=2,addr=2.1
-device pcie-pci-bridge,id=conventional,bus=port2
-device i6300esb,bus=conventional,addr=1 -device virtio-rng-pci,bus=conventional,addr=2
-device e1000,bus=conventional,addr=3 -device ahci,bus=conventional,addr=4
-device pxb-pcie,id=expander,bus_nr=64,bus=pcie.0
-device pcie-root-port,id=port3,chassis=3,bus=expander -device qemu-xhci,bus=port3
-device pcie-root-port,id=port4,chassis=4,bus=pcie.0,addr=1d.0
-device virtio-balloon-pci,bus=port4
-device virtio-rng-pci,bus=pcie.0 -device virtio-serial-pci,bus=pcie.0
-device usb-ehci,bus=pcie.0 -device lsi,bus=pcie.0'

# Unplugging is a matter of configuration space then.
native_hotplug='-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off'
# The guest's kernel leaves the ports to the test, and the clock is the host's: no need to
# watch it, which goes wrong on a busy machine.
own_ports='pcie_ports=compat tsc=reliable'

# guest_for SCRIPT PROGRAM - the initramfs $out/guest.cpio.gz with these of tests/guest
guest_for() {
	# In a copy, as kbuild writes beside the sources.
	rm -rf "$out/module"
	cp -R "$top/tests/modules/ecam_map" "$out/module"
	make -C "$cache/build/${BASE:-7.3}-series" M="$out/module" W=1 modules \
		>"$out/module.log" 2>&1 || {
		cat "$out/module.log"
		return 1
	}
	make -C "$top" -s --no-print-directory "out/bin/$2" &&
	"$top/lab/initramfs-with" "$out/guest.cpio.gz" "$top/out/boot/series/guest.cpio.gz" \
		tests/ecam_map.ko="$out/module/ecam_map.ko" tests/script="$top/tests/guest/$1" \
		"tests/$2=$top/out/bin/$2"
}

# plug DEVICE - have QMP plug it into the port hot
plug() {
	printf '{"execute":"device_add","arguments":{"driver":"%s","bus":"hot"}}' "$1"
}
