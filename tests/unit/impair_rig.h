/* SPDX-License-Identifier: BSD-3-Clause */
/* A bad network on its own, and frames with numbers to give it. */
#ifndef IMPAIR_RIG_H
#define IMPAIR_RIG_H

#include <string.h>

#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "wr_base.h"
#include "wr_buf.h"
#include "wr_impair.h"
#include "wr_test.h"

#define LENGTH 100 /* bytes of most frames */
#define L3     14
#define L4     34
#define NUMBER 54 /* where a frame carries its number */

static struct rte_mempool *pool;
static struct wr_stats stats;
static struct wr_impair *impair;

static inline uint64_t counted(enum wr_stat stat)
{
	return stats.n[stat];
}

static inline void assert_balanced(void)
{
	assert_int_equal(wr_stats_unbalanced_in(&stats), 0);
	assert_int_equal(wr_stats_unbalanced_out(&stats), 0);
}

static inline struct wr_impair_conf conf_of(const char *text)
{
	struct wr_impair_conf conf;
	struct wr_err err = {.text = ""};

	if (wr_impair_parse(text, &conf, &err))
		fail_msg("%s: %s", text, err.text);
	if (!conf.limit)
		conf.limit = 1000;
	return conf;
}

static inline void make(const char *text, uint64_t seed, enum wr_impair_side side,
                        struct rte_mempool *copies)
{
	const struct wr_impair_conf conf = conf_of(text);
	const struct wr_impair_env env = {
		.side = side,
		.pool = copies,
		.stats = &stats,
		.seed = seed,
		.socket = SOCKET_ID_ANY,
	};

	memset(&stats, 0, sizeof(stats));
	impair = wr_impair_new(&conf, &env);
	assert_non_null(impair);
}

static inline void begin(const char *text)
{
	make(text, 1, WR_IMPAIR_RX, pool);
}

/* Each test ends with all buffers back in their pool, but for those that a failure left. */
static inline int end(void **state)
{
	static unsigned left;
	unsigned before = left;

	wr_impair_free(impair);
	impair = NULL;
	left = rte_mempool_in_use_count(pool);
	assert_int_equal(left, before);
	return 0;
}

static inline void set_type(uint8_t *p, uint16_t type)
{
	p[0] = (uint8_t)(type >> 8);
	p[1] = (uint8_t)type;
}

/* A TCP segment with good checksums, ECN-capable, that carries a number. */
static inline struct rte_mbuf *frame(uint32_t number, uint16_t length)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *p;
	struct rte_ipv4_hdr *ip;
	struct rte_tcp_hdr *tcp;

	assert_non_null(m);
	p = (uint8_t *)rte_pktmbuf_append(m, length);
	memset(p, 0x5a, length);
	set_type(p + 12, RTE_ETHER_TYPE_IPV4);
	ip = (struct rte_ipv4_hdr *)(p + L3);
	*ip = (struct rte_ipv4_hdr) {
		.version_ihl = 0x45,
		.type_of_service = 2,
		.total_length = rte_cpu_to_be_16((uint16_t)(length - L3)),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_TCP,
		.src_addr = RTE_BE32(0xc6120002),
		.dst_addr = RTE_BE32(0xc6120001),
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	memcpy(p + NUMBER, &number, sizeof(number));
	tcp = (struct rte_tcp_hdr *)(p + L4);
	tcp->data_off = 0x50;
	tcp->cksum = 0;
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
	return m;
}

static inline uint32_t number_of(const struct rte_mbuf *m)
{
	uint32_t number;

	memcpy(&number, rte_pktmbuf_mtod_offset(m, const char *, NUMBER), sizeof(number));
	return number;
}

static inline void push(struct rte_mbuf *m, uint64_t now_ns)
{
	wr_impair_push(impair, &m, 1, now_ns);
	assert_balanced();
}

/* The frame that is due, or NULL; no second one may be. */
static inline struct rte_mbuf *pull(uint64_t now_ns)
{
	struct rte_mbuf *m[2] = {NULL, NULL};
	unsigned n = wr_impair_pull(impair, m, 2, now_ns);

	assert_in_range(n, 0, 1);
	wr_impair_settle(impair, NULL, 0, 0);
	assert_balanced();
	return m[0];
}

/* Takes all that is due and frees it; returns how many. */
static inline unsigned drain(uint64_t now_ns)
{
	struct rte_mbuf *m[7];
	unsigned all = 0, n;

	while ((n = wr_impair_pull(impair, m, WR_LEN(m), now_ns))) {
		rte_pktmbuf_free_bulk(m, n);
		all += n;
	}
	assert_balanced();
	return all;
}

#endif /* IMPAIR_RIG_H */
