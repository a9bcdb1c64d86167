// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of base access by ECAM: the check finds decoders that are wrong,
 * and each access goes by the method that may serve it.
 *
 * A made-up machine answers type 1, and ECAM where the check uses it.  Other
 * accesses by ECAM go to ordinary memory.
 */

#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/pci.h>
#include <linux/rculist.h>
#include <linux/vmalloc.h>
#include <asm/pci_base_access.h>
#include <asm/pci_x86.h>

/* The last buses, which few machines have */
#define FIRST_BUS	0xf8
#define BUSES		8
#define SIZE		(BUSES << 20)

#define ALL		PCI_BASE_ALL_FUNCTIONS
#define FUNCTION_0	PCI_BASE_FUNCTION_0
#define NONE		PCI_BASE_NO_FUNCTION

/* Functions with consecutive numbers, which all read alike */
struct functions {
	unsigned int bus, devfn, count, id, class;
};

/* As most machines: a host bridge, and single and multi-function devices */
static const struct functions usual[] = {
	{ FIRST_BUS, PCI_DEVFN(0x00, 0), 1, 0x29c08086, 0x0600 },
	{ FIRST_BUS, PCI_DEVFN(0x01, 0), 1, 0x11111234, 0x0300 },
	{ FIRST_BUS, PCI_DEVFN(0x02, 0), 8, 0x000c1b36, 0x0604 },
	{ FIRST_BUS, PCI_DEVFN(0x1f, 0), 1, 0x29188086, 0x0601 },
	{ FIRST_BUS + 1, PCI_DEVFN(0x00, 0), 1, 0x10411af4, 0x0200 },
	{ FIRST_BUS + 2, PCI_DEVFN(0x00, 0), 1, 0x000b1b36, 0x0600 },
	{ }
};

#define FIRST_BUS_EMPTY	(&usual[4])

/* Devices that don't show whether the function number is decoded, and one more */
static const struct functions eight_alike_twice[] = {
	{ FIRST_BUS, PCI_DEVFN(0x00, 0), 8, 0x000c1b36, 0x0604 },
	{ FIRST_BUS, PCI_DEVFN(0x02, 0), 8, 0x000c1b36, 0x0604 },
	{ FIRST_BUS, PCI_DEVFN(0x04, 0), 1, 0x11111234, 0x0300 },
	{ }
};

#define EIGHT_ALIKE	(&eight_alike_twice[1])
#define DEVICE_4	(&eight_alike_twice[2])

/* What one method reads from a register of the first bus, the nth time or always */
struct odd_read {
	enum { NEITHER, TYPE1, ECAM } by;
	unsigned int devfn, reg, value, nth;
};

#define ABSENT		U32_MAX
#define RRS		0xffff0001
#define CHANGING	0xdddddddd

/* A decoder of ECAM, and what is found out about it */
struct decoder {
	const char *name;
	const struct functions *machine;
	unsigned int may_serve;
	unsigned int accesses;		/* the most it may make; 0 means 40 */
	unsigned int ignored, added;	/* bits of the offset; then what is added to it */
	int shift;			/* the bus number << 1 (1) or >> 1 (-1) */
	struct odd_read odd[3];
	unsigned int buses;		/* 0: BUSES */
};

static const struct decoder decoders[] = {
	{ "right", usual, ALL, 33 },
	{ "right, two buses", usual, ALL, 30, .buses = 2 },
	{ "right, one bus", usual, ALL, 27, .buses = 1 },
	{ "right, first bus empty", FIRST_BUS_EMPTY, NONE, 21 },
	{ "right, eight alike", EIGHT_ALIKE, ALL, 36 },
	{ "right, eight alike twice", eight_alike_twice, FUNCTION_0, 36 },

	/* Numbers that are ignored, or a bit of them */
	{ "function", usual, FUNCTION_0, 35, 7 << 12 },
	{ "function, eight alike", EIGHT_ALIKE, FUNCTION_0, 38, 7 << 12 },
	{ "device, lowest bit", eight_alike_twice, NONE, 0, BIT(15) },
	{ "device, third bit", eight_alike_twice, NONE, 0, BIT(17) },
	{ "device, fourth bit", eight_alike_twice, NONE, 0, BIT(18) },
	{ "device, highest bit", eight_alike_twice, NONE, 0, BIT(19) },
	{ "bus, lowest bit", usual, NONE, 0, BIT(20) },
	{ "bus, highest bit", usual, NONE, 0, BIT(22) },
	{ "register", usual, NONE, 0, 0xfff },

	/* Addresses that are off, or where nothing is */
	{ "bus shifted left", usual, NONE, .shift = 1 },
	{ "bus shifted right", usual, NONE, .shift = -1 },
	{ "next bus", usual, NONE, 5, 0, BIT(20) },
	{ "all ones", usual, NONE, 5, 0, SIZE },
	{ "zeroes", FIRST_BUS_EMPTY, NONE, 5, .odd = { { ECAM, 0, 0, 0 } } },
	{ "another function 7", usual, NONE, .odd = { { ECAM, PCI_DEVFN(0, 7), 0, 0x1234 } } },
	{ "last device missing", usual, NONE, .odd = { { ECAM, PCI_DEVFN(31, 0), 0, ABSENT } } },

	/* Values that change: between the two reads, or more often */
	{ "changed", usual, ALL, 35, .odd = { { TYPE1, PCI_DEVFN(1, 0), 0, ABSENT, 1 } } },
	{ "two changed, most accesses", eight_alike_twice, FUNCTION_0, 40,
	  .odd = { { TYPE1, 0, 0, ABSENT, 1 }, { TYPE1, PCI_DEVFN(2, 7), 0, ABSENT, 1 } } },
	{ "three changed", usual, NONE,
	  .odd = { { TYPE1, 0, 0, 0x1234, 1 }, { TYPE1, PCI_DEVFN(1, 0), 0, ABSENT, 1 },
		   { TYPE1, PCI_DEVFN(2, 0), 0, ABSENT, 1 } } },
	{ "wrong once", usual, NONE, .odd = { { ECAM, PCI_DEVFN(1, 0), 0, ABSENT, 1 } } },
	{ "changes", usual, NONE, .odd = { { TYPE1, 0, 0, CHANGING }, { ECAM, 0, 0, CHANGING } } },

	/* The answer RRS proves nothing, so the check skips that function. */
	{ "RRS by type 1", usual, ALL, 33, .odd = { { TYPE1, PCI_DEVFN(1, 0), 0, RRS } } },
	{ "RRS by ECAM", usual, ALL, .odd = { { ECAM, 0, 0, RRS } } },
	{ "RRS by both", DEVICE_4, NONE, 21,
	  .odd = { { TYPE1, PCI_DEVFN(4, 0), 0, RRS }, { ECAM, PCI_DEVFN(4, 0), 0, RRS } } },
	{ "RRS of a function 7", usual, ALL, 36, .odd = { { ECAM, PCI_DEVFN(0, 7), 0, RRS } } },
};

KUNIT_ARRAY_PARAM_DESC(decoder, decoders, name);

/* The decoder of the made-up machine, and what that has seen */
static struct {
	const struct decoder *decoder;
	unsigned int accesses, unlisted, odd[3], type1_reads, type1_writes;
	unsigned int sevens, other_devfn;
} seen;

/* Does Documentation/PCI/x86-config-access.rst say that the check reads this? */
static bool listed(unsigned int bus, unsigned int devfn, int reg, int len)
{
	const u32 slots = BIT(0) | BIT(1) | BIT(2) | BIT(4) | BIT(8) | BIT(16) | BIT(31);
	bool id = reg == PCI_VENDOR_ID && len == 4;

	if (bus == FIRST_BUS && id) {
		if (PCI_FUNC(devfn) == 7)
			seen.sevens |= BIT(PCI_SLOT(devfn));
		return slots & BIT(PCI_SLOT(devfn)) && hweight32(seen.sevens) <= 2 &&
		       (PCI_FUNC(devfn) == 0 || PCI_FUNC(devfn) == 7);
	}

	/* The class, and what is on two other buses: all of the same device */
	if (seen.other_devfn == UINT_MAX)
		seen.other_devfn = devfn;
	return devfn == seen.other_devfn && PCI_FUNC(devfn) == 0 &&
	       (id ? bus == FIRST_BUS + 1 || bus == FIRST_BUS + BUSES / 2 :
		     bus == FIRST_BUS && reg == PCI_CLASS_DEVICE && len == 2);
}

static unsigned int offset_of(unsigned int bus, unsigned int devfn, int reg)
{
	return (bus - FIRST_BUS) << 20 | devfn << 12 | reg;
}

/* The access, and the offset at which it ends */
static u32 machine_read(unsigned int by, unsigned int bus, unsigned int devfn, int reg,
			int len, unsigned int offset)
{
	const struct functions *f = seen.decoder->machine;
	const struct odd_read *odd = seen.decoder->odd;
	u32 value = ABSENT;
	unsigned int i;

	for (; f->count && value == ABSENT; f++)
		if (f->bus - FIRST_BUS == offset >> 20 &&
		    (offset >> 12 & 0xff) - f->devfn < f->count)
			value = (offset & 0xfff) == PCI_VENDOR_ID ? f->id :
				(offset & 0xfff) == PCI_CLASS_DEVICE ? f->class : 0;

	for (i = 0; i < ARRAY_SIZE(seen.odd); i++, odd++)
		if (odd->by == by && bus == FIRST_BUS && odd->devfn == devfn && odd->reg == reg &&
		    (++seen.odd[i] == odd->nth || !odd->nth))
			value = odd->value == CHANGING ? seen.accesses << 16 : odd->value;

	seen.accesses += by == TYPE1 ? 2 : 1;
	seen.unlisted += !listed(bus, devfn, reg, len);

	return value & GENMASK(8 * len - 1, 0);
}

static u32 ecam_read(const struct pci_mmcfg_region *cfg, unsigned int bus, unsigned int devfn,
		     int reg, int len)
{
	const struct decoder *d = seen.decoder;
	unsigned int n = bus - FIRST_BUS, shifted = d->shift < 0 ? n >> 1 : n << d->shift;
	unsigned int offset = offset_of(FIRST_BUS + shifted % BUSES, devfn, reg);

	return machine_read(ECAM, bus, devfn, reg, len, (offset & ~d->ignored) + d->added);
}

static int type1_read(unsigned int domain, unsigned int bus, unsigned int devfn, int reg,
		      int len, u32 *value)
{
	seen.type1_reads++;
	*value = machine_read(TYPE1, bus, devfn, reg, len, offset_of(bus, devfn, reg));
	return 0;
}

static int type1_write(unsigned int domain, unsigned int bus, unsigned int devfn, int reg,
		       int len, u32 value)
{
	seen.type1_writes++;
	return 0;
}

static void use_decoder(struct kunit *test, const struct decoder *decoder)
{
	seen = (typeof(seen)) { .decoder = decoder, .other_devfn = UINT_MAX };
	kunit_activate_static_stub(test, pci_base_read_ecam, ecam_read);
	kunit_activate_static_stub(test, pci_direct_conf1.read, type1_read);
	kunit_activate_static_stub(test, pci_direct_conf1.write, type1_write);
}

static u8 *memory;

/* In the log, "[mem size ...]" tells it from real ones. */
static struct pci_mmcfg_region region(unsigned int first, unsigned int buses)
{
	return (struct pci_mmcfg_region) {
		.virt = (char __iomem __force *)memory - PCI_MMCFG_BUS_OFFSET(FIRST_BUS),
		.res = { .flags = IORESOURCE_MEM | IORESOURCE_UNSET },
		.start_bus = first,
		.end_bus = first + buses - 1,
	};
}

static void test_check(struct kunit *test)
{
	const struct decoder *d = test->param_value;
	struct pci_mmcfg_region cfg = region(FIRST_BUS, d->buses ?: BUSES);

	use_decoder(test, d);
	KUNIT_EXPECT_EQ(test, pci_base_ecam_check(&cfg), d->may_serve);
	KUNIT_EXPECT_LE(test, seen.accesses, d->accesses ?: 40);
	KUNIT_EXPECT_EQ(test, seen.unlisted, 0);
}

static struct kunit_case check_cases[] = {
	KUNIT_CASE_PARAM(test_check, decoder_gen_params),
	{ }
};

static struct kunit_suite check_suite = {
	.name = "x86_pci_base_access_check",
	.test_cases = check_cases,
};

/* An access, and who serves it if the check had this result for the bus */
struct access {
	const char *name;
	unsigned int may_serve, bus, devfn, reg, len, by;
};

static const struct access accesses[] = {
	{ "all: function 0", ALL, FIRST_BUS, PCI_DEVFN(0, 0), 0x10, 4, ECAM },
	{ "all: function 1", ALL, FIRST_BUS + 3, PCI_DEVFN(2, 1), 0x3d, 1, ECAM },
	{ "all: function 7", ALL, FIRST_BUS + 7, PCI_DEVFN(31, 7), 0xfe, 2, ECAM },
	{ "function 0: function 0", FUNCTION_0, FIRST_BUS, PCI_DEVFN(31, 0), 0x10, 4, ECAM },
	{ "function 0: function 1", FUNCTION_0, FIRST_BUS, PCI_DEVFN(0, 1), 0x10, 4, TYPE1 },
	{ "function 0: function 7", FUNCTION_0, FIRST_BUS, PCI_DEVFN(31, 7), 0x10, 4, TYPE1 },
	{ "none: function 0", NONE, FIRST_BUS, PCI_DEVFN(0, 0), 0x10, 4, TYPE1 },
	{ "misaligned word", ALL, FIRST_BUS, PCI_DEVFN(0, 0), 0x11, 2, TYPE1 },
	{ "misaligned dword", ALL, FIRST_BUS, PCI_DEVFN(0, 0), 0x12, 4, TYPE1 },
	{ "bus above 255", ALL, FIRST_BUS + 0x100, PCI_DEVFN(0, 0), 0x10, 4, NEITHER },
	{ "device above 31", ALL, FIRST_BUS, PCI_DEVFN(0, 0) + 0x100, 0x10, 4, NEITHER },
};

KUNIT_ARRAY_PARAM_DESC(access, accesses, name);

/* Two regions overlap; for the buses that both have, the first one is used. */
static struct pci_mmcfg_region first, second;
static u32 *functions = &pci_base_functions[FIRST_BUS], saved_functions[BUSES];

static int operations_init(struct kunit *test)
{
	unsigned int bus;

	for (bus = FIRST_BUS; bus < FIRST_BUS + BUSES; bus++)
		if (pci_find_bus(0, bus))
			kunit_skip(test, "the machine uses bus %02x", bus);

	memory = vzalloc(SIZE);
	if (!memory)
		return -ENOMEM;

	first = region(FIRST_BUS, 4);
	second = region(FIRST_BUS + 2, 6);
	mutex_lock(&pci_mmcfg_lock);
	memcpy(saved_functions, functions, sizeof(saved_functions));
	memset(functions, 0, sizeof(saved_functions));
	list_add_rcu(&second.list, &pci_mmcfg_list);
	list_add_rcu(&first.list, &pci_mmcfg_list);
	mutex_unlock(&pci_mmcfg_lock);
	return 0;
}

static void operations_exit(struct kunit *test)
{
	if (!memory)
		return;

	mutex_lock(&pci_mmcfg_lock);
	list_del_rcu(&first.list);
	list_del_rcu(&second.list);
	memcpy(functions, saved_functions, sizeof(saved_functions));
	mutex_unlock(&pci_mmcfg_lock);
	synchronize_rcu();
	vfree(memory);
	memory = NULL;
}

static void test_access(struct kunit *test)
{
	const struct access *a = test->param_value;
	u8 *place = memory + offset_of(a->bus & 0xff, a->devfn & 0xff, a->reg);
	const u32 pattern = 0x12345678, mask = GENMASK(8 * a->len - 1, 0);
	int ret = a->by == NEITHER ? -EINVAL : 0;
	u32 value = 0, in_memory = 0;

	use_decoder(test, &decoders[0]);
	memset32(functions, a->may_serve, BUSES);
	memcpy(place, &pattern, a->len);

	KUNIT_EXPECT_EQ(test, ret, pci_base_ecam.read(0, a->bus, a->devfn, a->reg, a->len,
						      &value));
	KUNIT_EXPECT_EQ(test, seen.type1_reads, a->by == TYPE1);
	if (a->by != TYPE1)
		KUNIT_EXPECT_EQ(test, value, a->by == ECAM ? pattern & mask : ABSENT);

	KUNIT_EXPECT_EQ(test, ret, pci_base_ecam.write(0, a->bus, a->devfn, a->reg, a->len,
						       ~pattern));
	KUNIT_EXPECT_EQ(test, seen.type1_writes, a->by == TYPE1);

	/* These bytes changed, if any, and no others. */
	memcpy(&in_memory, place, a->len);
	KUNIT_EXPECT_EQ(test, in_memory, (a->by == ECAM ? ~pattern : pattern) & mask);
	memset(place, 0, a->len);
	KUNIT_EXPECT_NULL(test, memchr_inv(memory, 0, SIZE));
}

/* What may be served of the first region's buses, both regions', the second's */
static void expect_functions(struct kunit *test, u32 of_first, u32 of_both, u32 of_second)
{
	KUNIT_EXPECT_EQ(test, functions[1], of_first);
	KUNIT_EXPECT_EQ(test, functions[2], of_both);
	KUNIT_EXPECT_EQ(test, functions[4], of_second);
}

static void test_regions(struct kunit *test)
{
	static const struct decoder all_ones = { .machine = usual, .added = SIZE };
	static const struct decoder no_function = { .machine = usual, .ignored = 7 << 12 };
	struct pci_mmcfg_region other_domain = { .segment = 1, .end_bus = 255 };
	const struct pci_raw_ops *saved_ops = raw_pci_ops;

	if (saved_ops != &pci_direct_conf1 && saved_ops != &pci_base_ecam)
		kunit_skip(test, "the machine does not use type 1");

	mutex_lock(&pci_mmcfg_lock);
	/* They are there already, so no region puts them there for good. */
	WRITE_ONCE(raw_pci_ops, &pci_base_ecam);
	use_decoder(test, &all_ones);
	KUNIT_EXPECT_FALSE(test, pci_base_ecam_add(&first));
	expect_functions(test, NONE, NONE, NONE);
	use_decoder(test, &decoders[0]);
	KUNIT_EXPECT_TRUE(test, pci_base_ecam_add(&first));
	expect_functions(test, ALL, ALL, NONE);
	use_decoder(test, &no_function);
	KUNIT_EXPECT_TRUE(test, pci_base_ecam_add(&second));
	expect_functions(test, ALL, ALL, FUNCTION_0);
	pci_base_ecam_stop(&other_domain);
	expect_functions(test, ALL, ALL, FUNCTION_0);
	pci_base_ecam_stop(&second);
	expect_functions(test, ALL, NONE, NONE);
	KUNIT_EXPECT_TRUE(test, pci_base_ecam_add(&second));
	expect_functions(test, ALL, NONE, FUNCTION_0);
	pci_base_ecam_stop(&first);
	expect_functions(test, NONE, NONE, FUNCTION_0);
	WRITE_ONCE(raw_pci_ops, saved_ops);
	mutex_unlock(&pci_mmcfg_lock);
}

static struct kunit_case operations_cases[] = {
	KUNIT_CASE_PARAM(test_access, access_gen_params),
	KUNIT_CASE(test_regions),
	{ }
};

static struct kunit_suite operations_suite = {
	.name = "x86_pci_base_access",
	.init = operations_init,
	.exit = operations_exit,
	.test_cases = operations_cases,
};

kunit_test_suites(&check_suite, &operations_suite);
