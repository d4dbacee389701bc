/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "appliance.h"
#include "commands.h"

static void print_help(void)
{
	fputs("Usage: wringer serve --port DEVICE --ip ADDR/LENGTH [--name value]...\n"
	      "\n"
	      "Answers echo (7), discard (9) and chargen (19) over TCP and UDP, and ping, from "
	      "a\n"
	      "device that DPDK drives. Ends in order on SIGINT or SIGTERM, at once on the "
	      "second.\n"
	      "\n"
	      "  wringer serve --port tap:wr0 --ip 198.18.0.1/24\n"
	      "  wringer serve --port 0000:3b:00.0 --ip 198.18.0.1/24 --cores 4\n",
	      stdout);
	wr_conf_print_help(stdout, WR_CONF_SERVE);
}

static int run(const struct wr_conf *conf, struct wr_err *err)
{
	static const struct wr_role role = {.command = "serve"};
	struct wr_appliance app;
	struct wr_snapshot *last;
	bool drained;

	wr_control_block_signals();
	if (wr_appliance_start(&app, &role, conf, err) < 0)
		return err->exit;
	if (!conf->quiet)
		wr_console_start(stderr, &app);
	wr_console_ready(stderr, &app);
	drained = wr_control_run(&app);
	last = wr_appliance_stop(&app);
	if (last)
		wr_console_end(stdout, conf, last, drained);
	free(last);
	return WR_EXIT_OK;
}

int wr_app_serve(int argc, char **argv)
{
	struct wr_conf conf;
	struct wr_err err = {.exit = WR_EXIT_OK};
	enum wr_conf_action action;

	if (wr_conf_args(&conf, WR_CONF_SERVE, argc, argv, &action, &err) == 0) {
		switch (action) {
		case WR_CONF_HELP:
			print_help();
			return WR_EXIT_OK;
		case WR_CONF_PRINT:
			wr_conf_print(stdout, &conf);
			return WR_EXIT_OK;
		case WR_CONF_MARKDOWN:
			wr_conf_print_markdown(stdout);
			return WR_EXIT_OK;
		case WR_CONF_RUN:
			if (wr_conf_check(&conf, &err) == 0)
				run(&conf, &err);
			break;
		}
	}
	if (err.exit != WR_EXIT_OK)
		wr_console_error(&conf, &err);
	return err.exit;
}
