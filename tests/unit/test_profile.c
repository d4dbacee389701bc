/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "profile.h"
#include "profile_texts.h"
#include "wr_base.h"
#include "wr_test.h"

/* Writes text to a file, and its name to `path`, which the caller unlinks. */
static void write_profile(const char *text, char path[64])
{
	FILE *f;
	int fd;

	snprintf(path, 64, P_tmpdir "/wr_profile_XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	f = fdopen(fd, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* Loads text as --driver-config; the path in the sentence is replaced by FILE. */
static int load(const char *text, struct wr_profile *profile, char sentence[256])
{
	struct wr_err err = {.text = ""};
	char path[64];
	int rc;

	write_profile(text, path);
	rc = wr_profile_load(profile, "net_tap", path, &err);
	unlink(path);
	snprintf(sentence, 256, "FILE%s", rc == 0 ? "" : err.text + strlen(path));
	if (rc != 0)
		assert_int_equal(err.exit, WR_EXIT_USAGE);
	return rc;
}

static void each_driver_finds_its_profile(void **state)
{
	static const char *const cases[][2] = {
		{"net_tap", "tap"},       {"net_null", "null"},
		{"net_ring", "ring"},     {"net_pcap", "pcap"},
		{"net_memif", "memif"},   {"net_vhost", "vhost"},
		{"net_af_xdp", "xdp"},    {"net_af_packet", "afpacket"},
		{"net_ixgbe", "ixgbe"},   {"net_i40e", "i40e"},
		{"net_ice", "ice"},       {"mlx5_pci", "mlx5"},
		{"net_virtio", "virtio"}, {"net_virtio_user", "virtio"},
		{"net_ena", "ena"},       {"net_bonding", "default"},
		{"net_ta", "default"},    {"", "default"},
	};
	struct wr_profile profile;
	struct wr_err err;

	for (size_t i = 0; i < WR_LEN(cases); i++) {
		assert_int_equal(wr_profile_load(&profile, cases[i][0], NULL, &err), 0);
		assert_string_equal(profile.name, cases[i][1]);
	}
}

static void every_built_in_profile_is_well_formed(void **state)
{
	struct wr_profile profile;
	struct wr_err err;
	char path[64];

	for (const struct wr_profile_text *t = wr_profile_texts; t->name; t++) {
		write_profile(t->text, path);
		if (wr_profile_load(&profile, "", path, &err) != 0)
			fail_msg("%s: %s", t->name, err.text);
		unlink(path);
		assert_true(strlen(profile.notes) > 10);
		assert_non_null(strstr(t->text, "; How measured: "));
	}
}

static void what_is_known_of_the_virtual_devices_is_there(void **state)
{
	struct wr_profile profile;
	struct wr_err err;

	assert_int_equal(wr_profile_load(&profile, "net_tap", NULL, &err), 0);
	assert_int_equal(profile.max_queues, 16);
	assert_true(profile.kernel_mac);
	assert_false(profile.rss || profile.rx_cksum || profile.tx_cksum);
	assert_int_equal(wr_profile_load(&profile, "net_ring", NULL, &err), 0);
	assert_true(profile.rx_shared);
	assert_false(profile.tx_cksum);
	assert_int_equal(wr_profile_load(&profile, "net_memif", NULL, &err), 0);
	assert_true(profile.peer_rings);
	assert_int_equal(wr_profile_load(&profile, "net_ice", NULL, &err), 0);
	assert_true(profile.rss && profile.rx_cksum && profile.tx_cksum);
	assert_false(profile.rx_shared || profile.peer_rings);
	assert_false(profile.kernel_mac || profile.kernel_mtu);
}

static void a_file_overrides_the_keys_that_it_names(void **state)
{
	struct wr_profile profile;
	char sentence[256];

	assert_int_equal(load("; ours\n[port]\nrx_desc = 256\nrss=yes\nnotes = one, two\n",
	                      &profile, sentence),
	                 0);
	assert_int_equal(profile.rx_desc, 256);
	assert_true(profile.rss);
	assert_string_equal(profile.notes, "one, two");
	assert_int_equal(profile.max_queues, 16);
	assert_memory_equal(profile.name, "wr_profile_", 11);
}

static void bad_lines_are_named_by_file_section_and_key(void **state)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
		{"[port]\nrx_dsc = 1\n", "FILE: [port] rx_dsc: there is no such key; "
	                                 "drivers-config/README.md lists them"},
		{"[port]\nrx_desc = 1k\n",
	         "FILE: [port] rx_desc: '1k' is not a number from 0 to 65535"},
		{"[port]\nrx_desc = 65536\n",
	         "FILE: [port] rx_desc: '65536' is not a number from 0 to 65535"},
		{"[port]\nrx_desc = -1\n",
	         "FILE: [port] rx_desc: '-1' is not a number from 0 to 65535"},
		{"[port]\nrx_desc =\n",
	         "FILE: [port] rx_desc: '' is not a number from 0 to 65535"},
		{"[port]\nrss = true\n", "FILE: [port] rss: 'true' is not yes or no"},
		{"[prt]\nrss = yes\n", "FILE: one section [port] is needed, and no other"},
		{"[port]\nrss = yes\n[more]\na = b\n",
	         "FILE: one section [port] is needed, and no other"},
		{"", "FILE: one section [port] is needed, and no other"},
	};
	struct wr_profile profile;
	char sentence[256];

	for (size_t i = 0; i < WR_LEN(cases); i++) {
		assert_true(load(cases[i].text, &profile, sentence) < 0);
		assert_string_equal(sentence, cases[i].sentence);
	}
	assert_true(load("rss = yes\n", &profile, sentence) < 0);
	assert_non_null(strstr(sentence, "FILE: not an INI file"));
}

static void a_missing_file_is_a_usage_error(void **state)
{
	struct wr_profile profile;
	struct wr_err err;

	assert_int_equal(wr_profile_load(&profile, "net_tap", "/nowhere.ini", &err), -ENOENT);
	assert_int_equal(err.exit, WR_EXIT_USAGE);
	assert_non_null(strstr(err.text, "--driver-config /nowhere.ini"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_driver_finds_its_profile),
		cmocka_unit_test(every_built_in_profile_is_well_formed),
		cmocka_unit_test(what_is_known_of_the_virtual_devices_is_there),
		cmocka_unit_test(a_file_overrides_the_keys_that_it_names),
		cmocka_unit_test(bad_lines_are_named_by_file_section_and_key),
		cmocka_unit_test(a_missing_file_is_a_usage_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
