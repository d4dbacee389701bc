/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP Fast Open, RFC 7413. A server that knows a client by its cookie opens the connection at
 * the SYN, in state SYN-RECEIVED, and takes the text that came with it. A client keeps the
 * cookies of servers, and what it learnt of paths that lose such SYNs.
 */
#ifndef WR_TCP_FASTOPEN_H
#define WR_TCP_FASTOPEN_H

#include "wr_frame.h"
#include "wr_tcp.h"

struct wr_half_open;
struct tcp_fastopen_peer;

struct tcp_fastopen {
	uint8_t keys;
	struct wr_sipkey key[2];
	uint32_t opening; /* connections opened by a SYN, still in SYN-RECEIVED */
	/*
	 * Those that a reset ended count for a while as if they were: else forged SYNs, whose
	 * SYN-ACKs are answered by resets, would cost nothing, section 5.1. A circular queue.
	 */
	uint32_t *reset_tick; /* when each counts no more */
	uint32_t reset_head, resets;
	struct tcp_fastopen_peer *peer; /* NULL: no active fast open */
	uint32_t sets;                  /* of peers, a power of two */
};

/* Returns 0 or -ENOMEM. */
int tcp_fastopen_init(struct wr_tcp *tcp, const struct wr_sipkey *key, int socket);
void tcp_fastopen_fini(struct wr_tcp *tcp);
uint64_t tcp_fastopen_bytes(const struct wr_tcp_conf *conf);

/* ---- server ---- */

/*
 * The cookie of the client at the other end of the tuple: SipHash-2-4 of its address and ours
 * as they stand in the IPv4 header. Linux makes the same of the same key.
 */
void tcp_fastopen_cookie(const struct wr_tcp *tcp, const struct wr_tuple *tuple,
                         struct wr_fastopen *out);

/* Does the SYN f deserve a cookie: it asks for one, or has one that is not valid? */
bool tcp_fastopen_deserves(const struct wr_tcp *tcp, const struct wr_frame *f, int listener);

/* Section 4.2: opens the connection at once. WR_V_NEXT: the handshake comes first. */
enum wr_verdict tcp_fastopen_syn(struct wr_tcp *tcp, struct wr_frame *f, int listener);

/* The handshake's ACK came; the connection is in ESTABLISHED. */
void tcp_fastopen_completed(struct wr_tcp *tcp, struct wr_tcb *c);

/* A connection that the SYN had opened left SYN-RECEIVED; `reset`: by a reset, told first. */
void tcp_fastopen_left(struct wr_tcp *tcp);
void tcp_fastopen_was_reset(struct wr_tcp *tcp);

/* ---- client ---- */

/*
 * What the first SYN of c says: false, no option; else *out, and *bytes of the text queued,
 * which go with it.
 */
bool tcp_fastopen_asks(struct wr_tcp *tcp, const struct wr_tcb *c, struct wr_fastopen *out,
                       uint32_t *bytes);

/* Appends the first `bytes` bytes of the text queued to m. */
void tcp_fastopen_append(const struct wr_tcb *c, struct rte_mbuf *m, uint32_t bytes);

/*
 * The first ACK of our SYN came: learns from it, and frees the text that the peer has. What it
 * has not is as if it had never been sent. SND.UNA and SND.NXT are SEG.ACK then.
 */
void tcp_fastopen_answered(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg);

#endif /* WR_TCP_FASTOPEN_H */
