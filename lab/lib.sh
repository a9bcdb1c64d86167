# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the scripts in lab/ share.  They set top to the checkout and read this file.

prog=${0##*/}
# Others read it:
# shellcheck disable=SC2034
cache=${PCI_CFG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pci_cfg}

# If make started us, its options (-s, -j) are not for what we start.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

# say TEXT - print a remark to stderr; stdout is for what the caller asked for
say() {
	printf '%s: %s\n' "$prog" "$*" >&2
}

# die TEXT - print the one line of an error and exit
die() {
	say "$*"
	exit 1
}

# on_exit COMMAND - run COMMAND when we exit, by a signal, too: dash skips the EXIT trap then
on_exit() {
	# shellcheck disable=SC2064 # the caller quotes what is to be expanded later
	trap "$1" EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
}

# lock FILE - one process at a time from here on, until we exit (descriptor 9)
lock() {
	exec 9>"$1"
	flock -n 9 || {
		say "waiting for another process that has $1"
		flock 9
	}
}

# ticking TEXT COMMAND... - run COMMAND; while it takes long, print TEXT and the seconds so far
# every 20 seconds (TICK=SECONDS).  If ticking_log names a file, its last line, too: not through
# awk, which on Debian 13 reads a pipe to its end before it prints.
ticking() {
	ticking=$1
	shift
	{
		# The end of COMMAND ends the pipe; its status does not go through it, as timeout
		# might kill the reader just then.
		ticking_rc=$({
			{ "$@" >&3 3>&- 4>&- && echo 0 >&4 || echo $? >&4; } | {
				seconds=0
				until timeout "${TICK:-20}" cat; do
					seconds=$((seconds + ${TICK:-20}))
					say "$ticking: $seconds s${ticking_log:+$(tail -n 1 "$ticking_log" |
					tr -s '[:space:]' ' ' | cut -c 1-70 | sed 's/^ *\(.\)/, \1/')}"
				done
			}
		} 4>&1)
	} 3>&1
	return "$ticking_rc"
}

# logged LOG TEXT COMMAND... - print TEXT and run COMMAND, ticking, its output appended to LOG; if
# it fails, die with the line of LOG that says most
logged() {
	ticking_log=$1 logged=$2
	shift 2
	say "$logged"
	ticking "$logged" append "$@" || die "$logged fails: $(grep -m 1 -iE \
		'error:|unexpected|not look like|no such|hunk .* failed|can.t find|\*\*\*' "$ticking_log" ||
		tail -n 1 "$ticking_log"); all of it: $ticking_log"
	ticking_log=
}

# append COMMAND... - without descriptor 9: what outlives COMMAND must not hold the lock
append() {
	"$@" >>"$ticking_log" 2>&1 9>&-
}

# What compiles kernels and QEMUs; the lab's packages have ccache.
# shellcheck disable=SC2034
cc='ccache gcc'
export CCACHE_DIR="$cache/ccache"

# archive LABEL [OPTION...] - the address of the archive with that label (Debian or
# Debian-Security) in this machine's apt sources; nothing if they have none.  OPTION is apt-get's.
archive() {
	archive=$1
	shift
	apt-get "$@" indextargets --format "\$(REPO_URI)" 'Created-By: Packages' "Label: $archive" | head -n 1
}

# What has a QEMU of "make qemu" map ECAM.
# shellcheck disable=SC2034
mapped_ecam='-machine mapped-ecam=on'

# accel_of_kvm - set accel to ACCEL, auto by default, for what needs KVM
accel_of_kvm() {
	accel=${ACCEL:-auto}
	case $accel in
	auto | kvm | nested)	;;
	*)	die "ACCEL=$accel: must be auto, kvm or nested; nothing exits under TCG" ;;
	esac
}

# kvm_or OTHERWISE - if accel is auto, set it: to kvm if a guest boots with that, which
# /dev/kvm alone does not say, else to OTHERWISE
kvm_or() {
	[ "$accel" = auto ] || return 0
	accel=kvm
	# shellcheck disable=SC2154 # top and out are the caller's
	kvm_error=$("$top/out/bin/vm" --accel kvm --job idle --timeout 15 --log "$out/kvm.log" \
		--kernel "$out/boot/series/bzImage" --initrd "$out/boot/series/guest.cpio.gz" 2>&1) ||
		accel=$1
	say "ACCEL=auto is $accel${kvm_error:+, as no guest boots with KVM: $kvm_error}"
}

# base NAME - read the row of sources into name, kind, package, suites, version, sha256 and tag
base() {
	# shellcheck disable=SC2154 # top is the caller's
	row=$(awk -v name="$1" '$1 == name' "$top/sources")
	[ -n "$row" ] ||
		die "$1: no such source; sources has:$(awk '/^[^#]/ { printf " %s", $1 }' "$top/sources")"
	# shellcheck disable=SC2034
	read -r name kind package suites version sha256 tag rest <<-ROW
		$row
	ROW
	if [ -z "$tag" ] || [ -n "$rest" ]; then
		die "sources: the row of $1 must have 7 columns"
	fi
}

# kernel_version TREE - print e.g. 7.3.4; fails when TREE is not a kernel source tree
kernel_version() {
	[ -f "$1/Kbuild" ] && [ -f "$1/Kconfig" ] && [ -d "$1/arch/x86/pci" ] &&
	awk '$2 != "="			{ next }
	     $1 == "VERSION"		{ v = $3 }
	     $1 == "PATCHLEVEL"		{ v = v "." $3 }
	     $1 == "SUBLEVEL"		{ v = v "." $3 }
	     $1 ~ /^EXTRA/		{ print v $3; found = 1; exit }
	     END			{ exit !found }' "$1/Makefile" 2>/dev/null
}

# taken_by TREE NAME... - those of the fragments of lab/kconfig that TREE can take: kunit and
# kunit-caps need their tests, which come late in the series, and what these need of KUnit
taken_by() {
	taken_by=$1
	shift
	for fragment; do
		case $fragment in
		kunit)	# Since Linux 6.3
			[ -f "$taken_by/arch/x86/pci/tests/base_access_kunit.c" ] &&
				grep -qs kunit_activate_static_stub "$taken_by/include/kunit/static_stub.h" ||
				continue ;;
		kunit-caps) # Since Linux 6.7
			[ -f "$taken_by/drivers/pci/tests/caps_kunit.c" ] &&
				grep -qs KUNIT_CASE_SLOW "$taken_by/include/kunit/test.h" || continue ;;
		esac
		echo "$fragment"
	done
}

# in_links TREE BUILDDIR - have BUILDDIR for "make -C $links O=$build": set links and build.  A source
# is called "../FILE" then, whatever TREE is: BUILDDIR is a link to a folder in BUILDDIR.tree, beside
# links to all that is in TREE.  So the compiler's commands are the same for every tree, and ccache
# has all that one tree has in common with another.
in_links() {
	folder=${2%/} links=${2%/}.tree
	# A folder with a recipe is an older edition's.
	[ -L "$folder" ] || [ ! -e "$folder" ] || [ -f "$folder/.recipe" ] ||
		die "$folder: exists, and is no build of this program"
	mkdir -p "$links" 2>/dev/null || die "$folder: can not make this folder"
	links=$(cd "$links" && pwd)
	build=$links/.build
	case $1$build in
	*[[:space:]:]*)	die "$1, $build: must have no space and no colon, for kbuild" ;;
	esac
	lock "$folder.lock"
	# make does not see that an object is another tree's.
	[ "$(readlink "$links/Makefile")" = "$1/Makefile" ] || rm -rf "$links" "$folder"
	mkdir -p "$build"
	ln -sfn "$1"/* "$links"
	ln -sfn "${links##*/}/.build" "$folder"
}
