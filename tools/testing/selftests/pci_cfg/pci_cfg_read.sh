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
# What the messages of others are compared with
export LC_ALL=C

DIR="$(dirname "$(readlink -f "$0")")"
# shellcheck source=/dev/null
. "$DIR"/../kselftest/ktap_helpers.sh

NAME=pci_cfg_test
FILES=/sys/kernel/debug/$NAME
DEVICES=/sys/bus/pci/devices
METHODS="empty type1 ecam raw_pci_read"
LOADS=20

MODULE="$DIR/test_modules/$NAME.ko"
READS=100000
SECONDS_EACH=40
FUNCTION=
BARE_METAL=no

# What the module checks: name in its file "checks", description
CHECKS="\
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

# The other cases: run_refused, run_one, parameters, run_all, reload, taint
OTHER_CASES=6

# Parameters that the module must refuse
REFUSED="\
reads=0
reads=100000001
function=0000:100:00.0
function=0000:00:20.0
function=0000:00:00.8
function=0001:00:00.0
function=0000:00:00.0x"

# For awk, not for the shell: KEY=VALUE... in a line, as the array v
# shellcheck disable=SC2016
FIELDS='{
	split("", v)
	for (i = 1; i <= NF; i++) {
		split($i, pair, "=")
		v[pair[1]] = pair[2]
	}
}'

# usage - say how to call this script
usage()
{
	cat <<EOM
usage: $0 [-b] [-r READS] [-t SECONDS] [-d FUNCTION]

  -b           run on bare metal as well, not in guests only
  -r READS     reads by each method in the timed run, 1 to 100000000
               (default $READS)
  -t SECONDS   for the timed run and for the checks, 0 to 9999 each; they end
               early where that is too short (default $SECONDS_EACH)
  -d FUNCTION  the function to read in the timed run, DOMAIN:BUS:DEVICE.FUNCTION
               as lspci -D writes it (default: the first one of domain 0000)
EOM
}

# die WORDS... - bad arguments
die()
{
	echo "$0: $*" >&2
	exit "$KSFT_FAIL"
}

# check_number OPTION VALUE MIN MAX - die unless it is a number from MIN to MAX
check_number()
{
	case "$2" in
	""|0?*|*[!0-9]*|??????????*)
		;;
	*)	[ "$2" -lt "$3" ] || [ "$2" -gt "$4" ] || return 0 ;;
	esac
	die "$1 $2: must be from $3 to $4"
}

# parse_args ARGS... - the options, checked
parse_args()
{
	while getopts :br:t:d:h option; do
		case "$option" in
		b)	BARE_METAL=yes ;;
		r)	READS=$OPTARG
			check_number -r "$READS" 1 100000000 ;;
		t)	SECONDS_EACH=$OPTARG
			check_number -t "$SECONDS_EACH" 0 9999 ;;
		d)	FUNCTION=$OPTARG
			[ -e "$DEVICES/0000:${FUNCTION#0000:}" ] ||
				die "-d $FUNCTION: must be a function that is there," \
				    "0000:BUS:DEVICE.FUNCTION" ;;
		h)	usage
			exit "$KSFT_PASS" ;;
		:)	die "-$OPTARG wants an argument, see -h" ;;
		*)	die "-$OPTARG: no such option, see -h" ;;
		esac
	done
	shift $((OPTIND - 1))
	[ $# -eq 0 ] || die "$1: no argument is expected, see -h"
}

# skip_all WORDS... - nothing can be tested here
skip_all()
{
	ktap_skip_all "$*"
	exit "$KSFT_SKIP"
}

# check_machine - skip where the module can not work, or should not
check_machine()
{
	case "$(uname -m)" in
	x86_64|i?86)
		;;
	*)	skip_all "type 1 and pci_mmcfg exist on x86 only" ;;
	esac
	[ "$(id -u)" -eq 0 ] || skip_all "must be run as root"
	[ "$BARE_METAL" = yes ] || grep -q "^flags.* hypervisor" /proc/cpuinfo ||
		skip_all "no hypervisor: bare metal is tested with -b only"
	[ -r /proc/modules ] || skip_all "the kernel has no loadable modules"
	[ -r "$MODULE" ] ||
		skip_all "no $NAME.ko: only a kernel that exports pci_mmcfg has it"
	grep -q " /sys/kernel/debug debugfs " /proc/mounts ||
		skip_all "debugfs is not mounted on /sys/kernel/debug"
	[ -n "$FUNCTION" ] || for FUNCTION in "$DEVICES"/0000:*; do
		FUNCTION=${FUNCTION##*/}
		break
	done
	[ -e "$DEVICES/$FUNCTION" ] || skip_all "domain 0000 has no PCI function"
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

# load_or_skip PARAMETERS... - load the module, and skip where the kernel permits
# nobody to do that (modules_disabled, lockdown, capabilities), wants a signature
# (EKEYREJECTED, ENOKEY), or locks debugfs down
load_or_skip()
{
	if ! why=$(load "$@" 2>&1); then
		case "$why" in
		*"not permitted"*|*"Permission denied"*|*"Key "*|*" key "*)
			skip_all "the kernel refuses the module: $why" ;;
		esac
		ktap_exit_fail_msg "the module can not be loaded: $why"
	fi
	why=$( { : >> "$FILES/run"; } 2>&1) ||
		skip_all "debugfs can not be used: ${why##*: }"
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

# right_results READS METHODS... - is there one right line for each method?  Fewer
# than READS will do if they have taken half of the time that there is.
right_results()
{
	want_reads=$1
	shift
	awk -v reads="$want_reads" -v names="$*" -v seconds="$SECONDS_EACH" "$FIELDS"'
		BEGIN { methods = split(names, name, " ") }
		{
			wrong += v["method"] != name[NR]
			early += v["reads"] < reads && !("unavailable" in v)
			wrong += v["reads"] > reads
			total_ns += v["total_ns"]
		}
		END {
			exit wrong || NR != methods || early && total_ns < seconds * 5e8
		}' "$FILES/results"
}

# refuses_words - does the file "run" refuse what is no method?
refuses_words()
{
	put run all
	before=$(cat "$FILES/results")
	for word in 0 1 "" typ1 type11 "type1 ecam" \
		    a_word_that_is_longer_than_any_that_is_known; do
		if put run "$word"; then
			echo "# '$word' was accepted"
			return 1
		fi
	done
	[ -n "$before" ] && [ "$before" = "$(cat "$FILES/results")" ]
}

# runs_one - is one method run alone, and an unavailable one refused?
runs_one()
{
	for method in $METHODS; do
		refused=0
		put run "$method" || refused=1
		# Right only for a method that is not available
		! grep -q " unavailable=" "$FILES/results" || refused=$((1 - refused))
		if [ "$refused" -ne 0 ] || ! right_results 47 "$method"; then
			comment < "$FILES/results"
			return 1
		fi
	done
}

# refuses_parameters - does the module refuse them, and name each in the log?
refuses_parameters()
{
	for parameter in $REFUSED; do
		if load "$parameter" 2> /dev/null; then
			unload
			echo "# $parameter was accepted"
			return 1
		fi
		dmesg | sed "1,/$mark/d" | grep -Fq "$NAME: $parameter: must be " || {
			echo "# $parameter: the log does not say what it must be"
			return 1
		}
	done
}

# test_parameters - where the kernel has a log, in which our mark can be found
test_parameters()
{
	test_name="parameters: the module refuses wrong ones and says why"
	mark="$NAME: parameters, $$"
	if { [ -c /dev/kmsg ] && echo "$mark" > /dev/kmsg &&
	     dmesg | grep -Fq "$mark"; } 2> /dev/null; then
		ktap_test_result "$test_name" refuses_parameters
	else
		test_skip "$test_name" "the kernel's log can not be read"
	fi
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
		case "$line" in
		*" result=pass "*)
			echo "$line" | comment
			ktap_test_pass "$test_name" ;;
		*" result=skip "*)
			test_skip "$test_name" "${line#*why=}" ;;
		*)	echo "${line:-the module says nothing about $check}" | comment
			ktap_test_fail "$test_name" ;;
		esac
	done <<EOM
$CHECKS
EOM
}

# print_times - the results as a table, ns a read
print_times()
{
	clock=$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)
	awk -v place="$FUNCTION" -v wanted="$READS" -v clock="$clock" "$FIELDS"'
		NR == 1 {
			printf "# %d reads of %s, ns a read in chunks:\n",
				v["reads"], place
			if (v["reads"] < wanted)
				printf "# there was no time for %d reads\n", wanted
			printf "# %-12s %-9s %8s %8s %8s\n", "method",
				"served by", "min", "median", "max"
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
			if (!v["min_ns"])
				printf "# %d reads are too short for the clock %s\n",
					chunk, clock
		}' "$FILES/results"
}

# print_ratio METHOD - median over the chunks of its time to that of type 1, less empty
print_ratio()
{
	awk -v method="$1_ns" "$FIELDS"'
		v[method] && v["type1_ns"] > v["empty_ns"] {
			print (v[method] - v["empty_ns"]) / (v["type1_ns"] - v["empty_ns"])
		}' "$FILES/chunks" | sort -n | awk -v method="$1" '
		{ ratio[NR] = $1 }
		END {
			if (NR)
				printf "# %s takes %.3f of the time of type1\n",
					method, ratio[int((NR + 1) / 2)]
		}'
}

# test_times - the timed run
test_times()
{
	test_name="run_all: every available method makes $READS reads, or what time allows"
	# shellcheck disable=SC2086 # METHODS is a list
	if put run all && right_results "$READS" $METHODS; then
		print_times
		print_ratio ecam
		print_ratio raw_pci_read
		ktap_test_pass "$test_name"
	else
		comment < "$FILES/results"
		ktap_test_fail "$test_name"
	fi
}

# reloads - can the module be removed and loaded again and again?
reloads()
{
	i=0
	while [ "$i" -lt "$LOADS" ]; do
		unload || return 1
		! loaded && [ ! -e "$FILES" ] || return 1
		load || return 1
		i=$((i + 1))
	done
	unload
}

# taints - print whether the kernel ever had an oops (bit 7) or a warning (bit 9)
taints()
{
	echo $(($(cat /proc/sys/kernel/tainted) & (1 << 7 | 1 << 9)))
}

parse_args "$@"
ktap_print_header
check_machine
# One that an interrupted run left behind
unload || ktap_exit_fail_msg "a $NAME is loaded and can not be removed"
trap '{ unload || :; } 2> /dev/null' EXIT
trap 'exit $KSFT_FAIL' HUP INT TERM
taints_before=$(taints)

# A run has 20 chunks, and 47 is no multiple of 20: some chunks have a read more.
load_or_skip reads=47 "function=$FUNCTION"
ktap_set_plan $((OTHER_CASES + $(echo "$CHECKS" | wc -l)))
ktap_test_result "run_refused: a word that is no method is refused" refuses_words
ktap_test_result "run_one: a method can be run alone" runs_one
unload
test_parameters

load reads="$READS" seconds="$SECONDS_EACH" function="$FUNCTION" ||
	ktap_exit_fail_msg "the module can not be loaded again"
test_checks
test_times
ktap_test_result "reload: the module is removed and loaded $LOADS times" reloads
ktap_test_result "taint: the kernel neither warned nor had an oops" \
	[ "$(taints)" -eq "$taints_before" ]

ktap_finished
