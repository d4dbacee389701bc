/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads segments as scripts write them. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet.h"

static void skip_space(const char **at)
{
	while (isspace((unsigned char)**at))
		(*at)++;
}

/* Takes `word` if it comes next, as a whole word. */
static bool take(const char **at, const char *word)
{
	size_t n = strlen(word);

	skip_space(at);
	if (strncmp(*at, word, n))
		return false;
	if (isalnum((unsigned char)word[n - 1]) && isalnum((unsigned char)(*at)[n]))
		return false;
	*at += n;
	return true;
}

static bool number(const char **at, uint32_t *n)
{
	char *end;
	long long value;

	skip_space(at);
	value = strtoll(*at, &end, 0);
	if (end == *at)
		return false;
	*n = (uint32_t)value;
	*at = end;
	return true;
}

static bool seq_number(const char **at, struct packet_number *n)
{
	n->absolute = take(at, "=");
	return number(at, &n->n);
}

/* A digit is the ACE field: the flags E, W and A as a number. */
static uint16_t ace_flags(uint32_t ace)
{
	return (uint16_t)((ace & 3) << 6 | (ace & 4) << 6);
}

static bool flags(const char **at, uint16_t *out)
{
	const char *letter;

	skip_space(at);
	*out = 0;
	if (**at == '-' && isspace((unsigned char)(*at)[1])) {
		(*at)++;
		return true;
	}
	for (; **at && !isspace((unsigned char)**at); (*at)++) {
		if (**at >= '0' && **at <= '7') {
			*out |= ace_flags((uint32_t)(**at - '0'));
			continue;
		}
		letter = memchr(packet_flag_letters, **at, PACKET_FLAGS);
		if (!letter)
			return false;
		*out |= (uint16_t)(1 << (letter - packet_flag_letters));
	}
	return *out;
}

static bool sack_blocks(const char **at, struct packet_option *o)
{
	for (o->a = 0; o->a < PACKET_SACKS; o->a++) {
		const char *before = *at;

		if (!number(at, &o->left[o->a]) || !take(at, ":") ||
		    !number(at, &o->right[o->a])) {
			*at = before;
			break;
		}
	}
	return o->a;
}

static bool raw_bytes(const char **at, struct packet_option *o)
{
	uint32_t byte;

	for (o->a = 0; o->a < PACKET_OPTIONS && number(at, &byte); o->a++)
		o->raw[o->a] = (uint8_t)byte;
	return o->a;
}

static bool cookie(const char **at, struct packet_option *o)
{
	unsigned byte;
	int used = 0;

	skip_space(at);
	for (o->a = 0; o->a < PACKET_OPTIONS && sscanf(*at, "%2x%n", &byte, &used) == 1;
	     o->a++) {
		o->raw[o->a] = (uint8_t)byte;
		*at += used;
	}
	return true;
}

/* In the order in which they are named, which makes the kind: at most three. */
static bool accecn(const char **at, struct packet_option *o)
{
	static const char *const name[2][3] = {{"e0b", "ceb", "e1b"}, {"e1b", "ceb", "e0b"}};

	o->b = take(at, "ECN1");
	if (!o->b && !take(at, "ECN0"))
		return false;
	for (o->a = 0; o->a < 3 && take(at, name[o->b][o->a]); o->a++) {
		if (!number(at, &o->left[o->a]))
			return false;
	}
	return true;
}

static bool option(const char **at, struct packet_option *o)
{
	if (take(at, "nop"))
		return o->kind = OPTION_NOP, true;
	if (take(at, "eol"))
		return o->kind = OPTION_EOL, true;
	if (take(at, "sackOK"))
		return o->kind = OPTION_SACK_OK, true;
	if (take(at, "mss"))
		return o->kind = OPTION_MSS, number(at, &o->a);
	if (take(at, "wscale"))
		return o->kind = OPTION_WSCALE, number(at, &o->a);
	if (take(at, "sack"))
		return o->kind = OPTION_SACK, sack_blocks(at, o);
	if (take(at, "raw"))
		return o->kind = OPTION_RAW, raw_bytes(at, o);
	if (take(at, "FO"))
		return o->kind = OPTION_FASTOPEN, cookie(at, o);
	if (take(at, "md5"))
		return o->kind = OPTION_MD5, o->a = take(at, "bad"), true;
	if (accecn(at, o))
		return o->kind = OPTION_ACCECN, true;
	if (take(at, "TS val"))
		return o->kind = OPTION_TS,
		       number(at, &o->a) && take(at, "ecr") && number(at, &o->b);
	return false;
}

static const char *options(const char **at, struct packet *out)
{
	if (take(at, "...")) {
		out->any_options = true;
		return take(at, ">") ? NULL : "expected > after <...";
	}
	do {
		if (out->options == PACKET_OPTIONS || !option(at, &out->option[out->options]))
			return "no such option, or not after a comma";
		out->options++;
	} while (take(at, ","));
	return take(at, ">") ? NULL : "expected , or > after an option";
}

/* What may follow the sequence numbers, in any order. */
static const char *attribute(const char **at, struct packet *out)
{
	uint32_t n = 0;

	if (take(at, "ack"))
		return out->has_ack = true,
		       seq_number(at, &out->ack) ? NULL : "expected a number after ack";
	if (take(at, "text other"))
		return out->other_text = true, NULL;
	if (take(at, "badsum"))
		return out->bad_checksum = true, NULL;
	if (take(at, "<"))
		return options(at, out);
	if (take(at, "win")) {
		out->has_wnd = number(at, &n);
		out->wnd = (uint16_t)n;
		return out->has_wnd ? NULL : "expected a number after win";
	}
	if (take(at, "urg") && number(at, &n)) {
		out->urgent = (uint16_t)n;
		return NULL;
	}
	if (take(at, "tos")) {
		out->has_tos = number(at, &n);
		out->tos = (uint8_t)n;
		return out->has_tos ? NULL : "expected a number after tos";
	}
	if (take(at, "ttl")) {
		out->has_ttl = number(at, &n);
		out->ttl = (uint8_t)n;
		return out->has_ttl ? NULL : "expected a number after ttl";
	}
	return "expected ack, win, tos, ttl, urg, text other, badsum or <OPTIONS>";
}

const char *packet_parse(const char *text, struct packet *out)
{
	const char *at = text, *wrong = NULL;
	struct packet_number end;
	uint32_t flow;

	memset(out, 0, sizeof(*out));
	if (take(&at, "@")) {
		if (!number(&at, &flow))
			return "expected a number after @";
		out->flow = flow;
	}
	if (!flags(&at, &out->flags))
		return "expected flags: letters of FSRP.UEWA, a digit, or -";
	if (!seq_number(&at, &out->seq) || !take(&at, ":") || !seq_number(&at, &end) ||
	    !take(&at, "(") || !number(&at, &out->len) || !take(&at, ")"))
		return "expected FIRST:END(BYTES) after the flags";
	if (end.n - out->seq.n != out->len)
		return "first, end and bytes do not agree";
	for (skip_space(&at); *at && !wrong; skip_space(&at))
		wrong = attribute(&at, out);
	if (!wrong && out->has_ack != !!(out->flags & PACKET_ACK))
		return "ack and the ACK flag do not agree";
	return wrong;
}
