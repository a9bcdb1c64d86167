# SPDX-License-Identifier: GPL-2.0
#
# terms - what the results, the tables, the figures and the page share: the names of
# lab/FORMATS as people read them, the colour of each, and what the project promises

# member of a row -> name in the file -> title
def titles: {
	boot: {default: "default boot", nommconf: "pci=nommconf", mapped: "ECAM mapped",
	       unpatched: "without the series"},
	method: {type1: "type 1", ecam: "ECAM", raw_pci_read: "raw_pci_read()"},
	serves: {type1: "type 1", ecam: "ECAM"},
	ecam: {trapped: "trapped", mapped: "mapped"},
	op: {type1: "type 1", type1_coalesced: "type 1, 0xCF8 coalesced", ecam: "ECAM, trapped",
	     readonly_read: "read of read-only memory",
	     readonly_write: "write to read-only memory", empty: "empty loop"},
	variant: {unpatched: "unpatched", capabilities: "set capabilities", scan: "set scan",
		  scan_capabilities: "sets scan and capabilities",
		  scan_ecam: "sets scan and ecam",
		  all: "all sets", all_mapped: "all sets, ECAM mapped"},
	phase: {early: "early", acpi: "ACPI", enumeration: "enumeration", drivers: "drivers",
		all: "all phases"},
	from: {kernel: "kernel threads", user: "user space"},
	accel: {kvm: "KVM", nested: "KVM on an emulated processor",
		tcg: "TCG, an emulated processor"}
};

# The heading of a table's column, where it is not the last name of the member's path
def headings: {
	server: "served by", ns_per_read: "ns a read", ratio: "to type 1",
	accesses_per_read: "accesses a read", median_ns: "median", p99_ns: "99 %",
	"exits_per_read.all": "exits", "exits_per_read.io": "ports",
	"exits_per_read.mmio": "memory", "exits_per_read.user": "to user space",
	instructions_per_read: "instructions", op: "access", exits_per_op: "exits",
	user_exits_per_op: "to user space", n: "in a run", variant: "kernel",
	"accesses.acpi": "ACPI", "ms.acpi": "ACPI", "kinds.port_write": "port writes",
	"kinds.port_read": "port reads", "kinds.ecam_read": "ECAM reads",
	"kinds.ecam_write": "ECAM writes", from: "readers are",
	reads_per_second: "reads a second", irqs_off_us: "µs", vmm: "VMM",
	accel: "accelerator", file: "results"
};

# The colour of each name that has bars.  One name has one colour, in every figure.
def colours: {
	type1: "2e75b6", ecam: "c0504d", raw_pci_read: "7d5ba6", type1_coalesced: "7fb2dd",
	readonly_read: "4d9a50", readonly_write: "98c799", empty: "999999",
	early: "d9c27a", acpi: "e0a030", enumeration: "1b7f83", drivers: "8c5a3c",
	all: "5b6b7a"
};

# What a read is promised to take, by boot and method: who serves it, and how many port and
# memory accesses, which are the exits of a guest of KVM.  null: the method is unavailable.
# demo boots what has the series, bench all of it; "mapped" is left out without such a QEMU.
def promised_reads:
	["default", "type1", "type1", 2],
	["default", "ecam", "ecam", 1],
	["default", "raw_pci_read", "ecam", 1],
	["nommconf", "type1", "type1", 2],
	["nommconf", "ecam", null, null],
	["nommconf", "raw_pci_read", "type1", 2],
	["unpatched", "raw_pci_read", "type1", 2],
	["mapped", "type1", "type1", 2],
	["mapped", "ecam", "ecam", 0],
	["mapped", "raw_pci_read", "ecam", 0]
	| {boot: .[0], method: .[1], serves: .[2], accesses: .[3]};

# The number of the description of a file
def schema($name): if $name == "boot" then 2 else 1 end;

def limits: {
	reads: 100000,			# by each method, in a demo for the record
	pairs: 10,			# that a ratio must be the median of, at least
	# ECAM / type 1, on a nested KVM: one exit, not two, but a dearer one.  0.66 is that of
	# VMware's ESXi (2022); with VMX that Bochs emulates it is 0.66 to 0.70.
	ratio: 0.75,
	instructions: 12,		# that the series may add to a read by ECAM
	mapped_seconds: 0.05,		# all reads, if ECAM is mapped,
	mapped_exits: 0.001,		# and exits of a read, which are to be none
	# How far exits a read may be from a whole number: accesses, and all of them, of which the
	# background is an estimate.  Reads by type 1 had some 200 exits a second more than that,
	# 0.04 a read, on a nested KVM.
	exits_tolerance: 0.01, all_exits_tolerance: 0.1,
	# With the series, by the functions of the machine: accesses in a boot, those of them
	# by ports before ACPI, and all of them with mapped ECAM
	boot_accesses: {"4": 550, "40": 7200},
	early_ports: {"40": 280},
	boot_accesses_mapped: {"4": 190, "40": 1500},
	functions: 4,			# of the machine for which these hold:
	boot_accesses_gone: 0.96,	# of the accesses without the series
	enumeration_time_gone: 0.65,	# on a nested KVM
	# A machine is too busy for a ratio if the middle half of the chunks' ratios is as
	# far apart as this part of their median.
	busy: 0.15
};
