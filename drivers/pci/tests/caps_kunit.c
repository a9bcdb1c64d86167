// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the search for capabilities: a search of what pci_cache_caps()
 * has read finds the same as a walk through config space, and what was read is
 * forgotten where it may change.
 *
 * The functions are made up: their config space is an array.
 */

#include <kunit/test.h>
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/prandom.h>

#include "../pci.h"

/* Reads that a search may make: of headers, and of where the list begins */
#define MAX_STD_READS	(PCI_FIND_CAP_TTL + 2)
#define MAX_EXT_READS	((PCI_CFG_SPACE_EXP_SIZE - PCI_CFG_SPACE_SIZE) / 8)

/* quirk_nvidia_ck804_pcie_aer_ext_cap() sets it to add AER to the list */
#define CK804_LINK_AER	0xf41

/* A capability of a list; the next one of an array follows it */
struct cap {
	u16 pos, id;
};

struct fake_function {
	struct pci_dev bridge;
	struct pci_bus bus;
	struct pci_dev dev;
	u8 config[PCI_CFG_SPACE_EXP_SIZE];
	unsigned int reads;
	bool absent;		/* Nobody answers */
};

static int fake_read(struct pci_bus *bus, unsigned int devfn, int where,
		     int size, u32 *val)
{
	struct fake_function *f = container_of(bus, struct fake_function, bus);

	f->reads++;
	if (f->absent)
		return PCIBIOS_DEVICE_NOT_FOUND;

	*val = 0;
	while (size--)
		*val = *val << 8 | f->config[where + size];
	return PCIBIOS_SUCCESSFUL;
}

static void write32(struct fake_function *f, int where, u32 val)
{
	for (int i = 0; i < 4; i++)
		f->config[where + i] = val >> 8 * i;
}

/* Put AER at 0x200 into the list, after 0x100 */
static void link_aer(struct fake_function *f)
{
	write32(f, 0x100, 0x200 << 20 | 1 << 16 | PCI_EXT_CAP_ID_DSN);
}

static int fake_write(struct pci_bus *bus, unsigned int devfn, int where,
		      int size, u32 val)
{
	struct fake_function *f = container_of(bus, struct fake_function, bus);

	for (int i = 0; i < size; i++)
		f->config[where + i] = val >> 8 * i;
	if (where == CK804_LINK_AER)
		link_aer(f);
	return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops fake_ops = {
	.read = fake_read,
	.write = fake_write,
};

/* Write lists of @std and @ext, which { } ends each, into config space */
static void write_lists(struct fake_function *f, const struct cap *std,
			const struct cap *ext)
{
	memset(f->config, 0, sizeof(f->config));
	write32(f, PCI_VENDOR_ID, PCI_DEVICE_ID_NVIDIA_CK804_PCIE << 16 |
				  PCI_VENDOR_ID_NVIDIA);
	if (std->pos) {
		write32(f, PCI_COMMAND, PCI_STATUS_CAP_LIST << 16);
		write32(f, PCI_CAPABILITY_LIST, std->pos);
	}
	for (; std->pos; std++)
		write32(f, std->pos, std[1].pos << 8 | std->id);
	for (; ext->pos; ext++)
		write32(f, ext->pos, (u32)ext[1].pos << 20 | 1 << 16 | ext->id);
}

static struct fake_function *new_function(struct kunit *test,
					  const struct cap *std,
					  const struct cap *ext)
{
	struct fake_function *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->bus.ops = &fake_ops;
	INIT_LIST_HEAD(&f->bus.devices);
	device_initialize(&f->dev.dev);
	f->dev.dev.init_name = "made-up";
	f->dev.bus = &f->bus;
	f->dev.vendor = PCI_VENDOR_ID_NVIDIA;
	f->dev.device = PCI_DEVICE_ID_NVIDIA_CK804_PCIE;
	f->dev.error_state = pci_channel_io_normal;
	f->dev.cfg_size = PCI_CFG_SPACE_EXP_SIZE;
	INIT_HLIST_HEAD(&f->dev.saved_cap_space);
	write_lists(f, std, ext);
	return f;
}

static u32 fake_config(struct fake_function *f, int where, int size)
{
	u32 val;

	return fake_read(&f->bus, 0, where, size, &val) ? ~0 : val;
}

/*
 * What to find, by a copy of the loop in which Linux 7.3 walked config space,
 * from @start or from where the list begins.
 */
static u8 walk_std(struct fake_function *f, u8 start, int cap)
{
	int ttl = PCI_FIND_CAP_TTL;
	u16 header;
	u8 pos;

	if (!start && !(fake_config(f, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
		return 0;

	if (start)
		pos = start + PCI_CAP_LIST_NEXT;
	else if (f->dev.hdr_type == PCI_HEADER_TYPE_CARDBUS)
		pos = PCI_CB_CAPABILITY_LIST;
	else
		pos = PCI_CAPABILITY_LIST;

	for (pos = fake_config(f, pos, 1); ttl-- && pos >= 0x40; pos = header >> 8) {
		pos &= ~3;
		header = fake_config(f, pos, 2);
		if ((header & 0xff) == 0xff)
			return 0;
		if ((header & 0xff) == cap)
			return pos;
	}

	return 0;
}

static u16 walk_ext(struct fake_function *f, u16 start, int cap)
{
	u16 pos = start ?: PCI_CFG_SPACE_SIZE;
	int ttl = MAX_EXT_READS;
	u32 header;

	if (f->dev.cfg_size <= PCI_CFG_SPACE_SIZE)
		return 0;

	while (ttl-- && pos >= PCI_CFG_SPACE_SIZE) {
		if (f->absent)
			return 0;
		header = fake_config(f, pos, 4);
		if (header == 0)
			return 0;
		if (PCI_EXT_CAP_ID(header) == cap && pos != start)
			return pos;
		pos = PCI_EXT_CAP_NEXT(header);
	}

	return 0;
}

/*
 * Search for the next @cap after @start, or the first one.  It must be where a
 * walk finds it, which is returned, and must not take reads if it is known.
 */
static u16 search_std(struct kunit *test, struct fake_function *f, u16 start,
		      int cap)
{
	u8 expected = walk_std(f, start, cap), found;

	f->reads = 0;
	found = start ? pci_find_next_capability(&f->dev, start, cap) :
			pci_find_capability(&f->dev, cap);
	KUNIT_EXPECT_EQ_MSG(test, found, expected, "ID %#x after %#x", cap,
			    start);
	KUNIT_EXPECT_LE(test, f->reads,
			f->dev.cap_cache.known ? 0 : MAX_STD_READS);
	return expected;
}

static u16 search_ext(struct kunit *test, struct fake_function *f, u16 start,
		      int cap)
{
	u16 expected = walk_ext(f, start, cap), found;

	f->reads = 0;
	found = pci_find_next_ext_capability(&f->dev, start, cap);
	KUNIT_EXPECT_EQ_MSG(test, found, expected, "ID %#x after %#x", cap,
			    start);
	KUNIT_EXPECT_LE(test, f->reads,
			f->dev.cap_cache.ext_known ? 0 : MAX_EXT_READS);
	return expected;
}

static u8 find_exp(struct fake_function *f)
{
	return pci_find_capability(&f->dev, PCI_CAP_ID_EXP);
}

static u16 find_aer(struct fake_function *f)
{
	return pci_find_ext_capability(&f->dev, PCI_EXT_CAP_ID_ERR);
}

/* Search for @cap in both lists, and for those that follow, unless in a loop */
static void search_all(struct kunit *test, struct fake_function *f, int cap)
{
	u16 std = 0, ext = 0;
	int n = 0;

	do
		std = search_std(test, f, std, cap);
	while (std && n++ < 20);
	do
		ext = search_ext(test, f, ext, cap);
	while (ext && n++ < 40);
}

static const struct cap std_caps[] = {
	{ 0xc8, PCI_CAP_ID_PM }, { 0x40, PCI_CAP_ID_VNDR },
	{ 0x50, PCI_CAP_ID_HT }, { 0x60, PCI_CAP_ID_VNDR },
	{ 0x70, PCI_CAP_ID_HT }, { 0x80, PCI_CAP_ID_EXP },
	{ 0xfc, PCI_CAP_ID_VNDR }, { }
};

static const struct cap ext_caps[] = {
	{ 0x100, PCI_EXT_CAP_ID_ERR }, { 0xff8, PCI_EXT_CAP_ID_VNDR },
	{ 0x140, PCI_EXT_CAP_ID_DVSEC }, { 0x180, PCI_EXT_CAP_ID_VNDR },
	{ 0x1c0, 0xfffe }, { 0x200, PCI_EXT_CAP_ID_DVSEC }, { }
};

static const struct cap no_caps[] = { { } };

/* DSN, and AER that is not in the list */
static const struct cap dsn[] = { { 0x100, PCI_EXT_CAP_ID_DSN }, { } };

static void hide_aer(struct fake_function *f)
{
	write32(f, 0x200, 1 << 16 | PCI_EXT_CAP_ID_ERR);
}

static void caps_every_id(struct kunit *test)
{
	struct fake_function *f = new_function(test, std_caps, ext_caps);

	pci_cache_caps(&f->dev);
	/* Status, pointer, each header */
	KUNIT_EXPECT_EQ(test, f->reads,
			2 + ARRAY_SIZE(std_caps) + ARRAY_SIZE(ext_caps) - 2);
	KUNIT_EXPECT_TRUE(test, f->dev.cap_cache.known);
	KUNIT_EXPECT_TRUE(test, f->dev.cap_cache.ext_known);

	for (int cap = 0; cap <= 0x10000; cap++)
		search_all(test, f, cap);

	/* What is known is not read again */
	f->reads = 0;
	pci_cache_caps(&f->dev);
	KUNIT_EXPECT_EQ(test, f->reads, 0);
}

static void caps_from_anywhere(struct kunit *test)
{
	struct fake_function *f = new_function(test, std_caps, ext_caps);
	const int vndr = PCI_CAP_ID_VNDR, dvsec = PCI_EXT_CAP_ID_DVSEC;
	int from;

	pci_cache_caps(&f->dev);
	/* From outside of the list only config space can tell */
	for (from = PCI_STD_HEADER_SIZEOF; from < 0x100; from++)
		KUNIT_EXPECT_EQ(test, walk_std(f, from, vndr),
				pci_find_next_capability(&f->dev, from, vndr));
	for (from = 0x100; from < 0x1000; from += 4)
		KUNIT_EXPECT_EQ(test, walk_ext(f, from, dvsec),
				pci_find_next_ext_capability(&f->dev, from,
							     dvsec));
}

static void caps_that_come_twice(struct kunit *test)
{
	struct fake_function *f = new_function(test, std_caps, ext_caps);
	const int slave = HT_CAPTYPE_SLAVE;
	struct pci_dev *dev = &f->dev;

	f->config[0x53] = HT_CAPTYPE_MSI_MAPPING;
	f->config[0x73] = slave;
	write32(f, 0xff8 + PCI_VNDR_HEADER, 1);
	write32(f, 0x180 + PCI_VNDR_HEADER, 2);
	write32(f, 0x140 + PCI_DVSEC_HEADER1, PCI_VENDOR_ID_CXL);
	write32(f, 0x140 + PCI_DVSEC_HEADER2, 3);
	write32(f, 0x200 + PCI_DVSEC_HEADER1, PCI_VENDOR_ID_CXL);
	write32(f, 0x200 + PCI_DVSEC_HEADER2, 4);
	pci_cache_caps(&f->dev);

	/* One read of each, to tell them apart; of a DVSEC two */
	f->reads = 0;
	KUNIT_EXPECT_EQ(test, 0x70, pci_find_ht_capability(dev, slave));
	KUNIT_EXPECT_EQ(test, f->reads, 2);
	KUNIT_EXPECT_EQ(test, 0x70,
			pci_find_next_ht_capability(dev, 0x50, slave));
	KUNIT_EXPECT_EQ(test, 0,
			pci_find_next_ht_capability(dev, 0x70, slave));

	f->reads = 0;
	KUNIT_EXPECT_EQ(test, 0x180,
			pci_find_vsec_capability(dev, dev->vendor, 2));
	KUNIT_EXPECT_EQ(test, f->reads, 2);

	f->reads = 0;
	KUNIT_EXPECT_EQ(test, 0x200,
			pci_find_dvsec_capability(dev, PCI_VENDOR_ID_CXL, 4));
	KUNIT_EXPECT_EQ(test, f->reads, 4);
}

/* Dwords that change a list, and whether the cache can have it then */
struct malformed {
	const char *name;
	bool known, ext_known;
	struct {
		u16 where;
		u32 val;
	} dwords[3];
};

static const struct malformed malformed[] = {
	{ "right", true, true },
	{ "no lists", true, true, { { PCI_COMMAND, 0 }, { 0x100, 0 } } },
	{ "first pointer is 0", true, true, { { PCI_CAPABILITY_LIST, 0 } } },
	{ "first pointer is below 0x40", true, true,
	  { { PCI_CAPABILITY_LIST, 0x3c } } },
	{ "pointer is below 0x40", true, true, { { 0x50, 0x3f08 } } },
	{ "pointer is not aligned", true, true,
	  { { PCI_CAPABILITY_LIST, 0xcb }, { 0x50, 0x6308 } } },
	{ "loop of one", false, true, { { 0x60, 0x6009 } } },
	{ "loop of all", false, true, { { 0xfc, 0xc809 } } },
	{ "loop of HyperTransport", false, true,
	  { { 0x50, 0x7008 }, { 0x70, 0x5008 } } },
	{ "ID is 0xff", false, true, { { 0x60, 0x70ff } } },
	{ "header is all ones", false, true, { { 0x50, ~0 } } },
	{ "status, pointer and header are ones", false, true,
	  { { PCI_COMMAND, ~0 }, { PCI_CAPABILITY_LIST, ~0 }, { 0xfc, ~0 } } },
	{ "ID is 0", true, true, { { 0x60, 0x7000 } } },
	{ "extended pointer is below 0x100", true, true,
	  { { 0xff8, 0x0fc1000b } } },
	{ "extended pointer is not aligned", true, true,
	  { { 0xff8, 0x1431000b } } },
	{ "extended loop of one", true, false, { { 0x140, 0x14010023 } } },
	{ "extended loop of all", true, false, { { 0x200, 0x10010023 } } },
	{ "extended header is 0", true, true, { { 0x180, 0 } } },
	{ "extended header is all ones", true, false, { { 0x180, ~0 } } },
	{ "extended ID is 0", true, true, { { 0x100, 0x14010000 } } },
	{ "extended ID is 0xffff", true, true, { { 0x180, 0x1c01ffff } } },
	{ "extended list is all ones", true, false, { { 0x100, ~0 } } },
};

KUNIT_ARRAY_PARAM_DESC(malformed, malformed, name);

static void caps_malformed(struct kunit *test)
{
	const struct malformed *how = test->param_value;
	struct fake_function *f = new_function(test, std_caps, ext_caps);

	for (int i = 0; i < ARRAY_SIZE(how->dwords); i++)
		if (how->dwords[i].where)
			write32(f, how->dwords[i].where, how->dwords[i].val);
	pci_cache_caps(&f->dev);
	KUNIT_EXPECT_LE(test, f->reads,
			2 + 2 * (ARRAY_SIZE(f->dev.cap_cache.caps) + 1));
	KUNIT_EXPECT_EQ(test, f->dev.cap_cache.known, how->known);
	KUNIT_EXPECT_EQ(test, f->dev.cap_cache.ext_known, how->ext_known);

	for (int cap = 0; cap <= 0xff; cap++)
		search_all(test, f, cap);
	search_all(test, f, 0xffff);

	/* In a loop it must end, too */
	KUNIT_EXPECT_EQ(test, 0,
			pci_find_ht_capability(&f->dev, HT_CAPTYPE_HOST));
}

/* As many as fit, and one more */
static void caps_too_many(struct kunit *test)
{
	struct cap std[49] = { }, ext[200] = { };
	struct fake_function *f;

	for (int i = 0; i < 48; i++)
		std[i] = (struct cap){ 0x40 + 4 * i, i };
	for (int i = 0; i < 199; i++)
		ext[i] = (struct cap){ 0x100 + 8 * i, i };
	f = new_function(test, std, ext);

	for (int n = 0; n <= 48; n += 3) {
		for (int m = 25; m <= 32; m++) {
			int fits = ARRAY_SIZE(f->dev.cap_cache.caps);
			bool known = n <= fits;

			write_lists(f, &std[48 - n], no_caps);
			for (int i = 0; i < m; i++)
				write32(f, ext[i].pos, ext[i].id | 1 << 16 |
					(i < m - 1 ? ext[i + 1].pos : 0) << 20);
			pci_forget_caps(&f->dev);
			pci_cache_caps(&f->dev);
			KUNIT_EXPECT_EQ(test, f->dev.cap_cache.known, known);
			KUNIT_EXPECT_EQ(test, f->dev.cap_cache.ext_known,
					(known ? n : 0) + m <= fits);
			for (int cap = 0; cap < 50; cap++)
				search_all(test, f, cap);
		}
	}
}

static void caps_of_cardbus(struct kunit *test)
{
	struct fake_function *f = new_function(test, std_caps, no_caps);

	f->dev.hdr_type = PCI_HEADER_TYPE_CARDBUS;
	write32(f, PCI_CAPABILITY_LIST, 0);
	f->config[PCI_CB_CAPABILITY_LIST] = std_caps[0].pos;
	pci_cache_caps(&f->dev);
	KUNIT_EXPECT_EQ(test, find_exp(f), 0x80);
	for (int cap = 0; cap < 0x20; cap++)
		search_all(test, f, cap);
}

/* Extended config space is found, or found to be missing, later */
static void caps_cfg_size(struct kunit *test)
{
	struct fake_function *f = new_function(test, std_caps, ext_caps);

	f->dev.cfg_size = 0;
	pci_cache_caps(&f->dev);
	search_all(test, f, PCI_EXT_CAP_ID_DVSEC);

	f->dev.cfg_size = PCI_CFG_SPACE_EXP_SIZE;
	search_all(test, f, PCI_EXT_CAP_ID_DVSEC);
	pci_cache_caps(&f->dev);
	KUNIT_EXPECT_TRUE(test, f->dev.cap_cache.ext_known);
	search_all(test, f, PCI_EXT_CAP_ID_DVSEC);

	f->dev.cfg_size = 0xa0;
	search_all(test, f, PCI_EXT_CAP_ID_DVSEC);
	KUNIT_EXPECT_EQ(test, find_aer(f), 0);
}

/* A function that is not ready when it is set up */
static void caps_not_ready(struct kunit *test)
{
	struct fake_function *f = new_function(test, std_caps, ext_caps);

	f->absent = true;
	pci_cache_caps(&f->dev);
	KUNIT_EXPECT_EQ(test, find_exp(f), 0);
	KUNIT_EXPECT_EQ(test, find_aer(f), 0);

	f->absent = false;
	search_all(test, f, PCI_CAP_ID_EXP);
	KUNIT_EXPECT_EQ(test, find_exp(f), 0x80);
	KUNIT_EXPECT_EQ(test, find_aer(f), 0x100);
}

/* A function that is gone: once that is known, nothing is found */
static void caps_gone(struct kunit *test)
{
	struct fake_function *f = new_function(test, std_caps, ext_caps);

	pci_cache_caps(&f->dev);
	f->absent = true;
	KUNIT_EXPECT_EQ(test, find_exp(f), 0x80);

	pci_dev_set_io_state(&f->dev, pci_channel_io_frozen);
	KUNIT_EXPECT_EQ(test, find_exp(f), 0);
	pci_dev_set_io_state(&f->dev, pci_channel_io_normal);
	KUNIT_EXPECT_EQ(test, find_exp(f), 0x80);

	pci_dev_set_io_state(&f->dev, pci_channel_io_perm_failure);
	KUNIT_EXPECT_EQ(test, find_exp(f), 0);
	KUNIT_EXPECT_EQ(test, find_aer(f), 0);
}

static void user_writes_byte(struct fake_function *f)
{
	pci_user_write_config_byte(&f->dev, 0x40, 0);
}

static void user_writes_word(struct fake_function *f)
{
	pci_user_write_config_word(&f->dev, 0x40, 0);
}

static void user_writes_dword(struct fake_function *f)
{
	pci_user_write_config_dword(&f->dev, 0x40, 0);
}

static void restore_state(struct fake_function *f)
{
	pci_save_state(&f->dev);
	pci_restore_state(&f->dev);
}

static void reset_by_flr(struct fake_function *f)
{
	pcie_flr(&f->dev);
}

static void reset_function(struct fake_function *f)
{
	device_lock(&f->dev.dev);
	__pci_reset_function_locked(&f->dev);
	device_unlock(&f->dev.dev);
}

/* From D3hot, from where it comes uninitialized */
static void power_up(struct fake_function *f)
{
	f->dev.pm_cap = 0x40;
	f->config[0x40 + PCI_PM_CTRL] = (__force u8)PCI_D3hot;
	pci_power_up(&f->dev);
}

/* The function is behind a bridge with a bus that was reset */
static void bus_reset(struct fake_function *f)
{
	f->bridge.hdr_type = PCI_HEADER_TYPE_BRIDGE;
	f->bridge.error_state = pci_channel_io_normal;
	f->bridge.subordinate = &f->bus;
	list_add(&f->dev.bus_list, &f->bus.devices);
	pci_bridge_wait_for_secondary_bus(&f->bridge, "bus reset");
	list_del(&f->dev.bus_list);
}

static void final_quirk(struct fake_function *f)
{
	pci_fixup_device(pci_fixup_final, &f->dev);
}

static void resume_quirk(struct fake_function *f)
{
	pci_fixup_device(pci_fixup_resume_early, &f->dev);
}

struct event {
	const char *name;
	void (*happens)(struct fake_function *f);
	bool links_aer;		/* the event itself adds AER to the list */
};

static const struct event events[] = {
	{ "user writes a byte", user_writes_byte },
	{ "user writes a word", user_writes_word },
	{ "user writes a dword", user_writes_dword },
	{ "restore", restore_state },
	{ "FLR", reset_by_flr },
	{ "reset", reset_function },
	{ "power up from D3hot", power_up },
	{ "bus reset", bus_reset },
	{ "final quirk", final_quirk, true },
	{ "resume quirk", resume_quirk, true },
};

KUNIT_ARRAY_PARAM_DESC(events, events, name);

static void caps_forgotten(struct kunit *test)
{
	const struct event *event = test->param_value;
	struct fake_function *f = new_function(test, no_caps, dsn);

	if (event->links_aer && !IS_ENABLED(CONFIG_PCI_QUIRKS))
		kunit_skip(test, "the kernel has no quirks");

	hide_aer(f);
	f->dev.imm_ready = 1;
	pci_cache_caps(&f->dev);
	KUNIT_EXPECT_EQ(test, find_aer(f), 0);

	event->happens(f);
	if (!event->links_aer)
		link_aer(f);
	KUNIT_EXPECT_EQ(test, find_aer(f), 0x200);
	KUNIT_EXPECT_FALSE(test, f->dev.cap_cache.known);

	/* While a function is set up, it is read again */
	pci_cache_caps(&f->dev);
	KUNIT_EXPECT_TRUE(test, f->dev.cap_cache.ext_known);
	search_all(test, f, PCI_EXT_CAP_ID_ERR);
}

/* A list of up to 23 capabilities, of few IDs; every tenth has a wrong link */
static void write_random_list(struct fake_function *f, struct rnd_state *rnd,
			      bool ext)
{
	u16 first = ext ? 0x100 : 0x40, last = ext ? 0xffc : 0xfc, at, next;
	int n = prandom_u32_state(rnd) % 24;
	u32 id;

	if (!ext) {
		write32(f, PCI_COMMAND, prandom_u32_state(rnd) % 16 ?
			PCI_STATUS_CAP_LIST << 16 : 0);
		write32(f, PCI_CAPABILITY_LIST, n ? first : 0);
	}
	for (at = first; at <= last && n--; at = next) {
		next = at + (ext ? 8 + 4 * (prandom_u32_state(rnd) % 24) : 4);
		id = prandom_u32_state(rnd) % 24;
		if (!(prandom_u32_state(rnd) % 256))
			id = ext ? 0xffff : 0xff;
		if (!n)
			next = 0;
		if (!(prandom_u32_state(rnd) % 128))
			next = prandom_u32_state(rnd) % (ext ? 0x1000 : 0x100);
		write32(f, at, ext ? (u32)next << 20 | id : next << 8 | id);
		if (next <= at)
			return;
	}
}

#define RANDOM_LISTS	10000

static void caps_random(struct kunit *test)
{
	struct fake_function *f = new_function(test, no_caps, no_caps);
	struct rnd_state rnd;
	int known = 0;

	for (int seed = 1; seed <= RANDOM_LISTS; seed++) {
		/* What comes first after small seeds is all alike */
		prandom_seed_state(&rnd, seed);
		for (int i = 0; i < 10; i++)
			prandom_u32_state(&rnd);
		write_lists(f, no_caps, no_caps);
		write_random_list(f, &rnd, false);
		write_random_list(f, &rnd, true);
		pci_forget_caps(&f->dev);
		pci_cache_caps(&f->dev);
		known += f->dev.cap_cache.known + f->dev.cap_cache.ext_known;
		for (int cap = 0; cap < 25; cap++)
			search_all(test, f, cap);
		if (test->status == KUNIT_FAILURE) {
			kunit_err(test, "with seed %d", seed);
			return;
		}
	}

	/* Lists of both kinds were tried */
	KUNIT_EXPECT_GT(test, known, RANDOM_LISTS);
	KUNIT_EXPECT_LT(test, known, 2 * RANDOM_LISTS - RANDOM_LISTS / 10);
}

static struct kunit_case caps_cases[] = {
	KUNIT_CASE(caps_every_id),
	KUNIT_CASE(caps_from_anywhere),
	KUNIT_CASE(caps_that_come_twice),
	KUNIT_CASE_PARAM(caps_malformed, malformed_gen_params),
	KUNIT_CASE(caps_too_many),
	KUNIT_CASE(caps_of_cardbus),
	KUNIT_CASE(caps_cfg_size),
	KUNIT_CASE(caps_not_ready),
	KUNIT_CASE(caps_gone),
	KUNIT_CASE_PARAM(caps_forgotten, events_gen_params),
	KUNIT_CASE_SLOW(caps_random),
	{ }
};

static struct kunit_suite caps_suite = {
	.name = "pci_caps",
	.test_cases = caps_cases,
};

kunit_test_suite(caps_suite);

MODULE_DESCRIPTION("KUnit tests of the search for PCI capabilities");
MODULE_LICENSE("GPL");
