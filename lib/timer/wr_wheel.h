/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_WHEEL_H
#define WR_WHEEL_H

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "wr_base.h"

/*
 * Hierarchical timing wheel of one core: 4 levels of 256 slots, Varghese and Lauck 1987.
 *
 * Time is a 32-bit count of ticks of 128 us that wraps; deadlines lie less than 2^31
 * ticks (3 days) ahead. A timer is a number, 0 .. timers-1, that its owner gave a
 * meaning to; each has one node of 16 bytes in an array of its own, so that moving one
 * never touches the cache lines of the connections beside it.
 *
 * Deadlines are lazy: arming a timer that already rings earlier changes nothing. When it
 * rings, the owner looks at the real deadline and arms again if that is later. So an ACK
 * that pushes the retransmission time-out back costs no list operation.
 */
#define WR_TICK_SHIFT 7 /* a tick is 2^7 us */

struct wr_wheel;

/* Microseconds to ticks: rounded down for "now", up for "not before". */
static inline uint32_t wr_tick_now(uint64_t now_us)
{
	return (uint32_t)(now_us >> WR_TICK_SHIFT);
}

static inline uint32_t wr_tick_after(uint32_t now_tick, uint64_t delay_us)
{
	return now_tick + (uint32_t)((delay_us + (1u << WR_TICK_SHIFT) - 1) >> WR_TICK_SHIFT);
}

/* Is tick a at or before tick b? */
static inline bool wr_tick_reached(uint32_t a, uint32_t b)
{
	return (int32_t)(b - a) >= 0;
}

/*
 * Makes a wheel for `timers` timers on NUMA node `socket` (-1: any); NULL if there is no
 * memory. Time starts at now_tick. wr_wheel_free(NULL) is allowed.
 */
struct wr_wheel *wr_wheel_new(uint32_t timers, uint32_t now_tick, int socket);
void wr_wheel_free(struct wr_wheel *wheel);

/* Bytes that wr_wheel_new() takes, for sizing. */
uint64_t wr_wheel_bytes(uint32_t timers);

/*
 * Lets the timer ring at tick `when` or earlier: a later ring moves to `when`, an earlier
 * one stays. A `when` that has passed rings at the next wr_wheel_expire().
 */
static inline void wr_wheel_arm(struct wr_wheel *wheel, uint32_t timer, uint32_t when);

/* Nothing happens if it is not armed. */
void wr_wheel_cancel(struct wr_wheel *wheel, uint32_t timer);

static inline bool wr_wheel_is_armed(const struct wr_wheel *wheel, uint32_t timer);

/*
 * Moves time on to now_tick and writes up to max timers that ring to out[]; they are
 * disarmed. Returns how many. If that is max, call again before anything else moves time:
 * the rest is still due. Order among timers of one tick is not defined. Time never goes
 * back: a now_tick up to 35 minutes behind the wheel's time counts as that time.
 *
 * Where very many timers ring within the same seconds or minutes, the work of sorting them is
 * spread over calls: some ring a few calls late, and wr_wheel_next() says that there is work.
 */
static inline unsigned wr_wheel_expire(struct wr_wheel *wheel, uint32_t now_tick, uint32_t *out,
                                       unsigned max);

/*
 * The tick at which wr_wheel_expire() may next have work: never later than the earliest
 * ring, perhaps earlier (a cascade, or a timer since cancelled). False if nothing is armed.
 */
static inline bool wr_wheel_next(const struct wr_wheel *wheel, uint32_t *when);

/*
 * Inside. A timer stands at the level of the highest byte in which its tick differs from the
 * wheel's time, in the slot of that byte's value. So what stands at a level rings before
 * everything at the levels above, and what stands above need not move until time reaches
 * the first tick of its slot.
 */
#define WR_WHEEL_LEVELS 4
#define WR_WHEEL_SLOTS  256 /* a level */
#define WR_WHEEL_WORDS  (WR_WHEEL_LEVELS * WR_WHEEL_SLOTS / 64)
#define WR_WHEEL_NONE   UINT32_MAX

struct wr_wheel_node {
	uint32_t when;       /* tick at which it rings */
	uint32_t prev, next; /* timers of the same slot, or WR_WHEEL_NONE */
	uint32_t place;      /* 1 + level * 256 + slot; 0: not armed */
};
static_assert(sizeof(struct wr_wheel_node) == 16, "four timers a cache line");

struct wr_wheel {
	uint32_t now;     /* tick */
	uint32_t next;    /* no slot begins before this tick */
	uint32_t armed;   /* timers */
	uint32_t busy;    /* bit w: word w of `occupied` is not zero */
	uint32_t entered; /* slot above level 0 that still has timers to spread; or 0 */
	uint64_t occupied[WR_WHEEL_WORDS]; /* bit s: slot s of that level has timers */
	uint32_t first[WR_WHEEL_LEVELS * WR_WHEEL_SLOTS];
	alignas(WR_CACHE_LINE) struct wr_wheel_node node[];
};

void wr_wheel_move(struct wr_wheel *wheel, uint32_t timer, uint32_t when);
unsigned wr_wheel_ring(struct wr_wheel *wheel, uint32_t now_tick, uint32_t *out, unsigned max);

static inline void wr_wheel_arm(struct wr_wheel *wheel, uint32_t timer, uint32_t when)
{
	const struct wr_wheel_node *node = &wheel->node[timer];

	if (node->place && wr_tick_reached(node->when, when))
		return;
	wr_wheel_move(wheel, timer, when);
}

static inline bool wr_wheel_is_armed(const struct wr_wheel *wheel, uint32_t timer)
{
	return wheel->node[timer].place;
}

static inline unsigned wr_wheel_expire(struct wr_wheel *wheel, uint32_t now_tick, uint32_t *out,
                                       unsigned max)
{
	if (wr_likely(now_tick - wheel->now < wheel->next - wheel->now)) {
		wheel->now = now_tick;
		return 0;
	}
	return wr_wheel_ring(wheel, now_tick, out, max);
}

static inline bool wr_wheel_next(const struct wr_wheel *wheel, uint32_t *when)
{
	*when = wheel->next;
	return wheel->armed;
}

#endif /* WR_WHEEL_H */
