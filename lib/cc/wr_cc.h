/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_CC_H
#define WR_CC_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Congestion control, seen from the engine.
 *
 * The engine reports events; the algorithm answers by writing cwnd and ssthresh. An
 * algorithm never sees a connection, a clock or a packet, so it is tested by feeding it
 * events. Adding one takes a file, a member of the union below and a line in wr_cc_all[].
 */

struct wr_cc_ops;

/* What a reduction replaced, until it is known to have been right: RFC 4015. */
struct wr_cc_saved {
	uint32_t cwnd; /* bytes; 0: nothing to undo */
	uint32_t ssthresh;
};

struct wr_cc_reno {
	uint32_t acked;     /* bytes acknowledged since cwnd last grew */
	uint32_t after_rto; /* 1: slow start after a time-out */
	struct wr_cc_saved saved;
};

/* RFC 8257; what it does not say is Reno's. */
struct wr_cc_dctcp {
	struct wr_cc_reno reno;
	uint32_t alpha;         /* DCTCP.Alpha, 2^-20 */
	uint32_t window_end;    /* DCTCP.WindowEnd: a sequence number */
	uint32_t acked, marked; /* bytes since then: DCTCP.BytesAcked, .BytesMarked */
};

/* HyStart++, RFC 9406: leaves slow start when the round-trip time grows. Times in us. */
struct wr_hystart {
	uint32_t window_end;  /* windowEnd: the round ends when this is acknowledged */
	uint32_t last_min_us; /* lastRoundMinRTT; UINT32_MAX: none */
	uint32_t min_us;      /* currentRoundMinRTT; UINT32_MAX: none */
	uint32_t css_base_us; /* cssBaselineMinRtt; UINT32_MAX: not in CSS */
	uint8_t samples;      /* rttSampleCount, stops at 255 */
	uint8_t css_rounds;   /* whole rounds in CSS */
	bool in_round : 1;    /* window_end means something */
	bool css : 1;         /* Conservative Slow Start */
};

/* RFC 9438. Slow start, an epoch of congestion avoidance and a reduction exclude each other. */
struct wr_cc_cubic {
	uint32_t w_max;    /* bytes: W_max; 0: none yet, or none after a time-out */
	uint16_t fraction; /* of the next byte of cwnd, 2^-16 */
	uint8_t stage;     /* enum in cubic.c: what the union holds */
	bool after_rto;    /* slow start after a time-out */
	union {
		struct wr_hystart hystart;
		struct {
			uint32_t k;          /* K, in units of 1024 us */
			uint32_t elapsed_us; /* t: time since the epoch began in which cwnd was
			                      * used */
			uint32_t last_us;    /* of the last ACK, low 32 bits */
			uint32_t w_est;      /* bytes: W_est, what Reno would have */
			uint32_t est_rest;   /* what w_est lacks: less than a byte */
		} epoch;
		struct {
			struct wr_cc_saved before;
			uint32_t w_max;
		} saved;
	};
};

/*
 * draft-ietf-ccwg-bbr, section 2; names as there. Too much for a connection's record: it stands
 * in the block of those that are paced. Bytes, bytes per second, us of the engine's clock.
 */
struct wr_bbr {
	uint64_t bw;        /* min(max_bw, bw_shortterm) */
	uint64_t max_bw[2]; /* of the cycle before, and of this one */
	uint64_t bw_lo;     /* bw_shortterm; UINT64_MAX: none */
	uint64_t bw_latest;
	uint64_t full_bw;
	uint64_t next_round_delivered, loss_round_delivered;
	uint64_t min_rtt_stamp_us, probe_rtt_min_stamp_us, probe_rtt_done_us;
	uint64_t cycle_stamp_us, extra_acked_start_us;
	uint64_t extra_acked_delivered;
	uint32_t min_rtt_us, probe_rtt_min_us; /* UINT32_MAX: none */
	uint32_t inflight_hi, inflight_lo;     /* longterm, shortterm; UINT32_MAX: none */
	uint32_t inflight_latest;
	uint32_t prior_cwnd, initial_cwnd;
	uint32_t probe_wait_us;
	uint32_t probe_up_cnt, probe_up_acks; /* bytes for one segment more; since the last */
	uint32_t round_count, extra_acked_round;
	uint32_t extra_acked[2];
	uint16_t pacing_gain, cwnd_gain; /* percent */
	uint16_t rounds_since_probe;
	uint8_t state;     /* enum bbr_state */
	uint8_t ack_phase; /* enum bbr_phase */
	uint8_t full_bw_count, probe_up_rounds, losses_in_round;
	bool round_start : 1, loss_round_start : 1, loss_in_round : 1;
	bool full_bw_now : 1, full_bw_reached : 1;
	bool probe_samples : 1; /* bw_probe_samples: this is what probing sent */
	bool idle_restart : 1, probe_rtt_expired : 1, probe_rtt_round_done : 1;
	bool has_rtt : 1; /* the first pace is of a round trip that was seen */
};

/* What an algorithm with a model of the path keeps outside of the connection, and says. */
struct wr_cc_model {
	uint64_t pace_bytes_per_s; /* 0: as fast as cwnd allows */
	uint32_t quantum;          /* bytes sent at once */
	struct wr_bbr bbr;
};

/* cwnd that never moves. */
struct wr_cc_fixed {
	uint32_t segments;
	uint32_t half;      /* bytes: cwnd at most while to_repair */
	uint32_t to_repair; /* bytes of the flight that timed out, not acknowledged yet */
};

/*
 * Per-connection state, embedded in the connection: nothing to allocate or free. What
 * every segment needs comes first, in 12 bytes, so that it shares the line of the send
 * queue. Private state is made of 32-bit words, to stand right behind it.
 */
struct wr_cc {
	uint32_t cwnd;     /* bytes; never below 1 SMSS */
	uint32_t ssthresh; /* bytes; UINT32_MAX until the first loss */
	uint16_t smss;     /* bytes of text: SMSS, RFC 5681 section 2 */
	uint8_t algorithm; /* index into wr_cc_all[] */
	bool limited : 1;  /* cwnd was what ended the sending of new text, when it last ended */
	bool every_ack : 1; /* of its ops, here at hand */
	bool ecn : 1;       /* agreed on, RFC 3168: the engine's, as all that follows */
	bool ece : 1;       /* ECN-Echo is due in what is sent */
	bool timed : 1;     /* paced, and its rate is sampled */
	bool cwr : 1;       /* the next new text says Congestion Window Reduced */
	bool accecn : 1;    /* with ecn: the feedback is that of RFC 9768 */
	union {
		struct wr_cc_reno reno;
		struct wr_cc_cubic cubic;
		struct wr_cc_dctcp dctcp;
		struct wr_cc_fixed fixed;
		uint32_t model[2]; /* address of struct wr_cc_model; see wr_cc_model() */
		uint32_t room[8];
	};
};

static_assert(offsetof(struct wr_cc, room) == 12, "the hot part");
static_assert(sizeof(struct wr_cc) == 44, "private state fits its room");

/* A connection was agreed on. */
struct wr_cc_start {
	uint64_t now_us;           /* engine clock */
	uint32_t iw;               /* bytes: the initial window, RFC 6928 */
	uint32_t segments;         /* parameter of the algorithm: of struct wr_cc_choice */
	uint32_t srtt_us;          /* 0: not known yet */
	struct wr_cc_model *model; /* zero; stays as long as cc; NULL without ops->model */
};

/*
 * A sample of the rate at which text was delivered: draft-ietf-ccwg-bbr section 4.1. "It" is
 * the newest of the packets that an ACK tells of.
 */
struct wr_cc_rate {
	uint64_t bytes_per_s;     /* 0: the ACK gave no valid sample */
	uint64_t total_delivered; /* C.delivered: bytes */
	uint64_t prior_delivered; /* the same when it was sent */
	uint32_t delivered;       /* bytes since then */
	uint32_t newly_delivered; /* of these, by this ACK */
	uint32_t lost;            /* bytes lost since it was sent */
	uint32_t tx_in_flight;    /* bytes in flight when it was sent, itself included */
	bool app_limited;         /* when it was sent there was not enough to send */
};

/* A packet was lost. */
struct wr_cc_lost {
	uint64_t now_us;          /* engine clock */
	uint64_t total_delivered; /* C.delivered: bytes */
	uint32_t bytes;           /* of it */
	uint32_t lost;            /* bytes lost since it was sent, itself included */
	uint32_t tx_in_flight;    /* bytes in flight when it was sent, itself included */
	bool app_limited;         /* as above */
};

/* A cumulative ACK advanced SND.UNA; with a model, also ACKs that only delivered by SACK. */
struct wr_cc_ack {
	uint64_t now_us;   /* engine clock */
	uint32_t acked;    /* bytes newly acknowledged; > 0 unless by SACK alone */
	uint32_t flight;   /* bytes in flight before this ACK: FlightSize */
	uint32_t rtt_us;   /* newest RTT sample; 0 if this ACK gave none */
	uint32_t srtt_us;  /* smoothed; 0 before the first sample */
	uint32_t una, nxt; /* SND.UNA and SND.NXT now */
	bool in_recovery;  /* this ACK does not yet end loss recovery */
	bool cwnd_limited; /* cwnd, not the application or the peer, held the sender back */
	uint32_t pipe;     /* bytes in flight now, lost and SACKed ones not counted */
	const struct wr_cc_rate *rate; /* NULL: see ops->model */
	uint32_t marked; /* bytes of `acked` that came marked, says the peer: RFC 3168, 9768 */
	uint16_t burst;  /* segments that it may add in slow start, L of RFC 9406; 0: 8 */
};

enum wr_cc_cause {
	WR_CC_LOSS, /* fast recovery begins */
	WR_CC_ECN,  /* the peer reports marks, RFC 3168 section 6.1.2; at most once a window */
};

/* The network is congested, by what the engine found. */
struct wr_cc_congestion {
	uint64_t now_us; /* engine clock */
	uint32_t flight; /* bytes in flight at detection: FlightSize */
	enum wr_cc_cause cause;
};

/* The retransmission timer rang. */
struct wr_cc_rto {
	uint64_t now_us; /* engine clock */
	uint32_t flight; /* bytes in flight: FlightSize */
	bool again;      /* of the same loss event as before: ssthresh is lowered once */
};

/* No hook may fail or block. All are mandatory, on_lost with `model`. */
struct wr_cc_ops {
	const char *name;  /* as written in the configuration: "reno" */
	const char *spec;  /* what it implements: "RFC 5681" */
	uint32_t segments; /* the parameter, "name:segments"; 0: takes none */
	bool every_ack;    /* on_ack also when cwnd was not what held the sender back */

	bool model; /* paces, by rate samples: the only kind that gets on_lost */
	bool marks; /* needs ECN, and an echo for each segment, RFC 8257 */

	/* What cwnd never exceeds, bytes; NULL: it grows. */
	uint32_t (*most)(const struct wr_cc *cc);
	/* cwnd is iw, ssthresh is UINT32_MAX, the private state is zero. */
	void (*init)(struct wr_cc *cc, const struct wr_cc_start *start);
	void (*on_ack)(struct wr_cc *cc, const struct wr_cc_ack *ack);
	void (*on_lost)(struct wr_cc *cc, const struct wr_cc_lost *lost);
	/* Lowers ssthresh and cwnd. After a loss recovery follows, and ends by
	 * on_leave_recovery. */
	void (*on_congestion)(struct wr_cc *cc, const struct wr_cc_congestion *congestion);
	void (*on_leave_recovery)(struct wr_cc *cc, uint64_t now_us);
	/* cwnd falls to the loss window. */
	void (*on_rto)(struct wr_cc *cc, const struct wr_cc_rto *rto);
	/* The newest reduction, by loss or time-out, was needless: RFC 4015, RFC 5682. */
	void (*on_undo)(struct wr_cc *cc, uint64_t now_us);
	/* The connection was idle for longer than an RTO: cwnd = min(iw, cwnd), RFC 5681 4.1.
	 */
	void (*on_idle_restart)(struct wr_cc *cc, uint32_t iw, uint64_t now_us);
};

extern const struct wr_cc_ops wr_cc_cubic_ops, wr_cc_reno_ops, wr_cc_dctcp_ops, wr_cc_bbr_ops,
	wr_cc_fixed_ops;
extern const struct wr_cc_ops *const wr_cc_all[]; /* the default first; ends with NULL */

/* Of an algorithm with a model. */
static inline struct wr_cc_model *wr_cc_model(const struct wr_cc *cc)
{
	struct wr_cc_model *model;

	static_assert(sizeof(model) == sizeof(cc->model), "an address fits");
	memcpy(&model, cc->model, sizeof(model)); /* it stands at no multiple of 8 */
	return model;
}

static inline const struct wr_cc_ops *wr_cc_ops(const struct wr_cc *cc)
{
	return wr_cc_all[cc->algorithm];
}

/* An algorithm as configured: "cubic", "fixed:64". */
struct wr_cc_choice {
	const struct wr_cc_ops *ops; /* NULL: as the engine's configuration says */
	uint32_t segments;           /* of ops that take a parameter; else 0 */
};

/* Reads NAME or NAME:SEGMENTS, 1 to 65,535 segments. False: there is none such. */
bool wr_cc_read(const char *text, struct wr_cc_choice *choice);

/* Writes it the same way; returns what snprintf() does. */
int wr_cc_write(const struct wr_cc_choice *choice, char *buf, size_t size);

/* Begins a connection's congestion control. cc->smss is set; cc is all zero otherwise. */
void wr_cc_start(struct wr_cc *cc, const struct wr_cc_choice *choice,
                 const struct wr_cc_start *start);

/* RFC 6928 section 2: min(segments * MSS, max(2 * MSS, segments * 1460)) bytes. */
uint32_t wr_cc_initial_window(uint32_t smss, uint32_t segments);

#endif /* WR_CC_H */
