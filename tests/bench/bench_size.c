/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes of an idle, a half-open and a TIME-WAIT connection: what tables for so many more of
 * them take from EAL's heap, and the buffers that real ones hold when nothing happens.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <rte_malloc.h>

#include "cable.h"
#include "client.h"
#include "tcb.h"

#define FLOWS       65536 /* engines for so many and for twice as many are compared */
#define OTHERS      64    /* records of the kinds that are not looked at */
#define CONNECTIONS 10000 /* real ones */
#define AT_ONCE     256   /* being opened */
#define BUFS        24576
#define QUIET_NS    WR_MS(1500) /* after which delayed ACKs are through */
#define LIMIT_NS    WR_S(30)

enum kind { ESTABLISHED, HALF_OPEN, TIME_WAIT, KINDS };

static const char *const kind_name[KINDS] = {"established", "half_open", "time_wait"};

/* Of the record alone; flow table, timer and pending list come on top. */
static const json_int_t record_bytes[KINDS] = {
	sizeof(struct wr_tcb), sizeof(struct wr_half_open), sizeof(struct wr_time_wait)};

static size_t heap_bytes(void)
{
	struct rte_malloc_socket_stats stats;
	size_t sum = 0;

	for (int socket = 0; socket < RTE_MAX_NUMA_NODES; socket++)
		if (!rte_malloc_get_socket_stats(socket, &stats))
			sum += stats.heap_allocsz_bytes;
	return sum;
}

/*
 * What EAL's heap gives for an engine with so many flows, nearly all of that kind. Powers of
 * two fill the flow table as far as it goes; just above one it takes twice as much.
 */
static size_t engine_bytes(enum kind kind, uint32_t flows)
{
	uint32_t records = flows - 2 * OTHERS;
	struct wr_stack_conf conf;
	struct host host;
	size_t before, taken;

	host_conf(&conf, HOST_SERVER, OTHERS, true);
	conf.tcp.half_open = conf.tcp.time_waits = OTHERS;
	conf.tcp.reorders = conf.tcp.repairs = OTHERS;
	if (kind == ESTABLISHED)
		conf.tcp.connections = records;
	else if (kind == HALF_OPEN)
		conf.tcp.half_open = records;
	else
		conf.tcp.time_waits = records;
	before = heap_bytes();
	host_start(&host, "size", &conf, 1023, 0);
	taken = heap_bytes() - before;
	host_stop(&host);
	return taken;
}

static void start(struct cable *cable, struct client *client, enum client_mode mode)
{
	struct wr_stack_conf conf;

	cable_init(cable, true);
	host_conf(&conf, HOST_SERVER, CONNECTIONS + OTHERS, true);
	conf.tcp.half_open = CONNECTIONS + OTHERS;
	wr_stack_serve(&conf, &wr_service_echo);
	host_start(&cable->host[HOST_SERVER], "server", &conf, BUFS, cable_now(cable));
	host_conf(&conf, HOST_CLIENT, CONNECTIONS + OTHERS, true);
	host_start(&cable->host[HOST_CLIENT], "client", &conf, BUFS, cable_now(cable));
	client_init(client, mode, CONNECTIONS);
	client_attach(client, &cable->host[HOST_CLIENT]);
	for (unsigned i = 0; i < HOST_CLIENT_ADDRS; i++) {
		client_datagram(client, i, cable_now(cable));
		while (client->replies <= i)
			cable_round(cable);
	}
}

static void stop(struct cable *cable, struct client *client)
{
	cable_free(cable);
	host_stop(&cable->host[HOST_SERVER]);
	host_stop(&cable->host[HOST_CLIENT]);
	client_free(client);
}

static void run_quiet(struct cable *cable)
{
	uint64_t until = cable_now(cable) + QUIET_NS;

	while (cable_now(cable) < until)
		cable_round(cable);
}

static void connect_all(struct cable *cable, struct client *client, const uint64_t *reached)
{
	uint64_t until = cable_now(cable) + LIMIT_NS;
	uint64_t begin = *reached;

	while (*reached - begin < CONNECTIONS && cable_now(cable) < until) {
		while (client->connects < CONNECTIONS &&
		       client->connects < *reached - begin + AT_ONCE && client_connect(client))
			;
		cable_round(cable);
	}
}

/* Brings real connections into that state and says what they hold there. */
static json_t *held(enum kind kind)
{
	static struct cable cable;
	struct client client;
	struct host *server = &cable.host[HOST_SERVER], *ours = server;
	uint64_t *level = server->stats.connections, there;
	json_t *out;

	start(&cable, &client, kind == TIME_WAIT ? CLIENT_CRR : CLIENT_RR);
	if (kind == HALF_OPEN) {
		cable.cut[HOST_CLIENT] = true; /* the SYN-ACKs do not arrive */
		connect_all(&cable, &client, &level[WR_TCP_SYN_RECEIVED]);
		there = level[WR_TCP_SYN_RECEIVED];
	} else if (kind == TIME_WAIT) {
		connect_all(&cable, &client, &client.closed);
		run_quiet(&cable);
		ours = &cable.host[HOST_CLIENT];
		there = ours->stats.connections[WR_TCP_TIME_WAIT];
	} else {
		connect_all(&cable, &client, &client.opened);
		for (uint32_t i = 0; i < client.tcbs; i++) {
			client_request(&client, i); /* one each, then silence */
			cable_round(&cable);
		}
		run_quiet(&cable);
		there = level[WR_TCP_ESTABLISHED];
	}
	run_quiet(&cable);
	cable_round(&cable);
	out = json_pack("{s:I, s:I}", "connections", (json_int_t)there, "buffers",
	                (json_int_t)rte_mempool_in_use_count(ours->pool));
	stop(&cable, &client);
	return out;
}

int main(void)
{
	bool huge = host_eal(384, "0");
	json_t *out = json_object();

	for (enum kind kind = 0; kind < KINDS; kind++) {
		size_t once = engine_bytes(kind, FLOWS);
		size_t twice = engine_bytes(kind, 2 * FLOWS);
		json_t *row = held(kind);

		json_object_set_new(row, "record_bytes", json_integer(record_bytes[kind]));
		json_object_set_new(row, "bytes", json_real((double)(twice - once) / FLOWS));
		json_object_set_new(out, kind_name[kind], row);
	}
	json_object_set_new(out, "hugepages", json_boolean(huge));
	json_dumpf(out, stdout, JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(out);
	return WR_EXIT_OK;
}
