/* SPDX-License-Identifier: BSD-3-Clause */
#include "arrival.h"
#include "wr_frame.h"

static bool before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static bool has(const struct arrival_segment *s, uint8_t flag)
{
	return (s->flags & flag) != 0;
}

/* SEG.LEN */
static uint32_t length(const struct arrival_segment *s)
{
	return s->text + has(s, WR_TCP_SYN) + has(s, WR_TCP_FIN);
}

static struct arrival_outcome stay(const struct arrival_tcb *t)
{
	return (struct arrival_outcome) {.answer = ARRIVAL_SILENCE, .state = t->state};
}

static struct arrival_outcome acknowledge(const struct arrival_tcb *t)
{
	return (struct arrival_outcome) {
		.answer = ARRIVAL_ACK,
		.seq = t->nxt,
		.ack = t->rcv_nxt,
		.has_ack = true,
		.state = t->state,
	};
}

/* Section 3.5.2: a reset that the sender believes. */
static struct arrival_outcome reset(const struct arrival_tcb *t,
                                    const struct arrival_segment *s)
{
	struct arrival_outcome out = {.answer = ARRIVAL_RESET, .state = t->state};

	if (has(s, WR_TCP_RST))
		return stay(t);
	if (has(s, WR_TCP_ACK)) {
		out.seq = s->ack;
	} else {
		out.ack = s->seq + length(s);
		out.has_ack = true;
	}
	return out;
}

static struct arrival_outcome closed(const struct arrival_tcb *t)
{
	struct arrival_outcome out = stay(t);

	out.state = WR_TCP_CLOSED;
	return out;
}

/* To SYN-RECEIVED; the numbers of the answer are those of the SYN. */
static struct arrival_outcome opened(const struct arrival_tcb *t,
                                     const struct arrival_segment *s)
{
	return (struct arrival_outcome) {
		.answer = ARRIVAL_SYNACK,
		.seq = t->iss,
		.ack = s->seq + 1,
		.has_ack = true,
		.state = WR_TCP_SYN_RECEIVED,
	};
}

/* Section 3.10.7.2. */
static struct arrival_outcome listening(const struct arrival_tcb *t,
                                        const struct arrival_segment *s)
{
	if (has(s, WR_TCP_RST))
		return stay(t);
	if (has(s, WR_TCP_ACK))
		return reset(t, s);
	return has(s, WR_TCP_SYN) ? opened(t, s) : stay(t);
}

/* Seventh and eighth; t is what the ACK has made of the connection. */
static struct arrival_outcome take_text(const struct arrival_tcb *t,
                                        const struct arrival_segment *s, bool must_ack)
{
	struct arrival_tcb now = *t;
	uint32_t end = s->seq + s->text, delivered = 0;
	bool fin = has(s, WR_TCP_FIN);
	struct arrival_outcome out;

	if (t->state != WR_TCP_ESTABLISHED && t->state != WR_TCP_FIN_WAIT_1 &&
	    t->state != WR_TCP_FIN_WAIT_2)
		return stay(t); /* after the peer's FIN there is nothing to take */
	if (length(s) == 0)
		return must_ack ? acknowledge(t) : stay(t);
	if (before(now.edge, end)) { /* only what the window holds */
		end = now.edge;
		fin = false;
	}
	if (before(now.rcv_nxt, s->seq))
		return acknowledge(t); /* beyond a gap */
	if (before(now.rcv_nxt, end)) {
		delivered = end - now.rcv_nxt;
		now.rcv_nxt = end;
	}
	if (fin) {
		now.rcv_nxt++;
		now.state = t->state == WR_TCP_ESTABLISHED  ? WR_TCP_CLOSE_WAIT
		            : t->state == WR_TCP_FIN_WAIT_1 ? WR_TCP_CLOSING
		                                            : WR_TCP_TIME_WAIT;
	}
	out = acknowledge(&now);
	out.delivered = delivered;
	return out;
}

/* Section 3.10.7.3. */
static struct arrival_outcome syn_sent(const struct arrival_tcb *t,
                                       const struct arrival_segment *s)
{
	struct arrival_tcb now = *t;
	struct arrival_segment text = *s;

	if (has(s, WR_TCP_ACK) && (!before(t->iss, s->ack) || before(t->nxt, s->ack)))
		return reset(t, s);
	if (has(s, WR_TCP_RST))
		return has(s, WR_TCP_ACK) ? closed(t) : stay(t);
	if (!has(s, WR_TCP_SYN))
		return stay(t);
	if (!has(s, WR_TCP_ACK))
		return opened(t, s);
	now.state = WR_TCP_ESTABLISHED;
	now.rcv_nxt = text.seq = s->seq + 1;
	now.edge = now.rcv_nxt + UINT16_MAX;
	text.flags &= (uint8_t)~WR_TCP_SYN;
	return take_text(&now, &text, true);
}

/* SYN-RECEIVED after a SYN to a listener, with the deviations of docs/rfc.md. */
static struct arrival_outcome half_open(const struct arrival_tcb *t,
                                        const struct arrival_segment *s)
{
	struct arrival_tcb now = *t;

	if (has(s, WR_TCP_SYN) && !has(s, WR_TCP_ACK) && !has(s, WR_TCP_RST))
		return (struct arrival_outcome) {
			.answer = ARRIVAL_SYNACK,
			.seq = t->iss,
			.ack = t->rcv_nxt,
			.has_ack = true,
			.state = t->state,
		};
	if (before(s->seq, t->rcv_nxt) || !before(s->seq, t->edge))
		return has(s, WR_TCP_RST) ? stay(t) : acknowledge(t);
	if (has(s, WR_TCP_RST))
		return s->seq == t->rcv_nxt ? closed(t) : acknowledge(t);
	if (has(s, WR_TCP_SYN))
		return acknowledge(t);
	if (!has(s, WR_TCP_ACK))
		return stay(t);
	if (s->ack != t->nxt)
		return reset(t, s);
	now.state = WR_TCP_ESTABLISHED;
	return take_text(&now, s, false);
}

/* The compact record: what is not exactly in place is acknowledged. */
static struct arrival_outcome time_wait(const struct arrival_tcb *t,
                                        const struct arrival_segment *s)
{
	if (has(s, WR_TCP_RST)) /* RFC 1337 */
		return stay(t);
	if (has(s, WR_TCP_SYN) && !has(s, WR_TCP_ACK) && !has(s, WR_TCP_FIN) && t->listens &&
	    before(t->rcv_nxt, s->seq))
		return opened(t, s); /* MAY-2 */
	return length(s) || s->seq != t->rcv_nxt ? acknowledge(t) : stay(t);
}

/* First: the table of section 3.4; an ACK may be at the right edge, too. */
static bool acceptable(const struct arrival_tcb *t, const struct arrival_segment *s)
{
	uint32_t last = s->seq + length(s) - 1;
	bool first_in = !before(s->seq, t->rcv_nxt) && before(s->seq, t->edge);

	if (length(s) == 0)
		return first_in || (s->seq == t->edge && !has(s, WR_TCP_RST));
	return first_in || (!before(last, t->rcv_nxt) && before(last, t->edge));
}

/* Fifth. True: *out is the end. */
static bool check_ack(struct arrival_tcb *t, const struct arrival_segment *s,
                      struct arrival_outcome *out)
{
	bool all = s->ack == t->nxt;

	*out = stay(t);
	if (!has(s, WR_TCP_ACK))
		return true;
	if (t->state == WR_TCP_SYN_RECEIVED) {
		*out = reset(t, s);
		if (!before(t->una, s->ack) || before(t->nxt, s->ack))
			return true;
		t->state = WR_TCP_ESTABLISHED;
		return false;
	}
	*out = acknowledge(t);
	if (before(t->nxt, s->ack) || before(s->ack, t->una - t->max_wnd))
		return true;
	if (all && t->state == WR_TCP_FIN_WAIT_1)
		t->state = WR_TCP_FIN_WAIT_2;
	if (!all || (t->state != WR_TCP_CLOSING && t->state != WR_TCP_LAST_ACK))
		return false;
	*out = stay(t);
	out->state = t->state == WR_TCP_CLOSING ? WR_TCP_TIME_WAIT : WR_TCP_CLOSED;
	return true;
}

/* Section 3.10.7.4. */
static struct arrival_outcome otherwise(const struct arrival_tcb *t,
                                        const struct arrival_segment *s)
{
	bool is_its_synack = t->state == WR_TCP_SYN_RECEIVED && s->seq == t->irs &&
	                     has(s, WR_TCP_SYN) && has(s, WR_TCP_ACK);
	struct arrival_segment rest = *s;
	struct arrival_tcb now = *t;
	struct arrival_outcome out;

	if (!acceptable(t, s) && !(is_its_synack && !has(s, WR_TCP_RST)))
		return has(s, WR_TCP_RST) ? stay(t) : acknowledge(t);
	if (has(s, WR_TCP_RST))
		return s->seq == t->rcv_nxt ? closed(t) : acknowledge(t);
	if (has(s, WR_TCP_SYN) && !is_its_synack)
		return acknowledge(t);
	if (check_ack(&now, s, &out))
		return out;
	if (is_its_synack) {
		rest.flags &= (uint8_t)~WR_TCP_SYN;
		rest.seq++;
	}
	return take_text(&now, &rest, false);
}

struct arrival_outcome arrival(const struct arrival_tcb *t, const struct arrival_segment *s)
{
	const uint8_t useful =
		WR_TCP_FIN | WR_TCP_SYN | WR_TCP_RST | WR_TCP_PSH | WR_TCP_ACK | WR_TCP_URG;

	if (s->bad_checksum || !has(s, useful))
		return stay(t);
	/* A SYN with FIN begins nothing; a connection that there is takes it for a SYN. */
	if (has(s, WR_TCP_SYN) && has(s, WR_TCP_FIN) && !has(s, WR_TCP_RST) &&
	    (t->state <= WR_TCP_SYN_SENT || t->passive))
		return stay(t);
	switch (t->state) {
	case WR_TCP_CLOSED:
		return reset(t, s);
	case WR_TCP_LISTEN:
		return listening(t, s);
	case WR_TCP_SYN_SENT:
		return syn_sent(t, s);
	case WR_TCP_TIME_WAIT:
		return time_wait(t, s);
	default:
		return t->passive ? half_open(t, s) : otherwise(t, s);
	}
}
