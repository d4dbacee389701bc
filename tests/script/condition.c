/* SPDX-License-Identifier: BSD-3-Clause */
/* What must be true at a moment of a packet script. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command.h"

static bool must_be(struct script *s, const char *what, uint64_t expected, uint64_t got)
{
	return expected == got ? true
	                       : script_fail(s, "%s: expected %" PRIu64 ", got %" PRIu64, what,
	                                     expected, got);
}

static bool must_read(struct script *s, const char *what, const char *expected, const char *got)
{
	return !strcmp(expected, got)
	               ? true
	               : script_fail(s, "%s: expected %s, got %s", what, expected, got);
}

static bool is_silent(struct script *s, unsigned flow, const struct argument *a)
{
	return script_is_silent(s);
}

static bool is_state(struct script *s, unsigned flow, const struct argument *a)
{
	struct wr_tcp_info info;
	const char *got = wr_tcp_state_name[WR_TCP_CLOSED];

	if (world_info(&s->world, flow, &info))
		got = wr_tcp_state_name[info.state];
	return must_read(s, "state", a->name, got);
}

static bool is_delivered(struct script *s, unsigned flow, const struct argument *a)
{
	if (s->world.flow[flow].corrupt)
		return script_fail(s, "the text delivered is not what the peer sent");
	return must_be(s, "delivered", a->n, s->world.flow[flow].delivered);
}

static bool is_opened(struct script *s, unsigned flow, const struct argument *a)
{
	return must_be(s, "opened", a->n, s->world.flow[flow].opened);
}

static bool is_eof(struct script *s, unsigned flow, const struct argument *a)
{
	return must_be(s, "eof", a->n, s->world.flow[flow].eof);
}

static bool is_closed(struct script *s, unsigned flow, const struct argument *a)
{
	return must_be(s, "closed", a->n, s->world.flow[flow].closed);
}

static bool is_reason(struct script *s, unsigned flow, const struct argument *a)
{
	const struct world_flow *f = &s->world.flow[flow];

	return must_read(s, "reason", a->name,
	                 f->closed ? wr_reason_desc[f->reason].name : "none");
}

static bool is_verdict(struct script *s, unsigned flow, const struct argument *a)
{
	char full[64];

	for (unsigned i = 0; i < WR_VERDICT_COUNT; i++) {
		snprintf(full, sizeof(full), "%s_%s", wr_verdict_desc[i].layer,
		         wr_verdict_desc[i].name);
		if (!strcmp(full, a->name))
			return must_be(s, full, a->n, s->world.stats.verdict[i]);
	}
	return script_fail(s, "there is no verdict \"%s\"", a->name);
}

static bool is_cause(struct script *s, unsigned flow, const struct argument *a)
{
	for (unsigned i = 0; i < WR_CAUSE_COUNT; i++) {
		if (!strcmp(wr_cause_desc[i].name, a->name))
			return must_be(s, a->name, a->n, s->world.stats.cause[i]);
	}
	return script_fail(s, "there is no cause \"%s\"", a->name);
}

static bool is_stat(struct script *s, unsigned flow, const struct argument *a)
{
	for (unsigned i = 0; i < WR_STAT_COUNT; i++) {
		if (!strcmp(wr_stat_desc[i].name, a->name))
			return must_be(s, a->name, a->n, s->world.stats.n[i]);
	}
	return script_fail(s, "there is no statistic \"%s\"", a->name);
}

/* Fields of struct wr_tcp_info, of 1, 2, 4 or 8 bytes. */
#define FIELD(name)                                                                            \
	{                                                                                      \
#name, offsetof(struct wr_tcp_info, name),                                     \
			sizeof(((struct wr_tcp_info *)0)->name)                                \
	}

static const struct {
	const char *name;
	size_t offset, size;
} fields[] = {
	FIELD(ts),
	FIELD(sack),
	FIELD(has_wscale),
	FIELD(snd_wscale),
	FIELD(rcv_wscale),
	FIELD(nodelay),
	FIELD(keepalive),
	FIELD(fastopen),
	FIELD(md5),
	FIELD(mss),
	FIELD(advmss),
	FIELD(snd_wnd),
	FIELD(rcv_wnd),
	FIELD(recv_q),
	FIELD(send_q),
	FIELD(unsent),
	FIELD(flight),
	FIELD(cwnd),
	FIELD(ssthresh),
	FIELD(recovery),
	FIELD(rto_us),
	FIELD(srtt_us),
	FIELD(rttvar_us),
	FIELD(backoff),
	FIELD(rexmits),
	FIELD(lost),
	FIELD(sacked),
	FIELD(again),
	FIELD(reordering),
	FIELD(bytes_in),
	FIELD(bytes_acked),
	FIELD(age_us),
	FIELD(idle_us),
	FIELD(timer_us),
	FIELD(ecn),
	FIELD(accecn),
	FIELD(delivered_ce),
	FIELD(received_ce),
	FIELD(delivered_ce_bytes),
	FIELD(received_ce_bytes),
};

static uint64_t read_field(const void *at, size_t size)
{
	switch (size) {
	case 1:
		return *(const uint8_t *)at;
	case 2:
		return *(const uint16_t *)at;
	case 4:
		return *(const uint32_t *)at;
	default:
		return *(const uint64_t *)at;
	}
}

static bool is_info(struct script *s, unsigned flow, const struct argument *a)
{
	struct wr_tcp_info info;

	for (unsigned i = 0; i < WR_LEN(fields); i++) {
		if (strcmp(fields[i].name, a->name))
			continue;
		if (!world_info(&s->world, flow, &info))
			return script_fail(s, "info %s: there is no such connection", a->name);
		return must_be(
			s, a->name, a->n,
			read_field((const char *)&info + fields[i].offset, fields[i].size));
	}
	return script_fail(s, "there is no field \"%s\": script --help lists them", a->name);
}

static const struct command conditions[] = {
	{"silent", NOTHING, is_silent, "nothing was sent that no line expected"},
	{"state", NAME, is_state, "the state of the connection, as `ESTABLISHED`"},
	{"opened", NUMBER, is_opened, "so many times the service was told of a connection"},
	{"delivered", NUMBER, is_delivered,
         "so many bytes the service took, all of them right"},
	{"eof", NUMBER, is_eof, "so many times it was told that the peer closed"},
	{"closed", NUMBER, is_closed, "so many times it was told of the end"},
	{"reason", NAME, is_reason, "and why; `none` while there was no end"},
	{"info", NAME_NUMBER, is_info,
         "a field of `struct wr_tcp_info`, what `wringer ss` shows"},
	{"verdict", NAME_NUMBER, is_verdict, "segments of this verdict, of `docs/metrics.md`"},
	{"cause", NAME_NUMBER, is_cause, "segments sent for this cause, likewise"},
	{"stat", NAME_NUMBER, is_stat, "any other counter, likewise"},
};

const struct command_table command_conditions = {conditions, WR_LEN(conditions)};

void script_list_fields(void)
{
	const char *separator = "Fields of `info`: ";

	for (unsigned i = 0; i < WR_LEN(fields); i++) {
		printf("%s`%s`", separator, fields[i].name);
		separator = ", ";
	}
	puts(".");
}
