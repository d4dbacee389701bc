/* SPDX-License-Identifier: BSD-3-Clause */
/* How verified messages are counted by what is known of their numbers. */

#include "load.h"

void load_see_once(struct wr_once *once, uint64_t number)
{
	uint64_t skipped;

	wr_once_see(once, number, &skipped);
}

void load_count_once(struct wr_load *load, struct wr_once *once, uint64_t number)
{
	uint64_t skipped;

	switch (wr_once_see(once, number, &skipped)) {
	case WR_ONCE_NEW:
		LOAD_COUNT(load, verified, 1);
		LOAD_COUNT(load, lost, skipped);
		break;
	case WR_ONCE_LATE:
		LOAD_COUNT(load, verified, 1);
		LOAD_COUNT(load, reordered, 1);
		LOAD_COUNT(load, lost, -1);
		break;
	case WR_ONCE_DUPLICATE:
		LOAD_COUNT(load, duplicate, 1);
		break;
	}
}

void load_missed(struct wr_load *load, uint32_t n, struct load_request *r)
{
	if (!load->conf->verify)
		return;
	if (r->begun)
		LOAD_COUNT(load, truncated, 1);
	else
		LOAD_COUNT(load, lost, 1);
}
