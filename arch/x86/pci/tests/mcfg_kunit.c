// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit test of what the kernel makes of an MCFG that is wrong: mutations of
 * right tables are taken through the parser, the choice of the method and the
 * check of each region, up to accesses.
 *
 * The files that do this are compiled here once more, under other names and
 * as a part of a made-up machine: its table, memory map, ports and memory are
 * below.  So the real regions stay in use, nothing is mapped that a table says,
 * and the functions need not be changed to be tested.
 *
 * A seed gives a machine, a table that is right for it, and faults in the table:
 *
 *	mcfg_kunit.seed=N	the first seed (1)
 *	mcfg_kunit.count=N	how many, one after the other (10000)
 *
 * A failure names its seed.  With count=1 the table is printed, and what the
 * kernel says to it.
 *
 * What has to hold is written from Documentation/PCI/x86-config-access.rst.
 */

/* The symbols that the files define */
#define pci_base_access_choose		mcfg_test_access_choose
#define pci_base_access_init		mcfg_test_access_init
#define pci_base_access_report		mcfg_test_access_report
#define pci_base_check			mcfg_test_check
#define pci_base_check_passes		mcfg_test_check_passes
#define pci_base_choice			mcfg_test_choice
#define pci_base_ecam			mcfg_test_base_ecam
#define pci_base_method_of		mcfg_test_method_of
#define pci_base_requested		mcfg_test_requested
#define pci_mmcfg			mcfg_test_mmcfg
#define pci_mmcfg_arch_free		mcfg_test_arch_free
#define pci_mmcfg_arch_init		mcfg_test_arch_init
#define pci_mmcfg_arch_map		mcfg_test_arch_map
#define pci_mmcfg_arch_unmap		mcfg_test_arch_unmap
#define pci_mmcfg_early_init		mcfg_test_early_init
#define pci_mmcfg_insert_unreserved	mcfg_test_insert_unreserved
#define pci_mmcfg_late_init		mcfg_test_late_init
#define pci_mmcfg_list			mcfg_test_list
#define pci_mmconfig_add		mcfg_test_add
#define pci_mmconfig_delete		mcfg_test_delete
#define pci_mmconfig_insert		mcfg_test_insert
#define pci_mmconfig_lookup		mcfg_test_lookup

/* None of them is exported. */
#define __DISABLE_EXPORTS

#define pr_fmt(fmt) "PCI: " fmt

#include <kunit/test.h>
#include <linux/acpi.h>
#include <linux/bitmap.h>
#include <linux/dmi.h>
#include <linux/efi.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/printk.h>
#include <linux/rculist.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/syscore_ops.h>
#include <asm/e820/api.h>
#include <asm/fixmap.h>
#include <asm/pci_x86.h>

static unsigned long long seed = 1;
module_param(seed, ullong, 0);
MODULE_PARM_DESC(seed, "First seed of the mutations");

static unsigned int count = 10000;
module_param(count, uint, 0);
MODULE_PARM_DESC(count, "Number of mutations; what one says is printed");

/* The made-up machine */

#define RAM_END		SZ_2G
#define PHYS_BITS	46
#define SEGMENTS	2
#define SEGMENT_SIZE	SZ_256M

struct span {
	u64 start, end;		/* without end; empty if they are equal */
};

static struct {
	u64 ecam;		/* decodes 256 buses of each segment */
	bool type1, guest, ecam_enabled;
	int requested;		/* enum pci_base_method */
	int bios_year;
	struct span e820, motherboard;
	struct resource occupant;
} machine;

/* The functions of segment 0, and of segment 1 */
static const struct {
	u8 bus, devfn;
} functions[] = {
	{ 0x00, PCI_DEVFN(0x00, 0) }, { 0x00, PCI_DEVFN(0x01, 0) },
	{ 0x00, PCI_DEVFN(0x1f, 0) }, { 0x00, PCI_DEVFN(0x1f, 2) },
	{ 0x01, PCI_DEVFN(0x00, 0) }, { 0x20, PCI_DEVFN(0x00, 0) },
	{ 0x40, PCI_DEVFN(0x02, 0) }, { 0x80, PCI_DEVFN(0x00, 0) },
};

/* What was found to be wrong first; NULL for nothing. */
static const char *complaint;

static void complain(const char *what)
{
	if (!complaint)
		complaint = what;
}

/* No two dwords of functions that are there read alike. */
static u8 config_byte(unsigned int segment, unsigned int bus,
		      unsigned int devfn, unsigned int reg)
{
	unsigned int i;
	u32 dword;

	for (i = 0; i < ARRAY_SIZE(functions); i++)
		if (functions[i].bus == bus && functions[i].devfn == devfn) {
			dword = bus << 24 | devfn << 16 | (reg & 0xffc) << 4;
			dword |= 2 + segment;
			return dword >> 8 * (reg & 3);
		}

	return 0xff;
}

/* The accesses since they were last cleared, and where the last write went */
static struct {
	unsigned int type1, memory, writes, bus, devfn, reg;
} seen;

static bool type1_decodes(unsigned int domain, unsigned int bus,
			  unsigned int devfn, int reg)
{
	seen.type1++;
	if (!machine.type1)
		complain("type 1 was used, which is not there");
	return !domain && (bus | devfn | reg) <= 255;
}

static int type1_read(unsigned int domain, unsigned int bus, unsigned int devfn,
		      int reg, int len, u32 *value)
{
	int i;

	*value = U32_MAX;
	if (!type1_decodes(domain, bus, devfn, reg))
		return -EINVAL;

	*value = 0;
	for (i = 0; i < len; i++)
		*value |= (u32)config_byte(0, bus, devfn,
					   (reg & -len) + i) << 8 * i;
	return 0;
}

static int type1_write(unsigned int domain, unsigned int bus, unsigned int devfn,
		       int reg, int len, u32 value)
{
	if (!type1_decodes(domain, bus, devfn, reg))
		return -EINVAL;

	seen.writes++;
	seen.bus = bus;
	seen.devfn = devfn;
	seen.reg = reg & -len;
	return 0;
}

static const struct pci_raw_ops type1 = {
	.read = type1_read,
	.write = type1_write,
};

/* What early quirks have read */
static bool __init __maybe_unused
recorded(unsigned int bus, unsigned int devfn, int reg, int len, u32 *value)
{
	if (!machine.type1 || bus || PCI_FUNC(devfn) ||
	    (reg != PCI_VENDOR_ID && reg != PCI_CLASS_DEVICE))
		return false;

	return !type1_read(0, bus, devfn, reg, len, value);
}

/*
 * Memory is mapped at its own address and this offset; no table has as many
 * entries as there is room for mappings.
 */
#define MAP_OFFSET	BIT_ULL(PHYS_BITS + 1)
#define MAPPINGS	128

static unsigned int mapped;

#ifdef CONFIG_X86_64
static struct span mappings[MAPPINGS];

/* As ioremap(), for what a table can ask for */
static void __iomem *map(u64 start, u64 size)
{
	u64 last = start + size - 1;

	if (!size || last < start || start >> PHYS_BITS || start < RAM_END)
		return NULL;

	if (mapped == MAPPINGS) {
		complain("more is mapped than the table has");
		return NULL;
	}
	mappings[mapped++] = (struct span) { start, start + size };

	return (void __iomem *)(MAP_OFFSET + start);
}

static void unmap(void __iomem *virt)
{
	u64 start = (unsigned long)virt - MAP_OFFSET;
	unsigned int i;

	for (i = 0; i < mapped; i++)
		if (mappings[i].start == start) {
			mappings[i] = mappings[--mapped];
			return;
		}

	complain("something is unmapped that was not mapped");
}

static u64 phys_of(void __iomem *pos, int len)
{
	u64 phys = (unsigned long)pos - MAP_OFFSET;
	unsigned int i;

	for (i = 0; i < mapped; i++)
		if (mappings[i].start <= phys && phys + len <= mappings[i].end)
			return phys;

	complain("an access is outside of what is mapped");
	return phys;
}
#else
/* One page at a time is mapped, and addresses have 32 bits. */
static u32 fixmap_phys;

static void map_page(enum fixed_addresses index, u32 phys)
{
	fixmap_phys = phys;
}

static u64 phys_of(void __iomem *pos, int len)
{
	u32 offset = (unsigned long)pos - fix_to_virt(FIX_PCIE_MCFG);

	if (offset + len > PAGE_SIZE)
		complain("an access is outside of what is mapped");
	return fixmap_phys + offset;
}
#endif

static void memory_read(void __iomem *pos, int len, u32 *value)
{
	u64 offset = phys_of(pos, len) - machine.ecam;
	u32 byte;
	int i;

	seen.memory++;
	*value = 0;
	for (i = 0; i < len; i++, offset++) {
		/* What else there is does not look like a function. */
		byte = offset >= SEGMENTS * SEGMENT_SIZE ? 0 :
		       config_byte(offset >> 28, offset >> 20 & 0xff,
				   offset >> 12 & 0xff, offset & 0xfff);
		*value |= byte << 8 * i;
	}
}

static void memory_write(void __iomem *pos, int len, u32 value)
{
	u64 offset = phys_of(pos, len) - machine.ecam;

	if (offset >= SEGMENT_SIZE)
		complain("a write to domain 0 goes elsewhere");

	seen.memory++;
	seen.writes++;
	seen.bus = offset >> 20 & 0xff;
	seen.devfn = offset >> 12 & 0xff;
	seen.reg = offset & 0xfff;
}

/* As e820__mapped_all(), for RAM and what is reserved; type 0 is any. */
static bool __init in_e820(u64 start, u64 end, enum e820_type type)
{
	const struct span spans[] = { { 0, RAM_END }, machine.e820 };
	unsigned int i;

	for (i = type == E820_TYPE_RESERVED; i < ARRAY_SIZE(spans); i++) {
		if (spans[i].start >= end || spans[i].end <= start)
			continue;
		if (spans[i].start <= start)
			start = spans[i].end;
		if (start >= end)
			return true;
	}

	return false;
}

/* The motherboard device and its _CRS */
static acpi_status each_device(const char *hid, acpi_walk_callback found,
			       void *context, void **result)
{
	if (machine.motherboard.end && !strcmp(hid, "PNP0C02"))
		found(NULL, 0, context, result);

	return AE_OK;
}

static acpi_status each_resource(acpi_handle device, char *method,
				 acpi_walk_resource_callback found, void *context)
{
	static struct acpi_resource res = {
		.type = ACPI_RESOURCE_TYPE_ADDRESS64,
		.data.address64.resource_type = ACPI_MEMORY_RANGE,
	};
	struct acpi_address64_attribute *address = &res.data.address64.address;

	address->minimum = machine.motherboard.start;
	address->maximum = machine.motherboard.end - 1;
	address->address_length = machine.motherboard.end -
				  machine.motherboard.start;
	return found(&res, context);
}

static int __init with_table(char *signature,
			     int (*handler)(struct acpi_table_header *));

static struct resource iomem = {
	.name = "made-up iomem",
	.end = -1,
	.flags = IORESOURCE_MEM,
};

static struct efi no_efi __maybe_unused;

static const struct pci_raw_ops *base_ops, *extended_ops;
static unsigned int probe;
static int last_bus;
static bool last_bus_from_mcfg;
#ifdef CONFIG_ACPI_APEI
static int (*apei_filter)(int (*func)(__u64 start, __u64 size, void *data),
			  void *data);
#endif

static unsigned int regions_freed;

static void free_region(const void *region)
{
	regions_freed++;
	kfree(region);
}

/* Ten thousand tables would fill the log. */
static bool quiet;

static __printf(1, 2) int say(const char *fmt, ...)
{
	va_list args;
	int length = 0;

	if (!quiet) {
		va_start(args, fmt);
		length = vprintk(fmt, args);
		va_end(args);
	}

	return length;
}

/* What the files use of the real machine */
#undef acpi_disabled
#undef ioremap
#undef iounmap
#undef late_initcall
#undef printk
#undef set_fixmap_nocache
#define acpi_disabled			(!IS_ENABLED(CONFIG_ACPI))
#define acpi_get_devices		each_device
#define acpi_table_parse		with_table
#define acpi_walk_resources		each_resource
#define arch_apei_filter_addr		apei_filter
#define dmi_get_bios_year()		(machine.bios_year)
#define e820__mapped_all		in_e820
#define efi				no_efi
#define iomem_resource			iomem
#define ioremap				map
#define iounmap				unmap
#define kfree				free_region
#define late_initcall(fn)
#define mmio_config_read		memory_read
#define mmio_config_write		memory_write
#define pci_base_recorded		recorded
#define pci_direct_conf1		type1
#define pci_guest()			(machine.guest)
#define pci_probe			probe
#define pcibios_last_bus		last_bus
#define pcibios_last_bus_from_mcfg	last_bus_from_mcfg
#define printk				say
#define raw_pci_ext_ops			extended_ops
#define raw_pci_ops			base_ops
#define register_syscore(syscore)	((void)(syscore))
#define register_syscore_ops(ops)	((void)(ops))
#define set_fixmap_nocache		map_page

#include "../base_access.c"
#include "../base_access_check.c"
#include "../mmconfig-shared.c"
#ifdef CONFIG_X86_64
#include "../mmconfig_64.c"
#else
#include "../mmconfig_32.c"
#endif

/* Random numbers (splitmix64): any seed is good, also one after the other. */
static u64 random_state;

static u64 __init random(void)
{
	u64 z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static unsigned int __init below(unsigned int limit)
{
	return (u32)random() % limit;
}

static bool __init one_in(unsigned int n)
{
	return !below(n);
}

/* The table.  The shortest one ends where it has said how long it is. */
#define ENTRY_SIZE	sizeof(struct acpi_mcfg_allocation)
#define HEAD_LENGTH	sizeof(struct acpi_table_mcfg)
#define MIN_LENGTH	offsetofend(struct acpi_table_header, length)
#define MAX_LENGTH	(HEAD_LENGTH + 64 * ENTRY_SIZE + 15)

static union {
	struct acpi_table_mcfg mcfg;
	u8 bytes[MAX_LENGTH];
} draft __initdata;

static u32 length;
static struct acpi_table_header *table;

static struct acpi_mcfg_allocation *__init draft_entry(unsigned int i)
{
	return (void *)&draft.bytes[HEAD_LENGTH + i * ENTRY_SIZE];
}

/* What a right table describes: ranges of buses */
struct layout {
	unsigned int entries;
	struct {
		u16 segment;
		u8 start, end;
	} entry[3];
};

static const struct layout layouts[] __initconst = {
	{ 1, { { 0, 0x00, 0xff } } },
	{ 1, { { 0, 0x00, 0x00 } } },
	{ 2, { { 0, 0x00, 0x1f }, { 0, 0x20, 0xff } } },
	{ 2, { { 0, 0x00, 0xff }, { 1, 0x00, 0xff } } },
	{ 3, { { 1, 0x00, 0x7f }, { 0, 0x80, 0xff }, { 0, 0x01, 0x3f } } },
};

static void __init draft_table(const struct layout *layout)
{
	struct acpi_mcfg_allocation *entry;
	unsigned int i;

	memset(&draft, 0, sizeof(draft));
	memcpy(draft.mcfg.header.signature, ACPI_SIG_MCFG, 4);
	draft.mcfg.header.revision = 1;
	length = HEAD_LENGTH + layout->entries * ENTRY_SIZE;

	for (i = 0; i < layout->entries; i++) {
		entry = draft_entry(i);
		entry->address = machine.ecam +
				 layout->entry[i].segment * SEGMENT_SIZE;
		entry->pci_segment = layout->entry[i].segment;
		entry->start_bus_number = layout->entry[i].start;
		entry->end_bus_number = layout->entry[i].end;
	}
}

static u64 __init odd_address(void)
{
	static const u64 addresses[] __initconst = {
		0, 1, SZ_16M, RAM_END - SZ_1M, RAM_END, 0xfec00000, 0xffffffff,
		SZ_4G, BIT_ULL(PHYS_BITS - 1), BIT_ULL(PHYS_BITS) - SZ_256M,
		BIT_ULL(PHYS_BITS), -SZ_256M, -SZ_1M, U64_MAX,
	};

	switch (below(4)) {
	case 0:
		return machine.ecam + (below(8) << 20);
	case 1:
		return machine.ecam - (below(8) << 20);
	case 2:
		return machine.ecam ^ BIT_ULL(below(64));
	default:
		return addresses[below(ARRAY_SIZE(addresses))];
	}
}

static u8 __init odd_bus(void)
{
	static const u8 buses[] __initconst = {
		0x00, 0x01, 0x0f, 0x1f, 0x20, 0x40, 0x7f, 0x80, 0xfe, 0xff,
	};

	return buses[below(ARRAY_SIZE(buses))];
}

static int __init odd_length(void)
{
	switch (below(5)) {
	case 0:
		return length - below(2 * ENTRY_SIZE);
	case 1:
		return length + below(2 * ENTRY_SIZE);
	case 2:
		return HEAD_LENGTH + below(ENTRY_SIZE + 1);
	case 3:
		return below(HEAD_LENGTH);
	default:
		return below(MAX_LENGTH + 1);
	}
}

/* What is behind the entries, and behind the table: more of them, or anything */
static void __init fill_rest(unsigned int entries)
{
	unsigned int i;

	if (one_in(2))
		for (i = length; i < MAX_LENGTH; i++)
			draft.bytes[i] = random();
	else
		for (i = length; i < MAX_LENGTH; i++)
			draft.bytes[i] = draft.bytes[i - entries * ENTRY_SIZE];
}

static void __init add_fault(unsigned int entries)
{
	struct acpi_mcfg_allocation *entry = draft_entry(below(entries));
	static const u16 segments[] __initconst = { 0, 1, 2, 0x8000, 0xffff };

	switch (below(12)) {
	case 0:
		draft.bytes[below(length)] ^= BIT(below(8));
		break;
	case 1:
		draft.bytes[below(length)] = random();
		break;
	case 2:
		entry->address = odd_address();
		break;
	case 3:
		entry->start_bus_number = odd_bus();
		break;
	case 4:
		entry->end_bus_number = odd_bus();
		break;
	case 5:
		swap(entry->start_bus_number, entry->end_bus_number);
		break;
	case 6:
		entry->pci_segment = segments[below(ARRAY_SIZE(segments))];
		break;
	case 7:
		*entry = *draft_entry(below(entries));
		break;
	case 8:
		draft.mcfg.header.revision = below(3);
		break;
	case 9:
		memcpy(draft.mcfg.header.oem_id, "SGI   ", ACPI_OEM_ID_SIZE);
		break;
	default:
		length = clamp_t(int, odd_length(), MIN_LENGTH, MAX_LENGTH);
		break;
	}
}

/*
 * What the parser has to make of the table: a region an entry, or none if there
 * is no entry, or one that can't be right.
 */
static unsigned int regions_made;

static bool __init entry_is_refused(const struct acpi_table_mcfg *mcfg,
				    const struct acpi_mcfg_allocation *entry)
{
	if (!entry->address)
		return true;

	/* Above 4 GiB: firmware from before 2010, other than SGI's, lies. */
	return entry->address >= U32_MAX && memcmp(mcfg->header.oem_id, "SGI", 3) &&
	       (!mcfg->header.revision || machine.bios_year < 2010);
}

static bool __init has_region_of(const struct acpi_mcfg_allocation *entry)
{
	u64 start = entry->address + ((u64)entry->start_bus_number << 20);
	u64 end = entry->address + ((entry->end_bus_number + 1ULL) << 20);
	const struct pci_mmcfg_region *cfg;

	list_for_each_entry(cfg, &pci_mmcfg_list, list)
		if (cfg->address == entry->address &&
		    cfg->segment == entry->pci_segment &&
		    cfg->start_bus == entry->start_bus_number &&
		    cfg->end_bus == entry->end_bus_number &&
		    cfg->res.start == (resource_size_t)start &&
		    cfg->res.end == (resource_size_t)(end - 1))
			return true;

	return false;
}

static void __init check_parsed(int ret)
{
	const struct acpi_table_mcfg *mcfg = (void *)table;
	const struct acpi_mcfg_allocation *entry = (void *)&mcfg[1];
	const struct pci_mmcfg_region *cfg, *last = NULL;
	unsigned int i, entries = 0, regions = 0;

	if (table->length > HEAD_LENGTH)
		entries = (table->length - HEAD_LENGTH) / ENTRY_SIZE;
	for (i = 0; i < entries && !entry_is_refused(mcfg, &entry[i]); i++)
		regions_made++;

	if (!entries || i < entries) {
		if (!ret)
			complain("the table should have been refused");
		if (!list_empty(&pci_mmcfg_list))
			complain("a table that is refused leaves regions behind");
		if (regions_freed > regions_made)
			complain("regions were made of what is behind the table");
		return;
	}

	if (ret)
		complain("the table should not have been refused");
	for (i = 0; i < entries; i++)
		if (!has_region_of(&entry[i]))
			complain("an entry has no region");

	list_for_each_entry(cfg, &pci_mmcfg_list, list) {
		regions++;
		if (cfg->virt || cfg->base_access || cfg->res.parent)
			complain("a new region is in use");
		if (last && (last->segment > cfg->segment ||
			     (last->segment == cfg->segment &&
			      last->start_bus > cfg->start_bus)))
			complain("the regions are not in order");
		last = cfg;
	}
	if (regions != entries)
		complain("there are not as many regions as entries");
}

static int __init with_table(char *signature,
			     int (*handler)(struct acpi_table_header *))
{
	check_parsed(handler(table));
	return 0;
}

/* Boot */

static void __init choose_machine(void)
{
	static const u64 ecams[] __initconst = { 0xb0000000, 0xc0000000, 0x4000000000 };
	static const int years[] __initconst = { 2005, 2012, 2020 };
	static const int requests[] __initconst = {
		PCI_BASE_NONE, PCI_BASE_NONE, PCI_BASE_TYPE1, PCI_BASE_ECAM,
	};
	static const struct span occupied[] __initconst = {
		{ SZ_1M, SZ_2M },			/* a BAR */
		{ -SZ_256M, SZ_1G },			/* a host bridge's window */
		{ -SZ_256M, SZ_64M },			/* a part of it */
	};
	struct span whole, half, offset;

	memset(&machine, 0, sizeof(machine));
	machine.ecam = ecams[below(ARRAY_SIZE(ecams))];
	machine.type1 = !one_in(8);
	machine.guest = !one_in(4);
	machine.ecam_enabled = !one_in(8);
	machine.requested = requests[below(ARRAY_SIZE(requests))];
	machine.bios_year = years[below(ARRAY_SIZE(years))];

	whole.start = machine.ecam;
	whole.end = machine.ecam + SEGMENTS * SEGMENT_SIZE;
	half.start = machine.ecam;
	half.end = machine.ecam + SEGMENT_SIZE / 2;
	if (!one_in(3))
		machine.e820 = one_in(4) ? half : whole;
	if (!one_in(3))
		machine.motherboard = one_in(4) ? half : whole;

	if (one_in(2)) {
		offset = occupied[below(ARRAY_SIZE(occupied))];
		machine.occupant.name = "occupant";
		machine.occupant.start = machine.ecam + offset.start;
		machine.occupant.end = machine.ecam + offset.end - 1;
		machine.occupant.flags = IORESOURCE_MEM;
		if (one_in(2))
			machine.occupant.flags |= IORESOURCE_BUSY;
	}
}

/*
 * As it is before PCI is set up.  In one half of the machines there is no memory
 * behind the table: KASAN sees a read beyond its end.  In the other half there
 * are entries: any kernel sees what becomes of those.
 */
static bool __init power_on(void)
{
	draft.mcfg.header.length = length;
	table = kmemdup(&draft, one_in(2) ? length : MAX_LENGTH, GFP_KERNEL);
	if (!table)
		return false;

	complaint = NULL;
	regions_made = 0;
	regions_freed = 0;
	base_ops = machine.type1 ? &type1 : NULL;
	extended_ops = NULL;
	probe = PCI_PROBE_CONF1;
	if (machine.ecam_enabled)
		probe |= PCI_PROBE_MMCONF;
	last_bus = -1;
	known_bridge = 0;
	pci_base_requested = machine.requested;
	pci_base_choice = (struct pci_base_access_choice) { };
	pci_mmcfg_running_state = false;
	pci_mmcfg_arch_init_failed = false;
	/* Above 4 GiB it is cut off where resources have 32 bits, and may not fit. */
	if (machine.occupant.flags && insert_resource(&iomem, &machine.occupant))
		machine.occupant.flags = 0;

	return true;
}

/* Nothing may be left over. */
static void __init power_off(void)
{
	struct pci_mmcfg_region *cfg;

	/* One at a time: regions that overlap are in each other. */
	list_for_each_entry(cfg, &pci_mmcfg_list, list)
		if (cfg->res.parent)
			pci_mmcfg_remove_resource(cfg);
	free_all_mmcfg();
	if (machine.occupant.flags)
		remove_resource(&machine.occupant);

	if (iomem.child)
		complain("a resource is left over");
	if (mapped)
		complain("a mapping is left over");
	if (regions_freed != regions_made)
		complain("a region was not freed, or twice");

	iomem.child = NULL;
	mapped = 0;
	(kfree)(table);
}

/* What has to hold, whatever the table says */

static const struct pci_raw_ops *__init right_ops(void)
{
	if (!machine.type1)
		return NULL;

	return IS_ENABLED(CONFIG_X86_64) && machine.ecam_enabled &&
	       (machine.requested == PCI_BASE_ECAM ||
		(machine.requested == PCI_BASE_NONE && machine.guest)) ?
	       &pci_base_ecam : &type1;
}

static bool __init is_in(const struct span *range, u64 start, u64 end)
{
	return range->start <= start && end <= range->end;
}

static void __init check_region(const struct pci_mmcfg_region *cfg)
{
	u64 start = cfg->address + ((u64)cfg->start_bus << 20);
	u64 end = cfg->address + ((cfg->end_bus + 1ULL) << 20);

	if (IS_ENABLED(CONFIG_X86_64)) {
		if (!cfg->virt)
			complain("a region is not mapped");
		if (cfg->start_bus > cfg->end_bus || start > end)
			complain("a region ends before it begins");
		if (cfg->res.start != start || cfg->res.end != end - 1)
			complain("the resource is not the region's");
	}

	if (!cfg->base_access)
		return;

	if (base_ops != &pci_base_ecam)
		complain("a region serves base access, which is not by ECAM");
	if (cfg->segment)
		complain("a region of another domain serves base access");
	if (!is_in(&machine.e820, start, end) &&
	    !is_in(&machine.motherboard, start, end) && !pci_mmcfg_alone(cfg))
		complain("a region serves base access that is not reserved");
}

static void __init check_lookup(int segment, int bus)
{
	const struct pci_mmcfg_region *found, *cfg;
	bool covered = false;

	rcu_read_lock();
	found = pci_mmconfig_lookup(segment, bus);
	list_for_each_entry_rcu(cfg, &pci_mmcfg_list, list)
		covered |= cfg->segment == segment && cfg->start_bus <= bus &&
			   bus <= cfg->end_bus;
	if (!found != !covered)
		complain("a region that covers the bus is not found");
	if (found && (found->segment != segment || found->start_bus > bus ||
		      bus > found->end_bus))
		complain("the region that is found does not cover the bus");
	rcu_read_unlock();
}

static bool __init serves(unsigned int bus, unsigned int devfn, int reg, int len)
{
	bool may;

	rcu_read_lock();
	may = pci_base_ecam_may_serve(pci_mmconfig_lookup(0, bus), devfn, reg, len);
	rcu_read_unlock();

	return may;
}

/* Base access reads what type 1 reads, and writes once, to the same register. */
static void __init check_base_access(unsigned int bus, unsigned int devfn,
				     int reg, int len)
{
	bool by_ecam = base_ops == &pci_base_ecam && serves(bus, devfn, reg, len);
	u32 value = 0, right;
	int ret, right_ret;

	right_ret = type1_read(0, bus, devfn, reg, len, &right);
	memset(&seen, 0, sizeof(seen));
	ret = base_ops->read(0, bus, devfn, reg, len, &value);
	if (value != right || ret != right_ret)
		complain("base access does not read what type 1 reads");
	if (seen.memory != by_ecam || seen.type1 != !by_ecam)
		complain("a read is not one access by the method that serves it");

	memset(&seen, 0, sizeof(seen));
	ret = base_ops->write(0, bus, devfn, reg, len, 0);
	if (ret != right_ret || seen.writes != !ret)
		complain("a write is not made once");
	if (!ret && (seen.bus != bus || seen.devfn != devfn ||
		     seen.reg != (reg & -len)))
		complain("a write goes to another register");
}

/* Extended access need not be right, but has to stay in what is mapped. */
static void __init check_extended_access(unsigned int segment, unsigned int bus,
					 unsigned int devfn, int reg, int len)
{
	u32 value;
	int ret;

	memset(&seen, 0, sizeof(seen));
	ret = extended_ops->read(segment, bus, devfn, reg, len, &value);
	if (seen.memory != !ret || seen.type1)
		complain("an extended read is not one access");
	if (ret && value != U32_MAX)
		complain("an extended read that fails is not all ones");
}

#define ACCESSES	32

struct access {
	int reg, len;
};

static void __init check_accesses(void)
{
	static const struct access registers[] __initconst = {
		{ 0x00, 4 }, { 0x02, 2 }, { 0x0b, 1 }, { 0x40, 4 }, { 0xfc, 4 },
		{ 0xfe, 2 }, { 0xff, 1 }, { 0x01, 2 }, { 0x02, 4 }, { 0xfd, 4 },
		{ 0x100, 4 }, { 0xffc, 4 }, { 0xfff, 1 },
	};
	static const unsigned int devfns[] __initconst = {
		PCI_DEVFN(0, 0), PCI_DEVFN(0, 7), PCI_DEVFN(1, 0),
		PCI_DEVFN(2, 0), PCI_DEVFN(0x1f, 2), PCI_DEVFN(0x1f, 7), 256,
	};
	const struct pci_mmcfg_region *cfg;
	unsigned int i, j, bus, devfn;

	for (i = 0; i < ACCESSES; i++) {
		/* The edges of a region, or any bus */
		bus = odd_bus();
		j = below(4);
		list_for_each_entry(cfg, &pci_mmcfg_list, list)
			if (!j--)
				bus = (one_in(2) ? cfg->start_bus : cfg->end_bus) +
				      below(3) - 1;
		/* The bus before 0, and the one after 255, are none. */
		devfn = devfns[below(ARRAY_SIZE(devfns))];
		j = below(ARRAY_SIZE(registers));

		check_lookup(below(2), bus);
		if (base_ops && bus <= 255)
			check_base_access(bus, devfn, registers[j].reg,
					  registers[j].len);
		if (extended_ops)
			check_extended_access(below(2), bus, devfn,
					      registers[j].reg & -registers[j].len,
					      registers[j].len);
	}
}

static void __init check_machine(void)
{
	const struct pci_mmcfg_region *cfg;

	if (base_ops != right_ops())
		complain("base access is by the wrong method");
	if (extended_ops != (list_empty(&pci_mmcfg_list) ? NULL : &pci_mmcfg))
		complain("extended access is not by ECAM, or by ECAM without a region");
	if (!machine.ecam_enabled && !list_empty(&pci_mmcfg_list))
		complain("there is a region though ECAM is off");

	list_for_each_entry(cfg, &pci_mmcfg_list, list)
		check_region(cfg);
	check_accesses();
}

static void __init boot(void)
{
	pci_mmcfg_early_init();
	pci_mmcfg_late_init();
	check_machine();
	pci_mmcfg_insert_unreserved();
	check_machine();
	pci_mmcfg_late_insert_resources();
	check_accesses();
}

static unsigned int __init regions_that_serve(void)
{
	const struct pci_mmcfg_region *cfg;
	unsigned int regions = 0;

	list_for_each_entry(cfg, &pci_mmcfg_list, list)
		regions += cfg->base_access;

	return regions;
}

/* Every region of domain 0 serves base access if the table is right. */
static void __init test_right_tables(struct kunit *test)
{
	unsigned int i, j, regions;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		random_state = i;
		memset(&machine, 0, sizeof(machine));
		machine.ecam = 0xb0000000;
		machine.type1 = true;
		machine.guest = true;
		machine.ecam_enabled = true;
		machine.bios_year = 2020;
		machine.e820.start = machine.ecam;
		machine.e820.end = machine.ecam + SEGMENTS * SEGMENT_SIZE;
		draft_table(&layouts[i]);
		KUNIT_ASSERT_TRUE(test, power_on());

		quiet = true;
		boot();
		quiet = false;

		for (j = 0, regions = 0; j < layouts[i].entries; j++)
			regions += !layouts[i].entry[j].segment;
		KUNIT_EXPECT_EQ(test, regions_that_serve(),
				IS_ENABLED(CONFIG_X86_64) ? regions : 0);
		power_off();
		KUNIT_EXPECT_STREQ(test, complaint ?: "", "");
	}
}

static void __init test_mutations(struct kunit *test)
{
	unsigned int i, j, refused = 0, served = 0;
	const struct layout *layout;

	for (i = 0; i < count; i++) {
		random_state = seed + i;
		choose_machine();
		layout = &layouts[below(ARRAY_SIZE(layouts))];
		draft_table(layout);
		fill_rest(layout->entries);
		for (j = below(4); j; j--)
			add_fault(layout->entries);
		KUNIT_ASSERT_TRUE(test, power_on());

		quiet = count > 1;
		if (!quiet)
			print_hex_dump(KERN_INFO, "MCFG: ", DUMP_PREFIX_OFFSET,
				       16, 1, table, length, false);
		boot();
		quiet = false;

		refused += list_empty(&pci_mmcfg_list);
		served += !!regions_that_serve();
		power_off();
		if (complaint) {
			KUNIT_FAIL(test, "mcfg_kunit.seed=%llu mcfg_kunit.count=1: %s",
				   seed + i, complaint);
			return;
		}
	}

	kunit_info(test, "seeds %llu to %llu: %u without ECAM, %u with base access by it\n",
		   seed, seed + count - 1, refused, served);
}

static struct kunit_case __refdata mcfg_cases[] = {
	KUNIT_CASE(test_right_tables),
	KUNIT_CASE(test_mutations),
	{ }
};

static struct kunit_suite mcfg_suite = {
	.name = "x86_pci_mcfg",
	.test_cases = mcfg_cases,
};

kunit_test_init_section_suite(mcfg_suite);
