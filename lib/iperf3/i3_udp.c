/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "i3_udp.h"
#include "wr_base.h"
#include "wr_be.h"

void i3_udp_put(uint8_t *out, bool is_64bit, const struct i3_udp_header *h)
{
	wr_be32_put(out, (uint32_t)(h->sent_ns / WR_S(1)));
	wr_be32_put(out + 4, (uint32_t)(h->sent_ns % WR_S(1) / WR_US(1)));
	if (is_64bit) {
		wr_be32_put(out + 8, (uint32_t)(h->number >> 32));
		wr_be32_put(out + 12, (uint32_t)h->number);
	} else {
		wr_be32_put(out + 8, (uint32_t)h->number);
	}
}

void i3_udp_get(const uint8_t *in, bool is_64bit, struct i3_udp_header *h)
{
	h->sent_ns = WR_S(wr_be32_get(in)) + WR_US(wr_be32_get(in + 4));
	h->number = is_64bit ? (uint64_t)wr_be32_get(in + 8) << 32 | wr_be32_get(in + 12)
	                     : wr_be32_get(in + 8);
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
