/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_RESULT_CSV_H
#define WR_RESULT_CSV_H

#include "run.h"

/* RFC 4180, but for the line ends: a head, and a row an interval. */
void csv_head(FILE *out);
void csv_row(FILE *out, const struct run *run, const struct interval *interval);

#endif /* WR_RESULT_CSV_H */
