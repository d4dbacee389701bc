/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_UDP_H
#define WR_UDP_H

#include <stdint.h>

#include "wr_ip.h"

/* One core's UDP: which port belongs to which service, and sending. */

#define WR_UDP_LISTENERS 64

struct wr_udp;

/*
 * A datagram for a service: m's data is the payload (one buffer or a chain), which the
 * handler takes. from: local is the address it was sent to, remote its source.
 * Returns udp_delivered or another verdict of layer udp.
 */
typedef enum wr_verdict (*wr_udp_handler)(struct wr_udp *udp, struct rte_mbuf *m,
					  const struct wr_tuple *from, uint8_t tos, void *user,
					  uint64_t now_us);

struct wr_udp_listener {
	uint32_t addr; /* 0: any local address */
	uint16_t port;
	bool replies; /* it answers: source ports that would answer back are refused */
	wr_udp_handler handler;
	void *user;
};

struct wr_udp {
	struct wr_ip *ip;
	struct wr_stats *stats;
	unsigned listeners;
	uint64_t bound[UINT16_MAX / 64 + 1]; /* bit p: somebody listens on port p */
	struct wr_udp_listener listener[WR_UDP_LISTENERS];
};

void wr_udp_init(struct wr_udp *udp, struct wr_ip *ip);

/* Returns 0, -EADDRINUSE or -ENOSPC. */
int wr_udp_listen(struct wr_udp *udp, const struct wr_udp_listener *listener);

/*
 * UDP input: checks length and checksum, finds the listener; port unreachable if there is
 * none. To a listener that replies, refuses what could start an endless exchange between two
 * answering services: source ports of echo, daytime, quotd, chargen, time, our own listeners
 * that reply, and source port 0.
 */
enum wr_verdict wr_udp_input(struct wr_udp *udp, struct wr_frame *f, uint64_t now_us);

/*
 * Sends m (data: the payload, at most 65,507 bytes, 42 bytes of headroom) to `to`'s remote
 * end from its local end, and takes it.
 */
void wr_udp_send(struct wr_udp *udp, struct rte_mbuf *m, const struct wr_tuple *to, uint8_t tos,
		 uint64_t now_us);

#endif /* WR_UDP_H */
