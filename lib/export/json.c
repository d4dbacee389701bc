/* SPDX-License-Identifier: BSD-3-Clause */
#include "wr_drop.h"
#include "wr_json.h"
#include "wr_slug.h"

static void put(json_t *object, const char *name, uint64_t n)
{
	json_object_set_new(object, name, json_integer((json_int_t)n));
}

static json_t *put_object(json_t *object, const char *name)
{
	json_t *inner = json_object();

	json_object_set_new(object, name, inner);
	return inner;
}

static void put_text(json_t *object, const char *name, const char *text)
{
	json_object_set_new(object, name, json_string(text));
}

static void put_real(json_t *object, const char *name, double n)
{
	json_object_set_new(object, name, json_real(n));
}

static void put_stats(json_t *object, const struct wr_stats *stats, bool gauges)
{
	for (unsigned i = 0; i < WR_STAT_COUNT; i++)
		if (gauges || wr_stat_desc[i].kind == WR_COUNTER)
			put(object, wr_stat_desc[i].name, stats->n[i]);
}

static void put_verdicts(json_t *object, const struct wr_stats *stats)
{
	char name[64];

	for (unsigned i = 0; i < WR_VERDICT_COUNT; i++) {
		snprintf(name, sizeof(name), "%s_%s", wr_verdict_desc[i].layer,
		         wr_verdict_desc[i].name);
		put(object, name, stats->verdict[i]);
	}
}

static void put_drops(json_t *object, const struct wr_stats *stats)
{
	struct wr_drop drop;

	for (unsigned i = 0; i < WR_DROPS; i++)
		if (wr_drop_of_core(stats, i, &drop))
			put(object, drop.reason, drop.frames);
}

static void put_named(json_t *object, const struct wr_named *desc, const uint64_t *n,
                      unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		put(object, desc[i].name, n[i]);
}

static void put_states(json_t *object, const struct wr_stats *stats)
{
	for (unsigned i = 0; i < WR_TCP_STATE_COUNT; i++)
		put(object, wr_slug_state(i).text, stats->connections[i]);
}

static void put_transitions(json_t *object, const struct wr_stats *stats)
{
	for (unsigned from = 0; from < WR_TCP_STATE_COUNT; from++) {
		json_t *row = put_object(object, wr_slug_state(from).text);

		for (unsigned to = 0; to < WR_TCP_STATE_COUNT; to++)
			if (stats->transition[from][to])
				put(row, wr_slug_state(to).text, stats->transition[from][to]);
	}
}

static void put_stages(json_t *object, const struct wr_stats *stats)
{
	json_t *cycles = put_object(object, "stages");

	put_named(cycles, wr_stage_desc, stats->cycles, WR_STAGE_COUNT);
	put(object, "stage_frames", stats->cycles_frames);
	put(object, "stage_bursts", stats->cycles_bursts);
}

static void put_books(json_t *object, const struct wr_stats *stats)
{
	put(object, "in", (uint64_t)wr_stats_unbalanced_in(stats));
	put(object, "out", (uint64_t)wr_stats_unbalanced_out(stats));
}

/* All tables; of rates, only what has one. */
static void put_tables(json_t *object, const struct wr_stats *stats, bool rates)
{
	put_stats(put_object(object, "stats"), stats, !rates);
	put_verdicts(put_object(object, "verdicts"), stats);
	put_drops(put_object(object, "drops"), stats);
	put_named(put_object(object, "causes"), wr_cause_desc, stats->cause, WR_CAUSE_COUNT);
	put_named(put_object(object, "reasons"), wr_reason_desc, stats->reason,
	          WR_REASON_COUNT);
	if (rates)
		return;
	put_states(put_object(object, "connections"), stats);
	put_transitions(put_object(object, "transitions"), stats);
	put_stages(object, stats);
	put_books(put_object(object, "books"), stats);
}

static void put_counters(json_t *object, const struct wr_port_counters *c)
{
	put(object, "packets_in", c->ipackets);
	put(object, "packets_out", c->opackets);
	put(object, "bytes_in", c->ibytes);
	put(object, "bytes_out", c->obytes);
	put(object, "nic_missed", c->imissed);
	put(object, "nic_error", c->ierrors);
	put(object, "nic_no_mbuf", c->rx_nombuf);
	put(object, "nic_tx_error", c->oerrors);
}

static void put_cores(json_t *array, const struct wr_snapshot *s)
{
	for (unsigned i = 0; i < s->cores; i++) {
		const struct wr_snapshot_core *core = &s->core[i];
		json_t *object = json_object();

		json_array_append_new(array, object);
		put(object, "core", i);
		put(object, "lcore", core->lcore);
		put(object, "cpu", core->cpu);
		put(object, "socket", (uint64_t)(int64_t)core->socket);
		put_real(object, "busy", core->busy_ppm / 1e6);
		put(object, "pool_objects", core->pool_objects);
		put(object, "pool_available", core->pool_available);
		put_tables(object, &core->stats, false);
	}
}

static void put_ports(json_t *array, const struct wr_snapshot *s)
{
	for (unsigned i = 0; i < s->ports; i++) {
		const struct wr_snapshot_port *port = &s->port[i];
		json_t *object = json_object();

		json_array_append_new(array, object);
		put(object, "port", i);
		put_text(object, "spec", port->spec);
		put_text(object, "driver", port->driver);
		put(object, "link_mbps", port->link_mbps);
		put_counters(put_object(object, "counters"), &port->counters);
		put_counters(put_object(object, "rates"), &port->rate);
	}
}

json_t *wr_json_snapshot(const struct wr_snapshot *s)
{
	json_t *document = json_object();
	json_t *list;

	if (!document)
		return NULL;
	put_text(document, "instance", s->instance);
	put_text(document, "command", s->command);
	put_text(document, "version", s->version);
	put_text(document, "revision", s->revision);
	put_text(document, "dpdk", s->dpdk);
	put(document, "start_unix_s", s->start_unix_s);
	put(document, "tsc_hz", s->tsc_hz);
	put(document, "sequence", s->sequence);
	put_real(document, "uptime_s", (double)s->time_ns / 1e9);
	put_real(document, "interval_s", (double)s->interval_ns / 1e9);
	put_tables(put_object(document, "sum"), &s->sum, false);
	put_tables(put_object(document, "rates"), &s->rate, true);
	list = json_array();
	json_object_set_new(document, "cores", list);
	put_cores(list, s);
	list = json_array();
	json_object_set_new(document, "ports", list);
	put_ports(list, s);
	return document;
}
