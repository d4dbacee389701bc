/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_APP_IPERF3_FLAGS_H
#define WR_APP_IPERF3_FLAGS_H

#include "i3_params.h"
#include "wr_conf.h"

/*
 * iperf3's own flags, as iperf3 3.12 takes them; all others are Wringer's. Where both have an
 * option of one name, it is iperf3's, but for --port, which is the device: the TCP and UDP
 * port is -p, or --server-port.
 */
#define WR_IPERF3_WORDS 256 /* words for Wringer's own options */

struct wr_iperf3_flags {
	bool server, client, help;
	bool prints;    /* --print-config: needs no role */
	char host[256]; /* -c */
	uint16_t port;  /* -p */
	char format;    /* -f */
	double interval_s;
	bool json, json_stream, verbose, flush;
	char logfile[256];
	struct i3_params params;
	bool has_rate;                       /* -b was given */
	const char *of_clients, *of_servers; /* an option that only these have; NULL: none */
	/* Server. */
	unsigned max_tests;
	bool exclusive, one_off;
	/* Client. */
	char bind[64];
	uint16_t cport;
	uint32_t connect_timeout_ms, rcv_timeout_ms;
	/* What is left for wr_conf_args(): begins with the name of the command. */
	int argc;
	char *argv[WR_IPERF3_WORDS];
	char preset[8][48]; /* words of our own among them */
	unsigned presets;
};

/* Reads the command line. Returns 0, or a negative errno and *err. */
int wr_iperf3_flags_read(struct wr_iperf3_flags *flags, int argc, char **argv,
                         struct wr_err *err);

/* The part of --help that tells of them. */
void wr_iperf3_flags_help(FILE *out);

#endif /* WR_APP_IPERF3_FLAGS_H */
