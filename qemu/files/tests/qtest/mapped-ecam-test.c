/*
 * QTest testcase for ECAM that guests read as memory
 *
 * There are two machines that differ in mapped-ecam only.  All that is done is
 * done to both, and the configuration space of one must be that of the other.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "libqtest.h"
#include "qobject/qdict.h"
#include "hw/pci/pci.h"
#include "hw/pci/pci_regs.h"
#include "standard-headers/linux/virtio_pci.h"

#define ECAM_BASE       0xb0000000u
#define FUNCTION_SIZE   0x1000

#define BDF(bus, dev, fn)   (((bus) << 8) | ((dev) << 3) | (fn))

static const char *const mapped[] = { "off", "on" };
enum { OFF, ON, NR_MACHINES };

typedef struct Pair {
    QTestState *qts[NR_MACHINES];
} Pair;

/* These are looked at: what the tests number, a bus of pxb, and the last one */
static const uint8_t buses[] = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0x40, 0x41, 0x42, 0xff
};

static uint64_t ecam(uint16_t bdf, uint16_t reg)
{
    return ECAM_BASE + bdf * FUNCTION_SIZE + reg;
}

static uint32_t type1_readl(QTestState *qts, uint16_t bdf, uint8_t reg)
{
    qtest_outl(qts, 0xcf8, (1u << 31) | (bdf << 8) | reg);
    return qtest_inl(qts, 0xcfc);
}

static void type1_writel(QTestState *qts, uint16_t bdf, uint8_t reg,
                         uint32_t val)
{
    qtest_outl(qts, 0xcf8, (1u << 31) | (bdf << 8) | reg);
    qtest_outl(qts, 0xcfc, val);
}

static void enable_ecam(QTestState *qts)
{
    type1_writel(qts, 0, 0x64, 0);
    type1_writel(qts, 0, 0x60, ECAM_BASE | 1);
}

static QTestState *machine_start(int machine, const char *args)
{
    /* Unplugging is then a matter of the configuration space. */
    return qtest_initf("-machine q35 -nodefaults -global "
                       "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off "
                       "-global q35-pcihost.mapped-ecam=%s %s",
                       mapped[machine], args);
}

static void pair_start(Pair *pair, const char *args)
{
    for (int i = 0; i < NR_MACHINES; i++) {
        pair->qts[i] = machine_start(i, args);
        enable_ecam(pair->qts[i]);
    }
}

static void pair_quit(Pair *pair)
{
    for (int i = 0; i < NR_MACHINES; i++) {
        qtest_quit(pair->qts[i]);
    }
}

static void pair_writeb(Pair *pair, uint16_t bdf, uint16_t reg, uint8_t val)
{
    for (int i = 0; i < NR_MACHINES; i++) {
        qtest_writeb(pair->qts[i], ecam(bdf, reg), val);
    }
}

static void pair_writew(Pair *pair, uint16_t bdf, uint16_t reg, uint16_t val)
{
    for (int i = 0; i < NR_MACHINES; i++) {
        qtest_writew(pair->qts[i], ecam(bdf, reg), val);
    }
}

static void pair_writel(Pair *pair, uint16_t bdf, uint16_t reg, uint32_t val)
{
    for (int i = 0; i < NR_MACHINES; i++) {
        qtest_writel(pair->qts[i], ecam(bdf, reg), val);
    }
}

static uint8_t pair_readb(Pair *pair, uint16_t bdf, uint16_t reg)
{
    uint8_t val = qtest_readb(pair->qts[OFF], ecam(bdf, reg));

    g_assert_cmphex(qtest_readb(pair->qts[ON], ecam(bdf, reg)), ==, val);
    return val;
}

static uint16_t pair_readw(Pair *pair, uint16_t bdf, uint16_t reg)
{
    uint16_t val = qtest_readw(pair->qts[OFF], ecam(bdf, reg));

    g_assert_cmphex(qtest_readw(pair->qts[ON], ecam(bdf, reg)), ==, val);
    return val;
}

static uint32_t pair_readl(Pair *pair, uint16_t bdf, uint16_t reg)
{
    uint32_t val = qtest_readl(pair->qts[OFF], ecam(bdf, reg));

    g_assert_cmphex(qtest_readl(pair->qts[ON], ecam(bdf, reg)), ==, val);
    return val;
}

static bool exists(Pair *pair, uint16_t bdf)
{
    return pair_readl(pair, bdf, PCI_VENDOR_ID) != 0xffffffff;
}

/* Returns how many functions there are. */
static int compare_functions(QTestState *a, QTestState *b)
{
    g_autofree uint8_t *in_a = g_malloc(FUNCTION_SIZE);
    g_autofree uint8_t *in_b = g_malloc(FUNCTION_SIZE);
    int functions = 0;

    for (int i = 0; i < ARRAY_SIZE(buses); i++) {
        for (int devfn = 0; devfn < 256; devfn++) {
            uint16_t bdf = (buses[i] << 8) | devfn;
            uint32_t id = qtest_readl(a, ecam(bdf, PCI_VENDOR_ID));

            g_assert_cmphex(qtest_readl(b, ecam(bdf, PCI_VENDOR_ID)), ==, id);
            if (id == 0xffffffff) {
                continue;
            }
            functions++;
            qtest_memread(a, ecam(bdf, 0), in_a, FUNCTION_SIZE);
            qtest_memread(b, ecam(bdf, 0), in_b, FUNCTION_SIZE);
            for (int reg = 0; reg < FUNCTION_SIZE; reg++) {
                if (in_a[reg] != in_b[reg]) {
                    g_error("%02x:%02x.%x register 0x%03x: 0x%02x and 0x%02x",
                            buses[i], devfn >> 3, devfn & 7, reg, in_a[reg],
                            in_b[reg]);
                }
            }
            /* And as the ports have it. */
            for (int reg = 0; reg < 256; reg += 4) {
                g_assert_cmphex(type1_readl(b, bdf, reg), ==,
                                (uint32_t)ldl_le_p(in_b + reg));
            }
        }
    }
    return functions;
}

static int pair_compare(Pair *pair)
{
    return compare_functions(pair->qts[OFF], pair->qts[ON]);
}

/* Do reads of a function trap where ECAM is mapped?  They all do where not. */
static bool traps(Pair *pair, uint16_t bdf)
{
    bool trap[NR_MACHINES];

    for (int i = 0; i < NR_MACHINES; i++) {
        g_autofree char *mtree = qtest_hmp(pair->qts[i], "info mtree -f");
        g_auto(GStrv) lines = g_strsplit(mtree, "\n", -1);
        bool found = false;

        for (char **line = lines; *line && !found; line++) {
            uint64_t first, last;
            char kind[8];

            if (sscanf(*line, " %" SCNx64 "-%" SCNx64 " (prio %*d, %7[^)])",
                       &first, &last, kind) == 3 &&
                first <= ecam(bdf, 0) && ecam(bdf, 0) <= last) {
                found = true;
                trap[i] = strcmp(kind, "romd");
            }
        }
        g_assert_true(found);
    }
    g_assert_true(trap[OFF]);
    return trap[ON];
}

/* Returns 0 if there is no such capability. */
static uint8_t find_capability(Pair *pair, uint16_t bdf, uint8_t id)
{
    uint8_t pos = pair_readb(pair, bdf, PCI_CAPABILITY_LIST);

    while (pos && pair_readb(pair, bdf, pos + PCI_CAP_LIST_ID) != id) {
        pos = pair_readb(pair, bdf, pos + PCI_CAP_LIST_NEXT);
    }
    return pos;
}

static uint16_t find_ext_capability(Pair *pair, uint16_t bdf, uint16_t id)
{
    uint16_t pos = PCI_CONFIG_SPACE_SIZE;

    while (pos && PCI_EXT_CAP_ID(pair_readl(pair, bdf, pos)) != id) {
        pos = PCI_EXT_CAP_NEXT(pair_readl(pair, bdf, pos));
    }
    return pos;
}

static void number_bus(Pair *pair, uint16_t bridge, uint8_t secondary,
                       uint8_t subordinate)
{
    pair_writel(pair, bridge, PCI_PRIMARY_BUS,
                (subordinate << 16) | (secondary << 8) | (bridge >> 8));
}

/* "-device" for each device that this QEMU has */
static char *device_args(const char *const *devices)
{
    GString *args = g_string_new(NULL);

    for (; *devices; devices++) {
        g_auto(GStrv) words = g_strsplit(*devices, ",", 2);

        if (qtest_has_device(words[0])) {
            g_string_append_printf(args, " -device %s", *devices);
        }
    }
    return g_string_free(args, false);
}

static const char *const all_kinds[] = {
    "pcie-root-port,id=rp1,bus=pcie.0,addr=2.0,chassis=1",
    "pcie-root-port,id=rp2,bus=pcie.0,addr=3.0,chassis=2",
    "pxb-pcie,id=pxb,bus_nr=0x40,bus=pcie.0,addr=4",
    "pcie-pci-bridge,id=conventional,bus=pcie.0,addr=5",
    "i6300esb,bus=pcie.0,addr=6",
    "virtio-rng-pci,bus=pcie.0,addr=7",
    "qemu-xhci,bus=pcie.0,addr=8",
    "ich9-ahci,bus=pcie.0,addr=9",
    "x3130-upstream,id=up,bus=rp1",
    "xio3130-downstream,id=down1,bus=up,chassis=3,addr=0",
    "xio3130-downstream,id=down2,bus=up,chassis=4,addr=1",
    "virtio-balloon-pci,bus=down1",
    "e1000e,bus=down2",
    "igb,bus=rp2",
    "pcie-root-port,id=rp3,bus=pxb,chassis=5",
    "nvme,bus=rp3,serial=1",
    "edu,bus=conventional,addr=1",
    "virtio-rng-pci,bus=conventional,addr=2",
    "e1000e,bus=conventional,addr=3",   /* 256 bytes of it can be read */
    NULL
};

static void number_all_kinds(Pair *pair)
{
    number_bus(pair, BDF(0, 2, 0), 1, 4);       /* rp1 */
    number_bus(pair, BDF(1, 0, 0), 2, 4);       /* up */
    number_bus(pair, BDF(2, 0, 0), 3, 3);       /* down1 */
    number_bus(pair, BDF(2, 1, 0), 4, 4);       /* down2 */
    number_bus(pair, BDF(0, 3, 0), 5, 5);       /* rp2 */
    number_bus(pair, BDF(0, 5, 0), 6, 6);       /* conventional */
    number_bus(pair, BDF(0x40, 0, 0), 0x41, 0x41);
}

static void test_values(void)
{
    g_autofree char *args = device_args(all_kinds);
    Pair pair;
    int before;

    pair_start(&pair, args);
    before = pair_compare(&pair);
    g_assert_cmpint(before, >, 8);
    number_all_kinds(&pair);
    g_assert_cmpint(pair_compare(&pair), >, before + 8);
    g_assert_false(traps(&pair, BDF(0, 0, 0)));
    g_assert_false(traps(&pair, BDF(0, 30, 0)));
    g_assert_false(traps(&pair, BDF(0xff, 31, 7)));

    if (qtest_has_device("i6300esb")) {
        /* What it returns depends on the width. */
        g_assert_true(traps(&pair, BDF(0, 6, 0)));
        pair_writew(&pair, BDF(0, 6, 0), 0x60, 0xffff);
        pair_writeb(&pair, BDF(0, 6, 0), 0x68, 0x05);
        pair_readw(&pair, BDF(0, 6, 0), 0x60);
        pair_readb(&pair, BDF(0, 6, 0), 0x60);
        pair_readb(&pair, BDF(0, 6, 0), 0x68);
    }
    pair_quit(&pair);
}

static void test_writes(void)
{
    Pair pair;
    uint32_t id;

    pair_start(&pair, "-device qemu-xhci,addr=4");

    /* What is read-only stays. */
    id = pair_readl(&pair, BDF(0, 4, 0), PCI_VENDOR_ID);
    pair_writel(&pair, BDF(0, 4, 0), PCI_VENDOR_ID, ~id);
    pair_writew(&pair, BDF(0, 4, 0), PCI_DEVICE_ID, 0);
    pair_writeb(&pair, BDF(0, 4, 0), PCI_VENDOR_ID, 0);
    g_assert_cmphex(pair_readl(&pair, BDF(0, 4, 0), PCI_VENDOR_ID), ==, id);

    /* What is absent is not made by writing. */
    pair_writel(&pair, BDF(0, 5, 0), PCI_VENDOR_ID, 0);
    pair_writel(&pair, BDF(0x80, 0, 0), PCI_VENDOR_ID, 0);
    g_assert_false(exists(&pair, BDF(0, 5, 0)));
    g_assert_false(exists(&pair, BDF(0x80, 0, 0)));
    g_assert_false(exists(&pair, BDF(0xc0, 5, 0)));

    /* The device sees what is written, and the size of its BAR is read back. */
    pair_writel(&pair, BDF(0, 4, 0), PCI_BASE_ADDRESS_0, 0xffffffff);
    g_assert_cmphex(pair_readl(&pair, BDF(0, 4, 0), PCI_BASE_ADDRESS_0), !=,
                    0xffffffff);
    pair_writel(&pair, BDF(0, 4, 0), PCI_BASE_ADDRESS_0, 0xe0000000);
    pair_writel(&pair, BDF(0, 4, 0), PCI_BASE_ADDRESS_1, 0);
    pair_writew(&pair, BDF(0, 4, 0), PCI_COMMAND, PCI_COMMAND_MEMORY);
    for (int i = 0; i < NR_MACHINES; i++) {
        g_assert_cmphex(qtest_readl(pair.qts[i], 0xe0000000), ==, 0x01000040);
    }
    pair_compare(&pair);

    /* A write by the ports is read by ECAM. */
    for (int i = 0; i < NR_MACHINES; i++) {
        type1_writel(pair.qts[i], BDF(0, 4, 0), PCI_COMMAND, 0);
    }
    g_assert_cmphex(pair_readw(&pair, BDF(0, 4, 0), PCI_COMMAND), ==, 0);
    pair_quit(&pair);
}

static void test_renumbering(void)
{
    Pair pair;
    uint32_t id;

    pair_start(&pair,
               "-device pcie-root-port,id=a,addr=2.0,chassis=1 "
               "-device pcie-root-port,id=b,addr=3.0,chassis=2 "
               "-device virtio-rng-pci,bus=a -device qemu-xhci,bus=b");

    number_bus(&pair, BDF(0, 2, 0), 1, 1);
    id = pair_readl(&pair, BDF(1, 0, 0), 0);
    g_assert_cmphex(id, !=, 0xffffffff);

    number_bus(&pair, BDF(0, 2, 0), 2, 2);
    g_assert_false(exists(&pair, BDF(1, 0, 0)));
    g_assert_cmphex(pair_readl(&pair, BDF(2, 0, 0), 0), ==, id);
    pair_compare(&pair);

    /* Byte by byte */
    pair_writeb(&pair, BDF(0, 2, 0), PCI_SUBORDINATE_BUS, 9);
    pair_writeb(&pair, BDF(0, 2, 0), PCI_SECONDARY_BUS, 9);
    g_assert_false(exists(&pair, BDF(2, 0, 0)));
    g_assert_cmphex(pair_readl(&pair, BDF(9, 0, 0), 0), ==, id);
    pair_compare(&pair);

    /* Two with the same number, in both orders; then they change places. */
    number_bus(&pair, BDF(0, 3, 0), 9, 9);
    pair_compare(&pair);
    number_bus(&pair, BDF(0, 2, 0), 1, 1);
    pair_compare(&pair);
    number_bus(&pair, BDF(0, 2, 0), 9, 9);
    pair_compare(&pair);
    number_bus(&pair, BDF(0, 3, 0), 1, 1);
    pair_compare(&pair);
    g_assert_cmphex(pair_readl(&pair, BDF(9, 0, 0), 0), ==, id);

    /* A range that hides the other one; one that is empty; number 0 */
    number_bus(&pair, BDF(0, 3, 0), 2, 0xff);
    pair_compare(&pair);
    number_bus(&pair, BDF(0, 2, 0), 9, 0);
    pair_compare(&pair);
    number_bus(&pair, BDF(0, 3, 0), 0, 0);
    pair_compare(&pair);
    number_bus(&pair, BDF(0, 2, 0), 1, 1);
    pair_compare(&pair);

    /* The window is somewhere else, smaller, and back again. */
    for (int i = 0; i < NR_MACHINES; i++) {
        type1_writel(pair.qts[i], 0, 0x60, 0);
        type1_writel(pair.qts[i], 0, 0x60, 0xc0000000 | (2 << 1) | 1);
        g_assert_cmphex(qtest_readl(pair.qts[i], 0xc0100000), ==, id);
        g_assert_cmphex(qtest_readl(pair.qts[i], 0xc4000000), !=, id);
        enable_ecam(pair.qts[i]);
    }
    pair_compare(&pair);
    pair_quit(&pair);
}

static void test_bus_reset(void)
{
    Pair pair;

    if (!qtest_has_device("x3130-upstream")) {
        g_test_skip("no x3130-upstream");
        return;
    }
    pair_start(&pair, "-device pcie-root-port,id=rp,addr=2.0,chassis=1 "
               "-device x3130-upstream,id=up,bus=rp "
               "-device xio3130-downstream,id=down,bus=up,chassis=2 "
               "-device virtio-rng-pci,bus=down");
    number_bus(&pair, BDF(0, 2, 0), 1, 3);
    number_bus(&pair, BDF(1, 0, 0), 2, 3);
    number_bus(&pair, BDF(2, 0, 0), 3, 3);
    g_assert_true(exists(&pair, BDF(3, 0, 0)));

    /* The bridges below lose their numbers; what they get is not reached. */
    pair_writew(&pair, BDF(0, 2, 0), PCI_BRIDGE_CONTROL,
                PCI_BRIDGE_CTL_BUS_RESET);
    g_assert_false(exists(&pair, BDF(2, 0, 0)));
    g_assert_false(exists(&pair, BDF(3, 0, 0)));
    pair_compare(&pair);
    number_bus(&pair, BDF(1, 0, 0), 2, 3);
    g_assert_false(exists(&pair, BDF(2, 0, 0)));
    pair_compare(&pair);
    pair_writew(&pair, BDF(0, 2, 0), PCI_BRIDGE_CONTROL, 0);
    g_assert_true(exists(&pair, BDF(2, 0, 0)));
    g_assert_false(exists(&pair, BDF(3, 0, 0)));
    pair_compare(&pair);
    pair_quit(&pair);
}

static void unplug(Pair *pair, const char *id, uint16_t port)
{
    uint8_t cap = find_capability(pair, port, PCI_CAP_ID_EXP);

    /* The driver's answer to the attention button: power and its light off */
    for (int i = 0; i < NR_MACHINES; i++) {
        qtest_qmp_device_del_send(pair->qts[i], id);
    }
    pair_writew(pair, port, cap + PCI_EXP_SLTSTA, 0xffff);
    pair_writew(pair, port, cap + PCI_EXP_SLTCTL,
                PCI_EXP_SLTCTL_PWR_OFF | PCI_EXP_SLTCTL_PWR_IND_OFF);
    for (int i = 0; i < NR_MACHINES; i++) {
        qtest_qmp_eventwait(pair->qts[i], "DEVICE_DELETED");
    }
}

static void plug(Pair *pair, const char *driver, const char *id,
                 const char *bus, const char *addr)
{
    for (int i = 0; i < NR_MACHINES; i++) {
        qtest_qmp_device_add(pair->qts[i], driver, id,
                             "{'bus': %s, 'addr': %s, 'multifunction': true}",
                             bus, addr);
    }
}

static void test_hotplug(void)
{
    Pair pair;
    uint8_t cap;

    pair_start(&pair,
               "-device pcie-root-port,id=a,addr=2.0,chassis=1 "
               "-device pcie-root-port,id=b,addr=3.0,chassis=2");
    number_bus(&pair, BDF(0, 2, 0), 1, 1);
    number_bus(&pair, BDF(0, 3, 0), 2, 2);
    cap = find_capability(&pair, BDF(0, 2, 0), PCI_CAP_ID_EXP);
    g_assert_false(exists(&pair, BDF(1, 0, 0)));

    for (int times = 0; times < 3; times++) {
        /* No function is there before function 0. */
        plug(&pair, "virtio-rng-pci", "dev1", "a", "0.1");
        g_assert_false(exists(&pair, BDF(1, 0, 1)));
        plug(&pair, "virtio-balloon-pci", "dev0", "a", "0.0");
        g_assert_false(exists(&pair, BDF(2, 0, 0)));
        pair_compare(&pair);
        /* The slot's power */
        pair_writew(&pair, BDF(0, 2, 0), cap + PCI_EXP_SLTCTL,
                    PCI_EXP_SLTCTL_PWR_IND_ON);
        g_assert_true(exists(&pair, BDF(1, 0, 0)));
        g_assert_true(exists(&pair, BDF(1, 0, 1)));
        pair_compare(&pair);
        pair_writew(&pair, BDF(0, 2, 0), cap + PCI_EXP_SLTCTL,
                    PCI_EXP_SLTCTL_PWR_OFF | PCI_EXP_SLTCTL_PWR_IND_ON);
        pair_compare(&pair);
        pair_writew(&pair, BDF(0, 2, 0), cap + PCI_EXP_SLTCTL,
                    PCI_EXP_SLTCTL_PWR_IND_ON);
        pair_compare(&pair);

        unplug(&pair, "dev0", BDF(0, 2, 0));
        g_assert_false(exists(&pair, BDF(1, 0, 0)));
        g_assert_false(exists(&pair, BDF(1, 0, 1)));
        pair_compare(&pair);

        /* Another device gets what has become free. */
        plug(&pair, "qemu-xhci", "other", "b", "0.0");
        pair_writew(&pair, BDF(0, 3, 0), cap + PCI_EXP_SLTCTL,
                    PCI_EXP_SLTCTL_PWR_IND_ON);
        g_assert_true(exists(&pair, BDF(2, 0, 0)));
        g_assert_false(exists(&pair, BDF(1, 0, 0)));
        pair_compare(&pair);
        unplug(&pair, "other", BDF(0, 3, 0));
        g_assert_false(exists(&pair, BDF(2, 0, 0)));
    }
    pair_quit(&pair);
}

static void test_sriov(void)
{
    Pair pair;
    uint16_t cap, offset, stride;
    int without;

    if (!qtest_has_device("igb")) {
        g_test_skip("no igb");
        return;
    }
    pair_start(&pair, "-device pcie-root-port,id=a,addr=2.0,chassis=1 "
               "-device igb,bus=a");
    number_bus(&pair, BDF(0, 2, 0), 1, 2);
    without = pair_compare(&pair);

    cap = find_ext_capability(&pair, BDF(1, 0, 0), PCI_EXT_CAP_ID_SRIOV);
    g_assert_cmpint(cap, !=, 0);
    offset = pair_readw(&pair, BDF(1, 0, 0), cap + PCI_SRIOV_VF_OFFSET);
    stride = pair_readw(&pair, BDF(1, 0, 0), cap + PCI_SRIOV_VF_STRIDE);
    for (int num = 7; num > 0; num -= 3) {
        pair_writew(&pair, BDF(1, 0, 0), cap + PCI_SRIOV_NUM_VF, num);
        pair_writew(&pair, BDF(1, 0, 0), cap + PCI_SRIOV_CTRL,
                    PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE);
        for (int i = 0; i < 7; i++) {
            uint16_t vf = BDF(1, 0, 0) + offset + i * stride;

            /* Its ID is all ones, too. */
            g_assert_cmpint(pair_readw(&pair, vf, PCI_CLASS_DEVICE) == 0x0200,
                            ==, i < num);
        }
        pair_compare(&pair);
        number_bus(&pair, BDF(0, 2, 0), 3, 4);
        pair_compare(&pair);
        number_bus(&pair, BDF(0, 2, 0), 1, 2);
        pair_writew(&pair, BDF(1, 0, 0), cap + PCI_SRIOV_CTRL, 0);
        g_assert_cmpint(pair_compare(&pair), ==, without);
    }
    pair_quit(&pair);
}

static void test_virtio_window(void)
{
    Pair pair;
    uint16_t bdf = BDF(1, 0, 0);
    uint8_t cap;

    pair_start(&pair, "-device pcie-root-port,id=a,addr=2.0,chassis=1 "
               "-device virtio-rng-pci,bus=a");
    number_bus(&pair, BDF(0, 2, 0), 1, 1);
    cap = find_capability(&pair, bdf, PCI_CAP_ID_VNDR);
    while (pair_readb(&pair, bdf, cap + 3) != VIRTIO_PCI_CAP_PCI_CFG) {
        cap = pair_readb(&pair, bdf, cap + PCI_CAP_LIST_NEXT);
        g_assert_cmpint(cap, !=, 0);
    }
    g_assert_false(traps(&pair, bdf));

    /* num_queues of the common configuration; it is in BAR 4 */
    pair_writel(&pair, bdf, PCI_BASE_ADDRESS_4, 0xe0000000);
    pair_writel(&pair, bdf, PCI_BASE_ADDRESS_5, 0);
    pair_writew(&pair, bdf, PCI_COMMAND, PCI_COMMAND_MEMORY);
    pair_writeb(&pair, bdf, cap + offsetof(struct virtio_pci_cap, bar), 4);
    pair_writel(&pair, bdf, cap + offsetof(struct virtio_pci_cap, offset),
                VIRTIO_PCI_COMMON_NUMQ);
    g_assert_false(traps(&pair, bdf));
    pair_writel(&pair, bdf, cap + offsetof(struct virtio_pci_cap, length), 2);
    g_assert_true(traps(&pair, bdf));
    g_assert_cmpint(pair_readw(&pair, bdf, cap + sizeof(struct virtio_pci_cap)),
                    ==, 1);
    pair_compare(&pair);

    /* It moves while it traps. */
    number_bus(&pair, BDF(0, 2, 0), 2, 2);
    bdf = BDF(2, 0, 0);
    g_assert_true(traps(&pair, bdf));
    g_assert_false(traps(&pair, BDF(1, 0, 0)));
    pair_compare(&pair);

    /* Another register, written by the device */
    pair_writel(&pair, bdf, cap + offsetof(struct virtio_pci_cap, offset),
                VIRTIO_PCI_COMMON_Q_SIZE);
    g_assert_cmpint(pair_readw(&pair, bdf, cap + sizeof(struct virtio_pci_cap)),
                    >, 1);
    pair_writel(&pair, bdf, cap + offsetof(struct virtio_pci_cap, length), 3);
    g_assert_false(traps(&pair, bdf));
    pair_compare(&pair);
    pair_quit(&pair);
}

static void test_reset(void)
{
    g_autofree char *args = device_args(all_kinds);
    Pair pair;
    int before, numbered;

    pair_start(&pair, args);
    before = pair_compare(&pair);
    number_all_kinds(&pair);
    numbered = pair_compare(&pair);
    for (int i = 0; i < NR_MACHINES; i++) {
        qtest_system_reset(pair.qts[i]);
        enable_ecam(pair.qts[i]);
    }
    g_assert_cmpint(pair_compare(&pair), ==, before);
    number_all_kinds(&pair);
    g_assert_cmpint(pair_compare(&pair), ==, numbered);
    pair_quit(&pair);
}

static void wait_for_migration(QTestState *qts)
{
    for (;;) {
        QDict *rsp = qtest_qmp(qts, "{'execute': 'query-migrate'}");
        const char *status = qdict_get_try_str(qdict_get_qdict(rsp, "return"),
                                               "status");
        bool completed = status && !strcmp(status, "completed");

        g_assert_cmpstr(status, !=, "failed");
        qobject_unref(rsp);
        if (completed) {
            return;
        }
        g_usleep(1000);
    }
}

/* From a machine with mapped-ecam=@from to one with mapped-ecam=@to */
static void migrate(int from, int to)
{
    static const char *const devices[] = {
        "pcie-root-port,id=a,addr=2.0,chassis=1",
        "pcie-root-port,id=b,addr=3.0,chassis=2",
        "virtio-rng-pci,bus=a",
        "igb,bus=b",
        "i6300esb,addr=6",
        NULL
    };
    g_autofree char *args = device_args(devices);
    g_autofree char *incoming = g_strconcat(args, " -incoming defer", NULL);
    g_autofree char *path = NULL;
    g_autofree char *uri = NULL;
    /* What is done to a pair is done to the source here. */
    QTestState *source = machine_start(from, args);
    QTestState *target;
    Pair pair = { { source, source } };
    int fd = g_file_open_tmp("mapped-ecam-XXXXXX", &path, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    uri = g_strconcat("file:", path, NULL);

    enable_ecam(source);
    number_bus(&pair, BDF(0, 2, 0), 1, 1);
    number_bus(&pair, BDF(0, 3, 0), 5, 6);
    if (qtest_has_device("igb")) {
        uint16_t cap = find_ext_capability(&pair, BDF(5, 0, 0),
                                           PCI_EXT_CAP_ID_SRIOV);

        pair_writew(&pair, BDF(5, 0, 0), cap + PCI_SRIOV_NUM_VF, 3);
        pair_writew(&pair, BDF(5, 0, 0), cap + PCI_SRIOV_CTRL,
                    PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE);
    }
    qtest_qmp_assert_success(source, "{'execute': 'stop'}");
    qtest_qmp_assert_success(source, "{'execute': 'migrate',"
                             " 'arguments': {'uri': %s}}", uri);
    wait_for_migration(source);

    target = machine_start(to, incoming);
    qtest_qmp_assert_success(target, "{'execute': 'migrate-incoming',"
                             " 'arguments': {'uri': %s}}", uri);
    wait_for_migration(target);
    g_assert_cmpint(compare_functions(source, target), >, 6);
    qtest_quit(source);
    qtest_quit(target);
    unlink(path);
}

static void test_migration(void)
{
    migrate(OFF, ON);
    migrate(ON, OFF);
    migrate(ON, ON);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    if (!qtest_has_device("pcie-root-port") || !qtest_has_device("qemu-xhci") ||
        !qtest_has_device("virtio-rng-pci")) {
        g_test_message("Skipping: devices are missing");
        return 0;
    }
    qtest_add_func("/q35/mapped-ecam/values", test_values);
    qtest_add_func("/q35/mapped-ecam/writes", test_writes);
    qtest_add_func("/q35/mapped-ecam/renumbering", test_renumbering);
    qtest_add_func("/q35/mapped-ecam/bus-reset", test_bus_reset);
    qtest_add_func("/q35/mapped-ecam/hotplug", test_hotplug);
    qtest_add_func("/q35/mapped-ecam/sriov", test_sriov);
    qtest_add_func("/q35/mapped-ecam/virtio-window", test_virtio_window);
    qtest_add_func("/q35/mapped-ecam/reset", test_reset);
    qtest_add_func("/q35/mapped-ecam/migration", test_migration);
    return g_test_run();
}
