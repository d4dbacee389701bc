/* SPDX-License-Identifier: BSD-3-Clause */
/* What messages are filled with, made once; and the buffers that carry it. */

#include <string.h>

#include <rte_malloc.h>

#include "load.h"
#include "wr_pattern.h"

#define LEAST_BYTES  65536 /* bulk data is cut from it too */
#define HEADER_BYTES 52    /* IPv4 and TCP with timestamps */
#define SHELF_BUFS   32
#define SHELF_AHEAD  8 /* buffers that are on their way into the cache */

/*
 * Buffers that will be next. Their memory may be in another core's cache, that of a server on
 * memif which copied from there: it is asked for some requests before it is written.
 */
struct load_shelf {
	unsigned count;
	struct rte_mbuf *buf[SHELF_BUFS]; /* the last is the next */
};

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
	load->shelf =
		rte_zmalloc_socket("load shelf", sizeof(*load->shelf), WR_CACHE_LINE, socket);
	if (!load->payload || !load->shelf)
		return -1;
	fill(load);
	return 0;
}

void load_payload_fini(struct wr_load *load)
{
	if (load->shelf)
		rte_pktmbuf_free_bulk(load->shelf->buf, load->shelf->count);
	rte_free(load->shelf);
	rte_free(load->payload);
}

/* Headers stand in front of the text. */
static void fetch(const struct rte_mbuf *m)
{
	uint8_t *text = rte_pktmbuf_mtod(m, uint8_t *);

	__builtin_prefetch(text - WR_CACHE_LINE, 1);
	__builtin_prefetch(text, 1);
}

static void fill_shelf(struct wr_load *load)
{
	struct load_shelf *shelf = load->shelf;

	if (rte_pktmbuf_alloc_bulk(load->pool, shelf->buf, SHELF_BUFS))
		return;
	shelf->count = SHELF_BUFS;
	for (unsigned i = 1; i <= SHELF_AHEAD; i++)
		fetch(shelf->buf[SHELF_BUFS - i]);
}

/* When there are too few for a shelf, each is asked for by itself. */
static struct rte_mbuf *take_buffer(struct wr_load *load)
{
	struct load_shelf *shelf = load->shelf;

	if (!shelf->count)
		fill_shelf(load);
	if (wr_unlikely(!shelf->count))
		return rte_pktmbuf_alloc(load->pool);
	if (wr_likely(shelf->count > SHELF_AHEAD))
		fetch(shelf->buf[shelf->count - 1 - SHELF_AHEAD]);
	return shelf->buf[--shelf->count];
}

struct rte_mbuf *load_buffer(struct wr_load *load, uint32_t bytes, uint8_t **text)
{
	struct rte_mbuf *m = take_buffer(load);

	if (wr_unlikely(!m)) {
		LOAD_COUNT(load, no_buffers, 1);
		return NULL;
	}
	*text = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)bytes);
	assert(*text);
	return m;
}
