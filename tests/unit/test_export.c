/* SPDX-License-Identifier: BSD-3-Clause */
/* The exporter and its clients, over the sockets that they use. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_eal.h>

#include "wr_base.h"
#include "wr_client.h"
#include "wr_export.h"
#include "wr_json.h"
#include "wr_test.h"

#define INSTANCE    "unit"
#define CONNECTIONS 150
#define WORDS       (offsetof(struct wr_stats, cycles_bursts) / sizeof(uint64_t) + 1)

static char runtime[] = P_tmpdir "/wr_test_export_XXXXXX";

/* ---- a worker of our own, in place of lib/stack ---- */

struct wr_stack {
	bool answers;
	bool widest; /* all numbers as long as they can be */
	unsigned asked;
	struct wr_stack_message *kept; /* not answered yet */
};

static void fill_info(const struct wr_stack *stack, uint32_t n, struct wr_tcp_info *info)
{
	if (stack->widest) {
		memset(info, 0x7f, sizeof(*info));
		info->state = WR_TCP_SYN_RECEIVED;
		info->cc = "cubic_bbr";
		info->timer = "keepalive";
	} else {
		*info = (struct wr_tcp_info) {.state = WR_TCP_ESTABLISHED, .cc = "reno"};
		info->mss = 1448;
		info->ssthresh = UINT32_MAX;
		info->bytes_in = (uint64_t)n << 32;
	}
	info->tuple = (struct wr_tuple) {0xc6120001, 0xc6120002, 7, (uint16_t)(n + 1)};
}

int wr_stack_post(struct wr_stack *stack, struct wr_stack_message *message)
{
	stack->asked++;
	stack->kept = message;
	if (!stack->answers)
		return 0;
	message->count = 0;
	if (message->cursor == 0) { /* a part of the table without connections */
		message->cursor = 1000;
		message->count = 0;
		__atomic_store_n(&message->done, 1, __ATOMIC_RELEASE);
		return 0;
	}
	while (message->count < WR_ASK_PAGE && message->cursor < 1000 + CONNECTIONS)
		fill_info(stack, message->cursor++ - 1000, &message->info[message->count++]);
	if (message->cursor >= 1000 + CONNECTIONS)
		message->cursor = UINT32_MAX;
	__atomic_store_n(&message->done, 1, __ATOMIC_RELEASE);
	return 0;
}

/* ---- the process that is looked into ---- */

static struct {
	struct wr_stats stats[2];
	struct wr_stack stack[2];
	struct wr_port port;
	uint64_t now_ns;
	/* Somebody asks while a snapshot is being made, if client is set. */
	struct wr_client *client;
	struct wr_snapshot *meanwhile;
	struct wr_err err;
	int asked;
} world;

static uint64_t world_now(void *arg)
{
	return __atomic_load_n(&world.now_ns, __ATOMIC_RELAXED);
}

static void world_nap(void *arg, unsigned us)
{
	__atomic_add_fetch(&world.now_ns, WR_US(us) * 100, __ATOMIC_RELAXED);
	sched_yield();
}

static void world_counters(const struct wr_port *port, struct wr_port_counters *out)
{
	if (world.client)
		world.asked = wr_client_snapshot(world.client, world.meanwhile, &world.err);
	*out = (struct wr_port_counters) {.ipackets = 11, .imissed = 12, .obytes = 13};
}

static struct wr_export_conf world_conf(void)
{
	struct wr_export_conf conf = {
		.instance = INSTANCE,
		.command = "serve",
		.version = "1.2.3",
		.start_unix_s = 1700000000,
		.tsc_hz = 2000000000,
		.control_cpu = (unsigned)sched_getcpu(),
		.cores = 2,
		.port = &world.port,
		.ports = 1,
		.port_counters = world_counters,
		.now_ns = world_now,
		.nap = world_nap,
	};

	for (unsigned i = 0; i < 2; i++)
		conf.core[i] = (struct wr_export_core) {
			.stats = &world.stats[i],
			.stack = &world.stack[i],
			.lcore = 4 + i,
			.cpu = 6 + i,
			.socket = i ? 1 : -1,
		};
	return conf;
}

static int setup(void **state)
{
	struct wr_export_conf conf;
	struct wr_err err;
	uint64_t n = 1;

	memset(&world, 0, sizeof(world));
	world.now_ns = WR_S(5);
	strcpy(world.port.spec, "tap:wr0");
	strcpy(world.port.driver, "net_tap");
	for (unsigned c = 0; c < 2; c++) {
		world.stack[c].answers = true;
		for (unsigned i = 0; i < WORDS; i++)
			((uint64_t *)&world.stats[c])[i] = n++;
	}
	conf = world_conf();
	*state = wr_export_start(&conf, &err);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	wr_export_stop(*state);
	return 0;
}

static struct wr_client *open_client(void)
{
	struct wr_err err;
	struct wr_client *client = wr_client_open(INSTANCE, &err);

	if (!client)
		fail_msg("%s", err.text);
	return client;
}

/* ---- numbers ---- */

static void a_snapshot_is_the_same_in_another_process(void **state)
{
	struct wr_export *export = *state;
	struct wr_snapshot *there = wr_snapshot_new();
	struct wr_client *client = open_client();
	struct wr_err err;

	world.stats[0].n[WR_STAT_rx_frames] += 100;
	world.stats[1].n[WR_STAT_cycles_busy] += 100;
	wr_export_tick(export, WR_S(6));
	assert_int_equal(wr_client_snapshot(client, there, &err), 0);
	assert_int_equal(there->rate.n[WR_STAT_rx_frames], 100);
	assert_int_equal(there->core[1].busy_ppm, 1000000);
	assert_memory_equal(there, wr_export_snapshot(export), sizeof(*there));
	wr_client_close(client);
	free(there);
}

static void what_was_begun_before_a_question_is_told_apart_from_what_comes_after(void **state)
{
	struct wr_export *export = *state;
	struct wr_snapshot *there = wr_snapshot_new();

	world.meanwhile = there;
	world.client = open_client();
	world.asked = -1;
	wr_export_tick(export, WR_S(6));
	assert_int_equal(world.asked, 0);
	assert_int_equal(there->sequence, 1);
	assert_int_equal(there->begun, 2);
	assert_int_equal(wr_client_snapshot(world.client, there, &world.err), 0);
	assert_int_equal(there->sequence, 2);
	assert_int_equal(there->begun, 2);
	wr_client_close(world.client);
	world.client = NULL;
	free(there);
}

static void a_number_that_is_no_number_does_not_break_the_reply(void **state)
{
	struct wr_snapshot *there = wr_snapshot_new();
	struct wr_client *client = open_client();
	struct wr_err err;

	for (unsigned i = 0; i < WORDS; i++)
		((uint64_t *)&world.stats[0])[i] = UINT64_MAX - i;
	wr_export_tick(*state, WR_S(6));
	assert_int_equal(wr_client_snapshot(client, there, &err), 0);
	assert_int_equal(there->core[0].stats.n[0], INT64_MAX);
	wr_client_close(client);
	free(there);
}

static json_int_t asked(struct wr_client *client, const char *command, const char *params,
                        const char *key)
{
	struct wr_err err;
	json_t *reply = wr_client_ask(client, command, params, &err);
	const json_t *value = json_object_get(reply, key);
	json_int_t n;

	if (!value)
		fail_msg("%s,%s has no %s", command, params ? params : "", key);
	n = json_integer_value(value);
	json_decref(reply);
	return n;
}

static void every_command_answers_for_the_sum_and_for_one_core(void **state)
{
	static const char *const commands[][2] = {
		{"/wringer/stats", "rx_frames"},
		{"/wringer/verdicts", "tcp_accepted"},
		{"/wringer/drops", "tcp_paws"},
		{"/wringer/causes", "tcp_data"},
		{"/wringer/reasons", "finished"},
		{"/wringer/states", "fin_wait_1"},
		{"/wringer/stages", "process"},
		{"/wringer/transitions", "listen/syn_received"},
	};
	struct wr_client *client = open_client();

	for (unsigned i = 0; i < WR_LEN(commands); i++)
		assert_int_equal(asked(client, commands[i][0], NULL, commands[i][1]),
		                 asked(client, commands[i][0], "0", commands[i][1]) +
		                         asked(client, commands[i][0], "1", commands[i][1]));
	assert_int_equal(asked(client, "/wringer/info", NULL, "cores"), 2);
	assert_int_equal(asked(client, "/wringer/drops", NULL, "port0_nic_missed"), 12);
	asked(client, "/wringer/books", "1", "in");
	asked(client, "/wringer/rates", NULL, "rx_frames");
	wr_client_close(client);
}

static void a_core_that_is_not_there_has_no_numbers(void **state)
{
	struct wr_client *client = open_client();
	struct wr_err err;

	assert_null(wr_client_ask(client, "/wringer/stats", "2", &err));
	assert_null(wr_client_ask(client, "/wringer/stats", "0x", &err));
	assert_null(wr_client_ask(client, "/wringer/snapshot", "-1", &err));
	wr_client_close(client);
}

static void the_json_document_has_every_table(void **state)
{
	static const char *const tables[] = {"stats",  "verdicts", "drops",
	                                     "causes", "reasons",  "connections",
	                                     "stages", "books",    "transitions"};
	json_t *document = wr_json_snapshot(wr_export_snapshot(*state));
	const json_t *sum = json_object_get(document, "sum");

	for (unsigned i = 0; i < WR_LEN(tables); i++)
		assert_true(json_object_size(json_object_get(sum, tables[i])) > 0);
	assert_int_equal(json_array_size(json_object_get(document, "cores")), 2);
	assert_int_equal(json_array_size(json_object_get(document, "ports")), 1);
	json_decref(document);
}

/* ---- connections ---- */

/* All of core 0's; returns how many pages there were. */
static unsigned list_all(struct wr_tcp_info *all, unsigned *count)
{
	struct wr_client *client = open_client();
	struct wr_client_page page;
	struct wr_ss_query query;
	struct wr_err err;
	unsigned pages = 0;

	*count = 0;
	for (wr_ss_query_default(&query); query.cursor != UINT32_MAX; pages++) {
		if (wr_client_connections(client, &query, &page, &err) < 0)
			fail_msg("%s", err.text);
		assert_in_range(*count + page.count, 0, CONNECTIONS);
		memcpy(all + *count, page.info, page.count * sizeof(*all));
		*count += page.count;
		wr_client_page_release(&page);
	}
	wr_client_close(client);
	return pages;
}

static void every_connection_is_listed_once(void **state)
{
	struct wr_tcp_info all[CONNECTIONS];
	unsigned count;

	assert_int_equal(list_all(all, &count), 3);
	assert_int_equal(count, CONNECTIONS);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(all[i].tuple.rport, i + 1);
		assert_int_equal(all[i].tuple.laddr, 0xc6120001);
		assert_int_equal(all[i].state, WR_TCP_ESTABLISHED);
		assert_int_equal(all[i].mss, 1448);
		assert_int_equal(all[i].ssthresh, UINT32_MAX);
		assert_int_equal(all[i].bytes_in, (uint64_t)i << 32);
	}
}

static void pages_too_long_for_a_reply_are_split(void **state)
{
	struct wr_tcp_info all[CONNECTIONS];
	unsigned count;

	world.stack[0].widest = true;
	assert_in_range(list_all(all, &count), 4, 9);
	assert_int_equal(count, CONNECTIONS);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(all[i].tuple.rport, i + 1);
		assert_int_equal(all[i].bytes_acked, 0x7f7f7f7f7f7f7f7f);
	}
}

static void ask_core_0(struct wr_err *err, int rc)
{
	struct wr_client *client = open_client();
	struct wr_client_page page;
	struct wr_ss_query query;

	wr_ss_query_default(&query);
	assert_int_equal(wr_client_connections(client, &query, &page, err), rc);
	if (rc == 0)
		wr_client_page_release(&page);
	wr_client_close(client);
}

static void a_worker_that_does_not_answer_is_said_so_and_asked_again_later(void **state)
{
	struct wr_err err;

	world.stack[0].answers = false;
	ask_core_0(&err, -EIO);
	assert_non_null(strstr(err.text, "did not answer within 2 s"));
	ask_core_0(&err, -EIO);
	assert_int_equal(world.stack[0].asked, 1); /* it still holds the first question */

	world.stack[0].answers = true;
	__atomic_store_n(&world.stack[0].kept->done, 1, __ATOMIC_RELEASE);
	ask_core_0(&err, 0);
}

static void bad_questions_are_refused_in_words(void **state)
{
	struct wr_client *client = open_client();
	struct wr_err err;
	json_t *reply = wr_client_ask(client, "/wringer/ss", "core=9", &err);

	assert_string_equal(json_string_value(json_object_get(reply, "error")),
	                    "there is no such core");
	json_decref(reply);
	reply = wr_client_ask(client, "/wringer/ss", "colour=9", &err);
	assert_non_null(json_object_get(reply, "error"));
	json_decref(reply);
	wr_client_close(client);
}

/* ---- which process ---- */

static void the_only_process_needs_no_name(void **state)
{
	struct wr_client *client;
	struct wr_err err;

	client = wr_client_open(NULL, &err);
	assert_non_null(client);
	wr_client_close(client);
	assert_null(wr_client_open("nobody", &err));
	assert_int_equal(err.exit, WR_EXIT_ENVIRONMENT);
	assert_non_null(strstr(err.text, "nobody"));
}

/* A socket as a second process would have; dead: as it leaves it when it crashes. */
static int other_process(const char *name, bool dead)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/dpdk/wringer-%s", runtime, name);
	mkdir(sun.sun_path, 0700);
	strcat(sun.sun_path, "/dpdk_telemetry.v2");
	unlink(sun.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 4), 0);
	if (!dead)
		return fd;
	close(fd);
	return -1;
}

static void sockets_of_the_dead_do_not_count_and_those_of_the_living_do(void **state)
{
	struct wr_client *client;
	struct wr_err err;
	int fd;

	other_process("dead", true);
	client = wr_client_open(NULL, &err);
	assert_non_null(client);
	wr_client_close(client);

	fd = other_process("second", false);
	assert_null(wr_client_open(NULL, &err));
	assert_int_equal(err.exit, WR_EXIT_USAGE);
	assert_non_null(strstr(err.text, INSTANCE));
	assert_non_null(strstr(err.text, "second"));
	assert_null(strstr(err.text, "dead"));
	close(fd);
}

static void after_the_stop_commands_answer_nothing(void **state)
{
	struct wr_client *client = open_client();
	struct wr_err err;

	wr_export_stop(*state);
	*state = NULL;
	assert_null(wr_client_ask(client, "/wringer/info", NULL, &err));
	wr_client_close(client);
}

/* ---- the endpoint ---- */

static const char *http(uint16_t port, const char *request)
{
	static char answer[1 << 20];
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t len = 0;
	ssize_t n;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	dprintf(fd, "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", request);
	while ((n = read(fd, answer + len, sizeof(answer) - 1 - len)) > 0)
		len += (size_t)n;
	answer[len] = '\0';
	close(fd);
	return answer;
}

/* A port that is free now, and a socket that holds it unless fd is NULL. */
static uint16_t some_port(int *fd)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);

	*fd = socket(AF_INET, SOCK_STREAM, 0);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(*fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(*fd, 1), 0);
	getsockname(*fd, (struct sockaddr *)&sin, &len);
	return ntohs(sin.sin_port);
}

static struct wr_export *start_at(const char *metrics, struct wr_err *err)
{
	struct wr_export_conf conf = world_conf();

	conf.metrics = metrics;
	return wr_export_start(&conf, err);
}

static void the_endpoint_serves_metrics_and_nothing_else(void **state)
{
	struct wr_err err;
	char where[32];
	uint16_t port;
	int fd;

	wr_export_stop(*state);
	port = some_port(&fd);
	close(fd);
	snprintf(where, sizeof(where), "127.0.0.1:%u", port);
	*state = start_at(where, &err);
	if (!*state)
		fail_msg("%s", err.text);

	assert_non_null(strstr(http(port, "GET /metrics"), " 200 "));
	assert_non_null(strstr(http(port, "GET /metrics"), "text/plain; version=0.0.4"));
	assert_non_null(
		strstr(http(port, "GET /metrics"), "\nwringer_build_info{version=\"1.2.3\""));
	assert_non_null(strstr(http(port, "GET /"), "href=\"/metrics\""));
	assert_non_null(strstr(http(port, "GET /favicon.ico"), " 404 "));
	assert_non_null(strstr(http(port, "DELETE /metrics"), " 405 "));
	assert_non_null(strstr(http(port, "HEAD /metrics"), " 200 "));
	assert_null(strstr(http(port, "HEAD /metrics"), "wringer_"));
}

static void a_port_in_use_and_a_bad_address_are_sentences(void **state)
{
	struct wr_err err;
	char where[32];
	int fd;

	wr_export_stop(*state);
	*state = NULL;
	snprintf(where, sizeof(where), "127.0.0.1:%u", some_port(&fd));
	assert_null(start_at(where, &err));
	assert_int_equal(err.exit, WR_EXIT_ENVIRONMENT);
	assert_non_null(strstr(err.text, "another program uses this port"));
	close(fd);
	assert_null(start_at("localhost", &err));
	assert_int_equal(err.exit, WR_EXIT_USAGE);
	assert_null(start_at("127.0.0.1:99999x", &err));
	assert_int_equal(err.exit, WR_EXIT_USAGE);
	assert_null(start_at("198.18.255.254:9464", &err));
	assert_int_equal(err.exit, WR_EXIT_ENVIRONMENT);
}

static void start_eal(void)
{
	char lcores[16];
	char *argv[] = {"test",
	                "--no-huge",
	                "--no-shconf",
	                "--no-pci",
	                "-m",
	                "16",
	                "--lcores",
	                lcores,
	                "--file-prefix=wringer-" INSTANCE,
	                "--log-level=error"};

	snprintf(lcores, sizeof(lcores), "0@%d", sched_getcpu());
	if (!mkdtemp(runtime) || setenv("RUNTIME_DIRECTORY", runtime, 1) != 0 ||
	    rte_eal_init(WR_LEN(argv), argv) < 0)
		exit(EXIT_FAILURE);
}

static void remove_runtime(void)
{
	static const char *const names[] = {INSTANCE, "dead", "second"};
	char path[128];

	rte_eal_cleanup();
	for (unsigned i = 0; i < WR_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/dpdk/wringer-%s/dpdk_telemetry.v2", runtime,
		         names[i]);
		unlink(path);
		*strrchr(path, '/') = '\0';
		rmdir(path);
	}
	*strrchr(path, '/') = '\0';
	rmdir(path);
	rmdir(runtime);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_snapshot_is_the_same_in_another_process),
		TEST(what_was_begun_before_a_question_is_told_apart_from_what_comes_after),
		TEST(a_number_that_is_no_number_does_not_break_the_reply),
		TEST(every_command_answers_for_the_sum_and_for_one_core),
		TEST(a_core_that_is_not_there_has_no_numbers),
		TEST(the_json_document_has_every_table),
		TEST(every_connection_is_listed_once),
		TEST(pages_too_long_for_a_reply_are_split),
		TEST(a_worker_that_does_not_answer_is_said_so_and_asked_again_later),
		TEST(bad_questions_are_refused_in_words),
		TEST(the_only_process_needs_no_name),
		TEST(sockets_of_the_dead_do_not_count_and_those_of_the_living_do),
		TEST(after_the_stop_commands_answer_nothing),
		TEST(the_endpoint_serves_metrics_and_nothing_else),
		TEST(a_port_in_use_and_a_bad_address_are_sentences),
	};
	int failed;

	start_eal();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	remove_runtime();
	return failed;
}
