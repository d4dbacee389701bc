/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_COMMANDS_H
#define WR_COMMANDS_H

/*
 * The subcommands. argv[0] is the subcommand's name; the return value is an exit code,
 * enum wr_exit. main.c has the table.
 */
int wr_app_serve(int argc, char **argv);  /* the echo appliance */
int wr_app_demo(int argc, char **argv);   /* server and client in one process */
int wr_app_load(int argc, char **argv);   /* the load generator */
int wr_app_iperf3(int argc, char **argv); /* iperf3, both ends */
int wr_app_report(int argc, char **argv); /* an HTML page of results */
int wr_app_set(int argc, char **argv);    /* other setpoints for a load that runs */
int wr_app_size(int argc, char **argv);   /* what a load will need */
int wr_app_stats(int argc, char **argv);  /* numbers of a running process */
int wr_app_ss(int argc, char **argv);     /* connections of a running process */

#endif /* WR_COMMANDS_H */
