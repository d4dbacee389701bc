/* SPDX-License-Identifier: BSD-3-Clause */
/* Signatures of RFC 2385, by an MD5 that is not the engine's. */
#ifndef WR_SCRIPT_SIGNATURE_H
#define WR_SCRIPT_SIGNATURE_H

#include <stdbool.h>

#include <rte_ip.h>
#include <rte_mbuf.h>

/* Whether a segment of `bytes` has the signature that the key gives, or none at all. */
bool signature_is_right(const char *key, const struct rte_ipv4_hdr *ip, const uint8_t *tcp,
                        uint32_t bytes);

/* Fills the signature of a frame in, if it has room for one: the right one, or a bad one. */
void signature_fill(const char *key, struct rte_mbuf *m, bool bad);

#endif /* WR_SCRIPT_SIGNATURE_H */
