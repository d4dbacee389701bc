/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYN cookies, made and told back as time passes: a real one is accepted from the moment it was
 * made until the end of its life, with what it keeps, and one that differs in anything never.
 * One guess in 2^28 is right by chance; two engines with different secrets do the same, and not
 * both may be fooled.
 * Input: the first bytes are the clock; then a byte that says what happens, and what it needs.
 */
#include <string.h>

#include "fuzz.h"
#include "tcp_cookie.h"
#include "wr_base.h"

#define MADE 8 /* cookies remembered */

enum { ENGINES = 2 };

/* A SYN, and how each engine answered it. */
struct made {
	struct wr_tuple tuple;
	struct wr_seq irs;
	struct tcp_cookie kept;
	uint64_t at_us;
	struct wr_seq iss[ENGINES];
	uint32_t ts_val;
};

/* What is wrong with one that is told back. */
struct lie {
	struct wr_tuple tuple;
	uint32_t irs, iss, ts, has_ts; /* bits to turn over */
};

struct fuzz {
	struct tcp_cookies engine[ENGINES];
	uint64_t now_us;
	struct made made[MADE];
	unsigned count;
};

static void make(struct fuzz *z, struct fuzz_input *in)
{
	struct made *m = &z->made[z->count++ % MADE];
	uint8_t bits = fuzz_u8(in);
	const struct tcp_cookie syn = {
		.mss = fuzz_u16(in),
		.wscale = (uint8_t)wr_min(bits & 15, 14),
		.ts = bits & 16,
		.has_wscale = bits & 32,
		.sack = bits & 64,
		.ecn = bits & 128,
	};

	m->tuple = (struct wr_tuple) {
		.laddr = fuzz_u32(in),
		.raddr = fuzz_u32(in),
		.lport = fuzz_u16(in),
		.rport = fuzz_u16(in),
	};
	m->irs = wr_seq(fuzz_u32(in));
	m->at_us = z->now_us;
	for (unsigned e = 0; e < ENGINES; e++) {
		m->kept = syn;
		m->iss[e] =
			tcp_cookie_make(&z->engine[e], z->now_us, &m->tuple, m->irs, &m->kept);
	}
	m->ts_val = tcp_cookie_ts((uint32_t)(z->now_us / 1000), &m->kept);
	FUZZ_HOLDS(m->kept.mss <= wr_max(syn.mss, 28));
	FUZZ_HOLDS((uint32_t)(z->now_us / 1000) - m->ts_val < 64);
}

static bool is_alive(const struct fuzz *z, const struct made *m)
{
	uint64_t made = m->at_us / TCP_COOKIE_SECRET_US, now = z->now_us / TCP_COOKIE_SECRET_US;

	return now - made <= 1;
}

/* Is it accepted by engine e? Then *kept. */
static bool tell(const struct fuzz *z, unsigned e, const struct made *m, const struct lie *lie,
                 struct tcp_cookie *kept)
{
	const struct wr_tuple tuple = {
		.laddr = m->tuple.laddr ^ lie->tuple.laddr,
		.raddr = m->tuple.raddr ^ lie->tuple.raddr,
		.lport = m->tuple.lport ^ lie->tuple.lport,
		.rport = m->tuple.rport ^ lie->tuple.rport,
	};
	uint32_t ts = m->ts_val ^ lie->ts;

	return tcp_cookie_check(&z->engine[e], z->now_us, &tuple, wr_seq(m->irs.n ^ lie->irs),
	                        wr_seq(m->iss[e].n ^ lie->iss),
	                        m->kept.ts ^ (lie->has_ts & 1) ? &ts : NULL, kept);
}

static void tell_the_truth(const struct fuzz *z, const struct made *m)
{
	const struct lie none = {0};

	for (unsigned e = 0; e < ENGINES; e++) {
		struct tcp_cookie kept = {0};

		FUZZ_HOLDS(tell(z, e, m, &none, &kept) == is_alive(z, m));
		FUZZ_HOLDS(!is_alive(z, m) || tcp_cookies_are_out(&z->engine[e], z->now_us));
		if (!is_alive(z, m))
			continue;
		FUZZ_HOLDS(kept.mss == m->kept.mss && kept.ts == m->kept.ts);
		FUZZ_HOLDS(kept.has_wscale == m->kept.has_wscale);
		FUZZ_HOLDS(kept.wscale == m->kept.wscale);
		FUZZ_HOLDS(kept.sack == m->kept.sack && kept.ecn == m->kept.ecn);
	}
}

/* Does the lie change what the cookie stands for? Of a TSecr only the low bits do. */
static bool is_false(const struct made *m, const struct lie *lie)
{
	const struct wr_tuple *t = &lie->tuple;

	return t->laddr || t->raddr || t->lport || t->rport || lie->irs || lie->iss ||
	       (lie->has_ts & 1) || (m->kept.ts && (lie->ts & 63));
}

static void tell_a_lie(const struct fuzz *z, const struct made *m, struct fuzz_input *in)
{
	uint8_t about = fuzz_u8(in);
	const struct lie lie = {
		.tuple =
			{
				.laddr = about & 1 ? fuzz_u32(in) : 0,
				.raddr = about & 2 ? fuzz_u32(in) : 0,
				.lport = about & 4 ? fuzz_u16(in) : 0,
				.rport = about & 8 ? fuzz_u16(in) : 0,
			},
		.irs = about & 16 ? fuzz_u32(in) : 0,
		.iss = about & 32 ? fuzz_u32(in) : 0,
		.ts = about & 64 ? fuzz_u32(in) : 0,
		.has_ts = about >> 7,
	};
	struct tcp_cookie kept;

	if (is_false(m, &lie))
		FUZZ_HOLDS(!tell(z, 0, m, &lie, &kept) || !tell(z, 1, m, &lie, &kept));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct wr_sipkey key[ENGINES] = {{1, 2}, {3, 4}};
	struct fuzz_input in = {bytes, size};
	struct fuzz z = {.now_us = (uint64_t)fuzz_u32(&in) * 1000};

	for (unsigned e = 0; e < ENGINES; e++)
		tcp_cookies_init(&z.engine[e], &key[e]);
	make(&z, &in);
	for (unsigned steps = 0; in.left && steps < 256; steps++) {
		uint8_t what = fuzz_u8(&in);
		const struct made *m = &z.made[(what >> 2) % wr_min(z.count, MADE)];

		switch (what & 3) {
		case 0:
			make(&z, &in);
			break;
		case 1:
			tell_a_lie(&z, m, &in);
			break;
		case 2:
			z.now_us += (uint64_t)fuzz_u16(&in) * 4000; /* four minutes at most */
			break;
		default:
			break;
		}
		tell_the_truth(&z, m);
	}
	return 0;
}
