/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bulk data on connections that stay: up to anybody who reads, down from a source or a
 * character generator, or both ways with an echo. As fast as the connections take it, or
 * planned by --bitrate in segments, which clients with room get in turn.
 */

#include "stream.h"

#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_malloc.h>

#define STUCK_NS    WR_MS(1)     /* tries again for a buffer after so long */
#define LINE        "\n"         /* tells a source to send without end */
#define ROUND_BYTES (256 * 1024) /* of unpaced text in a tick, at most */

struct streams {
	uint8_t *stream;     /* of all clients */
	size_t bytes;        /* of one */
	struct wr_plan plan; /* of segments */
	bool paced;
	int64_t credit;         /* paced: bytes that are due */
	struct load_queue held; /* down: clients whose text waits until it is due */
};

static struct streams *streams_of(const struct wr_load *load)
{
	return load->own;
}

static struct stream *stream_of(const struct wr_load *load, uint32_t n)
{
	const struct streams *all = load->own;

	return (struct stream *)(void *)(all->stream + n * all->bytes);
}

static bool goes_up(const struct wr_load *load)
{
	return load->conf->direction & WR_LOAD_UP;
}

static bool may_send(const struct wr_load *load)
{
	return load_is_running(load) && load->now_ns < load->until_ns;
}

/* ---- up ---- */

static void wait_for_turn(struct wr_load *load, uint32_t n)
{
	struct load_client *client = load_client(load, n);

	if (client->waiting)
		return;
	client->waiting = 1;
	load_queue_push(&load->idle, n);
}

/* Goes on with the next ACK; if none will come, after a while. */
static void wait_for_room(struct wr_load *load, uint32_t n)
{
	struct load_client *client = load_client(load, n);

	client->stuck = true;
	if (!wr_tcp_want_room(load->tcp, client->tcb))
		load_client_arm(load, n, load->now_ns + STUCK_NS);
}

/* Makes a segment and hands it to TCP; false: waits for room or a buffer. */
static bool send_segment(struct wr_load *load, uint32_t n, struct stream *s)
{
	struct wr_tcb *c = load_client(load, n)->tcb;
	struct stream_blocks blocks;
	bool has_blocks = stream_check_of(load->conf) == STREAM_CHECK_BLOCKS;
	struct rte_mbuf *m = NULL;
	uint8_t *text;

	if (wr_tcp_room(load->tcp, c) >= s->segment || !wr_tcp_want_room(load->tcp, c))
		m = load_buffer(load, s->segment, &text);
	if (!m) {
		wait_for_room(load, n);
		return false;
	}
	if (has_blocks)
		blocks = *s->blocks;
	stream_write(load, n, s, text, s->segment);
	if (wr_unlikely(wr_tcp_send(load->tcp, c, m))) {
		rte_pktmbuf_free(m);
		if (has_blocks)
			*s->blocks = blocks;
		wait_for_room(load, n);
		return false;
	}
	s->sent += s->segment;
	LOAD_COUNT(load, bytes_sent, s->segment);
	return true;
}

/* Sends until there is no room; false: more than `budget` bytes would go. */
static bool fill(struct wr_load *load, uint32_t n, uint32_t *budget)
{
	struct stream *s = stream_of(load, n);

	while (*budget >= s->segment) {
		if (!send_segment(load, n, s))
			return true;
		*budget -= s->segment;
	}
	return false;
}

static bool is_ready(const struct load_client *client)
{
	return client->state == LOAD_OPEN && !client->ended;
}

static bool run_unpaced(struct wr_load *load)
{
	uint32_t budget = ROUND_BYTES;
	bool busy = false;

	while (load->idle.count && budget) {
		uint32_t n = load_queue_pop(&load->idle);

		load_client(load, n)->waiting = 0;
		if (!is_ready(load_client(load, n)))
			continue;
		busy = true;
		if (!fill(load, n, &budget)) {
			wait_for_turn(load, n);
			break;
		}
	}
	return busy;
}

static bool run_paced(struct wr_load *load)
{
	struct streams *all = streams_of(load);
	unsigned tries = 0;

	for (; tries < LOAD_BURST && load->idle.count && all->credit > 0; tries++) {
		uint32_t n = load_queue_pop(&load->idle);
		struct stream *s = stream_of(load, n);

		load_client(load, n)->waiting = 0;
		if (!is_ready(load_client(load, n)) || !send_segment(load, n, s))
			continue;
		all->credit -= s->segment;
		wait_for_turn(load, n);
	}
	return tries > 0;
}

/* ---- down ---- */

/* Asks a source to begin; a character generator does not mind. False: no buffer. */
static void ask(struct wr_load *load, uint32_t n)
{
	struct stream *s = stream_of(load, n);
	struct rte_mbuf *m;
	uint8_t *text;

	if (s->asked || !is_ready(load_client(load, n)))
		return;
	m = load_buffer(load, sizeof(LINE) - 1, &text);
	if (m)
		text[0] = LINE[0];
	if (!m || wr_tcp_send(load->tcp, load_client(load, n)->tcb, m)) {
		rte_pktmbuf_free(m);
		load_client_arm(load, n, load->now_ns + STUCK_NS);
		return;
	}
	s->asked = true;
	LOAD_COUNT(load, bytes_sent, sizeof(LINE) - 1);
}

/* Whether text may be taken now. */
static bool may_take(const struct wr_load *load)
{
	const struct streams *all = load->own;

	return !all->paced || goes_up(load) || all->credit > 0 || !may_send(load);
}

/* Text that is not due yet stays with TCP, so that the window closes. */
static bool wants(struct wr_load *load, uint32_t n)
{
	struct streams *all = streams_of(load);
	struct stream *s = stream_of(load, n);

	if (may_take(load))
		return true;
	if (!s->held) {
		s->held = true;
		load_queue_push(&all->held, n);
	}
	return false;
}

/* Lets those who wait have what is due, oldest first. */
static bool release(struct wr_load *load)
{
	struct streams *all = streams_of(load);
	uint32_t most = wr_min(all->held.count, LOAD_BURST), i = 0;

	for (; i < most && may_take(load); i++) {
		uint32_t n = load_queue_pop(&all->held);

		stream_of(load, n)->held = false;
		if (load_client(load, n)->tcb)
			wr_tcp_resume(load->tcp, load_client(load, n)->tcb);
	}
	return i > 0;
}

/* ---- events ---- */

static void begin(struct wr_load *load, uint32_t n)
{
	if (goes_up(load))
		wait_for_turn(load, n);
	else
		ask(load, n);
}

static void on_open(struct wr_load *load, uint32_t n)
{
	struct stream *s = stream_of(load, n);
	bool held = s->held; /* it still stands in the queue */
	struct wr_tcp_info info;

	memset(s, 0, streams_of(load)->bytes);
	s->held = held;
	wr_tcp_info_get(load->tcp, load_client(load, n)->tcb, &info);
	s->segment = wr_min(load->segment_bytes, info.mss);
	if (load_is_running(load))
		begin(load, n);
}

static void on_data(struct wr_load *load, uint32_t n, struct rte_mbuf *m)
{
	if (!goes_up(load))
		streams_of(load)->credit -= m->data_len;
	stream_check(load, n, stream_of(load, n), rte_pktmbuf_mtod(m, const uint8_t *),
	             m->data_len);
}

static void on_room(struct wr_load *load, uint32_t n)
{
	struct load_client *client = load_client(load, n);
	uint32_t budget = ROUND_BYTES;

	if (!client->stuck || !goes_up(load) || !may_send(load) || client->state != LOAD_OPEN)
		return;
	client->stuck = false;
	if (streams_of(load)->paced || !fill(load, n, &budget))
		wait_for_turn(load, n);
}

static void on_end(struct wr_load *load, uint32_t n, bool opened)
{
	if (opened)
		stream_check_end(load, stream_of(load, n));
}

static void on_timer(struct wr_load *load, uint32_t n, uint64_t now_ns)
{
	struct load_client *client = load_client(load, n);

	if (client->state == LOAD_CLOSING)
		load_client_break(load, n); /* the server's FIN does not come */
	else if (!goes_up(load))
		ask(load, n);
	else
		on_room(load, n);
}

static void on_peer_closed(struct wr_load *load, uint32_t n)
{
}

/* ---- the run ---- */

static double segments_a_second(const struct wr_load *load)
{
	return load->set.bitrate / 8 / load->segment_bytes;
}

static void start(struct wr_load *load)
{
	struct streams *all = streams_of(load);

	all->paced = load->set.bitrate > 0;
	all->credit = 0;
	wr_plan_start(&all->plan, &load->conf->schedule, segments_a_second(load), load->core,
	              load->cores, load->start_ns);
	for (uint32_t n = 0; n < load->clients; n++)
		if (is_ready(load_client(load, n)))
			begin(load, n);
}

static void set(struct wr_load *load, uint64_t now_ns)
{
	struct streams *all = streams_of(load);

	if (!all->paced)
		all->credit = 0;
	all->paced = load->set.bitrate > 0;
	wr_plan_set_rate(&all->plan, segments_a_second(load), now_ns);
}

static bool earn(struct wr_load *load, uint64_t now_ns)
{
	struct streams *all = streams_of(load);
	unsigned due = 0;

	for (; due < LOAD_BURST && wr_plan_is_due(&all->plan, now_ns); due++) {
		wr_plan_take(&all->plan);
		all->credit += load->segment_bytes;
	}
	return due > 0;
}

static bool run(struct wr_load *load, uint64_t now_ns)
{
	bool busy;

	if (!may_send(load))
		return false;
	busy = earn(load, now_ns);
	if (!goes_up(load))
		return release(load) || busy;
	return (streams_of(load)->paced ? run_paced(load) : run_unpaced(load)) || busy;
}

static uint64_t deadline(const struct wr_load *load)
{
	const struct streams *all = streams_of(load);

	if (goes_up(load) && load->idle.count && (!all->paced || all->credit > 0))
		return load->now_ns;
	return all->plan.next_ns;
}

/* What was held back is taken now, so that connections can end in order. */
static void stop(struct wr_load *load, uint64_t end_ns)
{
	struct streams *all = streams_of(load);

	all->paced = false;
	while (all->held.count)
		release(load);
}

/* ---- memory ---- */

static size_t stream_bytes(const struct wr_load_conf *conf)
{
	bool has_blocks = stream_check_of(conf) == STREAM_CHECK_BLOCKS;

	return RTE_ALIGN_CEIL(sizeof(struct stream) +
	                              (has_blocks ? sizeof(struct stream_blocks) : 0),
	                      WR_CACHE_LINE);
}

static uint64_t bytes(const struct wr_load_conf *conf, uint32_t cores)
{
	uint64_t n = load_share(conf->set.connections, 0, cores);

	return sizeof(struct streams) + n * stream_bytes(conf) + load_queue_bytes(n);
}

static int init(struct wr_load *load, int socket, struct wr_err *err)
{
	struct streams *all =
		rte_zmalloc_socket("load streams", sizeof(*all), WR_CACHE_LINE, socket);

	load->own = all;
	if (!all)
		return -ENOMEM;
	all->bytes = stream_bytes(load->conf);
	all->stream = rte_zmalloc_socket("load streams", all->bytes * wr_max(load->clients, 1),
	                                 WR_CACHE_LINE, socket);
	if (!all->stream || load_queue_init(&all->held, load->clients, socket))
		return -ENOMEM;
	return 0;
}

static void fini(struct wr_load *load)
{
	struct streams *all = load->own;

	if (!all)
		return;
	load_queue_fini(&all->held);
	rte_free(all->stream);
	rte_free(all);
}

const struct load_mode load_mode_stream = {
	.keeps = true,
	.clients = true,
	.timed = true,
	.bytes = bytes,
	.init = init,
	.fini = fini,
	.start = start,
	.set = set,
	.run = run,
	.deadline = deadline,
	.stop = stop,
	.on_open = on_open,
	.wants = wants,
	.on_data = on_data,
	.on_room = on_room,
	.on_peer_closed = on_peer_closed,
	.on_end = on_end,
	.on_timer = on_timer,
};
