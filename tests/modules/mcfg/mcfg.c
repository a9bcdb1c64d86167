// SPDX-License-Identifier: GPL-2.0
/*
 * mcfg - what does the kernel make of an ACPI table MCFG that is wrong?
 *
 * The kernel's files that parse the table, and map, check and use its regions, are compiled into
 * this module once more. What they ask of the kernel is a made-up machine, so that nothing is mapped
 * that a table says.
 *
 * A seed gives a machine and a table, some of which are right. Loading the module tries "count"
 * seeds. It fails with -EIO if something is wrong, and the log names the seed: with this seed and
 * count=1 the log also has the table and what the kernel says. "result" has how many were tried,
 * and how many gave a region that serves base access.
 */

#define pr_fmt(fmt) "PCI: " fmt

#include <linux/acpi.h>
#include <linux/bitmap.h>
#include <linux/dmi.h>
#include <linux/efi.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/prandom.h>
#include <linux/rculist.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/syscore_ops.h>
#include <asm/e820/api.h>
#include <asm/pci_base_access.h>
#include <asm/pci_x86.h>

static unsigned long long seed = 1;
module_param(seed, ullong, 0);
static unsigned int count = 10000;
module_param(count, uint, 0);
static char result[64];
module_param_string(result, result, sizeof(result), 0444);

/* What was wrong first */
static const char *complaint;

static void complain_if(bool wrong, const char *what)
{
	if (wrong && !complaint)
		complaint = what;
}

static struct rnd_state random;

#define below(limit)	(prandom_u32_state(&random) % (u32)(limit))
#define one_in(n)	(!below(n))
#define one_of(array)	((array)[below(ARRAY_SIZE(array))])

/* The machine */

#define RAM_END		SZ_2G
#define PHYS_BITS	46

struct span {
	u64 start, end;		/* without end */
};

static struct {
	u64 ecam;
	bool no_function_number;
	struct span e820, motherboard;	/* what they reserve */
	struct resource occupant;	/* what else is in iomem */
} machine;

/* What function is there? No two registers read alike, and what is absent is all ones. */
static u32 config(unsigned int offset, int len)
{
	static const u16 functions[] = {
		/* Bus and devfn */
		0x0000, 0x0008, 0x00f8, 0x00fa, 0x0100, 0x2000, 0x4010, 0x8000,
	};
	u32 value = (offset ^ 0x5a5a5a5a) * 0x9e3779b1;
	unsigned int i;

	for (i = 0; functions[i] != offset >> 12; i++)
		if (i == ARRAY_SIZE(functions) - 1)
			return GENMASK(8 * len - 1, 0);
	return value & GENMASK(8 * len - 1, 0);
}

/* The accesses since this was cleared, and the offset of the last one in configuration space */
static struct {
	unsigned int type1, memory, writes;
	u64 offset;
} seen;

static int type1_read(unsigned int domain, unsigned int bus, unsigned int devfn, int reg, int len,
		      u32 *value)
{
	seen.type1++;
	seen.offset = bus << 20 | devfn << 12 | (reg & -len);
	*value = config(seen.offset, len);
	return 0;
}

static int type1_write(unsigned int domain, unsigned int bus, unsigned int devfn, int reg, int len,
		       u32 value)
{
	seen.writes++;
	return type1_read(domain, bus, devfn, reg, len, &value);
}

/* Memory is mapped at its address and this offset. */
#define MAP_OFFSET	BIT_ULL(PHYS_BITS + 1)
static int mapped;

void __iomem *ioremap(resource_size_t start, unsigned long size)
{
	u64 last = start + size - 1;

	if (!size || last < start || last >> PHYS_BITS || start < RAM_END)
		return NULL;
	mapped++;
	return (void __iomem *)(MAP_OFFSET + start);
}

/* Something else than ECAM reads as zeroes. */
u32 memory_read(const void __iomem *virt, int len)
{
	u64 start = (unsigned long)virt - MAP_OFFSET;
	const struct pci_mmcfg_region *cfg;
	bool inside = false;

	list_for_each_entry(cfg, &pci_mmcfg_list, list)
		inside |= cfg->virt && cfg->res.start <= start && start + len - 1 <= cfg->res.end;
	complain_if(!inside, "an access is outside of what is mapped");

	seen.memory++;
	seen.offset = start - machine.ecam;
	if (machine.no_function_number)
		seen.offset &= ~(7ULL << 12);
	return seen.offset < SZ_256M ? config(seen.offset, len) : 0;
}

void memory_write(void __iomem *virt, int len)
{
	seen.writes++;
	memory_read(virt, len);
}

static bool is_in(const struct span *span, u64 start, u64 end)
{
	return span->start <= start && start < end && end <= span->end;
}

/* What the kernel's files ask of it */

const struct pci_raw_ops pci_direct_conf1 = { .read = type1_read, .write = type1_write };
const struct pci_raw_ops *raw_pci_ops, *raw_pci_ext_ops;
unsigned int pci_probe;
int pcibios_last_bus;
bool pcibios_last_bus_from_mcfg;
enum pci_base_request pci_base_request;
struct resource iomem_resource = { .end = -1, .flags = IORESOURCE_MEM };

bool e820__mapped_all(u64 start, u64 end, enum e820_type type)
{
	return is_in(&machine.e820, start, end);
}

acpi_status acpi_get_devices(const char *hid, acpi_walk_callback found, void *context, void **ret)
{
	return strcmp(hid, "PNP0C02") ? AE_OK : found(NULL, 0, context, ret);
}

acpi_status acpi_walk_resources(acpi_handle device, char *method,
				acpi_walk_resource_callback found, void *context)
{
	struct acpi_resource res = { .type = ACPI_RESOURCE_TYPE_ADDRESS64 };

	res.data.address64.resource_type = ACPI_MEMORY_RANGE;
	res.data.address64.address.minimum = machine.motherboard.start;
	res.data.address64.address.address_length = machine.motherboard.end -
						    machine.motherboard.start;
	return found(&res, context);
}

/* Ten thousand tables would fill the log. */
#define say(...)	(count == 1 ? _printk(__VA_ARGS__) : 0)

#undef iounmap
#undef late_initcall
#undef printk
#define dmi_get_bios_year()		2020
#define pci_hierarchy_is_virtual()	true
#define iounmap(virt)			((void)(virt), mapped--)
#define insert_resource_conflict(parent, new)	(insert_resource(parent, new) ? (parent) : NULL)
#define late_initcall(fn)
#define printk				say
#define register_syscore(syscore)	((void)(syscore))
#define register_syscore_ops(ops)	((void)(ops))

/* The kernel exports its own. */
#undef EXPORT_SYMBOL_FOR_MODULES
#define EXPORT_SYMBOL_FOR_MODULES(symbol, modules)

#include "base_access.c"
#include "base_access_check.c"
#include "mmconfig-shared.c"
#include "mmconfig_64.c"

#undef printk
#define printk	_printk

/* The table. The shortest one ends where it has said how long it is. */

#define MAX_ENTRIES	8
#define ENTRY_SIZE	sizeof(struct acpi_mcfg_allocation)
#define HEAD_LENGTH	sizeof(struct acpi_table_mcfg)
#define MIN_LENGTH	offsetofend(struct acpi_table_header, length)

static struct table {
	struct acpi_table_mcfg mcfg;
	struct acpi_mcfg_allocation entry[MAX_ENTRIES];
} draft, *table;

/* What is right, but for one time in ten if the machine has faults */
#define or_odd(right, odd)	(!faults || below(10) ? (right) : (odd))

static void draft_table(bool faults)
{
	static const u64 addresses[] = {
		0, 1, SZ_16M, RAM_END - SZ_1M, RAM_END, 0xfec00000, 0xffffffff, SZ_4G,
		BIT_ULL(PHYS_BITS) - SZ_256M, BIT_ULL(PHYS_BITS), -SZ_256M, -SZ_1M, U64_MAX,
	};
	static const u8 buses[] = { 0x00, 0x01, 0x1f, 0x20, 0x40, 0x7f, 0x80, 0xfe, 0xff };
	/* How many entries are right, and the first and the last bus of each */
	static const u8 layouts[][4][2] = {
		{ { 1 }, { 0x00, 0xff } },
		{ { 1 }, { 0x00, 0x00 } },
		{ { 2 }, { 0x00, 0x1f }, { 0x20, 0xff } },
		{ { 3 }, { 0x80, 0xff }, { 0x00, 0x3f }, { 0x40, 0x7f } },
	};
	const u8 (*layout)[2] = one_of(layouts);
	struct acpi_table_header *header = &draft.mcfg.header;
	struct acpi_mcfg_allocation *entry = draft.entry;
	unsigned int i, entries = layout[0][0];

	memset(&draft, 0, sizeof(draft));
	/* With this revision, and a BIOS as new, Linux takes any address but 0. */
	header->revision = 1;
	header->length = HEAD_LENGTH + or_odd(entries, below(MAX_ENTRIES)) * ENTRY_SIZE;
	header->length = or_odd(header->length, MIN_LENGTH + below(sizeof(draft) - MIN_LENGTH));

	/* More of them are behind its end. */
	for (i = 0; i < MAX_ENTRIES; i++, entry++) {
		entry->address = or_odd(machine.ecam, one_of(addresses));
		entry->address += or_odd(0, (below(15) - 7ULL) << 20);
		/* A function further on, such a decoder could look right. */
		if (!machine.no_function_number)
			entry->address ^= or_odd(0, BIT_ULL(below(64)));
		entry->pci_segment = or_odd(0, below(3));
		entry->start_bus_number = or_odd(layout[1 + i % entries][0], one_of(buses));
		entry->end_bus_number = or_odd(layout[1 + i % entries][1], one_of(buses));
	}
}

/* What must be true */

/* A table has a region for each entry; or none if it has no entry, or one without an address. */
static bool parsed_right(bool accepted)
{
	const struct acpi_table_header *header = &table->mcfg.header;
	unsigned int entries = header->length < HEAD_LENGTH ? 0 :
			       (header->length - HEAD_LENGTH) / ENTRY_SIZE;
	const struct acpi_mcfg_allocation *entry = table->entry;
	const struct pci_mmcfg_region *cfg;
	bool right = entries, found = true;
	unsigned int i;

	for (i = 0; i < entries; i++)
		right &= !!entry[i].address;
	if (!right)
		return !accepted && list_empty(&pci_mmcfg_list);

	for (i = 0; i < entries && found; i++) {
		found = false;
		list_for_each_entry(cfg, &pci_mmcfg_list, list)
			found |= cfg->address == entry[i].address &&
				 cfg->segment == entry[i].pci_segment &&
				 cfg->start_bus == entry[i].start_bus_number &&
				 cfg->end_bus == entry[i].end_bus_number;
	}
	return found && accepted && list_count_nodes(&pci_mmcfg_list) == entries;
}

int acpi_table_parse(char *id, acpi_tbl_table_handler handler)
{
	complain_if(!parsed_right(!handler(&table->mcfg.header)), "the regions are not the table's");
	return 0;
}

/* The whole of it: by firmware, or alone in iomem but for a host bridge's window around it */
static bool reserved(const struct pci_mmcfg_region *cfg)
{
	u64 start = cfg->address + ((u64)cfg->start_bus << 20);
	u64 end = cfg->address + ((cfg->end_bus + 1ULL) << 20);
	const struct resource *other = &machine.occupant;

	if (is_in(&machine.e820, start, end) || is_in(&machine.motherboard, start, end))
		return true;
	return cfg->res.parent && cfg->res.start == start && cfg->res.end == end - 1 &&
	       (!other->parent || other->end < start || end <= other->start ||
		(other->flags & IORESOURCE_WINDOW && other->start <= start && end - 1 <= other->end));
}

static void check_access(unsigned int bus, unsigned int devfn, int reg, int len)
{
	bool by_ecam = pci_base_functions[bus] & BIT(devfn & 31) && !(reg & (len - 1));
	u32 value, right = config(bus << 20 | devfn << 12 | (reg & -len), len);
	u64 offset = bus << 20 | devfn << 12 | (reg & -len);

	memset(&seen, 0, sizeof(seen));
	complain_if(pci_base_ecam.read(0, bus, devfn, reg, len, &value) || value != right,
		    "base access does not read what is there");
	complain_if(pci_base_ecam.write(0, bus, devfn, reg, len, 0) || seen.offset != offset ||
		    seen.writes != 1, "a write is not made once, or to another register");
	complain_if(seen.memory != 2 * by_ecam || seen.type1 != 2 * !by_ecam,
		    "an access is not one by the method that serves it");
}

static void check_machine(void)
{
	static const u8 devfns[] = { 0x00, 0x07, 0x08, 0x10, 0xf8, 0xfa, 0xff };
	static const u8 registers[] = { 0x00, 0x01, 0x02, 0x0b, 0x40, 0xfc, 0xfd };
	const struct pci_mmcfg_region *cfg;
	unsigned int bus;

	mutex_lock(&pci_mmcfg_lock);
	for (bus = 0; bus < 256; bus++) {
		check_access(bus, one_of(devfns), one_of(registers), 1 << below(3));
		if (!pci_base_functions[bus])
			continue;
		cfg = pci_mmconfig_lookup(0, bus);
		complain_if(!cfg || !cfg->virt, "no region is mapped for a bus that ECAM serves");
		complain_if(cfg && !reserved(cfg), "a region that serves is not wholly reserved");
	}
	mutex_unlock(&pci_mmcfg_lock);
}

static void make_machine(bool faults)
{
	static const u64 ecams[] = { 0xb0000000, 0xc0000000, 0x4000000000 };
	/* A BAR, and a host bridge's window around ECAM or over a part of it */
	static const struct span occupied[] = {
		{ SZ_1M, SZ_2M }, { -SZ_256M, SZ_1G }, { -SZ_256M, SZ_64M },
	};
	struct span offset = one_of(occupied), whole, none = { };

	memset(&machine, 0, sizeof(machine));
	machine.ecam = one_of(ecams);
	machine.no_function_number = one_in(4);
	whole = (struct span){ machine.ecam, machine.ecam + or_odd(SZ_256M, SZ_128M) };
	machine.e820 = !faults || one_in(2) ? whole : none;
	machine.motherboard = !faults || one_in(2) ? whole : none;
	machine.occupant.start = machine.ecam + offset.start;
	machine.occupant.end = machine.ecam + offset.end - 1;
	machine.occupant.flags = IORESOURCE_MEM | (one_in(2) ? IORESOURCE_WINDOW : 0);
}

/* Boot, from there on where the kernel looks for ECAM. Does a region serve in the end? */
static bool __init boot(bool faults)
{
	unsigned int occupied = faults ? below(4) : 0, bus, served = 0, described = 0;
	struct pci_mmcfg_region *cfg;

	make_machine(faults);
	draft_table(faults);
	/* In one half of the machines no memory is behind the table, which KASAN watches. */
	table = kmemdup(&draft, one_in(2) ? draft.mcfg.header.length : sizeof(draft),
			GFP_KERNEL | __GFP_NOFAIL);
	if (count == 1)
		print_hex_dump(KERN_INFO, "MCFG: ", DUMP_PREFIX_OFFSET, 16, 1, table,
			       draft.mcfg.header.length, false);
	raw_pci_ops = &pci_direct_conf1;
	raw_pci_ext_ops = NULL;
	pci_probe = PCI_PROBE_CONF1 | PCI_PROBE_MMCONF;
	pcibios_last_bus = -1;
	pci_mmcfg_arch_init_failed = false;
	pci_mmcfg_running_state = false;

	if (occupied == 1)
		insert_resource(&iomem_resource, &machine.occupant);
	pci_mmcfg_early_init();
	pci_mmcfg_late_init();
	check_machine();
	if (occupied == 2)
		insert_resource(&iomem_resource, &machine.occupant);
	pci_mmcfg_insert_unreserved();
	check_machine();
	mutex_lock(&pci_mmcfg_lock);
	list_for_each_entry(cfg, &pci_mmcfg_list, list)
		complain_if(cfg->res.parent && !region_serves(cfg) &&
			    pci_mmconfig_lookup(cfg->segment, cfg->start_bus) == cfg,
			    "a region that does not serve stays in iomem");
	mutex_unlock(&pci_mmcfg_lock);
	pci_mmcfg_late_insert_resources();
	check_machine();

	for (bus = 0; bus < 256; bus++)
		served += !!pci_base_functions[bus];
	list_for_each_entry(cfg, &pci_mmcfg_list, list)
		described += cfg->end_bus - cfg->start_bus + 1;
	complain_if(served && raw_pci_ops != &pci_base_ecam, "the operations are not there");
	complain_if(!faults && (!served || served != described), "a right region does not serve");

	memset(pci_base_functions, 0, sizeof(pci_base_functions));
	list_for_each_entry(cfg, &pci_mmcfg_list, list)
		if (cfg->res.parent)
			remove_resource(&cfg->res);
	free_all_mmcfg();
	if (machine.occupant.parent)
		remove_resource(&machine.occupant);
	complain_if(iomem_resource.child || mapped, "something is left over");
	kfree(table);
	return served;
}

static int __init mcfg_init(void)
{
	unsigned int i, served = 0;

	for (i = 0; i < count && !complaint; i++) {
		prandom_seed_state(&random, seed + i);
		served += boot(!one_in(20));
	}
	snprintf(result, sizeof(result), "method=mcfg tables=%u served=%u", i, served);
	if (complaint)
		pr_err("mcfg: seed=%llu count=1: %s\n", seed + i - 1, complaint);
	return complaint ? -EIO : 0;
}
module_init(mcfg_init);

MODULE_DESCRIPTION("What the kernel makes of wrong MCFG tables");
MODULE_LICENSE("GPL");
