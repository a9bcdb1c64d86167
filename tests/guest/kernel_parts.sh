#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kernel_parts.sh - in a guest: parts of the kernel on made-up machines
#
# For init's job run. The modules are tests/modules/hierarchy, and tests/modules/mcfg: it tries
# 10,000 ACPI tables MCFG, most of them wrong, and a failure names the seed that repeats it.
#
# seed=1, count=10000	the first seed, and how many
. tests/lib.sh
seed=${seed:-1} count=${count:-10000} tables=0 served=0

# load NAME PARAMETER... - load a module; print its messages and fail if that does
load() {
	module=$1
	shift
	insmod "/tests/$module.ko" "$@" || { dmesg | grep "$module: "; return 1; }
}

ok "hierarchy: each hypervisor is told from bare metal" load hierarchy
ok "mcfg: seeds from $seed on" load mcfg seed="$seed" count="$count"
if [ -d /sys/module/mcfg ]; then
	eval "$(cat /sys/module/mcfg/parameters/result)"
	# Where nothing serves, or everything does, nothing was tested.
	ok "mcfg: $tables tables, in $served a region serves base access" \
		test "$tables" = "$count" -a $((tables / 10)) -lt "$served" \
		-a "$served" -lt $((tables * 9 / 10))
fi
summary
