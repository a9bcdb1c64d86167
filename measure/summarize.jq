# SPDX-License-Identifier: GPL-2.0
#
# summarize - a result file of lab/FORMATS from the results of single boots
#
# measure/summarize runs it.  $results[0] has them by name: "default" is $input/default.json.
# $base and $series are for the head.  Each kind of file has a function of its name that makes
# {file, missed}: what is written, and the limits that are missed, a line each.

include "terms";
include "common";

# A member of a result, which must be there and of this type
def bad($name; $why): "\($input)/\($name).json: \($why)" | refuse;
def there($name): $results[0] | has($name);
def need($name; $path; $is):
	reduce $path[] as $key ($results[0][$name] // bad($name; "no such result");
		if type == "object" and has($key) then .[$key] else bad($name; "no \"\($key)\"") end)
	| if type == $is then . else bad($name; "\"\($path[-1])\" is no \($is)") end;
# What an array has of a method
def of_method($name; $array; $method):
	first(need($name; [$array]; "array")[] | select(.method == $method))
	// bad($name; "no \($array) of method \($method)");

# The members that every file begins with, from one of the results
def head($name):
	need($name; ["accel"]; "string") as $accel
	| {schema: 1, base: $base, kernel: need($name; ["kernel"]; "string"), series: $series,
	   machine: need($name; ["machine"]; "string"),
	   # The version alone, without what a distribution adds in brackets
	   vmm: "QEMU \(need($name; ["qemu"]; "string") / " " | .[0])",
	   accel: $accel, emulated: ($accel != "kvm")};

# What demo and bench have to say of these boots; the one on a QEMU that maps ECAM may be missing.
def promised($boots):
	promised_reads | select(.boot as $boot | any($boots[]; . == $boot))
	| select(.boot != "mapped" or there("mapped"));
def must($what): "in the \(.boot) boot, \(.method | title_of("method")) must \($what)";

# A row of demo.json or bench.json, from a timed boot.  Its members are all null if the method
# is unavailable; else the filter more adds those that are not common, .ecam among them.
def read_row($boot; $method; $members; more):
	of_method($boot; "results"; $method)
	| {boot: $boot, method: $method}
	+ if .unavailable then
		({} | .["serves", "ecam", "reads", "seconds", "ns_per_read", "accesses_per_read", $members[]] = null)
		+ {ratio_pairs: [], unavailable: .unavailable}
	  elif (.reads | type) == "number" and .reads > 0 and (.serves | type) == "string"
	       and (.total_ns | type) == "number" then
		{serves, ecam: null, reads, seconds: (.total_ns / 1e9),
		 ns_per_read: (.total_ns / .reads), accesses_per_read: null,
		 ratio_pairs: [need($boot; ["chunks"]; "array")[] | select((.type1_ns // 0) > 0)
			| (.["\($method)_ns"] // bad($boot; "a chunk without \($method)_ns")) / .type1_ns],
		 unavailable: null}
		| more | if .serves == "ecam" then . else .ecam = null end
	  else bad($boot; "bad result of method \($method)") end;

def demo_row($boot; $method):
	read_row($boot; $method; [];
		need("\($boot)-count"; ["counts", "marks", $method]; "object") as $counts
		# The module makes a few more, to find out what serves.
		| .accesses_per_read = (([$counts[]] | add) / .reads * 1000 | round / 1000)
		| .ecam = if $counts.ecam_read == 0 then "mapped" else "trapped" end);

def demo:
	[promised(["default", "nommconf", "mapped"])] as $promised
	| of_method("default"; "results"; "empty") as $empty
	| {file: (head("default") + {empty_loop_ns_per_read: ($empty.total_ns / $empty.reads),
		rows: [$promised[] | demo_row(.boot; .method)]})}
	| .missed = [.file.rows | to_entries[] | $promised[.key] as $p | .value
		| if $p.serves == null then select(.unavailable == null) | must("be unavailable")
		  else select([.serves, .accesses_per_read, .reads] != [$p.serves, $p.accesses, limits.reads])
			| must("make \(limits.reads) reads, served by \($p.serves) with \($p.accesses) accesses a read")
		  end];

# Exits of one kind for one read.  A loop has exits that are not its own: what it takes to tell its
# begin and its end, which the mark "empty" has alone; the host's interrupts; and others that every
# guest has in the same time, for its own timer, which the mark "background" shows.
def exits_per_read($boot; $method; $reads):
	def mark($name): need($boot; ["exits", $name]; "object")
		| if all(.all, .irq, .io, .mmio, .user, .seconds; type == "number") then .
		  else bad($boot; "no exits of \($name): not a guest of KVM") end;
	def others: .all - .irq - .io - .mmio;
	mark($method) as $mark | mark("empty") as $empty | mark("background") as $background
	| (($background | others) - ($empty | others)) * $mark.seconds / $background.seconds
	# An estimate must not take away what was an access.
	| [($mark | others) - ($empty | others) - ., 0] | max
	| {all: (. + $mark.io - $empty.io + $mark.mmio - $empty.mmio)}
	+ ({io: 0, mmio: 0, user: 0} | with_entries(.value = $mark[.key] - $empty[.key]))
	| map_values([(1e4 * . / $reads | round) / 1e4, 0] | max);

# What the fastest chunk took for one read, without the loop: instructions, if counted
def instructions_per_read($counted; $method):
	of_method($counted; "results"; "empty").min_ns as $empty
	| of_method($counted; "results"; $method) | (.min_ns - $empty) * .chunks / .reads;

def bench_row($boot; $method):
	read_row($boot; $method; ["median_ns", "p99_ns", "exits_per_read", "instructions_per_read"];
		of_method($boot; "latency"; $method) as $latency
		| .median_ns = $latency.median_ns | .p99_ns = $latency.p99_ns
		| .exits_per_read = exits_per_read($boot; $method; $latency.reads)
		| .instructions_per_read = instructions_per_read("\($boot)-instructions"; $method)
		| .ecam = if .exits_per_read.mmio < 0.5 then "mapped" else "trapped" end)
	| .series = ($boot != "unpatched");

# Is what is promised true of the exits of this row, which is available?
def exits_hold($p):
	def near($n; $tolerance): . - $n | fabs <= $tolerance;
	limits as $l | .seconds as $seconds | .exits_per_read
	| if $p.accesses == 0 then .all < $l.mapped_exits and $seconds <= $l.mapped_seconds
	  else (.all | near($p.accesses; $l.all_exits_tolerance))
	       and (.io | near(if $p.accesses == 2 then 2 else 0 end; $l.exits_tolerance))
	       and (.mmio | near(if $p.accesses == 1 then 1 else 0 end; $l.exits_tolerance))
	       # How many of them end in user space is a matter of the VMM.
	       and .user >= 1 - $l.exits_tolerance and .user <= $p.accesses + $l.exits_tolerance
	  end;

# ECAM against type 1, and what the kernel chooses against ECAM, in the default boot
def default_missed($accel):
	added_instructions as $more
	| map(select(.boot == "default" and .unavailable == null) | .ratio = (.ratio_pairs | spread))
	| INDEX(.method) | limits as $l | .ecam as $ecam | .raw_pci_read | select(. and $ecam)
	# What an exit costs a real host is its own matter.
	| ($ecam | select($accel == "nested"
			  and ((.ratio_pairs | length) < $l.pairs or .ratio.median > $l.ratio))
		| must("take at most \($l.ratio) of the time of type 1, over \($l.pairs) pairs or more")),
	  (select((.ratio and $ecam.ratio and .ratio.min <= $ecam.ratio.max
		   and .ratio.max >= $ecam.ratio.min) | not)
		| must("take as long as ECAM does: their spreads overlap")),
	  (select($more > $l.instructions)
		| must("take at most \($l.instructions) instructions more than ECAM, besides its own, not \($more)"));

def bench:
	[promised(["default", "nommconf", "unpatched", "mapped"])] as $promised
	| {file: (head("default") + {rows: [$promised[] | bench_row(.boot; .method)]})}
	| .missed = [.file.accel as $accel | .file.rows | default_missed($accel),
		(to_entries[] | $promised[.key] as $p | .value | .unavailable as $why
		| if $p.serves == null then select($why == null) | must("be unavailable")
		  elif $why then must("be available")
		  else select(exits_hold($p) | not)
			| if $p.accesses > 0 then must("exit \($p.accesses) times a read")
			  else must("exit less than \(limits.mapped_exits) times a read, and take at most \(limits.mapped_seconds) s") end
		  end)];

# What each phase of a timed boot took, in ms, by the ticks of the guest's clock.  They are
# told in the time of ours, and must agree with it: the guest's user space can't be up before
# its kernel has begun.  "early" is over before the kernel can tell.
def boot_ms($name; $phases):
	def event($phase): first(need($name; ["phases"]; "array")[] | select(.name == $phase))
		// bad($name; "no phase \"\($phase)\"");
	event("compare") as $first | event("compared") as $last | event("user").tsc as $user
	| if $last.tsc <= $first.tsc or $last.arrival <= $first.arrival then
		bad($name; "the guest's clock does not go forward") else . end
	| (($last.tsc - $first.tsc) / ($last.arrival - $first.arrival) / 1000) as $ticks_per_ms
	| [($phases[] | event(.).tsc), $user] as $begins
	| ([range($phases | length) | {key: $phases[.], value: (($begins[. + 1] - $begins[.]) / $ticks_per_ms)}
		| if .value < 0 then bad($name; "phase \(.key) begins too late") else . end] | from_entries)
	+ {all: (($user - $begins[0]) / $ticks_per_ms)}
	| ($first.arrival - ($first.tsc - $user) / $ticks_per_ms / 1000) as $user_space
	| if $user_space > need($name; ["user_space_seconds"]; "number") + 0.1
	     or $user_space < .all / 1000 then
		bad($name; "the guest's clock and the host's disagree") else . end;

# The rows of one variant on one machine: a phase each, and all of them
def boot_rows($variant; $functions):
	"\($variant)-\($functions)-count" as $counted | (titles.phase | keys_unsorted) as $phases
	| if need($counted; ["functions"]; "number") == $functions then . else
		bad($counted; "not a machine with \($functions) functions") end
	| [label $last | range(1; infinite) | "\($variant)-\($functions)-\(.)"
		| if there(.) then boot_ms(.; $phases - ["early", "all"]) else break $last end] as $ms
	| $phases[] as $phase
	| (if $phase == "all" then ["kernel"] else ["phases", $phase] end) as $path
	| def count($kind): need($counted; ["counts"] + $path + [$kind]; "number");
	{variant: $variant, functions: $functions, phase: $phase,
	 accesses: {port_write: (count("cf8_write") + count("cfc_write")),
		    port_read: (count("cf8_read") + count("cfc_read")),
		    ecam_read: count("ecam_read"), ecam_write: count("ecam_write")},
	 ms: ($ms | map(.[$phase] | values) | spread), boots: ($ms | length)};

# What is missed, with the rows of one machine
def boot_missed($accel):
	def row($variant; $phase): .[] | select(.variant == $variant and .phase == $phase);
	def accesses($variant): row($variant; "all").accesses | add;
	def ms($variant): row($variant; "enumeration").ms.median;
	def at_most($limit; $count; $what):
		limits[$limit]["\(.[0].functions)"] as $most
		| select($most and $count > $most) | "at most \($most) \($what), not \($count)";
	limits as $l
	| (select((ms("unpatched") == null) != (ms("all") == null))
		| "\($input): of unpatched and all, one is timed and the other is not" | refuse),
	  at_most("boot_accesses"; accesses("all"); "accesses in a boot"),
	  at_most("early_ports"; row("all"; "early").accesses | .port_write + .port_read; "accesses to ports before ACPI"),
	  at_most("boot_accesses_mapped"; [accesses("all_mapped")] | add // 0; "accesses in a boot with ECAM mapped"),
	  (select(.[0].functions == $l.functions)
	   | (select(1 - accesses("all") / accesses("unpatched") < $l.boot_accesses_gone)
		| "\(100 * $l.boot_accesses_gone) % less accesses in a boot"),
	     # What an exit costs a real host is its own matter.
	     (select($accel == "nested" and ms("all")
		     and 1 - ms("all") / ms("unpatched") < $l.enumeration_time_gone)
		| "\(100 * $l.enumeration_time_gone) % less time of enumeration"));

def boot:
	[$results[0] | keys[] | capture("^unpatched-(?<n>[0-9]+)-count$").n | tonumber] | sort
	| if . == [] then "\($input): no counted boot of \"unpatched\" in it" | refuse else . end
	# The accelerator is that of the timed boots; counted ones may be without KVM.
	| head("all-\(.[0])-1" | if there(.) then . else sub("1$"; "count") end) as $head
	| map([. as $functions | titles.variant | keys_unsorted[]
		| select(. == "unpatched" or . == "all" or there("\(.)-\($functions)-count"))
		| boot_rows(.; $functions)])
	| {file: ($head + {schema: schema("boot"), rows: add}), missed: [.[] | boot_missed($head.accel)]};

def contention:
	# The first window of a kind of readers stands for all of them.
	[("contention-1", "contention-2") as $name | need($name; ["contention"]; "array") as $windows
		| $windows[] | select(.window == 0) | {method, from, processors, readers}
		| .reads_per_second = (. as $kind | $windows
			| map(select(contains($kind)) | .reads * 1e9 / .ns) | spread)
		# An access begins in a function of PCI; the timer, and what else there is, does not.
		| .irqs_off_us = if .processors > 1 or .readers > 1 then null else
			{method, from} as $kind | need("irqsoff"; ["irqsoff"]; "array")
			| map(select(contains($kind) and ((.started_at // "") | startswith("pci_"))).us) | spread
			end]
	| {file: (head("contention-1") + {rows: .}), missed: []};

# $results are the rows that kvm_exit_cost has printed; $host is what measure/summarize found out.
def exit_cost:
	(titles.op | keys_unsorted) as $ops
	| if [$results[] | objects | .op] == $ops then . else
		"\($input): must have a row each of \($ops | join(", "))" | refuse end
	| {file: {schema: 1, base: null, kernel: null, series: null, machine: null, vmm: "kvm_exit_cost",
		  # Those of QEMU's TCG have a signature; for Bochs see measure/summarize.
		  accel: "kvm", emulated: ($host.hypervisor | IN("TCGTCGTCGTCG", "Bochs")), host: $host, rows: $results},
	   missed: []};

# With nine significant digits
def rounded: walk(if type == "number" and . != floor then significant(9) else . end);
