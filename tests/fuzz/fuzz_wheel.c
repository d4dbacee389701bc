/* SPDX-License-Identifier: BSD-3-Clause */
/* The timing wheel against a plain table of deadlines. */
#include "fuzz.h"
#include "wr_base.h"
#include "wr_wheel.h"

#define TIMERS 16

struct model {
	struct wr_wheel *wheel;
	uint32_t now;
	bool armed[TIMERS];
	uint32_t when[TIMERS];
};

/* Steps of every length: a byte says how many bits and which. */
static uint32_t distance(struct fuzz_input *in)
{
	unsigned bits = fuzz_u8(in) % 31;

	return fuzz_u32(in) & ((1u << bits) - 1);
}

static void arm(struct model *m, unsigned timer, uint32_t when)
{
	wr_wheel_arm(m->wheel, timer, when);
	if (m->armed[timer] && wr_tick_reached(m->when[timer], when))
		return;
	m->armed[timer] = true;
	m->when[timer] = when;
}

static void cancel(struct model *m, unsigned timer)
{
	wr_wheel_cancel(m->wheel, timer);
	m->armed[timer] = false;
}

/* All that is due rings, once, and nothing else. */
static void expire(struct model *m, uint32_t by, unsigned max)
{
	uint32_t out[TIMERS];
	unsigned n;

	m->now += by;
	do {
		n = wr_wheel_expire(m->wheel, m->now, out, max);
		FUZZ_HOLDS(n <= max);
		for (unsigned i = 0; i < n; i++) {
			FUZZ_HOLDS(out[i] < TIMERS && m->armed[out[i]]);
			FUZZ_HOLDS(wr_tick_reached(m->when[out[i]], m->now));
			m->armed[out[i]] = false;
		}
	} while (n == max);
	for (unsigned i = 0; i < TIMERS; i++)
		FUZZ_HOLDS(!m->armed[i] || !wr_tick_reached(m->when[i], m->now));
}

static void check(const struct model *m)
{
	uint32_t next;
	bool any = wr_wheel_next(m->wheel, &next), expected = false;

	for (unsigned i = 0; i < TIMERS; i++) {
		FUZZ_HOLDS(wr_wheel_is_armed(m->wheel, i) == m->armed[i]);
		expected |= m->armed[i];
		/* What has passed rings at the next call. */
		FUZZ_HOLDS(!m->armed[i] || wr_tick_reached(next, m->when[i]) ||
		           wr_tick_reached(m->when[i], m->now));
	}
	FUZZ_HOLDS(any == expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input in = {bytes, size};
	struct model m = {0};

	fuzz_pool();
	m.now = fuzz_u32(&in);
	m.wheel = wr_wheel_new(TIMERS, m.now, -1);
	FUZZ_HOLDS(m.wheel != NULL);
	while (in.left) {
		uint8_t what = fuzz_u8(&in), timer = what % TIMERS;

		switch (what >> 6) {
		case 0:
			arm(&m, timer, m.now + distance(&in));
			break;
		case 1:
			arm(&m, timer, m.now - (distance(&in) & 0xffff));
			break;
		case 2:
			cancel(&m, timer);
			break;
		case 3:
			/* No further than deadlines may lie ahead. */
			expire(&m, distance(&in) & 0x3fffffff, 1 + timer);
			break;
		}
		check(&m);
	}
	wr_wheel_free(m.wheel);
	return 0;
}
