/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef I3_RESULTS_H
#define I3_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "i3_proto.h"
#include "wr_err.h"

/* What one side tells of one stream at the end. */
struct i3_stream_result {
	int id;
	uint64_t bytes;      /* without the omitted time */
	int64_t retransmits; /* -1: not known */
	double jitter_s;
	int64_t errors;  /* datagrams lost, the omitted time included */
	int64_t packets; /* sent, or the highest number received */
	int64_t omitted_errors, omitted_packets;
	double start_s, end_s;
	bool has_times;
};

struct i3_results {
	double cpu[3];              /* percent: total, user, system */
	int sender_has_retransmits; /* 1, 0, or -1: this side only receives */
	char congestion[16];
	char *server_text;   /* owned; NULL: none */
	json_t *server_json; /* owned; NULL: none */
	unsigned streams;
	struct i3_stream_result stream[I3_STREAMS];
};

/*
 * Reads a results document into *r, which the caller frees by i3_results_fini(). Returns 0, or
 * a negative errno and *err.
 */
int i3_results_parse(struct i3_results *r, const char *text, size_t bytes, struct wr_err *err);
void i3_results_fini(struct i3_results *r);

/* Writes one; NULL if there is no memory, else to be freed. */
char *i3_results_print(const struct i3_results *r);

#endif /* I3_RESULTS_H */
