/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include <rte_ethdev.h>

#include "port_names.h"
#include "wr_port.h"

static void add_names(uint64_t offloads, const char *(*name)(uint64_t), char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "none");
	for (unsigned bit = 0; bit < 64 && used < size; bit++)
		if (offloads >> bit & 1)
			used += (size_t)snprintf(text + used, size - used, "%s%s",
			                         used ? " " : "", name(1ull << bit));
}

void wr_port_rx_offload_names(uint64_t offloads, char *text, size_t size)
{
	add_names(offloads, rte_eth_dev_rx_offload_name, text, size);
}

void wr_port_tx_offload_names(uint64_t offloads, char *text, size_t size)
{
	add_names(offloads, rte_eth_dev_tx_offload_name, text, size);
}

static void print_link(FILE *out, const struct wr_port *port)
{
	if (!port->link_up)
		fprintf(out, "  link         down\n");
	else if (port->link_mbps == 0)
		fprintf(out, "  link         up, speed unknown\n");
	else
		fprintf(out, "  link         up, %u Mbit/s\n", port->link_mbps);
}

void wr_port_print(FILE *out, const struct wr_port *port)
{
	const uint8_t *mac = port->mac.addr_bytes;
	char names[256];

	fprintf(out, "port %s\n", port->spec);
	fprintf(out, "  driver       %s, profile %s\n", port->driver, port->profile.name);
	fprintf(out, "  mac          %02x:%02x:%02x:%02x:%02x:%02x\n", mac[0], mac[1], mac[2],
	        mac[3], mac[4], mac[5]);
	fprintf(out, "  mtu          %u\n", port->mtu);
	print_link(out, port);
	fprintf(out, "  queues       %u Rx and Tx, %u and %u descriptors%s\n", port->queues,
	        port->rx_desc, port->tx_desc,
	        port->tx_lock ? "; further workers get frames handed over" : "");
	wr_port_rx_offload_names(port->rx_offloads, names, sizeof(names));
	fprintf(out, "  rx offloads  %s\n", names);
	wr_port_tx_offload_names(port->tx_offloads, names, sizeof(names));
	fprintf(out, "  tx offloads  %s\n", names);
	fprintf(out, "  rss          %s\n", port->rss);
	if (port->socket >= 0)
		fprintf(out, "  numa node    %d\n", port->socket);
	if (port->profile.notes[0])
		fprintf(out, "  notes        %s\n", port->profile.notes);
}
