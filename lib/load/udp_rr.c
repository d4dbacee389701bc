/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests and responses in datagrams. Each flow has up to `pipeline` requests under way; one
 * without a response in time counts as lost and makes place for another.
 *
 * A response is told by the number of its request: in the stamp with --verify, in the tag of
 * rr's header, else in the first four bytes of the payload. Where there is none, because the
 * message is shorter or the payload is a file, responses belong to the oldest request.
 */

#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_malloc.h>

#include "flows.h"
#include "wr_pattern.h"
#include "wr_rr.h"

#define TIMEOUT_NS   WR_S(1) /* if none is set: a lost datagram must not block a flow */
#define NUMBER_BYTES 4
#define RINGS_TICK   256 /* timers in a tick, at most */

/* A request under way. */
struct place {
	uint64_t planned_ns, sent_ns;
	uint32_t number; /* low bits */
	uint32_t bytes;  /* of the request */
	uint32_t want;   /* of the response */
	bool measured;
};

struct udp_rr {
	struct load_flows flows;
	struct place *place; /* pipeline of each flow */
	struct wr_wheel *wheel;
	uint32_t active; /* flows that are wanted now, the first ones */
	uint64_t timeout_ns;
	bool sized;  /* speaks rr: else echo */
	bool tagged; /* echo: messages begin with their number */
};

static struct udp_rr *rr_of(const struct wr_load *load)
{
	return load->own;
}

static struct place *place_of(const struct wr_load *load, uint32_t n, unsigned i)
{
	return &rr_of(load)->place[(size_t)n * load->conf->pipeline + i];
}

static bool is_open_loop(const struct wr_load *load)
{
	return load->requests_rate > 0;
}

static bool may_ask(const struct wr_load *load)
{
	return load_is_running(load) && load->now_ns < load->until_ns && load->quota > 0;
}

static bool has_place(const struct wr_load *load, const struct load_flow *flow)
{
	return (unsigned)__builtin_popcountll(flow->used) < load->conf->pipeline;
}

/* ---- timers: one a flow, for its oldest request or the end of its thinking ---- */

static void arm(struct wr_load *load, uint32_t n, uint64_t due_ns)
{
	uint64_t delay_us = due_ns > load->now_ns ? (due_ns - load->now_ns) / 1000 : 0;

	wr_wheel_arm(rr_of(load)->wheel, n,
	             wr_tick_after(wr_tick_now(load->now_ns / 1000), delay_us));
}

/* ---- sending ---- */

/* Makes the message of a request; m: a buffer to use, or NULL. NULL: there are no buffers. */
static struct rte_mbuf *message(struct wr_load *load, uint32_t n, const struct place *p,
                                uint64_t number, struct rte_mbuf *m)
{
	const struct udp_rr *rr = rr_of(load);
	struct wr_stamp stamp = {
		.run = load->run,
		.connection = load_client_name(load, n),
		.sequence = number,
		.bytes = rr->sized ? WR_STAMP_BYTES : p->bytes,
	};
	const struct wr_rr head = {
		.request_bytes = p->bytes, .response_bytes = p->want, .tag = p->number};

	if (load->conf->verify)
		wr_stamp_write(load->payload + (rr->sized ? WR_RR_HEADER : 0), &stamp);
	m = load_datagram(load, p->bytes, m);
	if (!m)
		return NULL;
	if (rr->sized)
		wr_rr_write(rte_pktmbuf_mtod(m, void *), &head);
	else if (rr->tagged && p->bytes >= NUMBER_BYTES)
		wr_rr_put(rte_pktmbuf_mtod(m, uint8_t *), p->number);
	return m;
}

static void draw_sizes(struct wr_load *load, struct place *p)
{
	p->bytes = p->want = wr_sizes_draw(&load->conf->request, &load->prng);
	if (rr_of(load)->sized)
		p->want = wr_sizes_draw(&load->conf->response, &load->prng);
}

/* Sends a request of a flow that has a place for it; false: there are no buffers. */
static bool ask(struct wr_load *load, uint32_t n, uint64_t planned_ns, struct rte_mbuf *m)
{
	struct udp_rr *rr = rr_of(load);
	struct load_flow *flow = &rr->flows.flow[n];
	unsigned i = (unsigned)__builtin_ctzll(~flow->used);
	struct place *p = place_of(load, n, i);

	draw_sizes(load, p);
	p->number = (uint32_t)flow->next;
	m = message(load, n, p, flow->next, m);
	if (!m)
		return false;
	p->planned_ns = planned_ns;
	p->sent_ns = load->now_ns;
	p->measured = load_is_measured(load, planned_ns);
	flow->next++;
	if (!flow->used)
		arm(load, n, load->now_ns + rr->timeout_ns);
	flow->used |= UINT64_C(1) << i;
	load->quota--;
	wr_stat_add(&load->stats.outstanding, 1);
	if (p->measured) {
		LOAD_COUNT(load, requests_planned, 1);
		LOAD_COUNT(load, requests_sent, 1);
		LOAD_COUNT(load, datagrams_sent, 1);
	}
	load_flow_send(load, &rr->flows, n, m);
	return true;
}

/* ---- which flow is next ---- */

static void wait_for_turn(struct wr_load *load, uint32_t n)
{
	struct load_flow *flow = &rr_of(load)->flows.flow[n];

	if (flow->waiting >= load->conf->pipeline || n >= rr_of(load)->active)
		return;
	flow->waiting++;
	load_queue_push(&load->idle, n);
}

/* The flow that has been idle longest; UINT32_MAX: none is. */
static uint32_t next_idle(struct wr_load *load)
{
	while (load->idle.count) {
		uint32_t n = load_queue_pop(&load->idle);
		struct load_flow *flow = &rr_of(load)->flows.flow[n];

		flow->waiting--;
		if (n < rr_of(load)->active && has_place(load, flow))
			return n;
	}
	return UINT32_MAX;
}

/* A place of a flow is free: what does the flow do now? Takes m, which may be NULL. */
static void go_on(struct wr_load *load, uint32_t n, struct rte_mbuf *m)
{
	struct udp_rr *rr = rr_of(load);
	uint64_t think_ns = load->conf->think_ns;

	if (think_ns && may_ask(load)) {
		rr->flows.flow[n].think_ns = load->now_ns + think_ns;
		arm(load, n, rr->flows.flow[n].think_ns);
	} else if (!think_ns && !is_open_loop(load) && may_ask(load) && n < rr->active) {
		if (!ask(load, n, load->now_ns, m))
			wait_for_turn(load, n);
		return;
	} else {
		wait_for_turn(load, n);
	}
	rte_pktmbuf_free(m);
}

/* ---- the end of a request ---- */

static void end_request(struct wr_load *load, uint32_t n, unsigned i)
{
	rr_of(load)->flows.flow[n].used &= ~(UINT64_C(1) << i);
	wr_stat_add(&load->stats.outstanding, (uint64_t)-1);
}

static void answered(struct wr_load *load, uint32_t n, unsigned i)
{
	const struct place *p = place_of(load, n, i);

	if (p->measured) {
		LOAD_COUNT(load, responses, 1);
		LOAD_COUNT(load, datagrams_received, 1);
		load_time(load, WR_LATENCY_response, load->now_ns - p->planned_ns);
		load_time(load, WR_LATENCY_service, load->now_ns - p->sent_ns);
	}
	end_request(load, n, i);
}

static void give_up_request(struct wr_load *load, uint32_t n, unsigned i)
{
	if (place_of(load, n, i)->measured)
		LOAD_COUNT(load, responses_timed_out, 1);
	if (load->conf->verify)
		LOAD_COUNT(load, lost, 1);
	end_request(load, n, i);
}

/* ---- what a datagram says ---- */

#define NO_PLACE  64
#define NO_NUMBER UINT64_MAX
#define EACH(i, bits)                                                                          \
	for (uint64_t left_ = (bits); left_ && ((i) = (unsigned)__builtin_ctzll(left_), true); \
	     left_ &= left_ - 1)

/* The place of the request with this number; NO_PLACE: it is not under way. */
static unsigned find_number(const struct wr_load *load, uint32_t n, uint64_t number)
{
	unsigned i;

	EACH(i, rr_of(load)->flows.flow[n].used)
	if (place_of(load, n, i)->number == (uint32_t)number)
		return i;
	return NO_PLACE;
}

/* The oldest request under way whose response has so many bytes; of any length: 0. */
static unsigned find_oldest(const struct wr_load *load, uint32_t n, uint32_t bytes)
{
	unsigned i, oldest = NO_PLACE;

	EACH(i, rr_of(load)->flows.flow[n].used)
	{
		const struct place *p = place_of(load, n, i);

		if (bytes && p->want != bytes)
			continue;
		if (oldest == NO_PLACE ||
		    (int32_t)(p->number - place_of(load, n, oldest)->number) < 0)
			oldest = i;
	}
	return oldest;
}

/* The number of 64 bits, of which 32 are known, that lies before the flow's next one. */
static uint64_t widen(const struct load_flow *flow, uint32_t number)
{
	return flow->next - 1 - (uint32_t)((uint32_t)flow->next - 1 - number);
}

/* Which request an unverified datagram answers; NO_NUMBER: none. */
static uint64_t read_number(const struct wr_load *load, uint32_t n, const struct rte_mbuf *m)
{
	const struct udp_rr *rr = rr_of(load);
	uint8_t room[WR_RR_HEADER];
	struct wr_rr head;
	unsigned i;

	if (rr->sized) {
		const uint8_t *text = rte_pktmbuf_read(m, 0, WR_RR_HEADER, room);

		if (!text || !wr_rr_read(&head, text))
			return NO_NUMBER;
		return widen(&rr->flows.flow[n], head.tag);
	}
	if (rr->tagged && m->pkt_len >= NUMBER_BYTES)
		return widen(&rr->flows.flow[n],
		             wr_rr_get(rte_pktmbuf_read(m, 0, NUMBER_BYTES, room)));
	i = find_oldest(load, n, rr->tagged ? m->pkt_len : 0);
	return i == NO_PLACE ? NO_NUMBER
	                     : widen(&rr->flows.flow[n], place_of(load, n, i)->number);
}

/* An unverified datagram; returns whether it ended a request. */
static bool take_plain(struct wr_load *load, uint32_t n, const struct rte_mbuf *m)
{
	struct load_flow *flow = &rr_of(load)->flows.flow[n];
	uint64_t number = read_number(load, n, m), skipped;
	enum wr_once_verdict verdict;
	unsigned i;

	if (number >= flow->next) {
		LOAD_COUNT(load, responses_unasked, 1);
		return false;
	}
	i = find_number(load, n, number);
	verdict = wr_once_see(&flow->once, number, &skipped);
	if (i != NO_PLACE) {
		answered(load, n, i);
		return true;
	}
	if (verdict == WR_ONCE_DUPLICATE)
		LOAD_COUNT(load, responses_unasked, 1);
	else
		LOAD_COUNT(load, responses_late, 1);
	return false;
}

/* ---- verification ---- */

/* Gives bytes [from, until) of a datagram to the check of its stamp. */
static void check_stamp(struct wr_stamp_check *check, const struct rte_mbuf *m, uint32_t from)
{
	for (; m; m = m->next) {
		if (from < m->data_len)
			wr_stamp_take(check, rte_pktmbuf_mtod_offset(m, const uint8_t *, from),
			              m->data_len - from);
		from -= wr_min(from, m->data_len);
	}
}

/* Whether a response of rr differs, behind its stamp, from what the service makes of p. */
static bool differs(const struct wr_load *load, const struct rte_mbuf *m, const struct place *p)
{
	uint32_t copied = wr_min(p->bytes, WR_RR_COPIED), at = 0;

	for (; m; m = m->next) {
		const uint8_t *text = rte_pktmbuf_mtod(m, const uint8_t *);
		uint32_t end = at + m->data_len, i = wr_max(at, WR_RR_HEADER + WR_STAMP_BYTES);

		for (; i < end && i < copied; i++)
			if (text[i - at] != load->payload[i])
				return true;
		if (i < end && wr_pattern_differs(text + i - at, end - i, i))
			return true;
		at = end;
	}
	return false;
}

static bool header_differs(const struct rte_mbuf *m, const struct place *p)
{
	uint8_t room[WR_RR_HEADER];
	const uint8_t *text = rte_pktmbuf_read(m, 0, WR_RR_HEADER, room);
	struct wr_rr head;

	return !wr_rr_read(&head, text) || head.request_bytes != p->bytes ||
	       head.response_bytes != p->want || head.tag != p->number;
}

/* The verdict on a datagram, and the place of its request. */
static enum wr_stamp_verdict judge(const struct wr_load *load, uint32_t n,
                                   const struct rte_mbuf *m, struct wr_stamp *stamp,
                                   unsigned *place)
{
	bool sized = rr_of(load)->sized;
	struct wr_stamp_check check;
	enum wr_stamp_verdict verdict;
	const struct place *p;

	wr_stamp_begin(&check, sized ? WR_STAMP_BYTES : UINT32_MAX);
	check_stamp(&check, m, sized ? WR_RR_HEADER : 0);
	verdict = wr_stamp_judge(&check, load->run, load_client_name(load, n), stamp);
	*place = find_number(load, n, stamp->sequence);
	if (*place == NO_PLACE || verdict == WR_STAMP_FOREIGN)
		return verdict;
	p = place_of(load, n, *place);
	if (m->pkt_len < p->want)
		return WR_STAMP_TRUNCATED;
	if (verdict == WR_STAMP_TRUNCATED || m->pkt_len > p->want)
		return WR_STAMP_CORRUPT;
	if (sized && (header_differs(m, p) || differs(load, m, p)))
		return WR_STAMP_CORRUPT;
	return verdict;
}

/* Damaged, and told whose: its request has its end. */
static bool take_damaged(struct wr_load *load, uint32_t n, const struct wr_stamp *stamp,
                         unsigned place)
{
	uint64_t skipped;

	if (place == NO_PLACE)
		return false;
	wr_once_see(&rr_of(load)->flows.flow[n].once,
	            widen(&rr_of(load)->flows.flow[n], (uint32_t)stamp->sequence), &skipped);
	answered(load, n, place);
	return true;
}

static bool take_good(struct wr_load *load, uint32_t n, uint64_t number, unsigned place)
{
	uint64_t skipped;
	enum wr_once_verdict verdict =
		wr_once_see(&rr_of(load)->flows.flow[n].once, number, &skipped);

	if (verdict == WR_ONCE_DUPLICATE) {
		LOAD_COUNT(load, duplicate, 1);
		return false;
	}
	LOAD_COUNT(load, verified, 1);
	LOAD_COUNT(load, reordered, verdict == WR_ONCE_LATE);
	if (place == NO_PLACE) {
		LOAD_COUNT(load, responses_late, 1);
		LOAD_COUNT(load, lost, -1); /* given up too early */
		return false;
	}
	answered(load, n, place);
	return true;
}

/* A verified datagram; returns whether it ended a request. */
static bool take_verified(struct wr_load *load, uint32_t n, const struct rte_mbuf *m)
{
	struct wr_stamp stamp;
	unsigned place;

	switch (judge(load, n, m, &stamp, &place)) {
	case WR_STAMP_GOOD:
		return take_good(load, n, stamp.sequence, place);
	case WR_STAMP_CORRUPT:
		LOAD_COUNT(load, corrupt, 1);
		return take_damaged(load, n, &stamp, place);
	case WR_STAMP_TRUNCATED:
		LOAD_COUNT(load, truncated, 1);
		return take_damaged(load, n, &stamp, place);
	case WR_STAMP_FOREIGN:
		break;
	}
	LOAD_COUNT(load, foreign, 1);
	return false;
}

/* ---- receiving ---- */

static enum wr_verdict on_datagram(struct wr_udp *udp, struct rte_mbuf *m,
                                   const struct wr_tuple *from, uint8_t tos, void *user,
                                   uint64_t now_us)
{
	struct wr_load *load = user;
	uint32_t n = load_flows_find(&rr_of(load)->flows, from);

	load->now_ns = wr_stack_now_ns(load->stack);
	LOAD_COUNT(load, bytes_received, m->pkt_len);
	if (wr_unlikely(n == UINT32_MAX)) {
		if (load->conf->verify)
			LOAD_COUNT(load, foreign, 1);
		else
			LOAD_COUNT(load, responses_unasked, 1);
	} else if (load->conf->verify ? take_verified(load, n, m) : take_plain(load, n, m)) {
		go_on(load, n, m);
		return WR_V_udp_delivered;
	}
	rte_pktmbuf_free(m);
	return WR_V_udp_delivered;
}

/* ---- timers ---- */

static void ring(struct wr_load *load, uint32_t n)
{
	struct udp_rr *rr = rr_of(load);
	struct load_flow *flow = &rr->flows.flow[n];
	unsigned i;

	EACH(i, flow->used)
	if (place_of(load, n, i)->sent_ns + rr->timeout_ns <= load->now_ns) {
		give_up_request(load, n, i);
		go_on(load, n, NULL);
	}
	if (flow->think_ns <= load->now_ns) {
		flow->think_ns = UINT64_MAX;
		wait_for_turn(load, n);
	}
	i = find_oldest(load, n, 0);
	if (i != NO_PLACE)
		arm(load, n, place_of(load, n, i)->sent_ns + rr->timeout_ns);
	if (flow->think_ns != UINT64_MAX)
		arm(load, n, flow->think_ns);
}

static bool run_timers(struct wr_load *load)
{
	uint32_t due[RINGS_TICK];
	unsigned n = wr_wheel_expire(rr_of(load)->wheel, wr_tick_now(load->now_ns / 1000), due,
	                             RINGS_TICK);

	for (unsigned i = 0; i < n; i++)
		ring(load, due[i]);
	return n > 0;
}

static uint64_t timers_deadline(const struct wr_load *load)
{
	uint32_t tick;
	int32_t ahead;

	if (!wr_wheel_next(rr_of(load)->wheel, &tick))
		return UINT64_MAX;
	ahead = (int32_t)(tick - wr_tick_now(load->now_ns / 1000));
	return load->now_ns + (ahead > 0 ? (uint64_t)ahead << WR_TICK_SHIFT : 0) * 1000;
}

/* ---- the run ---- */

static void set_active(struct wr_load *load, uint64_t flows)
{
	struct udp_rr *rr = rr_of(load);
	uint32_t before = rr->active;

	rr->active = (uint32_t)RTE_MIN(flows, rr->flows.count);
	for (uint32_t n = before; n < rr->active; n++)
		for (uint32_t i = 0; i < load->conf->pipeline; i++)
			wait_for_turn(load, n);
}

static void start(struct wr_load *load)
{
	load->requests_rate = load->set.rps;
	wr_plan_start(&load->requests, &load->conf->schedule, load->requests_rate, load->core,
	              load->cores, load->start_ns);
	set_active(load, load_share(load->set.connections, load->core, load->cores));
}

static void set(struct wr_load *load, uint64_t now_ns)
{
	load->requests_rate = load->set.rps;
	wr_plan_set_rate(&load->requests, load->requests_rate, now_ns);
	set_active(load, load_share(load->set.connections, load->core, load->cores));
}

static bool run(struct wr_load *load, uint64_t now_ns)
{
	bool busy = run_timers(load), open_loop = is_open_loop(load);
	unsigned asked = 0;

	while (asked < LOAD_BURST && may_ask(load) &&
	       (!open_loop || wr_plan_is_due(&load->requests, now_ns))) {
		uint32_t n = next_idle(load);

		if (n == UINT32_MAX)
			break;
		if (!ask(load, n, open_loop ? load->requests.next_ns : now_ns, NULL)) {
			wait_for_turn(load, n);
			break;
		}
		if (open_loop)
			wr_plan_take(&load->requests);
		asked++;
	}
	return busy || asked > 0;
}

static uint64_t deadline(const struct wr_load *load)
{
	uint64_t ns = timers_deadline(load), due_ns;

	if (!may_ask(load) || !load->idle.count)
		return ns;
	due_ns = is_open_loop(load) ? load->requests.next_ns : load->now_ns;
	return due_ns < ns ? due_ns : ns;
}

static void stop(struct wr_load *load, uint64_t end_ns)
{
	if (is_open_loop(load))
		load_count_unsent(load, &load->requests, end_ns);
}

static bool is_drained(const struct wr_load *load)
{
	return load->stats.outstanding == 0;
}

static void give_up(struct wr_load *load)
{
	for (uint32_t n = 0; n < rr_of(load)->flows.count; n++) {
		unsigned i;

		EACH(i, rr_of(load)->flows.flow[n].used)
		give_up_request(load, n, i);
	}
}

/* ---- memory ---- */

static uint64_t flows_of(const struct wr_load_conf *conf, uint32_t core, uint32_t cores)
{
	return load_share(conf->set.connections, core, cores);
}

static uint64_t bytes(const struct wr_load_conf *conf, uint32_t cores)
{
	uint64_t n = flows_of(conf, 0, cores);

	return sizeof(struct udp_rr) + load_flows_bytes(n) +
	       n * conf->pipeline * sizeof(struct place) +
	       load_queue_bytes(n * conf->pipeline) + wr_wheel_bytes((uint32_t)n);
}

static int init(struct wr_load *load, int socket, struct wr_err *err)
{
	const struct wr_load_conf *conf = load->conf;
	uint32_t n = (uint32_t)flows_of(conf, load->core, load->cores);
	struct udp_rr *rr = rte_zmalloc_socket("load rr", sizeof(*rr), WR_CACHE_LINE, socket);
	int rc;

	load->own = rr;
	if (!rr)
		return -ENOMEM;
	rr->timeout_ns = conf->response_timeout_ns ? conf->response_timeout_ns : TIMEOUT_NS;
	rr->sized = load->protocol == &load_protocol_sized;
	rr->tagged = !conf->verify && conf->payload != WR_LOAD_FILE;
	rr->place = rte_zmalloc_socket(
		"load places", (size_t)wr_max(n, 1) * conf->pipeline * sizeof(*rr->place),
		WR_CACHE_LINE, socket);
	rr->wheel = wr_wheel_new(wr_max(n, 1), wr_tick_now(load->now_ns / 1000), socket);
	if (!rr->place || !rr->wheel ||
	    load_queue_init(&load->idle, (uint64_t)n * conf->pipeline, socket))
		return -ENOMEM;
	rc = load_flows_init(load, &rr->flows, n, socket, on_datagram, load_flows_on_error,
	                     err);
	for (uint32_t i = 0; i < rr->flows.count; i++)
		rr->flows.flow[i].think_ns = UINT64_MAX;
	return rc;
}

static void fini(struct wr_load *load)
{
	struct udp_rr *rr = rr_of(load);

	if (!rr)
		return;
	load_flows_fini(&rr->flows);
	load_queue_fini(&load->idle);
	wr_wheel_free(rr->wheel);
	rte_free(rr->place);
	rte_free(rr);
}

const struct load_mode load_mode_udp_rr = {
	.requests = true,
	.bytes = bytes,
	.init = init,
	.fini = fini,
	.start = start,
	.set = set,
	.run = run,
	.deadline = deadline,
	.stop = stop,
	.is_drained = is_drained,
	.give_up = give_up,
};
