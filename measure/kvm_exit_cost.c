// SPDX-License-Identifier: GPL-2.0
/*
 * kvm_exit_cost - what does an access to PCI configuration space cost a guest of this KVM?
 *
 * usage: kvm_exit_cost [-n COUNT]	operations in each run; by default 100000, or as many as can
 *					be had in 54 s
 *
 * This is a program for the host, and a VMM of its own: it makes a VM without a kernel, in which a
 * loop performs one operation, and counts and times the exits. How many exits an operation must
 * take is known and tested. Times depend on the machine and are only reported. The output is KTAP
 * (exit status 0, 1 if a test fails, 4 if KVM can't be used), with a line of figures for each
 * operation: lab/FORMATS describes it.
 *
 * The guest's code runs at CPL 3: a KVM that does without VMX and SVM may run user mode natively,
 * but emulate the rest. It may use ports by its IOPL, which is 3, and by its TSS, as such a KVM may
 * drop the IOPL.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
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

#define FIGURES "# op=%s n=%u median_ns=%.3f min_ns=%.3f max_ns=%.3f exits_per_op=%g user_exits_per_op=%g\n"

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
/* The ECAM of bus 0, which is no memory, and of bus 1, which is a read-only slot */
#define ECAM_TRAPPED	0xb0000000u
#define ECAM_READONLY	0xb0100000u
#define ECAM_BUS_SIZE	0x100000u
/* Three pages that KVM on Intel wants for itself, away from all memory */
#define KVM_TSS_BASE	0xfffbd000u

/* Configuration mechanism #1: PCI 3.0, 3.2.2.3.2 */
#define CONFIG_ADDRESS	0xcf8
#define CONFIG_DATA	0xcfc
/* The register that is read: that of bus 0, device 0, function 0, at 0 */
#define REGISTER_ADDRESS	0x80000000u
/* What the VMM answers for it: vendor and device of q35's host bridge */
#define REGISTER_VALUE	0x29c08086u
/* What is in the words of the read-only memory, and what the guest writes there */
#define PATTERN(word)	(0xc0de0000u + (word))
#define WRITTEN_VALUE	0xdeadbeefu
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
/* CPUID leaf 0x80000001, EDX: 64-bit mode */
#define CPUID_EXTENDED	0x80000001u
#define CPUID_EDX_LM	(1u << 29)
#define CPUID_ENTRIES	256

/* The guest's instructions: SDM vol. 2 */
#define MOV_0XCF8_EDX	"\xba\xf8\x0c\x00\x00"	/* mov $0xcf8, %edx */
#define MOV_0XCFC_EDX	"\xba\xfc\x0c\x00\x00"	/* mov $0xcfc, %edx */
#define MOV_EBX_EAX	"\x89\xd8"		/* mov %ebx, %eax */
#define OUT_EAX_DX	"\xef"			/* out %eax, %dx */
#define IN_DX_EAX	"\xed"			/* in %dx, %eax */
#define LOAD_EAX	"\x8b\x03"		/* mov (%rbx), %eax */
#define STORE_ESI	"\x89\x33"		/* mov %esi, (%rbx) */
#define DEC_ECX_JNZ	"\xff\xc9\x75"		/* dec %ecx; jnz, the distance follows */
#define OUT_AL_0XF4	"\xe6\xf4"		/* out %al, $0xf4 */
#define READ_BY_TYPE1	MOV_EBX_EAX MOV_0XCF8_EDX OUT_EAX_DX MOV_0XCFC_EDX IN_DX_EAX

/* The figures come in this order. */
enum { TYPE1, TYPE1_COALESCED, ECAM, READONLY_READ, READONLY_WRITE, EMPTY, OPS };

static const struct operation {
	const char *name;
	const char *code;	/* which has no 0 at its end, so its size comes with it */
	size_t code_size;
	uint32_t address;	/* in EBX: for type 1 what goes to CONFIG_ADDRESS */
	int exits, user_exits;	/* what one must cost, and how many of these go to user space */
	uint32_t eax;		/* what must be there after the last one */
	bool coalesced;		/* does KVM keep writes to CONFIG_ADDRESS until the next exit? */
} operations[OPS] = {
#define CODE(bytes)	bytes, sizeof(bytes) - 1
	[TYPE1] = { "type1", CODE(READ_BY_TYPE1), REGISTER_ADDRESS, 2, 2, REGISTER_VALUE, false },
	[TYPE1_COALESCED] = { "type1_coalesced", CODE(READ_BY_TYPE1), REGISTER_ADDRESS, 2, 1,
			      REGISTER_VALUE, true },
	[ECAM] = { "ecam", CODE(LOAD_EAX), ECAM_TRAPPED, 1, 1, REGISTER_VALUE, false },
	[READONLY_READ] = { "readonly_read", CODE(LOAD_EAX), ECAM_READONLY, 0, 0, PATTERN(0), false },
	[READONLY_WRITE] = { "readonly_write", CODE(STORE_ESI), ECAM_READONLY, 1, 1, 0, false },
	[EMPTY] = { "empty", CODE(""), 0, 0, 0, 0, false },
};

#define CAPABILITY(name)	{ KVM_CAP_ ## name, "KVM_CAP_" #name }
static const struct {
	int number;
	const char *name;
} capabilities[] = {
	CAPABILITY(IMMEDIATE_EXIT), CAPABILITY(READONLY_MEM), CAPABILITY(COALESCED_MMIO),
	CAPABILITY(COALESCED_PIO), CAPABILITY(BINARY_STATS_FD),
};

/* The machine that the guest sees, and what KVM gives us of it */
static int kvm_fd, vm_fd, vcpu_fd;
static struct kvm_run *vcpu;
static struct kvm_coalesced_mmio_ring *ring;
static uint8_t *ram;
static uint32_t *readonly;

/* What was last written to CONFIG_ADDRESS and not yet used */
static uint32_t config_address;
static unsigned long wrong_addresses;

/* The statistics of the vCPU, and where in them to look */
static int stats_fd;
static off_t exits_offset, irq_exits_offset;

struct sample {
	double ns, exits, user_exits;
	uint32_t eax;
};

static unsigned int passed, failed;

static void __attribute__((format(printf, 2, 3))) result(bool right, const char *fmt, ...)
{
	va_list args;

	*(right ? &passed : &failed) += 1;
	printf("%s %u ", right ? "ok" : "not ok", passed + failed);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
}

static void totals(void)
{
	printf("# Totals: pass:%u fail:%u xfail:0 xpass:0 skip:0 error:0\n", passed, failed);
}

/* Both are for a text with one argument. */
#define bail(...) (printf("Bail out! " __VA_ARGS__), totals(), exit(1))
#define skip(...) (printf("1..0 # SKIP " __VA_ARGS__), exit(4))

static int kvm_ioctl(int fd, unsigned long request, uintptr_t argument, const char *name)
{
	int value = ioctl(fd, request, argument);

	if (value < 0)
		bail("%s: %s\n", name, strerror(errno));
	return value;
}

#define KVM_IOCTL(fd, request, argument)	\
	kvm_ioctl(fd, request, (uintptr_t)(argument), #request)

static void *map(void *at, int fd, size_t size, const char *what)
{
	int flags = MAP_SHARED | (at ? MAP_FIXED : 0) | (fd < 0 ? MAP_ANONYMOUS : 0);
	void *memory = mmap(at, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (memory == MAP_FAILED)
		bail("mmap of %s: %s\n", what, strerror(errno));
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

/* A VM with RAM and a read-only slot, or a skip where this KVM can't have it */
static void create_vm(void)
{
	int page;

	kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm_fd < 0)
		skip("/dev/kvm: %s\n", strerror(errno));
	if (ioctl(kvm_fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		skip("/dev/kvm: not KVM with API version %d\n", KVM_API_VERSION);
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
		if (ioctl(kvm_fd, KVM_CHECK_EXTENSION, capabilities[i].number) <= 0)
			skip("this KVM has no %s\n", capabilities[i].name);
	}

	vm_fd = KVM_IOCTL(kvm_fd, KVM_CREATE_VM, 0);
	KVM_IOCTL(vm_fd, KVM_SET_TSS_ADDR, KVM_TSS_BASE);
	ram = map(NULL, -1, RAM_SIZE, "RAM");
	set_slot(0, 0, ram, RAM_SIZE, 0);
	readonly = map(NULL, -1, ECAM_BUS_SIZE, "read-only memory");
	for (size_t i = 0; i < ECAM_BUS_SIZE / sizeof(*readonly); i++)
		readonly[i] = PATTERN(i);
	set_slot(1, ECAM_READONLY, readonly, ECAM_BUS_SIZE, KVM_MEM_READONLY);

	vcpu_fd = KVM_IOCTL(vm_fd, KVM_CREATE_VCPU, 0);
	vcpu = map(NULL, vcpu_fd, KVM_IOCTL(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0), "the vCPU");
	page = KVM_IOCTL(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_MMIO);
	ring = (void *)((uint8_t *)vcpu + page * PAGE_SIZE);
}

/* The guest's CPU has all that this KVM can give. */
static void set_cpuid(void)
{
	struct kvm_cpuid2 *cpuid;
	bool long_mode = false;

	cpuid = calloc(1, sizeof(*cpuid) + CPUID_ENTRIES * sizeof(cpuid->entries[0]));
	if (!cpuid)
		bail("calloc: %s\n", strerror(errno));
	cpuid->nent = CPUID_ENTRIES;
	KVM_IOCTL(kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid);
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		if (cpuid->entries[i].function == CPUID_EXTENDED)
			long_mode = cpuid->entries[i].edx & CPUID_EDX_LM;
	}
	if (!long_mode)
		skip("this KVM has no %s-bit guests\n", "64");
	KVM_IOCTL(vcpu_fd, KVM_SET_CPUID2, cpuid);
	free(cpuid);
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
	const struct kvm_segment code = {
		.selector = 0x33, .type = 0xb, .dpl = 3, .limit = UINT32_MAX, .s = 1, .present = 1,
		.l = 1, .g = 1,
	};
	const struct kvm_segment data = {
		.selector = 0x2b, .type = 0x3, .dpl = 3, .limit = UINT32_MAX, .s = 1, .present = 1,
		.db = 1, .g = 1,
	};
	const struct kvm_segment task = {
		.base = TSS_BASE, .limit = PAGE_SIZE - 1, .type = 0xb, .present = 1,
	};
	struct kvm_sregs sregs;

	KVM_IOCTL(vcpu_fd, KVM_GET_SREGS, &sregs);
	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.tr = task;
	sregs.ldt = (struct kvm_segment){ .unusable = 1 };
	sregs.cr0 = X86_CR0_PE | X86_CR0_ET | X86_CR0_NE | X86_CR0_PG;
	sregs.cr3 = PML4_BASE;
	sregs.cr4 = X86_CR4_PAE;
	sregs.efer = EFER_LME_LMA;
	KVM_IOCTL(vcpu_fd, KVM_SET_SREGS, &sregs);
}

/* The code of @op, again and again until ECX is 0, and the end */
static void set_code(const struct operation *op)
{
	uint8_t *start = ram + CODE_BASE, *to = start;

	to = (uint8_t *)memcpy(to, op->code, op->code_size) + op->code_size;
	to = (uint8_t *)memcpy(to, DEC_ECX_JNZ, 3) + 3;
	/* The distance is that from the next instruction. */
	to[0] = start - (to + 1);
	memcpy(to + 1, OUT_AL_0XF4, 2);
}

/* Between exits to user space, KVM keeps what the guest writes to CONFIG_ADDRESS. */
static void coalesce(bool on)
{
	struct kvm_coalesced_mmio_zone zone = {
		.addr = CONFIG_ADDRESS, .size = sizeof(config_address), .pio = 1,
	};

	KVM_IOCTL(vm_fd, on ? KVM_REGISTER_COALESCED_MMIO : KVM_UNREGISTER_COALESCED_MMIO, &zone);
}

static void read_stats(void *data, size_t size, off_t offset)
{
	ssize_t got = pread(stats_fd, data, size, offset);

	if (got != (ssize_t)size)
		bail("KVM's statistics: %s\n", got < 0 ? strerror(errno) : "they end too early");
}

/* Where is this counter? A skip if there is none */
static off_t find_counter(const char *name)
{
	struct kvm_stats_header header;
	struct kvm_stats_desc desc;
	char its_name[256] = "";
	uint32_t i;

	read_stats(&header, sizeof(header), 0);
	if (header.name_size >= sizeof(its_name))
		bail("KVM's statistics have names of %u bytes\n", header.name_size);
	for (i = 0; i < header.num_desc; i++) {
		off_t offset = header.desc_offset + i * (sizeof(desc) + header.name_size);

		read_stats(&desc, sizeof(desc), offset);
		read_stats(its_name, header.name_size, offset + sizeof(desc));
		if (!strcmp(its_name, name))
			return header.data_offset + desc.offset;
	}
	skip("this KVM does not count %s\n", name);
}

static void open_stats(void)
{
	stats_fd = KVM_IOCTL(vcpu_fd, KVM_GET_STATS_FD, 0);
	exits_offset = find_counter("exits");
	irq_exits_offset = find_counter("irq_exits");
}

/* Those that the guest has caused: KVM also counts interrupts of the host. */
static uint64_t count_exits(void)
{
	uint64_t exits, irq_exits;

	read_stats(&exits, sizeof(exits), exits_offset);
	read_stats(&irq_exits, sizeof(irq_exits), irq_exits_offset);
	return exits - irq_exits;
}

static uint32_t read_config_data(void)
{
	uint32_t address = config_address;

	/* Each read has to come with an address of its own. */
	config_address = 0;
	if (address == REGISTER_ADDRESS)
		return REGISTER_VALUE;
	wrong_addresses++;
	return UINT32_MAX;
}

/* Returns whether the guest is done. */
static bool handle_port(void)
{
	void *data = (uint8_t *)vcpu + vcpu->io.data_offset;
	bool out = vcpu->io.direction == KVM_EXIT_IO_OUT;
	uint32_t value;

	if (out && vcpu->io.port == DONE_PORT)
		return true;
	if (out && vcpu->io.port == CONFIG_ADDRESS) {
		memcpy(&config_address, data, sizeof(config_address));
	} else if (!out && vcpu->io.port == CONFIG_DATA) {
		value = read_config_data();
		memcpy(data, &value, sizeof(value));
	} else {
		bail("the guest has used port %#x\n", vcpu->io.port);
	}
	return false;
}

static void handle_mmio(void)
{
	const uint32_t written = WRITTEN_VALUE, value = REGISTER_VALUE;

	if (!vcpu->mmio.is_write && vcpu->mmio.phys_addr == ECAM_TRAPPED)
		memcpy(vcpu->mmio.data, &value, sizeof(value));
	else if (!vcpu->mmio.is_write || vcpu->mmio.phys_addr != ECAM_READONLY ||
		 memcmp(vcpu->mmio.data, &written, sizeof(written)))
		bail("the guest has used address %#llx\n", (unsigned long long)vcpu->mmio.phys_addr);
}

/* Let the guest run until it is done; returns its exits to user space before that. */
static uint64_t run_guest(void)
{
	for (uint64_t user_exits = 0; ; user_exits++) {
		while (ioctl(vcpu_fd, KVM_RUN, 0)) {
			if (errno != EINTR)
				bail("KVM_RUN: %s\n", strerror(errno));
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
			bail("the guest has ended with exit reason %u\n", vcpu->exit_reason);
		else if (handle_port())
			return user_exits;
	}
}

/* An exit is complete when the guest is entered again: without a step further here. */
static void complete_exit(void)
{
	vcpu->immediate_exit = 1;
	if (ioctl(vcpu_fd, KVM_RUN, 0) != -1 || errno != EINTR)
		bail("KVM_RUN does not heed %s\n", "immediate_exit");
	vcpu->immediate_exit = 0;
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

/* Let the guest perform @op @n times: what does one of them cost? */
static struct sample run(const struct operation *op, uint32_t n)
{
	struct kvm_regs regs = {
		.rip = CODE_BASE,
		.rflags = X86_EFLAGS_FIXED | X86_EFLAGS_IF | X86_EFLAGS_IOPL,
		.rbx = op->address, .rcx = n, .rsi = WRITTEN_VALUE,
	};
	struct sample sample;
	uint64_t exits;

	set_code(op);
	if (op->coalesced)
		coalesce(true);
	KVM_IOCTL(vcpu_fd, KVM_SET_REGS, &regs);

	exits = count_exits();
	sample.ns = now_ns();
	sample.user_exits = run_guest();
	sample.ns = (now_ns() - sample.ns) / n;
	/* The one with which it says that it is done does not count. */
	sample.exits = (double)(count_exits() - exits - 1) / n;
	sample.user_exits /= n;

	complete_exit();
	KVM_IOCTL(vcpu_fd, KVM_GET_REGS, &regs);
	sample.eax = regs.rax;
	if (op->coalesced)
		coalesce(false);
	return sample;
}

static int by_ns(const void *a, const void *b)
{
	double x = ((const struct sample *)a)->ns, y = ((const struct sample *)b)->ns;

	return (x > y) - (x < y);
}

static bool close_to(double value, int expected)
{
	return value >= expected - TOLERANCE && value <= expected + TOLERANCE;
}

/* Print the figures of operation @op, and judge its exits; returns its median time. */
static double judge(int op, struct sample samples[][OPS], uint32_t n)
{
	const struct operation *expected = &operations[op];
	double exits = 0, user_exits = 0;
	struct sample sorted[RUNS];

	for (int i = 0; i < RUNS; i++) {
		sorted[i] = samples[i][op];
		exits += sorted[i].exits / RUNS;
		user_exits += sorted[i].user_exits / RUNS;
	}
	qsort(sorted, RUNS, sizeof(sorted[0]), by_ns);
	printf(FIGURES, expected->name, n, sorted[RUNS / 2].ns, sorted[0].ns, sorted[RUNS - 1].ns,
	       exits, user_exits);
	result(close_to(exits, expected->exits) && close_to(user_exits, expected->user_exits),
	       "%s: exits an operation: %d, to user space: %d\n", expected->name, expected->exits,
	       expected->user_exits);
	return sorted[RUNS / 2].ns;
}

/* One run of each operation; *least_ns is the least that one of each has ever taken in all. */
static bool run_each(uint32_t n, struct sample *samples, double *least_ns)
{
	bool right = true;
	double ns = 0;

	for (int op = 0; op < OPS; op++) {
		samples[op] = run(&operations[op], n);
		ns += samples[op].ns;
		right = right && samples[op].eax == operations[op].eax;
	}
	if (ns < *least_ns)
		*least_ns = ns;
	return right;
}

/* The operations take turns, so that their ratios hold on a busy machine. */
static void test_cost(uint32_t wanted, bool limited)
{
	double end = now_ns() + BUDGET_SECONDS * 1e9, least_ns = 1e18, median[OPS];
	struct sample samples[RUNS][OPS];
	uint32_t least_n = wanted;
	bool right = true;

	/* The warm-up */
	for (int i = 0; i < RUNS; i++)
		right = run_each(wanted / 100 + 1, samples[0], &least_ns) && right;
	for (int i = 0; i < RUNS; i++) {
		/* What fits, if this is as fast as it has ever been? */
		double fit = (end - now_ns()) / (RUNS - i) / least_ns;
		uint32_t n = !limited || fit >= wanted ? wanted : fit < 1 ? 1 : fit;

		right = run_each(n, samples[i], &least_ns) && right;
		if (n < least_n)
			least_n = n;
	}
	if (least_n < wanted)
		printf("# no time for %u operations in each run: it is %u at least\n", wanted, least_n);
	for (int op = 0; op < OPS; op++)
		median[op] = judge(op, samples, least_n);
	printf("# ecam takes %.3f of the time of type1, %.3f of type1_coalesced\n",
	       median[ECAM] / median[TYPE1], median[ECAM] / median[TYPE1_COALESCED]);
	result(right && !wrong_addresses,
	       "every read gets what is in the register that it asks for\n");
}

/* Does the guest's load see @value, and without an exit to user space? */
static bool guest_sees(uint32_t value)
{
	struct sample sample = run(&operations[READONLY_READ], 1);

	if (sample.eax == value && !sample.user_exits)
		return true;
	printf("# the guest loads %#x, not %#x, with %.0f exits to user space\n", sample.eax, value,
	       sample.user_exits);
	return false;
}

static void test_readonly(void)
{
	bool same = true, stored = true, replaced = true;

	for (size_t i = 0; i < ECAM_BUS_SIZE / sizeof(*readonly); i++)
		same = same && readonly[i] == PATTERN(i);
	result(same, "readonly_write: memory is what it was\n");
	for (uint32_t i = 0; i < 10; i++) {
		readonly[0] = i;
		stored = guest_sees(i) && stored;
	}
	result(stored, "readonly_read: the next load sees what the host stores\n");
	for (uint32_t i = 0; i < 10; i++) {
		map(readonly, -1, PAGE_SIZE, "another page");
		readonly[0] = PATTERN(i);
		replaced = guest_sees(PATTERN(i)) && replaced;
	}
	result(replaced, "readonly_read: the next load sees a page put in its place\n");
}

int main(int argc, char **argv)
{
	long n = OPERATIONS;
	bool limited = true;
	char *end;
	int c;

	while ((c = getopt(argc, argv, "n:")) != -1) {
		if (c != 'n')
			return 1;
		n = strtol(optarg, &end, 10);
		limited = false;
		if (end == optarg || *end || n < 1 || n > OPERATIONS_MAX) {
			fprintf(stderr, "%s: -n %s: must be from 1 to %d\n", argv[0], optarg,
				OPERATIONS_MAX);
			return 1;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "%s: %s: no argument is expected\n", argv[0], argv[optind]);
		return 1;
	}

	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("TAP version 13");
	create_vm();
	set_cpuid();
	set_memory();
	set_system_registers();
	open_stats();
	printf("1..%d\n", OPS + 4);
	test_cost(n, limited);
	test_readonly();
	totals();
	return failed > 0;
}
