/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of sockets, and what can be asked about them. */

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "drill.h"

/* ---- TCP_INFO ---- */

static uint8_t linux_state(const struct drill_socket *s, const struct wr_tcp_info *i)
{
	static const uint8_t state[] = {
		[WR_TCP_CLOSED] = 7,       [WR_TCP_LISTEN] = 10,     [WR_TCP_SYN_SENT] = 2,
		[WR_TCP_SYN_RECEIVED] = 3, [WR_TCP_ESTABLISHED] = 1, [WR_TCP_FIN_WAIT_1] = 4,
		[WR_TCP_FIN_WAIT_2] = 5,   [WR_TCP_CLOSE_WAIT] = 8,  [WR_TCP_CLOSING] = 11,
		[WR_TCP_LAST_ACK] = 9,     [WR_TCP_TIME_WAIT] = 6,
	};

	return state[s->listens ? WR_TCP_LISTEN : i->state];
}

static void fill_info(struct drill *d, const struct drill_socket *s, struct tcp_info *out)
{
	struct wr_tcp_info i = {.state = WR_TCP_CLOSED, .mss = 1};

	if (s->c)
		wr_tcp_info_get(d->tcp, s->c, &i);
	*out = (struct tcp_info) {
		.tcpi_state = linux_state(s, &i),
		.tcpi_ca_state = i.recovery,
		.tcpi_backoff = i.backoff,
		.tcpi_options = (i.ts ? TCPI_OPT_TIMESTAMPS : 0) |
	                        (i.sack ? TCPI_OPT_SACK : 0) |
	                        (i.has_wscale ? TCPI_OPT_WSCALE : 0),
		.tcpi_snd_wscale = i.snd_wscale & 15u,
		.tcpi_rcv_wscale = i.rcv_wscale & 15u,
		.tcpi_rto = i.rto_us,
		.tcpi_snd_mss = i.mss,
		.tcpi_advmss = i.advmss,
		.tcpi_unacked = (i.flight + i.mss - 1) / i.mss,
		.tcpi_sacked = (i.sacked + i.mss - 1) / i.mss,
		.tcpi_lost = (i.lost + i.mss - 1) / i.mss,
		.tcpi_retrans = (i.again + i.mss - 1) / i.mss,
		.tcpi_rtt = i.srtt_us,
		.tcpi_rttvar = i.rttvar_us,
		.tcpi_snd_ssthresh = i.ssthresh == UINT32_MAX ? 0x7fffffff : i.ssthresh / i.mss,
		.tcpi_snd_cwnd = i.cwnd / i.mss,
		.tcpi_reordering = RTE_MAX(i.reordering, 3u),
		.tcpi_total_retrans = i.rexmits,
		.tcpi_bytes_acked = i.bytes_acked,
		.tcpi_bytes_received = i.bytes_in,
		.tcpi_notsent_bytes = i.unsent,
		.tcpi_snd_wnd = i.snd_wnd,
	};
}

/* ---- getsockopt ---- */

static int value_of(struct drill *d, struct drill_socket *s, int level, int name)
{
	struct tcp_info info;

	fill_info(d, s, &info);
	if (level == SOL_SOCKET && name == SO_ERROR)
		return drill_error(s);
	if (level == SOL_SOCKET && name == SO_SNDBUF)
		return (int)d->conf.tcp.snd_buf;
	if (level == SOL_SOCKET && name == SO_RCVBUF)
		return (int)d->conf.tcp.rcv_buf;
	if (level == IPPROTO_TCP && name == TCP_MAXSEG)
		return s->c ? (int)info.tcpi_snd_mss : s->options.mss ? s->options.mss : 536;
	if (level == IPPROTO_TCP && name == TCP_NODELAY)
		return s->options.nodelay;
	if (level == IPPROTO_TCP && name == TCP_CORK)
		return s->options.cork;
	if (level == IPPROTO_TCP && name == TCP_USER_TIMEOUT)
		return (int)s->options.user_timeout_ms;
	return 0;
}

static int get_option(void *userdata, int fd, int level, int name, void *value, socklen_t *len)
{
	struct tcp_info info;
	int number;

	DRILL_CALL(s, userdata, fd);
	if (level == IPPROTO_TCP && name == TCP_CC_INFO)
		*len = 0;
	memset(value, 0, *len);
	if (level == IPPROTO_TCP && name == TCP_INFO) {
		fill_info(s->drill, s, &info);
		memcpy(value, &info, RTE_MIN(*len, sizeof(info)));
	} else {
		number = value_of(s->drill, s, level, name);
		memcpy(value, &number, RTE_MIN(*len, sizeof(number)));
	}
	return 0;
}

/* ---- setsockopt ---- */

static int set_tcp_option(struct wr_tcp_options *o, int name, uint32_t n)
{
	switch (name) {
	case TCP_NODELAY:
		o->nodelay = n;
		return 0;
	case TCP_CORK:
		o->cork = n;
		return 0;
	case TCP_MAXSEG:
		o->mss = (uint16_t)n;
		return n < 88 || n > UINT16_MAX ? EINVAL : 0;
	case TCP_USER_TIMEOUT:
		o->user_timeout_ms = n;
		return 0;
	case TCP_KEEPIDLE:
		o->keepalive_idle_s = n;
		return 0;
	case TCP_KEEPINTVL:
		o->keepalive_interval_s = n;
		return 0;
	case TCP_KEEPCNT:
		o->keepalive_probes = (uint8_t)n;
		return 0;
	default:
		return ENOPROTOOPT;
	}
}

static int set_one(struct drill_socket *s, int level, int name, const void *value,
                   socklen_t len)
{
	const struct linger *linger = value;
	uint32_t n = 0;

	memcpy(&n, value, RTE_MIN(len, sizeof(n)));
	if (level == IPPROTO_TCP)
		return set_tcp_option(&s->options, name, n);
	if (level == IPPROTO_IP && name == IP_TOS)
		s->options.tos = (uint8_t)n;
	if (level == IPPROTO_IP && name == IP_TTL)
		s->options.ttl = (uint8_t)n;
	if (level == SOL_SOCKET && name == SO_KEEPALIVE)
		s->options.keepalive = n;
	if (level == SOL_SOCKET && name == SO_LINGER)
		s->resets_at_close = linger->l_onoff && linger->l_linger == 0;
	return 0;
}

static int set_option(void *userdata, int fd, int level, int name, const void *value,
                      socklen_t len)
{
	int error;

	DRILL_CALL(s, userdata, fd);
	error = set_one(s, level, name, value, len);
	if (error == 0 && s->c)
		wr_tcp_set_options(s->drill->tcp, s->c, &s->options);
	return error == 0 && s->listens ? drill_listen_anew(s) : drill_fail(error);
}

static int control(void *userdata, int fd, int command, ...)
{
	va_list ap;

	DRILL_CALL(s, userdata, fd);
	if (command == F_GETFL)
		return O_RDWR | (s->nonblocking ? O_NONBLOCK : 0);
	if (command != F_SETFL)
		return drill_fail(EINVAL);
	va_start(ap, command);
	s->nonblocking = va_arg(ap, int) & O_NONBLOCK;
	va_end(ap);
	return 0;
}

static int look_at_queues(void *userdata, int fd, unsigned long request, ...)
{
	va_list ap;
	uint32_t n;

	DRILL_CALL(s, userdata, fd);
	if (!s->c || (request != SIOCINQ && request != SIOCOUTQ))
		return drill_fail(EINVAL);
	n = request == SIOCINQ ? wr_tcp_peek(s->c, NULL, INT32_MAX) : wr_tcp_queued(s->c);
	va_start(ap, request);
	*va_arg(ap, int *) = (int)n;
	va_end(ap);
	return 0;
}

void drill_fill_options(struct drill_table *table)
{
	table->getsockopt = get_option;
	table->setsockopt = set_option;
	table->fcntl = control;
	table->ioctl = look_at_queues;
}
