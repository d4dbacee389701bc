/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segment arrival, every cell: all states, all 256 combinations of flags, SEG.SEQ at five
 * places about the window, SEG.ACK at six about what is in flight, with and without text. What
 * leaves, the next state and the text delivered are compared with a model, tests/arrival.c.
 */
#include <stdio.h>
#include <string.h>

#include "../script/world.h"
#include "arrival.h"
#include "wr_test.h"

#define TEXT  500 /* that is in flight, where there can be some */
#define PIECE 10  /* text of the segment that arrives */

enum place { LEFT_OF, LEFT_EDGE, INSIDE, RIGHT_EDGE, RIGHT_OF, PLACES };
enum acked { TOO_OLD, OLD, UNA, MIDDLE, NXT, BEYOND, ACKS };

static const char *const place_name[] = {"left of", "left edge", "inside", "right edge",
                                         "right of"};
static const char *const acked_name[] = {"too old", "old", "UNA", "middle", "NXT", "beyond"};
static const char *const answer_name[] = {"silence", "ACK", "SYN-ACK", "RST"};

/* Segments of the peer that bring a connection to a state, between calls of the service. */
struct row {
	const char *name;
	enum wr_tcp_state state;
	bool passive, listens;
	uint32_t nxt,
		rcv_nxt; /* relative, when it is there; SND.UNA is 1 unless all is ACKed */
	bool all_acked;
	void (*enter)(struct world *w, unsigned flow);
};

static struct rte_mempool *pool, *peer_pool;
static unsigned wrong; /* cells */

static void give(struct world *w, unsigned flow, uint8_t flags, uint32_t seq, uint32_t ack)
{
	const struct packet p = {
		.flow = flow,
		.flags = flags,
		.seq = {.n = seq},
		.ack = {.n = ack},
		.has_ack = flags & WR_TCP_ACK,
	};

	world_receive(w, &p, false);
}

static void enter_nothing(struct world *w, unsigned flow)
{
}

static void enter_syn_sent(struct world *w, unsigned flow)
{
	assert_true(world_connect(w, flow));
	world_run_until(w, w->now_ns, false);
}

static void enter_simultaneous(struct world *w, unsigned flow)
{
	enter_syn_sent(w, flow);
	give(w, flow, WR_TCP_SYN, 0, 0);
}

static void enter_half_open(struct world *w, unsigned flow)
{
	give(w, flow, WR_TCP_SYN, 0, 0);
}

static void enter_open(struct world *w, unsigned flow)
{
	enter_half_open(w, flow);
	give(w, flow, WR_TCP_ACK, 1, 1);
}

static void say(struct world *w, unsigned flow, bool and_close)
{
	assert_true(world_send(w, flow, TEXT));
	if (and_close)
		assert_true(world_close(w, flow));
	world_run_until(w, w->now_ns, false);
}

static void enter_established(struct world *w, unsigned flow)
{
	enter_open(w, flow);
	say(w, flow, false);
}

static void enter_fin_wait_1(struct world *w, unsigned flow)
{
	enter_open(w, flow);
	say(w, flow, true);
}

static void enter_fin_wait_2(struct world *w, unsigned flow)
{
	enter_fin_wait_1(w, flow);
	give(w, flow, WR_TCP_ACK, 1, TEXT + 2);
}

static void enter_close_wait(struct world *w, unsigned flow)
{
	enter_open(w, flow);
	give(w, flow, WR_TCP_ACK | WR_TCP_FIN, 1, 1);
	say(w, flow, false);
}

static void enter_closing(struct world *w, unsigned flow)
{
	enter_fin_wait_1(w, flow);
	give(w, flow, WR_TCP_ACK | WR_TCP_FIN, 1, 1);
}

static void enter_last_ack(struct world *w, unsigned flow)
{
	enter_open(w, flow);
	give(w, flow, WR_TCP_ACK | WR_TCP_FIN, 1, 1);
	say(w, flow, true);
}

static void enter_time_wait(struct world *w, unsigned flow)
{
	enter_fin_wait_2(w, flow);
	give(w, flow, WR_TCP_ACK | WR_TCP_FIN, 1, TEXT + 2);
}

static const struct row rows[] = {
	{"CLOSED", WR_TCP_CLOSED, false, false, 0, 0, true, enter_nothing},
	{"LISTEN", WR_TCP_LISTEN, false, true, 0, 0, true, enter_nothing},
	{"SYN-SENT", WR_TCP_SYN_SENT, false, false, 1, 0, false, enter_syn_sent},
	{"SYN-RECEIVED, active", WR_TCP_SYN_RECEIVED, false, false, 1, 1, false,
         enter_simultaneous},
	{"SYN-RECEIVED, passive", WR_TCP_SYN_RECEIVED, true, true, 1, 1, false,
         enter_half_open},
	{"ESTABLISHED", WR_TCP_ESTABLISHED, true, true, TEXT + 1, 1, false, enter_established},
	{"FIN-WAIT-1", WR_TCP_FIN_WAIT_1, true, true, TEXT + 2, 1, false, enter_fin_wait_1},
	{"FIN-WAIT-2", WR_TCP_FIN_WAIT_2, true, true, TEXT + 2, 1, true, enter_fin_wait_2},
	{"CLOSE-WAIT", WR_TCP_CLOSE_WAIT, true, true, TEXT + 1, 2, false, enter_close_wait},
	{"CLOSING", WR_TCP_CLOSING, true, true, TEXT + 2, 2, false, enter_closing},
	{"LAST-ACK", WR_TCP_LAST_ACK, true, true, TEXT + 2, 2, false, enter_last_ack},
	{"TIME-WAIT", WR_TCP_TIME_WAIT, true, true, TEXT + 2, 2, true, enter_time_wait},
};

static enum wr_tcp_state state_now(struct world *w, unsigned flow)
{
	struct wr_tcp_info info;

	return world_info(w, flow, &info) ? info.state : WR_TCP_CLOSED;
}

/* Forgets what was sent; returns the right edge of the window that the peer was told. */
static uint32_t forget_sent(struct world *w, uint32_t edge)
{
	for (; w->sent_count; w->sent_count--, w->sent_head = (w->sent_head + 1) % WORLD_SENT) {
		const struct packet *p = &w->sent[w->sent_head].packet;

		if (p->has_ack && (int32_t)(p->ack.n + p->wnd - edge) > 0)
			edge = p->ack.n + p->wnd;
	}
	return edge;
}

static struct arrival_tcb tcb_of(const struct row *row, uint32_t edge)
{
	uint32_t una = row->all_acked ? row->nxt : row->state <= WR_TCP_SYN_RECEIVED ? 0 : 1;

	return (struct arrival_tcb) {
		.state = row->state,
		.passive = row->passive && row->state == WR_TCP_SYN_RECEIVED,
		.listens = row->listens,
		.una = una,
		.nxt = row->nxt,
		.max_wnd = UINT16_MAX,
		.rcv_nxt = row->rcv_nxt,
		.edge = edge,
	};
}

static uint32_t seq_at(const struct arrival_tcb *t, enum place place)
{
	switch (place) {
	case LEFT_OF:
		return t->rcv_nxt - 5000;
	case LEFT_EDGE:
		return t->rcv_nxt;
	case INSIDE:
		return t->rcv_nxt + 3000;
	case RIGHT_EDGE:
		return t->edge - 1;
	default:
		return t->edge;
	}
}

static uint32_t ack_at(const struct arrival_tcb *t, enum acked acked)
{
	switch (acked) {
	case TOO_OLD:
		return t->una - t->max_wnd - 1;
	case OLD:
		return t->una - 100;
	case UNA:
		return t->una;
	case MIDDLE:
		return t->una + (t->nxt - t->una) / 2;
	case NXT:
		return t->nxt;
	default:
		return t->nxt + 1;
	}
}

/* What left in answer to one segment, in the words of the model. */
static struct arrival_outcome outcome_of(struct world *w, unsigned flow)
{
	struct arrival_outcome got = {.state = state_now(w, flow),
	                              .delivered = w->flow[flow].delivered};
	const struct packet *p = &w->sent[w->sent_head].packet;
	struct packet_origin origin;

	if (w->sent_count == 0)
		return got;
	got.answer = p->flags & WR_TCP_RST   ? ARRIVAL_RESET
	             : p->flags & WR_TCP_SYN ? ARRIVAL_SYNACK
	                                     : ARRIVAL_ACK;
	got.seq = p->seq.n;
	if (got.answer == ARRIVAL_RESET && p->has_ack) { /* zero on the wire */
		world_origin(w, flow, false, &origin);
		got.seq += origin.seq;
	}
	got.has_ack = p->has_ack;
	got.ack = p->has_ack ? p->ack.n : 0;
	return got;
}

static bool same(const struct arrival_tcb *t, const struct arrival_outcome *expected,
                 const struct arrival_outcome *got)
{
	enum wr_tcp_state state =
		expected->state == WR_TCP_LISTEN ? WR_TCP_CLOSED : expected->state;
	/* Of a tuple that is used again, the model does not know the number. */
	bool any_seq = t->state == WR_TCP_TIME_WAIT && expected->answer == ARRIVAL_SYNACK;

	return expected->answer == got->answer && state == got->state &&
	       expected->delivered == got->delivered && expected->has_ack == got->has_ack &&
	       expected->ack == got->ack && (expected->seq == got->seq || any_seq);
}

static void print_outcome(const char *who, const struct arrival_outcome *o)
{
	print_message("  %s: %s %d ack %d, %s, %u bytes\n", who, answer_name[o->answer],
	              (int)o->seq, o->has_ack ? (int)o->ack : -1, wr_tcp_state_name[o->state],
	              o->delivered);
}

/* One segment to one connection. */
static void try_cell(struct world *w, const struct row *row, unsigned flow,
                     struct arrival_segment segment, enum place place, enum acked acked)
{
	struct arrival_tcb t;
	struct arrival_outcome expected, got;
	struct packet p = {.flow = flow,
	                   .flags = segment.flags,
	                   .len = segment.text,
	                   .has_ack = true,
	                   .bad_checksum = segment.bad_checksum};

	row->enter(w, flow);
	t = tcb_of(row, forget_sent(w, row->rcv_nxt));
	if (t.edge == t.rcv_nxt)
		t.edge = t.rcv_nxt + UINT16_MAX;
	if (state_now(w, flow) != (row->state == WR_TCP_LISTEN ? WR_TCP_CLOSED : row->state))
		fail_msg("%s was not reached", row->name);
	p.seq.n = segment.seq = seq_at(&t, place);
	p.ack.n = segment.ack = ack_at(&t, acked);
	world_receive(w, &p, false);
	expected = arrival(&t, &segment);
	got = outcome_of(w, flow);
	/* Before there is a connection, the world does not know where the peer's text begins.
	 */
	if (same(&t, &expected, &got) && w->sent_count <= 1 &&
	    (t.state <= WR_TCP_SYN_RECEIVED || !w->flow[flow].corrupt)) {
		forget_sent(w, 0);
		return;
	}
	print_message("%s, flags %02x, SEQ %s, ACK %s, %u bytes of text, %u answers\n",
	              row->name, segment.flags, place_name[place], acked_name[acked],
	              segment.text, w->sent_count);
	print_outcome("expected", &expected);
	print_outcome("got", &got);
	forget_sent(w, 0);
	wrong++;
}

static void open_world(struct world *w, const struct row *row, uint32_t peer_isn)
{
	world_init(w, pool, peer_pool);
	w->peer_isn = peer_isn;
	w->conf.tcp.half_open = w->conf.tcp.time_waits = WORLD_FLOWS;
	w->conf.tcp.delack_us = 0;
	w->conf.tcp.rsts_per_s = 1000000;
	w->conf.tcp.ecn = WR_TCP_ECN_OFF;
	assert_true(world_start(w));
	if (row->listens)
		assert_true(world_listen(w));
}

static void close_world(struct world *w)
{
	if (!world_end(w))
		fail_msg("%s", w->wrong);
}

/* All places of SEQ and ACK, with and without text, on connections of one engine. */
static void try_flags(const struct row *row, uint8_t flags, bool bad_checksum)
{
	/* The peer's numbers wrap, and cross the half of the circle. */
	static const uint32_t isns[] = {0x10000000, 0xfffffff8, 0x7ffffff8, 0};
	static struct world w;
	unsigned flow = 0;

	open_world(&w, row, isns[flags % WR_LEN(isns)]);
	for (unsigned place = 0; place < PLACES; place++) {
		for (unsigned acked = 0; acked < ACKS; acked++) {
			for (unsigned text = 0; text < 2; text++) {
				const struct arrival_segment segment = {
					.flags = flags,
					.text = text * PIECE,
					.bad_checksum = bad_checksum,
				};

				try_cell(&w, row, flow++, segment, place, acked);
			}
		}
	}
	assert_true(flow <= WORLD_FLOWS);
	close_world(&w);
}

static void every_flag_in_every_state_at_every_edge_is_as_the_model_says(void **state)
{
	for (unsigned row = 0; row < WR_LEN(rows); row++) {
		for (unsigned flags = 0; flags < 256; flags++)
			try_flags(&rows[row], (uint8_t)flags, false);
	}
	assert_int_equal(wrong, 0);
}

static void a_bad_checksum_is_silence_in_every_state(void **state)
{
	for (unsigned row = 0; row < WR_LEN(rows); row++) {
		for (unsigned flags = 0; flags < 256; flags += 5)
			try_flags(&rows[row], (uint8_t)flags, true);
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_flag_in_every_state_at_every_edge_is_as_the_model_says),
		cmocka_unit_test(a_bad_checksum_is_silence_in_every_state),
	};

	wr_test_eal(128);
	pool = wr_test_pool("engine", WORLD_BUFFERS, 2048);
	peer_pool = wr_test_pool("peer", 255, 2048);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
