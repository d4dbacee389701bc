/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_LOAD_H
#define WR_LOAD_H

#include "wr_err.h"
#include "wr_histogram.h"
#include "wr_plan.h"
#include "wr_sizes.h"
#include "wr_stack.h"

/*
 * The load generator of one core: a task of its stack (wr_stack_add_task). Connections,
 * requests and datagrams are made when they are due, measured and verified. It has no clock
 * and does no I/O, as the engine; the control thread reads its numbers while it runs.
 */

enum wr_load_mode {
	WR_LOAD_RR,        /* request and response on connections that stay */
	WR_LOAD_CRR,       /* connect, request, response, close */
	WR_LOAD_STREAM,    /* bulk data: up, down or both */
	WR_LOAD_HOLD,      /* open connections and keep them */
	WR_LOAD_UDP_RR,    /* request and response in datagrams */
	WR_LOAD_UDP_FLOOD, /* datagrams without an answer */
	WR_LOAD_HTTP,      /* GET or POST */
	WR_LOAD_SYN,       /* bare SYNs */
	WR_LOAD_CONNECT,   /* handshake and close */
	WR_LOAD_MODES
};

extern const char *const wr_load_mode_name[WR_LOAD_MODES + 1]; /* "rr" ...; ends with NULL */

/* Who says how long a response is, and what it looks like. */
enum wr_load_protocol {
	WR_LOAD_AUTO,  /* echo if the sizes of request and response are the same, else rr */
	WR_LOAD_ECHO,  /* what is sent comes back */
	WR_LOAD_SIZED, /* Wringer's rr service: the request says how long the response is */
};

enum wr_load_direction { WR_LOAD_UP = 1, WR_LOAD_DOWN = 2, WR_LOAD_BOTH = 3 };

enum wr_load_payload { WR_LOAD_PATTERN, WR_LOAD_RANDOM, WR_LOAD_ZERO, WR_LOAD_FILE };

enum wr_load_close {
	WR_LOAD_CLOSE_FIN,    /* we close first */
	WR_LOAD_CLOSE_SERVER, /* we wait for the server's FIN */
	WR_LOAD_CLOSE_RESET,  /* we reset */
};

enum wr_load_reconnect {
	WR_LOAD_RECONNECT_NEVER,
	WR_LOAD_RECONNECT_AT_ONCE,
	WR_LOAD_RECONNECT_BACKOFF, /* 100 ms, doubled up to 10 s */
};

/* The rates that can be set, and changed while it runs. All cores together; 0: not set. */
struct wr_load_setpoints {
	uint64_t connections; /* at once */
	double cps;           /* connection attempts a second */
	double rps;           /* requests a second */
	double bitrate;       /* payload bits a second, each direction */
	double pps;           /* datagrams or SYNs a second */
};

#define WR_LOAD_CLIENTS  64
#define WR_LOAD_PIPELINE 64 /* requests under way on a connection, at most */

struct wr_load_client {
	uint32_t first, last; /* addresses, host order */
};

struct wr_load_http {
	char path[256];
	char host[128];    /* of the Host header; "": the target */
	bool post;         /* POST with a request body of `request` bytes */
	bool close;        /* a connection for each request */
	char headers[512]; /* further header lines with their CRLF */
};

struct wr_load_conf {
	enum wr_load_mode mode;
	uint32_t target; /* host order */
	uint16_t port;
	struct wr_load_client client[WR_LOAD_CLIENTS];
	unsigned clients;             /* 0: the stack's first address */
	uint16_t port_low, port_high; /* source ports; 0, 0: 1024 .. 65535 */

	struct wr_load_setpoints set;
	struct wr_schedule schedule; /* of all rates; its ramp too */
	uint64_t warmup_ns;          /* after the ramp, not measured */
	uint64_t duration_ns;        /* of the measurement; 0: until requests are done */
	uint64_t requests;           /* all cores together; 0: no limit */

	enum wr_load_protocol protocol;
	enum wr_load_direction direction;
	struct wr_sizes request, response; /* bytes of a message */
	uint32_t pipeline;                 /* requests under way on a connection, at most */
	uint64_t think_ns;                 /* between a response and the next request */
	enum wr_load_payload payload;
	const uint8_t *file; /* the payload's bytes, borrowed */
	size_t file_bytes;
	bool verify;
	struct wr_load_http http;

	enum wr_load_close close;
	enum wr_load_reconnect reconnect;
	uint64_t response_timeout_ns; /* 0: none */
	uint64_t drain_ns;            /* how long to wait for what is under way at the end */
	struct wr_tcp_options tcp;    /* connect, idle and total time-outs; keepalive */
	uint64_t seed;                /* of sizes, payload and addresses; names the run */
};

enum wr_load_stat {
#define WR_LOAD(name, unit, help) WR_LOAD_STAT_##name,
#include "wr_load.def"
	WR_LOAD_STAT_COUNT
};

enum wr_latency {
#define WR_LATENCY(name, help) WR_LATENCY_##name,
#include "wr_latencies.def"
	WR_LATENCY_COUNT
};

struct wr_load_desc {
	const char *name, *unit, *help;
};

extern const struct wr_load_desc wr_load_desc[WR_LOAD_STAT_COUNT];
extern const struct wr_named wr_latency_desc[WR_LATENCY_COUNT];

/* One core's numbers: that core writes, others read. */
struct wr_load_stats {
	alignas(WR_CACHE_LINE) uint64_t n[WR_LOAD_STAT_COUNT];
	uint64_t reason[WR_REASON_COUNT]; /* how its connections ended */
	uint64_t wanted;                  /* gauge: connections that shall be open */
	uint64_t open;                    /* gauge: connections established now */
	uint64_t opening;                 /* gauge: attempts under way */
	uint64_t outstanding;             /* gauge: requests without a response yet */
	struct wr_histogram latency[WR_LATENCY_COUNT]; /* ns */
};

/* Adds one core's numbers to a sum. The source may be written meanwhile. */
void wr_load_stats_sum(struct wr_load_stats *sum, const struct wr_load_stats *core);

/* What a run is doing, by its own time. */
enum wr_load_phase {
	WR_LOAD_WAITING, /* not begun */
	WR_LOAD_OPENING, /* connections that stay are being opened */
	WR_LOAD_READY,   /* all are open, or none is needed: waits for the start */
	WR_LOAD_RAMP,    /* rates rise to their setpoints */
	WR_LOAD_WARMUP,  /* at the setpoints, not measured */
	WR_LOAD_MEASURE, /* what is planned now counts */
	WR_LOAD_DRAIN,   /* nothing new; waiting for what is under way */
	WR_LOAD_CLOSING, /* connections close in order */
	WR_LOAD_DONE,
};

extern const char *const wr_load_phase_name[WR_LOAD_DONE + 1];

struct wr_load;

/*
 * Finds contradictions, as between setpoints and mode, or sizes and verification. Returns 0,
 * or -EINVAL and *err, a sentence that names the options.
 */
int wr_load_check(const struct wr_load_conf *conf, struct wr_err *err);

/*
 * The generator of core `core` of `cores`, added to the stack's tasks. conf and stack are
 * borrowed. All memory is taken here. NULL and *err.
 */
struct wr_load *wr_load_new(const struct wr_load_conf *conf, struct wr_stack *stack,
                            uint32_t core, uint32_t cores, int socket, struct wr_err *err);
void wr_load_free(struct wr_load *load);

/*
 * As new, for another run: numbers begin at zero. It must be DONE, and its stack at rest.
 * Returns 0, or -ENOMEM and *err; then it can only be freed.
 */
int wr_load_renew(struct wr_load *load, struct wr_err *err);

uint64_t wr_load_bytes(const struct wr_load_conf *conf, uint32_t cores);

/* ---- on the worker, or before it runs ---- */

/* Opens the connections that stay (rr, stream, hold, http): OPENING, then READY. */
void wr_load_begin(struct wr_load *load, uint64_t now_ns);

/*
 * Starts at start_ns, which is the same on all cores, with the connections that are open by
 * then: ramp, warm-up, measurement, drain, close.
 */
void wr_load_start(struct wr_load *load, uint64_t start_ns);

/* New setpoints from now on. Returns 0 or -ENOSPC: more connections than there is room for. */
int wr_load_set(struct wr_load *load, const struct wr_load_setpoints *set, uint64_t now_ns);

/* Ends what goes on now, as if its time were over. */
void wr_load_end(struct wr_load *load, uint64_t now_ns);

/* Resets what is left and is DONE at once. */
void wr_load_abort(struct wr_load *load);

/* ---- from any thread ---- */

const struct wr_load_stats *wr_load_stats(const struct wr_load *load);
enum wr_load_phase wr_load_phase(const struct wr_load *load);

/* When opening began and when the last connection was open, ns; 0: not yet. */
void wr_load_opened(const struct wr_load *load, uint64_t *from_ns, uint64_t *until_ns);

/* When the measurement began and ended on this core, ns; 0: not yet. */
void wr_load_window(const struct wr_load *load, uint64_t *from_ns, uint64_t *until_ns);

#endif /* WR_LOAD_H */
