/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside the exporter: the telemetry replies that `wringer stats` and `wringer ss` read. */
#ifndef WR_TEL_H
#define WR_TEL_H

#include <jansson.h>
#include <rte_telemetry.h>

#include "export.h"

/* A reply of the telemetry library has at most this many bytes, and is cut there. */
#define WR_TEL_BYTES (16 * 1024)

/*
 * A part of a snapshot: without parameters all but the cores' numbers; "3": those of core 3;
 * "rate": the rates. Returns 0 or a negative errno.
 */
int wr_tel_snapshot(struct rte_tel_data *d, const struct wr_snapshot *s, const char *params);

/* The same, read back. */
int wr_tel_head_read(struct wr_snapshot *s, const json_t *reply);
int wr_tel_stats_read(struct wr_stats *stats, uint64_t *sequence, const json_t *reply);

/* A page of connections; params are a struct wr_ss_query. Waits for the worker. */
int wr_tel_ss(struct rte_tel_data *d, struct wr_export *export, const char *params);

/* As many of the rows as a reply holds; returns how many. */
unsigned wr_tel_ss_rows(struct rte_tel_data *d, const struct wr_tcp_info *info, unsigned rows);

#endif /* WR_TEL_H */
