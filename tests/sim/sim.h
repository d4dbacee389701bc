/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A deterministic simulator: two hosts that are real engines, two paths between them, virtual
 * time, and faults; all decided by a plan. Nothing here reads a clock or an address, so that
 * two runs of one plan do the same, byte for byte.
 */
#ifndef WR_SIM_H
#define WR_SIM_H

#include <stdio.h>

#include "plan.h"
#include "wr_prng.h"
#include "wr_stack.h"

#define SIM_TX_SLOTS 1024 /* of a NIC's queue, at most */
#define SIM_RX_SLOTS 1024
#define SIM_POOLS    2 /* small buffers, large buffers */

/* What outlives a run: pools and rings have names in EAL and are made once. */
struct sim_world {
	struct rte_mempool *pool[SIM_HOSTS][SIM_POOLS];
	unsigned pool_size[SIM_POOLS];
	struct rte_ring *inbox[SIM_HOSTS][SIM_CORES];
};

void sim_world_init(struct sim_world *world);

/* A frame on its way: its bytes. */
struct sim_frame {
	struct sim_frame *next;
	uint32_t bytes;
	bool corrupt; /* a bit of it was flipped */
	uint8_t data[];
};

struct sim;
struct sim_flow;

/* One end of a connection, seen by its application. */
struct sim_end {
	struct sim *sim;
	struct sim_flow *flow;
	const struct sim_end_plan *plan;
	struct sim_core *core;
	struct wr_tcb *c; /* NULL: not open (any more) */
	unsigned side;    /* 0: who connects */
	unsigned reads;   /* whose text it receives: the side, or its own if echoed */
	uint32_t queued;  /* bytes given to the engine */
	uint32_t received;
	uint32_t expected; /* bytes to receive */
	uint32_t gulped;
	uint64_t write_due_ns, read_due_ns;
	uint64_t half_ns, done_ns; /* when half of the text, and all of it, had come */
	bool opened, refused_text, eof, closing, closed, aborted;
	enum wr_reason reason;
};

/* One direction of a connection as seen on the wire; offsets count from the sender's ISN. */
struct sim_spans {
	unsigned count;
	struct {
		uint32_t left, right;
	} span[2048];
};

struct sim_side {
	bool syn_seen, offers_ts, offers_sack, offers_wscale;
	uint8_t shift;
	uint16_t mss;
	uint32_t iss;
	uint32_t end;       /* offset behind the last byte sent, FIN included */
	uint32_t acked;     /* highest ACK sent: an offset in the peer's numbers */
	uint32_t edge;      /* right edge advertised, in the peer's numbers */
	uint32_t edge_told; /* right edge that reached this side, in its own numbers */
	bool any_ack;
	struct sim_spans got; /* text that reached this side, in the peer's numbers */
};

struct sim_flow {
	const struct sim_flow_plan *plan;
	unsigned index;
	uint16_t port[SIM_HOSTS];
	bool started;
	bool renumbered; /* a SYN came twice and made a second ISN: offsets mean nothing */
	struct sim_end end[SIM_HOSTS];
	struct sim_side side[SIM_HOSTS];
	uint32_t cwnd_before;
	uint64_t sent_before;
	uint32_t resets_in, others_in; /* segments to one core in one step */
};

/* A buffer that the NIC still reads. */
struct sim_held {
	struct rte_mbuf *m;
	const uint8_t *bytes; /* what its descriptor says */
	uint32_t n;
	uint64_t until_ns, digest;
};

struct sim_core {
	struct sim_host *host;
	unsigned index;
	struct wr_stack *stack;
	struct wr_stats stats;
	uint64_t step_ns; /* when it runs next; SIM_NEVER */
	uint64_t idle_rounds;
	uint64_t probes_before; /* sent up to this step: RFC 8985 section 7 */
	struct sim_frame *rx_head, *rx_tail;
	unsigned rx_count;
	unsigned tx_head, tx_count;
	struct sim_held tx[SIM_TX_SLOTS];
};

struct sim_host {
	struct sim *sim;
	const struct sim_host_plan *plan;
	unsigned index;
	struct rte_mempool *pool;
	unsigned pool_size;
	struct wr_owner owner;
	struct sim_core core[SIM_CORES];
	uint64_t nic_free_ns;
	unsigned hoarded;
	struct rte_mbuf **hoard;
};

struct sim_path {
	const struct sim_path_plan *plan;
	uint64_t free_ns; /* when the bottleneck has sent all that waits */
	bool in_burst;
	uint32_t caught[SIM_RULES];
};

struct sim_event {
	uint64_t at_ns, serial;
	enum { SIM_ARRIVAL, SIM_STEP, SIM_ALARM } kind;
	unsigned host, core;
	struct sim_frame *frame;
};

struct sim {
	const struct sim_plan *plan;
	struct sim_world *world;
	uint64_t now_ns;
	struct wr_prng luck; /* of the path and the hosts */
	struct sim_event *heap;
	unsigned events, events_max;
	uint64_t serial, steps, frames;
	struct sim_host host[SIM_HOSTS];
	struct sim_path path[SIM_HOSTS];
	struct sim_flow flow[SIM_FLOWS];
	uint64_t hash; /* of everything that happened */
	FILE *pcap;    /* NULL: none */
	FILE *trace;   /* NULL: none */
	bool failed;
	char why[256]; /* the broken invariant, one sentence */
};

struct sim_result {
	bool ok;
	char why[256];
	uint64_t hash, frames, end_ns;
	struct wr_stats stats[SIM_HOSTS];
	uint64_t half_ns, done_ns; /* when half of the first text, and all of it, had come */
};

/* Runs a plan once. pcap and trace may be NULL. */
void sim_run(struct sim_world *world, const struct sim_plan *plan, FILE *pcap, FILE *trace,
             struct sim_result *result);

/* ---- sim.c ---- */

/* The run is over: the sentence says what must hold and did not. The first one counts. */
__attribute__((format(printf, 2, 3))) void sim_fail(struct sim *sim, const char *fmt, ...);
void sim_push(struct sim *sim, const struct sim_event *event);
/* The core runs at `at_ns` or before. */
void sim_wake(struct sim *sim, struct sim_core *core, uint64_t at_ns);
/* Mixes bytes into the trace hash. */
uint64_t sim_digest(uint64_t hash, const void *bytes, size_t n);
static inline bool sim_is_calm(const struct sim *sim)
{
	return sim->now_ns >= sim->plan->calm_ns;
}

/* ---- host.c ---- */

int sim_host_init(struct sim *sim, unsigned index);
void sim_host_fini(struct sim_host *host);
/* One round of a core's loop: frames in, timers, applications, frames out. */
void sim_core_step(struct sim *sim, struct sim_core *core);
void sim_core_receive(struct sim *sim, struct sim_core *core, struct sim_frame *frame);
/* Books, tables, timers and buffers of a host at its end. */
void sim_host_check_empty(struct sim *sim, struct sim_host *host);

/* ---- faults.c ---- */

bool sim_chance(struct sim *sim, uint32_t ppm);
uint64_t sim_upto(struct sim *sim, uint64_t ns);
bool sim_in_window(const struct sim *sim, const struct sim_window *window);
/* Sends the bytes from host `from` at at_ns; what arrives, and when, is decided here. */
void sim_path_send(struct sim *sim, unsigned from, const uint8_t *bytes, uint32_t n,
                   uint64_t at_ns);
/* Takes buffers out of the pool, or gives them back, as the plan says. */
void sim_host_starve(struct sim *sim, struct sim_host *host);

/* ---- apps.c ---- */

int sim_apps_init(struct sim *sim);
/* What the applications on this core do now; returns whether they did anything. */
bool sim_apps_run(struct sim *sim, struct sim_core *core);
uint64_t sim_apps_deadline(const struct sim *sim, const struct sim_core *core);
bool sim_apps_done(const struct sim *sim);
void sim_apps_check_end(struct sim *sim);
struct sim_flow *sim_flow_by_port(struct sim *sim, uint16_t port0, uint16_t port1);
/* Byte `at` of the text that `side` of a flow sends. */
static inline uint8_t sim_text(const struct sim_flow *flow, unsigned side, uint32_t at)
{
	return (uint8_t)((at + 77777u * (flow->index * 2 + side)) * 2654435761u >> 23);
}

/* ---- watch.c ---- */

/* A frame left a host, or is about to be given to one. */
void sim_watch_sent(struct sim *sim, unsigned from, const uint8_t *bytes, uint32_t n);
void sim_watch_arrives(struct sim *sim, struct sim_core *core, const uint8_t *bytes,
                       uint32_t n);
/* What can be seen of the connections after a core's step. */
void sim_watch_step_begins(struct sim *sim, struct sim_core *core);
void sim_watch_step(struct sim *sim, struct sim_core *core);

/* ---- segment.c: a decoder of its own, so that the engine's is not its own judge ---- */

struct sim_segment {
	uint32_t src, dst;
	uint16_t sport, dport, wnd;
	uint32_t seq, ack;
	uint8_t flags;
	uint32_t text_len;
	const uint8_t *text;
	bool sums_good, options_good;
	bool has_mss, has_wscale, has_sack_ok, has_ts;
	uint16_t mss;
	uint8_t wscale;
	uint32_t ts_val, ts_ecr;
	unsigned sacks;
	struct {
		uint32_t left, right;
	} sack[4];
};

/* False: not TCP over IPv4, or malformed. */
bool sim_decode(const uint8_t *bytes, uint32_t n, struct sim_segment *out);

/* ---- trace.c ---- */

void sim_pcap_begin(FILE *pcap);
void sim_note(struct sim *sim, unsigned from, const char *what, const uint8_t *bytes,
              uint32_t n);
void sim_pcap_frame(struct sim *sim, const uint8_t *bytes, uint32_t n);
__attribute__((format(printf, 2, 3))) void sim_say(struct sim *sim, const char *fmt, ...);

#endif /* WR_SIM_H */
