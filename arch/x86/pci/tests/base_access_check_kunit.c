// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the check that an ECAM region has to pass before it serves
 * base access: each fault of an ECAM decoder has to be found, and what is no
 * fault must not be taken for one.
 *
 * The region is ordinary memory, filled as a decoder with the fault would
 * answer; type 1 is a fake that is right.
 */

#include <kunit/test.h>
#include <linux/pci.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <asm/pci_base_access_check.h>
#include <asm/pci_x86.h>

/* Eight buses, not from 0 on: bits of the number count from the first one. */
#define FIRST_BUS	0x20
#define BUSES		8
#define ABSENT		U32_MAX
#define RRS		0xffff0001

/* A function of a made-up machine; "functions" copies of it, from function 0 on. */
struct model {
	unsigned int bus, device, functions;
	u32 id, class;
};

/* As most machines: a host bridge, and single and multi-function devices. */
static const struct model machine[] = {
	{ FIRST_BUS, 0x00, 1, 0x29c08086, 0x06000002 },
	{ FIRST_BUS, 0x01, 1, 0x11111234, 0x03000002 },
	{ FIRST_BUS, 0x02, 8, 0x000c1b36, 0x06040000 },
	{ FIRST_BUS, 0x1f, 3, 0x29188086, 0x06010002 },
	{ FIRST_BUS + 1, 0x00, 1, 0x10411af4, 0x02000001 },
	{ }
};

/* The first device does not tell whether function 7 is decoded, the second does. */
static const struct model eight_alike_first[] = {
	{ FIRST_BUS, 0x00, 8, 0x000c1b36, 0x06040000 },
	{ FIRST_BUS, 0x01, 1, 0x11111234, 0x03000002 },
	{ }
};

/* Two before it; and three, the last of which is not looked at anymore. */
static const struct model two_alike_first[] = {
	{ FIRST_BUS, 0x00, 8, 0x000c1b36, 0x06040000 },
	{ FIRST_BUS, 0x01, 8, 0x000c1b36, 0x06040000 },
	{ FIRST_BUS, 0x02, 1, 0x11111234, 0x03000002 },
	{ }
};

static const struct model three_alike_first[] = {
	{ FIRST_BUS, 0x00, 8, 0x000c1b36, 0x06040000 },
	{ FIRST_BUS, 0x01, 8, 0x000c1b36, 0x06040000 },
	{ FIRST_BUS, 0x02, 8, 0x000c1b36, 0x06040000 },
	{ FIRST_BUS, 0x03, 1, 0x11111234, 0x03000002 },
	{ }
};

/* No device tells. */
static const struct model eight_alike_only[] = {
	{ FIRST_BUS, 0x00, 8, 0x000c1b36, 0x06040000 },
	{ FIRST_BUS, 0x01, 8, 0x000c1b36, 0x06040000 },
	{ FIRST_BUS, 0x02, 8, 0x000c1b36, 0x06040000 },
	{ FIRST_BUS, 0x03, 8, 0x000c1b36, 0x06040000 },
	{ }
};

/* Of this bus nothing is known before it is configured. */
static const struct model other_bus_only[] = {
	{ FIRST_BUS + 1, 0x00, 1, 0x10411af4, 0x02000001 },
	{ }
};

static u32 model_read(const struct model *model, unsigned int bus,
		      unsigned int devfn, unsigned int reg)
{
	for (; model->functions; model++)
		if (model->bus == bus && model->device == PCI_SLOT(devfn) &&
		    PCI_FUNC(devfn) < model->functions)
			return reg == PCI_VENDOR_ID ? model->id :
			       reg == PCI_CLASS_REVISION ? model->class : 0;

	return ABSENT;
}

/* What a decoder makes of an address in the region: the bus is counted from 0. */
struct address {
	unsigned int bus, devfn, reg;
};

static bool decode_right(struct address *a)
{
	return true;
}

static bool one_bus_up(struct address *a)
{
	a->bus++;
	return true;
}

static bool device_ignored(struct address *a)
{
	a->devfn = PCI_FUNC(a->devfn);
	return true;
}

static bool device_high_bit_ignored(struct address *a)
{
	a->devfn &= ~PCI_DEVFN(0x10, 0);
	return true;
}

static bool function_ignored(struct address *a)
{
	a->devfn &= ~PCI_DEVFN(0, 7);
	return true;
}

static bool bus_ignored(struct address *a)
{
	a->bus = 0;
	return true;
}

static bool bus_high_bit_ignored(struct address *a)
{
	a->bus &= ~(BUSES / 2);
	return true;
}

static bool bus_low_bit_ignored(struct address *a)
{
	a->bus &= ~1;
	return true;
}

static bool bus_shifted_right(struct address *a)
{
	a->bus >>= 1;
	return true;
}

static bool bus_shifted_left(struct address *a)
{
	a->bus = a->bus << 1 & (BUSES - 1);
	return true;
}

/* As the address of type 1 has them */
static bool fields_of_type1(struct address *a)
{
	unsigned int offset = a->bus << 20 | a->devfn << 12 | a->reg;

	a->bus = offset >> 16;
	a->devfn = offset >> 8 & 0xff;
	a->reg = offset & 0xfc;
	return true;
}

static bool register_ignored(struct address *a)
{
	a->reg = 0;
	return true;
}

static bool host_bridge_only(struct address *a)
{
	return !a->bus && !a->devfn;
}

static bool first_bus_only(struct address *a)
{
	return !a->bus;
}

static bool one_device_missing(struct address *a)
{
	return a->bus || a->devfn != PCI_DEVFN(0x1f, 0);
}

static bool decode_nothing(struct address *a)
{
	return false;
}

/* What type 1 answers to the nth read of a register, otherwise than the model. */
struct odd_read {
	unsigned int devfn, nth;	/* nth: 0 for each */
	u32 value;
};

/* What is said to be known, though type 1 reads something else now. */
struct known {
	bool used;
	unsigned int stale_from, stale_to;	/* devices */
	u32 stale;
};

struct check_case {
	const char *name;
	const struct model *model;
	/* Changes the address; false if nothing answers there */
	bool (*decode)(struct address *a);
	enum pci_base_check_outcome outcome;
	unsigned int accesses;	/* 0: any number up to the limit */
	unsigned int buses;	/* 0: BUSES */
	struct odd_read odd[3];
	unsigned int ecam_rrs_devfn;	/* asks to be read again by ECAM, if not 0 */
	struct known known;
};

#define SAME	PCI_BASE_CHECK_SAME
#define DIFFERS	PCI_BASE_CHECK_DIFFERS
#define NOTHING	PCI_BASE_CHECK_NOTHING

/*
 * Type 1 is two accesses, ECAM is one.  32 devices, the class, two more buses and
 * function 7.
 */
#define SLOTS	(32 * 3)
#define ALL	(SLOTS + 3 + 2 * 3 + 3)

static const struct check_case check_cases[] = {
	{ "right", machine, decode_right, SAME, ALL },
	{ "right, two buses", machine, decode_right, SAME, ALL - 3, 2 },
	{ "right, seven buses", machine, decode_right, SAME, ALL, 7 },
	{ "right, one bus", machine, decode_right, SAME, SLOTS + 3 + 3, 1 },
	{ "right, no function", other_bus_only, decode_right, NOTHING, SLOTS },
	{ "right, eight alike first", eight_alike_first, decode_right, SAME, ALL + 2 },
	{ "right, two alike first", two_alike_first, decode_right, SAME, ALL + 4 },
	{ "right, three alike first", three_alike_first, decode_right, NOTHING },
	{ "right, eight alike only", eight_alike_only, decode_right, NOTHING },

	{ "another bus first", machine, one_bus_up, DIFFERS },
	{ "device number ignored", machine, device_ignored, DIFFERS },
	{ "highest bit of the device ignored", machine, device_high_bit_ignored, DIFFERS },
	{ "function number ignored", machine, function_ignored, DIFFERS },
	{ "the same, eight alike first", eight_alike_first, function_ignored, DIFFERS },
	/* What 00.0 shows is looked at first: dword 0, function 7 and again */
	{ "the same, cost", machine, function_ignored, DIFFERS, 3 + 3 + 2 },
	{ "the same, two alike first", two_alike_first, function_ignored, DIFFERS },
	{ "bus number ignored", machine, bus_ignored, DIFFERS },
	{ "highest bit of the bus ignored", machine, bus_high_bit_ignored, DIFFERS },
	{ "lowest bit of the bus ignored", machine, bus_low_bit_ignored, DIFFERS },
	{ "bus number shifted right", machine, bus_shifted_right, DIFFERS },
	{ "bus number shifted left", machine, bus_shifted_left, DIFFERS },
	{ "fields as in type 1", machine, fields_of_type1, DIFFERS },
	{ "register ignored", machine, register_ignored, DIFFERS },
	{ "host bridge only", machine, host_bridge_only, DIFFERS },
	{ "first bus only", machine, first_bus_only, DIFFERS },
	{ "one device missing", machine, one_device_missing, DIFFERS },
	{ "all ones", machine, decode_nothing, DIFFERS },
	{ "all ones, no function", other_bus_only, decode_nothing, NOTHING, SLOTS },

	/* Read again once, and then right */
	{ "changed once", machine, decode_right, SAME, ALL + 2, 0,
	  { { PCI_DEVFN(1, 0), 1, ABSENT } } },
	{ "changed once, to absent", machine, decode_right, SAME, ALL + 2, 0,
	  { { PCI_DEVFN(3, 0), 1, 0x12345678 } } },
	{ "two changed", machine, decode_right, SAME, 112, 0,
	  { { PCI_DEVFN(1, 0), 1, ABSENT }, { PCI_DEVFN(2, 0), 1, ABSENT } } },
	{ "three changed", machine, decode_right, DIFFERS, 0, 0,
	  { { PCI_DEVFN(0, 0), 1, ABSENT }, { PCI_DEVFN(1, 0), 1, ABSENT },
	    { PCI_DEVFN(2, 0), 1, ABSENT } } },
	{ "differs each time", machine, decode_right, DIFFERS, 0, 0,
	  { { PCI_DEVFN(1, 0), 0, 0x11121234 } } },

	/* Says to read again: no difference, whoever says it */
	{ "RRS by type 1", machine, decode_right, SAME, 0, 0,
	  { { PCI_DEVFN(1, 0), 0, RRS } } },
	{ "RRS by ECAM", machine, decode_right, SAME, 0, 0, { }, PCI_DEVFN(1, 0) },
	{ "RRS by both", machine, decode_right, SAME, ALL, 0,
	  { { PCI_DEVFN(1, 0), 0, RRS } }, PCI_DEVFN(1, 0) },
	/* Two are told to ask again, two have changed: only the latter count */
	{ "RRS by ECAM, two changed", machine, decode_right, SAME, 0, 0,
	  { { PCI_DEVFN(2, 0), 1, ABSENT }, { PCI_DEVFN(0x1f, 0), 1, ABSENT } },
	  PCI_DEVFN(1, 0) },
	{ "RRS, and function number ignored", machine, function_ignored, DIFFERS, 0, 0,
	  { { PCI_DEVFN(0, 0), 0, RRS } } },

	/* What is known is not read by type 1, unless it differs, and costs nothing */
	{ "known", machine, decode_right, SAME, 32 + 3 + 1 + 2 * 3, 0, { }, 0, { true } },
	{ "known, four absent that are not", machine, decode_right, SAME,
	  32 + 4 * 2 + 3 + 1 + 2 * 3, 0, { }, 0, { true, 0, 0x1f, ABSENT } },
	{ "known, all stale", machine, decode_right, SAME, ALL - 2, 0, { }, 0,
	  { true, 0, 0x1f, 0x12345678 } },
	{ "known, and function number ignored", machine, function_ignored, DIFFERS, 0, 0,
	  { }, 0, { true } },
	{ "known, all ones", machine, decode_nothing, DIFFERS, 0, 0, { }, 0, { true } },
	{ "known, one device missing", machine, one_device_missing, DIFFERS, 0, 0,
	  { }, 0, { true } },
	/* Not found: what both say is believed. */
	{ "known absent, and missing", machine, one_device_missing, SAME, 0, 0,
	  { }, 0, { true, 0x1f, 0x1f, ABSENT } },
};

static void check_desc(const struct check_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(check, check_cases, check_desc);

/* The case that is run, for the fake type 1 */
static const struct check_case *current_case;
static unsigned int type1_accesses;
static unsigned int reads_of[256];	/* of the vendor ID, by devfn */

static int type1_read(unsigned int domain, unsigned int bus, unsigned int devfn,
		      int reg, int len, u32 *value)
{
	const struct odd_read *odd;
	unsigned int i;
	u32 dword;

	type1_accesses += 2;
	dword = model_read(current_case->model, bus, devfn, reg & ~3);
	*value = dword >> 8 * (reg & 3) & GENMASK(8 * len - 1, 0);

	if (bus != FIRST_BUS || reg != PCI_VENDOR_ID)
		return 0;

	reads_of[devfn]++;
	for (i = 0; i < ARRAY_SIZE(current_case->odd); i++) {
		odd = &current_case->odd[i];
		if (odd->value && odd->devfn == devfn &&
		    (!odd->nth || odd->nth == reads_of[devfn]))
			*value = odd->value;
	}

	return 0;
}

static const struct pci_raw_ops type1 = { .read = type1_read };

static bool known_read(unsigned int bus, unsigned int devfn, int reg, int len,
		       u32 *value)
{
	const struct known *known = &current_case->known;

	if (bus != FIRST_BUS || PCI_FUNC(devfn))
		return false;

	*value = model_read(current_case->model, bus, devfn, reg & ~3) >>
		 8 * (reg & 3);
	if (reg == PCI_VENDOR_ID && known->stale &&
	    PCI_SLOT(devfn) >= known->stale_from &&
	    PCI_SLOT(devfn) <= known->stale_to)
		*value = known->stale;

	return true;
}

static void fill(const struct check_case *c, u8 *memory)
{
	unsigned int bus, devfn, reg;

	for (bus = 0; bus < BUSES; bus++)
		for (devfn = 0; devfn < 256; devfn++) {
			u8 *function = memory + PCI_MMCFG_BUS_OFFSET(bus) +
				       (devfn << 12);

			memset(function, 0xff, PCI_CFG_SPACE_EXP_SIZE);
			for (reg = 0; reg < PCI_STD_HEADER_SIZEOF; reg += 4) {
				struct address a = { bus, devfn, reg };
				u32 value = ABSENT;

				if (c->decode(&a))
					value = model_read(c->model,
							   FIRST_BUS + a.bus,
							   a.devfn, a.reg);
				memcpy(function + reg, &value, 4);
			}
		}

	if (c->ecam_rrs_devfn) {
		u32 value = RRS;

		memcpy(memory + (c->ecam_rrs_devfn << 12), &value, 4);
	}
}

static void test_check(struct kunit *test)
{
	const struct check_case *c = test->param_value;
	u8 *memory = vmalloc(BUSES * PCI_MMCFG_BUS_OFFSET(1));
	struct pci_mmcfg_region region = {
		.virt = (char __iomem __force *)memory -
			PCI_MMCFG_BUS_OFFSET(FIRST_BUS),
		.start_bus = FIRST_BUS,
		.end_bus = FIRST_BUS + (c->buses ?: BUSES) - 1,
	};
	struct pci_base_check check = {
		.cfg = &region,
		.type1 = &type1,
		.known = c->known.used ? known_read : NULL,
	};

	KUNIT_ASSERT_NOT_NULL(test, memory);
	fill(c, memory);
	current_case = c;
	type1_accesses = 0;
	memset(reads_of, 0, sizeof(reads_of));

	KUNIT_EXPECT_EQ(test, pci_base_check(&check), c->outcome);
	if (c->accesses)
		KUNIT_EXPECT_EQ(test, check.accesses, c->accesses);
	KUNIT_EXPECT_LE(test, check.accesses, PCI_BASE_CHECK_ACCESSES);
	KUNIT_EXPECT_GE(test, check.accesses, type1_accesses);
	if (!c->known.used)
		KUNIT_EXPECT_LE(test, check.accesses - type1_accesses,
				type1_accesses / 2);

	vfree(memory);
}

static struct kunit_case check_suite_cases[] = {
	KUNIT_CASE_PARAM(test_check, check_gen_params),
	{ }
};

static struct kunit_suite check_suite = {
	.name = "x86_pci_base_access_check",
	.test_cases = check_suite_cases,
};

kunit_test_suite(check_suite);
