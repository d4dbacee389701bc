/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a packet script runs against: one engine in virtual time with a service that does
 * what the script says, and a peer that is the script.
 */
#ifndef WR_SCRIPT_WORLD_H
#define WR_SCRIPT_WORLD_H

#include "packet.h"
#include "wr_stack.h"

#define WORLD_FLOWS   64
#define WORLD_SENT    1024 /* segments sent that the script has not yet looked at */
#define WORLD_BURST   WR_STACK_BURST
#define WORLD_BUFFERS 2047       /* of the engine */
#define WORLD_ADDR    0xc6120001 /* the engine's */
#define WORLD_PEER    0xc6120002
#define WORLD_SECOND  0xc6120003 /* another one of the engine's */
#define WORLD_MAC                                                                              \
	{                                                                                      \
		{                                                                              \
			0x02, 0, 0, 0, 0, 1                                                    \
		}                                                                              \
	}
#define WORLD_LPORT 7000  /* where `listen` listens and `connect` connects from */
#define WORLD_RPORT 40000 /* of flow 0; flow n: + n */

/* A connection as script and service know it. */
struct world_flow {
	struct wr_tcb *c; /* NULL: none */
	uint32_t addr;    /* the engine's end of it; 0: not known yet */
	bool knows_isn, knows_ts;
	uint32_t isn;     /* the engine's: wire number of its relative 0 */
	uint32_t ts_base; /* the engine's TSval of relative 0 */
	unsigned opened, eof, closed;
	enum wr_reason reason;
	uint32_t delivered;
	bool corrupt;     /* delivered text was not what the peer sent */
	uint32_t quota;   /* bytes that the service still takes */
	uint32_t to_send; /* bytes that the service has not yet handed to the engine */
	uint32_t queued;  /* bytes that it has */
	bool close_after; /* wr_tcp_close() when to_send is 0 */
};

struct world_sent {
	uint64_t time_ns;
	struct packet packet;
};

struct world {
	struct wr_stack *stack;
	struct wr_stats stats;
	struct wr_owner owner;
	struct rte_mempool *pool;      /* the engine's */
	struct rte_mempool *peer_pool; /* of what it receives */
	unsigned starved_count;
	struct rte_mbuf *starved[WORLD_BUFFERS]; /* taken from the engine's pool */
	uint64_t now_ns, start_ns;
	struct wr_stack_conf conf;
	struct wr_tcp_options options;
	char md5_key[32]; /* of all peers; "": none */
	uint32_t peer_isn;
	uint32_t rtt_us;      /* of the handshake, where `established` does it */
	uint32_t chunk;       /* bytes of text in one buffer that the service sends */
	uint32_t first_quota; /* of a new connection */
	uint32_t laddr;       /* the engine's, of new connections; 0: the first */
	bool refuses;         /* on_open says no */
	bool answers_arp;
	struct world_flow flow[WORLD_FLOWS];
	unsigned sent_head, sent_count;
	struct world_sent sent[WORLD_SENT];
	unsigned burst_count;
	struct rte_mbuf *burst[WORLD_BURST]; /* to be received together */
	char wrong[256]; /* what no script allows: a bad checksum, text never sent; "" if none
	                  */
};

/* Defaults of everything a script may set; the pools are borrowed. */
void world_init(struct world *w, struct rte_mempool *pool, struct rte_mempool *peer_pool);

/* Starts the engine; ARP is known. Returns false and w->wrong. */
bool world_start(struct world *w);

/* Frees the engine. Returns false and w->wrong if it kept a buffer or its books are wrong. */
bool world_end(struct world *w);

/* Lets time pass; with `stop`, no further than to the next segment that is sent. */
void world_run_until(struct world *w, uint64_t time_ns, bool stop);

/* Takes all but `left` buffers from the engine's pool, and gives them back. */
void world_starve(struct world *w, unsigned left);
void world_feed(struct world *w);

/* Notes what no script allows, if it is the first; returns false. */
__attribute__((format(printf, 2, 3))) bool world_wrong(struct world *w, const char *fmt, ...);

/* The byte at relative sequence number n, of either side. */
uint8_t world_text_byte(uint32_t n, bool ours);

/* ---- peer.c: what crosses the wire ---- */

/* A segment from the peer: now, or together with those that follow. */
void world_receive(struct world *w, const struct packet *p, bool more);

/* An ICMP error about the engine's segment with relative SEG.SEQ `seq`. */
void world_receive_icmp(struct world *w, unsigned flow, uint8_t type, uint8_t code,
                        uint16_t mtu, uint32_t seq);

/* `op` of RTE_ARP_OP_*. */
void world_receive_arp(struct world *w, uint16_t op);

/* Takes what the engine has to send, and notes the segments of it; false if there is nothing.
 */
bool world_transmit(struct world *w);

/* The two numbers between which segments of a flow are translated, of either side. */
void world_origin(const struct world *w, unsigned flow, bool from_peer,
                  struct packet_origin *origin);

/* ---- service.c: what the service does; false: the engine refused, see w->wrong ---- */

bool world_listen(struct world *w);
bool world_connect(struct world *w, unsigned flow);
bool world_send(struct world *w, unsigned flow, uint32_t bytes);
bool world_close(struct world *w, unsigned flow);
bool world_abort(struct world *w, unsigned flow);
/* The service takes up to `bytes` more bytes of text. */
bool world_read(struct world *w, unsigned flow, uint32_t bytes);
bool world_set_options(struct world *w, unsigned flow);

/* What ss would show; false if there is no such connection. */
bool world_info(struct world *w, unsigned flow, struct wr_tcp_info *info);

#endif /* WR_SCRIPT_WORLD_H */
