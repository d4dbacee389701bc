/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "conf_rig.h"

static void counts_take_decimal_and_binary_units(void **state)
{
	assert_int_equal(set("connections", "64k"), 0);
	assert_int_equal(conf.connections, 64000);
	assert_int_equal(set("connections", "64Ki"), 0);
	assert_int_equal(conf.connections, 65536);
	assert_int_equal(set("connections", "2M"), 0);
	assert_int_equal(conf.connections, 2000000);
	assert_int_equal(set("connections", "1Mi"), 0);
	assert_int_equal(conf.connections, 1 << 20);
	assert_int_equal(set("connections", "4096"), 0);
	assert_string_equal(written("connections", 0), "4096");
}

static void bytes_take_powers_of_1024(void **state)
{
	assert_int_equal(set("rcv-buf", "64K"), 0);
	assert_int_equal(conf.rcv_buf, 65536);
	assert_int_equal(set("rcv-buf", "64k"), 0);
	assert_int_equal(conf.rcv_buf, 65536);
	assert_int_equal(set("rcv-buf", "1M"), 0);
	assert_int_equal(conf.rcv_buf, 1 << 20);
	assert_string_equal(written("rcv-buf", 0), "1M");
	assert_int_equal(set("mem", "2Gi"), 0);
	assert_int_equal(conf.mem_bytes, 2ull << 30);
}

static void durations_take_units_and_are_kept_in_microseconds(void **state)
{
	assert_int_equal(set("r2", "2h"), 0);
	assert_int_equal(conf.r2_us, 7200000000);
	assert_string_equal(written("r2", 0), "2h");
	assert_int_equal(set("time-wait", "1500us"), 0);
	assert_int_equal(conf.time_wait_us, 1500);
	assert_string_equal(written("time-wait", 0), "1500us");
	assert_int_equal(set("time-wait", "2min"), 0);
	assert_string_equal(written("time-wait", 0), "2min");
	assert_int_equal(set("time-wait", "250ms"), 0);
	assert_int_equal(conf.time_wait_us, 250000);
}

static void a_word_stands_for_zero_where_the_key_has_one(void **state)
{
	assert_int_equal(set("cores", "4"), 0);
	assert_int_equal(set("cores", "auto"), 0);
	assert_int_equal(conf.cores, 0);
	assert_int_equal(set("delack", "off"), 0);
	assert_int_equal(conf.delack_us, 0);
	assert_string_equal(written("delack", 0), "off");
	assert_int_equal(set("idle-timeout", "0"), 0);
	assert_string_equal(written("idle-timeout", 0), "never");
	assert_string_equal(complaint("time-wait", "never"),
	                    "--time-wait: 'never' is not a duration, such as 200us, 40ms, 2s, "
	                    "15min or 1h");
}

static void a_bad_number_is_refused_with_its_form(void **state)
{
	assert_string_equal(complaint("connections", "12x"),
	                    "--connections: '12x' is not a count, such as 4096, 64k or 1M");
	assert_int_equal(set("connections", ""), -EINVAL);
	assert_int_equal(set("connections", "-5"), -EINVAL);
	assert_int_equal(set("connections", " 5"), -EINVAL);
	assert_int_equal(set("connections", "1.5k"), -EINVAL);
	assert_string_equal(
		complaint("r2", "20"),
		"--r2: '20' is not a duration, such as 200us, 40ms, 2s, 15min or 1h");
	assert_string_equal(
		complaint("rcv-buf", "many"),
		"--rcv-buf: 'many' is not a number of bytes, such as 65536, 256K or "
		"64M");
	assert_int_equal(conf.connections, 32000);
	assert_int_equal(err.exit, WR_EXIT_USAGE);
}

static void a_number_out_of_bounds_is_refused_with_the_bounds(void **state)
{
	assert_int_equal(set("mtu", "9217"), -ERANGE);
	assert_string_equal(err.text, "--mtu: 9217 is not between 576 and 9216");
	assert_int_equal(conf.mtu, 1500);
	assert_string_equal(complaint("cores", "65"),
	                    "--cores: 65 is not between 1 and 64, nor auto");
	assert_int_equal(set("r2", "99999999999999999999h"), -ERANGE);
	assert_int_equal(set("connections", "99999999999999M"), -ERANGE);
}

static void switches_and_choices_name_their_words(void **state)
{
	assert_int_equal(set("sack", "off"), 0);
	assert_false(conf.sack);
	assert_int_equal(set("sack", "true"), 0);
	assert_true(conf.sack);
	assert_string_equal(complaint("sack", "maybe"), "--sack: 'maybe' is not on or off");
	assert_int_equal(set("idle", "adaptive"), 0);
	assert_int_equal(conf.idle, WR_CONF_ADAPTIVE);
	assert_string_equal(complaint("idle", "sleep"),
	                    "--idle: 'sleep' is not spin or adaptive");
	assert_string_equal(complaint("nagle", "x"), "--nagle: 'x' is not auto, on or off");
	assert_string_equal(
		complaint("cc", "vegas2"),
		"--cc: 'vegas2' is not cubic, reno, dctcp, bbr or fixed:SEGMENTS (1 to "
		"65535)");
	assert_int_equal(set("cc", "fixed:0"), -EINVAL);
}

static void who_mistakes_a_name_is_told_all(void **state)
{
	for (unsigned i = 0; wr_cc_all[i]; i++)
		assert_non_null(strstr(complaint("cc", "x"), wr_cc_all[i]->name));
	for (unsigned i = 0; wr_service_all[i]; i++)
		assert_non_null(strstr(complaint("service", "x"), wr_service_all[i]->name));
}

static void addresses_and_networks_are_read_in_host_order(void **state)
{
	assert_int_equal(set("ip", "198.18.0.1/24"), 0);
	assert_int_equal(set("ip", "198.19.0.1/16,198.18.7.1/30"), 0);
	assert_int_equal(conf.ip.count, 3);
	assert_int_equal(conf.ip.addr[0].addr, 0xc6120001);
	assert_int_equal(conf.ip.addr[2].prefix, 30);
	assert_string_equal(written("ip", 1), "198.19.0.1/16");
	assert_int_equal(set("gateway", "198.18.0.254"), 0);
	assert_int_equal(conf.gateway, 0xc61200fe);
	assert_string_equal(
		complaint("gateway", "198.18.0"),
		"--gateway: '198.18.0' is not an IPv4 address, such as 198.18.0.254");
}

static void a_bad_network_is_refused_and_leaves_the_list(void **state)
{
	static const char *const bad[] = {
		"198.18.0.1",
		"198.18.0.1/33",
		"198.18.0.1/",
		"198.18.0.256/24",
		"/24",
		"",
		"198.18.0.1/24,",
		"::1/64",
		"198.18.0.1/2 4",
		"198.18.0.1/-1",
		"198.18.0.1/24x",
	};

	assert_int_equal(set("ip", "198.18.0.1/24"), 0);
	for (size_t i = 0; i < WR_LEN(bad); i++)
		assert_int_equal(set("ip", bad[i]), -EINVAL);
	assert_int_equal(set("ip", "198.18.0.2/24,nonsense"), -EINVAL);
	assert_int_equal(conf.ip.count, 1);
	assert_string_equal(complaint("ip", "198.18.0.1/33"),
	                    "--ip: '198.18.0.1/33' is not an address with the length of its "
	                    "network, such as 198.18.0.1/24");
}

static void a_pool_is_a_range_a_network_less_its_edges_or_one_address(void **state)
{
	static const char *const bad[] = {
		"",
		"198.18.1.9-198.18.1.1",
		"198.18.1.1-",
		"-198.18.1.1",
		"198.18.1.1-9",
		"198.18.1.0/33",
		"0.0.0.0/0",
		"198.18.1.1,",
		"198.18.1.1-198.18.1.2-198.18.1.3",
	};

	wr_conf_default(&conf, WR_CONF_LOAD);
	assert_int_equal(set("client-ip", "198.18.1.0-198.18.1.250,198.18.2.7/24"), 0);
	assert_int_equal(set("client-ip", "198.18.3.1,198.18.4.0/31,198.18.4.4/32"), 0);
	assert_string_equal(written("client-ip", 0), "198.18.1.0-198.18.1.250");
	assert_string_equal(written("client-ip", 1), "198.18.2.1-198.18.2.254");
	assert_string_equal(written("client-ip", 2), "198.18.3.1-198.18.3.1");
	assert_string_equal(written("client-ip", 3), "198.18.4.0-198.18.4.1");
	assert_string_equal(written("client-ip", 4), "198.18.4.4-198.18.4.4");
	assert_int_equal(conf.client_ip.count, 5);
	for (size_t i = 0; i < WR_LEN(bad); i++)
		assert_int_equal(set("client-ip", bad[i]), -EINVAL);
	assert_int_equal(conf.client_ip.count, 5);
	assert_string_equal(complaint("client-ip", "198.18.1.1-9"),
	                    "--client-ip: '198.18.1.1-9' is not a list of addresses, such as "
	                    "198.18.1.1-198.18.1.250, 198.18.2.0/24 or 198.18.3.1");
	for (unsigned i = 5; i < WR_IP_RANGES; i++)
		assert_int_equal(set("client-ip", "198.18.9.9"), 0);
	assert_int_equal(set("client-ip", "198.18.9.9"), -E2BIG);
}

static void a_full_list_refuses_one_more(void **state)
{
	for (unsigned i = 0; i < WR_IP_ADDRS; i++)
		assert_int_equal(set("ip", "198.18.0.1/24"), 0);
	assert_int_equal(set("ip", "198.18.0.1/24"), -E2BIG);
	assert_int_equal(conf.ip.count, WR_IP_ADDRS);
}

static void a_device_keeps_its_commas(void **state)
{
	assert_int_equal(set("port", "net_null0,size=64,copy=1"), 0);
	assert_int_equal(conf.port.count, 1);
	assert_string_equal(conf.port.spec[0], "net_null0,size=64,copy=1");
	assert_int_equal(set("port", ""), -EINVAL);
	assert_int_equal(set("port", "tap: wr0"), -EINVAL);
}

static void a_listener_has_port_protocol_and_address(void **state)
{
	assert_int_equal(set("service", "echo:7007/udp@198.18.0.1,discard"), 0);
	assert_int_equal(conf.service.count, 2);
	assert_int_equal(conf.service.listener[0].port, 7007);
	assert_false(conf.service.listener[0].tcp);
	assert_true(conf.service.listener[0].udp);
	assert_int_equal(conf.service.listener[0].addr, 0xc6120001);
	assert_int_equal(conf.service.listener[1].port, 9);
	assert_true(conf.service.listener[1].tcp && conf.service.listener[1].udp);
	assert_string_equal(written("service", 0), "echo:7007/udp@198.18.0.1");
	assert_string_equal(written("service", 1), "discard:9");
}

static void a_listener_has_its_own_congestion_control(void **state)
{
	struct wr_stack_conf stack;

	assert_int_equal(set("service", "echo:7,cc=bbr,discard,chargen/tcp,cc=fixed:20"), 0);
	assert_int_equal(conf.service.count, 3);
	assert_string_equal(written("service", 0), "echo:7,cc=bbr");
	assert_string_equal(written("service", 1), "discard:9");
	assert_string_equal(written("service", 2), "chargen:19/tcp,cc=fixed:20");
	wr_conf_stack(&conf, &stack);
	assert_ptr_equal(stack.service[0].options.cc.ops, &wr_cc_bbr_ops);
	assert_null(stack.service[1].options.cc.ops);
	assert_true(stack.tcp.rates);
}

static void a_bad_listener_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"ecko",
		"echo:",
		"echo:0",
		"echo:65536",
		"echo/sctp",
		"echo@1.2.3",
		":7",
		"echo:7:7",
		"cc=reno",
		"echo,cc=",
		"echo,cc=ren",
		"echo/udp,cc=reno",
		"echo,cc=reno,cc=cubic",
	};

	for (size_t i = 0; i < WR_LEN(bad); i++)
		assert_int_equal(set("service", bad[i]), -EINVAL);
	assert_string_equal(
		complaint("service", "ecko:7"),
		"--service: 'ecko:7' is not a list of services "
		"NAME[:PORT][/tcp|/udp][@ADDR][,cc=NAME], such as echo:7,chargen:19/udp, or "
		"none; there are echo, discard, chargen, http, message, chat, rr, sink, source "
		"and match");
	assert_int_equal(conf.service.count, 3);
}

static void the_short_form_replaces_one_service(void **state)
{
	assert_int_equal(set("echo", "7007,7008"), 0);
	assert_int_equal(set("chargen", "none"), 0);
	assert_int_equal(conf.service.count, 3);
	assert_string_equal(written("service", 0), "discard:9");
	assert_string_equal(written("service", 1), "echo:7007");
	assert_string_equal(written("service", 2), "echo:7008");
	assert_string_equal(complaint("echo", "0"),
	                    "--echo: '0' is not a list of ports, such as 7,7007, or none");
}

static void no_service_is_written_as_none(void **state)
{
	assert_int_equal(set("service", "none"), 0);
	assert_int_equal(conf.service.count, 0);
	assert_string_equal(written("service", 0), "none");
	assert_string_equal(written("service", 1), "");
}

static void fast_open_is_for_the_ports_that_are_named(void **state)
{
	static struct wr_stack_conf stack;

	assert_string_equal(written("fastopen", 0), "none");
	assert_int_equal(set("fastopen", "9,80"), 0);
	assert_string_equal(written("fastopen", 0), "9");
	assert_string_equal(written("fastopen", 1), "80");
	wr_conf_stack(&conf, &stack);
	assert_false(stack.service[0].options.fastopen);
	assert_int_equal(stack.service[1].port, 9);
	assert_true(stack.service[1].options.fastopen);
	assert_int_equal(set("fastopen", "80,"), -EINVAL);
	assert_int_equal(set("fastopen", "0"), -EINVAL);
	assert_int_equal(set("fastopen", "70000"), -EINVAL);
}

static void a_cookie_key_is_read_as_linux_does_and_never_written(void **state)
{
	static struct wr_stack_conf stack;

	assert_int_equal(set("fastopen-key", "a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4,"
	                                     "00000000-00000001-00000002-00000003"),
	                 0);
	assert_string_equal(written("fastopen-key", 0), "");
	wr_conf_stack(&conf, &stack);
	assert_int_equal(stack.tcp.fastopen_keys, 2);
	assert_int_equal(stack.tcp.fastopen_key[0].k0, 0xb2b2b2b2a1a1a1a1);
	assert_int_equal(stack.tcp.fastopen_key[0].k1, 0xd4d4d4d4c3c3c3c3);
	assert_int_equal(stack.tcp.fastopen_key[1].k1, 0x0000000300000002);
	assert_int_equal(set("fastopen-key", "a1a1a1a1-b2b2b2b2-c3c3c3c3"), -EINVAL);
	assert_int_equal(set("fastopen-key", "a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4,"), -EINVAL);
	assert_int_equal(set("fastopen-key", "a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d"), -EINVAL);
}

static void a_signing_key_has_a_port_and_perhaps_a_network(void **state)
{
	static struct wr_stack_conf stack;

	assert_int_equal(set("md5", "7=secret=1"), 0);
	assert_int_equal(set("md5", "179@198.18.0.0/24=other"), 0);
	assert_string_equal(written("md5", 0), "");
	wr_conf_stack(&conf, &stack);
	assert_int_equal(stack.md5_keys, 2);
	assert_int_equal(stack.md5[0].lport, 7);
	assert_int_equal(stack.md5[0].prefix, 0);
	assert_int_equal(stack.md5[0].bytes, 8);
	assert_memory_equal(stack.md5[0].key, "secret=1", 8);
	assert_int_equal(stack.md5[1].raddr, 0xc6120000);
	assert_int_equal(stack.md5[1].prefix, 24);
	assert_int_equal(set("md5", "7="), -EINVAL);
	assert_int_equal(set("md5", "=secret"), -EINVAL);
	assert_int_equal(set("md5", "7@198.18.0.0=secret"), -EINVAL);
	assert_int_equal(set("md5", "secret"), -EINVAL);
}

static void secrets_of_a_command_line_are_not_shown(void **state)
{
	char buf[64];

	assert_string_equal(wr_conf_show_word("--md5", "7=secret", buf, sizeof(buf)), "***");
	assert_string_equal(wr_conf_show_word("load", "--md5=7=secret", buf, sizeof(buf)),
	                    "--md5=***");
	assert_string_equal(wr_conf_show_word("--fastopen-key", "0", buf, sizeof(buf)), "***");
	assert_string_equal(wr_conf_show_word("--mtu", "1500", buf, sizeof(buf)), "1500");
	assert_string_equal(wr_conf_show_word(NULL, "--mtu=1500", buf, sizeof(buf)),
	                    "--mtu=1500");
	assert_string_equal(wr_conf_show_word("-", "--=", buf, sizeof(buf)), "--=");
}

static void endpoints_and_cpu_lists_are_checked(void **state)
{
	unsigned cpus;

	assert_int_equal(set("metrics", "127.0.0.1:9464"), 0);
	assert_int_equal(conf.metrics.port, 9464);
	assert_string_equal(written("metrics", 0), "127.0.0.1:9464");
	assert_string_equal(
		complaint("metrics", "9464"),
		"--metrics: '9464' is not an address and port of this machine, such as "
		"127.0.0.1:9464");
	assert_int_equal(set("metrics", "127.0.0.1:0"), -EINVAL);
	assert_true(wr_conf_read_cpus("2-5,8", &cpus));
	assert_int_equal(cpus, 5);
	assert_string_equal(complaint("lcores", "5-2"),
	                    "--lcores: '5-2' is not a list of CPUs, such as 2-5,8");
	assert_int_equal(set("lcores", "1,"), -EINVAL);
	assert_int_equal(set("lcores", "1-"), -EINVAL);
	assert_int_equal(set("lcores", "9999"), -EINVAL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, fresh)
	const struct CMUnitTest tests[] = {
		TEST(counts_take_decimal_and_binary_units),
		TEST(bytes_take_powers_of_1024),
		TEST(durations_take_units_and_are_kept_in_microseconds),
		TEST(a_word_stands_for_zero_where_the_key_has_one),
		TEST(a_bad_number_is_refused_with_its_form),
		TEST(a_number_out_of_bounds_is_refused_with_the_bounds),
		TEST(switches_and_choices_name_their_words),
		TEST(who_mistakes_a_name_is_told_all),
		TEST(addresses_and_networks_are_read_in_host_order),
		TEST(a_bad_network_is_refused_and_leaves_the_list),
		TEST(a_pool_is_a_range_a_network_less_its_edges_or_one_address),
		TEST(a_full_list_refuses_one_more),
		TEST(a_device_keeps_its_commas),
		TEST(a_listener_has_port_protocol_and_address),
		TEST(a_listener_has_its_own_congestion_control),
		TEST(a_bad_listener_is_refused),
		TEST(the_short_form_replaces_one_service),
		TEST(no_service_is_written_as_none),
		TEST(fast_open_is_for_the_ports_that_are_named),
		TEST(a_cookie_key_is_read_as_linux_does_and_never_written),
		TEST(a_signing_key_has_a_port_and_perhaps_a_network),
		TEST(secrets_of_a_command_line_are_not_shown),
		TEST(endpoints_and_cpu_lists_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
