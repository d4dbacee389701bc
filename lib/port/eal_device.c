/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eal_args.h"
#include "wr_base.h"

/* What one form of --port needs to be read; the error sentences begin with the spec. */
struct reading {
	const char *spec;
	const char *args; /* what follows "WORD:"; "" if nothing does */
	unsigned index;
	struct wr_err *err;
};

/* An option of a shorthand, and the devargs key that it stands for. */
struct option {
	const char *name, *key;
};

struct form {
	const char *word; /* "tap" as in "tap:..."; NULL: known by its looks */
	bool (*looks_like)(const char *spec);
	const char *usage;
	int (*parse)(const struct reading *r, struct wr_eal_device *device);
	int (*check)(const char *spec, const struct wr_eal_device *device, struct wr_err *err);
};

static int bad(const struct reading *r, const char *what)
{
	return wr_err_set(r->err, WR_EXIT_USAGE, -EINVAL, "--port %s: %s", r->spec, what);
}

static int too_long(const struct reading *r)
{
	return bad(r, "the device's arguments are longer than 255 characters");
}

static int append(const struct reading *r, struct wr_eal_device *device, const char *key,
                  const char *value, size_t len)
{
	size_t used = strlen(device->devargs);
	int n = snprintf(device->devargs + used, sizeof(device->devargs) - used, ",%s=%.*s",
	                 key, (int)len, value);

	return n < 0 || (size_t)n >= sizeof(device->devargs) - used ? too_long(r) : 0;
}

/* Appends one "name=value" of length len. */
static int append_option(const struct reading *r, const struct option *options,
                         struct wr_eal_device *device, const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	char names[96] = "";

	for (const struct option *o = options; o->name; o++) {
		size_t name_len = strlen(o->name), used = strlen(names);

		snprintf(names + used, sizeof(names) - used, "%s%s=", used ? ", " : "",
		         o->name);
		if (!equals || (size_t)(equals - text) != name_len)
			continue;
		if (strncmp(text, o->name, name_len) == 0 && equals + 1 < text + len)
			return append(r, device, o->key, equals + 1,
			              (size_t)(text + len - equals - 1));
	}
	return wr_err_set(r->err, WR_EXIT_USAGE, -EINVAL,
	                  "--port %s: '%.*s' is not one of its options with a value (%s)",
	                  r->spec, (int)len, text, names);
}

static int append_options(const struct reading *r, const struct option *options,
                          struct wr_eal_device *device, const char *text)
{
	int rc = 0;

	while (rc == 0 && *text) {
		size_t len = strcspn(text, ",");

		rc = append_option(r, options, device, text, len);
		text += len + (text[len] == ',');
	}
	return rc;
}

static void name_vdev(const struct reading *r, struct wr_eal_device *device, const char *driver)
{
	snprintf(device->name, sizeof(device->name), "%s%u", driver, r->index);
	snprintf(device->devargs, sizeof(device->devargs), "%s", device->name);
}

/* Takes the interface name that ends at ',' or at the end of the text. */
static int take_iface(const struct reading *r, struct wr_eal_device *device, const char *text)
{
	size_t len = strcspn(text, ",");

	if (len == 0)
		return bad(r, "an interface name is missing, such as tap:wr0");
	if (len >= sizeof(device->iface))
		return bad(r, "an interface name has at most 15 characters");
	for (size_t i = 0; i < len; i++)
		if (!isgraph((unsigned char)text[i]) || strchr("/:=%", text[i]))
			return bad(r, "an interface name has no blank and none of / : = %");
	snprintf(device->iface, sizeof(device->iface), "%.*s", (int)len, text);
	return 0;
}

/* tap:NAME[,mac=...] */

static int parse_tap(const struct reading *r, struct wr_eal_device *device)
{
	static const struct option options[] = {
		{"mac", "mac"}, {"remote", "remote"}, {NULL, NULL}};
	int rc = take_iface(r, device, r->args);
	size_t len = strlen(device->iface);

	if (rc != 0)
		return rc;
	name_vdev(r, device, "net_tap");
	rc = append(r, device, "iface", device->iface, len);
	if (rc == 0 && r->args[len])
		rc = append_options(r, options, device, r->args + len + 1);
	return rc;
}

/* Bit numbers of capabilities(7). */
enum { CAP_NET_ADMIN = 12, CAP_NET_RAW = 13 };

static bool is_capable(unsigned capability)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	bool capable = false;

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "CapEff:", 7) == 0)
			capable = strtoull(line + 7, NULL, 16) >> capability & 1;
	if (f)
		fclose(f);
	return capable;
}

static int check_tun(const char *spec, struct wr_err *err)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	return wr_err_set(err, WR_EXIT_ENVIRONMENT, -errno,
	                  "--port %s: /dev/net/tun cannot be opened (%s); load it with "
	                  "'modprobe tun', or give a container --device /dev/net/tun",
	                  spec, strerror(errno));
}

static int check_tap(const char *spec, const struct wr_eal_device *device, struct wr_err *err)
{
	if (!is_capable(CAP_NET_ADMIN))
		return wr_err_set(
			err, WR_EXIT_ENVIRONMENT, -EPERM,
			"--port %s: making a tap needs CAP_NET_ADMIN; run as root, or "
			"inside 'unshare --user --map-root-user --net'",
			spec);
	if (if_nametoindex(device->iface) != 0)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -EEXIST,
		                  "--port %s: there is an interface %s already; choose another "
		                  "name, or remove what was left behind with 'ip link del'",
		                  spec, device->iface);
	return check_tun(spec, err);
}

/* null[:size=64,copy=1] */

static int parse_null(const struct reading *r, struct wr_eal_device *device)
{
	static const struct option options[] = {
		{"size", "size"}, {"copy", "copy"}, {"no-rx", "no-rx"}, {NULL, NULL}};

	name_vdev(r, device, "net_null");
	return append_options(r, options, device, r->args);
}

/* ring: what is sent comes back */

static int parse_ring(const struct reading *r, struct wr_eal_device *device)
{
	if (r->args[0])
		return bad(r, "a ring takes no options");
	name_vdev(r, device, "net_ring");
	return 0;
}

/* pcap:rx=FILE,tx=FILE or pcap:IFACE */

static int parse_pcap(const struct reading *r, struct wr_eal_device *device)
{
	static const struct option options[] = {
		{"rx", "rx_pcap"}, {"tx", "tx_pcap"}, {"loop", "infinite_rx"}, {NULL, NULL}};
	int rc;

	name_vdev(r, device, "net_pcap");
	if (r->args[0] == '\0')
		return bad(r, "a file or an interface is missing, such as pcap:rx=in.pcap");
	if (strchr(r->args, '='))
		return append_options(r, options, device, r->args);
	rc = take_iface(r, device, r->args);
	return rc ? rc : append(r, device, "iface", device->iface, strlen(device->iface));
}

/* The value of "KEY=" in the devargs: false if it is not there. */
static bool value_of(const struct wr_eal_device *device, const char *key, char *out,
                     size_t size)
{
	const char *at = strstr(device->devargs, key);

	if (!at)
		return false;
	at += strlen(key);
	snprintf(out, size, "%.*s", (int)strcspn(at, ","), at);
	return true;
}

static int check_pcap(const char *spec, const struct wr_eal_device *device, struct wr_err *err)
{
	char file[WR_DEVARGS_BYTES];

	if (value_of(device, ",rx_pcap=", file, sizeof(file)) && access(file, R_OK) != 0)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -errno,
		                  "--port %s: '%s' cannot be read (%s); name a file that can",
		                  spec, file, strerror(errno));
	if (!device->iface[0])
		return 0;
	if (if_nametoindex(device->iface) == 0)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENODEV,
		                  "--port %s: there is no interface %s here; 'ip link' lists "
		                  "them",
		                  spec, device->iface);
	if (!is_capable(CAP_NET_RAW))
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -EPERM,
		                  "--port %s: capturing on an interface needs CAP_NET_RAW; run "
		                  "as root",
		                  spec);
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

static int parse_pci(const struct reading *r, struct wr_eal_device *device)
{
	const char *bus = pci_bus(r->spec);
	unsigned long domain = bus == r->spec ? 0 : strtoul(r->spec, NULL, 16);
	int n;

	device->pci = true;
	snprintf(device->name, sizeof(device->name), "%04lx:%.7s", domain, bus);
	for (char *p = device->name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	n = snprintf(device->devargs, sizeof(device->devargs), "%s%s", device->name, bus + 7);
	return n < 0 || (size_t)n >= sizeof(device->devargs) ? too_long(r) : 0;
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

static int parse_raw(const struct reading *r, struct wr_eal_device *device)
{
	size_t len = strcspn(r->spec, ",");

	if (len >= sizeof(device->name))
		return bad(r, "a device name has at most 63 characters");
	if (strlen(r->spec) >= sizeof(device->devargs))
		return too_long(r);
	snprintf(device->name, sizeof(device->name), "%.*s", (int)len, r->spec);
	snprintf(device->devargs, sizeof(device->devargs), "%s", r->spec);
	return 0;
}

static int check_raw(const char *spec, const struct wr_eal_device *device, struct wr_err *err)
{
	struct wr_eal_device tap = {0};

	if (strncmp(device->name, "net_tap", 7) != 0)
		return 0;
	if (!value_of(device, ",iface=", tap.iface, sizeof(tap.iface)))
		snprintf(tap.iface, sizeof(tap.iface), "dtap0");
	return check_tap(spec, &tap, err);
}

/* Every form of --port; the first that fits is taken. */
static const struct form forms[] = {
	{NULL, looks_like_pci, "a PCI address (0000:3b:00.0)", parse_pci, check_pci},
	{"tap", NULL, "tap:NAME", parse_tap, check_tap},
	{"null", NULL, "null[:size=64,copy=1]", parse_null, NULL},
	{"ring", NULL, "ring", parse_ring, NULL},
	{"pcap", NULL, "pcap:rx=FILE,tx=FILE, pcap:IFACE", parse_pcap, check_pcap},
	{NULL, looks_like_vdev, "a DPDK device (net_...)", parse_raw, check_raw},
};

static const struct form *find_form(const char *spec)
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
	const struct form *form = find_form(spec);
	size_t word = form && form->word ? strlen(form->word) : 0;
	struct reading r = {.spec = spec, .args = "", .index = index, .err = err};
	char list[256];

	memset(device, 0, sizeof(*device));
	if (!form) {
		wr_eal_device_forms(list, sizeof(list));
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "--port %s: not a port; write %s", spec, list);
	}
	if (word && spec[word] == ':')
		r.args = spec + word + 1;
	return form->parse(&r, device);
}

int wr_eal_device_check(const char *spec, const struct wr_eal_device *device,
                        struct wr_err *err)
{
	const struct form *form = find_form(spec);

	return form && form->check ? form->check(spec, device, err) : 0;
}
