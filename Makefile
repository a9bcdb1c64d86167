# SPDX-License-Identifier: GPL-2.0
#
# Everything that one does here is a target; "make help" lists them.
#
# Variables (make VARIABLE=value TARGET):
#   BASE=7.3		the kernel to work on, a name in the file "sources"
#   KERNEL_SRC=PATH	take the kernel from PATH, offline: a source tree or a tarball of one
#   PCI_CFG_CACHE=DIR	where downloads and builds are kept (default: ~/.cache/pci_cfg)
#   ACCEL=auto		kvm, tcg, or nested for what needs KVM; auto tries a boot with KVM for
#			15 seconds, and if that fails, uses tcg or nested
#   BOOTS=5		how often boot-profile boots each kernel and command line
#   READS=100000		how often bench reads by each method
#   ROWS=FILE		boot the rows of FILE in matrix, not those of tests/rows/*.rows
#   MACHINE=q35		QEMU's name of the machine for "make boot"
#   CMDLINE=		the kernel command line for "make boot", without the console
#   TREE=PATH		your git tree, for "make apply"
#   V=2 SINCE=REV	for "make series": write v2, and compare it with the mails in git revision REV

BASE ?= 7.3
ACCEL ?= auto
MACHINE ?= q35
CMDLINE ?=
export BASE ACCEL MACHINE CMDLINE V SINCE

out := out
CFLAGS ?= -O2 -g
# What every program of ours is compiled with.
c11 := -std=gnu11 -Wall -Wextra -Werror

.DEFAULT_GOAL := help

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | \
		awk -F'|' '{ printf "  make %-12s %s\n", $$1, $$2 }'
	@echo
	@sed -n '/^# Variables/,/^$$/s/^# \{0,1\}//p' $(MAKEFILE_LIST)

setup: ## install the Debian packages that are missing; it never removes one
	@lab/setup

demo: setup ## fetch, patch, build, boot, measure: a table, out/demo.json and out/demo.svg
	@measure/demo

exit-cost: setup ## measure what an exit costs with this KVM: a table, out/exit-cost.json (1 minute)
	@measure/exit-cost

bench: setup ## time reads in a KVM guest, count their exits and instructions (5 minutes)
	@measure/bench

boot-profile: setup ## count the accesses in each phase of a boot, with and without the series
	@measure/boot-profile

matrix: setup ## boot some 190 machines, command lines, hypervisors, faults and wrong tables
	@tests/run

probe: setup ## build the probe, which says what ECAM is worth on a hypervisor: an ISO and more
	@probe/build

results: ## make the table of the probe's results, probe/RESULTS.md
	@probe/table

report: setup ## write all results so far to one page, out/report.html
	@measure/report

keep: ## keep these results in measure/results/, where the figures in the texts come from
	@measure/keep

qemu: setup ## build a QEMU that maps ECAM: demo, bench and boot-profile boot on it from then on
	@lab/build-qemu --mapped

kernel: setup ## build the kernel of the guest, with the series
	@lab/prepare series

boot: setup ## start a shell in the guest
	@lab/prepare series
	@top=. out=$(out) accel=$(ACCEL); . lab/lib.sh; kvm_or tcg; \
	$(out)/bin/vm --interactive --job shell --machine "$(MACHINE)" \
		--accel "$$accel" --append "$(CMDLINE)" --log $(out)/boot.log \
		--kernel $(out)/boot/series/bzImage --initrd $(out)/boot/series/guest.cpio.gz

series: ## write the mails for git am and git send-email, with cover letters, to out/series/
	@lab/series mails $(out)/series $(BASE)

apply: ## git am the series onto a git tree of your own: make apply TREE=/path/to/linux
	@$(if $(TREE),,echo "make apply: TREE is not set: make apply TREE=/path/to/linux" >&2; exit 2;) \
		lab/series mails $(out)/apply $(BASE) && git -C "$(TREE)" am $(CURDIR)/$(out)/apply/*/*.patch

check: setup ## run every test that CI runs; the last line counts them
	@tests/check

check-all: setup ## run the long tests as well: older kernels, debug kernels, Xen, a fresh Debian
	@tests/check all

tools: $(out)/bin/vm $(out)/bin/init ## build the lab's own programs in out/bin/

$(out)/bin/vm: $(wildcard lab/vm/*.[ch]) lab/phases.h
	@mkdir -p $(@D)
	$(CC) $(c11) $(CFLAGS) $(LDFLAGS) -Ilab -o $@ $(filter %.c,$^) \
		$$(pkg-config --cflags --libs glib-2.0 jansson)

# Alone in the initramfs, so static. For tests/lint: the sanitizers can't be.
static := -static
init_sources := $(wildcard lab/init/*.[ch]) lab/phases.h
$(out)/bin/init: $(init_sources)
	@mkdir -p $(@D)
	$(CC) $(c11) $(CFLAGS) $(static) -Ilab -o $@ $(filter %.c,$^)

# What a guest runs in tests, alone as well.
$(out)/bin/config_hash $(out)/bin/torture: $(out)/bin/%: tests/guest/%.c tests/guest/ecam.h
	@mkdir -p $(@D)
	$(CC) $(c11) $(CFLAGS) $(static) -o $@ $< -pthread

# The same for a 32-bit kernel, which may not run the other: lab/prepare i386. It needs gcc-multilib.
$(out)/bin/init32: $(init_sources)
	@mkdir -p $(@D)
	$(CC) -m32 $(c11) $(CFLAGS) $(static) -Ilab -o $@ $(filter %.c,$^)

# With libraries, which the initramfs has as well: Debian has no static libqrencode.
$(out)/bin/probe: $(wildcard probe/*.[ch]) lab/phases.h
	@mkdir -p $(@D)
	$(CC) $(c11) $(CFLAGS) $(LDFLAGS) -Ilab -o $@ $(filter %.c,$^) \
		$$(pkg-config --cflags --libs jansson libqrencode)

$(out)/bin/kvm_exit_cost: measure/kvm_exit_cost.c
	@mkdir -p $(@D)
	$(CC) $(c11) $(CFLAGS) $(LDFLAGS) -o $@ $< -lm

clean: ## remove out/; the cache stays
	rm -rf $(out)

.PHONY: help setup demo exit-cost bench boot-profile matrix report keep probe results qemu kernel boot series apply check check-all tools clean
