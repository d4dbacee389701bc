/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef I3_PARAMS_H
#define I3_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wr_err.h"

/* What a client asks of a server: the parameters of one test. */
struct i3_params {
	bool udp;
	bool reverse;           /* only the server sends */
	bool bidir;             /* both send */
	bool nodelay;           /* Nagle off on the streams */
	bool get_server_output; /* the server's report comes with its results */
	bool udp_64bit;         /* packet numbers of 64 bits */
	bool repeating;         /* payload of ASCII digits */
	bool dont_fragment;
	bool zerocopy;
	uint32_t parallel; /* streams in each direction, 1 .. I3_PARALLEL */
	uint32_t omit_s;   /* left out of the results at the beginning */
	uint32_t time_s;   /* 0: no limit */
	uint32_t len;      /* bytes of a block, or of a datagram */
	uint32_t burst;    /* datagrams at a time when paced; 0: one */
	uint32_t mss;      /* bytes; 0: not asked for */
	uint32_t window;   /* bytes; 0: not asked for */
	uint8_t tos;
	uint64_t bytes;  /* end after so many; 0: no limit */
	uint64_t blocks; /* end after so many; 0: no limit */
	uint64_t rate;   /* bits/s a stream; 0: no limit */
	char congestion[16];
	char title[256], extra_data[256];
	char version[32]; /* of the client */
};

/* Streams of a test: both directions. */
static inline unsigned i3_params_streams(const struct i3_params *p)
{
	return p->bidir ? 2 * p->parallel : p->parallel;
}

/*
 * Whether stream `index` is sent by the client: the first streams are, unless only the server
 * sends.
 */
static inline bool i3_params_client_sends(const struct i3_params *p, unsigned index)
{
	return p->bidir ? index < p->parallel : !p->reverse;
}

/*
 * Reads a parameter document. Every key has its type and range checked; unknown keys are
 * ignored. Returns 0, or a negative errno and *err.
 */
int i3_params_parse(struct i3_params *p, const char *text, size_t bytes, struct wr_err *err);

/* Writes one; NULL if there is no memory, else to be freed. */
char *i3_params_print(const struct i3_params *p);

#endif /* I3_PARAMS_H */
