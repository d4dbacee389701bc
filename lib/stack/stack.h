/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of one core's engine, shared by the files of this directory. */
#ifndef WR_STACK_INSIDE_H
#define WR_STACK_INSIDE_H

#include "wr_stack.h"

/*
 * What crosses an inbox is a buffer; the low bits of its address, free because buffers are
 * aligned, say what it is.
 */
enum stack_gift {
	STACK_GIFT_FRAME = 0,        /* a frame of ours: classified here again */
	STACK_GIFT_ARP_NEWS = 1,     /* a copy of an ARP packet, to learn from */
	STACK_GIFT_SERVICE_NEWS = 2, /* of the listener whose index hash.usr says */
	STACK_GIFT_MASK = 3,
};

#define STACK_FREE_MAX (2 * WR_STACK_BURST) /* each frame may complete a datagram */

/* Frames on their way to other cores, collected over a stage of a burst. */
struct stack_strays {
	unsigned n;
	struct rte_mbuf *frame[WR_STACK_BURST];
	uint32_t core[WR_STACK_BURST];
};

struct wr_stack {
	struct wr_stats *stats;
	struct wr_tcp *tcp;
	uint64_t now_us, now_ns;
	/* Frames given out last that may still come back: not yet counted as sent. */
	uint32_t given_frames;
	uint64_t given_bytes;
	/* Cycles by stage. */
	uint32_t round; /* rounds with frames so far */
	bool round_had_frames;
	uint64_t stamp; /* when the stage began; 0: this round is not timed */
	/* Shutdown. */
	bool draining, aborting;
	uint32_t drain_cursor; /* UINT32_MAX: every connection was told */
	uint64_t next_gauges_us;
	struct rte_ring *mailbox; /* control: puts, worker: takes */
	struct stack_strays strays;
	unsigned waste_count;
	struct rte_mbuf *waste[STACK_FREE_MAX]; /* buffers that nobody kept */
	struct wr_frame frame[WR_STACK_BURST];
	unsigned tasks;
	struct wr_stack_task task[WR_STACK_TASKS];
	struct wr_stack_conf conf;
	struct wr_service_core service[WR_STACK_SERVICES];
	struct wr_prng prng;
	struct wr_udp udp;
	struct wr_ip ip;
};

/* ---- input.c ---- */

/*
 * Takes a burst through the stages of design section 3. The caller has counted the frames.
 */
void stack_burst(struct wr_stack *s, struct rte_mbuf *const *frames, unsigned n);

/* Copies of ARP packets that other cores received. Takes the buffers. */
void stack_arp_news(struct wr_stack *s, struct rte_mbuf *const *frames, unsigned n);

/* ---- handover.c ---- */

/* The core that owns the flow of a classified TCP or UDP frame. */
uint32_t stack_owner_of_segment(const struct wr_stack *s, const struct wr_frame *f);

/* Notes that m belongs to another core; stack_handover_flush() sends and counts it. */
void stack_handover(struct wr_stack *s, uint32_t core, struct rte_mbuf *m);
void stack_handover_flush(struct wr_stack *s);

/* A copy of an ARP packet; NULL: no buffer, counted. */
struct rte_mbuf *stack_arp_copy(struct wr_stack *s, const struct rte_mbuf *m);

/* Gives a copy of an ARP packet to each other core. */
void stack_arp_tell(struct wr_stack *s, const struct rte_mbuf *news);

/* wr_service_core.tell */
void stack_service_tell(struct wr_service_core *core, const struct rte_mbuf *m);

/* The buffer of what lies in an inbox. */
struct rte_mbuf *stack_gift_buffer(void *gift);

/* Takes what other cores handed over, a bounded amount; returns how much. */
unsigned stack_inbox_run(struct wr_stack *s);

/* ---- services.c ---- */

/* Bytes of the per-core state of all services. */
uint64_t stack_services_bytes(const struct wr_stack_conf *conf);

/* Gives each listener its state and opens its ports. Returns 0, or a negative errno and *err.
 */
int stack_services_start(struct wr_stack *s, struct wr_err *err);
void stack_services_stop(struct wr_stack *s);

/* ---- control.c ---- */

/* Answers control messages and goes on with a drain; returns whether it did anything. */
bool stack_control_run(struct wr_stack *s);

/* ---- for all ---- */

static inline void stack_count_verdict(struct wr_stack *s, enum wr_verdict verdict,
                                       uint64_t frames)
{
	wr_stat_add(&s->stats->verdict[verdict], frames);
}

/* The cycles since the last stamp were spent in this stage. */
static inline void stack_stamp(struct wr_stack *s, enum wr_stage stage)
{
	uint64_t now;

	if (wr_likely(!s->stamp))
		return;
	now = s->conf.cycles();
	wr_stat_add(&s->stats->cycles[stage], now - s->stamp);
	s->stamp = now;
}

#endif /* WR_STACK_INSIDE_H */
