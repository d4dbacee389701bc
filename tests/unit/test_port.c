/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "wr_base.h"
#include "wr_port.h"
#include "wr_test.h"

#define POOL_SIZE 4095
#define QUEUES    2

static struct rte_mempool *pool; /* all frames of this program */

/* Opens a new virtual device; `ini` is the text of --driver-config or NULL. */
static int open_port(struct wr_port *port, const char *device, const char *ini, uint16_t mtu,
                     unsigned queues, struct wr_err *err)
{
	struct rte_mempool *const pools[32] = {pool, pool, pool};
	char path[] = P_tmpdir "/wr_port_XXXXXX";
	struct wr_port_conf conf = {
		.spec = device, .device = device, .mtu = mtu, .queues = queues};
	int fd, rc;

	assert_int_equal(rte_eal_hotplug_add("vdev", device, ""), 0);
	if (ini) {
		fd = mkstemp(path);
		assert_int_equal(write(fd, ini, strlen(ini)), strlen(ini));
		close(fd);
		conf.profile_file = path;
	}
	rc = wr_port_open(port, &conf, pools, err);
	if (ini)
		unlink(path);
	return rc;
}

static void must_open(struct wr_port *port, const char *device, const char *ini)
{
	struct wr_err err;

	if (open_port(port, device, ini, 1500, QUEUES, &err) != 0)
		fail_msg("%s", err.text);
}

static struct rte_mbuf *new_frame(unsigned len, char fill)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	assert_non_null(m);
	memset(rte_pktmbuf_append(m, (uint16_t)len), fill, len);
	return m;
}

static unsigned frames_in_use(void)
{
	return POOL_SIZE - rte_mempool_avail_count(pool);
}

static void offloads_are_what_driver_and_profile_agree_on(void **state)
{
	struct wr_port port;

	must_open(&port, "net_ring10", NULL);
	assert_int_equal(port.tx_offloads, RTE_ETH_TX_OFFLOAD_MULTI_SEGS);
	assert_int_equal(port.rx_offloads, 0);
	assert_true(port.multi_segs);
	assert_false(port.tx_ip_cksum || port.tx_tcp_cksum || port.rx_l4_cksum);
	assert_string_equal(port.driver, "net_ring");
	assert_int_equal(port.queues, QUEUES);
	wr_port_close(&port);

	must_open(&port, "net_ring11", "[port]\nmulti_segs = no\n");
	assert_int_equal(port.tx_offloads, 0);
	assert_false(port.multi_segs);
	wr_port_close(&port);
}

static void a_device_without_a_mac_address_gets_one(void **state)
{
	struct wr_port port;

	must_open(&port, "net_ring12", NULL);
	assert_true(rte_is_valid_assigned_ether_addr(&port.mac));
	wr_port_close(&port);
}

static void where_the_kernel_has_the_mac_the_port_takes_another(void **state)
{
	struct rte_ether_addr theirs;
	struct wr_port port;

	must_open(&port, "net_null12", "[port]\nkernel_mac = yes\n");
	assert_int_equal(rte_eth_macaddr_get(port.id, &theirs), 0);
	assert_false(rte_is_same_ether_addr(&theirs, &port.mac));
	assert_true(rte_is_valid_assigned_ether_addr(&port.mac));
	wr_port_close(&port);
}

static void workers_beyond_the_queues_share_them(void **state)
{
	unsigned before = frames_in_use();
	uint64_t refused = 0, no_mbuf = 0;
	struct rte_mbuf *frames[4];
	struct wr_port port;
	struct wr_err err;

	assert_int_equal(
		open_port(&port, "net_ring13", "[port]\nmax_queues = 2\n", 1500, 4, &err), 0);
	assert_int_equal(port.queues, 2);
	for (uint16_t q = 0; q < 4; q++) {
		frames[q] = new_frame(60, "abcd"[q]);
		assert_int_equal(wr_port_tx(&port, q, &frames[q], 1, &refused), 1);
	}
	assert_int_equal(wr_port_rx(&port, 2, frames, 4, pool, &no_mbuf), 0);
	for (uint16_t q = 0; q < 2; q++) {
		assert_int_equal(wr_port_rx(&port, q, frames, 4, pool, &no_mbuf), 2);
		assert_int_equal(*rte_pktmbuf_mtod(frames[0], char *), "ab"[q]);
		assert_int_equal(*rte_pktmbuf_mtod(frames[1], char *), "cd"[q]);
		rte_pktmbuf_free_bulk(frames, 2);
	}
	wr_port_close(&port);
	assert_int_equal(frames_in_use(), before);
}

static void an_mtu_out_of_range_is_refused(void **state)
{
	struct wr_port port;
	struct wr_err err;

	assert_int_equal(open_port(&port, "net_null13", NULL, 575, 1, &err), -ERANGE);
	assert_string_equal(err.text, "--mtu 575: not between 576 and 9000 bytes");
	assert_int_equal(open_port(&port, "net_null14", NULL, 9001, 1, &err), -ERANGE);
	assert_int_equal(err.exit, WR_EXIT_USAGE);
	assert_int_equal(open_port(&port, "net_null15", NULL, 9000, 1, &err), 0);
	wr_port_close(&port);
}

static void rss_is_not_needed_for_one_queue(void **state)
{
	struct wr_port port;
	struct wr_err err;

	assert_int_equal(open_port(&port, "net_null16", "[port]\nrss = yes\n", 1500, 1, &err),
	                 0);
	assert_string_equal(port.rss, "one queue: not needed");
	assert_false(port.hash_is_ours);
	wr_port_close(&port);
}

static void rss_is_ours_when_key_and_table_read_back(void **state)
{
	struct wr_port port;

	must_open(&port, "net_null17", "[port]\nrss = yes\n");
	assert_string_equal(port.rss, "ours, 2 queues, table of 128 checked");
	assert_true(port.hash_is_ours);
	wr_port_close(&port);
}

static void rss_of_a_driver_known_to_ignore_it_is_not_believed(void **state)
{
	struct wr_port port;

	must_open(&port, "net_null18", NULL);
	assert_string_equal(port.rss, "not used with this driver: software steering");
	assert_false(port.hash_is_ours);
	wr_port_close(&port);
}

static void rss_that_is_not_offered_leaves_software_steering(void **state)
{
	struct wr_port port;

	must_open(&port, "net_ring18", "[port]\nrss = yes\n");
	assert_string_equal(port.rss, "none offered: software steering");
	assert_false(port.hash_is_ours);
	wr_port_close(&port);
}

static void frames_that_nobody_else_holds_pass_uncopied(void **state)
{
	struct rte_mbuf *sent = new_frame(100, 'a'), *got[4];
	uint64_t refused = 0, no_mbuf = 0;
	struct wr_port port;

	must_open(&port, "net_ring20", NULL);
	sent->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_CKSUM;
	sent->l2_len = 14;
	assert_int_equal(wr_port_tx(&port, 1, &sent, 1, &refused), 1);
	assert_int_equal(wr_port_rx(&port, 0, got, 4, pool, &no_mbuf), 0);
	assert_int_equal(wr_port_rx(&port, 1, got, 4, pool, &no_mbuf), 1);
	assert_ptr_equal(got[0], sent);
	assert_int_equal(got[0]->ol_flags, 0);
	assert_int_equal(got[0]->tx_offload, 0);
	assert_int_equal(got[0]->port, port.id);
	rte_pktmbuf_free(got[0]);
	wr_port_close(&port);
}

static void frames_that_their_sender_holds_are_copied(void **state)
{
	unsigned before = frames_in_use();
	struct rte_mbuf *kept = new_frame(100, 'a'), *got[4];
	uint64_t refused = 0, no_mbuf = 0;
	struct wr_port port;

	must_open(&port, "net_ring21", NULL);
	rte_mbuf_refcnt_update(kept, 1);
	assert_int_equal(wr_port_tx(&port, 0, &kept, 1, &refused), 1);
	assert_int_equal(wr_port_rx(&port, 0, got, 4, pool, &no_mbuf), 1);
	assert_ptr_not_equal(got[0], kept);
	assert_int_equal(rte_mbuf_refcnt_read(kept), 1);
	assert_int_equal(got[0]->pkt_len, 100);
	assert_memory_equal(rte_pktmbuf_mtod(got[0], char *), rte_pktmbuf_mtod(kept, char *),
	                    100);
	rte_pktmbuf_free(got[0]);
	rte_pktmbuf_free(kept);
	wr_port_close(&port);
	assert_int_equal(frames_in_use(), before);
}

static void a_chain_arrives_in_one_buffer(void **state)
{
	struct rte_mbuf *head = new_frame(54, 'h'), *got[1];
	uint64_t refused = 0, no_mbuf = 0;
	struct wr_port port;
	const char *data;

	must_open(&port, "net_ring22", NULL);
	assert_int_equal(rte_pktmbuf_chain(head, new_frame(33, 't')), 0);
	assert_int_equal(wr_port_tx(&port, 0, &head, 1, &refused), 1);
	assert_int_equal(wr_port_rx(&port, 0, got, 1, pool, &no_mbuf), 1);
	assert_int_equal(got[0]->nb_segs, 1);
	assert_int_equal(got[0]->data_len, 87);
	data = rte_pktmbuf_mtod(got[0], const char *);
	assert_true(data[53] == 'h' && data[54] == 't' && data[86] == 't');
	rte_pktmbuf_free(got[0]);
	wr_port_close(&port);
}

static void without_memory_for_a_copy_the_frame_is_dropped_and_counted(void **state)
{
	struct rte_mempool *empty = wr_test_pool("empty", 1, 2048);
	struct rte_mbuf *last = rte_pktmbuf_alloc(empty);
	struct rte_mbuf *kept = new_frame(100, 'a'), *frames[2], *got[4];
	uint64_t refused = 0, no_mbuf = 0;
	struct wr_port port;

	must_open(&port, "net_ring23", NULL);
	rte_mbuf_refcnt_update(kept, 1);
	frames[0] = kept;
	frames[1] = new_frame(60, 'b');
	assert_int_equal(wr_port_tx(&port, 0, frames, 2, &refused), 2);
	assert_int_equal(wr_port_rx(&port, 0, got, 4, empty, &no_mbuf), 1);
	assert_int_equal(no_mbuf, 1);
	assert_ptr_equal(got[0], frames[1]);
	assert_int_equal(rte_mbuf_refcnt_read(kept), 1);
	rte_pktmbuf_free(got[0]);
	rte_pktmbuf_free(kept);
	rte_pktmbuf_free(last);
	wr_port_close(&port);
}

static void what_a_full_ring_does_not_take_stays_the_callers(void **state)
{
	struct rte_mbuf *frames[1100], *got[64];
	uint64_t refused = 0, no_mbuf = 0;
	struct wr_port port;
	unsigned total = 0;
	uint16_t n;

	must_open(&port, "net_ring24", NULL);
	for (unsigned i = 0; i < WR_LEN(frames); i++)
		frames[i] = new_frame(60, 'x');
	n = wr_port_tx(&port, 0, frames, WR_LEN(frames), &refused);
	assert_int_equal(n, 1023);
	assert_int_equal(refused, 0);
	rte_pktmbuf_free_bulk(frames + n, WR_LEN(frames) - n);
	while ((n = wr_port_rx(&port, 0, got, 64, pool, &no_mbuf)) > 0) {
		rte_pktmbuf_free_bulk(got, n);
		total += n;
	}
	assert_int_equal(total, 1023);
	wr_port_close(&port);
}

/* A driver that refuses frames that begin with 'r'. */
static uint16_t refuse_r(void *queue, struct rte_mbuf **frames, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		if (*rte_pktmbuf_mtod(frames[i], char *) == 'r')
			return i;
	return n;
}

static void frames_that_the_driver_refuses_are_freed_and_counted(void **state)
{
	static const char kinds[] = "arbrrc";
	unsigned before = frames_in_use();
	struct rte_mbuf *frames[6], *got[8];
	uint64_t refused = 0, no_mbuf = 0;
	struct wr_port port;

	must_open(&port, "net_ring25", NULL);
	port.tx_tcp_cksum = true;
	rte_eth_fp_ops[port.id].tx_pkt_prepare = refuse_r;
	for (unsigned i = 0; i < 6; i++)
		frames[i] = new_frame(60, kinds[i]);
	assert_int_equal(wr_port_tx(&port, 0, frames, 6, &refused), 6);
	assert_int_equal(refused, 3);
	assert_int_equal(wr_port_rx(&port, 0, got, 8, pool, &no_mbuf), 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(*rte_pktmbuf_mtod(got[i], char *), "abc"[i]);
	rte_pktmbuf_free_bulk(got, 3);
	wr_port_close(&port);
	assert_int_equal(frames_in_use(), before);
}

static uint32_t longest_seen;

/* A driver that notes the longest frame that it is shown, and takes all but the last. */
static uint16_t note_length(void *queue, struct rte_mbuf **frames, uint16_t n)
{
	uint16_t taken = 0;

	for (; taken < n && *rte_pktmbuf_mtod(frames[taken], char *) != 'z'; taken++) {
		longest_seen = wr_max(longest_seen, frames[taken]->pkt_len);
		rte_pktmbuf_free(frames[taken]);
	}
	return taken;
}

static void long_frames_pass_a_driver_that_would_refuse_them(void **state)
{
	static const struct {
		unsigned len;
		char fill;
	} kinds[] = {{60, 'a'}, {1514, 'b'}, {1515, 'c'}, {60, 'd'}, {1600, 'z'}};
	unsigned before = frames_in_use();
	struct rte_mbuf *frames[WR_LEN(kinds)];
	uint64_t refused = 0;
	struct wr_port port;

	must_open(&port, "net_ring26", NULL);
	port.tx_longest = 1514;
	longest_seen = 0;
	rte_eth_fp_ops[port.id].tx_pkt_burst = note_length;
	for (unsigned i = 0; i < WR_LEN(kinds); i++)
		frames[i] = new_frame(kinds[i].len, kinds[i].fill);
	rte_mbuf_refcnt_update(frames[2], 1); /* the sender keeps it */
	assert_int_equal(wr_port_tx(&port, 0, frames, WR_LEN(kinds), &refused), 4);
	assert_int_equal(longest_seen, 1514);
	assert_int_equal(frames[2]->pkt_len, 1515);
	assert_int_equal(rte_mbuf_refcnt_read(frames[2]), 1);
	assert_int_equal(frames[4]->pkt_len, 1600);
	assert_int_equal(rte_mbuf_refcnt_read(frames[4]), 1);
	rte_pktmbuf_free(frames[2]);
	rte_pktmbuf_free(frames[4]);
	wr_port_close(&port);
	assert_int_equal(frames_in_use(), before);
}

static void counters_are_the_drivers(void **state)
{
	struct wr_port_counters counters;
	struct rte_mbuf *m = new_frame(60, 'a');
	uint64_t refused = 0, no_mbuf = 0;
	struct wr_port port;

	must_open(&port, "net_ring27", NULL);
	wr_port_tx(&port, 0, &m, 1, &refused);
	wr_port_rx(&port, 0, &m, 1, pool, &no_mbuf);
	rte_pktmbuf_free(m);
	wr_port_counters(&port, &counters);
	assert_int_equal(counters.opackets, 1);
	assert_int_equal(counters.ipackets, 1);
	assert_int_equal(counters.imissed, 0);
	wr_port_close(&port);
}

static void the_block_says_what_was_chosen(void **state)
{
	struct wr_port port;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	must_open(&port, "net_ring28", NULL);
	wr_port_print(out, &port);
	fclose(out);
	assert_non_null(strstr(text, "port net_ring28\n"));
	assert_non_null(strstr(text, "  driver       net_ring, profile ring\n"));
	assert_non_null(strstr(text, "  mtu          1500\n"));
	assert_non_null(
		strstr(text, "  queues       2 Rx and Tx, 1024 and 1024 descriptors\n"));
	assert_non_null(strstr(text, "  rx offloads  none\n"));
	assert_non_null(strstr(text, "  tx offloads  MULTI_SEGS\n"));
	assert_non_null(strstr(text, "  rss          not used with this driver"));
	free(text);
	wr_port_close(&port);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offloads_are_what_driver_and_profile_agree_on),
		cmocka_unit_test(a_device_without_a_mac_address_gets_one),
		cmocka_unit_test(where_the_kernel_has_the_mac_the_port_takes_another),
		cmocka_unit_test(workers_beyond_the_queues_share_them),
		cmocka_unit_test(an_mtu_out_of_range_is_refused),
		cmocka_unit_test(rss_is_not_needed_for_one_queue),
		cmocka_unit_test(rss_is_ours_when_key_and_table_read_back),
		cmocka_unit_test(rss_of_a_driver_known_to_ignore_it_is_not_believed),
		cmocka_unit_test(rss_that_is_not_offered_leaves_software_steering),
		cmocka_unit_test(frames_that_nobody_else_holds_pass_uncopied),
		cmocka_unit_test(frames_that_their_sender_holds_are_copied),
		cmocka_unit_test(a_chain_arrives_in_one_buffer),
		cmocka_unit_test(without_memory_for_a_copy_the_frame_is_dropped_and_counted),
		cmocka_unit_test(what_a_full_ring_does_not_take_stays_the_callers),
		cmocka_unit_test(frames_that_the_driver_refuses_are_freed_and_counted),
		cmocka_unit_test(long_frames_pass_a_driver_that_would_refuse_them),
		cmocka_unit_test(counters_are_the_drivers),
		cmocka_unit_test(the_block_says_what_was_chosen),
	};

	wr_test_eal(128);
	pool = wr_test_pool("frames", POOL_SIZE, 9216);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
