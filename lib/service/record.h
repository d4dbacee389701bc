/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What services keep of connections that have begun something: records from a pool of one
 * core. A connection with nothing under way needs none: its user is the service's core, so
 * idle ones are cheap. With each record goes a watch, so that nothing stays unfinished for
 * ever: whoever is watched is looked at once a period, in the order of entering.
 */
#ifndef WR_SERVICE_RECORD_H
#define WR_SERVICE_RECORD_H

#include "wr_service.h"

#define SERVICE_RECORDS_MAX 65536 /* of one listener on one core */

/* The beginning of each record. */
struct service_record {
	struct wr_service_core *core;
	struct wr_tcb *c;      /* NULL: the record is free */
	uint32_t next, before; /* in the watch's queue, or in the list of the free */
	bool watched;
	uint64_t watched_us; /* since when */
	uint64_t begun_us;   /* since when what it does now goes on; its owner's */
	uint64_t moved,
		seen_moved; /* bytes taken and given so far; the same when last looked at */
};

struct service_records {
	uint32_t count, bytes; /* how many there are; bytes of each */
	uint32_t used, fresh;  /* taken now; those from `fresh` on were never used */
	uint32_t free;         /* first of the list */
	uint32_t oldest, newest;
	uint64_t period_us; /* of the watch */
	char *base;
};

/* How many records a core of `connections` gets. */
static inline uint32_t service_records_for(uint32_t connections)
{
	return wr_min(connections, SERVICE_RECORDS_MAX);
}

/* Begins with `count` records of `bytes` bytes each at base, zeroed. */
void service_records_init(struct service_records *records, void *base, uint32_t count,
                          uint32_t bytes, uint64_t period_us);

/* A zeroed record for c, whose user it becomes; NULL: there is none left. */
void *service_record_take(struct service_records *records, struct wr_service_core *core,
                          struct wr_tcb *c);

/* Gives it back; the connection's user is the core again. */
void service_record_give(struct service_records *records, void *record);

/* Goes through those in use: *cursor is 0 at first. NULL: that was all. */
void *service_record_next(const struct service_records *records, uint32_t *cursor);

/* The core and the record of a connection; a connection without one: NULL. */
struct wr_service_core *service_core_of(const struct wr_tcb *c);
void *service_record_of(const struct wr_tcb *c);

/* Enters the watch, if not there already. */
void service_watch(struct service_records *records, void *record);

/*
 * What is to be done about records whose period is over: `look` returns whether one stays
 * watched, and may give it back.
 */
bool service_watch_run(struct service_records *records, uint64_t now_us,
                       bool (*look)(void *record, uint64_t now_us));
uint64_t service_watch_deadline(const struct service_records *records);

/*
 * Whether less moved since it was last looked at than SERVICE_LEAST bytes a second: `moved`
 * and what the peer acknowledged. To be asked once a period.
 */
#define SERVICE_LEAST 64
bool service_is_stuck(const struct service_records *records, void *record);

#endif /* WR_SERVICE_RECORD_H */
