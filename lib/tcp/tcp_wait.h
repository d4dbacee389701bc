/* SPDX-License-Identifier: BSD-3-Clause */
/* TIME-WAIT records. */
#ifndef WR_TCP_WAIT_H
#define WR_TCP_WAIT_H

#include "tcp.h"

/* A new record; the oldest gives way if there is no room. */
void tcp_wait_add(struct wr_tcp *tcp, const struct wr_time_wait *tw, uint32_t hash,
                  uint32_t old_value);
/* Owes the ACK that the record repeats. */
void tcp_wait_owe_ack(struct wr_tcp *tcp, const struct wr_time_wait *tw);
enum wr_verdict tcp_wait_arrives(struct wr_tcp *tcp, uint32_t index, struct wr_frame *f);
void tcp_wait_expire(struct wr_tcp *tcp);
/* Has the record waited conf.time_wait_reuse_us, so that an active open may have its tuple? */
bool tcp_wait_may_reuse(const struct wr_tcp *tcp, uint32_t index);
/* The active open takes it: the record ends, and *iss lies beyond what the old one sent. */
void tcp_wait_reuse(struct wr_tcp *tcp, uint32_t index, struct wr_seq *iss);
bool tcp_wait_deadline(const struct wr_tcp *tcp, uint32_t *tick);

#endif /* WR_TCP_WAIT_H */
