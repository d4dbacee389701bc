/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "packet.h"

const char packet_flag_letters[PACKET_FLAGS] = {'F', 'S', 'R', 'P', '.', 'U', 'E', 'W', 'A'};

/* ---- writing text ---- */

struct line {
	char *out;
	size_t size, len;
};

__attribute__((format(printf, 2, 3))) static void put(struct line *line, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line->out + line->len, line->size - line->len, fmt, ap);
	va_end(ap);
	line->len += (size_t)n;
	if (line->len >= line->size)
		line->len = line->size - 1;
}

static void put_option(struct line *line, const struct packet_option *o)
{
	switch (o->kind) {
	case OPTION_MSS:
		put(line, "mss %u", o->a);
		break;
	case OPTION_WSCALE:
		put(line, "wscale %u", o->a);
		break;
	case OPTION_SACK_OK:
		put(line, "sackOK");
		break;
	case OPTION_TS:
		put(line, "TS val %u ecr %u", o->a, o->b);
		break;
	case OPTION_SACK:
		put(line, "sack");
		for (unsigned i = 0; i < o->a; i++)
			put(line, " %d:%d", (int32_t)o->left[i], (int32_t)o->right[i]);
		break;
	case OPTION_FASTOPEN:
		put(line, "FO ");
		for (unsigned i = 0; i < o->a; i++)
			put(line, "%02x", o->raw[i]);
		break;
	case OPTION_MD5:
		put(line, "md5");
		break;
	case OPTION_ACCECN:
		put(line, "ECN%u", o->b);
		for (unsigned i = 0; i < o->a; i++)
			put(line, " %s %u",
			    i == 1          ? "ceb"
			    : i / 2 != o->b ? "e1b"
			                    : "e0b",
			    o->left[i]);
		break;
	case OPTION_RAW:
		put(line, "raw");
		for (unsigned i = 0; i < o->a; i++)
			put(line, " %u", o->raw[i]);
		break;
	case OPTION_NOP:
		put(line, "nop");
		break;
	case OPTION_EOL:
		put(line, "eol");
		break;
	}
}

void packet_print(const struct packet *p, char *out, size_t size)
{
	struct line line = {out, size, 0};

	if (p->flow)
		put(&line, "@%u ", p->flow);
	for (unsigned i = 0; i < PACKET_FLAGS; i++) {
		unsigned bit = (unsigned[]) {1, 0, 2, 3, 4, 5, 6, 7, 8}[i];

		if (p->flags & 1 << bit)
			put(&line, "%c", packet_flag_letters[bit]);
	}
	if (!p->flags)
		put(&line, "-");
	put(&line, " %s%d:%s%d(%u)", p->seq.absolute ? "=" : "", (int32_t)p->seq.n,
	    p->seq.absolute ? "=" : "", (int32_t)(p->seq.n + p->len), p->len);
	if (p->has_ack)
		put(&line, " ack %s%d", p->ack.absolute ? "=" : "", (int32_t)p->ack.n);
	if (p->has_wnd)
		put(&line, " win %u", p->wnd);
	if (p->urgent)
		put(&line, " urg %u", p->urgent);
	if (p->has_tos)
		put(&line, " tos %u", p->tos);
	if (p->has_ttl)
		put(&line, " ttl %u", p->ttl);
	if (p->any_options)
		put(&line, " <...>");
	for (unsigned i = 0; i < p->options; i++) {
		put(&line, i ? "," : " <");
		put_option(&line, &p->option[i]);
	}
	if (p->options)
		put(&line, ">");
}

/* ---- bytes ---- */

uint32_t packet_seq(const struct packet_number *n, uint32_t origin)
{
	return n->absolute ? n->n : n->n + origin;
}

static unsigned put32(uint8_t *out, uint32_t n)
{
	for (unsigned i = 0; i < 4; i++)
		out[i] = (uint8_t)(n >> (24 - 8 * i));
	return 4;
}

static uint32_t get32(const uint8_t *in)
{
	return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static unsigned encode_option(const struct packet_option *o, const struct packet_origin *origin,
                              uint8_t *out)
{
	unsigned n = 2;

	switch (o->kind) {
	case OPTION_NOP:
	case OPTION_EOL:
		out[0] = o->kind == OPTION_NOP;
		return 1;
	case OPTION_RAW:
		memcpy(out, o->raw, o->a);
		return o->a;
	case OPTION_MSS:
		out[0] = 2;
		out[n++] = (uint8_t)(o->a >> 8);
		out[n++] = (uint8_t)o->a;
		break;
	case OPTION_WSCALE:
		out[0] = 3;
		out[n++] = (uint8_t)o->a;
		break;
	case OPTION_SACK_OK:
		out[0] = 4;
		break;
	case OPTION_SACK:
		out[0] = 5;
		for (unsigned i = 0; i < o->a; i++) {
			n += put32(out + n, o->left[i] + origin->ack);
			n += put32(out + n, o->right[i] + origin->ack);
		}
		break;
	case OPTION_TS:
		out[0] = 8;
		n += put32(out + n, o->a + origin->ts_val);
		n += put32(out + n, o->b ? o->b + origin->ts_ecr : 0);
		break;
	case OPTION_FASTOPEN:
		out[0] = 34;
		memcpy(out + n, o->raw, o->a);
		n += o->a;
		break;
	case OPTION_ACCECN:
		out[0] = o->b ? 174 : 172;
		for (unsigned i = 0; i < o->a; i++) {
			put32(out + n - 1,
			      (uint32_t)out[n - 1] << 24 | (o->left[i] & 0xffffff));
			n += 3;
		}
		break;
	case OPTION_MD5: /* the world signs it */
		out[0] = 19;
		memset(out + n, 0, 16);
		n += 16;
		break;
	}
	out[1] = (uint8_t)n;
	return n;
}

unsigned packet_encode_options(const struct packet *p, const struct packet_origin *origin,
                               uint8_t *out)
{
	uint8_t bytes[PACKET_OPTIONS * PACKET_OPTIONS];
	unsigned n = 0;

	for (unsigned i = 0; i < p->options && n < PACKET_OPTIONS; i++)
		n += encode_option(&p->option[i], origin, bytes + n);
	while (n % 4)
		bytes[n++] = 0;
	if (n > PACKET_OPTIONS)
		n = PACKET_OPTIONS;
	memcpy(out, bytes, n);
	return n;
}

static bool decode_option(const uint8_t *in, unsigned len, const struct packet_origin *origin,
                          struct packet_option *o)
{
	switch (in[0]) {
	case 2:
		o->kind = OPTION_MSS;
		o->a = (uint32_t)in[2] << 8 | in[3];
		return len == 4;
	case 3:
		o->kind = OPTION_WSCALE;
		o->a = in[2];
		return len == 3;
	case 4:
		o->kind = OPTION_SACK_OK;
		return len == 2;
	case 5:
		o->kind = OPTION_SACK;
		o->a = (len - 2) / 8;
		for (unsigned i = 0; i < o->a && i < PACKET_SACKS; i++) {
			o->left[i] = get32(in + 2 + 8 * i) - origin->ack;
			o->right[i] = get32(in + 6 + 8 * i) - origin->ack;
		}
		return len % 8 == 2 && o->a >= 1 && o->a <= PACKET_SACKS;
	case 8:
		o->kind = OPTION_TS;
		o->a = get32(in + 2) - origin->ts_val;
		o->b = get32(in + 6);
		o->b = o->b ? o->b - origin->ts_ecr : 0;
		return len == 10;
	case 19: /* the world has checked it */
		o->kind = OPTION_MD5;
		return len == 18;
	case 172:
	case 174:
		o->kind = OPTION_ACCECN;
		o->a = (len - 2) / 3;
		o->b = in[0] == 174;
		for (unsigned i = 0; i < o->a && i < 3; i++)
			o->left[i] = get32(in + 1 + 3 * i) & 0xffffff;
		return len % 3 == 2 && len <= 11;
	case 34:
		o->kind = OPTION_FASTOPEN;
		o->a = len - 2;
		memcpy(o->raw, in + 2, o->a);
		return true;
	default:
		return false;
	}
}

/* Every option but EOL and NOP has a length, and padding is zero: MUST-68, MUST-69. */
static const char *decode_options(const uint8_t *in, unsigned bytes,
                                  const struct packet_origin *origin, struct packet *out)
{
	unsigned at = 0;

	while (at < bytes && in[at] != 0) {
		if (in[at] == 1) {
			at++;
			continue;
		}
		if (at + 2 > bytes || in[at + 1] < 2 || at + in[at + 1] > bytes)
			return "option with an impossible length";
		if (!decode_option(in + at, in[at + 1], origin, &out->option[out->options]))
			return "malformed option";
		out->options++;
		at += in[at + 1];
	}
	for (; at < bytes; at++) {
		if (in[at])
			return "padding that is not zero";
	}
	return NULL;
}

unsigned packet_find_md5(const uint8_t *options, unsigned bytes)
{
	unsigned at = 0;

	while (at + 18 <= bytes) {
		if (options[at] == 19 && options[at + 1] == 18)
			return at + 2;
		at += options[at] <= 1 || options[at + 1] < 2 ? 1 : options[at + 1];
	}
	return 0;
}

const char *packet_decode(const uint8_t *tcp, uint32_t bytes,
                          const struct packet_origin *origin, struct packet *out)
{
	unsigned head;

	memset(out, 0, sizeof(*out));
	if (bytes < 20)
		return "shorter than a header";
	head = (unsigned)(tcp[12] >> 4) * 4;
	if (head < 20 || head > bytes)
		return "impossible data offset";
	out->flags = (uint16_t)((tcp[12] & 1) << 8 | tcp[13]);
	out->len = bytes - head;
	out->seq.n = get32(tcp + 4) - origin->seq;
	out->has_ack = out->flags & PACKET_ACK;
	out->ack.n = out->has_ack ? get32(tcp + 8) - origin->ack : 0;
	out->has_wnd = true;
	out->wnd = (uint16_t)(tcp[14] << 8 | tcp[15]);
	out->urgent = (uint16_t)(tcp[18] << 8 | tcp[19]);
	return decode_options(tcp + 20, head - 20, origin, out);
}

/* ---- comparing ---- */

static const struct packet_option *find(const struct packet *p, enum packet_option_kind kind)
{
	for (unsigned i = 0; i < p->options; i++) {
		if (p->option[i].kind == kind)
			return &p->option[i];
	}
	return NULL;
}

static bool same_option(const struct packet_option *e, const struct packet_option *g)
{
	if (e->kind == OPTION_TS) /* the clock of timestamps has steps of 1 ms */
		return e->a - g->a + 1 <= 2 && e->b == g->b;
	if (e->kind == OPTION_MD5)
		return true;
	if (e->kind == OPTION_FASTOPEN)
		return e->a == g->a && !memcmp(e->raw, g->raw, e->a);
	if (e->kind == OPTION_ACCECN)
		return e->a == g->a && e->b == g->b &&
		       !memcmp(e->left, g->left, e->a * sizeof(e->left[0]));
	if (e->kind != OPTION_SACK)
		return e->a == g->a;
	if (e->a != g->a)
		return false;
	return !memcmp(e->left, g->left, e->a * sizeof(e->left[0])) &&
	       !memcmp(e->right, g->right, e->a * sizeof(e->right[0]));
}

static bool same_options(const struct packet *expected, const struct packet *got)
{
	for (enum packet_option_kind kind = OPTION_MSS; kind < OPTION_RAW; kind++) {
		const struct packet_option *e = find(expected, kind), *g = find(got, kind);

		if (!e != !g || (e && !same_option(e, g)))
			return false;
	}
	return true;
}

void packet_differs(const struct packet *expected, const struct packet *got, char *out,
                    size_t size)
{
	const struct {
		const char *name;
		bool differs;
	} part[] = {
		{"connection", expected->flow != got->flow},
		{"flags", expected->flags != got->flags},
		{"sequence number", expected->seq.n != got->seq.n},
		{"length", expected->len != got->len},
		{"ack", expected->ack.n != got->ack.n},
		{"window", expected->has_wnd && expected->wnd != got->wnd},
		{"urgent pointer", expected->urgent != got->urgent},
		{"tos", expected->has_tos && expected->tos != got->tos},
		{"ttl", expected->has_ttl && expected->ttl != got->ttl},
		{"options", !expected->any_options && !same_options(expected, got)},
	};
	struct line line = {out, size, 0};

	out[0] = '\0';
	for (unsigned i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		if (part[i].differs)
			put(&line, "%s%s", line.len ? ", " : "", part[i].name);
	}
}
