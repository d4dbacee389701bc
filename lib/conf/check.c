/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include <arpa/inet.h>

#include "keys.h"

/* Contradictions between values, found before anything starts. */

bool wr_conf_is_given(const struct wr_conf *conf, const char *name)
{
	unsigned number;

	return wr_conf_find(name, conf->command, &number) &&
	       conf->origin[number].source != WR_CONF_PRESET;
}

int wr_conf_fail(const struct wr_conf *conf, struct wr_err *err, const char *name,
                 const char *fmt, ...)
{
	char at[WR_CONF_TEXT + 64], text[384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	wr_conf_where(conf, name, at, sizeof(at));
	return wr_err_set(err, WR_EXIT_USAGE, -EINVAL, "%s: %s", at, text);
}

struct host {
	char text[INET_ADDRSTRLEN];
};

static struct host host(uint32_t addr)
{
	struct in_addr in = {.s_addr = htonl(addr)};
	struct host h;

	inet_ntop(AF_INET, &in, h.text, sizeof(h.text));
	return h;
}

static uint32_t mask(uint8_t prefix)
{
	return prefix == 0 ? 0 : UINT32_MAX << (32 - prefix);
}

static bool on_link(const struct wr_ip_addr *own, uint32_t addr)
{
	return ((own->addr ^ addr) & mask(own->prefix)) == 0;
}

/* The network's own address or its broadcast address; /31 and /32 have neither. */
static bool is_edge(const struct wr_ip_addr *own, uint32_t addr)
{
	uint32_t inside = addr & ~mask(own->prefix);

	return own->prefix < 31 && (inside == 0 || inside == ~mask(own->prefix));
}

static bool is_unicast(uint32_t addr)
{
	return addr >> 24 != 0 && addr >> 24 != 127 && addr >> 28 < 14;
}

static int check_port(const struct wr_conf *conf, struct wr_err *err)
{
	if (conf->port.count == 0)
		return wr_err_set(
			err, WR_EXIT_USAGE, -EINVAL,
			"no device is given; write --port DEVICE, such as --port tap:wr0");
	if (conf->port.count > 1)
		return wr_conf_fail(
			conf, err, "port",
			"one process serves one device; start another with --instance NAME "
			"--port %.64s",
			conf->port.spec[1]);
	return 0;
}

static int check_address(const struct wr_conf *conf, unsigned i, struct wr_err *err)
{
	const struct wr_ip_addr *own = &conf->ip.addr[i];

	if (!is_unicast(own->addr))
		return wr_conf_fail(
			conf, err, "ip",
			"%s cannot be a host's address; give one that is not zero, loopback, "
			"multicast or reserved",
			host(own->addr).text);
	if (own->prefix == 0)
		return wr_conf_fail(conf, err, "ip",
		                    "%s/0 takes every address as local; give the length "
		                    "of the network, such as /24",
		                    host(own->addr).text);
	if (is_edge(own, own->addr))
		return wr_conf_fail(
			conf, err, "ip",
			"%s is the network or broadcast address of its /%u; give one between",
			host(own->addr).text, own->prefix);
	for (unsigned j = 0; j < i; j++) {
		const struct wr_ip_addr *other = &conf->ip.addr[j];

		if (other->addr == own->addr)
			return wr_conf_fail(conf, err, "ip", "%s is given twice; give it once",
			                    host(own->addr).text);
		if (is_edge(other, own->addr) && on_link(other, own->addr))
			return wr_conf_fail(
				conf, err, "ip",
				"%s is the network or broadcast address of %s/%u; give another",
				host(own->addr).text, host(other->addr).text, other->prefix);
		if (on_link(own, other->addr) && on_link(other, own->addr) &&
		    own->prefix != other->prefix)
			return wr_conf_fail(
				conf, err, "ip",
				"%s/%u and %s/%u are one network with two lengths; give both "
				"the same",
				host(other->addr).text, other->prefix, host(own->addr).text,
				own->prefix);
	}
	return 0;
}

static int check_gateway(const struct wr_conf *conf, struct wr_err *err)
{
	if (conf->gateway == 0)
		return 0;
	for (unsigned i = 0; i < conf->ip.count; i++)
		if (conf->ip.addr[i].addr == conf->gateway)
			return wr_conf_fail(conf, err, "gateway",
			                    "%s is an own address; give the router's",
			                    host(conf->gateway).text);
	for (unsigned i = 0; i < conf->ip.count; i++)
		if (on_link(&conf->ip.addr[i], conf->gateway) &&
		    !is_edge(&conf->ip.addr[i], conf->gateway))
			return 0;
	return wr_conf_fail(
		conf, err, "gateway",
		"%s is no host on the network of any --ip; give one that is, such as on %s/%u",
		host(conf->gateway).text, host(conf->ip.addr[0].addr).text,
		conf->ip.addr[0].prefix);
}

static bool contains(const struct wr_ip_range *range, uint32_t addr)
{
	return addr >= range->first && addr <= range->last;
}

static int check_range(const struct wr_conf *conf, unsigned i, struct wr_err *err)
{
	const struct wr_ip_range *range = &conf->client_ip.range[i];
	struct host first = host(range->first), last = host(range->last);

	if (!is_unicast(range->first) || !is_unicast(range->last) ||
	    (range->first >> 24 < 127 && range->last >> 24 > 127))
		return wr_conf_fail(
			conf, err, "client-ip",
			"%s-%s has addresses that no host can have; leave out zero, "
			"loopback, multicast and reserved ones",
			first.text, last.text);
	for (unsigned j = 0; j < conf->ip.count; j++) {
		const struct wr_ip_addr *own = &conf->ip.addr[j];
		uint32_t low = own->addr & mask(own->prefix),
			 high = own->addr | ~mask(own->prefix);

		if (own->prefix < 31 && (contains(range, low) || contains(range, high)))
			return wr_conf_fail(
				conf, err, "client-ip",
				"%s-%s contains %s, the network or broadcast address of "
				"%s/%u; leave it out",
				first.text, last.text,
				host(contains(range, low) ? low : high).text,
				host(own->addr).text, own->prefix);
	}
	if (conf->gateway && contains(range, conf->gateway))
		return wr_conf_fail(conf, err, "client-ip",
		                    "%s-%s contains the gateway; leave it out", first.text,
		                    last.text);
	for (unsigned j = 0; j < i; j++) {
		const struct wr_ip_range *other = &conf->client_ip.range[j];

		if (range->first <= other->last && other->first <= range->last)
			return wr_conf_fail(conf, err, "client-ip",
			                    "%s-%s and %s-%s overlap; give each address once",
			                    host(other->first).text, host(other->last).text,
			                    first.text, last.text);
	}
	return 0;
}

/* A load asks others: nobody answers for an address that is our own. */
static int check_target(const struct wr_conf *conf, struct wr_err *err)
{
	struct wr_conf_target target;

	if (!conf->load.target[0] || wr_conf_target_parse(conf->load.target, &target) < 0)
		return 0;
	for (unsigned i = 0; i < conf->ip.count; i++)
		if (conf->ip.addr[i].addr == target.addr)
			return wr_conf_fail(conf, err, "target",
			                    "%s is an own address, by --ip; give the server's",
			                    host(target.addr).text);
	for (unsigned i = 0; i < conf->client_ip.count; i++)
		if (contains(&conf->client_ip.range[i], target.addr))
			return wr_conf_fail(conf, err, "client-ip",
			                    "%s, the target, is one of these addresses; leave "
			                    "it out",
			                    host(target.addr).text);
	return 0;
}

static int check_network(const struct wr_conf *conf, struct wr_err *err)
{
	if (conf->ip.count == 0)
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "no address is given; write --ip ADDR/LENGTH, such as "
		                  "--ip 198.18.0.1/24");
	for (unsigned i = 0; i < conf->ip.count; i++) {
		int rc = check_address(conf, i, err);

		if (rc < 0)
			return rc;
	}
	for (unsigned i = 0; i < conf->client_ip.count; i++) {
		int rc = check_range(conf, i, err);

		if (rc < 0)
			return rc;
	}
	return check_gateway(conf, err);
}

/* Whether both would receive the same segment or datagram. */
static const char *overlap(const struct wr_conf_listener *a, const struct wr_conf_listener *b)
{
	if (a->port != b->port || a->addr != b->addr)
		return NULL;
	if (a->tcp && b->tcp)
		return "TCP";
	return a->udp && b->udp ? "UDP" : NULL;
}

static int check_listener(const struct wr_conf *conf, unsigned i, struct wr_err *err)
{
	const struct wr_conf_listener *l = &conf->service.listener[i];
	bool own = l->addr == 0;

	for (unsigned j = 0; j < conf->ip.count; j++)
		own |= conf->ip.addr[j].addr == l->addr;
	if (!own)
		return wr_conf_fail(conf, err, "service",
		                    "%s@%s: no --ip has that address; give one of ours",
		                    l->service->name, host(l->addr).text);
	for (unsigned j = 0; j < i; j++) {
		const struct wr_conf_listener *other = &conf->service.listener[j];
		const char *protocol = overlap(l, other);

		if (protocol)
			return wr_conf_fail(
				conf, err, l->service->name,
				"%s port %u is in use by %s already; give another port",
				protocol, l->port, other->service->name);
	}
	return 0;
}

static int check_services(const struct wr_conf *conf, struct wr_err *err)
{
	static const char *const shorthands[] = {"echo",    "discard", "chargen", "http",
	                                         "message", "chat",    "rr",      "sink",
	                                         "source",  "match"};
	unsigned service = 0, number = 0;

	wr_conf_find("service", conf->command, &service);
	for (unsigned i = 0; i < WR_LEN(shorthands); i++) {
		wr_conf_find(shorthands[i], conf->command, &number);
		if (wr_conf_is_given(conf, "service") &&
		    conf->origin[service].source == conf->origin[number].source)
			return wr_conf_fail(
				conf, err, shorthands[i],
				"service is given too; give all listeners in one of them");
	}
	for (unsigned i = 0; i < conf->service.count; i++) {
		int rc = check_listener(conf, i, err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static bool listens(const struct wr_conf *conf, uint16_t port)
{
	for (unsigned i = 0; i < conf->service.count; i++)
		if (conf->service.listener[i].tcp && conf->service.listener[i].port == port)
			return true;
	return false;
}

/* For a port of nobody, Fast Open can be but a slip; a key signs its resets. */
static int check_fastopen(const struct wr_conf *conf, struct wr_err *err)
{
	const struct wr_conf_port_set *ports = &conf->fastopen_ports;

	for (unsigned i = 0; i < ports->count; i++)
		if (!listens(conf, ports->port[i]))
			return wr_conf_fail(conf, err, "fastopen",
			                    "no service listens on TCP port %u; give the port "
			                    "of one, or all",
			                    ports->port[i]);
	return 0;
}

static int check_cores(const struct wr_conf *conf, struct wr_err *err)
{
	unsigned cpus;

	if (!conf->lcores[0])
		return 0;
	wr_conf_read_cpus(conf->lcores, &cpus);
	if (conf->cores && conf->cores != cpus)
		return wr_conf_fail(
			conf, err, "cores",
			"%u workers on the %u CPUs of lcores %s; give one of the two",
			(unsigned)conf->cores, cpus, conf->lcores);
	return 0;
}

/* RFC 7323: with a scale for the largest, the first window has four steps at least. */
#define WINDOW_STEPS 8192

static int check_growth(const struct wr_conf *conf, struct wr_err *err)
{
	if (conf->rcv_buf_max && conf->rcv_buf_max < conf->rcv_buf)
		return wr_conf_fail(conf, err, "rcv-buf-max",
		                    "it is less than rcv-buf, from which windows grow; give "
		                    "more, or less there");
	if (conf->snd_buf_max && conf->snd_buf_max < conf->snd_buf)
		return wr_conf_fail(conf, err, "snd-buf-max",
		                    "it is less than snd-buf, from which queues grow; give "
		                    "more, or less there");
	if (conf->rcv_buf_max > conf->rcv_buf * WINDOW_STEPS)
		return wr_conf_fail(
			conf, err, "rcv-buf-max",
			"windows up to %llu are told in steps too large for rcv-buf; "
			"give less, or --rcv-buf %llu",
			(unsigned long long)conf->rcv_buf_max,
			(unsigned long long)(conf->rcv_buf_max / WINDOW_STEPS));
	return 0;
}

static int check_sizes(const struct wr_conf *conf, struct wr_err *err)
{
	uint64_t all = (uint64_t)wr_conf_bufs(conf) * conf->mtu;

	if (conf->mss && conf->mss + 40 > conf->mtu)
		return wr_conf_fail(
			conf, err, "mss",
			"%u bytes of text and 40 of headers do not fit mtu %u; give at most %u",
			(unsigned)conf->mss, (unsigned)conf->mtu, (unsigned)conf->mtu - 40);
	if (conf->rcv_buf > UINT16_MAX && !conf->window_scaling &&
	    wr_conf_is_given(conf, "rcv-buf"))
		return wr_conf_fail(
			conf, err, "rcv-buf",
			"a window above 65535 bytes needs window-scaling; give at most 65535");
	if (conf->held_bufs >= wr_conf_bufs(conf))
		return wr_conf_fail(conf, err, "held-bufs",
		                    "none of the %u packet buffers of a core would be left to "
		                    "receive with; give at most %u, or more --bufs",
		                    wr_conf_bufs(conf), wr_conf_bufs(conf) / 4 * 3);
	if (conf->rcv_buf + conf->snd_buf > all)
		return wr_conf_fail(
			conf, err, wr_conf_is_given(conf, "rcv-buf") ? "rcv-buf" : "snd-buf",
			"one connection could hold more than the %u packet buffers of a core; "
			"give less, or --bufs %u",
			wr_conf_bufs(conf),
			(unsigned)(2 * (conf->rcv_buf + conf->snd_buf) / conf->mtu));
	return 0;
}

static int check_times(const struct wr_conf *conf, struct wr_err *err)
{
	if (conf->rto_min_us > conf->rto_max_us)
		return wr_conf_fail(conf, err, "rto-min",
		                    "it is longer than rto-max; give less");
	if (conf->rto_initial_us > conf->rto_max_us)
		return wr_conf_fail(conf, err, "rto-initial",
		                    "it is longer than rto-max; give less");
	if (conf->delack_us > conf->rto_min_us && wr_conf_is_given(conf, "delack"))
		return wr_conf_fail(
			conf, err, "delack",
			"it is longer than rto-min, so peers like us would send again; "
			"give less");
	return 0;
}

/* Frames under way hold buffers that connections and reception need. */
static int check_impair(const struct wr_conf *conf, struct wr_err *err)
{
	unsigned bufs = wr_conf_bufs(conf);

	for (unsigned side = 0; side < WR_IMPAIR_SIDES; side++) {
		struct wr_impair_conf impair;
		struct wr_err why;
		const char *key;

		if (wr_conf_impair(conf, side, &impair, &key, &why) < 0)
			return wr_conf_fail(conf, err, key, "%s", why.text);
		if (!wr_impair_is_none(&impair) && impair.limit > bufs / 4)
			return wr_conf_fail(
				conf, err, key,
				"%u frames under way are too many for the %u packet "
				"buffers of a core; give limit=%u, or --bufs %u",
				impair.limit, bufs, bufs / 4, 4 * impair.limit);
	}
	return 0;
}

int wr_conf_check(const struct wr_conf *conf, struct wr_err *err)
{
	static int (*const checks[])(const struct wr_conf *, struct wr_err *) = {
		check_port,  check_network, check_target, check_services, check_fastopen,
		check_cores, check_growth,  check_sizes,  check_times,    check_impair,
	};

	for (size_t i = 0; i < WR_LEN(checks); i++) {
		int rc = checks[i](conf, err);

		if (rc < 0)
			return rc;
	}
	if (conf->quiet && conf->verbose)
		return wr_conf_fail(conf, err, "quiet",
		                    "verbose is on too; give one of the two");
	return 0;
}
