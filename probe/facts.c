// SPDX-License-Identifier: GPL-2.0
/* facts - what this machine is, and how its firmware describes ECAM */

#include "probe.h"

#include <cpuid.h>
#include <sys/klog.h>
#include <sys/utsname.h>

#define DMI	"/sys/class/dmi/id/"
#define MCFG	"/sys/firmware/acpi/tables/MCFG"

char *file_text(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	char *all = calloc(1, 4096);
	ssize_t length = fd < 0 ? 0 : read(fd, all, 4095);

	if (fd >= 0)
		close(fd);
	while (length > 0 && (all[length - 1] == '\n' || all[length - 1] == ' '))
		all[--length] = '\0';
	return all;
}

char *log_line(const char *wanted)
{
	int size = klogctl(10, NULL, 0);
	char *log = calloc(1, size > 0 ? size + 1 : 1), *found, *line;

	klogctl(3, log, size > 0 ? size : 0);
	found = strstr(log, wanted);
	if (!found)
		return NULL;
	while (found > log && found[-1] != '\n')
		found--;
	line = strndup(found, strcspn(found, "\n"));
	free(log);
	found = strstr(line, "] ");		/* <LEVEL>[TIME] TEXT */
	return found ? found + 2 : line;
}

/* The signatures that CPUID has, KVM's behind Hyper-V's for example, or "none" */
static char *signature(void)
{
	unsigned int eax, words[4] = { 0 };
	char *all = "none", *one;

	if (!__get_cpuid(1, &eax, &words[0], &words[1], &words[2]) || !(words[1] & 1u << 31))
		return all;
	for (unsigned int leaf = 0x40000000; leaf < 0x40010000; leaf += 0x100) {
		memset(words, 0, sizeof(words));
		__cpuid(leaf, eax, words[0], words[1], words[2]);
		one = strndup((char *)words, 12);
		for (char *c = one; *c; c++) {
			if (*c < ' ' || *c > '~')
				*c = '?';
		}
		/* Beyond the last one a processor may repeat itself. */
		if (leaf == 0x40000000)
			all = *one ? one : "(empty)";
		else if (eax >= leaf && eax < leaf + 0x100 && *one && !strstr(all, one))
			all = text("%s, %s", all, one);
	}
	return all;
}

static char *processor(void)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[256], name[200] = "unknown";

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "model name : %199[^\n]", name) == 1)
			break;
	}
	return text("%s", name);
}

static json_int_t memory_mib(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	json_int_t kib = 0;

	if (f && fscanf(f, "MemTotal: %" JSON_INTEGER_FORMAT, &kib) != 1)
		kib = 0;
	return kib / 1024;
}

/* The names of what /proc/iomem has at this address, and whether the kernel uses ECAM there */
static void look_up(unsigned long long base, char **names, bool *used)
{
	FILE *f = fopen("/proc/iomem", "re");
	unsigned long long start, end;
	char line[256], name[200];

	*names = NULL;
	*used = false;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %llx-%llx : %199[^\n]", &start, &end, name) != 3 ||
		    base < start || base > end)
			continue;
		if (!strncmp(name, "PCI ECAM", 8))
			*used = true;
		else
			*names = *names ? text("%s, %s", *names, name) : text("%s", name);
	}
	if (f)
		fclose(f);
}

static void add_region(json_t *regions, const char *from, unsigned long long base,
		       unsigned int segment, unsigned int first, unsigned int last)
{
	/* ACPI gives the address of bus 0. */
	unsigned long long start = base + ((unsigned long long)first << 20);
	char *names, *line, *reserved = NULL, *method;
	bool used;

	look_up(start, &names, &used);
	line = log_line(text("ECAM [mem 0x%08llx-0x%08llx] reserved as ", start,
			     base + ((last + 1ull) << 20) - 1));
	if (line && (method = strstr(line, " reserved as ")))
		reserved = method + strlen(" reserved as ");
	json_array_append_new(regions, json_pack("{s:s,s:s,s:i,s:s,s:s?,s:s?,s:b}",
		"from", from, "base", text("%#llx", base), "segment", (int)segment,
		"buses", text("%02x-%02x", first, last), "reserved", reserved,
		"in", names, "used", used));
}

/* The entries of MCFG; half an entry is none. */
static void add_mcfg(json_t *regions)
{
	int fd = open(MCFG, O_RDONLY | O_CLOEXEC);
	struct __attribute__((packed)) {
		uint64_t base;
		uint16_t segment;
		uint8_t first, last;
		uint32_t reserved;
	} entry;

	for (off_t at = 44; fd >= 0 && pread(fd, &entry, sizeof(entry), at) == sizeof(entry);
	     at += sizeof(entry))
		add_region(regions, "MCFG", entry.base, entry.segment, entry.first, entry.last);
	if (fd >= 0)
		close(fd);
}

/* Regions that the kernel has though MCFG does not: a host bridge's method _CBA gives them. */
static void add_cba(json_t *regions)
{
	FILE *f = fopen("/proc/iomem", "re");
	unsigned int segment, first, last;
	unsigned long long start;
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		bool known = false;
		json_t *region;
		size_t i;

		if (sscanf(line, " %llx-%*x : PCI ECAM %x [bus %x-%x]", &start, &segment, &first,
			   &last) != 4)
			continue;
		start -= (unsigned long long)first << 20;
		json_array_foreach(regions, i, region)
			known |= strtoull(json_string_value(json_object_get(region, "base")),
					  NULL, 0) == start;
		if (!known)
			add_region(regions, "_CBA", start, segment, first, last);
	}
	if (f)
		fclose(f);
}

/* What Linux says of its check, and what the table is of which it says nothing */
static void find_check(json_t *result)
{
	static const struct {
		const char *line, *check;
	} outcomes[] = {
		{ " reads 0x",				"differs" },
		{ "no function found on bus",		"no function" },
		{ "no device shows that the function",	"function 0 only" },
		{ "is not reserved and something else",	"not reserved" },
	};
	char *line = log_line("; using type 1 for base access") ?: log_line("; using type 1 for functions");
	const char *check = log_line("Using ECAM for base access") ? "pass" : "not made";

	for (size_t i = 0; line && i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		if (strstr(line, outcomes[i].line))
			check = outcomes[i].check;
	}
	if (!line)
		line = log_line("not using ECAM");
	if (!line && !log_line("Using ECAM") && access(MCFG, F_OK))
		line = log_line("Bad table checksum");
	json_object_set_new(result, "check", json_string(check));
	json_object_set_new(result, "check_says", line ? json_string(line) : json_null());
}

/* What three files of DMI say together, or "unknown" */
static char *dmi(const char *a, const char *b, const char *c)
{
	char *all = text("%s %s %s", file_text(text(DMI "%s", a)), file_text(text(DMI "%s", b)),
			 file_text(text(DMI "%s", c)));

	return all[strspn(all, " ")] ? all : "unknown";
}

void find_facts(json_t *result)
{
	char *detected = log_line("Hypervisor detected: "), *name = processor(), *cpuid = signature();
	json_t *regions = json_array();
	glob_t functions = { 0 };
	struct utsname kernel;

	uname(&kernel);
	glob("/sys/bus/pci/devices/*", 0, NULL, &functions);
	json_object_update_new(result, json_pack(
		"{s:s,s:s,s:s?,s:s,s:s,s:b,s:s,s:i,s:I,s:b,s:i,s:b}",
		"kernel", kernel.release,
		"signature", cpuid,
		"hypervisor", detected ? strchr(detected, ':') + 2 : NULL,
		"machine", dmi("sys_vendor", "product_name", "product_version"),
		"firmware", dmi("bios_vendor", "bios_version", "bios_date"),
		"uefi", !access("/sys/firmware/efi", F_OK),
		"processor", name,
		"processors", (int)sysconf(_SC_NPROCESSORS_ONLN),
		"memory_mib", memory_mib(),
		/* KVM's guests on an emulated processor have its name. */
		"emulated", strstr(cpuid, "TCGTCG") || strstr(name, "TCG"),
		"functions", (int)functions.gl_pathc,
		"acpi", !access("/sys/firmware/acpi/tables", F_OK)));
	add_mcfg(regions);
	add_cba(regions);
	json_object_set_new(result, "ecam", regions);
	find_check(result);
}
