/* SPDX-License-Identifier: BSD-3-Clause */
/* Segments that arrive for a connection. */
#ifndef WR_TCP_IN_H
#define WR_TCP_IN_H

#include "tcp.h"

/* RFC 9293 3.10.7.4, for SYN-RECEIVED (simultaneous open) and all synchronised states. */
enum wr_verdict tcp_segment_arrives(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f);

/* Step 7 and 8 alone: text and FIN of a handshake's last segment. */
enum wr_verdict tcp_process_text(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f);

/* SEG.WND as the window update of RFC 9293 3.10.7.4 step 5. */
void tcp_update_send_window(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg);

/* Hands rcvq to the service again, as far as it takes it. */
void tcp_deliver_held(struct wr_tcp *tcp, struct wr_tcb *c);

/* Held text went to the service otherwise than by tcp_deliver_held(): what follows from that.
 */
void tcp_text_taken(struct wr_tcp *tcp, struct wr_tcb *c);

#endif /* WR_TCP_IN_H */
