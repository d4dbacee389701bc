/* SPDX-License-Identifier: BSD-3-Clause */
#include "wr_stamp.h"

#define WINDOW 64

enum wr_once_verdict wr_once_see(struct wr_once *once, uint64_t sequence, uint64_t *skipped)
{
	uint64_t back, bit;

	*skipped = 0;
	if (sequence >= once->next) {
		*skipped = sequence - once->next;
		once->seen = *skipped + 1 < WINDOW ? once->seen << (*skipped + 1) | 1 : 1;
		once->next = sequence + 1;
		return WR_ONCE_NEW;
	}
	back = once->next - 1 - sequence;
	if (back >= WINDOW)
		return WR_ONCE_DUPLICATE;
	bit = UINT64_C(1) << back;
	if (once->seen & bit)
		return WR_ONCE_DUPLICATE;
	once->seen |= bit;
	return WR_ONCE_LATE;
}
