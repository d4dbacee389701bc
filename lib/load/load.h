/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of one core's load generator, shared by the files of this directory. */
#ifndef WR_LOAD_INSIDE_H
#define WR_LOAD_INSIDE_H

#include "wr_load.h"
#include "wr_stamp.h"
#include "wr_wheel.h"

#define LOAD_CLOSING_MOST 1024 /* connections at once that are told to close and have not */
#define LOAD_BURST        64   /* new connections, requests or datagrams in one tick, at most */

/* A queue of numbers of clients; its size is a power of two. */
struct load_queue {
	uint32_t *slot;
	uint32_t mask, head, count;
};

int load_queue_init(struct load_queue *queue, uint64_t entries, int socket);
void load_queue_fini(struct load_queue *queue);
uint64_t load_queue_bytes(uint64_t entries);

static inline void load_queue_push(struct load_queue *queue, uint32_t n)
{
	assert(queue->count <= queue->mask);
	queue->slot[(queue->head + queue->count++) & queue->mask] = n;
}

static inline uint32_t load_queue_pop(struct load_queue *queue)
{
	uint32_t n = queue->slot[queue->head++ & queue->mask];

	queue->count--;
	return n;
}

/* A request under way. */
struct load_request {
	uint64_t planned_ns, sent_ns;
	uint32_t bytes; /* of the request */
	uint32_t sent;  /* of these, handed to TCP */
	uint32_t left;  /* of the response, still to come; by the protocol */
	bool measured;  /* planned within the measurement */
	bool begun;     /* the first byte of the response came */
	uint8_t spare[2];
};
static_assert(sizeof(struct load_request) == 32, "two a cache line");

enum load_client_state {
	LOAD_CLOSED,  /* waits for its turn, or for the end of its backoff */
	LOAD_OPENING, /* the SYN is out */
	LOAD_OPEN,
	LOAD_CLOSING, /* the connection is to end */
};

/* A connection of ours, or a place for one. */
struct load_client {
	alignas(WR_CACHE_LINE) struct wr_load *load;
	struct wr_tcb *tcb;
	uint64_t planned_ns; /* when the connection was due */
	uint64_t since_ns;   /* when this state began */
	uint64_t due_ns;     /* when its timer is to ring; UINT64_MAX: not */
	uint32_t asked;      /* requests on this connection so far */
	uint32_t answered;   /* and those that were answered or given up */
	uint8_t state;       /* enum load_client_state */
	uint8_t waiting;     /* places that it has in the queue of the idle */
	uint8_t failures;    /* attempts that failed in a row */
	bool measured;       /* planned within the measurement */
	bool opened;         /* it was established */
	bool ended;          /* the server closed its side */
	bool stuck;          /* waits for room or a buffer to go on sending */
};
static_assert(sizeof(struct load_client) == 64, "one cache line");

/* What became of a response's text. */
enum load_took {
	LOAD_TOOK_MORE,   /* all taken, more is to come */
	LOAD_TOOK_WHOLE,  /* the response is complete */
	LOAD_TOOK_LAST,   /* complete, and the server will close the connection */
	LOAD_TOOK_BROKEN, /* this is no response: the connection is worth nothing any more */
};

/* How requests and responses look on a connection. What is NULL is not needed. */
struct load_protocol {
	/* What all its requests share; returns 0 or -ENOMEM. */
	int (*init)(struct wr_load *load, int socket);
	void (*fini)(struct wr_load *load);
	/* Bytes that it keeps for a client: load_state(). */
	size_t (*state_bytes)(const struct wr_load_conf *conf);
	/* The client has a new connection. */
	void (*open)(struct wr_load *load, uint32_t n);
	/* Decides request->bytes and request->left of number `number` on the connection. */
	void (*begin)(struct wr_load *load, uint32_t n, uint32_t number,
	              struct load_request *request);
	/* Writes `bytes` of the request's text, from `offset` on. */
	void (*write)(struct wr_load *load, uint32_t n, const struct load_request *request,
	              uint32_t offset, uint8_t *out, uint32_t bytes);
	/* Takes text of the response; *used says how much of it belongs to it. */
	enum load_took (*take)(struct wr_load *load, uint32_t n, struct load_request *request,
	                       const uint8_t *text, uint32_t bytes, uint32_t *used);
	/* The server closed with this response under way: whether that completes it. */
	bool (*ends)(struct wr_load *load, uint32_t n, struct load_request *request);
	/* A response that did not come complete, for the verification. */
	void (*missed)(struct wr_load *load, uint32_t n, struct load_request *request);
};

extern const struct load_protocol load_protocol_echo, load_protocol_sized, load_protocol_http;

/* One kind of load. What is NULL is not needed. */
struct load_mode {
	bool keeps;    /* connections stay: OPENING opens them */
	bool clients;  /* uses struct load_client */
	bool requests; /* has requests */
	bool timed;    /* text that is received counts while the measurement lasts; else a
	                * response does, whenever it comes */
	uint64_t (*bytes)(const struct wr_load_conf *conf, uint32_t cores);
	int (*init)(struct wr_load *load, int socket, struct wr_err *err);
	void (*fini)(struct wr_load *load);
	void (*start)(struct wr_load *load); /* the ramp begins */
	/* New rates. */
	void (*set)(struct wr_load *load, uint64_t now_ns);
	/* What is due now: from RAMP to MEASURE. Whether there was anything. */
	bool (*run)(struct wr_load *load, uint64_t now_ns);
	/* When there next is something due, ns. */
	uint64_t (*deadline)(const struct wr_load *load);
	/* The measurement is over: what was planned and not begun counts as unsent. */
	void (*stop)(struct wr_load *load, uint64_t now_ns);
	/* DRAIN: whether nothing is under way any more. */
	bool (*is_drained)(const struct wr_load *load);
	/* The drain's time is over: what is under way is given up. */
	void (*give_up)(struct wr_load *load);
	/* Events of a client: its SYN is out; established; with room or text; the server's FIN;
	 * the end. */
	void (*on_attempt)(struct wr_load *load, uint32_t n);
	void (*on_open)(struct wr_load *load, uint32_t n);
	/* Whether it takes text now; else TCP keeps it until wr_tcp_resume(). NULL: always. */
	bool (*wants)(struct wr_load *load, uint32_t n);
	void (*on_data)(struct wr_load *load, uint32_t n, struct rte_mbuf *m); /* keeps m not */
	void (*on_room)(struct wr_load *load, uint32_t n);
	void (*on_peer_closed)(struct wr_load *load, uint32_t n);
	void (*on_end)(struct wr_load *load, uint32_t n, bool opened);
	/* CLOSING: what is under way on it is given up; true: so it is broken already. */
	bool (*on_close)(struct wr_load *load, uint32_t n);
	void (*on_timer)(struct wr_load *load, uint32_t n, uint64_t now_ns);
};

extern const struct load_mode load_mode_kept, load_mode_one_shot, load_mode_stream,
	load_mode_udp_rr, load_mode_udp_flood, load_mode_syn;

struct wr_load {
	const struct wr_load_conf *conf;
	const struct load_mode *mode;
	const struct load_protocol *protocol;
	struct wr_stack *stack;
	struct wr_tcp *tcp;
	struct rte_mempool *pool;
	struct load_shelf *shelf; /* buffers fetched ahead */
	uint32_t core, cores;
	uint32_t phase; /* enum wr_load_phase; worker: writes, control: reads */
	int socket;
	uint64_t now_ns;
	struct wr_load_setpoints set; /* those of now, all cores together */

	/* Times, ns; 0: not known yet. */
	uint64_t begun_ns, opened_ns;
	uint64_t start_ns, warm_ns; /* end of the ramp */
	uint64_t from_ns, until_ns; /* the measurement; UINT64_MAX: until requests are done */
	uint64_t phase_ns;          /* when DRAIN or CLOSING began */

	/* Clients. */
	struct load_client *client;
	struct load_request *request; /* pipeline of each client, by number modulo pipeline */
	uint8_t *state;               /* of the protocol, state_bytes a client */
	size_t state_bytes;
	uint32_t clients;      /* places */
	uint32_t wanted;       /* of these, to be open now */
	uint32_t gone;         /* of these, given up for good */
	uint32_t close_cursor; /* CLOSING: clients before it were told */
	bool aborting;         /* CLOSING: those that do not end are reset, from the first on */
	uint32_t closing;      /* CLOSING: of these, whose end is awaited */
	struct load_queue free; /* clients that are closed and may open */
	struct load_queue idle; /* clients that may send a request */
	struct wr_wheel *wheel; /* a timer a client */
	uint32_t next_addr;     /* of the pool: a count of addresses */
	uint32_t pool_addrs;
	bool opens_paused; /* nothing to open: the plan of --cps does not run */
	uint64_t retry_ns; /* no port or no room: do not try before */

	/* Plans. */
	struct wr_plan opens, requests;
	double opens_rate, requests_rate; /* of these plans, 1/s of all cores; 0: at once */
	uint64_t quota; /* requests that this core may still make; UINT64_MAX: no limit */

	/* Payload: as many bytes as the longest message has. */
	uint8_t *payload;
	uint32_t payload_bytes;
	char *head; /* of HTTP requests */
	uint32_t head_bytes;
	uint32_t segment_bytes; /* text in one buffer, at most */
	uint32_t run;           /* names this run in stamps */
	struct wr_prng prng;
	void *own; /* what a mode keeps for itself */
	struct wr_load_stats stats;
};

#define LOAD_COUNT(load, member, by)                                                           \
	wr_stat_add(&(load)->stats.n[WR_LOAD_STAT_##member], (uint64_t)(by))

/* ---- load.c ---- */

/* This core's part of a number that is given for all cores. */
static inline uint64_t load_share(uint64_t all, uint32_t core, uint32_t cores)
{
	return all / cores + (core < all % cores);
}

/* Whether something planned for then counts. */
static inline bool load_is_measured(const struct wr_load *load, uint64_t planned_ns)
{
	return load->from_ns && planned_ns >= load->from_ns && planned_ns < load->until_ns;
}

static inline bool load_is_running(const struct wr_load *load)
{
	return load->phase >= WR_LOAD_RAMP && load->phase <= WR_LOAD_MEASURE;
}

static inline void load_time(struct wr_load *load, enum wr_latency what, uint64_t ns)
{
	wr_histogram_record(&load->stats.latency[what], ns);
}

const struct load_protocol *load_protocol_of(const struct wr_load_conf *conf);

/* ---- client.c ---- */

int load_clients_init(struct wr_load *load, int socket);
void load_clients_fini(struct wr_load *load);
uint64_t load_clients_bytes(const struct wr_load_conf *conf, uint32_t cores);

static inline struct load_client *load_client(struct wr_load *load, uint32_t n)
{
	return &load->client[n];
}

/* Its requests under way, oldest first: k from answered to asked. */
static inline struct load_request *load_request(struct wr_load *load, uint32_t n, uint32_t k)
{
	uint32_t depth = load->conf->pipeline;

	return &load->request[(size_t)n * depth + (depth == 1 ? 0 : k % depth)];
}

static inline void *load_state(struct wr_load *load, uint32_t n)
{
	return load->state + n * load->state_bytes;
}

static inline uint32_t load_client_number(const struct load_client *client)
{
	return (uint32_t)(client - client->load->client);
}

/* A number over all cores, as stamps carry it. */
static inline uint32_t load_client_name(const struct wr_load *load, uint32_t n)
{
	return n * load->cores + load->core;
}

void load_addrs_init(struct wr_load *load);

/* The client's next local address of the pool: address and port range of its flow. */
uint32_t load_next_addr(struct wr_load *load);

/*
 * Opens free clients that are due: by the plan of --cps, or all that are wanted. Whether
 * there was anything to do.
 */
bool load_open_due(struct wr_load *load, uint64_t now_ns);
uint64_t load_open_deadline(const struct wr_load *load);

/* Ends a client's connection in the way of --close. */
void load_client_close(struct wr_load *load, uint32_t n);
/* Resets it, as it is worth nothing any more. */
void load_client_break(struct wr_load *load, uint32_t n);

/* Lets the client's timer ring at due_ns; an earlier one is replaced. */
void load_client_arm(struct wr_load *load, uint32_t n, uint64_t due_ns);

/* Rings timers that are due. */
bool load_timers_run(struct wr_load *load, uint64_t now_ns);

/* Fewer connections are wanted: closes idle ones. Whether it closed any; whether it should. */
bool load_shrink(struct wr_load *load);
bool load_has_surplus(const struct wr_load *load);

/* CLOSING: closes what is open, a bounded number a tick; true: all are closed. */
bool load_close_all(struct wr_load *load);
void load_abort_all(struct wr_load *load);

/* ---- request.c ---- */

/* Arrivals of a plan that were due within the measurement until end_ns and never taken. */
uint64_t load_unsent(const struct wr_load *load, const struct wr_plan *plan, uint64_t end_ns);

/* Requests that were due within the measurement until end_ns and never taken count as unsent.
 */
void load_count_unsent(struct wr_load *load, const struct wr_plan *plan, uint64_t end_ns);

/* ---- verify.c ---- */

/* A verified message with this number came: verified, reordered or a duplicate, and lost ones.
 */
void load_count_once(struct wr_load *load, struct wr_once *once, uint64_t number);
/* One came that is counted otherwise. */
void load_see_once(struct wr_once *once, uint64_t number);
/* A response that did not come, or not whole: the `missed` of protocols. */
void load_missed(struct wr_load *load, uint32_t n, struct load_request *request);

/* ---- payload.c ---- */

int load_payload_init(struct wr_load *load, int socket);
void load_payload_fini(struct wr_load *load);
uint32_t load_payload_size(const struct wr_load_conf *conf);

/* A buffer with room for `bytes` of text; NULL: none, counted. *text is where it goes. */
struct rte_mbuf *load_buffer(struct wr_load *load, uint32_t bytes, uint8_t **text);

#endif /* WR_LOAD_INSIDE_H */
