/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "sim.h"

#define LANES 4

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15;
	return hash ^ hash >> 29;
}

uint64_t sim_digest(uint64_t hash, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	uint64_t lane[LANES] = {hash, 1, 2, 3}, word;
	size_t all = n;

	for (; n >= sizeof(lane); n -= sizeof(lane)) {
		for (unsigned i = 0; i < LANES; i++, p += sizeof(word)) {
			memcpy(&word, p, sizeof(word));
			lane[i] = mix(lane[i], word);
		}
	}
	for (; n; n -= RTE_MIN(n, sizeof(word))) {
		word = 0;
		memcpy(&word, p, RTE_MIN(n, sizeof(word)));
		p += RTE_MIN(n, sizeof(word));
		lane[0] = mix(lane[0], word);
	}
	for (unsigned i = 1; i < LANES; i++)
		lane[0] = mix(lane[0], lane[i]);
	return mix(lane[0], all);
}

static void put(FILE *out, const void *bytes, size_t n)
{
	fwrite(bytes, n, 1, out);
}

/* pcap with nanoseconds, Ethernet. */
void sim_pcap_begin(FILE *pcap)
{
	const uint32_t head[] = {0xa1b23c4d, 2 | 4 << 16, 0, 0, 65535, 1};

	put(pcap, head, sizeof(head));
}

void sim_pcap_frame(struct sim *sim, const uint8_t *bytes, uint32_t n)
{
	const uint32_t head[] = {(uint32_t)(sim->now_ns / 1000000000),
	                         (uint32_t)(sim->now_ns % 1000000000), n, n};

	if (!sim->pcap)
		return;
	put(sim->pcap, head, sizeof(head));
	put(sim->pcap, bytes, n);
}

void sim_note(struct sim *sim, unsigned from, const char *what, const uint8_t *bytes,
              uint32_t n)
{
	struct rte_mbuf m = {
		.buf_addr = (void *)(uintptr_t)bytes,
		.data_len = (uint16_t)n,
		.pkt_len = n,
		.nb_segs = 1,
	};
	char line[512];

	sim_plain_frame(sim, from, what, bytes, n);
	if (!sim->trace)
		return;
	wr_frame_print(line, sizeof(line), &m);
	fprintf(sim->trace, "%12.6f %u %-5s %s\n", (double)sim->now_ns / 1e9, from, what, line);
}

void sim_say(struct sim *sim, const char *fmt, ...)
{
	char line[320];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	sim_plain_say(sim, line);
	if (sim->trace)
		fprintf(sim->trace, "%12.6f   %s\n", (double)sim->now_ns / 1e9, line);
}
