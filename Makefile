# SPDX-License-Identifier: GPL-2.0
#
# The only front door: every verb is a target here, "make help" lists them.
#
# Variables (make VARIABLE=value TARGET):
#   BASE=7.3		the kernel in "sources" to work on
#   KERNEL_SRC=PATH	take the kernel from there, offline: a source tree or a tarball
#   PCI_CFG_CACHE=DIR	downloads, ccache and builds (default: ~/.cache/pci_cfg)
#   ACCEL=auto		auto, kvm, tcg, or for what needs KVM nested; auto boots for 15 s to
#			see if KVM will do, and else takes tcg or nested
#   BOOTS=5		timed boots of each variant in boot-profile
#   READS=100000		by each method in bench
#   MACHINE=q35		the machine of "make boot", as QEMU names it
#   CMDLINE=		the kernel command line of "make boot", besides the console
#   TREE=PATH		the git tree of "make apply"

BASE ?= 7.3
ACCEL ?= auto
MACHINE ?= q35
CMDLINE ?=
export BASE ACCEL MACHINE CMDLINE

out := out
CFLAGS ?= -O2 -g
# What every program of ours is compiled with.
c11 := -std=gnu11 -Wall -Wextra -Werror

.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | \
		awk -F'|' '{ printf "  make %-12s %s\n", $$1, $$2 }'
	@sed -n '/^# Variables/,/^$$/s/^# \{0,1\}//p' $(MAKEFILE_LIST)

setup: ## install the Debian packages that are missing, and say which
	@lab/setup

demo: setup ## fetch, patch, build, boot, measure: the table, out/demo.json and out/demo.svg
	@measure/demo

exit-cost: setup ## what exits cost on this KVM: a table and out/exit-cost.json, in a minute
	@measure/exit-cost

bench: setup ## reads in a guest of KVM: time, exits, instructions, contention: 5 minutes
	@measure/bench

boot-profile: setup ## accesses and time of a boot, phase by phase, with and without the series
	@measure/boot-profile

matrix: setup ## boot some 90 machines, command lines, hypervisors and firmware that lies
	@tests/run

report: setup ## one page of all results so far: out/report.html
	@measure/report

qemu: setup ## build a QEMU that maps ECAM: then demo, bench and boot-profile have it, too
	@lab/qemu-mapped

kernel: setup ## build the guest kernel with the series
	@lab/prepare series

boot: setup ## a shell in the guest
	@lab/prepare series
	@$(out)/bin/vm --interactive --job shell --machine "$(MACHINE)" \
		--accel "$(ACCEL)" --append "$(CMDLINE)" --log $(out)/boot.log \
		--kernel $(out)/boot/series/bzImage --initrd $(out)/boot/series/guest.cpio.gz

series: ## the mails for git am, with a cover letter, in out/series/
	@lab/series mails $(out)/series $(BASE)

apply: ## put the series onto a git tree of your own: make apply TREE=/path/to/linux
	@$(if $(TREE),,echo "make apply: TREE is not set: make apply TREE=/path/to/linux" >&2; exit 2;) \
		lab/series apply "$(TREE)"

check: setup ## every test that CI runs; the last line counts them
	@tests/check

check-all: setup ## the long tests as well: boots of the older kernels in "sources"
	@tests/check all

tools: $(out)/bin/vm $(out)/bin/report $(out)/bin/page $(out)/bin/init ## the lab's own programs, in out/bin/

$(out)/bin/vm: $(wildcard lab/vm/*.[ch]) lab/phases.h
report_parts := report report_bench report_boot report_contention report_demo report_exit_cost
$(out)/bin/report: $(report_parts:%=measure/%.c) lab/vm/hypervisor.c lab/vm/hypervisor.h measure/report.h lab/phases.h
page_parts := page page_figure page_files
$(out)/bin/page: $(page_parts:%=measure/%.c) lab/vm/util.c measure/page.h lab/vm/util.h
$(out)/bin/vm $(out)/bin/report $(out)/bin/page:
	@mkdir -p $(@D)
	$(CC) $(c11) $(CFLAGS) $(LDFLAGS) -Ilab -Ilab/vm -o $@ $(filter %.c,$^) -ljansson -lm

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

# Its "../kselftest.h" is measure/kselftest.h here, seen from a folder in lab.
$(out)/bin/kvm_exit_cost: tools/testing/selftests/pci_cfg/kvm_exit_cost.c measure/kselftest.h
	@mkdir -p $(@D)
	$(CC) $(c11) $(CFLAGS) $(LDFLAGS) -iquote measure/raw_read -o $@ $<

clean: ## remove out/; the cache stays
	rm -rf $(out)

.PHONY: help setup demo exit-cost bench boot-profile matrix report qemu kernel boot series apply check check-all tools clean
