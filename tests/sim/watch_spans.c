/* SPDX-License-Identifier: BSD-3-Clause */
/* Sets of bytes, as stretches. One that has met its limit knows nothing any more. */

#include <string.h>

#include "sim.h"

void sim_spans_add(struct sim_spans *s, uint32_t left, uint32_t right)
{
	unsigned first = 0, last;

	while (first < s->count && s->span[first].right < left)
		first++;
	for (last = first; last < s->count && s->span[last].left <= right; last++) {
		left = wr_min(left, s->span[last].left);
		right = wr_max(right, s->span[last].right);
	}
	if (last == first && s->count == WR_LEN(s->span))
		return; /* a gap too many: later checks are weaker */
	memmove(&s->span[first + 1], &s->span[last], (s->count - last) * sizeof(s->span[0]));
	s->count = s->count - last + first + 1;
	s->span[first].left = left;
	s->span[first].right = right;
}

bool sim_spans_hold(const struct sim_spans *s, uint32_t left, uint32_t right)
{
	if (s->count == WR_LEN(s->span))
		return true; /* not known any more */
	for (unsigned i = 0; i < s->count; i++)
		if (s->span[i].left <= left && right <= s->span[i].right)
			return true;
	return false;
}

void sim_spans_common(const struct sim_spans *s, uint32_t left, uint32_t right,
                      struct sim_spans *out)
{
	for (unsigned i = 0; i < s->count && s->span[i].left < right; i++) {
		uint32_t from = wr_max(left, s->span[i].left);
		uint32_t to = wr_min(right, s->span[i].right);

		if (from < to)
			sim_spans_add(out, from, to);
	}
}
