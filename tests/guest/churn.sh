#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# churn.sh - remove and insert an ECAM region under load
#
# For init's job run: seconds=N, how long.  The module tests/modules/region_churn does it, in the
# mark "churn", and its figures are a result.
set -u
. tests/lib.sh
# Each insertion of a region is logged, and the console is slow: warnings and worse.
dmesg -n 5
echo "mark begin=churn" >/dev/records
# shellcheck disable=SC2046 # words
ok "region_churn finds no lost access" insmod /modules/region_churn.ko seconds="${seconds:?}" \
	$(addresses pci_mmconfig_lookup pci_mmconfig_insert pci_mmconfig_delete)
echo "mark end=churn" >/dev/records
# insmod of busybox tries twice: the first failure counts.
equal "nor did it before" "" "$(dmesg | sed -n 's/.*region_churn: \(.*, not .*\)/\1/p')"
result=/sys/module/region_churn/parameters/result
[ ! -e $result ] || sed 's/^/result /' $result >/dev/records
summary
