/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receive window grows with what the service takes: dynamic right-sizing (Fisk and Feng,
 * 2001), as in Linux. What is taken in a round trip is what the sender's window should be; the
 * receive window becomes twice that, so that it is never what holds the sender back, and more
 * as long as each round brings more than the one before (the sender is in slow start).
 *
 * Only streams are measured: a record is attached when RCV.NXT crosses a multiple of half the
 * window, and goes when a round shows that the window is ample.
 */

#include "tcp_tune.h"
#include "tcp.h"

#define NONE      UINT32_MAX
#define LOOK_AT   8    /* records, when none is free */
#define IDLE_TICK 7813 /* 1 s: the record of a connection silent for so long may be taken */
#define RTT_MOST  60000000u /* us: a longer round trip is not believed */

static struct wr_tune *tune_of(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return &tcp->tune[c->tune];
}

void tcp_tune_detach(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (!c->tuned)
		return;
	c->tuned = false;
	tune_of(tcp, c)->next_free = tcp->free_tune;
	tcp->free_tune = c->tune;
}

/* Some of those that stay silent lose theirs, each in its turn. */
static void take_from_idle(struct wr_tcp *tcp)
{
	for (unsigned i = 0; i < LOOK_AT && tcp->conf.tunes && tcp->free_tune == NONE; i++) {
		struct wr_tune *t = &tcp->tune[tcp->tune_hand++ % tcp->conf.tunes];
		struct wr_tcb *c = &tcp->tcb[t->connection];

		if (tcp->now_tick - c->last_rx_tick > IDLE_TICK)
			tcp_tune_detach(tcp, c);
	}
}

/* Where the service has come to in the stream. */
static struct wr_seq taken(const struct wr_tcb *c)
{
	uint32_t held = c->flags & WR_TCB_HELD ? c->rcvq_bytes : 0;

	return wr_seq_add(c->rcv.nxt, (uint32_t)-held);
}

static void begin_round(const struct wr_tcp *tcp, const struct wr_tcb *c, struct wr_tune *t)
{
	t->round = taken(c);
	t->round_us = (uint32_t)tcp->now_us;
}

static void begin_window(const struct wr_tcp *tcp, const struct wr_tcb *c, struct wr_tune *t)
{
	t->window_end = c->rcv.edge;
	t->window_us = (uint32_t)tcp->now_us;
}

void tcp_tune_attach(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct wr_tune *t;

	if (c->tuned || tcp->conf.rcv_buf_max <= tcp->conf.rcv_buf)
		return;
	if (tcp->free_tune == NONE)
		take_from_idle(tcp);
	if (tcp->free_tune == NONE)
		return;
	c->tune = (uint16_t)tcp->free_tune;
	c->tuned = true;
	t = tune_of(tcp, c);
	tcp->free_tune = t->next_free;
	*t = (struct wr_tune) {
		.connection = tcb_index(tcp, c),
		.target = tcp->conf.rcv_buf,
		.most = tcp->conf.rcv_buf / 2,
		.rtt_us = c->srtt_us,
		.ts_ecr = tcp_ts_now(tcp, c->ts_offset) - RTT_MOST / 1000 - 1, /* too old */
	};
	begin_round(tcp, c, t);
	begin_window(tcp, c, t);
}

/* ---- the receiver's round trip ---- */

/* The echo of our timestamp: the time since we acknowledged what let this segment leave. */
static void hear_timestamp(const struct wr_tcp *tcp, const struct wr_tcb *c, struct wr_tune *t,
                           const struct wr_seg *seg)
{
	uint32_t ms = tcp_ts_now(tcp, c->ts_offset) - seg->ts_ecr, us;

	if (!seg->has_ts || ms > RTT_MOST / 1000 || seg->ts_ecr == t->ts_ecr)
		return;
	t->ts_ecr = seg->ts_ecr;
	us = wr_max(ms, 1) * 1000;
	if (!t->measured || us < t->rtt_us)
		t->rtt_us = us;
	else
		t->rtt_us += (us - t->rtt_us) / 8;
	t->measured = true;
}

/* Without timestamps: a whole window takes a round trip at least. */
static void hear_window(const struct wr_tcp *tcp, const struct wr_tcb *c, struct wr_tune *t)
{
	uint32_t us = (uint32_t)tcp->now_us - t->window_us;

	if (wr_seq_lt(c->rcv.nxt, t->window_end))
		return;
	if (us <= RTT_MOST && (!t->measured || us < t->rtt_us)) {
		t->rtt_us = wr_max(us, 1);
		t->measured = true;
	}
	begin_window(tcp, c, t);
}

/* ---- rounds ---- */

uint32_t tcp_tune_wish(uint32_t copied, uint32_t before, uint32_t mss)
{
	uint64_t wish = 2ull * copied + 16ull * mss;

	/* The next round may bring as much more again. */
	if (copied > before)
		wish += 2 * (wish * (copied - before) / wr_max(before, 1));
	return wish < UINT32_MAX ? (uint32_t)wish : UINT32_MAX;
}

/* Memory is short: back by a quarter, as fast as the window itself may shrink. */
static void shrink(const struct wr_tcp *tcp, struct wr_tune *t)
{
	t->target = wr_max(t->target - t->target / 4, tcp->conf.rcv_buf);
	t->most = wr_min(t->most, t->target / 2);
}

static void end_round(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_tune *t)
{
	uint32_t copied = wr_seq_span(t->round, taken(c));
	uint32_t wish = tcp_tune_wish(copied, t->most, tcp->conf.mss);

	if (tcp_is_short(tcp)) {
		shrink(tcp, t);
	} else if (copied > t->most) {
		t->most = copied;
		t->target = wr_min(wr_max(t->target, wish), tcp->conf.rcv_buf_max);
	}
	begin_round(tcp, c, t);
	if (t->target == tcp->conf.rcv_buf && wish <= t->target)
		tcp_tune_detach(tcp, c); /* ample: until the next crossing */
}

void tcp_tune_arrives(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg)
{
	struct wr_tune *t = tune_of(tcp, c);

	if (seg->text_len == 0)
		return;
	if (c->flags & WR_TCB_TS)
		hear_timestamp(tcp, c, t, seg);
	else
		hear_window(tcp, c, t);
	if (t->rtt_us && (uint32_t)tcp->now_us - t->round_us >= t->rtt_us)
		end_round(tcp, c, t);
}
