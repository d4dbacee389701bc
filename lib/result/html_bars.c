/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdlib.h>

#include "html.h"

#define WIDTH 860
#define LEFT  230 /* names end here */
#define BAR   440 /* the longest bar */
#define ROW   22
#define BARS  24 /* at most; the table has all */

struct bar {
	const char *name;
	double value;
};

static int longer_first(const void *a, const void *b)
{
	double x = ((const struct bar *)a)->value, y = ((const struct bar *)b)->value;

	return (x < y) - (x > y);
}

static unsigned collect(const json_t *object, struct bar *bars, double *sum)
{
	unsigned n = 0;
	const char *key;
	json_t *value;

	*sum = 0;
	json_object_foreach((json_t *)object, key, value)
	{
		double number = json_number_value(value);

		if (!(number > 0) || !isfinite(number))
			continue;
		bars[n++] = (struct bar) {key, number};
		*sum += number;
	}
	qsort(bars, n, sizeof(*bars), longer_first);
	return n;
}

static void draw_bar(FILE *out, const struct bar *bar, unsigned i, double longest, double sum,
                     enum wr_unit unit)
{
	double y = 30 + ROW * (double)i, length = bar->value / longest * BAR;

	fprintf(out, "<text x=\"%d\" y=\"%.0f\" text-anchor=\"end\">", LEFT - 8, y + 13);
	html_text(out, bar->name);
	fprintf(out,
	        "</text><rect class=\"bar\" x=\"%d\" y=\"%.0f\" width=\"%.1f\" height=\"%d\"/>"
	        "<text x=\"%.1f\" y=\"%.0f\">",
	        LEFT, y, fmax(length, 1), ROW - 6, LEFT + length + 8, y + 13);
	html_number(out, unit, bar->value);
	fprintf(out, " (%.1f%%)</text>\n", 100 * bar->value / sum);
}

static void draw_table(FILE *out, const struct bar *bars, unsigned n)
{
	fputs("<details><summary>The numbers of this plot</summary><table><tbody>\n", out);
	for (unsigned i = 0; i < n; i++) {
		fputs("<tr><th scope=\"row\">", out);
		html_text(out, bars[i].name);
		fprintf(out, "</th><td>%.0f</td></tr>\n", bars[i].value);
	}
	fputs("</tbody></table></details>\n", out);
}

void bars_draw(FILE *out, const char *title, const char *about, const json_t *object,
               enum wr_unit unit)
{
	struct bar *bars = calloc(json_object_size(object) + 1, sizeof(*bars));
	unsigned n = 0, shown;
	double sum;

	if (bars)
		n = collect(object, bars, &sum);
	shown = n < BARS ? n : BARS;
	if (n) {
		fprintf(out,
		        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" "
		        "role=\"img\">\n<title>",
		        WIDTH, 36 + ROW * shown);
		html_text(out, title);
		fputs("</title><desc>", out);
		html_text(out, about);
		fprintf(out, "</desc>\n<text class=\"title\" x=\"76\" y=\"16\">");
		html_text(out, title);
		fputs("</text>\n", out);
		for (unsigned i = 0; i < shown; i++)
			draw_bar(out, &bars[i], i, bars[0].value, sum, unit);
		fputs("</svg>\n", out);
		draw_table(out, bars, n);
	}
	free(bars);
}
