/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eal_device.h"
#include "wr_base.h"

int wr_device_bad(const struct wr_device_text *t, const char *what)
{
	return wr_err_set(t->err, WR_EXIT_USAGE, -EINVAL, "--port %s: %s", t->spec, what);
}

static int too_long(const struct wr_device_text *t)
{
	return wr_device_bad(t, "the device's arguments are longer than 255 characters");
}

int wr_device_append(const struct wr_device_text *t, struct wr_eal_device *device,
                     const char *key, const char *value, size_t len)
{
	size_t used = strlen(device->devargs);
	int n = snprintf(device->devargs + used, sizeof(device->devargs) - used, ",%s=%.*s",
	                 key, (int)len, value);

	return n < 0 || (size_t)n >= sizeof(device->devargs) - used ? too_long(t) : 0;
}

/* How many queues to use, where the driver takes them as they are set up. */
static int take_queues(const struct wr_device_text *t, struct wr_eal_device *device,
                       const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || (*end && *end != ',') || n < 1 || n > WR_MAX_WORKERS)
		return wr_device_bad(t, "queues are a number from 1 to 64");
	device->queues = (unsigned)n;
	return 0;
}

/* Appends one "name=value" of length len. */
static int append_option(const struct wr_device_text *t, const struct wr_device_option *options,
                         struct wr_eal_device *device, const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	char names[96] = "";

	for (const struct wr_device_option *o = options; o->name; o++) {
		size_t name_len = strlen(o->name), used = strlen(names);

		snprintf(names + used, sizeof(names) - used, "%s%s=", used ? ", " : "",
		         o->name);
		if (!equals || (size_t)(equals - text) != name_len)
			continue;
		if (strncmp(text, o->name, name_len) == 0 && equals + 1 < text + len)
			return o->key ? wr_device_append(t, device, o->key, equals + 1,
			                                 (size_t)(text + len - equals - 1))
			              : take_queues(t, device, equals + 1);
	}
	return wr_err_set(t->err, WR_EXIT_USAGE, -EINVAL,
	                  "--port %s: '%.*s' is not one of its options with a value (%s)",
	                  t->spec, (int)len, text, names);
}

int wr_device_append_options(const struct wr_device_text *t,
                             const struct wr_device_option *options,
                             struct wr_eal_device *device, const char *text)
{
	int rc = 0;

	while (rc == 0 && *text) {
		size_t len = strcspn(text, ",");

		rc = append_option(t, options, device, text, len);
		text += len + (text[len] == ',');
	}
	return rc;
}

void wr_device_name(const struct wr_device_text *t, struct wr_eal_device *device,
                    const char *driver)
{
	snprintf(device->name, sizeof(device->name), "%s%u", driver, t->index);
	snprintf(device->devargs, sizeof(device->devargs), "%s", device->name);
}

bool wr_device_value(const struct wr_eal_device *device, const char *key, char *out,
                     size_t size)
{
	size_t len = strlen(key);

	for (const char *at = device->devargs; (at = strchr(at, ',')) != NULL;) {
		at++;
		if (strncmp(at, key, len) != 0 || at[len] != '=')
			continue;
		at += len + 1;
		snprintf(out, size, "%.*s", (int)strcspn(at, ","), at);
		return true;
	}
	return false;
}

int wr_device_preset(const char *spec, struct wr_eal_device *device, const char *key,
                     unsigned value, struct wr_err *err)
{
	const struct wr_device_text t = {.spec = spec, .err = err};
	char number[16];

	if (wr_device_value(device, key, number, sizeof(number)))
		return 0;
	snprintf(number, sizeof(number), "%u", value);
	return wr_device_append(&t, device, key, number, strlen(number));
}

/* null[:size=64,copy=1] */

static int parse_null(const struct wr_device_text *t, struct wr_eal_device *device)
{
	static const struct wr_device_option options[] = {
		{"size", "size"}, {"copy", "copy"}, {"no-rx", "no-rx"}, {NULL, NULL}};

	wr_device_name(t, device, "net_null");
	return wr_device_append_options(t, options, device, t->args);
}

/* ring: what is sent comes back */

static int parse_ring(const struct wr_device_text *t, struct wr_eal_device *device)
{
	if (t->args[0])
		return wr_device_bad(t, "a ring takes no options");
	wr_device_name(t, device, "net_ring");
	return 0;
}

/* PCI: [domain:]bus:device.function[,driver's options] */

static size_t hex_digits(const char *text)
{
	return strspn(text, "0123456789abcdefABCDEF");
}

/* Points to the bus of "[domain:]bus:device.function", or NULL if spec is not like that. */
static const char *pci_bus(const char *spec)
{
	const char *bus = spec;
	size_t domain = hex_digits(spec);

	if (domain >= 4 && domain <= 8 && spec[domain] == ':')
		bus += domain + 1;
	if (hex_digits(bus) != 2 || bus[2] != ':' || hex_digits(bus + 3) != 2 || bus[5] != '.')
		return NULL;
	if (bus[6] < '0' || bus[6] > '7' || (bus[7] && bus[7] != ','))
		return NULL;
	return bus;
}

static bool looks_like_pci(const char *spec)
{
	return pci_bus(spec) != NULL;
}

static int parse_pci(const struct wr_device_text *t, struct wr_eal_device *device)
{
	const char *bus = pci_bus(t->spec);
	unsigned long domain = bus == t->spec ? 0 : strtoul(t->spec, NULL, 16);
	int n;

	device->pci = true;
	snprintf(device->name, sizeof(device->name), "%04lx:%.7s", domain, bus);
	for (char *p = device->name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	n = snprintf(device->devargs, sizeof(device->devargs), "%s%s", device->name, bus + 7);
	return n < 0 || (size_t)n >= sizeof(device->devargs) ? too_long(t) : 0;
}

/* Drivers that share the NIC with the kernel: their devices stay bound to them. */
static bool is_shared_with_kernel(const char *driver)
{
	static const char *const shared[] = {"mlx4_core", "mlx5_core", "mana"};

	for (size_t i = 0; i < WR_LEN(shared); i++)
		if (strcmp(driver, shared[i]) == 0)
			return true;
	return false;
}

static int check_pci(const char *spec, const struct wr_eal_device *device, struct wr_err *err)
{
	char path[128], link[PATH_MAX];
	const char *driver;
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", device->name);
	if (access(path, F_OK) != 0)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENODEV,
		                  "--port %s: there is no PCI device %s; 'dpdk-devbind.py "
		                  "--status' lists them",
		                  spec, device->name);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", device->name);
	len = readlink(path, link, sizeof(link) - 1);
	link[len > 0 ? len : 0] = '\0';
	driver = strrchr(link, '/') ? strrchr(link, '/') + 1 : "";
	if (is_shared_with_kernel(driver) || strncmp(driver, "vfio", 4) == 0 ||
	    strstr(driver, "uio"))
		return 0;
	return wr_err_set(err, WR_EXIT_ENVIRONMENT, -EBUSY,
	                  "--port %s: the device is bound to %s%s; hand it over with 'modprobe "
	                  "vfio-pci; dpdk-devbind.py -b vfio-pci %s' (its interface vanishes)",
	                  spec, *driver ? "the kernel driver " : "no driver", driver,
	                  device->name);
}

/* Raw: a DPDK vdev string as it is */

static bool looks_like_vdev(const char *spec)
{
	return strncmp(spec, "net_", 4) == 0 && spec[4] && spec[4] != ',';
}

static int parse_raw(const struct wr_device_text *t, struct wr_eal_device *device)
{
	size_t len = strcspn(t->spec, ",");

	if (len >= sizeof(device->name))
		return wr_device_bad(t, "a device name has at most 63 characters");
	if (strlen(t->spec) >= sizeof(device->devargs))
		return too_long(t);
	snprintf(device->name, sizeof(device->name), "%.*s", (int)len, t->spec);
	snprintf(device->devargs, sizeof(device->devargs), "%s", t->spec);
	return 0;
}

static bool is_tap(const struct wr_eal_device *device)
{
	return strncmp(device->name, "net_tap", 7) == 0;
}

/* A tap given as a raw device, as "tap:NAME" would have it. */
static struct wr_eal_device tap_of(const struct wr_eal_device *device)
{
	struct wr_eal_device tap = {.claim = -1};

	if (!wr_device_value(device, "iface", tap.iface, sizeof(tap.iface)))
		snprintf(tap.iface, sizeof(tap.iface), "dtap0");
	return tap;
}

static int check_raw(const char *spec, const struct wr_eal_device *device, struct wr_err *err)
{
	const struct wr_eal_device tap = tap_of(device);

	return is_tap(device) ? wr_device_check_tap(spec, &tap, err) : 0;
}

static int claim_raw(const char *spec, struct wr_eal_device *device, struct wr_err *err)
{
	struct wr_eal_device tap = tap_of(device);
	int rc = is_tap(device) ? wr_device_claim_tap(spec, &tap, err) : 0;

	device->claim = tap.claim;
	return rc;
}

/* Every form of --port; the first that fits is taken. */
static const struct wr_device_form forms[] = {
	{.looks_like = looks_like_pci,
         .usage = "a PCI address (0000:3b:00.0)",
         .parse = parse_pci,
         .check = check_pci},
	{.word = "tap",
         .usage = "tap:NAME",
         .parse = wr_device_parse_tap,
         .check = wr_device_check_tap,
         .claim = wr_device_claim_tap},
	{.word = "afpacket",
         .usage = "afpacket:IFACE",
         .parse = wr_device_parse_afpacket,
         .complete = wr_device_complete_afpacket,
         .check = wr_device_check_afpacket},
	{.word = "xdp",
         .usage = "xdp:IFACE",
         .parse = wr_device_parse_xdp,
         .complete = wr_device_complete_xdp,
         .check = wr_device_check_xdp},
	{.word = "memif",
         .usage = "memif:PATH[,server|client]",
         .parse = wr_device_parse_memif,
         .complete = wr_device_complete_memif,
         .check = wr_device_check_socket},
	{.word = "vhost",
         .usage = "vhost:PATH",
         .parse = wr_device_parse_vhost,
         .complete = wr_device_complete_vhost,
         .check = wr_device_check_socket},
	{.word = "virtio-user",
         .usage = "virtio-user:PATH",
         .parse = wr_device_parse_virtio_user,
         .complete = wr_device_complete_virtio_user,
         .check = wr_device_check_socket},
	{.word = "null", .usage = "null[:size=64,copy=1]", .parse = parse_null},
	{.word = "ring", .usage = "ring", .parse = parse_ring},
	{.word = "pcap",
         .usage = "pcap:rx=FILE,tx=FILE, pcap:IFACE",
         .parse = wr_device_parse_pcap,
         .check = wr_device_check_pcap},
	{.looks_like = looks_like_vdev,
         .usage = "a DPDK device (net_...)",
         .parse = parse_raw,
         .check = check_raw,
         .claim = claim_raw},
};

static const struct wr_device_form *find_form(const char *spec)
{
	for (size_t i = 0; i < WR_LEN(forms); i++) {
		size_t len = forms[i].word ? strlen(forms[i].word) : 0;

		if (!forms[i].word) {
			if (forms[i].looks_like(spec))
				return &forms[i];
			continue;
		}
		if (strncmp(spec, forms[i].word, len) == 0 &&
		    (spec[len] == ':' || spec[len] == '\0'))
			return &forms[i];
	}
	return NULL;
}

void wr_eal_device_forms(char *text, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < WR_LEN(forms) && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s",
		                         i == 0                   ? ""
		                         : i == WR_LEN(forms) - 1 ? " or "
		                                                  : ", ",
		                         forms[i].usage);
}

int wr_eal_device_parse(const char *spec, unsigned index, struct wr_eal_device *device,
                        struct wr_err *err)
{
	const struct wr_device_form *form = find_form(spec);
	size_t word = form && form->word ? strlen(form->word) : 0;
	struct wr_device_text t = {.spec = spec, .args = "", .index = index, .err = err};
	char list[320];

	*device = (struct wr_eal_device) {.claim = -1};
	if (!form) {
		wr_eal_device_forms(list, sizeof(list));
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "--port %s: not a port; write %s", spec, list);
	}
	if (word && spec[word] == ':')
		t.args = spec + word + 1;
	return form->parse(&t, device);
}

int wr_eal_device_complete(const char *spec, const struct wr_eal_needs *needs,
                           struct wr_eal_device *device, struct wr_err *err)
{
	const struct wr_device_form *form = find_form(spec);

	return form && form->complete ? form->complete(spec, needs, device, err) : 0;
}

int wr_eal_device_check(const char *spec, const struct wr_eal_device *device,
                        struct wr_err *err)
{
	const struct wr_device_form *form = find_form(spec);

	return form && form->check ? form->check(spec, device, err) : 0;
}

int wr_eal_device_claim(const char *spec, struct wr_eal_device *device, struct wr_err *err)
{
	const struct wr_device_form *form = find_form(spec);

	return form && form->claim ? form->claim(spec, device, err) : 0;
}

void wr_eal_device_release(struct wr_eal_device *device)
{
	if (device->claim >= 0)
		close(device->claim);
	device->claim = -1;
}
