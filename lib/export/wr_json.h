/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_JSON_H
#define WR_JSON_H

#include <jansson.h>

#include "wr_snapshot.h"

/*
 * A snapshot as one JSON document; docs/metrics.md lists its keys. The caller owns the
 * reference; NULL if there is no memory.
 */
json_t *wr_json_snapshot(const struct wr_snapshot *snapshot);

#endif /* WR_JSON_H */
