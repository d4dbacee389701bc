/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>

#include "csv.h"

void csv_head(FILE *out)
{
	fputs("run,from_s,until_s,phase,connections_open,connections_opening,"
	      "requests_outstanding,latency_count,latency_mean_ns,latency_p50_ns,latency_p90_"
	      "ns,"
	      "latency_p99_ns,latency_p99.9_ns,latency_max_ns,retransmitted_segments,"
	      "dropped_frames,busy",
	      out);
	for (unsigned i = 0; i < WR_LOAD_STAT_COUNT; i++)
		fprintf(out, ",%s", wr_load_desc[i].name);
	fputc('\n', out);
}

/* The mean over the cores. */
static double mean_busy(const struct interval *interval)
{
	double sum = 0;

	for (unsigned i = 0; i < interval->cores; i++)
		sum += interval->busy[i];
	return interval->cores ? sum / interval->cores : 0;
}

/* What is not known is an empty field. */
static void known(FILE *out, uint64_t n)
{
	fputc(',', out);
	if (n)
		fprintf(out, "%" PRIu64, n);
}

void csv_row(FILE *out, const struct run *run, const struct interval *i)
{
	const struct brief *l = &i->latency;

	fprintf(out, "%u,%.3f,%.3f,%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64,
	        run->number, (double)i->from_ns / 1e9, (double)i->until_ns / 1e9,
	        wr_load_phase_name[i->phase], i->open, i->opening, i->outstanding, l->count);
	known(out, (uint64_t)l->mean);
	known(out, l->p50);
	known(out, l->p90);
	known(out, l->p99);
	known(out, l->p999);
	known(out, l->max);
	fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%.4f", i->rexmit, i->drops, mean_busy(i));
	for (unsigned k = 0; k < WR_LOAD_STAT_COUNT; k++)
		fprintf(out, ",%" PRIu64, i->n[k]);
	fputc('\n', out);
}
