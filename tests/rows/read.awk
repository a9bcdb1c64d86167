# SPDX-License-Identifier: GPL-2.0
#
# read.awk - read files of rows, check them, and print those that were asked for
#
# usage: awk -v check=0|1 -v set=KERNEL -v jobs="JOB ..." -f read.awk \
#		keys texts signatures devices ROWS...
#
# check=1	only rows with check=yes
# set=KERNEL	those that can be booted with the kernel that has some sets of patches, and what is
#		expected of that: the tests come with the last set, ECAM for base access with ecam
# WANTED	(environment) names of rows or of kinds, one a line; none: all
#
# The head of tests/rows/matrix.rows says how a row is written.  The first line printed is the
# names of the columns, and each other one is a row: its values, with the character 31 between
# them.  What is wrong is one line on stderr, and exit status 1.

function wrong(text)
{
	print where ": " text > "/dev/stderr"
	failed = 1
	exit 1
}

# assign TEXT - its words KEY=VALUE to the row; before the first row, to its kind
function assign(text,	word, name, in_row, value, first, n, i, part)
{
	while (match(text, /^[ \t]*[a-z_]+(@[0-9]+)?=("[^"]*"|[^ \t"]*)([ \t]+|$)/)) {
		word = substr(text, 1, RLENGTH)
		text = substr(text, RLENGTH + 1)
		gsub(/^[ \t]+|[ \t]+$|"/, "", word)
		in_row = substr(word, 1, index(word, "=") - 1)
		value = substr(word, length(in_row) + 2)
		name = in_row
		sub(/@.*/, "", name)
		n = split(value, part, " ")
		first = name == "job" ? part[1] : value
		if (!(name in preset))
			wrong(word ": no such key")
		if (value ~ /^\$/ && !(value in texts))
			wrong(word ": not in tests/rows/texts")
		if (allowed[name] == "N" && value !~ /^[0-9]+$/)
			wrong(word ": must be a number")
		if (allowed[name] ~ /[^N]/ && value != preset[name] &&
		    (first ~ / / || !index(" " allowed[name] " ", " " first " ")))
			wrong(word ": must be one of " allowed[name])
		for (i = 1; name == "devices" && i <= n; i++)
			if (!(part[i] in devices) && part[i] !~ /^many:[1-9][0-9]?[0-9]?$/)
				wrong("devices=" part[i] ": not in tests/rows/devices")
		if (row == "")
			of_kind[in_row] = value
		else
			own[in_row] = value
	}
	sub(/^[ \t]+/, "", text)
	if (text != "")
		wrong(text ": must be KEY=VALUE or KEY=\"VALUE\"")
}

# of_row NAME - what the row says, or its kind, or what counts for all
function of_row(name)
{
	if ((name "@" year) in own)
		return own[name "@" year]
	return name in own ? own[name] : name in of_kind ? of_kind[name] : preset[name]
}

# after_set NAME VALUE - what VALUE is with the kernel that has these sets
function after_set(name, value)
{
	if (name == "kernel")
		return set
	if (name == "job")
		return "idle"
	if (name ~ /^(selftest|fails|result|harm|as_unpatched)$/)
		return preset[name]
	# In the log, which is what tells the method of an idle guest
	if (of_row("line") == "$fatal")
		return name == "method" ? "none" : value
	if (set ~ /ecam/)
		return value
	if (name == "method")
		return "type1"
	if (name == "line")
		return "$usual"
	return name == "refused" ? "" : value
}

# value NAME - of the row that is printed
function value(name,	found)
{
	if (name == "firmware_year")
		return year
	found = of_row(name)
	if (set != "")
		found = after_set(name, found)
	if (name == "processors" && found == "")
		return value("smp")
	# See own_qemu() of tests/lib.sh.
	if (name == "qemu" && found == "stock" && value("smp") > 1)
		return "test"
	return found in texts ? texts[found] : found
}

# print_row NAME - as it is with the firmware of year
function print_row(name,	i, line)
{
	line = name "\037" kind
	for (i = 1; i <= nr_keys; i++)
		line = line "\037" value(key[i])
	print line "\037" signatures[value("signature")]
}

# chosen - is the row one of those that were asked for?
function chosen()
{
	if (nr_wanted && !(row in wanted) && !(kind in wanted))
		return 0
	delete unknown[row]
	delete unknown[kind]
	if (check && of_row("check") != "yes")
		return 0
	if (set == "")
		return 1
	# What the words base_* do, and the check, comes with the set ecam.
	if (set !~ /ecam/ && (of_row("cmdline") ~ /base_/ || of_row("harm") == "yes"))
		return 0
	return of_row("kernel") == "series" && of_row("job") ~ /^(selftest|idle)$/
}

# finish_row - it has all its lines: print it if it is wanted
function finish_row(	i, n, years)
{
	if (row == "" || !chosen())
		return
	if (!found++)
		print "name kind" columns " accel properties arguments"
	n = split(of_row("firmware_year"), years, " ")
	for (i = 1; i <= n || i == 1; i++) {
		year = years[i]
		print_row(row (i > 1 ? ", firmware of " year : ""))
	}
	year = ""
}

BEGIN {
	nr_wanted = split(ENVIRON["WANTED"], list, "\n")
	for (i in list)
		wanted[list[i]] = unknown[list[i]] = 1
}
FNR == 1		{ finish_row(); row = kind = "" }
/^#/ || /^[ \t]*$/	{ next }

FILENAME ~ /\/keys$/ {
	split($0, part, /[ \t]*[|][ \t]*/)
	columns = columns " " $1
	key[++nr_keys] = $1
	preset[$1] = part[2]
	allowed[$1] = $1 == "job" ? jobs : part[3]
	next
}
FILENAME ~ /\/texts$/ {
	match($0, /[ \t]+/)
	texts["$" $1] = substr($0, RSTART + RLENGTH)
	next
}
FILENAME ~ /\/signatures$/ {
	split($0, part, /[ \t]*[|][ \t]*/)
	signatures[$1] = part[3] "\037" part[2] "\037" part[4]
	allowed["signature"] = allowed["signature"] $1 " "
	next
}
FILENAME ~ /\/devices$/	{ if (/^[^ \t]/) devices[$1]; next }

{ where = FILENAME ":" FNR }
/^[ \t]/ && kind != ""	{ assign($0); next }
{ finish_row() }
/^\[[a-z0-9-]+\]/ {
	row = ""
	kind = substr($0, 2, index($0, "]") - 2)
	split("", of_kind)
	assign(substr($0, index($0, "]") + 1))
	next
}
/^[ \t:[]/ || !match($0, /:([ \t]|$)/) {
	wrong($0 ": must be NAME: KEY=VALUE... or [KIND] KEY=VALUE...")
}
{
	row = file = substr($0, 1, RSTART - 1)
	gsub(/[^A-Za-z0-9]/, "_", file)	# as tests/row names what it writes
	if (kind == "")
		wrong(row ": a row must stand below a [KIND]")
	if (file in place)
		wrong(row ": that name is taken: " place[file])
	place[file] = where
	where = where ": " row
	split("", own)
	assign(substr($0, length(row) + 2))
}

END {
	if (failed)
		exit 1
	finish_row()
	where = FILENAME
	for (name in unknown)
		wrong(name ": no such row or kind")
	if (!found)
		wrong("no row" (check ? " with check=yes" : ""))
}
