/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <rte_version.h>

#include "commands.h"
#include "revision.h"
#include "wr_base.h"
#include "wr_err.h"

static const struct {
	const char *name, *summary; /* without a function: what the user wants */
	int (*run)(int argc, char **argv);
} commands[] = {
	{"See what it is", NULL, NULL},
	{"demo", "server and client in one process, with an HTML report", wr_app_demo},
	{"Serve", NULL, NULL},
	{"serve", "answer echo, discard, chargen, HTTP and more, and ping", wr_app_serve},
	{"Load and measure", NULL, NULL},
	{"size", "what a load will need: addresses, memory, cores", wr_app_size},
	{"load", "load a server and measure it", wr_app_load},
	{"set", "change the setpoints of a running load", wr_app_set},
	{"report", "an HTML page of what load has measured", wr_app_report},
	{"iperf3", "iperf3's server for many clients, and its client", wr_app_iperf3},
	{"Look into a running process", NULL, NULL},
	{"stats", "its numbers", wr_app_stats},
	{"ss", "its connections, as ss shows them", wr_app_ss},
};

static void print_help(FILE *out)
{
	fputs("Usage: wringer COMMAND [--name value]...\n", out);
	for (size_t i = 0; i < WR_LEN(commands); i++)
		if (commands[i].run)
			fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
		else
			fprintf(out, "\n%s:\n", commands[i].name);
	fputs("\nOptions:\n"
	      "  --help     print this text; `wringer COMMAND --help` tells of a command\n"
	      "  --version  print the version\n"
	      "\n"
	      "Exit codes: 0 done, 1 test failed, 2 command line or configuration, 3 "
	      "environment,\n"
	      "4 a threshold of --require was missed, 5 the measurement is invalid, 130 "
	      "interrupted.\n",
	      out);
}

static int print_version(void)
{
	printf("wringer %s%s%s, %s\n", WR_VERSION, WR_REVISION[0] ? " " : "", WR_REVISION,
	       rte_version());
	return WR_EXIT_OK;
}

static int run(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	for (size_t i = 0; i < WR_LEN(commands); i++)
		if (commands[i].run && strcmp(commands[i].name, word) == 0)
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

/* A full disk must not pass for a result. */
int main(int argc, char **argv)
{
	int code = run(argc, argv);

	errno = 0;
	if ((fflush(stdout) == 0 && !ferror(stdout)) || code != WR_EXIT_OK)
		return code;
	fprintf(stderr, "wringer: standard output cannot be written (%s); give it room.\n",
	        strerror(errno ? errno : EIO));
	return WR_EXIT_ENVIRONMENT;
}
