/* SPDX-License-Identifier: BSD-3-Clause */
/* The page, from top to bottom. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "html_curves.h"
#include "wr_base.h"

static void badge(FILE *out, const json_t *run)
{
	const json_t *code = html_find(run, "exit_code");
	const json_t *valid = html_find(run, "valid");
	const char *word = "valid";

	if (html_string(run, "error"))
		word = "error";
	else if (json_array_size(html_find(run, "failures")))
		word = "failed";
	else if (valid && !json_is_true(valid))
		word = "invalid";
	else if (json_is_true(html_find(run, "interrupted")))
		word = "interrupted";
	else if (json_integer_value(code))
		word = "threshold missed";
	fprintf(out, " <span class=\"badge %s\">%s</span>",
	        strcmp(word, "valid") == 0 ? "good" : "bad", word);
}

static void sentences(FILE *out, const json_t *list)
{
	const json_t *sentence;
	size_t i;

	json_array_foreach(list, i, sentence)
	{
		fputs("<p class=\"bad\">", out);
		html_value(out, sentence);
		fputs("</p>\n", out);
	}
}

static void write_command(FILE *out, const json_t *run)
{
	const json_t *word;
	size_t i;

	fputs("<pre>", out);
	json_array_foreach(html_find(run, "start/command"), i, word)
	{
		fputs(i ? " " : "", out);
		html_value(out, word);
	}
	fputs("</pre>\n", out);
}

/* What a run was and what it is worth. */
static void write_run_head(FILE *out, const struct html_page *page, unsigned g, unsigned r)
{
	const json_t *run = page->group[g].run[r];
	char name[160];

	curves_name(page, g, r, "", name, sizeof(name));
	fputs("<p><strong>", out);
	html_text(out, name);
	fputs(name[0] ? "</strong>: " : "</strong>", out);
	html_text(out, html_string(run, "start/mode"));
	if (html_string(run, "start/target")) {
		fputs(" to ", out);
		html_text(out, html_string(run, "start/target"));
	}
	fprintf(out, ", measured for %.2f s, ", html_get(run, "end/window/seconds"));
	html_text(out, html_string(run, "start/time"));
	badge(out, run);
	fputs("</p>\n", out);
	if (html_string(run, "error")) {
		fputs("<p class=\"bad\">", out);
		html_text(out, html_string(run, "error"));
		fputs("</p>\n", out);
	}
	sentences(out, html_find(run, "failures"));
	sentences(out, html_find(run, "invalid_because"));
}

static enum wr_unit unit_of(const json_t *offer)
{
	const char *unit = html_string(offer, "unit");

	return unit && strcmp(unit, "bits_per_s") == 0 ? WR_UNIT_BITS : WR_UNIT_RATE;
}

static void write_offers(FILE *out, const json_t *run)
{
	const json_t *offers = html_find(run, "offers"), *offer;
	size_t i;

	if (!json_array_size(offers))
		return;
	fputs("<table><caption>Offered and achieved</caption><thead><tr><th scope=\"col\">"
	      "Setpoint</th><th scope=\"col\">offered</th><th scope=\"col\">achieved</th>"
	      "<th scope=\"col\">share</th></tr></thead><tbody>\n",
	      out);
	json_array_foreach(offers, i, offer)
	{
		fputs("<tr><th scope=\"row\">", out);
		html_text(out, html_string(offer, "name"));
		fputs("</th><td>", out);
		html_number(out, unit_of(offer), html_get(offer, "offered"));
		fputs("</td><td>", out);
		html_number(out, unit_of(offer), html_get(offer, "achieved"));
		fprintf(out, "</td><td>%.2f %%</td></tr>\n", 100 * html_get(offer, "ratio"));
	}
	fputs("</tbody></table>\n", out);
}

static void write_requirements(FILE *out, const json_t *run)
{
	const json_t *list = html_find(run, "requirements"), *row;
	size_t i;

	if (!json_array_size(list))
		return;
	fputs("<table><caption>Thresholds</caption><tbody>\n", out);
	json_array_foreach(list, i, row)
	{
		bool met = json_is_true(html_find(row, "met"));

		fputs("<tr><th scope=\"row\">", out);
		html_text(out, html_string(row, "text"));
		fprintf(out, "</th><td class=\"%s\">%s</td></tr>\n", met ? "good" : "bad",
		        met ? "met" : "missed");
	}
	fputs("</tbody></table>\n", out);
}

static void latency_row(FILE *out, const char *name, const json_t *latency)
{
	static const char *const members[] = {"min_ns",     "mean_ns", "stdev_ns", "p50_ns",
	                                      "p90_ns",     "p99_ns",  "p99.9_ns", "p99.99_ns",
	                                      "p99.999_ns", "max_ns"};
	double value;

	fputs("<tr><th scope=\"row\">", out);
	html_text(out, name);
	fprintf(out, "</th><td>%.0f</td>", html_get(latency, "count"));
	for (unsigned i = 0; i < WR_LEN(members); i++) {
		fputs("<td>", out);
		if (html_has_number(latency, members[i], &value))
			html_number(out, WR_UNIT_TIME, value);
		else
			fputs("&#8211;", out);
		fputs("</td>", out);
	}
	fputs("</tr>\n", out);
}

static void write_latencies(FILE *out, const json_t *run)
{
	static const char *const heads[] = {"Latency", "count",  "min",     "mean",
	                                    "stdev",   "50%",    "90%",     "99%",
	                                    "99.9%",   "99.99%", "99.999%", "max"};
	const json_t *all = html_find(run, "end/latency");
	const char *name;
	json_t *latency;

	if (!json_object_size(all))
		return;
	fputs("<div class=\"scroll\"><table><thead><tr>", out);
	for (unsigned i = 0; i < WR_LEN(heads); i++)
		fprintf(out, "<th scope=\"col\">%s</th>", heads[i]);
	fputs("</tr></thead><tbody>\n", out);
	json_object_foreach((json_t *)all, name, latency) latency_row(out, name, latency);
	fputs("</tbody></table></div>\n<p class=\"note\">A dash: fewer than ten values beyond "
	      "it.</p>\n",
	      out);
}

static void write_server(FILE *out, const json_t *run)
{
	static const char *const members[] = {"client", "server", "difference"};
	const json_t *row;
	size_t i;

	if (!html_find(run, "server/compared"))
		return;
	fputs("<table><caption>Counted by both sides</caption><thead><tr><th "
	      "scope=\"col\">Counter"
	      "</th><th scope=\"col\">client</th><th scope=\"col\">server</th><th "
	      "scope=\"col\">"
	      "difference</th></tr></thead><tbody>\n",
	      out);
	json_array_foreach(html_find(run, "server/compared"), i, row)
	{
		fputs("<tr><th scope=\"row\">", out);
		html_text(out, html_string(row, "name"));
		fputs("</th>", out);
		for (unsigned k = 0; k < WR_LEN(members); k++)
			fprintf(out, "<td>%.0f</td>", html_get(row, members[k]));
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table>\n", out);
}

static void write_details(FILE *out, const struct html_page *page, unsigned g, unsigned r)
{
	const json_t *run = page->group[g].run[r];
	char name[160];

	curves_name(page, g, r, "", name, sizeof(name));
	fputs("<h2>", out);
	html_text(out, name[0] ? name : "The run");
	fputs("</h2>\n", out);
	write_command(out, run);
	write_offers(out, run);
	write_requirements(out, run);
	write_latencies(out, run);
	curves_latency(out, run);
	curves_states(out, run);
	bars_draw(out, "Frames lost, by reason",
	          "Frames lost on the client's side, all of the run.",
	          html_find(run, "end/drops"), WR_UNIT_COUNT);
	if (!json_object_size(html_find(run, "end/drops")))
		fputs("<p class=\"note\">No frame was lost on this side.</p>\n", out);
	bars_draw(out, "Connections ended, by reason", "How connections ended, all of the run.",
	          html_find(run, "end/reasons"), WR_UNIT_COUNT);
	curves_busy(out, run);
	bars_draw(out, "Busy cycles, by stage",
	          "TSC cycles of sampled bursts, by what they were for.",
	          html_find(run, "end/stages"), WR_UNIT_COUNT);
	write_server(out, run);
	html_members(out, "All counters", html_find(run, "end/counters"));
	html_members(out, "Engine", html_find(run, "end/engine"));
	html_members(out, "Machine", html_find(run, "start/machine"));
	html_members(out, "Configuration", html_find(run, "start/config"));
}

void wr_html_write(FILE *out, const struct wr_html_input *inputs, unsigned n)
{
	struct html_page page;

	html_page_init(&page, inputs, n);
	html_head(out, "Wringer: results");
	fputs("<h1>Results</h1>\n", out);
	for (unsigned g = 0; g < page.groups; g++)
		for (unsigned r = 0; r < page.group[g].runs; r++)
			write_run_head(out, &page, g, r);
	html_comparison(out, &page);
	if (page.groups && page.group[0].runs) {
		curves_throughput(out, &page);
		curves_tail(out, &page);
	}
	for (unsigned g = 0; g < page.groups; g++)
		for (unsigned r = 0; r < page.group[g].runs; r++)
			write_details(out, &page, g, r);
	fputs("<p class=\"note\">Written by Wringer. Times are nanoseconds to seconds, rates "
	      "per "
	      "second, k M G are thousands.</p>\n",
	      out);
	html_foot(out);
}

/* Half a page tells nothing; but a device is not ours to remove. */
static void drop(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
		unlink(path);
}

int wr_html_save(const char *path, const struct wr_html_input *inputs, unsigned n)
{
	FILE *out = fopen(path, "we");
	bool failed;
	int error;

	if (!out)
		return -errno;
	errno = EIO;
	wr_html_write(out, inputs, n);
	failed = fflush(out) || ferror(out);
	error = errno;
	if (fclose(out) && !failed) {
		failed = true;
		error = errno;
	}
	if (failed)
		drop(path);
	return failed ? -error : 0;
}
