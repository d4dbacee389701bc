/* SPDX-License-Identifier: BSD-3-Clause */
#include <assert.h>
#include <errno.h>

#include <rte_malloc.h>

#include "impair.h"
#include "wr_base.h"

/* Each kind of chance has random numbers of its own. */
enum stream {
	STREAM_LOSS,
	STREAM_BURST,
	STREAM_DUPLICATE,
	STREAM_CORRUPT,
	STREAM_MARK,
	STREAM_REORDER,
	STREAM_JITTER,
	STREAMS
};

enum counted {
	IN,
	OUT,
	LOST,
	DUPLICATED,
	CORRUPTED,
	MARKED,
	REORDERED,
	QUEUE_FULL,
	OVERFLOW,
	NO_MBUF,
	WAITING,
	COUNTED
};

#define BOTH(what)                                                                             \
	{                                                                                      \
		WR_STAT_impair_rx_##what, WR_STAT_impair_tx_##what                             \
	}

static const enum wr_stat stat_of[COUNTED][WR_IMPAIR_SIDES] = {
	[IN] = BOTH(in),
	[OUT] = BOTH(out),
	[LOST] = BOTH(lost),
	[DUPLICATED] = BOTH(duplicated),
	[CORRUPTED] = BOTH(corrupted),
	[MARKED] = BOTH(marked),
	[REORDERED] = BOTH(reordered),
	[QUEUE_FULL] = BOTH(queue_full),
	[OVERFLOW] = BOTH(overflow),
	[NO_MBUF] = BOTH(no_mbuf),
	[WAITING] = BOTH(waiting),
};

struct wr_impair {
	struct wr_impair_conf conf;
	struct wr_impair_env env;
	bool in_burst;         /* Gilbert's bad state */
	uint64_t line_free_ns; /* when all bytes given to the line are sent */
	uint64_t line_rest;    /* of the division: 1 / rate_bps nanoseconds */
	uint64_t last_due_ns;  /* of a frame in order */
	unsigned given;        /* frames of the last pull that may still come back */
	struct impair_queue queue;
	struct wr_prng prng[STREAMS];
};

static void count(struct wr_impair *impair, enum counted what, uint64_t frames)
{
	wr_stat_add(&impair->env.stats->n[stat_of[what][impair->env.side]], frames);
}

static void tell_waiting(struct wr_impair *impair)
{
	wr_stat_set(&impair->env.stats->n[stat_of[WAITING][impair->env.side]],
	            impair->queue.count + impair->given);
}

/* ---- life ---- */

bool wr_impair_is_none(const struct wr_impair_conf *conf)
{
	return !conf->loss && !conf->burst_begin && !conf->duplicate && !conf->corrupt &&
	       !conf->mark && !conf->reorder && !conf->delay_ns && !conf->rate_bps;
}

struct wr_impair *wr_impair_new(const struct wr_impair_conf *conf,
                                const struct wr_impair_env *env)
{
	struct wr_impair *impair =
		rte_zmalloc_socket("wr_impair", sizeof(*impair), WR_CACHE_LINE, env->socket);

	assert(conf->limit >= WR_IMPAIR_LIMIT_MIN && conf->limit <= WR_IMPAIR_LIMIT_MAX);
	if (!impair)
		return NULL;
	impair->conf = *conf;
	impair->env = *env;
	impair->queue.size = conf->limit;
	impair->queue.entry =
		rte_zmalloc_socket("wr_impair_queue", conf->limit * sizeof(struct impair_entry),
	                           WR_CACHE_LINE, env->socket);
	if (!impair->queue.entry) {
		rte_free(impair);
		return NULL;
	}
	for (unsigned i = 0; i < STREAMS; i++)
		wr_prng_seed(&impair->prng[i],
		             env->seed * (WR_IMPAIR_SIDES * STREAMS) + env->side * STREAMS + i);
	return impair;
}

void wr_impair_free(struct wr_impair *impair)
{
	if (!impair)
		return;
	while (impair->queue.count)
		rte_pktmbuf_free(impair_queue_take(&impair->queue));
	rte_free(impair->queue.entry);
	rte_free(impair);
}

uint64_t wr_impair_bytes(const struct wr_impair_conf *conf)
{
	return sizeof(struct wr_impair) + (uint64_t)conf->limit * sizeof(struct impair_entry);
}

void wr_impair_set(struct wr_impair *impair, const struct wr_impair_conf *conf)
{
	impair->conf = *conf;
	impair->in_burst &= conf->burst_begin > 0;
	impair->line_free_ns = 0;
	impair->line_rest = 0;
}

/* ---- what happens to a frame ---- */

static bool happens(struct wr_impair *impair, enum stream stream, uint32_t chance)
{
	return chance && wr_prng_below(&impair->prng[stream], WR_IMPAIR_ALL) < chance;
}

static bool is_lost(struct wr_impair *impair)
{
	const struct wr_impair_conf *conf = &impair->conf;
	bool lost = happens(impair, STREAM_LOSS, conf->loss);

	if (impair->in_burst)
		impair->in_burst = !happens(impair, STREAM_BURST, conf->burst_end);
	else
		impair->in_burst = happens(impair, STREAM_BURST, conf->burst_begin);
	return lost || impair->in_burst;
}

/* Damage and marks. A frame that cannot be copied stays as it is. */
static struct rte_mbuf *harm(struct wr_impair *impair, struct rte_mbuf *m)
{
	if (impair->conf.mark && impair_may_mark(m) &&
	    happens(impair, STREAM_MARK, impair->conf.mark))
		count(impair, impair_mark(&m, impair->env.pool) == 0 ? MARKED : NO_MBUF, 1);
	if (happens(impair, STREAM_CORRUPT, impair->conf.corrupt)) {
		int rc = impair_corrupt(&m, impair->env.pool, &impair->prng[STREAM_CORRUPT]);

		if (rc != -ENOENT)
			count(impair, rc == 0 ? CORRUPTED : NO_MBUF, 1);
	}
	return m;
}

/*
 * The line: when the last bit of the frame has left it. False: too many bytes wait. What the
 * division leaves is carried on, so that the rate is exact over any number of frames.
 */
static bool pass_line(struct wr_impair *impair, uint32_t bytes, uint64_t now_ns,
                      uint64_t *out_ns)
{
	const struct wr_impair_conf *conf = &impair->conf;
	uint64_t wait_ns = 0, backlog, work;

	*out_ns = now_ns;
	if (!conf->rate_bps)
		return true;
	if (impair->line_free_ns > now_ns)
		wait_ns = impair->line_free_ns - now_ns;
	else
		impair->line_rest = 0;
	backlog = wait_ns * conf->rate_bps / WR_S(8);
	if (wait_ns && backlog + bytes > conf->queue_bytes)
		return false;
	work = (uint64_t)bytes * WR_S(8) + impair->line_rest;
	impair->line_free_ns = now_ns + wait_ns + work / conf->rate_bps;
	impair->line_rest = work % conf->rate_bps;
	*out_ns = impair->line_free_ns;
	return true;
}

static uint64_t draw_delay(struct wr_impair *impair)
{
	const struct wr_impair_conf *conf = &impair->conf;

	if (!conf->jitter_ns)
		return conf->delay_ns;
	return conf->delay_ns - conf->jitter_ns +
	       wr_prng_u64(&impair->prng[STREAM_JITTER]) % (2 * conf->jitter_ns + 1);
}

/* Nobody in order leaves before one that came earlier. */
static uint64_t due(struct wr_impair *impair, uint64_t due_ns)
{
	if (due_ns < impair->last_due_ns)
		due_ns = impair->last_due_ns;
	if (happens(impair, STREAM_REORDER, impair->conf.reorder)) {
		count(impair, REORDERED, 1);
		return due_ns + impair->conf.hold_ns;
	}
	impair->last_due_ns = due_ns;
	return due_ns;
}

static void drop(struct wr_impair *impair, struct rte_mbuf *m, enum counted why)
{
	count(impair, why, 1);
	rte_pktmbuf_free(m);
}

static void send_on(struct wr_impair *impair, struct rte_mbuf *m, uint64_t now_ns)
{
	uint64_t out_ns;

	if (impair->queue.count == impair->queue.size) {
		drop(impair, m, OVERFLOW);
		return;
	}
	if (!pass_line(impair, m->pkt_len, now_ns, &out_ns)) {
		drop(impair, m, QUEUE_FULL);
		return;
	}
	m = harm(impair, m);
	impair_queue_put(&impair->queue, m, due(impair, out_ns + draw_delay(impair)));
}

static struct rte_mbuf *twin_of(struct wr_impair *impair, const struct rte_mbuf *m)
{
	struct rte_mbuf *twin = rte_pktmbuf_copy(m, impair->env.pool, 0, UINT32_MAX);

	count(impair, twin ? DUPLICATED : NO_MBUF, 1);
	return twin;
}

static void take(struct wr_impair *impair, struct rte_mbuf *m, uint64_t now_ns)
{
	struct rte_mbuf *twin = NULL;

	if (is_lost(impair)) {
		drop(impair, m, LOST);
		return;
	}
	if (happens(impair, STREAM_DUPLICATE, impair->conf.duplicate))
		twin = twin_of(impair, m);
	send_on(impair, m, now_ns);
	if (twin)
		send_on(impair, twin, now_ns);
}

/* ---- in and out ---- */

void wr_impair_settle(struct wr_impair *impair, struct rte_mbuf *const *unsent, unsigned n,
                      unsigned refused)
{
	assert(n + refused <= impair->given);
	impair_queue_put_front(&impair->queue, unsent, n);
	count(impair, OUT, impair->given - n - refused);
	if (refused)
		WR_COUNT(impair->env.stats, impair_tx_refused, refused);
	impair->given = 0;
	tell_waiting(impair);
}

void wr_impair_push(struct wr_impair *impair, struct rte_mbuf *const *frames, unsigned n,
                    uint64_t now_ns)
{
	wr_impair_settle(impair, NULL, 0, 0);
	count(impair, IN, n);
	for (unsigned i = 0; i < n; i++)
		take(impair, frames[i], now_ns);
	tell_waiting(impair);
}

unsigned wr_impair_pull(struct wr_impair *impair, struct rte_mbuf **frames, unsigned max,
                        uint64_t now_ns)
{
	struct impair_queue *q = &impair->queue;
	unsigned n = 0;

	wr_impair_settle(impair, NULL, 0, 0);
	while (n < max && q->count && q->entry[0].due_ns <= now_ns)
		frames[n++] = impair_queue_take(q);
	impair->given = n;
	return n;
}

uint64_t wr_impair_deadline(const struct wr_impair *impair)
{
	return impair->queue.count ? impair->queue.entry[0].due_ns : UINT64_MAX;
}
