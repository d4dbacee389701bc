/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <sys/resource.h>

#include "eal_args.h"

#define BASE_FILES   64 /* EAL, its drivers as they are loaded, control, its clients, results */
#define WORKER_FILES 4  /* pipes */
#define QUEUE_FILES  4  /* of a device in the kernel, for both directions */

/* Hugepages are a file each, unless a driver or the user wants them in one. */
static unsigned hugepage_files(const struct wr_eal_conf *conf, const struct wr_eal *eal)
{
	if (!eal->hugepages || eal->one_file ||
	    (conf->extra && strstr(conf->extra, "--single-file-segments")))
		return 0;
	return (unsigned)(((uint64_t)eal->mem_mib << 20) / eal->hugepage_bytes);
}

int wr_eal_files_raise(const struct wr_eal_conf *conf, const struct wr_eal *eal,
                       struct wr_err *err)
{
	unsigned pages = hugepage_files(conf, eal);
	unsigned need = BASE_FILES + pages +
	                eal->workers * (WORKER_FILES + conf->port_count * QUEUE_FILES);
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= need)
		return 0;
	if (files.rlim_max >= need) {
		files.rlim_cur = need;
		if (setrlimit(RLIMIT_NOFILE, &files) == 0)
			return 0;
	}
	return wr_err_set(err, WR_EXIT_ENVIRONMENT, -EMFILE,
	                  "a process may open %llu files here and %u are needed (%u for "
	                  "hugepages); raise the limit with 'ulimit -n %u', LimitNOFILE= of "
	                  "systemd, or --ulimit nofile=%u of a container",
	                  (unsigned long long)files.rlim_max, need, pages, need, need);
}
