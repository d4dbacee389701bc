/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_SS_H
#define WR_SS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "wr_err.h"
#include "wr_tcp.h"

/*
 * What is asked of /wringer/ss: the parameters of the telemetry command are this struct as
 * "core=0,cursor=0,...", in any order, each with a default.
 */
struct wr_ss_query {
	uint32_t core;
	uint32_t cursor; /* of wr_tcp_dump() */
	uint32_t skip;   /* connections of the page at `cursor` that were seen already */
	uint32_t every;  /* 1: all; n: every n-th table entry */
	struct wr_tcp_filter filter;
};

void wr_ss_query_default(struct wr_ss_query *query);

/* Writes "key=value,...", the defaults left out. Returns its length as snprintf() does. */
int wr_ss_query_format(char *text, size_t size, const struct wr_ss_query *query);

/* text may be NULL or empty. Returns 0, or -EINVAL for an unknown key or a bad value. */
int wr_ss_query_parse(struct wr_ss_query *query, const char *text);

/*
 * The filter as users of ss write it: [state STATE]... [exclude STATE]... [src ADDR[/N][:PORT]]
 * [dst ...] [sport = :PORT] [dport = :PORT], with "and" between if they like. `all` begins with
 * all states, `listening` with LISTEN alone. Returns 0, or -EINVAL and *err.
 */
int wr_ss_filter_parse(struct wr_tcp_filter *filter, bool all, bool listening, int argc,
                       char *const argv[], struct wr_err *err);

/* What to print of a connection. */
struct wr_ss_show {
	bool info;   /* -i: a second line with the innards */
	bool timers; /* -o */
};

/* One connection in the layout of `ss -t`. */
void wr_ss_print_header(FILE *out);
void wr_ss_print(FILE *out, const struct wr_tcp_info *info, const struct wr_ss_show *show);

#endif /* WR_SS_H */
