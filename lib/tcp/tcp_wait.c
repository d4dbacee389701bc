/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TIME-WAIT: RFC 9293 section 3.6.1 and 3.10.7.4 in 32 bytes a connection. All wait equally
 * long, so the records form a queue: a circular array. One whose wait was restarted goes to
 * the back when it reaches the front.
 */

#include "tcp_wait.h"
#include "tcp.h"
#include "tcp_isn.h"
#include "tcp_listener.h"
#include "tcp_lookup.h"
#include "tcp_open.h"

#define EXPIRE_MOST 256 /* records looked at in one tick */
#define TURN_SHIFT  12  /* a turn is 4096 ticks: half a second */

static uint32_t slot(const struct wr_tcp *tcp, uint32_t n)
{
	uint32_t i = tcp->tw_head + n;

	return i >= tcp->conf.time_waits ? i - tcp->conf.time_waits : i;
}

static void pop(struct wr_tcp *tcp)
{
	tcp->tw_head = slot(tcp, 1);
	tcp->tw_count--;
}

static uint32_t hash_of(const struct wr_tcp *tcp, const struct wr_time_wait *tw)
{
	return wr_flow_hash(tcp->flows, &tw->tuple);
}

/* The record's level ends; the matrix says how. */
static void leave(struct wr_tcp *tcp, struct wr_time_wait *tw, enum wr_tcp_state to)
{
	tw->live = false;
	wr_stat_add(&tcp->stats->connections[WR_TCP_TIME_WAIT], (uint64_t)-1);
	wr_stat_add(&tcp->stats->transition[WR_TCP_TIME_WAIT][to], 1);
}

static void remove_head(struct wr_tcp *tcp)
{
	uint32_t index = tcp->tw_head;
	struct wr_time_wait *tw = &tcp->time_wait[index];

	if (tw->live) {
		wr_flow_remove(tcp->flows, hash_of(tcp, tw),
		               wr_flow_value(WR_FLOW_TIME_WAIT, index));
		leave(tcp, tw, WR_TCP_CLOSED);
	}
	pop(tcp);
}

void tcp_wait_add(struct wr_tcp *tcp, const struct wr_time_wait *tw, uint32_t hash,
                  uint32_t old_value)
{
	uint32_t index;

	if (tcp->tw_count == tcp->conf.time_waits) {
		if (tcp->time_wait[tcp->tw_head].live)
			WR_COUNT(tcp->stats, tcp_time_wait_evicted, 1);
		remove_head(tcp);
	}
	index = slot(tcp, tcp->tw_count++);
	tcp->time_wait[index] = *tw;
	tcp->time_wait[index].until_tick = wr_tick_after(tcp->now_tick, tcp->conf.time_wait_us);
	wr_flow_replace(tcp->flows, hash, old_value, wr_flow_value(WR_FLOW_TIME_WAIT, index));
}

void tcp_wait_expire(struct wr_tcp *tcp)
{
	for (unsigned n = 0; tcp->tw_count && n < EXPIRE_MOST; n++) {
		uint32_t index = tcp->tw_head;
		struct wr_time_wait tw = tcp->time_wait[index];

		if (!tw.live || wr_tick_reached(tw.until_tick, tcp->now_tick)) {
			remove_head(tcp);
			continue;
		}
		if (tcp->tw_count == 1 ||
		    wr_tick_reached(tw.until_tick, tcp->time_wait[slot(tcp, 1)].until_tick))
			return;
		/* Restarted: those behind it are due earlier. */
		pop(tcp);
		tcp->time_wait[slot(tcp, tcp->tw_count)] = tw;
		wr_flow_replace(tcp->flows, hash_of(tcp, &tw),
		                wr_flow_value(WR_FLOW_TIME_WAIT, index),
		                wr_flow_value(WR_FLOW_TIME_WAIT, slot(tcp, tcp->tw_count)));
		tcp->tw_count++;
		if (wr_tick_reached(tw.until_tick, tcp->time_wait[tcp->tw_head].until_tick))
			return;
	}
}

bool tcp_wait_deadline(const struct wr_tcp *tcp, uint32_t *tick)
{
	if (tcp->tw_count == 0)
		return false;
	*tick = tcp->time_wait[tcp->tw_head].until_tick;
	return true;
}

void tcp_wait_owe_ack(struct wr_tcp *tcp, const struct wr_time_wait *tw)
{
	const struct wr_owed owed = {
		.tuple = tw->tuple,
		.seq = tw->snd_nxt,
		.ack = tw->rcv_nxt,
		.ts = tw->ts,
		.ts_val = tcp_ts_now(tcp, tcp_ts_offset(tcp, &tw->tuple)),
		.ts_ecr = tw->ts_recent,
		.wnd = tw->wnd,
		.flags = WR_TCP_ACK | wr_tcp_ace_flags(tw->ace),
		.cause = WR_CAUSE_tcp_time_wait,
		.half_open = UINT32_MAX,
	};

	tcp_owe(tcp, &owed);
}

/* May this SYN reopen the tuple? RFC 6191: newer timestamp, or else a later ISN (MAY-2). */
static bool reopens(const struct wr_time_wait *tw, const struct wr_seg *seg)
{
	if ((seg->flags & (WR_TCP_SYN | WR_TCP_ACK | WR_TCP_RST | WR_TCP_FIN)) != WR_TCP_SYN)
		return false;
	if (tw->ts && seg->has_ts && seg->ts_val != tw->ts_recent)
		return (int32_t)(seg->ts_val - tw->ts_recent) > 0;
	return wr_seq_lt(tw->rcv_nxt, seg->seq);
}

/*
 * An ISS for a tuple whose old connection used the numbers up to `used`, which may have been
 * faster than the ISN clock: RFC 9293 MAY-2, and 64 KiB for what may still be under way.
 */
static struct wr_seq iss_beyond(struct wr_seq used, struct wr_seq isn)
{
	return wr_seq_lt(used, isn) ? isn : wr_seq_add(used, UINT16_MAX + 2);
}

/*
 * With timestamps, a second of our clock separates the two connections: the peer's PAWS, or its
 * own TIME-WAIT, tells them apart (RFC 6191, RFC 7323 section 5). until_tick says when the wait
 * began.
 */
bool tcp_wait_may_reuse(const struct wr_tcp *tcp, uint32_t index)
{
	const struct wr_time_wait *tw = &tcp->time_wait[index];
	uint32_t began = tw->until_tick - wr_tick_after(0, tcp->conf.time_wait_us);
	uint32_t enough = wr_tick_after(0, tcp->conf.time_wait_reuse_us);

	return tcp->conf.time_wait_reuse_us && tw->ts && tcp->conf.timestamps &&
	       wr_tick_reached(began + enough, tcp->now_tick);
}

void tcp_wait_reuse(struct wr_tcp *tcp, uint32_t index, struct wr_seq *iss)
{
	struct wr_time_wait *tw = &tcp->time_wait[index];

	*iss = iss_beyond(tw->snd_nxt, *iss);
	wr_flow_remove(tcp->flows, hash_of(tcp, tw), wr_flow_value(WR_FLOW_TIME_WAIT, index));
	leave(tcp, tw, WR_TCP_CLOSED);
	WR_COUNT(tcp->stats, tcp_time_wait_retaken, 1);
}

/*
 * The SYN opens a new connection; the record stands until there is another, or a cookie. Then
 * the numbers do not lie beyond those of before: timestamps must tell the two apart.
 */
static enum wr_verdict reopen(struct wr_tcp *tcp, uint32_t index, struct wr_frame *f)
{
	struct wr_time_wait *tw = &tcp->time_wait[index];
	struct wr_seq used = tw->snd_nxt;
	enum wr_verdict v = tcp_listen_again(tcp, f, tw->ts && f->seg.has_ts);

	if (wr_verdict_desc[v].kind == WR_DROP)
		return v;
	wr_flow_remove(tcp->flows, f->hash, wr_flow_value(WR_FLOW_TIME_WAIT, index));
	leave(tcp, tw, WR_TCP_LISTEN);
	WR_COUNT(tcp->stats, tcp_time_wait_reused, 1);
	if (v == WR_V_tcp_syn_received) {
		uint32_t value = tcp_find(tcp, f->hash, &f->tuple);
		struct wr_half_open *h = &tcp->half_open[value & WR_FLOW_INDEX];

		h->iss = iss_beyond(used, h->iss);
	}
	return v;
}

/*
 * An ACK out of place takes no sequence space, so its sender does not wait for an answer. Two
 * records out of step would answer each other for ever: one answer in half a second.
 */
static void owe_limited_ack(struct wr_tcp *tcp, struct wr_time_wait *tw)
{
	uint8_t turn = (uint8_t)(tcp->now_tick >> TURN_SHIFT);

	if (tw->answered && tw->answer_turn == turn) {
		WR_COUNT(tcp->stats, tcp_challenge_limited, 1);
		return;
	}
	tw->answered = true;
	tw->answer_turn = turn;
	tcp_wait_owe_ack(tcp, tw);
}

enum wr_verdict tcp_wait_arrives(struct wr_tcp *tcp, uint32_t index, struct wr_frame *f)
{
	struct wr_time_wait *tw = &tcp->time_wait[index];
	const struct wr_seg *seg = &f->seg;

	if (seg->flags & WR_TCP_RST) /* RFC 1337: no assassination */
		return WR_V_tcp_reset_ignored;
	if (reopens(tw, seg) && tcp_is_listening(tcp, &f->tuple))
		return reopen(tcp, index, f);
	if (tw->ts && seg->has_ts && (int32_t)(seg->ts_val - tw->ts_recent) < 0) {
		if (seg->len)
			tcp_wait_owe_ack(tcp, tw);
		else
			owe_limited_ack(tcp, tw);
		return WR_V_tcp_paws;
	}
	/* The peer did not get our last ACK and repeats its FIN: wait 2 MSL again. */
	if ((seg->flags & WR_TCP_FIN) && wr_seq_eq(wr_seq_add(seg->seq, seg->len), tw->rcv_nxt))
		tw->until_tick = wr_tick_after(tcp->now_tick, tcp->conf.time_wait_us);
	/* Text, FIN, SYN and what lies outside deserve an ACK; a plain ACK in place does not.
	 */
	if (seg->len)
		tcp_wait_owe_ack(tcp, tw);
	else if (!wr_seq_eq(seg->seq, tw->rcv_nxt))
		owe_limited_ack(tcp, tw);
	return WR_V_tcp_time_wait;
}
