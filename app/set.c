/* SPDX-License-Identifier: BSD-3-Clause */
/* wringer set: other setpoints for a load that runs. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "wr_client.h"

static const char usage[] =
	"Usage: wringer set [--instance NAME] [--json] NAME=VALUE...\n"
	"Changes the setpoints of a running wringer load: connections, cps, rps, bitrate, "
	"pps.\n"
	"\n"
	"  -I, --instance NAME  the process; default: the only one that runs\n"
	"  -j, --json           answer with a JSON document\n"
	"  -h, --help           this text\n"
	"\n"
	"  wringer set rps=2M connections=500\n"
	"\n"
	"Values are written as for wringer load; a rate of max is none. All that is given "
	"changes,\n"
	"or nothing. Prints the setpoints that are then in force; a rate of 0 is none.\n"
	"Exit status: 0 done, 2 usage or a value that cannot be, 3 no such process.\n";

struct options {
	const char *instance;
	bool json;
	char words[512]; /* NAME=VALUE, separated by commas */
};

static const struct option long_options[] = {
	{"instance", required_argument, NULL, 'I'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static int complain(const char *what)
{
	fprintf(stderr, "wringer set: %s. Try 'wringer set --help'.\n", what);
	return WR_EXIT_USAGE;
}

static int join(struct options *o, int argc, char **argv)
{
	size_t n = 0;

	for (int i = optind; i < argc; i++) {
		if (strchr(argv[i], ','))
			return complain("values have no commas");
		n += (size_t)snprintf(o->words + n, sizeof(o->words) - n, "%s%s", n ? "," : "",
		                      argv[i]);
		if (n >= sizeof(o->words))
			return complain("that is too much at once");
	}
	return n ? 0 : complain("no setpoint is given, such as rps=2M");
}

/* Returns 0, an exit code, or -1 when help was asked for. */
static int parse(int argc, char **argv, struct options *o)
{
	int c;

	argv[0] = "wringer set"; /* for what getopt says */
	optind = 1;
	while ((c = getopt_long(argc, argv, "I:jh", long_options, NULL)) != -1) {
		switch (c) {
		case 'I':
			o->instance = optarg;
			break;
		case 'j':
			o->json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return -1;
		default:
			fputs("Try 'wringer set --help'.\n", stderr);
			return WR_EXIT_USAGE;
		}
	}
	return join(o, argc, argv);
}

/* "rps=5 cps=0" as a JSON object. */
static void print_json(const char *set)
{
	json_t *document = json_object();
	char copy[256], *rest = copy, *word;

	snprintf(copy, sizeof(copy), "%s", set);
	while ((word = strsep(&rest, " "))) {
		char *value = strchr(word, '=');

		if (!value)
			continue;
		*value++ = '\0';
		json_object_set_new(document, word, json_real(atof(value)));
	}
	json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	putchar('\n');
	json_decref(document);
}

static int ask(struct wr_client *client, const struct options *o, struct wr_err *err)
{
	json_t *reply = wr_client_ask(client, "/wringer/set", o->words, err);
	const char *set = json_string_value(json_object_get(reply, "set"));
	const char *error = json_string_value(json_object_get(reply, "error"));
	int rc = 0;

	if (!reply)
		return -1;
	if (set && o->json)
		print_json(set);
	else if (set)
		puts(set);
	else
		rc = wr_err_set(err, WR_EXIT_USAGE, -1, "%s.",
		                error ? error : "the process gave no answer");
	json_decref(reply);
	return rc;
}

int wr_app_set(int argc, char **argv)
{
	struct options options = {.json = false};
	struct wr_err err = {.exit = WR_EXIT_OK};
	int rc = parse(argc, argv, &options);
	struct wr_client *client;

	if (rc)
		return rc < 0 ? WR_EXIT_OK : rc;
	client = wr_client_open(options.instance, &err);
	if (client)
		ask(client, &options, &err);
	wr_client_close(client);
	if (err.exit != WR_EXIT_OK) {
		fprintf(stderr, "wringer set: %s\n", err.text);
		if (options.json)
			json_dumpf(json_pack("{s:s, s:i}", "error", err.text, "exit_code",
			                     (int)err.exit),
			           stdout, JSON_INDENT(2));
	}
	return err.exit;
}
