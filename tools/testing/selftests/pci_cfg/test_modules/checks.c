// SPDX-License-Identifier: GPL-2.0
/*
 * The file "checks": do the methods that reach configuration space agree?
 *
 * Every disagreement is noted, and every register that was not judged because
 * it changes by itself.
 */

#include <linux/cpufeature.h>
#include <linux/device.h>
#include <linux/gcd.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seq_buf.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "pci_cfg_test.h"

/* Notes on one check, and room for all of them. */
#define MAX_NOTES	8
#define REPORT_SIZE	SZ_16K

/* All bits of a register of so many bytes */
#define ONES(width)	((u32)GENMASK((width) * 8 - 1, 0))

/* How often a register about which two methods disagree is read again. */
#define REREADS		16

struct outcome {
	const struct check *check;
	const char *skip;	/* why there was something not to compare */
	unsigned int functions;
	unsigned int skipped;
	unsigned int registers;	/* compared; 0 means that the check says nothing */
	unsigned int changing;	/* of them, not judged: they change by themselves */
	unsigned int wrong;
	unsigned int notes;
};

/* In place of a method: the one that serves registers below 256. */
#define SERVING		NR_METHODS

/* A check of two methods on each function, at one width. */
struct check {
	const char *name;
	void (*run)(struct outcome *o, const struct check *check);
	enum method_id a;	/* in check_write() the one that writes */
	enum method_id b;
	int width;
	bool extended;		/* registers from 256 on, not those below */
};

/* The functions of domain 0, and when the check that runs has to end. */
static struct pci_dev **functions;
static unsigned int nr_functions;
static u64 check_end;

/* What is read from the file. */
static char report_text[REPORT_SIZE];
static struct seq_buf report;
static DEFINE_MUTEX(checks_lock);

/* A register, or at width 1 and 2 a part of one. */
struct place {
	unsigned int bus;
	unsigned int devfn;
	int reg;
	int width;
};

static __printf(2, 3) void note(struct outcome *o, const char *fmt, ...)
{
	struct va_format text = { .fmt = fmt };
	va_list args;

	if (o->notes++ >= MAX_NOTES)
		return;
	va_start(args, fmt);
	text.va = &args;
	seq_buf_printf(&report, "note=%s %pV\n", o->check->name, &text);
	va_end(args);
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

static void put(enum method_id id, const struct place *p, u32 val)
{
	methods[id].ops->write(0, p->bus, p->devfn, p->reg, p->width, val);
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

/* Return method b of the check, NR_METHODS if it is SERVING and neither serves. */
static enum method_id other_method(const struct check *c, const struct pci_dev *dev)
{
	int id = c->b;

	if (id == SERVING)
		id = method_find(method_serves(METHOD_RAW, dev->bus->number, dev->devfn));
	return id < 0 ? NR_METHODS : id;
}

/* Return NULL, or why these two can not be compared. */
static const char *why_not(enum method_id a, enum method_id b, const struct pci_dev *dev)
{
	if (b == NR_METHODS)
		return "neither type 1 nor ECAM serves";
	return method_unavailable(a, dev->bus->number, dev->devfn) ?:
	       method_unavailable(b, dev->bus->number, dev->devfn);
}

/* Every aligned register from first up to, not including, end. */
static void compare_function(struct outcome *o, const struct check *c,
			     struct pci_dev *dev, int first, int end)
{
	struct place p = { dev->bus->number, dev->devfn, first, c->width };
	enum method_id b;

	/* A function that sleeps may not answer, or not the same twice. */
	pm_runtime_get_sync(&dev->dev);
	b = other_method(c, dev);
	o->skip = why_not(c->a, b, dev);
	if (o->skip)
		o->skipped++;
	else
		o->functions++;
	for (; !o->skip && p.reg < end; p.reg += c->width) {
		compare_register(o, &p, c->a, b);
		cond_resched();
	}
	pm_runtime_put(&dev->dev);
}

/* Hold a reference to each function, in an array: return -ENOMEM, or 0. */
static int find_functions(void)
{
	struct pci_dev *dev = NULL;
	unsigned int room = 0;

	while ((dev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, dev)))
		room++;
	functions = kvcalloc(room, sizeof(*functions), GFP_KERNEL);
	if (!functions)
		return -ENOMEM;

	nr_functions = 0;
	while ((dev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, dev))) {
		if (nr_functions < room && !pci_domain_nr(dev->bus))
			functions[nr_functions++] = pci_dev_get(dev);
	}
	return 0;
}

static void put_functions(void)
{
	while (nr_functions)
		pci_dev_put(functions[--nr_functions]);
	kvfree(functions);
}

/*
 * Return the function that a check tries next, after nr others: NULL after all of
 * them, or when one was compared and time is up. Those that are left out then are
 * spread over the machine.
 */
static struct pci_dev *next_function(struct outcome *o, unsigned int nr)
{
	unsigned int stride = nr_functions * 5 / 8 + 1;

	if (nr == nr_functions || fatal_signal_pending(current))
		return NULL;
	if (o->functions && ktime_get_ns() >= check_end) {
		note(o, "there was time for %u of %u functions", nr, nr_functions);
		return NULL;
	}
	while (gcd(stride, nr_functions) != 1)
		stride++;
	return functions[nr * stride % nr_functions];
}

/*
 * Type 1 is no judge of registers from 256 on: it reaches them only on AMD
 * processors with extended I/O configuration, elsewhere it returns those below
 * 256 instead.
 */
static void check_reads(struct outcome *o, const struct check *c)
{
	struct pci_dev *dev;
	unsigned int nr;

	o->skip = "there is no such register";
	for (nr = 0; (dev = next_function(o, nr)); nr++) {
		if (!c->extended)
			compare_function(o, c, dev, 0, PCI_CFG_SPACE_SIZE);
		else if (dev->cfg_size > PCI_CFG_SPACE_SIZE)
			compare_function(o, c, dev, PCI_CFG_SPACE_SIZE, dev->cfg_size);
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
static void check_absent(struct outcome *o, const struct check *c)
{
	enum method_id a = method_unavailable(METHOD_TYPE1, 0, 0) ? METHOD_RAW : METHOD_TYPE1;
	enum method_id b = method_unavailable(METHOD_ECAM, 0, 0) ? METHOD_RAW : METHOD_ECAM;
	struct place p = { .reg = PCI_VENDOR_ID };
	unsigned int absent = 0;
	struct pci_dev *dev;
	u64 ids;

	o->skip = method_unavailable(METHOD_RAW, 0, 0);
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
		if (ids != ONES(4)) {
			note(o, "0000:00:%02x.%x is unknown to Linux but reads 0x%08llx",
			     PCI_SLOT(p.devfn), PCI_FUNC(p.devfn), ids);
			continue;
		}
		absent++;
		for (p.width = 2; p.width >= 1; p.width--) {
			see(o, &p, a, ONES(p.width), "of no function");
			see(o, &p, b, ONES(p.width), "of no function");
		}
		cond_resched();
	}
	if (!absent) {
		o->wrong++;
		note(o, "no function of bus 0 reads all ones");
	}
}

/*
 * Do both methods reach the same function, and the same registers? If not, a write
 * could land in another function, which may have a driver.
 */
static bool same_function(struct place p, enum method_id a, enum method_id b)
{
	for (p.width = 4, p.reg = 0; p.reg < PCI_CFG_SPACE_SIZE; p.reg += 4) {
		if (get(a, &p) != get(b, &p))
			return false;
	}
	return true;
}

/* Does a write by the method show in what it reads? */
static bool is_writable(enum method_id id, const struct place *p)
{
	u64 old = get(id, p), seen;

	put(id, p, old ^ ONES(p->width));
	seen = get(id, p);
	put(id, p, old);
	return seen == (old ^ ONES(p->width));
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
 * What one method writes the other one must see. A function that has a driver is
 * left alone, and the lock keeps drivers from the others meanwhile. The Interrupt
 * Line register is for software (PCI Local Bus Specification 3.0, 6.2.4), except on
 * VIA's chipsets: see quirk_via_vlink(). It may be read-only in a function without
 * an interrupt pin. One method that can write it is enough: the other may lose it.
 */
static void check_write(struct outcome *o, const struct check *c)
{
	const char *why = "no function without a driver has a writable Interrupt Line register";
	enum method_id reader;
	struct pci_dev *dev;
	unsigned int nr;

	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR)) {
		o->skip = "nothing is written on bare metal";
		return;
	}
	o->skip = why;
	for (nr = 0; (dev = next_function(o, nr)); nr++) {
		struct place p = { dev->bus->number, dev->devfn, PCI_INTERRUPT_LINE, c->width };

		if (!device_trylock(&dev->dev))
			continue;
		if (!dev->dev.driver) {
			pm_runtime_get_sync(&dev->dev);
			reader = other_method(c, dev);
			o->skip = why_not(c->a, reader, dev);
			if (!o->skip && !same_function(p, c->a, reader))
				o->skip = "the methods differ, so a write could go astray";
			if (!o->skip && (is_writable(c->a, &p) || is_writable(reader, &p)))
				write_scratch(o, &p, c->a, reader);
			o->skip = o->skip ?: why;
			pm_runtime_put(&dev->dev);
		}
		device_unlock(&dev->dev);
	}
}

static const struct check checks[] = {
	{ "width_1",		check_reads,	METHOD_TYPE1,	METHOD_ECAM,	1 },
	{ "width_2",		check_reads,	METHOD_TYPE1,	METHOD_ECAM,	2 },
	{ "width_4",		check_reads,	METHOD_TYPE1,	METHOD_ECAM,	4 },
	{ "extended_1",		check_reads,	METHOD_RAW,	METHOD_ECAM,	1, true },
	{ "extended_2",		check_reads,	METHOD_RAW,	METHOD_ECAM,	2, true },
	{ "extended_4",		check_reads,	METHOD_RAW,	METHOD_ECAM,	4, true },
	{ "dispatch_1",		check_reads,	METHOD_RAW,	SERVING,	1 },
	{ "dispatch_2",		check_reads,	METHOD_RAW,	SERVING,	2 },
	{ "dispatch_4",		check_reads,	METHOD_RAW,	SERVING,	4 },
	{ "absent",		check_absent },
	{ "write_type1",	check_write,	METHOD_TYPE1,	METHOD_ECAM,	1 },
	{ "write_ecam",		check_write,	METHOD_ECAM,	METHOD_TYPE1,	1 },
	{ "write_raw",		check_write,	METHOD_RAW,	SERVING,	1 },
};

static void run_check(const struct check *c)
{
	struct outcome o = { .check = c };

	c->run(&o, c);
	if (!o.registers) {
		seq_buf_printf(&report, "check=%s result=skip why=%s\n", c->name, o.skip);
		return;
	}
	if (o.notes > MAX_NOTES)
		seq_buf_printf(&report, "note=%s and %u more\n", c->name, o.notes - MAX_NOTES);
	seq_buf_printf(&report, "check=%s result=%s functions=%u skipped=%u",
		       c->name, o.wrong ? "fail" : "pass", o.functions, o.skipped);
	seq_buf_printf(&report, " registers=%u changing=%u wrong=%u\n",
		       o.registers, o.changing, o.wrong);
}

/* Run all of them; each may take its part of the time that is left. */
static int run_checks(void)
{
	u64 end = ktime_get_ns() + (u64)param_seconds * NSEC_PER_SEC;
	unsigned int i;
	int ret;

	seq_buf_init(&report, report_text, sizeof(report_text));
	ret = find_functions();
	for (i = 0; !ret && i < ARRAY_SIZE(checks); i++) {
		check_end = ktime_get_ns();
		if (check_end < end)
			check_end += div_u64(end - check_end, ARRAY_SIZE(checks) - i);
		run_check(&checks[i]);
		if (fatal_signal_pending(current))
			ret = -EINTR;
	}
	put_functions();
	return ret;
}

static ssize_t checks_write(struct file *file, const char __user *from,
			    size_t len, loff_t *ppos)
{
	int ret;

	if (mutex_lock_interruptible(&checks_lock))
		return -EINTR;
	ret = run_checks();
	mutex_unlock(&checks_lock);
	return ret ?: len;
}

static int checks_show(struct seq_file *s, void *unused)
{
	if (mutex_lock_interruptible(&checks_lock))
		return -EINTR;
	seq_write(s, report_text, seq_buf_used(&report));
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
