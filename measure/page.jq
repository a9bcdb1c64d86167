# SPDX-License-Identifier: GPL-2.0
#
# page - out/report.html as Markdown, and its figures as commands for gnuplot
#
# measure/report runs it.  $files[0] has the result files that there are: {"demo": {...}, ...}.

include "terms";
include "common";
include "show";

def sections:
	def section($name; $title; $command; blocks):
		{$name, $title, $command, blocks: [$files[0][$name] | values | blocks[]]};
	section("bench"; "Reads in a guest of KVM"; "make bench"; bench),
	section("demo"; "Reads in a guest"; "make demo"; demo),
	section("exit-cost"; "What an access costs without a kernel"; "make exit-cost"; exit_cost),
	section("boot"; "Accesses and time of a boot"; "make boot-profile"; boot),
	section("contention"; "Several readers at once"; "make bench"; contention);

# Text from a file: for Markdown, which would take some characters for its own
def safe: gsub("[[:cntrl:]]"; " ") | gsub("(?<c>[\\\\`*_|~\\[\\]])"; "\\\(.c)") | @html;

def markdown_table:
	def line: "| " + join(" | ") + " |";
	cells | (.head | map(safe) | line), (.right | map(if . then "--:" else "---" end) | line),
	  (.body[] | map(if . == "-" then "–" else
		safe | sub(" \\((?<min>[0-9.,]+)-(?<max>[0-9.,]+)\\)$"; " <small>\(.min)–\(.max)</small>") end) | line);

def total: [.parts[].value] | add;
def bar_text($figure): "\(.label): \(total | number)\($figure.unit)";

# A figure in the page; the line "@svg NAME" is where its picture goes.
def figure($id):
	. as $figure | (titles | .method + .serves + .phase) as $names
	| [.bars[].parts[].name] as $all | ($all | unique_by(. as $name | $all | index($name))) as $used
	| "<figure id=\"\($id)-figure\">",
	"<div role=\"img\" aria-label=\"Bars, \(.axis). \([.bars[] | bar_text($figure)] | join("; ") | @html)\">",
	"@svg \($id)", "</div>",
	# A bar that has a colour of its own needs no legend: its label is enough.
	(select(($used | length) < ($all | length)) | [$used[] | select($names[.])
		| "<li><span style=\"background:#\(colours[.])\"></span>\($names[.])</li>"]
	 | select(. != []) | "<ul class=\"legend\">\(add)</ul>"),
	"</figure>", "";

# What the page says first: a read by ECAM against type 1, in a guest of KVM if there was one,
# and a boot with the series against one without
def headline:
	first((["bench", "ns_per_read", "exits_per_read.all", "exits"],
	       ["exit-cost", "ns.median", "exits_per_op", "exits"],
	       ["demo", "ns_per_read", "accesses_per_read", "accesses"]) as [$name, $ns, $count, $what]
		| $files[0][$name] | select(.) | accel as $accel
		| [("ecam", "type1") as $method | first(.rows[] | select((.boot // "default") == "default"
			and (.method // .op) == $method and .unavailable == null))]
		| select(length == 2)
		| (if .[0].ratio_pairs then .[0].ratio_pairs | spread | .median? else null end) as $median
		| map({ns: getpath($ns / "."), count: getpath($count / ".")})
		| "By ECAM, a read of PCI configuration space takes \(.[0].count | number) instead of " +
		  "\(.[1].count | number) \($what), and \($median // .[0].ns / .[1].ns | number) of the time " +
		  "that it takes by type 1 (\($accel)).")
	// "No read by ECAM was timed yet.",
	first($files[0].boot | select(.) | accel as $accel | .rows[0].functions as $functions
		| variants($functions) | INDEX(.variant) | select(.unpatched and .all)
		| "A boot with \($functions) functions makes " +
		  "\(change(.unpatched.accesses.all; .all.accesses.all)) accesses" +
		  (if .unpatched.ms.all and .all.ms.all then ", and its enumeration takes " +
			"\(change(.unpatched.ms.enumeration.median; .all.ms.enumeration.median)) ms" else "" end) +
		  " with the series (\($accel)).")
	// "No boot was profiled yet.";

def page:
	"# PCI configuration space accesses of a guest: ports or ECAM", "",
	"<p id=\"headline\">", ([headline] | join(" ")), "</p>", "",
	"<div class=\"wide\" id=\"machines\">", "",
	([$files[0] | to_entries[] | .value + {file: "\(.key).json", accel: (.value | accel | safe)}]
	 | {columns: ["file", "kernel", "base", "series", "machine", "vmm", "accel"], rows: .} | markdown_table), "", "</div>",
	(sections | "", "## \(.title)", "",
	 if $files[0][.name] then
		$files[0][.name] as $root | .blocks[]
		| "<div class=\"block\" id=\"\(.id)\">", "", "\(.caption | safe) **\($root | origin | safe)**", "",
		  (.id as $id | .figure // empty | select(.bars != []) | figure($id)),
		  (select(.rows != []) | "<div class=\"wide\">", "", markdown_table, "", "</div>", ""),
		  (.notes[] | safe, ""), "</div>"
	 else "There is no \(.name).json yet: `\(.command)` makes it." end),
	"", "## On a fleet", "",
	"The selftest of the series prints plain KTAP, so KernelCI and LAVA take it as it is:",
	"`Documentation/PCI/x86-config-access.rst` says how. In a kernel tree with the series:", "",
	"    make -C tools/testing/selftests TARGETS=pci_cfg install",
	"    tools/testing/selftests/kselftest_install/run_kselftest.sh -c pci_cfg";

# The commands that draw a figure as $id.svg: bars from the left, one below the other, each under
# its label.  It is narrow, as it has to be read on a phone.  Sizes are in pixels.
def gnuplot($id):
	. as $figure | (.bars | length) as $n | (if .foot then 112 else 46 end) as $bottom
	| (42 * $n + $bottom) as $height
	| ([.bars[] | .max // total] | max) as $largest
	| ([.bars[] | .min // total | select(. > 0)] | min // 1) as $smallest
	# The axis and its tics: each decade, with a number at each second one, or steps of 1, 2 or 5
	| (if .log then
		([0, ($smallest | log10 | ceil) - 1] | min) as $from | ([$from + 2, ($largest | log10 | ceil)] | max) as $to
		| [range($from; $to + 1) | {at: pow(10; .), text: (if (. - $from) % 2 == 0 then pow(10; .) | number else "" end)}]
	   else
		first(range(-3; 15) | pow(10; .) * (1, 2, 5) | select(. * 5 >= $largest)) as $step
		| [range(([1, ($largest / $step | ceil)] | max) + 1) * $step | {at: ., text: number}]
	   end) as $tics
	| $tics[0].at as $low
	| "reset", "set encoding utf8", "set output '\($id).svg'",
	"set terminal svg size 480,\($height) noenhanced background 'white' font 'sans-serif,13'",
	"set lmargin at screen 0.025; set rmargin at screen 0.92; set tmargin at screen 1",
	"set bmargin at screen \($bottom / $height); set border 3; unset key; unset ytics",
	"set grid xtics linetype 1 linecolor '#dddddd'; set style fill solid 1 noborder",
	"set xlabel \(.axis + (if .log then ", logarithmic scale" else "" end) + (.foot // "") | tojson) offset 0,0.6",
	"set xtics nomirror scale 0.5 offset 0,0.3 (\($tics | map("'\(.text)' \(.at)") | join(", ")))",
	(select(.log) | "set logscale x"),
	"set xrange [\($low):\($tics[-1].at)]; set yrange [0:\($n)]",
	(.bars | to_entries[] | "set label \(.value | bar_text($figure) | tojson) at graph 0.008, first \($n - .key - 0.27) front"),
	"$bars << END",
	(.bars | to_entries[] | ($n - .key - 0.7) as $y
		| foreach .value.parts[] as $part ({to: 0}; .from = .to | .to += $part.value;
			select(.to > $low) | "\(.to) \($y) \([.from, $low] | max) \(.to) \($y - 0.2) \($y + 0.2) 0x\(colours[$part.name])")),
	"END", "$spreads << END",
	(.bars | to_entries[] | select(.value.max) | ([.value.min, $low] | max) as $from
		| "\($from) \($n - .key - 0.7) \(.value.max - $from)"),
	"END",
	"plot $bars using 1:2:3:4:5:6:7 with boxxyerror linecolor rgb variable\(
		if any(.bars[]; .max) then ", $spreads using 1:2:3:(0) with vectors heads size screen 0.01,90 linecolor 'black'"
		else "" end)",
	"unset output";
def figures: sections.blocks[] | .id as $id | .figure // empty | select(.bars != []) | gnuplot($id);
# The one of demo.json alone, which has to say by itself what it shows
def picture:
	$files[0].demo | "\n\(what)\n\(origin | sub(": "; ":\n"))" as $foot | demo[].figure | .foot = $foot | gnuplot("demo");
