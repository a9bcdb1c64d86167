# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the scripts in tests/ and tests/guest/ share.  Every test is one line, "ok - DESCRIPTION",
# "not ok - DESCRIPTION" or "skip - DESCRIPTION: WHY", and a script's last line is
# "N passed, N failed, N skipped", so that tests/check can add them up.

passed=0 failed=0 skipped=0

# What the series touches, for make
touched='arch/x86/pci/ arch/x86/kernel/early-quirks.o arch/x86/kernel/jailhouse.o drivers/pci/ drivers/acpi/pci_root.o'

# pass DESCRIPTION
pass() {
	passed=$((passed + 1))
	echo "ok - $1"
}

# fail DESCRIPTION [WHY...] - every WHY on a line of its own
fail() {
	failed=$((failed + 1))
	echo "not ok - $1"
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@" | sed '/^$/d; s/^/#   /'
}

# skip DESCRIPTION WHY
skip() {
	skipped=$((skipped + 1))
	echo "skip - $1: $2"
}

# ok DESCRIPTION COMMAND... - it must succeed; what it says is shown if not
ok() {
	ok_description=$1
	shift
	if ok_output=$("$@" 2>&1); then
		pass "$ok_description"
	else
		fail "$ok_description" "$* failed:" "$ok_output"
	fi
}

# not_ok DESCRIPTION COMMAND... - it must fail
not_ok() {
	ok_description=$1
	shift
	if ok_output=$("$@" 2>&1); then
		fail "$ok_description" "$* should fail, it said:" "$ok_output"
	else
		pass "$ok_description"
	fi
}

# equal DESCRIPTION EXPECTED FOUND
equal() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "it is $3, not $2"
	fi
}

# within SECONDS COMMAND... - until it succeeds
within() {
	within_end=$(($(date +%s) + $1))
	shift
	until "$@"; do
		[ "$(date +%s)" -lt "$within_end" ] || return 1
		sleep 0.1
	done
}

# addresses FUNCTION... - of this kernel, as parameters of a module: NAME=0xADDRESS...  In-kernel tests
# may have a function of the same name: the first one is the kernel's own, as in init's jobs.
addresses() {
	for address; do
		awk -v name="$address" '$3 == name { print name "=0x" $1; exit }' /proc/kallsyms
	done
}

# put TEXT FILE - write it to a file of the kernel
put() {
	{ echo "$1" >"$2"; } 2>/dev/null
}

# byte FUNCTION REGISTER - of configuration space, as two hexadecimal digits
byte() {
	od -A n -t x1 -j $(($2)) -N 1 "/sys/bus/pci/devices/$1/config" | tr -d ' '
}

# refuses DESCRIPTION TEXT COMMAND... - it must fail and print nothing but errors, the last of which
# has TEXT
refuses() {
	ok_description=$1 ok_text=$2 ok_errors=$(mktemp)
	shift 2
	if ok_output=$("$@" 2>"$ok_errors"); then
		fail "$ok_description" "$* should fail, it said:" "$ok_output"
	elif [ -z "$ok_output" ] && tail -n 1 "$ok_errors" | grep -Fq -e "$ok_text"; then
		pass "$ok_description"
	else
		fail "$ok_description" "$* should print nothing but an error that has \"$ok_text\":" \
			"$ok_output" "$(tail -n 3 "$ok_errors")"
	fi
	rm "$ok_errors"
}

# same DESCRIPTION FILE FILE, differ DESCRIPTION FILE FILE - the only comparisons of files: with one
# that is missing or empty both fail, as that compares nothing
same() {
	if [ -s "$2" ] && [ -s "$3" ] && cmp -s "$2" "$3"; then
		pass "$1"
	else
		fail "$1" "$2 and $3 must be there, and the same" "$(diff "$2" "$3" 2>&1 | head -n 5)"
	fi
}

differ() {
	if [ -s "$2" ] && [ -s "$3" ] && ! cmp -s "$2" "$3"; then
		pass "$1"
	else
		fail "$1" "$2 and $3 must be there, and differ"
	fi
}

# devices NAME... - QEMU's arguments of these sets of tests/rows/devices.  many:N is N functions:
# conventional bridges, each with up to 31 devices behind it.
devices() {
	for set; do
		# shellcheck disable=SC2154 # top is the caller's
		awk -v set="$set" '
		# More than 900 take another shape: there are not enough slots for so many bridges, so
		# that eight share one; and firmware takes minutes if all have the BARs of virtio.
		BEGIN {
			many = set ~ /^many:/ ? substr(set, 6) + 0 : 0
			function_of = many > 900 ? "i6300esb" : "virtio-rng-pci"
			for (i = 0; i < many; i++) {
				n = int(i / 32)
				slot = sprintf(",shpc=off,multifunction=on,addr=%x.%d", n / 8 + 1, n % 8)
				if (i % 32)
					printf "-device %s,bus=many%d,addr=%x ", function_of, n, i % 32
				else
					printf "-device pci-bridge,id=many%d,chassis_nr=%d,bus=pcie.0%s ",
						n, 100 + n, (many > 900 ? slot : "")
			}
		}
		/^#/		{ next }
		/^[^ \t]/	{ in_set = $1 == set; $1 = "" }
		in_set {
			times = sub(/^[ \t]*8x/, "") ? 8 : 1
			for (i = 0; i < times; i++) {
				line = $0
				gsub(/%/, i, line)
				print line
			}
		}' "$top/tests/rows/devices"
	done
}

# boot NAME KERNEL VM_ARGUMENT... - what lab/prepare KERNEL has built, or its initramfs that is in
# $out.  Leaves NAME.log, .json and .err in $out, and prints why it failed.
boot() {
	boot_file=$out/$1 boot_kernel=${OUT:-$top/out}/boot/$2 boot_initrd=$out/$2.cpio.gz
	shift 2
	[ -f "$boot_initrd" ] || boot_initrd=$boot_kernel/guest.cpio.gz
	"$top/out/bin/vm" --kernel "$boot_kernel/bzImage" --initrd "$boot_initrd" \
		--log "$boot_file.log" --json "$boot_file.json" "$@" 2>"$boot_file.err" || {
		tail -n 1 "$boot_file.err"
		return 1
	}
}

# own_qemu - print the path of the QEMU that has tests/qemu/*.patch.  Guests with several processors run
# in it: before 8.1 (Debian 12 has 7.2), a processor of TCG may run an int3 that another one has already
# replaced, and the kernel dies of it (QEMU commit deba78709ae8).
own_qemu() {
	"$top/lab/build-qemu" qemu "$top"/tests/qemu/*.patch
}

# plug BUS DRIVER [ID [ADDRESS]] - what tells QEMU to do that; ADDRESS, DEVICE.FUNCTION, is for
# devices of several functions
plug() {
	printf '{"execute":"device_add","arguments":{"bus":"%s","driver":"%s"%s%s}}' "$1" "$2" \
		"${3:+,\"id\":\"$3\"}" "${4:+,\"addr\":\"$4\",\"multifunction\":true}"
}

# unpatched KERNEL - the name of the same without the series; for i386 none is built
unpatched() {
	echo "$1-unpatched" | sed -E 's/^(series|unchecked|scan.*|no-.*)-//; s/^i386-.*/i386/'
}

# lines LOG - those of a log, without the time in front.  The kernel prints whenever it can, behind
# what user space has printed of a line as well: the kernel's is a line of its own here.
lines() {
	tr -d '\r' <"$1" | sed -E 's/^\[ *[0-9.]+\] //; t; s/\[ *[0-9]+\.[0-9]{6}\] /\n/'
}

# unexplained ROW - the lines on stdin, less what tests/rows/baseline has for ROW
unexplained() {
	unexplained=$(sed '/^#/d; s/[[:space:]]*|[[:space:]]*/|/g' "$top/tests/rows/baseline" |
		while IFS='|' read -r rows expression _; do
			! printf '%s\n' "$1" | grep -Exq -e "$rows" || printf '%s\n' "$expression"
		done)
	grep -vE -e "$unexplained" 2>&1 || [ $? -eq 1 ]
}

# forbidden LOG [N] - what LOG has that no kernel with the series may print: the lines that
# tests/rows/forbidden matches, each in one line with the N behind it, which say where.  An error
# in that file is printed as well.
forbidden() (
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	[ -s "$1" ] || { echo "$1: missing or empty"; exit; }
	lines "$1" >"$work/lines"
	sed '/^#/d; /^$/d' "$top/tests/rows/forbidden" >"$work/forbidden"
	grep -nE -f "$work/forbidden" "$work/lines" >"$work/found" 2>&1 || [ $? -eq 1 ] ||
		{ cat "$work/found"; exit; }
	while IFS=: read -r at _; do
		sed -n "$at,$((at + ${2:-0}))p" "$work/lines" | paste -sd ' ' -
	done <"$work/found"
)

# no_warning ROW LOG [N [TEXT]] - LOG has nothing that is forbidden and not explained; TEXT is more
# to say of it
no_warning() {
	warnings=$(forbidden "$2" "${3-}" | unexplained "$1")
	if [ -z "$warnings" ]; then
		pass "$1: no warning in the log${4-}"
	else
		fail "$1: no warning in the log" "$(printf '%s\n' "$warnings" | wc -l) in $2:" \
			"$(printf '%s\n' "$warnings" | head -n 5)"
	fi
}

# module NAME KERNEL FOLDER - build tests/modules/NAME for what "lab/prepare KERNEL" has built;
# in a copy in FOLDER, as kbuild writes beside the sources.  A warning is an error.  It can include
# files of the kernel's arch/x86/pci, and has headers of its own that go before the kernel's.
module() {
	rm -rf "${3:?}/$1"
	cp -R "$top/tests/modules/$1" "$3/$1"
	cat >"$3/$1/Makefile" <<-MAKE
		obj-m := $1.o
		LINUXINCLUDE := -I\$(src) \$(LINUXINCLUDE)
		ccflags-y := -I\$(srctree)/arch/x86/pci
	MAKE
	# shellcheck disable=SC2154 # cache is of lab/lib.sh
	make -C "$cache/build/${BASE:-7.3}-$2" M="$3/$1" W=1 modules >"$3/$1.log" 2>&1 &&
		! grep -q warning: "$3/$1.log" && return
	grep -m 3 -e error: -e warning: -e '\*\*\*' "$3/$1.log" >&2
	return 1
}

# no_debian PACKAGE... - print why no Debian can be installed into a folder here; nothing if one can.
# Each PACKAGE is one that this machine needs, and gets, for that (lab/packages).
no_debian() {
	if [ "$(id -u)" -ne 0 ]; then
		echo "only root can install a Debian into a folder"
	elif [ -z "$(archive Debian)" ]; then
		echo "this machine's apt has no source of Debian, or never read its lists"
	else
		for package; do
			no_debian=$("$top/lab/setup" "$package" 2>&1) || printf '%s\n' "$no_debian" | tail -n 1
		done
	fi
}

# install_debian SUITE ROOT PACKAGES - into the folder ROOT, a minimal one and these packages, separated
# by commas.  apt there gets its packages as on this machine: from the same archive, by the same proxy.
# What is left of a ROOT that is not complete is removed first.
install_debian() {
	install_debian=$(archive Debian) install_security=$(archive Debian-Security)
	rm -rf --one-file-system "$2" "$2.new"
	apt-config dump | grep -E '^Acquire::(Check|http)' >"$2.apt" || :
	printf '%s\n' "deb $install_debian $1 main" "deb $install_debian $1-updates main" \
		${install_security:+"deb $install_security $1-security main"} >"$2.list"
	if ! mmdebstrap --variant=minbase --include="$3" --aptopt="$2.apt" "$1" "$2.new" "$2.list" \
			>"$2.install" 2>&1; then
		tail -n 3 "$2.install"
		return 1
	fi
	mv "$2.new" "$2"
}

# in_debian ROOT COMMAND... - as root there.  Its mounts and processes are in namespaces, which end with it.
in_debian() {
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount --pid --fork --kill-child sh -euc '
		root=$1
		shift
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"' - "$@"
}

# job_service ROOT COMMAND - have systemd there run it, at each boot
job_service() {
	cat >"$1/etc/systemd/system/job.service" <<-UNIT
		[Unit]
		Description=The job of this test
		[Service]
		Type=exec
		ExecStart=$2
		[Install]
		WantedBy=multi-user.target
	UNIT
	ln -sf ../job.service "$1/etc/systemd/system/multi-user.target.wants"
}

# add_summary PASSED FAILED SKIPPED - count what another script has counted
add_summary() {
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# summary - the last line; fails if a test did, or if none passed: what only skips tests nothing
summary() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
