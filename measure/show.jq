# SPDX-License-Identifier: GPL-2.0
#
# show - what people get to see of each result file, in a terminal and on the page
#
# Each kind of file has a function of its name that makes an array of blocks of it:
#	{id, figure, caption, columns, rows, notes}
# figure: {axis, unit, log, bars}, left out if there is none; a bar is {label, parts, min, max}
# with parts [{name, value}] side by side.  columns and rows: a table, see common.jq.

include "terms";
include "common";

# What ran the guest; a KVM may be on an emulated processor without knowing.
def accel: if .emulated and .accel == "kvm" then "nested" else .accel end | title_of("accel");
def origin:
	if .emulated then "\(accel): counts are exact, times are not those of real exits."
	else "\(accel) on a real processor\(if .host.hypervisor then ", in a virtual machine" else "" end)." end;
def what: "Linux \(.kernel) with the series, \(.machine), \(.vmm), \(.accel)";

# "600 instead of 17,340 (-96.5 %)"
def change($before; $after):
	"\($after | number) instead of \($before | number) (\(100 * ($after - $before) / $before | significant(3)) %)";

# A bar for each row that has this number or spread; its label, and whose colour it gets
def bars($path; text; $colour):
	map(getpath($path / ".") as $v | select($v) | {label: text,
		parts: [{name: .[$colour], value: ($v | .median? // .)}]} + ($v | objects // {} | {min, max}));
def named($member): .[$member] | title_of($member);

# Rows of reads with what is shown of them besides their members
def reads:
	.rows | map(.ratio = (.ratio_pairs // [] | spread)
		| .server = (if .ecam then "ECAM, \(.ecam)" else .serves | title_of("serves")? // . end));
# The middle half of the ratios is too far apart to say anything.
def too_busy:
	def quarter($n): sort | .[(length - 1) * $n / 4 | round];
	.ratio_pairs // [] | length > 0 and quarter(3) - quarter(1) > limits.busy * spread.median;
def read_notes:
	(.rows[] | select(.unavailable) | "\(named("boot")), \(named("method")): unavailable: \(.unavailable)"),
	([.rows[] | select(too_busy) | "\(named("boot")), \(named("method"))"] | select(. != [])
	 | "The machine was too busy for these ratios to type 1 to hold: \(join("; "))."),
	(select(any(.rows[]; .boot == "mapped"))
	 | "ECAM mapped: on the QEMU that make qemu has built, with mapped-ecam=on.");

def read_figure:
	{axis: "ns a read (shorter is better)", unit: " ns", log: true,
	 bars: (.rows | bars("ns_per_read"; "\(named("method")), \(named("boot"))"; "serves"))};
def of_ratio:
	"To type 1: the time divided by that of type 1 in the same boot, in pairs of chunks that were " +
	"timed in turn; median and range.";

def demo: [{
	id: "demo", caption: "\(what): \(.rows[0].reads | number) reads of 4 bytes.", figure: read_figure,
	columns: ["boot", "method", "server", "seconds", "ns_per_read", "accesses_per_read", "ratio"],
	rows: reads,
	notes: [read_notes,
		"Accesses a read: those that reached the VMM, counted by it in a run of its own. \(of_ratio) " +
		"An empty loop takes \(.empty_loop_ns_per_read | number) ns a turn, which is part of every time."]}];

def bench: [{
	id: "bench", caption: "\(what): \(.rows[0].reads | number) reads of 4 bytes in a guest of KVM.",
	figure: read_figure,
	columns: ["boot", "method", "server", "seconds", "ns_per_read", "median_ns", "p99_ns", "ratio"],
	rows: reads,
	notes: [read_notes,
		"Median and 99 % are of single reads, each timed by itself. \(of_ratio) " +
		"Only the times of one boot can be compared with each other."]
}, {
	id: "exits", caption: "Exits and instructions of a read.",
	columns: ["boot", "method", "server", "exits_per_read.all", "exits_per_read.io",
		  "exits_per_read.mmio", "exits_per_read.user", "instructions_per_read"],
	rows: (reads | map(select(.unavailable == null))),
	notes: ["Exits by KVM's own count, in a run apart from the timing: those of ports and of " +
		"memory are exact; of all exits, those of a guest that does nothing are taken off. " +
		"Instructions are those of the guest, less those of the loop, counted on an " +
		"emulated processor (TCG), which is exact."]}];

# One row a variant, of a machine with so many functions: what it has of each phase
def variants($functions):
	[.rows[] | select(.functions == $functions)] | group_by(.variant)
	| sort_by(.[0].variant as $v | titles.variant | keys_unsorted | index($v))
	| map({variant: .[0].variant, boots: .[0].boots} + (INDEX(.phase)
		| {accesses: map_values(.accesses | add), ms: map_values(.ms), kinds: .all.accesses}));
def boot: [(.rows | map(.functions) | unique[]) as $functions | variants($functions) as $rows
	| (titles.phase | keys_unsorted) as $phases | ($rows | INDEX(.variant)) as $of
	| {id: "boot-accesses-\($functions)",
	   caption: "\(what): configuration accesses of the kernel in one boot, \($functions) functions.",
	   figure: {axis: "accesses in a boot (fewer are better)", unit: "", bars: ($rows | map({label: named("variant"),
		parts: [($phases - ["all"])[] as $name | {name: $name, value: .accesses[$name]}]}))},
	   columns: (["variant"] + ($phases | map("accesses." + .)) + ["kinds.port_write", "kinds.port_read",
		"kinds.ecam_read", "kinds.ecam_write"]),
	   rows: $rows,
	   notes: [$of | select(.unpatched and .all)
		| "The series: \(change(.unpatched.accesses.all; .all.accesses.all)) accesses."]},
	  {id: "boot-times-\($functions)",
	   caption: "Time of a boot in ms, \($functions) functions: median and range.",
	   figure: {axis: "ms (shorter is better)", unit: " ms", bars: [$rows[] | ("enumeration", "all") as $phase
		| {variant, phase: $phase, ms: .ms[$phase]}]
		| bars("ms"; "\(named("variant")), \(named("phase"))"; "phase")},
	   columns: (["variant"] + ($phases - ["early"] | map("ms." + .)) + ["boots"]),
	   rows: ($rows | map(select(.ms.all))),
	   notes: [$of | if any(.[]; .ms.all) then
			select(.unpatched.ms.all and .all.ms.all)
			| "The series: \(change(.unpatched.ms.enumeration.median; .all.ms.enumeration.median)) ms of enumeration."
		else "These boots were counted and not timed: make boot-profile times them." end]}];

def contention: [{
	id: "contention", caption: "\(what): reads a second of all readers together.",
	figure: {axis: "reads a second (longer is better)", unit: "",
		 bars: (.rows | bars("reads_per_second";
			"\(named("method")), \(named("from")), \(.readers) on \(.processors)"; "method"))},
	columns: ["method", "from", "processors", "readers", "reads_per_second"], rows: .rows,
	notes: (["\"2 on 2\": 2 readers on 2 processors. Median and range of some windows of a second."] +
		if .emulated then ["All processors are one that is emulated, and takes turns."] else [] end)
}, {
	id: "irqs-off", caption: "The longest stretch with interrupts off in 1,000 reads by one reader.",
	figure: {axis: "µs with interrupts off (shorter is better)", unit: " µs",
		 bars: (.rows | bars("irqs_off_us"; "\(named("method")), \(named("from"))"; "method"))},
	columns: ["method", "from", "irqs_off_us"], rows: (.rows | map(select(.irqs_off_us))),
	notes: ["By the irqsoff tracer, in some windows; median and range. Where a method is not shown, " +
		"the longest stretch was always another's, as the timer's."]}];

def exit_cost:
	def ns($op): .rows[] | select(.op == $op).ns.median;
	[{id: "exit-cost", caption: "An access in a guest without a kernel, of the KVM on this machine: \(
		.host.processor // "a processor without a name"), Linux \(.host.kernel), virtualization by \(
		.host.virtualization // "neither VMX nor SVM"), \(if .host.hypervisor then
		"itself a guest of the hypervisor \(.host.hypervisor)" else "bare metal" end).",
	figure: {axis: "ns an access (shorter is better)", unit: " ns", log: true, bars: (.rows | bars("ns"; named("op"); "op"))},
	columns: ["op", "ns", "exits_per_op", "user_exits_per_op", "n"], rows: .rows,
	notes: ["ECAM / type 1: \(ns("ecam") / ns("type1") | number). ECAM / type 1 coalesced: \(
		ns("ecam") / ns("type1_coalesced") | number).",
		"Coalesced: KVM keeps what is written to 0xCF8 until the read of 0xCFC exits to user " +
		"space. QEMU asks for that, but in vain on its PC machines, where port 0xCF9 is another " +
		"register. Read-only memory: what ECAM could be made of. Exits are KVM's own count; " +
		"times are median and range of 5 runs, and the empty loop is part of each."]}];

# What a terminal shows of a file: its blocks, and what ran the guest
def text_of(blocks):
	. as $root | blocks
	| map([""] + (.caption | text_lines) + (if .rows == [] then [] else [""] + text_table + [""] end)
		+ (.notes | map(text_lines) | add // []))
	| add[1:] + ($root | origin | text_lines);
