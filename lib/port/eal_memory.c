/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eal_args.h"
#include "wr_base.h"

#define MIB (1024ull * 1024)

/* EAL's own tables, per-port structures and the allocator's overhead. */
#define EAL_OVERHEAD_MIB 16
#define LEAST_MIB        32

/* The number in a one-line file of sysfs; `otherwise` if there is none. */
static uint64_t read_number(const char *path, uint64_t otherwise)
{
	FILE *f = fopen(path, "re");
	unsigned long long value;
	bool found = f && fscanf(f, "%llu", &value) == 1;

	if (f)
		fclose(f);
	return found ? value : otherwise;
}

/* Is one of the CPUs on this NUMA node? `path` is the node's folder. */
static bool node_has_one_of(const char *path, const struct wr_cpus *cpus)
{
	char file[PATH_MAX + 16], list[4096] = "";
	struct wr_cpus node;
	FILE *f;

	snprintf(file, sizeof(file), "%s/cpulist", path);
	f = fopen(file, "re");
	if (!f)
		return false;
	if (fgets(list, sizeof(list), f))
		list[strcspn(list, "\n")] = '\0';
	fclose(f);
	if (wr_cpus_parse(list, &node) != 0)
		return false;
	for (unsigned i = 0; i < cpus->count; i++)
		if (wr_cpus_contain(&node, cpus->cpu[i]))
			return true;
	return false;
}

/* Adds the free pages below a folder of hugepages-NkB folders. */
static void add_hugepages(const char *folder, struct wr_memory *memory)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		uint64_t kib, free_pages, reserved;
		char path[PATH_MAX];

		if (sscanf(entry->d_name, "hugepages-%lukB", &kib) != 1)
			continue;
		snprintf(path, sizeof(path), "%s/%s/free_hugepages", folder, entry->d_name);
		free_pages = read_number(path, 0);
		snprintf(path, sizeof(path), "%s/%s/resv_hugepages", folder, entry->d_name);
		reserved = read_number(path, 0);
		if (free_pages <= reserved)
			continue;
		memory->huge_bytes += (free_pages - reserved) * kib * 1024;
		if (kib * 1024 > memory->huge_page_bytes)
			memory->huge_page_bytes = kib * 1024;
	}
	if (dir)
		closedir(dir);
}

static void read_hugepages(const char *root, const struct wr_cpus *cpus,
                           struct wr_memory *memory)
{
	char folder[PATH_MAX];
	DIR *dir;
	struct dirent *entry;
	bool any_node = false;

	snprintf(folder, sizeof(folder), "%s/sys/devices/system/node", root);
	dir = opendir(folder);
	while (dir && (entry = readdir(dir))) {
		unsigned node;

		if (sscanf(entry->d_name, "node%u", &node) != 1)
			continue;
		snprintf(folder, sizeof(folder), "%s/sys/devices/system/node/node%u", root,
		         node);
		if (!node_has_one_of(folder, cpus))
			continue;
		any_node = true;
		strncat(folder, "/hugepages", sizeof(folder) - strlen(folder) - 1);
		add_hugepages(folder, memory);
	}
	if (dir)
		closedir(dir);
	if (any_node)
		return;
	snprintf(folder, sizeof(folder), "%s/sys/kernel/mm/hugepages", root);
	add_hugepages(folder, memory);
}

static uint64_t read_available(const char *root)
{
	char path[PATH_MAX], line[128];
	unsigned long long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/meminfo", root);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib * 1024;
}

void wr_memory_read(const char *root, const struct wr_cpus *cpus, struct wr_memory *memory)
{
	char path[PATH_MAX];
	uint64_t limit;

	memset(memory, 0, sizeof(*memory));
	read_hugepages(root, cpus, memory);
	memory->plain_bytes = read_available(root);
	snprintf(path, sizeof(path), "%s/sys/fs/cgroup/memory.max", root);
	limit = read_number(path, UINT64_MAX);
	if (limit < memory->plain_bytes)
		memory->plain_bytes = limit;
}

int wr_eal_memory_choose(const struct wr_eal_conf *conf, const struct wr_memory *memory,
                         struct wr_eal *eal, struct wr_err *err)
{
	unsigned need_huge =
		wr_max(eal->workers * conf->worker_mib + EAL_OVERHEAD_MIB, LEAST_MIB);
	unsigned need_plain =
		wr_max(need_huge, eal->workers * conf->worker_plain_mib + EAL_OVERHEAD_MIB);
	unsigned need;

	eal->hugepages = !conf->no_huge && memory->huge_page_bytes &&
	                 memory->huge_bytes >= wr_max(conf->mem_mib, need_huge) * MIB;
	eal->hugepages_lack = !conf->no_huge && !eal->hugepages;
	eal->hugepage_bytes = eal->hugepages ? memory->huge_page_bytes : 0;
	need = eal->hugepages ? need_huge : need_plain;
	eal->mem_mib = conf->mem_mib ? conf->mem_mib : need;
	if (eal->mem_mib < need)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENOMEM,
		                  "--mem %uM: pools and tables need %u MiB; use --mem %uM or "
		                  "more, or fewer connections or cores",
		                  conf->mem_mib, need, need);
	if (!eal->hugepages && memory->plain_bytes < eal->mem_mib * MIB)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENOMEM,
		                  "%u MiB of memory are needed and %llu MiB are free (%llu MiB "
		                  "in hugepages); ask for fewer connections or cores, or a "
		                  "smaller --mem",
		                  eal->mem_mib, (unsigned long long)(memory->plain_bytes / MIB),
		                  (unsigned long long)(memory->huge_bytes / MIB));
	return 0;
}
