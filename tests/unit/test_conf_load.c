/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "keys.h"
#include "wr_rr.h"
#include "wr_test.h"

static struct wr_conf conf;
static struct wr_load_conf load;
static struct wr_err err;

static int args(char **words)
{
	enum wr_conf_action action;
	int argc = 0, rc;

	while (words[argc])
		argc++;
	memset(&err, 0, sizeof(err));
	rc = wr_conf_args(&conf, WR_CONF_LOAD, argc, words, &action, &err);
	return rc ? rc : wr_conf_load(&conf, &load, &err);
}

/* Reads `wringer load 198.18.0.9 ...`; the result is in load. */
#define LOAD(...) args((char *[]) {"load", "198.18.0.9", __VA_ARGS__, NULL})

static const char *complaint(char **words)
{
	assert_true(args(words) < 0);
	assert_int_equal(err.exit, WR_EXIT_USAGE);
	return err.text;
}

#define COMPLAINT(...) complaint((char *[]) {"load", __VA_ARGS__, NULL})

static void rates_are_decimal_and_may_have_fractions(void **state)
{
	assert_int_equal(LOAD("--rps", "1.5M", "--cps", "300k", "--pps", "0.2G"), 0);
	assert_true(load.set.rps == 1.5e6 && load.set.cps == 3e5 && load.set.pps == 2e8);
	assert_int_equal(LOAD("--rps", "1Mi", "--cps", "0.5"), 0);
	assert_true(load.set.rps == 1048576 && load.set.cps == 0.5);
	assert_int_equal(LOAD("--bitrate", "9.4Gbps"), 0);
	assert_true(load.set.bitrate == 9.4e9);
	assert_int_equal(LOAD("--bitrate", "100M", "--rps", "max"), 0);
	assert_true(load.set.bitrate == 1e8 && load.set.rps == 0);
}

static void misspelt_rates_are_refused(void **state)
{
	static char *const bad[] = {"1m",  "1 M", "-1",    "+1", "1e3x", "0x10",
	                            "nan", "inf", "1Mbps", "",   "M",    "1,5M"};

	for (size_t i = 0; i < WR_LEN(bad); i++)
		assert_int_equal(LOAD("--rps", bad[i]), -EINVAL);
	assert_string_equal(COMPLAINT("198.18.0.9", "--rps", "2m"),
	                    "--rps: '2m' is not a number a second, such as 500, 300k or 1.5M, "
	                    "nor max");
	assert_string_equal(COMPLAINT("198.18.0.9", "--rps", "0"),
	                    "--rps: 0 is not between 0.001 and 1G, nor max");
}

static void a_target_is_an_address_with_port_or_a_url(void **state)
{
	assert_int_equal(LOAD("--mode", "rr"), 0);
	assert_int_equal(load.target, 0xc6120009);
	assert_int_equal(load.port, 7);
	assert_int_equal(args((char *[]) {"load", "198.18.0.9:7007", NULL}), 0);
	assert_int_equal(load.port, 7007);
	assert_int_equal(args((char *[]) {"load", "--target", "198.18.0.9", NULL}), 0);
	assert_int_equal(args((char *[]) {"load", "http://198.18.0.9", NULL}), 0);
	assert_int_equal(load.mode, WR_LOAD_HTTP);
	assert_int_equal(load.port, 80);
	assert_string_equal(load.http.path, "/");
	assert_int_equal(args((char *[]) {"load", "http://198.18.0.9:81/a?b=1:2", NULL}), 0);
	assert_int_equal(load.port, 81);
	assert_string_equal(load.http.path, "/a?b=1:2");
}

static void a_second_target_is_refused(void **state)
{
	assert_string_equal(COMPLAINT("198.18.0.9", "198.18.0.8"),
	                    "'198.18.0.8' is a target beside 198.18.0.9; give one of them");
	assert_int_equal(
		args((char *[]) {"load", "--target", "198.18.0.8", "198.18.0.9", NULL}), 0);
}

static void other_targets_are_refused_with_what_is_wanted(void **state)
{
	static char *const bad[] = {
		"example.org",
		"198.18.0.9:0",
		"198.18.0.9:65536",
		"198.18.0.9:+7",
		"198.18.0.9/a",
		"198.18.0",
		"https://198.18.0.9",
		"http://",
		"198.18.0.9:7x",
		"http://h.org/",
		"",
	};

	for (size_t i = 0; i < WR_LEN(bad); i++)
		assert_int_equal(args((char *[]) {"load", "--target", bad[i], NULL}), -EINVAL);
	assert_string_equal(COMPLAINT("example.org"),
	                    "--target: 'example.org' is not an address (names are not "
	                    "resolved, and there is no TLS), such as 198.18.0.1, "
	                    "198.18.0.1:7 or http://198.18.0.1/path");
	assert_string_equal(COMPLAINT("--mode", "rr"),
	                    "no target is given; write wringer load ADDR:PORT, such as "
	                    "198.18.0.9:7");
	assert_string_equal(
		COMPLAINT("http://198.18.0.9/", "--mode", "rr"),
		"--mode: a URL is loaded by http only; give the target as ADDR:PORT");
}

static void the_port_follows_from_what_is_asked_for(void **state)
{
	static const struct {
		char *mode, *key, *value;
		uint16_t port;
	} cases[] = {
		{"rr", "response", "64", 7},
		{"rr", "response", "1000", WR_RR_PORT},
		{"udp-rr", "protocol", "sized", WR_RR_PORT},
		{"stream", "direction", "up", 9},
		{"stream", "direction", "down", 19},
		{"stream", "direction", "both", 7},
		{"udp-flood", "request", "18", 9},
		{"http", "method", "POST", 80},
	};

	for (size_t i = 0; i < WR_LEN(cases); i++) {
		char key[32];

		snprintf(key, sizeof(key), "--%s", cases[i].key);
		assert_int_equal(LOAD("--mode", cases[i].mode, key, cases[i].value), 0);
		assert_int_equal(load.port, cases[i].port);
	}
}

static void a_stream_is_verified_by_a_service_that_can(void **state)
{
	assert_int_equal(LOAD("--mode", "stream", "--verify"), 0);
	assert_int_equal(load.port, wr_service_sink.port);
	assert_int_equal(LOAD("--mode", "stream", "--verify", "--direction", "down"), 0);
	assert_int_equal(load.port, wr_service_source.port);
	assert_int_equal(LOAD("--mode", "stream", "--verify", "--direction", "both"), 0);
	assert_int_equal(load.port, wr_service_echo.port);
}

static void a_run_without_length_takes_ten_seconds_or_its_requests(void **state)
{
	assert_int_equal(LOAD("--rps", "10"), 0);
	assert_int_equal(load.duration_ns, 10000000000);
	assert_int_equal(LOAD("--requests", "1k"), 0);
	assert_int_equal(load.duration_ns, 0);
	assert_int_equal(load.requests, 1000);
	assert_int_equal(LOAD("--requests", "1k", "--duration", "1s"), 0);
	assert_int_equal(load.duration_ns, 1000000000);
}

static void sizes_payload_and_shape_are_handed_on(void **state)
{
	assert_int_equal(LOAD("--request", "1Ki", "--payload", "file:/etc/motd", "--schedule",
	                      "burst:10ms/90ms", "--ramp", "2s"),
	                 0);
	assert_int_equal(load.request.least, 1024);
	assert_int_equal(load.response.least, 1024);
	assert_int_equal(load.payload, WR_LOAD_FILE);
	assert_int_equal(load.schedule.kind, WR_SCHEDULE_BURST);
	assert_int_equal(load.schedule.ramp_ns, 2000000000);
	assert_int_equal(LOAD("--response", "64-1400", "--payload", "zero"), 0);
	assert_int_equal(load.response.most, 1400);
	assert_int_equal(load.payload, WR_LOAD_ZERO);
	assert_false(load.verify);
	assert_int_equal(LOAD("--verify"), 0);
	assert_true(load.verify);
	assert_int_equal(LOAD("--payload", "noise"), -EINVAL);
	assert_int_equal(LOAD("--request", "many"), -EINVAL);
	assert_int_equal(LOAD("--schedule", "square"), -EINVAL);
}

static void sizes_without_an_end_end_where_a_datagram_does(void **state)
{
	assert_int_equal(LOAD("--mode", "udp-rr", "--request", "exp:1000"), 0);
	assert_int_equal(load.request.most, WR_UDP_PAYLOAD_MAX);
	assert_memory_equal(&load.request, &load.response, sizeof(load.request));
	assert_int_equal(LOAD("--mode", "udp-flood", "--request", "1M"), 0);
	assert_int_equal(load.request.most, 1 << 20); /* is refused as it is */
	assert_int_equal(LOAD("--mode", "rr", "--request", "exp:1000"), 0);
	assert_true(load.request.most > WR_UDP_PAYLOAD_MAX);
}

static void header_lines_are_joined_and_belong_to_http(void **state)
{
	assert_int_equal(args((char *[]) {"load", "http://198.18.0.9/", "--header", "A: 1",
	                                  "--header", "B: 2", "--host", "h", NULL}),
	                 0);
	assert_string_equal(load.http.headers, "A: 1\r\nB: 2\r\n");
	assert_string_equal(load.http.host, "h");
	assert_int_equal(LOAD("--mode", "http", "--header", "none"), -EINVAL);
	assert_string_equal(COMPLAINT("198.18.0.9", "--host", "h"),
	                    "--host: it belongs to mode http; give a URL as target");
}

static void json_alone_is_standard_output(void **state)
{
	assert_int_equal(LOAD("--json", "--verify"), 0);
	assert_string_equal(conf.load.json, "-");
	assert_int_equal(LOAD("--json=result.json"), 0);
	assert_string_equal(conf.load.json, "result.json");
	assert_int_equal(LOAD("--verify"), 0);
	assert_string_equal(conf.load.json, "");
}

static void source_ports_are_a_range(void **state)
{
	static char *const bad[] = {"1024", "2-1", "0-9", "1-65536", "1-2x", "a-b"};

	assert_int_equal(LOAD("--client-ports", "2000-2999", "--client-ip", "198.18.1.0/24"),
	                 0);
	assert_int_equal(load.port_low, 2000);
	assert_int_equal(load.port_high, 2999);
	assert_int_equal(load.clients, 1);
	assert_int_equal(load.client[0].last - load.client[0].first, 253);
	for (size_t i = 0; i < WR_LEN(bad); i++)
		assert_int_equal(LOAD("--client-ports", bad[i]), -EINVAL);
}

static void connections_need_source_ports(void **state)
{
	assert_int_equal(LOAD("--connections", "64512"), 0);
	assert_string_equal(COMPLAINT("198.18.0.9", "--connections", "1001", "--client-ports",
	                              "2000-2499", "--client-ip", "198.18.0.20-198.18.0.21"),
	                    "--connections: 1001 connections need as many source ports, and 2 "
	                    "addresses with the ports 2000-2499 have 1000; give more with "
	                    "--client-ip, or wider --client-ports");
	assert_int_equal(LOAD("--rps", "1M", "--client-ports", "2000-2099"), 0);
	assert_int_equal(load.set.connections, 100);
	assert_int_equal(LOAD("--verify"), 0);
	assert_int_equal(load.set.connections, 1);
}

static void tables_follow_from_what_is_to_be_open(void **state)
{
	assert_int_equal(LOAD("--connections", "1M", "--client-ip", "198.18.1.0/24"), 0);
	wr_conf_size_load(&conf, &load, 4);
	assert_true(conf.connections >= 250000 && conf.connections < 300000);
	assert_int_equal(LOAD("--cps", "100k", "--mode", "crr", "--client-ip", "198.18.1.0/24"),
	                 0);
	assert_int_equal(load.set.connections, 25000);
	wr_conf_size_load(&conf, &load, 1);
	assert_true(conf.connections >= 25000);
	assert_int_equal(conf.time_wait_entries, 4 << 20);
	assert_int_equal(LOAD("--time-wait-entries", "100"), 0);
	wr_conf_size_load(&conf, &load, 1);
	assert_int_equal(conf.time_wait_entries, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_are_decimal_and_may_have_fractions),
		cmocka_unit_test(misspelt_rates_are_refused),
		cmocka_unit_test(a_target_is_an_address_with_port_or_a_url),
		cmocka_unit_test(a_second_target_is_refused),
		cmocka_unit_test(other_targets_are_refused_with_what_is_wanted),
		cmocka_unit_test(the_port_follows_from_what_is_asked_for),
		cmocka_unit_test(a_stream_is_verified_by_a_service_that_can),
		cmocka_unit_test(a_run_without_length_takes_ten_seconds_or_its_requests),
		cmocka_unit_test(sizes_payload_and_shape_are_handed_on),
		cmocka_unit_test(sizes_without_an_end_end_where_a_datagram_does),
		cmocka_unit_test(header_lines_are_joined_and_belong_to_http),
		cmocka_unit_test(json_alone_is_standard_output),
		cmocka_unit_test(source_ports_are_a_range),
		cmocka_unit_test(connections_need_source_ports),
		cmocka_unit_test(tables_follow_from_what_is_to_be_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
