/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#include "stack.h"

#define MAILBOX_SLOTS   64     /* control messages; one slot stays free */
#define TIMED_ROUNDS    32     /* one round of so many is timed; a power of two */
#define TIMERS_ROUND    256    /* timers that run in one tick, at most */
#define GAUGES_EVERY_US 100000 /* slow gauges are read so often */

/* ---- life ---- */

static struct rte_ring *mailbox_new(int socket)
{
	ssize_t bytes = rte_ring_get_memsize(MAILBOX_SLOTS);
	struct rte_ring *ring =
		rte_zmalloc_socket("wr_mailbox", (size_t)bytes, WR_CACHE_LINE, socket);

	if (ring && rte_ring_init(ring, "wr_mailbox", MAILBOX_SLOTS, RING_F_SC_DEQ)) {
		rte_free(ring);
		return NULL;
	}
	return ring;
}

static int no_memory(const struct wr_stack_conf *conf, struct wr_err *err)
{
	return wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENOMEM,
	                  "core %u: no memory for tables of %u connections (%.1f MiB); "
	                  "configure fewer connections or give more memory",
	                  conf->core, conf->tcp.connections,
	                  (double)wr_stack_bytes(conf) / (1 << 20));
}

static int give_keys(struct wr_stack *s, struct wr_err *err)
{
	for (unsigned i = 0; i < s->conf.md5_keys; i++) {
		const struct wr_tcp_md5_key *key = &s->conf.md5[i];
		int rc = wr_tcp_md5_add(s->tcp, key);

		if (rc == -EEXIST)
			return wr_err_set(err, WR_EXIT_USAGE, rc,
			                  "md5: two keys are for port %u and the same peers; "
			                  "give one",
			                  key->lport ? key->lport : key->rport);
		if (rc) {
			no_memory(&s->conf, err);
			return rc;
		}
	}
	return 0;
}

struct wr_stack *wr_stack_new(const struct wr_stack_conf *conf, struct wr_stats *stats,
                              uint64_t now_ns, struct wr_err *err)
{
	struct wr_stack *s =
		rte_zmalloc_socket("wr_stack", sizeof(*s), WR_CACHE_LINE, conf->socket);

	if (!s) {
		no_memory(conf, err);
		return NULL;
	}
	s->conf = *conf;
	s->stats = stats;
	s->now_ns = now_ns;
	s->now_us = now_ns / 1000;
	wr_prng_seed(&s->prng, conf->seed + conf->core);
	if (wr_ip_init(&s->ip, &conf->ip, stats, conf->pool, &s->prng)) {
		rte_free(s);
		no_memory(conf, err);
		return NULL;
	}
	wr_udp_init(&s->udp, &s->ip, conf->owner, conf->core, &conf->key);
	s->mailbox = mailbox_new(conf->socket);
	s->tcp = wr_tcp_new(&conf->tcp, &s->ip, conf->owner, conf->core, &conf->key, s->now_us);
	if (!s->mailbox || !s->tcp) {
		no_memory(conf, err);
		wr_stack_free(s);
		return NULL;
	}
	if (give_keys(s, err) || stack_services_start(s, err)) {
		wr_stack_free(s);
		return NULL;
	}
	return s;
}

static void free_outgoing(struct wr_stack *s)
{
	struct rte_mbuf *frame[WR_STACK_BURST];
	unsigned n;

	while ((n = wr_stack_output(s, frame, WR_LEN(frame))))
		rte_pktmbuf_free_bulk(frame, n);
}

static void free_inbox(struct wr_stack *s)
{
	void *gift;

	while (s->conf.inbox && !rte_ring_dequeue(s->conf.inbox[s->conf.core], &gift))
		rte_pktmbuf_free(stack_gift_buffer(gift));
}

void wr_stack_free(struct wr_stack *stack)
{
	if (!stack)
		return;
	if (stack->tcp)
		wr_tcp_free(stack->tcp);
	stack_services_stop(stack);
	free_inbox(stack);
	free_outgoing(stack);
	wr_ip_fini(&stack->ip);
	rte_free(stack->mailbox);
	rte_free(stack);
}

uint64_t wr_stack_bytes(const struct wr_stack_conf *conf)
{
	return sizeof(struct wr_stack) + (uint64_t)rte_ring_get_memsize(MAILBOX_SLOTS) +
	       wr_ip_bytes(&conf->ip) + wr_tcp_bytes(&conf->tcp) + stack_services_bytes(conf);
}

struct wr_tcp *wr_stack_tcp(struct wr_stack *stack)
{
	return stack->tcp;
}

struct wr_udp *wr_stack_udp(struct wr_stack *stack)
{
	return &stack->udp;
}

struct wr_ip *wr_stack_ip(struct wr_stack *stack)
{
	return &stack->ip;
}

/* ---- rounds ---- */

bool wr_stack_is_timed(const struct wr_stack *stack)
{
	return stack->conf.cycles && !(stack->round & (TIMED_ROUNDS - 1));
}

static void start_watch(struct wr_stack *s)
{
	s->stamp = wr_unlikely(wr_stack_is_timed(s)) ? s->conf.cycles() : 0;
}

/* (e) Each connection sends what it owes; the frames wait for the burst out. */
static void flush(struct wr_stack *s)
{
	wr_tcp_flush(s->tcp, s->now_us);
	stack_stamp(s, WR_STAGE_output);
	WR_LEVEL(s->stats, tx_staged, s->ip.out.count);
}

static uint64_t bytes_of(struct rte_mbuf *const *frames, unsigned n)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < n; i++)
		bytes += frames[i]->pkt_len;
	return bytes;
}

void wr_stack_input(struct wr_stack *stack, struct rte_mbuf *const *frames, unsigned n,
                    uint64_t now_ns)
{
	assert(n <= WR_STACK_BURST);
	if (!n)
		return;
	stack->now_ns = now_ns;
	stack->now_us = now_ns / 1000;
	WR_COUNT(stack->stats, rx_frames, n);
	WR_COUNT(stack->stats, rx_bytes, bytes_of(frames, n));
	start_watch(stack);
	if (stack->stamp) {
		wr_stat_add(&stack->stats->cycles_bursts, 1);
		wr_stat_add(&stack->stats->cycles_frames, n);
	}
	stack->round_had_frames = true;
	stack_burst(stack, frames, n);
	flush(stack);
}

/* Levels that are costly to read. */
static void read_gauges(struct wr_stack *s)
{
	if (wr_likely(s->now_us < s->next_gauges_us))
		return;
	s->next_gauges_us = s->now_us + GAUGES_EVERY_US;
	WR_LEVEL(s->stats, mbuf_in_use, rte_mempool_in_use_count(s->conf.pool));
}

/* Frames given out are gone: nobody gave them back. */
static void settle(struct wr_stack *s)
{
	if (!s->given_frames)
		return;
	WR_COUNT(s->stats, tx_frames, s->given_frames);
	WR_COUNT(s->stats, tx_bytes, s->given_bytes);
	s->given_frames = 0;
	s->given_bytes = 0;
}

uint64_t wr_stack_now_ns(const struct wr_stack *stack)
{
	return stack->now_ns;
}

int wr_stack_add_task(struct wr_stack *stack, const struct wr_stack_task *task)
{
	if (stack->tasks == WR_STACK_TASKS)
		return -ENOSPC;
	stack->task[stack->tasks++] = *task;
	return 0;
}

static bool run_tasks(struct wr_stack *s)
{
	bool busy = false;

	for (unsigned i = 0; i < s->tasks; i++)
		busy |= s->task[i].run(s->task[i].arg, s->now_ns);
	return busy;
}

static uint64_t tasks_deadline(const struct wr_stack *s)
{
	uint64_t first = UINT64_MAX;

	for (unsigned i = 0; i < s->tasks; i++) {
		uint64_t ns = s->task[i].deadline(s->task[i].arg);

		first = ns < first ? ns : first;
	}
	return first;
}

bool wr_stack_tick(struct wr_stack *stack, uint64_t now_ns)
{
	uint32_t staged = stack->ip.out.count;
	bool busy;

	stack->now_ns = now_ns;
	stack->now_us = now_ns / 1000;
	settle(stack);
	start_watch(stack);
	busy = stack_inbox_run(stack);
	wr_ip_tick(&stack->ip, stack->now_us); /* first: TCP's timers ask what ARP gave up */
	busy |= wr_tcp_tick(stack->tcp, stack->now_us, TIMERS_ROUND);
	stack_stamp(stack, WR_STAGE_timers);
	busy |= run_tasks(stack);
	stack_stamp(stack, WR_STAGE_tasks);
	busy |= stack_control_run(stack);
	stack_stamp(stack, WR_STAGE_control);
	flush(stack);
	read_gauges(stack);
	stack->round += stack->round_had_frames;
	stack->round_had_frames = false;
	return busy || stack->ip.out.count != staged;
}

uint64_t wr_stack_deadline(const struct wr_stack *stack)
{
	uint64_t tasks_ns, tcp_us, ip_us, us;

	if (stack->draining && stack->drain_cursor != UINT32_MAX)
		return 0;
	if (!rte_ring_empty(stack->mailbox) ||
	    (stack->conf.inbox && !rte_ring_empty(stack->conf.inbox[stack->conf.core])))
		return 0;
	tasks_ns = tasks_deadline(stack);
	tcp_us = wr_tcp_deadline(stack->tcp);
	ip_us = wr_ip_deadline(&stack->ip);
	us = tcp_us < ip_us ? tcp_us : ip_us;
	if (us > UINT64_MAX / 1000)
		return tasks_ns;
	return us * 1000 < tasks_ns ? us * 1000 : tasks_ns;
}

/* ---- burst out ---- */

unsigned wr_stack_output(struct wr_stack *stack, struct rte_mbuf **frames, unsigned max)
{
	struct wr_outq *out = &stack->ip.out;
	unsigned n = wr_min(out->count, max);

	settle(stack);
	for (unsigned i = 0; i < n; i++)
		frames[i] = out->frame[(out->head + i) & (WR_OUTQ_SLOTS - 1)];
	out->head += n;
	out->count -= n;
	stack->given_frames = n;
	stack->given_bytes = bytes_of(frames, n);
	WR_LEVEL(stack->stats, tx_staged, out->count);
	return n;
}

void wr_stack_unsent(struct wr_stack *stack, struct rte_mbuf *const *frames, unsigned n)
{
	struct wr_outq *out = &stack->ip.out;

	assert(n <= stack->given_frames);
	out->head -= n;
	out->count += n;
	for (unsigned i = 0; i < n; i++)
		out->frame[(out->head + i) & (WR_OUTQ_SLOTS - 1)] = frames[i];
	stack->given_frames -= n;
	stack->given_bytes -= bytes_of(frames, n);
	WR_COUNT(stack->stats, tx_ring_full, 1);
	WR_LEVEL(stack->stats, tx_staged, out->count);
}

void wr_stack_refused(struct wr_stack *stack, unsigned n)
{
	assert(n <= stack->given_frames);
	stack->given_frames -= n;
	WR_COUNT(stack->stats, tx_refused, n);
}
