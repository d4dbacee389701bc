/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdbool.h>

#include "wr_drop.h"
#include "wr_slug.h"
#include "wr_text.h"

/* What every section needs: the numbers and where to get a rate from. */
struct report {
	FILE *out;
	const struct wr_snapshot *s;
	bool whole; /* rates over the whole run rather than the last interval */
};

static double seconds(const struct report *r)
{
	return (double)r->s->time_ns / 1e9;
}

/* A counter and its rate. */
static void row(const struct report *r, const char *name, uint64_t total, uint64_t rate,
                const char *note)
{
	char text[32] = "-";

	if (r->whole && r->s->time_ns)
		snprintf(text, sizeof(text), "%.0f", (double)total / seconds(r));
	else if (!r->whole && r->s->interval_ns)
		snprintf(text, sizeof(text), "%" PRIu64, rate);
	fprintf(r->out, "  %-26s %16" PRIu64 " %14s  %s\n", name, total, text, note);
}

static void section(const struct report *r, const char *title)
{
	fprintf(r->out, "\n%-28s %16s %14s\n", title, "total", "per second");
}

/* A row of wr_stats.def, unless it is 0 and need not be shown. */
static void stat_row(const struct report *r, enum wr_stat stat)
{
	row(r, wr_stat_desc[stat].name, r->s->sum.n[stat], r->s->rate.n[stat],
	    wr_stat_desc[stat].help);
}

static void print_head(const struct report *r)
{
	const struct wr_snapshot *s = r->s;

	fprintf(r->out, "wringer %s %s, instance %s: %u core%s, up %.1f s\n", s->command,
	        s->version, s->instance, s->cores, s->cores == 1 ? "" : "s", seconds(r));
}

/* Counters that are always worth a line; all others only if they are not 0. */
static bool is_headline(enum wr_stat stat)
{
	switch (stat) {
	case WR_STAT_rx_frames:
	case WR_STAT_rx_bytes:
	case WR_STAT_tx_frames:
	case WR_STAT_tx_bytes:
	case WR_STAT_udp_datagrams_in:
	case WR_STAT_udp_datagrams_out:
	case WR_STAT_tcp_segments_in:
	case WR_STAT_tcp_segments_out:
	case WR_STAT_tcp_bytes_in:
	case WR_STAT_tcp_bytes_out:
	case WR_STAT_tcp_passive_opens:
		return true;
	default:
		return false;
	}
}

static void print_counters(const struct report *r)
{
	section(r, "Counters");
	for (unsigned i = 0; i < WR_STAT_COUNT; i++)
		if (wr_stat_desc[i].kind == WR_COUNTER && (is_headline(i) || r->s->sum.n[i]))
			stat_row(r, i);
}

static void print_gauges(const struct report *r)
{
	fprintf(r->out, "\n%-28s %16s\n", "Levels", "now");
	for (unsigned i = 0; i < WR_STAT_COUNT; i++)
		if (wr_stat_desc[i].kind == WR_GAUGE)
			fprintf(r->out, "  %-26s %16" PRIu64 " %14s  %s\n",
			        wr_stat_desc[i].name, r->s->sum.n[i], "", wr_stat_desc[i].help);
}

static void print_states(const struct report *r)
{
	fprintf(r->out, "\n%-28s %16s %14s\n", "Connections by TCP state", "now", "entered");
	for (unsigned to = 0; to < WR_TCP_STATE_COUNT; to++) {
		uint64_t entered = 0;

		for (unsigned from = 0; from < WR_TCP_STATE_COUNT; from++)
			entered += r->s->sum.transition[from][to];
		fprintf(r->out, "  %-26s %16" PRIu64 " %14" PRIu64 "\n", wr_tcp_state_name[to],
		        r->s->sum.connections[to], entered);
	}
}

static void print_verdicts(const struct report *r)
{
	char name[64];

	section(r, "Frames in, by verdict");
	for (unsigned i = 0; i < WR_VERDICT_COUNT; i++) {
		if (!r->s->sum.verdict[i])
			continue;
		snprintf(name, sizeof(name), "%s_%s", wr_verdict_desc[i].layer,
		         wr_verdict_desc[i].name);
		row(r, name, r->s->sum.verdict[i], r->s->rate.verdict[i],
		    wr_verdict_desc[i].help);
	}
}

static void print_causes(const struct report *r)
{
	section(r, "Frames out, by cause");
	for (unsigned i = 0; i < WR_CAUSE_COUNT; i++)
		if (r->s->sum.cause[i])
			row(r, wr_cause_desc[i].name, r->s->sum.cause[i], r->s->rate.cause[i],
			    wr_cause_desc[i].help);
}

static void print_port_drops(const struct report *r)
{
	struct wr_drop drop, rate;
	char name[64];

	for (unsigned p = 0; p < r->s->ports; p++)
		for (unsigned i = 0; i < WR_PORT_DROPS; i++) {
			wr_drop_of_port(&r->s->port[p].counters, i, &drop);
			wr_drop_of_port(&r->s->port[p].rate, i, &rate);
			if (!drop.frames)
				continue;
			snprintf(name, sizeof(name), "port%u_%s", p, drop.reason);
			row(r, name, drop.frames, rate.frames, drop.help);
		}
}

static void print_drops(const struct report *r)
{
	struct wr_drop drop, rate;

	section(r, "Frames lost, by reason");
	for (unsigned i = 0; i < WR_DROPS; i++)
		if (wr_drop_of_core(&r->s->sum, i, &drop) && drop.frames &&
		    wr_drop_of_core(&r->s->rate, i, &rate))
			row(r, drop.reason, drop.frames, rate.frames, drop.help);
	print_port_drops(r);
	if (!wr_snapshot_drops(r->s))
		fputs("  none\n", r->out);
}

static void print_rexmits(const struct report *r)
{
	section(r, "Retransmissions, by cause");
	for (unsigned i = 0; i < WR_CAUSE_COUNT; i++)
		if (wr_cause_again[i])
			row(r, wr_cause_desc[i].name, r->s->sum.cause[i], r->s->rate.cause[i],
			    wr_cause_desc[i].help);
}

static void print_reasons(const struct report *r)
{
	bool none = true;

	section(r, "Connections ended, by reason");
	for (unsigned i = 0; i < WR_REASON_COUNT; i++) {
		if (!r->s->sum.reason[i])
			continue;
		row(r, wr_reason_desc[i].name, r->s->sum.reason[i], r->s->rate.reason[i],
		    wr_reason_desc[i].help);
		none = false;
	}
	if (none)
		fputs("  none\n", r->out);
}

static double share(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print_cores(const struct report *r)
{
	const struct wr_snapshot *s = r->s;

	fprintf(r->out, "\n%-6s %5s %5s %7s %16s %16s %13s %17s\n", "Core", "lcore", "CPU",
	        "busy", "frames in", "frames out", "connections", "buffers in use");
	for (unsigned i = 0; i < s->cores; i++) {
		const struct wr_snapshot_core *core = &s->core[i];
		uint64_t busy = core->stats.n[WR_STAT_cycles_busy];
		uint64_t all = busy + core->stats.n[WR_STAT_cycles_idle];
		uint64_t open = 0;

		for (unsigned st = WR_TCP_SYN_SENT; st < WR_TCP_TIME_WAIT; st++)
			open += core->stats.connections[st];
		fprintf(r->out,
		        "%-6u %5u %5u %6.1f%% %16" PRIu64 " %16" PRIu64 " %13" PRIu64
		        " %8u/%-8u\n",
		        i, core->lcore, core->cpu,
		        r->whole ? share(busy, all) : core->busy_ppm / 1e4,
		        core->stats.n[WR_STAT_rx_frames], core->stats.n[WR_STAT_tx_frames],
		        open, core->pool_objects - core->pool_available, core->pool_objects);
	}
}

static void print_ports(const struct report *r)
{
	if (!r->s->ports)
		return;
	fprintf(r->out, "\n%-28s %16s %16s %10s\n", "Port", "frames in", "frames out",
	        "missed");
	for (unsigned p = 0; p < r->s->ports; p++) {
		const struct wr_snapshot_port *port = &r->s->port[p];
		char name[128];

		snprintf(name, sizeof(name), "%u %s (%s)", p, port->spec, port->driver);
		fprintf(r->out, "%-28s %16" PRIu64 " %16" PRIu64 " %10" PRIu64 "\n", name,
		        port->counters.ipackets, port->counters.opackets,
		        port->counters.imissed);
	}
}

static void print_stages(const struct report *r)
{
	const struct wr_stats *sum = &r->s->sum;
	uint64_t all = 0;

	if (!sum->cycles_frames)
		return;
	for (unsigned i = 0; i < WR_STAGE_COUNT; i++)
		all += sum->cycles[i];
	fprintf(r->out, "\n%-28s %16s %14s\n", "Cycles by stage (sampled)", "a frame", "share");
	for (unsigned i = 0; i < WR_STAGE_COUNT; i++)
		fprintf(r->out, "  %-26s %16.1f %13.1f%%  %s\n", wr_stage_desc[i].name,
		        (double)sum->cycles[i] / (double)sum->cycles_frames,
		        share(sum->cycles[i], all), wr_stage_desc[i].help);
	fprintf(r->out, "  %-26s %16.1f %14s  %" PRIu64 " frames in %" PRIu64 " bursts\n",
	        "all", (double)all / (double)sum->cycles_frames, "", sum->cycles_frames,
	        sum->cycles_bursts);
}

static void print_books(const struct report *r)
{
	fprintf(r->out,
	        "\nBooks (frames not accounted for)   in: %" PRId64 "  out: %" PRId64 "\n",
	        wr_stats_unbalanced_in(&r->s->sum), wr_stats_unbalanced_out(&r->s->sum));
}

static void print(const struct report *r)
{
	print_head(r);
	print_counters(r);
	print_gauges(r);
	print_states(r);
	print_verdicts(r);
	print_causes(r);
	print_drops(r);
	print_rexmits(r);
	print_reasons(r);
	print_cores(r);
	print_ports(r);
	print_stages(r);
	print_books(r);
}

void wr_text_stats(FILE *out, const struct wr_snapshot *snapshot)
{
	print(&(struct report) {out, snapshot, false});
}

void wr_text_summary(FILE *out, const struct wr_snapshot *snapshot)
{
	print(&(struct report) {out, snapshot, true});
}
