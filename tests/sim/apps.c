/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What connections are for: bulk, request and response, slow readers, half
 * close, abort. All are one application with different numbers; see struct
 * sim_end_plan.
 */

#include <errno.h>
#include <string.h>

#include "sim.h"

#define RETRY_NS WR_MS(10) /* when there was no buffer */

/* ---- text ---- */

#define PERIOD 65521 /* bytes: no power of two, so that what is misplaced differs */

const uint8_t *sim_text(const struct sim_flow *flow, unsigned side, uint32_t at)
{
	static uint8_t text[2 * PERIOD];
	static bool made;

	for (uint32_t i = 0; !made && i < sizeof(text); i++)
		text[i] = (uint8_t)((i % PERIOD + 1) * 2654435761u >> 23);
	made = true;
	return text + (at + UINT64_C(7777) * (flow->index * 2 + side)) % PERIOD;
}

/* ---- which connection ---- */

static struct sim_flow *flow_by_tuple(struct sim *sim, const uint32_t addr[SIM_SIDES],
                                      uint16_t port0, uint16_t port1)
{
	for (unsigned i = 0; i < sim->plan->flows; i++) {
		struct sim_flow *flow = &sim->flow[i];

		if (flow->started && flow->port[0] == port0 && flow->port[1] == port1 &&
		    sim->plan->host[flow->plan->host[0]].addr == addr[0] &&
		    sim->plan->host[flow->plan->host[1]].addr == addr[1])
			return flow;
	}
	return NULL;
}

struct sim_flow *sim_flow_of(struct sim *sim, unsigned from, const struct sim_segment *seg)
{
	const uint32_t there[] = {seg->src, seg->dst}, back[] = {seg->dst, seg->src};

	return from == 0 ? flow_by_tuple(sim, there, seg->sport, seg->dport)
	                 : flow_by_tuple(sim, back, seg->dport, seg->sport);
}

/* The end of a connection just opened: of an active open it is the user, else it is found. */
static struct sim_end *end_of(struct wr_tcb *c)
{
	struct sim_core *core;
	struct sim_flow *flow;
	struct wr_tuple tuple;
	struct sim_end *end;

	wr_tcb_tuple(c, &tuple);
	core = wr_tcb_user(c);
	flow = flow_by_tuple(core->host->sim, (uint32_t[]) {tuple.raddr, tuple.laddr},
	                     tuple.rport, tuple.lport);
	if (!flow)
		return NULL;
	end = &flow->end[1];
	/*
	 * A cookie that comes late opens what is over, RFC 4987 section 3.6, and so does a SYN
	 * with text, RFC 7413 section 2.1.
	 */
	if (end->closed && (sim_sends_cookies(core->host->plan) || flow->plan->fastopen))
		return NULL;
	end->core = core;
	return end;
}

/* ---- sending ---- */

/* Bytes that may have been sent by now: request and response take turns. */
static uint32_t allowed(const struct sim_end *end)
{
	const struct sim_end_plan *peer = end->flow->end[!end->side].plan;
	uint64_t turns;

	if (!end->plan->turn)
		return end->plan->text;
	turns = end->received / peer->turn + (end->side == 0);
	return (uint32_t)RTE_MIN((uint64_t)end->plan->text, turns * end->plan->turn);
}

static struct rte_mbuf *text_buffer(struct sim_end *end, uint32_t n)
{
	struct rte_mempool *pool = end->core->host->pool;
	struct rte_mbuf *m;
	uint8_t *p;

	/* An application that takes the last buffers would be its own undoing. */
	if (rte_mempool_avail_count(pool) < end->core->host->pool_size / 8)
		return NULL;
	m = rte_pktmbuf_alloc(pool);
	if (!m)
		return NULL;
	p = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)n);
	memcpy(p, sim_text(end->flow, end->side, end->queued), n);
	return m;
}

static void maybe_close(struct wr_tcp *tcp, struct sim_end *end)
{
	bool sent = end->queued == end->plan->text, received = end->received == end->expected;

	if (!end->c || end->closing || !end->opened)
		return;
	switch (end->plan->closing) {
	case SIM_CLOSE_AFTER_SENDING:
		end->closing = sent;
		break;
	case SIM_CLOSE_AFTER_PEER:
		end->closing = sent && end->eof;
		break;
	case SIM_CLOSE_AFTER_ALL:
		end->closing = sent && received;
		break;
	}
	if (end->closing)
		wr_tcp_close(tcp, end->c);
}

static void send_text(struct wr_tcp *tcp, struct sim_end *end)
{
	struct sim *sim = end->sim;
	uint32_t room =
		rte_pktmbuf_data_room_size(end->core->host->pool) - RTE_PKTMBUF_HEADROOM;
	uint32_t may = allowed(end);

	while (end->c && end->queued < may && end->write_due_ns <= sim->now_ns) {
		uint32_t n = wr_min(wr_min(end->plan->chunk, room), may - end->queued);
		struct rte_mbuf *m = text_buffer(end, n);
		int rc;

		if (!m) {
			end->write_due_ns = sim->now_ns + RETRY_NS;
			return;
		}
		rc = wr_tcp_send(tcp, end->c, m);
		if (rc) {
			rte_pktmbuf_free(m);
			if (rc != -ENOBUFS)
				sim_fail(sim, "an open connection takes text: %d", rc);
			else if (!wr_tcp_want_room(tcp, end->c))
				end->write_due_ns = sim->now_ns + RETRY_NS;
			return; /* else on_room goes on */
		}
		end->queued += n;
		if (end->plan->write_ns)
			end->write_due_ns = sim->now_ns + end->plan->write_ns;
	}
	maybe_close(tcp, end);
}

/* ---- events ---- */

static bool on_open(struct wr_tcp *tcp, struct wr_tcb *c, struct sim_end *end)
{
	if (end->opened)
		sim_fail(end->sim, "a connection opens once");
	end->c = c;
	end->opened = true;
	end->open_ns = end->sim->now_ns;
	wr_tcb_set_user(c, end);
	sim_say(end->sim, "flow %u end %u is open", end->flow->index, end->side);
	send_text(tcp, end);
	return true;
}

static bool on_open_active(struct wr_tcp *tcp, struct wr_tcb *c)
{
	return on_open(tcp, c, wr_tcb_user(c));
}

static bool on_open_passive(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct sim_end *end = end_of(c);

	if (!end)
		wr_tcb_set_user(c, NULL); /* it was the core; on_closed comes yet */
	return end && on_open(tcp, c, end);
}

static void check_text(struct sim_end *end, const struct rte_mbuf *m)
{
	const uint8_t *text = sim_text(end->flow, end->reads, end->received);

	if (end->received + m->data_len > end->expected)
		sim_fail(end->sim, "no more is delivered than was sent");
	if (memcmp(rte_pktmbuf_mtod(m, const uint8_t *), text, m->data_len))
		sim_fail(end->sim,
		         "what is delivered is what was sent: flow %u end %u, from byte %u on",
		         end->flow->index, end->side, end->received);
}

static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	struct sim_end *end = wr_tcb_user(c);
	struct sim *sim = end->sim;

	if (end->eof)
		sim_fail(sim, "nothing is delivered after the end");
	if (sim->now_ns < end->read_due_ns) {
		end->refused_text = true;
		return false;
	}
	check_text(end, m);
	end->received += m->data_len;
	if (!end->half_ns && end->received >= end->expected / 2)
		end->half_ns = sim->now_ns;
	if (end->received == end->expected)
		end->done_ns = sim->now_ns;
	end->gulped += m->data_len;
	sim->hash = sim_digest(sim->hash ^ sim->now_ns, &end->received, sizeof(end->received));
	sim_plain_data(sim, end);
	rte_pktmbuf_free(m);
	if (end->plan->gulp && end->gulped >= end->plan->gulp) {
		end->gulped = 0;
		end->read_due_ns = sim->now_ns + end->plan->read_ns;
	}
	if (end->plan->pause_ns && !end->paused && end->received >= end->plan->pause_at) {
		end->paused = true;
		end->read_due_ns = sim->now_ns + end->plan->pause_ns;
	}
	if (end->plan->turn || end->plan->closing == SIM_CLOSE_AFTER_ALL)
		send_text(tcp, end);
	return true;
}

static void on_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
	send_text(tcp, wr_tcb_user(c));
}

static void on_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct sim_end *end = wr_tcb_user(c);

	if (end->eof)
		sim_fail(end->sim, "the end comes once");
	if (end->received != end->expected)
		sim_fail(end->sim, "the end comes after all text: %u of %u", end->received,
		         end->expected);
	end->eof = true;
	sim_say(end->sim, "flow %u end %u: the peer closed", end->flow->index, end->side);
	maybe_close(tcp, end);
}

/* Then those go that make no progress: seven eighths, docs/hardening.md. */
static bool is_scarce(const struct sim_host *host)
{
	uint32_t most = host->plan->held_bufs;

	return rte_mempool_in_use_count(host->pool) >= most - most / 8;
}

static void on_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	struct sim_end *end = wr_tcb_user(c);

	(void)tcp;
	if (!end) /* refused when it opened */
		return;
	if (end->closed)
		sim_fail(end->sim, "a connection ends once");
	/* Of all ARP packets of three seconds each was lost: then it tries again. */
	end->closed = reason != WR_REASON_no_route || end->opened;
	end->close_ns = end->sim->now_ns;
	if (!end->closed)
		end->queued = 0; /* what Fast Open had taken with the SYN */
	end->reason = reason;
	end->scarce = is_scarce(end->core->host);
	end->c = NULL;
	sim_say(end->sim, "flow %u end %u: %s", end->flow->index, end->side,
	        wr_reason_desc[reason].name);
}

static const struct wr_tcp_events active = {
	on_open_active, on_data, on_room, on_peer_closed, on_closed,
};

static const struct wr_tcp_events passive = {
	on_open_passive, on_data, on_room, on_peer_closed, on_closed,
};

/* ---- set-up ---- */

static void fill_options(const struct sim_flow_plan *plan, struct wr_tcp_options *options)
{
	wr_tcp_options_default(options);
	options->nodelay = plan->nodelay;
	options->keepalive = plan->keepalive;
	options->keepalive_idle_s = 20;
	options->keepalive_interval_s = 5;
	options->keepalive_probes = 8;
	options->cc = plan->cc;
	options->fastopen = plan->fastopen;
}

static int listen_on_all_cores(struct sim *sim, const struct sim_flow_plan *plan)
{
	struct sim_host *host = &sim->host[plan->host[1]];

	for (unsigned i = 0; i < host->plan->cores; i++) {
		struct wr_tcp_listener listener = {
			.port = plan->rport,
			.events = &passive,
			.user = &host->core[i],
		};
		int rc;

		fill_options(plan, &listener.options);
		rc = wr_tcp_listen(wr_stack_tcp(host->core[i].stack), &listener);
		if (rc) {
			sim_fail(sim, "a port can be listened to: %d", rc);
			return rc;
		}
	}
	return 0;
}

static void init_end(struct sim *sim, struct sim_flow *flow, unsigned side)
{
	struct sim_end *end = &flow->end[side];

	end->sim = sim;
	end->flow = flow;
	end->plan = &flow->plan->end[side];
	end->side = side;
	end->reads = flow->plan->echo ? side : !side;
	end->expected = flow->plan->end[end->reads].text;
}

/* The core of host `side` that owns the connection, if its ports are known. */
static struct sim_core *owner_core(struct sim *sim, const struct sim_flow *flow, unsigned side)
{
	const struct sim_flow_plan *plan = flow->plan;
	struct sim_host *host = &sim->host[plan->host[side]];
	const struct wr_tuple tuple = {
		.laddr = host->plan->addr,
		.raddr = sim->plan->host[plan->host[!side]].addr,
		.lport = side ? plan->rport : plan->lport,
		.rport = side ? plan->lport : plan->rport,
	};

	return plan->lport ? &host->core[wr_owner_of(&host->owner, &tuple)]
	                   : &host->core[flow->index % host->plan->cores];
}

/* Who has to sign, RFC 2385: on all cores of both hosts. */
static int add_keys(struct sim *sim, const struct sim_flow_plan *plan)
{
	struct wr_tcp_md5_key key = {.prefix = 32};
	int rc = 0;

	sim_sign_key(sim->plan, &key);
	for (unsigned side = 0; side < SIM_SIDES; side++) {
		struct sim_host *host = &sim->host[plan->host[side]];

		key.raddr = sim->plan->host[plan->host[!side]].addr;
		key.lport = side ? plan->rport : 0;
		key.rport = side ? 0 : plan->rport;
		for (unsigned i = 0; i < host->plan->cores; i++) {
			rc = wr_tcp_md5_add(wr_stack_tcp(host->core[i].stack), &key);
			if (rc && rc != -EEXIST) /* two flows to one service have the same */
				sim_fail(sim, "a key can be added: %d", rc);
		}
	}
	return rc && rc != -EEXIST ? rc : 0;
}

int sim_apps_init(struct sim *sim)
{
	for (unsigned i = 0; i < sim->plan->flows; i++) {
		struct sim_flow *flow = &sim->flow[i];

		flow->plan = &sim->plan->flow[i];
		flow->index = i;
		if (flow->plan->off)
			continue;
		for (unsigned side = 0; side < SIM_SIDES; side++) {
			init_end(sim, flow, side);
			flow->end[side].core = owner_core(sim, flow, side);
		}
		if (!flow->plan->echo && !flow->plan->simultaneous &&
		    listen_on_all_cores(sim, flow->plan))
			return -1;
		if (flow->plan->sign && add_keys(sim, flow->plan))
			return -1;
	}
	return 0;
}

/* ---- time ---- */

static bool connects(const struct sim_end *end)
{
	return end->side == 0 || end->flow->plan->simultaneous;
}

/* Opens the connection from this end. */
static void start(struct sim *sim, struct sim_end *end)
{
	const struct sim_flow_plan *plan = end->flow->plan;
	struct wr_tcp_connect to = {
		.raddr = sim->plan->host[plan->host[!end->side]].addr,
		.lport = end->side ? plan->rport : plan->lport,
		.rport = end->side ? plan->lport : plan->rport,
		.events = &active,
		.user = end,
	};
	struct wr_tuple tuple;
	int rc;

	if (end->flow->started) /* again: its first SYN may still wait for ARP */
		to.lport = end->flow->port[end->side];
	fill_options(plan, &to.options);
	rc = wr_tcp_connect(wr_stack_tcp(end->core->stack), &to, &end->c);
	if (rc) {
		sim_fail(sim, "a connection can be opened: %d", rc);
		return;
	}
	wr_tcb_tuple(end->c, &tuple);
	end->flow->port[end->side] = tuple.lport;
	end->flow->port[!end->side] = tuple.rport;
	end->flow->started = true;
	if (plan->fastopen)
		send_text(wr_stack_tcp(end->core->stack), end);
}

static bool has_reading_due(const struct sim_end *end)
{
	return end->refused_text && end->c;
}

static bool has_writing_due(const struct sim_end *end)
{
	return end->c && end->opened && end->queued < allowed(end) && end->write_due_ns;
}

static bool has_abort_due(const struct sim_end *end)
{
	return end->c && end->plan->abort_ns != SIM_NEVER && !end->aborted;
}

static bool run_end(struct sim *sim, struct sim_end *end)
{
	struct wr_tcp *tcp = wr_stack_tcp(end->core->stack);
	bool any = false;

	if (connects(end) && !end->c && !end->closed &&
	    end->flow->plan->start_ns <= sim->now_ns) {
		start(sim, end);
		any = true;
	}
	if (has_abort_due(end) && end->plan->abort_ns <= sim->now_ns) {
		end->aborted = true;
		sim_say(sim, "flow %u end %u aborts", end->flow->index, end->side);
		wr_tcp_abort(tcp, end->c);
		any = true;
	}
	if (has_reading_due(end) && end->read_due_ns <= sim->now_ns) {
		end->refused_text = false;
		wr_tcp_resume(tcp, end->c);
		any = true;
	}
	if (has_writing_due(end) && end->write_due_ns <= sim->now_ns) {
		send_text(tcp, end);
		any = true;
	}
	return any;
}

bool sim_apps_run(struct sim *sim, struct sim_core *core)
{
	bool any = false;

	for (unsigned i = 0; i < sim->plan->flows; i++) {
		struct sim_end *end = &sim->flow[i].end[core->host->side];

		if (end->core == core)
			any |= run_end(sim, end);
	}
	return any;
}

static uint64_t end_deadline(const struct sim_end *end)
{
	uint64_t at = SIM_NEVER;

	if (connects(end) && !end->c && !end->closed)
		at = end->flow->plan->start_ns;
	if (has_abort_due(end))
		at = RTE_MIN(at, end->plan->abort_ns);
	if (has_reading_due(end))
		at = RTE_MIN(at, end->read_due_ns);
	if (has_writing_due(end))
		at = RTE_MIN(at, end->write_due_ns);
	return at;
}

uint64_t sim_apps_deadline(const struct sim *sim, const struct sim_core *core)
{
	uint64_t at = SIM_NEVER;

	for (unsigned i = 0; i < sim->plan->flows; i++) {
		const struct sim_end *end = &sim->flow[i].end[core->host->side];

		if (end->core == core)
			at = RTE_MIN(at, end_deadline(end));
	}
	return at;
}
