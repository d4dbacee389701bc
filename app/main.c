/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <rte_version.h>

#include "commands.h"
#include "revision.h"
#include "wr_base.h"
#include "wr_err.h"

static const struct {
	const char *name, *summary;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"demo", "see what this is: server and client in one process", wr_app_demo},
	{"serve", "answer echo, discard, chargen and ping", wr_app_serve},
	{"load", "load a server and measure it", wr_app_load},
	{"iperf3", "iperf3's server for many clients, and its client", wr_app_iperf3},
	{"report", "an HTML page of what load has measured", wr_app_report},
	{"set", "change the setpoints of a running load", wr_app_set},
	{"stats", "numbers of a running process", wr_app_stats},
	{"ss", "connections of a running process, as ss shows them", wr_app_ss},
};

static void print_help(FILE *out)
{
	fputs("Usage: wringer COMMAND [--name value]...\n\nCommands:\n", out);
	for (size_t i = 0; i < WR_LEN(commands); i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fputs("\nOptions:\n"
	      "  --help     print this text; `wringer COMMAND --help` tells of a command\n"
	      "  --version  print the version\n"
	      "\n"
	      "Exit codes: 0 done, 1 test failed, 2 command line or configuration, 3 "
	      "environment.\n",
	      out);
}

static int print_version(void)
{
	printf("wringer %s%s%s, %s\n", WR_VERSION, WR_REVISION[0] ? " " : "", WR_REVISION,
	       rte_version());
	return WR_EXIT_OK;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	for (size_t i = 0; i < WR_LEN(commands); i++)
		if (strcmp(commands[i].name, word) == 0)
			return commands[i].run(argc - 1, argv + 1);
	if (strcmp(word, "--version") == 0)
		return print_version();
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		print_help(stdout);
		return WR_EXIT_OK;
	}
	if (word[0])
		fprintf(stderr, "wringer: there is no command '%s'; try `wringer --help`.\n",
		        word);
	else
		print_help(stderr);
	return WR_EXIT_USAGE;
}
