/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles per request on one core: a server engine and a client engine joined in memory, no
 * driver, no second core. One case a process; the result is one JSON object on standard
 * output. docs/bench.md says what the figures mean.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/resource.h>

#include "cable.h"
#include "client.h"
#include "sample.h"
#include "wr_load.h"

#define SPARE_BUFS    8192 /* of each pool, beyond one a connection */
#define OPEN_AT_ONCE  256  /* connections being opened */
#define OPEN_LIMIT_NS WR_S(60)
#define SLICES_PER_S  2000
#define SEGMENT_BYTES 1448  /* of text in a full one */
#define TIME_WAIT_US  10000 /* of connect-request-close: ports must come back */

struct options {
	enum client_mode mode;
	const char *mode_name;
	uint32_t connections; /* or datagrams, or connections at a time: outstanding requests */
	bool nic;
	unsigned runs;
	double seconds; /* a run */
	const char *lcores;
	bool generator; /* the client is the load generator */
	bool stream;    /* which sends bulk data; a request is a segment */
};

struct bench {
	struct options options;
	struct cable cable;
	struct client client;
	struct wr_load_conf load_conf;
	struct wr_load *load;
	bool hugepages;
	/* One value a run. */
	struct sample total, engines, cable_cycles, other, nanoseconds;
	struct sample stage[WR_STAGE_COUNT];
	struct sample burst;     /* frames */
	struct sample disturbed; /* share of the time */
};

static void usage(void)
{
	fputs("usage: bench_mem [--mode rr|crr|udp|stream] [--connections N] [--checksums "
	      "nic|software]\n"
	      "                 [--client plain|load] [--runs N] [--seconds S] [--lcores "
	      "LIST]\n",
	      stderr);
	exit(WR_EXIT_USAGE);
}

static enum client_mode mode_of(const char *name)
{
	if (!strcmp(name, "rr"))
		return CLIENT_RR;
	if (!strcmp(name, "crr"))
		return CLIENT_CRR;
	if (!strcmp(name, "udp"))
		return CLIENT_UDP;
	if (!strcmp(name, "stream"))
		return CLIENT_IDLE;
	usage();
	return CLIENT_RR;
}

static void parse(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{"mode", required_argument, NULL, 'm'},
		{"connections", required_argument, NULL, 'c'},
		{"checksums", required_argument, NULL, 'k'},
		{"runs", required_argument, NULL, 'r'},
		{"seconds", required_argument, NULL, 's'},
		{"lcores", required_argument, NULL, 'l'},
		{"client", required_argument, NULL, 'g'},
		{0},
	};
	int c;

	*o = (struct options) {
		.mode_name = "rr",
		.connections = 1000,
		.nic = true,
		.runs = 5,
		.seconds = 1,
		.lcores = "0",
	};
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 'm':
			o->mode_name = optarg;
			break;
		case 'c':
			o->connections = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'k':
			o->nic = !strcmp(optarg, "nic");
			break;
		case 'r':
			o->runs = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 's':
			o->seconds = strtod(optarg, NULL);
			break;
		case 'g':
			o->generator = !strcmp(optarg, "load");
			break;
		case 'l':
			o->lcores = optarg;
			break;
		default:
			usage();
		}
	}
	o->mode = mode_of(o->mode_name);
	o->stream = o->mode == CLIENT_IDLE;
	o->generator |= o->stream;
	if (!o->connections || !o->runs || o->runs > SAMPLE_MAX || o->seconds <= 0)
		usage();
}

/* ---- set-up ---- */

static void start_hosts(struct bench *b)
{
	uint32_t connections = wr_max(b->options.connections + 64, 1024);
	unsigned bufs = b->options.connections + SPARE_BUFS;
	struct wr_stack_conf conf;

	if (b->options.mode == CLIENT_CRR)
		connections *= 4; /* the ends of a connection do not end together */
	host_conf(&conf, HOST_SERVER, connections, b->options.nic);
	wr_stack_serve(&conf, &wr_service_echo);
	wr_stack_serve(&conf, &wr_service_discard);
	host_start(&b->cable.host[HOST_SERVER], "server", &conf, bufs, cable_now(&b->cable));
	host_conf(&conf, HOST_CLIENT, connections, b->options.nic);
	conf.tcp.time_wait_us = TIME_WAIT_US;
	host_start(&b->cable.host[HOST_CLIENT], "client", &conf, bufs, cable_now(&b->cable));
	client_init(&b->client, b->options.mode, b->options.connections);
	client_attach(&b->client, &b->cable.host[HOST_CLIENT]);
}

/* The load generator in the plain client's place. */
static void start_generator(struct bench *b)
{
	struct wr_err err;

	b->load_conf = (struct wr_load_conf) {
		.mode = b->options.stream               ? WR_LOAD_STREAM
	                : b->options.mode == CLIENT_CRR ? WR_LOAD_CRR
	                : b->options.mode == CLIENT_UDP ? WR_LOAD_UDP_RR
	                                                : WR_LOAD_RR,
		.target = HOST_SERVER_ADDR,
		.port = b->options.stream ? wr_service_discard.port : wr_service_echo.port,
		.direction = WR_LOAD_UP,
		.client[0] = {HOST_CLIENT_ADDR, HOST_CLIENT_ADDR + HOST_CLIENT_ADDRS - 1},
		.clients = 1,
		.set.connections = b->options.connections,
		.pipeline = 1,
		.drain_ns = WR_S(1),
		.duration_ns = WR_S(3600),
		.seed = 1,
	};
	wr_sizes_parse("64", CLIENT_BYTES, &b->load_conf.request);
	b->load_conf.response = b->load_conf.request;
	wr_tcp_options_default(&b->load_conf.tcp);
	b->load_conf.tcp.nodelay = true;
	b->load = wr_load_new(&b->load_conf, b->cable.host[HOST_CLIENT].stack, 0, 1, -1, &err);
	if (!b->load) {
		fprintf(stderr, "%s\n", err.text);
		exit(err.exit);
	}
}

static void give_up(const struct bench *b, const char *what)
{
	fprintf(stderr,
	        "%s: %lu of %u connections, %lu failed, %lu frames lost, %lu no buffer\n", what,
	        b->client.opened, b->options.connections, b->client.failed, b->cable.lost,
	        b->client.no_buf);
	exit(WR_EXIT_FAILED);
}

/* A datagram from each address of the client: ARP resolves all of them, both ways. */
static void meet(struct bench *b)
{
	uint64_t limit_ns = cable_now(&b->cable) + OPEN_LIMIT_NS;

	for (unsigned i = 0; i < HOST_CLIENT_ADDRS; i++) {
		client_datagram(&b->client, i, cable_now(&b->cable));
		while (b->client.replies <= i) {
			cable_round(&b->cable);
			if (cable_now(&b->cable) > limit_ns)
				give_up(b, "the ends do not find each other");
		}
	}
}

static void open_all(struct bench *b)
{
	uint64_t limit_ns = cable_now(&b->cable) + OPEN_LIMIT_NS;

	while (b->client.opened < b->options.connections) {
		while (b->client.connects < b->options.connections &&
		       b->client.connects - b->client.opened < OPEN_AT_ONCE &&
		       client_connect(&b->client))
			;
		cable_round(&b->cable);
		if (cable_now(&b->cable) > limit_ns)
			give_up(b, "not all connections opened");
	}
}

static void run_generator(struct bench *b)
{
	uint64_t limit_ns = cable_now(&b->cable) + OPEN_LIMIT_NS;

	start_generator(b);
	wr_load_begin(b->load, cable_now(&b->cable));
	while (wr_load_phase(b->load) != WR_LOAD_READY) {
		cable_round(&b->cable);
		if (cable_now(&b->cable) > limit_ns)
			give_up(b, "not all connections opened");
	}
	wr_load_start(b->load, cable_now(&b->cable));
}

static bool send_one(struct bench *b, uint32_t i)
{
	if (b->options.mode == CLIENT_UDP)
		return client_datagram(&b->client, i, cable_now(&b->cable));
	return client_request(&b->client, i);
}

static void send_first(struct bench *b)
{
	b->client.go = true;
	for (uint32_t i = 0; i < b->options.connections; i++) {
		if (!send_one(b, i))
			give_up(b, "no buffer for a first request");
		if (i % WR_STACK_BURST == WR_STACK_BURST - 1)
			cable_round(&b->cable);
	}
}

/* ---- measuring ---- */

/* Connections that ended are opened anew. */
static void keep_connecting(struct bench *b)
{
	struct client *client = &b->client;

	while (client->connects - client->closed < b->options.connections &&
	       client_connect(client))
		;
}

static uint64_t done(const struct bench *b)
{
	if (b->options.stream)
		return wr_load_stats(b->load)->n[WR_LOAD_STAT_bytes_sent] / SEGMENT_BYTES;
	if (b->load)
		return wr_load_stats(b->load)->n[WR_LOAD_STAT_responses];
	return b->options.mode == CLIENT_CRR ? b->client.closed : b->client.replies;
}

static uint64_t run_for(struct bench *b, uint64_t cycles)
{
	uint64_t begin = wr_clock_cycles(), now;

	do {
		if (b->options.mode == CLIENT_CRR && !b->load)
			keep_connecting(b);
		cable_round(&b->cable);
		now = wr_clock_cycles();
	} while (now - begin < cycles);
	return now - begin;
}

/* How often another program took the CPU away from us. */
static long preemptions(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

/* What is counted, at one moment or over a time. */
struct tally {
	double cycles, requests;
	double cable_cycles, cable_frames; /* sampled */
	double frames, bursts;             /* received by both */
	double sampled[2];                 /* frames, by host */
	double host_frames[2];
	double stage[2][WR_STAGE_COUNT]; /* cycles of the frames sampled */
};

static void read_tally(const struct bench *b, struct tally *t)
{
	t->requests = (double)done(b);
	t->cable_cycles = (double)b->cable.cycles;
	t->cable_frames = (double)b->cable.frames;
	t->frames = t->bursts = 0;
	for (unsigned h = 0; h < 2; h++) {
		const struct wr_stats *stats = &b->cable.host[h].stats;

		t->host_frames[h] = (double)stats->n[WR_STAT_rx_frames];
		t->sampled[h] = (double)stats->cycles_frames;
		t->frames += t->sampled[h];
		t->bursts += (double)stats->cycles_bursts;
		for (unsigned s = 0; s < WR_STAGE_COUNT; s++)
			t->stage[h][s] = (double)stats->cycles[s];
	}
}

/* A tally is numbers from end to end. */
static void add_change(struct tally *sum, const struct tally *before, const struct tally *after)
{
	double *to = (double *)sum;
	const double *from = (const double *)before, *till = (const double *)after;

	for (unsigned i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += till[i] - from[i];
}

/*
 * Runs for so many cycles in slices; those in which another program ran on our CPU do not
 * count. Returns the share of the cycles that was left out.
 */
static double run_undisturbed(struct bench *b, uint64_t cycles, struct tally *sum)
{
	uint64_t slice = b->cable.clock.hz / SLICES_PER_S, all = 0;

	memset(sum, 0, sizeof(*sum));
	while (all < cycles) {
		struct tally before = {0}, after = {0};
		long disturbed = preemptions();
		uint64_t took;

		read_tally(b, &before);
		took = run_for(b, slice);
		read_tally(b, &after);
		after.cycles = (double)took;
		all += took;
		if (preemptions() == disturbed)
			add_change(sum, &before, &after);
	}
	return 1 - sum->cycles / (double)all;
}

/* Cycles of one stage per request: those sampled, for as many frames as there were. */
static double stage_cycles(const struct tally *t, unsigned stage)
{
	double cycles = 0;

	for (unsigned h = 0; h < 2; h++)
		if (t->sampled[h] > 0)
			cycles += t->stage[h][stage] / t->sampled[h] * t->host_frames[h];
	return cycles / t->requests;
}

static void measure(struct bench *b, uint64_t cycles)
{
	struct tally t;
	double disturbed = run_undisturbed(b, cycles, &t), total, cable, stages = 0;

	if (t.requests <= 0 || t.cable_frames <= 0)
		give_up(b, "nothing was answered undisturbed");
	total = t.cycles / t.requests;
	cable = t.cable_cycles / t.cable_frames * (t.host_frames[0] + t.host_frames[1]) /
	        t.requests;
	for (unsigned s = 0; s < WR_STAGE_COUNT; s++) {
		double of_stage = stage_cycles(&t, s);

		sample_add(&b->stage[s], of_stage);
		stages += of_stage;
	}
	sample_add(&b->total, total);
	sample_add(&b->cable_cycles, cable);
	sample_add(&b->engines, total - cable);
	sample_add(&b->other, total - cable - stages);
	sample_add(&b->nanoseconds, (total - cable) * 1e9 / (double)b->cable.clock.hz);
	sample_add(&b->burst, t.bursts > 0 ? t.frames / t.bursts : 0);
	sample_add(&b->disturbed, disturbed);
}

static json_t *stages_json(const struct bench *b)
{
	json_t *stages = json_object();

	for (unsigned s = 0; s < WR_STAGE_COUNT; s++)
		if (s != WR_STAGE_rx && s != WR_STAGE_tx) /* of the cable, and counted there */
			json_object_set_new(stages, wr_stage_desc[s].name,
			                    sample_json(&b->stage[s]));
	json_object_set_new(stages, "loop", sample_json(&b->other));
	return stages;
}

static uint64_t troubles(const struct bench *b)
{
	uint64_t n = b->cable.lost + b->client.no_buf + b->client.failed;

	for (unsigned h = 0; h < 2; h++) {
		const struct wr_stats *stats = &b->cable.host[h].stats;

		n += stats->cause[WR_CAUSE_tcp_rexmit_rto] +
		     stats->cause[WR_CAUSE_tcp_rexmit_fast] + stats->n[WR_STAT_tx_dropped] +
		     stats->n[WR_STAT_mbuf_alloc_failed];
	}
	return n;
}

static void report(const struct bench *b)
{
	json_t *out = json_pack(
		"{s:s, s:s, s:I, s:s, s:b, s:f, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}",
		"mode", b->options.mode_name, "client", b->options.generator ? "load" : "plain",
		"connections", (json_int_t)b->options.connections, "checksums",
		b->options.nic ? "nic" : "software", "hugepages", b->hugepages, "tsc_hz",
		(double)b->cable.clock.hz, "cycles", sample_json(&b->engines), "cable_cycles",
		sample_json(&b->cable_cycles), "total_cycles", sample_json(&b->total), "ns",
		sample_json(&b->nanoseconds), "stages", stages_json(b), "burst",
		sample_json(&b->burst), "disturbed", sample_json(&b->disturbed),
		"lost_or_sent_again", (json_int_t)troubles(b));

	json_dumpf(out, stdout, JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(out);
}

int main(int argc, char **argv)
{
	static struct bench b;
	uint64_t cycles;

	parse(&b.options, argc, argv);
	b.hugepages = host_eal(b.options.connections > 20000 ? 900 : 256, b.options.lcores);
	cable_init(&b.cable, b.options.nic);
	start_hosts(&b);
	meet(&b);
	if (b.options.generator)
		run_generator(&b);
	else if (b.options.mode == CLIENT_RR)
		open_all(&b);
	if (b.options.mode != CLIENT_CRR && !b.options.generator)
		send_first(&b);
	cycles = (uint64_t)(b.options.seconds * (double)b.cable.clock.hz);
	run_for(&b, cycles / 2); /* warm up */
	for (unsigned i = 0; i < b.options.runs; i++)
		measure(&b, cycles);
	report(&b);
	cable_free(&b.cable);
	for (unsigned h = 0; h < 2; h++)
		host_stop(&b.cable.host[h]);
	wr_load_free(b.load);
	client_free(&b.client);
	return WR_EXIT_OK;
}
