/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_eal.h>

#include "capture.h"
#include "eal_args.h"
#include "wr_base.h"
#include "wr_test.h"

static void cpu_lists_keep_their_order(void **state)
{
	struct wr_cpus cpus;
	char text[64];

	assert_int_equal(wr_cpus_parse("8,2-5", &cpus), 0);
	assert_int_equal(cpus.count, 5);
	assert_int_equal(cpus.cpu[0], 8);
	assert_int_equal(cpus.cpu[4], 5);
	wr_cpus_format(&cpus, text, sizeof(text));
	assert_string_equal(text, "8,2-5");
	wr_cpus_format(&cpus, text, 8);
	assert_string_equal(text, "8,...");
}

static void bad_cpu_lists_are_refused(void **state)
{
	struct wr_cpus cpus;

	assert_int_equal(wr_cpus_parse("", &cpus), -EINVAL);
	assert_int_equal(wr_cpus_parse("1,", &cpus), -EINVAL);
	assert_int_equal(wr_cpus_parse("a", &cpus), -EINVAL);
	assert_int_equal(wr_cpus_parse("3-1", &cpus), -EINVAL);
	assert_int_equal(wr_cpus_parse("1-", &cpus), -EINVAL);
	assert_int_equal(wr_cpus_parse("-1", &cpus), -EINVAL);
	assert_int_equal(wr_cpus_parse("1 2", &cpus), -EINVAL);
	assert_int_equal(wr_cpus_parse("1,0-2", &cpus), -EEXIST);
	assert_int_equal(wr_cpus_parse("1024", &cpus), -ERANGE);
	assert_int_equal(wr_cpus_parse("0-99999999999999999999", &cpus), -ERANGE);
}

static struct wr_cpus four_cpus(void)
{
	struct wr_cpus cpus;

	assert_int_equal(wr_cpus_parse("2-5", &cpus), 0);
	return cpus;
}

static void workers_leave_one_cpu_to_control(void **state)
{
	struct wr_cpus allowed = four_cpus();
	struct wr_eal_conf conf = {0};
	struct wr_eal eal = {0};
	struct wr_err err;

	assert_int_equal(wr_eal_cores_choose(&conf, &allowed, &eal, &err), 0);
	assert_int_equal(eal.workers, 3);
	assert_int_equal(eal.control_cpu, 2);
	assert_int_equal(eal.cpu[0], 3);
	assert_int_equal(eal.lcore[2], 3);
	assert_false(eal.shares_cpu);
}

static void control_shares_the_first_workers_cpu_when_all_are_taken(void **state)
{
	struct wr_cpus allowed = four_cpus();
	struct wr_eal_conf conf = {.workers = 4};
	struct wr_eal eal = {0};
	struct wr_err err;

	assert_int_equal(wr_eal_cores_choose(&conf, &allowed, &eal, &err), 0);
	assert_int_equal(eal.control_cpu, eal.cpu[0]);
	assert_true(eal.shares_cpu);

	allowed.count = 1;
	conf.workers = 0;
	assert_int_equal(wr_eal_cores_choose(&conf, &allowed, &eal, &err), 0);
	assert_int_equal(eal.workers, 1);
	assert_true(eal.shares_cpu);
}

static void too_many_cores_are_refused_with_the_remedy(void **state)
{
	struct wr_cpus allowed = four_cpus();
	struct wr_eal_conf conf = {.workers = 8};
	struct wr_eal eal = {0};
	struct wr_err err;

	assert_int_equal(wr_eal_cores_choose(&conf, &allowed, &eal, &err), -EINVAL);
	assert_string_equal(err.text, "--cores 8: only 4 CPUs are allowed; use --cores 1 to 4");
	assert_int_equal(err.exit, WR_EXIT_ENVIRONMENT);
	allowed.count = 2;
	wr_eal_cores_choose(&conf, &allowed, &eal, &err);
	assert_string_equal(err.text, "--cores 8: only 2 CPUs are allowed; use --cores 1 or 2");
	allowed.count = 1;
	wr_eal_cores_choose(&conf, &allowed, &eal, &err);
	assert_string_equal(err.text, "--cores 8: only 1 CPU is allowed; use --cores 1");
}

static void lcores_pin_the_workers(void **state)
{
	struct wr_cpus allowed = four_cpus();
	struct wr_eal_conf conf = {.lcores = "5,3"};
	struct wr_eal eal = {0};
	struct wr_err err;

	assert_int_equal(wr_eal_cores_choose(&conf, &allowed, &eal, &err), 0);
	assert_int_equal(eal.workers, 2);
	assert_int_equal(eal.cpu[0], 5);
	assert_int_equal(eal.cpu[1], 3);
	assert_int_equal(eal.control_cpu, 2);

	conf.lcores = "5,6";
	assert_int_equal(wr_eal_cores_choose(&conf, &allowed, &eal, &err), -EINVAL);
	assert_int_equal(err.exit, WR_EXIT_ENVIRONMENT);
	conf.lcores = "5,x";
	assert_int_equal(wr_eal_cores_choose(&conf, &allowed, &eal, &err), -EINVAL);
	assert_int_equal(err.exit, WR_EXIT_USAGE);
	conf.lcores = "5,3";
	conf.workers = 1;
	assert_int_equal(wr_eal_cores_choose(&conf, &allowed, &eal, &err), -EINVAL);
	assert_int_equal(err.exit, WR_EXIT_USAGE);
}

static void write_file(const char *root, const char *path, const char *text)
{
	char full[PATH_MAX];
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	for (char *slash = full + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		mkdir(full, 0700);
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void remove_tree(const char *root)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command), "rm -r '%s'", root);
	assert_int_equal(system(command), 0);
}

static void memory_is_read_on_the_nodes_of_the_workers(void **state)
{
	char root[] = P_tmpdir "/wr_test_XXXXXX";
	struct wr_cpus cpus = {.count = 1, .cpu = {4}};
	struct wr_memory memory;

	assert_non_null(mkdtemp(root));
	write_file(root, "sys/devices/system/node/node0/cpulist", "0-3\n");
	write_file(root,
	           "sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages",
	           "1000\n");
	write_file(root, "sys/devices/system/node/node1/cpulist", "4-7\n");
	write_file(root,
	           "sys/devices/system/node/node1/hugepages/hugepages-2048kB/free_hugepages",
	           "10\n");
	write_file(root,
	           "sys/devices/system/node/node1/hugepages/hugepages-1048576kB/free_hugepages",
	           "0\n");
	write_file(root, "proc/meminfo", "MemTotal: 9 kB\nMemAvailable:   2048 kB\n");
	wr_memory_read(root, &cpus, &memory);
	assert_int_equal(memory.huge_bytes, 20 << 20);
	assert_int_equal(memory.huge_page_bytes, 2 << 20);
	assert_int_equal(memory.plain_bytes, 2 << 20);

	cpus = (struct wr_cpus) {.count = 2, .cpu = {4, 1}};
	wr_memory_read(root, &cpus, &memory);
	assert_int_equal(memory.huge_bytes, 1010 << 21);

	write_file(root, "sys/fs/cgroup/memory.max", "1048576\n");
	wr_memory_read(root, &cpus, &memory);
	assert_int_equal(memory.plain_bytes, 1 << 20);
	write_file(root, "sys/fs/cgroup/memory.max", "max\n");
	wr_memory_read(root, &cpus, &memory);
	assert_int_equal(memory.plain_bytes, 2 << 20);
	remove_tree(root);
}

static void hugepages_are_used_when_enough_are_free(void **state)
{
	struct wr_memory memory = {.huge_bytes = 200ull << 20,
	                           .huge_page_bytes = 2 << 20,
	                           .plain_bytes = 1000ull << 20};
	struct wr_eal_conf conf = {.worker_mib = 100};
	struct wr_eal eal = {.workers = 1};
	struct wr_err err;

	assert_int_equal(wr_eal_memory_choose(&conf, &memory, &eal, &err), 0);
	assert_true(eal.hugepages);
	assert_int_equal(eal.hugepage_bytes, 2 << 20);
	assert_in_range(eal.mem_mib, 100, 200);

	conf.no_huge = true;
	conf.worker_plain_mib = 200;
	assert_int_equal(wr_eal_memory_choose(&conf, &memory, &eal, &err), 0);
	assert_false(eal.hugepages);
	assert_in_range(eal.mem_mib, 200, 300);

	conf.no_huge = false;
	conf.worker_mib = 300;
	assert_int_equal(wr_eal_memory_choose(&conf, &memory, &eal, &err), 0);
	assert_false(eal.hugepages);
	assert_int_equal(eal.hugepage_bytes, 0);

	eal.workers = 3; /* each needs its own */
	assert_int_equal(wr_eal_memory_choose(&conf, &memory, &eal, &err), 0);
	assert_in_range(eal.mem_mib, 900, 1000);
}

static void too_little_memory_is_refused(void **state)
{
	struct wr_memory memory = {.plain_bytes = 1000ull << 20};
	struct wr_eal_conf conf = {.worker_mib = 100, .mem_mib = 64};
	struct wr_eal eal = {.workers = 1};
	struct wr_err err;

	assert_int_equal(wr_eal_memory_choose(&conf, &memory, &eal, &err), -ENOMEM);
	assert_non_null(strstr(err.text, "--mem 64M: pools and tables need 116 MiB"));
	assert_int_equal(err.exit, WR_EXIT_ENVIRONMENT);
	conf.mem_mib = 2000;
	assert_int_equal(wr_eal_memory_choose(&conf, &memory, &eal, &err), -ENOMEM);
	assert_non_null(
		strstr(err.text, "2000 MiB of memory are needed and 1000 MiB are free"));
}

static void allow_files(rlim_t n)
{
	struct rlimit files;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = n;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
}

static rlim_t allowed_files(void)
{
	struct rlimit files;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	return files.rlim_cur;
}

static void as_many_files_are_allowed_as_there_are_queues_and_hugepages(void **state)
{
	struct wr_eal_conf conf = {.port_count = 1};
	struct wr_eal eal = {.workers = 1};
	struct wr_err err;
	rlim_t before = allowed_files(), plain;

	allow_files(32);
	assert_int_equal(wr_eal_files_raise(&conf, &eal, &err), 0);
	plain = allowed_files();
	assert_true(plain >= 64);
	eal.workers = 9;
	assert_int_equal(wr_eal_files_raise(&conf, &eal, &err), 0);
	assert_int_equal(allowed_files(), plain + 8 * (4 + 4));
	eal = (struct wr_eal) {
		.workers = 1, .mem_mib = 256, .hugepages = true, .hugepage_bytes = 2 << 20};
	assert_int_equal(wr_eal_files_raise(&conf, &eal, &err), 0);
	assert_int_equal(allowed_files(), plain + 128);
	allow_files(32);
	eal.one_file = true;
	assert_int_equal(wr_eal_files_raise(&conf, &eal, &err), 0);
	assert_int_equal(allowed_files(), plain);
	allow_files(before);
}

static void words_are_split_as_a_shell_does(void **state)
{
	const char *text = "  -a 'b  c' \"d \\\"e\\\" \\n\"  f\\ g h''i 'j\\' \"\" ";
	static const char *const expected[] = {"-a",  "b  c", "d \"e\" \\n", "f g", "hi",
	                                       "j\\", ""};
	char buf[128], *words[8];

	assert_int_equal(wr_words_split(text, buf, words, 8), WR_LEN(expected));
	for (size_t i = 0; i < WR_LEN(expected); i++)
		assert_string_equal(words[i], expected[i]);
	assert_int_equal(wr_words_split("", buf, words, 8), 0);
	assert_int_equal(wr_words_split("a b c", buf, words, 2), -E2BIG);
}

static void nothing_in_words_is_expanded(void **state)
{
	char buf[128], *words[8];

	assert_int_equal(wr_words_split("$HOME `id` $(id) * ~", buf, words, 8), 5);
	assert_string_equal(words[0], "$HOME");
	assert_string_equal(words[4], "~");
}

static void open_quotes_are_refused(void **state)
{
	char buf[128], *words[8];

	assert_int_equal(wr_words_split("a 'b", buf, words, 8), -EINVAL);
	assert_int_equal(wr_words_split("a \"b", buf, words, 8), -EINVAL);
	assert_int_equal(wr_words_split("a b\\", buf, words, 8), -EINVAL);
}

static bool has(const struct wr_argv *args, const char *word)
{
	for (int i = 0; i < args->argc; i++)
		if (strcmp(args->argv[i], word) == 0)
			return true;
	return false;
}

static void eal_gets_what_was_chosen(void **state)
{
	struct wr_eal_conf conf = {.port_count = 1, .extra = "--iova-mode 'va'"};
	struct wr_eal eal = {.instance = "x", .workers = 2, .lcore = {1, 2}, .cpu = {0, 1}};
	struct wr_eal_device devices[] = {{.devargs = "net_null0"}};
	struct wr_argv args = {0};
	struct wr_err err;

	assert_int_equal(wr_eal_argv(&conf, &eal, devices, &args, &err), 0);
	assert_true(has(&args, "--lcores=0@0,1@0,2@1"));
	assert_true(has(&args, "--file-prefix=wringer-x"));
	assert_true(has(&args, "--no-huge"));
	assert_true(has(&args, "--no-pci"));
	assert_true(has(&args, "--vdev=net_null0"));
	assert_true(has(&args, "--log-level=*:warning"));
	assert_true(has(&args, "va"));
	wr_argv_free(&args);

	eal.hugepages = true;
	devices[0].pci = true;
	conf.log_level = "lib.eal:debug";
	assert_int_equal(wr_eal_argv(&conf, &eal, devices, &args, &err), 0);
	assert_true(has(&args, "--in-memory"));
	assert_true(has(&args, "--allow=net_null0"));
	assert_true(has(&args, "--log-level=lib.eal:debug"));
	assert_false(has(&args, "--no-pci"));
	wr_argv_free(&args);

	conf.extra = "'";
	assert_int_equal(wr_eal_argv(&conf, &eal, devices, &args, &err), -EINVAL);
	assert_int_equal(err.exit, WR_EXIT_USAGE);
	wr_argv_free(&args);
}

static void the_reason_is_the_last_line_that_tells_one(void **state)
{
	char line[80];

	wr_capture_reason("EAL: Detected CPU lcores: 2\n"
	                  "EAL: failed to parse device \"net_foo0\"\n"
	                  "EAL: Unable to parse device 'net_foo0'\n"
	                  "EAL: FATAL: Invalid 'command line' arguments.\n",
	                  line, sizeof(line));
	assert_string_equal(line, "failed to parse device \"net_foo0\"");
	wr_capture_reason("wringer: unrecognized option '--bogus'\n"
	                  "Usage: wringer [options]\n"
	                  "EAL common options:\n  -c COREMASK\n",
	                  line, sizeof(line));
	assert_string_equal(line, "unrecognized option '--bogus'");
	wr_capture_reason("rte_pmd_af_xdp_probe(): Failed to init internals\n"
	                  "TELEMETRY: No legacy callbacks, legacy socket not created\n",
	                  line, sizeof(line));
	assert_string_equal(line, "Failed to init internals");
	wr_capture_reason("EAL: FATAL: Cannot init memory", line, sizeof(line));
	assert_string_equal(line, "FATAL: Cannot init memory");
	wr_capture_reason(NULL, line, sizeof(line));
	assert_string_equal(line, "");
}

static void instance_names_cannot_leave_their_folder(void **state)
{
	char name[64];
	struct wr_err err;

	assert_int_equal(wr_instance_name("a.b_c-9", name, sizeof(name), &err), 0);
	assert_string_equal(name, "a.b_c-9");
	assert_int_equal(wr_instance_name("", name, sizeof(name), &err), -EINVAL);
	assert_int_equal(wr_instance_name("../x", name, sizeof(name), &err), -EINVAL);
	assert_int_equal(wr_instance_name("..", name, sizeof(name), &err), -EINVAL);
	assert_int_equal(wr_instance_name("a b", name, sizeof(name), &err), -EINVAL);
	assert_int_equal(wr_instance_name(NULL, name, sizeof(name), &err), 0);
	assert_int_equal(atoi(name), getpid());
}

/* Everything that EAL writes goes to a folder of the test. */
static int make_runtime_dir(void **state)
{
	static const char template[] = P_tmpdir "/wr_test_XXXXXX";
	char *root = strdup(template);

	*state = root;
	return root && mkdtemp(root) ? setenv("RUNTIME_DIRECTORY", root, 1) : -1;
}

static int remove_runtime_dir(void **state)
{
	remove_tree(*state);
	free(*state);
	return unsetenv("RUNTIME_DIRECTORY");
}

static void a_taken_instance_name_is_refused(void **state)
{
	char path[PATH_MAX];
	struct wr_err err;
	int fd;

	snprintf(path, sizeof(path), "%s/dpdk/wringer-twin/lock", (const char *)*state);
	write_file("", path + 1, "4711");
	fd = open(path, O_RDWR);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(wr_instance_take("twin", &err), -EADDRINUSE);
	assert_int_equal(err.exit, WR_EXIT_ENVIRONMENT);
	assert_string_equal(err.text, "--instance twin: process 4711 runs under this name; "
	                              "choose another name, or stop that one");
	close(fd);
	assert_int_equal(wr_instance_take("twin", &err), 0);
}

static void what_a_killed_instance_left_is_removed(void **state)
{
	char path[PATH_MAX];
	struct wr_err err;

	snprintf(path, sizeof(path), "%s/dpdk/wringer-late/dpdk_telemetry.v2",
	         (const char *)*state);
	write_file("", path + 1, "");
	assert_int_equal(wr_instance_take("late", &err), 0);
	assert_int_equal(access(path, F_OK), -1);
}

static void eal_starts_without_root_and_leaves_nothing(void **state)
{
	struct wr_eal_conf conf = {.instance = "unit",
	                           .ports = {"null:size=64", "ring"},
	                           .port_count = 2,
	                           .workers = 1,
	                           .no_huge = true};
	struct wr_eal eal;
	struct wr_err err;
	char dir[PATH_MAX];

	if (wr_eal_start(&conf, &eal, &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(eal.device[1], "net_ring1");
	assert_false(eal.hugepages);
	assert_int_equal(wr_instance_dir("unit", dir, sizeof(dir)), 0);
	assert_string_equal(dir, rte_eal_get_runtime_dir());
	assert_int_equal(access(dir, F_OK), 0);
	wr_eal_stop();
	assert_int_equal(access(dir, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpu_lists_keep_their_order),
		cmocka_unit_test(bad_cpu_lists_are_refused),
		cmocka_unit_test(workers_leave_one_cpu_to_control),
		cmocka_unit_test(control_shares_the_first_workers_cpu_when_all_are_taken),
		cmocka_unit_test(too_many_cores_are_refused_with_the_remedy),
		cmocka_unit_test(lcores_pin_the_workers),
		cmocka_unit_test(memory_is_read_on_the_nodes_of_the_workers),
		cmocka_unit_test(hugepages_are_used_when_enough_are_free),
		cmocka_unit_test(too_little_memory_is_refused),
		cmocka_unit_test(as_many_files_are_allowed_as_there_are_queues_and_hugepages),
		cmocka_unit_test(words_are_split_as_a_shell_does),
		cmocka_unit_test(nothing_in_words_is_expanded),
		cmocka_unit_test(open_quotes_are_refused),
		cmocka_unit_test(eal_gets_what_was_chosen),
		cmocka_unit_test(the_reason_is_the_last_line_that_tells_one),
		cmocka_unit_test(instance_names_cannot_leave_their_folder),
		cmocka_unit_test(a_taken_instance_name_is_refused),
		cmocka_unit_test(what_a_killed_instance_left_is_removed),
		cmocka_unit_test(eal_starts_without_root_and_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, make_runtime_dir, remove_runtime_dir);
}
