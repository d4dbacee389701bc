/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_log.h>

#include "capture.h"
#include "eal_args.h"
#include "wr_base.h"

#define PLAIN_MTU 1500

static int choose_cores(const struct wr_eal_conf *conf, struct wr_eal *eal, struct wr_err *err)
{
	struct wr_cpus allowed;
	int rc = wr_cpus_allowed(&allowed);

	if (rc != 0)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, rc,
		                  "the allowed CPUs cannot be read (%s)", strerror(-rc));
	return wr_eal_cores_choose(conf, &allowed, eal, err);
}

int wr_eal_workers(const struct wr_eal_conf *conf, unsigned *workers, struct wr_err *err)
{
	struct wr_eal eal = {.workers = 0};
	int rc = choose_cores(conf, &eal, err);

	*workers = eal.workers;
	return rc;
}

/* Reads every --port, and asks whether the machine has what it needs. */
static int prepare_devices(const struct wr_eal_conf *conf, struct wr_eal_device *devices,
                           struct wr_err *err)
{
	struct wr_eal_needs needs = {.mtu = conf->mtu ? conf->mtu : PLAIN_MTU,
	                             .client = conf->client};
	int rc = 0;

	if (conf->port_count > WR_MAX_PORTS)
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "%u ports are too many; use at most %d", conf->port_count,
		                  WR_MAX_PORTS);
	for (unsigned i = 0; i < conf->port_count && rc == 0; i++) {
		rc = wr_eal_device_parse(conf->ports[i], i, &devices[i], err);
		for (unsigned j = 0; j < i && rc == 0; j++)
			if (strcmp(devices[i].name, devices[j].name) == 0 ||
			    (devices[i].iface[0] &&
			     strcmp(devices[i].iface, devices[j].iface) == 0))
				rc = wr_err_set(err, WR_EXIT_USAGE, -EEXIST,
				                "--port %s: the same device as --port %s; give "
				                "each device once",
				                conf->ports[i], conf->ports[j]);
	}
	if (rc == 0)
		rc = wr_eal_workers(conf, &needs.workers, err);
	for (unsigned i = 0; i < conf->port_count && rc == 0; i++)
		rc = wr_eal_device_complete(conf->ports[i], &needs, &devices[i], err);
	for (unsigned i = 0; i < conf->port_count && rc == 0; i++)
		rc = wr_eal_device_check(conf->ports[i], &devices[i], err);
	return rc;
}

static void keep_devices(const struct wr_eal_conf *conf, const struct wr_eal_device *devices,
                         struct wr_eal *eal)
{
	for (unsigned i = 0; i < conf->port_count; i++) {
		memcpy(eal->devargs[i], devices[i].devargs, sizeof(eal->devargs[i]));
		memcpy(eal->device[i], devices[i].name, sizeof(eal->device[i]));
		eal->queues[i] = devices[i].queues;
		eal->one_file |= devices[i].one_file;
	}
}

static int choose_cores_and_memory(const struct wr_eal_conf *conf, struct wr_eal *eal,
                                   struct wr_err *err)
{
	struct wr_cpus used = {0};
	struct wr_memory memory;
	int rc = choose_cores(conf, eal, err);

	if (rc != 0)
		return rc;
	for (unsigned i = 0; i < eal->workers; i++)
		used.cpu[used.count++] = (uint16_t)eal->cpu[i];
	wr_memory_read("", &used, &memory);
	return wr_eal_memory_choose(conf, &memory, eal, err);
}

/* EAL permutes and overwrites its vector, so it gets a copy of the pointers. */
static int init(const struct wr_argv *args, char **said)
{
	char *argv[WR_ARGV_MAX + 1];
	struct wr_capture capture;
	int rc;

	memcpy(argv, args->argv, sizeof(argv));
	rte_openlog_stream(stderr);
	wr_capture_begin(&capture);
	rc = rte_eal_init(args->argc, argv);
	*said = wr_capture_end(&capture);
	return rc >= 0 ? 0 : rte_errno ? -rte_errno : -EIO;
}

static int refuse_init(const struct wr_eal_conf *conf, const struct wr_eal *eal, int rc,
                       const char *reason, struct wr_err *err)
{
	if (strstr(reason, "failed to parse device"))
		for (unsigned i = 0; i < conf->port_count; i++)
			if (strstr(reason, eal->device[i]))
				return wr_err_set(
					err, WR_EXIT_USAGE, -ENODEV,
					"--port %s: DPDK has no driver of this name; "
					"check the spelling and that the package with "
					"the driver is installed",
					conf->ports[i]);
	if (rc == -EINVAL && conf->extra)
		return wr_err_set(err, WR_EXIT_USAGE, rc, "--eal '%s': %s", conf->extra,
		                  *reason ? reason : strerror(-rc));
	return wr_err_set(err, WR_EXIT_ENVIRONMENT, rc, "DPDK does not start: %s; try %s",
	                  *reason ? reason : strerror(-rc),
	                  eal->hugepages ? "--no-huge" : "another --mem or --eal");
}

/* EAL starts without the devices that failed: ask for each. */
static int find_ports(const struct wr_eal_conf *conf, const struct wr_eal *eal,
                      const char *reason, struct wr_err *err)
{
	for (unsigned i = 0; i < conf->port_count; i++) {
		uint16_t id;

		if (rte_eth_dev_get_port_by_name(eal->device[i], &id) == 0)
			continue;
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENODEV,
		                  "--port %s: no driver took the device %s%s%s; check its "
		                  "options and that DPDK's driver for it is installed",
		                  conf->ports[i], eal->devargs[i], *reason ? ": " : "", reason);
	}
	return 0;
}

static int claim_devices(const struct wr_eal_conf *conf, struct wr_eal_device *devices,
                         struct wr_err *err)
{
	int rc = 0;

	for (unsigned i = 0; i < conf->port_count && rc == 0; i++)
		rc = wr_eal_device_claim(conf->ports[i], &devices[i], err);
	return rc;
}

static void release_devices(const struct wr_eal_conf *conf, struct wr_eal_device *devices)
{
	for (unsigned i = 0; i < conf->port_count; i++)
		wr_eal_device_release(&devices[i]);
}

/* Another process may have come first since the checks: they say so better than a driver. */
static void check_again(const struct wr_eal_conf *conf, const struct wr_eal_device *devices,
                        struct wr_err *err)
{
	struct wr_err why;

	for (unsigned i = 0; i < conf->port_count; i++)
		if (wr_eal_device_check(conf->ports[i], &devices[i], &why) < 0)
			*err = why;
}

static int start(const struct wr_eal_conf *conf, const struct wr_argv *args, struct wr_eal *eal,
                 struct wr_err *err)
{
	char reason[160], *said = NULL;
	int rc = init(args, &said);

	wr_capture_reason(said, reason, sizeof(reason));
	if (rc != 0) {
		rc = refuse_init(conf, eal, rc, reason, err);
	} else {
		if (said && conf->log_level)
			fputs(said, stderr);
		rc = find_ports(conf, eal, reason, err);
		if (rc != 0)
			wr_eal_stop();
	}
	free(said);
	for (unsigned i = 0; i < eal->workers && rc == 0; i++)
		eal->socket[i] = (int)rte_lcore_to_socket_id(eal->lcore[i]);
	return rc;
}

int wr_eal_start(const struct wr_eal_conf *conf, struct wr_eal *eal, struct wr_err *err)
{
	struct wr_eal_device devices[WR_MAX_PORTS];
	struct wr_argv args = {0};
	char dir[PATH_MAX];
	int rc;

	memset(eal, 0, sizeof(*eal));
	rc = wr_instance_name(conf->instance, eal->instance, sizeof(eal->instance), err);
	if (rc == 0)
		rc = prepare_devices(conf, devices, err);
	if (rc == 0)
		rc = choose_cores_and_memory(conf, eal, err);
	if (rc == 0) {
		keep_devices(conf, devices, eal);
		rc = wr_eal_files_raise(conf, eal, err);
	}
	if (rc == 0)
		rc = wr_eal_argv(conf, eal, devices, &args, err);
	if (rc == 0)
		rc = wr_instance_take(eal->instance, err);
	if (rc == 0) {
		wr_eal_keep_signals_from_tap();
		rc = claim_devices(conf, devices, err);
		if (rc == 0)
			rc = start(conf, &args, eal, err);
		release_devices(conf, devices);
		if (rc == -ENODEV)
			check_again(conf, devices, err);
		if (rc != 0 && wr_instance_dir(eal->instance, dir, sizeof(dir)) == 0)
			wr_instance_remove(dir);
	}
	wr_argv_free(&args);
	return rc;
}

void wr_eal_stop(void)
{
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s", rte_eal_get_runtime_dir());
	rte_eal_cleanup();
	wr_instance_remove(dir);
}

void wr_eal_print(FILE *out, const struct wr_eal *eal)
{
	char list[128];
	struct wr_cpus cpus = {.count = eal->workers};

	for (unsigned i = 0; i < eal->workers; i++)
		cpus.cpu[i] = (uint16_t)eal->cpu[i];
	wr_cpus_format(&cpus, list, sizeof(list));
	fprintf(out, "instance     %s\n", eal->instance);
	fprintf(out, "workers      %u on CPU %s; control on CPU %u%s\n", eal->workers, list,
	        eal->control_cpu, eal->shares_cpu ? " (shared with the first worker)" : "");
	if (eal->hugepages)
		fprintf(out, "memory       %u MiB in hugepages of up to %llu KiB\n",
		        eal->mem_mib, (unsigned long long)(eal->hugepage_bytes / 1024));
	else
		fprintf(out, "memory       %u MiB without hugepages (%s): slower\n",
		        eal->mem_mib, eal->hugepages_lack ? "too few are free" : "--no-huge");
}
