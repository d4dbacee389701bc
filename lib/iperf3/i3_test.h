/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One test, from the first cookie to the last state, as a thing without sockets and clock:
 * bytes of the control connection, events of streams and the time go in; what it wants done
 * goes out through a table of functions. It lives on the control thread, next to others.
 */
#ifndef I3_TEST_H
#define I3_TEST_H

#include <stdio.h>

#include "i3_params.h"
#include "i3_proto.h"
#include "i3_report.h"
#include "i3_results.h"
#include "wr_flow.h"

struct i3_test;

/* The numbers of one stream so far. */
struct i3_sample {
	uint64_t bytes;
	uint64_t packets; /* sent, or the highest number received */
	uint64_t lost, out_of_order;
	uint64_t rexmits;
	uint64_t cwnd, snd_wnd, mss; /* bytes */
	uint64_t rtt_us, rttvar_us;
	double jitter_s;
	bool stopped; /* the numbers move no more */
};

/* One interval of one stream. */
struct i3_row {
	double start_s, end_s;
	uint64_t bytes;
	int64_t packets, lost, rexmits;
	struct i3_sample level; /* cwnd, RTT, jitter: at its end */
	bool omitted;
};

struct i3_stream {
	int id;
	int socket;  /* the number that the report calls it by */
	bool sender; /* we send */
	bool up;
	struct wr_tuple tuple;
	struct i3_sample base; /* when the omitted time ended */
	struct i3_sample last; /* when the newest interval ended */
	struct i3_row row;     /* the newest interval */
	uint64_t max_cwnd, max_snd_wnd, max_rtt_us, min_rtt_us, sum_rtt_us, rtts;
	struct i3_stream_result peer; /* what the other side told at the end */
	bool has_peer;
};

enum i3_phase {
	I3_PHASE_CONNECT, /* client: the control connection opens */
	I3_PHASE_PARAMS,  /* parameters are awaited; client: the question for them */
	I3_PHASE_QUEUED,  /* server: another test sets its UDP streams up */
	I3_PHASE_STREAMS, /* streams are opened; client: from the parameters on */
	I3_PHASE_RUNNING,
	I3_PHASE_STOPPING, /* workers were told to stop */
	I3_PHASE_RESULTS,
	I3_PHASE_DISPLAY,
	I3_PHASE_OVER,
};

/* What a test asks of its surroundings; all on the control thread. */
struct i3_test_ops {
	/* Sends on the control connection, in order. */
	void (*write)(struct i3_test *t, const void *bytes, size_t n);
	/* Client: opens the stream; i3_test_stream_up() or i3_test_lost() follows. */
	void (*open)(struct i3_test *t, unsigned stream);
	/* Server: whether the streams may be created now. */
	bool (*may_create)(struct i3_test *t);
	void (*start)(struct i3_test *t, unsigned stream);
	void (*stop)(struct i3_test *t, unsigned stream);
	void (*sample)(struct i3_test *t, unsigned stream, struct i3_sample *out);
	/* Server: no more is wanted of the streams; what is queued still goes out. */
	void (*drop_streams)(struct i3_test *t);
	/* Percent of the time since begin_ns that the workers were busy. */
	double (*busy)(struct i3_test *t, uint64_t begin_ns);
	/* The test is over: closes the streams, and the control connection after what was
	 * written. */
	void (*hang_up)(struct i3_test *t);
};

struct i3_test {
	const struct i3_test_ops *ops;
	bool server;
	enum i3_phase phase;
	struct i3_params params;
	char cookie[I3_COOKIE_BYTES];
	const char *cc; /* the congestion control that we run */
	uint64_t rcv_timeout_ns;
	/* The control connection. */
	struct wr_tuple control;
	uint32_t control_mss;
	enum { I3_IN_STATE, I3_IN_DOCUMENT, I3_IN_ERROR } input;
	uint32_t head_bytes; /* of head */
	uint8_t head[8];     /* the length of a document, or two error numbers */
	char *document;      /* NULL: its length is not complete */
	uint32_t document_bytes, document_length;
	/* Streams. */
	unsigned streams, up;
	struct i3_stream *stream;
	/* Times, ns; 0: not set. */
	uint64_t now_ns;
	uint64_t phase_ns;    /* when the phase began */
	uint64_t begin_ns;    /* when data began to flow */
	uint64_t start_ns;    /* the same, later the end of the omitted time */
	uint64_t end_ns;      /* of the measurement */
	uint64_t interval_ns; /* length */
	uint64_t last_ns;     /* end of the newest interval */
	uint64_t heard_ns;    /* when data came last */
	uint64_t heard_bytes;
	bool omitting;
	struct i3_results results; /* of the peer */
	bool has_results;
	bool told_running; /* client: the server's clocks run */
	double cpu[3];
	/* How it ended. */
	bool failed, interrupted, terminated;
	char why[256];
	struct i3_report report;
};

/*
 * Begins a test; `params` are a client's. Returns 0 or -ENOMEM. Members before `input` except
 * phase are set by the caller.
 */
int i3_test_begin(struct i3_test *t, const struct i3_report_conf *report, uint64_t now_ns);
void i3_test_end(struct i3_test *t); /* frees what it holds */

/* Client: the control connection is open, the cookie on its way. */
void i3_test_connected(struct i3_test *t, uint64_t now_ns);
/* Bytes of the control connection, in any portions. */
void i3_test_input(struct i3_test *t, const void *bytes, size_t n, uint64_t now_ns);
/* A stream is there. The number of the next one is t->up. */
void i3_test_stream_up(struct i3_test *t, const struct wr_tuple *tuple, uint64_t now_ns);
/* The control connection or a stream ended, or did not come to be. */
void i3_test_lost(struct i3_test *t, const char *why, uint64_t now_ns);
void i3_test_tick(struct i3_test *t, uint64_t now_ns);
/* A signal: reports what there is and tells the peer. */
void i3_test_interrupt(struct i3_test *t, uint64_t now_ns);

/* ---- inside ---- */

void i3_test_phase(struct i3_test *t, enum i3_phase phase);
void i3_test_state(struct i3_test *t, enum i3_state state);
/* Takes the document, which is freed. */
void i3_test_write_document(struct i3_test *t, char *document);
/* A document follows. */
void i3_test_expect_document(struct i3_test *t);
/* It is over; a server tells the client the number. The sentence needs no full stop. */
__attribute__((format(printf, 4, 5))) void i3_test_fail(struct i3_test *t, enum i3_error number,
                                                        int error, const char *fmt, ...);
/* It is over, and all went well. */
void i3_test_done(struct i3_test *t);
int i3_test_make_streams(struct i3_test *t);
/* Data flows from now on. */
void i3_test_run(struct i3_test *t);
/* Has the workers stop; i3_test_stopped() follows when they have. */
void i3_test_stop(struct i3_test *t);
/* Writes our results. */
void i3_test_send_results(struct i3_test *t);
/* Reads the peer's; false: they were wrong and the test is over. */
bool i3_test_read_results(struct i3_test *t, const char *text, size_t n);

/* i3_server.c, i3_client.c: what the roles do with what comes in. */
struct i3_role_ops {
	void (*on_state)(struct i3_test *t, int state);
	void (*on_document)(struct i3_test *t, const char *text, size_t n);
	void (*on_stream)(struct i3_test *t);
	void (*on_stopped)(struct i3_test *t);
	void (*on_tick)(struct i3_test *t);
	uint32_t (*document_most)(const struct i3_test *t);
};

extern const struct i3_role_ops i3_server_role, i3_client_role;

/* i3_measure.c */

/* Reads all streams and closes an interval. */
void i3_measure_interval(struct i3_test *t);
/* The omitted time is over: all numbers begin again. */
void i3_measure_restart(struct i3_test *t);
/* Bytes that the streams of one direction moved since the omitted time. */
uint64_t i3_measure_bytes(struct i3_test *t, bool sent);
bool i3_measure_all(struct i3_test *t, bool (*is)(const struct i3_sample *));

/* Seconds from the start of the measurement. */
static inline double i3_test_seconds(const struct i3_test *t, uint64_t ns)
{
	return (double)(int64_t)(ns - t->start_ns) / 1e9;
}

#endif /* I3_TEST_H */
