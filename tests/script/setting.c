/* SPDX-License-Identifier: BSD-3-Clause */
/* What a packet script may set: "set KEY VALUE". */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

enum type { SET_U8, SET_U16, SET_U32, SET_U64, SET_BOOL, SET_CC, SET_TEXT };

struct setting {
	const char *name;
	enum type type;
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

static const struct setting settings[] = {
	TCP(U32, connections),
	TCP(U32, half_open),
	TCP(U32, time_waits),
	TCP(U32, reorders),
	TCP(U32, repairs),
	TCP(U32, paths),
	TCP(U8, mtu_probing),
	TCP(U16, mtu_base_mss),
	TCP(U16, mtu_floor_mss),
	TCP(U32, rcv_buf),
	TCP(U32, snd_buf),
	TCP(U32, rcv_buf_max),
	TCP(U32, snd_buf_max),
	TCP(U32, tunes),
	TCP(U32, evict_shut_ms),
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
	TCP(BOOL, tlp_no_sack),
	TCP(BOOL, prr),
	TCP(BOOL, frto),
	TCP(BOOL, dsack),
	TCP(BOOL, pacing),
	TCP(BOOL, ts_required),
	TCP(BOOL, has_isn),
	TCP(U32, isn),
	TCP(BOOL, has_ts_offset),
	TCP(U32, ts_offset),
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
	TCP(U32, dup_ack_delay_us),
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
	WORLD(U32, laddr),
	WORLD(U32, peer_isn),
	WORLD(U32, rtt_us),
	WORLD(U32, chunk),
	WORLD(U32, first_quota),
	WORLD(BOOL, refuses),
	WORLD(BOOL, answers_arp),
};

static const struct {
	uint64_t max;
	const char *expected;
} types[] = {
	[SET_U8] = {UINT8_MAX, "a number up to 255"},
	[SET_U16] = {UINT16_MAX, "a number up to 65535"},
	[SET_U32] = {UINT32_MAX, "a number up to 4294967295"},
	[SET_U64] = {UINT64_MAX, "a number"},
	[SET_BOOL] = {1, "on or off"},
	[SET_CC] = {0, "the name of a congestion control"},
	[SET_TEXT] = {0, "a word of 31 characters at most"},
};

/* "on" is 1, "off" is 0. */
static bool read_value(const char *text, uint64_t max, uint64_t *value)
{
	const char *end = text + strlen(text);

	if (!strcmp(text, "on") || !strcmp(text, "off")) {
		*value = text[1] == 'n';
		return true;
	}
	return script_number(&text, value) && text == end && *value <= max;
}

static bool give(struct script *s, const struct setting *key, const char *text)
{
	void *at = (char *)&s->world + key->offset;
	uint64_t value;

	if (key->type == SET_TEXT)
		return strcpy(at, text), true;
	if (key->type == SET_CC)
		return wr_cc_read(text, at);
	if (!read_value(text, types[key->type].max, &value))
		return false;
	switch (key->type) {
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
	case SET_CC:
	case SET_TEXT:
		break;
	}
	return true;
}

bool script_set(struct script *s, const char *text)
{
	char name[32], value[32];
	int used = 0;

	if (sscanf(text, "%31s %31s%n", name, value, &used) != 2 || text[used])
		return script_fail(s, "expected \"set KEY VALUE\", got \"set %s\"", text);
	for (unsigned i = 0; i < WR_LEN(settings); i++) {
		const struct setting *key = &settings[i];

		if (strcmp(name, key->name))
			continue;
		if (s->world.stack && key->offset < offsetof(struct world, options))
			return script_fail(s, "%s cannot change while the engine runs", name);
		if (!give(s, key, value))
			return script_fail(s, "%s: expected %s, got \"%s\"", name,
			                   types[key->type].expected, value);
		return true;
	}
	return script_fail(s, "there is no key \"%s\": script --help lists them", name);
}

void script_list_settings(void)
{
	const char *separator = "Keys of `set`: ";

	for (unsigned i = 0; i < WR_LEN(settings); i++) {
		printf("%s`%s`", separator, settings[i].name);
		separator = ", ";
	}
	puts(".");
}
