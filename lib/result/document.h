/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_RESULT_DOCUMENT_H
#define WR_RESULT_DOCUMENT_H

#include <jansson.h>

#include "verdict.h"

/* The JSON documents, as docs/result.schema.json says. The caller owns what is returned. */

#define DOCUMENT_SCHEMA 1
#define DOCUMENT_KIND   "wringer-load"

/* Schema, kind and version: the beginning of any document. */
json_t *document_head(const struct wr_result_conf *conf);

json_t *document_start(const struct wr_result_conf *conf);
json_t *document_interval(const struct interval *interval);
json_t *document_intervals(const struct intervals *intervals);
json_t *document_end(const struct run *run, const struct verdict *verdict);

/* The client's counters beside those of a server that is ours. */
json_t *document_server(const struct run *run, const struct wr_snapshot *before,
                        const struct wr_snapshot *after);

/* Adds what the run is worth: valid, failures, requirements, error, exit_code. */
void document_verdict(json_t *document, const struct wr_result_conf *conf,
                      const struct verdict *verdict);

#endif /* WR_RESULT_DOCUMENT_H */
