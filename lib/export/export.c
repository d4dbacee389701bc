/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_version.h>

#include "export.h"

static void describe(struct wr_snapshot *s, const struct wr_export_conf *conf)
{
	snprintf(s->instance, sizeof(s->instance), "%s", conf->instance);
	snprintf(s->command, sizeof(s->command), "%s", conf->command);
	snprintf(s->version, sizeof(s->version), "%s", conf->version);
	snprintf(s->revision, sizeof(s->revision), "%s", conf->revision ? conf->revision : "");
	snprintf(s->dpdk, sizeof(s->dpdk), "%s", rte_version());
	s->start_unix_s = conf->start_unix_s;
	s->tsc_hz = conf->tsc_hz;
	s->cores = conf->cores;
	s->ports = conf->ports;
	for (unsigned i = 0; i < conf->cores; i++) {
		s->core[i].lcore = conf->core[i].lcore;
		s->core[i].cpu = conf->core[i].cpu;
		s->core[i].socket = conf->core[i].socket;
		s->core[i].pool_objects = conf->core[i].pool ? conf->core[i].pool->size : 0;
	}
	for (unsigned i = 0; i < conf->ports; i++) {
		const struct wr_port *port = &conf->port[i];

		snprintf(s->port[i].spec, sizeof(s->port[i].spec), "%s", port->spec);
		snprintf(s->port[i].driver, sizeof(s->port[i].driver), "%s", port->driver);
		s->port[i].link_mbps = port->link_mbps;
	}
}

static void read_numbers(struct wr_snapshot *s, const struct wr_export_conf *conf)
{
	for (unsigned i = 0; i < conf->cores; i++) {
		const struct wr_export_core *core = &conf->core[i];

		memset(&s->core[i].stats, 0, sizeof(s->core[i].stats));
		wr_stats_sum(&s->core[i].stats, core->stats);
		if (core->pool)
			s->core[i].pool_available = rte_mempool_avail_count(core->pool);
	}
	if (!conf->port_counters)
		return;
	for (unsigned i = 0; i < conf->ports; i++)
		conf->port_counters(&conf->port[i], &s->port[i].counters);
}

/* Who wants numbers of after his question must not take those that are being read. */
static void tell_of_next(struct wr_export *export)
{
	pthread_mutex_lock(&export->lock);
	export->now->begun = export->now->sequence + 1;
	pthread_mutex_unlock(&export->lock);
}

void wr_export_tick(struct wr_export *export, uint64_t now_ns)
{
	struct wr_snapshot *next = export->spare;

	tell_of_next(export);
	read_numbers(next, &export->conf);
	next->time_ns = now_ns;
	wr_snapshot_derive(next, export->now->sequence ? export->now : NULL);

	pthread_mutex_lock(&export->lock);
	export->spare = export->now;
	export->now = next;
	pthread_mutex_unlock(&export->lock);
}

void wr_export_read(const struct wr_export *export, struct wr_snapshot *out, uint64_t now_ns)
{
	memset(out, 0, sizeof(*out));
	describe(out, &export->conf);
	read_numbers(out, &export->conf);
	out->time_ns = now_ns;
	wr_snapshot_derive(out, NULL);
}

const struct wr_snapshot *wr_export_snapshot(const struct wr_export *export)
{
	return export->now;
}

static void release(struct wr_export *export)
{
	if (!export)
		return;
	pthread_mutex_destroy(&export->lock);
	pthread_mutex_destroy(&export->ask_lock);
	free(export->asking);
	free(export->now);
	free(export->spare);
	free(export);
}

static struct wr_export *make(const struct wr_export_conf *conf)
{
	struct wr_export *export = calloc(1, sizeof(*export));

	if (!export)
		return NULL;
	export->conf = *conf;
	pthread_mutex_init(&export->lock, NULL);
	pthread_mutex_init(&export->ask_lock, NULL);
	export->now = wr_snapshot_new();
	export->spare = wr_snapshot_new();
	export->asking = calloc(conf->cores ? conf->cores : 1, sizeof(*export->asking));
	if (export->now && export->spare && export->asking) {
		describe(export->now, conf);
		describe(export->spare, conf);
		return export;
	}
	release(export);
	return NULL;
}

struct wr_export *wr_export_start(const struct wr_export_conf *conf, struct wr_err *err)
{
	struct wr_export *export = make(conf);
	int rc;

	if (!export) {
		wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENOMEM,
		           "There is no memory for the statistics of %u cores.", conf->cores);
		return NULL;
	}
	wr_export_tick(export, conf->now_ns(conf->arg));
	if (conf->metrics) {
		export->http = wr_http_start(export, err);
		if (!export->http) {
			release(export);
			return NULL;
		}
	}
	rc = wr_telemetry_serve(export);
	if (rc < 0) {
		wr_err_set(err, WR_EXIT_ENVIRONMENT, rc,
		           "DPDK telemetry does not take the commands of Wringer: %s.",
		           strerror(-rc));
		wr_http_stop(export->http);
		release(export);
		return NULL;
	}
	return export;
}

void wr_export_stop(struct wr_export *export)
{
	if (!export)
		return;
	__atomic_store_n(&export->stopping, true, __ATOMIC_RELAXED);
	wr_telemetry_serve(NULL);
	wr_http_stop(export->http);
	release(export);
}
