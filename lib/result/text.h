/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_RESULT_TEXT_H
#define WR_RESULT_TEXT_H

#include "verdict.h"

/* What people read: a line a second, a summary at the end. */

/* The head of the table, of those modes that have one; the name of the target. */
void text_head(FILE *out, const struct run *run, const char *target);

void text_line(FILE *out, const struct run *run, const struct interval *interval);

/* server: document_server(), or NULL. */
void text_summary(FILE *out, const struct run *run, const struct wr_result_conf *conf,
                  const struct verdict *verdict, const json_t *server);

#endif /* WR_RESULT_TEXT_H */
