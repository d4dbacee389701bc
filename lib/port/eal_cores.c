/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "eal_args.h"
#include "wr_base.h"

bool wr_cpus_contain(const struct wr_cpus *cpus, unsigned cpu)
{
	for (unsigned i = 0; i < cpus->count; i++)
		if (cpus->cpu[i] == cpu)
			return true;
	return false;
}

static int add_cpu(struct wr_cpus *cpus, unsigned long cpu)
{
	if (cpu >= WR_MAX_CPUS)
		return -ERANGE;
	if (wr_cpus_contain(cpus, (unsigned)cpu))
		return -EEXIST;
	cpus->cpu[cpus->count++] = (uint16_t)cpu;
	return 0;
}

int wr_cpus_parse(const char *text, struct wr_cpus *cpus)
{
	const char *p = text;
	int rc = 0;

	cpus->count = 0;
	do {
		unsigned long first, last;
		char *end;

		if (!isdigit((unsigned char)*p))
			return -EINVAL;
		first = last = strtoul(p, &end, 10);
		if (*end == '-') {
			if (!isdigit((unsigned char)end[1]))
				return -EINVAL;
			last = strtoul(end + 1, &end, 10);
		}
		if (last < first || (*end && *end != ','))
			return -EINVAL;
		for (unsigned long cpu = first; cpu <= last && rc == 0; cpu++)
			rc = add_cpu(cpus, cpu);
		p = *end ? end + 1 : NULL;
	} while (p && rc == 0);
	return rc;
}

int wr_cpus_allowed(struct wr_cpus *cpus)
{
	cpu_set_t set;

	cpus->count = 0;
	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return -errno;
	for (unsigned cpu = 0; cpu < CPU_SETSIZE && cpu < WR_MAX_CPUS; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus->cpu[cpus->count++] = (uint16_t)cpu;
	return 0;
}

void wr_cpus_format(const struct wr_cpus *cpus, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0, last; i < cpus->count; i = last + 1) {
		char item[16];
		int n;

		for (last = i;
		     last + 1 < cpus->count && cpus->cpu[last + 1] == cpus->cpu[last] + 1;)
			last++;
		n = snprintf(item, sizeof(item), last > i ? "%u-%u" : "%u", cpus->cpu[i],
		             cpus->cpu[last]);
		if (used + (size_t)n + sizeof(",...") >= size) {
			snprintf(text + used, size - used, ",...");
			return;
		}
		used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "," : "",
		                         item);
	}
}

static int refuse_lcores(const struct wr_eal_conf *conf, int rc, struct wr_err *err)
{
	switch (rc) {
	case -EEXIST:
		return wr_err_set(err, WR_EXIT_USAGE, rc,
		                  "--lcores %s: a CPU is named twice; each worker has its own",
		                  conf->lcores);
	case -ERANGE:
		return wr_err_set(err, WR_EXIT_USAGE, rc, "--lcores %s: CPU numbers end at %d",
		                  conf->lcores, WR_MAX_CPUS - 1);
	default:
		return wr_err_set(err, WR_EXIT_USAGE, rc,
		                  "--lcores %s: not a list of CPUs such as 2-5,8",
		                  conf->lcores);
	}
}

/* The CPUs that --lcores names, one for each worker. */
static int pin_workers(const struct wr_eal_conf *conf, const struct wr_cpus *allowed,
                       struct wr_cpus *workers, struct wr_err *err)
{
	int rc = wr_cpus_parse(conf->lcores, workers);
	char list[96];

	if (rc != 0)
		return refuse_lcores(conf, rc, err);
	if (conf->workers && conf->workers != workers->count)
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "--lcores %s names %u CPUs and --cores asks for %u workers; "
		                  "leave out one of the two",
		                  conf->lcores, workers->count, conf->workers);
	wr_cpus_format(allowed, list, sizeof(list));
	for (unsigned i = 0; i < workers->count; i++)
		if (!wr_cpus_contain(allowed, workers->cpu[i]))
			return wr_err_set(err, WR_EXIT_ENVIRONMENT, -EINVAL,
			                  "--lcores %s: CPU %u is not allowed to this process; "
			                  "choose from %s, or widen the CPU set it runs in",
			                  conf->lcores, workers->cpu[i], list);
	return 0;
}

/* The last CPUs allowed are the workers': the first is busiest with interrupts. */
static int spread_workers(const struct wr_eal_conf *conf, const struct wr_cpus *allowed,
                          struct wr_cpus *workers, struct wr_err *err)
{
	unsigned n = conf->workers;
	char remedy[32] = "1";

	if (n == 0)
		n = wr_min(wr_max(allowed->count, 2) - 1, WR_MAX_WORKERS);
	if (allowed->count == 2)
		snprintf(remedy, sizeof(remedy), "1 or 2");
	else if (allowed->count > 2)
		snprintf(remedy, sizeof(remedy), "1 to %u", allowed->count);
	if (n > allowed->count && conf->crowded) {
		workers->count = n;
		for (unsigned i = 0; i < n; i++)
			workers->cpu[i] = allowed->cpu[i % allowed->count];
		return 0;
	}
	if (n > allowed->count)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -EINVAL,
		                  "--cores %u: only %u CPU%s allowed; use --cores %s", n,
		                  allowed->count, allowed->count == 1 ? " is" : "s are",
		                  remedy);
	workers->count = n;
	for (unsigned i = 0; i < n; i++)
		workers->cpu[i] = allowed->cpu[allowed->count - n + i];
	return 0;
}

int wr_eal_cores_choose(const struct wr_eal_conf *conf, const struct wr_cpus *allowed,
                        struct wr_eal *eal, struct wr_err *err)
{
	struct wr_cpus workers;
	int rc = conf->lcores ? pin_workers(conf, allowed, &workers, err)
	                      : spread_workers(conf, allowed, &workers, err);

	if (rc != 0)
		return rc;
	if (workers.count > WR_MAX_WORKERS)
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "%u workers are too many; use at most %d", workers.count,
		                  WR_MAX_WORKERS);
	eal->workers = workers.count;
	eal->control_cpu = workers.cpu[0];
	eal->shares_cpu = true;
	for (unsigned i = 0; i < workers.count; i++) {
		eal->lcore[i] = i + 1;
		eal->cpu[i] = workers.cpu[i];
	}
	for (unsigned i = 0; i < allowed->count && eal->shares_cpu; i++) {
		if (wr_cpus_contain(&workers, allowed->cpu[i]))
			continue;
		eal->control_cpu = allowed->cpu[i];
		eal->shares_cpu = false;
	}
	return 0;
}
