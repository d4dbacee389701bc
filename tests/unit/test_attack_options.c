/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP options, every kind and every length: in a SYN, where some of them are agreed on, and in
 * the segments of a connection. What the engine made of them is compared with a reading of
 * RFC 9293 section 3.1 that is not the engine's.
 */
#include <string.h>

#include <rte_tcp.h>

#include "attack.h"
#include "wr_test.h"

#define SPACE   40
#define MALLORY (ATTACK_FAR + 66)

static struct attack a;

/* The options of the victim's last segment. */
static struct {
	struct rte_tcp_hdr tcp;
	uint8_t option[SPACE];
	unsigned bytes, text;
} answer;

static void note_answer(struct attack *attack, const struct rte_mbuf *m)
{
	const struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(m, void *, 34);

	answer.tcp = *tcp;
	answer.bytes = (unsigned)(tcp->data_off >> 4) * 4 - 20;
	memcpy(answer.option, tcp + 1, answer.bytes);
	answer.text = m->pkt_len - 54 - answer.bytes;
}

/* What the options of a SYN agree on. */
struct agreed {
	unsigned mss; /* 0: not said */
	bool wscale, sack, timestamps;
	bool is_signed; /* RFC 2385: nobody asked for that, so it is dropped */
};

static struct agreed read_options(const uint8_t *p, unsigned bytes)
{
	struct agreed out = {0};

	for (unsigned i = 0; i < bytes && p[i] != 0;) {
		unsigned kind = p[i], len;

		if (kind == 1) {
			i++;
			continue;
		}
		len = i + 1 < bytes ? p[i + 1] : 0;
		if (len < 2 || i + len > bytes)
			break;
		if (kind == 2 && len == 4)
			out.mss = (unsigned)p[i + 2] << 8 | p[i + 3];
		out.wscale |= kind == 3 && len == 3;
		out.sack |= kind == 4 && len == 2;
		out.timestamps |= kind == 8 && len == 10;
		out.is_signed |= kind == 19 && len == 18;
		i += len;
	}
	return out;
}

static void open_attack(void)
{
	struct wr_stack_conf conf;

	attack_conf(&conf);
	conf.tcp.half_open = 256;
	attack_open(&a, &conf);
	a.on_frame = note_answer;
}

static void give(const struct craft_tcp *tcp)
{
	memset(&answer, 0, sizeof(answer));
	attack_segment(&a, MALLORY, tcp);
	wire_run(&a.wire, 0);
}

/* Of the options that write_options() wrote last. */
static unsigned kind_now, len_now, before_now;

/* The option, after `before` no-operations, with a right MSS behind it. */
static unsigned write_options(uint8_t *out, unsigned kind, unsigned len, unsigned before)
{
	kind_now = kind;
	len_now = len;
	before_now = before;
	memset(out, 1, SPACE);
	out[before] = (uint8_t)kind;
	if (before + 1 < SPACE)
		out[before + 1] = (uint8_t)len;
	for (unsigned i = before + 2; i < before + len && i < SPACE; i++)
		out[i] = (uint8_t)(3 + i * 5);
	if (before + len + 4 <= SPACE)
		memcpy(out + before + len, (const uint8_t[]) {2, 4, 3, 232}, 4);
	return SPACE;
}

/* The handshake is completed: segments are as long as the peer's option says, or 536. */
static void check_mss(unsigned asked)
{
	struct wr_tcp *tcp = wr_stack_tcp(a.wire.host[0].core[0]);
	const struct wr_tcp_filter filter = {.rport = 3000};
	uint32_t expected = wr_max(asked ? asked : 536, 88), cursor = 0;
	const struct craft_tcp ack = {.sport = 3000,
	                              .dport = 7,
	                              .seq = 101,
	                              .ack = rte_be_to_cpu_32(answer.tcp.sent_seq) + 1,
	                              .flags = WR_TCP_ACK,
	                              .wnd = 5000};
	struct wr_tcp_info info;

	give(&ack);
	assert_int_equal(wr_tcp_dump(tcp, &filter, 1, &cursor, UINT32_MAX, &info, 1,
	                             a.wire.now_ns / 1000),
	                 1);
	if (info.mss != wr_min(expected, 1460))
		fail_msg("option %u, length %u at %u: MSS %u", kind_now, len_now, before_now,
		         info.mss);
}

static void check_syn(const uint8_t *options, unsigned bytes)
{
	struct craft_tcp syn = {.sport = 3000,
	                        .dport = 7,
	                        .seq = 100,
	                        .flags = WR_TCP_SYN,
	                        .wnd = 5000,
	                        .options = options,
	                        .options_len = (uint8_t)bytes};
	struct craft_tcp rst = {.sport = 3000, .dport = 7, .seq = 101, .flags = WR_TCP_RST};
	struct agreed asked = read_options(options, bytes), got;

	give(&syn);
	if (asked.is_signed) {
		assert_int_equal(answer.tcp.tcp_flags, 0);
		return;
	}
	if (answer.tcp.tcp_flags != (WR_TCP_SYN | WR_TCP_ACK))
		fail_msg("no SYN-ACK for option %u, length %u at %u", kind_now, len_now,
		         before_now);
	got = read_options(answer.option, answer.bytes);
	if (got.wscale != asked.wscale || got.sack != asked.sack ||
	    got.timestamps != asked.timestamps || got.mss != 1460)
		fail_msg("option %u, length %u at %u is taken for another", kind_now, len_now,
		         before_now);
	if (!asked.timestamps)
		check_mss(asked.mss);
	give(&rst);
}

static void every_option_of_every_length_in_a_syn(void **state)
{
	uint8_t options[SPACE];

	open_attack();
	for (unsigned kind = 0; kind < 256; kind++) {
		for (unsigned len = 0; len <= SPACE; len++) {
			for (unsigned before = 0; before < 4; before++)
				check_syn(options, write_options(options, kind, len, before));
		}
	}
	/* At the very end, where only the kind fits, or the kind and the length. */
	for (unsigned kind = 0; kind < 256; kind++) {
		for (unsigned before = SPACE - 4; before < SPACE; before++)
			check_syn(options, write_options(options, kind, 3, before));
	}
	attack_judge(&a);
	attack_close(&a);
}

/* Text with the option on a connection that agreed on `with`: delivered, if nothing forbids. */
static void check_segment(struct craft_tcp *tcp, const uint8_t *options, bool timestamps)
{
	struct agreed said = read_options(options, SPACE);
	uint32_t before = answer.tcp.recv_ack;

	tcp->options = options;
	tcp->options_len = SPACE;
	give(tcp);
	if (said.is_signed || (timestamps && !said.timestamps)) {
		if (answer.text)
			fail_msg("text came back in spite of option %u, length %u", options[0],
			         options[1]);
		return;
	}
	if (answer.text != 1) /* a forged timestamp may be old: an ACK says so */
		assert_true(timestamps && answer.tcp.tcp_flags == WR_TCP_ACK);
	else
		tcp->seq++, tcp->ack++;
	assert_true(before == 0 || answer.tcp.recv_ack != 0);
}

static void try_segments(bool timestamps, uint16_t port)
{
	static const uint8_t agree[12] = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0};
	struct craft_tcp tcp = {
		.sport = port, .dport = 7, .seq = 100, .flags = WR_TCP_SYN, .wnd = 60000};
	uint8_t options[SPACE];

	tcp.options = agree;
	tcp.options_len = timestamps ? sizeof(agree) : 0;
	give(&tcp);
	tcp.seq = 101;
	tcp.ack = rte_be_to_cpu_32(answer.tcp.sent_seq) + 1;
	tcp.flags = WR_TCP_ACK | WR_TCP_PSH;
	tcp.text = "x";
	tcp.text_len = 1;
	for (unsigned kind = 0; kind < 256; kind++) {
		for (unsigned len = 0; len <= SPACE; len++) {
			write_options(options, kind, len, 0);
			check_segment(&tcp, options, timestamps);
		}
	}
	tcp.flags = WR_TCP_RST;
	tcp.text_len = 0;
	give(&tcp);
}

static void every_option_of_every_length_in_a_segment(void **state)
{
	open_attack();
	try_segments(false, 3000);
	try_segments(true, 3001);
	attack_judge(&a);
	attack_close(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_of_every_length_in_a_syn),
		cmocka_unit_test(every_option_of_every_length_in_a_segment),
	};

	wr_test_eal(256);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
