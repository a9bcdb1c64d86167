# SPDX-License-Identifier: GPL-2.0
#
# check - is a result file as lab/FORMATS says, in all that the page and the texts use of it?

include "terms";
include "common";

# The members, "path:kind": of the head of each file, then of the head and the rows of one.
# ?: null will do; !: null will do in a row that is unavailable.
def head_rules:
	"base:text? kernel:text? series:text? machine:text? vmm:text accel:name emulated:bool";
def rules: {
	demo: ["empty_loop_ns_per_read:number",
		"boot:name method:name serves:name! ecam:name? reads:number! seconds:number!
		 ns_per_read:number! accesses_per_read:number! ratio_pairs:numbers? unavailable:text?"],
	bench: ["",
		"boot:name method:name serves:name! ecam:name? reads:number! seconds:number!
		 ns_per_read:number! median_ns:number! p99_ns:number! exits_per_read.all:number!
		 exits_per_read.io:number! exits_per_read.mmio:number! exits_per_read.user:number!
		 instructions_per_read:number! ratio_pairs:numbers unavailable:text?"],
	"exit-cost": ["host.kernel:text host.processor:text? host.virtualization:text? host.hypervisor:text?",
		"op:name n:number ns:spread exits_per_op:number user_exits_per_op:number"],
	boot: ["",
		"variant:name functions:number phase:name accesses.port_write:number
		 accesses.port_read:number accesses.ecam_read:number accesses.ecam_write:number
		 ms:spread? boots:number"],
	contention: ["",
		"method:name from:name processors:number readers:number reads_per_second:spread
		 irqs_off_us:spread?"]
};

def kinds: {
	name: "one of the names in lab/FORMATS", text: "a string", bool: "true or false",
	number: "a number, not negative, below 1e15",
	numbers: "an array of numbers, not negative, below 1e15",
	spread: "numbers with min <= median <= max"
};
def is_number: type == "number" and . >= 0 and . < 1e15;
def is_of($kind; $path):
	if $kind == "name" then type == "string" and (. as $name | titles[$path] | has($name))
	elif $kind == "text" then type == "string"
	elif $kind == "bool" then type == "boolean"
	elif $kind == "number" then is_number
	elif $kind == "numbers" then type == "array" and all(.[]; is_number)
	else type == "object" and all(.min, .median, .max; is_number) and .min <= .median and .median <= .max end;

# End with one line if an object breaks one of the rules; $where: what of which file it is.
def check($where; $rules):
	. as $object | (($object | objects | .unavailable | type == "string") // false) as $unavailable
	| [$rules | splits("[ \\n\\t]+") | select(. != "") | capture("(?<path>.*):(?<kind>[a-z]+)(?<null>.?)")
		| . as $rule
		| [$object | getpath($rule.path / ".")?][0]
		| select((. == null and ($rule.null == "?" or ($rule.null == "!" and $unavailable))) | not)
		| select(is_of($rule.kind; $rule.path) | not)
		| "\($where): \"\($rule.path)\" must be \(kinds[$rule.kind])\(if $rule.null == "?" then " or null" else "" end)"]
	| if . == [] then $object else .[0] | refuse end;

# The same of a whole file, $name.json in $dir
def check_file($dir; $name):
	"\($dir)/\($name).json" as $file
	| if (objects | .schema) == schema($name) then . else "\($file): \"schema\" must be \(schema($name))" | refuse end
	| check($file; head_rules + " " + rules[$name][0])
	| if (.rows | type) == "array" and .rows != [] then . else
		"\($file): \"rows\" must be an array that is not empty" | refuse end
	| .rows |= (to_entries | map(.key as $n | .value | check("\($file): row \($n + 1)"; rules[$name][1])));
