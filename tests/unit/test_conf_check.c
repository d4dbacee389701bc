/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "wr_conf.h"
#include "wr_test.h"

static struct wr_conf conf;
static struct wr_err err;

/* The sentence about these options beside a good device and address; "": nothing is wrong. */
static const char *complaint(enum wr_conf_command command, char **more)
{
	char *words[32] = {"wringer", "--port", "tap:wr0", "--ip", "198.18.0.1/24"};
	enum wr_conf_action action;
	int argc = 5;

	for (; *more; more++)
		words[argc++] = *more;
	memset(&err, 0, sizeof(err));
	assert_int_equal(wr_conf_args(&conf, command, argc, words, &action, &err), 0);
	if (wr_conf_check(&conf, &err) == 0)
		assert_string_equal(err.text, "");
	else
		assert_int_equal(err.exit, WR_EXIT_USAGE);
	return err.text;
}

#define COMPLAINT(...) complaint(WR_CONF_SERVE, (char *[]) {__VA_ARGS__, NULL})
#define OF_LOAD(...)   complaint(WR_CONF_LOAD, (char *[]) {__VA_ARGS__, NULL})

static void what_belongs_together_is_taken(void **state)
{
	assert_string_equal(COMPLAINT("--gateway", "198.18.0.254", "--mtu", "9000"), "");
	assert_string_equal(COMPLAINT("--ip", "198.18.0.2/24", "--ip", "198.18.5.1/31"), "");
	assert_string_equal(COMPLAINT("--service", "echo:7/tcp,discard:7/udp"), "");
	assert_string_equal(COMPLAINT("--ip", "198.18.1.1/24", "--service",
	                              "echo:7@198.18.0.1,discard:7@198.18.1.1"),
	                    "");
	assert_string_equal(COMPLAINT("--window-scaling", "off"), "");
	assert_string_equal(COMPLAINT("--service", "none"), "");
}

static void device_and_address_are_needed(void **state)
{
	char *none[] = {"serve"}, *port[] = {"serve", "--port", "tap:wr0"};
	enum wr_conf_action action;

	assert_int_equal(wr_conf_args(&conf, WR_CONF_SERVE, 1, none, &action, &err), 0);
	assert_int_equal(wr_conf_check(&conf, &err), -EINVAL);
	assert_string_equal(err.text, "no device is given; write --port DEVICE, such as --port "
	                              "tap:wr0");
	assert_int_equal(wr_conf_args(&conf, WR_CONF_SERVE, 3, port, &action, &err), 0);
	assert_int_equal(wr_conf_check(&conf, &err), -EINVAL);
	assert_string_equal(err.text, "no address is given; write --ip ADDR/LENGTH, such as "
	                              "--ip 198.18.0.1/24");
}

static void a_second_device_is_refused(void **state)
{
	assert_string_equal(COMPLAINT("--port", "tap:wr1"),
	                    "--port: one process serves one device; start another with "
	                    "--instance NAME --port tap:wr1");
}

static void an_address_must_be_a_hosts(void **state)
{
	assert_string_equal(COMPLAINT("--ip", "198.18.0.1/24"),
	                    "--ip: 198.18.0.1 is given twice; give it once");
	assert_string_equal(
		COMPLAINT("--ip", "198.18.1.255/24"),
		"--ip: 198.18.1.255 is the network or broadcast address of its /24; "
		"give one between");
	assert_string_equal(COMPLAINT("--ip", "198.18.1.0/24"),
	                    "--ip: 198.18.1.0 is the network or broadcast address of its /24; "
	                    "give one between");
	assert_string_equal(COMPLAINT("--ip", "198.18.0.255/16"),
	                    "--ip: 198.18.0.255 is the network or broadcast address of "
	                    "198.18.0.1/24; give another");
	assert_string_equal(COMPLAINT("--ip", "198.18.0.5/16"),
	                    "--ip: 198.18.0.1/24 and 198.18.0.5/16 are one network with two "
	                    "lengths; give both the same");
	assert_string_equal(
		COMPLAINT("--ip", "198.18.1.1/0"),
		"--ip: 198.18.1.1/0 takes every address as local; give the length of "
		"the network, such as /24");
	assert_string_equal(COMPLAINT("--ip", "127.0.0.1/8"),
	                    "--ip: 127.0.0.1 cannot be a host's address; give one that is not "
	                    "zero, loopback, multicast or reserved");
	assert_string_not_equal(COMPLAINT("--ip", "224.0.0.1/24"), "");
	assert_string_not_equal(COMPLAINT("--ip", "0.0.0.1/24"), "");
	assert_string_not_equal(COMPLAINT("--ip", "255.255.255.255/32"), "");
}

static void the_gateway_is_another_host_of_a_network_of_ours(void **state)
{
	assert_string_equal(COMPLAINT("--gateway", "198.18.1.1"),
	                    "--gateway: 198.18.1.1 is no host on the network of any --ip; give "
	                    "one that is, such as on 198.18.0.1/24");
	assert_string_equal(COMPLAINT("--gateway", "198.18.0.1"),
	                    "--gateway: 198.18.0.1 is an own address; give the router's");
	assert_string_not_equal(COMPLAINT("--gateway", "198.18.0.255"), "");
}

static void a_pool_of_clients_leaves_out_what_no_host_may_have(void **state)
{
	struct wr_stack_conf stack;

	assert_string_equal(
		OF_LOAD("--client-ip", "198.18.0.9-198.18.1.9"),
		"--client-ip: 198.18.0.9-198.18.1.9 contains 198.18.0.255, the network or "
		"broadcast address of 198.18.0.1/24; leave it out");
	assert_string_equal(OF_LOAD("--client-ip", "198.17.0.0-198.18.0.0"),
	                    "--client-ip: 198.17.0.0-198.18.0.0 contains 198.18.0.0, the "
	                    "network or broadcast address of 198.18.0.1/24; leave it out");
	assert_string_equal(
		OF_LOAD("--gateway", "198.18.0.9", "--client-ip", "198.18.0.2-198.18.0.99"),
		"--client-ip: 198.18.0.2-198.18.0.99 contains the gateway; leave it out");
	assert_string_equal(OF_LOAD("--client-ip", "198.18.1.1-198.18.1.9,198.18.1.9"),
	                    "--client-ip: 198.18.1.1-198.18.1.9 and 198.18.1.9-198.18.1.9 "
	                    "overlap; give each address once");
	assert_string_equal(OF_LOAD("--client-ip", "120.0.0.1-130.0.0.1"),
	                    "--client-ip: 120.0.0.1-130.0.0.1 has addresses that no host can "
	                    "have; leave out zero, loopback, multicast and reserved ones");
	assert_string_not_equal(OF_LOAD("--client-ip", "224.0.0.1"), "");
	assert_string_equal(OF_LOAD("--client-ip", "198.18.0.2-198.18.0.99,198.19.0.0/16"), "");
	wr_conf_stack(&conf, &stack);
	assert_int_equal(stack.ip.ranges, 2);
	assert_int_equal(stack.ip.range[1].last, 0xc613fffe);
}

static void a_port_has_one_service(void **state)
{
	assert_string_equal(
		COMPLAINT("--echo", "7", "--discard", "7"),
		"--discard: TCP port 7 is in use by echo already; give another port");
	assert_string_equal(
		COMPLAINT("--service", "echo:7/udp,chargen:7/udp"),
		"--chargen: UDP port 7 is in use by echo already; give another port");
	assert_string_equal(COMPLAINT("--echo", "7,7"),
	                    "--echo: TCP port 7 is in use by echo already; give another port");
	assert_string_equal(COMPLAINT("--service", "echo@198.18.0.9"),
	                    "--service: echo@198.18.0.9: no --ip has that address; give one of "
	                    "ours");
	assert_string_equal(COMPLAINT("--service", "discard", "--echo", "7007"),
	                    "--echo: service is given too; give all listeners in one of them");
}

static void fast_open_is_for_ports_with_a_service(void **state)
{
	assert_string_equal(COMPLAINT("--fastopen", "7,9"), "");
	assert_string_equal(COMPLAINT("--fastopen", "all", "--service", "none"), "");
	assert_string_equal(COMPLAINT("--fastopen", "7,8"),
	                    "--fastopen: no service listens on TCP port 8; give the port of "
	                    "one, or all");
	assert_string_not_equal(COMPLAINT("--fastopen", "7", "--service", "echo:7/udp"), "");
}

static void a_target_is_somebody_else(void **state)
{
	assert_string_equal(OF_LOAD("198.18.0.9"), "");
	assert_string_equal(OF_LOAD("198.18.0.1:7"),
	                    "--target: 198.18.0.1 is an own address, by --ip; give the "
	                    "server's");
	assert_string_equal(OF_LOAD("http://198.18.0.1/"),
	                    "--target: 198.18.0.1 is an own address, by --ip; give the "
	                    "server's");
	assert_string_equal(OF_LOAD("198.18.0.9", "--client-ip", "198.18.0.5-198.18.0.9"),
	                    "--client-ip: 198.18.0.9, the target, is one of these addresses; "
	                    "leave it out");
	assert_string_equal(OF_LOAD("198.18.0.9", "--client-ip", "198.18.0.5-198.18.0.8"), "");
}

static void sizes_must_fit_each_other(void **state)
{
	assert_string_equal(COMPLAINT("--mss", "1461"),
	                    "--mss: 1461 bytes of text and 40 of headers do not fit mtu 1500; "
	                    "give at most 1460");
	assert_string_equal(
		COMPLAINT("--rcv-buf", "128K", "--window-scaling", "off"),
		"--rcv-buf: a window above 65535 bytes needs window-scaling; give at "
		"most 65535");
	assert_string_equal(COMPLAINT("--rcv-buf", "2M", "--bufs", "1024"),
	                    "--rcv-buf: one connection could hold more than the 1024 packet "
	                    "buffers of a core; give less, or --bufs 3145");
	assert_string_equal(COMPLAINT("--rcv-buf-max", "255K"),
	                    "--rcv-buf-max: it is less than rcv-buf, from which windows grow; "
	                    "give more, or less there");
	assert_string_equal(COMPLAINT("--rcv-buf-max", "255K", "--rcv-buf", "255K"), "");
	assert_string_equal(COMPLAINT("--snd-buf-max", "255K"),
	                    "--snd-buf-max: it is less than snd-buf, from which queues grow; "
	                    "give more, or less there");
	assert_string_equal(
		COMPLAINT("--lcores", "0-3", "--cores", "2"),
		"--cores: 2 workers on the 4 CPUs of lcores 0-3; give one of the two");
}

static void times_must_fit_each_other(void **state)
{
	assert_string_equal(COMPLAINT("--rto-min", "10s", "--rto-max", "5s"),
	                    "--rto-min: it is longer than rto-max; give less");
	assert_string_equal(COMPLAINT("--rto-initial", "10s", "--rto-max", "5s"),
	                    "--rto-initial: it is longer than rto-max; give less");
	assert_string_equal(COMPLAINT("--delack", "300ms"),
	                    "--delack: it is longer than rto-min, so peers like us would send "
	                    "again; give less");
	assert_string_equal(COMPLAINT("--quiet", "--verbose"),
	                    "--quiet: verbose is on too; give one of the two");
}

static void values_reach_the_stack(void **state)
{
	struct wr_stack_conf stack;

	assert_string_equal(
		COMPLAINT("--mtu", "9000", "--dscp", "46", "--keepalive", "--keepalive-idle",
	                  "90s", "--rcv-buf", "1M", "--window-scaling", "off", "--config",
	                  "/dev/null"),
		"--rcv-buf: a window above 65535 bytes needs window-scaling; give at "
		"most 65535");
	assert_string_equal(COMPLAINT("--mtu", "9000", "--dscp", "46", "--keepalive",
	                              "--keepalive-idle", "90s", "--time-wait", "5s", "--iw",
	                              "4", "--nagle", "off", "--echo", "7007"),
	                    "");
	wr_conf_stack(&conf, &stack);
	assert_int_equal(stack.ip.mtu, 9000);
	assert_int_equal(stack.ip.addrs, 1);
	assert_int_equal(stack.tcp.mss, 8960);
	assert_int_equal(stack.tcp.time_wait_us, 5000000);
	assert_int_equal(stack.tcp.iw_segments, 4);
	assert_ptr_equal(stack.tcp.cc.ops, &wr_cc_cubic_ops);
	assert_int_equal(stack.services, 3);
	assert_int_equal(stack.service[2].port, 7007);
	assert_int_equal(stack.service[0].options.tos, 46 << 2);
	assert_true(stack.service[0].options.keepalive);
	assert_true(stack.service[0].options.nodelay);
	assert_int_equal(stack.service[0].options.keepalive_idle_s, 90);
}

static void presets_are_those_of_the_engine(void **state)
{
	struct wr_stack_conf stack;
	struct wr_tcp_conf tcp;

	assert_string_equal(COMPLAINT("--mtu", "1500"), "");
	wr_conf_stack(&conf, &stack);
	wr_tcp_conf_default(&tcp, 1500);
	assert_int_equal(stack.tcp.rto_initial_us, tcp.rto_initial_us);
	assert_int_equal(stack.tcp.rto_min_us, tcp.rto_min_us);
	assert_int_equal(stack.tcp.rto_max_us, tcp.rto_max_us);
	assert_int_equal(stack.tcp.r2_us, tcp.r2_us);
	assert_int_equal(stack.tcp.time_wait_us, tcp.time_wait_us);
	assert_int_equal(stack.tcp.time_wait_reuse_us, tcp.time_wait_reuse_us);
	assert_int_equal(stack.tcp.fin_wait2_us, tcp.fin_wait2_us);
	assert_int_equal(stack.tcp.delack_us, tcp.delack_us);
	assert_int_equal(stack.tcp.mss, tcp.mss);
	assert_int_equal(stack.tcp.mss_min, tcp.mss_min);
	assert_int_equal(stack.tcp.rcv_buf, tcp.rcv_buf);
	assert_int_equal(stack.tcp.rcv_buf_max, tcp.rcv_buf_max);
	assert_int_equal(stack.tcp.snd_buf_max, tcp.snd_buf_max);
	assert_int_equal(stack.tcp.ooo_bytes, tcp.ooo_bytes);
	assert_int_equal(stack.tcp.ooo_pieces, tcp.ooo_pieces);
	assert_int_equal(stack.tcp.r2_syn_us, tcp.r2_syn_us);
	assert_int_equal(stack.tcp.iw_segments, tcp.iw_segments);
}

static void buffers_grow_with_connections(void **state)
{
	assert_string_equal(COMPLAINT("--connections", "100"), "");
	assert_int_equal(wr_conf_bufs(&conf), 16384);
	assert_string_equal(COMPLAINT("--connections", "100k"), "");
	assert_int_equal(wr_conf_bufs(&conf), 50000);
	assert_string_equal(COMPLAINT("--connections", "100k", "--bufs", "20k"), "");
	assert_int_equal(wr_conf_bufs(&conf), 20000);
}

static void an_impairment_is_read_and_fits_the_buffers(void **state)
{
	struct wr_impair_conf impair;
	const char *key;

	assert_string_equal(COMPLAINT("--impair", "loss=1%,limit=1024", "--bufs", "4096"), "");
	assert_string_equal(
		COMPLAINT("--impair", "loss=1"),
		"--impair: 'loss=1' cannot be; give a percentage from 0% to 100% in "
		"steps of 0.0001%, such as 1%");
	assert_string_equal(COMPLAINT("--impair", "loss=1%", "--impair-tx", "queue=4K"),
	                    "--impair-tx: queue is that of rate; give rate=BITS too, such as "
	                    "rate=100M");
	assert_string_equal(
		COMPLAINT("--impair-rx", "delay=1ms,limit=1025", "--bufs", "4096"),
		"--impair-rx: 1025 frames under way are too many for the 4096 packet "
		"buffers of a core; give limit=1024, or --bufs 4100");

	assert_string_equal(COMPLAINT("--impair", "loss=1%", "--impair-tx", "none"), "");
	assert_int_equal(wr_conf_impair(&conf, WR_IMPAIR_RX, &impair, &key, &err), 0);
	assert_int_equal(impair.loss, 10000);
	assert_int_equal(impair.limit, wr_conf_bufs(&conf) / 8);
	assert_string_equal(key, "impair");
	assert_int_equal(wr_conf_impair(&conf, WR_IMPAIR_TX, &impair, &key, &err), 0);
	assert_true(wr_impair_is_none(&impair));
	assert_string_equal(key, "impair-tx");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_impairment_is_read_and_fits_the_buffers),
		cmocka_unit_test(what_belongs_together_is_taken),
		cmocka_unit_test(device_and_address_are_needed),
		cmocka_unit_test(a_second_device_is_refused),
		cmocka_unit_test(an_address_must_be_a_hosts),
		cmocka_unit_test(the_gateway_is_another_host_of_a_network_of_ours),
		cmocka_unit_test(a_pool_of_clients_leaves_out_what_no_host_may_have),
		cmocka_unit_test(a_port_has_one_service),
		cmocka_unit_test(fast_open_is_for_ports_with_a_service),
		cmocka_unit_test(a_target_is_somebody_else),
		cmocka_unit_test(sizes_must_fit_each_other),
		cmocka_unit_test(times_must_fit_each_other),
		cmocka_unit_test(values_reach_the_stack),
		cmocka_unit_test(presets_are_those_of_the_engine),
		cmocka_unit_test(buffers_grow_with_connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
