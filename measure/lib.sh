# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the programs in measure/ share.  Sourced after lab/lib.sh, with $top set to the checkout.
#
# shellcheck disable=SC2154 # top and prog are set there
base=${BASE:-7.3}
out=${OUT:-$top/out}
# What make qemu has built, if it has
qemu=$out/qemu/qemu-system-x86_64
# The result files, as make names them
result_names='demo bench boot contention exit-cost'

# refuse TEXT - for bad arguments or input
refuse() {
	say "$*"
	exit 2
}

# number NAME VALUE MINIMUM MAXIMUM - end with one line if the value is not between them
number() {
	case $2 in
	'' | *[!0-9]* | 0?* | ????????*)	;;
	*)	[ "$2" -lt "$3" ] || [ "$2" -gt "$4" ] || return 0 ;;
	esac
	die "$1=$2: must be a number from $3 to $4"
}

# boots - what measure/boots has for this program: name, kernel, command line
boots() {
	while read -r programs name kernel append; do
		case ,$programs,$name in
		*,"$prog",*mapped)	[ ! -x "$qemu" ] || echo "$name $kernel $append" ;;
		*,"$prog",*)		echo "$name $kernel $append" ;;
		esac
	done <"$top/measure/boots"
}

# boot RESULT NAME KERNEL QEMU_ARGUMENTS OPTION... - boot it, with these options of vm; its
# result is $dir/RESULT.json
boot() {
	boot_result=$1 boot_name=$2 boot_kernel=$out/boot/$3 boot_arguments=$4
	shift 4
	case $boot_name in
	*mapped)
		set -- --qemu "$qemu" "$@"
		boot_arguments="$mapped_ecam $boot_arguments" ;;
	esac
	# shellcheck disable=SC2086 # words
	"$top/out/bin/vm" --machine q35 --kernel "$boot_kernel/bzImage" \
		--initrd "$boot_kernel/guest.cpio.gz" --log "$dir/$boot_result.log" \
		--json "$dir/$boot_result.json" "$@" -- $boot_arguments </dev/null
}

# summarize KIND - make out/KIND.json of the results in $dir, and print it
summarize() {
	echo
	"$top/measure/summarize" "$1" "$out/$1.json" "$dir" "$base" \
		"$("$top/lab/series" git "$base" rev-parse --short=12 series)"
}

# jq_with_modules ARGUMENT... - a jq that has our modules; for bad input it ends with one line of
# its own, and status 2
jq_with_modules() {
	jq -L "$top/measure" --arg program "$prog" "$@"
}

# join_json FILE... - what is in them as one object: {"default": ...} for default.json
join_json() {
	joined=$(for file; do
		one=$(jq -cs 'if length == 1 then {(input_filename | sub(".*/"; "") | rtrimstr(".json")): .[0]}
			else "there must be one value in it, not \(length)\n" | halt_error end' "$file" 2>&1) ||
			refuse "$file: ${one#jq: }"
		printf '%s\n' "$one"
	done) || exit
	printf '%s\n' "$joined" | jq -cs add
}

# result_files DIR - the result files in it as one such object, if they are as lab/FORMATS says
result_files() {
	result_files=$1
	set --
	for name in $result_names; do
		[ ! -e "$result_files/$name.json" ] || set -- "$@" "$result_files/$name.json"
	done
	[ $# -gt 0 ] || refuse "$result_files has no results: make demo makes the first"
	result_json=$(join_json "$@")
	printf '%s\n' "$result_json" | jq_with_modules -c --arg dir "$result_files" \
		'include "check"; with_entries(.key as $name | .value |= check_file($dir; $name))'
}

# draw FILES FILTER DIR - what FILTER of page.jq draws of result_files in FILES, as DIR/NAME.svg.  In a
# locale without UTF-8, as that of a fresh Debian, gnuplot warns of it.
draw() {
	jq_with_modules -nr --slurpfile files "$1" "include \"page\"; $2" >"$3/gnuplot"
	(cd "$3" && LC_ALL=C.UTF-8 gnuplot gnuplot) || die "gnuplot can not draw $3/gnuplot"
}
