#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# torture.sh - run torture.c in a guest; for init's job run, seconds=N
set -eu
exec /tests/torture "${seconds:?}"
