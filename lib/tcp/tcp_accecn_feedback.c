/* SPDX-License-Identifier: BSD-3-Clause */
/* AccECN, RFC 9768, as the sender of text has it: what the peer tells of marks. */

#include "tcp_accecn.h"
#include "tcp_board.h"
#include "tcp_ecn.h"

#define WRAP        8        /* the ACE field counts modulo so much */
#define BYTES_MASK  0xffffff /* and the option's fields modulo 2^24 */
#define MUCH_STRIDE (4 * 8)  /* eighths: above it ACKs are few because the peer gathers */
#define STRIDE_MOST 4096     /* packets of one ACK that count for the average */
#define SAMPLE      64       /* packets whose mean length stands for all that are out */

/* ---- how many packets were marked ---- */

/* Of delta, delta + 8 ... the one that comes closest to `wanted`. */
static uint32_t nearest(uint32_t delta, uint32_t wanted)
{
	if (wanted <= delta)
		return delta;
	return delta + (wanted - delta + WRAP / 2) / WRAP * WRAP;
}

/* Packets of which `bytes` were marked, if they are as long as the others that it tells of. */
static uint32_t share(const struct tcp_accecn_news *news)
{
	uint64_t packets = (uint64_t)news->ceb * news->packets;

	return news->bytes ? (uint32_t)((packets + news->bytes / 2) / news->bytes) : 0;
}

uint32_t tcp_accecn_marks(uint32_t cep, const struct tcp_accecn_news *news)
{
	uint32_t delta = (news->ace - cep) % WRAP, most;

	if (news->has_ceb && news->ceb > news->bytes) /* of more packets than we know of */
		return nearest(delta, (news->ceb + news->each / 2) / news->each);
	if (news->packets < WRAP)
		return delta;
	most = news->packets - (news->packets - delta) % WRAP;
	if (news->has_ceb)
		return wr_min(nearest(delta, share(news)), most);
	/*
	 * A peer that gathers its ACKs sends one after a few marks at the latest, so that the
	 * field goes round only where ACKs are lost: then many at once are the exception.
	 */
	return news->stride > MUCH_STRIDE ? delta : most;
}

/* ---- what an ACK delivers ---- */

static void count_delivered(const struct wr_tcb *c, const struct wr_seg *seg,
                            struct tcp_accecn_news *news)
{
	const struct tcp_board_news sacked = tcp_board_count_news(c, seg);

	for (struct rte_mbuf *m = c->sq_head; m && m != c->sq_next; m = wr_buf(m)->next) {
		const struct wr_buf *b = wr_buf(m);

		if (!wr_seq_le(wr_seq(b->seq + b->len), seg->ack))
			break;
		if (b->flags & WR_BUF_SACKED)
			continue;
		news->packets++;
		news->bytes += b->len;
	}
	news->packets += sacked.segments;
	news->bytes += sacked.bytes;
}

/* Bytes of a packet that is out, about: of the oldest, of which duplicates tell first. */
static uint32_t mean_out(const struct wr_tcb *c)
{
	uint32_t bytes = 0, packets = 0;

	for (struct rte_mbuf *m = c->sq_head; m && m != c->sq_next && packets < SAMPLE;
	     m = wr_buf(m)->next) {
		bytes += wr_buf(m)->len;
		packets++;
	}
	return packets ? bytes / packets : c->cc.smss;
}

static void note_stride(struct tcp_accecn *a, uint32_t packets)
{
	int32_t now = (int32_t)wr_min(packets, STRIDE_MOST) * 8;

	if (packets)
		a->stride = (uint16_t)(a->stride ? a->stride + (now - a->stride) / 8 : now);
}

/*
 * A duplicate tells that a packet came, kept or not. Those before this ACK whose counters were
 * not read, `unheard`, count now; what others told of is no news when, without SACK, the hole
 * before it is filled: as many as duplicates, RFC 5681.
 */
static void count_duplicates(const struct wr_tcb *c, struct tcp_accecn *a, bool duplicate,
                             struct tcp_accecn_news *news)
{
	uint32_t all = news->packets, own = all ? all : duplicate, told = 0, each;

	if (all && !(c->flags & WR_TCB_SACK))
		told = wr_min(c->dup_acks, all - 1);
	note_stride(a, own - told);
	if (!(c->flags & WR_TCB_RTO)) /* then those of what was sent again tell nothing new */
		own -= told;
	news->packets = own + a->unheard;
	if (news->packets == all)
		return;
	each = all ? news->bytes / all : mean_out(c);
	news->bytes = news->packets * each;
}

/*
 * The bytes that an option tells of only become more, so that these give an order to ACKs:
 * below 0 it is older than the newest that was heard, above newer; 0: nobody knows.
 */
static int option_order(const struct tcp_accecn *a, const struct wr_seg *seg)
{
	struct wr_accecn option;
	int order = 0;

	if (a->no_options_in || !wr_tcp_parse_accecn(seg, &option))
		return 0;
	for (unsigned ecn = WR_ECT1; ecn <= WR_CE; ecn++) {
		uint32_t more = (option.bytes[ecn] - a->s_bytes[ecn - 1]) & BYTES_MASK;

		if (!(option.has & 1 << ecn) || more == 0)
			continue;
		if (more > BYTES_MASK / 2)
			return -1;
		order = 1;
	}
	return order;
}

/* Did it leave after all that was heard so far? Appendix A.1: if not, it is superseded. */
static bool is_news(const struct wr_tcb *c, const struct tcp_accecn *a,
                    const struct wr_seg *seg, const struct tcp_accecn_news *news)
{
	int32_t later = seg->has_ts ? (int32_t)(seg->ts_val - a->ts_heard) : 0;
	bool in_order = seg->text_len && wr_seq_eq(seg->seq, c->rcv.nxt) &&
	                !(c->flags & WR_TCB_REORDER);
	int order;

	if (later != 0)
		return later > 0;
	if (in_order || !wr_seq_eq(seg->ack, c->snd.una))
		return true;
	order = option_order(a, seg);
	return order > 0 || (order == 0 && news->packets);
}

/* ---- the option ---- */

/* Section 3.2.3.2.4: in the first that comes, these count from 1. */
static void check_first_option(struct tcp_accecn *a, const struct wr_seg *seg)
{
	struct wr_accecn option;

	if (!wr_tcp_parse_accecn(seg, &option))
		return;
	a->no_options_in = ((option.has & 1 << WR_ECT0) && option.bytes[WR_ECT0] == 0) ||
	                   ((option.has & 1 << WR_ECT1) && option.bytes[WR_ECT1] == 0);
}

static uint32_t take_field(uint32_t *counter, uint32_t field)
{
	uint32_t more = (field - *counter) & BYTES_MASK;

	*counter += more;
	return more;
}

static void read_option(struct tcp_accecn *a, const struct wr_seg *seg,
                        struct tcp_accecn_news *news)
{
	struct wr_accecn option;

	if (a->no_options_in || !wr_tcp_parse_accecn(seg, &option) || !option.has)
		return;
	for (unsigned ecn = WR_ECT1; ecn <= WR_CE; ecn++) {
		uint32_t *counter = &a->s_bytes[ecn - 1];
		uint32_t more = 0;

		if (option.has & 1 << ecn)
			more = take_field(counter, option.bytes[ecn]);
		if (ecn != WR_CE)
			continue;
		news->ceb = more;
		/* What never changed is left out. */
		news->has_ceb = (option.has & 1 << WR_CE) || *counter == 0;
	}
}

/* ---- what it comes to ---- */

static void stop_marking(struct wr_tcp *tcp, struct tcp_accecn *a)
{
	if (!a->no_ect)
		WR_COUNT(tcp->stats, tcp_accecn_mangled, 1);
	a->no_ect = true;
}

/* Have so many packets come since the last option, or, without SACK, may they have? */
static bool may_have_wrapped(const struct wr_tcb *c, const struct tcp_accecn *a)
{
	uint32_t packets = a->since_option;
	struct rte_mbuf *m = c->flags & WR_TCB_SACK ? NULL : c->sq_head;

	for (; m && m != c->sq_next && packets < WRAP; m = wr_buf(m)->next)
		packets++;
	return packets == WRAP;
}

/*
 * Section 3.2.3.2.5: bytes were marked since the last option, but no packet by the field. It
 * has gone round, or it is mangled. Returns the packets that were.
 */
static uint32_t marks_unseen(struct wr_tcp *tcp, const struct wr_tcb *c, struct tcp_accecn *a)
{
	if (may_have_wrapped(c, a))
		return WRAP;
	stop_marking(tcp, a);
	return 0;
}

/*
 * The bytes of an option are those marked since the last one: what was guessed meanwhile is
 * taken off, so that the rest is this ACK's. If too much was guessed, laps of the field were
 * that did not happen. Returns those that did.
 */
static uint32_t reconcile(const struct wr_tcb *c, struct tcp_accecn *a,
                          struct tcp_accecn_news *news)
{
	uint32_t lap = WRAP * c->cc.smss, laps = a->doubtful;
	uint32_t over = a->guessed - wr_min(a->guessed, news->ceb);
	uint32_t wrong = wr_min((over + lap / 2) / lap, laps);

	news->ceb -= wr_min(news->ceb, a->guessed);
	a->s_cep -= wrong * WRAP;
	a->guessed = 0;
	a->doubtful = 0;
	return laps - wrong;
}

/* Bytes for congestion control: what an option tells, or a guess that the next one corrects. */
static void note_marked(const struct wr_tcb *c, struct tcp_accecn *a,
                        const struct tcp_accecn_news *news, uint32_t marks)
{
	uint32_t each = news->packets ? news->bytes / news->packets : c->cc.smss;
	uint32_t guess = news->has_ceb ? news->ceb : marks * each;

	if (!news->has_ceb)
		a->guessed += guess;
	a->marked += guess;
}

/* Those that an option tells of, and what it says of those before. */
static uint32_t marks_with_option(struct wr_tcp *tcp, struct wr_tcb *c, struct tcp_accecn *a,
                                  struct tcp_accecn_news *news)
{
	bool bytes = news->ceb > 0;
	uint32_t sure = reconcile(c, a, news) * WRAP, marks;

	if (news->ceb > news->bytes)
		news->each = mean_out(c);
	marks = tcp_accecn_marks(a->s_cep, news);
	if (bytes && a->s_cep + marks == a->cep_at_option)
		marks = marks_unseen(tcp, c, a);
	a->s_cep += marks;
	a->cep_at_option = a->s_cep;
	a->since_option = 0;
	WR_COUNT(tcp->stats, tcp_accecn_marks_told, sure + marks);
	return marks;
}

/* And those of the field alone: laps of it are in doubt, and count when an option tells. */
static uint32_t marks_by_field(struct wr_tcp *tcp, struct tcp_accecn *a,
                               const struct tcp_accecn_news *news)
{
	uint32_t marks = tcp_accecn_marks(a->s_cep, news), laps = marks / WRAP;

	a->doubtful = (uint8_t)wr_min(a->doubtful + laps, UINT8_MAX);
	a->s_cep += marks;
	WR_COUNT(tcp->stats, tcp_accecn_marks_told, marks % WRAP);
	return marks;
}

static void hear(struct wr_tcp *tcp, struct wr_tcb *c, struct tcp_accecn *a,
                 const struct wr_seg *seg, struct tcp_accecn_news *news)
{
	uint32_t marks;

	if (a->deaf)
		return;
	if (seg->has_ts)
		a->ts_heard = seg->ts_val;
	news->ace = wr_tcp_ace(seg);
	news->stride = a->stride;
	read_option(a, seg, news);
	a->since_option = (uint8_t)wr_min(a->since_option + news->packets, WRAP);
	marks = news->has_ceb ? marks_with_option(tcp, c, a, news)
	                      : marks_by_field(tcp, a, news);
	a->unheard = 0;
	note_marked(c, a, news, marks);
	a->unanswered |= marks > 0;
	if (a->unanswered)
		a->unanswered = !tcp_ecn_echoed(tcp, c);
	if (a->probing && wr_seq_lt(a->probe, seg->ack))
		a->probing = false;
}

/* ---- the handshake ---- */

/* Sections 3.2.2.3: our SYN or SYN-ACK left as Not-ECT, and how did it arrive? */
static void check_arrival(struct wr_tcp *tcp, struct wr_tcb *c, struct tcp_accecn *a,
                          uint8_t ace)
{
	if (ace == tcp_accecn_tell(WR_CE) || ace == tcp_accecn_tell(WR_ECT1) ||
	    ace == tcp_accecn_tell(WR_ECT0))
		stop_marking(tcp, a);
	if (ace == tcp_accecn_tell(WR_CE))
		tcp_ecn_echoed(tcp, c);
}

void tcp_accecn_syn_told(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg)
{
	struct tcp_accecn *a = tcp_accecn_of(tcp, c);

	if (seg->has_ts)
		a->ts_heard = seg->ts_val;
	check_first_option(a, seg);
	check_arrival(tcp, c, a, wr_tcp_ace(seg));
}

/*
 * Does it acknowledge a SYN-ACK alone? Where text, SACK blocks or the bytes of an option show
 * that it does not, the field is a counter.
 */
static bool tells_of_synack(const struct wr_tcb *c, const struct tcp_accecn *a,
                            const struct wr_seg *seg)
{
	return seg->len == 0 && seg->sack_count == 0 &&
	       wr_seq_eq(seg->ack, wr_seq_add(c->iss, 1)) && option_order(a, seg) == 0;
}

/* Our SYN-ACK was acknowledged. Table 4; true: the ACE field was no counter. */
static bool hear_handshake(struct wr_tcp *tcp, struct wr_tcb *c, struct tcp_accecn *a,
                           const struct wr_seg *seg)
{
	uint8_t ace = wr_tcp_ace(seg);

	a->awaits_ack = false;
	check_first_option(a, seg);
	if (!tells_of_synack(c, a, seg))
		return false;
	if (seg->has_ts)
		a->ts_heard = seg->ts_val;
	if (ace == 0) {
		stop_marking(tcp, a);
		a->deaf = true;
	}
	if (ace == tcp_accecn_tell(WR_CE))
		a->s_cep++;
	check_arrival(tcp, c, a, ace);
	return true;
}

/* Section 3.2.2.4: the first counter is not 0, unless three packets were marked already. */
static void check_first(struct wr_tcp *tcp, struct tcp_accecn *a, const struct wr_seg *seg,
                        const struct tcp_accecn_news *news)
{
	if (!a->checked && wr_tcp_ace(seg) == 0 && news->packets < WRAP - TCP_ACCECN_INITIAL) {
		a->deaf = true;
		stop_marking(tcp, a);
	}
	a->checked = true;
}

static void note_unheard(struct tcp_accecn *a, bool duplicate)
{
	a->unheard = (uint8_t)wr_min(a->unheard + duplicate, UINT8_MAX);
}

void tcp_accecn_feedback(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg,
                         bool duplicate)
{
	struct tcp_accecn *a = tcp_accecn_of(tcp, c);
	struct tcp_accecn_news news = {.packets = 0};
	bool newer;

	if (!wr_cc_ops(&c->cc)->marks)
		a->marked = 0; /* of this ACK alone: it keeps cwnd from growing */
	if (seg->flags & WR_TCP_SYN) {
		a->awaits_ack = false; /* simultaneous open */
		return;
	}
	if (a->awaits_ack && hear_handshake(tcp, c, a, seg))
		return;
	/* Section 3.2.2.2: of a SYN-ACK that came twice; but it may be a duplicate, too. */
	if (a->serves && tells_of_synack(c, a, seg)) {
		note_unheard(a, duplicate);
		return;
	}
	count_delivered(c, seg, &news);
	check_first(tcp, a, seg, &news);
	newer = is_news(c, a, seg, &news);
	count_duplicates(c, a, duplicate, &news);
	if (newer)
		hear(tcp, c, a, seg, &news);
	else
		note_unheard(a, duplicate);
}

uint32_t tcp_accecn_take_marked(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t acked)
{
	struct tcp_accecn *a = tcp_accecn_of(tcp, c);
	uint32_t marked = wr_min(a->marked, acked);

	a->marked -= marked;
	return marked;
}

bool tcp_accecn_may_mark(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return !tcp_accecn_of(tcp, c)->no_ect;
}
