/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "client.h"

static struct rte_mbuf *new_text(struct client *client)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(client->host->pool);

	if (wr_unlikely(!m)) {
		client->no_buf++;
		return NULL;
	}
	memcpy(rte_pktmbuf_append(m, CLIENT_BYTES), client->text, CLIENT_BYTES);
	return m;
}

/* ---- TCP ---- */

static bool ask(struct client *client, struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct rte_mbuf *m = new_text(client);

	if (wr_unlikely(!m))
		return false;
	if (wr_unlikely(wr_tcp_send(tcp, c, m))) {
		rte_pktmbuf_free(m);
		return false;
	}
	return true;
}

static bool on_open(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct client *client = wr_tcb_user(c);

	client->opened++;
	if (client->mode == CLIENT_CRR)
		return ask(client, tcp, c);
	if (client->tcbs < client->tcbs_max)
		client->tcb[client->tcbs++] = c;
	return true;
}

static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	struct client *client = wr_tcb_user(c);

	client->bytes += m->data_len;
	client->replies++;
	rte_pktmbuf_free(m);
	if (client->mode == CLIENT_RR) {
		if (client->go)
			ask(client, tcp, c);
	} else {
		wr_tcp_close(tcp, c);
	}
	return true;
}

static void on_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
}

static void on_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	wr_tcp_close(tcp, c);
}

static void on_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	struct client *client = wr_tcb_user(c);

	client->closed++;
	client->failed += reason != WR_REASON_finished;
}

static const struct wr_tcp_events events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_room = on_room,
	.on_peer_closed = on_peer_closed,
	.on_closed = on_closed,
};

bool client_connect(struct client *client)
{
	struct wr_tcp_connect to = {
		.laddr = HOST_CLIENT_ADDR + (uint32_t)(client->connects % HOST_CLIENT_ADDRS),
		.raddr = HOST_SERVER_ADDR,
		.rport = wr_service_echo.port,
		.events = &events,
		.user = client,
	};
	struct wr_tcb *c;

	wr_tcp_options_default(&to.options);
	to.options.nodelay = true;
	if (wr_tcp_connect(wr_stack_tcp(client->host->stack), &to, &c))
		return false;
	client->connects++;
	return true;
}

/* ---- UDP ---- */

static bool ask_by_datagram(struct client *client, struct wr_udp *udp,
                            const struct wr_tuple *to, uint64_t now_us)
{
	struct rte_mbuf *m = new_text(client);

	if (wr_unlikely(!m))
		return false;
	wr_udp_send(udp, m, to, 0, now_us);
	return true;
}

static enum wr_verdict on_datagram(struct wr_udp *udp, struct rte_mbuf *m,
                                   const struct wr_tuple *from, uint8_t tos, void *user,
                                   uint64_t now_us)
{
	struct client *client = user;

	client->bytes += m->data_len;
	client->replies++;
	rte_pktmbuf_free(m);
	if (client->go)
		ask_by_datagram(client, udp, from, now_us);
	return WR_V_udp_delivered;
}

/* ---- both ---- */

void client_init(struct client *client, enum client_mode mode, uint32_t connections)
{
	memset(client, 0, sizeof(*client));
	client->mode = mode;
	client->tcbs_max = connections;
	client->tcb = calloc(connections, sizeof(struct wr_tcb *));
	if (!client->tcb)
		abort();
	for (unsigned i = 0; i < CLIENT_BYTES; i++)
		client->text[i] = (char)('!' + i);
}

void client_free(struct client *client)
{
	free(client->tcb);
}

void client_attach(struct client *client, struct host *host)
{
	const struct wr_udp_listener listener = {
		.port = CLIENT_UDP_PORT,
		.handler = on_datagram,
		.user = client,
	};

	client->host = host;
	if (wr_udp_listen(wr_stack_udp(host->stack), &listener))
		abort();
}

bool client_request(struct client *client, uint32_t i)
{
	return ask(client, wr_stack_tcp(client->host->stack), client->tcb[i]);
}

bool client_datagram(struct client *client, uint32_t i, uint64_t now_ns)
{
	const struct wr_tuple to = {
		.laddr = HOST_CLIENT_ADDR + i % HOST_CLIENT_ADDRS,
		.lport = CLIENT_UDP_PORT,
		.raddr = HOST_SERVER_ADDR,
		.rport = wr_service_echo.port,
	};

	return ask_by_datagram(client, wr_stack_udp(client->host->stack), &to, now_ns / 1000);
}
