/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_UDP_H
#define WR_UDP_H

#include <stdint.h>

#include "wr_ephemeral.h"
#include "wr_ip.h"

/*
 * One core's UDP: which port belongs to which service, sending, and what a client needs:
 * claims on addresses and ports, source ports whose replies come to this core, ICMP errors.
 */

#define WR_UDP_PAYLOAD_MAX 65507 /* bytes: 65,535 less the headers of IPv4 and UDP */

#define WR_UDP_LISTENERS 64
#define WR_UDP_CLAIMS    8

struct wr_udp;

/*
 * A datagram for a service: m's data is the payload (one buffer or a chain), which the
 * handler takes. from: local is the address it was sent to, remote its source.
 * Returns udp_delivered or another verdict of layer udp.
 */
typedef enum wr_verdict (*wr_udp_handler)(struct wr_udp *udp, struct rte_mbuf *m,
                                          const struct wr_tuple *from, uint8_t tos, void *user,
                                          uint64_t now_us);

/*
 * An ICMP error about a datagram that was sent from a port of this user: unreachable, time
 * exceeded or parameter problem, RFC 1122 section 4.1.3.3. Whoever can see or guess the ports
 * can forge it.
 */
typedef void (*wr_udp_error_handler)(struct wr_udp *udp, const struct wr_icmp_error *error,
                                     void *user, uint64_t now_us);

struct wr_udp_listener {
	uint32_t addr; /* 0: any local address */
	uint16_t port;
	bool replies; /* it answers: source ports that would answer back are refused */
	bool owned;   /* served by the core that owns the 4-tuple; else by any */
	wr_udp_handler handler;
	wr_udp_error_handler on_error; /* NULL: errors are only counted */
	void *user;
};

/*
 * The ports of a client: datagrams to any of these local addresses and ports go to handler,
 * on the core that owns the 4-tuple (with the same claim on every core). A listener on one of
 * the ports goes first.
 */
struct wr_udp_claim {
	uint32_t addr_first, addr_last; /* host order */
	uint16_t port_low, port_high;
	wr_udp_handler handler;
	wr_udp_error_handler on_error; /* NULL: errors are only counted */
	void *user;
};

struct wr_udp {
	struct wr_ip *ip;
	struct wr_stats *stats;
	unsigned listeners, claims;
	uint16_t hint;                       /* neighbour of the last datagram sent */
	uint64_t bound[UINT16_MAX / 64 + 1]; /* bit p: somebody listens on port p */
	struct wr_udp_listener listener[WR_UDP_LISTENERS];
	struct wr_udp_claim claim[WR_UDP_CLAIMS];
	struct wr_ephemeral ports;
};

/* owner is borrowed; owner and core say which flows are ours; `key` seeds source ports. */
void wr_udp_init(struct wr_udp *udp, struct wr_ip *ip, const struct wr_owner *owner,
                 uint32_t core, const struct wr_sipkey *key);

/* Returns 0, -EADDRINUSE or -ENOSPC. */
int wr_udp_listen(struct wr_udp *udp, const struct wr_udp_listener *listener);

/*
 * Returns 0, -EINVAL (an empty range), -EADDRINUSE (overlaps another claim) or -ENOSPC. The
 * addresses must be local ones.
 */
int wr_udp_claim(struct wr_udp *udp, const struct wr_udp_claim *claim);

/* Ends the claim on exactly these addresses and ports, if there is one. */
void wr_udp_release(struct wr_udp *udp, const struct wr_udp_claim *claim);

/*
 * Sets tuple->lport to an unpredictable port (RFC 6056) from low to high (0 and 0: 1024 ..
 * 65535) whose replies come to this core, on which nobody listens and for which is_free()
 * holds: which tuples are in use is the caller's account. NULL: all are free. Returns 0,
 * -EINVAL or -EADDRNOTAVAIL, see wr_ephemeral_choose().
 */
int wr_udp_choose_port(struct wr_udp *udp, struct wr_tuple *tuple, uint16_t low, uint16_t high,
                       wr_ephemeral_is_free is_free, void *ctx, uint64_t now_us);

/*
 * Whether datagrams on this tuple belong to the core that owns it, and to no other: those of a
 * claim or an owned listener.
 */
bool wr_udp_is_owned(const struct wr_udp *udp, const struct wr_tuple *tuple);

/*
 * UDP input: checks length and checksum, finds the listener; port unreachable if there is
 * none. To a listener that replies, refuses what could start an endless exchange between two
 * answering services: source ports of echo, daytime, quotd, chargen, time, our own listeners
 * that reply, and source port 0.
 */
enum wr_verdict wr_udp_input(struct wr_udp *udp, struct wr_frame *f, uint64_t now_us);

/*
 * An ICMP error about a datagram of ours goes to the listener or claim that it came from.
 * icmp_error_soft, or icmp_error_stale if there is none.
 */
enum wr_verdict wr_udp_icmp_error(struct wr_udp *udp, const struct wr_icmp_error *error,
                                  uint64_t now_us);

/*
 * Sends m (data: the payload, at most WR_UDP_PAYLOAD_MAX bytes, 42 bytes of headroom) to `to`'s
 * remote end from its local end, and takes it.
 */
void wr_udp_send(struct wr_udp *udp, struct rte_mbuf *m, const struct wr_tuple *to, uint8_t tos,
                 uint64_t now_us);

#endif /* WR_UDP_H */
