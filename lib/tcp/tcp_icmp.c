/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors about our segments: RFC 9293 3.9.2.2 with the checks of RFC 5927 (the quoted
 * sequence number must be in flight) and the softness of RFC 5461: only a connection attempt
 * is ended, but that by every "unreachable", as Linux and the BSDs do (section 4.2 there):
 * who opens connections wants to know at once, not after three minutes.
 */

#include "tcp.h"
#include "tcp_lookup.h"
#include "tcp_path.h"

enum {
	ICMP_UNREACHABLE = 3,
	ICMP_SOURCE_QUENCH = 4,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER_PROBLEM = 12,
	CODE_FRAG_NEEDED = 4,
};

static enum wr_verdict half_open_error(struct wr_tcp *tcp, uint32_t index,
                                       const struct wr_icmp_error *error)
{
	const struct wr_half_open *h = &tcp->half_open[index];

	/* Passive open: the SYN-ACK's limit ends it; nobody is waiting to be told. */
	return wr_seq_eq(error->seq, h->iss) ? WR_V_icmp_error_soft : WR_V_icmp_error_stale;
}

enum wr_verdict wr_tcp_icmp_error(struct wr_tcp *tcp, const struct wr_icmp_error *error,
                                  uint64_t now_us)
{
	uint32_t value = tcp_find(tcp, wr_flow_hash(tcp->flows, &error->tuple), &error->tuple);
	struct wr_tcb *c;
	bool too_long;

	tcp_set_time(tcp, now_us);
	if (error->type == ICMP_SOURCE_QUENCH)
		return WR_V_icmp_ignored; /* RFC 6633 */
	if (value == WR_FLOW_NONE || value >> 30 == WR_FLOW_TIME_WAIT)
		return WR_V_icmp_error_stale;
	if (value >> 30 == WR_FLOW_HALF_OPEN)
		return half_open_error(tcp, value & WR_FLOW_INDEX, error);

	c = &tcp->tcb[value & WR_FLOW_INDEX];
	if (!wr_seq_in(error->seq, c->snd.una, tcb_flight(c)))
		return WR_V_icmp_error_stale;
	too_long = error->type == ICMP_UNREACHABLE && error->code == CODE_FRAG_NEEDED;
	if (error->type == ICMP_UNREACHABLE && !too_long && c->state == WR_TCP_SYN_SENT) {
		tcb_end(tcp, c, WR_REASON_unreachable);
		return WR_V_icmp_error_hard;
	}
	if (too_long && c->state >= WR_TCP_ESTABLISHED)
		tcp_path_told(tcp, c, error->mtu, error->seq);
	return WR_V_icmp_error_soft;
}
