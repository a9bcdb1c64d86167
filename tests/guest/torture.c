// SPDX-License-Identifier: GPL-2.0
/*
 * torture - read configuration space on every processor while others write to it, plug,
 * unplug, renumber buses, reset them, and enable virtual functions
 *
 *   torture SECONDS
 *
 * A thread on each processor reads registers that others change, in a loop. Each
 * read must give one of the values that the register has in turn: anything else is
 * torn, or of another function. Each of the others reads after each of its writes what
 * is to be seen from then on: anything else is stale.
 *
 * Its output is KTAP. For a machine with the functions below, and a kernel that leaves
 * the ports to us (pcie_ports=compat). "ask plug-..." are those that --on of vm has.
 */

#define _GNU_SOURCE
#include <linux/pci_regs.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ecam.h"

/* The machine of tests/mapped-torture */
#define HOT_PORT	BDF(0, 2, 0)	/* nothing is plugged in */
#define MOVED_PORT	BDF(0, 3, 0)	/* with a device, whose bus is renumbered */
#define SRIOV_PORT	BDF(0, 4, 0)	/* with an igb */
#define SPARE_PORT	BDF(0, 5, 0)	/* nothing will be */
#define FIRST_MSI	BDF(0, 6, 0)	/* two devices without a driver that have MSI */
#define SECOND_MSI	BDF(0, 7, 0)
#define NOTHING		BDF(0, 0x1e, 0)
#define NO_BUS		BDF(0xfe, 0, 0)

/* Bus numbers that nobody has */
#define FIRST_BUS	0x40
#define SECOND_BUS	0x41

#define VIRTIO_RNG	0x10441af4
#define E1000E		0x10d38086

#define NR_VFS		7
/* Any value of that register */
#define CACHE_LINE	0x10
/* How long a device may take to be there after we have asked for it */
#define PLUG_SECONDS	60
#define MAX_PROCESSORS	64

/* A register that changes, and the values that it may have meanwhile. */
static struct watched {
	const char *what;
	unsigned int bdf, reg, width;
	unsigned int nr_values;
	uint32_t values[4];
} watched[] = {
	{ "the address of an MSI", FIRST_MSI, 0, 32, 4,
	  { 0, 0xffffffff, 0x5555aaaa, 0xaaaa5555 } },
	{ "the data of an MSI", SECOND_MSI, 0, 16, 4,
	  { 0, 0xffff, 0x55aa, 0xaa55 } },
	{ "the base of a window", SPARE_PORT, PCI_PREF_BASE_UPPER32, 32, 4,
	  { 0, 0xffffffff, 0x5555aaaa, 0xaaaa5555 } },
	{ "what is plugged", 0, PCI_VENDOR_ID, 32, 3, { ABSENT, VIRTIO_RNG, E1000E } },
	{ "a bus number", BDF(FIRST_BUS, 0, 0), PCI_VENDOR_ID, 32, 2, { ABSENT, E1000E } },
	{ "another one", BDF(SECOND_BUS, 0, 0), PCI_VENDOR_ID, 32, 2, { ABSENT, E1000E } },
	{ "the first virtual function", 0, PCI_CLASS_REVISION, 32, 2, { ABSENT, 0 } },
	{ "the last virtual function", 0, PCI_CLASS_REVISION, 32, 2, { ABSENT, 0 } },
	/* These don't. */
	{ "nothing", NOTHING, PCI_VENDOR_ID, 32, 1, { ABSENT } },
	{ "no bus", NO_BUS, PCI_VENDOR_ID, 32, 1, { ABSENT } },
};

enum { MSI_ADDRESS, MSI_DATA, WINDOW_BASE, PLUGGED, MOVED_1, MOVED_2, FIRST_VF, LAST_VF };
#define NR_WATCHED	(sizeof(watched) / sizeof(watched[0]))

static atomic_bool stop;
static atomic_ulong reads, changes_seen[NR_WATCHED];
static char failure[256];
static pthread_mutex_t failure_lock = PTHREAD_MUTEX_INITIALIZER;

/* The first one counts; after it everything ends. */
static void report(const char *kind, const struct watched *w, uint32_t value)
{
	pthread_mutex_lock(&failure_lock);
	if (!failure[0])
		snprintf(failure, sizeof(failure), "%s value: %s (%02x:%02x.%x register %#x) is %#x",
			 kind, w->what, w->bdf >> 8, w->bdf >> 3 & 0x1f, w->bdf & 7, w->reg, value);
	pthread_mutex_unlock(&failure_lock);
	stop = true;
}

static uint32_t look(const struct watched *w)
{
	return w->width == 16 ? read16(w->bdf, w->reg) : read32(w->bdf, w->reg);
}

/* What this thread has made it. */
static void expect(const struct watched *w, uint32_t expected)
{
	uint32_t value = look(w);

	if (value != expected)
		report("stale", w, value);
}

static void *read_all(void *unused)
{
	uint32_t last[NR_WATCHED] = { 0 };
	unsigned long changes[NR_WATCHED] = { 0 }, count = 0;

	while (!stop) {
		for (size_t i = 0; i < NR_WATCHED; i++) {
			const struct watched *w = &watched[i];
			uint32_t value = look(w);
			unsigned int n = 0;

			while (n < w->nr_values && value != w->values[n])
				n++;
			if (n == w->nr_values)
				report("torn", w, value);
			changes[i] += value != last[i];
			last[i] = value;
			count++;
		}
	}
	for (size_t i = 0; i < NR_WATCHED; i++)
		changes_seen[i] += changes[i];
	reads += count;
	return unused;
}

static unsigned long write_values(const struct watched *w)
{
	unsigned long rounds = 0;

	for (; !stop; rounds++) {
		uint32_t value = w->values[rounds % w->nr_values];

		if (w->width == 16)
			write16(w->bdf, w->reg, value);
		else
			write32(w->bdf, w->reg, value);
		expect(w, value);
	}
	return rounds;
}

static unsigned long write_msi_address(void)
{
	return write_values(&watched[MSI_ADDRESS]);
}

static unsigned long write_msi_data(void)
{
	return write_values(&watched[MSI_DATA]);
}

static unsigned long write_window_base(void)
{
	return write_values(&watched[WINDOW_BASE]);
}

static void __attribute__((noreturn)) not_found(unsigned int bdf, unsigned int id)
{
	errx(1, "no capability %#x at %02x:%02x.%x: not the machine that is expected", id,
	     bdf >> 8, bdf >> 3 & 0x1f, bdf & 7);
}

static unsigned int capability(unsigned int bdf, uint8_t id)
{
	unsigned int pos = *config(bdf, PCI_CAPABILITY_LIST);

	/* As many as there is room for: what is absent reads as all ones. */
	for (int i = 0; pos && i < PCI_CFG_SPACE_SIZE / 4; i++) {
		if (*config(bdf, pos) == id)
			return pos;
		pos = *config(bdf, pos + PCI_CAP_LIST_NEXT);
	}
	not_found(bdf, id);
}

static unsigned int extended_capability(unsigned int bdf, uint16_t id)
{
	unsigned int pos = PCI_CFG_SPACE_SIZE;

	for (int i = 0; pos && i < FUNCTION_SIZE / 4; i++) {
		if (PCI_EXT_CAP_ID(read32(bdf, pos)) == id)
			return pos;
		pos = PCI_EXT_CAP_NEXT(read32(bdf, pos));
	}
	not_found(bdf, id);
}

static unsigned int first_below(unsigned int port)
{
	return BDF(*config(port, PCI_SECONDARY_BUS), 0, 0);
}

/* Plug one kind after the other, and switch its slot off, which unplugs it. */
static unsigned long plug(void)
{
	static const struct { const char *ask; uint32_t id; } kinds[] = {
		{ "plug-virtio-rng", VIRTIO_RNG }, { "plug-e1000e", E1000E },
	};
	unsigned int slot = capability(HOT_PORT, PCI_CAP_ID_EXP);
	const struct watched *w = &watched[PLUGGED];
	unsigned long rounds = 0;

	for (; !stop; rounds++) {
		size_t kind = rounds % 2;
		time_t limit = time(NULL) + PLUG_SECONDS;

		printf("ask %s\n", kinds[kind].ask);
		while (!(read16(HOT_PORT, slot + PCI_EXP_SLTSTA) & PCI_EXP_SLTSTA_PDS)) {
			if (time(NULL) > limit) {
				report("late", w, look(w));
				return rounds;
			}
			sched_yield();
		}
		write16(HOT_PORT, slot + PCI_EXP_SLTCTL,
			PCI_EXP_SLTCTL_PWR_ON | PCI_EXP_SLTCTL_PWR_IND_ON);
		expect(w, kinds[kind].id);
		write16(HOT_PORT, slot + PCI_EXP_SLTCTL,
			PCI_EXP_SLTCTL_PWR_OFF | PCI_EXP_SLTCTL_PWR_IND_OFF);
		expect(w, ABSENT);
	}
	return rounds;
}

static void number(uint8_t bus)
{
	write32(MOVED_PORT, PCI_PRIMARY_BUS, bus << 16 | bus << 8);
}

/* Give a bus two numbers in turn, and reset what is there. */
static unsigned long renumber(void)
{
	const struct watched *first = &watched[MOVED_1], *second = &watched[MOVED_2];
	const struct watched line = {
		"what a reset clears", first->bdf, PCI_CACHE_LINE_SIZE, 32, 0, { 0 },
	};
	unsigned long rounds = 0;

	for (; !stop; rounds++) {
		number(FIRST_BUS);
		expect(first, E1000E);
		expect(second, ABSENT);
		write32(line.bdf, line.reg, CACHE_LINE);
		expect(&line, CACHE_LINE);
		write16(MOVED_PORT, PCI_BRIDGE_CONTROL, PCI_BRIDGE_CTL_BUS_RESET);
		write16(MOVED_PORT, PCI_BRIDGE_CONTROL, 0);
		expect(&line, 0);
		number(SECOND_BUS);
		expect(first, ABSENT);
		expect(second, E1000E);
	}
	return rounds;
}

static unsigned long enable_vfs(void)
{
	unsigned int pf = first_below(SRIOV_PORT);
	unsigned int cap = extended_capability(pf, PCI_EXT_CAP_ID_SRIOV);
	const struct watched *first = &watched[FIRST_VF], *last = &watched[LAST_VF];
	unsigned long rounds = 0;

	for (; !stop; rounds++) {
		write16(pf, cap + PCI_SRIOV_CTRL, PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE);
		expect(first, first->values[1]);
		expect(last, last->values[1]);
		write16(pf, cap + PCI_SRIOV_CTRL, 0);
		expect(first, ABSENT);
		expect(last, ABSENT);
	}
	return rounds;
}

static struct activity {
	const char *what;
	unsigned long (*run)(void);
	unsigned long rounds;
} activities[] = {
	{ "writes of an address",		write_msi_address, 0 },
	{ "writes of data",			write_msi_data, 0 },
	{ "writes of a window's base",		write_window_base, 0 },
	{ "times plugged and unplugged",	plug, 0 },
	{ "times renumbered and reset",		renumber, 0 },
	{ "times virtual functions enabled",	enable_vfs, 0 },
};

#define NR_ACTIVITIES	(sizeof(activities) / sizeof(activities[0]))

static void *do_activity(void *data)
{
	struct activity *activity = data;

	activity->rounds = activity->run();
	return NULL;
}

/* Find the registers whose place is the machine's own. */
static void prepare(void)
{
	unsigned int pf = first_below(SRIOV_PORT);
	unsigned int cap = extended_capability(pf, PCI_EXT_CAP_ID_SRIOV);
	unsigned int offset = read16(pf, cap + PCI_SRIOV_VF_OFFSET);
	unsigned int stride = read16(pf, cap + PCI_SRIOV_VF_STRIDE);

	watched[MSI_ADDRESS].reg = capability(FIRST_MSI, PCI_CAP_ID_MSI) + PCI_MSI_ADDRESS_HI;
	watched[MSI_DATA].reg = capability(SECOND_MSI, PCI_CAP_ID_MSI) + PCI_MSI_DATA_64;
	watched[PLUGGED].bdf = first_below(HOT_PORT);
	watched[FIRST_VF].bdf = pf + offset;
	watched[LAST_VF].bdf = pf + offset + (NR_VFS - 1) * stride;

	/* What virtual functions look like. */
	write16(pf, cap + PCI_SRIOV_NUM_VF, NR_VFS);
	write16(pf, cap + PCI_SRIOV_CTRL, PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE);
	for (int i = FIRST_VF; i <= LAST_VF; i++) {
		watched[i].values[1] = look(&watched[i]);
		if (watched[i].values[1] == ABSENT)
			errx(1, "no virtual functions: not the machine that is expected");
	}
	write16(pf, cap + PCI_SRIOV_CTRL, 0);

	write32(FIRST_MSI, watched[MSI_ADDRESS].reg, 0);
	write16(SECOND_MSI, watched[MSI_DATA].reg, 0);
	write32(SPARE_PORT, PCI_PREF_BASE_UPPER32, 0);
	number(FIRST_BUS);
}

static pthread_t start(void *(*run)(void *), void *data, int processor)
{
	pthread_attr_t attributes;
	pthread_t thread;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	pthread_attr_init(&attributes);
	if (pthread_attr_setaffinity_np(&attributes, sizeof(set), &set) ||
	    pthread_create(&thread, &attributes, run, data))
		errx(1, "can't start a thread");
	pthread_attr_destroy(&attributes);
	return thread;
}

int main(int argc, char *argv[])
{
	int processors = sysconf(_SC_NPROCESSORS_ONLN), seconds;
	pthread_t readers[MAX_PROCESSORS], others[NR_ACTIVITIES];
	bool idle = false;

	if (argc != 2 || sscanf(argv[1], "%d", &seconds) != 1 || seconds < 1)
		errx(2, "usage: torture SECONDS");
	if (processors < 2 || processors > MAX_PROCESSORS)
		errx(1, "%d processors, must be 2 to %d", processors, MAX_PROCESSORS);
	setvbuf(stdout, NULL, _IOLBF, 0);
	map_ecam();
	prepare();

	for (int i = 0; i < processors; i++)
		readers[i] = start(read_all, NULL, i);
	for (size_t i = 0; i < NR_ACTIVITIES; i++)
		others[i] = start(do_activity, &activities[i], i % processors);
	for (time_t limit = time(NULL) + seconds; !stop && time(NULL) < limit; )
		usleep(100000);
	stop = true;
	for (int i = 0; i < processors; i++)
		pthread_join(readers[i], NULL);
	for (size_t i = 0; i < NR_ACTIVITIES; i++)
		pthread_join(others[i], NULL);

	printf("# %lu reads by %d readers\n", reads, processors);
	for (size_t i = 0; i < NR_ACTIVITIES; i++) {
		printf("# %lu %s\n", activities[i].rounds, activities[i].what);
		idle |= !activities[i].rounds;
	}
	for (size_t i = 0; i < NR_WATCHED; i++) {
		if (watched[i].nr_values == 1)
			continue;
		printf("# %lu changes seen of %s\n", changes_seen[i], watched[i].what);
		idle |= !changes_seen[i];
	}
	if (failure[0])
		printf("not ok 1 - %s\n", failure);
	else
		printf("ok 1 - no torn or stale value\n");
	printf("%s 2 - everything was done, and seen\n", idle ? "not ok" : "ok");
	return 0;
}
