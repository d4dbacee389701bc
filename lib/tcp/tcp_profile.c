/* SPDX-License-Identifier: BSD-3-Clause */
/* Profiles: events and options, shared by the connections that have the same. */

#include "tcp.h"

static bool same_options(const struct wr_tcp_options *a, const struct wr_tcp_options *b)
{
	return a->cc.ops == b->cc.ops && a->cc.segments == b->cc.segments &&
	       a->nodelay == b->nodelay && a->cork == b->cork && a->mss == b->mss &&
	       a->fastopen == b->fastopen && a->keepalive == b->keepalive && a->tos == b->tos &&
	       a->ttl == b->ttl && a->keepalive_probes == b->keepalive_probes &&
	       a->keepalive_idle_s == b->keepalive_idle_s &&
	       a->keepalive_interval_s == b->keepalive_interval_s &&
	       a->user_timeout_ms == b->user_timeout_ms &&
	       a->connect_timeout_ms == b->connect_timeout_ms &&
	       a->idle_timeout_ms == b->idle_timeout_ms &&
	       a->total_timeout_ms == b->total_timeout_ms;
}

uint16_t tcp_profile_get(struct wr_tcp *tcp, const struct wr_tcp_events *events,
                         const struct wr_tcp_options *options)
{
	uint16_t unused = UINT16_MAX;

	for (uint16_t i = 0; i < WR_TCP_PROFILES; i++) {
		struct wr_tcp_profile *p = &tcp->profile[i];

		if (p->uses == 0) {
			if (unused == UINT16_MAX)
				unused = i;
		} else if (p->events == events && same_options(&p->options, options)) {
			p->uses++;
			return i;
		}
	}
	if (unused != UINT16_MAX)
		tcp->profile[unused] = (struct wr_tcp_profile) {events, *options, 1};
	return unused;
}

void tcp_profile_put(struct wr_tcp *tcp, uint16_t index)
{
	tcp->profile[index].uses--;
}

bool tcp_cc_fits(const struct wr_tcp *tcp, const struct wr_tcp_options *options)
{
	return !options->cc.ops || !options->cc.ops->model || tcp->rate;
}
