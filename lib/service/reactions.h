/* SPDX-License-Identifier: BSD-3-Clause */
/* What several services do at an event; the names say it. */
#ifndef WR_SERVICE_REACTIONS_H
#define WR_SERVICE_REACTIONS_H

#include "wr_service.h"

bool service_accept(struct wr_tcp *tcp, struct wr_tcb *c);
bool service_throw_away(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m);
void service_close_too(struct wr_tcp *tcp, struct wr_tcb *c);

/* wr_tcb_user() as the number of bytes so far, so that a connection needs no record. */
bool service_count_from_zero(struct wr_tcp *tcp, struct wr_tcb *c);
/* Counts m's text and gives m back. */
void service_count_text(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m);
/* Sends the number, big-endian in 64 bits, and closes. Without a buffer it resets. */
void service_tell_total(struct wr_tcp *tcp, struct wr_tcb *c);

void service_ignore_room(struct wr_tcp *tcp, struct wr_tcb *c);
void service_ignore_end(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason);

#endif /* WR_SERVICE_REACTIONS_H */
