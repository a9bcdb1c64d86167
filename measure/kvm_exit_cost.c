// SPDX-License-Identifier: GPL-2.0
/*
 * kvm_exit_cost - what does an access to PCI configuration space cost a guest of this KVM?
 *
 * usage: kvm_exit_cost [COUNT]	operations in each run: by default 100000, but fewer if these do not
 *				fit in 54 s
 *
 * It is a VMM of its own: it makes a VM without a kernel, in which a loop performs one operation,
 * and counts and times the exits. It prints the rows of out/exit-cost.json (lab/FORMATS), and exits
 * with 1 if an operation takes other exits than it must, or reads a wrong value, and with 4 if
 * there is no KVM. Times depend on the machine and are only reported.
 *
 * The guest's code runs at CPL 3: a KVM that does without VMX and SVM may run user mode natively,
 * but emulate the rest. It may use ports by its IOPL, which is 3, and by its TSS, as such a KVM may
 * drop the IOPL.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <asm/processor-flags.h>
#include <linux/kvm.h>

#define OPERATIONS	100000
#define OPERATIONS_MAX	100000000
#define RUNS		5
/* For all that is timed: the rest of the runs is shorter where it takes longer. */
#define BUDGET_SECONDS	54
/* Within 1 % of one exit an operation */
#define TOLERANCE	0.01

#define PAGE_SIZE	4096

/* Guest-physical addresses, which are the guest's linear addresses as well */
#define RAM_SIZE	(8 * PAGE_SIZE)
#define PML4_BASE	0x0000
#define PDPT_BASE	0x1000
#define PD_BASE		0x2000
#define CODE_BASE	0x6000
#define TSS_BASE	0x7000
/* ECAM of bus 0, which is no memory, and of bus 1, of which a page is a read-only slot */
#define ECAM_TRAPPED	0xb0000000u
#define ECAM_READONLY	0xb0100000u
/* Three pages that KVM on Intel wants for itself, away from all memory */
#define KVM_TSS_BASE	0xfffbd000u

/* Configuration mechanism #1: PCI 3.0, 3.2.2.3.2 */
#define CONFIG_ADDRESS	0xcf8
#define CONFIG_DATA	0xcfc
/* The register that is read: that of bus 0, device 0, function 0, at 0 */
#define REGISTER_ADDRESS	0x80000000u
/* By a write to this port, the guest says that it is done. */
#define DONE_PORT	0xf4

/* Entries of paging structures: SDM vol. 3, 4.5. Present, writable, for user mode; a large page */
#define PTE_TABLE	0x7ull
#define PTE_LARGE	0x80ull
#define LARGE_PAGE	0x200000ull
#define MAPPED_GIB	4
/* IA32_EFER, 64-bit mode enabled and active: SDM vol. 3, 2.2.1 */
#define EFER_LME_LMA	0x500
/* 64-bit TSS: its size, and where it says where the bitmap of ports is. SDM vol. 3, 8.7 */
#define TSS64_SIZE	0x68
#define TSS64_IO_MAP	0x66
#define CPUID_ENTRIES	256

/* What the guest runs: an operation, until ECX is 0. Then it says that it is done. */
#define CODE_SIZE	32
#define CODE(name, operation)						\
	extern const uint8_t name[CODE_SIZE];				\
	asm(".pushsection .rodata; .balign 32\n" #name ":" operation "\n"	\
	    "dec %ecx; jnz " #name "; out %al, $0xf4; .balign 32; .popsection")
CODE(by_type1, "mov %ebx, %eax; mov $0xcf8, %edx; out %eax, %dx; mov $0xcfc, %edx; in %dx, %eax");
CODE(load, "mov (%rbx), %eax");
CODE(store, "mov %esi, (%rbx)");
CODE(nothing, "");

/* What the VMM answers for the register: vendor and device of q35's host bridge */
static const uint32_t register_value = 0x29c08086;
/* What the guest writes to read-only memory, and what the host has stored last there */
static const uint32_t written_value = 0xdeadbeef;
static uint32_t readonly_value;

static const struct operation {
	const char *name;
	const uint8_t *code;
	uint32_t address;	/* in EBX: for type 1 what goes to CONFIG_ADDRESS */
	int exits, user_exits;	/* what one must cost, and how many of these go to user space */
	const uint32_t *eax;	/* what must be there after the last one */
	bool coalesced;		/* does KVM keep writes to CONFIG_ADDRESS until the next exit? */
} operations[] = {
	{ "type1", by_type1, REGISTER_ADDRESS, 2, 2, &register_value, false },
	{ "type1_coalesced", by_type1, REGISTER_ADDRESS, 2, 1, &register_value, true },
	{ "ecam", load, ECAM_TRAPPED, 1, 1, &register_value, false },
	{ "readonly_read", load, ECAM_READONLY, 0, 0, &readonly_value, false },
	{ "readonly_write", store, ECAM_READONLY, 1, 1, NULL, false },
	{ "empty", nothing, 0, 0, 0, NULL, false },
};

#define OPS	(sizeof(operations) / sizeof(operations[0]))

/* The machine that the guest sees, and what KVM gives us of it */
static int kvm_fd, vm_fd, vcpu_fd, stats_fd;
static struct kvm_run *vcpu;
static struct kvm_coalesced_mmio_ring *ring;
static uint8_t *ram;
static uint32_t *readonly;

/* What was last written to CONFIG_ADDRESS and not yet used */
static uint32_t config_address;

/* What one operation took: in each run, and the mean of the exits */
static struct {
	double ns[RUNS], exits, user_exits;
} figures[OPS];

static int kvm_ioctl(int fd, unsigned long request, uintptr_t argument, const char *name)
{
	int value = ioctl(fd, request, argument);

	if (value < 0)
		err(1, "%s", name);
	return value;
}

#define KVM_IOCTL(fd, request, argument)	\
	kvm_ioctl(fd, request, (uintptr_t)(argument), #request)

static void *map(void *at, int fd, size_t size, const char *what)
{
	int flags = MAP_SHARED | (at ? MAP_FIXED : 0) | (fd < 0 ? MAP_ANONYMOUS : 0);
	void *memory = mmap(at, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (memory == MAP_FAILED)
		err(1, "mmap of %s", what);
	return memory;
}

static void set_slot(uint32_t slot, uint32_t address, void *memory, size_t size, uint32_t flags)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot, .flags = flags, .guest_phys_addr = address, .memory_size = size,
		.userspace_addr = (uintptr_t)memory,
	};

	KVM_IOCTL(vm_fd, KVM_SET_USER_MEMORY_REGION, &region);
}

/* A VM with RAM and a read-only slot */
static void create_vm(void)
{
	int page;

	kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm_fd < 0)
		err(4, "/dev/kvm");
	if (ioctl(kvm_fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		errx(4, "/dev/kvm: not KVM with API version %d", KVM_API_VERSION);

	vm_fd = KVM_IOCTL(kvm_fd, KVM_CREATE_VM, 0);
	KVM_IOCTL(vm_fd, KVM_SET_TSS_ADDR, KVM_TSS_BASE);
	ram = map(NULL, -1, RAM_SIZE, "RAM");
	set_slot(0, 0, ram, RAM_SIZE, 0);
	readonly = map(NULL, -1, PAGE_SIZE, "read-only memory");
	set_slot(1, ECAM_READONLY, readonly, PAGE_SIZE, KVM_MEM_READONLY);

	vcpu_fd = KVM_IOCTL(vm_fd, KVM_CREATE_VCPU, 0);
	vcpu = map(NULL, vcpu_fd, KVM_IOCTL(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0), "the vCPU");
	page = KVM_IOCTL(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_MMIO);
	ring = (void *)((uint8_t *)vcpu + page * PAGE_SIZE);
}

/* The guest's CPU has all that this KVM can give. */
static void set_cpuid(void)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[CPUID_ENTRIES];
	} cpuid = { .head.nent = CPUID_ENTRIES };

	KVM_IOCTL(kvm_fd, KVM_GET_SUPPORTED_CPUID, &cpuid);
	KVM_IOCTL(vcpu_fd, KVM_SET_CPUID2, &cpuid);
}

/*
 * What a kernel would leave in memory: linear addresses are physical ones, up to MAPPED_GIB, and
 * user mode may use all; a TSS allows it all ports for which there is a bit that is 0.
 */
static void set_memory(void)
{
	const uint16_t io_map = TSS64_SIZE;
	uint64_t *pml4 = (void *)(ram + PML4_BASE);
	uint64_t *pdpt = (void *)(ram + PDPT_BASE);
	uint64_t *pd = (void *)(ram + PD_BASE);

	pml4[0] = PDPT_BASE | PTE_TABLE;
	for (uint64_t i = 0; i < MAPPED_GIB; i++)
		pdpt[i] = (PD_BASE + i * PAGE_SIZE) | PTE_TABLE;
	for (uint64_t i = 0; i < MAPPED_GIB * PAGE_SIZE / sizeof(*pd); i++)
		pd[i] = i * LARGE_PAGE | PTE_TABLE | PTE_LARGE;
	memcpy(ram + TSS_BASE + TSS64_IO_MAP, &io_map, sizeof(io_map));
}

/*
 * 64-bit user mode, as if a kernel had gone there. There is no GDT and no IDT: the segments are
 * loaded, and an exception would be a bug that shuts the VM down. Selectors are Linux's, types are
 * of SDM vol. 3, tables 3-1 and 3-2.
 */
static void set_system_registers(void)
{
	struct kvm_sregs sregs;

	KVM_IOCTL(vcpu_fd, KVM_GET_SREGS, &sregs);
	sregs.cs = (struct kvm_segment){
		.selector = 0x33, .type = 0xb, .dpl = 3, .limit = UINT32_MAX, .s = 1, .present = 1,
		.l = 1, .g = 1,
	};
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = (struct kvm_segment){
		.selector = 0x2b, .type = 0x3, .dpl = 3, .limit = UINT32_MAX, .s = 1, .present = 1,
		.db = 1, .g = 1,
	};
	sregs.tr = (struct kvm_segment){
		.base = TSS_BASE, .limit = PAGE_SIZE - 1, .type = 0xb, .present = 1,
	};
	sregs.ldt = (struct kvm_segment){ .unusable = 1 };
	sregs.cr0 = X86_CR0_PE | X86_CR0_ET | X86_CR0_NE | X86_CR0_PG;
	sregs.cr3 = PML4_BASE;
	sregs.cr4 = X86_CR4_PAE;
	sregs.efer = EFER_LME_LMA;
	KVM_IOCTL(vcpu_fd, KVM_SET_SREGS, &sregs);
}

/* Between exits to user space, KVM keeps what the guest writes to CONFIG_ADDRESS. */
static void coalesce(bool on)
{
	struct kvm_coalesced_mmio_zone zone = {
		.addr = CONFIG_ADDRESS, .size = sizeof(config_address), .pio = 1,
	};

	KVM_IOCTL(vm_fd, on ? KVM_REGISTER_COALESCED_MMIO : KVM_UNREGISTER_COALESCED_MMIO, &zone);
}

/* What does KVM count by this name? */
static uint64_t counter(const char *name)
{
	static _Alignas(uint64_t) char stats[0x10000];
	const struct kvm_stats_header *header = (void *)stats;
	const char *desc = stats;

	if (pread(stats_fd, stats, sizeof(stats), 0) < 0)
		err(1, "KVM's statistics");
	desc += header->desc_offset;
	for (uint32_t i = 0; i < header->num_desc; i++) {
		const struct kvm_stats_desc *d = (void *)desc;

		if (!strcmp(d->name, name))
			return *(uint64_t *)(stats + header->data_offset + d->offset);
		desc += sizeof(*d) + header->name_size;
	}
	errx(1, "this KVM does not count %s", name);
}

/* Those that the guest has caused: KVM also counts interrupts of the host. */
static uint64_t count_exits(void)
{
	return counter("exits") - counter("irq_exits");
}

/* Returns whether the guest is done. */
static bool handle_port(void)
{
	void *data = (uint8_t *)vcpu + vcpu->io.data_offset;
	bool out = vcpu->io.direction == KVM_EXIT_IO_OUT;

	if (out && vcpu->io.port == DONE_PORT)
		return true;
	if (out && vcpu->io.port == CONFIG_ADDRESS) {
		memcpy(&config_address, data, sizeof(config_address));
	} else if (!out && vcpu->io.port == CONFIG_DATA) {
		/* Each read has to come with an address of its own. */
		if (config_address != REGISTER_ADDRESS)
			errx(1, "the guest reads the register %#x", config_address);
		config_address = 0;
		memcpy(data, &register_value, sizeof(register_value));
	} else {
		errx(1, "the guest has used port %#x", vcpu->io.port);
	}
	return false;
}

static void handle_mmio(void)
{
	if (!vcpu->mmio.is_write && vcpu->mmio.phys_addr == ECAM_TRAPPED)
		memcpy(vcpu->mmio.data, &register_value, sizeof(register_value));
	else if (!vcpu->mmio.is_write || vcpu->mmio.phys_addr != ECAM_READONLY ||
		 memcmp(vcpu->mmio.data, &written_value, sizeof(written_value)))
		errx(1, "the guest has used address %#llx", (unsigned long long)vcpu->mmio.phys_addr);
}

/* Let the guest run until it is done; returns its exits to user space before that. */
static uint64_t run_guest(void)
{
	for (uint64_t user_exits = 0; ; user_exits++) {
		while (ioctl(vcpu_fd, KVM_RUN, 0)) {
			if (errno != EINTR)
				err(1, "KVM_RUN");
		}
		/* What KVM kept for us comes first. */
		while (ring->first != ring->last) {
			memcpy(&config_address, ring->coalesced_mmio[ring->first].data,
			       sizeof(config_address));
			ring->first = (ring->first + 1) % KVM_COALESCED_MMIO_MAX;
		}
		if (vcpu->exit_reason == KVM_EXIT_MMIO)
			handle_mmio();
		else if (vcpu->exit_reason != KVM_EXIT_IO)
			errx(1, "the guest has ended with exit reason %u", vcpu->exit_reason);
		else if (handle_port())
			return user_exits;
	}
}

/* An exit is complete when the guest is entered again: without a step further here. */
static void complete_exit(void)
{
	vcpu->immediate_exit = 1;
	if (ioctl(vcpu_fd, KVM_RUN, 0) != -1 || errno != EINTR)
		errx(1, "KVM_RUN does not heed immediate_exit");
	vcpu->immediate_exit = 0;
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

/* Let the guest perform @op @n times in this run; returns what one of them took, in ns. */
static double measure(size_t op, uint32_t n, int run)
{
	const struct operation *o = &operations[op];
	struct kvm_regs regs = {
		.rip = CODE_BASE,
		.rflags = X86_EFLAGS_FIXED | X86_EFLAGS_IF | X86_EFLAGS_IOPL,
		.rbx = o->address, .rcx = n, .rsi = written_value,
	};
	uint64_t exits, user_exits;
	double ns;

	memcpy(ram + CODE_BASE, o->code, CODE_SIZE);
	if (o->coalesced)
		coalesce(true);
	KVM_IOCTL(vcpu_fd, KVM_SET_REGS, &regs);

	exits = count_exits();
	ns = now_ns();
	user_exits = run_guest();
	ns = (now_ns() - ns) / n;
	/* The one with which it says that it is done does not count. */
	exits = count_exits() - exits - 1;

	complete_exit();
	KVM_IOCTL(vcpu_fd, KVM_GET_REGS, &regs);
	if (o->coalesced)
		coalesce(false);
	if (o->eax && regs.rax != *o->eax)
		errx(1, "%s: the guest has read %#llx, not %#x", o->name, regs.rax, *o->eax);
	figures[op].ns[run] = ns;
	figures[op].exits += (double)exits / n / RUNS;
	figures[op].user_exits += (double)user_exits / n / RUNS;
	return ns;
}

/* One run of each operation; returns what one of each took in all. */
static double measure_all(uint32_t n, int run)
{
	double ns = 0;

	/* What the host stores is what the guest loads. */
	*readonly = ++readonly_value;
	for (size_t op = 0; op < OPS; op++)
		ns += measure(op, n, run);
	if (*readonly != readonly_value)
		errx(1, "the guest has written to read-only memory");
	return ns;
}

/* The operations take turns, so that their ratios hold on a busy machine. Returns the least @n. */
static uint32_t measure_runs(uint32_t n)
{
	double end = now_ns() + BUDGET_SECONDS * 1e9, least_ns = HUGE_VAL, fit;

	/* The warm-up. What is stored in a page that takes the place of another counts as well. */
	for (int run = 0; run < RUNS; run++) {
		if (run % 2)
			map(readonly, -1, PAGE_SIZE, "another page");
		least_ns = fmin(least_ns, measure_all(n / 100 + 1, run));
	}
	memset(figures, 0, sizeof(figures));
	for (int run = 0; run < RUNS; run++) {
		/* What fits, if this is as fast as it has ever been? */
		fit = (end - now_ns()) / (RUNS - run) / least_ns;
		n = fmin(n, fmax(fit, 1));
		least_ns = fmin(least_ns, measure_all(n, run));
	}
	return n;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Print the row of an operation; returns whether its exits are right. */
static bool print_row(size_t op, uint32_t n)
{
	const struct operation *o = &operations[op];
	double exits = figures[op].exits, user_exits = figures[op].user_exits, *ns = figures[op].ns;

	qsort(ns, RUNS, sizeof(*ns), by_value);
	printf("{\"op\": \"%s\", \"n\": %u, "
	       "\"ns\": {\"median\": %.3f, \"min\": %.3f, \"max\": %.3f}, "
	       "\"exits_per_op\": %g, \"user_exits_per_op\": %g}\n",
	       o->name, n, ns[RUNS / 2], ns[0], ns[RUNS - 1], exits, user_exits);
	if (fabs(exits - o->exits) <= TOLERANCE && fabs(user_exits - o->user_exits) <= TOLERANCE)
		return true;
	warnx("%s: must exit %d times, %d to user space, not %g and %g", o->name, o->exits,
	      o->user_exits, exits, user_exits);
	return false;
}

int main(int argc, char **argv)
{
	char *end = "";
	long n = argc > 1 ? strtol(argv[1], &end, 10) : OPERATIONS;
	bool right = true;

	if (argc > 2 || *end || n < 1 || n > OPERATIONS_MAX)
		errx(2, "usage: kvm_exit_cost [COUNT], from 1 to %d", OPERATIONS_MAX);
	create_vm();
	set_cpuid();
	set_memory();
	set_system_registers();
	stats_fd = KVM_IOCTL(vcpu_fd, KVM_GET_STATS_FD, 0);
	n = measure_runs(n);
	for (size_t op = 0; op < OPS; op++)
		right = print_row(op, n) && right;
	return !right;
}
