// SPDX-License-Identifier: GPL-2.0
/*
 * The file "checks": do the methods that reach configuration space agree?
 *
 * Every disagreement is noted, and every register that was not judged because
 * it changes by itself.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <asm/pci_base_access_query.h>

#include "pci_cfg_test.h"

#define NOTE_SIZE	128
#define NOTES_SIZE	1024

/* How often a register about which two methods disagree is read again. */
#define REREADS		16

struct outcome {
	const char *skip;	/* why there was something not to compare */
	unsigned int functions;
	unsigned int registers;	/* compared; 0 means that the check says nothing */
	unsigned int changing;	/* of them, not judged: they change by themselves */
	unsigned int wrong;
	unsigned int not_noted;	/* notes for which there was no room */
	size_t notes_len;
	char notes[NOTES_SIZE];
};

/* A register, or at width 1 and 2 a part of one. */
struct place {
	unsigned int bus;
	unsigned int devfn;
	int reg;
	int width;
};

static __printf(2, 3) void note(struct outcome *o, const char *fmt, ...)
{
	va_list args;

	if (NOTES_SIZE - o->notes_len <= NOTE_SIZE) {
		o->not_noted++;
		return;
	}
	va_start(args, fmt);
	o->notes_len += vscnprintf(o->notes + o->notes_len, NOTE_SIZE - 1, fmt, args);
	va_end(args);
	o->notes[o->notes_len++] = '\n';
}

static u32 ones(int width)
{
	return GENMASK(width * 8 - 1, 0);
}

/*
 * A method that is available must not fail: an error becomes a value that no
 * method can read, and that no two methods share.
 */
static u64 get(enum method_id id, const struct place *p)
{
	u32 val;

	if (methods[id].ops->read(0, p->bus, p->devfn, p->reg, p->width, &val))
		return U64_MAX - id;
	return val;
}

static int put(enum method_id id, const struct place *p, u32 val)
{
	return methods[id].ops->write(0, p->bus, p->devfn, p->reg, p->width, val);
}

/* Set all bits of every byte in which a bit is set. */
static u64 whole_bytes(u64 bits)
{
	u64 mask = 0;
	int shift;

	for (shift = 0; shift < 64; shift += 8) {
		if (bits >> shift & 0xff)
			mask |= 0xffULL << shift;
	}
	return mask;
}

/*
 * A byte may differ because it changes by itself. Believe that when the first
 * method sees it change, and the second one does too or agrees in the end. A
 * byte that changes for one method only is one which that method gets wrong.
 */
static void reread_register(struct outcome *o, const struct place *p,
			    enum method_id a, enum method_id b, u64 va, u64 vb)
{
	u64 differs = va ^ vb, changed_a = 0, changed_b = 0;
	u64 na, nb, excused;
	bool wrong;
	int i;

	for (i = 0; i < REREADS; i++) {
		na = get(a, p);
		nb = get(b, p);
		changed_a |= na ^ va;
		changed_b |= nb ^ vb;
		differs |= na ^ nb;
	}

	excused = whole_bytes(changed_a) &
		  (whole_bytes(changed_b) | ~whole_bytes(na ^ nb));
	wrong = whole_bytes(differs) & ~excused;
	if (wrong)
		o->wrong++;
	else
		o->changing++;

	note(o, "0000:%02x:%02x.%x register 0x%03x width %d %s: %s 0x%0*llx, %s 0x%0*llx",
	     p->bus, PCI_SLOT(p->devfn), PCI_FUNC(p->devfn), p->reg, p->width,
	     wrong ? "differs" : "changes by itself",
	     methods[a].name, p->width * 2, va, methods[b].name, p->width * 2, vb);
}

/* Return what method a reads. */
static u64 compare_register(struct outcome *o, const struct place *p,
			    enum method_id a, enum method_id b)
{
	u64 va = get(a, p);
	u64 vb = get(b, p);

	o->registers++;
	if (va != vb)
		reread_register(o, p, a, b, va, vb);
	return va;
}

/* Every aligned register from first up to, not including, end. */
static void compare_function(struct outcome *o, struct pci_dev *dev, int first,
			     int end, int width, enum method_id a, enum method_id b)
{
	struct place p = {
		.bus = dev->bus->number, .devfn = dev->devfn, .width = width,
	};
	const char *why = method_unavailable(a, p.bus);

	if (!why)
		why = method_unavailable(b, p.bus);
	if (why) {
		o->skip = why;
		note(o, "0000:%02x:%02x.%x is not compared: %s", p.bus,
		     PCI_SLOT(p.devfn), PCI_FUNC(p.devfn), why);
		return;
	}

	/* A function that sleeps may not answer, or not the same twice. */
	pm_runtime_get_sync(&dev->dev);
	o->functions++;
	for (p.reg = first; p.reg < end; p.reg += width) {
		compare_register(o, &p, a, b);
		cond_resched();
	}
	pm_runtime_put(&dev->dev);
}

/*
 * The next function of domain 0, or NULL; NULL as well when the task was
 * killed. It holds a reference as pci_get_device() does.
 */
static struct pci_dev *next_function(struct pci_dev *dev)
{
	do {
		dev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, dev);
	} while (dev && pci_domain_nr(dev->bus));

	if (dev && fatal_signal_pending(current)) {
		pci_dev_put(dev);
		return NULL;
	}
	return dev;
}

/* Return the method that serves registers below 256, NR_METHODS if neither. */
static enum method_id serving_method(unsigned int bus)
{
	struct pci_base_access_info info;

	pci_base_access_query(bus, &info);
	switch (info.method) {
	case PCI_BASE_TYPE1:
		return METHOD_TYPE1;
	case PCI_BASE_ECAM:
		return METHOD_ECAM;
	default:
		return NR_METHODS;
	}
}

/* What the kernel says it uses it must also say to be usable; for every bus. */
static void check_query(struct outcome *o, int unused)
{
	struct pci_base_access_info info;
	unsigned int bus;
	bool usable;

	for (bus = 0; bus < 256; bus++) {
		pci_base_access_query(bus, &info);
		switch (info.method) {
		case PCI_BASE_TYPE1:
			usable = !info.no_type1;
			break;
		case PCI_BASE_ECAM:
			usable = !info.no_ecam;
			break;
		default:
			usable = true;
			break;
		}
		o->registers++;
		if (usable && info.reason)
			continue;
		o->wrong++;
		note(o, "bus %02x is served by %s, unusable because: %s", bus,
		     method_serves(METHOD_RAW, bus),
		     info.no_type1 ?: info.no_ecam ?: "no reason given");
	}
}

/* Below 256, by type 1 and by ECAM. */
static void check_width(struct outcome *o, int width)
{
	struct pci_dev *dev = NULL;

	o->skip = "domain 0 has no function";
	while ((dev = next_function(dev)))
		compare_function(o, dev, 0, PCI_CFG_SPACE_SIZE, width,
				 METHOD_TYPE1, METHOD_ECAM);
}

/*
 * From 256 on. Type 1 is no judge there: it reaches these registers only on
 * AMD processors with extended I/O configuration, elsewhere it returns those
 * below 256 instead.
 */
static void check_extended(struct outcome *o, int width)
{
	struct pci_dev *dev = NULL;

	o->skip = "no function has registers above 255";
	while ((dev = next_function(dev))) {
		if (dev->cfg_size > PCI_CFG_SPACE_SIZE)
			compare_function(o, dev, PCI_CFG_SPACE_SIZE,
					 dev->cfg_size, width, METHOD_RAW,
					 METHOD_ECAM);
	}
}

/* raw_pci_read() must return what the method it is said to use returns. */
static void check_dispatch(struct outcome *o, int width)
{
	struct pci_dev *dev = NULL;

	o->skip = "neither type 1 nor ECAM serves";
	while ((dev = next_function(dev))) {
		enum method_id id = serving_method(dev->bus->number);

		if (id != NR_METHODS)
			compare_function(o, dev, 0, PCI_CFG_SPACE_SIZE, width,
					 METHOD_RAW, id);
	}
}

/* Does the reader see the value that it must? */
static bool see(struct outcome *o, const struct place *p, enum method_id reader,
		u64 expected, const char *when)
{
	u64 seen = get(reader, p);

	o->registers++;
	if (seen == expected)
		return true;
	o->wrong++;
	note(o, "0000:%02x:%02x.%x register 0x%03x %s: %s reads 0x%02llx, not 0x%02llx",
	     p->bus, PCI_SLOT(p->devfn), PCI_FUNC(p->devfn), p->reg, when,
	     methods[reader].name, seen, expected);
	return false;
}

/*
 * Where bus 0 has no function each available method must read all ones. What
 * answers though Linux does not know it, say a function that firmware hides, is
 * only compared.
 */
static void check_absent(struct outcome *o, int unused)
{
	enum method_id a = method_unavailable(METHOD_TYPE1, 0) ? METHOD_RAW : METHOD_TYPE1;
	enum method_id b = method_unavailable(METHOD_ECAM, 0) ? METHOD_RAW : METHOD_ECAM;
	struct place p = { .reg = PCI_VENDOR_ID };
	unsigned int absent = 0;
	struct pci_dev *dev;
	u64 ids;

	o->skip = method_unavailable(METHOD_RAW, 0);
	if (!o->skip && !pci_find_bus(0, 0))
		o->skip = "there is no bus 0";
	if (o->skip)
		return;

	for (p.devfn = 0; p.devfn < 256; p.devfn++) {
		dev = pci_get_domain_bus_and_slot(0, 0, p.devfn);
		if (dev) {
			pci_dev_put(dev);
			continue;
		}
		o->functions++;
		p.width = 4;
		ids = compare_register(o, &p, a, b);
		if (ids != ones(4)) {
			note(o, "0000:00:%02x.%x is unknown to Linux but reads 0x%08llx",
			     PCI_SLOT(p.devfn), PCI_FUNC(p.devfn), ids);
			continue;
		}
		absent++;
		for (p.width = 2; p.width >= 1; p.width--) {
			see(o, &p, a, ones(p.width), "of no function");
			see(o, &p, b, ones(p.width), "of no function");
		}
		cond_resched();
	}
	if (!absent) {
		o->wrong++;
		note(o, "no function of bus 0 reads all ones");
	}
}

/*
 * The Interrupt Line register tells software about interrupt routing, the
 * function itself makes no use of it (PCI Local Bus Specification 3.0, 6.2.4);
 * Linux has read it long ago. It may be read-only in a function without an
 * interrupt pin. To find it writable one method's word is enough: what the
 * other one writes may get lost.
 */
static bool is_scratch(const struct place *p)
{
	static const enum method_id ids[] = { METHOD_TYPE1, METHOD_ECAM };
	bool found = false;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ids) && !found; i++) {
		u64 old;

		if (method_unavailable(ids[i], p->bus))
			continue;
		old = get(ids[i], p);
		put(ids[i], p, old ^ ones(p->width));
		found = get(ids[i], p) == (old ^ ones(p->width));
		put(ids[i], p, old);
	}
	return found;
}

static void write_scratch(struct outcome *o, const struct place *p,
			  enum method_id writer, enum method_id reader)
{
	static const u8 patterns[] = { 0xff, 0x55, 0xaa };
	u64 old = get(writer, p);
	unsigned int i;

	o->functions++;
	if (!see(o, p, reader, old, "before the first write"))
		return;
	for (i = 0; i < ARRAY_SIZE(patterns); i++) {
		put(writer, p, old ^ patterns[i]);
		see(o, p, writer, old ^ patterns[i], "after a write");
		see(o, p, reader, old ^ patterns[i], "after a write");
	}
	put(writer, p, old);
	if (!see(o, p, reader, old, "after it was restored"))
		put(reader, p, old);
}

/*
 * What one method writes the other one must see.
 * @writer: METHOD_TYPE1, METHOD_ECAM, or METHOD_RAW, which is read back by the
 * method that serves
 */
static void check_write(struct outcome *o, int writer)
{
	struct pci_dev *dev = NULL;

	o->skip = "no function has a writable Interrupt Line register";
	while ((dev = next_function(dev))) {
		struct place p = { dev->bus->number, dev->devfn, PCI_INTERRUPT_LINE, 1 };
		enum method_id reader;
		const char *why;

		if (writer == METHOD_RAW)
			reader = serving_method(p.bus);
		else
			reader = writer == METHOD_TYPE1 ? METHOD_ECAM : METHOD_TYPE1;

		if (reader == NR_METHODS)
			why = "neither type 1 nor ECAM serves";
		else
			why = method_unavailable(writer, p.bus) ?:
			      method_unavailable(reader, p.bus);
		if (why) {
			o->skip = why;
			continue;
		}

		pm_runtime_get_sync(&dev->dev);
		if (is_scratch(&p))
			write_scratch(o, &p, writer, reader);
		pm_runtime_put(&dev->dev);
		if (o->functions) {
			pci_dev_put(dev);
			return;
		}
	}
}

static const struct check {
	const char *name;
	void (*run)(struct outcome *o, int arg);
	int arg;
} checks[] = {
	{ "query",		check_query },
	{ "width_1",		check_width,	1 },
	{ "width_2",		check_width,	2 },
	{ "width_4",		check_width,	4 },
	{ "extended_1",		check_extended,	1 },
	{ "extended_2",		check_extended,	2 },
	{ "extended_4",		check_extended,	4 },
	{ "dispatch_1",		check_dispatch,	1 },
	{ "dispatch_2",		check_dispatch,	2 },
	{ "dispatch_4",		check_dispatch,	4 },
	{ "absent",		check_absent },
	{ "write_type1",	check_write,	METHOD_TYPE1 },
	{ "write_ecam",		check_write,	METHOD_ECAM },
	{ "write_raw",		check_write,	METHOD_RAW },
};

static struct outcome outcomes[ARRAY_SIZE(checks)];
static bool checked;
static DEFINE_MUTEX(checks_lock);

static ssize_t checks_write(struct file *file, const char __user *from,
			    size_t len, loff_t *ppos)
{
	char buf[WORD_SIZE], *word;
	unsigned int i;
	bool killed;

	word = get_word(buf, from, len);
	if (IS_ERR(word))
		return PTR_ERR(word);
	if (strcmp(word, "1"))
		return -EINVAL;

	if (mutex_lock_interruptible(&checks_lock))
		return -EINTR;
	memset(outcomes, 0, sizeof(outcomes));
	for (i = 0; i < ARRAY_SIZE(checks); i++)
		checks[i].run(&outcomes[i], checks[i].arg);
	killed = fatal_signal_pending(current);
	checked = !killed;
	mutex_unlock(&checks_lock);
	return killed ? -EINTR : len;
}

static void show_outcome(struct seq_file *s, const char *name,
			 const struct outcome *o)
{
	const char *line = o->notes;

	if (!o->registers) {
		seq_printf(s, "check=%s result=skip why=%s\n", name, o->skip);
		return;
	}

	seq_printf(s, "check=%s result=%s functions=%u registers=%u changing=%u wrong=%u\n",
		   name, o->wrong ? "fail" : "pass", o->functions,
		   o->registers, o->changing, o->wrong);
	while (*line) {
		int len = strcspn(line, "\n");

		seq_printf(s, "note=%s %.*s\n", name, len, line);
		line += len + 1;
	}
	if (o->not_noted)
		seq_printf(s, "note=%s and %u more\n", name, o->not_noted);
}

static int checks_show(struct seq_file *s, void *unused)
{
	unsigned int i;

	if (mutex_lock_interruptible(&checks_lock))
		return -EINTR;
	for (i = 0; i < ARRAY_SIZE(checks) && checked; i++)
		show_outcome(s, checks[i].name, &outcomes[i]);
	mutex_unlock(&checks_lock);
	return 0;
}

static int checks_open(struct inode *inode, struct file *file)
{
	return single_open(file, checks_show, NULL);
}

const struct file_operations checks_fops = {
	.owner		= THIS_MODULE,
	.open		= checks_open,
	.read		= seq_read,
	.write		= checks_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};
