/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>

#include "wr_ss.h"

struct text {
	char of[32];
};

static struct text end_text(uint32_t addr, uint16_t port)
{
	struct text t;

	if (addr == 0 && port == 0)
		snprintf(t.of, sizeof(t.of), "0.0.0.0:*");
	else
		snprintf(t.of, sizeof(t.of), "%u.%u.%u.%u:%u", addr >> 24, addr >> 16 & 255,
		         addr >> 8 & 255, addr & 255, port);
	return t;
}

/* Bits per second as ss writes them: "1.23Mbps". */
static struct text rate_text(double bps)
{
	static const char *const prefix[] = {"", "K", "M", "G", "T"};
	struct text t;
	unsigned i = 0;

	for (; bps >= 1000 && i < WR_LEN(prefix) - 1; i++)
		bps /= 1000;
	snprintf(t.of, sizeof(t.of), i ? "%.2f%sbps" : "%.0f%sbps", bps, prefix[i]);
	return t;
}

/* Milliseconds without needless digits: "204", "0.053". */
static struct text ms_text(uint32_t us)
{
	struct text t;

	if (us % 1000 == 0)
		snprintf(t.of, sizeof(t.of), "%u", us / 1000);
	else
		snprintf(t.of, sizeof(t.of), "%u.%03u", us / 1000, us % 1000);
	return t;
}

/* "200ms", "4.500sec", "1min59sec": as ss -o. */
static struct text timer_text(uint64_t us)
{
	uint64_t ms = us / 1000;
	struct text t;

	if (ms >= 60000)
		snprintf(t.of, sizeof(t.of), "%" PRIu64 "min%02" PRIu64 "sec", ms / 60000,
		         ms / 1000 % 60);
	else if (ms >= 1000)
		snprintf(t.of, sizeof(t.of), "%" PRIu64 ".%03" PRIu64 "sec", ms / 1000,
		         ms % 1000);
	else
		snprintf(t.of, sizeof(t.of), "%" PRIu64 "ms", ms);
	return t;
}

void wr_ss_print_header(FILE *out)
{
	fprintf(out, "%-11s %-8s %-8s %21s %21s\n", "State", "Recv-Q", "Send-Q",
	        "Local Address:Port", "Peer Address:Port");
}

static void print_options(FILE *out, const struct wr_tcp_info *i)
{
	if (i->ts)
		fputs(" ts", out);
	if (i->sack)
		fputs(" sack", out);
	if (i->ecn)
		fputs(i->accecn ? " accecn" : " ecn", out);
	if (i->fastopen)
		fputs(" fastopen", out);
	if (i->md5)
		fputs(" md5", out);
	if (i->cc)
		fprintf(out, " %s", i->cc);
	if (i->has_wscale)
		fprintf(out, " wscale:%u,%u", i->snd_wscale, i->rcv_wscale);
	if (i->nodelay)
		fputs(" nodelay", out);
}

static void print_times(FILE *out, const struct wr_tcp_info *i)
{
	fprintf(out, " rto:%s", ms_text(i->rto_us).of);
	if (i->backoff)
		fprintf(out, " backoff:%u", i->backoff);
	if (i->srtt_us)
		fprintf(out, " rtt:%s/%s", ms_text(i->srtt_us).of, ms_text(i->rttvar_us).of);
}

/* ss gives windows in segments. */
static void print_windows(FILE *out, const struct wr_tcp_info *i)
{
	uint32_t mss = wr_max(i->mss, 1);

	fprintf(out, " mss:%u cwnd:%u", i->mss, i->cwnd / mss);
	if (i->ssthresh != UINT32_MAX)
		fprintf(out, " ssthresh:%u", i->ssthresh / mss);
}

static void print_volumes(FILE *out, const struct wr_tcp_info *i)
{
	if (i->bytes_acked)
		fprintf(out, " bytes_acked:%" PRIu64, i->bytes_acked);
	if (i->bytes_in)
		fprintf(out, " bytes_received:%" PRIu64, i->bytes_in);
	if (i->delivered_ce)
		fprintf(out, " delivered_ce:%u", i->delivered_ce);
	if (i->received_ce)
		fprintf(out, " received_ce:%u", i->received_ce);
	if (i->srtt_us)
		fprintf(out, " send %s",
		        rate_text((double)i->cwnd * 8 * 1e6 / (double)i->srtt_us).of);
	fprintf(out, " lastrcv:%" PRIu64, i->idle_us / 1000);
}

/* Bytes in segments, the last one perhaps short. */
static uint32_t segments(uint32_t bytes, uint32_t mss)
{
	return bytes / mss + (bytes % mss ? 1 : 0);
}

/* As ss these are segments; retrans is the number over the connection's life. */
static void print_losses(FILE *out, const struct wr_tcp_info *i)
{
	uint32_t mss = wr_max(i->mss, 1);

	if (i->send_q > i->unsent)
		fprintf(out, " unacked:%u", segments(i->send_q - i->unsent, mss));
	if (i->rexmits)
		fprintf(out, " retrans:%u", i->rexmits);
	if (i->lost)
		fprintf(out, " lost:%u", segments(i->lost, mss));
	if (i->sacked)
		fprintf(out, " sacked:%u", segments(i->sacked, mss));
	if (i->unsent)
		fprintf(out, " notsent:%u", i->unsent);
	fprintf(out, " snd_wnd:%u rcv_wnd:%u", i->snd_wnd, i->rcv_wnd);
}

void wr_ss_print(FILE *out, const struct wr_tcp_info *info, const struct wr_ss_show *show)
{
	fprintf(out, "%-11s %-8u %-8u %21s %21s", wr_tcp_state_short[info->state], info->recv_q,
	        info->send_q, end_text(info->tuple.laddr, info->tuple.lport).of,
	        end_text(info->tuple.raddr, info->tuple.rport).of);
	if (show->timers && info->timer)
		fprintf(out, " timer:(%s,%s,%u)", info->timer, timer_text(info->timer_us).of,
		        info->backoff);
	fputc('\n', out);
	if (!show->info || info->state == WR_TCP_LISTEN || info->state == WR_TCP_TIME_WAIT)
		return;
	fputc('\t', out);
	print_options(out, info);
	print_times(out, info);
	print_windows(out, info);
	print_volumes(out, info);
	print_losses(out, info);
	fputc('\n', out);
}
