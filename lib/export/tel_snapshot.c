/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tel.h"

/* The members of struct wr_stats, each an array of 64-bit numbers in a reply. */
static const struct member {
	const char *name;
	size_t offset, count;
} members[] = {
#define MEMBER(member)                                                                         \
	{                                                                                      \
#member, offsetof(struct wr_stats, member),                                    \
			sizeof(((struct wr_stats *)0)->member) / sizeof(uint64_t)              \
	}
	MEMBER(n),      MEMBER(verdict),       MEMBER(cause),
	MEMBER(reason), MEMBER(connections),   MEMBER(transition),
	MEMBER(cycles), MEMBER(cycles_frames), MEMBER(cycles_bursts),
#undef MEMBER
};

/* All names of all tables as one number: programs with different tables must not talk. */
static uint64_t hash_name(uint64_t hash, const char *name)
{
	do {
		hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
	} while (*name++);
	return hash;
}

static uint64_t schema(void)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (unsigned i = 0; i < WR_STAT_COUNT; i++)
		hash = hash_name(hash, wr_stat_desc[i].name);
	for (unsigned i = 0; i < WR_VERDICT_COUNT; i++)
		hash = hash_name(hash_name(hash, wr_verdict_desc[i].layer),
		                 wr_verdict_desc[i].name);
	for (unsigned i = 0; i < WR_CAUSE_COUNT; i++)
		hash = hash_name(hash, wr_cause_desc[i].name);
	for (unsigned i = 0; i < WR_REASON_COUNT; i++)
		hash = hash_name(hash, wr_reason_desc[i].name);
	for (unsigned i = 0; i < WR_TCP_STATE_COUNT; i++)
		hash = hash_name(hash, wr_tcp_state_name[i]);
	for (unsigned i = 0; i < WR_STAGE_COUNT; i++)
		hash = hash_name(hash, wr_stage_desc[i].name);
	return hash & INT64_MAX;
}

/* Readers of JSON have signed numbers; no honest counter comes near. */
static uint64_t json_number(uint64_t n)
{
	return n <= INT64_MAX ? n : INT64_MAX;
}

/* Adds an empty array of numbers to the dictionary, which will own it. */
static struct rte_tel_data *add_array(struct rte_tel_data *d, const char *name,
                                      enum rte_tel_value_type type)
{
	struct rte_tel_data *array = rte_tel_data_alloc();

	if (!array)
		return NULL;
	rte_tel_data_start_array(array, type);
	if (rte_tel_data_add_dict_container(d, name, array, 0) == 0)
		return array;
	rte_tel_data_free(array);
	return NULL;
}

static int add_numbers(struct rte_tel_data *d, const char *name, const uint64_t *n,
                       size_t count)
{
	struct rte_tel_data *array = add_array(d, name, RTE_TEL_U64_VAL);

	if (!array)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		rte_tel_data_add_array_u64(array, json_number(n[i]));
	return 0;
}

static int add_stats(struct rte_tel_data *d, const struct wr_snapshot *s,
                     const struct wr_stats *stats)
{
	int rc = 0;

	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_u64(d, "sequence", s->sequence);
	for (unsigned i = 0; rc == 0 && i < WR_LEN(members); i++)
		rc = add_numbers(d, members[i].name,
		                 (const uint64_t *)((const char *)stats + members[i].offset),
		                 members[i].count);
	return rc;
}

/* What is known of a core beside its numbers, as an array of this order. */
enum { LCORE, CPU, SOCKET, BUSY_PPM, POOL_OBJECTS, POOL_AVAILABLE, CORE_NUMBERS };

static int add_cores(struct rte_tel_data *d, const struct wr_snapshot *s)
{
	struct rte_tel_data *array = add_array(d, "cores", RTE_TEL_U64_VAL);

	if (!array)
		return -ENOMEM;
	for (unsigned i = 0; i < s->cores; i++) {
		const struct wr_snapshot_core *core = &s->core[i];

		rte_tel_data_add_array_u64(array, core->lcore);
		rte_tel_data_add_array_u64(array, core->cpu);
		rte_tel_data_add_array_u64(array, (uint64_t)(core->socket + 1));
		rte_tel_data_add_array_u64(array, core->busy_ppm);
		rte_tel_data_add_array_u64(array, core->pool_objects);
		rte_tel_data_add_array_u64(array, core->pool_available);
	}
	return 0;
}

#define COUNTERS     (sizeof(struct wr_port_counters) / sizeof(uint64_t))
#define PORT_NUMBERS (1 + 2 * COUNTERS) /* link speed, counters, rates */

static int add_ports(struct rte_tel_data *d, const struct wr_snapshot *s)
{
	struct rte_tel_data *names = add_array(d, "ports", RTE_TEL_STRING_VAL);
	struct rte_tel_data *numbers = add_array(d, "port_numbers", RTE_TEL_U64_VAL);

	if (!names || !numbers)
		return -ENOMEM;
	for (unsigned p = 0; p < s->ports; p++) {
		const struct wr_snapshot_port *port = &s->port[p];
		const uint64_t *counters = (const uint64_t *)&port->counters;
		const uint64_t *rates = (const uint64_t *)&port->rate;

		rte_tel_data_add_array_string(names, port->spec);
		rte_tel_data_add_array_string(names, port->driver);
		rte_tel_data_add_array_u64(numbers, port->link_mbps);
		for (unsigned i = 0; i < COUNTERS; i++)
			rte_tel_data_add_array_u64(numbers, json_number(counters[i]));
		for (unsigned i = 0; i < COUNTERS; i++)
			rte_tel_data_add_array_u64(numbers, json_number(rates[i]));
	}
	return 0;
}

static int add_head(struct rte_tel_data *d, const struct wr_snapshot *s)
{
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_u64(d, "schema", schema());
	rte_tel_data_add_dict_string(d, "instance", s->instance);
	rte_tel_data_add_dict_string(d, "command", s->command);
	rte_tel_data_add_dict_string(d, "version", s->version);
	rte_tel_data_add_dict_string(d, "revision", s->revision);
	rte_tel_data_add_dict_string(d, "dpdk", s->dpdk);
	rte_tel_data_add_dict_u64(d, "start_unix_s", s->start_unix_s);
	rte_tel_data_add_dict_u64(d, "tsc_hz", s->tsc_hz);
	rte_tel_data_add_dict_u64(d, "sequence", s->sequence);
	rte_tel_data_add_dict_u64(d, "begun", s->begun);
	rte_tel_data_add_dict_u64(d, "time_ns", s->time_ns);
	rte_tel_data_add_dict_u64(d, "interval_ns", s->interval_ns);
	return add_cores(d, s) < 0 ? -ENOMEM : add_ports(d, s);
}

int wr_tel_snapshot(struct rte_tel_data *d, const struct wr_snapshot *s, const char *params)
{
	unsigned long core;
	char *end;

	if (!params || !*params)
		return add_head(d, s);
	if (strcmp(params, "rate") == 0)
		return add_stats(d, s, &s->rate);
	core = strtoul(params, &end, 10);
	if (*end || core >= s->cores)
		return -EINVAL;
	return add_stats(d, s, &s->core[core].stats);
}

/* ---- reading ---- */

static int read_number(const json_t *reply, const char *name, uint64_t *n)
{
	const json_t *value = json_object_get(reply, name);

	if (!json_is_integer(value))
		return -EINVAL;
	*n = (uint64_t)json_integer_value(value);
	return 0;
}

static int read_numbers(const json_t *array, uint64_t *n, size_t count)
{
	if (json_array_size(array) != count)
		return -EINVAL;
	for (size_t i = 0; i < count; i++)
		n[i] = (uint64_t)json_integer_value(json_array_get(array, i));
	return 0;
}

static int read_text(const json_t *value, char *text, size_t size)
{
	if (!json_is_string(value))
		return -EINVAL;
	snprintf(text, size, "%s", json_string_value(value));
	return 0;
}

static int read_cores(struct wr_snapshot *s, const json_t *array)
{
	uint64_t n[WR_MAX_WORKERS * CORE_NUMBERS];
	size_t cores = json_array_size(array) / CORE_NUMBERS;

	if (cores > WR_MAX_WORKERS || read_numbers(array, n, cores * CORE_NUMBERS) < 0)
		return -EINVAL;
	s->cores = (uint32_t)cores;
	for (unsigned i = 0; i < cores; i++) {
		const uint64_t *of = &n[i * CORE_NUMBERS];

		s->core[i].lcore = (uint32_t)of[LCORE];
		s->core[i].cpu = (uint32_t)of[CPU];
		s->core[i].socket = (int32_t)of[SOCKET] - 1;
		s->core[i].busy_ppm = (uint32_t)of[BUSY_PPM];
		s->core[i].pool_objects = (uint32_t)of[POOL_OBJECTS];
		s->core[i].pool_available = (uint32_t)of[POOL_AVAILABLE];
	}
	return 0;
}

static int read_ports(struct wr_snapshot *s, const json_t *names, const json_t *numbers)
{
	uint64_t n[WR_MAX_PORTS * PORT_NUMBERS];
	size_t ports = json_array_size(names) / 2;

	if (ports > WR_MAX_PORTS || read_numbers(numbers, n, ports * PORT_NUMBERS) < 0)
		return -EINVAL;
	s->ports = (uint32_t)ports;
	for (unsigned p = 0; p < ports; p++) {
		struct wr_snapshot_port *port = &s->port[p];
		const uint64_t *of = &n[p * PORT_NUMBERS];

		if (read_text(json_array_get(names, 2 * p), port->spec, sizeof(port->spec)) <
		            0 ||
		    read_text(json_array_get(names, 2 * p + 1), port->driver,
		              sizeof(port->driver)) < 0)
			return -EINVAL;
		port->link_mbps = (uint32_t)of[0];
		memcpy(&port->counters, of + 1, sizeof(port->counters));
		memcpy(&port->rate, of + 1 + COUNTERS, sizeof(port->rate));
	}
	return 0;
}

int wr_tel_head_read(struct wr_snapshot *s, const json_t *reply)
{
	const struct {
		const char *name;
		char *text;
		size_t size;
	} texts[] = {
		{"instance", s->instance, sizeof(s->instance)},
		{"command", s->command, sizeof(s->command)},
		{"version", s->version, sizeof(s->version)},
		{"revision", s->revision, sizeof(s->revision)},
		{"dpdk", s->dpdk, sizeof(s->dpdk)},
	};
	const struct {
		const char *name;
		uint64_t *n;
	} numbers[] = {
		{"start_unix_s", &s->start_unix_s}, {"tsc_hz", &s->tsc_hz},
		{"sequence", &s->sequence},         {"begun", &s->begun},
		{"time_ns", &s->time_ns},           {"interval_ns", &s->interval_ns},
	};
	uint64_t theirs = 0;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < WR_LEN(texts); i++)
		rc = read_text(json_object_get(reply, texts[i].name), texts[i].text,
		               texts[i].size);
	if (rc == 0 && (read_number(reply, "schema", &theirs) < 0 || theirs != schema()))
		return -EPROTO;
	for (unsigned i = 0; rc == 0 && i < WR_LEN(numbers); i++)
		rc = read_number(reply, numbers[i].name, numbers[i].n);
	if (rc == 0)
		rc = read_cores(s, json_object_get(reply, "cores"));
	if (rc == 0)
		rc = read_ports(s, json_object_get(reply, "ports"),
		                json_object_get(reply, "port_numbers"));
	return rc;
}

int wr_tel_stats_read(struct wr_stats *stats, uint64_t *sequence, const json_t *reply)
{
	int rc = read_number(reply, "sequence", sequence);

	for (unsigned i = 0; rc == 0 && i < WR_LEN(members); i++)
		rc = read_numbers(json_object_get(reply, members[i].name),
		                  (uint64_t *)((char *)stats + members[i].offset),
		                  members[i].count);
	return rc;
}
