/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include <rte_byteorder.h>

#include "i3_udp.h"
#include "wr_base.h"

static void put32(uint8_t *out, uint32_t value)
{
	value = rte_cpu_to_be_32(value);
	memcpy(out, &value, sizeof(value));
}

static uint32_t get32(const uint8_t *in)
{
	uint32_t value;

	memcpy(&value, in, sizeof(value));
	return rte_be_to_cpu_32(value);
}

void i3_udp_put(uint8_t *out, bool is_64bit, const struct i3_udp_header *h)
{
	put32(out, (uint32_t)(h->sent_ns / WR_S(1)));
	put32(out + 4, (uint32_t)(h->sent_ns % WR_S(1) / WR_US(1)));
	if (is_64bit) {
		put32(out + 8, (uint32_t)(h->number >> 32));
		put32(out + 12, (uint32_t)h->number);
	} else {
		put32(out + 8, (uint32_t)h->number);
	}
}

void i3_udp_get(const uint8_t *in, bool is_64bit, struct i3_udp_header *h)
{
	h->sent_ns = WR_S(get32(in)) + WR_US(get32(in + 4));
	h->number = is_64bit ? (uint64_t)get32(in + 8) << 32 | get32(in + 12) : get32(in + 8);
}

void i3_udp_receive(struct i3_udp_receiver *r, const struct i3_udp_header *h, uint64_t now_ns)
{
	int64_t transit_ns = (int64_t)(now_ns - h->sent_ns);

	if (h->number > r->highest) {
		r->lost += h->number - 1 - r->highest;
		r->highest = h->number;
	} else {
		r->out_of_order++;
		r->lost -= r->lost > 0;
	}
	if (r->begun) {
		double change = fabs((double)(transit_ns - r->transit_ns));

		r->jitter_ns += (change - r->jitter_ns) / 16;
	}
	r->transit_ns = transit_ns;
	r->begun = true;
}
