/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "record.h"

#define NONE       UINT32_MAX
#define WATCH_MOST 64 /* records looked at in one round */

/* A user that is a record has its low bit set. */
#define IS_RECORD ((uintptr_t)1)

void service_records_init(struct service_records *records, void *base, uint32_t count,
                          uint32_t bytes, uint64_t period_us)
{
	*records = (struct service_records) {
		.count = count,
		.bytes = bytes,
		.free = NONE,
		.oldest = NONE,
		.newest = NONE,
		.period_us = period_us,
		.base = base,
	};
}

static struct service_record *at(const struct service_records *records, uint32_t i)
{
	return (struct service_record *)(void *)(records->base + (size_t)i * records->bytes);
}

static uint32_t index_of(const struct service_records *records, const struct service_record *r)
{
	return (uint32_t)((size_t)((const char *)r - records->base) / records->bytes);
}

void *service_record_take(struct service_records *records, struct wr_service_core *core,
                          struct wr_tcb *c)
{
	struct service_record *r;

	if (records->free != NONE) {
		r = at(records, records->free);
		records->free = r->next;
	} else if (records->fresh < records->count) {
		r = at(records, records->fresh++);
	} else {
		return NULL;
	}
	memset(r, 0, records->bytes);
	r->core = core;
	r->c = c;
	records->used++;
	wr_tcb_set_user(c, (void *)((uintptr_t)r | IS_RECORD));
	return r;
}

static void unwatch(struct service_records *records, struct service_record *r)
{
	if (!r->watched)
		return;
	r->watched = false;
	if (r->before == NONE)
		records->oldest = r->next;
	else
		at(records, r->before)->next = r->next;
	if (r->next == NONE)
		records->newest = r->before;
	else
		at(records, r->next)->before = r->before;
}

void service_record_give(struct service_records *records, void *record)
{
	struct service_record *r = record;

	unwatch(records, r);
	wr_tcb_set_user(r->c, r->core);
	r->c = NULL;
	r->next = records->free;
	records->free = index_of(records, r);
	records->used--;
}

void *service_record_next(const struct service_records *records, uint32_t *cursor)
{
	while (*cursor < records->fresh) {
		struct service_record *r = at(records, (*cursor)++);

		if (r->c)
			return r;
	}
	return NULL;
}

void *service_record_of(const struct wr_tcb *c)
{
	uintptr_t user = (uintptr_t)wr_tcb_user(c);

	return user & IS_RECORD ? (void *)(user & ~IS_RECORD) : NULL;
}

struct wr_service_core *service_core_of(const struct wr_tcb *c)
{
	const struct service_record *r = service_record_of(c);

	return r ? r->core : wr_tcb_user(c);
}

void service_watch(struct service_records *records, void *record)
{
	struct service_record *r = record;
	uint32_t i;

	if (r->watched || !records->period_us)
		return;
	i = index_of(records, r);
	r->watched = true;
	r->watched_us = *r->core->now_us;
	r->next = NONE;
	r->before = records->newest;
	if (records->newest == NONE)
		records->oldest = i;
	else
		at(records, records->newest)->next = i;
	records->newest = i;
}

uint64_t service_watch_deadline(const struct service_records *records)
{
	if (records->oldest == NONE)
		return UINT64_MAX;
	return at(records, records->oldest)->watched_us + records->period_us;
}

bool service_watch_run(struct service_records *records, uint64_t now_us,
                       bool (*look)(void *record, uint64_t now_us))
{
	bool busy = false;

	for (unsigned n = 0; n < WATCH_MOST && service_watch_deadline(records) <= now_us; n++) {
		struct service_record *r = at(records, records->oldest);

		unwatch(records, r);
		if (look(r, now_us))
			service_watch(records, r);
		busy = true;
	}
	return busy;
}

bool service_is_stuck(const struct service_records *records, void *record)
{
	struct service_record *r = record;
	uint64_t least = SERVICE_LEAST * records->period_us / 1000000;
	uint64_t moved = r->moved - wr_tcp_queued(r->c);
	bool stuck = moved - r->seen_moved < (least ? least : 1);

	r->seen_moved = moved;
	return stuck;
}
