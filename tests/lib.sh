# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the scripts in tests/ share. Every test is one line, "ok - DESCRIPTION",
# "not ok - DESCRIPTION" or "skip - DESCRIPTION: WHY", and a script's last line
# is "N passed, N failed, N skipped", so that a driver can add them up.

passed=0 failed=0 skipped=0

# Functions of all kinds: a switch, conventional ones, an expander bridge, virtio, and what
# QEMU can not map (i6300esb, and nvme and virtio at times): 27 with those of q35 itself, 14 of
# them with 4096 bytes.  igb is new in QEMU 8.0.
# shellcheck disable=SC2034
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
-device pcie-root-port,id=port4,chassis=4,bus=pcie.0 -device virtio-balloon-pci,bus=port4
-device virtio-rng-pci,bus=pcie.0 -device virtio-serial-pci,bus=pcie.0
-device usb-ehci,bus=pcie.0 -device lsi,bus=pcie.0'

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
	[ $# -eq 0 ] || printf '%s\n' "$@" | sed 's/^/#   /'
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

# refuses DESCRIPTION TEXT COMMAND... - it must fail and print nothing, but have
# TEXT in its last line on stderr
refuses() {
	ok_description=$1
	ok_text=$2
	shift 2
	if ok_stdout=$("$@" 2>"${TMPDIR:-/tmp}/refuses.$$"); then
		fail "$ok_description" "$* should fail, it said:" "$ok_stdout"
	elif [ -n "$ok_stdout" ]; then
		fail "$ok_description" "$* fails, but printed: $ok_stdout"
	elif ! tail -n 1 "${TMPDIR:-/tmp}/refuses.$$" | grep -Fq -e "$ok_text"; then
		fail "$ok_description" "$* should end with a line that has \"$ok_text\":" \
			"$(tail -n 3 "${TMPDIR:-/tmp}/refuses.$$")"
	else
		pass "$ok_description"
	fi
	rm -f "${TMPDIR:-/tmp}/refuses.$$"
}

# no_warning DESCRIPTION LOG - what a kernel says when it is in trouble, or when it was
# given a word that it does not know
no_warning() {
	if warning=$(grep -Em1 "WARNING:|BUG:|Oops|Unknown option|unknown parameter" "$2"); then
		fail "$1: no warning in the log" "$2: $warning"
	else
		pass "$1: no warning in the log"
	fi
}

# trim TEXT - without what pads it
trim() {
	printf '%s\n' "$1" | sed 's/^[[:space:]]*//; s/[[:space:]]*$//'
}

# baseline_of ROW - the expressions that tests/rows/baseline has for it
baseline_of() {
	sed '/^#/d; /^$/d' "$top/tests/rows/baseline" |
		while IFS='|' read -r rows_of expression _; do
			! printf '%s\n' "$1" | grep -Exq -e "$(trim "$rows_of")" ||
				trim "$expression"
		done
}

# reports ROW LOG - what LOG has that no kernel with the series may print: the lines that
# tests/rows/forbidden matches, each with the 12 that follow, which say where, if tests/rows/baseline
# matches none of it for that row
reports() {
	# shellcheck disable=SC2154 # top is the caller's
	deny=$(sed '/^#/d; /^$/d' "$top/tests/rows/forbidden")
	known=$(baseline_of "$1")
	# Without the times, so that a pattern can begin with a line.
	lines=$(mktemp)
	sed 's/\r$//; s/^\[ *[0-9.]*\] *//' "$2" >"$lines"
	grep -nE -e "$deny" "$lines" | cut -d : -f 1 |
		while read -r line; do
			sed -n "$line,$((line + 12))p" "$lines" | tr '\n' ' '
			echo
		done | {
		if [ -n "$known" ]; then
			grep -vE -e "$known" || :
		else
			cat
		fi
	}
	rm -f "$lines"
}

# add_summary PASSED FAILED SKIPPED - count what another script has counted
add_summary() {
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# summary - the last line; fails if a test did, or if there was none
summary() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ] && [ $((passed + skipped)) -gt 0 ]
}
