#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# threads.sh - do the threads of measure/config_reads read right values in parallel, by each method,
# and do they go with their module?  For init's job run.
set -u
. tests/lib.sh
threads=/sys/kernel/debug/config_reads/threads

not_ok "no addresses are refused" insmod /modules/config_reads.ko
# shellcheck disable=SC2046 # words
ok "the module is loaded" insmod /modules/config_reads.ko \
	$(addresses raw_pci_read pci_conf1_read pci_mmcfg_read)
for words in "65 all" "x all" "2 empty" "2 typ1" ""; do
	not_ok "\"$words\" is refused" put "$words" $threads
done
ok "four threads start" put "4 all" $threads
sleep 1
sed 's/^/# /' $threads
equal "all of them read right values" 4 "$(grep -c ' reads=[1-9][0-9]* wrong=0$' $threads)"
equal "they read by each of three methods" 3 "$(grep -o 'method=[a-z0-9_]*' $threads | sort -u | wc -l)"
ok "the module goes while they read" rmmod config_reads
equal "no thread is left" "" "$(cat /proc/[0-9]*/comm 2>/dev/null | grep config_reads)"
