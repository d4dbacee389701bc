/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_RESULT_HTML_PLOT_H
#define WR_RESULT_HTML_PLOT_H

#include "html.h"
#include "wr_base.h"

/* The numbers of a plot as a table, folded away beneath it. */
void plot_table(FILE *out, const struct plot *plot);

#endif /* WR_RESULT_HTML_PLOT_H */
