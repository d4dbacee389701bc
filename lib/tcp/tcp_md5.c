/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <md5.h>
#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_malloc.h>
#include <rte_tcp.h>

#include "tcp_md5.h"

#define KEYS 64

enum { OPTION_NOP = 1, OPTION_SIGNATURE = 19, OPTION_BYTES = 18 };

struct tcp_md5 {
	unsigned keys;
	struct wr_tcp_md5_key key[KEYS];
};

/* ---- keys ---- */

static uint32_t mask(uint8_t prefix)
{
	return prefix ? UINT32_MAX << (32 - prefix) : 0;
}

static bool same_peers(const struct wr_tcp_md5_key *a, const struct wr_tcp_md5_key *b)
{
	return a->lport == b->lport && a->rport == b->rport && a->prefix == b->prefix &&
	       ((a->raddr ^ b->raddr) & mask(a->prefix)) == 0;
}

int wr_tcp_md5_add(struct wr_tcp *tcp, const struct wr_tcp_md5_key *key)
{
	if (key->bytes == 0 || key->bytes > WR_TCP_MD5_BYTES || key->prefix > 32)
		return -EINVAL;
	if (!tcp->md5)
		tcp->md5 = rte_zmalloc_socket("tcp md5", sizeof(*tcp->md5), WR_CACHE_LINE,
		                              tcp->ip->conf.socket);
	if (!tcp->md5)
		return -ENOMEM;
	for (unsigned i = 0; i < tcp->md5->keys; i++)
		if (same_peers(&tcp->md5->key[i], key))
			return -EEXIST;
	if (tcp->md5->keys == KEYS)
		return -ENOSPC;
	tcp->md5->key[tcp->md5->keys++] = *key;
	return 0;
}

static bool fits(const struct wr_tcp_md5_key *key, const struct wr_tuple *t)
{
	return (!key->lport || key->lport == t->lport) &&
	       (!key->rport || key->rport == t->rport) &&
	       ((key->raddr ^ t->raddr) & mask(key->prefix)) == 0;
}

static const struct wr_tcp_md5_key *find(const struct wr_tcp *tcp, const struct wr_tuple *t)
{
	const struct wr_tcp_md5_key *best = NULL;

	for (unsigned i = 0; tcp->md5 && i < tcp->md5->keys; i++) {
		const struct wr_tcp_md5_key *key = &tcp->md5->key[i];

		if (fits(key, t) && (!best || key->prefix > best->prefix))
			best = key;
	}
	return best;
}

bool tcp_md5_finds_key(const struct wr_tcp *tcp, const struct wr_tuple *tuple)
{
	return find(tcp, tuple) != NULL;
}

/* ---- digests ---- */

/*
 * Section 2.0: pseudo-header, header without options and checksum, text, key. `options_bytes`
 * lie between header and text; `bytes` is the whole of the segment.
 */
static void digest(const struct wr_tcp_md5_key *key, uint32_t src, uint32_t dst,
                   const struct rte_tcp_hdr *tcp, uint32_t options_bytes, uint32_t bytes,
                   uint8_t out[MD5_DIGEST_LENGTH])
{
	const struct {
		rte_be32_t src, dst;
		uint8_t zero, proto;
		rte_be16_t bytes;
	} pseudo = {rte_cpu_to_be_32(src), rte_cpu_to_be_32(dst), 0, IPPROTO_TCP,
	            rte_cpu_to_be_16((uint16_t)bytes)};
	uint32_t head = (uint32_t)sizeof(*tcp) + options_bytes;
	struct rte_tcp_hdr bare = *tcp;
	MD5_CTX md5;

	bare.cksum = 0;
	MD5Init(&md5);
	MD5Update(&md5, (const uint8_t *)&pseudo, sizeof(pseudo));
	MD5Update(&md5, (const uint8_t *)&bare, sizeof(bare));
	MD5Update(&md5, (const uint8_t *)tcp + head, bytes - head);
	MD5Update(&md5, key->key, key->bytes);
	MD5Final(out, &md5);
}

/* Takes as long wherever they differ. */
static bool same_digest(const uint8_t *a, const uint8_t *b)
{
	uint8_t differ = 0;

	for (unsigned i = 0; i < MD5_DIGEST_LENGTH; i++)
		differ |= a[i] ^ b[i];
	return differ == 0;
}

enum wr_verdict tcp_md5_judge(const struct wr_tcp *tcp, const struct wr_frame *f)
{
	const struct wr_seg *seg = &f->seg;
	const uint8_t *theirs = wr_tcp_signature(seg);
	const struct wr_tcp_md5_key *key = find(tcp, &f->tuple);
	const struct rte_tcp_hdr *header = (const struct rte_tcp_hdr *)seg->options - 1;
	uint8_t ours[MD5_DIGEST_LENGTH];

	if (!key)
		return theirs ? WR_V_tcp_md5_unexpected : WR_V_NEXT;
	if (!theirs)
		return WR_V_tcp_md5_not_found;
	digest(key, f->tuple.raddr, f->tuple.laddr, header, seg->options_len,
	       (uint32_t)sizeof(*header) + seg->options_len + seg->text_len, ours);
	return same_digest(theirs, ours) ? WR_V_NEXT : WR_V_tcp_md5_failure;
}

void tcp_md5_reserve(uint8_t options[TCP_MD5_OPTION])
{
	static const uint8_t head[] = {OPTION_NOP, OPTION_NOP, OPTION_SIGNATURE, OPTION_BYTES};

	memcpy(options, head, sizeof(head));
}

void tcp_md5_sign(const struct wr_tcp *tcp, const struct wr_tuple *tuple, struct rte_mbuf *m)
{
	struct rte_tcp_hdr *header = rte_pktmbuf_mtod(m, struct rte_tcp_hdr *);
	uint32_t options_bytes = (uint32_t)(header->data_off >> 4) * 4 - 20;
	const struct wr_tcp_md5_key *key = find(tcp, tuple);

	digest(key, tuple->laddr, tuple->raddr, header, options_bytes, m->data_len,
	       (uint8_t *)(header + 1) + TCP_MD5_OPTION - MD5_DIGEST_LENGTH);
}
