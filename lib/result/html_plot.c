/* SPDX-License-Identifier: BSD-3-Clause */
/* Plots as SVG: axes with units, series told apart by colour, dashes and marks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"
#include "html_plot.h"

#define WIDTH      860
#define LEFT       76
#define RIGHT      34
#define TOP        40
#define INNER      250 /* height of the plot itself */
#define LEGEND     20  /* height of a row of the legend */
#define PER_ROW    3   /* entries in a row of the legend */
#define MARKS      8   /* on a line */
#define POINTS_MAX 200000
#define FAR_X      1e9 /* what lies beyond is no measurement */
#define FAR_Y      1e18

struct plot_series *plot_add(struct plot *plot, const char *name)
{
	struct plot_series *series;

	if (plot->count == PLOT_SERIES)
		return NULL;
	series = &plot->series[plot->count++];
	memset(series, 0, sizeof(*series));
	snprintf(series->name, sizeof(series->name), "%s", name);
	return series;
}

void plot_point(struct plot_series *series, double x, double y)
{
	if (!series || !(fabs(x) < FAR_X) || !(fabs(y) < FAR_Y) || series->points == POINTS_MAX)
		return;
	if (series->points == series->room) {
		unsigned room = series->room ? 2 * series->room : 256;
		void *grown = realloc(series->point, room * sizeof(*series->point));

		if (!grown)
			return;
		series->point = grown;
		series->room = room;
	}
	series->point[series->points++] = (struct plot_point) {x, y};
}

/* The range of what is shown, and the step of its grid. */
struct range {
	double from, until, step;
};

static void include(struct range *range, double value)
{
	range->from = fmin(range->from, value);
	range->until = fmax(range->until, value);
}

/* 1, 2 or 5 times a power of ten, so that some five of them make the whole. */
static double nice_step(double whole)
{
	double power = pow(10, floor(log10(whole / 5))), part = whole / 5 / power;

	return power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

static struct range x_range(const struct plot *plot)
{
	struct range x = {INFINITY, -INFINITY, 0};

	for (unsigned s = 0; s < plot->count; s++)
		for (unsigned i = 0; i < plot->series[s].points; i++)
			include(&x, plot->series[s].point[i].x);
	if (plot->axis == PLOT_TAIL)
		return (struct range) {0, ceil(fmax(x.until, 1)), 1};
	x.from = fmin(x.from, 0);
	if (!(x.until - x.from > 1e-3))
		x.until = x.from + 1;
	x.step = nice_step(x.until - x.from);
	return x;
}

static struct range y_range(const struct plot *plot)
{
	struct range y = {INFINITY, -INFINITY, 0};

	for (unsigned s = 0; s < plot->count; s++)
		for (unsigned i = 0; i < plot->series[s].points; i++)
			if (!plot->log_y || plot->series[s].point[i].y > 0)
				include(&y, plot->series[s].point[i].y);
	if (plot->log_y) {
		if (!(y.from > 0))
			return (struct range) {0, 1, 1};
		y.from = floor(log10(y.from));
		y.until = fmax(ceil(log10(y.until)), y.from + 1);
		return (struct range) {y.from, y.until, 1};
	}
	y.from = fmin(y.from, 0);
	y.until = fmax(fmax(y.until, plot->top), y.from + 1e-9);
	y.step = nice_step(y.until - y.from);
	y.until = ceil(y.until / y.step - 1e-9) * y.step;
	return y;
}

struct view {
	const struct plot *plot;
	struct range x, y;
};

static double at_x(const struct view *view, double x)
{
	return LEFT +
	       (x - view->x.from) / (view->x.until - view->x.from) * (WIDTH - LEFT - RIGHT);
}

static double at_y(const struct view *view, double y)
{
	if (view->plot->log_y)
		y = y > 0 ? log10(y) : view->y.from;
	return TOP + INNER - (y - view->y.from) / (view->y.until - view->y.from) * INNER;
}

/* "5.00M" is "5M" on an axis. */
static void tick_label(FILE *out, enum wr_unit unit, double value)
{
	struct wr_number number = wr_number(unit, value);
	char *point = strchr(number.text, '.'), *end, *last;

	if (point) {
		end = point + 1 + strspn(point + 1, "0123456789");
		for (last = end; last[-1] == '0'; last--)
			;
		if (last[-1] == '.')
			last--;
		memmove(last, end, strlen(end) + 1);
	}
	html_text(out, number.text);
}

static void tail_label(FILE *out, double x)
{
	int nines = (int)x;

	if (nines == 0)
		fputs("0%", out);
	else if (nines == 1)
		fputs("90%", out);
	else
		fprintf(out, "99%s%.*s%%", nines > 2 ? "." : "", nines - 2, "999999999999");
}

static void x_tick(FILE *out, const struct view *view, double x)
{
	double px = at_x(view, x);

	fprintf(out,
	        "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>"
	        "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">",
	        px, TOP, px, TOP + INNER, px, TOP + INNER + 17);
	if (view->plot->axis == PLOT_TAIL)
		tail_label(out, x);
	else
		fprintf(out, "%g", x);
	fputs("</text>\n", out);
}

static void y_tick(FILE *out, const struct view *view, double y)
{
	double py = at_y(view, y);

	fprintf(out,
	        "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>"
	        "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
	        LEFT, py, WIDTH - RIGHT, py, LEFT - 8, py + 4);
	tick_label(out, view->plot->unit, y);
	fputs("</text>\n", out);
}

/* The time that was measured; what lies outside is ramp, warm-up and drain. */
static void draw_window(FILE *out, const struct view *view)
{
	const struct plot *plot = view->plot;
	double from = at_x(view, fmax(plot->from, view->x.from));
	double until = at_x(view, fmin(plot->until, view->x.until));

	if (plot->axis != PLOT_TIME || !(until > from))
		return;
	fprintf(out,
	        "<rect class=\"window\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n",
	        from, TOP, until - from, INNER);
}

static void draw_grid(FILE *out, const struct view *view)
{
	const struct range *x = &view->x, *y = &view->y;
	double first = ceil(x->from / x->step - 1e-9) * x->step;

	for (unsigned i = 0; i <= 12 && first + i * x->step <= x->until + x->step * 1e-6; i++)
		x_tick(out, view, first + i * x->step);
	for (unsigned i = 0; i <= 12 && y->from + i * y->step <= y->until + y->step * 1e-6;
	     i++) {
		double value = y->from + i * y->step;

		y_tick(out, view, view->plot->log_y ? pow(10, value) : value);
	}
	fprintf(out,
	        "<path class=\"axis\" fill=\"none\" d=\"M%d %dV%dH%d\"/>\n"
	        "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n",
	        LEFT, TOP, TOP + INNER, WIDTH - RIGHT, WIDTH - RIGHT, TOP + INNER + 36,
	        view->plot->x_label);
	fprintf(out, "<text x=\"%d\" y=\"%d\">%s</text>\n", LEFT, TOP - 6, view->plot->y_label);
}

/* A mark of its own for each series, so that colour is never all there is. */
static void draw_mark(FILE *out, unsigned series, double x, double y)
{
	static const char *const shapes[] = {
		"m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z",
		"m-3.5 -3.5h7v7h-7z",
		"m0 -4.5l4.2 7.5h-8.4z",
		"m0 -4.8l4.8 4.8l-4.8 4.8l-4.8 -4.8z",
		"m0 4.5l4.2 -7.5h-8.4z",
		"m-4 -1.3h2.7v-2.7h2.6v2.7h2.7v2.6h-2.7v2.7h-2.6v-2.7h-2.7z",
		"m-2 -4h4v8h-4z",
		"m-4 -2h8v4h-8z",
	};

	fprintf(out, "<path class=\"m s%u\" d=\"M%.1f %.1f%s\"/>", series, x, y,
	        shapes[series % WR_LEN(shapes)]);
}

/* Points that would fall on the one before are left out. */
static void draw_path(FILE *out, const struct view *view, const struct plot_series *series,
                      unsigned number)
{
	double last_x = -1e9, last_y = -1e9;
	char command = 'M';

	fprintf(out, "<path class=\"line s%u%s\" d=\"", number,
	        series->is_offer ? " offer" : "");
	for (unsigned i = 0; i < series->points; i++) {
		double x = at_x(view, series->point[i].x), y = at_y(view, series->point[i].y);

		if (fabs(x - last_x) < 0.3 && fabs(y - last_y) < 0.3 && i + 1 < series->points)
			continue;
		fprintf(out, "%c%.1f %.1f", command, x, y);
		command = 'L';
		last_x = x;
		last_y = y;
	}
	fputs("\"/>\n", out);
}

static void draw_series(FILE *out, const struct view *view, unsigned number)
{
	const struct plot_series *series = &view->plot->series[number];
	double gap = (double)(WIDTH - LEFT - RIGHT) / MARKS, next;

	if (!series->points)
		return;
	draw_path(out, view, series, number);
	next = LEFT + gap * (number + 1) / (PLOT_SERIES + 1);
	for (unsigned i = 0; i < series->points && !series->is_offer; i++) {
		double x = at_x(view, series->point[i].x);

		if (x < next && !(series->points == 1))
			continue;
		draw_mark(out, number, x, at_y(view, series->point[i].y));
		while (next <= x)
			next += gap;
	}
	fputc('\n', out);
}

static void draw_legend(FILE *out, const struct plot *plot)
{
	for (unsigned i = 0; i < plot->count; i++) {
		const struct plot_series *series = &plot->series[i];
		double x = LEFT + (double)(WIDTH - LEFT - RIGHT) / PER_ROW * (i % PER_ROW);
		double y = TOP + INNER + 56 + LEGEND * (i / PER_ROW);

		fprintf(out, "<path class=\"line s%u%s\" d=\"M%.1f %.1fh30\"/>", i,
		        series->is_offer ? " offer" : "", x, y - 4);
		if (!series->is_offer)
			draw_mark(out, i, x + 15, y - 4);
		fprintf(out, "<text x=\"%.1f\" y=\"%.1f\">", x + 37, y);
		html_text(out, series->name);
		fputs("</text>\n", out);
	}
}

static void draw_svg(FILE *out, const struct view *view)
{
	const struct plot *plot = view->plot;
	int height = TOP + INNER + 56 + LEGEND * (int)((plot->count + PER_ROW - 1) / PER_ROW);

	fprintf(out,
	        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
	        "role=\"img\">\n"
	        "<title>",
	        WIDTH, height);
	html_text(out, plot->title);
	fputs("</title><desc>", out);
	html_text(out, plot->about);
	fprintf(out, "</desc>\n<text class=\"title\" x=\"%d\" y=\"16\">", LEFT);
	html_text(out, plot->title);
	fputs("</text>\n", out);
	draw_window(out, view);
	draw_grid(out, view);
	for (unsigned i = 0; i < plot->count; i++)
		draw_series(out, view, i);
	draw_legend(out, plot);
	fputs("</svg>\n", out);
}

/* Lines without a point are not drawn, nor named. */
static void drop_empty(struct plot *plot)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < plot->count; i++)
		if (plot->series[i].points)
			plot->series[kept++] = plot->series[i];
		else
			free(plot->series[i].point);
	plot->count = kept;
}

void plot_draw(FILE *out, struct plot *plot)
{
	struct view view = {.plot = plot};

	drop_empty(plot);
	if (plot->count) {
		view.x = x_range(plot);
		view.y = y_range(plot);
		draw_svg(out, &view);
		plot_table(out, plot);
	}
	for (unsigned i = 0; i < plot->count; i++)
		free(plot->series[i].point);
	plot->count = 0;
}
