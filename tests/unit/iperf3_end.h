/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A test of iperf3 without sockets, workers and clock: what it writes goes into a buffer, or
 * to a second test, the other end.
 */
#ifndef IPERF3_END_H
#define IPERF3_END_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "i3_test.h"
#include "wr_base.h"
#include "wr_test.h"

struct end {
	struct i3_test test; /* first */
	struct end *peer;    /* gets what this one writes; NULL: nobody */
	uint8_t out[65536];
	size_t out_bytes, passed;
	unsigned opened, started, stopped, dropped, hung_up;
	struct i3_sample sample[8];
	bool may_create;
	uint64_t now_ns;
};

static inline struct end *of(struct i3_test *t)
{
	return (struct end *)t;
}

static inline void fake_write(struct i3_test *t, const void *bytes, size_t n)
{
	struct end *e = of(t);

	assert_true(e->out_bytes + n <= sizeof(e->out));
	memcpy(e->out + e->out_bytes, bytes, n);
	e->out_bytes += n;
}

static inline void fake_open(struct i3_test *t, unsigned stream)
{
	of(t)->opened++;
}

static inline bool fake_may_create(struct i3_test *t)
{
	return of(t)->may_create;
}

static inline void fake_start(struct i3_test *t, unsigned stream)
{
	of(t)->started++;
}

static inline void fake_stop(struct i3_test *t, unsigned stream)
{
	of(t)->stopped++;
	of(t)->sample[stream].stopped = true;
}

static inline void fake_sample(struct i3_test *t, unsigned stream, struct i3_sample *out)
{
	*out = of(t)->sample[stream];
}

static inline void fake_drop(struct i3_test *t)
{
	of(t)->dropped++;
}

static inline double fake_busy(struct i3_test *t, uint64_t begin_ns)
{
	return 50;
}

static inline void fake_hang_up(struct i3_test *t)
{
	of(t)->hung_up++;
}

static const struct i3_test_ops fake = {
	.write = fake_write,
	.open = fake_open,
	.may_create = fake_may_create,
	.start = fake_start,
	.stop = fake_stop,
	.sample = fake_sample,
	.drop_streams = fake_drop,
	.busy = fake_busy,
	.hang_up = fake_hang_up,
};

static const char a_cookie[I3_COOKIE_BYTES] = "abcdefghijklmnopqrstuvwxyz2345672345";

struct printed {
	char *text;
	size_t bytes;
	struct i3_report_conf conf;
};

static inline void open_print(struct printed *p, bool json)
{
	p->text = NULL;
	p->conf = (struct i3_report_conf) {
		.out = open_memstream(&p->text, &p->bytes),
		.json = json,
		.format = 'a',
		.interval_s = 1,
		.host = "there",
		.version = "wringer",
		.system = "test",
	};
}

static inline void close_print(struct printed *p)
{
	fclose(p->conf.out);
	free(p->text);
}

static inline void begin(struct end *e, bool server, const struct i3_params *params,
                         const struct printed *printed)
{
	memset(e, 0, sizeof(*e));
	e->may_create = true;
	e->now_ns = WR_S(10);
	e->test.ops = &fake;
	e->test.server = server;
	e->test.cc = "reno";
	e->test.rcv_timeout_ns = WR_S(120);
	memcpy(e->test.cookie, a_cookie, I3_COOKIE_BYTES);
	if (params)
		e->test.params = *params;
	assert_int_equal(i3_test_begin(&e->test, &printed->conf, e->now_ns), 0);
}

static inline void give(struct end *e, const void *bytes, size_t n)
{
	i3_test_input(&e->test, bytes, n, e->now_ns);
}

static inline void give_state(struct end *e, int state)
{
	const int8_t byte = (int8_t)state;

	give(e, &byte, 1);
}

static inline void give_document(struct end *e, const char *text)
{
	const uint32_t n = __builtin_bswap32((uint32_t)strlen(text));

	give(e, &n, 4);
	give(e, text, strlen(text));
}

static const struct wr_tuple tuple = {1, 2, 3, 4};

static inline void stream_up(struct end *e)
{
	i3_test_stream_up(&e->test, &tuple, e->now_ns);
}

static inline int last_written(const struct end *e)
{
	return e->out_bytes ? (int8_t)e->out[e->out_bytes - 1] : 0;
}

static inline void later(struct end *e, uint64_t ns)
{
	e->now_ns += ns;
	i3_test_tick(&e->test, e->now_ns);
}

#endif /* IPERF3_END_H */
