/* SPDX-License-Identifier: BSD-3-Clause */
/* The secrets of a tuple. */

#include "tcp_isn.h"

static uint64_t keyed(const struct wr_sipkey *key, const struct wr_tuple *t)
{
	return wr_siphash24(key, (uint64_t)t->laddr << 32 | t->raddr,
	                    (uint64_t)t->lport << 16 | t->rport);
}

/*
 * RFC 6528: M + F(tuple, secret). M moves 16 steps a microsecond, as Linux' does, not one in 4
 * us: so a tuple that is used again within a millisecond, after a short exchange, still begins
 * beyond the old numbers and is believed by a peer in TIME-WAIT. It goes round in 268 s, which
 * is more than 2 MSL.
 */
struct wr_seq tcp_isn(const struct wr_tcp *tcp, const struct wr_tuple *tuple,
                      uint32_t *ts_offset)
{
	uint64_t secret = keyed(&tcp->tuple_key, tuple);

	*ts_offset = tcp->conf.has_ts_offset ? tcp->conf.ts_offset : (uint32_t)(secret >> 32);
	if (tcp->conf.has_isn)
		return wr_seq(tcp->conf.isn);
	return wr_seq((uint32_t)(tcp->now_us << 4) + (uint32_t)secret);
}

uint32_t tcp_ts_offset(const struct wr_tcp *tcp, const struct wr_tuple *tuple)
{
	if (tcp->conf.has_ts_offset)
		return tcp->conf.ts_offset;
	return (uint32_t)(keyed(&tcp->tuple_key, tuple) >> 32);
}
