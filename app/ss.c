/* SPDX-License-Identifier: BSD-3-Clause */
/* wringer ss: the connections of a running process. */
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "wr_client.h"
#include "wr_slug.h"
#include "wr_ss_column.h"

#define SAMPLE_ABOVE 10000 /* connections: more are sampled unless all are asked for */

static const char usage[] =
	"Usage: wringer ss [OPTIONS] [FILTER]\n"
	"Shows the TCP connections of a running wringer process, in the layout of ss.\n"
	"\n"
	"  -I, --instance NAME  the process; default: the only one that runs\n"
	"  -a, --all            all states, LISTEN and TIME-WAIT too\n"
	"  -l, --listening      listeners only\n"
	"  -i, --info           a second line: round-trip time, windows, losses\n"
	"  -o, --options        timers\n"
	"  -H, --no-header      no header line\n"
	"  -t, -n, -4           nothing more: always TCP, numbers, IPv4\n"
	"      --sample N       only every N-th connection\n"
	"      --max N          stop after N connections; 0: show all, however many\n"
	"  -j, --json           one object: every, connections (an array), with the names of "
	"docs/metrics.md\n"
	"  -h, --help           this text\n"
	"\n"
	"FILTER: [state STATE]... [exclude STATE]... [src ADDR[/N][:PORT]] [dst "
	"ADDR[/N][:PORT]]\n"
	"        [sport = :PORT] [dport = :PORT]\n"
	"STATE:  established syn-sent syn-recv fin-wait-1 fin-wait-2 time-wait close-wait "
	"last-ack\n"
	"        closing listening; connected synchronized bucket big all\n"
	"\n"
	"With more than 10,000 connections a sample is shown, unless --sample or --max is "
	"given.\n"
	"cwnd, ssthresh, unacked, retrans (over its life), lost and sacked are in segments, "
	"times in\n"
	"milliseconds, all else in bytes.\n"
	"Exit status: 0 done, 2 usage, or several processes and no --instance, 3 no such "
	"process.\n";

struct options {
	const char *instance;
	bool all, listening, json, no_header;
	uint32_t sample; /* 0: chosen */
	uint64_t max;
	bool max_given;
	struct wr_ss_show show;
	struct wr_tcp_filter filter;
};

enum { SAMPLE = 256, MAX };

static const struct option long_options[] = {
	{"instance", required_argument, NULL, 'I'},
	{"all", no_argument, NULL, 'a'},
	{"listening", no_argument, NULL, 'l'},
	{"info", no_argument, NULL, 'i'},
	{"options", no_argument, NULL, 'o'},
	{"no-header", no_argument, NULL, 'H'},
	{"tcp", no_argument, NULL, 't'},
	{"numeric", no_argument, NULL, 'n'},
	{"ipv4", no_argument, NULL, '4'},
	{"sample", required_argument, NULL, SAMPLE},
	{"max", required_argument, NULL, MAX},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static int parse_count(const char *name, const char *text, uint64_t min, uint64_t *count)
{
	char *end;

	*count = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && *count >= min && *count <= UINT32_MAX)
		return 0;
	fprintf(stderr,
	        "wringer ss: --%s takes a number from %" PRIu64
	        " on, not '%s'. Try 'wringer ss --help'.\n",
	        name, min, text);
	return WR_EXIT_USAGE;
}

static int set_option(int c, struct options *o)
{
	uint64_t n = 0;
	int rc;

	switch (c) {
	case 'I':
		o->instance = optarg;
		return 0;
	case 'a':
		o->all = true;
		return 0;
	case 'l':
		o->listening = true;
		return 0;
	case 'i':
		o->show.info = true;
		return 0;
	case 'o':
		o->show.timers = true;
		return 0;
	case 'H':
		o->no_header = true;
		return 0;
	case 'j':
		o->json = true;
		return 0;
	case 't':
	case 'n':
	case '4':
		return 0;
	case SAMPLE:
		rc = parse_count("sample", optarg, 1, &n);
		o->sample = (uint32_t)n;
		return rc;
	case MAX:
		o->max_given = true;
		return parse_count("max", optarg, 0, &o->max);
	case 'h':
		fputs(usage, stdout);
		return -1;
	default:
		fputs("Try 'wringer ss --help'.\n", stderr);
		return WR_EXIT_USAGE;
	}
}

static int parse(int argc, char **argv, struct options *o, struct wr_err *err)
{
	int c, rc = 0;

	argv[0] = "wringer ss"; /* for what getopt says */
	optind = 1;
	while (rc == 0 &&
	       (c = getopt_long(argc, argv, "+I:alioHtn4jh", long_options, NULL)) != -1)
		rc = set_option(c, o);
	if (rc)
		return rc;
	if (wr_ss_filter_parse(&o->filter, o->all, o->listening, argc - optind, argv + optind,
	                       err) < 0)
		return (int)err->exit;
	return 0;
}

/* What is being listed, and how far it got. */
struct listing {
	const struct options *options;
	struct wr_client *client;
	struct wr_ss_query query;
	uint64_t shown;
	json_t *array; /* with --json */
};

static bool enough(const struct listing *list)
{
	return list->options->max && list->shown >= list->options->max;
}

static void show_page(struct listing *list, const struct wr_client_page *page)
{
	for (unsigned i = 0; i < page->count && !enough(list); i++, list->shown++) {
		if (list->array)
			json_array_append_new(list->array, wr_ss_json(&page->info[i]));
		else
			wr_ss_print(stdout, &page->info[i], &list->options->show);
	}
}

static int list_core(struct listing *list, uint32_t core, struct wr_err *err)
{
	struct wr_client_page page;
	int rc;

	/* Every core listens on every port: the first tells for all. */
	list->query.filter.states = list->options->filter.states;
	if (core > 0)
		list->query.filter.states &= ~(1u << WR_TCP_LISTEN);
	if (list->query.filter.states == 0)
		return 0;
	list->query.core = core;
	list->query.cursor = 0;
	list->query.skip = 0;
	while (list->query.cursor != UINT32_MAX && !enough(list)) {
		rc = wr_client_connections(list->client, &list->query, &page, err);
		if (rc < 0)
			return rc;
		show_page(list, &page);
		wr_client_page_release(&page);
	}
	return 0;
}

/* How many connections there are in the states asked for. */
static int count_connections(struct wr_client *client, uint32_t states, uint64_t *count,
                             struct wr_err *err)
{
	json_t *reply = wr_client_ask(client, "/wringer/states", NULL, err);

	if (!reply)
		return -1;
	*count = 0;
	for (unsigned i = 0; i < WR_TCP_STATE_COUNT; i++)
		if (states & 1u << i)
			*count += (uint64_t)json_integer_value(
				json_object_get(reply, wr_slug_state(i).text));
	json_decref(reply);
	return 0;
}

/* All, or if nobody chose and they are too many, a sample; says so. */
static int choose_sample(struct listing *list, struct wr_err *err)
{
	const struct options *o = list->options;
	uint64_t count = 0;

	list->query.every = 1;
	if (o->sample)
		list->query.every = o->sample;
	if (o->sample || o->max_given)
		return 0;
	if (count_connections(list->client, o->filter.states, &count, err) < 0)
		return -1;
	if (count <= SAMPLE_ABOVE)
		return 0;
	list->query.every = (uint32_t)((count + SAMPLE_ABOVE - 1) / SAMPLE_ABOVE);
	fprintf(stderr,
	        "wringer ss: %" PRIu64
	        " connections; this shows one in %u. --max 0 shows all.\n",
	        count, list->query.every);
	return 0;
}

static int count_cores(struct wr_client *client, uint32_t *cores, struct wr_err *err)
{
	json_t *info = wr_client_ask(client, "/wringer/info", NULL, err);

	if (!info)
		return -1;
	*cores = (uint32_t)json_integer_value(json_object_get(info, "cores"));
	json_decref(info);
	return 0;
}

static void print_json(const struct listing *list)
{
	json_t *document = json_pack("{s:I, s:O}", "every", (json_int_t)list->query.every,
	                             "connections", list->array);

	json_dumpf(document, stdout, JSON_INDENT(2));
	fputc('\n', stdout);
	json_decref(document);
}

static int run(struct wr_client *client, const struct options *o, struct wr_err *err)
{
	struct listing list = {.options = o, .client = client};
	uint32_t cores = 0;
	int rc = count_cores(client, &cores, err);

	wr_ss_query_default(&list.query);
	list.query.filter = o->filter;
	if (rc == 0)
		rc = choose_sample(&list, err);
	if (rc < 0)
		return rc;
	if (o->json)
		list.array = json_array();
	else if (!o->no_header)
		wr_ss_print_header(stdout);
	for (uint32_t core = 0; rc == 0 && core < cores; core++)
		rc = list_core(&list, core, err);
	if (list.array && rc == 0)
		print_json(&list);
	json_decref(list.array);
	return rc;
}

int wr_app_ss(int argc, char **argv)
{
	struct options options = {0};
	struct wr_err err = {.exit = WR_EXIT_OK};
	struct wr_client *client;
	int rc = parse(argc, argv, &options, &err);

	if (rc < 0)
		return WR_EXIT_OK;
	if (rc == 0) {
		client = wr_client_open(options.instance, &err);
		if (client)
			run(client, &options, &err);
		wr_client_close(client);
	}
	if (err.exit != WR_EXIT_OK)
		fprintf(stderr, "wringer ss: %s\n", err.text);
	return rc ? rc : (int)err.exit;
}
