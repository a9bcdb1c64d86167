// SPDX-License-Identifier: GPL-2.0
/*
 * verdict - one line that says what a VMM's author has to know: "pass", "no gain" or "wrong"
 *
 * The first rule that holds decides.
 */

#include "probe.h"

static double ns(json_t *result, const char *method)
{
	json_t *reads = json_object_get(result, "reads");

	return json_number_value(json_object_get(json_object_get(reads, method), "ns"));
}

/* Why base access stays with type 1, though nothing is wrong */
static const char *why_type1(json_t *result)
{
	const char *says = string(result, "check_says"), *cmdline = file_text("/proc/cmdline");
	json_t *regions = json_object_get(result, "ecam"), *region;
	size_t i;

	if (strstr(cmdline, "base_conf1"))
		return "pci=base_conf1 asks for that";
	if (strstr(cmdline, "nommconf") || strstr(cmdline, "pci=conf1"))
		return "the command line forbids ECAM";
	if (!json_is_true(json_object_get(result, "acpi")))
		return "there is no ACPI, which has to describe ECAM";
	if (!json_array_size(regions))
		return *says ? says : "firmware describes no ECAM: no table MCFG, no method _CBA";
	if (!strcmp(string(result, "signature"), "none") && !*string(result, "hypervisor"))
		return "there is no hypervisor: Linux uses type 1 on bare metal";
	if (strstr(string(result, "hypervisor"), "Xen"))
		return "a Xen domain stays with type 1";
	if (!strcmp(string(result, "check"), "no function"))
		return "the first bus of the region has no function to compare";
	json_array_foreach(regions, i, region) {
		if (json_is_true(json_object_get(region, "used")))
			return *says ? says : "Linux does not say why";
	}
	return *says ? says : "Linux does not use the region that firmware describes";
}

static void set(json_t *result, const char *verdict, const char *because)
{
	json_object_set_new(result, "verdict", json_string(verdict));
	json_object_set_new(result, "because", json_string(because));
}

void find_verdict(json_t *result)
{
	json_t *compared = json_object_get(result, "compared");
	json_t *raw = json_object_get(json_object_get(result, "reads"), "raw_pci_read");
	json_t *failed = json_object_get(json_object_get(result, "writes"), "failed");
	const char *check = string(result, "check"), *says = string(result, "check_says");
	double type1 = ns(result, "type1"), ecam = ns(result, "ecam"), empty = ns(result, "empty");
	bool emulated = json_is_true(json_object_get(result, "emulated"));

	if (!json_integer_value(json_object_get(result, "functions")))
		set(result, "no gain", "this machine has no PCI function");
	else if (json_integer_value(json_object_get(compared, "differ")))
		set(result, "wrong", text("%s; Linux %s", string(compared, "wrong"),
			!strcmp(check, "pass") ? "does not see that: boot with pci=base_conf1" :
			!strcmp(check, "function 0 only") ? "uses ECAM for function 0 alone" :
			"uses type 1"));
	else if (!strcmp(check, "differs") || !strcmp(check, "not reserved"))
		set(result, "wrong", says);
	else if (json_array_size(failed))
		set(result, "wrong",
		    text("a write: %s", json_string_value(json_array_get(failed, 0))));
	else if (!raw || json_object_get(raw, "unavailable"))
		set(result, "no gain", text("base access can't be timed: %s", string(
			raw ? raw : json_object_get(result, "reads"), "unavailable")));
	else if (strcmp(string(raw, "serves"), "ecam"))
		set(result, "no gain", text("base access is by type 1: %s", why_type1(result)));
	else if (!type1)
		set(result, "no gain", "there is no type 1: every Linux uses ECAM here");
	else if (!emulated && ecam - empty > 0.95 * (type1 - empty))
		set(result, "no gain",
		    text("it works, but a read by ECAM takes %.2f of the time of type 1",
			 (ecam - empty) / (type1 - empty)));
	else
		set(result, "pass", text(
			"base access is by ECAM; a read takes %.3g of the time of type 1%s%s",
			(ecam - empty) / (type1 - empty),
			emulated ? " on this emulated processor, which says nothing of a real one" : "",
			strcmp(check, "function 0 only") ? "" :
			"; functions 1 to 7 stay with type 1, as no device shows that ECAM decodes them"));
}
