/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "wr_ss_column.h"

#define NUMBER(member, text)                                                                   \
	{                                                                                      \
#member, text, WR_SS_NUMBER, offsetof(struct wr_tcp_info, member),             \
			sizeof(((struct wr_tcp_info *)0)->member)                              \
	}
#define WORD(member, text)                                                                     \
	{                                                                                      \
#member, text, WR_SS_WORD, offsetof(struct wr_tcp_info, member),               \
			sizeof(const char *)                                                   \
	}

const struct wr_ss_column wr_ss_column[WR_SS_COLUMNS] = {
	{"state", "State of RFC 9293", WR_SS_STATE, 0, 0},
	{"local", "Our address and port", WR_SS_LOCAL, 0, 0},
	{"peer", "The peer's address and port", WR_SS_PEER, 0, 0},
	NUMBER(recv_q, "Bytes received that the service has not taken"),
	NUMBER(send_q, "Bytes sent or queued that are not acknowledged"),
	NUMBER(unsent, "Bytes of these never sent yet"),
	NUMBER(ts, "1: timestamps are in use, RFC 7323"),
	NUMBER(sack, "1: SACK is in use, RFC 2018"),
	NUMBER(has_wscale, "1: windows are scaled, RFC 7323"),
	NUMBER(snd_wscale, "Shift of the windows that the peer sends"),
	NUMBER(rcv_wscale, "Shift of the windows that we send"),
	NUMBER(nodelay, "1: Nagle's algorithm is off"),
	NUMBER(keepalive, "1: keep-alive is on"),
	NUMBER(fastopen, "1: the text of the SYN was taken at once, RFC 7413"),
	NUMBER(md5, "1: segments are signed, RFC 2385"),
	NUMBER(ecn, "1: congestion marks are in use, RFC 3168 or 9768"),
	NUMBER(accecn, "1: with AccECN, RFC 9768; then what follows is counted"),
	NUMBER(delivered_ce, "Segments sent that the peer says came marked"),
	NUMBER(received_ce, "Segments that came marked"),
	NUMBER(delivered_ce_bytes, "Bytes sent that the peer says came marked"),
	NUMBER(received_ce_bytes, "Bytes that came marked"),
	NUMBER(rto_us, "Retransmission time-out, us"),
	NUMBER(backoff, "Doublings of the time-out in force"),
	NUMBER(srtt_us, "Smoothed round-trip time, us"),
	NUMBER(rttvar_us, "Its variation, us"),
	NUMBER(mss, "Bytes of text a segment"),
	NUMBER(cwnd, "Congestion window, bytes"),
	NUMBER(ssthresh, "Slow-start threshold, bytes; 4294967295: none yet"),
	NUMBER(snd_wnd, "Window that the peer offers, bytes"),
	NUMBER(rcv_wnd, "Window that we offer, bytes"),
	NUMBER(rexmits, "Segments sent again, whole life"),
	NUMBER(lost, "Bytes now thought lost"),
	NUMBER(sacked, "Bytes now known to have arrived out of order"),
	NUMBER(bytes_in, "Bytes received in order"),
	NUMBER(bytes_acked, "Bytes that the peer acknowledged"),
	NUMBER(age_us, "Since it was opened, us"),
	NUMBER(idle_us, "Since the last segment came, us"),
	WORD(cc, "Congestion control"),
	WORD(timer, "Timer that runs: on, persist, keepalive or timewait"),
	NUMBER(timer_us, "Until it rings, us"),
};

uint64_t wr_ss_number(const struct wr_ss_column *column, const struct wr_tcp_info *info)
{
	const char *at = (const char *)info + column->offset;
	uint32_t n32;
	uint64_t n64;

	switch (column->size) {
	case 1:
		return *(const uint8_t *)at;
	case 4:
		memcpy(&n32, at, sizeof(n32));
		return n32;
	default:
		memcpy(&n64, at, sizeof(n64));
		return n64;
	}
}

static void set_number(const struct wr_ss_column *column, struct wr_tcp_info *info, uint64_t n)
{
	char *at = (char *)info + column->offset;
	uint32_t n32 = (uint32_t)n;

	switch (column->size) {
	case 1:
		*(uint8_t *)at = (uint8_t)n;
		break;
	case 4:
		memcpy(at, &n32, sizeof(n32));
		break;
	default:
		memcpy(at, &n, sizeof(n));
	}
}

static const char *word(const struct wr_ss_column *column, const struct wr_tcp_info *info)
{
	const char *text;

	memcpy(&text, (const char *)info + column->offset, sizeof(text));
	return text ? text : "";
}

static int print_end(char *text, size_t size, uint32_t addr, uint16_t port)
{
	return snprintf(text, size, "%u.%u.%u.%u:%u", addr >> 24, addr >> 16 & 255,
	                addr >> 8 & 255, addr & 255, port);
}

size_t wr_ss_text(char *text, size_t size, const struct wr_ss_column *column,
                  const struct wr_tcp_info *info)
{
	int len = 0;

	switch (column->kind) {
	case WR_SS_NUMBER:
		len = snprintf(text, size, "%" PRIu64, wr_ss_number(column, info));
		break;
	case WR_SS_STATE:
		len = snprintf(text, size, "%s", wr_tcp_state_name[info->state]);
		break;
	case WR_SS_LOCAL:
		len = print_end(text, size, info->tuple.laddr, info->tuple.lport);
		break;
	case WR_SS_PEER:
		len = print_end(text, size, info->tuple.raddr, info->tuple.rport);
		break;
	case WR_SS_WORD:
		len = snprintf(text, size, "%s", word(column, info));
		break;
	}
	return (size_t)len;
}

static int set_state(struct wr_tcp_info *info, const char *text)
{
	for (uint8_t i = 0; i < WR_TCP_STATE_COUNT; i++)
		if (strcmp(wr_tcp_state_name[i], text) == 0) {
			info->state = i;
			return 0;
		}
	return -EINVAL;
}

static int set_end(const char *text, uint32_t *addr, uint16_t *port)
{
	unsigned a, b, c, d, p;

	if (sscanf(text, "%3u.%3u.%3u.%3u:%5u", &a, &b, &c, &d, &p) != 5)
		return -EINVAL;
	*addr = a << 24 | b << 16 | c << 8 | d;
	*port = (uint16_t)p;
	return 0;
}

int wr_ss_set(const struct wr_ss_column *column, struct wr_tcp_info *info, const json_t *value)
{
	const char *text = json_string_value(value);

	if (column->kind == WR_SS_NUMBER) {
		if (!json_is_integer(value))
			return -EINVAL;
		set_number(column, info, (uint64_t)json_integer_value(value));
		return 0;
	}
	if (!text)
		return -EINVAL;
	switch (column->kind) {
	case WR_SS_STATE:
		return set_state(info, text);
	case WR_SS_LOCAL:
		return set_end(text, &info->tuple.laddr, &info->tuple.lport);
	case WR_SS_PEER:
		return set_end(text, &info->tuple.raddr, &info->tuple.rport);
	default:
		text = *text ? text : NULL;
		memcpy((char *)info + column->offset, &text, sizeof(text));
		return 0;
	}
}

json_t *wr_ss_json(const struct wr_tcp_info *info)
{
	json_t *object = json_object();
	char text[64];

	for (unsigned i = 0; object && i < WR_SS_COLUMNS; i++) {
		const struct wr_ss_column *column = &wr_ss_column[i];

		wr_ss_text(text, sizeof(text), column, info);
		json_object_set_new(
			object, column->name,
			column->kind == WR_SS_NUMBER
				? json_integer((json_int_t)wr_ss_number(column, info))
				: json_string(text));
	}
	return object;
}
