/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_telemetry.h>

#include "export.h"
#include "tel.h"
#include "wr_drop.h"
#include "wr_slug.h"

/*
 * Whose numbers the commands show. It is file-scope because DPDK 22.11 gives a telemetry
 * callback no argument of ours (rte_telemetry_register_cmd_arg() came with 24.11), and the
 * lock is because each client has a thread of its own. Commands cannot be taken back, so they
 * are registered once and answer nothing while `export` is NULL.
 */
static struct {
	pthread_rwlock_t lock;
	struct wr_export *export;
	bool commands;
} served = {.lock = PTHREAD_RWLOCK_INITIALIZER};

/* A dictionary made of one core's numbers, or the sum's. */
typedef void (*wr_fill)(struct rte_tel_data *d, const struct wr_snapshot *s,
                        const struct wr_stats *stats);

static void fill_stats(struct rte_tel_data *d, const struct wr_snapshot *s,
                       const struct wr_stats *stats)
{
	for (unsigned i = 0; i < WR_STAT_COUNT; i++)
		rte_tel_data_add_dict_u64(d, wr_stat_desc[i].name, stats->n[i]);
}

static void fill_verdicts(struct rte_tel_data *d, const struct wr_snapshot *s,
                          const struct wr_stats *stats)
{
	char name[64];

	for (unsigned i = 0; i < WR_VERDICT_COUNT; i++) {
		snprintf(name, sizeof(name), "%s_%s", wr_verdict_desc[i].layer,
		         wr_verdict_desc[i].name);
		rte_tel_data_add_dict_u64(d, name, stats->verdict[i]);
	}
}

static void fill_drops(struct rte_tel_data *d, const struct wr_snapshot *s,
                       const struct wr_stats *stats)
{
	struct wr_drop drop;
	char name[64];

	for (unsigned i = 0; i < WR_DROPS; i++)
		if (wr_drop_of_core(stats, i, &drop))
			rte_tel_data_add_dict_u64(d, drop.reason, drop.frames);
	if (stats != &s->sum)
		return;
	for (unsigned p = 0; p < s->ports; p++)
		for (unsigned i = 0; i < WR_PORT_DROPS; i++) {
			wr_drop_of_port(&s->port[p].counters, i, &drop);
			snprintf(name, sizeof(name), "port%u_%s", p, drop.reason);
			rte_tel_data_add_dict_u64(d, name, drop.frames);
		}
}

static void fill_causes(struct rte_tel_data *d, const struct wr_snapshot *s,
                        const struct wr_stats *stats)
{
	for (unsigned i = 0; i < WR_CAUSE_COUNT; i++)
		rte_tel_data_add_dict_u64(d, wr_cause_desc[i].name, stats->cause[i]);
}

static void fill_reasons(struct rte_tel_data *d, const struct wr_snapshot *s,
                         const struct wr_stats *stats)
{
	for (unsigned i = 0; i < WR_REASON_COUNT; i++)
		rte_tel_data_add_dict_u64(d, wr_reason_desc[i].name, stats->reason[i]);
}

static void fill_states(struct rte_tel_data *d, const struct wr_snapshot *s,
                        const struct wr_stats *stats)
{
	for (unsigned i = 0; i < WR_TCP_STATE_COUNT; i++)
		rte_tel_data_add_dict_u64(d, wr_slug_state(i).text, stats->connections[i]);
}

/* Only those that happened: 121 pairs of names would not fit a reply. */
static void fill_transitions(struct rte_tel_data *d, const struct wr_snapshot *s,
                             const struct wr_stats *stats)
{
	char name[64];

	for (unsigned from = 0; from < WR_TCP_STATE_COUNT; from++)
		for (unsigned to = 0; to < WR_TCP_STATE_COUNT; to++) {
			if (!stats->transition[from][to])
				continue;
			snprintf(name, sizeof(name), "%s/%s", wr_slug_state(from).text,
			         wr_slug_state(to).text);
			rte_tel_data_add_dict_u64(d, name, stats->transition[from][to]);
		}
}

static void fill_stages(struct rte_tel_data *d, const struct wr_snapshot *s,
                        const struct wr_stats *stats)
{
	for (unsigned i = 0; i < WR_STAGE_COUNT; i++)
		rte_tel_data_add_dict_u64(d, wr_stage_desc[i].name, stats->cycles[i]);
	rte_tel_data_add_dict_u64(d, "sampled_frames", stats->cycles_frames);
	rte_tel_data_add_dict_u64(d, "sampled_bursts", stats->cycles_bursts);
}

/* The telemetry library's signed numbers have 32 bits. */
static int clamped(int64_t n)
{
	return n > INT_MAX ? INT_MAX : n < INT_MIN ? INT_MIN : (int)n;
}

static void fill_books(struct rte_tel_data *d, const struct wr_snapshot *s,
                       const struct wr_stats *stats)
{
	rte_tel_data_add_dict_int(d, "in", clamped(wr_stats_unbalanced_in(stats)));
	rte_tel_data_add_dict_int(d, "out", clamped(wr_stats_unbalanced_out(stats)));
}

static void fill_rates(struct rte_tel_data *d, const struct wr_snapshot *s,
                       const struct wr_stats *stats)
{
	for (unsigned i = 0; i < WR_STAT_COUNT; i++)
		if (wr_stat_desc[i].kind == WR_COUNTER)
			rte_tel_data_add_dict_u64(d, wr_stat_desc[i].name, s->rate.n[i]);
}

static void fill_info(struct rte_tel_data *d, const struct wr_snapshot *s,
                      const struct wr_stats *stats)
{
	rte_tel_data_add_dict_string(d, "instance", s->instance);
	rte_tel_data_add_dict_string(d, "command", s->command);
	rte_tel_data_add_dict_string(d, "version", s->version);
	rte_tel_data_add_dict_string(d, "revision", s->revision);
	rte_tel_data_add_dict_string(d, "dpdk", s->dpdk);
	rte_tel_data_add_dict_int(d, "pid", getpid());
	rte_tel_data_add_dict_u64(d, "start_unix_s", s->start_unix_s);
	rte_tel_data_add_dict_u64(d, "uptime_s", s->time_ns / WR_S(1));
	rte_tel_data_add_dict_u64(d, "tsc_hz", s->tsc_hz);
	rte_tel_data_add_dict_u64(d, "cores", s->cores);
	rte_tel_data_add_dict_u64(d, "ports", s->ports);
	rte_tel_data_add_dict_u64(d, "snapshots", s->sequence);
}

static const struct command {
	const char *name;
	const char *help; /* under 64 characters */
	wr_fill fill;
	bool per_core;
} commands[] = {
	{"/wringer/info", "What runs: instance, versions, cores", fill_info, false},
	{"/wringer/stats", "Counters and gauges. Parameters: core (default: sum)", fill_stats,
         true},
	{"/wringer/verdicts", "Frames received, by verdict. Parameters: core", fill_verdicts,
         true},
	{"/wringer/drops", "Frames lost, by reason. Parameters: core", fill_drops, true},
	{"/wringer/causes", "Frames sent, by cause. Parameters: core", fill_causes, true},
	{"/wringer/reasons", "Connections ended, by reason. Parameters: core", fill_reasons,
         true},
	{"/wringer/states", "Connections, by TCP state. Parameters: core", fill_states, true},
	{"/wringer/transitions", "State changes that happened. Parameters: core",
         fill_transitions, true},
	{"/wringer/stages", "Cycles of sampled bursts, by stage. Parameters: core", fill_stages,
         true},
	{"/wringer/books", "Frames not accounted for: 0. Parameters: core", fill_books, true},
	{"/wringer/rates", "Counters per second of the last second", fill_rates, false},
};

/* "3" names a core; nothing at all: the sum. */
static const struct wr_stats *chosen(const struct wr_snapshot *s, const char *params)
{
	unsigned long core;
	char *end;

	if (!params || !*params)
		return &s->sum;
	core = strtoul(params, &end, 10);
	if (*end || core >= s->cores)
		return NULL;
	return &s->core[core].stats;
}

static int answer_locked(const struct command *command, const char *params,
                         struct rte_tel_data *d, const struct wr_snapshot *s)
{
	const struct wr_stats *stats = chosen(s, command->per_core ? params : NULL);

	if (!stats)
		return -EINVAL;
	rte_tel_data_start_dict(d);
	command->fill(d, s, stats);
	return 0;
}

static int on_table(struct wr_export *export, const char *cmd, const char *params,
                    struct rte_tel_data *d)
{
	int rc = -ENOENT;

	pthread_mutex_lock(&export->lock);
	for (unsigned i = 0; i < WR_LEN(commands); i++)
		if (strcmp(commands[i].name, cmd) == 0)
			rc = answer_locked(&commands[i], params, d, export->now);
	pthread_mutex_unlock(&export->lock);
	return rc;
}

static int on_snapshot(struct wr_export *export, const char *cmd, const char *params,
                       struct rte_tel_data *d)
{
	int rc;

	pthread_mutex_lock(&export->lock);
	rc = wr_tel_snapshot(d, export->now, params);
	pthread_mutex_unlock(&export->lock);
	return rc;
}

static int on_ss(struct wr_export *export, const char *cmd, const char *params,
                 struct rte_tel_data *d)
{
	return wr_tel_ss(d, export, params);
}

static int on_set(struct wr_export *export, const char *cmd, const char *params,
                  struct rte_tel_data *d)
{
	const struct wr_export_conf *conf = &export->conf;
	char answer[512] = "what runs there has no setpoints; wringer load has";
	int rc = -ENOTSUP;

	if (conf->set)
		rc = conf->set(conf->arg, params ? params : "", answer, sizeof(answer));
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, rc == 0 ? "set" : "error", answer);
	return 0;
}

static int with_export(int (*answer)(struct wr_export *export, const char *cmd,
                                     const char *params, struct rte_tel_data *d),
                       const char *cmd, const char *params, struct rte_tel_data *d)
{
	int rc = -ENODEV;

	pthread_rwlock_rdlock(&served.lock);
	if (served.export)
		rc = answer(served.export, cmd, params, d);
	pthread_rwlock_unlock(&served.lock);
	return rc;
}

static int table_command(const char *cmd, const char *params, struct rte_tel_data *d)
{
	return with_export(on_table, cmd, params, d);
}

static int snapshot_command(const char *cmd, const char *params, struct rte_tel_data *d)
{
	return with_export(on_snapshot, cmd, params, d);
}

static int ss_command(const char *cmd, const char *params, struct rte_tel_data *d)
{
	return with_export(on_ss, cmd, params, d);
}

static int set_command(const char *cmd, const char *params, struct rte_tel_data *d)
{
	return with_export(on_set, cmd, params, d);
}

static int register_commands(void)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < WR_LEN(commands); i++)
		rc = rte_telemetry_register_cmd(commands[i].name, table_command,
		                                commands[i].help);
	if (rc == 0)
		rc = rte_telemetry_register_cmd("/wringer/snapshot", snapshot_command,
		                                "For wringer stats. Parameters: core or rate");
	if (rc == 0)
		rc = rte_telemetry_register_cmd(
			"/wringer/ss", ss_command,
			"A page of connections. Parameters: core=0,...");
	if (rc == 0)
		rc = rte_telemetry_register_cmd("/wringer/set", set_command,
		                                "New setpoints. Parameters: rps=2M,...");
	return rc;
}

int wr_telemetry_serve(struct wr_export *export)
{
	int rc = 0;

	pthread_rwlock_wrlock(&served.lock);
	if (!served.commands && export) {
		rc = register_commands();
		served.commands = rc == 0;
	}
	served.export = rc == 0 ? export : NULL;
	pthread_rwlock_unlock(&served.lock);
	return rc;
}
