#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# hibernation.sh - hibernate to an empty disk and resume from it, then run the selftest
#
# For init's job run.  "test_resume" loads the image as soon as it is written, so that the machine
# need not start again.
set -eu
. tests/lib.sh
ok "a swap device" mkswap /dev/vda
ok "it is in use" swapon /dev/vda
echo test_resume >/sys/power/disk
ok "the kernel comes back from its image" sh -c "echo disk >/sys/power/state"
sh /kselftest/run_kselftest.sh -c pci_cfg
