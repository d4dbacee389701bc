/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_RESULT_H
#define WR_RESULT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "wr_load.h"
#include "wr_require.h"
#include "wr_snapshot.h"

/*
 * What a load run has measured: one line a second while it runs, a summary at the end, and the
 * same for machines: one JSON document (docs/result.schema.json), a stream of JSON events,
 * a CSV file, .hgrm files. One thread.
 *
 *     result = wr_result_new(&conf, &err);
 *     for each run:
 *         wr_result_begin(result, &sample);
 *         each second                  wr_result_second(result, &sample);
 *         when the phase has changed   wr_result_mark(result, &sample);
 *         wr_result_end(result, &sample, &end);
 *     exit_code = wr_result_close(result);
 *
 * What fails before there is a result is told by wr_result_error().
 */
struct wr_result_conf {
	int argc;
	char **argv;                     /* the command line, the program's name first */
	const struct wr_load_conf *load; /* borrowed */
	const char *target;              /* as the user wrote it; may be NULL */
	const char *version, *revision;  /* of Wringer */
	json_t *config;                  /* all keys and values; taken over; may be NULL */
	json_t *machine;                 /* where it runs; taken over; may be NULL */
	uint64_t start_unix_ns;          /* when, since 1970 */
	unsigned runs;                   /* --repeat; 0 is 1 */
	FILE *live;                      /* lines and summary for humans; NULL: none */
	const char *json;                /* path of the document, "-": out; NULL: none */
	bool json_stream;                /* events on out, one a line */
	const char *csv;                 /* path, "-": out; one row a second; NULL: none */
	const char *hgrm;                /* prefix: PREFIX-response.hgrm ...; NULL: none */
	FILE *out, *log;                 /* standard output and error */
	const struct wr_require *require;
	unsigned requires;
};

/* The numbers of an instant. All pointers are borrowed for the call. */
struct wr_result_sample {
	uint64_t time_ns; /* any clock, the same for all samples of a run */
	enum wr_load_phase phase;
	struct wr_load_setpoints set;       /* in force now */
	const struct wr_load_stats *load;   /* all cores together */
	const struct wr_snapshot *snapshot; /* of the process; its own rates are not used */
};

/* How a run ended. */
struct wr_result_end {
	bool interrupted;         /* by a signal, before its time */
	const struct wr_err *err; /* what stopped it, told to the log; NULL: nothing */
	/* Exact length of the measurement; 0: as the marks say, which are a little late. */
	uint64_t measured_ns;
	/* Of the measurement, in which a core of ours did not get to run: the most of any. */
	uint64_t stalled_ns;
	/* The server's numbers, if it is ours and was asked before and after; else NULL. */
	const struct wr_snapshot *server_before, *server_after;
};

struct wr_result;

/*
 * Checks that all files can be written, and writes the headers of those that grow with the
 * run. Takes config and machine over in any case. NULL and *err.
 */
struct wr_result *wr_result_new(const struct wr_result_conf *conf, struct wr_err *err);

/* A run begins: what the sample has counted already is not of this run. */
void wr_result_begin(struct wr_result *result, const struct wr_result_sample *sample);

/* A second has passed: prints, writes and remembers the interval since the one before. */
void wr_result_second(struct wr_result *result, const struct wr_result_sample *sample);

/*
 * A phase has begun, sample->phase: where the measurement begins and ends. Wanted within
 * some milliseconds; rates are taken between the sample's own times.
 */
void wr_result_mark(struct wr_result *result, const struct wr_result_sample *sample);

/*
 * The run is over, all connections are closed: judges it and prints the summary. Returns the
 * exit code of this run alone.
 */
enum wr_exit wr_result_end(struct wr_result *result, const struct wr_result_sample *sample,
                           const struct wr_result_end *end);

/*
 * Writes the families of a load for Prometheus, as of the last second; docs/results.md lists
 * them. Any thread, until wr_result_close().
 */
void wr_result_metrics(struct wr_result *result, FILE *out);

/* The document of the last run that ended, borrowed; NULL: none. */
const json_t *wr_result_document(const struct wr_result *result);

/*
 * Writes what is left: the document, of repeats with median, range and spread. Frees all.
 * Returns the exit code of the command.
 */
enum wr_exit wr_result_close(struct wr_result *result);

/*
 * Tells the one sentence, also as a document wherever one was asked for: when no result could
 * be made. Takes config and machine over. Returns err->exit.
 */
enum wr_exit wr_result_error(const struct wr_result_conf *conf, const struct wr_err *err);

#endif /* WR_RESULT_H */
