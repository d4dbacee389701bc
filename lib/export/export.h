/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside the exporter. */
#ifndef WR_EXPORT_INSIDE_H
#define WR_EXPORT_INSIDE_H

#include <pthread.h>
#include <stdbool.h>

#include "wr_export.h"
#include "wr_tcp.h"

#define WR_ASK_BOUND_NS WR_S(2) /* a worker answers within this, or is said not to */

/*
 * The message to one worker. When the worker was late it still holds the message: then it
 * is lent, and the next question waits for it first.
 */
struct wr_asking {
	struct wr_stack_message message;
	bool lent;
};

struct MHD_Daemon;

struct wr_export {
	struct wr_export_conf conf;
	pthread_mutex_t lock; /* of `now`: held while an answer is made of it */
	struct wr_snapshot *now, *spare;
	pthread_mutex_t ask_lock; /* one question at a time */
	struct wr_asking *asking; /* one for each core */
	bool stopping;            /* control: sets, telemetry threads: read */
	struct MHD_Daemon *http;  /* NULL: no endpoint */
};

/*
 * A page of connections of one core, beginning at *cursor, which is moved; UINT32_MAX: that
 * was all. Writes up to WR_ASK_PAGE connections. Returns 0, -ENODEV if that core cannot be
 * asked, -ETIMEDOUT if its worker does not answer, -ESHUTDOWN if the process is about to end.
 */
int wr_export_ask(struct wr_export *export, unsigned core, const struct wr_tcp_filter *filter,
                  uint32_t every, uint32_t *cursor, struct wr_tcp_info *out, unsigned *count);

/* Makes the telemetry commands answer for this process; NULL: no more, for nobody. */
int wr_telemetry_serve(struct wr_export *export);

/* The Prometheus endpoint, on a thread of its own on conf.control_cpu. */
struct MHD_Daemon *wr_http_start(struct wr_export *export, struct wr_err *err);
void wr_http_stop(struct MHD_Daemon *daemon);

#endif /* WR_EXPORT_INSIDE_H */
