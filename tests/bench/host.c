/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "host.h"
#include "wr_buf.h"
#include "wr_clock.h"

#define FREE_HUGEPAGES "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"

static unsigned free_hugepages_mib(void)
{
	FILE *f = fopen(FREE_HUGEPAGES, "r");
	unsigned pages = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%u", &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * 2;
}

/* EAL makes it even with --no-shconf, and leaves it behind. */
static void remove_runtime_dir(void)
{
	rmdir(rte_eal_get_runtime_dir());
}

bool host_eal(unsigned mem_mib, const char *lcores)
{
	bool huge = free_hugepages_mib() >= mem_mib;
	char mib[16], prefix[32], cores[64];
	char *argv[] = {
		"bench",
		huge ? "--in-memory" : "--no-huge",
		huge ? "--single-file-segments" : "--no-shconf",
		"--no-pci",
		"--no-telemetry",
		"-m",
		mib,
		"--lcores",
		cores,
		"--file-prefix",
		prefix,
		"--log-level=error",
	};

	snprintf(cores, sizeof(cores), "%s", lcores);
	snprintf(mib, sizeof(mib), "%u", mem_mib);
	snprintf(prefix, sizeof(prefix), "wr_bench_%d", getpid());
	if (rte_eal_init(WR_LEN(argv), argv) < 0) {
		fprintf(stderr, "EAL does not start: %s\n", rte_strerror(rte_errno));
		exit(WR_EXIT_ENVIRONMENT);
	}
	atexit(remove_runtime_dir);
	return huge;
}

static void client_addrs(struct wr_ip_conf *ip)
{
	ip->addrs = HOST_CLIENT_ADDRS;
	for (unsigned i = 0; i < HOST_CLIENT_ADDRS; i++)
		ip->addr[i] = (struct wr_ip_addr) {.addr = HOST_CLIENT_ADDR + i, .prefix = 15};
}

void host_conf(struct wr_stack_conf *conf, unsigned which, uint32_t connections, bool nic)
{
	memset(conf, 0, sizeof(*conf));
	conf->ip = (struct wr_ip_conf) {
		.addr = {{.addr = HOST_SERVER_ADDR, .prefix = 15}},
		.addrs = 1,
		.mtu = 1500,
		.mac = {{0x02, 0, 0, 0, 0, (uint8_t)(which + 1)}},
		.tx_ip_cksum = nic,
		.tx_tcp_cksum = nic,
		.tx_udp_cksum = nic,
		.rx_ip_cksum = nic,
		.rx_l4_cksum = nic,
		.multi_segs = true,
		.neighbours = 1024,
		.reassemblies = 64,
		.arp_age_us = 60000000,
		.icmp_errors_per_s = 1000,
		.ttl = 64,
		.socket = SOCKET_ID_ANY,
	};
	if (which == HOST_CLIENT)
		client_addrs(&conf->ip);
	wr_tcp_conf_default(&conf->tcp, conf->ip.mtu);
	conf->tcp.connections = connections;
	conf->cycles = wr_clock_cycles;
	conf->key = (struct wr_sipkey) {0x0706050403020100, 0x0f0e0d0c0b0a0908 + which};
	conf->seed = 1 + which;
	conf->socket = SOCKET_ID_ANY;
}

void host_start(struct host *host, const char *name, const struct wr_stack_conf *conf,
                unsigned bufs, uint64_t now_ns)
{
	struct wr_err err;

	memset(host, 0, sizeof(*host));
	wr_owner_init(&host->owner, 1);
	host->pool = wr_buf_pool_new(name, bufs, conf->ip.mtu, SOCKET_ID_ANY);
	if (!host->pool) {
		fprintf(stderr, "no memory for %u buffers: %s\n", bufs,
		        rte_strerror(rte_errno));
		exit(WR_EXIT_ENVIRONMENT);
	}
	host->conf = *conf;
	host->conf.pool = host->pool;
	host->conf.owner = &host->owner;
	host->stack = wr_stack_new(&host->conf, &host->stats, now_ns, &err);
	if (!host->stack) {
		fprintf(stderr, "%s\n", err.text);
		exit(WR_EXIT_ENVIRONMENT);
	}
}

void host_stop(struct host *host)
{
	wr_stack_free(host->stack);
	rte_mempool_free(host->pool);
	memset(host, 0, sizeof(*host));
}
