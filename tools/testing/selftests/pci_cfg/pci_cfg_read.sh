#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Do all methods that reach PCI configuration space below register 256 give the
# same answers, and how long do they take?  The module pci_cfg_test does the
# work; this script loads it and makes KTAP of what it finds.  Times are only
# reported: what is fast depends on the machine and its hypervisor.
#
# shellcheck disable=SC2317 # functions that ktap_test_result calls by name

set -eu

DIR="$(dirname "$(readlink -f "$0")")"
# shellcheck source=/dev/null
. "$DIR"/../kselftest/ktap_helpers.sh

NAME=pci_cfg_test
FILES=/sys/kernel/debug/$NAME
METHODS="empty type1 ecam raw_pci_read"
LOADS=20
# More single reads than this are not timed.
LATENCIES=1000000
THREADS=4

MODULE="$DIR/test_modules/$NAME.ko"
READS=100000
FUNCTION=0000:00:00.0

# What the module checks: name in its file "checks", description
CHECKS="\
query: what serves is usable
width_1: type 1 and ECAM agree below 256, width 1
width_2: type 1 and ECAM agree below 256, width 2
width_4: type 1 and ECAM agree below 256, width 4
extended_1: raw_pci_read() and ECAM agree from 256, width 1
extended_2: raw_pci_read() and ECAM agree from 256, width 2
extended_4: raw_pci_read() and ECAM agree from 256, width 4
dispatch_1: raw_pci_read() reads what the serving method reads, width 1
dispatch_2: raw_pci_read() reads what the serving method reads, width 2
dispatch_4: raw_pci_read() reads what the serving method reads, width 4
absent: an absent function reads all ones by each available method
write_type1: ECAM sees what type 1 writes
write_ecam: type 1 sees what ECAM writes
write_raw: the serving method sees what raw_pci_write() writes"

# Parameters that must be refused: name=value, least and greatest value
REFUSED="\
reads=0 1 100000000
reads=100000001 1 100000000
reads=-1 1 100000000
reads=many 1 100000000
bus=256 0 255
device=32 0 31
function=8 0 7
reg=2 0 252
reg=256 0 252
threads=65 0 64"

# The cases below that are not in a table: run_refused, run_one, run_all,
# latency, threads, unload, reload, taint
OTHER_CASES=8

CLOCK=/sys/devices/system/clocksource/clocksource0/current_clocksource

# Bits of /proc/sys/kernel/tainted: an oops, a warning
TAINTS=$((1 << 7 | 1 << 9))

# usage - say how to call this script
usage()
{
	cat <<EOF
usage: $0 [-r READS] [-d FUNCTION] [-m MODULE]

  -r READS     reads by each method in the timed run, 1 to 100000000
               (default $READS)
  -d FUNCTION  the function to read in the timed run, DOMAIN:BUS:DEVICE.FUNCTION
               as lspci -D writes it (default $FUNCTION)
  -m MODULE    path of $NAME.ko (default: in test_modules/ next to this script)
EOF
}

# die WORDS... - bad arguments
die()
{
	echo "$0: $*" >&2
	exit "$KSFT_FAIL"
}

# parse_args ARGS... - the options, checked
parse_args()
{
	while getopts :r:d:m:h option; do
		case "$option" in
		r)	READS=$OPTARG ;;
		d)	FUNCTION=$OPTARG
			case "$FUNCTION" in
			0000:[0-9a-f][0-9a-f]:[01][0-9a-f].[0-7])
				;;
			*)	die "-d $FUNCTION: must be 0000:BUS:DEVICE.FUNCTION," \
				    "such as 0000:00:1f.0" ;;
			esac
			[ -e "/sys/bus/pci/devices/$FUNCTION" ] ||
				die "-d $FUNCTION: this machine has no such function" ;;
		m)	MODULE=$OPTARG
			[ -r "$MODULE" ] || die "-m $MODULE: no such file" ;;
		h)	usage
			exit "$KSFT_PASS" ;;
		:)	die "-$OPTARG wants an argument, see -h" ;;
		*)	die "-$OPTARG: no such option, see -h" ;;
		esac
	done
	shift $((OPTIND - 1))
	[ $# -eq 0 ] || die "$1: no argument is expected, see -h"

	case "$READS" in
	""|0*|*[!0-9]*|??????????*)
		die "-r $READS: must be from 1 to 100000000" ;;
	esac
	[ "$READS" -le 100000000 ] || die "-r $READS: must be from 1 to 100000000"
}

# skip_all WORDS... - nothing can be tested here
skip_all()
{
	ktap_skip_all "$*"
	exit "$KSFT_SKIP"
}

# check_machine - skip where the module can not work
check_machine()
{
	case "$(uname -m)" in
	x86_64|i?86)
		;;
	*)	skip_all "type 1 and pci_mmcfg exist on x86 only" ;;
	esac
	[ "$(id -u)" -eq 0 ] || skip_all "must be run as root"
	[ -r /proc/modules ] || skip_all "the kernel has no loadable modules"
	[ -r "$MODULE" ] ||
		skip_all "no $NAME.ko: only a kernel that exports pci_base_access_query has it"
	grep -q " /sys/kernel/debug debugfs " /proc/mounts ||
		skip_all "debugfs is not mounted on /sys/kernel/debug"
	ls -d /sys/bus/pci/devices/0000:* > /dev/null 2>&1 ||
		skip_all "domain 0000 has no PCI function"
}

# test_skip NAME WORDS... - the case NAME is skipped because of WORDS
test_skip()
{
	test_name=$1
	shift
	__ktap_test "ok" "$test_name" "SKIP $*"
	KTAP_CNT_SKIP=$((KTAP_CNT_SKIP + 1))
}

# loaded - is the module loaded?
loaded()
{
	grep -q "^$NAME " /proc/modules
}

# load PARAMETERS... - load the module
load()
{
	insmod "$MODULE" "$@"
}

# unload - remove the module, if it is loaded
unload()
{
	! loaded || rmmod "$NAME"
}

# put FILE WORDS... - write to a file of the module; fails as the write does
put()
{
	put_file=$1
	shift
	{ echo "$*" > "$FILES/$put_file"; } 2> /dev/null
}

# comment - print stdin as KTAP diagnostics
comment()
{
	sed 's/^/# /'
}

# value LINE KEY - print what LINE has after KEY=
value()
{
	echo " $1" | sed -n "s/.* $2=\([^ ]*\).*/\1/p"
}

# refuses NAME=VALUE MIN MAX - does the module refuse it, and say what is right?
refuses()
{
	mark="selftests: pci_cfg: now loading $NAME with $1"
	echo "$mark" > /dev/kmsg
	if load "$1" 2> /dev/null; then
		unload
		echo "# $1 was accepted"
		return 1
	fi
	dmesg | awk -v mark="$mark" -v words="$NAME: $1: must be from $2 to $3," '
		index($0, mark) { said = 0 }
		index($0, words) { said = 1 }
		END { exit !said }' || {
		echo "# no message names the value and the range"
		return 1
	}
}

# test_refused - bad parameters
test_refused()
{
	while read -r parameter least greatest; do
		if refuses "$parameter" "$least" "$greatest"; then
			ktap_test_pass "$parameter is refused"
		else
			ktap_test_fail "$parameter is refused"
		fi
	done <<EOF
$REFUSED
EOF
}

# test_checks - run the module's checks, one case each
test_checks()
{
	put checks 1 || echo "# the module could not run its checks"
	found=$(cat "$FILES/checks")

	while read -r test_name; do
		check=${test_name%%:*}
		echo "$found" | sed -n "s/^note=$check /$check: /p" | comment
		line=$(echo "$found" | grep "^check=$check ") || line=
		case "$(value "$line" result)" in
		pass)	echo "$line" | comment
			ktap_test_pass "$test_name" ;;
		skip)	test_skip "$test_name" "${line#*why=}" ;;
		*)	echo "${line:-the module says nothing about $check}" | comment
			ktap_test_fail "$test_name" ;;
		esac
	done <<EOF
$CHECKS
EOF
}

# right_results READS METHODS... - is there one right line for each method?
right_results()
{
	want_reads=$1
	shift
	# A clock that only ticks may stand still while a chunk is timed.
	ticks=0
	grep -q jiffies "$CLOCK" && ticks=1
	awk -v reads="$want_reads" -v names="$*" -v ticks="$ticks" '
		BEGIN { methods = split(names, name, " ") }
		$1 != "method=" name[NR] { wrong = 1 }
		$2 !~ /^unavailable=./ {
			for (i = 2; i <= NF; i++) {
				split($i, pair, "=")
				v[pair[1]] = pair[2] + 0
			}
			if (v["reads"] != reads ||
			    v["chunks"] != (reads < 20 ? reads : 20) ||
			    v["min_ns"] < 1 - ticks ||
			    v["min_ns"] > v["median_ns"] ||
			    v["median_ns"] > v["max_ns"] ||
			    v["max_ns"] > v["total_ns"])
				wrong = 1
		}
		END { exit wrong || NR != methods }' "$FILES/results"
}

# refuses_words - does the file "run" refuse what is no method?
refuses_words()
{
	put run all
	before=$(cat "$FILES/results")
	for word in 0 2 "" typ1 type11 "type1 ecam" \
		    a_word_that_is_longer_than_any_that_is_known; do
		if put run "$word"; then
			echo "# '$word' was accepted"
			return 1
		fi
	done
	[ "$before" = "$(cat "$FILES/results")" ]
}

# runs_one - is one method run alone, and an unavailable one refused?
runs_one()
{
	for method in $METHODS; do
		refused=0
		put run "$method" || refused=1
		! grep -q " unavailable=" "$FILES/results" || refused=$((1 - refused))
		if [ "$refused" -ne 0 ] || ! right_results 47 "$method"; then
			comment < "$FILES/results"
			return 1
		fi
	done
}

# test_words - what the file "run" takes; 47 reads leave a rest in each chunk
test_words()
{
	load reads=47
	ktap_test_result "run_refused: a word that is no method is refused" \
		refuses_words
	ktap_test_result "run_one: a method can be run alone" runs_one
	unload
}

# print_times - the results as a table, ns a read
print_times()
{
	echo "# $READS reads of $FUNCTION register 0, ns a read in chunks:"
	awk '
		BEGIN {
			printf "# %-12s %-9s %8s %8s %8s\n", "method",
				"served by", "min", "median", "max"
		}
		{
			for (i = 1; i <= NF; i++) {
				split($i, pair, "=")
				v[pair[1]] = pair[2]
			}
		}
		$2 ~ /^unavailable=/ {
			sub(/^.* unavailable=/, "unavailable: ")
			printf "# %-12s %s\n", v["method"], $0
			next
		}
		{
			chunk = v["reads"] / v["chunks"]
			printf "# %-12s %-9s %8.1f %8.1f %8.1f\n",
				v["method"], v["serves"], v["min_ns"] / chunk,
				v["median_ns"] / chunk, v["max_ns"] / chunk
		}' "$FILES/results"
}

# print_ratio A B - median over the chunks of time by A to time by B
print_ratio()
{
	awk -v a="$1_ns" -v b="$2_ns" '
		{
			split("", v)
			for (i = 1; i <= NF; i++) {
				split($i, pair, "=")
				v[pair[1]] = pair[2]
			}
		}
		(a in v) && (b in v) && v[b] > v["empty_ns"] {
			print (v[a] - v["empty_ns"]) / (v[b] - v["empty_ns"])
		}' "$FILES/chunks" | sort -n | awk -v a="$1" -v b="$2" '
		{ ratio[NR] = $1 }
		END {
			if (!NR)
				exit
			median = (ratio[int((NR + 1) / 2)] + ratio[int(NR / 2) + 1]) / 2
			printf "# %s takes %.3f of the time of %s ", a, median, b
			printf "(median of %d chunks, less empty)\n", NR
		}'
}

# test_times - the timed run
test_times()
{
	test_name="run_all: every available method makes $READS reads"
	echo "# timing $READS reads by each method"
	# shellcheck disable=SC2086 # METHODS is a list
	if put run all && right_results "$READS" $METHODS; then
		print_times
		print_ratio ecam type1
		print_ratio raw_pci_read type1
		ktap_test_pass "$test_name"
	else
		comment < "$FILES/results"
		ktap_test_fail "$test_name"
	fi
}

# right_latencies READS METHODS... - is there one right line for each method?
right_latencies()
{
	want_reads=$1
	shift
	awk -v reads="$want_reads" -v names="$*" '
		BEGIN { methods = split(names, name, " ") }
		$1 != "method=" name[NR] { wrong = 1 }
		$2 !~ /^unavailable=./ {
			split("", v)
			for (i = 2; i <= NF; i++) {
				split($i, pair, "=")
				v[pair[1]] = pair[2] + 0
			}
			if (v["reads"] != reads || !("min_ns" in v) ||
			    v["min_ns"] > v["median_ns"] ||
			    v["median_ns"] > v["p99_ns"] ||
			    v["p99_ns"] > v["max_ns"])
				wrong = 1
		}
		END { exit wrong || NR != methods }' "$FILES/latency"
}

# test_latency - single reads, each timed by itself
test_latency()
{
	want=$READS
	[ "$want" -le "$LATENCIES" ] || want=$LATENCIES
	test_name="latency: every available method is timed in $want single reads"
	before=$(cat "$FILES/latency")
	put latency typ1 && before="typ1 was accepted"
	# shellcheck disable=SC2086 # METHODS is a list
	if [ -z "$before" ] && put latency all && right_latencies "$want" $METHODS; then
		result=pass
	else
		echo "$before" | comment
		result=fail
	fi
	comment < "$FILES/latency"
	"ktap_test_$result" "$test_name"
}

# test_threads - threads that read by every method in parallel
test_threads()
{
	test_name="threads: $THREADS threads read right values in parallel"
	if ! put threads "$THREADS all"; then
		test_skip "$test_name" "bus ${FUNCTION%:*} has no function or no method"
		return
	fi
	sleep 1
	running=$(cat "$FILES/threads")
	echo "$running" | comment
	if put threads 0 && [ -z "$(cat "$FILES/threads")" ] &&
	   [ "$(echo "$running" | grep -c " reads=[1-9][0-9]* wrong=0$")" -eq "$THREADS" ]; then
		ktap_test_pass "$test_name"
	else
		ktap_test_fail "$test_name"
	fi
}

# unloads_busy - is the module gone, with its threads, when it is removed?
unloads_busy()
{
	put threads "$THREADS" || echo "# no thread could be started"
	unload || return 1
	! loaded && [ ! -e "$FILES" ] || return 1
	! cat /proc/[0-9]*/comm 2> /dev/null | grep "^$NAME" | comment | grep .
}

# reloads - can the module be loaded and removed again and again?
reloads()
{
	i=0
	while [ "$i" -lt "$LOADS" ]; do
		load || return 1
		unload || return 1
		i=$((i + 1))
	done
}

# taints - print whether the kernel ever had an oops or a warning
taints()
{
	echo $(($(cat /proc/sys/kernel/tainted) & TAINTS))
}

# stays_clean - did the kernel run into nothing new during this test?
stays_clean()
{
	[ "$(taints)" -eq "$taints_before" ]
}

parse_args "$@"
ktap_print_header
check_machine
# One that an interrupted run left behind
unload || ktap_exit_fail_msg "a $NAME is loaded and can not be removed"
trap '{ unload || :; } 2> /dev/null' EXIT
trap 'exit $KSFT_FAIL' HUP INT TERM
ktap_set_plan $((OTHER_CASES + $(echo "$CHECKS" | wc -l) + $(echo "$REFUSED" | wc -l)))

taints_before=$(taints)
test_refused
test_words

place=${FUNCTION#*:}
slot=${place#*:}
load reads="$READS" bus=$((0x${place%%:*})) device=$((0x${slot%.*})) \
	function="${slot#*.}" || ktap_exit_fail_msg "$MODULE can not be loaded"
test_checks
test_times
test_latency
test_threads
ktap_test_result "unload: the module is removed while its threads read" unloads_busy
ktap_test_result "reload: the module is loaded and removed $LOADS times" reloads
ktap_test_result "taint: the kernel neither warned nor had an oops" stays_clean

ktap_finished
