/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_DOCS_H
#define WR_DOCS_H

#include <stdio.h>

/* docs/metrics.md, made from the tables. */
void wr_docs_metrics(FILE *out);

#endif /* WR_DOCS_H */
