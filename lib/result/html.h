/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_RESULT_HTML_H
#define WR_RESULT_HTML_H

#include <stdbool.h>

#include "wr_html.h"
#include "wr_number.h"

/* Inside the report: text, tables, plots, and the runs that are shown. */

/* ---- text ---- */

/* Writes text so that it is nothing but text; NULL is nothing. */
void html_text(FILE *out, const char *text);
void html_number(FILE *out, enum wr_unit unit, double value);
void html_head(FILE *out, const char *title);
void html_foot(FILE *out);

/* A value of any kind, for people: lists and objects as compact JSON. */
void html_value(FILE *out, const json_t *value);

/* A two-column table of an object's members; nested objects get names with dots. */
void html_members(FILE *out, const char *caption, const json_t *object);

/* ---- values of a document; 0 or NULL for what is not there ---- */

/* Path of names separated by '/'. */
const json_t *html_find(const json_t *document, const char *path);
bool html_has_number(const json_t *document, const char *path, double *value);
double html_get(const json_t *document, const char *path);
const char *html_string(const json_t *document, const char *path);

/* ---- runs ---- */

struct html_group {
	const char *name; /* of the document */
	const json_t *run[WR_HTML_RUNS];
	unsigned runs;
};

struct html_page {
	struct html_group group[WR_HTML_DOCUMENTS];
	unsigned groups;
};

void html_page_init(struct html_page *page, const struct wr_html_input *inputs, unsigned n);

/* "response" or "connect": what the run was about; NULL: it has no latencies. */
const char *html_latency(const json_t *run);

/* Medians, ranges and differences of the main numbers. */
void html_comparison(FILE *out, const struct html_page *page);

/* ---- plots ---- */

#define PLOT_SERIES 8

struct plot_point {
	double x, y;
};

struct plot_series {
	char name[96];
	struct plot_point *point; /* freed by plot_fini() */
	unsigned points, room;
	bool is_offer; /* a thin line of what was asked for */
};

enum plot_axis {
	PLOT_TIME, /* x: seconds */
	PLOT_TAIL, /* x: log10(1 / (1 - p)) of a percentile */
};

struct plot {
	const char *title, *about; /* about: one sentence for those who do not see it */
	enum plot_axis axis;
	const char *x_label, *y_label;
	enum wr_unit unit;  /* of y */
	bool log_y;         /* else y begins at 0 */
	double top;         /* at least this much of y is shown */
	double from, until; /* of a time axis: what was measured, shaded */
	struct plot_series series[PLOT_SERIES];
	unsigned count;
};

/* A new series; NULL if there is no room for one more. */
struct plot_series *plot_add(struct plot *plot, const char *name);
void plot_point(struct plot_series *series, double x, double y);
/* Draws it, with its table beneath; nothing if it has no points. Frees the series. */
void plot_draw(FILE *out, struct plot *plot);

/* Bars of an object's numbers, longest first. */
void bars_draw(FILE *out, const char *title, const char *about, const json_t *object,
               enum wr_unit unit);

#endif /* WR_RESULT_HTML_H */
