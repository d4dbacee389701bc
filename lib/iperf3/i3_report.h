/* SPDX-License-Identifier: BSD-3-Clause */
/* What a test tells people: iperf3's text, or its JSON document. */
#ifndef I3_REPORT_H
#define I3_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

struct i3_test;

struct i3_report_conf {
	FILE *out;
	bool json, json_stream, verbose, flush;
	char format;       /* of bit rates: i3_units() */
	double interval_s; /* between two lines; 0: only the end */
	const char *host;  /* client: the server's name */
	const char *title; /* in front of every line; NULL: none */
	const char *version, *system;
	uint64_t epoch_ns;    /* wall clock at time 0 of the tests */
	int mtu;              /* bytes */
	int snd_buf, rcv_buf; /* bytes */
};

/* When there is something to tell. */
struct i3_report_ops {
	void (*connect)(struct i3_test *t); /* the control connection is there */
	void (*stream)(struct i3_test *t, unsigned stream);
	void (*start)(struct i3_test *t);
	void (*interval)(struct i3_test *t); /* all rows are filled */
	void (*omitted)(struct i3_test *t);  /* the real test begins */
	void (*results)(struct i3_test *t);  /* the sums */
	void (*server)(struct i3_test *t);   /* client: what the server reports */
	void (*finish)(struct i3_test *t);   /* nothing more comes */
};

struct i3_report {
	const struct i3_report_conf *conf;
	const struct i3_report_ops *ops;
	bool keep;  /* server: the client asked for the report */
	char *kept; /* text so far; NULL: none */
	size_t kept_bytes, kept_room;
	bool had_interval, had_results;
	json_t *document; /* JSON: start, intervals, end */
};

extern const struct i3_report_ops i3_text_ops, i3_doc_ops;

void i3_report_init(struct i3_report *r, const struct i3_report_conf *conf);
void i3_report_fini(struct i3_report *r);

/* Prints a piece of text, and keeps it for the client if it asked. */
__attribute__((format(printf, 2, 3))) void i3_report_print(struct i3_report *r, const char *fmt,
                                                           ...);

/* ---- sums that text and document share ---- */

/* One direction of a test. */
struct i3_side {
	bool sender;       /* we send */
	bool reverse_name; /* its sums are called ..._bidir_reverse */
	const char *tag;   /* "[TX-C]" or "" */
};

/* The directions in iperf3's order; returns how many. */
unsigned i3_report_sides(const struct i3_test *t, struct i3_side side[2]);

/* The end of one stream, or the sum of a direction. */
struct i3_summary {
	uint64_t sent, received;     /* bytes */
	double sender_s, receiver_s; /* seconds */
	int64_t rexmits;
	bool has_rexmits;
	int64_t packets_sent, packets_received, lost, out_of_order;
	double jitter_s; /* of a sum: the mean */
};

void i3_report_stream_summary(const struct i3_test *t, unsigned stream, struct i3_summary *s);
void i3_report_side_summary(const struct i3_test *t, const struct i3_side *side,
                            struct i3_summary *s);
/* The sum of the newest interval of a direction, in *row. */
struct i3_row;
void i3_report_side_row(const struct i3_test *t, const struct i3_side *side,
                        struct i3_row *row);

static inline double i3_rate(uint64_t bytes, double seconds) /* bytes/s */
{
	return seconds > 0 ? (double)bytes / seconds : 0;
}

static inline double i3_percent(int64_t part, int64_t whole)
{
	return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

#endif /* I3_REPORT_H */
