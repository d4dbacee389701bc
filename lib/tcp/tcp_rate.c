/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Samples of the delivery rate, draft-ietf-ccwg-bbr section 4.1: what was delivered between
 * the sending of a packet and its ACK, by the longer of the times that sending and
 * acknowledging took. Only for connections that are timed.
 */

#include "tcp_rate.h"
#include "tcp.h"
#include "tcp_board.h"

/* ---- sending ---- */

void tcp_rate_sent(struct wr_tcp *tcp, const struct wr_tcb *c, struct wr_buf *b)
{
	struct wr_rate *r = tcp_rate_of(tcp, c);
	uint32_t now = (uint32_t)tcp->now_us, pipe = tcp_pipe(c);

	if (pipe == 0)
		r->first_sent_us = r->delivered_us = now;
	b->first_sent_us = r->first_sent_us;
	b->delivered_us = r->delivered_us;
	b->delivered = (uint32_t)r->delivered;
	b->lost = (uint32_t)r->lost;
	b->tx_in_flight = pipe + b->len;
	b->flags &= (uint8_t) ~(WR_BUF_APP_LIMITED | WR_BUF_LOSS_TOLD);
	if (r->app_limited_until)
		b->flags |= WR_BUF_APP_LIMITED;
}

/* Section 4.1.2.4: all was sent and there was room for more. */
void tcp_rate_ran_dry(struct wr_tcp *tcp, const struct wr_tcb *c)
{
	struct wr_rate *r = tcp_rate_of(tcp, c);

	if (c->sq_next || c->lost > c->rexmit || tcp_pipe(c) >= c->cc.cwnd)
		return;
	r->app_limited_until = r->delivered + tcp_pipe(c);
	if (r->app_limited_until == 0)
		r->app_limited_until = 1;
}

/* ---- acknowledgements ---- */

/* UpdateRateSample() */
void tcp_rate_delivered(const struct wr_tcp *tcp, const struct wr_tcb *c,
                        const struct wr_buf *b, uint32_t bytes)
{
	struct wr_rate *r = tcp_rate_of(tcp, c);
	uint32_t now = (uint32_t)tcp->now_us;

	r->delivered += bytes;
	r->newly += bytes;
	r->delivered_us = now;
	if (r->has_sample && (int32_t)(b->sent_us - r->sent_us) <= 0 &&
	    (b->sent_us != r->sent_us || (int32_t)(b->seq - r->seq) < 0))
		return; /* not the newest */
	r->has_sample = true;
	r->sent_us = b->sent_us;
	r->seq = b->seq;
	r->prior_delivered = r->delivered - (uint32_t)((uint32_t)r->delivered - b->delivered);
	r->prior_lost = b->lost;
	r->tx_in_flight = b->tx_in_flight;
	r->app_limited = b->flags & WR_BUF_APP_LIMITED;
	r->interval_us = wr_max(b->sent_us - b->first_sent_us, now - b->delivered_us);
	r->first_sent_us = b->sent_us;
}

/* The ACK is within b. */
void tcp_rate_part(const struct wr_tcp *tcp, const struct wr_tcb *c, const struct wr_buf *b)
{
	if (wr_seq_lt(wr_seq(b->seq), c->snd.una) && !(b->flags & WR_BUF_SACKED))
		tcp_rate_delivered(tcp, c, b, wr_seq_span(wr_seq(b->seq), c->snd.una));
}

/* GenerateRateSample() */
static void make_sample(struct wr_rate *r, struct wr_cc_rate *out)
{
	if (r->app_limited_until && r->delivered > r->app_limited_until)
		r->app_limited_until = 0;
	*out = (struct wr_cc_rate) {
		.total_delivered = r->delivered,
		.newly_delivered = r->newly,
		.prior_delivered = r->prior_delivered,
		.delivered = (uint32_t)(r->delivered - r->prior_delivered),
		.lost = (uint32_t)r->lost - r->prior_lost,
		.tx_in_flight = r->tx_in_flight,
		.app_limited = r->app_limited,
	};
	/* An interval shorter than any round trip was: ACKs were compressed, or reneged on. */
	if (r->has_sample && r->interval_us && r->interval_us >= r->min_rtt_us)
		out->bytes_per_s = (uint64_t)out->delivered * 1000000 / r->interval_us;
	r->has_sample = false;
	r->newly = 0;
}

/* ---- losses ---- */

static void tell_lost(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_buf *b)
{
	struct wr_rate *r = tcp_rate_of(tcp, c);
	struct wr_cc_lost lost = {
		.now_us = tcp->now_us,
		.total_delivered = r->delivered,
		.bytes = b->len,
		.tx_in_flight = b->tx_in_flight,
		.app_limited = b->flags & WR_BUF_APP_LIMITED,
	};

	b->flags |= WR_BUF_LOSS_TOLD;
	r->lost += b->len;
	lost.lost = (uint32_t)r->lost - b->lost;
	if (wr_cc_ops(&c->cc)->model)
		wr_cc_ops(&c->cc)->on_lost(&c->cc, &lost);
}

static bool is_news(struct rte_mbuf *m)
{
	return m && !(wr_buf(m)->flags & WR_BUF_LOSS_TOLD);
}

/* What was found lost stands at the ends of the chain: new losses last, those of what had been
 * sent again first. */
static void find_lost(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct rte_mbuf *m;

	for (m = c->repair->lost.last; is_news(m); m = wr_buf(m)->earlier)
		tell_lost(tcp, c, wr_buf(m));
	for (m = c->repair->lost.first; is_news(m); m = wr_buf(m)->later)
		tell_lost(tcp, c, wr_buf(m));
}

void tcp_rate_ack(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t acked, uint32_t rtt_us)
{
	struct wr_rate *r = tcp_rate_of(tcp, c);
	struct wr_cc_rate rate;
	struct wr_cc_ack ack = {
		.now_us = tcp->now_us,
		.acked = acked,
		.flight = tcb_flight(c) + acked,
		.rtt_us = rtt_us,
		.srtt_us = c->srtt_us,
		.una = c->snd.una.n,
		.nxt = c->snd.nxt.n,
		.in_recovery = c->flags & (WR_TCB_RECOVERY | WR_TCB_RTO),
		.cwnd_limited = c->cc.limited,
		.rate = &rate,
	};

	if (rtt_us && (r->min_rtt_us == 0 || rtt_us < r->min_rtt_us))
		r->min_rtt_us = rtt_us;
	if (c->flags & WR_TCB_LOSS)
		find_lost(tcp, c);
	if (r->newly == 0)
		return;
	make_sample(r, &rate);
	ack.pipe = tcp_pipe(c);
	if (wr_cc_ops(&c->cc)->model)
		wr_cc_ops(&c->cc)->on_ack(&c->cc, &ack);
}
