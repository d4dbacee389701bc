/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What cwnd should be: a small reference of Reno, CUBIC and DCTCP, written from the RFCs in
 * floating point, which shares no code with lib/cc. watch_cwnd.c tells it what the wire showed.
 * Bytes, seconds.
 */
#ifndef WR_SIM_CWND_H
#define WR_SIM_CWND_H

#include <stdbool.h>
#include <stdint.h>

#define SIM_ENDLESS 4294967295.0 /* ssthresh before the first reduction */
#define SIM_UNKNOWN (-1.0)       /* W_max: nobody saw the reduction */

enum sim_cwnd_kind {
	SIM_CWND_UNKNOWN, /* bbr has a model of the path, fixed does not move */
	SIM_CWND_RENO,    /* RFC 5681, RFC 3465 */
	SIM_CWND_CUBIC,   /* RFC 9438, RFC 9406 */
	SIM_CWND_DCTCP,   /* RFC 8257, else Reno */
};

struct sim_cwnd {
	enum sim_cwnd_kind kind;
	double mss, cwnd, ssthresh;
	double before, ssthresh_before; /* the newest reduction; before 0: none to undo */
	bool after_rto;
	double acked; /* since cwnd last grew by a segment */
	unsigned cuts;
	/* CUBIC */
	bool reduced; /* at some time: HyStart++ is over */
	bool epoch;   /* else it begins with the next ACK in avoidance */
	double burst; /* L of RFC 9406, segments */
	bool blind;   /* it grew in an epoch whose W_max is not known: cwnd is a guess */
	bool exact;   /* cwnd is, to the byte: since a time-out there was no epoch */
	double w_max, k, t, last, w_est;
	double w_max_before;
	/* DCTCP */
	double alpha, window_acked, window_marked;
	uint32_t window_end;
	bool has_window;
};

/* A cumulative ACK of `acked` bytes. */
struct sim_cwnd_ack {
	double acked, now, srtt;
	uint32_t una, end; /* SND.UNA and SND.NXT then */
	bool limited;      /* cwnd was what held the sender back */
	bool recovering;   /* fast recovery is not over before it */
	bool ece;
};

void sim_cwnd_acked(struct sim_cwnd *ref, const struct sim_cwnd_ack *ack);
/* A loss, found with so much in flight. */
void sim_cwnd_lost(struct sim_cwnd *ref, double flight);
/* A mark was echoed. */
void sim_cwnd_marked(struct sim_cwnd *ref, double flight);
/* A time-out; `again`: of what is being repaired already. */
void sim_cwnd_timed_out(struct sim_cwnd *ref, double flight, bool again);
/* The newest reduction was needless. */
void sim_cwnd_undone(struct sim_cwnd *ref);
/* Silence for longer than an RTO. */
void sim_cwnd_restarted(struct sim_cwnd *ref, double iw);

#endif /* WR_SIM_CWND_H */
