/* SPDX-License-Identifier: BSD-3-Clause */
/* wringer stats: the numbers of a running process. */
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "wr_client.h"
#include "wr_docs.h"
#include "wr_json.h"
#include "wr_prometheus.h"
#include "wr_text.h"

static const char usage[] =
	"Usage: wringer stats [--instance NAME] [--json|--prometheus] [--watch[=SECONDS]]\n"
	"Shows the numbers of a running wringer process.\n"
	"\n"
	"  -I, --instance NAME    the process; default: the only one that runs\n"
	"  -j, --json             one JSON document\n"
	"  -p, --prometheus       Prometheus text exposition\n"
	"  -w, --watch[=SECONDS]  again every so many seconds (default 1) until interrupted\n"
	"  -h, --help             this text\n"
	"\n"
	"The process renews its numbers once a second. docs/metrics.md says what each means.\n"
	"Exit status: 0 done, 2 usage, or several processes and no --instance, 3 no such "
	"process.\n";

enum format { TEXT, JSON, PROMETHEUS };

struct options {
	const char *instance;
	enum format format;
	double watch_s; /* 0: once */
};

enum { PRINT_DOCS = 256 };

static const struct option long_options[] = {
	{"instance", required_argument, NULL, 'I'},
	{"json", no_argument, NULL, 'j'},
	{"prometheus", no_argument, NULL, 'p'},
	{"watch", optional_argument, NULL, 'w'},
	{"help", no_argument, NULL, 'h'},
	{"print-docs", no_argument, NULL, PRINT_DOCS},
	{0},
};

static int complain(const char *what, const char *value)
{
	fprintf(stderr, "wringer stats: %s%s. Try 'wringer stats --help'.\n", what, value);
	return WR_EXIT_USAGE;
}

static int parse_seconds(const char *text, double *seconds)
{
	char *end;

	*seconds = text ? strtod(text, &end) : 1;
	if (text && (end == text || *end || !(*seconds >= 0.1 && *seconds <= 86400)))
		return complain("--watch takes from 0.1 to 86400 seconds, not ", text);
	return 0;
}

static int parse(int argc, char **argv, struct options *o)
{
	int c, rc = 0;

	argv[0] = "wringer stats"; /* for what getopt says */
	optind = 1;
	while (rc == 0 &&
	       (c = getopt_long(argc, argv, "+I:jpw::h", long_options, NULL)) != -1) {
		switch (c) {
		case 'I':
			o->instance = optarg;
			break;
		case 'j':
			o->format = JSON;
			break;
		case 'p':
			o->format = PROMETHEUS;
			break;
		case 'w':
			/* --watch 5 too: the value is optional, but a number can be nothing
			 * else. */
			if (!optarg && optind < argc && argv[optind][0] != '-')
				optarg = argv[optind++];
			rc = parse_seconds(optarg, &o->watch_s);
			break;
		case PRINT_DOCS:
			wr_docs_metrics(stdout);
			return -1;
		case 'h':
			fputs(usage, stdout);
			return -1;
		default:
			fputs("Try 'wringer stats --help'.\n", stderr);
			return WR_EXIT_USAGE;
		}
	}
	if (rc == 0 && optind < argc)
		return complain("there is no argument ", argv[optind]);
	return rc;
}

static void show(const struct wr_snapshot *snapshot, const struct options *o)
{
	json_t *document;

	switch (o->format) {
	case TEXT:
		if (o->watch_s > 0 && isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J", stdout);
		wr_text_stats(stdout, snapshot);
		break;
	case JSON:
		document = wr_json_snapshot(snapshot);
		/* While watching, a line is a document. */
		json_dumpf(document, stdout, o->watch_s > 0 ? JSON_COMPACT : JSON_INDENT(2));
		fputc('\n', stdout);
		json_decref(document);
		break;
	case PROMETHEUS:
		wr_prometheus_write(stdout, snapshot);
		break;
	}
	fflush(stdout);
}

static void pause_for(double seconds)
{
	struct timespec t = {.tv_sec = (time_t)seconds};

	t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
	nanosleep(&t, NULL);
}

static int run(struct wr_client *client, const struct options *o, struct wr_err *err)
{
	struct wr_snapshot *snapshot = wr_snapshot_new();
	int rc;

	if (!snapshot)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -1, "There is no memory left.");
	for (;;) {
		rc = wr_client_snapshot(client, snapshot, err);
		if (rc == 0)
			show(snapshot, o);
		if (rc < 0 || o->watch_s <= 0 || ferror(stdout))
			break;
		pause_for(o->watch_s);
	}
	free(snapshot);
	return rc;
}

int wr_app_stats(int argc, char **argv)
{
	struct options options = {.format = TEXT};
	struct wr_err err = {.exit = WR_EXIT_OK};
	int rc = parse(argc, argv, &options);
	struct wr_client *client;

	if (rc)
		return rc < 0 ? WR_EXIT_OK : rc;
	client = wr_client_open(options.instance, &err);
	if (client)
		run(client, &options, &err);
	wr_client_close(client);
	if (err.exit != WR_EXIT_OK)
		fprintf(stderr, "wringer stats: %s\n", err.text);
	return err.exit;
}
