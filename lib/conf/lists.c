/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "keys.h"

/* Values with several items or parts: devices, networks, listeners, an endpoint. */

#define ITEM 64 /* bytes of one item of a comma list, its end included */

/*
 * Copies the next item of a comma list and moves *rest behind it; *rest NULL: that was the
 * last. Returns -EINVAL for an empty item or one too long to mean anything.
 */
static int next_item(const char **rest, char item[ITEM])
{
	size_t length = strcspn(*rest, ",");

	if (length == 0 || length >= ITEM)
		return -EINVAL;
	memcpy(item, *rest, length);
	item[length] = '\0';
	*rest = (*rest)[length] ? *rest + length + 1 : NULL;
	return 0;
}

/* A decimal number without sign or blank, 0 .. max; the whole text. */
static bool read_decimal(const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*out = strtoul(text, &end, 10);
	return errno == 0 && *end == '\0' && *out <= max;
}

static bool read_host(const char *text, uint32_t *addr)
{
	struct in_addr in;

	if (inet_pton(AF_INET, text, &in) != 1)
		return false;
	*addr = ntohl(in.s_addr);
	return true;
}

static const char *write_host(uint32_t addr, char buf[INET_ADDRSTRLEN])
{
	struct in_addr in = {.s_addr = htonl(addr)};

	return inet_ntop(AF_INET, &in, buf, INET_ADDRSTRLEN);
}

/* Devices: a vdev string has commas of its own, so each use gives one. */

static int read_device(const struct wr_conf_key *key, const char *text, void *at)
{
	struct wr_conf_port_list *list = at;

	if (text[0] == '\0' || strpbrk(text, " \t\n\r"))
		return -EINVAL;
	if (list->count == WR_CONF_PORTS || strlen(text) >= WR_CONF_TEXT)
		return -E2BIG;
	snprintf(list->spec[list->count++], WR_CONF_TEXT, "%s", text);
	return 0;
}

static bool write_device(const struct wr_conf_key *key, const void *at, unsigned i, char *buf,
                         size_t size)
{
	const struct wr_conf_port_list *list = at;

	if (i >= list->count)
		return false;
	snprintf(buf, size, "%s", list->spec[i]);
	return true;
}

static void clear_devices(const struct wr_conf_key *key, void *at)
{
	memset(at, 0, sizeof(struct wr_conf_port_list));
}

const struct wr_conf_kind wr_conf_ports = {
	"DEVICE",      "a device, such as tap:wr0, 0000:3b:00.0 or net_null0,size=64",
	read_device,   write_device,
	clear_devices, NULL,
};

/* Own addresses. */

static int read_cidr(char *item, struct wr_ip_addr *out)
{
	char *slash = strchr(item, '/');
	unsigned long prefix;

	if (!slash)
		return -EINVAL;
	*slash = '\0';
	if (!read_host(item, &out->addr) || !read_decimal(slash + 1, 32, &prefix))
		return -EINVAL;
	out->prefix = (uint8_t)prefix;
	return 0;
}

static int read_cidrs(const struct wr_conf_key *key, const char *text, void *at)
{
	struct wr_conf_ip_list *list = at;

	for (const char *rest = text; rest;) {
		char item[ITEM];
		int rc = next_item(&rest, item);

		if (rc < 0)
			return rc;
		if (list->count == WR_IP_ADDRS)
			return -E2BIG;
		rc = read_cidr(item, &list->addr[list->count]);
		if (rc < 0)
			return rc;
		list->count++;
	}
	return 0;
}

static bool write_cidr(const struct wr_conf_key *key, const void *at, unsigned i, char *buf,
                       size_t size)
{
	const struct wr_conf_ip_list *list = at;
	char host[INET_ADDRSTRLEN];

	if (i >= list->count)
		return false;
	snprintf(buf, size, "%s/%u", write_host(list->addr[i].addr, host),
	         list->addr[i].prefix);
	return true;
}

static void clear_cidrs(const struct wr_conf_key *key, void *at)
{
	memset(at, 0, sizeof(struct wr_conf_ip_list));
}

const struct wr_conf_kind wr_conf_cidrs = {
	"CIDR",      "an address with the length of its network, such as 198.18.0.1/24",
	read_cidrs,  write_cidr,
	clear_cidrs, NULL,
};

/* Pools of own addresses: FIRST-LAST, a CIDR less its network and broadcast, or one address. */

static int read_range(char *item, struct wr_ip_range *out)
{
	char *last = strchr(item, '-');
	struct wr_ip_addr net = {.prefix = 32};
	uint32_t inside;

	if (last) {
		*last++ = '\0';
		if (!read_host(item, &out->first) || !read_host(last, &out->last))
			return -EINVAL;
		return out->first <= out->last ? 0 : -EINVAL;
	}
	if (strchr(item, '/') ? read_cidr(item, &net) : !read_host(item, &net.addr))
		return -EINVAL;
	if (net.prefix == 0)
		return -EINVAL;
	inside = (uint32_t)((UINT64_C(1) << (32 - net.prefix)) - 1);
	out->first = (net.addr & ~inside) + (net.prefix < 31);
	out->last = (net.addr | inside) - (net.prefix < 31);
	return 0;
}

static int read_ranges(const struct wr_conf_key *key, const char *text, void *at)
{
	struct wr_conf_range_list *list = at;

	for (const char *rest = text; rest;) {
		char item[ITEM];
		int rc = next_item(&rest, item);

		if (rc < 0)
			return rc;
		if (list->count == WR_IP_RANGES)
			return -E2BIG;
		rc = read_range(item, &list->range[list->count]);
		if (rc < 0)
			return rc;
		list->count++;
	}
	return 0;
}

static bool write_range(const struct wr_conf_key *key, const void *at, unsigned i, char *buf,
                        size_t size)
{
	const struct wr_conf_range_list *list = at;
	char first[INET_ADDRSTRLEN], last[INET_ADDRSTRLEN];

	if (i >= list->count)
		return false;
	snprintf(buf, size, "%s-%s", write_host(list->range[i].first, first),
	         write_host(list->range[i].last, last));
	return true;
}

static void clear_ranges(const struct wr_conf_key *key, void *at)
{
	memset(at, 0, sizeof(struct wr_conf_range_list));
}

const struct wr_conf_kind wr_conf_ranges = {
	"RANGES",
	"a list of addresses, such as 198.18.1.1-198.18.1.250, 198.18.2.0/24 or 198.18.3.1",
	read_ranges,
	write_range,
	clear_ranges,
	NULL,
};

/* Listeners: NAME[:PORT][/tcp|/udp][@ADDR][,cc=NAME]. */

static int append(struct wr_conf_service_list *list, const struct wr_conf_listener *listener)
{
	if (list->count == WR_STACK_SERVICES)
		return -E2BIG;
	list->listener[list->count++] = *listener;
	return 0;
}

/* Cuts the text at the last `mark` and returns what stood behind it, or NULL. */
static char *cut(char *text, char mark)
{
	char *at = strrchr(text, mark);

	if (at)
		*at++ = '\0';
	return at;
}

static int read_listener(char *item, struct wr_conf_listener *out)
{
	const char *addr = cut(item, '@');
	const char *proto = cut(item, '/');
	const char *port = cut(item, ':');
	unsigned long n = 0;

	*out = (struct wr_conf_listener) {.service = wr_service_find(item)};
	if (!out->service || (addr && !read_host(addr, &out->addr)))
		return -EINVAL;
	if (port && (!read_decimal(port, 65535, &n) || n == 0))
		return -EINVAL;
	if (proto && strcmp(proto, "tcp") && strcmp(proto, "udp"))
		return -EINVAL;
	out->port = port ? (uint16_t)n : out->service->port;
	out->tcp = out->service->tcp && (!proto || proto[0] == 't');
	out->udp = out->service->udp && (!proto || proto[0] == 'u');
	return out->tcp || out->udp ? 0 : -EINVAL;
}

/* "cc=NAME", of the listener before it. */
static int read_listener_cc(const char *name, struct wr_conf_service_list *list)
{
	struct wr_conf_listener *last;

	if (list->count == 0)
		return -EINVAL;
	last = &list->listener[list->count - 1];
	return last->tcp && !last->cc.ops && wr_cc_read(name, &last->cc) ? 0 : -EINVAL;
}

static int read_services(const struct wr_conf_key *key, const char *text, void *at)
{
	struct wr_conf_service_list *list = at;

	if (strcmp(text, "none") == 0)
		return 0;
	for (const char *rest = text; rest;) {
		char item[ITEM];
		struct wr_conf_listener listener;
		int rc = next_item(&rest, item);

		if (rc == 0 && strncmp(item, "cc=", 3) == 0) {
			rc = read_listener_cc(item + 3, list);
		} else if (rc == 0) {
			rc = read_listener(item, &listener);
			if (rc == 0)
				rc = append(list, &listener);
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

static bool write_service(const struct wr_conf_key *key, const void *at, unsigned i, char *buf,
                          size_t size)
{
	const struct wr_conf_service_list *list = at;
	const struct wr_conf_listener *l = &list->listener[i];
	bool every = l->service && l->tcp == !!l->service->tcp && l->udp == !!l->service->udp;
	char host[INET_ADDRSTRLEN], cc[32];

	if (list->count == 0 && i == 0) {
		snprintf(buf, size, "none");
		return true;
	}
	if (i >= list->count)
		return false;
	wr_cc_write(&l->cc, cc, sizeof(cc));
	snprintf(buf, size, "%s:%u%s%s%s%s%s", l->service->name, l->port,
	         every ? "" : (l->tcp ? "/tcp" : "/udp"), l->addr ? "@" : "",
	         l->addr ? write_host(l->addr, host) : "", l->cc.ops ? ",cc=" : "", cc);
	return true;
}

static void clear_services(const struct wr_conf_key *key, void *at)
{
	memset(at, 0, sizeof(struct wr_conf_service_list));
}

const struct wr_conf_kind wr_conf_services = {
	"LIST",
	"a list of services NAME[:PORT][/tcp|/udp][@ADDR][,cc=NAME], such as "
	"echo:7,chargen:19/udp, or none; there are echo, discard, chargen, http, message, "
	"chat, rr, sink, source and match",
	read_services,
	write_service,
	clear_services,
	NULL,
};

/* The short form, a key with the name of the service: --echo 7,7007. */

static int read_service_ports(const struct wr_conf_key *key, const char *text, void *at)
{
	const struct wr_service *service = wr_service_find(key->name);
	struct wr_conf_service_list *list = at;

	if (!service)
		return -EINVAL;
	if (strcmp(text, "none") == 0)
		return 0;
	for (const char *rest = text; rest;) {
		char item[ITEM];
		unsigned long port;
		int rc = next_item(&rest, item);

		if (rc < 0 || !read_decimal(item, 65535, &port) || port == 0)
			return -EINVAL;
		rc = append(list, &(struct wr_conf_listener) {.service = service,
		                                              .port = (uint16_t)port,
		                                              .tcp = service->tcp,
		                                              .udp = service->udp});
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Takes away that service's listeners and keeps the others'. */
static void clear_service_ports(const struct wr_conf_key *key, void *at)
{
	struct wr_conf_service_list *list = at, kept = {.count = 0};

	for (unsigned i = 0; i < list->count; i++)
		if (strcmp(list->listener[i].service->name, key->name) != 0)
			kept.listener[kept.count++] = list->listener[i];
	*list = kept;
}

static bool write_service_ports(const struct wr_conf_key *key, const void *at, unsigned i,
                                char *buf, size_t size)
{
	return false;
}

const struct wr_conf_kind wr_conf_service_ports = {
	"PORTS",
	"a list of ports, such as 7,7007, or none",
	read_service_ports,
	write_service_ports,
	clear_service_ports,
	NULL,
};

/* ADDR:PORT to listen on. */

static int read_listen(const struct wr_conf_key *key, const char *text, void *at)
{
	struct wr_conf_endpoint out = {0};
	char copy[ITEM];
	const char *port;
	unsigned long n;

	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, text);
	port = cut(copy, ':');
	if (!port || !read_host(copy, &out.addr) || !read_decimal(port, 65535, &n) || n == 0)
		return -EINVAL;
	out.port = (uint16_t)n;
	memcpy(at, &out, sizeof(out));
	return 0;
}

void wr_conf_format_endpoint(const struct wr_conf_endpoint *endpoint, char *buf, size_t size)
{
	char host[INET_ADDRSTRLEN];

	snprintf(buf, size, "%s:%u", write_host(endpoint->addr, host), endpoint->port);
}

static bool write_listen(const struct wr_conf_key *key, const void *at, unsigned i, char *buf,
                         size_t size)
{
	const struct wr_conf_endpoint *endpoint = at;

	if (i > 0 || endpoint->port == 0)
		return false;
	wr_conf_format_endpoint(endpoint, buf, size);
	return true;
}

const struct wr_conf_kind wr_conf_listen = {
	"ADDR:PORT", "an address and port of this machine, such as 127.0.0.1:9464",
	read_listen, write_listen,
	NULL,        NULL,
};
