// SPDX-License-Identifier: GPL-2.0
/*
 * What does an access to PCI configuration space cost a guest of this KVM?
 *
 * This is a program for the host, and a VMM of its own: it makes a VM without a
 * kernel, in which a loop performs one operation, and counts and times the exits.
 * How many exits an operation must take is known and tested.  Times depend on the
 * machine and are only reported, with one line for each operation:
 *
 *	# op=NAME n=COUNT median_ns=N min_ns=N max_ns=N exits_per_op=N user_exits_per_op=N
 *
 * where the ns are those of one operation in RUNS runs of n or more.
 *
 * The guest's code runs at CPL 3: a KVM that does without VMX and SVM may run user
 * mode natively, but emulate the rest.  It may use ports by its IOPL, which is 3,
 * and by its TSS, as such a KVM may drop the IOPL.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/const.h>
#include <linux/kvm.h>
#include <asm/processor-flags.h>

#include "../kselftest.h"

/* A line of figures: programs read it. */
#define FIGURES "op=%s n=%u median_ns=%.3f min_ns=%.3f max_ns=%.3f exits_per_op=%g user_exits_per_op=%g\n"

#define OPERATIONS	100000
#define OPERATIONS_MAX	100000000
#define RUNS		5
/* For all that is timed: the rest of the runs is shorter where it takes longer. */
#define BUDGET_SECONDS	54
/* Within 1 % of one exit an operation */
#define TOLERANCE	0.01

#define PAGE_SIZE	4096

/* Guest-physical addresses, which are the guest's linear addresses as well. */
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
#define CONFIG_ENABLE	0x80000000u

/* The register that is read: that of bus 0, device 0, function 0, at 0 */
#define REGISTER_ADDRESS	CONFIG_ENABLE
/* What the VMM answers for it: vendor and device of q35's host bridge */
#define REGISTER_VALUE	0x29c08086u
/* What is in the words of the read-only memory, and what the guest writes there */
#define PATTERN(word)	(0xc0de0000u + (word))
#define WRITTEN_VALUE	0xdeadbeefu

/* By a write to this port, the guest says that it is done. */
#define DONE_PORT	0xf4

/* Paging structures: SDM vol. 3, 4.5 "4-level paging" */
#define PTE_PRESENT	_BITULL(0)
#define PTE_WRITE	_BITULL(1)
#define PTE_USER	_BITULL(2)
#define PTE_LARGE	_BITULL(7)
#define PTE_TABLE	(PTE_PRESENT | PTE_WRITE | PTE_USER)
#define PTES		512
#define LARGE_PAGE	0x200000u
#define MAPPED_GIB	4

/* IA32_EFER: SDM vol. 3, 2.2.1 */
#define EFER_LME	_BITULL(8)
#define EFER_LMA	_BITULL(10)

/* Segment types: SDM vol. 3, tables 3-1 and 3-2; TSS: figure 8-11 */
#define TYPE_DATA_WRITE_ACCESSED	0x3
#define TYPE_CODE_READ_ACCESSED		0xb
#define TYPE_TSS64_BUSY			0xb
/* 64-bit TSS: its size, and where it says where the bitmap of ports is */
#define TSS64_SIZE	0x68
#define TSS64_IO_MAP	0x66

#define USER_RPL	3
/* Linux's own for user mode */
#define USER_CS		(6 << 3 | USER_RPL)
#define USER_DS		(5 << 3 | USER_RPL)

/* CPUID leaf 0x80000001, EDX: 64-bit mode */
#define CPUID_EXTENDED	0x80000001u
#define CPUID_EDX_LM	_BITUL(29)
#define CPUID_ENTRIES	256

/* The guest's instructions: SDM vol. 2 */
#define MOV_0XCF8_EDX	"\xba\xf8\x0c\x00\x00"	/* mov $0xcf8, %edx */
#define MOV_0XCFC_EDX	"\xba\xfc\x0c\x00\x00"	/* mov $0xcfc, %edx */
#define MOV_EBX_EAX	"\x89\xd8"			/* mov %ebx, %eax */
#define OUT_EAX_DX	"\xef"			/* out %eax, %dx */
#define IN_DX_EAX	"\xed"			/* in %dx, %eax */
#define LOAD_EAX	"\x8b\x03"			/* mov (%rbx), %eax */
#define STORE_ESI	"\x89\x33"			/* mov %esi, (%rbx) */
#define DEC_ECX		"\xff\xc9"			/* dec %ecx */
#define JNZ		"\x75"			/* jnz, the distance follows */
#define OUT_AL_0XF4	"\xe6\xf4"			/* out %al, $0xf4 */

#define CODE(bytes)	.code = bytes, .code_size = sizeof(bytes) - 1

/* The figures come in this order. */
enum { TYPE1, TYPE1_COALESCED, ECAM, READONLY_READ, READONLY_WRITE, EMPTY, OPS };

static const struct operation {
	const char *name;
	const char *code;
	size_t code_size;
	/* In EBX: the address to use, for type 1 what goes to CONFIG_ADDRESS */
	uint32_t address;
	/* What one operation must cost, and how many of these go to user space */
	int exits, user_exits;
	/* What must be in EAX after the last one */
	uint32_t eax;
	/* Does KVM keep writes to CONFIG_ADDRESS until the next exit? */
	bool coalesced;
} operations[OPS] = {
	[TYPE1] = {
		.name = "type1",
		CODE(MOV_EBX_EAX MOV_0XCF8_EDX OUT_EAX_DX MOV_0XCFC_EDX IN_DX_EAX),
		.address = REGISTER_ADDRESS, .exits = 2, .user_exits = 2,
		.eax = REGISTER_VALUE,
	},
	[TYPE1_COALESCED] = {
		.name = "type1_coalesced",
		CODE(MOV_EBX_EAX MOV_0XCF8_EDX OUT_EAX_DX MOV_0XCFC_EDX IN_DX_EAX),
		.address = REGISTER_ADDRESS, .exits = 2, .user_exits = 1,
		.eax = REGISTER_VALUE, .coalesced = true,
	},
	[ECAM] = {
		.name = "ecam",
		CODE(LOAD_EAX),
		.address = ECAM_TRAPPED, .exits = 1, .user_exits = 1,
		.eax = REGISTER_VALUE,
	},
	[READONLY_READ] = {
		.name = "readonly_read",
		CODE(LOAD_EAX),
		.address = ECAM_READONLY, .exits = 0, .user_exits = 0,
		.eax = PATTERN(0),
	},
	[READONLY_WRITE] = {
		.name = "readonly_write",
		CODE(STORE_ESI),
		.address = ECAM_READONLY, .exits = 1, .user_exits = 1,
	},
	[EMPTY] = {
		.name = "empty",
		CODE(""),
	},
};

static const struct {
	int number;
	const char *name;
} capabilities[] = {
	{ KVM_CAP_IMMEDIATE_EXIT,	"KVM_CAP_IMMEDIATE_EXIT" },
	{ KVM_CAP_READONLY_MEM,		"KVM_CAP_READONLY_MEM" },
	{ KVM_CAP_COALESCED_MMIO,	"KVM_CAP_COALESCED_MMIO" },
	{ KVM_CAP_COALESCED_PIO,	"KVM_CAP_COALESCED_PIO" },
	{ KVM_CAP_BINARY_STATS_FD,	"KVM_CAP_BINARY_STATS_FD" },
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
	double ns;
	double exits;
	double user_exits;
	uint32_t eax;
};

static int kvm_ioctl(int fd, unsigned long request, uintptr_t argument, const char *name)
{
	int value = ioctl(fd, request, argument);

	if (value < 0)
		ksft_exit_fail_msg("%s: %s\n", name, strerror(errno));
	return value;
}

#define KVM_IOCTL(fd, request, argument)	\
	kvm_ioctl(fd, request, (uintptr_t)(argument), #request)

static void *map(int fd, size_t size, const char *what)
{
	int flags = fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (memory == MAP_FAILED)
		ksft_exit_fail_msg("mmap of %s: %s\n", what, strerror(errno));
	return memory;
}

static void set_slot(uint32_t slot, uint32_t address, void *memory, size_t size,
		     uint32_t flags)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = address,
		.memory_size = size,
		.userspace_addr = (uintptr_t)memory,
	};

	KVM_IOCTL(vm_fd, KVM_SET_USER_MEMORY_REGION, &region);
}

/* A VM with RAM and a read-only slot, or a skip where this KVM can't have it */
static void create_vm(void)
{
	size_t i;
	int page;

	kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm_fd < 0)
		ksft_exit_skip("/dev/kvm: %s\n", strerror(errno));
	if (ioctl(kvm_fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		ksft_exit_skip("/dev/kvm: not KVM with API version %d\n", KVM_API_VERSION);
	for (i = 0; i < ARRAY_SIZE(capabilities); i++) {
		if (ioctl(kvm_fd, KVM_CHECK_EXTENSION, capabilities[i].number) <= 0)
			ksft_exit_skip("this KVM has no %s\n", capabilities[i].name);
	}

	vm_fd = KVM_IOCTL(kvm_fd, KVM_CREATE_VM, 0);
	KVM_IOCTL(vm_fd, KVM_SET_TSS_ADDR, KVM_TSS_BASE);
	ram = map(-1, RAM_SIZE, "RAM");
	set_slot(0, 0, ram, RAM_SIZE, 0);
	readonly = map(-1, ECAM_BUS_SIZE, "read-only memory");
	set_slot(1, ECAM_READONLY, readonly, ECAM_BUS_SIZE, KVM_MEM_READONLY);

	vcpu_fd = KVM_IOCTL(vm_fd, KVM_CREATE_VCPU, 0);
	vcpu = map(vcpu_fd, KVM_IOCTL(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0), "the vCPU");
	page = KVM_IOCTL(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_MMIO);
	ring = (void *)((uint8_t *)vcpu + page * PAGE_SIZE);
}

/* The guest's CPU has all that this KVM can give. */
static void set_cpuid(void)
{
	struct kvm_cpuid2 *cpuid;
	bool long_mode = false;
	uint32_t i;

	cpuid = calloc(1, sizeof(*cpuid) + CPUID_ENTRIES * sizeof(cpuid->entries[0]));
	if (!cpuid)
		ksft_exit_fail_msg("calloc: %s\n", strerror(errno));
	cpuid->nent = CPUID_ENTRIES;
	KVM_IOCTL(kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid);
	for (i = 0; i < cpuid->nent; i++) {
		if (cpuid->entries[i].function == CPUID_EXTENDED)
			long_mode = cpuid->entries[i].edx & CPUID_EDX_LM;
	}
	if (!long_mode)
		ksft_exit_skip("this KVM has no 64-bit guests\n");
	KVM_IOCTL(vcpu_fd, KVM_SET_CPUID2, cpuid);
	free(cpuid);
}

/* Linear addresses are physical ones, up to MAPPED_GIB, and user mode may use all. */
static void set_page_tables(void)
{
	uint64_t *pml4 = (void *)(ram + PML4_BASE);
	uint64_t *pdpt = (void *)(ram + PDPT_BASE);
	uint64_t *pd = (void *)(ram + PD_BASE);
	uint64_t i;

	pml4[0] = PDPT_BASE | PTE_TABLE;
	for (i = 0; i < MAPPED_GIB; i++)
		pdpt[i] = (PD_BASE + i * PAGE_SIZE) | PTE_TABLE;
	for (i = 0; i < MAPPED_GIB * PTES; i++)
		pd[i] = i * LARGE_PAGE | PTE_TABLE | PTE_LARGE;
}

/* A TSS that allows user mode all ports for which there is a bit: it is 0. */
static void set_tss(void)
{
	const uint16_t io_map = TSS64_SIZE;

	memcpy(ram + TSS_BASE + TSS64_IO_MAP, &io_map, sizeof(io_map));
}

/*
 * 64-bit user mode, as if a kernel had gone there.  There is no GDT and no IDT:
 * the segments are loaded, and an exception would be a bug that shuts the VM down.
 */
static void set_system_registers(void)
{
	const struct kvm_segment code = {
		.selector = USER_CS, .type = TYPE_CODE_READ_ACCESSED, .dpl = USER_RPL,
		.limit = UINT32_MAX, .s = 1, .present = 1, .l = 1, .g = 1,
	};
	const struct kvm_segment data = {
		.selector = USER_DS, .type = TYPE_DATA_WRITE_ACCESSED, .dpl = USER_RPL,
		.limit = UINT32_MAX, .s = 1, .present = 1, .db = 1, .g = 1,
	};
	const struct kvm_segment task = {
		.base = TSS_BASE, .limit = PAGE_SIZE - 1,
		.type = TYPE_TSS64_BUSY, .present = 1,
	};
	const struct kvm_segment none = { .unusable = 1 };
	struct kvm_sregs sregs;

	KVM_IOCTL(vcpu_fd, KVM_GET_SREGS, &sregs);
	sregs.cs = code;
	sregs.ds = data;
	sregs.es = data;
	sregs.fs = data;
	sregs.gs = data;
	sregs.ss = data;
	sregs.tr = task;
	sregs.ldt = none;
	sregs.cr0 = X86_CR0_PE | X86_CR0_ET | X86_CR0_NE | X86_CR0_PG;
	sregs.cr3 = PML4_BASE;
	sregs.cr4 = X86_CR4_PAE;
	sregs.efer = EFER_LME | EFER_LMA;
	KVM_IOCTL(vcpu_fd, KVM_SET_SREGS, &sregs);
}

static uint8_t *put_code(uint8_t *to, const char *code, size_t size)
{
	memcpy(to, code, size);
	return to + size;
}

/* The code of @op, again and again until ECX is 0, and the end */
static void set_code(const struct operation *op)
{
	const char next[] = DEC_ECX JNZ, end[] = OUT_AL_0XF4;
	uint8_t *start = ram + CODE_BASE, *to;

	to = put_code(start, op->code, op->code_size);
	to = put_code(to, next, sizeof(next) - 1);
	/* The distance is that from the next instruction. */
	to[0] = start - (to + 1);
	put_code(to + 1, end, sizeof(end) - 1);
}

/* Between exits to user space, KVM keeps what the guest writes to CONFIG_ADDRESS. */
static void coalesce(bool on)
{
	struct kvm_coalesced_mmio_zone zone = {
		.addr = CONFIG_ADDRESS,
		.size = sizeof(config_address),
		.pio = 1,
	};

	if (on)
		KVM_IOCTL(vm_fd, KVM_REGISTER_COALESCED_MMIO, &zone);
	else
		KVM_IOCTL(vm_fd, KVM_UNREGISTER_COALESCED_MMIO, &zone);
}

static void read_stats(void *data, size_t size, off_t offset)
{
	ssize_t got = pread(stats_fd, data, size, offset);

	if (got < 0)
		ksft_exit_fail_msg("KVM's statistics: %s\n", strerror(errno));
	if ((size_t)got != size)
		ksft_exit_fail_msg("KVM's statistics end at %lld\n", (long long)offset + got);
}

/* Where is the counter @name?  0 if there is none: there is the header. */
static off_t find_counter(const char *name)
{
	struct kvm_stats_header header;
	struct kvm_stats_desc desc;
	uint32_t i, offset;
	char *its_name;

	read_stats(&header, sizeof(header), 0);
	its_name = calloc(1, header.name_size + 1);
	if (!its_name)
		ksft_exit_fail_msg("calloc: %s\n", strerror(errno));
	for (i = 0; i < header.num_desc; i++) {
		offset = header.desc_offset + i * (sizeof(desc) + header.name_size);
		read_stats(&desc, sizeof(desc), offset);
		read_stats(its_name, header.name_size, offset + sizeof(desc));
		if (!strcmp(its_name, name))
			break;
	}
	free(its_name);
	return i < header.num_desc ? header.data_offset + desc.offset : 0;
}

static void open_stats(void)
{
	stats_fd = KVM_IOCTL(vcpu_fd, KVM_GET_STATS_FD, 0);
	exits_offset = find_counter("exits");
	irq_exits_offset = find_counter("irq_exits");
	if (!exits_offset || !irq_exits_offset)
		ksft_exit_skip("this KVM counts no exits\n");
}

/* Those that the guest has caused: KVM also counts interrupts of the host. */
static uint64_t count_exits(void)
{
	uint64_t exits, irq_exits;

	read_stats(&exits, sizeof(exits), exits_offset);
	read_stats(&irq_exits, sizeof(irq_exits), irq_exits_offset);
	return exits - irq_exits;
}

static void write_config_address(const void *data)
{
	memcpy(&config_address, data, sizeof(config_address));
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

/* What KVM kept for us comes first. */
static void handle_coalesced(void)
{
	while (ring->first != ring->last) {
		write_config_address(ring->coalesced_mmio[ring->first].data);
		ring->first = (ring->first + 1) % KVM_COALESCED_MMIO_MAX;
	}
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
		write_config_address(data);
	} else if (!out && vcpu->io.port == CONFIG_DATA) {
		value = read_config_data();
		memcpy(data, &value, sizeof(value));
	} else {
		ksft_exit_fail_msg("the guest has used port %#x\n", vcpu->io.port);
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
		ksft_exit_fail_msg("the guest has used address %#llx\n",
				   (unsigned long long)vcpu->mmio.phys_addr);
}

/* Let the guest run until it is done; returns its exits to user space before that. */
static uint64_t run_guest(void)
{
	uint64_t user_exits = 0;

	for (;; user_exits++) {
		while (ioctl(vcpu_fd, KVM_RUN, 0)) {
			if (errno != EINTR)
				ksft_exit_fail_msg("KVM_RUN: %s\n", strerror(errno));
		}
		handle_coalesced();
		switch (vcpu->exit_reason) {
		case KVM_EXIT_IO:
			if (handle_port())
				return user_exits;
			break;
		case KVM_EXIT_MMIO:
			handle_mmio();
			break;
		default:
			ksft_exit_fail_msg("the guest has ended with exit reason %u\n",
					   vcpu->exit_reason);
		}
	}
}

/* An exit is complete when the guest is entered again: without a step further here. */
static void complete_exit(void)
{
	vcpu->immediate_exit = 1;
	if (ioctl(vcpu_fd, KVM_RUN, 0) != -1 || errno != EINTR)
		ksft_exit_fail_msg("KVM_RUN does not heed immediate_exit\n");
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
		.rbx = op->address,
		.rcx = n,
		.rsi = WRITTEN_VALUE,
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
	sample.ns = now_ns() - sample.ns;
	/* The one with which it says that it is done does not count. */
	exits = count_exits() - exits - 1;

	complete_exit();
	KVM_IOCTL(vcpu_fd, KVM_GET_REGS, &regs);
	if (op->coalesced)
		coalesce(false);
	sample.ns /= n;
	sample.exits = (double)exits / n;
	sample.user_exits /= n;
	sample.eax = regs.rax;
	return sample;
}

static int by_ns(const void *a, const void *b)
{
	double x = ((const struct sample *)a)->ns;
	double y = ((const struct sample *)b)->ns;

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
	int i;

	for (i = 0; i < RUNS; i++) {
		sorted[i] = samples[i][op];
		exits += sorted[i].exits / RUNS;
		user_exits += sorted[i].user_exits / RUNS;
	}
	qsort(sorted, RUNS, sizeof(sorted[0]), by_ns);
	ksft_print_msg(FIGURES, expected->name, n, sorted[RUNS / 2].ns, sorted[0].ns,
		       sorted[RUNS - 1].ns, exits, user_exits);
	ksft_test_result(close_to(exits, expected->exits) &&
			 close_to(user_exits, expected->user_exits),
			 "%s: exits an operation: %d, to user space: %d\n",
			 expected->name, expected->exits, expected->user_exits);
	return sorted[RUNS / 2].ns;
}

/* One run of each operation; returns what one of each takes in all. */
static double run_each(uint32_t n, struct sample *samples, bool *right)
{
	double ns = 0;
	int op;

	for (op = 0; op < OPS; op++) {
		samples[op] = run(&operations[op], n);
		ns += samples[op].ns;
		*right = *right && samples[op].eax == operations[op].eax;
	}
	return ns;
}

/* The operations take turns, so that their ratios hold on a busy machine. */
static void test_cost(uint32_t wanted, bool limited)
{
	double end = now_ns() + BUDGET_SECONDS * 1e9;
	double ns, least_ns, fit, median[OPS];
	struct sample samples[RUNS][OPS];
	uint32_t n, least_n = wanted;
	bool right = true;
	int i, op;

	/* The warm-up */
	least_ns = run_each(wanted / 100 + 1, samples[0], &right);
	for (i = 1; i < RUNS; i++) {
		ns = run_each(wanted / 100 + 1, samples[0], &right);
		if (ns < least_ns)
			least_ns = ns;
	}

	for (i = 0; i < RUNS; i++) {
		/* What fits, if this is as fast as it has ever been? */
		fit = (end - now_ns()) / (RUNS - i) / least_ns;
		n = wanted;
		if (limited && fit < n)
			n = fit < 1 ? 1 : fit;
		ns = run_each(n, samples[i], &right);
		if (ns < least_ns)
			least_ns = ns;
		if (n < least_n)
			least_n = n;
	}
	if (least_n < wanted)
		ksft_print_msg("no time for %u operations in each run: it is %u at least\n",
			       wanted, least_n);
	for (op = 0; op < OPS; op++)
		median[op] = judge(op, samples, least_n);
	ksft_print_msg("ecam takes %.3f of the time of type1, %.3f of type1_coalesced\n",
		       median[ECAM] / median[TYPE1], median[ECAM] / median[TYPE1_COALESCED]);
	ksft_test_result(right && !wrong_addresses,
			 "every read gets what is in the register that it asks for\n");
}

/* Does the guest's load see @value, and without an exit to user space? */
static bool guest_sees(uint32_t value)
{
	struct sample sample = run(&operations[READONLY_READ], 1);

	if (sample.eax == value && !sample.user_exits)
		return true;
	ksft_print_msg("the guest loads %#x, not %#x, with %.0f exits to user space\n",
		       sample.eax, value, sample.user_exits);
	return false;
}

static void test_readonly(void)
{
	size_t words = ECAM_BUS_SIZE / sizeof(*readonly), i;
	bool same = true, seen;
	void *page;

	for (i = 0; i < words; i++)
		same = same && readonly[i] == PATTERN(i);
	ksft_test_result(same, "readonly_write: memory is what it was\n");

	for (seen = true, i = 0; i < 10; i++) {
		readonly[0] = i;
		seen = guest_sees(i) && seen;
	}
	ksft_test_result(seen, "readonly_read: the next load sees what the host stores\n");

	for (seen = true, i = 0; i < 10; i++) {
		page = mmap(readonly, PAGE_SIZE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		if (page == MAP_FAILED)
			ksft_exit_fail_msg("mmap of another page: %s\n", strerror(errno));
		readonly[0] = PATTERN(i);
		seen = guest_sees(PATTERN(i)) && seen;
	}
	ksft_test_result(seen, "readonly_read: the next load sees a page put in its place\n");
}

static void print_usage(const char *name)
{
	printf("usage: %s [-n COUNT]\n\n"
	       "  -n COUNT  operations in each of %d runs, 1 to %d (default %d, or as\n"
	       "            many as can be had in %d s)\n",
	       name, RUNS, OPERATIONS_MAX, OPERATIONS, BUDGET_SECONDS);
}

int main(int argc, char **argv)
{
	uint32_t n = OPERATIONS;
	bool limited = true;
	char *end;
	size_t i;
	int c;

	while ((c = getopt(argc, argv, "hn:")) != -1) {
		long count;

		if (c == 'h') {
			print_usage(argv[0]);
			return KSFT_PASS;
		}
		if (c != 'n')
			return KSFT_FAIL;
		count = strtol(optarg, &end, 10);
		if (end == optarg || *end || count < 1 || count > OPERATIONS_MAX) {
			fprintf(stderr, "%s: -n %s: must be from 1 to %d\n",
				argv[0], optarg, OPERATIONS_MAX);
			return KSFT_FAIL;
		}
		n = count;
		limited = false;
	}
	if (optind < argc) {
		fprintf(stderr, "%s: %s: no argument is expected, see -h\n",
			argv[0], argv[optind]);
		return KSFT_FAIL;
	}

	ksft_print_header();
	create_vm();
	set_cpuid();
	set_page_tables();
	set_tss();
	set_system_registers();
	open_stats();
	for (i = 0; i < ECAM_BUS_SIZE / sizeof(*readonly); i++)
		readonly[i] = PATTERN(i);

	ksft_set_plan(OPS + 4);
	test_cost(n, limited);
	test_readonly();
	ksft_finished();
}
