/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_errno.h>
#include <rte_malloc.h>

#include "wr_base.h"
#include "wr_buf.h"
#include "wr_test.h"

static unsigned room_of(const char *name, uint16_t mtu)
{
	struct rte_mempool *pool = wr_buf_pool_new(name, 64, mtu, SOCKET_ID_ANY);
	unsigned room;

	assert_non_null(pool);
	room = rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM;
	rte_mempool_free(pool);
	return room;
}

static void a_buffer_holds_a_tagged_frame_of_the_mtu(void **state)
{
	assert_int_equal(room_of("mtu_576", 576), 2048);
	assert_int_equal(room_of("mtu_1500", 1500), 2048);
	assert_int_equal(room_of("mtu_1982", 1982), 2048);
	assert_int_equal(room_of("mtu_1983", 1983), 2112);
	assert_int_equal(room_of("mtu_9000", 9000), 9088);
}

static void an_mtu_that_fits_no_buffer_is_refused(void **state)
{
	assert_null(wr_buf_pool_new("huge", 64, UINT16_MAX, SOCKET_ID_ANY));
	assert_int_equal(rte_errno, EINVAL);
}

static void a_name_is_given_once(void **state)
{
	struct rte_mempool *pool = wr_buf_pool_new("twin", 64, 1500, SOCKET_ID_ANY);

	assert_non_null(pool);
	assert_null(wr_buf_pool_new("twin", 64, 1500, SOCKET_ID_ANY));
	assert_int_equal(rte_errno, EEXIST);
	rte_mempool_free(pool);
}

static void notes_lie_in_the_private_area(void **state)
{
	struct rte_mempool *pool = wr_buf_pool_new("notes", 64, 1500, SOCKET_ID_ANY);
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	assert_non_null(m);
	assert_ptr_equal(wr_buf(m), rte_mbuf_to_priv(m));
	assert_true((char *)(wr_buf(m) + 1) <= (char *)m->buf_addr);
	rte_pktmbuf_free(m);
	rte_mempool_free(pool);
}

/* Other cores' caches keep back at most what one core's holds. */
static void every_buffer_of_a_pool_can_be_had(void **state)
{
	static struct rte_mbuf *m[4096];
	struct rte_mempool *pool = wr_buf_pool_new("all", WR_LEN(m), 1500, SOCKET_ID_ANY);

	assert_non_null(pool);
	for (unsigned i = 0; i < WR_LEN(m); i++) {
		m[i] = rte_pktmbuf_alloc(pool);
		assert_non_null(m[i]);
	}
	assert_null(rte_pktmbuf_alloc(pool));
	rte_pktmbuf_free_bulk(m, WR_LEN(m));
	assert_int_equal(rte_mempool_avail_count(pool), WR_LEN(m));
	rte_mempool_free(pool);
}

static uint64_t allocated_bytes(void)
{
	struct rte_malloc_socket_stats stats;

	assert_int_equal(rte_malloc_get_socket_stats(0, &stats), 0);
	return stats.heap_allocsz_bytes;
}

static void check_size(unsigned n, uint16_t mtu)
{
	uint64_t before = allocated_bytes();
	uint64_t told = wr_buf_pool_bytes_paged(n, mtu, 4096);
	struct rte_mempool *pool = wr_buf_pool_new("size", n, mtu, SOCKET_ID_ANY);

	assert_non_null(pool);
	assert_in_range(allocated_bytes() - before, told * 98 / 100, told * 101 / 100);
	rte_mempool_free(pool);
}

/* The tests run without hugepages. */
static void sizing_tells_what_a_pool_takes(void **state)
{
	check_size(255, 1500);
	check_size(4095, 1500);
	check_size(1023, 9000);
}

static void with_hugepages_a_pool_takes_little_more_than_its_buffers(void **state)
{
	uint64_t buffers = UINT64_C(65535) * (128 + 64 + 128 + 2048 + 64);

	assert_in_range(wr_buf_pool_bytes(65535, 1500), buffers, buffers * 105 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buffer_holds_a_tagged_frame_of_the_mtu),
		cmocka_unit_test(an_mtu_that_fits_no_buffer_is_refused),
		cmocka_unit_test(a_name_is_given_once),
		cmocka_unit_test(notes_lie_in_the_private_area),
		cmocka_unit_test(every_buffer_of_a_pool_can_be_had),
		cmocka_unit_test(sizing_tells_what_a_pool_takes),
		cmocka_unit_test(with_hugepages_a_pool_takes_little_more_than_its_buffers),
	};

	wr_test_eal(64);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
