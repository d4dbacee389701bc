/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages of a known length, by two protocols: echo, where what is sent comes back, for any
 * echo server; and Wringer's rr service (wr_rr.h), where the request says how long the response
 * is.
 *
 * With --verify each request carries a stamp. An echo is checked as one stamped message; a
 * response of rr by its header, its stamp and the pattern behind them.
 */

#include <string.h>

#include "load.h"
#include "wr_pattern.h"
#include "wr_rr.h"

/* What verification keeps of a client, followed by a head for each request under way. */
struct proof {
	struct wr_once once;
	struct wr_stamp_check check;
	uint32_t at;      /* bytes of the response so far */
	bool is_mistaken; /* of the response so far: something differs */
	uint8_t head[][WR_RR_HEADER + WR_STAMP_BYTES];
};

#define HEAD_BYTES (WR_RR_HEADER + WR_STAMP_BYTES)

static size_t state_bytes(const struct wr_load_conf *conf)
{
	if (!conf->verify)
		return 0;
	return (sizeof(struct proof) + conf->pipeline * HEAD_BYTES + 7) & ~(size_t)7;
}

static uint8_t *head_of(struct wr_load *load, struct proof *proof, uint32_t number)
{
	return proof->head[number % load->conf->pipeline];
}

/* The number of a request under way: those of a client lie in its ring by number. */
static uint32_t number_of(struct wr_load *load, uint32_t n, const struct load_request *r)
{
	struct load_client *client = load_client(load, n);
	uint32_t k = client->answered;

	while (k != client->asked && load_request(load, n, k) != r)
		k++;
	return k;
}

static void open_client(struct wr_load *load, uint32_t n)
{
	if (load->conf->verify)
		memset(load_state(load, n), 0, sizeof(struct proof));
}

static struct wr_stamp stamp_of(struct wr_load *load, uint32_t n, uint32_t number,
                                uint32_t bytes)
{
	return (struct wr_stamp) {
		.run = load->run,
		.connection = load_client_name(load, n),
		.sequence = number,
		.bytes = bytes,
	};
}

/* ---- the verdict on a response ---- */

/* The oldest request has its response, in whatever state: it is not lost. */
static void judge(struct wr_load *load, uint32_t n, struct proof *proof)
{
	enum wr_stamp_verdict verdict;
	struct wr_stamp stamp;

	verdict = wr_stamp_judge(&proof->check, load->run, load_client_name(load, n), &stamp);
	if (verdict == WR_STAMP_GOOD && !proof->is_mistaken) {
		load_count_once(load, &proof->once, stamp.sequence);
		return;
	}
	load_see_once(&proof->once, load_client(load, n)->answered);
	switch (verdict) {
	case WR_STAMP_GOOD:
	case WR_STAMP_CORRUPT:
		LOAD_COUNT(load, corrupt, 1);
		break;
	case WR_STAMP_TRUNCATED:
		LOAD_COUNT(load, truncated, 1);
		break;
	case WR_STAMP_FOREIGN:
		LOAD_COUNT(load, foreign, 1);
		break;
	}
}

/* ---- echo ---- */

static void echo_begin(struct wr_load *load, uint32_t n, uint32_t number,
                       struct load_request *r)
{
	r->bytes = r->left = wr_sizes_draw(&load->conf->request, &load->prng);
	if (load->conf->verify) {
		struct wr_stamp stamp = stamp_of(load, n, number, r->bytes);

		wr_stamp_write(load->payload, &stamp);
		memcpy(head_of(load, load_state(load, n), number), load->payload,
		       WR_STAMP_BYTES);
	}
}

/* Copies from the head what lies in it, and the rest from the payload. */
static void write_from(struct wr_load *load, const uint8_t *head, uint32_t head_bytes,
                       uint32_t offset, uint8_t *out, uint32_t bytes)
{
	uint32_t first = 0;

	if (offset < head_bytes) {
		first = wr_min(head_bytes - offset, bytes);
		memcpy(out, head + offset, first);
	}
	memcpy(out + first, load->payload + offset + first, bytes - first);
}

static void echo_write(struct wr_load *load, uint32_t n, const struct load_request *r,
                       uint32_t offset, uint8_t *out, uint32_t bytes)
{
	if (!load->conf->verify) {
		memcpy(out, load->payload + offset, bytes);
		return;
	}
	write_from(load, head_of(load, load_state(load, n), number_of(load, n, r)),
	           WR_STAMP_BYTES, offset, out, bytes);
}

static enum load_took echo_take(struct wr_load *load, uint32_t n, struct load_request *r,
                                const uint8_t *text, uint32_t bytes, uint32_t *used)
{
	struct proof *proof;

	*used = wr_min(bytes, r->left);
	if (load->conf->verify) {
		proof = load_state(load, n);
		if (r->left == r->bytes)
			wr_stamp_begin(&proof->check, r->bytes);
		wr_stamp_take(&proof->check, text, *used);
		if (*used == r->left)
			judge(load, n, proof);
	}
	r->left -= *used;
	return r->left ? LOAD_TOOK_MORE : LOAD_TOOK_WHOLE;
}

const struct load_protocol load_protocol_echo = {
	.state_bytes = state_bytes,
	.open = open_client,
	.begin = echo_begin,
	.write = echo_write,
	.take = echo_take,
	.missed = load_missed,
};

/* ---- rr ---- */

static void make_head(struct wr_load *load, uint32_t n, uint32_t number,
                      const struct load_request *r, uint8_t *head)
{
	const struct wr_rr rr = {
		.request_bytes = r->bytes,
		.response_bytes = r->left,
		.tag = number,
	};

	wr_rr_write(head, &rr);
	if (load->conf->verify) {
		struct wr_stamp stamp = stamp_of(load, n, number, WR_STAMP_BYTES);

		wr_stamp_write(head + WR_RR_HEADER, &stamp);
	}
}

static void sized_begin(struct wr_load *load, uint32_t n, uint32_t number,
                        struct load_request *r)
{
	r->bytes = wr_sizes_draw(&load->conf->request, &load->prng);
	r->left = wr_sizes_draw(&load->conf->response, &load->prng);
	if (load->conf->verify)
		make_head(load, n, number, r, head_of(load, load_state(load, n), number));
}

static void sized_write(struct wr_load *load, uint32_t n, const struct load_request *r,
                        uint32_t offset, uint8_t *out, uint32_t bytes)
{
	uint8_t head[WR_RR_HEADER];
	uint32_t number = number_of(load, n, r);

	if (load->conf->verify) {
		write_from(load, head_of(load, load_state(load, n), number), HEAD_BYTES, offset,
		           out, bytes);
	} else {
		make_head(load, n, number, r, head);
		write_from(load, head, WR_RR_HEADER, offset, out, bytes);
	}
}

/* Compares response bytes [at, at + bytes) with what the request makes them. */
static void check_sized(struct wr_load *load, uint32_t n, struct proof *proof,
                        const struct load_request *r, const uint8_t *text, uint32_t bytes)
{
	const uint8_t *head =
		head_of(load, proof, load_client(load, n)->answered % load->conf->pipeline);
	uint32_t copied = wr_min(r->bytes, WR_RR_COPIED);

	for (uint32_t i = 0; i < bytes; i++, proof->at++) {
		uint32_t at = proof->at;

		if (at >= HEAD_BYTES && at >= copied) {
			proof->is_mistaken |= wr_pattern_differs(text + i, bytes - i, at);
			proof->at += bytes - i;
			return;
		}
		if (at >= WR_RR_HEADER && at < HEAD_BYTES)
			wr_stamp_take(&proof->check, text + i, 1);
		else if (at < WR_RR_HEADER)
			proof->is_mistaken |= text[i] != head[at];
		else
			proof->is_mistaken |= text[i] != load->payload[at];
	}
}

static enum load_took sized_take(struct wr_load *load, uint32_t n, struct load_request *r,
                                 const uint8_t *text, uint32_t bytes, uint32_t *used)
{
	struct proof *proof;

	*used = wr_min(bytes, r->left);
	if (load->conf->verify) {
		proof = load_state(load, n);
		if (!proof->check.want) {
			wr_stamp_begin(&proof->check, WR_STAMP_BYTES);
			proof->at = 0;
			proof->is_mistaken = false;
		}
		check_sized(load, n, proof, r, text, *used);
		if (*used == r->left) {
			judge(load, n, proof);
			proof->check.want = 0;
		}
	}
	r->left -= *used;
	return r->left ? LOAD_TOOK_MORE : LOAD_TOOK_WHOLE;
}

const struct load_protocol load_protocol_sized = {
	.state_bytes = state_bytes,
	.open = open_client,
	.begin = sized_begin,
	.write = sized_write,
	.take = sized_take,
	.missed = load_missed,
};
