/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf_rig.h"

static int file(const char *text)
{
	char path[] = P_tmpdir "/wr_test_confXXXXXX";
	int fd = mkstemp(path), rc;

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	rc = wr_conf_file(&conf, path, &err);
	unlink(path);
	return rc;
}

static int args(enum wr_conf_action *action, char **words)
{
	int argc = 0;

	while (words[argc])
		argc++;
	return wr_conf_args(&conf, WR_CONF_SERVE, argc, words, action, &err);
}

#define ARGS(action, ...) args(action, (char *[]) {"serve", __VA_ARGS__, NULL})

/* Two commands may each have a key of one name. */
static void take_command_of(const struct wr_conf_key *key)
{
	conf.command = key->commands & -key->commands;
}

static void every_preset_is_a_value_of_its_key_and_is_written_back(void **state)
{
	for (const struct wr_conf_group *g = wr_conf_groups; g->title; g++)
		for (const struct wr_conf_key *key = g->keys; key->name; key++) {
			char before[1024];

			if (!key->preset || key->kind->clear)
				continue;
			take_command_of(key);
			assert_int_equal(set(key->name, key->preset), 0);
			memcpy(before, wr_conf_at(&conf, key), key->size);
			assert_int_equal(set(key->name, written(key->name, 0)), 0);
			assert_memory_equal(before, wr_conf_at(&conf, key), key->size);
		}
}

static void every_bound_is_a_value_of_its_key(void **state)
{
	for (const struct wr_conf_group *g = wr_conf_groups; g->title; g++)
		for (const struct wr_conf_key *key = g->keys; key->name; key++) {
			if (!key->min)
				continue;
			take_command_of(key);
			assert_int_equal(set(key->name, key->min), 0);
			assert_int_equal(set(key->name, key->max), 0);
			assert_int_equal(key->size, sizeof(uint64_t));
		}
}

static void names_are_unique_and_helps_are_short_sentences(void **state)
{
	unsigned n = 0, number;

	for (const struct wr_conf_group *g = wr_conf_groups; g->title; g++)
		for (const struct wr_conf_key *key = g->keys; key->name; key++, n++) {
			assert_ptr_equal(wr_conf_find(key->name, key->commands, &number), key);
			assert_int_equal(number, n);
			assert_true(strlen(key->help) > 8 && strlen(key->help) < 90);
			assert_true(key->help[strlen(key->help) - 1] != '.');
		}
}

static void an_unknown_option_is_refused_with_the_nearest(void **state)
{
	assert_int_equal(set("conections", "5"), -ENOENT);
	assert_string_equal(err.text,
	                    "there is no option '--conections'; did you mean '--connections'? "
	                    "`wringer serve --help` lists them all");
	assert_string_equal(complaint("rto_min", "5ms"),
	                    "there is no option '--rto_min'; did you mean '--rto-min'? "
	                    "`wringer serve --help` lists them all");
	assert_string_equal(
		complaint("frobnicate", "5"),
		"there is no option '--frobnicate'; `wringer serve --help` lists them "
		"all");
}

static void the_form_of_a_mistake_may_be_asked_for_behind_it(void **state)
{
	enum wr_conf_action action;

	assert_int_equal(ARGS(&action, "--bogus", "1", "--json"), -ENOENT);
	assert_true(conf.json);
}

static void a_key_of_another_command_is_refused_and_told_whose_it_is(void **state)
{
	assert_string_equal(complaint("client-ip", "198.18.1.1"),
	                    "--client-ip belongs to wringer load, iperf3, not to wringer "
	                    "serve; leave it out");
	wr_conf_default(&conf, WR_CONF_LOAD);
	assert_string_equal(complaint("echo", "7"),
	                    "--echo belongs to wringer serve, not to wringer load; leave it "
	                    "out");
	assert_int_equal(conf.service.count, 0);
}

static void a_file_has_comments_blanks_and_lists(void **state)
{
	assert_int_equal(file("# lab\n"
	                      "\n"
	                      "  port = tap:wr0   # the tap\n"
	                      "ip=198.18.0.1/24\r\n"
	                      "ip = 198.18.0.2/24\n"
	                      "service = echo:7#\n"),
	                 -EINVAL);
	assert_non_null(strstr(err.text, ":6: service: 'echo:7#' is not a list of services"));
	fresh(NULL);
	assert_int_equal(file("port = tap:wr0\nip = 198.18.0.1/24\nip = 198.18.0.2/24"), 0);
	assert_int_equal(conf.ip.count, 2);
	assert_string_equal(conf.port.spec[0], "tap:wr0");
}

static void a_bad_line_is_refused_with_file_and_line(void **state)
{
	char wanted[512];

	assert_int_equal(file("mtu = 1500\nmtu 1500\n"), -EINVAL);
	snprintf(wanted, sizeof(wanted),
	         "%s:2: 'mtu 1500' is not a line of the form name = value", conf.file);
	assert_string_equal(err.text, wanted);
	assert_int_equal(file("\n\nmtu = 15\n"), -ERANGE);
	snprintf(wanted, sizeof(wanted), "%s:3: mtu: 15 is not between 576 and 9216",
	         conf.file);
	assert_string_equal(err.text, wanted);
	assert_int_equal(file("mtux = 15\n"), -ENOENT);
	snprintf(wanted, sizeof(wanted),
	         "%s:1: there is no key 'mtux'; did you mean 'mtu'? `wringer serve --help` "
	         "lists "
	         "them all",
	         conf.file);
	assert_string_equal(err.text, wanted);
	assert_int_equal(wr_conf_file(&conf, "/nonexistent", &err), -ENOENT);
	assert_string_equal(err.text, "--config: cannot read '/nonexistent': No such file or "
	                              "directory; name a file that exists");
}

static void a_line_too_long_is_refused(void **state)
{
	char text[2048];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(file(text), -E2BIG);
}

static void options_override_the_file_wherever_they_stand(void **state)
{
	char path[] = P_tmpdir "/wr_test_confXXXXXX";
	int fd = mkstemp(path);
	enum wr_conf_action action;
	const char text[] = "ip = 198.18.9.1/24\nmtu = 9000\nsack = off\n";

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	assert_int_equal(ARGS(&action, "--ip", "198.18.0.1/24", "--mtu=1400", "--ip",
	                      "198.18.0.2/24", "--config", path),
	                 0);
	unlink(path);
	assert_int_equal(action, WR_CONF_RUN);
	assert_int_equal(conf.mtu, 1400);
	assert_false(conf.sack);
	assert_int_equal(conf.ip.count, 2);
	assert_string_equal(written("ip", 0), "198.18.0.1/24");
}

static void a_switch_alone_means_on(void **state)
{
	enum wr_conf_action action;

	assert_int_equal(ARGS(&action, "--no-huge", "--keepalive", "on", "--sack", "off",
	                      "--timestamps=no", "--json"),
	                 0);
	assert_true(conf.no_huge && conf.keepalive && conf.json);
	assert_false(conf.sack || conf.timestamps);
}

static void actions_are_found_among_options(void **state)
{
	enum wr_conf_action action;

	assert_int_equal(ARGS(&action, "--mtu", "bad", "--help"), 0);
	assert_int_equal(action, WR_CONF_HELP);
	assert_int_equal(ARGS(&action, "--print-config", "--mtu", "9000"), 0);
	assert_int_equal(action, WR_CONF_PRINT);
	assert_int_equal(conf.mtu, 9000);
	assert_int_equal(ARGS(&action, "--print-config=markdown"), 0);
	assert_int_equal(action, WR_CONF_MARKDOWN);
	assert_int_equal(ARGS(&action, "--print-config=yaml"), -EINVAL);
}

static void words_that_are_no_options_are_refused(void **state)
{
	enum wr_conf_action action;

	assert_int_equal(ARGS(&action, "tap:wr0"), -EINVAL);
	assert_string_equal(err.text,
	                    "'tap:wr0' is not an option; options are written --name value");
	assert_int_equal(ARGS(&action, "--mtu"), -EINVAL);
	assert_string_equal(err.text, "--mtu: the value is missing; write --mtu #[k|M]");
	assert_int_equal(ARGS(&action, "--mtu", "--json"), -EINVAL);
	assert_int_equal(ARGS(&action, "--"), -EINVAL);
	assert_int_equal(ARGS(&action, "--config", "a", "--config", "b"), -ENOENT);
}

/* What --print-config gives, read again, is the same. */
static void the_printed_configuration_reads_back(void **state)
{
	char *first = NULL, *second = NULL;
	size_t size;
	FILE *out = open_memstream(&first, &size);
	enum wr_conf_action action;

	assert_int_equal(ARGS(&action, "--port", "net_null0,size=64", "--ip",
	                      "198.18.0.1/24,198.18.1.1/30", "--gateway", "198.18.0.9",
	                      "--echo", "7,7007", "--discard", "none", "--metrics",
	                      "127.0.0.1:9464", "--eal", "--log-level=debug", "--delack", "off",
	                      "--seed", "5"),
	                 0);
	wr_conf_print(out, &conf);
	fclose(out);
	fresh(NULL);
	assert_int_equal(file(first), 0);
	assert_string_equal(conf.eal, "--log-level=debug");
	out = open_memstream(&second, &size);
	wr_conf_print(out, &conf);
	fclose(out);
	assert_string_equal(first, second);
	free(first);
	free(second);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, fresh)
	const struct CMUnitTest tests[] = {
		TEST(every_preset_is_a_value_of_its_key_and_is_written_back),
		TEST(every_bound_is_a_value_of_its_key),
		TEST(names_are_unique_and_helps_are_short_sentences),
		TEST(an_unknown_option_is_refused_with_the_nearest),
		TEST(the_form_of_a_mistake_may_be_asked_for_behind_it),
		TEST(a_key_of_another_command_is_refused_and_told_whose_it_is),
		TEST(a_file_has_comments_blanks_and_lists),
		TEST(a_bad_line_is_refused_with_file_and_line),
		TEST(a_line_too_long_is_refused),
		TEST(options_override_the_file_wherever_they_stand),
		TEST(a_switch_alone_means_on),
		TEST(actions_are_found_among_options),
		TEST(words_that_are_no_options_are_refused),
		TEST(the_printed_configuration_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
