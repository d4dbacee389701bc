/* SPDX-License-Identifier: BSD-3-Clause */
/* What cannot be meant: setpoints and options that contradict each other or the mode. */

#include <errno.h>

#include "load.h"
#include "wr_rr.h"

/* Which setpoints a mode has. */
enum { CPS = 1, RPS = 2, BITRATE = 4, PPS = 8 };

static const struct mode_rules {
	unsigned setpoints;
	const char *instead; /* what to write in place of another */
	bool verifies, pipelines, requests;
} rules[WR_LOAD_MODES] = {
	[WR_LOAD_RR] = {CPS | RPS, "--rps for requests, --cps for opening", true, true, true},
	[WR_LOAD_CRR] = {CPS, "--cps", true, false, true},
	[WR_LOAD_STREAM] = {CPS | BITRATE, "--bitrate", true, false, false},
	[WR_LOAD_HOLD] = {CPS | RPS, "--cps for opening, --rps for traffic meanwhile", true,
                          true, true},
	[WR_LOAD_UDP_RR] = {RPS, "--rps", true, true, true},
	[WR_LOAD_UDP_FLOOD] = {PPS | BITRATE, "--pps or --bitrate", false, false, false},
	[WR_LOAD_HTTP] = {CPS | RPS, "--rps for requests, --cps for connections", true, true,
                          true},
	[WR_LOAD_SYN] = {PPS, "--pps", false, false, false},
	[WR_LOAD_CONNECT] = {CPS, "--cps", false, false, true},
};

#define REFUSE(err, ...) wr_err_set(err, WR_EXIT_USAGE, -EINVAL, __VA_ARGS__)

static int check_setpoints(const struct wr_load_conf *conf, struct wr_err *err)
{
	const struct mode_rules *rule = &rules[conf->mode];
	const struct {
		unsigned bit;
		double value;
		const char *option;
	} given[] = {
		{CPS, conf->set.cps, "--cps"},
		{RPS, conf->set.rps, "--rps"},
		{BITRATE, conf->set.bitrate, "--bitrate"},
		{PPS, conf->set.pps, "--pps"},
	};

	for (unsigned i = 0; i < WR_LEN(given); i++)
		if (given[i].value > 0 && !(rule->setpoints & given[i].bit))
			return REFUSE(err, "--mode %s has no %s; give %s",
			              wr_load_mode_name[conf->mode], given[i].option,
			              rule->instead);
	if (conf->set.pps > 0 && conf->set.bitrate > 0)
		return REFUSE(err, "--pps and --bitrate both say how fast datagrams are sent; "
		                   "give one of them");
	if (conf->mode == WR_LOAD_HTTP && conf->http.close && conf->set.cps > 0 &&
	    conf->set.rps > 0)
		return REFUSE(err, "with a connection for each request, --cps and --rps are "
		                   "the same rate; give one of them");
	if (conf->set.connections == 0 && conf->mode != WR_LOAD_SYN)
		return REFUSE(err, "--connections is 0; give at least 1");
	return 0;
}

static int check_end(const struct wr_load_conf *conf, struct wr_err *err)
{
	if (!rules[conf->mode].requests && conf->requests)
		return REFUSE(err, "--mode %s has no --requests; give --duration",
		              wr_load_mode_name[conf->mode]);
	if (!conf->duration_ns && !conf->requests)
		return REFUSE(err, "the test would never end; give --duration or %s",
		              rules[conf->mode].requests ? "--requests"
		                                         : "a duration other than 0");
	return 0;
}

static int check_pipeline(const struct wr_load_conf *conf, struct wr_err *err)
{
	if (conf->pipeline == 0 || conf->pipeline > WR_LOAD_PIPELINE)
		return REFUSE(err, "--pipeline is %u; give 1 to %u", conf->pipeline,
		              WR_LOAD_PIPELINE);
	if (conf->pipeline > 1 && !rules[conf->mode].pipelines)
		return REFUSE(err, "--mode %s has one request at a time; leave out --pipeline",
		              wr_load_mode_name[conf->mode]);
	if (conf->pipeline > 1 && conf->http.close && conf->mode == WR_LOAD_HTTP)
		return REFUSE(err,
		              "--pipeline needs connections that stay; leave out --http-close");
	if (conf->pipeline > 1 && conf->think_ns)
		return REFUSE(err,
		              "--think and --pipeline contradict each other; give one of them");
	if (conf->think_ns && conf->set.rps > 0)
		return REFUSE(
			err,
			"--think makes a closed loop, --rps an open one; give one of them");
	return 0;
}

static bool speaks_rr(const struct wr_load_conf *conf)
{
	if (conf->mode == WR_LOAD_HTTP || conf->mode == WR_LOAD_STREAM)
		return false;
	return load_protocol_of(conf) == &load_protocol_sized;
}

static int check_sizes(const struct wr_load_conf *conf, struct wr_err *err)
{
	uint32_t least = (speaks_rr(conf) ? WR_RR_HEADER : 0) +
	                 (conf->verify && conf->mode != WR_LOAD_HTTP ? WR_STAMP_BYTES : 0);
	bool echo = conf->protocol == WR_LOAD_ECHO;

	if (!rules[conf->mode].requests && conf->mode != WR_LOAD_STREAM)
		return 0;
	if (conf->mode == WR_LOAD_CONNECT || conf->mode == WR_LOAD_HTTP)
		return 0;
	if (conf->request.least < wr_max(least, 1))
		return REFUSE(err,
		              "--request can be %u bytes, and the head of a %smessage takes "
		              "%u; give at least %u",
		              conf->request.least, conf->verify ? "verified " : "",
		              wr_max(least, 1), wr_max(least, 1));
	if (speaks_rr(conf) && conf->response.least < wr_max(least, 1))
		return REFUSE(err,
		              "--response can be %u bytes, and the head of a %smessage takes "
		              "%u; give at least %u",
		              conf->response.least, conf->verify ? "verified " : "",
		              wr_max(least, 1), wr_max(least, 1));
	if (echo && conf->mode != WR_LOAD_STREAM &&
	    (conf->response.least != conf->request.least ||
	     conf->response.most != conf->request.most))
		return REFUSE(err, "an echo is as long as the request: leave out --response, "
		                   "or give --protocol sized against Wringer's rr service");
	return 0;
}

static int check_datagrams(const struct wr_load_conf *conf, struct wr_err *err)
{
	const struct {
		const char *option;
		uint32_t most;
	} given[] = {
		{"--request", conf->request.most},
		{"--response", conf->response.most},
	};

	if (conf->mode != WR_LOAD_UDP_RR && conf->mode != WR_LOAD_UDP_FLOOD)
		return 0;
	for (unsigned i = 0; i < WR_LEN(given); i++)
		if (given[i].most > WR_UDP_PAYLOAD_MAX)
			return REFUSE(err,
			              "%s can be %u bytes, and a datagram carries %u at most; "
			              "give less",
			              given[i].option, given[i].most, WR_UDP_PAYLOAD_MAX);
	return 0;
}

static int check_payload(const struct wr_load_conf *conf, struct wr_err *err)
{
	if (conf->payload == WR_LOAD_FILE && !conf->file_bytes)
		return REFUSE(err,
		              "--payload names an empty file; give one with a byte at least");
	if (conf->verify && !rules[conf->mode].verifies)
		return REFUSE(err,
		              "--mode %s brings nothing back to verify; leave out --verify",
		              wr_load_mode_name[conf->mode]);
	if (conf->port_low > conf->port_high)
		return REFUSE(
			err,
			"--client-ports ends before it begins; write the lower port first");
	return 0;
}

int wr_load_check(const struct wr_load_conf *conf, struct wr_err *err)
{
	static int (*const checks[])(const struct wr_load_conf *, struct wr_err *) = {
		check_setpoints, check_end,       check_pipeline,
		check_sizes,     check_datagrams, check_payload,
	};
	int rc = 0;

	for (unsigned i = 0; i < WR_LEN(checks) && rc == 0; i++)
		rc = checks[i](conf, err);
	return rc;
}
