/* SPDX-License-Identifier: BSD-3-Clause */
/* wringer report: an HTML page of the results of load runs. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "wr_html.h"

static const char usage[] =
	"Usage: wringer report RESULT.json [RESULT.json]... [--output FILE]\n"
	"Makes one self-contained HTML page of what `wringer load --json` has written: plots "
	"over\n"
	"time, latency by percentile, states, drops and cycles; of several results also how "
	"they\n"
	"compare, and whether a difference is larger than the spread of repeats (--repeat).\n"
	"\n"
	"  -o, --output FILE  where to; default: standard output, unless it is a terminal, "
	"then\n"
	"                     the first result's name with .html\n"
	"  -h, --help         this text\n"
	"\n"
	"Exit status: 0 done, 2 usage, or a file that is no result, 3 the page cannot be "
	"written.\n";

static const struct option long_options[] = {
	{"output", required_argument, NULL, 'o'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct report {
	struct wr_html_input input[WR_HTML_DOCUMENTS];
	unsigned inputs;
	char output[4096]; /* "": standard output */
};

static int read_inputs(struct report *report, char **paths, int n, struct wr_err *err)
{
	if (n == 0)
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "which results? Try 'wringer report --help'.");
	if (n > WR_HTML_DOCUMENTS)
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "a page has room for %d results, not %d.", WR_HTML_DOCUMENTS,
		                  n);
	for (int i = 0; i < n; i++) {
		const char *slash = strrchr(paths[i], '/');
		json_t *document = wr_html_read(paths[i], err);

		if (!document)
			return -EINVAL;
		report->input[report->inputs++] = (struct wr_html_input) {
			.name = slash ? slash + 1 : paths[i], .document = document};
	}
	return 0;
}

/* "run.json" becomes "run.html". */
static void name_output(struct report *report, const char *path)
{
	const char *end = strrchr(path, '.');
	size_t n = end && !strchr(end, '/') ? (size_t)(end - path) : strlen(path);

	if (!report->output[0] && isatty(STDOUT_FILENO))
		snprintf(report->output, sizeof(report->output), "%.*s.html", (int)n, path);
}

static int write_page(const struct report *report, struct wr_err *err)
{
	int rc;

	if (!report->output[0]) { /* main() looks whether it got there */
		wr_html_write(stdout, report->input, report->inputs);
		return 0;
	}
	rc = wr_html_save(report->output, report->input, report->inputs);
	if (rc < 0)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, rc,
		                  "the page cannot be written to '%s': %s.", report->output,
		                  strerror(-rc));
	fprintf(stderr, "wringer report: '%s' is written.\n", report->output);
	return 0;
}

static int parse(int argc, char **argv, struct report *report)
{
	int c;

	argv[0] = "wringer report"; /* for what getopt says */
	optind = 0;
	while ((c = getopt_long(argc, argv, "o:h", long_options, NULL)) != -1) {
		switch (c) {
		case 'o':
			snprintf(report->output, sizeof(report->output), "%s", optarg);
			break;
		case 'h':
			fputs(usage, stdout);
			return -1;
		default:
			fputs("Try 'wringer report --help'.\n", stderr);
			return WR_EXIT_USAGE;
		}
	}
	return 0;
}

int wr_app_report(int argc, char **argv)
{
	struct report report = {0};
	struct wr_err err = {.exit = WR_EXIT_OK};
	int rc = parse(argc, argv, &report);

	if (rc)
		return rc < 0 ? WR_EXIT_OK : rc;
	rc = read_inputs(&report, argv + optind, argc - optind, &err);
	if (rc == 0) {
		name_output(&report, argv[optind]);
		write_page(&report, &err);
	}
	if (err.exit != WR_EXIT_OK)
		fprintf(stderr, "wringer report: %s\n", err.text);
	for (unsigned i = 0; i < report.inputs; i++)
		json_decref(report.input[i].document);
	return err.exit;
}
