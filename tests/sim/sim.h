/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A deterministic simulator: hosts that are real engines, on two sides of a
 * bottleneck, virtual time, and faults; all decided by a plan. Nothing here
 * reads a clock or an address, so that two runs of one plan do the same, byte
 * for byte.
 */
#ifndef WR_SIM_H
#define WR_SIM_H

#include <stdalign.h>
#include <stdio.h>

#include "cwnd.h"
#include "plan.h"
#include "wr_prng.h"
#include "wr_stack.h"

#define SIM_TX_SLOTS 1024 /* of a NIC's queue, at most */
#define SIM_RX_SLOTS 1024

/* Small buffers, large ones, many large ones: this kind is made when a plan asks for it. */
enum sim_pool { SIM_POOL_SMALL, SIM_POOL_LARGE, SIM_POOL_MANY, SIM_POOLS };

/* What outlives a run: pools and rings have names in EAL and are made once. */
struct sim_world {
	struct rte_mempool *pool[SIM_HOSTS][SIM_POOLS];
	unsigned pool_size[SIM_POOLS];
	struct rte_ring *inbox[SIM_HOSTS][SIM_CORES];
};

void sim_world_init(struct sim_world *world);
struct rte_mempool *sim_world_pool(struct sim_world *world, unsigned host, enum sim_pool kind);

/* A frame on its way: its bytes. */
struct sim_frame {
	struct sim_frame *next;
	uint32_t bytes;
	bool corrupt; /* a bit of it was flipped */
	alignas(8) uint8_t data[];
};

struct sim;
struct sim_flow;

#define SIM_SPANS   1024
#define SIM_ARRIVED 512
#define SIM_TEXTS   512

/* One end of a connection, seen by its application. */
struct sim_end {
	struct sim *sim;
	struct sim_flow *flow;
	const struct sim_end_plan *plan;
	struct sim_core *core;
	struct wr_tcb *c; /* NULL: not open (any more) */
	unsigned side;    /* 0: who connects, on the left */
	unsigned reads;   /* whose text it receives: the side, or its own if echoed */
	uint32_t queued;  /* bytes given to the engine */
	uint32_t received;
	uint32_t expected; /* bytes to receive */
	uint32_t gulped;
	uint64_t write_due_ns, read_due_ns;
	uint64_t half_ns, done_ns; /* when half of the text, and all of it, had come */
	uint64_t open_ns, close_ns;
	bool opened, refused_text, paused, eof, closing, closed, aborted;
	bool scarce; /* its host had hardly any buffers left when it ended */
	enum wr_reason reason;
};

/* Stretches of a connection's text, in order, apart. */
struct sim_spans {
	unsigned count;
	struct {
		uint32_t left, right;
	} span[SIM_SPANS];
};

/* A segment that may be answered by a reset. */
struct sim_arrived {
	uint32_t seq, ack, len;
	bool has_ack;
};

/* What moves cwnd besides ACKs. */
enum sim_loss {
	SIM_LOSS_NONE,
	SIM_LOSS_FAST,    /* fast recovery begins */
	SIM_LOSS_TIMEOUT, /* the retransmission timer rang */
	SIM_LOSS_PROBED,  /* a tail loss probe repaired a loss */
	SIM_LOSS_PROVEN,  /* the answer to a probe proved that the rest is lost, too */
	SIM_LOSS_MARKED,  /* the peer echoed a mark */
	SIM_LOSS_UNDONE,  /* the newest reduction was needless */
	SIM_LOSS_OTHER,   /* what the reference knows nothing of */
};

#define SIM_ROUND_ACKS 64

/* What the reference of cwnd wants to know of a round of a core. */
struct sim_round {
	unsigned acks; /* that moved una or echoed marks; beyond SIM_ROUND_ACKS only counted */
	struct {
		uint32_t una; /* after it */
		bool ece;
	} ack[SIM_ROUND_ACKS];
	unsigned came; /* all ACKs */
	uint32_t sent; /* bytes of text, once or again */
};

/* The reference of one end's cwnd, and what was so at the end of the last round. */
struct sim_model {
	struct sim_cwnd ref;
	bool started;
	bool sure; /* else it learns from the engine first */
	bool knows_alpha;
	bool knows_recover;  /* what ends the recovery */
	bool knows_prr;      /* what PRR has counted in it */
	bool has_before;     /* it knows what the newest reduction replaced */
	bool blocked;        /* text may have had to wait in the host */
	bool vague;          /* whether a time-out was the last to cut cwnd is not known */
	double slack;        /* bytes: how much it may be wrong after learning */
	double drift;        /* how much it is wrong */
	double slack_before; /* of what the newest reduction replaced */
	unsigned iw;         /* segments */
	uint8_t limited;
	uint8_t recovery; /* enum wr_tcp_recovery */
	uint32_t una, end, sacked, recover, recover_most;
	uint32_t reduced_end; /* a mark may have cut cwnd for what lies before */
	uint32_t prr_base, prr_out;
	uint64_t last_tx_ns;
};

/* How many packets ACKs acknowledge: many at once may hide laps of the ACE field. */
struct sim_gathered {
	uint32_t behind[SIM_TEXTS]; /* where packets end, in the order in which they left */
	unsigned left, acked;       /* so many did, of which so many are acknowledged */
	unsigned stride;            /* eighths of packets, the mean of ACKs that move una */
	unsigned laps;              /* that may be hidden so far */
};

/* One direction of a connection as seen on the wire; offsets count from the sender's ISN. */
struct sim_side {
	bool syn_seen, offers_ts, offers_sack, offers_wscale;
	bool asks_accecn, accecn;
	uint32_t marks_came, marks_counted; /* CE: on the wire, and as this end says */
	uint32_t repeats_left,              /* ACKs of nothing new, by the peer, */
		repeats_came;               /* and those of them that count */
	uint32_t wnd_came;                  /* of the newest segment */
	struct sim_gathered gathered;
	uint8_t shift;
	uint16_t mss;
	uint32_t syn_wnd; /* of its last SYN without ACK */
	uint32_t iss;
	uint32_t end;       /* offset behind the last byte sent, FIN included */
	uint32_t acked;     /* highest ACK sent: an offset in the peer's numbers */
	uint32_t edge;      /* right edge advertised, in the peer's numbers */
	uint32_t edge_told; /* right edge that reached this side, in its own numbers */
	uint32_t una;       /* highest ACK that reached this side, in its own numbers */
	bool any_ack;
	struct sim_spans got;   /* text that reached this side, in the peer's numbers */
	struct sim_spans twice; /* of that, what came more than once */
	struct sim_spans told;  /* text that SACKs told this side of, in its own numbers */
	/* The segment that leaves now, and text that is sent again. */
	bool again;
	uint32_t recovery_end; /* the end when text was first sent again; 0: none is */
	uint64_t forgotten;    /* time-outs so far: what SACKs told before is forgotten then */
	uint32_t ts_seen;      /* highest TSval that reached this side, if any_ts */
	bool any_ts;
	unsigned dups;     /* ACKs that reached this side since one moved una */
	uint64_t moved_ns; /* when one did */
	/* Resets. */
	bool own_reset; /* one left that answers nothing */
	unsigned arrived_count;
	struct sim_arrived arrived[SIM_ARRIVED]; /* the latest, none of them a reset */
	uint32_t unanswered; /* segments that came less resets sent in answer */
	/* Time-outs: the oldest byte, sent again and again while nothing comes. */
	bool heard;          /* something came since it was last sent */
	uint64_t head_ns;    /* when it was last sent */
	uint64_t silence_ns; /* the interval before that; 0: none without an answer */
	unsigned silences;   /* intervals in a row */
	/* What the engine said after the last round in which it had to do with this flow. */
	bool known;
	bool sent_new;       /* new text left in this round */
	bool touched;        /* a segment came or left in this round */
	uint32_t given;      /* bytes that its application had given then */
	uint64_t last_tx_ns; /* when text last left */
	uint64_t idle_ns;    /* nothing had left for so long, nor was in flight, before
	                        this round */
	uint32_t cwnd, ssthresh, mss_most;
	uint32_t round_end; /* the end then */
	uint32_t cut_end;   /* the end before ssthresh was last lowered; 0: may be again */
	uint64_t rtos, probes, repairs, excuses; /* of its core, up to that round */
	bool fin_sent;
	struct sim_round round;
	struct sim_model model;
};

struct sim_flow {
	const struct sim_flow_plan *plan;
	unsigned index;
	uint16_t port[SIM_SIDES];
	bool started;
	bool was_reset;
	bool renumbered; /* a SYN came twice and made a second ISN: offsets mean
	                    nothing */
	struct sim_end end[SIM_SIDES];
	struct sim_side side[SIM_SIDES];
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
	uint64_t inputs;    /* frames given to the engine, whole run */
	enum sim_loss loss; /* of this round; of several, the last */
	uint64_t losses;    /* how many */
	bool probed;        /* a tail loss probe left in it */
	uint64_t losses_seen[SIM_LOSS_OTHER + 1], probes_seen, arp_dropped_seen;
	uint64_t arp_waited;  /* frames that waited for ARP when the last round ended */
	uint64_t arp_from_ns; /* since when */
	struct sim_frame *rx_head, *rx_tail;
	unsigned rx_count;
	unsigned tx_head, tx_count;
	struct sim_held tx[SIM_TX_SLOTS];
};

struct sim_host {
	struct sim *sim;
	const struct sim_host_plan *plan;
	unsigned index, side;
	struct rte_mempool *pool;
	unsigned pool_size;
	struct wr_owner owner;
	struct sim_core core[SIM_CORES];
	uint64_t nic_free_ns;
	uint64_t arp_ns; /* when frames last waited for ARP, or were dropped for it */
	uint64_t arp_from_ns, arp_to_ns; /* the newest wait that was not in vain */
	unsigned hoarded;
	struct rte_mbuf **hoard;
};

/* RFC 8289 section 5: its names. */
struct sim_codel {
	uint64_t first_above_ns, next_ns;
	uint32_t count, last_count;
	bool dropping;
};

struct sim_path {
	const struct sim_path_plan *plan;
	unsigned side;    /* it begins there */
	uint64_t free_ns; /* when the bottleneck has sent all that waits */
	struct sim_codel codel;
	double red_mean; /* bytes that wait */
	bool in_burst;
	uint64_t texts; /* frames with text so far */
	uint32_t caught[SIM_RULES];
};

struct sim_event {
	uint64_t at_ns, serial;
	enum { SIM_ARRIVAL, SIM_STEP, SIM_ALARM } kind;
	unsigned host, core;
	struct sim_frame *frame;
};

#define SIM_ISNS 8

/* The trace without labels: see plain.c. */
struct sim_plain {
	uint64_t hash;
	FILE *out;         /* NULL: nobody reads it */
	unsigned meetings; /* pairs of ISNs of one side whose numbers may be the same */
	struct {
		unsigned isns; /* SYNs with another number than those before */
		uint32_t isn[SIM_ISNS];
		bool any_ts;
		uint32_t first_ts;
	} side[SIM_FLOWS][SIM_SIDES];
};

struct sim {
	const struct sim_plan *plan;
	struct sim_world *world;
	struct sim_plain plain;
	uint64_t now_ns;
	struct wr_prng luck; /* of the path and the hosts */
	struct sim_event *heap;
	unsigned events, events_max;
	uint64_t serial, steps, frames;
	uint32_t faults;     /* brought by chance so far */
	uint64_t work_most;  /* basic blocks for a frame, mean of a burst; see work.h */
	uint64_t judged;     /* rounds after which cwnd was recomputed */
	uint64_t learned;    /* and those after which it had to be learnt */
	uint64_t caught_ns;  /* when a rule of the plan first caught a frame */
	bool updates_window; /* the frame that leaves now, if it is an ACK */
	struct sim_host host[SIM_HOSTS];
	struct sim_path path[SIM_SIDES];
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
	uint64_t plain_hash; /* of the trace without labels */
	unsigned meetings;   /* of ISNs: see plain.c */
	bool relabelled;     /* and another run, with other labels, had the same */
	uint32_t faults;     /* brought by chance */
	uint64_t caught_ns, work_most;
	uint64_t judged, learned; /* rounds: of struct sim */
	struct wr_stats stats[SIM_HOSTS];
	struct {
		uint64_t half_ns,
			done_ns; /* when half of the text from side 0 had come, and all */
		uint32_t third, received; /* bytes: after a third of until_ns, and at the end */
		uint16_t port[SIM_SIDES];
		uint32_t iss[SIM_SIDES]; /* of their last SYNs */
	} flow[SIM_FLOWS];
};

/* Runs a plan once. pcap and trace may be NULL. */
void sim_run(struct sim_world *world, const struct sim_plan *plan, FILE *pcap, FILE *trace,
             struct sim_result *result);
/* The same, and writes the trace without labels. */
void sim_run_plain(struct sim_world *world, const struct sim_plan *plan, FILE *plain,
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
/* A fault, by chance: numbered, not in calm times, and not if the plan leaves it out. */
bool sim_strikes(struct sim *sim, uint32_t ppm);
uint64_t sim_upto(struct sim *sim, uint64_t ns);
bool sim_in_window(const struct sim *sim, const struct sim_window *window);
/* Does something on the way swallow the frame? */
bool sim_path_loses(struct sim *sim, struct sim_path *path, const uint8_t *bytes, uint32_t n);
/* Takes buffers out of the pool, or gives them back, as the plan says. */
void sim_host_starve(struct sim *sim, struct sim_host *host);
void sim_host_feed(struct sim_host *host);

/* ---- path.c ---- */

/* Sends the bytes from a host at at_ns; what arrives where, and when, is decided here. */
void sim_path_send(struct sim *sim, struct sim_host *from, const uint8_t *bytes, uint32_t n,
                   uint64_t at_ns);

/* ---- segment.c: a decoder of its own, so that the engine's is not its own judge ---- */

struct sim_segment {
	uint32_t src, dst;
	uint16_t sport, dport, wnd;
	uint32_t seq, ack;
	uint8_t flags;
	bool ae;     /* Accurate ECN, RFC 9768 */
	uint8_t ecn; /* field of the IPv4 header */
	uint32_t text_len, options_len;
	const uint8_t *text, *options;
	bool sums_good, options_good;
	bool has_mss, has_wscale, has_sack_ok, has_ts, has_accecn, has_cookie;
	const uint8_t *signature; /* NULL: there is none */
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

/* ---- apps.c ---- */

int sim_apps_init(struct sim *sim);
/* What the applications on this core do now; returns whether they did anything. */
bool sim_apps_run(struct sim *sim, struct sim_core *core);
uint64_t sim_apps_deadline(const struct sim *sim, const struct sim_core *core);

/* May this host answer a SYN by a cookie? When listeners are crowded, all but some do. */
static inline bool sim_sends_cookies(const struct sim_host_plan *plan)
{
	const struct sim_knobs *knobs = &plan->knobs;

	if (!knobs->drawn || knobs->syn_cookies == WR_TCP_COOKIES_NEVER)
		return false;
	return knobs->syn_cookies == WR_TCP_COOKIES_ALWAYS || knobs->listener_connections;
}

/* ---- ends.c ---- */

bool sim_apps_done(const struct sim *sim);
void sim_apps_check_end(struct sim *sim);

/* ---- watch_signed.c: RFC 2385 ---- */

/* The key of all flows that sign: its bytes. */
void sim_sign_key(const struct sim_plan *plan, struct wr_tcp_md5_key *key);
void sim_watch_signature(struct sim *sim, const struct sim_flow *flow, unsigned from,
                         const struct sim_segment *seg, const uint8_t *bytes);

/* ---- watch_limits.c: connections of a listener and of a source ---- */

void sim_watch_limits(struct sim *sim, struct sim_core *core);
/* The connection that a segment sent by `from` belongs to, or NULL. */
struct sim_flow *sim_flow_of(struct sim *sim, unsigned from, const struct sim_segment *seg);
/* Has the host an end of this connection? */
static inline bool sim_host_is_of(const struct sim_host *host, const struct sim_flow *flow)
{
	return flow->plan->host[host->side] == host->index;
}
/* The text that `side` of a flow sends, from byte `at` on: at least 64 KB of it. */
const uint8_t *sim_text(const struct sim_flow *flow, unsigned side, uint32_t at);

/* ---- watch.c ---- */

/* A frame left a host, or is about to be given to one. */
void sim_watch_sent(struct sim *sim, unsigned from, const uint8_t *bytes, uint32_t n);
void sim_watch_arrives(struct sim *sim, struct sim_core *core, const uint8_t *bytes,
                       uint32_t n);
void sim_watch_step_begins(struct sim *sim);
/* What must hold did not. */
void sim_broken(struct sim *sim, const struct sim_flow *flow, unsigned from,
                const char *must_hold, uint32_t got, uint32_t limit);

/* An old segment with a cookie opened once more what is over: its numbers are new. */
bool sim_is_ghost(const struct sim *sim, const struct sim_flow *flow);

/* Did frames of this host never reach the NIC? They leave gaps. */
bool sim_lost_inside(const struct sim *sim, const struct sim_flow *flow, unsigned side);

/* ---- watch_spans.c ---- */

/* Adds [left, right) and joins it with what touches it. */
void sim_spans_add(struct sim_spans *s, uint32_t left, uint32_t right);
bool sim_spans_hold(const struct sim_spans *s, uint32_t left, uint32_t right);
/* Adds to `out` what [left, right) and s have in common. */
void sim_spans_common(const struct sim_spans *s, uint32_t left, uint32_t right,
                      struct sim_spans *out);

/* ---- watch_sack.c: what SACK blocks say, and what is sent again nevertheless ---- */

void sim_watch_sacks(struct sim *sim, struct sim_flow *flow, unsigned from,
                     const struct sim_segment *seg);
void sim_watch_sacks_arrive(struct sim_flow *flow, unsigned to, const struct sim_segment *seg);
void sim_watch_again(struct sim *sim, struct sim_flow *flow, unsigned from,
                     const struct sim_segment *seg);

/* ---- watch_time.c: time-outs and resets ---- */

/* Does what the engine sends leave at once? Else the wire shows what it was a while ago. */
bool sim_host_is_punctual(const struct sim_host *host);
void sim_watch_times(struct sim *sim, struct sim_flow *flow, unsigned from,
                     const struct sim_segment *seg);
void sim_watch_reset(struct sim *sim, struct sim_flow *flow, unsigned from,
                     const struct sim_segment *seg);

/* ---- watch_marks.c: AccECN ---- */

void sim_watch_mark_leaves(struct sim_flow *flow, unsigned from, const struct sim_segment *seg);
void sim_watch_mark_option(struct sim *sim, struct sim_flow *flow, unsigned from,
                           const struct sim_segment *seg);
/*
 * Text that ends before `behind` left; all that ends at `ack` or before has arrived, of which
 * `told` ACKs have told before.
 */
void sim_gathered_leaves(struct sim_gathered *g, uint32_t behind);
void sim_gathered_acked(struct sim_gathered *g, uint32_t ack, unsigned told);
void sim_watch_mark_arrives(struct sim_flow *flow, unsigned to, const struct sim_segment *seg);
/* What the engine says after a round in which it had to do with this flow. */
void sim_watch_marks(struct sim *sim, struct sim_flow *flow, unsigned side,
                     const struct wr_tcp_info *info);

/* ---- watch_levels.c: what the engine says of itself, against what the wire says ---- */

/* How many times its first size what a host keeps for a connection may have. */
uint64_t sim_host_growth(const struct sim_host_plan *plan);
/* RFC 5681 section 4.1. */
static inline bool sim_host_restarts(const struct sim_host_plan *plan)
{
	return !plan->knobs.drawn || plan->knobs.idle_restart;
}

/* After a round of a core: input, timers, output. */
void sim_watch_round(struct sim *sim, struct sim_core *core);

/* ---- watch_losses.c ---- */

/* Before those of its connections: what has this round brought? */
void sim_watch_losses(struct sim *sim, struct sim_core *core);
/* May what wants to leave have to wait? */
bool sim_core_is_blocked(const struct sim_core *core);

/* ---- watch_cwnd.c: cwnd, against the reference of cwnd.h ---- */

/* An ACK arrived, una was `una_before`; so much text leaves. */
void sim_cwnd_note_ack(struct sim_side *us, const struct sim_segment *seg, uint32_t una_before);
void sim_cwnd_note_text(struct sim_side *us, uint32_t bytes);
/* After a round in which something came or left. */
void sim_watch_cwnd(struct sim *sim, struct sim_core *core, struct sim_flow *flow,
                    const struct wr_tcp_info *info, const struct wr_cc_ops *ops);
/* After one in which there was only text given to it that may not leave yet. */
void sim_watch_cwnd_given(const struct sim_core *core, struct sim_side *us,
                          const struct wr_tcp_info *info);

/* ---- plain.c: all that happens, but for labels ---- */

/* What became of a frame of that side. */
void sim_plain_frame(struct sim *sim, unsigned from, const char *fate, const uint8_t *bytes,
                     uint32_t n);
void sim_plain_say(struct sim *sim, const char *line);
/* Text was delivered. */
void sim_plain_data(struct sim *sim, const struct sim_end *end);
/* What the engine says of an end after a round. */
void sim_plain_info(struct sim *sim, const struct sim_flow *flow, unsigned side,
                    const struct wr_tcp_info *info);

/* ---- trace.c ---- */

void sim_pcap_begin(FILE *pcap);
void sim_note(struct sim *sim, unsigned from, const char *what, const uint8_t *bytes,
              uint32_t n);
void sim_pcap_frame(struct sim *sim, const uint8_t *bytes, uint32_t n);
__attribute__((format(printf, 2, 3))) void sim_say(struct sim *sim, const char *fmt, ...);

#endif /* WR_SIM_H */
