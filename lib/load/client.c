/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections of ours: opened when they are due, closed as --close says, opened again. */

#include <errno.h>

#include <rte_common.h>
#include <rte_malloc.h>

#include "load.h"

#define OPENING_MOST  1024     /* handshakes under way without --cps */
#define ADDRESSES_TRY 8        /* of the pool, when there is no port */
#define RETRY_NS      WR_MS(1) /* after there was no port, record or buffer */
#define BACKOFF_NS    WR_MS(100)
#define BACKOFF_MOST  WR_S(10)
#define REFUSED_NS    WR_MS(1) /* of a closed loop whose attempts fail: doubled up to 1 s */
#define REFUSED_MOST  WR_S(1)
#define TIMERS_TICK   256

/* ---- queues of numbers ---- */

static uint64_t slots(uint64_t entries)
{
	return entries ? rte_align64pow2(entries) : 1;
}

uint64_t load_queue_bytes(uint64_t entries)
{
	return slots(entries) * sizeof(uint32_t);
}

int load_queue_init(struct load_queue *queue, uint64_t entries, int socket)
{
	queue->slot = rte_zmalloc_socket("load queue", load_queue_bytes(entries), WR_CACHE_LINE,
	                                 socket);
	queue->mask = (uint32_t)slots(entries) - 1;
	queue->head = queue->count = 0;
	return queue->slot ? 0 : -ENOMEM;
}

void load_queue_fini(struct load_queue *queue)
{
	rte_free(queue->slot);
}

/* ---- addresses ---- */

static uint32_t count_addrs(const struct wr_load_conf *conf)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < conf->clients; i++)
		n += conf->client[i].last - conf->client[i].first + 1;
	return n;
}

void load_addrs_init(struct wr_load *load)
{
	load->pool_addrs = count_addrs(load->conf);
	load->next_addr = load->pool_addrs ? wr_prng_below(&load->prng, load->pool_addrs) : 0;
}

uint32_t load_next_addr(struct wr_load *load)
{
	const struct wr_load_conf *conf = load->conf;
	uint32_t n;

	if (!load->pool_addrs)
		return 0; /* TCP chooses by route */
	n = load->next_addr++ % load->pool_addrs;
	for (unsigned i = 0; i < conf->clients; i++) {
		uint32_t size = conf->client[i].last - conf->client[i].first + 1;

		if (n < size)
			return conf->client[i].first + n;
		n -= size;
	}
	return 0;
}

/* ---- timers ---- */

static uint32_t tick_of(const struct wr_load *load)
{
	return wr_tick_now(load->now_ns / 1000);
}

void load_client_arm(struct wr_load *load, uint32_t n, uint64_t due_ns)
{
	uint64_t delay_us = due_ns > load->now_ns ? (due_ns - load->now_ns) / 1000 : 0;

	load->client[n].due_ns = due_ns;
	wr_wheel_arm(load->wheel, n, wr_tick_after(tick_of(load), delay_us));
}

static void ring(struct wr_load *load, uint32_t n, uint64_t now_ns)
{
	struct load_client *client = &load->client[n];

	if (client->due_ns == UINT64_MAX)
		return;
	if (client->due_ns > now_ns) {
		load_client_arm(load, n, client->due_ns);
		return;
	}
	client->due_ns = UINT64_MAX;
	if (client->state == LOAD_CLOSED)
		load_queue_push(&load->free, n); /* the backoff is over */
	else
		load->mode->on_timer(load, n, now_ns);
}

bool load_timers_run(struct wr_load *load, uint64_t now_ns)
{
	uint32_t due[TIMERS_TICK];
	unsigned n = wr_wheel_expire(load->wheel, wr_tick_now(now_ns / 1000), due, TIMERS_TICK);

	for (unsigned i = 0; i < n; i++)
		ring(load, due[i], now_ns);
	return n > 0;
}

/* ---- the end of a connection ---- */

static uint64_t doubled(uint64_t ns, unsigned times, uint64_t most)
{
	return times < 16 && ns << times < most ? ns << times : most;
}

/* A place whose connection failed or broke: when may it try again? */
static void retire(struct wr_load *load, uint32_t n)
{
	struct load_client *client = &load->client[n];
	bool planned = load->opens_rate > 0;
	unsigned failures = client->failures;

	if (!load->mode->keeps) {
		if (failures == 0 || planned)
			load_queue_push(&load->free, n);
		else
			load_client_arm(
				load, n,
				load->now_ns + doubled(REFUSED_NS, failures - 1, REFUSED_MOST));
		return;
	}
	switch (load->conf->reconnect) {
	case WR_LOAD_RECONNECT_NEVER:
		load->gone++;
		return;
	case WR_LOAD_RECONNECT_AT_ONCE:
		load_queue_push(&load->free, n);
		break;
	case WR_LOAD_RECONNECT_BACKOFF:
		load_client_arm(load, n,
		                load->now_ns + doubled(BACKOFF_NS, failures, BACKOFF_MOST));
		break;
	}
	LOAD_COUNT(load, connections_reopened, 1);
}

/* Whether the connection ended as we wanted it to. */
static bool ended_well(const struct load_client *client, enum wr_reason reason)
{
	return client->state == LOAD_CLOSING &&
	       (reason == WR_REASON_finished || reason == WR_REASON_aborted);
}

static void count_end(struct wr_load *load, struct load_client *client, enum wr_reason reason)
{
	wr_stat_add(&load->stats.reason[reason], 1);
	if (!client->opened) {
		wr_stat_add(&load->stats.opening, (uint64_t)-1);
		if (client->state != LOAD_CLOSING)
			LOAD_COUNT(load, connections_failed, 1);
		return;
	}
	wr_stat_add(&load->stats.open, (uint64_t)-1);
	if (!ended_well(client, reason)) {
		LOAD_COUNT(load, connections_broken, 1);
		return;
	}
	LOAD_COUNT(load, connections_closed, 1);
	if (reason == WR_REASON_finished && client->measured)
		load_time(load, WR_LATENCY_close, load->now_ns - client->since_ns);
}

/* ---- events of TCP ---- */

static struct load_client *client_of(const struct wr_tcb *c)
{
	struct load_client *client = wr_tcb_user(c);

	client->load->now_ns = wr_stack_now_ns(client->load->stack);
	return client;
}

static bool on_open(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct load_client *client = client_of(c);
	struct wr_load *load = client->load;

	wr_stat_add(&load->stats.opening, (uint64_t)-1);
	wr_stat_add(&load->stats.open, 1);
	LOAD_COUNT(load, connections_opened, 1);
	if (load->mode->keeps || client->measured)
		load_time(load, WR_LATENCY_connect, load->now_ns - client->since_ns);
	client->state = LOAD_OPEN;
	client->since_ns = load->now_ns;
	client->opened = true;
	client->failures = 0;
	load->mode->on_open(load, load_client_number(client));
	return true;
}

static void count_text(struct wr_load *load, uint32_t bytes)
{
	if (load->mode->timed && load->until_ns && load->now_ns >= load->until_ns)
		LOAD_COUNT(load, bytes_received_late, bytes);
	else
		LOAD_COUNT(load, bytes_received, bytes);
}

static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	struct load_client *client = client_of(c);
	struct wr_load *load = client->load;
	uint32_t n = load_client_number(client);

	if (load->mode->wants && !load->mode->wants(load, n))
		return false;
	count_text(load, m->pkt_len);
	load->mode->on_data(load, n, m);
	rte_pktmbuf_free(m);
	return true;
}

static void on_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct load_client *client = client_of(c);

	client->load->mode->on_room(client->load, load_client_number(client));
}

static void on_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct load_client *client = client_of(c);
	struct wr_load *load = client->load;

	client->ended = true;
	load->mode->on_peer_closed(load, load_client_number(client));
	if (client->tcb)
		wr_tcp_close(load->tcp, client->tcb);
}

/* As long as connections end, there is time for the others. */
static void note_progress(struct wr_load *load)
{
	if (load->phase != WR_LOAD_CLOSING)
		return;
	load->phase_ns = load->now_ns;
	load->closing -= load->closing > 0;
}

static void on_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	struct load_client *client = client_of(c);
	struct wr_load *load = client->load;
	uint32_t n = load_client_number(client);
	bool well = client->opened && ended_well(client, reason);

	count_end(load, client, reason);
	note_progress(load);
	client->tcb = NULL;
	client->due_ns = UINT64_MAX;
	load->mode->on_end(load, n, client->opened);
	client->state = LOAD_CLOSED;
	if (well) {
		load_queue_push(&load->free, n);
		return;
	}
	if (!client->opened && client->failures < UINT8_MAX)
		client->failures++;
	retire(load, n);
}

static const struct wr_tcp_events events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_room = on_room,
	.on_peer_closed = on_peer_closed,
	.on_closed = on_closed,
};

/* ---- opening ---- */

static int connect_from_pool(struct wr_load *load, struct load_client *client)
{
	const struct wr_load_conf *conf = load->conf;
	struct wr_tcp_connect to = {
		.lport_low = conf->port_low,
		.lport_high = conf->port_high,
		.raddr = conf->target,
		.rport = conf->port,
		.events = &events,
		.user = client,
		.options = conf->tcp,
	};
	unsigned tries = wr_max(wr_min(load->pool_addrs, ADDRESSES_TRY), 1);
	int rc = -EADDRNOTAVAIL;

	for (unsigned i = 0; i < tries && rc == -EADDRNOTAVAIL; i++) {
		to.laddr = load_next_addr(load);
		rc = wr_tcp_connect(load->tcp, &to, &client->tcb);
	}
	return rc;
}

/* Opens the next free client; false: not now, and nothing has changed. */
static bool open_one(struct wr_load *load, uint64_t planned_ns)
{
	uint32_t n = load_queue_pop(&load->free);
	struct load_client *client = &load->client[n];
	int rc;

	*client = (struct load_client) {
		.load = load,
		.planned_ns = planned_ns,
		.since_ns = load->now_ns,
		.due_ns = UINT64_MAX,
		.state = LOAD_OPENING,
		.waiting = client->waiting,
		.failures = client->failures,
		.measured = load_is_measured(load, planned_ns),
	};
	rc = connect_from_pool(load, client);
	if (rc) {
		client->state = LOAD_CLOSED;
		load->free.head--; /* back to where it was */
		load->free.count++;
		load->free.slot[load->free.head & load->free.mask] = n;
		load->retry_ns = load->now_ns + RETRY_NS;
		if (rc == -ENOBUFS)
			LOAD_COUNT(load, no_records, 1);
		else
			LOAD_COUNT(load, no_ports, 1);
		return false;
	}
	LOAD_COUNT(load, connections_attempted, 1);
	wr_stat_add(&load->stats.opening, 1);
	if (load->mode->on_attempt)
		load->mode->on_attempt(load, n);
	return true;
}

/* Places that have a connection, or wait for the end of a backoff. */
static uint32_t in_use(const struct wr_load *load)
{
	return load->clients - load->free.count;
}

static bool may_open(const struct wr_load *load)
{
	return load->free.count && in_use(load) < load->wanted &&
	       load->now_ns >= load->retry_ns;
}

static bool has_quota(const struct wr_load *load)
{
	return load->mode->keeps || load->quota > 0;
}

/* Of connections that stay, those that need not be opened are not late either. */
static void resume_plan(struct wr_load *load, uint64_t now_ns)
{
	if (!load->opens_paused)
		return;
	load->opens_paused = false;
	wr_plan_start(&load->opens, load->opens.schedule, load->opens_rate, load->core,
	              load->cores, now_ns);
}

static bool open_planned(struct wr_load *load, uint64_t now_ns)
{
	unsigned n = 0;

	if (load->mode->keeps && !may_open(load)) {
		load->opens_paused = true;
		return false;
	}
	resume_plan(load, now_ns);
	while (n < LOAD_BURST && may_open(load) && has_quota(load) &&
	       wr_plan_is_due(&load->opens, now_ns) && open_one(load, load->opens.next_ns)) {
		wr_plan_take(&load->opens);
		LOAD_COUNT(load, connections_planned, 1);
		n++;
	}
	return n > 0;
}

static bool open_at_once(struct wr_load *load, uint64_t now_ns)
{
	unsigned n = 0;

	while (n < LOAD_BURST && may_open(load) && has_quota(load) &&
	       load->stats.opening < OPENING_MOST && open_one(load, now_ns))
		n++;
	return n > 0;
}

bool load_open_due(struct wr_load *load, uint64_t now_ns)
{
	return load->opens_rate > 0 ? open_planned(load, now_ns) : open_at_once(load, now_ns);
}

uint64_t load_open_deadline(const struct wr_load *load)
{
	uint64_t ns = load->now_ns;

	if (!load->free.count || in_use(load) >= load->wanted || !has_quota(load))
		return UINT64_MAX;
	if (load->opens_rate > 0 && !load->opens_paused)
		ns = load->opens.next_ns;
	else if (load->stats.opening >= OPENING_MOST)
		return UINT64_MAX;
	return ns > load->retry_ns ? ns : load->retry_ns;
}

/* ---- closing ---- */

void load_client_close(struct wr_load *load, uint32_t n)
{
	struct load_client *client = &load->client[n];

	client->state = LOAD_CLOSING;
	client->since_ns = load->now_ns;
	client->due_ns = UINT64_MAX;
	switch (load->conf->close) {
	case WR_LOAD_CLOSE_FIN:
		wr_tcp_close(load->tcp, client->tcb);
		break;
	case WR_LOAD_CLOSE_RESET:
		wr_tcp_abort(load->tcp, client->tcb);
		break;
	case WR_LOAD_CLOSE_SERVER:
		if (client->ended || load->phase >= WR_LOAD_CLOSING)
			wr_tcp_close(load->tcp, client->tcb);
		else if (load->conf->response_timeout_ns)
			load_client_arm(load, n,
			                load->now_ns + load->conf->response_timeout_ns);
		break;
	}
}

void load_client_break(struct wr_load *load, uint32_t n)
{
	struct load_client *client = &load->client[n];

	if (client->state == LOAD_CLOSING)
		client->state = LOAD_OPEN; /* it did not end as it should */
	wr_tcp_abort(load->tcp, client->tcb);
}

bool load_shrink(struct wr_load *load)
{
	unsigned closed = 0;

	while (closed < LOAD_BURST && in_use(load) - closed > load->wanted &&
	       load->idle.count) {
		uint32_t n = load_queue_pop(&load->idle);
		struct load_client *client = &load->client[n];

		client->waiting--;
		if (client->state != LOAD_OPEN || client->asked != client->answered)
			continue;
		load_client_close(load, n);
		closed++;
	}
	return closed > 0;
}

bool load_has_surplus(const struct wr_load *load)
{
	return in_use(load) > load->wanted;
}

bool load_close_all(struct wr_load *load)
{
	unsigned told = 0;

	while (load->close_cursor < load->clients && told < LOAD_BURST &&
	       (load->closing < LOAD_CLOSING_MOST || load->aborting)) {
		uint32_t n = load->close_cursor++;
		struct load_client *client = &load->client[n];

		if (!client->tcb)
			continue;
		told++;
		if (load->aborting) {
			load_client_break(load, n);
			continue;
		}
		load->closing++;
		if (client->state == LOAD_OPEN) {
			if (!load->mode->on_close || !load->mode->on_close(load, n))
				load_client_close(load, n);
		} else if (client->state == LOAD_OPENING) {
			client->state = LOAD_CLOSING;
			wr_tcp_abort(load->tcp, client->tcb);
		} else if (!client->ended) { /* waits for the server's FIN no longer */
			wr_tcp_close(load->tcp, client->tcb);
		}
	}
	return load->close_cursor == load->clients && !load->stats.open && !load->stats.opening;
}

void load_abort_all(struct wr_load *load)
{
	for (uint32_t n = 0; n < load->clients; n++)
		if (load->client[n].tcb)
			load_client_break(load, n);
}

/* ---- tables ---- */

static uint64_t places(const struct wr_load_conf *conf, uint32_t cores)
{
	return (conf->set.connections + cores - 1) / cores;
}

static uint64_t waiting_most(const struct wr_load_conf *conf, uint64_t clients)
{
	return clients * conf->pipeline;
}

uint64_t load_clients_bytes(const struct wr_load_conf *conf, uint32_t cores)
{
	uint64_t n = places(conf, cores);

	return n * (sizeof(struct load_client) + conf->pipeline * sizeof(struct load_request)) +
	       load_queue_bytes(n) + load_queue_bytes(waiting_most(conf, n)) +
	       wr_wheel_bytes((uint32_t)n);
}

int load_clients_init(struct wr_load *load, int socket)
{
	const struct wr_load_conf *conf = load->conf;
	uint32_t n = (uint32_t)load_share(conf->set.connections, load->core, load->cores);

	load->clients = load->wanted = n;
	load->client = rte_zmalloc_socket("load clients", wr_max(n, 1) * sizeof(*load->client),
	                                  WR_CACHE_LINE, socket);
	load->request = rte_zmalloc_socket(
		"load requests", (size_t)wr_max(n, 1) * conf->pipeline * sizeof(*load->request),
		WR_CACHE_LINE, socket);
	load->wheel = wr_wheel_new(wr_max(n, 1), tick_of(load), socket);
	if (!load->client || !load->request || !load->wheel ||
	    load_queue_init(&load->free, n, socket) ||
	    load_queue_init(&load->idle, waiting_most(conf, n), socket))
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		load->client[i].load = load;
		load->client[i].due_ns = UINT64_MAX;
		load_queue_push(&load->free, i);
	}
	return 0;
}

void load_clients_fini(struct wr_load *load)
{
	rte_free(load->client);
	rte_free(load->request);
	wr_wheel_free(load->wheel);
	load_queue_fini(&load->free);
	load_queue_fini(&load->idle);
}
