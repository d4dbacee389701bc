/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests a second between a server core and a client core joined by two net_ring ports,
 * through lib/port as on a real NIC. Between the seconds the two cores measure how far apart
 * they are. The main thread sleeps: two CPUs are enough. One JSON object on standard output.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_eth_ring.h>
#include <rte_launch.h>

#include "client.h"
#include "probe.h"
#include "sample.h"
#include "wr_clock.h"
#include "wr_port.h"

#define RING_SLOTS 8192
#define SPARE_BUFS 16384
#define AT_ONCE    256
#define TX_BURSTS  4

enum phase { PHASE_RUN, PHASE_PROBE, PHASE_STOP };

/* One core: its engine, its port and its loop. */
struct side {
	unsigned which; /* HOST_* */
	struct host host;
	struct wr_port port;
	double probed;   /* TSC cycles one way */
	uint64_t cpu_ns; /* that the core ran until the last probe */
	uint32_t probes;
	uint64_t refused, no_mbuf;
};

struct bench {
	alignas(WR_CACHE_LINE) enum phase phase; /* main: writes, cores: read */
	alignas(WR_CACHE_LINE) struct probe probe;
	struct wr_clock clock;
	struct side side[2];
	struct client client; /* of the client's core; main: reads its counters */
	uint32_t connections;
	unsigned seconds;
};

/* The launched function's argument. */
struct core {
	struct bench *bench;
	struct side *side;
};

static void transmit(struct side *side)
{
	struct rte_mbuf *frames[WR_STACK_BURST];
	unsigned n = WR_STACK_BURST, sent;

	for (unsigned i = 0; i < TX_BURSTS && n == WR_STACK_BURST; i++) {
		n = wr_stack_output(side->host.stack, frames, WR_STACK_BURST);
		if (!n)
			return;
		sent = wr_port_tx(&side->port, 0, frames, (uint16_t)n, &side->refused);
		if (sent < n) {
			wr_stack_unsent(side->host.stack, frames + sent, n - sent);
			return;
		}
	}
}

static void side_round(struct bench *b, struct side *side)
{
	struct rte_mbuf *frames[WR_STACK_BURST];
	uint64_t now_ns = wr_clock_ns(&b->clock);
	uint16_t n = wr_port_rx(&side->port, 0, frames, WR_STACK_BURST, side->host.pool,
	                        &side->no_mbuf);

	wr_stack_input(side->host.stack, frames, n, now_ns);
	wr_stack_tick(side->host.stack, now_ns);
	transmit(side);
}

/* The client opens its connections and asks on each as soon as it is open. */
static void keep_asking(struct client *client, uint32_t connections, uint32_t *asked)
{
	while (client->connects < connections && client->connects < client->opened + AT_ONCE &&
	       client_connect(client))
		;
	while (*asked < client->tcbs && client_request(client, *asked))
		(*asked)++;
}

static uint64_t cpu_time_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return WR_S((uint64_t)t.tv_sec) + (uint64_t)t.tv_nsec;
}

static int run_side(void *arg)
{
	const struct core *core = arg;
	struct bench *b = core->bench;
	struct side *side = core->side;
	uint32_t asked = 0;
	enum phase phase;

	while ((phase = __atomic_load_n(&b->phase, __ATOMIC_ACQUIRE)) != PHASE_STOP) {
		if (phase == PHASE_PROBE) {
			side->cpu_ns = cpu_time_ns();
			side->probed = probe_run(&b->probe, side->which);
			__atomic_add_fetch(&side->probes, 1, __ATOMIC_RELEASE);
			while (__atomic_load_n(&b->phase, __ATOMIC_ACQUIRE) == PHASE_PROBE)
				;
			continue;
		}
		if (side->which == HOST_CLIENT && asked < b->connections)
			keep_asking(&b->client, b->connections, &asked);
		side_round(b, side);
	}
	return 0;
}

/* ---- the main thread ---- */

/* Lets the cores measure their distance: ns one way. */
static double probe(struct bench *b)
{
	uint32_t before[2] = {b->side[0].probes, b->side[1].probes};

	__atomic_store_n(&b->probe.turn, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&b->phase, PHASE_PROBE, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < 2; i++)
		while (__atomic_load_n(&b->side[i].probes, __ATOMIC_ACQUIRE) == before[i])
			usleep(1000);
	__atomic_store_n(&b->phase, PHASE_RUN, __ATOMIC_RELEASE);
	return b->side[0].probed * 1e9 / (double)b->clock.hz;
}

static double rate_of_a_second(struct bench *b)
{
	uint64_t replies, begin;

	usleep(20000); /* the rings fill again after the probe */
	replies = __atomic_load_n(&b->client.replies, __ATOMIC_RELAXED);
	begin = wr_clock_ns(&b->clock);
	usleep(1000000);
	replies = __atomic_load_n(&b->client.replies, __ATOMIC_RELAXED) - replies;
	return (double)replies * 1e9 / (double)(wr_clock_ns(&b->clock) - begin);
}

/* near, far, or mixed: the hypervisor moved a CPU within the second. */
static const char *class_of(double before_ns, double after_ns)
{
	bool near_before = before_ns < PROBE_NEAR_NS, near_after = after_ns < PROBE_NEAR_NS;

	if (near_before != near_after)
		return "mixed";
	return near_before ? "near" : "far";
}

/* The share of the time since then that the two cores had their CPUs: that of the poorer. */
static double cpu_share(const struct bench *b, const uint64_t *cpu_ns, uint64_t since_ns)
{
	double wall = (double)(wr_clock_ns(&b->clock) - since_ns);
	double server = (double)(b->side[0].cpu_ns - cpu_ns[0]) / wall;
	double client = (double)(b->side[1].cpu_ns - cpu_ns[1]) / wall;

	return server < client ? server : client;
}

static json_t *measure(struct bench *b)
{
	static const char *const class[] = {"near", "far", "mixed"};
	struct sample rates[3] = {0}, probes = {0}, shares = {0};
	json_t *out = json_object();
	double before = probe(b);

	sample_add(&probes, before);
	for (unsigned i = 0; i < b->seconds; i++) {
		uint64_t cpu_ns[2] = {b->side[0].cpu_ns, b->side[1].cpu_ns};
		uint64_t begin_ns = wr_clock_ns(&b->clock);
		double rate = rate_of_a_second(b), after = probe(b);

		sample_add(&shares, cpu_share(b, cpu_ns, begin_ns));
		sample_add(&probes, after);
		for (unsigned k = 0; k < WR_LEN(class); k++)
			if (!strcmp(class[k], class_of(before, after)))
				sample_add(&rates[k], rate);
		before = after;
	}
	for (unsigned k = 0; k < WR_LEN(class); k++)
		json_object_set_new(out, class[k], sample_json(&rates[k]));
	json_object_set_new(out, "core_to_core_ns", sample_json(&probes));
	json_object_set_new(out, "cpu_share", sample_json(&shares));
	return out;
}

static void open_side(struct bench *b, unsigned which, struct rte_ring *rx, struct rte_ring *tx)
{
	const char *name = which == HOST_SERVER ? "server" : "client";
	struct side *side = &b->side[which];
	struct wr_port_conf port = {.spec = "ring", .queues = 1, .mtu = 1500};
	struct wr_stack_conf conf;
	struct wr_err err;
	char device[32];

	side->which = which;
	snprintf(device, sizeof(device), "net_ring_%s", name);
	port.device = device;
	host_conf(&conf, which, b->connections + AT_ONCE, false);
	if (which == HOST_SERVER)
		wr_stack_serve(&conf, &wr_service_echo);
	host_start(&side->host, name, &conf, b->connections + SPARE_BUFS,
	           wr_clock_ns(&b->clock));
	if (rte_eth_from_rings(name, &rx, 1, &tx, 1, 0) < 0 ||
	    wr_port_open(&side->port, &port, &side->host.pool, &err)) {
		fprintf(stderr, "%s does not open: %s\n", device, err.text);
		exit(WR_EXIT_ENVIRONMENT);
	}
}

static void open_sides(struct bench *b)
{
	struct rte_ring *up =
		rte_ring_create("up", RING_SLOTS, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	struct rte_ring *down = rte_ring_create("down", RING_SLOTS, SOCKET_ID_ANY,
	                                        RING_F_SP_ENQ | RING_F_SC_DEQ);

	if (!up || !down)
		abort();
	open_side(b, HOST_SERVER, up, down);
	open_side(b, HOST_CLIENT, down, up);
	client_init(&b->client, CLIENT_RR, b->connections);
	client_attach(&b->client, &b->side[HOST_CLIENT].host);
	b->client.go = true;
}

static void parse(struct bench *b, int argc, char **argv)
{
	static const struct option known[] = {{"connections", required_argument, NULL, 'c'},
	                                      {"seconds", required_argument, NULL, 's'},
	                                      {0}};
	int c;

	b->connections = 1000;
	b->seconds = 10;
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 'c')
			b->connections = (uint32_t)strtoul(optarg, NULL, 10);
		else if (c == 's')
			b->seconds = (unsigned)strtoul(optarg, NULL, 10);
		else
			exit(WR_EXIT_USAGE);
	}
}

int main(int argc, char **argv)
{
	static struct bench b;
	struct core core[2] = {{&b, &b.side[0]}, {&b, &b.side[1]}};
	uint64_t deadline;
	json_t *out;
	bool huge;

	parse(&b, argc, argv);
	huge = host_eal(256, "0@(0,1),1@0,2@1");
	wr_clock_init(&b.clock);
	open_sides(&b);
	for (unsigned i = 0; i < 2; i++)
		rte_eal_remote_launch(run_side, &core[i], i + 1);
	deadline = wr_clock_ns(&b.clock) + WR_S(20);
	while (__atomic_load_n(&b.client.opened, __ATOMIC_RELAXED) < b.connections &&
	       wr_clock_ns(&b.clock) < deadline)
		usleep(10000);
	usleep(500000); /* warm up */
	out = measure(&b);
	__atomic_store_n(&b.phase, PHASE_STOP, __ATOMIC_RELEASE);
	rte_eal_mp_wait_lcore();
	json_object_set_new(out, "connections", json_integer((json_int_t)b.client.opened));
	json_object_set_new(out, "hugepages", json_boolean(huge));
	json_dumpf(out, stdout, JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(out);
	return WR_EXIT_OK;
}
