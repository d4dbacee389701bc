/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames of every shape, beside honest clients: cut in pieces, too short, too long, tagged,
 * with lengths and checksums that lie; ARP that lies; datagrams that ask for more than they
 * bring.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "attack.h"
#include "wr_chain.h"
#include "wr_test.h"

#define ETHER   14
#define MALLORY (ATTACK_FAR + 66)

static struct attack a;

/* What the victim last sent to the attacker. */
static struct {
	struct rte_ipv4_hdr ip;
	struct rte_tcp_hdr tcp;
	uint32_t text; /* bytes */
} answer;

static void note_answer(struct attack *attack, const struct rte_mbuf *m)
{
	uint8_t head[ETHER + 40] = {0};
	uint32_t bytes = m->pkt_len < sizeof(head) ? m->pkt_len : (uint32_t)sizeof(head);

	wr_chain_copy(head, m, 0, bytes);
	memcpy(&answer.ip, head + ETHER, sizeof(answer.ip));
	memcpy(&answer.tcp, head + ETHER + 20, sizeof(answer.tcp));
	answer.text = m->pkt_len - ETHER - 20 - (answer.tcp.data_off >> 4) * 4;
}

static void begin(const struct wr_stack_conf *conf)
{
	attack_open(&a, conf);
	memset(&answer, 0, sizeof(answer));
	a.on_frame = note_answer;
}

static void end(void)
{
	attack_judge(&a);
	attack_close(&a);
}

static uint64_t verdict(enum wr_verdict which)
{
	return attack_stats(&a)->verdict[which];
}

static uint8_t *at(struct rte_mbuf *m, unsigned off)
{
	return rte_pktmbuf_mtod_offset(m, uint8_t *, off);
}

static void sum_ip(struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *h = (void *)at(m, ETHER);

	h->hdr_checksum = 0;
	h->hdr_checksum = (uint16_t)~rte_raw_cksum(h, (size_t)(h->version_ihl & 15) * 4);
}

/* The same frame in buffers of `step` bytes. */
static struct rte_mbuf *in_pieces(struct rte_mbuf *m, uint32_t step)
{
	struct rte_mbuf *head = NULL;

	for (uint32_t off = 0; off < m->pkt_len; off += step) {
		uint32_t part = off + step < m->pkt_len ? step : m->pkt_len - off;
		struct rte_mbuf *next = rte_pktmbuf_alloc(attack_pool(&a));

		assert_non_null(next);
		wr_chain_copy(rte_pktmbuf_append(next, (uint16_t)part), m, off, part);
		if (!head)
			head = next;
		else
			assert_int_equal(rte_pktmbuf_chain(head, next), 0);
	}
	rte_pktmbuf_free(m);
	return head;
}

static struct rte_mbuf *segment(const struct craft_tcp *tcp)
{
	const struct craft_path path = attack_path(MALLORY);

	return craft_tcp(attack_pool(&a), &path, tcp);
}

/* A frame goes in as `shape` makes it, and what it draws comes out. */
static void give(struct rte_mbuf *m, struct rte_mbuf *(*shape)(struct rte_mbuf *, uint32_t),
                 uint32_t how)
{
	attack_frame(&a, shape(m, how));
	wire_run(&a.wire, 0);
}

/* A connection, an echo and a close, of frames of that shape. */
static void talk(uint16_t port, struct rte_mbuf *(*shape)(struct rte_mbuf *, uint32_t),
                 uint32_t how)
{
	static const char text[] = "all the frames of this connection have an odd shape";
	struct craft_tcp tcp = {
		.sport = port, .dport = 7, .seq = 100, .flags = WR_TCP_SYN, .wnd = 5000};

	give(segment(&tcp), shape, how);
	assert_int_equal(answer.tcp.tcp_flags, WR_TCP_SYN | WR_TCP_ACK);
	tcp.seq = 101;
	tcp.ack = rte_be_to_cpu_32(answer.tcp.sent_seq) + 1;
	tcp.flags = WR_TCP_ACK | WR_TCP_PSH;
	tcp.text = text;
	tcp.text_len = sizeof(text);
	give(segment(&tcp), shape, how);
	assert_int_equal(answer.text, sizeof(text));
	tcp.seq += (uint32_t)sizeof(text);
	tcp.ack += (uint32_t)sizeof(text);
	tcp.flags = WR_TCP_RST;
	tcp.text_len = 0;
	give(segment(&tcp), shape, how);
}

static void frames_cut_anywhere_are_read(void **state)
{
	begin(NULL);
	for (uint32_t step = 1; step <= 120; step++)
		talk((uint16_t)(3000 + step), in_pieces, step);
	end();
}

static struct rte_mbuf *padded(struct rte_mbuf *m, uint32_t bytes)
{
	memset(rte_pktmbuf_append(m, (uint16_t)bytes), 0xee, bytes);
	return m;
}

static struct rte_mbuf *tagged(struct rte_mbuf *m, uint32_t id)
{
	uint8_t *frame;

	assert_non_null(rte_pktmbuf_prepend(m, 4));
	frame = rte_pktmbuf_mtod(m, uint8_t *);
	memmove(frame, frame + 4, 12);
	frame[12] = 0x81;
	frame[13] = 0;
	frame[14] = (uint8_t)(id >> 8);
	frame[15] = (uint8_t)id;
	return m;
}

static void padding_and_priority_tags_are_no_text(void **state)
{
	struct craft_tcp tcp = {.sport = 99, .dport = 7, .flags = WR_TCP_SYN, .wnd = 5000};

	begin(NULL);
	for (uint32_t bytes = 1; bytes < 64; bytes++)
		talk((uint16_t)(3000 + bytes), padded, bytes);
	for (uint32_t priority = 0; priority < 8; priority++)
		talk((uint16_t)(3100 + priority), tagged, priority << 13);
	for (uint32_t vlan = 1; vlan < 4096; vlan += 13)
		attack_frame(&a, tagged(segment(&tcp), vlan));
	assert_int_equal(verdict(WR_V_eth_unknown_type), 4094 / 13 + 1);
	end();
}

static void runts_of_every_length_are_dropped(void **state)
{
	struct craft_tcp tcp = {.sport = 99,
	                        .dport = 7,
	                        .flags = WR_TCP_SYN,
	                        .wnd = 5000,
	                        .text = "some text",
	                        .text_len = 9};

	begin(NULL);
	for (uint32_t bytes = 0; bytes < ETHER + 40 + 9; bytes++) {
		for (uint32_t step = 1; step < 64; step += 9) {
			struct rte_mbuf *m = segment(&tcp);

			rte_pktmbuf_trim(m, (uint16_t)(m->pkt_len - bytes));
			attack_frame(&a, step == 1 || bytes == 0 ? m : in_pieces(m, step));
		}
	}
	assert_int_equal(a.frames_out, 0);
	assert_int_equal(verdict(WR_V_tcp_syn_received), a.client[1].done + 2);
	end();
}

/* Chains longer than any buffer: text and headers in places where nobody looks. */
static void giants_are_survived(void **state)
{
	struct rte_ipv4_hdr *ip;

	begin(NULL);
	for (uint32_t step = 8; step < 1500; step += 31) {
		struct craft_tcp tcp = {.sport = 99, .dport = 7, .flags = WR_TCP_SYN};
		struct rte_mbuf *m = segment(&tcp);

		for (unsigned left = 9000; left;) {
			struct rte_mbuf *more = rte_pktmbuf_alloc(attack_pool(&a));
			uint16_t part = (uint16_t)wr_min(left, 1800);

			memset(rte_pktmbuf_append(more, part), 0x5a, part);
			rte_pktmbuf_chain(m, more);
			left -= part;
		}
		ip = (void *)at(m, ETHER);
		ip->total_length = rte_cpu_to_be_16((uint16_t)(m->pkt_len - ETHER));
		ip->next_proto_id = step % 2 ? IPPROTO_TCP : IPPROTO_UDP;
		sum_ip(m);
		attack_frame(&a, in_pieces(m, step));
	}
	assert_int_equal(answer.text, 0);
	end();
}

/* ---- lengths that lie: AMNESIA:33, INFRA:HALT, Ripple20 ---- */

/* An ICMP echo or a segment whose three lengths are any; right checksums wherever it can be. */
static struct rte_mbuf *lying(uint8_t proto, uint32_t ihl, uint32_t total, uint32_t offset)
{
	struct craft_tcp tcp = {.sport = 99,
	                        .dport = 4444,
	                        .flags = WR_TCP_SYN,
	                        .text = "0123456789abcdef0123456789abcdef0123456789abcdef",
	                        .text_len = 48};
	struct rte_mbuf *m = segment(&tcp);
	struct rte_ipv4_hdr *ip = (void *)at(m, ETHER);
	uint8_t *l4 = at(m, ETHER + ihl * 4);
	uint32_t l4_len = total > ihl * 4 ? total - ihl * 4 : 0;

	ip->version_ihl = (uint8_t)(0x40 | ihl);
	ip->total_length = rte_cpu_to_be_16((uint16_t)total);
	ip->next_proto_id = proto;
	if (ihl > 5)
		memset(ip + 1, 1, (ihl - 5) * 4); /* no-operation */
	if (ihl >= 5 && total <= m->pkt_len - ETHER && l4_len >= 20) {
		struct rte_tcp_hdr *h = (void *)l4;

		memset(l4, 0, l4_len);
		h->src_port = RTE_BE16(99);
		h->dst_port = RTE_BE16(4444);
		h->tcp_flags = WR_TCP_SYN;
		h->data_off = (uint8_t)(offset << 4);
		ip->hdr_checksum = 0;
		h->cksum = rte_ipv4_phdr_cksum(ip, 0);
		h->cksum = (uint16_t)~rte_raw_cksum(l4, l4_len);
	}
	if (proto == IPPROTO_ICMP && l4_len >= 8 && total <= m->pkt_len - ETHER) {
		memset(l4, 0, l4_len);
		l4[0] = RTE_IP_ICMP_ECHO_REQUEST;
		l4[2] = (uint8_t)~RTE_IP_ICMP_ECHO_REQUEST;
		l4[3] = 0xff;
	}
	sum_ip(m);
	return m;
}

static void lengths_that_do_not_fit_are_dropped(void **state)
{
	struct wr_stack_conf conf;
	uint32_t frame = 20 + 20 + 48;

	attack_conf(&conf);
	conf.tcp.rsts_per_s = 1000000;
	begin(&conf);
	for (uint32_t ihl = 0; ihl < 16; ihl++) {
		for (uint32_t total = 0; total < frame + 9; total++) {
			for (uint32_t offset = 0; offset < 16; offset++) {
				bool good = ihl >= 5 && total <= frame && offset >= 5 &&
				            total >= ihl * 4 + offset * 4;
				uint64_t before = a.frames_out;

				attack_frame(&a, lying(IPPROTO_TCP, ihl, total, offset));
				wire_run(&a.wire, 0);
				if (a.frames_out - before != good)
					fail_msg("ihl %u, total %u, offset %u", ihl, total,
					         offset);
			}
		}
	}
	end();
}

static void short_echoes_are_dropped(void **state)
{
	begin(NULL);
	for (uint32_t ihl = 0; ihl < 16; ihl++) {
		for (uint32_t total = 0; total < 97; total++) {
			bool good = ihl >= 5 && total >= ihl * 4 + 8 && total <= 88;
			uint64_t before = a.frames_out, bytes = a.bytes_out;
			uint64_t asked = wr_min(ETHER + total, ETHER + 88);

			attack_frame(&a, lying(IPPROTO_ICMP, ihl, total, 0));
			wire_run(&a.wire, 0);
			if (a.frames_out - before != good || a.bytes_out - bytes > asked)
				fail_msg("ihl %u, total %u", ihl, total);
		}
	}
	end();
}

/* URGENT/11, CVE-2019-12256: options are never written into an answer. */
static void ip_options_of_every_kind_and_length_are_not_answered_with(void **state)
{
	begin(NULL);
	for (unsigned kind = 0; kind < 256; kind++) {
		for (unsigned len = 0; len <= 40; len++) {
			struct rte_mbuf *m = lying(IPPROTO_ICMP, 15, 84, 0);
			uint8_t *option = at(m, ETHER + 20);

			memset(option, 0, 40);
			option[0] = (uint8_t)kind;
			option[1] = (uint8_t)len;
			option[2] = (uint8_t)(len * 7); /* a pointer past the end, mostly */
			sum_ip(m);
			answer.ip.version_ihl = RTE_IPV4_VHL_DEF;
			attack_frame(&a, m);
			wire_run(&a.wire, 0);
			assert_int_equal(answer.ip.version_ihl, RTE_IPV4_VHL_DEF);
		}
	}
	assert_true(a.bytes_out <= a.bytes_in);
	/* Source routes of any length: none was answered. */
	assert_true(verdict(WR_V_ip_source_route) >= 2 * 38);
	end();
}

/* ---- checksums that the port vouches for, or does not ---- */

static void only_a_port_that_checks_is_believed(void **state)
{
	static const uint64_t words[] = {
		RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN | RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN,
		RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_IP_CKSUM_GOOD,
		RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_IP_CKSUM_GOOD,
		RTE_MBUF_F_RX_L4_CKSUM_BAD | RTE_MBUF_F_RX_IP_CKSUM_GOOD,
	};
	struct craft_tcp tcp = {.sport = 99, .dport = 4444, .flags = WR_TCP_SYN};
	struct wr_stack_conf conf;

	for (unsigned believed = 0; believed < 2; believed++) {
		attack_conf(&conf);
		conf.ip.rx_ip_cksum = conf.ip.rx_l4_cksum = believed;
		begin(&conf);
		for (unsigned i = 0; i < 2 * WR_LEN(words); i++) {
			bool right = i % 2, good = i / 2 == 1 || i / 2 == 2;
			bool taken = believed && i / 2 > 0 ? good : right;
			struct rte_mbuf *m = segment(&tcp);
			uint64_t before = a.frames_out;

			*at(m, ETHER + 20 + 17) ^= right ? 0 : 0x55;
			m->ol_flags |= words[i / 2];
			attack_frame(&a, m);
			wire_run(&a.wire, 0);
			assert_int_equal(a.frames_out - before, taken);
		}
		end();
	}
}

/* ---- ARP ---- */

static void arp(uint32_t sender, uint32_t target, uint16_t op)
{
	struct craft_path path = attack_path(sender);
	struct rte_mbuf *m;

	path.dst = target;
	path.smac.addr_bytes[1] = 0x66; /* Mallory's */
	m = craft_arp(attack_pool(&a), &path, op);
	attack_frame(&a, m);
}

static void forged_replies_do_not_move_neighbours_in_use(void **state)
{
	begin(NULL);
	for (unsigned i = 0; i < 20000; i++) {
		arp(ATTACK_HONEST, ATTACK_VICTIM, RTE_ARP_OP_REPLY);
		arp(ATTACK_HONEST, ATTACK_HONEST, RTE_ARP_OP_REQUEST); /* an announcement */
		arp(ATTACK_GATEWAY, ATTACK_VICTIM, RTE_ARP_OP_REPLY);
	}
	assert_int_equal(a.frames_out, 0);
	end();
}

static void a_flood_of_announcements_fills_no_table(void **state)
{
	begin(NULL);
	for (unsigned i = 0; i < 20000; i++) {
		uint32_t who = (ATTACK_VICTIM & ~0xffu) + 3 + i % 250;

		arp(who, who, RTE_ARP_OP_REQUEST);
		arp(who, ATTACK_VICTIM, RTE_ARP_OP_REPLY);
		arp(who, ATTACK_VICTIM, RTE_ARP_OP_REQUEST); /* whoever asks is answered */
	}
	assert_true(attack_stats(&a)->n[WR_STAT_arp_entries] <= 64);
	assert_true(a.frames_out <= 20000);
	end();
}

static void claims_to_our_own_address_are_counted_and_rarely_answered(void **state)
{
	uint64_t before;

	begin(NULL);
	before = attack_stats(&a)->cause[WR_CAUSE_arp_announce];
	for (unsigned i = 0; i < 20000; i++)
		arp(ATTACK_VICTIM, ATTACK_VICTIM,
		    i % 2 ? RTE_ARP_OP_REQUEST : RTE_ARP_OP_REPLY);
	assert_int_equal(verdict(WR_V_arp_conflict), 20000);
	assert_true(attack_stats(&a)->cause[WR_CAUSE_arp_announce] - before <= 1);
	end();
}

/* ---- UDP ---- */

static void datagram(uint32_t from, uint16_t sport, uint16_t dport, uint16_t bytes)
{
	static const char text[1500];
	const struct craft_path path = attack_path(from);

	attack_frame(&a, craft_udp(attack_pool(&a), &path, sport, dport, text, bytes));
	wire_run(&a.wire, 0);
}

/* Every service that answers datagrams, every size; and a port where nobody is. */
static void no_answer_is_longer_than_the_question(void **state)
{
	static const uint16_t ports[] = {7, 9, 19, 4444};

	begin(NULL);
	for (unsigned i = 0; i < WR_LEN(ports); i++) {
		for (unsigned bytes = 0; bytes <= 1472; bytes += bytes < 64 ? 1 : 11) {
			uint64_t out = a.bytes_out, frames = a.frames_out, in = a.bytes_in;

			datagram(MALLORY, 5000, ports[i], (uint16_t)bytes);
			/* An ICMP error quotes the header: 28 bytes more than a short one. */
			assert_true(a.frames_out - frames <= 1);
			assert_true(a.bytes_out - out <= a.bytes_in - in + (i == 3 ? 28 : 0));
		}
	}
	end();
}

static void no_other_service_is_answered_back(void **state)
{
	static const uint16_t sources[] = {0, 7, 9, 13, 17, 19, 37};
	uint64_t before;

	begin(NULL);
	for (unsigned i = 0; i < WR_LEN(sources); i++) {
		datagram(MALLORY, sources[i], 7, 100);
		datagram(MALLORY, sources[i], 19, 100);
	}
	/* Discard, port 9, answers nothing: what seems to come from it is no loop. */
	assert_int_equal(a.frames_out, 2);
	before = verdict(WR_V_ip_bad_source);
	datagram(ATTACK_VICTIM, 5000, 7, 100);
	datagram(ATTACK_VICTIM, 7, 7, 100);
	assert_int_equal(verdict(WR_V_ip_bad_source) - before, 2);
	assert_int_equal(a.frames_out, 2);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_cut_anywhere_are_read),
		cmocka_unit_test(padding_and_priority_tags_are_no_text),
		cmocka_unit_test(runts_of_every_length_are_dropped),
		cmocka_unit_test(giants_are_survived),
		cmocka_unit_test(lengths_that_do_not_fit_are_dropped),
		cmocka_unit_test(short_echoes_are_dropped),
		cmocka_unit_test(ip_options_of_every_kind_and_length_are_not_answered_with),
		cmocka_unit_test(only_a_port_that_checks_is_believed),
		cmocka_unit_test(forged_replies_do_not_move_neighbours_in_use),
		cmocka_unit_test(a_flood_of_announcements_fills_no_table),
		cmocka_unit_test(claims_to_our_own_address_are_counted_and_rarely_answered),
		cmocka_unit_test(no_answer_is_longer_than_the_question),
		cmocka_unit_test(no_other_service_is_answered_back),
	};

	wr_test_eal(256);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
