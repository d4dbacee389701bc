/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What one simulated run consists of: hosts, paths, faults, connections. A plan
 * is made from a seed, or by a scenario, and decides everything: the same plan
 * gives the same run.
 */
#ifndef WR_SIM_PLAN_H
#define WR_SIM_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "knobs.h"
#include "wr_cc.h"

#define SIM_SIDES 2  /* of the bottleneck: 0 left, 1 right */
#define SIM_HOSTS 4  /* at most; host i is on side i % 2 */
#define SIM_CORES 2  /* of one host, at most */
#define SIM_FLOWS 32 /* at most */
#define SIM_DRAWN 4  /* flows that a seed draws, at most */
#define SIM_RULES 3
#define SIM_KEPT  64
#define SIM_NEVER UINT64_MAX
#define SIM_MAC   6 /* bytes */

/* A stretch of virtual time in which something is wrong, ns since the start. */
struct sim_window {
	uint64_t from_ns, to_ns; /* equal: never */
};

/* Frames that are lost because of what they are. */
enum sim_prey {
	SIM_NO_PREY,
	SIM_SYNS,    /* SYNs without ACK */
	SIM_SYNACKS, /* SYNs with ACK */
	SIM_FINS,    /* segments with FIN, text or not */
	SIM_SEGMENT, /* the segment that holds byte `byte` of the text, and its
	                repetitions */
	SIM_ACKS,    /* segments without text, SYN, FIN or RST */
	SIM_ARPS,
	SIM_AGAIN,   /* text that was sent before */
	SIM_BEYOND,  /* text beyond the recovery point: new, while old text is sent
	                again */
	SIM_UPDATES, /* ACKs that only tell of a larger window */
	SIM_RESETS,
	SIM_FROM, /* new text from byte `byte` on */
	SIM_PREYS,
};

struct sim_rule {
	enum sim_prey prey;
	uint32_t count; /* the first so many are lost */
	uint32_t byte;  /* SIM_SEGMENT */
};

/* How the queue before the bottleneck keeps itself short. */
enum sim_aqm {
	SIM_TAIL_DROP, /* not: what does not fit is lost */
	SIM_THRESHOLD, /* marks all beyond a threshold: RFC 8257 section 3.1 */
	SIM_CODEL,     /* RFC 8289 */
	SIM_RED,       /* Floyd and Jacobson 1993, "gentle" */
	SIM_AQMS,
};

/* One direction of the way between the sides. */
struct sim_path_plan {
	uint64_t rate_bps;       /* of the bottleneck */
	uint64_t delay_ns;       /* one way */
	uint32_t queue_bytes;    /* before the bottleneck; what does not fit is lost */
	uint8_t aqm;             /* enum sim_aqm */
	uint32_t mark_bytes;     /* SIM_THRESHOLD and SIM_RED: where marking begins; 0:
	                            never */
	uint64_t target_ns;      /* SIM_CODEL: TARGET; INTERVAL is 20 times that */
	uint16_t mtu;            /* of the link behind the bottleneck; 0: as large as any */
	uint64_t mtu_from_ns;    /* it is so from then on */
	bool blackhole;          /* and nobody says so: no ICMP */
	uint32_t loss_ppm;       /* evenly */
	uint32_t every;          /* one frame with text in so many is lost; 0: none */
	uint32_t burst_ppm;      /* a burst of losses begins: Gilbert 1960, Elliott 1963 */
	uint32_t burst_end_ppm;  /* and ends, each by frame */
	uint32_t burst_loss_ppm; /* of frames within a burst; 0: all */
	uint32_t duplicate_ppm;
	uint32_t reorder_ppm;
	uint64_t reorder_ns; /* late by up to so much, if reordered */
	uint64_t jitter_ns;  /* every frame late by up to so much */
	uint32_t stale_ppm;  /* a copy comes up to 30 s later */
	uint32_t corrupt_ppm;
	struct sim_window down;
	struct sim_rule rule[SIM_RULES];
};

struct sim_host_plan {
	/* Labels, as the ports of flows are: see sim_labels_exchange(). */
	uint32_t addr;
	uint8_t mac[SIM_MAC];
	uint16_t echo_port;
	uint64_t clock_us; /* what the engine's clock shows at the start */
	uint64_t key[2];
	bool has_isn; /* all connections begin with isn */
	uint32_t isn;
	unsigned cores;
	uint32_t connections; /* size of its tables */
	uint64_t access_ns;   /* one way, from the host to the bottleneck and back from it */
	uint16_t mtu;
	bool timestamps, sack, wscale;
	bool rack, tlp, prr, frto, dsack;
	uint8_t mtu_probing;               /* enum wr_tcp_mtu_probing */
	uint32_t rcv_buf_max, snd_buf_max; /* 0: as rcv_buf, snd_buf */
	uint32_t rcv_buf, snd_buf, ooo_bytes;
	uint16_t ooo_pieces;
	uint32_t held_bufs;
	bool many_bufs; /* 13,000 large ones: 110 MB of text */
	uint32_t delack_us;
	uint64_t time_wait_us;
	uint8_t iw_segments;
	struct wr_cc_choice cc;
	uint8_t ecn; /* enum wr_tcp_ecn */
	bool pacing;
	bool rates; /* connections may choose algorithms that are timed */
	struct sim_knobs knobs;
	bool steer_badly;          /* frames come to any core's queue */
	unsigned burst;            /* frames taken at once, 1..64 */
	uint64_t late_ns;          /* the core looks at its timers late by up to so much */
	uint64_t hold_ns;          /* the NIC keeps what it sent for so long */
	unsigned tx_slots;         /* of the NIC's queue */
	uint32_t refuse_ppm;       /* bursts of which the driver drops a frame */
	struct sim_window tx_full; /* the NIC's queue takes nothing */
	struct sim_window starved; /* the pool has only buffers_left */
	unsigned buffers_left;
	uint32_t fail_ppm;   /* rounds in which the n-th allocation fails, n up to 8 */
	uint32_t poll_ppm;   /* rounds after which it looks again for no reason */
	uint64_t jump_at_ns; /* its clock jumps ahead, by jump_ns */
	uint64_t jump_ns;
};

/* When an end of a connection says that it has no more text. */
enum sim_closing {
	SIM_CLOSE_AFTER_SENDING, /* half close: goes on receiving */
	SIM_CLOSE_AFTER_PEER,    /* when the peer's FIN came */
	SIM_CLOSE_AFTER_ALL,     /* when all was sent and all was received */
};

/* What one end of a connection does. */
struct sim_end_plan {
	uint32_t text;     /* bytes to send */
	uint32_t chunk;    /* bytes given to the engine at once */
	uint64_t write_ns; /* between two chunks; 0: as fast as they are taken */
	uint32_t gulp;     /* bytes that the application reads at once; 0: all */
	uint64_t read_ns;  /* between two gulps */
	uint32_t pause_at; /* bytes: having read so many it reads nothing */
	uint64_t pause_ns; /* for so long; 0: never */
	uint32_t turn;     /* request/response: bytes of one turn; 0: no turns */
	uint64_t abort_ns; /* since the start; SIM_NEVER */
	enum sim_closing closing;
};

struct sim_flow_plan {
	bool off;                /* it does not take place */
	uint8_t host[SIM_SIDES]; /* who connects, a host of side 0, and to whom */
	struct wr_cc_choice cc;  /* ops NULL: as the host */
	uint64_t start_ns;
	bool echo;         /* the far end is the echo service; else an end of ours */
	bool simultaneous; /* both ends connect */
	bool nodelay, keepalive;
	bool fastopen;  /* RFC 7413, at both ends */
	bool sign;      /* RFC 2385, with sign_key */
	uint16_t lport; /* 0: the engine chooses */
	uint16_t rport;
	struct sim_end_plan end[SIM_SIDES]; /* 0: who connects */
};

/* Of the faults that chance brings, only those in these ranges happen. */
struct sim_kept {
	bool only; /* else all happen */
	unsigned count;
	struct {
		uint32_t first, last; /* faults are numbered from 1 in the order of time */
	} range[SIM_KEPT];
};

struct sim_plan {
	uint64_t seed;
	uint64_t sign_key; /* of all flows that sign; a label */
	uint64_t calm_ns;  /* from here on nothing goes wrong any more */
	uint64_t bound_ns; /* so long after that everything must be over */
	uint64_t until_ns; /* a measurement: the run is cut short here; 0: runs to its
	                      end */
	struct sim_path_plan path[SIM_SIDES]; /* path[i]: from side i */
	unsigned hosts;
	struct sim_host_plan host[SIM_HOSTS];
	unsigned flows;
	struct sim_flow_plan flow[SIM_FLOWS];
	struct sim_kept kept;
};

/* A calm plan: 100 Mbit/s, 10 ms each way, defaults, one connection that sends
 * 100,000 bytes.
 */
void sim_plan_calm(struct sim_plan *plan, uint64_t seed);

/* Swarm testing: draws first which faults are on, then how strong they are. */
void sim_plan_draw(struct sim_plan *plan, uint64_t seed);

/*
 * Grants connections without SACK, and those of a fixed window, what they need to come to an
 * end: queues, buffers, time.
 */
void sim_plan_settle_repairs(struct sim_plan *plan);

/*
 * Chooses clocks and keys so that the first connection's sequence numbers begin `before` bytes
 * before `wrap` (0 or 2^31); on the right side too, if its SYN needs as long as it should. Its
 * ports must be set.
 */
void sim_plan_near_wrap(struct sim_plan *plan, uint32_t wrap, uint32_t before);
/* The same for timestamps, ms. */
void sim_plan_near_stamp(struct sim_plan *plan, uint32_t wrap, uint32_t before);

#endif /* WR_SIM_PLAN_H */
