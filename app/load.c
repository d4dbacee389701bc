/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "commands.h"
#include "load.h"

static void print_help(void)
{
	fputs("Usage: wringer load TARGET --port DEVICE --ip ADDR/LENGTH [--name value]...\n"
	      "\n"
	      "Loads the TCP or UDP server at TARGET from a device that DPDK drives, and "
	      "measures.\n"
	      "TARGET is ADDR, ADDR:PORT or http://ADDR[:PORT]/PATH.\n"
	      "\n"
	      "  wringer load 198.18.0.9:7 --port tap:wr0 --ip 198.18.0.1/24\n"
	      "  wringer load 198.18.0.9 --mode rr --connections 1000 --rps 200k "
	      "--duration 30s \\\n"
	      "          --port 0000:3b:00.0 --ip 198.18.0.1/24 --require 'p99<50us' --json\n"
	      "  wringer load http://198.18.0.9/index.html --connections 100 --port tap:wr0 "
	      "\\\n"
	      "          --ip 198.18.0.1/24\n"
	      "\n"
	      "A rate (--cps, --rps, --bitrate, --pps) is planned and latency counts from the "
	      "plan;\n"
	      "without one, each connection asks again as soon as it is answered.\n"
	      "docs/load.md tells of modes, setpoints and results.\n"
	      "\n"
	      "Exit codes: 0 done, 1 the test failed, 2 command line, 3 environment, 4 a "
	      "--require\n"
	      "was missed, 5 the measurement is invalid, 130 interrupted.\n",
	      stdout);
	wr_conf_print_help(stdout, WR_CONF_LOAD);
}

int wr_app_load(int argc, char **argv)
{
	struct wr_job *job = calloc(1, sizeof(*job));
	struct wr_err err = {.exit = WR_EXIT_OK};
	enum wr_exit code = WR_EXIT_OK;
	enum wr_conf_action action;

	if (!job)
		return WR_EXIT_ENVIRONMENT;
	if (wr_conf_args(&job->conf, WR_CONF_LOAD, argc, argv, &action, &err) < 0)
		code = wr_job_tell(job, argc, argv, &err);
	else if (action == WR_CONF_HELP)
		print_help();
	else if (action == WR_CONF_PRINT)
		wr_conf_print(stdout, &job->conf);
	else if (action == WR_CONF_MARKDOWN)
		wr_conf_print_markdown(stdout);
	else
		code = wr_job_run(job, argc, argv, &err);
	wr_job_fini(job);
	free(job);
	return (int)code;
}
