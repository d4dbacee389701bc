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

/* Where there are keys: has the connection of this tuple one? */
bool tcp_md5_finds_key(const struct wr_tcp *tcp, const struct wr_tuple *tuple);

static inline bool tcp_md5_has_key(const struct wr_tcp *tcp, const struct wr_tuple *tuple)
{
	return wr_unlikely(tcp->md5 != NULL) && tcp_md5_finds_key(tcp, tuple);
}

/* Connections with timestamps, as nearly all are, need not be asked: they are not signed. */
static inline bool tcb_is_signed(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return wr_unlikely(!(c->flags & WR_TCB_TS)) && tcp_md5_has_key(tcp, &c->tuple);
}

/* Options of every segment, bytes: RFC 7323, RFC 2385. */
static inline uint32_t tcb_options_bytes(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return c->flags & WR_TCB_TS ? 12 : tcb_is_signed(tcp, c) ? TCP_MD5_OPTION : 0;
}

/* Where there are keys, or f is signed: is it as it should be? WR_V_NEXT, or its verdict. */
enum wr_verdict tcp_md5_judge(const struct wr_tcp *tcp, const struct wr_frame *f);

static inline enum wr_verdict tcp_md5_check(const struct wr_tcp *tcp, const struct wr_frame *f)
{
	return wr_likely(!tcp->md5 && !wr_tcp_signature(&f->seg)) ? WR_V_NEXT
	                                                          : tcp_md5_judge(tcp, f);
}

/* Writes the option, the digest left open. */
void tcp_md5_reserve(uint8_t options[TCP_MD5_OPTION]);

/* Fills in the digest. m's data is a segment of this tuple whose first option is the above. */
void tcp_md5_sign(const struct wr_tcp *tcp, const struct wr_tuple *tuple, struct rte_mbuf *m);

#endif /* WR_TCP_MD5_H */
