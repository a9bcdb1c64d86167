# SPDX-License-Identifier: GPL-2.0
#
# common - numbers, texts and errors of what summarizes results and shows them

include "terms";

# End with one line on stderr and exit status 2: the input is bad.
def refuse: "\($program): \(.)\n" | halt_error(2);

# {median, min, max} of an array of numbers; null if it is empty
def spread:
	sort | if . == [] then null else
		{median: ((.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2), min: .[0], max: .[-1]}
	end;

# Rounded to so many significant digits
def significant($digits):
	if . == 0 then . else
		($digits - 1 - (fabs | log10 | floor)) as $shift
		| if $shift >= 0 then . * pow(10; $shift) | round / pow(10; $shift)
		  else . / pow(10; -$shift) | round * pow(10; -$shift) end
	end;

# Of the rows of bench.json: what the operations of the series add to an access by ECAM.  What
# raw_pci_read() adds to any method is not theirs.
def added_instructions:
	def of($boot; $method): first(.[] | select(.boot == $boot and .method == $method)).instructions_per_read;
	of("default"; "raw_pci_read") - of("default"; "ecam")
	- of("nommconf"; "raw_pci_read") + of("nommconf"; "type1");

# A number for people: three significant digits, or all of a whole number, in groups
def number:
	def grouped: if length > 3 then (.[:-3] | grouped) + "," + .[-3:] else . end;
	if . < 100 and . != floor then significant(3) | tostring else round | tostring | grouped end;

# What people call the thing that a member of a row names
def title_of($member): . as $name | titles[$member][$name] // $name;

# A cell of a table: a number, a spread as "median (least-greatest)", or a name of this member
def cell($member):
	if . == null then "-"
	elif type == "number" then number
	elif type == "object" and .min == .max then .median | number
	elif type == "object" then "\(.median | number) (\(.min | number)-\(.max | number))"
	else title_of($member) end;

# A table is {columns, rows}: the paths of members, "a.b" or "a", and the objects that have
# them.  This is it in cells, and for each column if it has numbers, which go to the right.
def cells:
	.columns as $columns | [.rows[] | [getpath($columns[] / ".")]] as $cells
	| {head: ($columns | map(headings[.] // (. / "." | last))),
	   right: ($cells | transpose | map(any(type == "number" or type == "object"))),
	   body: ($cells | map([to_entries[] | $columns[.key] as $name | .value | cell($name)]))};

# The table as lines of text, and a paragraph in lines of at most 90 characters
def text_table:
	cells | .right as $right | [.head] + .body
	| (transpose | map(map(length) | max)) as $widths
	| map([to_entries[] | (" " * ($widths[.key] - (.value | length)) // "") as $pad
		| if $right[.key] then $pad + .value else .value + $pad end]
		| join("  ") | sub(" +$"; ""));
def text_lines:
	reduce (. / " ")[] as $word ([];
		if . != [] and (.[-1] + $word | length) < 90 then .[-1] += " " + $word else . + [$word] end);

# A result file: the members of the head a line each, and each row on a line, so that two of
# them can be compared line by line
def file_text:
	to_entries | map("\(.key | tojson): " + if .key == "rows"
		then "[\n  \(.value | map(tojson) | join(",\n  "))\n ]" else .value | tojson end)
	| "{\(join(",\n "))}";
