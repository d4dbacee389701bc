/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_TEXT_H
#define WR_TEXT_H

#include <stdio.h>

#include "wr_snapshot.h"

/* The table of `wringer stats`: totals and rates of the last interval, then per core. */
void wr_text_stats(FILE *out, const struct wr_snapshot *snapshot);

/* The report at exit: the same, with rates over the whole run. */
void wr_text_summary(FILE *out, const struct wr_snapshot *snapshot);

#endif /* WR_TEXT_H */
