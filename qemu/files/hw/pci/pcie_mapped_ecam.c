/*
 * PCI Express configuration space that guests read as memory
 *
 * What a guest reads of ECAM is, for nearly all functions, what the device
 * model has in PCIDevice::config.  So that is where the guest may read it:
 *
 * - All configuration spaces are in one memfd, the arena, a page each.  The
 *   file begins with the pages that absent functions have, one for each
 *   function of a bus: all ones.
 *
 * - The window is a ROM device on top of the host bridge's ECAM region.  Reads
 *   are loads, and writes are emulated as ever.  Its memory is made of
 *   read-only mappings of the memfd: a function's page is where its bus number
 *   says.  When that changes, pages are mapped anew, but no memory region
 *   changes.
 *
 * - For a function whose reads must be emulated there is a trap, a page of the
 *   host bridge's ECAM region again, on top of the window.
 *
 * Readers take no lock.  So a page is taken from the window before it is used
 * for another function; a trap is set before, and removed after, what is below
 * it changes.
 *
 * Bus numbers are taken from pci_find_bus_nr(), and the visibility from
 * pci_host_config_visible(), as for accesses that are emulated.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/mman.h>
#include "qemu/bitmap.h"
#include "qemu/error-report.h"
#include "qemu/memfd.h"
#include "qapi/error.h"
#include "hw/boards.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pcie_mapped_ecam.h"
#include "system/kvm.h"
#include "system/qtest.h"
#include "system/system.h"
#include "system/tcg.h"
#include "pci-internal.h"
#include "trace.h"

#define FUNCTION_SIZE   ((size_t)PCIE_CONFIG_SPACE_SIZE)
#define NR_FUNCTIONS    (PCI_BUS_MAX * PCI_DEVFN_MAX)
#define ARENA_PAGES     (PCI_DEVFN_MAX + NR_FUNCTIONS)
#define ARENA_STEP      64      /* pages that become accessible together */
#define NOWHERE         UINT32_MAX

/* The functions in the window are numbered. */
#define FUNCTION(bus_num, devfn)    ((bus_num) * PCI_DEVFN_MAX + (devfn))
#define BUS_NUM(function)           ((function) / PCI_DEVFN_MAX)

typedef struct ConfigPage {
    PCIDevice *dev;             /* NULL: the page is free */
    uint32_t shown_at;          /* the function that has it, or NOWHERE */
    uint32_t trap_at;           /* the function that traps, or NOWHERE */
    uint32_t wanted_trap_at;
    MemoryRegion *trap;         /* from its first use on */
} ConfigPage;

struct PCIEMappedECAM {
    PCIExpressHost *host;

    int fd;
    uint8_t *arena;             /* of ARENA_PAGES, writable as far as used */
    ConfigPage *pages;          /* those from PCI_DEVFN_MAX on */
    uint32_t nr_pages;

    MemoryRegion window;
    uint8_t *shown;             /* its memory */
    /* For each bus number, the pages that its functions have; NULL: none */
    uint32_t *rows[PCI_BUS_MAX];
    MemoryRegion emulated;      /* what traps are aliases of */

    DECLARE_BITMAP(stale, PCI_BUS_MAX);     /* bus numbers to look at again */
    unsigned int collecting;
    Notifier machine_done;
};

/* PCIDevice::config as a page of the arena */
static uint32_t config_page(PCIEMappedECAM *ecam, PCIDevice *dev)
{
    return (dev->config - ecam->arena) / FUNCTION_SIZE;
}

static ConfigPage *page_state(PCIEMappedECAM *ecam, PCIDevice *dev)
{
    return &ecam->pages[config_page(ecam, dev) - PCI_DEVFN_MAX];
}

static uint32_t page_shown_at(PCIEMappedECAM *ecam, uint32_t function)
{
    const uint32_t *row = ecam->rows[BUS_NUM(function)];

    return row ? row[function % PCI_DEVFN_MAX] : function % PCI_DEVFN_MAX;
}

/*
 * Show pages of the arena, in their order.  Should that fail, all reads are
 * emulated from now on, as they are without mapped ECAM.
 */
static void show(PCIEMappedECAM *ecam, uint32_t function, uint32_t page,
                 uint32_t nr)
{
    if (mmap(ecam->shown + function * FUNCTION_SIZE, nr * FUNCTION_SIZE,
             PROT_READ, MAP_SHARED | MAP_FIXED, ecam->fd,
             page * FUNCTION_SIZE) == MAP_FAILED) {
        warn_report_once("mapped ECAM is disabled: can't map configuration "
                         "space: %s", strerror(errno));
        memory_region_rom_device_set_romd(&ecam->window, false);
    }
}

static void set_trap(PCIEMappedECAM *ecam, ConfigPage *page, uint32_t function)
{
    MemoryRegion *mmio = &ecam->host->mmio;

    if (!page->trap) {
        page->trap = g_new0(MemoryRegion, 1);
        memory_region_init_alias(page->trap, OBJECT(ecam->host),
                                 "pcie-mapped-ecam-trap", &ecam->emulated, 0,
                                 FUNCTION_SIZE);
    }
    if (page->trap_at != NOWHERE) {
        memory_region_del_subregion(mmio, page->trap);
    }
    page->trap_at = function;
    if (function != NOWHERE) {
        memory_region_set_alias_offset(page->trap, function * FUNCTION_SIZE);
        memory_region_add_subregion_overlap(mmio, function * FUNCTION_SIZE,
                                            page->trap, 2);
    }
}

/*
 * Can reads be served from memory, now or at other times?  If not, the function
 * traps for good, and its page is never shown.
 */
static bool may_be_shown(PCIDevice *dev)
{
    if (dev->config_read != pci_default_read_config &&
        !dev->config_read_plain) {
        return false;
    }
    /* Only the first 256 bytes of an Express function can be reached. */
    if (pci_is_express(dev) &&
        !pci_bus_allows_extended_config_space(pci_get_bus(dev))) {
        return false;
    }
    /* Its visibility changes with partially_hotplugged. */
    if (dev->failover_pair_id) {
        return false;
    }
    /* The link status is that of a device whose reads are emulated. */
    if (pci_is_express_downstream_port(dev)) {
        PCIBus *bus = pci_bridge_get_sec_bus(PCI_BRIDGE(dev));
        PCIDevice *target = bus->devices[0];

        return !target || target->config_read == pci_default_read_config ||
               target->config_read_plain;
    }
    return true;
}

static bool must_trap(PCIDevice *dev)
{
    return !may_be_shown(dev) ||
           (dev->config_read_plain && !dev->config_read_plain(dev));
}

/* What the window should have for a bus number.  Sets wanted_trap_at, too. */
static uint32_t *plan_row(PCIEMappedECAM *ecam, PCIBus *bus, uint8_t bus_num)
{
    uint32_t *row = g_new(uint32_t, PCI_DEVFN_MAX);

    for (uint32_t devfn = 0; devfn < PCI_DEVFN_MAX; devfn++) {
        PCIDevice *dev = bus ? bus->devices[devfn] : NULL;
        uint32_t function = FUNCTION(bus_num, devfn);

        row[devfn] = devfn;
        if (!dev) {
            continue;
        }
        if (must_trap(dev)) {
            page_state(ecam, dev)->wanted_trap_at = function;
        }
        if (!may_be_shown(dev) || !pci_host_config_visible(dev)) {
            continue;
        }
        if (pci_is_express_downstream_port(dev)) {
            /* Where reads are emulated, it is done for each. */
            pcie_sync_bridge_lnk(dev);
        }
        row[devfn] = config_page(ecam, dev);
        if (page_shown_at(ecam, function) != row[devfn]) {
            /* A model may have become a conventional one when realized. */
            memset(dev->config + pci_config_size(dev), 0xff,
                   FUNCTION_SIZE - pci_config_size(dev));
        }
    }
    return row;
}

/* Returns how many mappings were made. */
static int show_row(PCIEMappedECAM *ecam, uint8_t bus_num, const uint32_t *row)
{
    int mappings = 0;
    uint32_t devfn = 0;

    while (devfn < PCI_DEVFN_MAX) {
        uint32_t first = devfn++;
        uint32_t page = row[first];

        if (page_shown_at(ecam, FUNCTION(bus_num, first)) == page) {
            continue;
        }
        while (devfn < PCI_DEVFN_MAX && row[devfn] == page + devfn - first &&
               page_shown_at(ecam, FUNCTION(bus_num, devfn)) != row[devfn]) {
            devfn++;
        }
        show(ecam, FUNCTION(bus_num, first), page, devfn - first);
        mappings++;
    }
    return mappings;
}

/* Note where the pages of a row are shown: see ConfigPage::shown_at. */
static void note_row(PCIEMappedECAM *ecam, const uint32_t *row,
                     uint32_t first_function)
{
    for (uint32_t devfn = 0; row && devfn < PCI_DEVFN_MAX; devfn++) {
        if (row[devfn] >= PCI_DEVFN_MAX) {
            ecam->pages[row[devfn] - PCI_DEVFN_MAX].shown_at =
                first_function == NOWHERE ? NOWHERE : first_function + devfn;
        }
    }
}

static bool all_absent(const uint32_t *row)
{
    for (uint32_t devfn = 0; devfn < PCI_DEVFN_MAX; devfn++) {
        if (row[devfn] != devfn) {
            return false;
        }
    }
    return true;
}

/* Traps are set while what is below them is still as it was, and vice versa. */
static int set_traps(PCIEMappedECAM *ecam)
{
    int traps = 0;

    memory_region_transaction_begin();
    for (uint32_t i = 0; i < ecam->nr_pages; i++) {
        ConfigPage *page = &ecam->pages[i];

        if (page->wanted_trap_at != NOWHERE &&
            page->wanted_trap_at != page->trap_at) {
            set_trap(ecam, page, page->wanted_trap_at);
            traps++;
        }
    }
    memory_region_transaction_commit();
    return traps;
}

static int remove_traps(PCIEMappedECAM *ecam)
{
    int traps = 0;

    memory_region_transaction_begin();
    for (uint32_t i = 0; i < ecam->nr_pages; i++) {
        ConfigPage *page = &ecam->pages[i];

        if (page->wanted_trap_at != page->trap_at) {
            set_trap(ecam, page, NOWHERE);
            traps++;
        }
    }
    memory_region_transaction_commit();
    return traps;
}

/* Make the window what it should be for the stale bus numbers. */
static void apply(PCIEMappedECAM *ecam)
{
    g_autofree uint32_t **rows = g_new0(uint32_t *, PCI_BUS_MAX);
    int buses = 0, mappings = 0, traps = 0;
    uint32_t bus_num;

    for (uint32_t i = 0; i < ecam->nr_pages; i++) {
        ConfigPage *page = &ecam->pages[i];

        page->wanted_trap_at = page->trap_at;
        if (page->trap_at != NOWHERE &&
            test_bit(BUS_NUM(page->trap_at), ecam->stale)) {
            page->wanted_trap_at = NOWHERE;
        }
    }
    for (bus_num = 0; bus_num < PCI_BUS_MAX; bus_num++) {
        if (test_bit(bus_num, ecam->stale)) {
            PCIBus *bus = pci_find_bus_nr(ecam->host->pci.bus, bus_num);

            if (bus || ecam->rows[bus_num]) {
                rows[bus_num] = plan_row(ecam, bus, bus_num);
                buses++;
            }
        }
    }
    bitmap_zero(ecam->stale, PCI_BUS_MAX);

    traps += set_traps(ecam);
    for (bus_num = 0; bus_num < PCI_BUS_MAX; bus_num++) {
        if (rows[bus_num]) {
            mappings += show_row(ecam, bus_num, rows[bus_num]);
            note_row(ecam, ecam->rows[bus_num], NOWHERE);
        }
    }
    for (bus_num = 0; bus_num < PCI_BUS_MAX; bus_num++) {
        if (rows[bus_num]) {
            note_row(ecam, rows[bus_num], FUNCTION(bus_num, 0));
            g_free(ecam->rows[bus_num]);
            ecam->rows[bus_num] = rows[bus_num];
            if (all_absent(rows[bus_num])) {
                ecam->rows[bus_num] = NULL;
                g_free(rows[bus_num]);
            }
        }
    }
    traps += remove_traps(ecam);
    trace_pcie_mapped_ecam_update(buses, mappings, traps);
}

/* From here on changes are collected, until they are settled. */
static void collect(PCIEMappedECAM *ecam)
{
    ecam->collecting++;
}

static void settle(PCIEMappedECAM *ecam)
{
    assert(ecam->collecting);
    if (!--ecam->collecting && !bitmap_empty(ecam->stale, PCI_BUS_MAX)) {
        apply(ecam);
    }
}

/* Something has changed on @dev's bus, or in the link that leads there. */
static void mark_bus_of(PCIEMappedECAM *ecam, PCIDevice *dev)
{
    PCIBus *bus = pci_get_bus(dev);

    set_bit(pci_bus_num(bus), ecam->stale);
    if (bus->parent_dev) {
        set_bit(pci_dev_bus_num(bus->parent_dev), ecam->stale);
    }
}

/* These are the bus numbers that pci_find_bus_nr() asks a bridge about. */
static void mark_buses_below(PCIEMappedECAM *ecam, PCIDevice *bridge)
{
    uint8_t secondary = bridge->config[PCI_SECONDARY_BUS];
    uint8_t subordinate = bridge->config[PCI_SUBORDINATE_BUS];

    set_bit(secondary, ecam->stale);
    if (secondary < subordinate) {
        bitmap_set(ecam->stale, secondary, subordinate - secondary + 1);
    }
}

static void mark_written(PCIEMappedECAM *ecam, PCIDevice *dev, uint32_t addr,
                         uint32_t len)
{
    if ((ranges_overlap(addr, len, PCI_PRIMARY_BUS, 3) ||
         ranges_overlap(addr, len, PCI_BRIDGE_CONTROL, 2)) &&
        IS_PCI_BRIDGE(dev)) {
        mark_buses_below(ecam, dev);
    }
}

void pcie_mapped_ecam_begin(PCIDevice *dev, uint32_t addr, uint32_t len)
{
    PCIEMappedECAM *ecam = dev->mapped_ecam;

    if (ecam) {
        collect(ecam);
        mark_written(ecam, dev, addr, len);
    }
}

void pcie_mapped_ecam_end(PCIDevice *dev, uint32_t addr, uint32_t len)
{
    PCIEMappedECAM *ecam = dev->mapped_ecam;

    if (!ecam) {
        return;
    }
    mark_written(ecam, dev, addr, len);
    if (dev->config_read_plain &&
        must_trap(dev) != (page_state(ecam, dev)->trap_at != NOWHERE)) {
        mark_bus_of(ecam, dev);
    }
    if (dev->exp.exp_cap &&
        ranges_overlap(addr, len, dev->exp.exp_cap + PCI_EXP_LNKSTA, 2)) {
        mark_bus_of(ecam, dev);
    }
    settle(ecam);
}

void pcie_mapped_ecam_update(PCIDevice *dev)
{
    PCIEMappedECAM *ecam = dev->mapped_ecam;

    if (ecam) {
        collect(ecam);
        mark_bus_of(ecam, dev);
        settle(ecam);
    }
}

/* The mapped ECAM that covers a bus, also one of an expander bridge */
static PCIEMappedECAM *mapped_ecam_above(PCIBus *bus)
{
    Object *host;

    while (bus->parent_dev) {
        bus = pci_get_bus(bus->parent_dev);
    }
    host = object_dynamic_cast(OBJECT(bus->qbus.parent), TYPE_PCIE_HOST_BRIDGE);
    return host ? PCIE_HOST_BRIDGE(host)->mapped_ecam : NULL;
}

bool pcie_mapped_ecam_add(PCIDevice *dev, Error **errp)
{
    PCIEMappedECAM *ecam = mapped_ecam_above(pci_get_bus(dev));
    uint32_t i = 0;

    if (!ecam) {
        return true;
    }
    while (i < ecam->nr_pages && ecam->pages[i].dev) {
        i++;
    }
    if (i == ecam->nr_pages) {
        uint8_t *more = ecam->arena + (PCI_DEVFN_MAX + i) * FUNCTION_SIZE;

        if (i == NR_FUNCTIONS) {
            error_setg(errp, "mapped ECAM has room for %d functions only",
                       NR_FUNCTIONS);
            return false;
        }
        if (mprotect(more, ARENA_STEP * FUNCTION_SIZE,
                     PROT_READ | PROT_WRITE)) {
            error_setg_errno(errp, errno, "mapped ECAM can't grow");
            return false;
        }
        ecam->nr_pages += ARENA_STEP;
        ecam->pages = g_renew(ConfigPage, ecam->pages, ecam->nr_pages);
        for (uint32_t j = i; j < ecam->nr_pages; j++) {
            ecam->pages[j] = (ConfigPage) {
                .shown_at = NOWHERE,
                .trap_at = NOWHERE,
            };
        }
    }
    ecam->pages[i].dev = dev;
    dev->mapped_ecam = ecam;
    dev->config = ecam->arena + (PCI_DEVFN_MAX + i) * FUNCTION_SIZE;
    memset(dev->config, 0, pci_config_size(dev));
    memset(dev->config + pci_config_size(dev), 0xff,
           FUNCTION_SIZE - pci_config_size(dev));
    return true;
}

void pcie_mapped_ecam_remove(PCIDevice *dev)
{
    PCIEMappedECAM *ecam = dev->mapped_ecam;
    ConfigPage *page = page_state(ecam, dev);
    uint32_t devfn = page->shown_at % PCI_DEVFN_MAX;

    collect(ecam);
    if (page->shown_at != NOWHERE) {
        show(ecam, page->shown_at, devfn, 1);
        ecam->rows[BUS_NUM(page->shown_at)][devfn] = devfn;
        page->shown_at = NOWHERE;
    }
    if (page->trap_at != NOWHERE) {
        set_trap(ecam, page, NOWHERE);
    }
    mark_bus_of(ecam, dev);
    if (IS_PCI_BRIDGE(dev)) {
        mark_buses_below(ecam, dev);
    }
    page->dev = NULL;
    dev->mapped_ecam = NULL;
    dev->config = NULL;
    settle(ecam);
}

/* Devices that are there from the start appear together. */
static void machine_done(Notifier *notifier, void *data)
{
    settle(container_of(notifier, PCIEMappedECAM, machine_done));
}

static bool is_possible(Error **errp)
{
    if (!kvm_enabled() && !tcg_enabled() && !qtest_enabled()) {
        error_setg(errp, "mapped ECAM needs the accelerator kvm or tcg");
        return false;
    }
    if (current_machine->cgs) {
        error_setg(errp, "mapped ECAM is not possible with confidential "
                   "guests: they can't have read-only memory");
        return false;
    }
    if (kvm_enabled() && !kvm_readonly_mem_enabled()) {
        error_setg(errp, "mapped ECAM needs read-only memory, which this "
                   "host's KVM does not have");
        return false;
    }
    if (qemu_real_host_page_size() != FUNCTION_SIZE) {
        error_setg(errp, "mapped ECAM needs a host with pages of %zu bytes",
                   FUNCTION_SIZE);
        return false;
    }
    return true;
}

PCIEMappedECAM *pcie_mapped_ecam_new(PCIExpressHost *host,
                                     const MemoryRegionOps *ops, Error **errp)
{
    ERRP_GUARD();
    PCIEMappedECAM *ecam;

    if (!is_possible(errp)) {
        return NULL;
    }
    ecam = g_new0(PCIEMappedECAM, 1);
    ecam->host = host;
    ecam->arena = MAP_FAILED;
    ecam->shown = MAP_FAILED;
    ecam->fd = qemu_memfd_create("pcie-mapped-ecam",
                                 ARENA_PAGES * FUNCTION_SIZE, false, 0,
                                 F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL,
                                 errp);
    if (ecam->fd < 0) {
        error_prepend(errp, "mapped ECAM needs memfd: ");
        goto fail;
    }
    /* Neither uses memory before it is written to, even if it is locked. */
    ecam->arena = mmap(NULL, ARENA_PAGES * FUNCTION_SIZE, PROT_NONE,
                       MAP_SHARED | MAP_NORESERVE, ecam->fd, 0);
    ecam->shown = mmap(NULL, PCIE_MMCFG_SIZE_MAX, PROT_NONE,
                       MAP_SHARED | MAP_NORESERVE, ecam->fd, 0);
    if (ecam->arena == MAP_FAILED || ecam->shown == MAP_FAILED ||
        mprotect(ecam->arena, PCI_DEVFN_MAX * FUNCTION_SIZE,
                 PROT_READ | PROT_WRITE)) {
        error_setg_errno(errp, errno, "mapped ECAM needs address space");
        goto fail;
    }
    memset(ecam->arena, 0xff, PCI_DEVFN_MAX * FUNCTION_SIZE);

    memory_region_init_io(&ecam->emulated, OBJECT(host), ops, host,
                          "pcie-mmcfg-mmio", PCIE_MMCFG_SIZE_MAX);
    memory_region_init_rom_device_ptr(&ecam->window, OBJECT(host), ops, host,
                                      "pcie-ecam-ro", PCIE_MMCFG_SIZE_MAX,
                                      ecam->shown);
    memory_region_add_subregion_overlap(&host->mmio, 0, &ecam->window, 1);
    for (uint32_t bus_num = 0; bus_num < PCI_BUS_MAX; bus_num++) {
        show(ecam, FUNCTION(bus_num, 0), 0, PCI_DEVFN_MAX);
    }

    collect(ecam);
    ecam->machine_done.notify = machine_done;
    qemu_add_machine_init_done_notifier(&ecam->machine_done);
    return ecam;

fail:
    if (ecam->arena != MAP_FAILED) {
        munmap(ecam->arena, ARENA_PAGES * FUNCTION_SIZE);
    }
    if (ecam->shown != MAP_FAILED) {
        munmap(ecam->shown, PCIE_MMCFG_SIZE_MAX);
    }
    if (ecam->fd >= 0) {
        close(ecam->fd);
    }
    g_free(ecam);
    return NULL;
}
