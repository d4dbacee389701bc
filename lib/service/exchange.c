/* SPDX-License-Identifier: BSD-3-Clause */
#include "exchange.h"

#define LINGER_BYTES                                                                           \
	(1 << 20)             /* thrown away after we closed, at most: RFC 9112 section 9.6    \
	                       */
#define BIG_ANSWER (64 << 10) /* unread text that keeps a connection under watch */

#define RECORDS_AT RTE_CACHE_LINE_ROUNDUP(sizeof(struct service_exchange_core))

static struct service_exchange_core *state_of(const struct wr_service_core *core)
{
	return core->state;
}

/* ---- life ---- */

uint64_t service_exchange_bytes(const struct service_exchange_ops *ops,
                                const struct wr_service_conf *conf)
{
	return RECORDS_AT +
	       (uint64_t)service_records_for(conf->connections) * ops->record_bytes;
}

void service_exchange_begin(struct wr_service_core *core,
                            const struct service_exchange_ops *ops,
                            const struct wr_service_conf *conf)
{
	struct service_exchange_core *state = core->state;

	state->ops = ops;
	service_records_init(&state->records, (char *)core->state + RECORDS_AT,
	                     service_records_for(conf->connections), ops->record_bytes,
	                     conf->request_timeout_us);
}

static void drop_buffers(struct service_exchange *x)
{
	rte_pktmbuf_free(x->input);
	rte_pktmbuf_free(x->out);
	x->input = x->out = NULL;
}

static void give_back(struct service_exchange *x)
{
	drop_buffers(x);
	service_record_give(&state_of(x->r.core)->records, x);
}

void service_exchange_end(struct wr_service_core *core)
{
	struct service_exchange *x;
	uint32_t cursor = 0;

	while ((x = service_record_next(&state_of(core)->records, &cursor)))
		drop_buffers(x);
}

/* ---- writing ---- */

char *service_exchange_room(struct service_exchange *x, uint32_t bytes)
{
	if (x->out && x->out->data_len + bytes > service_segment(x->r.core))
		return NULL;
	if (!x->out)
		x->out = service_buffer(x->r.core);
	return x->out ? rte_pktmbuf_mtod_offset(x->out, char *, x->out->data_len) : NULL;
}

void service_exchange_wrote(struct service_exchange *x, uint32_t bytes)
{
	x->out->data_len = (uint16_t)(x->out->data_len + bytes);
	x->out->pkt_len = x->out->data_len;
	x->r.moved += bytes;
}

static enum service_sent flush(struct service_exchange *x)
{
	uint64_t left = x->stream.left;
	enum service_sent sent;

	if (x->out && x->out->data_len) {
		sent = service_send(x->r.core, x->r.c, x->out);
		if (sent != SERVICE_SENT_ALL)
			return sent;
		x->out = NULL;
	}
	sent = service_stream_send(x->r.core, x->r.c, &x->stream);
	x->r.moved += left - x->stream.left;
	return sent;
}

/* ---- the course of a connection ---- */

static void end_late(struct service_exchange *x)
{
	WR_COUNT(x->r.core->stats, service_timeouts, 1);
	wr_tcp_abort(x->r.core->tcp, x->r.c);
}

static void refuse(struct service_exchange *x)
{
	WR_COUNT(x->r.core->stats, service_refused, 1);
	wr_tcp_abort(x->r.core->tcp, x->r.c);
}

/* The connection is closed from our side; a peer that goes on sending gets so much patience. */
static void throw_away(struct service_exchange *x, struct rte_mbuf *m)
{
	x->thrown_away += m->data_len;
	x->r.moved += m->data_len;
	rte_pktmbuf_free(m);
	if (x->thrown_away > LINGER_BYTES)
		refuse(x);
}

static bool has_work(const struct service_exchange *x)
{
	return x->input || x->pending;
}

static enum service_step read_on(struct service_exchange *x)
{
	const struct service_exchange_ops *ops = state_of(x->r.core)->ops;
	enum service_step step = SERVICE_STEP_ON;

	while (has_work(x) && step == SERVICE_STEP_ON && !x->stream.left && !x->ends) {
		uint32_t before = x->input ? x->input->data_len : 0;

		step = ops->read(x);
		x->pending = step == SERVICE_STEP_FLUSH;
		if (!x->input)
			continue;
		x->r.moved += before - x->input->data_len;
		if (!x->input->data_len) {
			rte_pktmbuf_free(x->input);
			x->input = NULL;
		}
	}
	return step;
}

enum outcome {
	FINISHED, /* all that came was read, all that was written is the engine's */
	WAITS,    /* until the peer acknowledges text */
	STARVED,  /* there is no buffer, and nothing will tell when there is one */
	REFUSED,
};

static const enum outcome outcome_of[] = {
	[SERVICE_SENT_ALL] = FINISHED,
	[SERVICE_SENT_SOME] = WAITS,
	[SERVICE_SENT_NONE] = STARVED,
};

static enum outcome work(struct service_exchange *x)
{
	for (;;) {
		enum service_step step = read_on(x);
		enum service_sent sent;

		if (step == SERVICE_STEP_REFUSE)
			return REFUSED;
		if (step == SERVICE_STEP_FLUSH && !x->out)
			return wr_tcp_want_room(x->r.core->tcp, x->r.c) ? WAITS : STARVED;
		sent = flush(x);
		if (sent != SERVICE_SENT_ALL || !has_work(x) || x->ends)
			return outcome_of[sent];
	}
}

/* Whether the record is needed no more. */
static bool is_done(const struct service_exchange *x)
{
	return state_of(x->r.core)->ops->is_idle(x) && wr_tcp_queued(x->r.c) < BIG_ANSWER;
}

static void finish(struct service_exchange *x)
{
	if (x->ends || x->peer_closed) {
		drop_buffers(x);
		x->closed = true;
		wr_tcp_close(x->r.core->tcp, x->r.c);
	} else if (is_done(x)) {
		give_back(x);
		return;
	}
	service_watch(&state_of(x->r.core)->records, x);
}

static void serve(struct service_exchange *x)
{
	x->waits = false;
	switch (work(x)) {
	case FINISHED:
		finish(x);
		break;
	case WAITS:
		x->waits = true;
		service_watch(&state_of(x->r.core)->records, x);
		break;
	case STARVED:
		wr_tcp_abort(x->r.core->tcp, x->r.c);
		break;
	case REFUSED:
		refuse(x);
		break;
	}
}

void service_exchange_step(struct service_exchange *x, enum service_step step)
{
	if (step == SERVICE_STEP_REFUSE)
		refuse(x);
	else
		serve(x);
}

/* ---- events ---- */

bool service_exchange_on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	struct wr_service_core *core = service_core_of(c);
	struct service_exchange *x = service_record_of(c);

	if (x && x->waits)
		return false;
	if (!x) {
		x = service_record_take(&state_of(core)->records, core, c);
		if (!x) { /* more of them under way than there are records */
			rte_pktmbuf_free(m);
			WR_COUNT(core->stats, service_refused, 1);
			wr_tcp_abort(tcp, c);
			return true;
		}
		state_of(core)->ops->begin(x);
	}
	if (x->closed) {
		throw_away(x, m);
		return true;
	}
	x->input = m;
	serve(x);
	return true;
}

void service_exchange_on_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct service_exchange *x = service_record_of(c);

	if (x && x->waits) {
		serve(x);
		x = service_record_of(c); /* it may be gone */
	}
	if (!x || !x->waits)
		wr_tcp_resume(tcp, c);
}

/* What was asked before the FIN is answered; half a request is forgotten. */
void service_exchange_on_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct service_exchange *x = service_record_of(c);

	if (x)
		x->peer_closed = true;
	if (!x || !x->waits)
		wr_tcp_close(tcp, c);
}

void service_exchange_on_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	struct service_exchange *x = service_record_of(c);

	if (x)
		give_back(x);
}

/* ---- time ---- */

static bool look(void *record, uint64_t now_us)
{
	struct service_exchange *x = record;
	const struct service_exchange_core *state = state_of(x->r.core);
	struct wr_tcb *c = x->r.c;
	bool stuck = service_is_stuck(&state->records, x);

	if (x->closed || x->waits || wr_tcp_queued(c)) {
		if (stuck)
			end_late(x);
	} else if (state->ops->is_idle(x)) {
		give_back(x);
	} else {
		switch (state->ops->look(x, stuck, now_us)) {
		case SERVICE_IN_TIME:
			break;
		case SERVICE_LATE:
			end_late(x);
			break;
		case SERVICE_LATE_ANSWERED:
			WR_COUNT(x->r.core->stats, service_timeouts, 1);
			serve(x);
			break;
		}
	}
	return service_record_of(c);
}

bool service_exchange_run(struct wr_service_core *core, uint64_t now_us)
{
	return service_watch_run(&state_of(core)->records, now_us, look);
}

uint64_t service_exchange_deadline(const struct wr_service_core *core)
{
	return service_watch_deadline(&state_of(core)->records);
}
