/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "wr_drop.h"
#include "wr_prometheus.h"
#include "wr_slug.h"

/*
 * A family of samples. Most rows of wr_stats.def are a family each, made from the table; those
 * that say the same of two directions or share an established name are grouped below.
 */
struct family {
	const char *name; /* after "wringer_", with "_total" if it is a counter */
	bool counter;
	const char *labels; /* for the documentation */
	const char *help;
	void (*write)(FILE *out, const struct family *family, const struct wr_snapshot *s);
};

/* Rows of wr_stats.def that are samples of a family with one more label. */
static const struct {
	enum wr_stat stat;
	const char *family, *label;
} grouped[] = {
	{WR_STAT_rx_frames, "packets_total", "direction=\"in\""},
	{WR_STAT_tx_frames, "packets_total", "direction=\"out\""},
	{WR_STAT_rx_bytes, "bytes_total", "layer=\"l2\",direction=\"in\""},
	{WR_STAT_tx_bytes, "bytes_total", "layer=\"l2\",direction=\"out\""},
	{WR_STAT_tcp_bytes_in, "bytes_total", "layer=\"l4\",protocol=\"tcp\",direction=\"in\""},
	{WR_STAT_tcp_bytes_out, "bytes_total",
         "layer=\"l4\",protocol=\"tcp\",direction=\"out\""},
	{WR_STAT_udp_bytes_in, "bytes_total", "layer=\"l4\",protocol=\"udp\",direction=\"in\""},
	{WR_STAT_udp_bytes_out, "bytes_total",
         "layer=\"l4\",protocol=\"udp\",direction=\"out\""},
	{WR_STAT_udp_datagrams_in, "udp_datagrams_total", "direction=\"in\""},
	{WR_STAT_udp_datagrams_out, "udp_datagrams_total", "direction=\"out\""},
	{WR_STAT_tcp_segments_in, "tcp_segments_total", "direction=\"in\""},
	{WR_STAT_tcp_segments_out, "tcp_segments_total", "direction=\"out\""},
	{WR_STAT_tcp_active_opens, "tcp_connections_opened_total", "how=\"active\""},
	{WR_STAT_tcp_passive_opens, "tcp_connections_opened_total", "how=\"passive\""},
	{WR_STAT_tcp_zero_window_in, "tcp_zero_windows_total", "direction=\"in\""},
	{WR_STAT_tcp_zero_window_out, "tcp_zero_windows_total", "direction=\"out\""},
	{WR_STAT_polls, "lcore_loops_total", NULL},
	{WR_STAT_polls_empty, "lcore_empty_loops_total", NULL},
	{WR_STAT_cycles_busy, "lcore_busy_cycles_total", NULL},
	{WR_STAT_cycles_idle, "lcore_idle_cycles_total", NULL},
};

static bool is_grouped(enum wr_stat stat)
{
	for (unsigned i = 0; i < WR_LEN(grouped); i++)
		if (grouped[i].stat == stat)
			return true;
	return false;
}

static void head(FILE *out, const char *name, bool counter, const char *help)
{
	fprintf(out, "# HELP wringer_%s %s\n# TYPE wringer_%s %s\n", name, help, name,
	        counter ? "counter" : "gauge");
}

/* A label value, escaped as the format asks. */
static void quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			fputc('\\', out);
		if (*text == '\n')
			fputs("\\n", out);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static void sample(FILE *out, const struct family *f, unsigned core, const char *label,
                   const char *value, uint64_t n)
{
	fprintf(out, "wringer_%s{core=\"%u\",%s=\"%s\"} %" PRIu64 "\n", f->name, core, label,
	        value, n);
}

static void write_build(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	fprintf(out, "wringer_%s{version=", f->name);
	quoted(out, s->version);
	fputs(",dpdk=", out);
	quoted(out, s->dpdk);
	fputs(",revision=", out);
	quoted(out, s->revision);
	fputs(",instance_name=", out);
	quoted(out, s->instance);
	fputs("} 1\n", out);
}

static void write_start(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	fprintf(out, "wringer_%s %" PRIu64 "\n", f->name, s->start_unix_s);
}

static void write_grouped(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	for (unsigned c = 0; c < s->cores; c++)
		for (unsigned i = 0; i < WR_LEN(grouped); i++) {
			if (strcmp(grouped[i].family, f->name) != 0)
				continue;
			fprintf(out, "wringer_%s{core=\"%u\",%s} %" PRIu64 "\n", f->name, c,
			        grouped[i].label, s->core[c].stats.n[grouped[i].stat]);
		}
}

static void write_states(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	for (unsigned c = 0; c < s->cores; c++)
		for (unsigned i = 0; i < WR_TCP_STATE_COUNT; i++)
			sample(out, f, c, "state", wr_slug_state(i).text,
			       s->core[c].stats.connections[i]);
}

static void write_reasons(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	for (unsigned c = 0; c < s->cores; c++)
		for (unsigned i = 0; i < WR_REASON_COUNT; i++)
			sample(out, f, c, "reason", wr_reason_desc[i].name,
			       s->core[c].stats.reason[i]);
}

static void write_rexmits(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	for (unsigned c = 0; c < s->cores; c++)
		for (unsigned i = 0; i < WR_CAUSE_COUNT; i++)
			if (wr_cause_again[i])
				sample(out, f, c, "cause", wr_cause_again[i],
				       s->core[c].stats.cause[i]);
}

static void write_causes(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	for (unsigned c = 0; c < s->cores; c++)
		for (unsigned i = 0; i < WR_CAUSE_COUNT; i++)
			sample(out, f, c, "cause", wr_cause_desc[i].name,
			       s->core[c].stats.cause[i]);
}

static void write_verdicts(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	for (unsigned c = 0; c < s->cores; c++)
		for (unsigned i = 0; i < WR_VERDICT_COUNT; i++)
			fprintf(out,
			        "wringer_%s{core=\"%u\",layer=\"%s\",verdict=\"%s\"} %" PRIu64
			        "\n",
			        f->name, c, wr_verdict_desc[i].layer, wr_verdict_desc[i].name,
			        s->core[c].stats.verdict[i]);
}

static void write_drops(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	struct wr_drop drop;

	for (unsigned c = 0; c < s->cores; c++)
		for (unsigned i = 0; i < WR_DROPS; i++)
			if (wr_drop_of_core(&s->core[c].stats, i, &drop))
				fprintf(out,
				        "wringer_%s{core=\"%u\",direction=\"%s\",reason=\"%s\"}"
				        " "
				        "%" PRIu64 "\n",
				        f->name, c, drop.direction, drop.reason, drop.frames);
	for (unsigned p = 0; p < s->ports; p++)
		for (unsigned i = 0; i < WR_PORT_DROPS; i++) {
			wr_drop_of_port(&s->port[p].counters, i, &drop);
			fprintf(out,
			        "wringer_%s{port=\"%u\",direction=\"%s\",reason=\"%s\"} "
			        "%" PRIu64 "\n",
			        f->name, p, drop.direction, drop.reason, drop.frames);
		}
}

/* Over all cores: 110 samples a core would be too many. */
static void write_transitions(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	for (unsigned from = 0; from < WR_TCP_STATE_COUNT; from++)
		for (unsigned to = 0; to < WR_TCP_STATE_COUNT; to++)
			if (from != to)
				fprintf(out, "wringer_%s{from=\"%s\",to=\"%s\"} %" PRIu64 "\n",
				        f->name, wr_slug_state(from).text,
				        wr_slug_state(to).text, s->sum.transition[from][to]);
}

static void write_books(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	for (unsigned c = 0; c < s->cores; c++) {
		const struct wr_stats *stats = &s->core[c].stats;

		fprintf(out, "wringer_%s{core=\"%u\",direction=\"in\"} %" PRId64 "\n", f->name,
		        c, wr_stats_unbalanced_in(stats));
		fprintf(out, "wringer_%s{core=\"%u\",direction=\"out\"} %" PRId64 "\n", f->name,
		        c, wr_stats_unbalanced_out(stats));
	}
}

static void write_lcore(FILE *out, const struct family *f, const struct wr_snapshot_core *core,
                        unsigned c, uint64_t n)
{
	fprintf(out, "wringer_%s{core=\"%u\",lcore=\"%u\",socket=\"%d\"} %" PRIu64 "\n",
	        f->name, c, core->lcore, core->socket, n);
}

static void write_cycles(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	for (unsigned c = 0; c < s->cores; c++)
		write_lcore(out, f, &s->core[c], c,
		            s->core[c].stats.n[WR_STAT_cycles_busy] +
		                    s->core[c].stats.n[WR_STAT_cycles_idle]);
}

static void write_lcore_stat(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	for (unsigned i = 0; i < WR_LEN(grouped); i++)
		if (strcmp(grouped[i].family, f->name) == 0)
			for (unsigned c = 0; c < s->cores; c++)
				write_lcore(out, f, &s->core[c], c,
				            s->core[c].stats.n[grouped[i].stat]);
}

static void write_stages(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	for (unsigned c = 0; c < s->cores; c++)
		for (unsigned i = 0; i < WR_STAGE_COUNT; i++)
			sample(out, f, c, "stage", wr_stage_desc[i].name,
			       s->core[c].stats.cycles[i]);
}

static void write_stage_frames(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	for (unsigned c = 0; c < s->cores; c++)
		fprintf(out, "wringer_%s{core=\"%u\"} %" PRIu64 "\n", f->name, c,
		        s->core[c].stats.cycles_frames);
}

static void write_stage_bursts(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	for (unsigned c = 0; c < s->cores; c++)
		fprintf(out, "wringer_%s{core=\"%u\"} %" PRIu64 "\n", f->name, c,
		        s->core[c].stats.cycles_bursts);
}

static void write_pool_objects(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	for (unsigned c = 0; c < s->cores; c++)
		fprintf(out, "wringer_%s{pool=\"core%u\"} %u\n", f->name, c,
		        s->core[c].pool_objects);
}

static void write_pool_available(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	for (unsigned c = 0; c < s->cores; c++)
		fprintf(out, "wringer_%s{pool=\"core%u\"} %u\n", f->name, c,
		        s->core[c].pool_available);
}

static void write_port_info(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	for (unsigned p = 0; p < s->ports; p++) {
		fprintf(out, "wringer_%s{port=\"%u\",spec=", f->name, p);
		quoted(out, s->port[p].spec);
		fputs(",driver=", out);
		quoted(out, s->port[p].driver);
		fputs("} 1\n", out);
	}
}

static void write_port_speed(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	for (unsigned p = 0; p < s->ports; p++)
		fprintf(out, "wringer_%s{port=\"%u\"} %" PRIu64 "\n", f->name, p,
		        (uint64_t)s->port[p].link_mbps * (1000000 / 8));
}

static void write_port_pair(FILE *out, const struct family *f, unsigned p, uint64_t in,
                            uint64_t gone)
{
	fprintf(out, "wringer_%s{port=\"%u\",direction=\"in\"} %" PRIu64 "\n", f->name, p, in);
	fprintf(out, "wringer_%s{port=\"%u\",direction=\"out\"} %" PRIu64 "\n", f->name, p,
	        gone);
}

static void write_port_packets(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	for (unsigned p = 0; p < s->ports; p++)
		write_port_pair(out, f, p, s->port[p].counters.ipackets,
		                s->port[p].counters.opackets);
}

static void write_port_bytes(FILE *out, const struct family *f, const struct wr_snapshot *s)
{
	for (unsigned p = 0; p < s->ports; p++)
		write_port_pair(out, f, p, s->port[p].counters.ibytes,
		                s->port[p].counters.obytes);
}

static const struct family families[] = {
	{"build_info", false, "version, dpdk, revision, instance_name",
         "What is running; always 1", write_build},
	{"start_time_seconds", false, "", "When the process started, seconds since 1970",
         write_start},
	{"packets_total", true, "core, direction",
         "Frames taken from and given to the NIC queues", write_grouped},
	{"bytes_total", true, "core, layer, protocol, direction",
         "Bytes: l2 of frames without FCS; l4 of TCP text in order or sent for the first time "
         "and "
         "of UDP payload",
         write_grouped},
	{"packets_dropped_total", true, "core or port, direction, reason",
         "Frames lost, by reason: DROP verdicts, full queues and what the NIC says",
         write_drops},
	{"packet_verdicts_total", true, "core, layer, verdict",
         "What became of received frames; each has exactly one verdict", write_verdicts},
	{"packet_causes_total", true, "core, cause",
         "Why frames were put into the output queue; each has exactly one cause", write_causes},
	{"books_unbalanced_frames", false, "core, direction",
         "Frames without a verdict or cause: 0 at rest, a burst at most while it runs",
         write_books},
	{"tcp_connections", false, "core, state", "Connections now in that state",
         write_states},
	{"tcp_connections_opened_total", true, "core, how",
         "Connection attempts made (active) and connections accepted (passive)", write_grouped},
	{"tcp_connections_closed_total", true, "core, reason", "Connections ended, by reason",
         write_reasons},
	{"tcp_transitions_total", true, "from, to",
         "Changes of a connection's state, all cores", write_transitions},
	{"tcp_segments_total", true, "core, direction",
         "TCP segments: in with a good checksum, out for all causes", write_grouped},
	{"tcp_retransmitted_segments_total", true, "core, cause", "TCP segments sent again",
         write_rexmits},
	{"tcp_zero_windows_total", true, "core, direction",
         "Times a window closed: the peer's (in) or ours (out)", write_grouped},
	{"udp_datagrams_total", true, "core, direction",
         "UDP datagrams given to services and sent by them", write_grouped},
	{"lcore_cycles_total", true, "core, lcore, socket", "TSC cycles of the core's loop",
         write_cycles},
	{"lcore_busy_cycles_total", true, "core, lcore, socket",
         "TSC cycles of rounds that did something", write_lcore_stat},
	{"lcore_idle_cycles_total", true, "core, lcore, socket",
         "TSC cycles of rounds that found nothing to do, sleeping included", write_lcore_stat},
	{"lcore_loops_total", true, "core, lcore, socket", "Rounds of the core's loop",
         write_lcore_stat},
	{"lcore_empty_loops_total", true, "core, lcore, socket",
         "Rounds that found nothing to do", write_lcore_stat},
	{"stage_cycles_total", true, "core, stage", "TSC cycles of sampled bursts, by stage",
         write_stages},
	{"stage_sampled_frames_total", true, "core", "Frames in the sampled bursts",
         write_stage_frames},
	{"stage_sampled_bursts_total", true, "core", "Bursts that were sampled",
         write_stage_bursts},
	{"mempool_objects", false, "pool", "Buffers of a core's pool", write_pool_objects},
	{"mempool_available_objects", false, "pool", "Buffers of a core's pool that are free",
         write_pool_available},
	{"port_info", false, "port, spec, driver", "The ports; always 1", write_port_info},
	{"port_link_speed_bytes", false, "port", "Link speed, bytes a second; 0 if unknown",
         write_port_speed},
	{"port_packets_total", true, "port, direction", "Frames as the NIC counts them",
         write_port_packets},
	{"port_bytes_total", true, "port, direction", "Bytes as the NIC counts them",
         write_port_bytes},
};

static void stat_name(char *name, size_t size, const struct wr_stat_desc *desc)
{
	snprintf(name, size, "%s%s", desc->name, desc->kind == WR_COUNTER ? "_total" : "");
}

static void write_stat(FILE *out, const struct wr_snapshot *s, enum wr_stat stat)
{
	const struct wr_stat_desc *desc = &wr_stat_desc[stat];
	char name[64];

	stat_name(name, sizeof(name), desc);
	head(out, name, desc->kind == WR_COUNTER, desc->help);
	for (unsigned c = 0; c < s->cores; c++)
		fprintf(out, "wringer_%s{core=\"%u\"} %" PRIu64 "\n", name, c,
		        s->core[c].stats.n[stat]);
}

void wr_prometheus_write(FILE *out, const struct wr_snapshot *snapshot)
{
	for (unsigned i = 0; i < WR_LEN(families); i++) {
		const struct family *f = &families[i];

		head(out, f->name, f->counter, f->help);
		f->write(out, f, snapshot);
	}
	for (unsigned i = 0; i < WR_STAT_COUNT; i++)
		if (!is_grouped(i))
			write_stat(out, snapshot, i);
}

void wr_prometheus_docs(FILE *out)
{
	char name[64];

	fputs("| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n", out);
	for (unsigned i = 0; i < WR_LEN(families); i++)
		fprintf(out, "| `wringer_%s` | %s | %s | %s |\n", families[i].name,
		        families[i].counter ? "counter" : "gauge", families[i].labels,
		        families[i].help);
	for (unsigned i = 0; i < WR_STAT_COUNT; i++) {
		if (is_grouped(i))
			continue;
		stat_name(name, sizeof(name), &wr_stat_desc[i]);
		fprintf(out, "| `wringer_%s` | %s | core | %s |\n", name,
		        wr_stat_desc[i].kind == WR_COUNTER ? "counter" : "gauge",
		        wr_stat_desc[i].help);
	}
}
