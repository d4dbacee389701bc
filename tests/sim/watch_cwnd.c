/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cwnd and ssthresh are what a reference (cwnd.h) makes of the wire: of the ACKs that came, the
 * text that left, and time. When something counts as lost is another matter, judged elsewhere:
 * that there was a recovery, a time-out, a mark, a needless reduction in a round is taken from
 * the counters; after which of the round's ACKs is tried out. A round that shows too little
 * teaches the reference anew.
 */

#include <math.h>
#include <string.h>

#include "sim.h"

#define PRR_ROUNDING 2 /* bytes */

enum { /* was it cwnd that held the sender back? */
       NOT_LIMITED,
       LIMITED,
       PERHAPS_LIMITED,
};

/* How a round may have been. */
struct guess {
	enum sim_loss loss; /* what happened */
	unsigned at;        /* after so many of its ACKs */
	bool counts;        /* it reduced the window: not if a mark had done so before */
	bool limited, restarted, again;
	bool after_rto;
	bool late; /* the round's new text had left before */
};

struct judged {
	struct sim_cwnd ref;
	uint8_t recovery; /* enum wr_tcp_recovery */
	uint32_t recover; /* what ends the recovery, RFC 6582 */
	uint32_t recover_most;
	bool doubted;   /* another guess might do as well */
	bool ambiguous; /* another does, and cwnd would be another after an undo or later */
};

/* ---- what the wire shows ---- */

void sim_cwnd_note_ack(struct sim_side *us, const struct sim_segment *seg, uint32_t una_before)
{
	struct sim_round *round = &us->round;
	bool ece = (seg->flags & WR_TCP_ECE) && !(seg->flags & WR_TCP_SYN);

	round->came++;
	if (us->una == una_before && !ece)
		return;
	if (round->acks < SIM_ROUND_ACKS) {
		round->ack[round->acks].una = us->una;
		round->ack[round->acks].ece = ece;
	}
	round->acks++;
}

void sim_cwnd_note_text(struct sim_side *us, uint32_t bytes)
{
	us->round.sent += bytes;
}

/* ---- the reference, round by round ---- */

static enum sim_cwnd_kind kind_of(const struct wr_cc_ops *ops)
{
	if (ops == &wr_cc_reno_ops)
		return SIM_CWND_RENO;
	if (ops == &wr_cc_cubic_ops)
		return SIM_CWND_CUBIC;
	return ops == &wr_cc_dctcp_ops ? SIM_CWND_DCTCP : SIM_CWND_UNKNOWN;
}

/* RFC 6928 section 2. */
static double initial_window(double mss, unsigned segments)
{
	return fmin(segments * mss, fmax(2 * mss, segments * 1460.0));
}

static void leave_recovery(struct judged *j)
{
	if (j->recovery == WR_TCP_RECOVERY_FAST)
		j->ref.cwnd = j->ref.ssthresh;
	j->recovery = WR_TCP_RECOVERY_NONE;
}

/* After an ACK that moved una from `before` to `una`. */
static void happen(struct judged *j, const struct guess *guess, uint32_t end, uint32_t una,
                   uint32_t before, uint32_t most)
{
	switch (guess->loss) {
	case SIM_LOSS_FAST:
		leave_recovery(j); /* one goes on until all of it is acknowledged */
		if (guess->counts)
			sim_cwnd_lost(&j->ref, end - una);
		j->recovery = WR_TCP_RECOVERY_FAST;
		j->recover = end;
		j->recover_most = most;
		break;
	case SIM_LOSS_TIMEOUT:
		if (!guess->counts) /* of a FIN alone */
			break;
		sim_cwnd_timed_out(&j->ref, end - una, guess->again);
		j->recovery = WR_TCP_RECOVERY_TIMEOUT;
		j->recover = j->recover_most = end;
		break;
	case SIM_LOSS_PROBED:
		if (guess->counts)
			sim_cwnd_lost(&j->ref, end - before);
		break;
	case SIM_LOSS_PROVEN: /* as a time-out when the probe left */
		sim_cwnd_timed_out(&j->ref, end - before, !guess->counts);
		j->recovery = WR_TCP_RECOVERY_TIMEOUT;
		j->recover = j->recover_most = end;
		break;
	case SIM_LOSS_MARKED: /* by the ACK that comes next */
		sim_cwnd_marked(&j->ref, end - una);
		break;
	case SIM_LOSS_UNDONE:
		sim_cwnd_undone(&j->ref);
		j->recovery = WR_TCP_RECOVERY_NONE;
		break;
	default:
		break;
	}
}

/* What the reference says if the round was so. */
static void follow(const struct sim *sim, const struct sim_side *us,
                   const struct wr_tcp_info *info, const struct guess *guess, struct judged *j)
{
	const struct sim_model *m = &us->model;
	uint32_t una = m->una, before = m->una, end = guess->late ? us->end : m->end;

	*j = (struct judged) {.ref = m->ref,
	                      .recovery = m->recovery,
	                      .recover = m->recover,
	                      .recover_most = m->recover_most};
	j->ref.after_rto = guess->after_rto;
	for (unsigned i = 0; i <= us->round.acks; i++) {
		struct sim_cwnd_ack ack = {
			.now = (double)sim->now_ns / 1e9,
			.srtt = info->srtt_us / 1e6,
			.end = m->end,
		};
		bool over;

		if (guess->loss && guess->at == i)
			happen(j, guess, end, una, before, us->round.came ? end : us->end);
		if (i == us->round.acks)
			break;
		before = una;
		una = us->round.ack[i].una;
		ack.una = una;
		ack.acked = una - before;
		ack.ece = us->round.ack[i].ece && info->ecn;
		ack.limited = guess->limited || m->end - before + info->mss > j->ref.cwnd;
		ack.recovering = j->recovery == WR_TCP_RECOVERY_FAST;
		if (una == before)
			continue;
		sim_cwnd_acked(&j->ref, &ack);
		over = una >= j->recover_most ||
		       (una >= j->recover && info->recovery != WR_TCP_RECOVERY_FAST);
		if (over && !(guess->loss == SIM_LOSS_UNDONE && guess->at == i + 1))
			leave_recovery(j);
	}
	if (guess->restarted)
		sim_cwnd_restarted(&j->ref, initial_window(info->mss, m->iw));
}

/* ---- PRR ---- */

/*
 * RFC 6937 as revised by RFC 9937, after a single ACK: the bytes that may leave, and so cwnd,
 * are known but for whether the recovery went well.
 */
static bool prr_allows(const struct sim_side *us, const struct wr_tcp_info *info,
                       const struct judged *j)
{
	const struct sim_model *m = &us->model;
	double gone = (double)info->sacked + info->lost - info->again + us->fin_sent;
	double pipe = fmax(info->flight - gone, 0) - us->round.sent;
	double delivered = (double)us->una + info->sacked - m->una - m->sacked;
	double all = (double)us->una + info->sacked - m->prr_base;
	double ssthresh = j->ref.ssthresh, least, most;

	if (delivered <= 0)
		return fabs(info->cwnd - m->ref.cwnd) <= PRR_ROUNDING;
	if (pipe > ssthresh) {
		least = ceil(all * ssthresh / fmax(j->recover - m->prr_base, 1)) - m->prr_out;
		most = least;
	} else {
		double room = ssthresh - pipe;

		least = fmax(all - m->prr_out, delivered);
		most = fmin(least + info->mss, room);
		least = fmin(least, room);
	}
	if (m->prr_out == 0 && least <= PRR_ROUNDING)
		most = fmax(most, info->mss); /* the fast retransmit */
	least = fmax(pipe + fmax(least, 0), info->mss);
	most = fmax(pipe + fmax(most, 0), info->mss);
	return info->cwnd >= least - PRR_ROUNDING && info->cwnd <= most + PRR_ROUNDING;
}

/* ---- comparing ---- */

/* Rounding to units of 1024 us, and windows that grow by whole segments, make a difference. */
static double tolerance(const struct sim_model *m, double bytes, bool exact)
{
	if (m->ref.kind == SIM_CWND_CUBIC && !(exact && m->slack == 0))
		return 2 * m->ref.mss + bytes / 50;
	return (m->ref.kind == SIM_CWND_DCTCP ? 2 + bytes / 65536 : 1) + 2 * m->slack;
}

static bool is_near(double a, double b, double tolerance)
{
	return a == b || fabs(a - b) <= tolerance;
}

/* HyStart++ lets cwnd grow by less, down to a quarter, and ends slow start at any time. */
static bool hystart_allows(const struct sim_model *m, const struct wr_tcp_info *info,
                           const struct judged *j)
{
	double least = m->ref.cwnd + (j->ref.cwnd - m->ref.cwnd) / 4 - SIM_ROUND_ACKS;

	if (m->ref.kind != SIM_CWND_CUBIC || m->ref.reduced || j->ref.reduced ||
	    m->ref.ssthresh < SIM_ENDLESS)
		return false;
	return info->cwnd >= fmin(least, j->ref.cwnd) && info->cwnd <= j->ref.cwnd + 1 &&
	       (info->ssthresh == UINT32_MAX ||
	        (info->ssthresh <= info->cwnd && info->ssthresh >= m->ref.cwnd));
}

/* PRR has cwnd then, not the algorithm. */
static bool has_prr(const struct sim_host *host, const struct wr_tcp_info *info,
                    const struct judged *j)
{
	return j->recovery == WR_TCP_RECOVERY_FAST && host->plan->prr && info->sack &&
	       info->ssthresh != UINT32_MAX;
}

/* Will these two be told apart only by what comes later? */
static bool differ(const struct sim_cwnd *a, const struct sim_cwnd *b)
{
	return a->cuts != b->cuts || a->before != b->before ||
	       a->ssthresh_before != b->ssthresh_before || a->w_max != b->w_max ||
	       a->w_max_before != b->w_max_before;
}

/* How far the reference is from the engine, in bytes. */
static double distance(const struct sim_host *host, const struct sim_model *m,
                       const struct wr_tcp_info *info, const struct judged *j)
{
	double ssthresh = info->ssthresh == UINT32_MAX ? SIM_ENDLESS : info->ssthresh;
	double bytes = fabs(j->ref.ssthresh - ssthresh);

	if (!has_prr(host, info, j))
		bytes += fabs(j->ref.cwnd - (info->cwnd + m->drift));
	return bytes;
}

/* Does the engine say what the reference says? */
static bool agrees(const struct sim *sim, const struct sim_flow *flow, unsigned side,
                   const struct wr_tcp_info *info, const struct judged *j, bool odd)
{
	const struct sim_side *us = &flow->side[side];
	const struct sim_model *m = &us->model;
	const struct sim_host *host = &sim->host[flow->plan->host[side]];
	/* What was remembered at a reduction may have been learnt. */
	double more = odd ? m->slack_before : 0;

	if ((info->recovery == WR_TCP_RECOVERY_FAST) != (j->recovery == WR_TCP_RECOVERY_FAST))
		return false;
	if (hystart_allows(m, info, j))
		return true;
	if (!is_near(j->ref.ssthresh, info->ssthresh,
	             more + tolerance(m, j->ref.ssthresh, false)))
		return false;
	if (!has_prr(host, info, j))
		return is_near(j->ref.cwnd, info->cwnd + m->drift,
		               more + tolerance(m, j->ref.cwnd, j->ref.exact));
	if (us->round.came != 1 || m->recovery != WR_TCP_RECOVERY_FAST || odd ||
	    !sim_host_is_punctual(host) || !host->plan->rack || !m->knows_prr)
		return true;
	return prr_allows(us, info, j);
}

/* ---- trying ---- */

/* Has segments that may be too long: a probe of the path waits for room, repair is no loss. */
static bool searches_mtu(const struct sim_core *core)
{
	const uint64_t *n = core->stats.n;

	return core->host->plan->mtu_probing == WR_TCP_MTU_PROBING_ALWAYS ||
	       n[WR_STAT_tcp_mtu_told] + n[WR_STAT_tcp_mtu_black_holes] +
	                       n[WR_STAT_tcp_mtu_probes] >
	               0;
}

/* Was there a silence longer than the RTO before the text that left? 1: surely, -1: perhaps. */
static int restarted(const struct sim_host *host, const struct sim_side *us,
                     const struct wr_tcp_info *info, uint64_t now_ns)
{
	uint64_t last_ns = us->model.last_tx_ns;
	/* TCP takes what waits for ARP for sent. */
	uint64_t idle_ns = now_ns - (last_ns == host->arp_to_ns ? host->arp_from_ns : last_ns);
	uint64_t sure_ns = now_ns - RTE_MAX(last_ns, host->arp_ns);
	uint64_t rto_ns = info->rto_us * UINT64_C(1000);

	if (info->timer && strcmp(info->timer, "persist") == 0)
		rto_ns >>= info->backoff; /* of probes of a closed window */
	if (us->una != us->model.end || (!us->sent_new && !info->unsent) ||
	    !sim_host_restarts(host->plan))
		return 0;
	if (!sim_host_is_punctual(host))
		return -1;
	if (idle_ns + WR_MS(1) < rto_ns)
		return 0;
	return us->sent_new && sure_ns > rto_ns + WR_MS(1) ? 1 : -1;
}

/* One of the flags that a guess may have: both values, or the one that is known. */
#define EACH(flag, sure, value)                                                                \
	for (int flag##_last = (sure) ? (value) : 1, flag = (sure) ? (value) : 0;              \
	     flag <= flag##_last; flag++)

/*
 * Is there a way in which the round may have been? Of several the one that fits best: a
 * tolerance is for rounding, and what fits no better than that may be another event (a loss
 * that did not count, a slow start that no time-out began), which puts later rounds wrong.
 */
static bool explain(const struct sim *sim, const struct sim_core *core,
                    const struct sim_flow *flow, const struct wr_tcp_info *info,
                    struct judged *j)
{
	unsigned side = core->host->side;
	const struct sim_side *us = &flow->side[side];
	const struct sim_model *m = &us->model;
	enum sim_loss loss = core->loss;
	int idle = restarted(core->host, us, info, sim->now_ns);
	bool repairing = m->recovery >= WR_TCP_RECOVERY_FAST;
	/* RFC 3168 section 6.1.2; with DCTCP a loss always counts, RFC 8257 section 3.5. */
	bool reduced = m->ref.kind != SIM_CWND_DCTCP && info->ecn && m->una < m->reduced_end;
	bool may_not_count = loss == SIM_LOSS_TIMEOUT ? m->end - us->una <= 1 : reduced;
	unsigned acks = us->round.acks, first = 0, last = loss ? acks : 0;
	bool odd = loss || core->probed;
	double least = INFINITY;
	bool blind = false, ambiguous = false;

	*j = (struct judged) {.ref = m->ref};
	if (loss && us->round.came <= 1) /* then it was this ACK, or a timer */
		first = last = loss == SIM_LOSS_MARKED ? 0 : acks;
	else if (loss == SIM_LOSS_PROVEN) /* by an ACK */
		first = 1;

	EACH(again, !loss || !repairing || !(acks || searches_mtu(core)), repairing)
	EACH(counts, !may_not_count, true)
	EACH(restart, idle >= 0, idle)
	EACH(after_rto, !m->vague, m->ref.after_rto)
	EACH(late, !loss || !us->sent_new, false)
	EACH(limited, m->limited != PERHAPS_LIMITED, m->limited == LIMITED)
	for (unsigned at = first; at <= last; at++) {
		const struct guess guess = {loss,    at,    counts,    limited,
		                            restart, again, after_rto, late};
		struct judged now;
		double bytes;
		bool fits;

		follow(sim, us, info, &guess, &now);
		blind |= now.ref.blind;
		now.doubted = idle < 0 || m->limited == PERHAPS_LIMITED;
		bytes = distance(core->host, m, info, &now);
		fits = agrees(sim, flow, side, info, &now, odd);
		ambiguous |= fits && least < INFINITY && differ(&now.ref, &j->ref);
		if (fits ? bytes < least : least == INFINITY)
			*j = now; /* the last one is told of if none fits */
		if (fits)
			least = fmin(least, bytes);
	}
	j->ref.blind = blind;
	j->ambiguous = ambiguous;
	return least < INFINITY;
}

/* ---- rounds ---- */

/* AccECN tells of marks in another way than the reference listens to. */
static bool is_known(const struct sim_core *core, const struct sim_flow *flow,
                     const struct wr_cc_ops *ops)
{
	const struct sim_host_plan *plan = core->host->plan;
	bool accecn = flow->side[0].accecn || flow->side[1].accecn;

	return kind_of(ops) != SIM_CWND_UNKNOWN && plan->cores == 1 && !plan->jump_ns &&
	       !flow->renumbered && !accecn && !plan->knobs.grow_half &&
	       !plan->knobs.grow_by_news;
}

static void start(struct sim *sim, const struct sim_core *core, struct sim_flow *flow,
                  const struct wr_tcp_info *info, const struct wr_cc_ops *ops)
{
	unsigned side = core->host->side;
	struct sim_model *m = &flow->side[side].model;

	m->started = true;
	m->knows_alpha = true;
	m->iw = core->host->plan->iw_segments;
	m->ref = (struct sim_cwnd) {
		.kind = kind_of(ops),
		.mss = info->mss,
		.burst = core->host->plan->knobs.drawn ? core->host->plan->knobs.ss_burst : 8,
		.alpha = 1,
		.cwnd = info->cwnd,
		.ssthresh = info->ssthresh,
	};
	/* RFC 5681 section 3.1: one segment if the SYN had to be sent again. */
	if (info->cwnd > initial_window(info->mss, m->iw) + 1 && flow->side[side].una <= 1)
		sim_broken(sim, flow, side, "cwnd begins with the initial window", info->cwnd,
		           (uint32_t)initial_window(info->mss, m->iw));
	m->sure = flow->side[side].una <= 1;
}

/* CUBIC's, until a time-out begins another. */
static void forget_curve(struct sim_cwnd *ref)
{
	ref->w_max = SIM_UNKNOWN;
	ref->epoch = ref->blind = false;
}

/* What the reference cannot know is taken from the engine. */
static void learn(const struct sim *sim, const struct sim_core *core, struct sim_side *us,
                  const struct wr_tcp_info *info, bool consistent)
{
	const struct guess guess = {.after_rto = us->model.ref.after_rto};
	struct sim_model *m = &us->model;
	struct judged j;

	if (consistent) { /* it counts marks at least */
		follow(sim, us, info, &guess, &j);
		m->ref = j.ref;
	}
	m->knows_alpha &= consistent;
	m->reduced_end = us->end;
	m->vague = true;
	m->drift = 0;
	m->ref.mss = info->mss;
	m->ref.cwnd = info->cwnd;
	m->ref.ssthresh = info->ssthresh;
	m->ref.reduced = info->ssthresh != UINT32_MAX;
	m->ref.exact = false;
	m->slack = info->mss;
	m->has_before = m->knows_prr = false;
	/* A reduction begins to count anew, and nothing counts until it is over. */
	m->ref.acked = info->recovery == WR_TCP_RECOVERY_FAST
	                       ? 0
	                       : fmin(m->ref.acked, m->ref.cwnd - 1);
	forget_curve(&m->ref);
	if (m->recovery != WR_TCP_RECOVERY_FAST) { /* then one that goes on now is new */
		m->recover = m->end;
		m->knows_recover = consistent;
	}
	if (m->recovery != WR_TCP_RECOVERY_FAST || core->loss) {
		m->recover_most = us->end;
		m->knows_recover &= consistent;
	}
	m->sure = consistent && (info->recovery != WR_TCP_RECOVERY_FAST || m->knows_recover);
}

/* Is all sent again, by slow start? */
static bool goes_back(enum sim_loss loss)
{
	return loss == SIM_LOSS_TIMEOUT || loss == SIM_LOSS_PROVEN;
}

static void accept(struct sim_side *us, const struct sim_core *core,
                   const struct wr_tcp_info *info, const struct judged *j)
{
	struct sim_model *m = &us->model;
	bool adopts = info->recovery == WR_TCP_RECOVERY_FAST || core->loss == SIM_LOSS_UNDONE ||
	              core->loss == SIM_LOSS_MARKED || m->limited == PERHAPS_LIMITED ||
	              (m->slack > 0 && m->ref.kind != SIM_CWND_CUBIC) ||
	              (m->ref.kind == SIM_CWND_CUBIC && j->ref.ssthresh != info->ssthresh &&
	               !j->ref.reduced) ||
	              (m->ref.kind == SIM_CWND_CUBIC && j->ref.ssthresh == SIM_ENDLESS);

	if (core->loss == SIM_LOSS_FAST) {
		m->knows_prr = m->knows_recover = true;
		m->prr_base = m->una + m->sacked;
		m->prr_out = 0;
	}
	if (core->loss == SIM_LOSS_UNDONE)
		m->reduced_end = 0;
	else if (goes_back(core->loss) || j->ref.cuts != m->ref.cuts)
		m->reduced_end = us->end;
	if (j->ref.cuts != m->ref.cuts)
		m->slack_before = m->slack;
	if (j->ref.cuts != m->ref.cuts && us->round.came <= 1)
		m->slack = 0; /* what was counted since cwnd last grew is forgotten */
	else if (core->loss || j->doubted)
		m->slack = info->mss;
	if (j->doubted)
		m->vague = true;
	else if (core->loss == SIM_LOSS_UNDONE ||
	         (goes_back(core->loss) && j->ref.cuts != m->ref.cuts))
		m->vague = false;
	m->has_before |= j->ref.cuts != m->ref.cuts;
	m->ref = j->ref;
	/* When the clock of an epoch ran is not known if it is not known what was limited. */
	if (j->ambiguous || (m->limited == PERHAPS_LIMITED && m->ref.epoch)) {
		m->has_before = false;
		forget_curve(&m->ref);
	}
	m->recover = j->recover;
	m->recover_most = j->recover_most;
	m->drift += info->cwnd - j->ref.cwnd;
	if (core->loss || m->slack == 0 || j->doubted ||
	    info->recovery == WR_TCP_RECOVERY_FAST || m->ref.kind == SIM_CWND_CUBIC)
		m->drift = 0;
	if (adopts || goes_back(core->loss)) /* what it was cut from is not exact */
		m->ref.ssthresh = info->ssthresh;
	if (adopts)
		m->ref.cwnd = info->cwnd;
}

/* RFC 5681 3.2, RFC 7661: growth is for windows that are used. */
static uint8_t limited(const struct sim_core *core, const struct sim_side *us,
                       const struct wr_tcp_info *info)
{
	int64_t over = (int64_t)info->flight + info->mss - info->cwnd;
	bool blocked = us->model.blocked || sim_core_is_blocked(core);

	if (!us->sent_new && !info->unsent)
		return us->model.limited;
	if (searches_mtu(core) || core->probed || (over >= 0 && over <= 1) || blocked)
		return PERHAPS_LIMITED;
	return over > 0 ? LIMITED : NOT_LIMITED;
}

void sim_watch_cwnd(struct sim *sim, struct sim_core *core, struct sim_flow *flow,
                    const struct wr_tcp_info *info, const struct wr_cc_ops *ops)
{
	unsigned side = core->host->side;
	struct sim_side *us = &flow->side[side];
	struct sim_model *m = &us->model;
	bool consistent = info->flight == us->end - us->una && info->mss == m->ref.mss &&
	                  us->round.acks <= SIM_ROUND_ACKS;
	bool explained = false;
	struct judged j;

	if (!is_known(core, flow, ops))
		return;
	if (!m->started) {
		start(sim, core, flow, info, ops);
	} else if (!consistent || !m->sure || core->losses > 1 ||
	           (core->loss == SIM_LOSS_UNDONE && !m->has_before) ||
	           (core->loss == SIM_LOSS_MARKED && !m->knows_alpha)) {
		sim->learned++;
		learn(sim, core, us, info, consistent);
	} else if (explained = explain(sim, core, flow, info, &j), j.ref.blind) {
		sim->learned++;
		learn(sim, core, us, info, consistent);
	} else if (explained) {
		sim->judged++;
		accept(us, core, info, &j);
	} else {
		sim_say(sim, "flow %u end %u, %s: cwnd %u ssthresh %u, but %.0f and %.0f",
		        flow->index, side, info->cc, info->cwnd, info->ssthresh, j.ref.cwnd,
		        j.ref.ssthresh);
		sim_broken(sim, flow, side, "cwnd is what the RFCs make of the wire",
		           info->cwnd, (uint32_t)j.ref.cwnd);
	}
	m->limited = limited(core, us, info);
	m->blocked = sim_core_is_blocked(core);
	m->prr_out += us->round.sent;
	m->una = us->una;
	m->end = us->end;
	m->sacked = info->sacked;
	m->recovery = info->recovery;
	m->last_tx_ns = us->last_tx_ns;
	us->round.acks = us->round.came = us->round.sent = 0;
}

void sim_watch_cwnd_given(const struct sim_core *core, struct sim_side *us,
                          const struct wr_tcp_info *info)
{
	us->model.limited = limited(core, us, info);
	us->model.blocked = sim_core_is_blocked(core);
}
