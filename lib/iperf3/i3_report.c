/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "i3_report.h"
#include "i3_test.h"

#define KEPT_MOST (512 * 1024) /* bytes of text that a client gets */

void i3_report_init(struct i3_report *r, const struct i3_report_conf *conf)
{
	*r = (struct i3_report) {
		.conf = conf,
		.ops = conf->json || conf->json_stream ? &i3_doc_ops : &i3_text_ops,
	};
}

void i3_report_fini(struct i3_report *r)
{
	free(r->kept);
	json_decref(r->document);
	r->kept = NULL;
	r->document = NULL;
}

static void keep(struct i3_report *r, const char *text, size_t n)
{
	size_t room = r->kept_room ? r->kept_room : 4096;
	char *kept;

	if (!r->keep || r->kept_bytes + n + 1 > KEPT_MOST)
		return;
	while (room < r->kept_bytes + n + 1)
		room *= 2;
	kept = room > r->kept_room ? realloc(r->kept, room) : r->kept;
	if (!kept)
		return;
	memcpy(kept + r->kept_bytes, text, n + 1);
	r->kept = kept;
	r->kept_room = room;
	r->kept_bytes += n;
}

void i3_report_print(struct i3_report *r, const char *fmt, ...)
{
	char line[1024];
	int n = 0;
	va_list args;

	if (r->conf->title)
		n = snprintf(line, sizeof(line), "%.255s:  ", r->conf->title);
	va_start(args, fmt);
	n += vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, args);
	va_end(args);
	if (n >= (int)sizeof(line))
		n = (int)sizeof(line) - 1;
	keep(r, line, (size_t)n);
	fputs(line, r->conf->out);
	if (r->conf->flush)
		fflush(r->conf->out);
}

/* ---- sums ---- */

static void name_side(const struct i3_test *t, struct i3_side *side, bool sender)
{
	const char *const tags[2][2] = {{"[RX-C]", "[TX-C]"}, {"[RX-S]", "[TX-S]"}};

	side->sender = sender;
	side->tag = t->params.bidir ? tags[t->server][sender] : "";
	side->reverse_name = t->params.bidir && t->server == sender;
}

unsigned i3_report_sides(const struct i3_test *t, struct i3_side side[2])
{
	bool first = t->params.bidir ? !t->server : t->server == t->params.reverse;

	name_side(t, &side[0], first);
	if (!t->params.bidir)
		return 1;
	name_side(t, &side[1], !first);
	return 2;
}

void i3_report_stream_summary(const struct i3_test *t, unsigned stream, struct i3_summary *s)
{
	const struct i3_stream *from = &t->stream[stream];
	const struct i3_stream_result *peer = &from->peer;
	const struct i3_sample *receiver = &from->last, *base = &from->base;
	double own_s = i3_test_seconds(t, t->end_ns);
	double peer_s = from->has_peer && peer->has_times ? peer->end_s - peer->start_s : own_s;
	uint64_t own = from->last.bytes - from->base.bytes;
	int64_t packets = (int64_t)(receiver->packets - base->packets);
	/* Peers before 3.21 do not tell what they omitted; it is what we omitted. */
	int64_t omitted =
		peer->omitted_packets ? peer->omitted_packets : (int64_t)base->packets;
	int64_t peer_packets = from->has_peer ? peer->packets - omitted : 0;

	*s = (struct i3_summary) {
		.sent = from->sender ? own : peer->bytes,
		.received = from->sender ? peer->bytes : own,
		.sender_s = from->sender ? own_s : peer_s,
		.receiver_s = from->sender ? peer_s : own_s,
		.packets_sent = from->sender ? packets : peer_packets,
		.packets_received = from->sender ? peer_packets : packets,
		.out_of_order = (int64_t)(receiver->out_of_order - base->out_of_order),
	};
	if (s->packets_sent < 0)
		s->packets_sent = 0;
	if (s->packets_received < 0)
		s->packets_received = 0;
	s->lost = from->sender ? peer->errors - peer->omitted_errors
	                       : (int64_t)(receiver->lost - base->lost);
	s->jitter_s = from->sender ? peer->jitter_s : receiver->jitter_s;
	s->rexmits = from->sender ? (int64_t)(from->last.rexmits - base->rexmits)
	                          : peer->retransmits;
	s->has_rexmits =
		!t->params.udp && (from->sender || (from->has_peer && peer->retransmits >= 0 &&
	                                            t->results.sender_has_retransmits == 1));
}

void i3_report_side_summary(const struct i3_test *t, const struct i3_side *side,
                            struct i3_summary *sum)
{
	unsigned n = 0;

	memset(sum, 0, sizeof(*sum));
	for (unsigned i = 0; i < t->streams; i++) {
		struct i3_summary s;

		if (t->stream[i].sender != side->sender)
			continue;
		i3_report_stream_summary(t, i, &s);
		if (n++ == 0) {
			sum->sender_s = s.sender_s;
			sum->receiver_s = s.receiver_s;
			sum->has_rexmits = s.has_rexmits;
		}
		sum->sent += s.sent;
		sum->received += s.received;
		sum->rexmits += s.rexmits;
		sum->packets_sent += s.packets_sent;
		sum->packets_received += s.packets_received;
		sum->lost += s.lost;
		sum->out_of_order += s.out_of_order;
		sum->jitter_s += s.jitter_s;
	}
	if (n)
		sum->jitter_s /= n;
}

void i3_report_side_row(const struct i3_test *t, const struct i3_side *side, struct i3_row *sum)
{
	unsigned n = 0;

	memset(sum, 0, sizeof(*sum));
	for (unsigned i = 0; i < t->streams; i++) {
		const struct i3_row *row = &t->stream[i].row;

		if (t->stream[i].sender != side->sender)
			continue;
		sum->start_s = row->start_s;
		sum->end_s = row->end_s;
		sum->omitted = row->omitted;
		sum->bytes += row->bytes;
		sum->packets += row->packets;
		sum->lost += row->lost;
		sum->rexmits += row->rexmits;
		sum->level.jitter_s += row->level.jitter_s;
		n++;
	}
	if (n)
		sum->level.jitter_s /= n;
}
