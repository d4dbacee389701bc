/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AccECN, RFC 9768: the handshake, and what a receiver of text tells. tcp_accecn_feedback.c is
 * the sender's side.
 */

#include <string.h>

#include "tcp_accecn.h"
#include "tcp_ack.h"
#include "tcp_ecn.h"
#include "tcp_open.h"

#define OPTION_HEAD   2 /* bytes: kind and length */
#define FIELD_BYTES   3
#define FIELDS        3
#define ALL           (1u << WR_ECT1 | 1u << WR_ECT0 | 1u << WR_CE)
#define CE_WITH_TEXT  2 /* marks that one ACK tells of, section 3.2.2.5.1 */
#define CE_OF_ACKS    3
#define HINTS_ENOUGH  3  /* of options lost, each within so many segments of */
#define HINT_SEGMENTS 32 /* the one before */
#define OPTION_NOP    1
#define OPTION_ORDER0 172
#define OPTION_ORDER1 174

/* The fields of both kinds of option, section 3.2.3. */
static const uint8_t fields_in[2][FIELDS] = {{WR_ECT0, WR_CE, WR_ECT1},
                                             {WR_ECT1, WR_CE, WR_ECT0}};

bool tcp_accecn_is_wanted(const struct wr_tcp_conf *conf)
{
	return conf->ecn >= WR_TCP_ECN_ACCECN;
}

/* ---- the handshake ---- */

uint8_t tcp_accecn_tell(uint8_t ecn)
{
	static const uint8_t ace[4] = {
		[WR_NOT_ECT] = 2, [WR_ECT1] = 3, [WR_ECT0] = 4, [WR_CE] = 6};

	return ace[ecn & WR_ECN_MASK];
}

static struct tcp_accecn *begin(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct tcp_accecn *a = tcp_accecn_of(tcp, c);

	*a = (struct tcp_accecn) {
		.r_cep = TCP_ACCECN_INITIAL,
		.r_bytes = {1, 1, 0},
		.s_cep = TCP_ACCECN_INITIAL,
		.s_bytes = {1, 1, 0},
		.cep_at_option = TCP_ACCECN_INITIAL,
		.ts_heard = c->ts_recent,
	};
	c->cc.accecn = true;
	WR_COUNT(tcp->stats, tcp_accecn_connections, 1);
	return a;
}

void tcp_accecn_accept(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_half_open *h)
{
	struct tcp_accecn *a = begin(tcp, c);

	a->serves = a->awaits_ack = true;
	a->syn = h->syn_ecn & WR_ECN_MASK;
	a->no_ect = h->no_ect || tcp_ecn_gives_up(h->retries);
	a->no_options_out = h->retries > 0; /* the SYN-ACK that had one was lost, perhaps */
}

void tcp_accecn_connected(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_frame *f)
{
	struct tcp_accecn *a = begin(tcp, c);

	a->probe_text = true;
	a->no_ect = c->syn_rexmits > 1 && !(f->seg.flags & WR_TCP_ACK);
	if (!(f->seg.flags & WR_TCP_ACK)) { /* simultaneous open: as a server */
		a->serves = a->awaits_ack = true;
		a->syn = f->tos & WR_ECN_MASK;
		return;
	}
	a->synack = f->tos & WR_ECN_MASK;
	a->tells_synack = a->probe_ack = true;
	if (a->synack == WR_CE) {
		a->r_cep++;
		a->synack_ce = true;
	}
	tcp_accecn_syn_told(tcp, c, &f->seg);
}

void tcp_accecn_confirm(struct wr_tcp *tcp, struct wr_tcb *c)
{
	tcp_ack_send_now(tcp, c);
}

uint8_t tcp_accecn_synack(struct wr_tcp *tcp, struct wr_tcb *c, bool again)
{
	struct tcp_accecn *a = tcp_accecn_of(tcp, c);

	a->no_options_out |= again;
	if (!tcp_ecn_gives_up(c->syn_rexmits))
		return tcp_accecn_tell(a->syn);
	a->no_ect = true;
	return 0;
}

/* ---- options ---- */

static unsigned padded(unsigned fields)
{
	return (OPTION_HEAD + fields * FIELD_BYTES + 3) & ~3u;
}

/* Of an option of that order, so many fields have all of `set`. */
static unsigned fields_for(unsigned order, unsigned set)
{
	unsigned n = FIELDS;

	while (n > 0 && !(set & 1u << fields_in[order][n - 1]))
		n--;
	return n;
}

static unsigned put_option(uint8_t *p, unsigned order, unsigned fields,
                           const uint32_t bytes[FIELDS])
{
	uint8_t *at = p + OPTION_HEAD;

	memset(p, OPTION_NOP, padded(fields));
	p[0] = order ? OPTION_ORDER1 : OPTION_ORDER0;
	p[1] = (uint8_t)(OPTION_HEAD + fields * FIELD_BYTES);
	for (unsigned i = 0; i < fields; i++) {
		uint32_t n = bytes[fields_in[order][i] - 1];

		*at++ = (uint8_t)(n >> 16);
		*at++ = (uint8_t)(n >> 8);
		*at++ = (uint8_t)n;
	}
	return padded(fields);
}

unsigned tcp_accecn_put_first(uint8_t *p, unsigned room)
{
	static const uint32_t bytes[FIELDS] = {1, 1, 0};
	unsigned fields = FIELDS;

	while (fields > 0 && padded(fields) > room)
		fields--;
	return padded(fields) > room ? 0 : put_option(p, 0, fields, bytes);
}

/*
 * Section 3.2.3.3, as it recommends: on each segment, if a counter changed since it was told
 * last, all that ever changed; if there is no room, at least those that did since then.
 */
static unsigned put_counters(struct tcp_accecn *a, const struct tcp_accecn_out *out,
                             unsigned wish)
{
	unsigned order = fields_for(1, wish) < fields_for(0, wish);
	unsigned fields = fields_for(order, wish), told = 0;

	while (fields > 0 && padded(fields) > out->room)
		fields--;
	if (padded(fields) > out->room || fields < fields_for(order, a->changed))
		return 0;
	for (unsigned i = 0; i < fields; i++)
		told |= 1u << fields_in[order][i];
	a->changed &= ~told & ALL;
	return put_option(out->at, order, fields, a->r_bytes);
}

/* What left with the first option is sent again: is it the option that does not get through? */
static void watch_probe(struct tcp_accecn *a, const struct tcp_accecn_out *out)
{
	if (a->probing && out->len && wr_seq_eq(out->seq, a->probe)) {
		a->no_options_out = true;
		a->probing = false;
	}
}

unsigned tcp_accecn_put(struct wr_tcp *tcp, struct wr_tcb *c, const struct tcp_accecn_out *out)
{
	struct tcp_accecn *a = tcp_accecn_of(tcp, c);
	bool demanded = out->len ? a->probe_text : a->probe_ack;
	unsigned n = 0;

	watch_probe(a, out);
	if ((a->changed || demanded) && !a->no_options_out)
		n = put_counters(a, out, demanded ? ALL : a->ever);
	a->option_left |= n > 0;
	if (out->len && a->probe_text) {
		a->probe_text = false;
		a->probing = n > 0;
		a->probe = out->seq;
	}
	a->probe_ack = false;
	return n;
}

/* ---- the ACE field ---- */

uint8_t tcp_accecn_counter(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return tcp_accecn_of(tcp, c)->r_cep & 7;
}

uint8_t tcp_accecn_ace(struct wr_tcp *tcp, struct wr_tcb *c, const struct tcp_accecn_out *out)
{
	struct tcp_accecn *a = tcp_accecn_of(tcp, c);
	/* Once it acknowledges more, the server reads a counter in any case. */
	bool alone = wr_seq_eq(c->rcv.nxt, wr_seq_add(c->irs, 1));
	bool tells_synack = a->tells_synack && alone && out->is_ack && !out->has_sack;

	a->tells_synack = false;
	a->untold = 0;
	return tells_synack ? tcp_accecn_tell(a->synack) : a->r_cep & 7;
}

bool tcp_accecn_is_bare(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct tcp_accecn *a = tcp_accecn_of(tcp, c);
	bool bare = a->bare;

	a->bare = false;
	return bare;
}

void tcp_accecn_describe(const struct wr_tcp *tcp, const struct wr_tcb *c,
                         struct wr_tcp_info *info)
{
	const struct tcp_accecn *a = tcp_accecn_of(tcp, c);

	info->delivered_ce = a->s_cep - TCP_ACCECN_INITIAL;
	info->received_ce = a->r_cep - TCP_ACCECN_INITIAL;
	info->delivered_ce_bytes = a->s_bytes[WR_CE - 1];
	info->received_ce_bytes = a->r_bytes[WR_CE - 1];
}

/* ---- what comes ---- */

void tcp_accecn_arrives(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_frame *f)
{
	struct tcp_accecn *a = tcp_accecn_of(tcp, c);
	uint8_t ecn = f->tos & WR_ECN_MASK;
	uint32_t len = f->seg.text_len;
	bool ce = ecn == WR_CE;

	if (f->seg.flags & WR_TCP_SYN)
		return;
	/* Of the same burst as marks that are not told: one ACK would tell of too many. */
	if (a->untold >= CE_WITH_TEXT && (c->flags & WR_TCB_ACK_NOW))
		tcp_ack_send_now(tcp, c);
	if (len && a->lost_hints && ++a->since_hint == HINT_SEGMENTS)
		a->lost_hints = 0; /* text goes on: what was told has arrived */
	if (len && ecn != WR_NOT_ECT) {
		a->r_bytes[ecn - 1] += len;
		a->changed = (a->changed | 1u << ecn) & ALL;
		a->ever = (a->ever | 1u << ecn) & ALL;
	}
	if (ce) {
		WR_COUNT(tcp->stats, tcp_ecn_marks_in, 1);
		a->r_cep++;
		if (a->untold < UINT8_MAX)
			a->untold++;
	}
	a->changed_ce = ce && len && !a->was_ce;
	a->was_ce = ce;
}

/* Section 3.2.2.5.1: a mark after none at once, and no more than so many in one ACK. */
void tcp_accecn_arrived(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct tcp_accecn *a = tcp_accecn_of(tcp, c);
	bool with_text = !wr_seq_eq(c->rcv.acked, c->rcv.nxt) || (c->flags & WR_TCB_REORDER);

	if (!a->changed_ce && a->untold < (with_text ? CE_WITH_TEXT : CE_OF_ACKS))
		return;
	if (!(c->flags & WR_TCB_ACK_NOW))
		a->bare = !with_text;
	a->changed_ce = false;
	tcb_owe_ack(tcp, c);
}

/*
 * The SYN-ACK again, as our ACK of it was lost: told anew, section 3.2.2.1. A server that sent
 * text has that ACK, and reads a counter.
 */
static void synack_again(struct wr_tcb *c, struct tcp_accecn *a, const struct wr_frame *f)
{
	uint8_t ace = wr_tcp_ace(&f->seg);

	if (!(c->rare & WR_TCB_ACTIVE) || ace < tcp_accecn_tell(WR_NOT_ECT) || ace == 7 ||
	    !wr_seq_eq(c->rcv.nxt, wr_seq_add(c->irs, 1)))
		return;
	a->synack = f->tos & WR_ECN_MASK;
	a->tells_synack = true;
	if (a->synack == WR_CE && !a->synack_ce) {
		a->r_cep++;
		a->synack_ce = true;
	}
}

/* Section 3.2.3.2.2: does what was told with an option always come again? */
static void text_again(struct tcp_accecn *a)
{
	if (a->option_left && ++a->lost_hints == HINTS_ENOUGH)
		a->no_options_out = true;
	a->option_left = false;
	a->since_hint = 0;
}

/* The same as tcp_ecn_syn_again(), of a connection that is in full already. */
static void syn_again(struct wr_tcp *tcp, struct wr_tcb *c, struct tcp_accecn *a,
                      const struct wr_frame *f)
{
	struct wr_half_open h = {.irs = c->irs, .ecn = TCP_ECN_ACCURATE, .no_ect = a->no_ect};

	if (!tcp_ecn_syn_again(tcp, &h, f)) {
		tcp_owe_reset(tcp, f, WR_V_tcp_ecn_mixed);
		tcb_end(tcp, c, WR_REASON_aborted);
		return;
	}
	a->syn = h.syn_ecn;
	a->no_ect = h.no_ect;
}

void tcp_accecn_rejected(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_frame *f)
{
	const uint8_t both = WR_TCP_SYN | WR_TCP_ACK;
	struct tcp_accecn *a = tcp_accecn_of(tcp, c);
	const struct wr_seg *seg = &f->seg;

	if (c->state == WR_TCP_CLOSED || (seg->flags & WR_TCP_RST))
		return;
	if (seg->flags & WR_TCP_SYN) {
		if (!wr_seq_eq(seg->seq, c->irs))
			return;
		if ((seg->flags & both) == both)
			synack_again(c, a, f);
		else if (c->state == WR_TCP_SYN_RECEIVED)
			syn_again(tcp, c, a, f);
		return;
	}
	if (seg->text_len && wr_seq_le(wr_seq_add(seg->seq, seg->text_len), c->rcv.nxt))
		text_again(a);
}
