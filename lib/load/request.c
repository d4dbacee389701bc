/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests and responses on connections: modes rr, crr, http, hold and connect. Connections
 * either stay, and a request takes the client that has been idle longest; or each serves one
 * transaction, which begins with its SYN.
 *
 * In an open loop a request keeps the time for which it was planned until a client is free,
 * and its latency counts from then on. In a closed loop it is planned when it is sent.
 */

#include <errno.h>

#include "load.h"

#define STUCK_NS WR_MS(1) /* tries again for a buffer after so long */

/* Each connection serves one transaction. */
static bool is_one_shot(const struct wr_load *load)
{
	return !load->mode->keeps;
}

static bool wants_requests(const struct wr_load *load)
{
	return load->conf->mode != WR_LOAD_HOLD || load->set.rps > 0;
}

static bool is_open_loop(const struct wr_load *load)
{
	return load->requests_rate > 0;
}

static uint32_t under_way(const struct load_client *client)
{
	return client->asked - client->answered;
}

/* ---- sending ---- */

/* There is no room or no buffer: goes on with the next ACK, or after a while. */
static void get_stuck(struct wr_load *load, uint32_t n)
{
	struct load_client *client = load_client(load, n);

	client->stuck = true;
	if (!wr_tcp_want_room(load->tcp, client->tcb))
		load_client_arm(load, n, load->now_ns + STUCK_NS);
}

/* A segment that TCP would not take now would be made in vain; an empty queue takes any. */
static struct rte_mbuf *buffer_with_room(struct wr_load *load, struct wr_tcb *c, uint32_t bytes,
                                         uint8_t **text)
{
	if (wr_tcp_room(load->tcp, c) < bytes && wr_tcp_want_room(load->tcp, c))
		return NULL;
	return load_buffer(load, bytes, text);
}

/* Hands the rest of a request to TCP; false: stuck, or the connection is closed. */
static bool send_rest(struct wr_load *load, uint32_t n, struct load_request *r)
{
	struct load_client *client = load_client(load, n);

	while (r->sent < r->bytes) {
		uint32_t bytes = wr_min(r->bytes - r->sent, load->segment_bytes);
		uint8_t *text;
		struct rte_mbuf *m = buffer_with_room(load, client->tcb, bytes, &text);
		int rc;

		if (!m) {
			get_stuck(load, n);
			return false;
		}
		load->protocol->write(load, n, r, r->sent, text, bytes);
		rc = wr_tcp_send(load->tcp, client->tcb, m);
		if (wr_unlikely(rc)) {
			rte_pktmbuf_free(m);
			if (rc == -ENOBUFS)
				get_stuck(load, n);
			return false;
		}
		r->sent += bytes;
		LOAD_COUNT(load, bytes_sent, bytes);
	}
	return true;
}

static void unstick(struct wr_load *load, uint32_t n)
{
	struct load_client *client = load_client(load, n);

	client->stuck = false;
	for (uint32_t k = client->answered; k != client->asked; k++)
		if (!send_rest(load, n, load_request(load, n, k)))
			return;
}

static void watch(struct wr_load *load, uint32_t n, const struct load_request *r)
{
	if (load->conf->response_timeout_ns)
		load_client_arm(load, n, r->sent_ns + load->conf->response_timeout_ns);
}

static void ask(struct wr_load *load, uint32_t n, uint64_t planned_ns)
{
	struct load_client *client = load_client(load, n);
	struct load_request *r = load_request(load, n, client->asked);

	*r = (struct load_request) {
		.planned_ns = planned_ns,
		.sent_ns = load->now_ns,
		.measured = is_one_shot(load) ? client->measured
	                                      : load_is_measured(load, planned_ns),
	};
	load->protocol->begin(load, n, client->asked, r);
	client->asked++;
	if (!is_one_shot(load)) {
		load->quota--;
		wr_stat_add(&load->stats.outstanding, 1);
		if (r->measured) {
			LOAD_COUNT(load, requests_planned, 1);
			LOAD_COUNT(load, requests_sent, 1);
		}
	}
	if (under_way(client) == 1)
		watch(load, n, r);
	if (!client->stuck)
		send_rest(load, n, r);
}

/* ---- which client is next ---- */

static void wait_for_turn(struct wr_load *load, uint32_t n)
{
	struct load_client *client = load_client(load, n);

	if (client->waiting >= load->conf->pipeline || !wants_requests(load))
		return;
	client->waiting++;
	load_queue_push(&load->idle, n);
}

/* The client that has been idle longest; UINT32_MAX: none is. */
static uint32_t next_idle(struct wr_load *load)
{
	while (load->idle.count) {
		uint32_t n = load_queue_pop(&load->idle);
		struct load_client *client = load_client(load, n);

		client->waiting--;
		if (client->state == LOAD_OPEN && !client->ended &&
		    under_way(client) < load->conf->pipeline)
			return n;
	}
	return UINT32_MAX;
}

static bool may_ask(const struct wr_load *load)
{
	return load_is_running(load) && load->quota > 0 && wants_requests(load);
}

/* A client has its response: what does it do now? */
static void go_on(struct wr_load *load, uint32_t n)
{
	struct load_client *client = load_client(load, n);

	if (is_one_shot(load)) {
		load_client_close(load, n);
	} else if (load_has_surplus(load) && !under_way(client)) {
		load_client_close(load, n);
	} else if (load->conf->think_ns && may_ask(load)) {
		load_client_arm(load, n, load->now_ns + load->conf->think_ns);
	} else if (!is_open_loop(load) && may_ask(load)) {
		ask(load, n, load->now_ns);
	} else {
		wait_for_turn(load, n);
	}
}

static void think_no_more(struct wr_load *load, uint32_t n)
{
	if (!is_open_loop(load) && may_ask(load))
		ask(load, n, load->now_ns);
	else
		wait_for_turn(load, n);
}

/* ---- transactions of connections that serve one ---- */

static void end_transaction(struct wr_load *load)
{
	wr_stat_add(&load->stats.outstanding, (uint64_t)-1);
}

static void count_attempt(struct wr_load *load, uint32_t n)
{
	load->quota--;
	wr_stat_add(&load->stats.outstanding, 1);
	if (load_client(load, n)->measured) {
		LOAD_COUNT(load, requests_planned, 1);
		LOAD_COUNT(load, requests_sent, 1);
	}
}

/* Fast Open: the first request leaves with the SYN. */
static void ask_with_syn(struct wr_load *load, uint32_t n)
{
	bool kept = !is_one_shot(load);

	if (load->conf->mode == WR_LOAD_CONNECT ||
	    (kept && (is_open_loop(load) || !may_ask(load))))
		return;
	if (load->protocol->open)
		load->protocol->open(load, n);
	ask(load, n, kept ? load->now_ns : load_client(load, n)->planned_ns);
}

static void on_attempt(struct wr_load *load, uint32_t n)
{
	if (is_one_shot(load))
		count_attempt(load, n);
	if (load->conf->tcp.fastopen)
		ask_with_syn(load, n);
}

static void on_open(struct wr_load *load, uint32_t n)
{
	struct load_client *client = load_client(load, n);
	uint32_t asked = client->asked; /* with the SYN */

	if (!asked && load->protocol->open)
		load->protocol->open(load, n);
	if (load->conf->mode == WR_LOAD_CONNECT) {
		client->asked = client->answered = 1;
		end_transaction(load);
		if (client->measured) {
			LOAD_COUNT(load, responses, 1);
			load_time(load, WR_LATENCY_response, load->now_ns - client->planned_ns);
		}
		load_client_close(load, n);
	} else if (is_one_shot(load)) {
		if (!asked)
			ask(load, n, client->planned_ns);
	} else if (!is_open_loop(load) && may_ask(load)) {
		for (uint32_t i = asked; i < load->conf->pipeline && may_ask(load); i++)
			ask(load, n, load->now_ns);
	} else {
		for (uint32_t i = asked; i < load->conf->pipeline; i++)
			wait_for_turn(load, n);
	}
}

/* ---- receiving ---- */

static void answered(struct wr_load *load, uint32_t n, const struct load_request *r)
{
	struct load_client *client = load_client(load, n);

	if (r->measured) {
		LOAD_COUNT(load, responses, 1);
		load_time(load, WR_LATENCY_response, load->now_ns - r->planned_ns);
		load_time(load, WR_LATENCY_service, load->now_ns - r->sent_ns);
	}
	end_transaction(load);
	client->answered++;
	client->due_ns = UINT64_MAX;
	if (under_way(client))
		watch(load, n, load_request(load, n, client->answered));
}

/* Text that answers nothing: what follows could not be told from a response. */
static void unasked(struct wr_load *load, uint32_t n)
{
	struct load_client *client = load_client(load, n);

	LOAD_COUNT(load, responses_unasked, 1);
	if (client->state == LOAD_OPEN)
		load_client_break(load, n);
}

static void first_byte(struct wr_load *load, struct load_request *r)
{
	if (r->begun)
		return;
	r->begun = true;
	if (r->measured)
		load_time(load, WR_LATENCY_first_byte, load->now_ns - r->sent_ns);
}

/* One response, or a piece of it; returns how much text it took, 0: the connection ended. */
static uint32_t take(struct wr_load *load, uint32_t n, const uint8_t *text, uint32_t bytes)
{
	struct load_client *client = load_client(load, n);
	struct load_request *r = load_request(load, n, client->answered);
	uint32_t used = 0;

	first_byte(load, r);
	switch (load->protocol->take(load, n, r, text, bytes, &used)) {
	case LOAD_TOOK_MORE:
		break;
	case LOAD_TOOK_WHOLE:
		answered(load, n, r);
		go_on(load, n);
		break;
	case LOAD_TOOK_LAST:
		answered(load, n, r);
		load_client_close(load, n);
		break;
	case LOAD_TOOK_BROKEN:
		load_client_break(load, n);
		return 0;
	}
	return used;
}

static void on_data(struct wr_load *load, uint32_t n, struct rte_mbuf *m)
{
	struct load_client *client = load_client(load, n);
	const uint8_t *text = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t left = m->data_len, used;

	while (left && client->tcb) {
		if (client->asked == client->answered) {
			unasked(load, n);
			return;
		}
		used = take(load, n, text, left);
		if (!used)
			return;
		text += used;
		left -= used;
	}
}

static void on_room(struct wr_load *load, uint32_t n)
{
	if (load_client(load, n)->stuck)
		unstick(load, n);
}

static void on_peer_closed(struct wr_load *load, uint32_t n)
{
	struct load_client *client = load_client(load, n);
	struct load_request *r;

	if (client->asked == client->answered || !load->protocol->ends)
		return;
	r = load_request(load, n, client->answered);
	if (!load->protocol->ends(load, n, r))
		return;
	answered(load, n, r);
	client->state = LOAD_CLOSING;
	client->since_ns = load->now_ns;
}

/* ---- what did not come ---- */

/* Gives up what is under way on a client; `stat` says how it is counted. */
static void give_up_requests(struct wr_load *load, uint32_t n, enum wr_load_stat stat)
{
	struct load_client *client = load_client(load, n);

	for (; client->answered != client->asked; client->answered++) {
		struct load_request *r = load_request(load, n, client->answered);

		end_transaction(load);
		if (r->measured)
			wr_stat_add(&load->stats.n[stat], 1);
		if (load->protocol->missed)
			load->protocol->missed(load, n, r);
	}
}

static void on_end(struct wr_load *load, uint32_t n, bool opened)
{
	struct load_client *client = load_client(load, n);

	give_up_requests(load, n, WR_LOAD_STAT_responses_missing);
	if (!is_one_shot(load) || client->asked)
		return;
	end_transaction(load);
	if (client->measured)
		LOAD_COUNT(load, responses_missing, 1);
}

static void on_timer(struct wr_load *load, uint32_t n, uint64_t now_ns)
{
	struct load_client *client = load_client(load, n);
	const struct load_request *oldest = load_request(load, n, client->answered);

	load->now_ns = now_ns;
	if (client->state != LOAD_OPEN) {
		load_client_break(load, n); /* the server's FIN does not come */
		return;
	}
	if (!under_way(client)) {
		think_no_more(load, n);
		return;
	}
	if (client->stuck)
		unstick(load, n);
	if (!load->conf->response_timeout_ns)
		return;
	if (now_ns < oldest->sent_ns + load->conf->response_timeout_ns) {
		if (!client->stuck)
			watch(load, n, oldest);
		return;
	}
	give_up_requests(load, n, WR_LOAD_STAT_responses_timed_out);
	load_client_break(load, n);
}

/* ---- the run ---- */

static void set_rates(struct wr_load *load)
{
	if (is_one_shot(load))
		load->opens_rate = load->set.cps > 0 ? load->set.cps : load->set.rps;
	else
		load->requests_rate = load->set.rps;
}

static void start(struct wr_load *load)
{
	const struct wr_load_conf *conf = load->conf;

	set_rates(load);
	if (is_one_shot(load))
		wr_plan_start(&load->opens, &conf->schedule, load->opens_rate, load->core,
		              load->cores, load->start_ns);
	else
		wr_plan_start(&load->requests, &conf->schedule, load->requests_rate, load->core,
		              load->cores, load->start_ns);
}

static void set(struct wr_load *load, uint64_t now_ns)
{
	set_rates(load);
	if (is_one_shot(load))
		wr_plan_set_rate(&load->opens, load->opens_rate, now_ns);
	else
		wr_plan_set_rate(&load->requests, load->requests_rate, now_ns);
}

static bool run(struct wr_load *load, uint64_t now_ns)
{
	bool open_loop = is_open_loop(load);
	unsigned asked = 0;

	if (is_one_shot(load))
		return false;
	while (asked < LOAD_BURST && may_ask(load) && load->idle.count &&
	       (!open_loop || wr_plan_is_due(&load->requests, now_ns))) {
		uint32_t n = next_idle(load);

		if (n == UINT32_MAX)
			break;
		ask(load, n, open_loop ? wr_plan_take(&load->requests) : now_ns);
		asked++;
	}
	return asked > 0;
}

static uint64_t deadline(const struct wr_load *load)
{
	if (is_one_shot(load) || !may_ask(load) || !load->idle.count)
		return UINT64_MAX;
	return is_open_loop(load) ? load->requests.next_ns : load->now_ns;
}

/* Arrivals that were due within the measurement and never taken. */
uint64_t load_unsent(const struct wr_load *load, const struct wr_plan *plan, uint64_t end_ns)
{
	uint64_t late;

	if (load->quota == 0 || !load->from_ns || end_ns <= load->from_ns)
		return 0;
	late = wr_plan_late(plan, end_ns - 1);
	return plan->next_ns < load->from_ns ? late - wr_plan_late(plan, load->from_ns - 1)
	                                     : late;
}

void load_count_unsent(struct wr_load *load, const struct wr_plan *plan, uint64_t end_ns)
{
	uint64_t late = load_unsent(load, plan, end_ns);

	LOAD_COUNT(load, requests_planned, late);
	LOAD_COUNT(load, requests_unsent, late);
}

static void stop(struct wr_load *load, uint64_t end_ns)
{
	if (is_one_shot(load) && load->opens_rate > 0)
		load_count_unsent(load, &load->opens, end_ns);
	else if (!is_one_shot(load) && is_open_loop(load))
		load_count_unsent(load, &load->requests, end_ns);
}

static bool is_drained(const struct wr_load *load)
{
	return load->stats.outstanding == 0;
}

static bool on_close(struct wr_load *load, uint32_t n)
{
	if (!under_way(load_client(load, n)))
		return false;
	give_up_requests(load, n, WR_LOAD_STAT_responses_timed_out);
	load_client_break(load, n);
	return true;
}

#define REQUEST_MODE                                                                           \
	.clients = true, .requests = true, .start = start, .set = set, .run = run,             \
	.deadline = deadline, .stop = stop, .is_drained = is_drained, .on_close = on_close,    \
	.on_attempt = on_attempt, .on_open = on_open, .on_data = on_data, .on_room = on_room,  \
	.on_peer_closed = on_peer_closed, .on_end = on_end, .on_timer = on_timer

const struct load_mode load_mode_kept = {.keeps = true, REQUEST_MODE};
const struct load_mode load_mode_one_shot = {.keeps = false, REQUEST_MODE};
