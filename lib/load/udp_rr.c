/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests and responses in datagrams. Each flow has up to `pipeline` requests under way; one
 * without a response in time counts as lost and makes place for another.
 */

#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_malloc.h>

#include "udp_rr.h"
#include "wr_rr.h"

#define TIMEOUT_NS WR_S(1) /* if none is set: a lost datagram must not block a flow */
#define RINGS_TICK 256     /* timers in a tick, at most */

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

	wr_wheel_arm(udp_rr(load)->wheel, n,
	             wr_tick_after(wr_tick_now(load->now_ns / 1000), delay_us));
}

/* ---- sending ---- */

/* Makes the message of a request; m: a buffer to use, or NULL. NULL: there are no buffers. */
static struct rte_mbuf *message(struct wr_load *load, uint32_t n, const struct udp_place *p,
                                uint64_t number, struct rte_mbuf *m)
{
	const struct udp_rr *rr = udp_rr(load);
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
	else if (rr->tagged && p->bytes >= UDP_RR_NUMBER_BYTES)
		wr_be32_put(rte_pktmbuf_mtod(m, uint8_t *), p->number);
	return m;
}

static void draw_sizes(struct wr_load *load, struct udp_place *p)
{
	p->bytes = p->want = wr_sizes_draw(&load->conf->request, &load->prng);
	if (udp_rr(load)->sized)
		p->want = wr_sizes_draw(&load->conf->response, &load->prng);
}

/* Sends a request of a flow that has a place for it; false: there are no buffers. */
static bool ask(struct wr_load *load, uint32_t n, uint64_t planned_ns, struct rte_mbuf *m)
{
	struct udp_rr *rr = udp_rr(load);
	struct load_flow *flow = &rr->flows.flow[n];
	unsigned i = udp_rr_lowest(~flow->used);
	struct udp_place *p = udp_place(load, n, i);

	draw_sizes(load, p);
	p->number = (uint32_t)flow->next;
	m = message(load, n, p, flow->next, m);
	if (!m)
		return false;
	p->planned_ns = planned_ns;
	p->sent_ns = load->now_ns;
	p->measured = load_is_measured(load, planned_ns);
	flow->next++;
	if (!flow->armed) {
		flow->armed = true;
		arm(load, n, load->now_ns + rr->timeout_ns);
	}
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
	struct load_flow *flow = &udp_rr(load)->flows.flow[n];

	if (flow->waiting >= load->conf->pipeline || n >= udp_rr(load)->active)
		return;
	flow->waiting++;
	load_queue_push(&load->idle, n);
}

/* The flow that has been idle longest; UINT32_MAX: none is. */
static uint32_t next_idle(struct wr_load *load)
{
	while (load->idle.count) {
		uint32_t n = load_queue_pop(&load->idle);
		struct load_flow *flow = &udp_rr(load)->flows.flow[n];

		flow->waiting--;
		if (n < udp_rr(load)->active && has_place(load, flow))
			return n;
	}
	return UINT32_MAX;
}

/* A place of a flow is free: what does the flow do now? Takes m, which may be NULL. */
static void go_on(struct wr_load *load, uint32_t n, struct rte_mbuf *m)
{
	struct udp_rr *rr = udp_rr(load);
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
	udp_rr(load)->flows.flow[n].used &= ~(UINT64_C(1) << i);
	wr_stat_add(&load->stats.outstanding, (uint64_t)-1);
}

void udp_rr_answered(struct wr_load *load, uint32_t n, unsigned i)
{
	const struct udp_place *p = udp_place(load, n, i);

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
	if (udp_place(load, n, i)->measured)
		LOAD_COUNT(load, responses_timed_out, 1);
	if (load->conf->verify)
		LOAD_COUNT(load, lost, 1);
	end_request(load, n, i);
}

/* ---- receiving ---- */

static enum wr_verdict on_datagram(struct wr_udp *udp, struct rte_mbuf *m,
                                   const struct wr_tuple *from, uint8_t tos, void *user,
                                   uint64_t now_us)
{
	struct wr_load *load = user;
	uint32_t n = load_flows_find(&udp_rr(load)->flows, from);

	load->now_ns = wr_stack_now_ns(load->stack);
	LOAD_COUNT(load, bytes_received, m->pkt_len);
	if (wr_unlikely(n == UINT32_MAX)) {
		if (load->conf->verify)
			LOAD_COUNT(load, foreign, 1);
		else
			LOAD_COUNT(load, responses_unasked, 1);
	} else if (udp_rr_take(load, n, m)) {
		go_on(load, n, m);
		return WR_V_udp_delivered;
	}
	rte_pktmbuf_free(m);
	return WR_V_udp_delivered;
}

/* ---- timers ---- */

static void give_up_late(struct wr_load *load, uint32_t n)
{
	struct udp_rr *rr = udp_rr(load);

	for (uint64_t left = rr->flows.flow[n].used; left; left &= left - 1) {
		unsigned i = udp_rr_lowest(left);

		if (udp_place(load, n, i)->sent_ns + rr->timeout_ns > load->now_ns)
			continue;
		give_up_request(load, n, i);
		go_on(load, n, NULL);
	}
}

static void ring(struct wr_load *load, uint32_t n)
{
	struct udp_rr *rr = udp_rr(load);
	struct load_flow *flow = &rr->flows.flow[n];
	unsigned oldest;

	flow->armed = false;
	give_up_late(load, n);
	if (flow->think_ns <= load->now_ns) {
		flow->think_ns = UINT64_MAX;
		wait_for_turn(load, n);
	}
	oldest = udp_rr_oldest(load, n, 0);
	if (oldest != UDP_RR_NO_PLACE) {
		flow->armed = true;
		arm(load, n, udp_place(load, n, oldest)->sent_ns + rr->timeout_ns);
	}
	if (flow->think_ns != UINT64_MAX)
		arm(load, n, flow->think_ns);
}

static bool run_timers(struct wr_load *load)
{
	uint32_t due[RINGS_TICK];
	unsigned n = wr_wheel_expire(udp_rr(load)->wheel, wr_tick_now(load->now_ns / 1000), due,
	                             RINGS_TICK);

	for (unsigned i = 0; i < n; i++)
		ring(load, due[i]);
	return n > 0;
}

static uint64_t timers_deadline(const struct wr_load *load)
{
	uint32_t tick;
	int32_t ahead;

	if (!wr_wheel_next(udp_rr(load)->wheel, &tick))
		return UINT64_MAX;
	ahead = (int32_t)(tick - wr_tick_now(load->now_ns / 1000));
	return load->now_ns + (ahead > 0 ? (uint64_t)ahead << WR_TICK_SHIFT : 0) * 1000;
}

/* ---- the run ---- */

static void set_active(struct wr_load *load, uint64_t flows)
{
	struct udp_rr *rr = udp_rr(load);
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
	const struct load_flows *flows = &udp_rr(load)->flows;

	for (uint32_t n = 0; n < flows->count; n++)
		for (uint64_t left = flows->flow[n].used; left; left &= left - 1)
			give_up_request(load, n, udp_rr_lowest(left));
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
	       n * conf->pipeline * sizeof(struct udp_place) +
	       load_queue_bytes(n * conf->pipeline) + wr_wheel_bytes((uint32_t)n);
}

static int init(struct wr_load *load, int socket, struct wr_err *err)
{
	const struct wr_load_conf *conf = load->conf;
	uint32_t n = (uint32_t)flows_of(conf, load->core, load->cores);
	struct udp_rr *rr = rte_zmalloc_socket("load rr", sizeof(*rr), WR_CACHE_LINE, socket);
	int rc;

	load->own = rr;
	load->clients = load->wanted = n;
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
	struct udp_rr *rr = udp_rr(load);

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
