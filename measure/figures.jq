# SPDX-License-Identifier: GPL-2.0
#
# figures - what the texts say of the results in measure/results/
#
# tests/figures looks for each text in its file, however its lines are broken.  After make keep,
# it says which of them have to change.

include "terms";
include "common";

# Of boot.json: accesses and milliseconds; of bench.json: the rest
def row($file; filter):
	first($files[0][$file].rows[]? | select(filter)) // error("\($file).json has no such row");
def phase($variant; $functions; $phase):
	row("boot"; .variant == $variant and .functions == $functions and .phase == $phase);
def accesses($variant; $functions): phase($variant; $functions; "all").accesses | add;
def ecam_reads($variant; $functions): phase($variant; $functions; "all").accesses.ecam_read;
def ms($variant; $functions): phase($variant; $functions; "enumeration").ms.median | round;
def read($boot; $method): row("bench"; .boot == $boot and .method == $method);
def seconds($boot; $method): read($boot; $method).seconds
	| if . < 0.1 then significant(1) else significant(2) end | tostring;
def exits($boot; $method): read($boot; $method).exits_per_read.all | round;
# Seconds and exits of one method.  What is compared comes from one boot, as a computer may be half as
# fast in the next one.
def timed($name; $method): "\($name) \(seconds("default"; $method)) s \(exits("default"; $method)) exit";

# A line of a table: its name, and the accesses of a boot with 4, 40 and 130 functions
def line($name; $variant): "\($name) \([4, 40, 130 | accesses($variant; .) | number] | join(" "))";
def markdown($name; $variant): "\($name) | \([4, 40, 130 | accesses($variant; .) | number] | join(" | ")) |";
# Accesses to ports before ACPI with 40 functions
def early($variant): phase($variant; 40; "early").accesses | .port_write + .port_read | number;
# What the scan for peer bridges makes with 4 functions: 255 buses, 32 slots, two accesses each
def scan: 255 * 32 * 2;
# Microseconds of an access with this KVM
def us($op): row("exit-cost"; .op == $op).ns.median / 1000 | significant(3);
def added: $files[0].bench.rows | added_instructions;

def figures:
	(accesses("unpatched"; 4) | number) as $before | (accesses("scan"; 4) | number) as $scan
	| (accesses("all"; 4) | number) as $after | (scan | number) as $peers
	| ["README.md",
		"| type 1, as today | \(exits("default"; "type1")) |",
		"| ECAM (Linux series) | \(exits("default"; "ecam")) |",
		"| ECAM from memory (both series) | \(exits("mapped"; "ecam")) |",
		markdown("| Linux 7.3.4"; "unpatched"), markdown("(patch set `1-scan`)"; "scan"),
		markdown("(patch set `2-capabilities`)"; "scan_capabilities"),
		markdown("(patch set `3-ecam`)"; "all"), markdown("remain"; "all_mapped"),
		"100,000 reads take \(seconds("default"; "type1")) s by type 1, \(seconds("default"; "ecam")) s by ECAM and \(
		seconds("mapped"; "ecam")) s from memory"],
	["patches/1-scan/cover-letter",
		line("7.3"; "unpatched"), line("with this set"; "scan"),
		"takes \(ms("scan"; 4)) ms instead of \(ms("unpatched"; 4)) from \"ACPI: PCI Root Bridge\""],
	["patches/1-scan/*-Skip-the-peer-bridge-scan-*.patch",
		"\($peers) of \($before) on QEMU's q35", "fall from \($before) to"],
	["patches/1-scan/*-Don-t-look-behind-bridges-*.patch",
		"early quirks make \(early("scan")) accesses instead of \(early("unpatched"));"],
	["patches/2-capabilities/cover-letter",
		line("7.3"; "unpatched"), line("7.3 with this set"; "capabilities"), line("with \"scan\""; "scan"),
		line("with \"scan\" and this set"; "scan_capabilities"),
		line("with \"scan\" and \"ecam\""; "scan_ecam"), line("with all three"; "all"),
		line("and ECAM in memory"; "all_mapped")],
	["patches/3-ecam/cover-letter",
		line("7.3"; "unpatched"), line("with \"scan\""; "scan"), line("with \"scan\" and this set"; "scan_ecam"),
		line("and with \"capabilities\""; "all"), line("and ECAM in memory"; "all_mapped"),
		timed("type 1"; "type1"), timed("ECAM"; "ecam"), timed("raw_pci_read()"; "raw_pci_read"),
		"ECAM in memory \(seconds("mapped"; "raw_pci_read")) s",
		"add \(added) instructions to pci_mmcfg_read()"],
	["patches/3-ecam/*-Add-operations-that-use-ECAM-*.patch", "adds \(added) instructions"],
	["patches/3-ecam/*-Use-ECAM-for-base-access-in-guests.patch",
		timed("type 1"; "type1"), timed("raw_pci_read()"; "raw_pci_read"),
		"in memory \(seconds("mapped"; "raw_pci_read")) s",
		"from \($scan) to \(accesses("scan_ecam"; 4) | number) with 4 functions, and from \(accesses("scan"; 40) | number) to \(accesses("scan_ecam"; 40) | number) with 40"],
	["patches/4-tests/cover-letter",
		timed("type 1"; "type1"), timed("ECAM"; "ecam"), timed("raw_pci_read()"; "raw_pci_read")],
	["qemu/cover-letter",
		"KVM \(seconds("default"; "raw_pci_read")) s \(seconds("mapped"; "raw_pci_read")) s",
		"takes \(us("readonly_write")) us, and a trapped access \(us("ecam")) us",
		(4, 40 | "\(.) functions \(accesses("all"; .) | number) \(accesses("all_mapped"; .) | number) " +
			"reads by ECAM: \(ecam_reads("all"; .) | number) and none")],
	["qemu/*-Add-mapped-ecam.patch",
		"take \(seconds("mapped"; "raw_pci_read")) s instead of \(seconds("default"; "ecam")) s",
		"are \(accesses("all_mapped"; 4)) instead of \($after);",
		"they are \(accesses("all_mapped"; 40) | number) instead of \(accesses("all"; 40) | number)"]
	| .[0] as $file | .[1:][] | [$file, .] | @tsv;
