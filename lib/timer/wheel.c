/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_malloc.h>

#include "wr_wheel.h"

#define IDLE_TICKS INT32_MAX  /* an empty wheel need not be looked at for so long */
#define BACK_TICKS (1u << 24) /* a jump back by less is not taken for one of days forward */

/*
 * Timers that one call may move between levels: 0.3 ms if every one is a cache miss. A million
 * timers of the same 8 seconds, moved at once, would stop the core for 80 ms.
 */
#define MOVES_MOST 4096

#define TOP_WORD (WR_WHEEL_WORDS - WR_WHEEL_WORDS / WR_WHEEL_LEVELS)

uint64_t wr_wheel_bytes(uint32_t timers)
{
	return sizeof(struct wr_wheel) + (uint64_t)timers * sizeof(struct wr_wheel_node);
}

struct wr_wheel *wr_wheel_new(uint32_t timers, uint32_t now_tick, int socket)
{
	struct wr_wheel *wheel =
		rte_zmalloc_socket("wr_wheel", wr_wheel_bytes(timers), WR_CACHE_LINE, socket);

	if (!wheel)
		return NULL;
	wheel->now = now_tick;
	wheel->next = now_tick + IDLE_TICKS;
	memset(wheel->first, 0xff, sizeof(wheel->first));
	return wheel;
}

void wr_wheel_free(struct wr_wheel *wheel)
{
	rte_free(wheel);
}

static unsigned level_of(const struct wr_wheel *wheel, uint32_t when)
{
	uint32_t differs = when ^ wheel->now;

	return differs ? (31 - (unsigned)__builtin_clz(differs)) / 8 : 0;
}

static void insert(struct wr_wheel *wheel, uint32_t timer, uint32_t when)
{
	struct wr_wheel_node *node = &wheel->node[timer];
	unsigned shift = 8 * level_of(wheel, when);
	unsigned slot = shift / 8 * WR_WHEEL_SLOTS + (when >> shift) % WR_WHEEL_SLOTS;
	uint32_t begins = when >> shift << shift;
	uint32_t next = wheel->first[slot];

	*node = (struct wr_wheel_node) {
		.when = when, .prev = WR_WHEEL_NONE, .next = next, .place = slot + 1};
	if (next != WR_WHEEL_NONE)
		wheel->node[next].prev = timer;
	wheel->first[slot] = timer;
	wheel->occupied[slot / 64] |= UINT64_C(1) << slot % 64;
	wheel->busy |= 1u << slot / 64;
	if (begins - wheel->now < wheel->next - wheel->now)
		wheel->next = begins;
}

static void mark_empty(struct wr_wheel *wheel, unsigned slot)
{
	wheel->first[slot] = WR_WHEEL_NONE;
	wheel->occupied[slot / 64] &= ~(UINT64_C(1) << slot % 64);
	if (!wheel->occupied[slot / 64])
		wheel->busy &= ~(1u << slot / 64);
	if (wheel->entered == slot)
		wheel->entered = 0;
}

void wr_wheel_cancel(struct wr_wheel *wheel, uint32_t timer)
{
	struct wr_wheel_node *node = &wheel->node[timer];

	if (!node->place)
		return;
	if (node->next != WR_WHEEL_NONE)
		wheel->node[node->next].prev = node->prev;
	if (node->prev != WR_WHEEL_NONE)
		wheel->node[node->prev].next = node->next;
	else if (node->next != WR_WHEEL_NONE)
		wheel->first[node->place - 1] = node->next;
	else
		mark_empty(wheel, node->place - 1);
	node->place = 0;
	wheel->armed--;
}

/* Arms a timer that does not ring at `when` or before. */
void wr_wheel_move(struct wr_wheel *wheel, uint32_t timer, uint32_t when)
{
	wr_wheel_cancel(wheel, timer);
	wheel->armed++;
	insert(wheel, timer, wr_tick_reached(when, wheel->now) ? wheel->now : when);
}

/*
 * The highest level is a circle that begins after the present slot; so the word of that slot
 * is looked at twice, first above and at last below it.
 */
static unsigned first_top_slot(const struct wr_wheel *wheel)
{
	unsigned from = ((wheel->now >> 24) + 1) % WR_WHEEL_SLOTS;
	unsigned word = from / 64;
	uint64_t bits = wheel->occupied[TOP_WORD + word] & UINT64_MAX << from % 64;

	while (!bits) {
		word = (word + 1) % (WR_WHEEL_SLOTS / 64);
		bits = wheel->occupied[TOP_WORD + word];
	}
	return (TOP_WORD + word) * 64 + (unsigned)__builtin_ctzll(bits);
}

/* The slot whose time comes first; some timer is armed. */
static unsigned first_slot(const struct wr_wheel *wheel)
{
	uint32_t low = wheel->busy & ((1u << TOP_WORD) - 1);
	unsigned word;

	if (!low)
		return first_top_slot(wheel);
	word = (unsigned)__builtin_ctz(low);
	return word * 64 + (unsigned)__builtin_ctzll(wheel->occupied[word]);
}

/* The first tick of a slot. */
static uint32_t slot_begins(const struct wr_wheel *wheel, unsigned slot)
{
	unsigned shift = slot / WR_WHEEL_SLOTS * 8;
	uint64_t above = UINT64_MAX << (shift + 8);

	return (uint32_t)((wheel->now & above) | (uint64_t)(slot % WR_WHEEL_SLOTS) << shift);
}

/* Takes up to max timers from a slot of level 0 whose tick has come. */
static unsigned take(struct wr_wheel *wheel, unsigned slot, uint32_t *out, unsigned max)
{
	uint32_t timer = wheel->first[slot];
	unsigned n = 0;

	while (n < max && timer != WR_WHEEL_NONE) {
		struct wr_wheel_node *node = &wheel->node[timer];

		out[n++] = timer;
		node->place = 0;
		timer = node->next;
	}
	wheel->armed -= n;
	wheel->first[slot] = timer;
	if (timer == WR_WHEEL_NONE)
		mark_empty(wheel, slot);
	else
		wheel->node[timer].prev = WR_WHEEL_NONE;
	return n;
}

/*
 * Spreads a slot that time has entered over the levels below, at most *moves timers of it.
 * What is left goes first the next time: see wr_wheel_ring().
 */
static void cascade(struct wr_wheel *wheel, unsigned slot, unsigned *moves)
{
	uint32_t timer = wheel->first[slot];

	for (; *moves && timer != WR_WHEEL_NONE; --*moves) {
		const struct wr_wheel_node *node = &wheel->node[timer];
		uint32_t next = node->next;

		insert(wheel, timer, node->when);
		timer = next;
	}
	wheel->first[slot] = timer;
	if (timer == WR_WHEEL_NONE) {
		mark_empty(wheel, slot);
	} else {
		wheel->node[timer].prev = WR_WHEEL_NONE;
		wheel->entered = slot;
	}
}

/* A slot that was not spread to its end comes before those below it. */
static unsigned next_slot(const struct wr_wheel *wheel)
{
	return wheel->entered ? wheel->entered : first_slot(wheel);
}

unsigned wr_wheel_ring(struct wr_wheel *wheel, uint32_t now_tick, uint32_t *out, unsigned max)
{
	uint32_t until = wheel->now - now_tick < BACK_TICKS ? wheel->now : now_tick;
	unsigned moves = MOVES_MOST;
	unsigned n = 0;

	while (wheel->armed) {
		unsigned slot = next_slot(wheel);
		uint32_t begins = slot_begins(wheel, slot);
		bool reached = begins - wheel->now <= until - wheel->now;

		if (!reached || n == max || !moves) {
			wheel->next = begins;
			wheel->now = reached ? wheel->now : until;
			return n;
		}
		wheel->now = begins;
		if (slot < WR_WHEEL_SLOTS)
			n += take(wheel, slot, out + n, max - n);
		else
			cascade(wheel, slot, &moves);
	}
	wheel->now = until;
	wheel->next = until + IDLE_TICKS;
	return n;
}
