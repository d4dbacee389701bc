/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_RESULT_HTML_CURVES_H
#define WR_RESULT_HTML_CURVES_H

#include "html.h"

/* The plots of a page: of all runs together, or of one. */

/* How a line is called, by document and run as far as there are several. */
void curves_name(const struct html_page *page, unsigned group, unsigned run, const char *what,
                 char *name, size_t size);

void curves_throughput(FILE *out, const struct html_page *page);
void curves_tail(FILE *out, const struct html_page *page);
void curves_latency(FILE *out, const json_t *run);
void curves_states(FILE *out, const json_t *run);
void curves_busy(FILE *out, const json_t *run);

#endif /* WR_RESULT_HTML_CURVES_H */
