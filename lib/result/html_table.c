/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "html_plot.h"

#define ROWS 120 /* of a table, at most */

/* The value of a series there: of the last point that is not beyond it. */
static bool value_at(const struct plot_series *series, double x, double *y)
{
	unsigned low = 0, high = series->points;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (series->point[middle].x <= x + 1e-9)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	*y = series->point[low - 1].y;
	return x <= series->point[series->points - 1].x + 1e-9;
}

static void row(FILE *out, const struct plot *plot, const char *label, double x)
{
	fprintf(out, "<tr><th scope=\"row\">%s</th>", label);
	for (unsigned i = 0; i < plot->count; i++) {
		double y;

		fputs("<td>", out);
		if (value_at(&plot->series[i], x, &y))
			html_number(out, plot->unit, y);
		else
			fputs("&#8211;", out);
		fputs("</td>", out);
	}
	fputs("</tr>\n", out);
}

static void rows_of_tail(FILE *out, const struct plot *plot)
{
	static const double percents[] = {50, 75, 90, 95, 99, 99.9, 99.99, 99.999};
	char label[16];

	for (unsigned i = 0; i < WR_LEN(percents); i++) {
		snprintf(label, sizeof(label), "%g%%", percents[i]);
		row(out, plot, label, log10(100 / (100 - percents[i])));
	}
}

static void rows_of_time(FILE *out, const struct plot *plot)
{
	const struct plot_series *longest = &plot->series[0];
	unsigned step;
	char label[32];

	for (unsigned i = 1; i < plot->count; i++)
		if (plot->series[i].points > longest->points)
			longest = &plot->series[i];
	step = (longest->points + ROWS - 1) / ROWS;
	for (unsigned i = 0; i < longest->points; i += step) {
		snprintf(label, sizeof(label), "%.2f s", longest->point[i].x);
		row(out, plot, label, longest->point[i].x);
	}
}

void plot_table(FILE *out, const struct plot *plot)
{
	fputs("<details><summary>The numbers of this plot</summary>\n<div "
	      "class=\"scroll\"><table>"
	      "<thead><tr><th scope=\"col\">",
	      out);
	fputs(plot->axis == PLOT_TAIL ? "percentile" : "until", out);
	fputs("</th>", out);
	for (unsigned i = 0; i < plot->count; i++) {
		fputs("<th scope=\"col\">", out);
		html_text(out, plot->series[i].name);
		fputs("</th>", out);
	}
	fputs("</tr></thead><tbody>\n", out);
	if (plot->axis == PLOT_TAIL)
		rows_of_tail(out, plot);
	else
		rows_of_time(out, plot);
	fputs("</tbody></table></div></details>\n", out);
}
