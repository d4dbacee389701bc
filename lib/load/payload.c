/* SPDX-License-Identifier: BSD-3-Clause */
/* What messages are filled with, made once; and the buffers that carry it. */

#include <string.h>

#include <rte_malloc.h>

#include "load.h"
#include "wr_pattern.h"

#define LEAST_BYTES  65536 /* bulk data is cut from it too */
#define HEADER_BYTES 52    /* IPv4 and TCP with timestamps */

uint32_t load_payload_size(const struct wr_load_conf *conf)
{
	return wr_max(conf->request.most, LEAST_BYTES);
}

static void fill(struct wr_load *load)
{
	const struct wr_load_conf *conf = load->conf;
	uint32_t bytes = load->payload_bytes;

	switch (conf->payload) {
	case WR_LOAD_PATTERN:
		wr_pattern_fill(load->payload, bytes, 0);
		break;
	case WR_LOAD_RANDOM:
		for (uint32_t i = 0; i < bytes; i++)
			load->payload[i] = (uint8_t)wr_prng_u64(&load->prng);
		break;
	case WR_LOAD_ZERO: /* as it was allocated */
		break;
	case WR_LOAD_FILE:
		for (uint32_t i = 0; i < bytes; i++)
			load->payload[i] = conf->file[i % conf->file_bytes];
		break;
	}
}

int load_payload_init(struct wr_load *load, int socket)
{
	const struct wr_ip *ip = wr_stack_ip(load->stack);
	uint32_t room = rte_pktmbuf_data_room_size(load->pool) - RTE_PKTMBUF_HEADROOM;

	load->payload_bytes = load_payload_size(load->conf);
	load->segment_bytes = wr_min(ip->conf.mtu - HEADER_BYTES, room);
	load->payload =
		rte_zmalloc_socket("load payload", load->payload_bytes, WR_CACHE_LINE, socket);
	if (!load->payload)
		return -1;
	fill(load);
	return 0;
}

void load_payload_fini(struct wr_load *load)
{
	rte_free(load->payload);
}

struct rte_mbuf *load_buffer(struct wr_load *load, uint32_t bytes, uint8_t **text)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(load->pool);

	if (wr_unlikely(!m)) {
		LOAD_COUNT(load, no_buffers, 1);
		return NULL;
	}
	*text = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)bytes);
	assert(*text);
	return m;
}
