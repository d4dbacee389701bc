/* SPDX-License-Identifier: BSD-3-Clause */
/* What a host may be configured to beside the members of struct sim_host_plan. */
#ifndef WR_SIM_KNOBS_H
#define WR_SIM_KNOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "wr_prng.h"
#include "wr_tcp.h"

/* Names as in struct wr_tcp_conf; all zero: its defaults. */
struct sim_knobs {
	bool drawn;
	bool push_bursts, grow_half, grow_by_news, tlp_recovery, tlp_no_sack, idle_restart;
	bool ts_required, delack_fin;
	uint8_t option_order, wscale_offer, quick_acks, prompt_acks, syn_cookies;
	uint16_t ss_burst, mss_min, challenges_per_s;
	uint32_t listener_connections, source_connections; /* 0: no limit */
	uint32_t fastopen_pending;
	uint32_t first_window, tunes, reorders, repairs, paths;
	uint32_t dup_ack_delay_us, rto_initial_us, rto_min_us, rto_slack_us, r1_rexmits;
};

/* Of a host whose receive window begins with rcv_buf bytes. */
void sim_knobs_draw(struct sim_knobs *knobs, struct wr_prng *prng, uint32_t rcv_buf);
/* Limits of connections, low enough that one of four may be refused. */
void sim_knobs_draw_limits(struct sim_knobs *knobs, struct wr_prng *prng);
void sim_knobs_apply(const struct sim_knobs *knobs, struct wr_tcp_conf *tcp);

#endif /* WR_SIM_KNOBS_H */
