/* SPDX-License-Identifier: BSD-3-Clause */
/* wringer size: what a load will need, before there is anything to load. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <jansson.h>

#include "commands.h"
#include "worker.h"
#include "wr_buf.h"
#include "wr_conf.h"

#define MIB        1048576.0
#define HUGEPAGE   2097152.0
#define TARGET     "198.18.0.2"
#define POOL       0xc6120100 /* 198.18.1.0: where the example's pool begins */
#define CYCLES_HZ  2.5e9      /* of a core, if the kernel does not say */
#define CORE_SHARE 0.7        /* of a core's cycles: the rest is for bursts */
#define MANY       10000      /* connections of a core that outgrow its caches */

/*
 * Cycles of the client's core, an estimate: about one end of what docs/bench.md shows for
 * both, and as much again for generator and driver.
 */
#define CYCLES_REQUEST      800
#define CYCLES_REQUEST_MANY 1000
#define CYCLES_CONNECTION   4100
#define CYCLES_DATAGRAM     300
#define BYTES_PER_CYCLE     1.0 /* of a stream, in segments of an MTU of 1500 */

struct need {
	double connections, cps, rps; /* of the load */
	double ports;                 /* of one address to one server port */
	double waiting;               /* tuples that TIME-WAIT keeps from new connections */
	unsigned addresses, cores;
	double tables, buffers, generator; /* bytes of one core */
};

static void print_help(void)
{
	fputs("Usage: wringer size [what wringer load takes] [--json]\n"
	      "\n"
	      "Says what a load will need: source addresses and ports, memory, cores, and how "
	      "to\n"
	      "write it. Nothing is started; TARGET, --port and --ip may be left out.\n"
	      "\n"
	      "  wringer size --connections 4M --cps 300k\n"
	      "  wringer size --mode rr --connections 100k --rps 2M --request 1k --json\n",
	      stdout);
}

/* ---- addresses ---- */

static void count_addresses(struct need *need, const struct wr_conf *conf,
                            const struct wr_load_conf *load)
{
	double reuse_us = (double)conf->time_wait_us;

	if (conf->time_wait_reuse_us && conf->time_wait_reuse_us < conf->time_wait_us)
		reuse_us = (double)conf->time_wait_reuse_us;
	need->ports = load->port_high - load->port_low + 1;
	need->waiting = load->close == WR_LOAD_CLOSE_FIN ? need->cps * reuse_us / 1e6 : 0;
	need->addresses = (unsigned)ceil((need->connections + need->waiting) / need->ports);
}

/* ---- cores ---- */

static double cpu_hz(void)
{
	FILE *in = fopen("/proc/cpuinfo", "r");
	char line[256];
	double mhz = 0;

	while (in && !(mhz > 0) && fgets(line, sizeof(line), in))
		sscanf(line, "cpu MHz : %lf", &mhz);
	if (in)
		fclose(in);
	return mhz > 0 ? mhz * 1e6 : CYCLES_HZ;
}

static bool is_datagrams(const struct wr_load_conf *load)
{
	return load->mode == WR_LOAD_UDP_RR || load->mode == WR_LOAD_UDP_FLOOD ||
	       load->mode == WR_LOAD_SYN;
}

static double cycles_a_second(const struct need *need, const struct wr_load_conf *load)
{
	double request = need->connections > MANY ? CYCLES_REQUEST_MANY : CYCLES_REQUEST;
	double datagrams = load->set.pps;

	if (load->mode == WR_LOAD_UDP_RR)
		datagrams = need->rps;
	if (is_datagrams(load))
		return datagrams * CYCLES_DATAGRAM;
	return need->rps * request + need->cps * CYCLES_CONNECTION +
	       load->set.bitrate / 8 / BYTES_PER_CYCLE;
}

static unsigned count_cores(const struct need *need, const struct wr_conf *conf,
                            const struct wr_load_conf *load)
{
	double cores = cycles_a_second(need, load) / (cpu_hz() * CORE_SHARE);

	if (conf->cores)
		return (unsigned)conf->cores;
	return (unsigned)fmin(fmax(ceil(cores), 1), 64);
}

/* ---- memory ---- */

static void count_memory(struct need *need, struct wr_conf *conf,
                         const struct wr_load_conf *load)
{
	struct wr_stack_conf stack;

	wr_conf_size_load(conf, load, need->cores);
	wr_conf_stack(conf, &stack);
	need->tables = (double)wr_stack_bytes(&stack) + sizeof(struct wr_worker);
	need->buffers = (double)wr_buf_pool_bytes(wr_conf_bufs(conf), (uint16_t)conf->mtu);
	need->generator = (double)wr_load_bytes(load, need->cores);
}

static double total(const struct need *need)
{
	return need->cores * (need->tables + need->buffers + need->generator);
}

/* ---- telling it ---- */

static const char *host(uint32_t addr, char buf[INET_ADDRSTRLEN])
{
	struct in_addr in = {.s_addr = htonl(addr)};

	return inet_ntop(AF_INET, &in, buf, INET_ADDRSTRLEN);
}

/* --client-ip for so many addresses; nothing if one's own is enough. */
static void write_pool(const struct need *need, char *buf, size_t size)
{
	char first[INET_ADDRSTRLEN], last[INET_ADDRSTRLEN];

	buf[0] = '\0';
	if (need->addresses > 1)
		snprintf(buf, size, " --client-ip %s-%s", host(POOL + 1, first),
		         host(POOL + need->addresses, last));
}

struct line {
	char text[512];
};

/* The options that were given, as they were, and those that it needs besides. */
static void write_command(struct line *line, const struct need *need,
                          const struct wr_conf *conf, int argc, char **argv)
{
	char pool[64];
	size_t n;

	write_pool(need, pool, sizeof(pool));
	n = (size_t)snprintf(line->text, sizeof(line->text), "wringer load");
	if (!strchr("0123456789h", argc > 1 ? argv[1][0] : '-'))
		n += (size_t)snprintf(line->text + n, sizeof(line->text) - n, " " TARGET);
	for (int i = 1; i < argc && n < sizeof(line->text); i++)
		if (strncmp(argv[i], "--json", 6) != 0)
			n += (size_t)snprintf(line->text + n, sizeof(line->text) - n, " %s",
			                      argv[i]);
	if (n < sizeof(line->text))
		snprintf(line->text + n, sizeof(line->text) - n, "%s%s --cores %u%s",
		         conf->port.count ? "" : " --port DEVICE",
		         conf->ip.count ? "" : " --ip 198.18.0.1/15", need->cores,
		         conf->client_ip.count ? "" : pool);
}

static void print_text(const struct need *need, const struct wr_conf *conf,
                       const struct line *line)
{
	double bytes = total(need);

	printf("load         %.0f connections at once", need->connections);
	if (need->cps > 0)
		printf(", %.10g a second", need->cps);
	if (need->rps > 0)
		printf(", %.10g requests a second", need->rps);
	printf("\naddresses    %u: %.0f ports of each to one server port; %.0f are in use, and "
	       "%.0f wait\n"
	       "             (TIME-WAIT lasts %g s; a port may be used again after %g s, "
	       "RFC 6191)\n",
	       need->addresses, need->ports, need->connections, need->waiting,
	       (double)conf->time_wait_us / 1e6, (double)conf->time_wait_reuse_us / 1e6);
	printf("cores        %u, an estimate from docs/bench.md at %.2f GHz; measure yours\n",
	       need->cores, cpu_hz() / 1e9);
	printf("memory       %.0f MiB: each core %.0f MiB of tables, %.0f of packet buffers, "
	       "%.0f of generator\n",
	       ceil(bytes / MIB), need->tables / MIB, need->buffers / MIB,
	       need->generator / MIB);
	printf("hugepages    %.0f of 2 MiB, with some to spare: dpdk-hugepages.py -p 2M "
	       "--setup "
	       "%.0fM\n",
	       ceil(bytes * 1.1 / HUGEPAGE), 2 * ceil(bytes * 1.1 / HUGEPAGE));
	printf("server       wringer serve --connections %.0f --backlog 64k --port DEVICE --ip "
	       "%s/15\n",
	       ceil(need->connections / need->cores * 1.125), TARGET);
	printf("client       %s\n", line->text);
}

static void print_json(const struct need *need, const struct line *line)
{
	json_t *memory = json_pack(
		"{s:I, s:I, s:I, s:I}", "tables_bytes_per_core", (json_int_t)need->tables,
		"buffers_bytes_per_core", (json_int_t)need->buffers, "generator_bytes_per_core",
		(json_int_t)need->generator, "total_bytes", (json_int_t)total(need));
	json_t *document = json_pack(
		"{s:I, s:f, s:f, s:i, s:I, s:I, s:i, s:b, s:o, s:s}", "connections",
		(json_int_t)need->connections, "cps", need->cps, "rps", need->rps, "addresses",
		(int)need->addresses, "ports_per_address", (json_int_t)need->ports,
		"ports_in_time_wait", (json_int_t)need->waiting, "cores", (int)need->cores,
		"cores_estimated", 1, "memory", memory, "command", line->text);

	json_dumpf(document, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(document);
}

/* ---- the command ---- */

/* With more addresses than are needed, so that nothing is refused for want of them. */
static int work_out(struct need *need, struct wr_conf *conf, struct wr_load_conf *load,
                    struct wr_err *err)
{
	struct wr_conf roomy = *conf;
	int rc;

	if (!roomy.load.target[0])
		strcpy(roomy.load.target, TARGET);
	if (!roomy.client_ip.count)
		roomy.client_ip = (struct wr_conf_range_list) {{{POOL, POOL + 0xffff}}, 1};
	rc = wr_conf_load(&roomy, load, err);
	if (rc == 0)
		rc = wr_load_check(load, err);
	if (rc < 0)
		return rc;
	need->connections = (double)load->set.connections;
	need->rps = load->set.rps;
	need->cps = load->set.cps;
	count_addresses(need, conf, load);
	load->clients = 1;
	load->client[0] = (struct wr_load_client) {POOL + 1, POOL + need->addresses};
	need->cores = count_cores(need, conf, load);
	count_memory(need, conf, load);
	return 0;
}

static int report(const struct wr_conf *conf, const struct wr_err *err)
{
	fprintf(stderr, "wringer size: %s.\n", err->text);
	if (conf->load.json[0]) {
		json_t *document = json_pack("{s:s, s:i}", "error", err->text, "exit_code",
		                             (int)err->exit);

		json_dumpf(document, stdout, JSON_INDENT(2));
		json_decref(document);
	}
	return (int)err->exit;
}

int wr_app_size(int argc, char **argv)
{
	struct need need = {.connections = 0};
	struct wr_load_conf load;
	struct wr_conf conf;
	struct wr_err err;
	struct line line;
	enum wr_conf_action action;

	if (wr_conf_args(&conf, WR_CONF_LOAD, argc, argv, &action, &err) < 0)
		return report(&conf, &err);
	if (action == WR_CONF_HELP) {
		print_help();
		return WR_EXIT_OK;
	}
	if (work_out(&need, &conf, &load, &err) < 0)
		return report(&conf, &err);
	write_command(&line, &need, &conf, argc, argv);
	if (conf.load.json[0])
		print_json(&need, &line);
	else
		print_text(&need, &conf, &line);
	return WR_EXIT_OK;
}
