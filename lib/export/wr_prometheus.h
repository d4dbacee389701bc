/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_PROMETHEUS_H
#define WR_PROMETHEUS_H

#include <stdio.h>

#include "wr_snapshot.h"

#define WR_PROMETHEUS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/*
 * Writes a snapshot in Prometheus' text exposition format 0.0.4. Every combination of labels
 * is there from the start, with 0.
 */
void wr_prometheus_write(FILE *out, const struct wr_snapshot *snapshot);

/* The metric families as rows of a Markdown table: name, type, labels, meaning. */
void wr_prometheus_docs(FILE *out);

#endif /* WR_PROMETHEUS_H */
