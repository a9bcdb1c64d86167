// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of base access: who counts as a guest, which method is chosen, and
 * what the ECAM operations do with an access.
 *
 * Expectations are written from Documentation/PCI/x86-config-access.rst.  The
 * operations are given a region of ordinary memory and a fake type 1; the live
 * raw_pci_ops stay as they are.
 */

#include <kunit/test.h>
#include <linux/pci.h>
#include <linux/string.h>
#include <asm/pci_base_access.h>
#include <asm/pci_x86.h>

struct guest_case {
	const char *name;
	struct pci_guest_facts facts;
	bool guest;
};

static const struct guest_case guest_cases[] = {
	{ "bare metal", { }, false },
	{ "KVM", { .hypervisor_bit = true, .hypervisor_type = true }, true },
	{ "unknown hypervisor, or nopv", { .hypervisor_bit = true }, true },
	{ "VMware found by DMI", { .hypervisor_type = true }, true },
	{ "Xen PV dom0 without the bit", { .xen = true }, false },
	{ "Xen HVM", { .hypervisor_bit = true, .hypervisor_type = true,
		       .xen = true }, false },
	{ "Hyper-V guest", { .hypervisor_bit = true,
			     .hypervisor_type = true }, true },
	{ "Hyper-V root", { .hypervisor_bit = true, .hypervisor_type = true,
			    .hyperv_parent = true }, false },
	{ "ACRN service VM", { .hypervisor_bit = true, .hypervisor_type = true,
			       .acrn_privileged = true }, false },
	{ "ACRN service VM without ACRN_GUEST", { .hypervisor_bit = true,
						  .acrn_privileged = true }, false },
	/* Without ACPI it never gets as far as a choice. */
	{ "Jailhouse cell", { .hypervisor_bit = true,
			      .hypervisor_type = true }, true },
};

/* The facts that are yes or no, so that a case is one line. */
#define GUEST		BIT(0)
#define X86_64		BIT(1)
#define ENABLED		BIT(2)
#define EXTENDED	BIT(3)
#define METAL_ALL	(X86_64 | ENABLED | EXTENDED)
#define GUEST_ALL	(GUEST | METAL_ALL)

#define NONE		PCI_BASE_NONE
#define TYPE1		PCI_BASE_TYPE1
#define ECAM		PCI_BASE_ECAM
#define OTHER		PCI_BASE_OTHER

struct choice_case {
	const char *name;
	enum pci_base_method found;
	enum pci_base_method requested;
	unsigned int facts;
	enum pci_base_method method;
};

static const struct choice_case choice_cases[] = {
	/* What is the default, and what each option makes of it */
	{ "guest", TYPE1, NONE, GUEST_ALL, ECAM },
	{ "guest, base_ecam", TYPE1, ECAM, GUEST_ALL, ECAM },
	{ "guest, base_conf1", TYPE1, TYPE1, GUEST_ALL, TYPE1 },
	{ "bare metal", TYPE1, NONE, METAL_ALL, TYPE1 },
	{ "bare metal, base_ecam", TYPE1, ECAM, METAL_ALL, ECAM },
	{ "bare metal, base_conf1", TYPE1, TYPE1, METAL_ALL, TYPE1 },

	/* nommconf, conf1, conf2 and off win over both options */
	{ "guest, nommconf", TYPE1, NONE, GUEST_ALL & ~ENABLED, TYPE1 },
	{ "guest, nommconf, base_ecam", TYPE1, ECAM, GUEST_ALL & ~ENABLED, TYPE1 },
	{ "guest, nommconf, base_conf1", TYPE1, TYPE1, GUEST_ALL & ~ENABLED, TYPE1 },
	{ "bare metal, nommconf, base_ecam", TYPE1, ECAM, METAL_ALL & ~ENABLED, TYPE1 },
	{ "guest, conf2, base_ecam", OTHER, ECAM, GUEST_ALL & ~ENABLED, OTHER },
	{ "guest, off", NONE, NONE, GUEST_ALL & ~ENABLED, NONE },
	{ "guest, off, base_ecam", NONE, ECAM, GUEST_ALL & ~ENABLED, NONE },

	/* What ECAM needs */
	{ "guest, 32-bit", TYPE1, NONE, GUEST_ALL & ~X86_64, TYPE1 },
	{ "guest, 32-bit, base_ecam", TYPE1, ECAM, GUEST_ALL & ~X86_64, TYPE1 },
	{ "guest, extended access by type 1", TYPE1, NONE, GUEST_ALL & ~EXTENDED, TYPE1 },
	{ "the same, base_ecam", TYPE1, ECAM, GUEST_ALL & ~EXTENDED, TYPE1 },

	/* What was there before is replaced only if it is type 1 */
	{ "guest, no type 1", NONE, NONE, GUEST_ALL, ECAM },
	{ "guest, no type 1, base_conf1", NONE, TYPE1, GUEST_ALL, ECAM },
	{ "bare metal, no type 1", NONE, NONE, METAL_ALL, ECAM },
	{ "guest, nothing at all", NONE, NONE, GUEST_ALL & ~EXTENDED, NONE },
	{ "guest, type 2", OTHER, NONE, GUEST_ALL, OTHER },
	{ "bare metal, own operations, base_ecam", OTHER, ECAM, METAL_ALL, OTHER },
};

static void guest_desc(const struct guest_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

static void choice_desc(const struct choice_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(guest, guest_cases, guest_desc);
KUNIT_ARRAY_PARAM(choice, choice_cases, choice_desc);

static void test_guest(struct kunit *test)
{
	const struct guest_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, pci_guest_by_facts(&c->facts), c->guest);
}

static void test_choice(struct kunit *test)
{
	const struct choice_case *c = test->param_value;
	const struct pci_base_access_facts facts = {
		.found = c->found,
		.requested = c->requested,
		.guest = c->facts & GUEST,
		.x86_64 = c->facts & X86_64,
		.ecam_enabled = c->facts & ENABLED,
		.ecam_extended = c->facts & EXTENDED,
	};
	struct pci_base_access_choice choice = pci_base_access_choose(&facts);

	KUNIT_EXPECT_EQ(test, choice.method, c->method);
	KUNIT_EXPECT_NOT_NULL(test, choice.reason);
}

/* The last access that the fake type 1 saw, and how many there were. */
static struct {
	unsigned int reads, writes, domain, bus, devfn;
	int reg, len;
	u32 value;
} type1;

#define TYPE1_VALUE	0x1ee7cafe
#define TYPE1_STATUS	(-ENODEV)

static void type1_note(unsigned int domain, unsigned int bus,
		       unsigned int devfn, int reg, int len, u32 value)
{
	type1.domain = domain;
	type1.bus = bus;
	type1.devfn = devfn;
	type1.reg = reg;
	type1.len = len;
	type1.value = value;
}

static int type1_read(unsigned int domain, unsigned int bus, unsigned int devfn,
		      int reg, int len, u32 *value)
{
	type1.reads++;
	type1_note(domain, bus, devfn, reg, len, 0);
	*value = TYPE1_VALUE;
	return TYPE1_STATUS;
}

static int type1_write(unsigned int domain, unsigned int bus, unsigned int devfn,
		       int reg, int len, u32 value)
{
	type1.writes++;
	type1_note(domain, bus, devfn, reg, len, value);
	return TYPE1_STATUS;
}

static const struct pci_raw_ops type1_ops = {
	.read = type1_read,
	.write = type1_write,
};

/* A region of bus 2 with its first two functions in ordinary memory. */
#define REGION_BUS	2
#define REGION_DEVFN	1
#define REGION_SIZE	(2 * PCI_CFG_SPACE_EXP_SIZE)

static struct pci_mmcfg_region region;
static u8 *region_memory;

static int operations_init(struct kunit *test)
{
	int i;

	region_memory = kunit_kzalloc(test, REGION_SIZE, GFP_KERNEL);
	if (!region_memory)
		return -ENOMEM;

	/* No two registers and no two functions read alike. */
	for (i = 0; i < REGION_SIZE; i++)
		region_memory[i] = i ^ (i / PCI_CFG_SPACE_EXP_SIZE + 1) * 0x55;

	region = (struct pci_mmcfg_region) {
		.virt = (char __iomem __force *)region_memory -
			PCI_MMCFG_BUS_OFFSET(REGION_BUS),
		.start_bus = REGION_BUS,
		.end_bus = REGION_BUS,
		.base_access = true,
	};
	memset(&type1, 0, sizeof(type1));

	return 0;
}

static u32 region_value(int reg, int len)
{
	u32 value = 0;

	memcpy(&value, region_memory + REGION_DEVFN * PCI_CFG_SPACE_EXP_SIZE +
	       reg, len);
	return value;
}

static void test_read_by_ecam(struct kunit *test)
{
	int reg, len;
	u32 value;

	for (len = 1; len <= 4; len *= 2) {
		for (reg = 0; reg < PCI_CFG_SPACE_SIZE; reg += len) {
			value = ~0;
			KUNIT_EXPECT_EQ(test, 0,
					pci_base_read(&region, &type1_ops, 0,
						      REGION_BUS, REGION_DEVFN,
						      reg, len, &value));
			KUNIT_EXPECT_EQ(test, value, region_value(reg, len));
		}
	}
	KUNIT_EXPECT_EQ(test, type1.reads + type1.writes, 0);
}

static void test_write_by_ecam(struct kunit *test)
{
	u8 *before = kunit_kzalloc(test, REGION_SIZE, GFP_KERNEL);
	const u32 pattern = 0xa5c3960f;
	int reg, len;

	KUNIT_ASSERT_NOT_NULL(test, before);

	for (len = 1; len <= 4; len *= 2) {
		for (reg = 0; reg < PCI_CFG_SPACE_SIZE; reg += len) {
			memcpy(before, region_memory, REGION_SIZE);
			KUNIT_EXPECT_EQ(test, 0,
					pci_base_write(&region, &type1_ops, 0,
						       REGION_BUS, REGION_DEVFN,
						       reg, len, pattern));

			/* These bytes and no other */
			memcpy(before + REGION_DEVFN * PCI_CFG_SPACE_EXP_SIZE +
			       reg, &pattern, len);
			KUNIT_EXPECT_EQ(test, 0, memcmp(before, region_memory,
							REGION_SIZE));
		}
	}
	KUNIT_EXPECT_EQ(test, type1.reads + type1.writes, 0);
}

struct fallback_case {
	const char *name;
	bool found;		/* a region was found for the domain and bus */
	bool may_serve;
	unsigned int domain, devfn;
	int reg, len;
};

static const struct fallback_case fallback_cases[] = {
	{ "no region covers the bus", false, true, 0, 1, 0x10, 2 },
	{ "another domain", false, true, 1, 1, 0x10, 2 },
	{ "the region may not serve it", true, false, 0, 1, 0x10, 2 },
	{ "an extended register", true, true, 0, 1, 0x100, 2 },
	{ "no such device and function", true, true, 0, 256, 0x10, 2 },
	{ "a word that is not aligned", true, true, 0, 1, 0x11, 2 },
	{ "a dword that is not aligned", true, true, 0, 1, 0x12, 4 },
};

static void fallback_desc(const struct fallback_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(fallback, fallback_cases, fallback_desc);

static void test_fallback(struct kunit *test)
{
	const struct fallback_case *c = test->param_value;
	struct pci_mmcfg_region *cfg = c->found ? &region : NULL;
	u8 *before = kunit_kzalloc(test, REGION_SIZE, GFP_KERNEL);
	u32 value = 0;

	KUNIT_ASSERT_NOT_NULL(test, before);
	memcpy(before, region_memory, REGION_SIZE);
	region.base_access = c->may_serve;

	KUNIT_EXPECT_EQ(test, TYPE1_STATUS,
			pci_base_read(cfg, &type1_ops, c->domain, REGION_BUS,
				      c->devfn, c->reg, c->len, &value));
	KUNIT_EXPECT_EQ(test, value, TYPE1_VALUE);
	KUNIT_EXPECT_EQ(test, type1.reads, 1);
	KUNIT_EXPECT_EQ(test, type1.writes, 0);

	KUNIT_EXPECT_EQ(test, TYPE1_STATUS,
			pci_base_write(cfg, &type1_ops, c->domain, REGION_BUS,
				       c->devfn, c->reg, c->len, value));
	KUNIT_EXPECT_EQ(test, type1.reads, 1);
	KUNIT_EXPECT_EQ(test, type1.writes, 1);
	KUNIT_EXPECT_EQ(test, type1.domain, c->domain);
	KUNIT_EXPECT_EQ(test, type1.bus, REGION_BUS);
	KUNIT_EXPECT_EQ(test, type1.devfn, c->devfn);
	KUNIT_EXPECT_EQ(test, type1.reg, c->reg);
	KUNIT_EXPECT_EQ(test, type1.len, c->len);
	KUNIT_EXPECT_EQ(test, type1.value, TYPE1_VALUE);
	KUNIT_EXPECT_EQ(test, 0, memcmp(before, region_memory, REGION_SIZE));
}

static struct kunit_case base_access_cases[] = {
	KUNIT_CASE_PARAM(test_guest, guest_gen_params),
	KUNIT_CASE_PARAM(test_choice, choice_gen_params),
	KUNIT_CASE(test_read_by_ecam),
	KUNIT_CASE(test_write_by_ecam),
	KUNIT_CASE_PARAM(test_fallback, fallback_gen_params),
	{ }
};

static struct kunit_suite base_access_suite = {
	.name = "x86_pci_base_access",
	.init = operations_init,
	.test_cases = base_access_cases,
};

kunit_test_suite(base_access_suite);
