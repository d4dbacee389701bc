/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eal_args.h"
#include "wr_base.h"

#define MAX_EXTRA_WORDS 64

/* "0@0,1@1": the lcores and the CPU that each is pinned to. */
static void add_lcores(const struct wr_eal *eal, struct wr_argv *args)
{
	char *list = NULL;
	size_t size;
	FILE *f = open_memstream(&list, &size);

	if (!f) {
		args->failed = true;
		return;
	}
	fprintf(f, "0@%u", eal->control_cpu);
	for (unsigned i = 0; i < eal->workers; i++)
		fprintf(f, ",%u@%u", eal->lcore[i], eal->cpu[i]);
	if (fclose(f) == 0)
		wr_argv_add(args, "--lcores=%s", list);
	else
		args->failed = true;
	free(list);
	wr_argv_add(args, "--main-lcore=0");
}

static void add_devices(const struct wr_eal_conf *conf, const struct wr_eal_device devices[],
                        struct wr_argv *args)
{
	bool pci = false;

	for (unsigned i = 0; i < conf->port_count; i++) {
		wr_argv_add(args, devices[i].pci ? "--allow=%s" : "--vdev=%s",
		            devices[i].devargs);
		pci |= devices[i].pci;
	}
	if (!pci)
		wr_argv_add(args, "--no-pci");
}

/* "debug" means everything; "lib.eal:debug" is EAL's own way to say more. */
static void add_log_level(const struct wr_eal_conf *conf, struct wr_argv *args)
{
	const char *level = conf->log_level ? conf->log_level : "warning";
	bool pattern = strpbrk(level, ":,") != NULL;

	wr_argv_add(args, "--log-level=%s%s", pattern ? "" : "*:", level);
}

static int add_extra(const char *text, struct wr_argv *args, struct wr_err *err)
{
	char *words[MAX_EXTRA_WORDS];
	char *buf = malloc(strlen(text) + 1);
	int n = buf ? wr_words_split(text, buf, words, MAX_EXTRA_WORDS) : -ENOMEM;

	for (int i = 0; i < n; i++)
		wr_argv_add(args, "%s", words[i]);
	free(buf);
	if (n >= 0)
		return 0;
	return wr_err_set(err, WR_EXIT_USAGE, n, "--eal '%s': %s", text,
	                  n == -E2BIG ? "there are more than 64 words"
	                              : "a quote is not closed, or a backslash ends it");
}

int wr_eal_argv(const struct wr_eal_conf *conf, const struct wr_eal *eal,
                const struct wr_eal_device devices[], struct wr_argv *args, struct wr_err *err)
{
	int rc = 0;

	wr_argv_add(args, "wringer");
	wr_argv_add(args, "--file-prefix=wringer-%s", eal->instance);
	add_lcores(eal, args);
	wr_argv_add(args, "-m");
	wr_argv_add(args, "%u", eal->mem_mib);
	if (eal->hugepages) {
		wr_argv_add(args, "--in-memory");
	} else {
		wr_argv_add(args, "--no-huge");
		wr_argv_add(args, "--no-shconf");
	}
	if (eal->one_file)
		wr_argv_add(args, "--single-file-segments");
	add_log_level(conf, args);
	add_devices(conf, devices, args);
	if (conf->extra)
		rc = add_extra(conf->extra, args, err);
	if (rc == 0 && args->failed)
		rc = wr_err_set(err, WR_EXIT_USAGE, -E2BIG,
		                "EAL gets more than %d arguments; shorten --eal", WR_ARGV_MAX);
	return rc;
}
