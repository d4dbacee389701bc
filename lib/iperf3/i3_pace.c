/* SPDX-License-Identifier: BSD-3-Clause */
#include "i3_pace.h"
#include "wr_base.h"

#define DEBT_MOST_NS WR_S(1)
#define REBASE_BYTES (UINT64_C(1) << 40) /* keeps sent * 8e9 within 128 bits, with room */

static uint64_t due_ns(const struct i3_pace *pace)
{
	unsigned __int128 ns = (unsigned __int128)pace->sent * 8 * WR_S(1) / pace->rate;

	return pace->start_ns + (uint64_t)ns;
}

void i3_pace_start(struct i3_pace *pace, uint64_t rate, uint64_t now_ns)
{
	*pace = (struct i3_pace) {.rate = rate, .start_ns = now_ns, .next_ns = now_ns};
}

void i3_pace_sent(struct i3_pace *pace, uint64_t bytes, uint64_t now_ns)
{
	pace->sent += bytes;
	pace->next_ns = due_ns(pace);
	if (pace->next_ns + DEBT_MOST_NS < now_ns) {
		pace->start_ns += now_ns - DEBT_MOST_NS - pace->next_ns;
		pace->next_ns = now_ns - DEBT_MOST_NS;
	}
	if (pace->sent >= REBASE_BYTES) {
		pace->start_ns = pace->next_ns;
		pace->sent = 0;
	}
}
