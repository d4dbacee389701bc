/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYN cookies: the initial sequence number of a SYN-ACK that nothing is kept of, RFC 4987
 * section 3.6. Of its 32 bits 28 authenticate addresses, ports, the peer's sequence number and
 * the options; three name an MSS, one tells which of two secrets. Where the peer sent
 * timestamps, the six low bits of ours keep window scale, SACK and ECN.
 */
#ifndef WR_TCP_COOKIE_H
#define WR_TCP_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "wr_flow.h"
#include "wr_seq.h"
#include "wr_siphash.h"

/* For so long a secret makes cookies, and for as long after that they are accepted. */
#define TCP_COOKIE_SECRET_US 60000000u

/* What a cookie keeps of a SYN. */
struct tcp_cookie {
	uint16_t mss; /* bytes; at most the peer's, but 28 at least */
	uint8_t wscale;
	bool ts; /* without timestamps the three below are lost */
	bool has_wscale, sack, ecn;
};

struct tcp_cookie_secret {
	uint64_t turn; /* time in units of TCP_COOKIE_SECRET_US */
	struct wr_sipkey key;
	bool used; /* a cookie was made with it */
};

struct tcp_cookies {
	struct wr_sipkey key;               /* the secrets are made from it */
	struct tcp_cookie_secret secret[2]; /* by the low bit of their turn */
};

void tcp_cookies_init(struct tcp_cookies *cookies, const struct wr_sipkey *key);

/*
 * The ISS that answers the SYN with sequence number irs on this tuple. Reduces *kept, what the
 * SYN and we agree on, to what the cookie keeps.
 */
struct wr_seq tcp_cookie_make(struct tcp_cookies *cookies, uint64_t now_us,
                              const struct wr_tuple *tuple, struct wr_seq irs,
                              struct tcp_cookie *kept);

/* TSval of that SYN-ACK: not after ts_now, and less than 64 ticks before it. */
uint32_t tcp_cookie_ts(uint32_t ts_now, const struct tcp_cookie *kept);

/*
 * Did tcp_cookie_make() give `iss` for this tuple and irs, with the secret of now or the one
 * before? Then *kept is what it kept. ts_ecr: the TSecr that came with it; NULL: none.
 */
bool tcp_cookie_check(const struct tcp_cookies *cookies, uint64_t now_us,
                      const struct wr_tuple *tuple, struct wr_seq irs, struct wr_seq iss,
                      const uint32_t *ts_ecr, struct tcp_cookie *kept);

/* Could there be a cookie under way that tcp_cookie_check() would accept? */
bool tcp_cookies_are_out(const struct tcp_cookies *cookies, uint64_t now_us);

#endif /* WR_TCP_COOKIE_H */
