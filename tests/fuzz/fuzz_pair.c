/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two engines, joined; the input is the schedule of what the network and the services do.
 * Whatever it is, each end gets a prefix of what the other sent; and when the network is good
 * again all of it, unless a service aborted or a time-out ended the connection.
 * Input: records of RECORD bytes; the first says how both ends are.
 */
#include <string.h>

#include <rte_ip.h>
#include <rte_mbuf.h>

#include "fuzz.h"
#include "peer.h"
#include "small_host.h"
#include "wr_base.h"

#define RECORD      3
#define RECORDS     400
#define WAY         256 /* frames on the way to one end; more are lost */
#define HEADERS     14  /* of Ethernet, which no checksum covers */
#define CE          3   /* of the TOS byte; 0: no marks, please */
#define TEXT        30000
#define PATIENCE_NS WR_S(400) /* that a good network is given */
#define FIN_WAIT_US (250 * 1000 * 1000ull)

struct end {
	struct wr_stack *stack;
	struct wr_stats stats;
	struct wr_tcb *c; /* NULL: not open, or not any more */
	uint32_t given, taken;
	bool refuses, was_open, is_closing, has_aborted, got_eof;
	enum wr_reason reason; /* once it was open and c is NULL */
	struct rte_mbuf *way[WAY];
	unsigned ways;
};

struct pair {
	struct end end[2]; /* 0 connects to 1 */
	uint64_t now_ns;
};

static struct pair pair;

static struct wr_tcp *tcp_of(const struct end *end)
{
	return wr_stack_tcp(end->stack);
}

/* ---- the services ---- */

static bool on_open(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct end *end = wr_tcb_user(c);

	if (end->was_open)
		return false; /* a copy of the SYN came late: one connection is enough */
	end->c = c;
	end->was_open = true;
	return true;
}

static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	struct end *end = wr_tcb_user(c);

	FUZZ_HOLDS(end->c == c && !end->got_eof);
	if (end->refuses)
		return false;
	FUZZ_HOLDS(end->taken + m->data_len <= pair.end[end == pair.end].given);
	peer_check_text(m, end->taken);
	end->taken += m->data_len;
	rte_pktmbuf_free(m);
	return true;
}

static void on_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
}

static void on_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct end *end = wr_tcb_user(c), *peer = &pair.end[end == pair.end];

	/* In order, and behind all text. */
	FUZZ_HOLDS(peer->is_closing && end->taken == peer->given);
	end->got_eof = true;
}

/* An attempt that fails was never open. */
static void on_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	struct end *end = wr_tcb_user(c);

	if (end->c != c)
		return;
	end->c = NULL;
	end->reason = reason;
}

static const struct wr_tcp_events events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_room = on_room,
	.on_peer_closed = on_peer_closed,
	.on_closed = on_closed,
};

/* ---- the network ---- */

/* What a NIC does: the bytes leave, the sender's buffer is free again or stays with who holds
 * it. */
static void collect(unsigned from)
{
	struct end *end = &pair.end[from], *to = &pair.end[!from];
	struct rte_mbuf *frame[WR_STACK_BURST], *copy;
	unsigned n;

	while ((n = wr_stack_output(end->stack, frame, WR_LEN(frame)))) {
		for (unsigned i = 0; i < n; i++) {
			copy = to->ways < WAY
			               ? rte_pktmbuf_copy(frame[i], fuzz_pool(), 0, UINT32_MAX)
			               : NULL;
			fuzz_trace(pair.now_ns, frame[i]);
			fuzz_note_frame(frame[i]);
			rte_pktmbuf_free(frame[i]);
			if (!copy)
				continue;
			copy->ol_flags = 0;
			copy->hash.usr = 0;
			to->way[to->ways++] = copy;
		}
	}
}

static void turn(void)
{
	for (unsigned i = 0; i < 2; i++) {
		wr_stack_tick(pair.end[i].stack, pair.now_ns);
		collect(i);
	}
}

/* Takes the frame at place `at` off the way to an end. */
static struct rte_mbuf *take(struct end *to, unsigned at)
{
	struct rte_mbuf *m = to->way[at];

	memmove(&to->way[at], &to->way[at + 1], (--to->ways - at) * sizeof(to->way[0]));
	return m;
}

static void deliver(struct end *to, struct rte_mbuf *m)
{
	wr_stack_input(to->stack, &m, 1, pair.now_ns);
	turn();
}

/* One bit, where a checksum covers it. */
static void corrupt(struct rte_mbuf *m, uint16_t where)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

	/* ARP has none, and a second bit may make up for the first. */
	if (p[12] != 0x08 || p[13] != 0x00 || m->hash.usr)
		return;
	m->hash.usr = 1;
	p[HEADERS + (where >> 3) % (m->data_len - HEADERS)] ^= (uint8_t)(1 << (where & 7));
}

/* A queue that is long says so to who understands it: RFC 3168. */
static void mark(struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, HEADERS);

	/* What is corrupted stays so. */
	if (m->hash.usr || ip->version_ihl != 0x45 || !(ip->type_of_service & CE))
		return;
	ip->type_of_service |= CE;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

/* What is on the way now; not the answers. */
static void deliver_all(struct end *to)
{
	for (unsigned n = to->ways; n && to->ways; n--)
		deliver(to, take(to, 0));
}

static void repeat(struct end *to, unsigned at)
{
	struct rte_mbuf *copy =
		to->ways < WAY ? rte_pktmbuf_copy(to->way[at], fuzz_pool(), 0, UINT32_MAX)
			       : NULL;

	if (copy)
		to->way[to->ways++] = copy;
}

/* To the next timer of either, `ns` at most. */
static void wait_for_a_timer(uint64_t ns)
{
	uint64_t next = RTE_MIN(wr_stack_deadline(pair.end[0].stack),
	                        wr_stack_deadline(pair.end[1].stack));

	pair.now_ns = RTE_MIN(pair.now_ns + ns, RTE_MAX(next, pair.now_ns + WR_US(100)));
	turn();
}

static void wait_for(uint64_t ns)
{
	uint64_t end_ns = pair.now_ns + ns;

	while (pair.now_ns < end_ns)
		wait_for_a_timer(end_ns - pair.now_ns);
}

/* ---- the schedule ---- */

static void serve(struct end *end, uint16_t bytes)
{
	struct rte_mbuf *m;

	bytes = (uint16_t)RTE_MIN(1u + bytes % 1400, TEXT - end->given);
	m = end->c && !end->is_closing && bytes ? peer_text(end->given, bytes) : NULL;
	if (!m)
		return;
	if (wr_tcp_send(tcp_of(end), end->c, m) == 0)
		end->given += bytes;
	else
		rte_pktmbuf_free(m);
	turn();
}

static void close_it(struct end *end)
{
	if (!end->c || end->is_closing)
		return;
	end->is_closing = true;
	wr_tcp_close(tcp_of(end), end->c);
	turn();
}

static void abort_it(struct end *end)
{
	if (!end->c)
		return;
	end->has_aborted = true;
	wr_tcp_abort(tcp_of(end), end->c);
	turn();
}

static void accept_text(struct end *end, bool accepts)
{
	end->refuses = !accepts;
	if (end->c && accepts)
		wr_tcp_resume(tcp_of(end), end->c);
	turn();
}

enum act {
	DELIVER,
	DELIVER_ALL,
	DROP,
	REPEAT,
	CORRUPT,
	PAUSE,
	SERVE,
	REFUSE,
	CLOSE,
	ABORT_OR_MARK,
	ACTS
};

static void act(uint8_t what, uint16_t how)
{
	struct end *end = &pair.end[what >> 7];

	switch ((enum act)((what & 0x7f) % ACTS)) {
	case DELIVER:
		if (end->ways)
			deliver(end, take(end, how % end->ways));
		break;
	case DELIVER_ALL:
		deliver_all(end);
		break;
	case DROP:
		if (end->ways)
			rte_pktmbuf_free(take(end, how % end->ways));
		break;
	case REPEAT:
		if (end->ways)
			repeat(end, how % end->ways);
		break;
	case CORRUPT:
		if (end->ways)
			corrupt(end->way[end->ways - 1], how);
		break;
	case PAUSE:
		wait_for(WR_US(100) << how % 15);
		break;
	case SERVE:
		serve(end, how);
		break;
	case REFUSE:
		accept_text(end, end->refuses);
		break;
	case CLOSE:
		close_it(end);
		break;
	case ABORT_OR_MARK:
		/* Rarely: a schedule that aborts proves little. */
		if (how % 64 == 0)
			abort_it(end);
		else if (end->ways)
			mark(end->way[end->ways - 1]);
		break;
	case ACTS:
		break;
	}
}

/* ---- begin and end ---- */

enum { NO_SACK = 1, NO_TIMESTAMPS = 2, NO_SCALE = 4, ECN = 8, PACING = 16, PROBING = 32 };

/* How both ends are: what the first record says. */
struct choices {
	uint8_t features, cc[2];
};

static void choose(struct wr_tcp_conf *conf, const struct choices *choices, unsigned i)
{
	static const struct wr_cc_ops *const ops[] = {&wr_cc_cubic_ops, &wr_cc_reno_ops,
	                                              &wr_cc_dctcp_ops, &wr_cc_bbr_ops};

	conf->sack = !(choices->features & NO_SACK);
	conf->timestamps = !(choices->features & NO_TIMESTAMPS);
	conf->wscale = !(choices->features & NO_SCALE);
	conf->ecn = WR_TCP_ECN_ACCECN_PASSIVE;
	if (choices->features & ECN)
		conf->ecn = conf->sack ? WR_TCP_ECN_ACCECN : WR_TCP_ECN_ACCECN_ON;
	conf->pacing = choices->features & PACING;
	if (choices->features & PROBING)
		conf->mtu_probing = WR_TCP_MTU_PROBING_ALWAYS;
	conf->cc.ops = ops[choices->cc[i] % WR_LEN(ops)];
	/* A FIN that was lost again and again may follow after two minutes; or never, when who
	 * aborts it is beyond resets. */
	conf->fin_wait2_us = FIN_WAIT_US;
}

static void begin_end(unsigned i, const struct choices *choices)
{
	struct wr_tcp_listener listener = {
		.port = PEER_PORT, .events = &events, .user = &pair.end[i]};
	struct end *end = &pair.end[i];
	struct wr_stack_conf conf;
	struct wr_err err;

	small_host_conf(&conf, i);
	choose(&conf.tcp, choices, i);
	end->stack = wr_stack_new(&conf, &end->stats, pair.now_ns, &err);
	FUZZ_HOLDS(end->stack != NULL);
	wr_tcp_options_default(&listener.options);
	FUZZ_HOLDS(wr_tcp_listen(tcp_of(end), &listener) == 0);
}

static void begin(const struct choices *choices)
{
	struct wr_tcp_connect to = {
		.raddr = peer_path.src,
		.rport = PEER_PORT,
		.events = &events,
		.user = &pair.end[0],
	};

	memset(&pair, 0, sizeof(pair));
	pair.now_ns = WR_S(1000);
	begin_end(0, choices);
	begin_end(1, choices);
	wr_tcp_options_default(&to.options);
	FUZZ_HOLDS(wr_tcp_connect(tcp_of(&pair.end[0]), &to, &pair.end[0].c) == 0);
	turn();
}

/* Nothing is lost any more, and both services take all and close. */
static void be_good(void)
{
	uint64_t end_ns = pair.now_ns + PATIENCE_NS;

	accept_text(&pair.end[0], true);
	accept_text(&pair.end[1], true);
	while (pair.now_ns < end_ns && (pair.end[0].c || pair.end[1].c)) {
		for (unsigned i = 0; i < 2; i++) {
			close_it(&pair.end[i]);
			deliver_all(&pair.end[i]);
		}
		if (pair.end[0].ways + pair.end[1].ways == 0)
			wait_for_a_timer(WR_S(1));
	}
}

/* Was the connection cut short by something that a schedule can do? */
static bool was_cut(const struct end *end)
{
	return end->has_aborted || !end->was_open || end->reason == WR_REASON_rexmit_timeout ||
	       end->reason == WR_REASON_connect_timeout || end->reason == WR_REASON_no_route;
}

static void check_end(const struct end *end, const struct end *peer)
{
	FUZZ_HOLDS(end->c == NULL);
	if (was_cut(end) || was_cut(peer))
		return;
	FUZZ_HOLDS(end->reason == WR_REASON_finished);
	FUZZ_HOLDS(end->taken == peer->given && end->got_eof);
}

static void finish_end(struct end *end)
{
	while (end->ways)
		rte_pktmbuf_free(take(end, 0));
	wr_stack_tick(end->stack, pair.now_ns);
	FUZZ_HOLDS(wr_stats_unbalanced_in(&end->stats) == 0);
	FUZZ_HOLDS(wr_stats_unbalanced_out(&end->stats) == 0);
	wr_stack_free(end->stack);
	fuzz_note(&end->stats, sizeof(end->stats));
}

static void run(struct fuzz_input in)
{
	struct choices choices;

	choices.features = fuzz_u8(&in);
	choices.cc[0] = fuzz_u8(&in);
	choices.cc[1] = fuzz_u8(&in);
	begin(&choices);
	for (unsigned i = 0; i < RECORDS && in.left >= RECORD; i++) {
		uint8_t what = fuzz_u8(&in);

		act(what, fuzz_u16(&in));
	}
	be_good();
	check_end(&pair.end[0], &pair.end[1]);
	check_end(&pair.end[1], &pair.end[0]);
	finish_end(&pair.end[0]);
	finish_end(&pair.end[1]);
	fuzz_check_pool();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	fuzz_run(run, bytes, size);
	return 0;
}
