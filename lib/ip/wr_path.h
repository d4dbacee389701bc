/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_PATH_H
#define WR_PATH_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What is known of the paths to other hosts: the longest packet that gets through, RFC 1191.
 * One core's knowledge, shared by its connections; a table of fixed size, in which what was
 * told last takes the place of what was told first. Addresses are in host order.
 *
 * Who tells must have made sure that it is no forgery (RFC 5927): TCP does, by the sequence
 * number that an ICMP error quotes, or by its own probes (RFC 4821).
 */

/*
 * Nothing less is believed of a path, bytes: RFC 1191 allows 68, which would multiply our
 * packets by twenty at an attacker's word (RFC 5927 section 7.2); Linux has the same floor. A
 * path that seems to be narrower gets packets of this size that routers may cut.
 */
#define WR_PATH_FLOOR 552

struct wr_ip;

struct wr_path {
	uint16_t mtu; /* bytes, WR_PATH_FLOOR .. the port's MTU */
	bool cut;     /* it is narrower than the floor: no DF, so that routers cut */
};

/* What is known of the path to dst; nothing: the port's MTU. */
struct wr_path wr_path_get(const struct wr_ip *ip, uint32_t dst, uint64_t now_us);

/*
 * Packets longer than `mtu` bytes do not reach dst. Below the floor the path is noted to need
 * cutting. Forgotten after conf.path_age_us, RFC 1191 section 6.3. A value not below the port's
 * MTU means that all is well, and is forgotten at once.
 */
void wr_path_put(struct wr_ip *ip, uint32_t dst, uint16_t mtu, uint64_t now_us);

/* RFC 1191 section 7.1: the next common MTU below `mtu`, for routers that do not say theirs. */
uint16_t wr_path_plateau_below(uint32_t mtu);

#endif /* WR_PATH_H */
