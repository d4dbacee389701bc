/* SPDX-License-Identifier: BSD-3-Clause */
/* The comparison: medians with their ranges, and whether a difference means anything. */
#include <math.h>
#include <stdlib.h>

#include "html.h"
#include "wr_base.h"

static const struct {
	const char *label, *path;
	bool of_latency; /* path is a member of the latency that the run is about */
	enum wr_unit unit;
	bool less_is_better;
} metrics[] = {
	{"Responses per second", "end/rates/responses_per_s", false, WR_UNIT_RATE, false},
	{"Connections opened per second", "end/rates/connections_per_s", false, WR_UNIT_RATE,
         false},
	{"Packets per second", "end/rates/packets_per_s", false, WR_UNIT_RATE, false},
	{"Payload", "end/rates/bits_per_s", false, WR_UNIT_BITS, false},
	{"Loss", "end/rates/loss", false, WR_UNIT_SHARE, true},
	{"Latency, median", "p50_ns", true, WR_UNIT_TIME, true},
	{"Latency, mean", "mean_ns", true, WR_UNIT_TIME, true},
	{"Latency, 99%", "p99_ns", true, WR_UNIT_TIME, true},
	{"Latency, 99.9%", "p99.9_ns", true, WR_UNIT_TIME, true},
	{"Latency, 99.99%", "p99.99_ns", true, WR_UNIT_TIME, true},
	{"Latency, largest", "max_ns", true, WR_UNIT_TIME, true},
	{"Segments sent again", "end/retransmitted_segments", false, WR_UNIT_COUNT, true},
	{"Errors", "end/errors", false, WR_UNIT_COUNT, true},
	{"Busiest core", "end/rates/busy", false, WR_UNIT_SHARE, true},
};

struct range {
	unsigned runs; /* that have the number */
	double median, min, max;
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool value_of(const json_t *run, unsigned metric, double *value)
{
	const char *latency = html_latency(run);
	char path[96];

	if (!metrics[metric].of_latency)
		return html_has_number(run, metrics[metric].path, value);
	if (!latency)
		return false;
	snprintf(path, sizeof(path), "end/latency/%s/%s", latency, metrics[metric].path);
	return html_has_number(run, path, value);
}

static struct range range_of(const struct html_group *group, unsigned metric)
{
	double sorted[WR_HTML_RUNS], value;
	struct range range = {0};

	for (unsigned i = 0; i < group->runs; i++)
		if (value_of(group->run[i], metric, &value))
			sorted[range.runs++] = value;
	if (!range.runs)
		return range;
	qsort(sorted, range.runs, sizeof(*sorted), by_value);
	range.min = sorted[0];
	range.max = sorted[range.runs - 1];
	range.median = (sorted[(range.runs - 1) / 2] + sorted[range.runs / 2]) / 2;
	return range;
}

static void cell(FILE *out, enum wr_unit unit, const struct range *range)
{
	if (!range->runs) {
		fputs("<td>&#8211;</td>", out);
		return;
	}
	fputs("<td>", out);
	html_number(out, unit, range->median);
	if (range->runs > 1) {
		fputs(" <span class=\"note\">(", out);
		html_number(out, unit, range->min);
		fputs(" to ", out);
		html_number(out, unit, range->max);
		fputs(")</span>", out);
	}
	fputs("</td>", out);
}

/* The difference to the first document; it counts only if the ranges do not overlap. */
static void difference(FILE *out, unsigned metric, const struct range *a, const struct range *b)
{
	bool apart = b->min > a->max || b->max < a->min;
	bool better = (b->median < a->median) == metrics[metric].less_is_better;

	if (!a->runs || !b->runs || !(fabs(a->median) > 0)) {
		fputs("<td>&#8211;</td>", out);
		return;
	}
	fprintf(out, "<td>%+.1f %%", 100 * (b->median - a->median) / fabs(a->median));
	if (a->runs < 2 || b->runs < 2)
		fputs("; spread not known", out);
	else if (!apart)
		fputs("; within the spread", out);
	else
		fprintf(out, "; <strong class=\"%s\">beyond the spread: %s</strong>",
		        better ? "good" : "bad", better ? "better" : "worse");
	fputs("</td>", out);
}

static void head(FILE *out, const struct html_page *page)
{
	fputs("<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Median (range)</th>",
	      out);
	for (unsigned g = 0; g < page->groups; g++) {
		fputs("<th scope=\"col\">", out);
		html_text(out, page->group[g].name);
		fprintf(out, ", %u run%s</th>", page->group[g].runs,
		        page->group[g].runs == 1 ? "" : "s");
		if (g)
			fputs("<th scope=\"col\">to the first</th>", out);
	}
	fputs("</tr></thead><tbody>\n", out);
}

static void compare_row(FILE *out, const struct html_page *page, unsigned metric)
{
	struct range range[WR_HTML_DOCUMENTS];
	bool any = false;

	for (unsigned g = 0; g < page->groups; g++) {
		range[g] = range_of(&page->group[g], metric);
		any |= range[g].runs > 0 && range[g].max > 0;
	}
	if (!any)
		return;
	fprintf(out, "<tr><th scope=\"row\">%s</th>", metrics[metric].label);
	for (unsigned g = 0; g < page->groups; g++) {
		cell(out, metrics[metric].unit, &range[g]);
		if (g)
			difference(out, metric, &range[0], &range[g]);
	}
	fputs("</tr>\n", out);
}

void html_comparison(FILE *out, const struct html_page *page)
{
	fputs("<h2>Main numbers</h2>\n", out);
	head(out, page);
	for (unsigned i = 0; i < WR_LEN(metrics); i++)
		compare_row(out, page, i);
	fputs("</tbody></table></div>\n", out);
	if (page->groups > 1)
		fputs("<p class=\"note\">A difference counts as beyond the spread if no run of "
		      "one "
		      "document reaches the range of the other. With a single run of either, "
		      "nothing is known about the spread: repeat with "
		      "<code>--repeat</code>.</p>\n",
		      out);
}
