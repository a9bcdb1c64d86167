# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the scripts in lab/ share.  Sourced with $top set to the checkout.

prog=${0##*/}
# Others read it:
# shellcheck disable=SC2034
cache=${PCI_CFG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pci_cfg}

# A make that started us has nothing to tell those that we start: not -s, nor -j.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

# say TEXT - a remark; stdout is for what the caller asked for
say() {
	printf '%s: %s\n' "$prog" "$*" >&2
}

# die TEXT - the one line that an error has
die() {
	say "$*"
	exit 1
}

# on_exit COMMAND - also when a signal ends us: dash skips the EXIT trap then
on_exit() {
	# COMMAND is to be expanded when it runs, not here:
	# shellcheck disable=SC2064
	trap "$1" EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
}

# lock FILE - one process at a time from here on, until we exit (descriptor 9)
lock() {
	exec 9>"$1"
	flock -n 9 || {
		say "waiting for another process that has $1"
		flock 9
	}
}

# ticking TEXT COMMAND... - run COMMAND, and say TEXT while it takes long
ticking() {
	ticking=$1
	shift
	{
		# The end of COMMAND ends the pipe, and cat passes its status on.
		ticking_rc=$(
			{ "$@" >&3 3>&- && echo 0 || echo $?; } | {
				seconds=0
				until timeout 20 cat; do
					seconds=$((seconds + 20))
					say "$ticking: $seconds s"
				done
			}
		)
	} 3>&1
	return "$ticking_rc"
}

# What has a QEMU of lab/qemu-mapped map ECAM.
# shellcheck disable=SC2034
mapped_ecam='-global q35-pcihost.mapped-ecam=on'

# accel_of_kvm - set accel to ACCEL, auto by default, for what needs KVM
accel_of_kvm() {
	accel=${ACCEL:-auto}
	case $accel in
	auto | kvm | nested)	;;
	*)	die "ACCEL=$accel: must be auto, kvm or nested; nothing exits under TCG" ;;
	esac
}

# kvm_or OTHERWISE - if accel is auto, set it: to kvm if a guest boots with that, which
# /dev/kvm alone does not say, else to OTHERWISE
kvm_or() {
	[ "$accel" = auto ] || return 0
	accel=kvm
	# shellcheck disable=SC2154 # top and out are the caller's
	"$top/out/bin/vm" --probe-kvm --kernel "$out/boot/series/bzImage" \
		--initrd "$out/boot/series/guest.cpio.gz" >&2 || accel=$1
}

# base NAME - read the row of bases into name, kind, package, suites, version,
# sha256 and tag
base() {
	# shellcheck disable=SC2154 # top is the caller's
	row=$(awk -v name="$1" '$1 == name' "$top/sources")
	[ -n "$row" ] ||
		die "$1: no such base; sources has:$(awk '/^[^#]/ { printf " %s", $1 }' "$top/sources")"
	# shellcheck disable=SC2034
	read -r name kind package suites version sha256 tag rest <<-ROW
		$row
	ROW
	if [ -z "$tag" ] || [ -n "$rest" ]; then
		die "sources: the row of $1 must have 7 columns"
	fi
}

# qemu_base NAME - base, of a QEMU
qemu_base() {
	base "$1"
	[ "$package" = qemu ] ||
		die "$name: not a QEMU; sources has:$(awk '$3 == "qemu" { printf " %s", $1 }' "$top/sources")"
}

# kernel_version TREE - e.g. 7.3.4; fails when TREE is not a kernel source tree
kernel_version() {
	[ -f "$1/Kbuild" ] && [ -f "$1/Kconfig" ] && [ -d "$1/arch/x86/pci" ] &&
	awk '$2 != "="			{ next }
	     $1 == "VERSION"		{ v = $3 }
	     $1 == "PATCHLEVEL"		{ v = v "." $3 }
	     $1 == "SUBLEVEL"		{ v = v "." $3 }
	     $1 ~ /^EXTRA/		{ print v $3; found = 1; exit }
	     END			{ exit !found }' "$1/Makefile" 2>/dev/null
}
