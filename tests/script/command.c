/* SPDX-License-Identifier: BSD-3-Clause */
/* The words of packet scripts other than segments. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

/* ---- set KEY VALUE ---- */

enum set_type { SET_U8, SET_U16, SET_U32, SET_U64, SET_BOOL, SET_CC, SET_TEXT };

struct set_key {
	const char *name;
	enum set_type type;
	size_t offset; /* in struct world */
};

#define TCP(type, field)                                                                       \
	{                                                                                      \
#field, SET_##type, offsetof(struct world, conf.tcp.field)                     \
	}
#define OPTION(type, field)                                                                    \
	{                                                                                      \
#field, SET_##type, offsetof(struct world, options.field)                      \
	}
#define WORLD(type, field)                                                                     \
	{                                                                                      \
#field, SET_##type, offsetof(struct world, field)                              \
	}

static const struct set_key set_key[] = {
	TCP(U32, connections),
	TCP(U32, half_open),
	TCP(U32, time_waits),
	TCP(U32, reorders),
	TCP(U32, repairs),
	TCP(U32, paths),
	TCP(U8, mtu_probing),
	TCP(U16, mtu_base_mss),
	TCP(U32, rcv_buf),
	TCP(U32, snd_buf),
	TCP(U32, rcv_buf_max),
	TCP(U32, snd_buf_max),
	TCP(U32, tunes),
	TCP(U32, held_bufs),
	TCP(U32, ooo_bytes),
	TCP(U16, ooo_pieces),
	TCP(BOOL, timestamps),
	TCP(BOOL, sack),
	TCP(BOOL, wscale),
	TCP(U8, ecn),
	TCP(U16, mss),
	TCP(U16, mss_min),
	TCP(U8, iw_segments),
	TCP(BOOL, idle_restart),
	TCP(CC, cc),
	TCP(BOOL, rack),
	TCP(BOOL, tlp),
	TCP(BOOL, tlp_recovery),
	TCP(BOOL, prr),
	TCP(BOOL, frto),
	TCP(BOOL, dsack),
	TCP(BOOL, pacing),
	TCP(BOOL, ts_required),
	TCP(BOOL, has_isn),
	TCP(U32, isn),
	TCP(U8, wscale_offer),
	TCP(U32, first_window),
	TCP(BOOL, push_bursts),
	TCP(U16, ss_burst),
	TCP(BOOL, grow_half),
	TCP(BOOL, grow_by_news),
	TCP(U8, quick_acks),
	TCP(U8, prompt_acks),
	TCP(BOOL, delack_fin),
	TCP(U32, rto_slack_us),
	TCP(U32, delack_us),
	TCP(U8, prompt_acks),
	TCP(U32, rto_initial_us),
	TCP(U32, rto_min_us),
	TCP(U32, rto_max_us),
	TCP(U32, r1_rexmits),
	TCP(U32, fastopen_pending),
	TCP(U32, fastopen_peers),
	TCP(U8, fastopen_keys),
	TCP(U64, r2_us),
	TCP(U64, r2_syn_us),
	TCP(U8, synack_retries),
	TCP(U64, time_wait_us),
	TCP(U64, time_wait_reuse_us),
	TCP(U64, fin_wait2_us),
	TCP(U8, orphan_retries),
	TCP(U32, orphans),
	TCP(U8, syn_cookies),
	TCP(U32, listener_connections),
	TCP(U32, source_connections),
	TCP(U16, challenges_per_s),
	TCP(U32, rsts_per_s),
	OPTION(BOOL, nodelay),
	OPTION(BOOL, keepalive),
	OPTION(BOOL, fastopen),
	OPTION(U8, tos),
	OPTION(U8, ttl),
	OPTION(U8, keepalive_probes),
	OPTION(U32, keepalive_idle_s),
	OPTION(U32, keepalive_interval_s),
	OPTION(U32, user_timeout_ms),
	OPTION(U32, connect_timeout_ms),
	OPTION(U32, idle_timeout_ms),
	OPTION(U32, total_timeout_ms),
	WORLD(TEXT, md5_key),
	WORLD(U32, peer_isn),
	WORLD(U32, rtt_us),
	WORLD(U32, chunk),
	WORLD(U32, first_quota),
	WORLD(BOOL, refuses),
	WORLD(BOOL, answers_arp),
};

static void set_value(void *at, enum set_type type, uint64_t value)
{
	switch (type) {
	case SET_U8:
		*(uint8_t *)at = (uint8_t)value;
		break;
	case SET_U16:
		*(uint16_t *)at = (uint16_t)value;
		break;
	case SET_U32:
		*(uint32_t *)at = (uint32_t)value;
		break;
	case SET_U64:
		*(uint64_t *)at = value;
		break;
	case SET_BOOL:
		*(bool *)at = value;
		break;
	case SET_CC: /* read already */
	case SET_TEXT:
		break;
	}
}

/* "on" is 1, "off" is 0. */
bool script_set(struct script *s, const char *text)
{
	char name[32], value[32];

	if (sscanf(text, "%31s %31s", name, value) != 2)
		return script_fail(s, "set KEY VALUE");
	for (unsigned i = 0; i < WR_LEN(set_key); i++) {
		uint64_t n = !strcmp(value, "on") ? 1 : strtoull(value, NULL, 0);

		if (strcmp(name, set_key[i].name))
			continue;
		if (s->world.stack && set_key[i].offset < offsetof(struct world, options))
			return script_fail(s, "%s cannot change while the engine runs", name);
		if (set_key[i].type == SET_CC && !wr_cc_read(value, &s->world.conf.tcp.cc))
			return script_fail(s, "there is no congestion control %s", value);
		if (set_key[i].type == SET_TEXT)
			strcpy((char *)&s->world + set_key[i].offset, value);
		set_value((char *)&s->world + set_key[i].offset, set_key[i].type, n);
		return true;
	}
	return script_fail(s, "there is no key %s", name);
}

/* ---- what the service does ---- */

/* A command with at most one argument; `flow` is the @N in front of it. */
typedef bool (*command)(struct script *s, unsigned flow, const char *argument);

static bool done(struct script *s, bool ok)
{
	if (!ok)
		return script_fail(s, "%s", s->world.wrong);
	world_run_until(&s->world, s->world.now_ns, false);
	return true;
}

static bool do_listen(struct script *s, unsigned flow, const char *argument)
{
	s->is_listening = true;
	return done(s, world_listen(&s->world));
}

/*
 * "established" or "established <mss 1000,sackOK>": listens and shakes hands with a peer window
 * of 65535; the peer answers after rtt_us. Its clock stands still.
 */
static bool do_established(struct script *s, unsigned flow, const char *argument)
{
	const char *options = argument[0] ? argument : "<mss 1000>";
	const char *ts = strstr(options, "TS val ");
	char echo[64] = "";
	char syn[256], synack[64], ack[256];

	snprintf(syn, sizeof(syn), "< @%u S 0:0(0) win 65535 %s", flow, options);
	if (ts)
		snprintf(echo, sizeof(echo), "<TS val %llu ecr 1000>",
		         strtoull(ts + 7, NULL, 0));
	snprintf(ack, sizeof(ack), "+%u.%06u < @%u . 1:1(0) ack 1 win 65535 %s",
	         s->world.rtt_us / 1000000, s->world.rtt_us % 1000000, flow, echo);
	if (!s->is_listening && !script_event(s, "listen"))
		return false;
	snprintf(synack, sizeof(synack), "> @%u S. 0:0(0) ack 1 <...>", flow);
	return script_event(s, syn) && script_event(s, synack) && script_event(s, ack);
}

static bool do_connect(struct script *s, unsigned flow, const char *argument)
{
	return done(s, world_connect(&s->world, flow));
}

/* Both before anything is sent: Fast Open. */
static bool do_connect_send(struct script *s, unsigned flow, const char *argument)
{
	return done(s, world_connect(&s->world, flow) &&
	                       world_send(&s->world, flow, (uint32_t)atoll(argument)));
}

static bool do_send(struct script *s, unsigned flow, const char *argument)
{
	return done(s, world_send(&s->world, flow, (uint32_t)atoll(argument)));
}

static bool do_close(struct script *s, unsigned flow, const char *argument)
{
	return done(s, world_close(&s->world, flow));
}

/* send N and close at once: the FIN goes with the text. */
static bool do_send_close(struct script *s, unsigned flow, const char *argument)
{
	return done(s, world_send(&s->world, flow, (uint32_t)atoll(argument)) &&
	                       world_close(&s->world, flow));
}

static bool do_abort(struct script *s, unsigned flow, const char *argument)
{
	return done(s, world_abort(&s->world, flow));
}

static bool do_pause(struct script *s, unsigned flow, const char *argument)
{
	s->world.flow[flow].quota = 0;
	return true;
}

static bool do_read(struct script *s, unsigned flow, const char *argument)
{
	uint32_t bytes = !strcmp(argument, "all") ? UINT32_MAX : (uint32_t)atoll(argument);

	return done(s, world_read(&s->world, flow, bytes));
}

/* The options that were `set` hold for a connection that is already there. */
static bool do_options(struct script *s, unsigned flow, const char *argument)
{
	return done(s, world_set_options(&s->world, flow));
}

/* The next SYN tells a new ISN: another incarnation of the connection. */
static bool do_forget(struct script *s, unsigned flow, const char *argument)
{
	memset(&s->world.flow[flow], 0, sizeof(s->world.flow[flow]));
	return true;
}

/* All but so many buffers are in use elsewhere, until `feed`. */
static bool do_starve(struct script *s, unsigned flow, const char *argument)
{
	world_starve(&s->world, (unsigned)atoi(argument));
	return true;
}

static bool do_feed(struct script *s, unsigned flow, const char *argument)
{
	world_feed(&s->world);
	return true;
}

/* ---- what must be true ---- */

static bool must_be(struct script *s, const char *what, uint64_t expected, uint64_t got)
{
	return expected == got ? true
	                       : script_fail(s, "%s: expected %" PRIu64 ", got %" PRIu64, what,
	                                     expected, got);
}

static bool is_silent(struct script *s, unsigned flow, const char *argument)
{
	return script_is_silent(s);
}

static bool is_state(struct script *s, unsigned flow, const char *argument)
{
	struct wr_tcp_info info;
	const char *got = wr_tcp_state_name[WR_TCP_CLOSED];

	if (world_info(&s->world, flow, &info))
		got = wr_tcp_state_name[info.state];
	return !strcmp(got, argument)
	               ? true
	               : script_fail(s, "state: expected %s, got %s", argument, got);
}

static bool is_delivered(struct script *s, unsigned flow, const char *argument)
{
	if (s->world.flow[flow].corrupt)
		return script_fail(s, "the text delivered is not what the peer sent");
	return must_be(s, "delivered", strtoull(argument, NULL, 0),
	               s->world.flow[flow].delivered);
}

static bool is_opened(struct script *s, unsigned flow, const char *argument)
{
	return must_be(s, "opened", strtoull(argument, NULL, 0), s->world.flow[flow].opened);
}

static bool is_eof(struct script *s, unsigned flow, const char *argument)
{
	return must_be(s, "eof", strtoull(argument, NULL, 0), s->world.flow[flow].eof);
}

static bool is_closed(struct script *s, unsigned flow, const char *argument)
{
	return must_be(s, "closed", strtoull(argument, NULL, 0), s->world.flow[flow].closed);
}

static bool is_reason(struct script *s, unsigned flow, const char *argument)
{
	const struct world_flow *f = &s->world.flow[flow];
	const char *got = f->closed ? wr_reason_desc[f->reason].name : "none";

	return !strcmp(got, argument)
	               ? true
	               : script_fail(s, "reason: expected %s, got %s", argument, got);
}

/* "tcp_paws 1", for verdicts "layer_name". */
static bool is_verdict(struct script *s, unsigned flow, const char *argument)
{
	char name[64], full[64];
	unsigned long long n;

	if (sscanf(argument, "%63s %llu", name, &n) != 2)
		return script_fail(s, "verdict NAME N");
	for (unsigned i = 0; i < WR_VERDICT_COUNT; i++) {
		snprintf(full, sizeof(full), "%s_%s", wr_verdict_desc[i].layer,
		         wr_verdict_desc[i].name);
		if (!strcmp(full, name))
			return must_be(s, full, n, s->world.stats.verdict[i]);
	}
	return script_fail(s, "there is no verdict %s", name);
}

static bool is_cause(struct script *s, unsigned flow, const char *argument)
{
	char name[64];
	unsigned long long n;

	if (sscanf(argument, "%63s %llu", name, &n) != 2)
		return script_fail(s, "cause NAME N");
	for (unsigned i = 0; i < WR_CAUSE_COUNT; i++) {
		if (!strcmp(wr_cause_desc[i].name, name))
			return must_be(s, name, n, s->world.stats.cause[i]);
	}
	return script_fail(s, "there is no cause %s", name);
}

static bool is_stat(struct script *s, unsigned flow, const char *argument)
{
	char name[64];
	unsigned long long n;

	if (sscanf(argument, "%63s %llu", name, &n) != 2)
		return script_fail(s, "stat NAME N");
	for (unsigned i = 0; i < WR_STAT_COUNT; i++) {
		if (!strcmp(wr_stat_desc[i].name, name))
			return must_be(s, name, n, s->world.stats.n[i]);
	}
	return script_fail(s, "there is no statistic %s", name);
}

/* "cwnd 10000": fields of wr_tcp_info. */
static bool is_info(struct script *s, unsigned flow, const char *argument)
{
	char name[32];
	unsigned long long n;
	struct wr_tcp_info i;

	if (sscanf(argument, "%31s %llu", name, &n) != 2)
		return script_fail(s, "info FIELD N");
	if (!world_info(&s->world, flow, &i))
		return script_fail(s, "there is no such connection");
	const struct {
		const char *name;
		uint64_t value;
	} field[] = {
		{"cwnd", i.cwnd},       {"ssthresh", i.ssthresh}, {"mss", i.mss},
		{"rto_us", i.rto_us},   {"srtt_us", i.srtt_us},   {"backoff", i.backoff},
		{"recv_q", i.recv_q},   {"send_q", i.send_q},     {"unsent", i.unsent},
		{"snd_wnd", i.snd_wnd}, {"rcv_wnd", i.rcv_wnd},   {"rexmits", i.rexmits},
		{"lost", i.lost},       {"sacked", i.sacked},     {"ts", i.ts},
		{"sack", i.sack},       {"fastopen", i.fastopen}, {"md5", i.md5},
		{"wscale", i.has_wscale}, {"snd_wscale", i.snd_wscale},
	};

	for (unsigned k = 0; k < WR_LEN(field); k++) {
		if (!strcmp(field[k].name, name))
			return must_be(s, name, n, field[k].value);
	}
	return script_fail(s, "there is no field %s", name);
}

/*
 *	listen, established [<options>], connect, connect_send N, send N, close, send_close N, abort, pause,
 *read N|all silent, state NAME, delivered N, opened N, eof N, closed N, reason NAME verdict
 *NAME N, cause NAME N, stat NAME N, info FIELD N options (those that were set, for a live
 *connection), forget (what is known of a flow)
 */
static const struct {
	const char *name;
	command run;
} commands[] = {
	{"established", do_established},
	{"listen", do_listen},
	{"connect", do_connect},
	{"connect_send", do_connect_send},
	{"send", do_send},
	{"close", do_close},
	{"send_close", do_send_close},
	{"abort", do_abort},
	{"pause", do_pause},
	{"read", do_read},
	{"options", do_options},
	{"forget", do_forget},
	{"starve", do_starve},
	{"feed", do_feed},
	{"silent", is_silent},
	{"state", is_state},
	{"opened", is_opened},
	{"delivered", is_delivered},
	{"eof", is_eof},
	{"closed", is_closed},
	{"reason", is_reason},
	{"verdict", is_verdict},
	{"cause", is_cause},
	{"stat", is_stat},
	{"info", is_info},
};

bool script_command(struct script *s, const char *text)
{
	unsigned flow = 0;
	int used = 0;
	char name[32];

	if (sscanf(text, "@%u %n", &flow, &used) == 1)
		text += used;
	if (flow >= WORLD_FLOWS || sscanf(text, "%31s%n", name, &used) != 1)
		return script_fail(s, "what is this?");
	text += used + strspn(text + used, " ");
	for (unsigned i = 0; i < WR_LEN(commands); i++) {
		if (!strcmp(name, commands[i].name))
			return commands[i].run(s, flow, text);
	}
	return script_fail(s, "there is no command %s", name);
}
