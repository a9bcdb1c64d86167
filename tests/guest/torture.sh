#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# torture.sh - in the guest: see torture.c; for init's job run, seconds=N
set -eu
insmod /tests/ecam_map.ko
# shellcheck disable=SC2154 # from the kernel's command line
exec /tests/torture "$seconds"
