/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_cookie.h"
#include "wr_base.h"

/*
 * Sequence number: 28 bits of the MAC, then four that say MSS and secret, disguised by the
 * four on top. TSval: bit 5 ECN, bit 4 SACK, below the window scale or NO_WSCALE.
 */
#define MAC_MASK 0xfffffff0u
#define TS_BITS  6
#define TS_MASK  ((1u << TS_BITS) - 1)

enum { TS_WSCALE = 15, TS_NO_WSCALE = 15, TS_SACK = 16, TS_ECN = 32 };

/* The least mss-min, what RFC 9293 assumes, tunnels, Ethernet, jumbo frames. */
static const uint16_t mss_table[8] = {28, 256, 536, 1220, 1360, 1440, 1460, 8960};

static uint32_t mss_index(uint16_t mss)
{
	uint32_t i = WR_LEN(mss_table) - 1;

	while (i > 0 && mss_table[i] > mss)
		i--;
	return i;
}

void tcp_cookies_init(struct tcp_cookies *cookies, const struct wr_sipkey *key)
{
	*cookies = (struct tcp_cookies) {
		.key = *key,
		.secret = {{.turn = UINT64_MAX}, {.turn = UINT64_MAX}},
	};
}

/* The secret that makes cookies now. */
static struct tcp_cookie_secret *secret_now(struct tcp_cookies *cookies, uint64_t now_us)
{
	uint64_t turn = now_us / TCP_COOKIE_SECRET_US;
	struct tcp_cookie_secret *secret = &cookies->secret[turn & 1];

	if (secret->turn != turn)
		*secret = (struct tcp_cookie_secret) {
			.turn = turn,
			.key = {wr_siphash24(&cookies->key, turn, 0),
		                wr_siphash24(&cookies->key, turn, 1)},
		};
	return secret;
}

/* Was it in force so recently that its cookies are good? */
static bool is_good(const struct tcp_cookie_secret *secret, uint64_t now_us)
{
	uint64_t turn = now_us / TCP_COOKIE_SECRET_US;

	return secret->used && (secret->turn == turn || secret->turn + 1 == turn);
}

static uint32_t mac(const struct tcp_cookie_secret *secret, const struct wr_tuple *tuple,
                    struct wr_seq irs, uint32_t kept)
{
	return (uint32_t)wr_siphash24_3(
		&secret->key, (uint64_t)tuple->laddr << 32 | tuple->raddr,
		(uint64_t)tuple->lport << 48 | (uint64_t)tuple->rport << 32 | irs.n, kept);
}

/* ---- what is kept, as bits ---- */

static uint32_t ts_bits(const struct tcp_cookie *kept)
{
	return (kept->has_wscale ? kept->wscale : TS_NO_WSCALE) | (kept->sack ? TS_SACK : 0) |
	       (kept->ecn ? TS_ECN : 0);
}

/* `bits`: NULL without timestamps. */
static struct tcp_cookie kept_of(uint32_t index, const uint32_t *bits)
{
	struct tcp_cookie kept = {.mss = mss_table[index], .ts = bits != NULL};

	if (!bits)
		return kept;
	kept.has_wscale = (*bits & TS_WSCALE) != TS_NO_WSCALE;
	kept.wscale = kept.has_wscale ? *bits & TS_WSCALE : 0;
	kept.sack = *bits & TS_SACK;
	kept.ecn = *bits & TS_ECN;
	return kept;
}

/* The part of the message that stands for it all. */
static uint32_t message_of(uint32_t index, const uint32_t *bits)
{
	return index << 8 | (bits ? 1u << 7 | (*bits & TS_MASK) : 0);
}

/* ---- both ways ---- */

struct wr_seq tcp_cookie_make(struct tcp_cookies *cookies, uint64_t now_us,
                              const struct wr_tuple *tuple, struct wr_seq irs,
                              struct tcp_cookie *kept)
{
	struct tcp_cookie_secret *secret = secret_now(cookies, now_us);
	uint32_t index = mss_index(kept->mss), bits = ts_bits(kept), n, low;
	const uint32_t *stamped = kept->ts ? &bits : NULL;

	*kept = kept_of(index, stamped);
	secret->used = true;
	n = mac(secret, tuple, irs, message_of(index, stamped));
	low = index << 1 | (uint32_t)(secret->turn & 1);
	return wr_seq((n & MAC_MASK) | (low ^ n >> 28));
}

uint32_t tcp_cookie_ts(uint32_t ts_now, const struct tcp_cookie *kept)
{
	uint32_t ts = (ts_now & ~TS_MASK) | ts_bits(kept);

	return (int32_t)(ts - ts_now) > 0 ? ts - (1u << TS_BITS) : ts;
}

bool tcp_cookie_check(const struct tcp_cookies *cookies, uint64_t now_us,
                      const struct wr_tuple *tuple, struct wr_seq irs, struct wr_seq iss,
                      const uint32_t *ts_ecr, struct tcp_cookie *kept)
{
	uint32_t low = (iss.n ^ iss.n >> 28) & ~MAC_MASK, index = low >> 1;
	const struct tcp_cookie_secret *secret = &cookies->secret[low & 1];

	if (!is_good(secret, now_us))
		return false;
	if ((mac(secret, tuple, irs, message_of(index, ts_ecr)) ^ iss.n) & MAC_MASK)
		return false;
	*kept = kept_of(index, ts_ecr);
	return true;
}

bool tcp_cookies_are_out(const struct tcp_cookies *cookies, uint64_t now_us)
{
	return is_good(&cookies->secret[0], now_us) || is_good(&cookies->secret[1], now_us);
}
