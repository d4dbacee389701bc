/* SPDX-License-Identifier: BSD-3-Clause */
/* Passive opens under way, in SYN-RECEIVED. */
#ifndef WR_TCP_HALF_OPEN_H
#define WR_TCP_HALF_OPEN_H

#include "tcp.h"

/* A record of the SYN f, and a SYN-ACK; or tcp_backlog_full. */
enum wr_verdict tcp_half_open_new(struct wr_tcp *tcp, const struct wr_frame *f, int listener);
/* 3.10.7.4 for a half-open record. */
enum wr_verdict tcp_half_open_arrives(struct wr_tcp *tcp, uint32_t index, struct wr_frame *f);
/* A half-open record's timer rang. */
void tcp_half_open_ring(struct wr_tcp *tcp, uint32_t index);
void tcp_half_open_end(struct wr_tcp *tcp, uint32_t index);

#endif /* WR_TCP_HALF_OPEN_H */
