/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <rte_version.h>

#include "load.h"

/* What a result has to say about where it was measured. */

/* The value behind "name : value" in a file of such lines; "" if there is none. */
static void read_field(const char *path, const char *name, char *value, size_t size)
{
	FILE *in = fopen(path, "r");
	char line[512];

	value[0] = '\0';
	while (in && !value[0] && fgets(line, sizeof(line), in)) {
		const char *colon = strchr(line, ':');

		if (!colon || strncmp(line, name, strlen(name)) != 0)
			continue;
		colon += 1 + strspn(colon + 1, " \t");
		snprintf(value, size, "%.*s", (int)strcspn(colon, "\n"), colon);
	}
	if (in)
		fclose(in);
}

json_t *wr_machine_new(void)
{
	json_t *machine = json_object();
	struct utsname os;
	char cpu[128];

	read_field("/proc/cpuinfo", "model name", cpu, sizeof(cpu));
	json_object_set_new(machine, "cpu", json_string(cpu));
	json_object_set_new(machine, "cpus", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	json_object_set_new(
		machine, "memory_bytes",
		json_integer((json_int_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE)));
	if (uname(&os) == 0) {
		json_object_set_new(machine, "kernel",
		                    json_sprintf("%s %s", os.sysname, os.release));
		json_object_set_new(machine, "architecture", json_string(os.machine));
	}
	json_object_set_new(machine, "dpdk", json_string(rte_version()));
	return machine;
}

static json_t *describe_offloads(const struct wr_port *port)
{
	const struct {
		bool on;
		const char *name;
	} offloads[] = {
		{port->rx_ip_cksum, "rx-ip-checksum"},
		{port->rx_l4_cksum, "rx-l4-checksum"},
		{port->tx_ip_cksum, "tx-ip-checksum"},
		{port->tx_tcp_cksum, "tx-tcp-checksum"},
		{port->tx_udp_cksum, "tx-udp-checksum"},
		{port->multi_segs, "tx-multi-segment"},
	};
	json_t *list = json_array();

	for (size_t i = 0; i < WR_LEN(offloads); i++)
		if (offloads[i].on)
			json_array_append_new(list, json_string(offloads[i].name));
	return list;
}

static json_t *describe_port(const struct wr_port *port)
{
	json_t *out = json_object();

	json_object_set_new(out, "device", json_string(port->spec));
	json_object_set_new(out, "driver", json_string(port->driver));
	json_object_set_new(out, "link_mbps", json_integer(port->link_mbps));
	json_object_set_new(out, "mtu", json_integer(port->mtu));
	json_object_set_new(out, "rx_descriptors", json_integer(port->rx_desc));
	json_object_set_new(out, "tx_descriptors", json_integer(port->tx_desc));
	json_object_set_new(out, "rss", json_string(port->rss));
	json_object_set_new(out, "numa_node", json_integer(port->socket));
	json_object_set_new(out, "offloads", describe_offloads(port));
	return out;
}

void wr_machine_add(json_t *machine, const struct wr_appliance *app)
{
	json_t *workers = json_array();

	for (unsigned i = 0; i < app->eal.workers; i++)
		json_array_append_new(workers, json_integer(app->eal.cpu[i]));
	json_object_set_new(machine, "worker_cpus", workers);
	json_object_set_new(machine, "control_cpu", json_integer(app->eal.control_cpu));
	json_object_set_new(machine, "hugepages", json_boolean(app->eal.hugepages));
	json_object_set_new(machine, "tsc_hz", json_integer((json_int_t)app->clock.hz));
	json_object_set_new(machine, "port", describe_port(&app->port));
}
