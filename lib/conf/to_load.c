/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "keys.h"
#include "wr_pattern.h"
#include "wr_rr.h"

#define DURATION_US 10000000 /* of a run that says nothing else */
#define HTTP_PORT   80
#define HTTP        "http://"

/* ---- the target ---- */

static int read_port(const char *text, uint16_t *port)
{
	unsigned n = 0;
	int end = 0;

	if (text[0] < '0' || text[0] > '9' || sscanf(text, "%5u%n", &n, &end) != 1 ||
	    text[end] || n == 0 || n > UINT16_MAX)
		return -EINVAL;
	*port = (uint16_t)n;
	return 0;
}

int wr_conf_target_parse(const char *text, struct wr_conf_target *target)
{
	char host[64], *colon;
	struct in_addr in;
	size_t length;

	*target = (struct wr_conf_target) {.http = strncmp(text, HTTP, strlen(HTTP)) == 0};
	if (target->http)
		text += strlen(HTTP);
	length = strcspn(text, "/");
	if (length >= sizeof(host) || (text[length] && !target->http) ||
	    strpbrk(text, " \t\r\n#"))
		return -EINVAL;
	if (strlen(text + length) >= sizeof(target->path))
		return -E2BIG;
	strcpy(target->path, text[length] ? text + length : "/");
	memcpy(host, text, length);
	host[length] = '\0';
	colon = strchr(host, ':');
	if (colon)
		*colon++ = '\0';
	if (inet_pton(AF_INET, host, &in) != 1 ||
	    (colon && read_port(colon, &target->port) < 0))
		return -EINVAL;
	target->addr = ntohl(in.s_addr);
	return 0;
}

static bool is_echo(const struct wr_load_conf *load)
{
	if (load->protocol != WR_LOAD_AUTO)
		return load->protocol == WR_LOAD_ECHO;
	return memcmp(&load->request, &load->response, sizeof(load->request)) == 0;
}

/* The port of Wringer's service for this mode. */
static uint16_t usual_port(const struct wr_load_conf *load)
{
	static const uint16_t streams[] = {
		[WR_LOAD_UP] = 9, [WR_LOAD_DOWN] = 19, [WR_LOAD_BOTH] = 7};
	static const uint16_t verified[] = {[WR_LOAD_UP] = WR_SINK_PORT,
	                                    [WR_LOAD_DOWN] = WR_SOURCE_PORT,
	                                    [WR_LOAD_BOTH] = 7};

	switch (load->mode) {
	case WR_LOAD_HTTP:
		return HTTP_PORT;
	case WR_LOAD_STREAM:
		return load->verify ? verified[load->direction] : streams[load->direction];
	case WR_LOAD_UDP_FLOOD:
		return 9;
	case WR_LOAD_RR:
	case WR_LOAD_CRR:
	case WR_LOAD_UDP_RR:
		return is_echo(load) ? 7 : WR_RR_PORT;
	default:
		return 7;
	}
}

static int fill_target(const struct wr_conf *conf, struct wr_load_conf *load,
                       struct wr_err *err)
{
	struct wr_conf_target target;

	if (!conf->load.target[0])
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "no target is given; write wringer load ADDR:PORT, such as "
		                  "198.18.0.9:7");
	wr_conf_target_parse(conf->load.target, &target);
	if (target.http && !wr_conf_is_given(conf, "mode"))
		load->mode = WR_LOAD_HTTP;
	if (target.http && load->mode != WR_LOAD_HTTP)
		return wr_conf_fail(conf, err, "mode",
		                    "a URL is loaded by http only; give the target as "
		                    "ADDR:PORT");
	load->target = target.addr;
	load->port = target.port ? target.port : usual_port(load);
	strcpy(load->http.path, target.path);
	return 0;
}

/* ---- the rest ---- */

static void fill_addresses(const struct wr_conf *conf, struct wr_load_conf *load)
{
	static_assert(WR_IP_RANGES <= WR_LOAD_CLIENTS, "every pool that can be named");

	load->clients = conf->client_ip.count;
	for (unsigned i = 0; i < load->clients; i++)
		load->client[i] = (struct wr_load_client) {
			.first = conf->client_ip.range[i].first,
			.last = conf->client_ip.range[i].last,
		};
	load->port_low = conf->load.client_ports.low;
	load->port_high = conf->load.client_ports.high;
}

/* Source addresses times ports: connections to one address and port, at most. */
static double tuples(const struct wr_load_conf *load)
{
	double addresses = 0;

	for (unsigned i = 0; i < load->clients; i++)
		addresses += (double)load->client[i].last - load->client[i].first + 1;
	return fmax(addresses, 1) * (load->port_high - load->port_low + 1.0);
}

/* Enough for a rate whose answers take so long; one if there is none. */
#define ANSWER_S  0.001
#define ATTEMPT_S 0.25

static uint64_t choose_connections(const struct wr_load_conf *load)
{
	bool brief = load->mode == WR_LOAD_CRR || load->mode == WR_LOAD_CONNECT ||
	             (load->mode == WR_LOAD_HTTP && load->http.close);
	double n = brief ? fmax(load->set.cps, load->set.rps) * ATTEMPT_S
	                 : load->set.rps * ANSWER_S;

	return (uint64_t)fmin(fmax(ceil(n), 1), tuples(load));
}

static int check_connections(const struct wr_conf *conf, const struct wr_load_conf *load,
                             struct wr_err *err)
{
	double most = tuples(load);

	if ((double)load->set.connections <= most)
		return 0;
	return wr_conf_fail(conf, err, "connections",
	                    "%llu connections need as many source ports, and %.0f addresses "
	                    "with the ports %u-%u have %.0f; give more with --client-ip, or "
	                    "wider --client-ports",
	                    (unsigned long long)load->set.connections,
	                    most / (load->port_high - load->port_low + 1.0), load->port_low,
	                    load->port_high, most);
}

/* What has no bound of its own has that of a datagram. */
static void bound_tail(struct wr_sizes *sizes)
{
	if (sizes->kind >= WR_SIZES_NORMAL)
		sizes->most = wr_max(sizes->least, wr_min(sizes->most, WR_UDP_PAYLOAD_MAX));
}

static void fill_setpoints(const struct wr_conf_load *from, struct wr_load_conf *load)
{
	load->set = (struct wr_load_setpoints) {
		.connections = from->connections,
		.cps = from->cps,
		.rps = from->rps,
		.bitrate = from->bitrate,
		.pps = from->pps,
	};
	load->schedule = from->schedule;
	load->schedule.ramp_ns = from->ramp_us * 1000;
	load->warmup_ns = from->warmup_us * 1000;
	load->duration_ns = from->duration_us * 1000;
	if (!from->duration_us && !from->requests)
		load->duration_ns = WR_S(10);
	load->requests = from->requests;
}

static void fill_messages(const struct wr_conf_load *from, struct wr_load_conf *load)
{
	load->mode = from->mode;
	load->protocol = from->protocol;
	load->direction = from->direction + 1;
	load->request = from->request;
	load->response = from->response.most ? from->response : from->request;
	if (load->mode == WR_LOAD_UDP_RR || load->mode == WR_LOAD_UDP_FLOOD) {
		bound_tail(&load->request);
		bound_tail(&load->response);
	}
	load->pipeline = (uint32_t)from->pipeline;
	load->think_ns = from->think_us * 1000;
	load->verify = from->verify;
	load->close = from->close;
	load->reconnect = from->reconnect;
	load->response_timeout_ns = from->response_timeout_us * 1000;
	if (strcmp(from->payload, "random") == 0)
		load->payload = WR_LOAD_RANDOM;
	else if (strcmp(from->payload, "zero") == 0)
		load->payload = WR_LOAD_ZERO;
	else if (strncmp(from->payload, "file:", 5) == 0)
		load->payload = WR_LOAD_FILE;
}

static int fill_http(const struct wr_conf *conf, struct wr_load_conf *load, struct wr_err *err)
{
	static const char *const keys[] = {"method", "host", "header", "http-close"};
	const struct wr_conf_load *from = &conf->load;
	size_t n = 0;

	for (size_t i = 0; i < WR_LEN(keys) && load->mode != WR_LOAD_HTTP; i++)
		if (wr_conf_is_given(conf, keys[i]))
			return wr_conf_fail(conf, err, keys[i],
			                    "it belongs to mode http; give a URL as target");
	load->http.post = from->method;
	load->http.close = from->http_close;
	strcpy(load->http.host, from->host);
	for (unsigned i = 0; i < from->header.count; i++) {
		n += (size_t)snprintf(load->http.headers + n, sizeof(load->http.headers) - n,
		                      "%s\r\n", from->header.text[i]);
		if (n >= sizeof(load->http.headers))
			return wr_conf_fail(conf, err, "header",
			                    "all lines together are longer than %zu bytes; "
			                    "give fewer",
			                    sizeof(load->http.headers) - 1);
	}
	return 0;
}

int wr_conf_load(const struct wr_conf *conf, struct wr_load_conf *load, struct wr_err *err)
{
	int rc;

	memset(load, 0, sizeof(*load));
	fill_messages(&conf->load, load);
	fill_setpoints(&conf->load, load);
	fill_addresses(conf, load);
	rc = fill_target(conf, load, err);
	if (rc == 0)
		rc = fill_http(conf, load, err);
	if (rc < 0)
		return rc;
	wr_conf_options(conf, true, &load->tcp);
	load->tcp.fastopen = conf->load.fastopen;
	load->tcp.connect_timeout_ms = (uint32_t)(conf->load.connect_timeout_us / 1000);
	if (!load->set.connections)
		load->set.connections = choose_connections(load);
	load->drain_ns = conf->drain_us * 1000;
	load->seed = conf->seed;
	return check_connections(conf, load, err);
}

/* ---- tables ---- */

#define CONNECTIONS_LEAST 1024
#define TIME_WAITS_LEAST  32768
#define TIME_WAITS_MOST   (4u << 20)

void wr_conf_size_load(struct wr_conf *conf, const struct wr_load_conf *load, unsigned workers)
{
	double open = (double)load->set.connections / workers;
	double waits = tuples(load);

	/* Some are closing while the next are open. */
	conf->connections = (uint64_t)fmax(open + open / 8, CONNECTIONS_LEAST);
	conf->backlog = 16;
	if (conf->time_wait_entries)
		return;
	if (load->set.cps > 0)
		waits = fmin(waits, load->set.cps * (double)conf->time_wait_us / 1e6);
	waits = fmin(fmax(waits / workers, TIME_WAITS_LEAST), TIME_WAITS_MOST);
	conf->time_wait_entries = (uint64_t)waits;
}
