/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments as packet scripts write them:
 *
 *	S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>
 *
 * Flags are S F R P . U E W A, or - for none; a digit is the ACE field of RFC 9768, which A W E
 * are. Sequence numbers are relative to the ISN of the
 * side that they count; "=5" is the number on the wire. Without <> there are no options, and
 * <...> stands for any. Padding and the order of options are not compared. "FO" asks for a Fast
 * Open cookie, "FO 0123abcd" has one; "md5" is the signature of RFC 2385, "md5 bad" a wrong
 *one. "ECN0 e0b 1001 ceb 0" and "ECN1 e1b 1" are the options of RFC 9768, with fields from none
 *to all three in the order that their kind has.
 */
#ifndef WR_SCRIPT_PACKET_H
#define WR_SCRIPT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_SACKS   4
#define PACKET_OPTIONS 40 /* bytes */
#define PACKET_FLAGS   9
#define PACKET_ACK     0x10
#define PACKET_TEXT    256 /* characters, of one that is written */

/* From the least bit of the header's flags on. */
extern const char packet_flag_letters[PACKET_FLAGS];

struct packet_number {
	uint32_t n;
	bool absolute; /* as on the wire */
};

enum packet_option_kind {
	OPTION_NOP,
	OPTION_EOL,
	OPTION_MSS,
	OPTION_WSCALE,
	OPTION_SACK_OK,
	OPTION_SACK,
	OPTION_TS,
	OPTION_FASTOPEN,
	OPTION_MD5,
	OPTION_ACCECN,
	OPTION_RAW
};

struct packet_option {
	enum packet_option_kind kind;
	uint32_t a, b; /* MSS; shift; TSval and TSecr; block count; count of raw bytes or of
	                * the cookie; a bad signature; AccECN's fields, in `left`, and order */
	uint32_t left[PACKET_SACKS], right[PACKET_SACKS];
	uint8_t raw[PACKET_OPTIONS];
};

struct packet {
	unsigned flow; /* "@2": the third connection of the script; 0 without */
	uint16_t flags;
	struct packet_number seq, ack;
	uint32_t len; /* bytes of text */
	bool has_ack, has_wnd;
	uint16_t wnd, urgent;
	bool any_options;
	unsigned options;
	struct packet_option option[PACKET_OPTIONS];
	bool other_text, bad_checksum; /* "text other", "badsum": for segments going in */
	uint8_t tos;                   /* "tos 184" */
	uint8_t ttl;                   /* "ttl 9": of segments coming out */
	bool has_tos, has_ttl;
};

/* Reads what follows "<" or ">"; returns NULL, or what is wrong. */
const char *packet_parse(const char *text, struct packet *out);

/* Writes it the same way. */
void packet_print(const struct packet *p, char *out, size_t size);

/* The two numbers between which all SEG.SEQ and SEG.ACK of a connection are translated. */
struct packet_origin {
	uint32_t seq, ack; /* wire number of relative 0: sender's and receiver's */
	uint32_t ts_val, ts_ecr;
};

/* Option bytes, padded to a multiple of 4; returns their number. */
unsigned packet_encode_options(const struct packet *p, const struct packet_origin *origin,
                               uint8_t *out);

/* Where the 16 bytes of a signature lie in option bytes; 0: nowhere. */
unsigned packet_find_md5(const uint8_t *options, unsigned bytes);

/* Reads a TCP segment off the wire. Returns NULL, or what is wrong with it. */
const char *packet_decode(const uint8_t *tcp, uint32_t bytes,
                          const struct packet_origin *origin, struct packet *out);

uint32_t packet_seq(const struct packet_number *n, uint32_t origin);

/* Writes the names of what is not as the script expects; "" if nothing is. */
void packet_differs(const struct packet *expected, const struct packet *got, char *out,
                    size_t size);

#endif /* WR_SCRIPT_PACKET_H */
