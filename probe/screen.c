// SPDX-License-Identifier: GPL-2.0
/* screen - show the result: in words, as JSON, and as a QR code */

#include "probe.h"

#include <glob.h>
#include <linux/fb.h>
#include <poll.h>
#include <qrencode.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* The words take 80 columns of 8 pixels; what is right of them is for the QR code. */
#define TEXT_WIDTH	640
/* White around a QR code, in modules: ISO 18004 wants that much. */
#define QUIET		4

/* Those of the kernel's consoles that can be opened. A virtual terminal is for people only. */
static struct console {
	int fd;
	bool for_people;
} consoles[8];
static int nr_consoles;

static void open_console(const char *name)
{
	int fd = open(text("/dev/%s", name), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && nr_consoles < 8)
		consoles[nr_consoles++] = (struct console){ fd, !strncmp(name, "tty", 3) &&
							    name[3] >= '0' && name[3] <= '9' };
}

void open_consoles(void)
{
	char *names = file_text("/sys/class/tty/console/active"), *name;

	while ((name = strsep(&names, " "))) {
		if (*name)
			open_console(name);
	}
	if (!nr_consoles)
		open_console("console");
}

/* A console that takes nothing for five seconds is given up: a hang would be worse. */
static void write_all(struct console *c, const char *bytes, size_t length)
{
	while (length && c->fd >= 0) {
		struct pollfd room = { c->fd, POLLOUT, 0 };
		ssize_t written = write(c->fd, bytes, length);

		if (written > 0) {
			bytes += written;
			length -= written;
		} else if ((written < 0 && errno != EAGAIN) || poll(&room, 1, 5000) <= 0) {
			c->fd = -1;
		}
	}
}

static void say_on(bool people, const char *fmt, va_list args)
{
	char *text;
	int length = vasprintf(&text, fmt, args);

	for (int i = 0; i < nr_consoles; i++) {
		if (people || !consoles[i].for_people)
			write_all(&consoles[i], text, length);
	}
	free(text);
}

void say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say_on(true, fmt, args);
	va_end(args);
}

void say_to_programs(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say_on(false, fmt, args);
	va_end(args);
}

/*
 * Linux has virtual terminals without a display as well, and may take memory at 0xb8000 for one.  So
 * ask for a framebuffer or a display controller, unless there is no other console.
 */
bool is_there_a_screen(void)
{
	bool display = !access("/dev/fb0", F_OK), only = true, terminal = false;
	glob_t classes = { 0 };

	glob("/sys/bus/pci/devices/*/class", 0, NULL, &classes);
	for (size_t i = 0; i < classes.gl_pathc; i++)
		display = display || !strncmp(file_text(classes.gl_pathv[i]), "0x03", 4);
	globfree(&classes);

	for (int i = 0; i < nr_consoles; i++) {
		terminal = terminal || consoles[i].for_people;
		only = only && consoles[i].for_people;
	}
	return terminal && (display || only);
}

/* Draw on the framebuffer. Returns why not, or NULL. */
static const char *draw(const QRcode *code)
{
	struct fb_var_screeninfo v;
	struct fb_fix_screeninfo f;
	int fd = open("/dev/fb0", O_RDWR | O_CLOEXEC), modules = code->width + 2 * QUIET, scale;
	unsigned char *pixels;

	if (fd < 0 || ioctl(fd, FBIOGET_VSCREENINFO, &v) || ioctl(fd, FBIOGET_FSCREENINFO, &f))
		return "there is no framebuffer";
	scale = ((int)v.xres - TEXT_WIDTH) / modules;
	if (scale > (int)v.yres / modules)
		scale = v.yres / modules;
	if (scale < 2)
		return text("the screen of %ux%u is too small", v.xres, v.yres);
	pixels = mmap(NULL, f.smem_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (pixels == MAP_FAILED)
		return "the framebuffer can't be mapped";
	for (int y = 0; y < modules * scale; y++) {
		for (int x = 0; x < modules * scale; x++) {
			int column = x / scale - QUIET, row = y / scale - QUIET;
			bool dark = row >= 0 && row < code->width && column >= 0 &&
				    column < code->width && code->data[row * code->width + column] & 1;
			size_t bytes = v.bits_per_pixel / 8;

			memset(pixels + (y + v.yres - modules * scale) * f.line_length +
			       (x + v.xres - modules * scale) * bytes, dark ? 0 : 0xff, bytes);
		}
	}
	munmap(pixels, f.smem_len);
	close(fd);
	return NULL;
}

static long long number(json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

static void say_regions(json_t *result)
{
	json_t *regions = json_object_get(result, "ecam"), *region;
	size_t i;

	if (!json_array_size(regions))
		say("ECAM         none that firmware describes\n");
	json_array_foreach(regions, i, region) {
		const char *reserved = string(region, "reserved");

		if (i == 3) {
			say("             and %zu more\n", json_array_size(regions) - i);
			break;
		}
		say("ECAM         %s: %s, domain %lld, buses %s; reserved: %s%s\n",
		    string(region, "from"), string(region, "base"), number(region, "segment"),
		    string(region, "buses"), *reserved ? reserved : "by nobody",
		    json_is_true(json_object_get(region, "used")) ? "" : "; Linux does not use it");
	}
}

static void say_reads(json_t *result)
{
	static const struct {
		const char *method, *name;
	} rows[] = {
		{ "type1", "type 1" }, { "ecam", "ECAM" }, { "raw_pci_read", "raw_pci_read()" },
	};
	json_t *reads = json_object_get(result, "reads");

	if (*string(reads, "unavailable")) {
		say("reads        not timed: %s\n", string(reads, "unavailable"));
		return;
	}
	say("100,000 reads by     seconds     ns each\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *one = json_object_get(reads, rows[i].method);
		double ns = json_number_value(json_object_get(one, "ns"));

		if (!json_object_get(one, "reads"))
			say("  %-15s  %s\n", rows[i].name, string(one, "unavailable"));
		else
			say("  %-15s %10.4f %11.1f  by %s%s\n", rows[i].name, ns / 1e4, ns,
			    string(one, "serves"), number(one, "reads") == 100000 ? "" :
			    text("; scaled, %lld were made", number(one, "reads")));
	}
}

static const char *figure(json_t *object, const char *member)
{
	json_t *value = json_object_get(object, member);

	if (json_is_null(value))
		return "-";
	return json_is_integer(value) ? text("%lld", (long long)json_integer_value(value)) :
					text("%.2f", json_real_value(value));
}

static void say_boots(json_t *result)
{
	json_t *boots = json_object_get(result, "boots"), *boot;
	size_t i;

	if (boots)
		say("a boot, PCI             enumeration, ms   all, ms  by ports   by ECAM\n");
	json_array_foreach(boots, i, boot)
		say("  %-21s %15s %9s %9s %9s\n", string(boot, "variant"),
		    figure(boot, "enumeration_ms"), figure(boot, "all_ms"),
		    figure(boot, "port_accesses"), figure(boot, "ecam_accesses"));
	if (json_object_get(result, "boots_missing"))
		say("boots        not all timed: %s\n", string(result, "boots_missing"));
}

static void say_result(json_t *result)
{
	json_t *compared = json_object_get(result, "compared"), *writes;
	const char *hypervisor = string(result, "hypervisor");

	say("PCI configuration space, probed by Linux %s\n\n", string(result, "kernel"));
	say("hypervisor   %s (CPUID: %s)\n", *hypervisor ? hypervisor : "none that Linux knows",
	    string(result, "signature"));
	say("machine      %s, %lld MiB, %lld functions\n", string(result, "machine"),
	    number(result, "memory_mib"), number(result, "functions"));
	say("firmware     %s%s\n", string(result, "firmware"),
	    json_is_true(json_object_get(result, "uefi")) ? " (UEFI)" : "");
	say("processor    %lld of %s%s\n", number(result, "processors"), string(result, "processor"),
	    json_is_true(json_object_get(result, "emulated")) ?
	    "\n             emulated: no time here is that of a real processor" : "");
	say_regions(result);
	say("check        %s\n", string(result, "check"));
	if (*string(compared, "unavailable"))
		say("compared     nothing: %s\n", string(compared, "unavailable"));
	else
		say("compared     %lld reads of %lld functions: %lld differ, %lld change by themselves\n",
		    number(compared, "registers"), number(compared, "functions"),
		    number(compared, "differ"), number(compared, "changing"));
	writes = json_object_get(result, "writes");
	if (writes)
		say("writes       %lld checks pass, %zu fail\n", number(writes, "passed"),
		    json_array_size(json_object_get(writes, "failed")));
	say_reads(result);
	say_boots(result);
	say("\nverdict: %s: %s\n\n", string(result, "verdict"), string(result, "because"));
}

void show_result(json_t *result)
{
	char *json = json_dumps(result, JSON_COMPACT | JSON_REAL_PRECISION(6));
	QRcode *code = QRcode_encodeString8bit(json, 0, QR_ECLEVEL_L);
	const char *why = "the result is too long";

	for (int i = 0; i < nr_consoles; i++) {
		if (consoles[i].for_people)
			write_all(&consoles[i], "\033[2J\033[H\033[?25l", 13);
	}
	say_result(result);
	if (is_there_a_screen()) {
		if (code)
			why = draw(code);
		if (why)
			say("no QR code: %s; the serial port has the result as JSON\n", why);
	}
	say_to_programs("PROBE JSON BEGIN\n%s\nPROBE JSON END\n", json);
}
