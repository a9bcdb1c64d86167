# SPDX-License-Identifier: GPL-2.0
#
# figures - what the texts say of the results in measure/results/
#
# tests/figures looks for each text in its file, however its lines are broken.  After make keep,
# it says which of them have to change.

include "terms";
include "common";

# Of boot.json: accesses and milliseconds; of bench.json: the rest
def row($file; filter): if $files[0][$file] | not then null else
	first($files[0][$file].rows[] | select(filter)) // error("\($file).json has no such row") end;
# What was not measured is "?", and tests/figures skips the text.
def known(filter): if . == null then "?" else filter end;
def accesses($variant; $functions):
	row("boot"; .variant == $variant and .functions == $functions and .phase == "all").accesses | add;
def ecam_reads($variant; $functions):
	row("boot"; .variant == $variant and .functions == $functions and .phase == "all").accesses.ecam_read;
def ms($variant; $functions):
	row("boot"; .variant == $variant and .functions == $functions and .phase == "enumeration").ms.median | known(round);
def read($boot; $method): row("bench"; .boot == $boot and .method == $method);
def seconds($boot; $method): read($boot; $method).seconds
	| known(if . < 0.1 then significant(1) else significant(2) end | tostring);
def exits($boot; $method): read($boot; $method).exits_per_read.all | known(round);

# What the scan for peer bridges makes with 4 functions: 255 buses, 32 slots, two accesses each
def scan: 255 * 32 * 2;

def figures:
	(accesses("unpatched"; 4) | number) as $before | (accesses("both"; 4) | number) as $after
	| (accesses("unpatched"; 4) - scan | number) as $scan | (scan | number) as $peers
	| ["README.md",
		"| type 1, as today | \(exits("default"; "type1")) |",
		"| ECAM (Linux series) | \(exits("default"; "ecam")) |",
		"| ECAM from memory (both series) | \(exits("mapped"; "ecam")) |",
		(["| Linux 7.3.4", "unpatched"], ["(patch set `1-scan`)", "nopeer"], ["(patch set `3-ecam`)", "both"],
		 ["remain", "both_mapped"]
		 | "\(.[0]) | \(accesses(.[1]; 4) | number) | \(accesses(.[1]; 40) | number) |"),
		"100,000 reads take \(seconds("default"; "type1")) s by type 1, \(seconds("default"; "ecam")) s by ECAM and \(
		seconds("mapped"; "ecam")) s from memory"],
	["patches/1-scan/cover-letter",
		"they are \($peers) of the \($before) configuration accesses", "\($scan) accesses remain",
		"the kernel takes \(ms("nopeer"; 4)) ms instead of \(ms("unpatched"; 4)) from \"ACPI: PCI Root Bridge\""],
	["patches/1-scan/*-Don-t-look-for-peer-host-bridges-*.patch",
		"\($peers) of \($before) on QEMU's q35", "leaves \($scan) of the kernel's \($before) configuration"],
	["patches/3-ecam/cover-letter",
		"7.3 \($before) \(accesses("unpatched"; 40) | number)", "the set \"scan\" \($scan)",
		"and patch 8 \($after) \(accesses("both"; 40) | number)",
		"type 1 \(seconds("default"; "type1")) s \(exits("default"; "type1")) exits a read",
		"ECAM \(seconds("default"; "ecam")) s \(exits("default"; "ecam")) exit a read",
		"after \(seconds("default"; "raw_pci_read")) s", "before \(seconds("unpatched"; "raw_pci_read")) s",
		"ECAM from memory \(seconds("mapped"; "raw_pci_read")) s",
		"executes \(read("default"; "raw_pci_read").instructions_per_read
			| known(. - read("default"; "ecam").instructions_per_read)) instructions more"],
	["patches/4-tests/cover-letter",
		"type 1 \(seconds("default"; "type1")) s \(exits("default"; "type1")) exits a read",
		"ECAM \(seconds("default"; "ecam")) s \(exits("default"; "ecam")) exit a read",
		"raw_pci_read() \(seconds("default"; "raw_pci_read")) s"],
	["patches/3-ecam/*-Use-ECAM-for-base-access-in-guests.patch", "in a boot fall from \($scan) to"],
	["qemu/cover-letter",
		"KVM \(seconds("default"; "raw_pci_read")) s \(seconds("mapped"; "raw_pci_read")) s",
		(4, 40 | "\(.) functions \(accesses("both"; .) | number) \(accesses("both_mapped"; .) | number) " +
			"reads by ECAM: \(ecam_reads("both"; .) | number) and none")],
	["qemu/*-Add-mapped-ecam.patch",
		"take \(seconds("mapped"; "raw_pci_read")) s instead of \(seconds("default"; "ecam")) s",
		"are \(accesses("both_mapped"; 4)) instead of \($after);",
		"they are \(accesses("both_mapped"; 40) | number) instead of \(accesses("both"; 40) | number)"]
	| .[0] as $file | .[1:][] | [$file, .] | @tsv;
