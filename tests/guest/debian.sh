#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# debian.sh - the service of tests/debian's system: write down what user space has made of the PCI
# functions, and reboot
#
# usage: debian.sh BOOTS
#
# Of boot N it writes to /job/results/boot-N/ what has to be the same in every boot: so no times, nothing
# of interrupts, and no numbers in the order of discovery.  After BOOTS boots it powers off.  What the
# program vm has to know goes to the second serial port, as lab/init/init.c says.
cd /job/results || exit
record() { printf '%s\n' "$*" >/dev/ttyS1; }

# Until all services have started, and udev has nothing left to do
state=$(systemctl is-system-running --wait)
udevadm settle
record
record "start kernel=$(uname -r)"

boot=0
while [ -d "boot-$boot" ]; do
	boot=$((boot + 1))
done
mkdir "boot-$boot" && cd "boot-$boot" || exit
echo "$state" >state
systemctl list-units --all --plain --no-legend | awk '{ print $1, $2, $3, $4 }' | sort >units
lspci -Dvvvnn | sed -E 's/IRQ [0-9]+/IRQ/; /Address: [0-9a-f]+ +Data: /d' >functions
udevadm info --export-db | sed -E '/USEC_INITIALIZED|SEQNUM|TAGS=|^R:|^$/d; s/input[0-9]+/input/' |
	sort >udev
lsmod | awk '{ print $1 }' | sort >modules
grep -vE ' : Kernel (code|rodata|data|bss)$' /proc/iomem >iomem
cat /proc/ioports >ioports
# Timers are measured when the computer happens to be busy, or not.
journalctl -b -p warning -o cat | grep -vE 'APIC calibration|calibrate|MP-BIOS' | sort -u >warnings
if [ "$boot" -lt "$(($1 - 1))" ]; then
	record restart
	exec systemctl reboot
fi
record verdict pass
exec systemctl poweroff
