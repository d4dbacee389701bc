/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "keys.h"

#define BUFS_LEAST 16384 /* packet buffers of a core */
#define BUFS_MOST  262144

#define RCV_BUF_MAX (6u << 20) /* bytes, as Linux */
#define SND_BUF_MAX (4u << 20)
#define TUNES_MOST  4096 /* connections of a core whose window grows */

unsigned wr_conf_bufs(const struct wr_conf *conf)
{
	uint32_t wish = (uint32_t)(conf->connections / 2);

	if (conf->bufs)
		return (unsigned)conf->bufs;
	return wr_min(wr_max(wish, BUFS_LEAST), BUFS_MOST);
}

int wr_conf_impair(const struct wr_conf *conf, enum wr_impair_side side,
                   struct wr_impair_conf *out, const char **key, struct wr_err *err)
{
	static const char *const keys[WR_IMPAIR_SIDES] = {"impair-rx", "impair-tx"};
	const char *own = side == WR_IMPAIR_RX ? conf->impair_rx : conf->impair_tx;
	const char *text = own[0] ? own : conf->impair;
	int rc = wr_impair_parse(text[0] ? text : "none", out, err);

	if (key)
		*key = own[0] ? keys[side] : "impair";
	if (!out->limit)
		out->limit = wr_min(wr_conf_bufs(conf) / 8, WR_IMPAIR_LIMIT_MAX);
	return rc;
}

static void fill_ip(const struct wr_conf *conf, struct wr_ip_conf *ip)
{
	memcpy(ip->addr, conf->ip.addr, sizeof(ip->addr));
	ip->addrs = conf->ip.count;
	memcpy(ip->range, conf->client_ip.range, sizeof(ip->range));
	ip->ranges = conf->client_ip.count;
	ip->gateway = conf->gateway;
	ip->mtu = (uint16_t)conf->mtu;
	ip->neighbours = (unsigned)conf->arp_entries;
	ip->reassemblies = (unsigned)conf->reassemblies;
	ip->paths = (unsigned)conf->paths;
	ip->path_age_us = conf->path_age_us;
	ip->arp_age_us = conf->arp_age_us;
	ip->icmp_errors_per_s = (unsigned)conf->icmp_errors_per_s;
	ip->ttl = (uint8_t)conf->ttl;
}

/* How far a buffer grows: as said; not at all if only its size at first was said. */
static uint32_t grown(const struct wr_conf *conf, const char *first, uint64_t first_bytes,
                      uint64_t max_bytes, uint32_t preset)
{
	if (max_bytes)
		return (uint32_t)max_bytes;
	return wr_conf_is_given(conf, first) ? (uint32_t)first_bytes : preset;
}

/* Who is a peer of a service may be an attacker; whom a load asks is what it measures. */
static uint32_t evict_shut_ms(const struct wr_conf *conf)
{
	if (conf->evict_shut_us)
		return (uint32_t)(conf->evict_shut_us / 1000);
	return conf->command == WR_CONF_LOAD ? 4000 : 100;
}

static void fill_tcp_sizes(const struct wr_conf *conf, struct wr_tcp_conf *tcp)
{
	uint64_t window = conf->window_scaling ? UINT32_MAX : UINT16_MAX;

	tcp->connections = (uint32_t)conf->connections;
	tcp->half_open = (uint32_t)conf->backlog;
	tcp->time_waits = (uint32_t)conf->time_wait_entries;
	tcp->reorders = (uint32_t)conf->reorders;
	tcp->repairs = wr_max(tcp->reorders, tcp->connections / 8);
	tcp->paths = wr_min(tcp->repairs, 65536);
	tcp->rcv_buf = (uint32_t)(conf->rcv_buf < window ? conf->rcv_buf : window);
	tcp->rcv_buf_max =
		grown(conf, "rcv-buf", conf->rcv_buf, conf->rcv_buf_max, RCV_BUF_MAX);
	tcp->snd_buf = (uint32_t)conf->snd_buf;
	tcp->snd_buf_max =
		grown(conf, "snd-buf", conf->snd_buf, conf->snd_buf_max, SND_BUF_MAX);
	tcp->tunes = wr_min(tcp->connections, TUNES_MOST);
	tcp->ooo_bytes = (uint32_t)conf->ooo_bytes;
	tcp->ooo_pieces = (uint16_t)conf->ooo_pieces;
	tcp->syn_cookies = (uint8_t)conf->syn_cookies;
	tcp->listener_connections = (uint32_t)conf->max_connections;
	tcp->source_connections = (uint32_t)conf->max_connections_per_source;
	tcp->mtu_probing = (uint8_t)conf->mtu_probing;
	tcp->mtu_base_mss = (uint16_t)conf->mtu_base_mss;
	tcp->mtu_floor_mss = (uint16_t)conf->mtu_floor_mss;
	tcp->held_bufs =
		conf->held_bufs ? (uint32_t)conf->held_bufs : wr_conf_bufs(conf) / 4 * 3;
	tcp->evict_shut_ms = evict_shut_ms(conf);
	tcp->challenges_per_s = (uint16_t)conf->challenges_per_s;
	tcp->rsts_per_s = (uint32_t)conf->resets_per_s;
}

/* What peers can tell implementations apart by. */
static void fill_tcp_dialect(const struct wr_conf *conf, struct wr_tcp_conf *tcp)
{
	if (conf->window_scale)
		tcp->wscale_offer = (uint8_t)conf->window_scale;
	tcp->first_window = (uint32_t)conf->first_window;
	tcp->option_order = (uint8_t)conf->option_order;
	tcp->ts_required = conf->timestamps_required;
	tcp->quick_acks = (uint8_t)conf->quick_acks;
	tcp->prompt_acks = (uint8_t)conf->prompt_acks;
	tcp->delack_fin = conf->delack_fin;
	tcp->dup_ack_delay_us = (uint32_t)conf->dup_ack_delay_us;
	tcp->push_bursts = conf->push_bursts;
	tcp->ss_burst = (uint16_t)wr_min((uint32_t)conf->slow_start_burst, UINT16_MAX);
	tcp->grow_half = conf->grow_half;
	tcp->grow_by_news = conf->grow_by_news;
	tcp->rto_slack_us = (uint32_t)conf->rto_slack_us;
}

static void fill_tcp(const struct wr_conf *conf, struct wr_tcp_conf *tcp)
{
	wr_tcp_conf_default(tcp, (uint16_t)conf->mtu);
	fill_tcp_sizes(conf, tcp);
	fill_tcp_dialect(conf, tcp);
	tcp->timestamps = conf->timestamps;
	tcp->sack = conf->sack;
	tcp->wscale = conf->window_scaling;
	tcp->mss = (uint16_t)(conf->mss ? conf->mss : conf->mtu - 40);
	tcp->mss_min = (uint16_t)conf->mss_min;
	tcp->cc = conf->cc;
	tcp->ecn = (uint8_t)conf->ecn;
	tcp->pacing = conf->pacing;
	tcp->iw_segments = (uint8_t)conf->iw;
	tcp->idle_restart = conf->idle_restart;
	tcp->rack = conf->rack;
	tcp->tlp = conf->tlp;
	tcp->tlp_recovery = conf->tlp_recovery;
	tcp->tlp_no_sack = conf->tlp_no_sack;
	tcp->prr = conf->prr;
	tcp->frto = conf->frto;
	tcp->dsack = conf->dsack;
	tcp->delack_us = (uint32_t)conf->delack_us;
	tcp->rto_initial_us = (uint32_t)conf->rto_initial_us;
	tcp->rto_min_us = (uint32_t)conf->rto_min_us;
	tcp->rto_max_us = (uint32_t)conf->rto_max_us;
	tcp->r1_rexmits = (uint32_t)conf->r1_rexmits;
	tcp->r2_us = conf->r2_us;
	tcp->r2_syn_us = conf->syn_r2_us;
	tcp->synack_retries = (uint8_t)conf->synack_retries;
	tcp->time_wait_us = conf->time_wait_us;
	tcp->time_wait_reuse_us = conf->time_wait_reuse_us;
	tcp->fin_wait2_us = conf->fin_wait2_us;
	tcp->orphan_retries = (uint8_t)conf->orphan_retries;
	tcp->orphans = (uint32_t)conf->orphans;
}

/* One for each address of ours and the target, and some. */
static uint32_t fastopen_peers(const struct wr_conf *conf)
{
	uint64_t addresses = conf->ip.count;

	for (unsigned i = 0; i < conf->client_ip.count; i++)
		addresses += conf->client_ip.range[i].last - conf->client_ip.range[i].first + 1;
	return addresses < 32768 ? 64 + 2 * (uint32_t)addresses : 65536;
}

static void fill_fastopen(const struct wr_conf *conf, struct wr_tcp_conf *tcp)
{
	tcp->fastopen_pending = (uint32_t)conf->fastopen_pending;
	tcp->fastopen_keys = (uint8_t)conf->fastopen_key.count;
	memcpy(tcp->fastopen_key, conf->fastopen_key.key, sizeof(tcp->fastopen_key));
	tcp->fastopen_peers = conf->load.fastopen ? fastopen_peers(conf) : 0;
}

static void fill_md5(const struct wr_conf *conf, struct wr_stack_conf *stack)
{
	bool ours = conf->command != WR_CONF_LOAD;

	for (unsigned i = 0; i < conf->md5.count; i++) {
		const struct wr_conf_md5_key *from = &conf->md5.key[i];
		struct wr_tcp_md5_key *to = &stack->md5[stack->md5_keys++];

		to->lport = ours ? from->port : 0;
		to->rport = ours ? 0 : from->port;
		to->raddr = from->net.addr;
		to->prefix = from->net.prefix;
		to->bytes = (uint8_t)strlen(from->key);
		memcpy(to->key, from->key, to->bytes);
	}
}

void wr_conf_options(const struct wr_conf *conf, bool nodelay, struct wr_tcp_options *options)
{
	wr_tcp_options_default(options);
	options->nodelay = conf->nagle == WR_CONF_NAGLE_OFF ||
	                   (conf->nagle == WR_CONF_NAGLE_AUTO && nodelay);
	options->keepalive = conf->keepalive;
	options->tos = (uint8_t)(conf->dscp << 2);
	options->keepalive_probes = (uint8_t)conf->keepalive_probes;
	options->keepalive_idle_s = (uint32_t)(conf->keepalive_idle_us / 1000000);
	options->keepalive_interval_s = (uint32_t)(conf->keepalive_interval_us / 1000000);
	options->user_timeout_ms = (uint32_t)(conf->user_timeout_us / 1000);
	options->idle_timeout_ms = (uint32_t)(conf->idle_timeout_us / 1000);
	options->total_timeout_ms = (uint32_t)(conf->total_timeout_us / 1000);
}

void wr_conf_stack(const struct wr_conf *conf, struct wr_stack_conf *stack)
{
	memset(stack, 0, sizeof(*stack));
	fill_ip(conf, &stack->ip);
	fill_tcp(conf, &stack->tcp);
	fill_fastopen(conf, &stack->tcp);
	fill_md5(conf, stack);
	stack->request_timeout_us = conf->request_timeout_us;
	stack->services = conf->service.count;
	for (unsigned i = 0; i < conf->service.count; i++) {
		const struct wr_conf_listener *from = &conf->service.listener[i];
		struct wr_stack_service *to = &stack->service[i];

		to->service = from->service;
		to->addr = from->addr;
		to->port = from->port;
		to->tcp = from->tcp;
		to->udp = from->udp;
		wr_conf_options(conf, from->service->nodelay, &to->options);
		to->options.cc = from->cc;
		stack->tcp.rates |= from->cc.ops && from->cc.ops->model;
		to->options.fastopen = wr_conf_port_set_has(&conf->fastopen_ports, from->port);
		if (!wr_conf_is_given(conf, "idle-timeout"))
			to->options.idle_timeout_ms = from->service->idle_timeout_ms;
	}
}
