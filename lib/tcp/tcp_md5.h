/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signatures of segments, RFC 2385: for listeners and peers that have a key. MD5 itself is
 * libmd's, which DPDK brings along by libbsd: small, without state of its own, and it allocates
 * nothing.
 */
#ifndef WR_TCP_MD5_H
#define WR_TCP_MD5_H

#include "tcp.h"

#define TCP_MD5_OPTION 20 /* bytes of options: two NOPs, kind, length and the digest */

/* Has the connection of this tuple a key? */
bool tcp_md5_has_key(const struct wr_tcp *tcp, const struct wr_tuple *tuple);

/* Connections with timestamps, as nearly all are, need not be asked: they are not signed. */
static inline bool tcb_is_signed(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return wr_unlikely(!(c->flags & WR_TCB_TS)) && tcp->md5 &&
	       tcp_md5_has_key(tcp, &c->tuple);
}

/* Options of every segment, bytes: RFC 7323, RFC 2385. */
static inline uint32_t tcb_options_bytes(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return c->flags & WR_TCB_TS ? 12 : tcb_is_signed(tcp, c) ? TCP_MD5_OPTION : 0;
}

/*
 * Is a segment signed as it should be? WR_V_NEXT, or the verdict that ends it. Cheap as long as
 * there are neither keys nor signatures.
 */
enum wr_verdict tcp_md5_check(const struct wr_tcp *tcp, const struct wr_frame *f);

/* Writes the option, the digest left open. */
void tcp_md5_reserve(uint8_t options[TCP_MD5_OPTION]);

/* Fills in the digest. m's data is a segment of this tuple whose first option is the above. */
void tcp_md5_sign(const struct wr_tcp *tcp, const struct wr_tuple *tuple, struct rte_mbuf *m);

#endif /* WR_TCP_MD5_H */
