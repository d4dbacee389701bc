/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * More accurate ECN feedback, RFC 9768: three header flags count the CE-marked packets that
 * came, an option the bytes. Names are those of its section 3.2.
 */
#ifndef WR_TCP_ACCECN_H
#define WR_TCP_ACCECN_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "tcp.h"

#define TCP_ACCECN_INITIAL 5 /* r.cep and s.cep at first, section 3.2.1 */

/* What a connection that agreed on it keeps beside struct wr_tcb: one cache line. */
struct tcp_accecn {
	/* As the receiver of text. Bytes are by ECN field less one: r.e1b, r.e0b, r.ceb. */
	uint32_t r_cep; /* packets that came marked */
	uint32_t r_bytes[3];
	/* As its sender: what the peer told of these. */
	uint32_t s_cep;
	uint32_t s_bytes[3];
	uint32_t ts_heard;      /* TSval of the newest ACK that told something */
	uint32_t cep_at_option; /* s_cep when the last option came */
	uint32_t guessed;       /* bytes taken for marked since then, by s_cep alone */
	uint32_t marked;        /* bytes marked that congestion control was not told of */
	struct wr_seq probe;    /* the first text that left with an option, if probing */
	uint8_t since_option;   /* packets acknowledged since the last option, at most 8 */
	uint8_t unheard;        /* duplicates since an ACK was last heard, at most 255 */
	uint16_t stride;        /* packets that an ACK acknowledges, usually: eighths */
	uint8_t doubtful;       /* laps of the field in s_cep that are not sure, at most 255 */
	uint8_t untold;         /* marked packets that no ACK told of yet, at most 255 */
	uint8_t lost_hints;     /* times that text told of with an option came again */
	uint8_t since_hint;     /* segments with text that came since the last time */
	uint8_t changed : 4;    /* bit 1 << ECN field: its bytes changed since they were told */
	uint8_t ever : 4;       /* since the beginning */
	uint8_t syn : 2;        /* ECN field of the newest SYN, to be told by the SYN-ACK; */
	uint8_t synack : 2;     /* of the newest SYN-ACK, to be told by its ACK, */
	bool tells_synack : 1;  /* which is owed */
	bool synack_ce : 1;     /* a marked SYN-ACK was counted: they count once */
	bool serves : 1;        /* we sent a SYN-ACK */
	bool awaits_ack : 1;    /* of that: its ACE field is no counter */
	bool was_ce : 1;        /* the packet before this one was marked */
	bool changed_ce : 1;    /* this one is, it has text, and the one before was not */
	bool bare : 1;          /* the ACK owed is one of ACKs: it has no SACK blocks */
	bool no_ect : 1;        /* what we send does not say ECN-capable */
	bool unanswered : 1;    /* recovery had to end before cwnd is reduced for marks */
	bool deaf : 1;          /* what the peer tells is not believed */
	bool checked : 1;       /* the first counter that came was looked at */
	bool no_options_in : 1; /* the peer's options are mangled */
	bool no_options_out : 1; /* ours do not get through */
	bool probe_ack : 1;      /* the next ACK is to have an option, */
	bool probe_text : 1;     /* and so is the next text */
	bool probing : 1;
	bool option_left : 1; /* since text came again last */
};
static_assert(sizeof(struct tcp_accecn) <= 64, "one line a connection");

/* The record of a connection that agreed on it. */
static inline struct tcp_accecn *tcp_accecn_of(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return &tcp->accecn[tcb_index(tcp, c)];
}

/* What an ACK tells of marks. */
struct tcp_accecn_news {
	uint8_t ace;      /* its ACE field */
	uint32_t packets; /* that it tells were delivered, by our reckoning */
	uint32_t bytes;   /* of text in them */
	uint32_t each;    /* of a packet that was out, about */
	uint32_t stride;  /* packets that an ACK of this peer tells of, usually: eighths */
	bool has_ceb;     /* an option came with it: */
	uint32_t ceb;     /* bytes of these that were marked */
};

/*
 * The packets newly marked, when `cep` were before: the ACE field counts them modulo 8, and
 * section 3.2.2.5.2 says what to think when more than 7 packets are acknowledged at once.
 */
uint32_t tcp_accecn_marks(uint32_t cep, const struct tcp_accecn_news *news);

/* Records for conf->connections, if conf asks for any. */
bool tcp_accecn_is_wanted(const struct wr_tcp_conf *conf);

/* ---- the handshake ---- */

/* The ACE field by which a SYN-ACK, or its ACK, tells of an ECN field: table 2, table 3. */
uint8_t tcp_accecn_tell(uint8_t ecn);

/* c agreed on it, by a SYN-ACK of ours or by the one that came with f. */
void tcp_accecn_accept(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_half_open *h);
void tcp_accecn_connected(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_frame *f);

/*
 * The client's last ACK of the handshake leaves by itself and at once: only one without text
 * can tell of the SYN-ACK. Section 3.2.2.1.
 */
void tcp_accecn_confirm(struct wr_tcp *tcp, struct wr_tcb *c);

/* What that SYN-ACK tells of our SYN. */
void tcp_accecn_syn_told(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg);

/* The ACE field of c's own SYN-ACK; `again`: it was sent before. */
uint8_t tcp_accecn_synack(struct wr_tcp *tcp, struct wr_tcb *c, bool again);

/* The option of a SYN-ACK, padded: at most `room` bytes at p. Returns its length. */
unsigned tcp_accecn_put_first(uint8_t *p, unsigned room);

/* ---- as the receiver of text ---- */

/* A segment came; its ACK was taken, its text was not. */
void tcp_accecn_arrives(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_frame *f);
/* Its text was taken, too: an ACK may be due, to tell of marks. */
void tcp_accecn_arrived(struct wr_tcp *tcp, struct wr_tcb *c);

/* A segment came that was not acceptable: perhaps a SYN or a SYN-ACK once more. */
void tcp_accecn_rejected(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_frame *f);

/* The segment that leaves. */
struct tcp_accecn_out {
	struct wr_seq seq;
	uint32_t len;  /* bytes of text */
	bool is_ack;   /* no text and no FIN */
	bool has_sack; /* SACK blocks are due */
	uint8_t *at;   /* room for options: */
	uint32_t room; /* bytes, without what the SACK blocks need */
};

/* Its ACE field; it counts as told. */
uint8_t tcp_accecn_ace(struct wr_tcp *tcp, struct wr_tcb *c, const struct tcp_accecn_out *out);
/* Writes the option if one is due and there is room; returns its length, a multiple of 4. */
unsigned tcp_accecn_put(struct wr_tcp *tcp, struct wr_tcb *c, const struct tcp_accecn_out *out);
/* Is the ACK that leaves one of ACKs? Asked once for each. */
bool tcp_accecn_is_bare(struct wr_tcp *tcp, struct wr_tcb *c);

/* The ACE field of now, that counts as told to nobody. */
uint8_t tcp_accecn_counter(const struct wr_tcp *tcp, const struct wr_tcb *c);

/* What ss shows of it. */
void tcp_accecn_describe(const struct wr_tcp *tcp, const struct wr_tcb *c,
                         struct wr_tcp_info *info);

/* ---- as its sender ---- */

/* An ACK came that is in order; SND.UNA is as before it. RFC 5681: is it a duplicate? */
void tcp_accecn_feedback(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg,
                         bool duplicate);

/* Bytes marked that it told of since the last call, of `acked`. */
uint32_t tcp_accecn_take_marked(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t acked);

/* May new text say that it is ECN-capable? */
bool tcp_accecn_may_mark(const struct wr_tcp *tcp, const struct wr_tcb *c);

#endif /* WR_TCP_ACCECN_H */
