// SPDX-License-Identifier: GPL-2.0
/*
 * torture - read configuration space on every processor while others write to it, plug, unplug,
 * renumber buses, reset them, and enable virtual functions
 *
 *   torture SECONDS
 *
 * A thread on each processor reads registers that others change. Each read must give one of the
 * values that the register goes through: any other value is torn, or of another function. Each
 * thread that changes something reads it back at once: what is not the new value is stale. The
 * output is as of tests/lib.sh. It needs the machine of tests/mapped-torture, and a kernel that
 * leaves the ports to us (pcie_ports=compat).
 */

#define _GNU_SOURCE
#include <linux/pci_regs.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "ecam.h"

/* Bus numbers that the firmware gives to nothing */
enum { FIRST_BUS = 0x40, SECOND_BUS, HOT_BUS, SRIOV_BUS };

/* The machine, and where QEMU puts capabilities */
#define HOT_PORT	BDF(0, 2, 0)	/* nothing is plugged in */
#define MOVED_PORT	BDF(0, 3, 0)	/* its bus gets the first two numbers in turn: e1000e */
#define SRIOV_PORT	BDF(0, 4, 0)	/* with an igb */
#define SPARE_PORT	BDF(0, 5, 0)	/* nothing will be plugged in */
#define FIRST_MSI	BDF(0, 6, 0)	/* e1000e, without a driver */
#define SECOND_MSI	BDF(0, 7, 0)	/* edu, the same */
#define PF		BDF(SRIOV_BUS, 0, 0)
#define VF(n)		(PF + VF_OFFSET + (n) * VF_STRIDE)

#define EXP_CAP		0x54		/* of a root port */
#define FIRST_MSI_CAP	0xd0
#define SECOND_MSI_CAP	0x40
#define SRIOV_CAP	0x160		/* of an igb */
#define VF_OFFSET	0x80
#define VF_STRIDE	2
#define NR_VFS		7

#define RNG		0x10441af4
#define E1000E		0x10d38086
#define ETHERNET	0x02000001	/* class and revision of a virtual function of igb */
#define CACHE_LINE	0x10		/* any value of that register */

/* How long a device may take to be there after we have asked for it */
#define PLUG_SECONDS	60
#define MAX_PROCESSORS	64

/* A register that changes, and the values that it may have meanwhile */
struct watched {
	const char *what;
	unsigned int bdf, reg, width, nr_values;
	uint32_t values[4];
};

enum {
	MSI_ADDRESS, MSI_DATA, WINDOW_BASE, PLUGGED, MOVED_1, MOVED_2, FIRST_VF, LAST_VF,
	NR_CHANGING, NR_WATCHED = NR_CHANGING + 2
};

static const struct watched watched[NR_WATCHED] = {
	[MSI_ADDRESS] = { "the address of an MSI", FIRST_MSI, FIRST_MSI_CAP + PCI_MSI_ADDRESS_HI,
			  32, 4, { 0, 0xffffffff, 0x5555aaaa, 0xaaaa5555 } },
	[MSI_DATA] = { "the data of an MSI", SECOND_MSI, SECOND_MSI_CAP + PCI_MSI_DATA_64,
		       16, 4, { 0, 0xffff, 0x55aa, 0xaa55 } },
	[WINDOW_BASE] = { "the base of a window", SPARE_PORT, PCI_PREF_BASE_UPPER32,
			  32, 4, { 0, 0xffffffff, 0x5555aaaa, 0xaaaa5555 } },
	[PLUGGED] = { "what is plugged", BDF(HOT_BUS, 0, 0), 0, 32, 3, { ABSENT, RNG, E1000E } },
	[MOVED_1] = { "a bus number", BDF(FIRST_BUS, 0, 0), 0, 32, 2, { ABSENT, E1000E } },
	[MOVED_2] = { "another one", BDF(SECOND_BUS, 0, 0), 0, 32, 2, { ABSENT, E1000E } },
	[FIRST_VF] = { "first VF", VF(0), PCI_CLASS_REVISION, 32, 2, { ABSENT, ETHERNET } },
	[LAST_VF] = { "last VF", VF(NR_VFS - 1), PCI_CLASS_REVISION, 32, 2, { ABSENT, ETHERNET } },
	/* These never change. */
	{ "nothing", BDF(0, 0x1e, 0), 0, 32, 1, { ABSENT } },
	{ "no bus", BDF(0xfe, 0, 0), 0, 32, 1, { ABSENT } },
};

static int processors, records;
static atomic_bool stop, failed;
static atomic_ulong reads, changes_seen[NR_WATCHED];

/* The first one counts; after it everything ends. */
static void report(const char *kind, const struct watched *w, uint32_t value)
{
	if (!atomic_exchange(&failed, true))
		printf("not ok - %s value: %s (%02x:%02x.%x register %#x) is %#x\n", kind, w->what,
		       w->bdf >> 8, w->bdf >> 3 & 0x1f, w->bdf & 7, w->reg, value);
	stop = true;
}

static uint32_t look(const struct watched *w)
{
	return w->width == 16 ? read16(w->bdf, w->reg) : read32(w->bdf, w->reg);
}

/* This thread has just made it so. */
static void expect(const struct watched *w, uint32_t expected)
{
	uint32_t value = look(w);

	if (value != expected)
		report("stale", w, value);
}

static void read_all(void)
{
	uint32_t last[NR_WATCHED] = { 0 };

	while (!stop) {
		for (int i = 0; i < NR_WATCHED; i++) {
			const struct watched *w = &watched[i];
			uint32_t value = look(w);
			unsigned int n = 0;

			while (n < w->nr_values && value != w->values[n])
				n++;
			if (n == w->nr_values)
				report("torn", w, value);
			if (value != last[i])
				changes_seen[i]++;
			last[i] = value;
		}
		reads += NR_WATCHED;
	}
}

/* What a thread does again and again */
struct activity {
	const char *what;
	void (*do_round)(const struct activity *a);
	const struct watched *watched;
	unsigned long rounds;
};

static void write_value(const struct activity *a)
{
	const struct watched *w = a->watched;
	uint32_t value = w->values[a->rounds % w->nr_values];

	if (w->width == 16)
		write16(w->bdf, w->reg, value);
	else
		write32(w->bdf, w->reg, value);
	expect(w, value);
}

/* Plug one kind or the other, and switch its slot off, which unplugs it. */
static void plug(const struct activity *a)
{
	bool kind = a->rounds % 2;
	time_t limit = time(NULL) + PLUG_SECONDS;

	dprintf(records, "ask plug-%s\n", kind ? "e1000e" : "virtio-rng");
	while (!(read16(HOT_PORT, EXP_CAP + PCI_EXP_SLTSTA) & PCI_EXP_SLTSTA_PDS)) {
		if (time(NULL) > limit) {
			report("late", a->watched, look(a->watched));
			return;
		}
		sched_yield();
	}
	write16(HOT_PORT, EXP_CAP + PCI_EXP_SLTCTL,
		PCI_EXP_SLTCTL_PWR_ON | PCI_EXP_SLTCTL_PWR_IND_ON);
	expect(a->watched, kind ? E1000E : RNG);
	write16(HOT_PORT, EXP_CAP + PCI_EXP_SLTCTL,
		PCI_EXP_SLTCTL_PWR_OFF | PCI_EXP_SLTCTL_PWR_IND_OFF);
	expect(a->watched, ABSENT);
}

static void number(unsigned int port, uint8_t bus)
{
	write32(port, PCI_PRIMARY_BUS, bus << 16 | bus << 8);
}

/* Give a bus two numbers in turn, and reset what is there. */
static void renumber(const struct activity *a)
{
	const struct watched line = {
		.what = "what a reset clears", .bdf = a->watched->bdf, .reg = PCI_CACHE_LINE_SIZE,
		.width = 32,
	};

	number(MOVED_PORT, FIRST_BUS);
	expect(&watched[MOVED_1], E1000E);
	expect(&watched[MOVED_2], ABSENT);
	write32(line.bdf, line.reg, CACHE_LINE);
	expect(&line, CACHE_LINE);
	write16(MOVED_PORT, PCI_BRIDGE_CONTROL, PCI_BRIDGE_CTL_BUS_RESET);
	write16(MOVED_PORT, PCI_BRIDGE_CONTROL, 0);
	expect(&line, 0);
	number(MOVED_PORT, SECOND_BUS);
	expect(&watched[MOVED_1], ABSENT);
	expect(&watched[MOVED_2], E1000E);
}

static void enable_vfs(const struct activity *a)
{
	bool on = a->rounds % 2 == 0;

	write16(PF, SRIOV_CAP + PCI_SRIOV_CTRL, on ? PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE : 0);
	expect(a->watched, a->watched->values[on]);
	expect(&watched[LAST_VF], watched[LAST_VF].values[on]);
}

static struct activity activities[] = {
	{ "writes of an address",	write_value,	&watched[MSI_ADDRESS], 0 },
	{ "writes of data",		write_value,	&watched[MSI_DATA], 0 },
	{ "writes of a window's base",	write_value,	&watched[WINDOW_BASE], 0 },
	{ "times plugged and unplugged", plug,		&watched[PLUGGED], 0 },
	{ "times renumbered and reset",	renumber,	&watched[MOVED_1], 0 },
	{ "times virtual functions enabled or disabled", enable_vfs, &watched[FIRST_VF], 0 },
};

#define NR_ACTIVITIES	(sizeof(activities) / sizeof(activities[0]))

/* A thread: the first ones read, one on each processor. */
static void *work(void *data)
{
	intptr_t n = (intptr_t)data;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(n % processors, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "sched_setaffinity");
	if (n < processors) {
		read_all();
		return NULL;
	}
	for (struct activity *a = &activities[n - processors]; !stop; a->rounds++)
		a->do_round(a);
	return NULL;
}

static void prepare(void)
{
	number(HOT_PORT, HOT_BUS);
	number(MOVED_PORT, FIRST_BUS);
	number(SRIOV_PORT, SRIOV_BUS);
	write16(PF, SRIOV_CAP + PCI_SRIOV_NUM_VF, NR_VFS);
	for (int i = MSI_ADDRESS; i <= WINDOW_BASE; i++)
		write_value(&(struct activity){ .watched = &watched[i] });
}

int main(int argc, char *argv[])
{
	pthread_t threads[MAX_PROCESSORS + NR_ACTIVITIES];
	int seconds, nr_threads;
	bool idle = false;

	processors = sysconf(_SC_NPROCESSORS_ONLN);
	if (argc != 2 || sscanf(argv[1], "%d", &seconds) != 1 || seconds < 1)
		errx(2, "usage: torture SECONDS");
	if (processors < 2 || processors > MAX_PROCESSORS)
		errx(1, "%d processors, must be 2 to %d", processors, MAX_PROCESSORS);
	records = open("/dev/records", O_WRONLY);
	if (records < 0)
		err(1, "/dev/records");
	map_ecam();
	prepare();
	nr_threads = processors + NR_ACTIVITIES;
	for (intptr_t n = 0; n < nr_threads; n++) {
		if (pthread_create(&threads[n], NULL, work, (void *)n))
			errx(1, "can't start a thread");
	}
	for (time_t limit = time(NULL) + seconds; !stop && time(NULL) < limit; )
		usleep(100000);
	stop = true;
	for (int n = 0; n < nr_threads; n++)
		pthread_join(threads[n], NULL);
	printf("# %lu reads by %d readers\n", reads, processors);
	for (size_t i = 0; i < NR_ACTIVITIES; i++) {
		printf("# %lu %s\n", activities[i].rounds, activities[i].what);
		idle |= !activities[i].rounds;
	}
	for (int i = 0; i < NR_CHANGING; i++) {
		printf("# %lu changes seen of %s\n", changes_seen[i], watched[i].what);
		idle |= !changes_seen[i];
	}
	if (!failed)
		puts("ok - no torn or stale value");
	printf("%s - everything was done, and seen\n", idle ? "not ok" : "ok");
	return 0;
}
