/* SPDX-License-Identifier: BSD-3-Clause */
/* Which numbers of the runs go into which plot. */
#include <math.h>
#include <string.h>

#include "html_curves.h"
#include "wr_base.h"

/* What throughput means in a mode. */
static const struct throughput {
	const char *mode, *member;
	const char *setpoint; /* member of setpoints, 0: not set */
	const char *planned;  /* counter of what was due; NULL: the setpoint is all there is */
	const char *label;
	enum wr_unit unit;
	double factor;
} throughputs[] = {
	{"crr", "connections_per_s", "connections_per_s", "connections_planned",
         "connections/s", WR_UNIT_RATE, 1},
	{"connect", "connections_per_s", "connections_per_s", "connections_planned",
         "connections/s", WR_UNIT_RATE, 1},
	{"hold", "connections_per_s", "connections_per_s", "connections_planned",
         "connections opened/s", WR_UNIT_RATE, 1},
	{"stream", "bytes_sent_per_s", "bits_per_s", NULL, "payload sent, bit/s", WR_UNIT_BITS,
         8},
	{"udp-flood", "datagrams_sent_per_s", "packets_per_s", NULL, "datagrams/s",
         WR_UNIT_RATE, 1},
	{"syn", "syns_sent_per_s", "packets_per_s", NULL, "SYNs/s", WR_UNIT_RATE, 1},
	{"", "responses_per_s", "requests_per_s", "requests_planned", "responses/s",
         WR_UNIT_RATE, 1},
};

static const struct throughput received = {"",   "bytes_received_per_s",    "bits_per_s",
                                           NULL, "payload received, bit/s", WR_UNIT_BITS,
                                           8};

static const struct throughput *throughput_of(const json_t *run)
{
	const char *mode = html_string(run, "start/mode");
	unsigned i = 0;

	while (throughputs[i].mode[0] && (!mode || strcmp(throughputs[i].mode, mode) != 0))
		i++;
	if (mode && strcmp(mode, "stream") == 0 &&
	    !(html_get(run, "end/counters/bytes_sent") > 0))
		return &received;
	return &throughputs[i];
}

void curves_name(const struct html_page *page, unsigned group, unsigned run, const char *what,
                 char *name, size_t size)
{
	const struct html_group *g = &page->group[group];

	if (page->groups == 1 && g->runs == 1)
		snprintf(name, size, "%s", what);
	else if (g->runs == 1)
		snprintf(name, size, "%s%s%s", g->name, what[0] ? ": " : "", what);
	else
		snprintf(name, size, "%s%srun %u%s%s", page->groups > 1 ? g->name : "",
		         page->groups > 1 ? ", " : "", run, what[0] ? ": " : "", what);
}

/* A number of each interval over its end, times a factor. */
static void add_intervals(struct plot_series *series, const json_t *run, const char *path,
                          double factor)
{
	const json_t *row;
	double value;
	size_t i;

	json_array_foreach(json_object_get(run, "intervals"), i,
	                   row) if (html_has_number(row, path, &value))
		plot_point(series, html_get(row, "until_s"), value * factor);
}

/* What was due in each interval of the measurement. */
static void add_offer(struct plot_series *series, const json_t *run, const struct throughput *t)
{
	const char *kind = t->planned ? "counters" : "setpoints";
	const json_t *row;
	char path[64];
	size_t i;

	series->is_offer = true;
	snprintf(path, sizeof(path), "%s/%s", kind, t->planned ? t->planned : t->setpoint);
	json_array_foreach(json_object_get(run, "intervals"), i, row)
	{
		double until = html_get(row, "until_s"), due = html_get(row, path);

		if (t->planned)
			due /= fmax(until - html_get(row, "from_s"), 1e-3);
		if (due > 0)
			plot_point(series, until, due);
	}
}

static bool is_wanted(const struct html_page *page, unsigned group, unsigned run)
{
	/* Of many runs, the first of each document are drawn; all are in the comparison. */
	unsigned each = PLOT_SERIES / page->groups;

	return run < (each ? each : 1) && run < page->group[group].runs;
}

/* Draws a plot over time, with the measurement shaded: that of the first run. */
static void draw_over_time(FILE *out, struct plot *plot, const json_t *run)
{
	plot->from = html_get(run, "end/window/from_s");
	plot->until = html_get(run, "end/window/until_s");
	plot_draw(out, plot);
}

void curves_throughput(FILE *out, const struct html_page *page)
{
	const struct throughput *t = throughput_of(page->group[0].run[0]);
	struct plot plot = {
		.title = "Throughput over time",
		.about = "Rate of each interval; dotted: the rate that was asked for; "
			 "shaded: the measurement.",
		.x_label = "seconds since the start of the run",
		.y_label = t->label,
		.unit = t->unit,
	};
	char path[64], name[96];

	for (unsigned g = 0; g < page->groups; g++)
		for (unsigned r = 0; is_wanted(page, g, r); r++) {
			snprintf(path, sizeof(path), "rates/%s", t->member);
			curves_name(page, g, r, t->label, name, sizeof(name));
			add_intervals(plot_add(&plot, name), page->group[g].run[r], path,
			              t->factor);
		}
	if (page->groups == 1 && page->group[0].runs == 1 && t->unit == WR_UNIT_BITS &&
	    t != &received &&
	    html_get(page->group[0].run[0], "end/counters/bytes_received") > 0)
		add_intervals(plot_add(&plot, received.label), page->group[0].run[0],
		              "rates/bytes_received_per_s", received.factor);
	snprintf(path, sizeof(path), "start/setpoints/%s", t->setpoint);
	if (plot.count < PLOT_SERIES && html_get(page->group[0].run[0], path) > 0)
		add_offer(plot_add(&plot, "asked for"), page->group[0].run[0], t);
	draw_over_time(out, &plot, page->group[0].run[0]);
}

/* The percentile function: each slot of the histogram is a step. */
static void add_tail(struct plot_series *series, const json_t *latency)
{
	const json_t *slots = json_object_get(latency, "histogram_ns"), *slot;
	double count = html_get(latency, "count"), seen = 0, from = 0;
	double last = count > 10 ? log10(count / 10) : 0;
	size_t i;

	json_array_foreach(slots, i, slot)
	{
		double ns = json_number_value(json_array_get(slot, 0)), until;

		seen += fmax(json_number_value(json_array_get(slot, 1)), 0);
		until = seen < count ? log10(count / (count - seen)) : last;
		if (from >= last)
			break;
		plot_point(series, from, ns);
		from = fmin(until, last);
		plot_point(series, from, ns);
	}
}

void curves_tail(FILE *out, const struct html_page *page)
{
	static const char *const kinds[] = {"response", "service", "first_byte", "connect",
	                                    "close"};
	bool alone = page->groups == 1 && page->group[0].runs == 1;
	struct plot plot = {
		.title = "Latency by percentile",
		.about = "How long the given share of all took at most. The axis gives every "
			 "further "
			 "nine the same room; each line ends where fewer than ten values are "
			 "left.",
		.axis = PLOT_TAIL,
		.x_label = "percentile, on the scale of 1 / (1 - p)",
		.y_label = "latency, logarithmic",
		.unit = WR_UNIT_TIME,
		.log_y = true,
	};
	char name[96];

	for (unsigned g = 0; g < page->groups; g++)
		for (unsigned r = 0; is_wanted(page, g, r); r++) {
			const json_t *run = page->group[g].run[r];
			const json_t *all = html_find(run, "end/latency");
			const char *main = html_latency(run);

			for (unsigned k = 0; k < WR_LEN(kinds); k++) {
				const json_t *latency = json_object_get(all, kinds[k]);

				if (!latency ||
				    (!alone && (!main || strcmp(main, kinds[k]) != 0)))
					continue;
				curves_name(page, g, r, kinds[k], name, sizeof(name));
				add_tail(plot_add(&plot, name), latency);
			}
		}
	plot_draw(out, &plot);
}

void curves_latency(FILE *out, const json_t *run)
{
	static const char *const parts[][2] = {{"latency/p50_ns", "median"},
	                                       {"latency/p99_ns", "99%"},
	                                       {"latency/p99.9_ns", "99.9%"},
	                                       {"latency/max_ns", "largest"}};
	struct plot plot = {
		.title = "Latency over time",
		.about = "Percentiles of each interval.",
		.x_label = "seconds since the start of the run",
		.y_label = "latency, logarithmic",
		.unit = WR_UNIT_TIME,
		.log_y = true,
	};

	for (unsigned i = 0; i < WR_LEN(parts); i++)
		add_intervals(plot_add(&plot, parts[i][1]), run, parts[i][0], 1);
	draw_over_time(out, &plot, run);
}

/* Whether any interval has that state. */
static bool has_state(const json_t *run, const char *path)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(run, "intervals"), i,
	                   row) if (html_get(row, path) > 0) return true;
	return false;
}

/* A state that is not named in an interval had no connection then. */
static void add_state(struct plot_series *series, const json_t *run, const char *path)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(run, "intervals"), i, row)
		plot_point(series, html_get(row, "until_s"), html_get(row, path));
}

void curves_states(FILE *out, const json_t *run)
{
	static const char *const states[] = {
		"established", "syn_sent", "syn_received", "fin_wait_1", "fin_wait_2",
		"close_wait",  "closing",  "last_ack",     "time_wait",
	};
	struct plot plot = {
		.title = "Connections over time, by state",
		.about = "Connections in each state of TCP at the end of each interval.",
		.x_label = "seconds since the start of the run",
		.y_label = "connections",
		.unit = WR_UNIT_COUNT,
		.top = 1,
	};
	char path[64];

	for (unsigned i = 0; i < WR_LEN(states); i++) {
		snprintf(path, sizeof(path), "states/%s", states[i]);
		if (has_state(run, path))
			add_state(plot_add(&plot, states[i]), run, path);
	}
	draw_over_time(out, &plot, run);
}

void curves_busy(FILE *out, const json_t *run)
{
	struct plot plot = {
		.title = "Busy cycles per core",
		.about = "Share of each core's cycles that went into work; the rest found "
			 "nothing to do.",
		.x_label = "seconds since the start of the run",
		.y_label = "share of cycles",
		.unit = WR_UNIT_SHARE,
		.top = 1,
	};
	const json_t *rows = json_object_get(run, "intervals"), *row;
	size_t cores = json_array_size(html_find(json_array_get(rows, 0), "busy")), i;

	for (unsigned core = 0; core < cores && core < PLOT_SERIES; core++) {
		struct plot_series *series;
		char name[32];

		snprintf(name, sizeof(name), "core %u", core);
		series = plot_add(&plot, name);
		json_array_foreach(rows, i, row) plot_point(
			series, html_get(row, "until_s"),
			json_number_value(json_array_get(json_object_get(row, "busy"), core)));
	}
	draw_over_time(out, &plot, run);
	if (cores > PLOT_SERIES)
		fprintf(out, "<p class=\"note\">The first %d of %zu cores are drawn.</p>\n",
		        PLOT_SERIES, cores);
}
