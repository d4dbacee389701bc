/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_FRAME_H
#define WR_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "wr_flow.h"
#include "wr_seq.h"
#include "wr_stats.h"

/* TCP header flags, RFC 9293 section 3.1. */
enum {
	WR_TCP_FIN = 0x01,
	WR_TCP_SYN = 0x02,
	WR_TCP_RST = 0x04,
	WR_TCP_PSH = 0x08,
	WR_TCP_ACK = 0x10,
	WR_TCP_URG = 0x20,
	WR_TCP_ECE = 0x40,
	WR_TCP_CWR = 0x80,
	WR_TCP_AE = 0x100, /* RFC 9768. Not in wr_seg.flags: see wr_tcp_ace() */
};

/* A SACK block, RFC 2018: [left, right). */
struct wr_sack {
	struct wr_seq left, right;
};

#define WR_SACK_MAX 4 /* blocks that fit into the options */

/* A parsed segment; names are the SEG.* variables of RFC 9293 section 3.3.1. */
struct wr_seg {
	struct wr_seq seq;
	struct wr_seq ack;
	uint32_t len;           /* bytes of sequence space: text, SYN and FIN */
	uint16_t text_len;      /* bytes of text */
	uint16_t text_off;      /* of the text, from the start of the frame's data */
	uint16_t wnd;           /* as on the wire: not scaled */
	uint8_t flags;          /* WR_TCP_* */
	bool has_ts;            /* ts_val and ts_ecr are there; never beside a signature */
	uint8_t signature_off;  /* of the 16 bytes of RFC 2385 in options; 0: none. Only if
	                         * !has_ts: see wr_tcp_signature() */
	uint32_t ts_val;        /* TSval, RFC 7323 section 3 */
	uint32_t ts_ecr;        /* TSecr */
	const uint8_t *options; /* the option bytes, in the frame */
	uint8_t options_len;    /* 0..40 */
	uint8_t sack_off;       /* of the first SACK block in options; 0: none */
	uint8_t sack_count;     /* 0..WR_SACK_MAX */
};

/*
 * The digest of the option of RFC 2385, in the frame; NULL: there is none. A signed segment
 * counts as one without timestamps: signed connections have none, as both leave no room for
 * SACK; so what carries timestamps need not be asked.
 */
static inline const uint8_t *wr_tcp_signature(const struct wr_seg *seg)
{
	return seg->has_ts || !seg->signature_off ? NULL : seg->options + seg->signature_off;
}

/* Values of the ECN field of the IP header, RFC 3168 section 5. */
enum { WR_NOT_ECT, WR_ECT1, WR_ECT0, WR_CE };
#define WR_ECN_MASK 3u /* of the type of service */

/*
 * AE, CWR and ECE as a number, 0..7: the ACE field of RFC 9768 section 3.2.2. It is read from
 * the frame, which must still be as wr_tcp_parse() found it.
 */
static inline uint8_t wr_tcp_ace(const struct wr_seg *seg)
{
	const uint8_t offset_and_ae = seg->options[-8];

	return (uint8_t)((offset_and_ae & 1) << 2 | seg->flags >> 6);
}

/* The header flags that say so. */
static inline uint16_t wr_tcp_ace_flags(uint32_t ace)
{
	return (uint16_t)((ace & 3) << 6 | (ace & 4) << 6);
}

/* The options AccECN0 and AccECN1, RFC 9768 section 3.2.3: bytes that came, modulo 2^24. */
struct wr_accecn {
	uint8_t has;       /* bit 1 << n: bytes[n] is there */
	uint32_t bytes[4]; /* by ECN field: EE1B, EE0B, ECEB at WR_ECT1, WR_ECT0, WR_CE */
};

/* The option of RFC 7413 section 2. */
#define WR_TCP_COOKIE_MAX 16 /* bytes */

struct wr_fastopen {
	uint8_t bytes; /* of the cookie: 0, 4..16 and even; 0 asks for one */
	uint8_t cookie[WR_TCP_COOKIE_MAX];
};

/* Options that only a SYN carries. */
struct wr_syn_options {
	uint16_t mss;   /* 536 if the option was absent, RFC 9293 MUST-15 */
	uint8_t wscale; /* 0..14; larger values are read as 14, RFC 7323 section 2.3 */
	bool has_wscale;
	bool sack_permitted;
	bool wscale_too_large; /* it was larger */
};

/* What a frame carries, once classified. */
enum wr_carries {
	WR_CARRIES_NOTHING, /* its verdict is already known */
	WR_CARRIES_ARP,
	WR_CARRIES_ICMP,
	WR_CARRIES_UDP,
	WR_CARRIES_TCP,
	WR_CARRIES_FRAGMENT,
	WR_CARRIES_OTHER, /* a protocol that we do not speak: for ICMP to say so */
};

/*
 * One received frame on its way through the stages of a burst. Whoever keeps the buffer
 * sets m to NULL; what is left at the end of the burst is freed at once.
 */
struct wr_frame {
	struct rte_mbuf *m;    /* data starts at the Ethernet header until someone trims it */
	struct wr_tuple tuple; /* local: destination; remote: source; host order */
	uint32_t hash;         /* wr_flow_hash(); TCP only */
	uint32_t value;        /* wr_flow_guess(); TCP only */
	uint8_t carries;       /* enum wr_carries */
	uint8_t verdict;       /* enum wr_verdict; WR_V_NEXT while undecided */
	uint8_t tos;           /* DSCP in the upper 6 bits, ECN in the lower 2 */
	uint8_t ttl;
	uint16_t l3_off;   /* of the IPv4 header, from the start of data: 14 or 18 */
	uint16_t l4_off;   /* of what follows it */
	uint16_t l4_len;   /* bytes of IPv4 payload */
	bool broadcast;    /* link or network broadcast or multicast: never answered by TCP,
	                    * never the subject of an ICMP error */
	struct wr_seg seg; /* TCP only */
};

/*
 * Reads a TCP header and its options from `bytes` bytes at p (all of the segment, in one
 * piece). seg->text_off is counted from p. Total on any input: WR_V_NEXT, or
 * tcp_truncated, tcp_bad_offset. Malformed options end option parsing, the rest counts as
 * absent (RFC 9293 MUST-7). The checksum is not looked at.
 */
enum wr_verdict wr_tcp_parse(const uint8_t *p, uint32_t bytes, struct wr_seg *seg);

/* Reads the options of a SYN; total on any input. */
void wr_tcp_parse_syn(const struct wr_seg *seg, struct wr_syn_options *out);

/* Reads the Fast Open option of a SYN; false: there is none of a valid length. */
bool wr_tcp_parse_fastopen(const struct wr_seg *seg, struct wr_fastopen *out);

/* Reads the first AccECN option; false: there is none. Total on any input. */
bool wr_tcp_parse_accecn(const struct wr_seg *seg, struct wr_accecn *out);

/* SACK block i < seg->sack_count. */
struct wr_sack wr_tcp_sack(const struct wr_seg *seg, unsigned i);

/*
 * Writes a frame as one line of packet-script text (no newline): for traces, tests and
 * error messages: "198.18.0.2:4000 > 198.18.0.1:7 S. 100:100(0) ack 201 win 65535 <mss 1460>".
 * Returns the length written, less than size.
 */
size_t wr_frame_print(char *out, size_t size, const struct rte_mbuf *m);

#endif /* WR_FRAME_H */
